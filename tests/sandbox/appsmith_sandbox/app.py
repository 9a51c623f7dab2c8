# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side of an instance: envelope, errors, sign-in of a request, CSRF, start-up, request log.

A module with routes has `ROUTES: list[Route]`. A handler is `async def x(ctx)` (short, never blocks) or `def x(ctx)`
(may block: runs in a thread). It returns what `ctx.ok()` or `ctx.raw()` gives, or raises AppError, or NeverAnswer.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import inspect
import json
import socket
import struct
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path

from . import faults
from .releases import Release, number
from .secrets import Secrets
from .store import Document, Store, now_text

ROUTE_MODULES = (
    "info",
    "users",
    "workspaces",
    "plugins",
    "applications",
    "pages",
    "actions",
    "datasources",
    "git_keys",
    "git_routes_old",
    "git_routes_new",
)
NOT_FOUND_OR_FORBIDDEN = "Either the asset doesn't exist or you don't have required permissions"


class AppError(Exception):
    """An answer that says no: HTTP status, Appsmith's code, its text."""

    def __init__(
        self,
        http: int,
        code: str,
        message: str,
        title: str = "INTERNAL_ERROR",
        error_type: str = "INTERNAL_ERROR",
        data: Any = None,
        reference: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.http, self.code, self.message, self.title, self.error_type = http, code, message, title, error_type
        self.data, self.reference = data, reference


class NeverAnswer(Exception):
    """The request stays open until the client gives up, as a lost error inside the real server does."""


class Reset(Exception):
    """The connection breaks; only a fault of faults.py does that."""


def not_readable(kind: str, doc_id: str | None) -> AppError:
    """AE-ACL-4004: there is no such thing, or not for you."""
    return AppError(
        404,
        "AE-ACL-4004",
        f"Unable to find {kind} {doc_id}. {NOT_FOUND_OR_FORBIDDEN}",
        error_type="No resource found or permission denied",
    )


def not_found(kind: str, doc_id: str | None) -> AppError:
    """AE-APP-4027: there is no such thing."""
    return AppError(404, "AE-APP-4027", f"Unable to find {kind} {doc_id}", error_type="No resource found")


def invalid_parameter(name: str, title: str = "ARGUMENT_ERROR") -> AppError:
    return AppError(
        400,
        "AE-APP-4000",
        f"Please enter a valid parameter {name}.",
        title=title,
        error_type="Invalid parameter",
    )


def internal_error() -> AppError:
    return AppError(500, "AE-APP-5000", "Internal server error while processing request", title="Internal server error")


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: Callable[..., Any]
    # Changes state (GET with side effects too, sign-in and sign-out not): stands in the request log.
    # A function where it depends on what is asked for.
    write: bool | Callable[[Context], bool] = False
    # Open without a session; ctx.user is None then.
    anonymous: bool = False
    # First and last release that has it.
    since: str | None = None
    until: str | None = None


@dataclass
class Instance:
    """One running server."""

    root: Path
    store: Store
    release: Release
    name: str = "appsmith"
    # Waits of the real server (20 s for a lock, 120 s of its life ...) are multiplied by this.
    time_scale: float = 1.0
    # The API answers 502 and everything else the loading page until this moment (time.monotonic()).
    ready_at: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)
    # For the Git half: locks, running operations and the like; lost at a restart as Redis keys of an operation are not
    # worth keeping.
    git: dict[str, Any] = field(default_factory=dict)
    # The process is the instance's alone, so that a fault may end it.
    own_process: bool = False

    @property
    def secrets(self) -> Secrets:
        return Secrets.of(self.root, self.environment)

    @property
    def git_root(self) -> Path:
        return self.root / "git-storage"


@dataclass(frozen=True)
class Upload:
    filename: str | None
    content_type: str | None
    content: bytes


