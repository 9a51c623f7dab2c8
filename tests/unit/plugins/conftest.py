# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules in this process against a list of calls that must be made: no other, none less, in this order.

    def test_it(api, run_module):
        api.expect("GET", "/workspaces/home", data=[...])
        api.expect("POST", "/workspaces", json={"name": "x"}, status=201, data={...})
        result = run_module("workspace", {"name": "x"})
        assert result["changed"]

Paths are below /api/v1 (C(root=True): below the address). C(run_module) gives a session, so that no sign-in is made;
C(params={"appsmith_session": None, "appsmith_username": ..., "appsmith_password": ...}) and C(api.expect_sign_in())
test it.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json as jsonlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import responses
import urllib3
from ansible.module_utils import _internal
from ansible.module_utils.testing import patch_module_args
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

URL = "http://appsmith.example.com"
SESSION = "11111111-aaaa-bbbb-cccc-222222222222"
USERNAME = "admin@example.com"
PASSWORD = "Correct-Horse-1"
ANY = object()
MODULES = "ansible_collections.stagecraft.appsmith.plugins.modules"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class UnexpectedCall(BaseException):
    """Not an Exception, so that no module can take it for a failing server."""


def envelope(data: Any = None, status: int = 200) -> dict[str, Any]:
    body: dict[str, Any] = {"responseMeta": {"status": status, "success": True}, "errorDisplay": ""}
    if data is not None:
        body["data"] = data
    return body


def error_envelope(status: int, code: str | int, message: str, data: Any = None) -> dict[str, Any]:
    title = "TITLE"
    error = {"code": code, "title": title, "message": message, "errorType": title}
    body: dict[str, Any] = {
        "responseMeta": {"status": status, "success": False, "error": error},
        "errorDisplay": f"{code}: {message}",
    }
    if data is not None:
        body["data"] = data
    return body


@dataclass
class Call:
    """A call that must be made, and its answer. What is left at its default must be absent from the request."""

    method: str
    path: str
    params: dict[str, Any] | None = None
    json: Any = None
    form: dict[str, str] | None = None
    multipart: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    basic: tuple[str, str] | None = None
    session: Any = ANY
    root: bool = False
    # The answer: data in an envelope, unless error, text or raises is given.
    status: int = 200
    data: Any = None
    error: tuple[int, str | int, str] | None = None
    error_data: Any = None
    text: str | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    cookie: str | None = None
    raises: Exception | None = None

    def full_path(self) -> str:
        return self.path if self.root else f"/api/v1{self.path}"

    def __str__(self) -> str:
        return f"{self.method} {self.full_path()}" + (f" {self.params}" if self.params else "")

    def misfit(self, request: Any, url: str) -> str | None:
        """Why the request isn't this call."""
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != url:
            return f"sent to {parts.scheme}://{parts.netloc}"
        if request.method != self.method or parts.path != self.full_path():
            return "another call"
        wanted = {key: str(value) for key, value in (self.params or {}).items()}
        if dict(parse_qsl(parts.query, keep_blank_values=True)) != wanted:
            return f"query {parts.query!r}"
        for key, value in {"X-Requested-By": "Appsmith", "Origin": url, **self.headers}.items():
            if request.headers.get(key) != value:
                return f"header {key}: {request.headers.get(key)!r}"
        basic = request.headers.get("Authorization")
        if self.basic:
            if basic != "Basic " + base64.b64encode(":".join(self.basic).encode()).decode():
                return f"Authorization {basic!r}"
        elif basic is not None:
            return "credentials were sent"
        if self.session is not ANY:
            found = re.search(r"SESSION=([^;]*)", request.headers.get("Cookie", ""))
            if (found.group(1) if found else None) != self.session:
                return f"session {request.headers.get('Cookie')!r}"
        return self._body_misfit(request)

    def _body_misfit(self, request: Any) -> str | None:
        body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
        if self.multipart is not None:
            if "multipart/form-data" not in request.headers.get("Content-Type", ""):
                return f"no multipart body: {body!r}"
            parts = self.multipart if isinstance(self.multipart, (list, tuple)) else [self.multipart]
            missing = [part for part in parts if part not in (body or "")]
            return f"body without {missing}: {body!r}" if missing else None
        if self.form is not None:
            sent = dict(parse_qsl(body or "", keep_blank_values=True))
            return None if sent == self.form else f"form {sent}"
        if self.json is not None:
            sent = jsonlib.loads(body) if body else None
            return None if sent == self.json else f"body {jsonlib.dumps(sent)}"
        return None if not body else f"a body: {body!r}"

    def answer(self) -> tuple[int, dict[str, str], str]:
        if self.raises is not None:
            raise self.raises
        headers = dict(self.answer_headers)
        if self.location is not None:
            headers["Location"] = self.location
        if self.cookie is not None:
            headers["Set-Cookie"] = f"SESSION={self.cookie}; Path=/; HttpOnly; SameSite=Lax"
        if self.error is not None:
            headers.setdefault("Content-Type", "application/json")
            return self.error[0], headers, jsonlib.dumps(error_envelope(*self.error, data=self.error_data))
        if self.text is not None or self.location is not None:
            return self.status, headers, self.text or ""
        headers.setdefault("Content-Type", "application/json")
        return self.status, headers, jsonlib.dumps(envelope(self.data, self.status))


