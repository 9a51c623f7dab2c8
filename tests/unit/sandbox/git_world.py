# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances inside this process and a Git host, for tests of the sandbox's Git half."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import requests
import uvicorn
from appsmith_sandbox import migrate, secrets, users
from appsmith_sandbox.app import Application, Instance
from appsmith_sandbox.githost import GitHost, free_port
from appsmith_sandbox.releases import release
from appsmith_sandbox.store import Document, Store

APPS = Path(__file__).parents[2] / "fixtures" / "apps"
EMAIL, PASSWORD = "dana@example.com", "a-made-up-password"


class Server:
    """An instance with one user, in one workspace, by HTTP Basic."""

    def __init__(self, root: Path, version: str, time_scale: float = 0.02) -> None:
        self.root, self.version, self.time_scale = root, version, time_scale
        self.store = Store(root / "data" / "mongodb" / "state.db")
        secrets.make_env(root)
        self.instance = Instance(root=root, store=self.store, release=release(version), time_scale=time_scale)
        self.instance.environment["APPSMITH_RATE_LIMIT"] = "disabled"
        migrate.prepare(self.store, self.instance.release, {"APPSMITH_ADMIN_EMAILS": EMAIL})
        user = self.store.one("users", email=EMAIL)
        if user is None or not user["isEnabled"]:
            if user:
                self.store.delete("users", user["id"])
            users.make_user(self.store, EMAIL, name="Dana Dev", password=PASSWORD, is_super=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = requests.Session()
        self.http.auth = (EMAIL, PASSWORD)
        self.http.headers.update({"X-Requested-By": "Appsmith", "Origin": self.url})
        config = uvicorn.Config(Application(self.instance), "127.0.0.1", self.port, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self.workspace = self.data("POST", "workspaces", {"name": "Operations"})["id"]
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        self.store.close()

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        # A session is not made for threads.
        return requests.request(
            method,
            f"{self.url}/api/v1/{path}",
            json=body,
            auth=self.http.auth,
            headers=dict(self.http.headers),
            timeout=60,
            **options,
        )

    def data(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        log = self.root / "logs" / "backend" / "backend.log"
        assert answer.ok, answer.text + (log.read_text(encoding="utf-8") if log.exists() else "")
        return answer.json().get("data")

    def error(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        answer = self.call(method, path, body)
        assert not answer.ok, answer.text
        error = answer.json()["responseMeta"]["error"]
        return answer.status_code, error["code"], error["message"]

    # Shorthands by the new routes ------------------------------------------------------------------------------------

    def git(self, method: str, app_id: str, verb: str, body: Any = None) -> Any:
        return self.data(method, f"git/applications/{app_id}/{verb}", body)

    def git_error(self, method: str, app_id: str, verb: str, body: Any = None) -> tuple[int, str, str]:
        return self.error(method, f"git/applications/{app_id}/{verb}", body)

    def status(self, app_id: str) -> Document:
        status: Document = self.git("GET", app_id, "status")
        return status

    def actions(self, app_id: str) -> dict[str, Document]:
        return {action["name"]: action for action in self.data("GET", f"actions?applicationId={app_id}")}

    def published(self, app_id: str) -> set[str]:
        """Names of the queries in the published view."""
        docs = self.store.find("actions", applicationId=app_id)
        return {doc["published"]["name"] for doc in docs if doc.get("published")}

    def change(self, app_id: str, name: str, body: str) -> None:
        action = self.actions(app_id)[name]
        action["actionConfiguration"]["body"] = body
        self.data("PUT", f"actions/{action['id']}", action)

    def save_profile(self) -> None:
        """Twice: the first one makes the user's own name the default."""
        for _time in range(2):
            self.data("POST", "git/profile/default", {"authorName": "Release Bot", "authorEmail": "bot@example.com"})

    def import_app(self, host: GitHost, name: str, *, read_only: bool = False) -> Document:
        key = self.data("GET", "git/import/keys")["publicKey"]
        host.repositories.add_key(name, f"import {time.monotonic_ns()}", key, read_only)
        # The new route: it saves no profile.
        path = f"git/artifacts/import?workspaceId={self.workspace}"
        if not self.instance.release.since("v1.61"):
            path = f"git/import/{self.workspace}"
        app: Document = self.data("POST", path, {"remoteUrl": host.ssh_url(name), "gitProfile": PROFILE})["application"]
        return app


PROFILE = {"authorName": "Dana Dev", "authorEmail": EMAIL, "useGlobalProfile": False}


@contextmanager
def server(root: Path, version: str = "v1.91", time_scale: float = 0.02) -> Iterator[Server]:
    with Server(root, version, time_scale) as running:
        yield running


class Checkout:
    """What another person does to the repository, with the host's own key."""

    def __init__(self, host: GitHost, name: str, folder: Path) -> None:
        self.folder = folder
        self._ssh = (
            f"ssh -F /dev/null -i {host.admin_key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
            "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        )
        self.git("clone", "--quiet", host.ssh_url(name), str(folder), within=folder.parent)

    def git(self, *arguments: str, within: Path | None = None) -> str:
        names = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        done = subprocess.run(
            ["git", *names, *arguments],
            cwd=within or self.folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_SSH_COMMAND": self._ssh, "HOME": str(self.folder.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def change_query(self, branch: str, page: str, query: str, body: str) -> None:
        """A commit that changes the body of a query, pushed."""
        self.git("checkout", "--quiet", branch)
        self.git("pull", "--quiet", "--ff-only")
        place = self.folder / "pages" / page / "queries" / query
        metadata = json.loads((place / "metadata.json").read_text(encoding="utf-8"))
        metadata["unpublishedAction"]["actionConfiguration"]["body"] = body
        text = json.dumps(metadata, indent=2, sort_keys=True, ensure_ascii=False)
        (place / "metadata.json").write_text(text, encoding="utf-8")
        (place / f"{query}.txt").write_text(body, encoding="utf-8")
        self.commit(f"{query}: {body}")

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet")

    def log(self, ref: str, count: int = 1) -> list[str]:
        self.git("fetch", "--quiet")
        return self.git("log", f"-{count}", "--format=%an <%ae> %s", ref).splitlines()
