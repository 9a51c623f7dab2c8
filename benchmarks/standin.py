# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in instances of Appsmith with many applications and a real server's delays.

The sandbox of the tests works with real Git and would itself use the processor that is to be measured. This one keeps a
few numbers for each application, answers in the sandbox's shapes (shapes.json), and waits as delays.py says: each call
needs its instance alone for a part of its time (first come, first served), the rest passes beside others. Deployments
that overlap on an instance break each other: the later one ends in a write conflict, with its repository moved and its
content old.

Run as a program it is led by lines of JSON on standard input, one answer each: see `Desk`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from delays import COSTS
from shapes import APPLICATION, EMAIL, PASSWORD, WORKSPACE, load

GIT = "/api/v1/git/applications/"
REASONS = {200: "OK", 201: "Created", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class App:
    """One application; commits are numbers."""

    id: str
    name: str
    modified: str
    # What the Git host has, what the last fetch saw of it, where the instance's repository is, what is shown.
    tip: int = 1
    tracked: int = 1
    local: int = 1
    shown: int = 1
    deployed: str = ""
    committed: str = "2026-01-01T00:00:00Z"
    # An upgrade has left its traces: the repository has an older format than the instance writes.
    migrated: bool = False

    @property
    def behind(self) -> int:
        return self.tracked - self.local

    @property
    def half_done(self) -> bool:
        return self.shown != self.local


@dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: str = ""


class Instance:
    """One Appsmith with one workspace."""

    def __init__(self, number: int, count: int, scale: float, templates: dict[str, tuple[int, str]]) -> None:
        self.scale = scale
        self.workspace = f"{0xF00D0000 + number:08x}{0:016x}"
        born = "2026-01-01T00:00:00.000Z"
        self.apps = {
            app.id: app
            for app in (
                App(f"{0xAB000000 + number:08x}{index:016x}", f"application-{index:04}", born, deployed=born)
                for index in range(count)
            )
        }
        self.sessions: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.by_app: dict[str, Counter[str]] = {}
        self.unknown: list[str] = []
        # Every request, for the test that compares them with those that the sandbox gets.
        self.log: list[str] = []
        self.conflicts = 0
        self._templates = templates
        self._free_at = 0.0
        self._deploying: object | None = None

    # -- time --------------------------------------------------------------------------------------------------------
    async def work(self, cost: str) -> None:
        """Wait as long as the server needs: for its turn, for its own work, and for what others do for it."""
        wanted = COSTS[cost]
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + wanted.shared * self.scale
        await asyncio.sleep(self._free_at - now + (wanted.alone - wanted.shared) * self.scale)

    # -- answers -----------------------------------------------------------------------------------------------------
    def fill(self, shape: str, app: App | None = None) -> Reply:
        status, text = self._templates[shape]
        text = text.replace(WORKSPACE, self.workspace)
        if app:
            text = self._of(text, app)
        return Reply(status, text.encode())

    @staticmethod
    def _of(text: str, app: App) -> str:
        for mark, value in (
            (APPLICATION, app.id),
            ("@NAME@", app.name),
            ("@MODIFIED@", app.modified),
            ("@DEPLOYED@", app.deployed),
            ("@COMMITTED@", app.committed),
            ("@EDIT@", f"SELECT 'commit {app.shown}'"),
            ("@PUBLISHED@", f"SELECT 'commit {app.shown}'"),
            ('"@BEHIND@"', str(app.behind)),
            ('"@AHEAD@"', "0"),
        ):
            text = text.replace(mark, value)
        return text

    def listing(self) -> Reply:
        status, text = self._templates["applications"]
        # The one entry of the shape, for each application.
        one = json.dumps(json.loads(text)["data"][0]).replace(WORKSPACE, self.workspace)
        envelope = json.loads(text) | {"data": []}
        entries = ",".join(self._of(one, app) for app in self.apps.values())
        return Reply(status, json.dumps(envelope).replace('"data": []', f'"data": [{entries}]', 1).encode())

    # -- one request -------------------------------------------------------------------------------------------------
    async def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        name, app = self._route(method, parts.path, query, headers)
        self.log.append(f"{method} {target}")
        self.calls[name] += 1
        if app:
            self.by_app.setdefault(app.id, Counter())[name] += 1
        if name == "unknown":
            self.unknown.append(f"{method} {parts.path}")
            return self.fill("no_route")
        if name == "login":
            await self.work("login")
            return self._login(body)
        if name == "me":
            return await self._me(headers)
        if name in ("info", "probe", "health", "tenant"):
            await self.work(name)
            return self.fill(name)
        if _cookie(headers) not in self.sessions:
            return Reply(401)
        if name == "logout":
            self.sessions.discard(_cookie(headers))
            await self.work("logout")
            return self.fill("signed_out")
        if name in ("pull", "discard"):
            assert app
            return await self._deploy(app, name)
        if name == "commit":
            assert app
            await self.work(name)
            app.tip = app.tracked = app.local = app.shown = app.tip + (1 if app.migrated else 0)
            app.migrated = False
            return self.fill(name, app)
        await self.work("pages" if name == "pages_edit" else name)
        return self._look(name, app)

    def _route(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[str, App | None]:
        if "x-appsmith-version" in headers:
            return "probe", None
        if path.startswith(GIT):
            identifier, _slash, verb = path[len(GIT) :].partition("/")
            name = _GIT.get((method, verb), "unknown")
            if name == "status" and query.get("compareRemote") == "false":
                name = "status_local"
            return self._with(name, identifier)
        if method == "GET" and path.startswith("/api/v1/applications/export/"):
            return self._with("export", path.rsplit("/", 1)[-1])
        if method == "GET" and path == f"/api/v1/applications/import/{self.workspace}/datasources":
            return self._with("application_datasources", query.get("defaultApplicationId", ""))
        if method == "GET" and path == "/api/v1/pages":
            return self._with("pages_edit" if query.get("mode") != "PUBLISHED" else "pages", query["applicationId"])
        if method == "GET" and path.startswith("/api/v1/pages/") and path.endswith("/view"):
            # The pages of all applications have the same ids.
            return "page_view", None
        return _PLAIN.get((method, path), "unknown"), None

    def _with(self, name: str, identifier: str) -> tuple[str, App | None]:
        app = self.apps.get(identifier)
        return (name, app) if app else ("unknown", None)

    def _look(self, name: str, app: App | None) -> Reply:
        if app is None:
            return self.listing() if name == "applications" else self.fill(name)
        if name in ("fetch", "status"):
            app.tracked = app.tip
        if name in ("status", "status_local") and app.migrated:
            return self.fill("status_migrated", app)
        if name in ("status", "status_local"):
            return self.fill("status_half_done" if app.half_done else "status", app)
        return self.fill(name, app)

    async def _deploy(self, app: App, action: str) -> Reply:
        if action == "pull" and app.half_done:
            await self.work("status_local")
            return self.fill("pull_refused")
        own = object()
        alone = self._deploying is None
        if alone:
            self._deploying = own
        if action == "pull":
            app.tracked = app.tip
        wanted = app.tracked
        await self.work(action)
        # The repository has moved before the documents may fail to.
        app.local = wanted
        if not alone:
            self.conflicts += 1
            refused = self.fill("conflict_1" if self.conflicts % 2 else "conflict_2")
            refused.body = refused.body.replace(b"git discard failed", f"git {action} failed".encode())
            return refused
        self._deploying = None
        # The commit that came is the other instance's migration.
        app.migrated = app.migrated and app.shown == wanted
        app.shown = wanted
        app.modified = app.deployed = _now()
        if action == "pull":
            app.committed = app.modified[:19] + "Z"
        return self.fill(action, app)

    # -- who asks ----------------------------------------------------------------------------------------------------
    def _login(self, body: bytes) -> Reply:
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        if (form.get("username"), form.get("password")) != (EMAIL, PASSWORD):
            return Reply(302, headers="Location: /user/login?error=true\r\n")
        session = str(uuid.uuid4())
        self.sessions.add(session)
        return Reply(302, headers=f"Location: /applications\r\nSet-Cookie: SESSION={session}; Path=/; HTTPOnly\r\n")

    async def _me(self, headers: dict[str, str]) -> Reply:
        basic = headers.get("authorization", "")
        if basic:
            self.calls["basic"] += 1
            self.calls["me"] -= 1
        await self.work("basic" if basic else "me")
        if basic and basic != f"Basic {base64.b64encode(f'{EMAIL}:{PASSWORD}'.encode()).decode()}":
            return Reply(401)
        return self.fill("me" if basic or _cookie(headers) in self.sessions else "nobody")

    # -- for the benchmark -------------------------------------------------------------------------------------------
    def prepare(self, changed: int, half_done: int, migrated: int = 0) -> None:
        """A commit to each of so many applications, evenly over the list; so many others are left half done.

        So many have the traces of a migration, from the first on.
        """
        every = list(self.apps.values())
        picked = [every[index * len(every) // changed] for index in range(changed)] if changed else []
        for app in picked:
            app.tip += 1
        for app in [app for app in every if app not in picked][:half_done]:
            app.tip += 1
            app.tracked = app.local = app.tip
        for app in every[:migrated]:
            app.migrated = True
        self.calls, self.by_app, self.unknown, self.log, self.conflicts = Counter(), {}, [], [], 0

    def report(self) -> dict[str, Any]:
        of_apps = Counter(json.dumps(dict(sorted(calls.items()))) for calls in self.by_app.values())
        return {
            "calls": dict(sorted((+self.calls).items())),
            "calls_by_application": [{"applications": count, **json.loads(text)} for text, count in of_apps.items()],
            "not_deployed": [app.name for app in self.apps.values() if app.shown != app.tip],
            "migrated": [app.name for app in self.apps.values() if app.migrated],
            "conflicts": self.conflicts,
            "unknown": sorted(set(self.unknown)),
            "sessions_left": len(self.sessions),
        }


_GIT = {
    ("GET", "fetch/remote"): "fetch",
    ("GET", "status"): "status",
    ("GET", "metadata"): "metadata",
    ("GET", "refs"): "refs",
    ("GET", "protected-branches"): "protected",
    ("GET", "pull"): "pull",
    ("PUT", "discard"): "discard",
    ("POST", "commit"): "commit",
}
_PLAIN = {
    ("POST", "/api/v1/login"): "login",
    ("POST", "/api/v1/logout"): "logout",
    ("GET", "/api/v1/users/me"): "me",
    ("GET", "/api/v1/workspaces/home"): "workspaces",
    ("GET", "/api/v1/applications/home"): "applications",
    ("GET", "/api/v1/datasources"): "datasources",
    ("GET", "/api/v1/plugins"): "plugins",
    ("GET", "/api/v1/git/artifacts/profile/default"): "profile",
    ("GET", "/api/v1/health"): "health",
    ("GET", "/api/v1/tenants/current"): "tenant",
    ("GET", "/info"): "info",
}


def _cookie(headers: dict[str, str]) -> str:
    for pair in headers.get("cookie", "").split(";"):
        key, _equals, value = pair.strip().partition("=")
        if key == "SESSION":
            return value
    return ""


class Connection(asyncio.Protocol):
    """HTTP/1.1 with as little work as it takes: requests of known clients, with Content-Length or without a body."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._data = b""
        self._busy: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._busy is None:
            self._next()

    def _next(self) -> None:
        head, separator, rest = self._data.partition(b"\r\n\r\n")
        if not separator:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _version = first.split(" ", 2)
        headers = {key.strip().lower(): value.strip() for key, _colon, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._data = rest[length:]
        close = headers.get("connection", "").lower() == "close"
        self._busy = asyncio.get_running_loop().create_task(self._serve(method, target, headers, rest[:length], close))

    async def _serve(self, method: str, target: str, headers: dict[str, str], body: bytes, close: bool) -> None:
        reply = await self._instance.answer(method, target, headers, body)
        kind = "Content-Type: application/json\r\n" if reply.body else ""
        head = (
            f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Said')}\r\n{kind}{reply.headers}"
            f"Content-Length: {len(reply.body)}\r\n{'Connection: close' if close else 'Connection: keep-alive'}\r\n\r\n"
        )
        # A deployment goes on when its client is gone; only the answer has nowhere to go.
        if not self._transport.is_closing():
            self._transport.write(head.encode() + reply.body)
            if close:
                self._transport.close()
        self._busy = None
        self._next()


class Desk:
    """Takes orders from standard input.

    {"do": "open", "instances": 1, "applications": 16, "scale": 1.0} -> {"urls": [...]} (adds instances)
    {"do": "prepare", "url": URL, "changed": 2, "half_done": 0, "migrated": 0} -> {}
    {"do": "report", "url": URL} -> what was called, and what is not deployed
    """

    def __init__(self) -> None:
        shapes = load()
        self.templates = {
            name: (shape["status"], json.dumps(shape["body"], separators=(",", ":"))) for name, shape in shapes.items()
        }
        self.instances: dict[str, Instance] = {}

    async def order(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["do"] == "open":
            return {
                "urls": [
                    await self.open(wanted["applications"], wanted["scale"]) for _number in range(wanted["instances"])
                ]
            }
        instance = self.instances[wanted["url"]]
        if wanted["do"] == "prepare":
            instance.prepare(wanted["changed"], wanted.get("half_done", 0), wanted.get("migrated", 0))
            return {}
        return instance.report()

    async def open(self, applications: int, scale: float) -> str:
        instance = Instance(len(self.instances), applications, scale, self.templates)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(instance), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.instances[url] = instance
        return url


async def main() -> None:
    loop, desk, orders = asyncio.get_running_loop(), Desk(), asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        print(json.dumps(await desk.order(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
