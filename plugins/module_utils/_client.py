# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to Appsmith's HTTP API; private to the collection."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    AuthenticationFailed,
    CheckModeWrite,
    ConnectionFailed,
    IncompatibleVersion,
    InvalidInput,
    NotAppsmith,
    NotReady,
    RateLimited,
    RequestTimeout,
    error_from_answer,
)

try:
    import requests
    import urllib3
except ImportError:
    # The module says so in the field's words (see _module.py).
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

API = "/api/v1"
MAX_PAUSE = 30.0


@dataclass
class Answer:
    """An answer of the server, not judged."""

    status: int
    headers: Mapping[str, str]
    text: str
    meta: dict[str, Any] | None = None
    data: Any = None
    # The JSON of an answer without an envelope (an export, /info).
    body: Any = None

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def is_envelope(self) -> bool:
        return self.meta is not None

    @property
    def error(self) -> dict[str, Any]:
        return (self.meta or {}).get("error") or {}


def clean_url(url: str) -> str:
    """The base address without a slash at its end; refuses what can't be one."""
    text = (url or "").strip().rstrip("/")
    try:
        parts = urlsplit(text)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_readable = urlsplit(""), False
    # Says nothing of the address itself where it carries a password.
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("appsmith_url holds a user name", next_step="Use appsmith_username and appsmith_password.")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_readable:
        raise InvalidInput(
            f"'{url}' is no address of an instance", next_step="Give appsmith_url as https://appsmith.example.com."
        )
    if parts.query or parts.fragment:
        raise InvalidInput(f"'{url}' holds more than an address", next_step="Give appsmith_url without '?' and '#'.")
    return text