class Context:
    """One request, with its body already read."""

    def __init__(self, instance: Instance, request: Request, path: dict[str, str], body: bytes) -> None:
        self.instance = instance
        self.request = request
        self.path = path
        self.body = body
        self.query = dict(request.query_params)
        self.headers = request.headers
        self.form: dict[str, str] = {}
        self.files: dict[str, Upload] = {}
        self.user: Document | None = None
        self.session: Document | None = None
        self._cookies: list[str] = []

    @property
    def store(self) -> Store:
        return self.instance.store

    @property
    def release(self) -> Release:
        return self.instance.release

    @property
    def root(self) -> Path:
        return self.instance.root

    @property
    def time_scale(self) -> float:
        return self.instance.time_scale

    @property
    def json(self) -> dict[str, Any]:
        """The JSON body as an object; {} without a body."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise AppError(
                400,
                "AE-BAD-4001",
                "Bad request: Malformed request body",
                title="Malformed request body",
                error_type="BAD_REQUEST",
            ) from error
        return value if isinstance(value, dict) else {"": value}

    @property
    def origin(self) -> str | None:
        return self.headers.get("origin")

    def need_origin(self, where: str) -> str:
        """The Origin header, which some routes cannot do without."""
        if not self.origin:
            raise bad_request(f"Malformed parameter 'originHeader' for {where}")
        return self.origin

    def need_query(self, name: str) -> str:
        if not self.query.get(name):
            raise invalid_parameter(name)
        return self.query[name]

    def set_cookie(self, cookie: str) -> None:
        self._cookies.append(cookie)

    def _finish(self, response: Response) -> Response:
        for cookie in self._cookies:
            response.headers.append("set-cookie", cookie)
        return response

    def ok(self, data: Any = None, http: int = 200, status: int | None = None) -> Response:
        """The envelope. `status` is responseMeta.status where that differs from the HTTP status."""
        envelope: dict[str, Any] = {"responseMeta": {"status": status or http, "success": True}}
        if data is not None:
            envelope["data"] = data
        envelope["errorDisplay"] = ""
        return self._finish(_json(envelope, http))

    def empty(self, http: int = 200) -> Response:
        return self._finish(Response(b"", http))

    def redirect(self, location: str) -> Response:
        return self._finish(Response(b"", 302, {"location": location}))

    def raw(self, content: bytes, content_type: str, headers: dict[str, str] | None = None) -> Response:
        return self._finish(Response(content, 200, {"content-type": content_type, **(headers or {})}))

    def refused(self, error: AppError) -> Response:
        meta: dict[str, Any] = {
            "status": error.http,
            "success": False,
            "error": {
                "code": error.code,
                "title": error.title,
                "message": error.message,
                "errorType": error.error_type,
            },
        }
        if error.reference:
            meta["error"]["referenceDoc"] = error.reference
        envelope: dict[str, Any] = {"responseMeta": meta}
        if error.data is not None:
            envelope["data"] = error.data
        envelope["errorDisplay"] = f"{error.code}: {error.message}"
        return self._finish(_json(envelope, error.http))


def bad_request(message: str) -> AppError:
    return AppError(400, "AE-BAD-4000", f"Bad request: {message}", title="Invalid request", error_type="BAD_REQUEST")


def _json(value: Any, http: int) -> Response:
    return Response(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(),
        http,
        {"content-type": "application/json"},
    )


def _text(http: int, text: str) -> Response:
    return Response(text.encode(), http, {"content-type": "text/plain"})


class RequestLog:
    """logs/requests.jsonl, one line a request, written when it is answered (or given up)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, **fields: Any) -> None:
        with self._lock:
            self._file.write(json.dumps(fields) + "\n")


