# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's Git host answers as a real Gitea does: the same calls at both, and every member that it sends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import requests
from appsmith_sandbox import githost, githost_pulls
from gitea_server import ADMIN, PASSWORD, Gitea

# What can't be the same: numbers and times of each server's own.
OWN = {"id", "key_id", "repo_id", "created_at", "updated_at", "merged_at", "submitted_at", "fingerprint", "errors"}
NAME = "acme/compared"
ZERO = "0" * 40


class World:
    """One of the two servers."""

    def __init__(self, url: str, ssh_port: int, admin: tuple[str, str], reviewer: tuple[str, str]) -> None:
        self.url, self.ssh_port, self.users = url, ssh_port, {"admin": admin, "reviewer": reviewer}

    def call(self, method: str, path: str, body: Any = None, user: str = "admin") -> tuple[int, Any]:
        answer = requests.request(
            method, f"{self.url}/api/v1{path}", json=body, auth=self.users[user], timeout=30, allow_redirects=False
        )
        text = answer.text.replace(self.url, "URL").replace(f":{self.ssh_port}/", ":SSH/")
        for name, login in (("ADMIN", self.users["admin"][0]), ("REVIEWER", self.users["reviewer"][0])):
            text = text.replace(f'"{login}"', f'"{name}"')
        try:
            found = json.loads(text or "null")
            if isinstance(found, list):
                found = {"items": found, "total": answer.headers.get("X-Total-Count")}
            return answer.status_code, found
        except ValueError:
            return answer.status_code, text

    def settled(self, method: str, path: str, body: Any = None, user: str = "admin") -> tuple[int, Any]:
        """As call, once the server has looked for conflicts."""
        deadline = time.monotonic() + 30
        while True:
            status, found = self.call(method, path, body, user)
            again = status == 405 and "try again" in found["message"]
            unclear = isinstance(found, dict) and found.get("mergeable") is False and not found["draft"]
            if not (again or unclear) or time.monotonic() > deadline:
                return status, found
            time.sleep(0.2)


class Worlds:
    def __init__(self, real: World, sandbox: World) -> None:
        self.real, self.sandbox = real, sandbox
        # A merge is another commit in each, since it has a time.
        self.alike: dict[str, str] = {}

    def same(self, method: str, path: str, body: Any = None, user: str = "admin", settled: bool = False) -> Any:
        """Both answer the same, as far as the sandbox answers; gives the sandbox's."""
        call = "settled" if settled else "call"
        status, real = getattr(self.real, call)(method, path, body, user)
        real = json.loads(re.sub(r"\b[0-9a-f]{40}\b", lambda sha: self.alike.get(sha[0], sha[0]), json.dumps(real)))
        wanted, sandbox = getattr(self.sandbox, call)(method, path, body, user)
        assert wanted == status, f"{method} {path}: the sandbox answers {wanted}, Gitea {status} {real}"
        unsettled = set() if settled else {"mergeable"}
        differences = list(_differences(real, sandbox, f"{method} {path}", OWN | unsettled))
        assert not differences, "\n".join(differences)
        return sandbox["items"] if isinstance(sandbox, dict) and "items" in sandbox else sandbox


