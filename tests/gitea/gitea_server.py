# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Gitea on loopback, in a folder of its own, with users, tokens, and repositories as a test wants them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import requests
from build import build

CONFIG = """\
APP_NAME = Test
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {root}

[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {http}
ROOT_URL = http://127.0.0.1:{http}/
STATIC_ROOT_PATH = {static}
START_SSH_SERVER = true
BUILTIN_SSH_SERVER_USER = git
SSH_DOMAIN = 127.0.0.1
SSH_LISTEN_HOST = 127.0.0.1
SSH_PORT = {ssh}
SSH_LISTEN_PORT = {ssh}
SSH_SERVER_HOST_KEYS = ssh/host.ed25519
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
PATH = {root}/gitea.db
SQLITE_JOURNAL_MODE = WAL

[repository]
ROOT = {root}/repositories
DEFAULT_BRANCH = master

[security]
INSTALL_LOCK = true
PASSWORD_HASH_ALGO = pbkdf2_v2
SECRET_KEY = {secret}
INTERNAL_TOKEN = {secret}

[service]
DISABLE_REGISTRATION = true

[session]
PROVIDER = memory

[cron]
ENABLED = false

[indexer]
ISSUE_INDEXER_TYPE = db

[log]
MODE = file
LEVEL = Warn
ROOT_PATH = {root}/log
"""
ADMIN = "gitadmin"
# Made up, for a server on loopback that lives as long as the tests.
PASSWORD = "a-Password-4-tests"


class Gitea:
    """`with Gitea(folder) as gitea:` has it running."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.http_port, self.ssh_port = _free_ports(2)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.token = ""
        self._config = self.root / "app.ini"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Gitea:
        folder = build()
        self._program = folder / "gitea"
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "home").mkdir(exist_ok=True)
        self._config.write_text(
            CONFIG.format(
                root=self.root,
                static=folder / "static",
                http=self.http_port,
                ssh=self.ssh_port,
                secret=secrets.token_hex(32),
            ),
            encoding="utf-8",
        )
        self._run("migrate")
        made = self._run(
            *("admin", "user", "create", "--admin", "--username", ADMIN, "--password", PASSWORD),
            *("--email", f"{ADMIN}@example.com", "--must-change-password=false"),
        )
        assert "successfully created" in made, made
        command = [str(self._program), "web", "--config", str(self._config)]
        self._log = (self.root / "output").open("wb")
        self._process = subprocess.Popen(
            command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self._wait()
        self.token = self.make_token(ADMIN)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._log.close()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.root / "home"), "USER": os.environ.get("USER") or "root"}

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(self._program), "--config", str(self._config), *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"gitea {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                if requests.get(f"{self.url}/api/v1/version", timeout=5).ok:
                    return
            except requests.ConnectionError:
                pass
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Gitea does not start: {(self.root / 'output').read_text()[-2000:]}")
            time.sleep(0.05)

    # -- what a test wants ------------------------------------------------------------------------------------------
    def api(self, method: str, path: str, body: Any = None, *, user: str = ADMIN, status: int | None = None) -> Any:
        """A call of the REST API by a user's name and password; fails on any other status than the wanted one."""
        answer = requests.request(
            method, f"{self.url}/api/v1{path}", json=body, auth=(user, PASSWORD), timeout=30, allow_redirects=False
        )
        fine = answer.status_code == status if status else answer.ok
        assert fine, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make_user(self, name: str) -> str:
        """A user who is nobody; their token."""
        wanted = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "must_change_password": False}
        self.api("POST", "/admin/users", wanted, status=201)
        return self.make_token(name)

    def make_token(self, user: str, *scopes: str) -> str:
        body = {"name": secrets.token_hex(4), "scopes": list(scopes or ("all",))}
        return str(self.api("POST", f"/users/{user}/tokens", body, user=user, status=201)["sha1"])

    def make_repository(self, name: str, *branches: str) -> None:
        """OWNER/NAME with a first commit, and the branches beside master."""
        owner, _slash, short = name.partition("/")
        if owner != ADMIN:
            found = requests.get(f"{self.url}/api/v1/orgs/{owner}", auth=(ADMIN, PASSWORD), timeout=30)
            if found.status_code == 404:
                self.api("POST", "/orgs", {"username": owner}, status=201)
        where = "/user/repos" if owner == ADMIN else f"/orgs/{owner}/repos"
        self.api("POST", where, {"name": short, "private": True, "auto_init": True, "default_branch": "master"})
        for branch in branches:
            self.api("POST", f"/repos/{name}/branches", {"new_branch_name": branch, "old_branch_name": "master"})

    def commit(self, name: str, branch: str, path: str = "pages/Home.json", text: str = "") -> str:
        """One file, new or changed, as a commit of its own; its sha."""
        import base64

        content = base64.b64encode((text or secrets.token_hex(8)).encode()).decode()
        there = requests.get(
            f"{self.url}/api/v1/repos/{name}/contents/{path}",
            params={"ref": branch},
            auth=(ADMIN, PASSWORD),
            timeout=30,
        )
        body = {"branch": branch, "content": content, "message": f"Change {path}"}
        if there.ok:
            body["sha"] = there.json()["sha"]
        done = self.api("PUT" if there.ok else "POST", f"/repos/{name}/contents/{path}", body)
        return str(done["commit"]["sha"])

    def branch(self, name: str, branch: str) -> str | None:
        """The branch's last commit."""
        answer = requests.get(f"{self.url}/api/v1/repos/{name}/branches/{branch}", auth=(ADMIN, PASSWORD), timeout=30)
        return str(answer.json()["commit"]["id"]) if answer.ok else None

    def ssh_url(self, name: str) -> str:
        return f"ssh://git@127.0.0.1:{self.ssh_port}/{name}.git"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _number in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
