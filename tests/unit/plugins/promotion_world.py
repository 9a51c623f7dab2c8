# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance with state, for what lists of exact calls can't say: order, concurrency, several runs, faults."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import responses
from conftest import METHODS, envelope, error_envelope
from git_calls import CONFLICT, EDITED, NO_TRANSACTION, WORKSPACE, WORKSPACE_ID, application, export, status

# What a deployment's request may do, once each: the answer, and how much of the work was done ("half" is what a write
# conflict leaves: nothing behind, and not deployed).
FAULTS: dict[str, tuple[Any, str]] = {
    "conflict": (CONFLICT, "half"),
    "no transaction": (NO_TRANSACTION, "half"),
    "refused": ((400, "AE-JSN-4045", "The file is not compatible with the current version"), "none"),
    "refused but done": ((400, "AE-GIT-4031", "Unable to find git author configuration"), "all"),
    "refused and half done": ((400, "AE-GIT-4031", "Unable to find git author configuration"), "half"),
    "accepted but nothing done": (None, "none"),
    "accepted but half done": (None, "half"),
    "no answer but done": (requests.exceptions.ReadTimeout("read timed out"), "all"),
    "no answer and nothing done": (requests.exceptions.ReadTimeout("read timed out"), "none"),
    "no answer and half done": (requests.exceptions.ReadTimeout("read timed out"), "half"),
    "connection broken but done": (requests.exceptions.ConnectionError("Connection reset by peer"), "all"),
    "proxy gave up but done": ((502, None, "<html>Bad Gateway</html>"), "all"),
    "killed": (KeyboardInterrupt(), "half"),
}


@dataclass
class App:
    name: str
    id: str
    behind: int = 0
    half_done: bool = False
    # A person changed something on the instance.
    dirty: bool = False
    version: int = 1
    deployed_at: str | None = "2026-11-01T00:00:00Z"
    faults: list[str] = field(default_factory=list)


class World:
    """C(calls) is what came, as C(NAME kind) or C(kind); C(hooks[that]) is called before the answer is made."""

    def __init__(self, *names: str, behind: int = 0) -> None:
        self.apps = [App(name, f"6b0297179da452369c{number:06d}", behind) for number, name in enumerate(names, 1)]
        self.calls: list[str] = []
        self.hooks: dict[str, Callable[[], Any]] = {}
        self.unconfigured: list[str] = []
        # A real server rolls back what is deployed beside another deployment.
        self.rolls_back = True
        self.deploying = 0
        self.most_deploying = 0
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> App:
        return next(app for app in self.apps if app.name == name)

    def of(self, name: str) -> list[str]:
        """The kinds of an application's calls, in order."""
        return [call.split(" ", 1)[1] for call in self.calls if call.startswith(f"{name} ")]

    def deployments(self) -> list[str]:
        return [call.split(" ")[0] for call in self.calls if call.endswith((" discard", " pull"))]

    def push(self, *names: str) -> None:
        for name in names:
            self[name].behind += 1

    @contextlib.contextmanager
    def served(self) -> Iterator[World]:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            for method in METHODS:
                mock.add_callback(method, re.compile(".*"), callback=self._serve, content_type=None)
            yield self

    def _serve(self, request: Any) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query))
        app, kind = self._name(parts.path, query)
        called = f"{app.name} {kind}" if app else kind
        with self._lock:
            self.calls.append(called)
        self.hooks.get(called, lambda: None)()
        if app and kind in ("discard", "pull"):
            code, body = self._deploy(app)
        else:
            code, body = 200, self._read(app, kind, query)
        return code, {"Content-Type": "application/json"}, body if isinstance(body, str) else json.dumps(body)

    def _name(self, path: str, query: dict[str, str]) -> tuple[App | None, str]:
        path = path.removeprefix("/api/v1")
        identifier = query.get("applicationId") or query.get("defaultApplicationId") or ""
        found = re.fullmatch(r"/git/applications/(\w+)/(.+)|/applications/export/(\w+)", path)
        if found:
            identifier = found[1] or found[3]
            path = {"fetch/remote": "fetch"}.get(found[2], found[2]) if found[2] else "export"
        elif path.startswith("/applications/import/"):
            path = "datasources used"
        app = next((app for app in self.apps if app.id == identifier), None)
        return app, path.strip("/")

    def _read(self, app: App | None, kind: str, query: dict[str, str]) -> Any:
        if kind == "info":
            return {"version": "v1.91"}
        data: Any
        if kind == "users/me":
            data = {"email": "robot@example.com", "isAnonymous": False}
        elif kind == "workspaces/home":
            data = [{"id": WORKSPACE_ID, "name": WORKSPACE}]
        elif kind == "applications/home":
            data = [
                {
                    **application(app.name, id=app.id, remote=f"git@git.example.com:acme/{app.name}.git"),
                    "lastDeployedAt": app.deployed_at,
                }
                for app in self.apps
            ]
        elif kind in ("datasources", "datasources used"):
            data = [
                {"id": name, "name": name, "datasourceStorages": {"unused_env": {"isConfigured": False}}}
                for name in self.unconfigured
            ]
        elif app is None:
            raise AssertionError(f"what is {kind} {query}?")
        elif kind == "fetch":
            data = {"aheadCount": 0, "behindCount": app.behind}
        elif kind == "status":
            data = status(behind=app.behind, modified=EDITED if app.half_done or app.dirty else ())
        elif kind == "pages":
            data = {"pages": [{"name": "Order", "slug": "order"}]}
        elif kind == "export":
            return export(f"select {app.version}{' + 1' if app.dirty else ''}", f"select {app.version}")
        else:
            raise AssertionError(f"what is {app.name} {kind}?")
        return envelope(data)

    def _deploy(self, app: App) -> tuple[int, Any]:
        with self._lock:
            self.deploying += 1
            self.most_deploying = max(self.most_deploying, self.deploying)
            alone = self.deploying == 1
        try:
            self.hooks.get("deploying", lambda: None)()
            fault = app.faults.pop(0) if app.faults else "" if alone or not self.rolls_back else "conflict"
            answer, done = FAULTS.get(fault, (None, "all"))
            if done != "none":
                app.behind, app.half_done = 0, done == "half"
            if done == "all":
                app.version += 1
                app.dirty = False
                app.deployed_at = f"2026-11-22T00:00:{app.version:02d}Z"
        finally:
            with self._lock:
                self.deploying -= 1
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            return 200, envelope(application(app.name, id=app.id))
        code, name, text = answer
        return code, error_envelope(code, name, text) if name else text