class Application:
    """The ASGI application."""

    def __init__(self, instance: Instance, route_modules: tuple[str, ...] = ROUTE_MODULES) -> None:
        self.instance = instance
        self.log = RequestLog(instance.root / "logs" / "requests.jsonl")
        self.error_log = instance.root / "logs" / "backend" / "backend.log"
        self._recent: dict[str, deque[float]] = {}
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[Any, Any, Route]] = []
        for name in route_modules:
            module = importlib.import_module(f".{name}", __package__)
            for route in module.ROUTES:
                if route.since and not instance.release.since(route.since):
                    continue
                if route.until and instance.release.since(route.until) and not _same(instance.release, route.until):
                    continue
                if "{" in route.path:
                    regex, _format, convertors = compile_path(route.path)
                    self._patterns.append((regex, convertors, route))
                else:
                    self._exact[route.method, route.path] = route
        # /api/v1/pages/view must win over /api/v1/pages/{id}: more fixed characters first.
        self._patterns.sort(key=lambda item: -len(item[2].path.split("{")[0]))

    def backend_answers(self) -> bool:
        """False while the backend is stopped or will not start; process.py knows."""
        return True

    def _route(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        exact = self._exact.get((method, path))
        if exact:
            return exact, {}
        for regex, _convertors, route in self._patterns:
            if route.method == method:
                match = regex.match(path)
                if match:
                    return route, match.groupdict()
        return None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                if message["type"] == "lifespan.startup":
                    await send({"type": "lifespan.startup.complete"})
                else:
                    await send({"type": "lifespan.shutdown.complete"})
                    return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        started = time.time()
        entry: dict[str, Any] = {"user": None, "status": None, "write": False}
        try:
            response = await self._answer(request, entry)
            entry["status"] = response.status_code if response else None
        except ClientDisconnect:
            response = None
        except Reset:
            response = None
            _break_connection(send)
        finally:
            self.log.write(
                time=started,
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                seconds=round(time.time() - started, 4),
                **entry,
            )
        if response is not None:
            await response(scope, receive, send)

    async def _answer(self, request: Request, entry: dict[str, Any]) -> Response | None:
        instance = self.instance
        path, method = request.url.path, request.method
        if path == "/info" and method == "GET":
            return _json(info_file(instance), 200)
        if not self.backend_answers() or time.monotonic() < instance.ready_at:
            return _text(502, "502 Bad Gateway") if _is_api(path) else _loading_page()
        if not _is_api(path):
            return Response(b"<!DOCTYPE html><title>Appsmith</title>", 200, {"content-type": "text/html"})
        if self._too_many(request):
            return _text(429, "429 Too Many Requests")

        body = await request.body()
        found = self._route("GET" if method == "HEAD" else method, path)
        ctx = Context(instance, request, found[1] if found else {}, body)
        try:
            probe = request.headers.get("x-appsmith-version")
            if probe is not None and probe != instance.release.name:
                raise AppError(
                    400,
                    "AE-BAD-4002",
                    "Appsmith server version mismatch",
                    title="Version mismatch",
                    error_type="BAD_REQUEST",
                    data={"serverVersion": instance.release.name},
                )
            refusal = _csrf_refusal(ctx)
            if refusal:
                return refusal
            if not _authenticate(ctx):
                return ctx.empty(401)
            entry["user"] = ctx.user["email"] if ctx.user else None
            if found is None:
                if ctx.user is None:
                    return ctx.empty(401)
                return ctx._finish(_no_route(path))
            route = found[0]
            if ctx.user is None and not route.anonymous:
                return ctx.empty(401)
            entry["write"] = route.write(ctx) if callable(route.write) else route.write
            content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
            if body and content_type not in (
                "",
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data",
            ):
                return ctx._finish(_no_content_type())
            if content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
                await _read_form(ctx)
            fault = faults.take(instance.root, route.handler.__name__, _application_of(ctx))
            if fault is None:
                return await _work(route, ctx)
            entry["fault"] = fault.kind
            return await _faulty(fault, route, ctx)
        except AppError as error:
            return ctx.refused(error)
        except NeverAnswer:
            while not await request.is_disconnected():
                await anyio.sleep(0.05)
            return None
        except (ClientDisconnect, Reset):
            raise
        except Exception:
            self._log_failure(request)
            return ctx.refused(internal_error())

    def _log_failure(self, request: Request) -> None:
        """A fault of the sandbox itself must not look like Appsmith's misbehaviour: it stands here with its trace."""
        self.error_log.parent.mkdir(parents=True, exist_ok=True)
        with self.error_log.open("a", encoding="utf-8") as log:
            log.write(f"{now_text()} SANDBOX FAULT {request.method} {request.url}\n{traceback.format_exc()}\n")

    def _too_many(self, request: Request) -> bool:
        limit = self.instance.environment.get("APPSMITH_RATE_LIMIT", "100")
        if limit == "disabled":
            return False
        key = "|".join(
            [
                request.headers.get("forwarded", ""),
                request.headers.get("x-forwarded-for", ""),
                request.client.host if request.client else "",
            ]
        )
        recent = self._recent.setdefault(key, deque())
        now = time.monotonic()
        while recent and recent[0] < now - 1:
            recent.popleft()
        if len(recent) >= int(limit):
            return True
        recent.append(now)
        return False


async def _work(route: Route, ctx: Context) -> Response:
    if inspect.iscoroutinefunction(route.handler):
        answer: Response = await route.handler(ctx)
        return answer
    return await run_in_threadpool(route.handler, ctx)


async def _faulty(fault: faults.Fault, route: Route, ctx: Context) -> Response:
    """A call that meets a fault. What happens in the middle of its work happens there."""
    token = faults.met.set(fault)
    try:
        if fault.kind not in ("no-answer", "reset", "gateway"):
            answer = await _work(route, ctx)
            if fault.kind == "late" and not fault.paused:
                await run_in_threadpool(faults.pause, ctx.root)
            return answer
        if fault.done:
            try:
                await _work(route, ctx)
            except AppError:
                pass
        if fault.kind == "no-answer":
            raise NeverAnswer
        if fault.kind == "reset":
            raise Reset
        words = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}.get(fault.status, "Error")
        page = f"<html><head><title>{fault.status} {words}</title></head><body>{fault.status} {words}</body></html>"
        return Response(page.encode(), fault.status, {"content-type": "text/html"})
    finally:
        faults.met.reset(token)


