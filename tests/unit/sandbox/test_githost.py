# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's Git host: who may do what by SSH, and Gitea's REST API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
import requests
from appsmith_sandbox import githost
from appsmith_sandbox.githost import PASSWORD, TOKEN, USERNAME, GitHost

SANDBOX = Path(githost.__file__).parents[1]
ORDERS = Path(__file__).parents[2] / "fixtures" / "apps" / "v1.91" / "orders.bundle"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    with GitHost(tmp_path_factory.mktemp("host")) as running:
        running.repositories.import_bundle("acme/orders", ORDERS)
        running.repositories.create("acme/empty")
        yield running


class Key:
    def __init__(self, folder: Path, name: str = "key", kind: str = "ecdsa-sha2-nistp256") -> None:
        key = asyncssh.generate_private_key(kind)
        self.path = folder / name
        key.write_private_key(str(self.path))
        self.path.chmod(0o600)
        self.public = key.export_public_key().decode().strip() + " appsmith"


def git(key: Path, *arguments: str, within: Path | None = None) -> subprocess.CompletedProcess[str]:
    ssh = (
        f"ssh -F /dev/null -i {key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
        "-o BatchMode=yes -o LogLevel=ERROR"
    )
    names = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    environment = {"PATH": os.environ["PATH"], "GIT_SSH_COMMAND": ssh, "HOME": str(key.parent)}
    return subprocess.run(
        ["git", *names, *arguments], cwd=within, env=environment, capture_output=True, text=True, check=False
    )


def test_a_deploy_key_opens_its_repository_only(host: GitHost, tmp_path: Path) -> None:
    key = Key(tmp_path)
    orders, empty = host.ssh_url("acme/orders"), host.ssh_url("acme/empty")
    denied = git(key.path, "ls-remote", orders)
    assert denied.returncode and "Permission denied (publickey)" in denied.stderr
    host.repositories.add_key("acme/orders", "mine", key.public, False)
    assert "refs/heads/staging" in git(key.path, "ls-remote", orders).stdout
    elsewhere = git(key.path, "ls-remote", empty)
    assert elsewhere.returncode and "not authorized to read acme/empty" in elsewhere.stderr
    missing = git(key.path, "ls-remote", host.ssh_url("acme/missing"))
    assert missing.returncode and "Repository not found" in missing.stderr
    refused = subprocess.run(
        [
            *("ssh", "-F", os.devnull, "-i", str(key.path), "-p", str(host.ssh_port), "-o", "StrictHostKeyChecking=no"),
            *("-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "git@127.0.0.1", "cat /etc/passwd"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode and "are served here" in refused.stderr and not refused.stdout


def test_reading_and_writing(host: GitHost, tmp_path: Path) -> None:
    reader, writer = Key(tmp_path, "reader"), Key(tmp_path, "writer", "ssh-rsa")
    host.repositories.add_key("acme/orders", "reader", reader.public, True)
    host.repositories.add_key("acme/orders", "writer", writer.public, False)
    clone = tmp_path / "clone"
    assert git(reader.path, "clone", "--quiet", host.ssh_url("acme/orders"), str(clone)).returncode == 0
    assert (clone / "application.json").exists()
    git(reader.path, "commit", "--quiet", "--allow-empty", "-m", "more", within=clone)
    refused = git(reader.path, "push", within=clone)
    assert refused.returncode and "is not authorized to write to acme/orders" in refused.stderr
    assert git(writer.path, "push", within=clone).returncode == 0
    host.repositories.protect("acme/orders", "master")
    git(reader.path, "commit", "--quiet", "--allow-empty", "-m", "still more", within=clone)
    protected = git(writer.path, "push", within=clone)
    assert protected.returncode and "Not allowed to push to protected branch master" in protected.stderr
    assert git(host.admin_key, "push", within=clone).returncode == 0
    host.repositories.protect("acme/orders", "master", False)
    git(reader.path, "commit", "--quiet", "--allow-empty", "-m", "and more", within=clone)
    assert git(writer.path, "push", within=clone).returncode == 0


def test_an_empty_repository(host: GitHost, tmp_path: Path) -> None:
    assert git(host.admin_key, "ls-remote", host.ssh_url("acme/empty")).stdout == ""


@pytest.fixture
def api(host: GitHost) -> str:
    return f"{host.http_url}/api/v1"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "token wrong"}, requests.auth._basic_auth_str("gitadmin", "wrong")],
)
def test_rest_wants_to_know_who_asks(api: str, headers: object) -> None:
    sent = headers if isinstance(headers, dict) else {"Authorization": str(headers)}
    for path in ("repos/acme/orders", "repos/acme/orders/keys", "user"):
        # Without credentials a private repository is not there at all.
        wanted = 401 if sent or path == "user" else 404
        assert requests.get(f"{api}/{path}", headers=sent, timeout=5).status_code == wanted
    assert requests.get(f"{api}/version", timeout=5).json()["version"]