def _differences(real: Any, sandbox: Any, where: str, ignored: set[str]) -> Iterator[str]:
    if isinstance(sandbox, dict) and isinstance(real, dict):
        for key, value in sandbox.items():
            if key in ignored or (key == "url" and re.search(r"/api/swagger$|/keys/\d+$", str(value))):
                continue
            if key not in real:
                yield f"{where}: Gitea has no {key}"
            else:
                yield from _differences(real[key], value, f"{where} {key}", ignored)
    elif isinstance(sandbox, list) and isinstance(real, list) and len(sandbox) == len(real):
        for number, (one, other) in enumerate(zip(real, sandbox, strict=True)):
            yield from _differences(one, other, f"{where}[{number}]", ignored)
    elif isinstance(sandbox, str) and isinstance(real, str):
        plain = [re.sub(r" \[.*\]$", "", text).strip() for text in (real, sandbox)]
        if plain[0] != plain[1]:
            yield f"{where}: the sandbox says {sandbox!r}, Gitea {real!r}"
    elif real != sandbox:
        yield f"{where}: the sandbox says {sandbox!r}, Gitea {real!r}"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[githost.GitHost]:
    with githost.GitHost(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def worlds(gitea: Gitea, sandbox: githost.GitHost, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Both with the same repository: master, and branches of which one conflicts with another."""
    if requests.get(f"{gitea.url}/api/v1/orgs/acme", auth=(ADMIN, PASSWORD), timeout=30).status_code == 404:
        gitea.api("POST", "/orgs", {"username": "acme"}, status=201)
    reviewer = (githost_pulls.REVIEWER, githost_pulls.REVIEWER_PASSWORD)
    pair = Worlds(
        World(gitea.url, gitea.ssh_port, (ADMIN, PASSWORD), ("rosa", PASSWORD)),
        World(sandbox.http_url, sandbox.ssh_port, (githost.USERNAME, githost.PASSWORD), reviewer),
    )
    pair.same("POST", "/orgs/acme/repos", {"name": "compared", "private": True, "default_branch": "master"})
    gitea.api("PUT", f"/repos/{NAME}/collaborators/rosa", {"permission": "write"}, status=204)
    folder = tmp_path_factory.mktemp("clone")
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    key.write_private_key(str(folder / "key"))
    (folder / "key").chmod(0o600)
    public = key.export_public_key().decode().strip()
    pair.same("POST", f"/repos/{NAME}/keys", {"title": "tests", "key": f"{public} comment", "read_only": False})
    pair.same("POST", f"/repos/{NAME}/keys", {"title": "tests", "key": public, "read_only": False})
    work = Clone(folder)
    work.commit("master", "pages/Home.json", "one")
    for branch, path in (
        ("staging", "pages/Other.json"),
        ("fix/one", "pages/Home.json"),
        ("fix/two", "pages/Home.json"),
    ):
        work.git("branch", branch, "master")
        work.commit(branch, path, branch)
    work.git("branch", "same", "master")
    for world in (pair.real, pair.sandbox):
        work.push(world)
    deadline = time.monotonic() + 30
    while pair.real.call("GET", f"/repos/{NAME}")[1]["empty"] and time.monotonic() < deadline:
        # Gitea takes note of the first push a moment later, and until then looks at a branch end in a panic.
        time.sleep(0.1)
    return pair


class Clone:
    """The same commits for both, to the last bit."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder / "work", folder / "key"
        self.folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=master")

    def git(self, *arguments: str) -> str:
        ssh = f"ssh -F /dev/null -i {self.key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no"
        ssh += " -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        who = {
            f"GIT_{side}_{what}": f"x@{side}.example" for side in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        when = {f"GIT_{side}_DATE": "2026-11-01T00:00:00Z" for side in ("AUTHOR", "COMMITTER")}
        environment = {**os.environ, **who, **when, "GIT_SSH_COMMAND": ssh, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, branch: str, path: str, text: str) -> None:
        self.git("checkout", "--quiet", *(["--orphan"] if not self.git("branch", "--list", branch) else []), branch)
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")
        self.git("add", path)
        self.git("commit", "--quiet", "-m", f"Change {path}")

    def push(self, world: World) -> None:
        self.git("push", "--quiet", f"ssh://git@127.0.0.1:{world.ssh_port}/{NAME}.git", "--all")


def test_the_same_answers(worlds: Worlds) -> None:
    repo, same = f"/repos/{NAME}", worlds.same
    master = same("GET", f"{repo}/branches/master")["commit"]["id"]
    staging = same("GET", f"{repo}/branches/staging")["commit"]["id"]
    same("GET", f"{repo}/branches/fix/one")
    same("GET", f"{repo}/branches/nowhere")
    for query in (f"sha={staging}&not={master}", f"sha={master}&not={staging}", f"sha={staging}", f"sha={ZERO}"):
        same("GET", f"{repo}/commits?{query}&limit=1")
    same("GET", f"{repo}/git/trees/{master}")
    same("GET", f"{repo}/git/trees/{staging}")
    same("GET", f"{repo}/git/trees/{ZERO}")
    # Statuses: the last word of each context counts.
    same("GET", f"{repo}/commits/{staging}/status")
    same("GET", f"{repo}/commits/{ZERO}/status")
    for state, context in (("pending", "ci/test"), ("success", "ci/test"), ("success", "ci/lint")):
        same("POST", f"{repo}/statuses/{staging}", {"state": state, "context": context})
        same("GET", f"{repo}/commits/{staging}/status")
    same("POST", f"{repo}/statuses/{staging}", {"state": "failure", "context": "ci/lint"})
    same("GET", f"{repo}/commits/{staging}/status")
    # Requests that can't be opened.
    for wanted in (
        {"head": "staging", "base": "staging", "title": "x"},
        {"head": "nowhere", "base": "master", "title": "x"},
        {"head": "staging", "base": "nowhere", "title": "x"},
        {"head": "staging", "base": "master"},
    ):
        same("POST", f"{repo}/pulls", wanted)
    same("GET", f"{repo}/pulls")
    same("GET", f"{repo}/pulls/1")
    # One that is opened, edited, reviewed, and merged.
    same("POST", f"{repo}/pulls", {"head": "staging", "base": "master", "title": "WIP: Week 47", "body": "Text"})
    same("POST", f"{repo}/pulls", {"head": "staging", "base": "master", "title": "again"})
    same("POST", f"{repo}/pulls/1/merge", {"Do": "merge"})
    same("PATCH", f"{repo}/pulls/1", {"title": "Week 47", "body": "Other"})
    same("GET", f"{repo}/pulls/1", settled=True)
    same("GET", f"{repo}/pulls?state=open&base_branch=master&limit=50&page=1")
    same("GET", f"{repo}/pulls?state=open&base_branch=staging")
    same("POST", f"{repo}/pulls/1/reviews", {"event": "APPROVED", "body": "x"})
    same("POST", f"{repo}/pulls/1/reviews", {"event": "REQUEST_CHANGES", "body": "No"}, user="reviewer")
    same("POST", f"{repo}/pulls/1/reviews", {"event": "APPROVED", "body": "Yes"}, user="reviewer")
    same("GET", f"{repo}/pulls/1/reviews")
    same("POST", f"{repo}/pulls/1/merge", {"Do": "odd"})
    same("GET", f"{repo}/pulls/1", settled=True)
    same("POST", f"{repo}/pulls/1/merge", {"Do": "merge", "head_commit_id": ZERO}, settled=True)
    same("POST", f"{repo}/pulls/1/merge", {"Do": "merge", "head_commit_id": staging}, settled=True)
    heads = [world.call("GET", f"{repo}/branches/master")[1]["commit"]["id"] for world in (worlds.real, worlds.sandbox)]
    worlds.alike[heads[0]] = heads[1]
    merged = same("GET", f"{repo}/pulls/1")
    assert (merged["state"], merged["merged"], merged["head"]["sha"]) == ("closed", True, staging)
    assert merged["merge_commit_sha"] == heads[1]
    same("POST", f"{repo}/pulls/1/merge", {"Do": "merge"})
    same("GET", f"{repo}/pulls?state=open")
    # Branches.
    same("DELETE", f"{repo}/branches/staging")
    same("DELETE", f"{repo}/branches/staging")
    same("DELETE", f"{repo}/branches/master")
    same("DELETE", f"{repo}/branches/same")
    head = same("GET", f"{repo}/pulls/1")["head"]
    assert (head["label"], head["ref"], head["sha"]) == ("staging", "refs/pull/1/head", staging)
    # Two that conflict, one of which is closed.
    same("POST", f"{repo}/pulls", {"head": "fix/one", "base": "master", "title": "one"})
    same("POST", f"{repo}/pulls", {"head": "fix/two", "base": "master", "title": "two"})
    same("GET", f"{repo}/pulls/2", settled=True)
    same("POST", f"{repo}/pulls/2/merge", {"Do": "squash"}, settled=True)
    heads = [world.call("GET", f"{repo}/branches/master")[1]["commit"]["id"] for world in (worlds.real, worlds.sandbox)]
    worlds.alike[heads[0]] = heads[1]
    same("POST", f"{repo}/pulls/3/merge", {"Do": "merge"})
    same("PATCH", f"{repo}/pulls/3", {"state": "closed"})
    same("POST", f"{repo}/pulls/3/merge", {"Do": "merge"})
    assert len(same("GET", f"{repo}/pulls?state=all&limit=2")) == 2
    assert [pull["number"] for pull in same("GET", f"{repo}/pulls?state=closed")] == [3, 2, 1]


def test_the_same_refusals(worlds: Worlds) -> None:
    for headers in ({}, {"Authorization": f"token {ZERO}"}):
        seen = {
            world.url: requests.get(f"{world.url}/api/v1/repos/{NAME}/pulls", headers=headers, timeout=30)
            for world in (worlds.real, worlds.sandbox)
        }
        statuses = {answer.status_code for answer in seen.values()}
        assert statuses == ({401} if headers else {404})
    worlds.same("GET", "/repos/acme/nothing/pulls")