def _application_of(ctx: Context) -> Document | None:
    """The application that a call is about, as far as path and query tell."""
    if not faults.path(ctx.root).exists():
        return None
    doc_id = ctx.path.get("id") or ctx.query.get("applicationId")
    page = ctx.store.get("pages", doc_id)
    return ctx.store.get("applications", page["applicationId"] if page else doc_id)


def _break_connection(send: Any) -> None:
    """With a reset, where the server behind lets us at its transport; uvicorn then hears of a lost connection."""
    transport = send.__self__.transport
    # No lingering: what is unsent is thrown away, and the other side is told by RST instead of FIN.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _same(release: Release, name: str) -> bool:
    return release.number == number(name)


def _is_api(path: str) -> bool:
    return path.startswith(("/api", "/oauth2", "/login", "/rts", "/supervisor"))


def _loading_page() -> Response:
    page = b"<!DOCTYPE html><title>Appsmith is starting</title><p>Appsmith is starting.</p>"
    return Response(page, 200, {"content-type": "text/html"})


def _no_route(path: str) -> Response:
    return _json(
        {
            "responseMeta": {
                "status": 404,
                "success": False,
                "message": f'404 NOT_FOUND "No static resource {path.lstrip("/")}."',
            }
        },
        404,
    )


def _no_content_type() -> Response:
    return _json({"responseMeta": {"status": 400, "success": False, "message": "Unsupported Content-Type"}}, 400)


def info_file(instance: Instance) -> dict[str, Any]:
    """What the image has as /opt/appsmith/info.json."""
    sha = "0" * 40
    return {
        "commitSha": sha,
        "commitUrl": f"https://github.com/appsmithorg/appsmith/commit/{sha}",
        "githubRef": f"refs/tags/{instance.release.name}",
        "githubRunUrl": "https://github.com/appsmithorg/appsmith/actions/runs/0",
        "version": instance.release.name,
        "imageBuiltAt": "2025-01-01T00:00:00Z",
        "isCI": True,
    }


def _csrf_refusal(ctx: Context) -> Response | None:
    """The rule of the release (contract 1.6); None = go on."""
    request = ctx.request
    if request.method in ("GET", "HEAD", "OPTIONS") or request.headers.get("x-requested-by") == "Appsmith":
        return None
    content_type = request.headers.get("content-type", "")
    if not ctx.release.csrf_cookie:
        exempt = ("/api/v1/login", "/api/v1/users", "/api/v1/users/super", "/api/v1/users/verifyEmailVerificationToken")
        if content_type == "application/json" or request.url.path in exempt:
            return None
        return ctx.refused(
            AppError(403, "AE-ACL-4003", "Unauthorized access", title="Unauthorized", error_type="AUTHENTICATION_ERROR")
        )
    if content_type.split(";")[0].strip().lower() == "application/json" or "x-appsmith-version" in request.headers:
        return None
    token = request.cookies.get("XSRF-TOKEN")
    if token and request.headers.get("x-xsrf-token") == token:
        return None
    in_form = content_type.startswith("application/x-www-form-urlencoded")
    if token and in_form and parse_qs(ctx.body.decode("utf-8", "replace")).get("_csrf") == [token]:
        return None
    return _text(403, "Invalid CSRF Token")


def _authenticate(ctx: Context) -> bool:
    """Find the user of a session cookie or of HTTP Basic; False = a wrong password by Basic."""
    from . import auth

    header = ctx.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        try:
            name, _colon, password = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        ctx.user = auth.user_by_password(ctx.store, name, password)
        return ctx.user is not None
    if ctx.release.csrf_cookie and "XSRF-TOKEN" not in ctx.request.cookies:
        ctx.set_cookie(f"XSRF-TOKEN={auth.new_token()}; Path=/")
    ctx.session, ctx.user = auth.user_by_session(ctx.store, ctx.request.cookies.get("SESSION"))
    return True


async def _read_form(ctx: Context) -> None:
    """Fields and files of a form body. The content type of a part matters to Appsmith, so it is kept as sent."""
    form = await ctx.request.form(max_files=1000, max_fields=10000)
    for key, value in form.multi_items():
        if isinstance(value, str):
            ctx.form[key] = value
        else:
            content = await value.read()
            ctx.files[key] = Upload(value.filename, value.headers.get("content-type"), content)
    await form.close()
