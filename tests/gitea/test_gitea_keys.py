# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy keys, and pushes by them, against a real Gitea."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AuthenticationFailed,
    GitProtectedBranch,
    NotFound,
    PermissionDenied,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import RemoteUrl, parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import open_clone
from gitea_run import execute
from gitea_server import ADMIN, PASSWORD, Gitea

CHECKOUT = Path(__file__).resolve().parents[2]


class Key:
    def __init__(self, file: Path) -> None:
        key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        key.write_private_key(str(file))
        file.chmod(0o600)
        self.file, self.public = file, f"{key.export_public_key().decode().strip()} appsmith"


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path / "key")


def host(gitea: Gitea, check_mode: bool = False, **options: Any) -> GitHost:
    given = {"url": gitea.url, **(options or {"token": gitea.token})}
    return GitHost(given, check_mode=check_mode)


def address(gitea: Gitea, repository: str) -> RemoteUrl:
    return parse(gitea.ssh_url(repository))


def keys(gitea: Gitea, repository: str) -> list[tuple[str, bool]]:
    return [(key["title"], key["read_only"]) for key in gitea.api("GET", f"/repos/{repository}/keys")]


def test_a_key_is_registered_replaced_and_removed(gitea: Gitea, repository: str, key: Key, tmp_path: Path) -> None:
    remote = address(gitea, repository)
    assert host(gitea, check_mode=True).ensure_key(remote, key.public, title="appsmith", read_only=True)
    assert keys(gitea, repository) == []
    assert host(gitea).ensure_key(remote, key.public, title="appsmith", read_only=True)
    assert not host(gitea).ensure_key(remote, key.public, title="appsmith", read_only=True)
    # Another right, by name and password; another key under the same title; a stranger's key stays.
    basic = host(gitea, username=ADMIN, password=PASSWORD)
    assert basic.ensure_key(remote, key.public, title="appsmith", read_only=False)
    assert keys(gitea, repository) == [("appsmith", False)]
    assert basic.ensure_key(remote, Key(tmp_path / "strange").public, title="somebody's", read_only=True)
    second = Key(tmp_path / "second")
    assert basic.ensure_key(remote, second.public, title="appsmith", read_only=True)
    assert sorted(keys(gitea, repository)) == [("appsmith", True), ("somebody's", True)]
    assert not basic.remove_key(remote, key.public)
    assert basic.remove_key(remote, second.public)
    assert keys(gitea, repository) == [("somebody's", True)]


def test_refusals(gitea: Gitea, repository: str, key: Key) -> None:
    remote = address(gitea, repository)
    with pytest.raises(AuthenticationFailed, match=r"git_host\.username"):
        host(gitea, username=ADMIN, password="wrong").keys(remote)
    with pytest.raises(NotFound, match=repository):
        host(gitea, token=gitea.make_token("guest")).keys(remote)
    with pytest.raises(PermissionDenied):
        # Who may write to a repository may not give its keys.
        host(gitea, token=gitea.make_token("rosa")).ensure_key(remote, key.public, title="t", read_only=True)


def merge(gitea: Gitea, repository: str, key: Key, **more: Any) -> dict[str, Any]:
    params = {
        "repositories": [gitea.ssh_url(repository)],
        "source": "staging",
        "destination": "master",
        "git_ssh_key_file": str(key.file),
        "git_known_hosts_file": str(key.file.with_name("known_hosts")),
        "git_accept_new_host_key": True,
        **more,
    }
    return execute("repository_merge", params)


def test_a_merge_by_git_with_each_kind_of_key(gitea: Gitea, repository: str, key: Key) -> None:
    remote, before = address(gitea, repository), gitea.branch(repository, "master")
    unknown = merge(gitea, repository, key)
    assert unknown["failed"] and not unknown["changed"]
    host(gitea).ensure_key(remote, key.public, title="merges", read_only=True)
    reads = merge(gitea, repository, key)
    assert reads["failed"] and not reads["changed"] and gitea.branch(repository, "master") == before
    host(gitea).ensure_key(remote, key.public, title="merges", read_only=False)
    merged = merge(gitea, repository, key)
    assert merged["changed"] and not merged["failed"], merged
    assert gitea.branch(repository, "master") == merged["results"][0]["commit_after"]
    assert not merge(gitea, repository, key)["changed"]