class Client:
    """One HTTP session with an instance.

    Paths are below C(/api/v1) unless O(root) is true. A request that writes is refused in check mode before it is sent.
    Redirects are never followed: Appsmith's API has none but those that carry an outcome.
    """

    def __init__(
        self,
        url: str,
        *,
        validate_certs: bool = True,
        ca_path: str | None = None,
        connect_timeout: float = 10,
        timeout: float = 180,
        session: Mapping[str, str] | str | None = None,
        check_mode: bool = False,
        retries: int = 4,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.url = clean_url(url)
        self.check_mode = check_mode
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.retries = retries
        self._sleep = sleep
        self._verify: bool | str = (ca_path or True) if validate_certs else False
        self._answered = False
        self._arguments: dict[str, Any] = {
            "validate_certs": validate_certs,
            "ca_path": ca_path,
            "connect_timeout": connect_timeout,
            "timeout": timeout,
            "check_mode": check_mode,
            "retries": retries,
            "sleep": sleep,
        }
        if self._verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._http = requests.Session()
        # Without an own (empty) authentication requests would take one from ~/.netrc.
        self._http.auth = lambda request: request
        parts = urlsplit(self.url)
        self._http.headers.update(
            {
                "X-Requested-By": "Appsmith",
                "Origin": f"{parts.scheme}://{parts.netloc}",
                "Accept": "application/json, */*",
                "User-Agent": "stagecraft.appsmith",
            }
        )
        if session:
            self.session = session if isinstance(session, str) else session.get("SESSION")

    def clone(self) -> Client:
        """A client of the same session for another thread (a requests.Session is not made for two)."""
        return Client(self.url, session=self.session, **self._arguments)

    @property
    def session(self) -> str | None:
        """The value of the session's cookie."""
        return next((cookie.value for cookie in self._http.cookies if cookie.name == "SESSION"), None)

    @session.setter
    def session(self, value: str | None) -> None:
        self._http.cookies.clear()
        if value:
            self._http.cookies.set("SESSION", value)

    def close(self) -> None:
        self._http.close()

    # -- requests that return the envelope's data -------------------------------------------------------------------
    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return self.call("GET", path, params=params, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("PUT", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("PATCH", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("DELETE", path, **options)

    def call(self, method: str, path: str, **options: Any) -> Any:
        return self.judge(self.answer(method, path, **options), path)

    # -- one request ------------------------------------------------------------------------------------------------
    def answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        writes: bool | None = None,
        safe_to_repeat: bool | None = None,
        retries: int | None = None,
        root: bool = False,
    ) -> Answer:
        """Send a request and return its answer, whatever it says; raises when there is no answer at all."""
        writes = method != "GET" if writes is None else writes
        safe = (method == "GET" and not writes) if safe_to_repeat is None else safe_to_repeat
        if writes and self.check_mode:
            raise CheckModeWrite(f"Check mode refused {method} {path}")
        wanted = {
            "method": method,
            "url": f"{self.url}{'' if root else API}{path}",
            "params": params,
            "json": json,
            "data": form,
            "files": files,
            "headers": headers,
            "timeout": (self.connect_timeout, timeout or self.timeout),
            "verify": self._verify,
            "allow_redirects": False,
        }
        if auth:
            # Bytes, since requests would write other than ASCII in Latin-1.
            wanted["auth"] = (auth[0].encode(), auth[1].encode())
        for attempt in range(1 + (self.retries if retries is None else retries), 0, -1):
            pause: float | None = None
            try:
                answer = self._send(wanted)
            except ConnectionFailed as error:
                # Where nothing has ever answered it is a wrong address rather than a restart: say so at once.
                if attempt == 1 or not self._answered or not (error.details or {}).get("refused"):
                    raise
            except RequestTimeout as error:
                if attempt == 1 or not safe or not (error.details or {}).get("broken"):
                    raise
            else:
                self._answered = True
                # 429 comes from the proxy in front: the server has not seen the request, so a write may be repeated.
                too_many = answer.status == 429 and not answer.is_envelope
                starting = answer.status in (502, 503) and not answer.is_envelope
                if attempt == 1 or not (too_many or (starting and safe)):
                    return answer
                pause = _retry_after(answer)
            done = (self.retries if retries is None else retries) - attempt + 1
            (self._sleep or _wait.sleep)(min(MAX_PAUSE, pause if pause is not None else 2.0**done))
        raise AssertionError("unreachable")

    def _send(self, wanted: dict[str, Any]) -> Answer:
        where = f"{wanted['method']} {self.url}"
        try:
            response = self._http.request(**wanted)
        except requests.exceptions.SSLError as error:
            raise _tls_failed(self.url, error) from error
        except requests.exceptions.ConnectTimeout as error:
            raise ConnectionFailed(f"{self.url} did not answer within {self.connect_timeout:g} seconds") from error
        except requests.exceptions.ReadTimeout as error:
            raise RequestTimeout(f"No answer to {where} within {wanted['timeout'][1]:g} seconds") from error
        except requests.exceptions.ConnectionError as error:
            if _nothing_sent(error):
                raise ConnectionFailed(
                    f"No connection to {self.url}: {_reason(error)}", details={"refused": True}
                ) from error
            raise RequestTimeout(
                f"The connection broke before an answer to {where} came: {_reason(error)}", details={"broken": True}
            ) from error
        except requests.exceptions.RequestException as error:
            raise ConnectionFailed(f"{where} failed: {_reason(error)}") from error
        except OSError as error:
            # requests' own check of the CA file
            raise InvalidInput(str(error), next_step="Check appsmith_ca_path.") from error
        return _read(response)

    def judge(self, answer: Answer, path: str = "") -> Any:
        """The data of an answer; raises what the answer says."""
        if answer.meta is not None:
            return self._judge_envelope(answer, path)
        if answer.status == 401 and not answer.text:
            raise AuthenticationFailed(
                "Not signed in, or the session has ended",
                http_status=401,
                next_step="Sign in again (stagecraft.appsmith.login).",
            )
        if 200 <= answer.status < 300 and not answer.text.strip():
            return None
        if answer.status == 429:
            raise RateLimited(f"{self.url} refused the request: too many at once", http_status=429)
        if answer.status in (502, 503) or "Appsmith is starting" in answer.text:
            raise NotReady(f"Appsmith at {self.url} is not ready (HTTP {answer.status})", http_status=answer.status)
        if answer.status == 504:
            raise RequestTimeout(f"The proxy in front of {self.url} gave up waiting", http_status=504)
        if 300 <= answer.status < 400:
            raise NotAppsmith(
                f"{self.url} redirects to {answer.location}",
                http_status=answer.status,
                next_step="Give the address it redirects to as appsmith_url, if it is the instance's.",
            )
        if answer.status == 403 and "CSRF" in answer.text:
            raise AppsmithError("The request was refused (CSRF)", http_status=403)
        raise NotAppsmith(
            f"{self.url} answers, but not as Appsmith does (HTTP {answer.status})", http_status=answer.status
        )

    @staticmethod
    def _judge_envelope(answer: Answer, path: str) -> Any:
        meta = answer.meta or {}
        if 200 <= answer.status < 300 and meta.get("success") is True:
            return answer.data
        if not answer.error and answer.status == 404:
            raise IncompatibleVersion(
                f"This release of Appsmith does not know {path}",
                http_status=404,
                next_step="Check the instance's release; it may be too old or too new.",
            )
        message = answer.error.get("message") or meta.get("message") or ""
        raise error_from_answer(answer.status, answer.error.get("code"), message, details=answer.data)


def _read(response: Any) -> Answer:
    response.encoding = response.encoding if "charset" in response.headers.get("Content-Type", "") else "utf-8"
    answer = Answer(response.status_code, response.headers, response.text)
    try:
        body = jsonlib.loads(answer.text)
    except ValueError:
        return answer
    if isinstance(body, dict) and isinstance(body.get("responseMeta"), dict):
        answer.meta = body["responseMeta"]
        answer.data = body.get("data")
    else:
        answer.body = body
    return answer


def _retry_after(answer: Answer) -> float | None:
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "")))
    except ValueError:
        return None


def _nothing_sent(error: Any) -> bool:
    """True when the connection was never made, so that even a write may be repeated."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _tls_failed(url: str, error: Any) -> ConnectionFailed:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "CertificateError" in text:
        return ConnectionFailed(
            f"The certificate of {url} was refused: {_reason(error)}",
            next_step="Give its authority by appsmith_ca_path, or set appsmith_validate_certs to false.",
            details={"certificate": True},
        )
    return ConnectionFailed(
        f"{url} does not speak TLS as it should: {_reason(error)}",
        next_step="Check whether appsmith_url should begin with http:// or has another port.",
        details={"certificate": True},
    )


def _reason(error: Any) -> str:
    """The innermost cause, without the layers of objects that requests and urllib3 put around it."""
    inner = error.args[0] if getattr(error, "args", None) else error
    inner = getattr(inner, "reason", inner)
    text = str(inner)
    for mark in ("[Errno ", "[SSL: "):
        if mark in text:
            text = text[text.index(mark) :].split("]", 1)[-1].split("(_ssl.c", 1)[0].strip(" )'\"")
            break
    else:
        text = text.rsplit(": ", 1)[-1] if "object at 0x" in text else text
    return text.rstrip(" .)") or type(error).__name__
