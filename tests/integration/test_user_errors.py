# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong: one line that says what and what to do, and nothing is changed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import look
from plays import Plays, Run

pytestmark = pytest.mark.live


def _one_line(run: Run, *parts: str) -> None:
    assert run.messages, run.output
    for message in run.messages:
        assert "\n" not in message
        for part in parts:
            assert part in message
    assert run.changes == 0


def _refused(plays: Plays, playbook: str, *arguments: str, **extra: Any) -> Run:
    return plays.run(playbook, "--limit", "staging", *arguments, "-e", json.dumps(extra), code=2, writes=False)


def test_wrong_address(plays: Plays, promoted: dict[str, Any]) -> None:
    run = _refused(plays, "verify", appsmith_url="http://127.0.0.1:9", verify_wait_timeout=3)
    _one_line(run, "127.0.0.1:9", "appsmith_url")


def test_wrong_password_costs_one_attempt_at_most(plays: Plays, promoted: dict[str, Any]) -> None:
    # Five attempts would suspend the user: if a run took more than one, the sign-in at the end would fail.
    for _attempt in range(3):
        _one_line(_refused(plays, "verify", appsmith_password="wrong"), "password")
    with plays.client("staging") as client:
        assert client.get("/users/me")["isAnonymous"] is False


def test_unknown_workspace_names_those_that_exist(plays: Plays, promoted: dict[str, Any]) -> None:
    run = _refused(plays, "promote", appsmith_workspace="Nowhere")
    _one_line(run, "Nowhere", plays.variable("staging", "appsmith_workspace"))


def test_malformed_repository_address(plays: Plays, promoted: dict[str, Any]) -> None:
    run = _refused(plays, "provision", appsmith_applications=[{"remote_url": "https://git.example.com/orders"}])
    _one_line(run, "https://git.example.com/orders", "SSH")


@pytest.mark.parametrize(
    ("version", "says"), [("v1.99999", "no release"), ("latest", "latest"), ("v1.50", "older")], ids=str
)
def test_unknown_release_and_downgrade(plays: Plays, promoted: dict[str, Any], version: str, says: str) -> None:
    _one_line(_refused(plays, "upgrade", appsmith_version=version), version, says)


def test_another_release_than_the_inventory_names(plays: Plays, promoted: dict[str, Any]) -> None:
    with plays.client("staging") as client:
        told = look(client) is not None or plays.variable("staging", "appsmith_instance_driver") == "command"
    if told:
        _one_line(_refused(plays, "provision", appsmith_version="v1.50"), "v1.50", "stagecraft.appsmith.upgrade")
    else:
        # Where neither server nor driver tells it, the inventory is all there is to believe.
        plays.run("provision", "--limit", "staging", "--check", "-e", "appsmith_version=v1.50", writes=False)


@pytest.fixture
def empty_repository(plays: Plays) -> Iterator[str]:
    """A new repository beside the others, made by the Git host's own API."""
    host: dict[str, Any] = plays.variable("staging", "appsmith_git_host")
    name, auth = f"empty-{uuid.uuid4().hex[:8]}", (host["username"], host.get("password") or host.get("token"))
    made = requests.post(
        f"{host['url']}/api/v1/user/repos", json={"name": name, "private": True}, auth=auth, timeout=30
    )
    made.raise_for_status()
    address = f"{host['url']}/api/v1/repos/{made.json()['full_name']}"
    yield made.json()["ssh_url"]
    requests.delete(address, auth=auth, timeout=30).raise_for_status()


def _applications(plays: Plays) -> set[str]:
    with plays.client("staging") as client:
        return {
            application["id"]
            for workspace in client.get("/workspaces/home")
            for application in client.get("/applications/home", params={"workspaceId": workspace["id"]})
        }


def test_denied_deploy_key_shows_the_key(plays: Plays, promoted: dict[str, Any], empty_repository: str) -> None:
    before = _applications(plays)
    extra = {"appsmith_applications": [{"remote_url": empty_repository}], "appsmith_git_host": {}}
    run = plays.run("provision", "--limit", "staging", "-e", json.dumps(extra), code=2)
    _one_line(run, empty_repository, "ecdsa-sha2")
    assert _applications(plays) == before


def test_empty_repository(plays: Plays, promoted: dict[str, Any], empty_repository: str) -> None:
    before = _applications(plays)
    extra = {"appsmith_applications": [{"remote_url": empty_repository}]}
    run = plays.run("provision", "--limit", "staging", "-e", json.dumps(extra), code=2)
    _one_line(run, "empty")
    assert _applications(plays) == before