def test_a_protected_branch_takes_requests_and_no_pushes(gitea: Gitea, repository: str, key: Key) -> None:
    before = gitea.branch(repository, "master")
    gitea.api("POST", f"/repos/{repository}/branch_protections", {"rule_name": "master"}, status=201)
    host(gitea).ensure_key(address(gitea, repository), key.public, title="merges", read_only=False)
    refused = merge(gitea, repository, key)
    assert refused["failed"] and not refused["changed"] and "protected" in refused["msg"]
    assert gitea.branch(repository, "master") == before
    request = {"forge": "gitea", "forge_url": gitea.url, "forge_token": gitea.token, "repository": repository}
    merged = execute("pull_request", {**request, "source": "staging", "target": "master", "state": "merged"})
    assert merged["results"][0]["state"] == "merged", merged


def test_the_way_back_by_a_new_commit(gitea: Gitea, repository: str, key: Key) -> None:
    """What git_revert pushes: taken from a key that may write, refused at a protected branch, and never by force."""
    host(gitea).ensure_key(address(gitea, repository), key.public, title="reverts", read_only=False)
    before = gitea.branch(repository, "staging")
    earlier = gitea.api("GET", f"/repos/{repository}/git/commits/{before}")["parents"][0]["sha"]
    access = Access(str(key.file), str(key.file.with_name("known_hosts")), True)
    author = Author("Release", "release@example.com")

    def go_back() -> str:
        with open_clone(gitea.ssh_url(repository), access, "refs/heads/staging") as clone:
            written = clone.going_back("staging", earlier, "Back to last week", author)
            clone.bring(written)
            return written.after

    gitea.api("POST", f"/repos/{repository}/branch_protections", {"rule_name": "staging"}, status=201)
    with pytest.raises(GitProtectedBranch):
        go_back()
    assert gitea.branch(repository, "staging") == before
    gitea.api("DELETE", f"/repos/{repository}/branch_protections/staging", status=204)
    assert gitea.branch(repository, "staging") == before
    assert go_back() == gitea.branch(repository, "staging") != before
    assert gitea.api("GET", f"/repos/{repository}/compare/{earlier}...staging")["total_commits"] == 2


def test_a_playbook_shows_no_token(gitea: Gitea, repository: str, tmp_path: Path) -> None:
    """As users run it: check mode and diff, the merge, and a wrong token, with all that Ansible can say."""
    task = {
        "forge": "gitea",
        "forge_url": gitea.url,
        "forge_token": "{{ token }}",
        "repositories": [gitea.ssh_url(repository)],
        "source": "staging",
        "target": "master",
        "state": "merged",
    }
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"stagecraft.appsmith.pull_request": task}]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))

    def run(token: str, *more: str) -> tuple[int, str]:
        (tmp_path / "vars.json").write_text(json.dumps({"token": token}))
        command = ["ansible.cli.playbook", "play.yml", "-i", "localhost,", "-c", "local", "-e", "@vars.json", "-vvv"]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}
        environment |= {"ANSIBLE_LOCAL_TEMP": str(tmp_path), "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote")}
        done = subprocess.run(
            [sys.executable, "-m", *command, "-e", f"ansible_python_interpreter={sys.executable}", "--diff", *more],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert token not in said
        return done.returncode, said

    code, said = run(gitea.token, "--check")
    assert code == 0 and "changed=1" in said and f"+++ after: {repository}" in said
    before = gitea.branch(repository, "master")
    code, said = run("f" * 40)
    assert code == 2 and "Check forge_token" in said and gitea.branch(repository, "master") == before
    code, said = run(gitea.token)
    assert code == 0 and "changed=1" in said and gitea.branch(repository, "master") != before
    code, said = run(gitea.token)
    assert code == 0 and "changed=0" in said