class Api:
    """The instance as a list of calls that are to come."""

    unexpected = UnexpectedCall

    def __init__(self, url: str = URL) -> None:
        self.url = url
        self.made: list[str] = []
        self.problems: list[str] = []
        # Each step is a list of calls that may come in any order; a single call is a list of one.
        self._steps: list[list[Call]] = []
        self._lock = threading.Lock()

    @classmethod
    @contextlib.contextmanager
    def mocked(cls) -> Iterator[Api]:
        instance = cls()
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            for method in METHODS:
                mock.add_callback(method, re.compile(".*"), callback=instance, content_type=None)
            yield instance
            instance.check()

    def expect(self, method: str, path: str, **more: Any) -> Call:
        call = Call(method, path, **more)
        self._steps.append([call])
        return call

    @staticmethod
    def call(method: str, path: str, **more: Any) -> Call:
        return Call(method, path, **more)

    @staticmethod
    def refused() -> Exception:
        """C(raises=api.refused()): nobody listens at the address."""
        reason = urllib3.exceptions.NewConnectionError(None, "[Errno 111] Connection refused")  # type: ignore[arg-type]
        return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason))  # type: ignore[arg-type]

    def expect_any_order(self, calls: Iterable[Call]) -> None:
        """For work that is done side by side: all of these must come before what is expected next."""
        self._steps.append(list(calls))

    def expect_sign_in(self, username: str = USERNAME, password: str = PASSWORD, session: str = SESSION) -> None:
        me = {"email": username, "isAnonymous": False, "emptyInstance": False, "isSuperUser": True, "name": "Admin"}
        self.expect("GET", "/users/me", basic=(username, password), session=None, data=me)
        self.expect(
            "POST",
            "/login",
            form={"username": username, "password": password},
            status=302,
            location="/applications",
            cookie=session,
        )
        self.expect("GET", "/users/me", session=session, data=me)

    def expect_refused_password(self, username: str = USERNAME, password: str = PASSWORD) -> None:
        """A wrong password: one Basic call, and no login."""
        self.expect("GET", "/users/me", basic=(username, password), session=None, status=401, text="")

    def expect_sign_out(self) -> None:
        self.expect("POST", "/logout", data=True)

    def _take(self, request: Any) -> Call:
        seen = f"{request.method} {request.url}"
        with self._lock:
            self.made.append(seen)
            if not self._steps:
                self.problems.append(f"{seen}: nothing more was expected")
                raise UnexpectedCall(self.problems[-1])
            reasons = []
            for call in self._steps[0]:
                reason = call.misfit(request, self.url)
                if reason is None:
                    self._steps[0].remove(call)
                    if not self._steps[0]:
                        self._steps.pop(0)
                    return call
                reasons.append(f"  expected {call}: {reason}")
            self.problems.append("\n".join([seen, *reasons]))
            raise UnexpectedCall(self.problems[-1])

    def __call__(self, request: Any) -> tuple[int, dict[str, str], str]:
        return self._take(request).answer()

    def check(self) -> None:
        assert not self.problems, "\n".join(self.problems)
        missing = [str(call) for step in self._steps for call in step]
        assert not missing, "calls that were not made:\n" + "\n".join(missing)


@pytest.fixture
def api() -> Iterator[Api]:
    """The expected calls; at the end none may be left over."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(Api.mocked())


@pytest.fixture(autouse=True)
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits: pauses are recorded, and move the clock of _wait."""
    pauses: list[float] = []
    monkeypatch.setattr(_wait, "sleep", pauses.append)
    monkeypatch.setattr(_wait, "now", lambda: sum(pauses))
    return pauses


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "USERNAME", "PASSWORD", "SESSION", "VALIDATE_CERTS", "CA_PATH", "VERSION", "TIMEOUT"):
        monkeypatch.delenv(f"APPSMITH_{name}", raising=False)


def _shape_of(name: str) -> type[AppsmithModule]:
    """The class behind a module's main()."""
    found = importlib.import_module(f"{MODULES}.{name}")
    shapes = [
        value
        for value in vars(found).values()
        if isinstance(value, type) and issubclass(value, AppsmithModule) and value.__module__ == found.__name__
    ]
    assert len(shapes) == 1, f"{name} has {len(shapes)} module classes"
    assert callable(found.main)
    return shapes[0]


def execute(module: Any, params: dict[str, Any], check_mode: bool = False, diff: bool = False) -> dict[str, Any]:
    """Run a module (name, or AppsmithModule class) and return what Ansible would get; C(failed) says how it ended."""
    shape = _shape_of(module) if isinstance(module, str) else module
    if shape.needs_connection:
        params = {"appsmith_url": URL, "appsmith_session": SESSION, **params}
    arguments = {key: value for key, value in params.items() if value is not None}
    arguments.update({"_ansible_check_mode": check_mode, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"})
    output = io.StringIO()
    # As in a process of its own, although other tests have imported Ansible's own parts: warnings go into the result.
    module_process = mock.patch.object(_internal, "is_controller", False)
    with (
        module_process,
        patch_module_args(arguments),
        contextlib.redirect_stdout(output),
        pytest.raises(SystemExit) as stop,
    ):
        shape.main()
    result = jsonlib.loads(output.getvalue().strip().splitlines()[-1])
    result.pop("invocation", None)
    result.setdefault("failed", stop.value.code != 0)
    return result


@pytest.fixture
def run_module() -> Callable[..., dict[str, Any]]:
    """C(run_module(name_or_class, params, check_mode=False, diff=False))."""

    def run(
        module: Any, params: dict[str, Any] | None = None, check_mode: bool = False, diff: bool = False
    ) -> dict[str, Any]:
        return execute(module, dict(params or {}), check_mode, diff)

    return run