def test_rest_keys(api: str, host: GitHost, tmp_path: Path) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"token {TOKEN}"
    made = session.post(f"{api}/user/repos", json={"name": "desk", "private": True}, timeout=5)
    assert (made.status_code, made.json()["full_name"]) == (201, f"{USERNAME}/desk")
    assert made.json()["empty"] is True and made.json()["default_branch"] == "master"
    assert session.post(f"{api}/user/repos", json={"name": "desk"}, timeout=5).status_code == 409
    keys = f"{api}/repos/{USERNAME}/desk/keys"
    key = Key(tmp_path)
    added = session.post(keys, json={"title": "production", "key": key.public, "read_only": True}, timeout=5)
    assert added.status_code == 201
    assert (added.json()["read_only"], added.json()["title"]) == (True, "production")
    assert added.json()["key"] == key.public
    again = session.post(keys, json={"title": "other", "key": key.public}, timeout=5)
    assert again.status_code == 422 and "already been added" in again.json()["message"]
    title = session.post(keys, json={"title": "production", "key": Key(tmp_path, "second").public}, timeout=5)
    assert title.status_code == 422 and "same name" in title.json()["message"]
    assert session.post(keys, json={"title": "bad", "key": "no key"}, timeout=5).status_code == 422
    basic = requests.get(keys, auth=(USERNAME, PASSWORD), timeout=5)
    assert [one["id"] for one in basic.json()] == [added.json()["id"]]
    assert basic.headers["X-Total-Count"] == "1"
    assert session.get(keys, params={"page": 2, "limit": 1}, timeout=5).json() == []
    assert session.get(f"{keys}/{added.json()['id']}", timeout=5).json()["title"] == "production"
    assert session.delete(f"{keys}/{added.json()['id']}", timeout=5).status_code == 204
    assert session.delete(f"{keys}/{added.json()['id']}", timeout=5).status_code == 204
    assert session.get(keys, timeout=5).json() == []
    assert session.get(f"{api}/repos/acme/missing/keys", timeout=5).status_code == 404
    assert session.post(f"{api}/orgs/acme/repos", json={"name": "desk"}, timeout=5).json()["full_name"] == "acme/desk"
    assert session.delete(f"{api}/repos/acme/desk", timeout=5).status_code == 204
    assert not host.repositories.exists("acme/desk")


@pytest.mark.parametrize("name", ["orders", "../x/y", "acme/..", "acme/", "/acme"])
def test_names_that_are_none(host: GitHost, name: str) -> None:
    with pytest.raises(ValueError, match="not OWNER/NAME"):
        host.repositories.create(name)
    assert not host.repositories.exists(name)


def test_command_line(tmp_path: Path) -> None:
    root = tmp_path / "host"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["-m", "appsmith_sandbox.githost", arguments[0], "--root", str(root), *arguments[1:]]
        return subprocess.run(
            [sys.executable, *command],
            env={**os.environ, "PYTHONPATH": str(SANDBOX)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run("status").returncode == 3
    assert run("import", "acme/orders", str(ORDERS), "--branches", "master").returncode == 0
    assert run("import", "acme/orders", str(ORDERS)).returncode == 1
    assert "not OWNER/NAME" in run("create", "orders").stderr
    assert run("create", "acme/empty").returncode == 0
    assert run("protect", "acme/orders", "master").returncode == 0
    started = run("start")
    try:
        facts = json.loads(started.stdout)
        assert json.loads(run("start").stdout)["pid"] == facts["pid"]
        status = run("status")
        assert status.returncode == 0 and json.loads(status.stdout)["running"] is True
        url = f"ssh://git@127.0.0.1:{facts['ssh_port']}/acme/orders.git"
        listed = git(Path(facts["admin_key"]), "ls-remote", "--heads", url).stdout
        assert [line.split("/")[-1] for line in listed.splitlines()] == ["master"]
        command = ["-m", "appsmith_sandbox.githost", "start", "--root", str(tmp_path / "other")]
        taken = subprocess.run(
            [sys.executable, *command, "--ssh-port", str(facts["ssh_port"])],
            env={**os.environ, "PYTHONPATH": str(SANDBOX)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert taken.returncode == 1 and "does not start" in taken.stderr
    finally:
        assert run("stop").returncode == 0
    assert run("status").returncode == 3
