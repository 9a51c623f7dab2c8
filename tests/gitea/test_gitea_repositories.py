# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""git_check against a real Gitea: what it says to every key, and that it leaves no trace."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import About
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from gitea_run import execute
from gitea_server import Gitea
from test_gitea_keys import Key

_numbers = itertools.count(1)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path / "key")


@pytest.fixture
def fresh(gitea: Gitea) -> str:
    """A repository without a commit."""
    name = f"acme/fresh-{next(_numbers)}"
    # The organization comes with its first repository.
    gitea.make_repository(f"acme/with-{name.rsplit('-', 1)[1]}-{next(_numbers)}")
    gitea.api("POST", "/orgs/acme/repos", {"name": name.split("/")[1], "private": True}, status=201)
    return name


def host(gitea: Gitea) -> GitHost:
    return GitHost({"url": gitea.url, "token": gitea.token})


def check(gitea: Gitea, repository: str, key: Key, **more: Any) -> dict[str, Any]:
    params = {
        "repository": gitea.ssh_url(repository),
        "git_ssh_key_file": str(key.file),
        "git_known_hosts_file": str(key.file.with_name("known_hosts")),
        "git_accept_new_host_key": True,
        "content": "any",
        **more,
    }
    return execute("git_check", {name: value for name, value in params.items() if value is not None})


def give(gitea: Gitea, repository: str, key: Key, *, read_only: bool) -> None:
    host(gitea).ensure_key(parse(gitea.ssh_url(repository)), key.public, title="check", read_only=read_only)


def test_each_right_of_a_key(gitea: Gitea, repository: str, key: Key) -> None:
    unknown = check(gitea, repository, key)
    assert unknown["error"]["title"] == "GitKeyRefused" and unknown["results"][0]["key_accepted"] is False, unknown
    give(gitea, repository, key, read_only=True)
    reads = check(gitea, repository, key)
    entry = reads["results"][0]
    assert not reads["failed"], reads
    assert (entry["default_branch"], entry["branches"], entry["empty"]) == ("master", ["master", "staging"], False)
    refused = check(gitea, repository, key, write=True)
    assert refused["failed"] and refused["results"][0]["writable"] is False and "not write" in refused["msg"], refused
    give(gitea, repository, key, read_only=False)
    assert check(gitea, repository, key, write=True)["results"][0]["writable"]
    # The push was not carried out.
    assert sorted(one["name"] for one in gitea.api("GET", f"/repos/{repository}/branches")) == ["master", "staging"]


def test_a_repository_of_another_key_and_one_that_is_not_there(gitea: Gitea, repository: str, key: Key) -> None:
    give(gitea, repository, key, read_only=True)
    gitea.make_repository(f"{repository}-other")
    for name in (f"{repository}-other", "acme/nowhere"):
        result = check(gitea, name, key)
        assert result["failed"] and result["results"][0]["key_accepted"], result
        assert result["error"]["title"] in ("GitKeyRefused", "GitRemoteNotFound")


def test_what_it_holds(gitea: Gitea, repository: str, fresh: str, key: Key) -> None:
    for name in (repository, fresh):
        give(gitea, name, key, read_only=False)
    # A README alone still takes a connection.
    assert not check(gitea, repository, key, content="empty", branch="master")["failed"]
    assert check(gitea, repository, key, content="empty", branch="staging")["failed"]
    none = check(gitea, repository, key, content="application")
    assert none["failed"] and "no Appsmith application" in none["msg"], none
    gitea.commit(repository, "master", "application.json", "{}")
    gitea.commit(repository, "master", "metadata.json", '{"serverSchemaVersion": 12, "clientSchemaVersion": 2}')
    assert check(gitea, repository, key, content="application")["results"][0]["application"]
    empty = check(gitea, fresh, key, content="application")
    assert empty["failed"] and "empty" in empty["msg"], empty
    assert check(gitea, fresh, key, content="empty", write=True)["results"][0]["writable"]


def test_the_host_key_is_pinned(gitea: Gitea, repository: str, key: Key) -> None:
    give(gitea, repository, key, read_only=True)
    shown = check(gitea, repository, key)["results"][0]["host_keys"]
    pins = [one["fingerprint"] for one in shown]
    pinned = check(gitea, repository, key, host_keys=pins, git_accept_new_host_key=False, git_known_hosts_file=None)
    assert pinned["results"][0]["host_key"] == "pinned" and not pinned["failed"], pinned
    assert check(gitea, repository, key, host_keys=[key.public])["results"][0]["failed_check"] == "host_key"


def test_by_the_api_without_a_key_of_ones_own(gitea: Gitea, repository: str, fresh: str, key: Key) -> None:
    options = {"git_ssh_key_file": None, "git_host": {"url": gitea.url, "token": gitea.token}}
    options["deploy_key"] = key.public
    missing = check(gitea, repository, key, **options)
    assert missing["failed"] and "does not have the deploy key" in missing["msg"], missing
    give(gitea, repository, key, read_only=True)
    assert check(gitea, repository, key, **options)["results"][0]["deploy_key"]["read_only"]
    assert "may only read" in check(gitea, repository, key, **options, write=True)["msg"]
    guest = {**options, "git_host": {"url": gitea.url, "token": gitea.make_token("guest")}}
    assert check(gitea, repository, key, **guest)["error"]["title"] == "NotFound"
    assert host(gitea).about(parse(gitea.ssh_url(fresh))) == About("master", True, True, False)
    give(gitea, fresh, key, read_only=True)
    assert "empty" in check(gitea, fresh, key, **{**options, "content": "application"})["msg"]
