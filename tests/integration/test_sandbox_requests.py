# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody may have seen: a write in a run that was to change nothing, a password tried twice, a secret."""

from __future__ import annotations

import json
from typing import Any

from plays import Plays, Run
from stage import ADMIN, SIDES, Stage


def _requests(stage: Stage) -> list[dict[str, Any]]:
    return [{**request, "instance": side} for side in SIDES for request in stage.requests(side)]


def _during(run: Run, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [request for request in requests if run.began <= request["time"] <= run.ended]


def test_the_log_knows_writes(plays: Plays, stage: Stage, provisioned: dict[str, Any]) -> None:
    assert any(request["write"] for request in _during(provisioned["first"], _requests(stage)))


def test_runs_that_change_nothing_write_nothing(plays: Plays, stage: Stage, provisioned: dict[str, Any]) -> None:
    requests, quiet = _requests(stage), [run for run in plays.runs if run.writes is False]
    assert len(quiet) >= 2
    assert any(_during(run, requests) for run in quiet)
    for run in quiet:
        written = [(one["instance"], one["method"], one["path"]) for one in _during(run, requests) if one["write"]]
        assert written == [], run.playbook


def test_a_refused_password_costs_no_login(plays: Plays, stage: Stage, provisioned: dict[str, Any]) -> None:
    # By now it may run another release than the inventory names, which would be refused first.
    changed = {"appsmith_password": "wrong", "appsmith_version": plays.releases()["staging"]}
    run = plays.run("verify", "--limit", "staging", "-e", json.dumps(changed), code=2, writes=False)
    assert "password" in run.messages[-1]
    seen = _during(run, _requests(stage))
    assert [request["path"] for request in seen if request["status"] == 401] == ["/api/v1/users/me"]
    assert [request["path"] for request in seen if request["path"].endswith("/login")] == []


def _secrets(stage: Stage) -> set[str]:
    found = {ADMIN["password"], stage.git["password"]}
    for side in SIDES:
        for datasource in stage.datasources(side):
            names = ("password", "bearer_token", "api_key", "client_secret", "secret_key")
            found |= {datasource[name] for name in names if name in datasource}
    return found


def test_no_run_shows_a_secret(plays: Plays, stage: Stage, provisioned: dict[str, Any]) -> None:
    """Not with all that Ansible can be made to say, and not in the diff of credentials that change."""
    changed = {
        "appsmith_version": plays.releases()["staging"],
        "provision_datasources": [
            {**one, "username": "new", "password": "never-seen-before"}
            for one in stage.datasources("staging")
            if one["name"] == "billing_api"
        ],
        "provision_update_secrets": "always",
    }
    arguments = ("--limit", "staging", "--check", "--diff", "-vvv", "-e")
    # -e would be shown with the command itself, so it comes from a file.
    extra = plays.folder / "changed.json"
    extra.write_text(json.dumps(changed))
    run = plays.run("provision", *arguments, f"@{extra}", writes=False)
    assert run.changes > 0
    secrets = _secrets(stage) | {"never-seen-before"}
    assert len(secrets) > 10
    for one in plays.runs:
        assert [secret for secret in secrets if secret in one.output] == [], one.playbook
