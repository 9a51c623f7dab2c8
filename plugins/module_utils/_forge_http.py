# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to the REST API of a Git host; private to the collection."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    AuthenticationFailed,
    CheckModeWrite,
    ConnectionFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestTimeout,
)

try:
    import requests

    HAS_REQUESTS = True
except ImportError:
    HAS_REQUESTS = False

PAGE = 50
# A host that asks for patience gets it this often and no longer than this, in seconds.
PATIENCE, LONGEST = 3, 60
# Reads that a host could not answer for the moment are repeated after these pauses.
REPEATS = (1.0, 3.0)


def clock() -> float:
    """The time of day, as hosts tell when they take requests again. Tests replace it."""
    return time.time()


class GitHostError(AppsmithError):
    """The Git host refused, for a reason of its own."""


class ForgeHttp:
    """Requests to one host. O(headers) carries the token; it is in no error and in no address."""

    def __init__(
        self,
        url: str,
        api: str,
        *,
        headers: dict[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        validate_certs: bool = True,
        ca_path: str | None = None,
        timeout: int = 30,
        check_mode: bool = False,
        options: tuple[str, str, str] = ("forge_url", "forge_token", "forge_token"),
    ) -> None:
        """C(options) are the names that errors use: of the address, of the credentials, and of who they belong to."""
        self.url = address(url, options[0])
        self._api = f"{self.url if api.startswith('/') else ''}{api}"
        self.check_mode = check_mode
        self._timeout = timeout
        self._verify: bool | str = ca_path if validate_certs and ca_path else validate_certs
        self._secrets = tuple(secret for secret in secrets if secret)
        self._options = options
        self._http = requests.Session()
        self._http.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        self._http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        self._http.headers.update(headers or {})
        if basic:
            # Bytes, since requests would write other than ASCII in Latin-1.
            self._http.auth = (basic[0].encode(), basic[1].encode())  # type: ignore[assignment]
        else:
            # Without an own (empty) authentication requests would take one from ~/.netrc.
            self._http.auth = lambda request: request

    # -- calls ------------------------------------------------------------------------------------------------------
    def get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params)[0]

    def find(self, path: str, **params: Any) -> Any:
        """As get, and None for what is not there."""
        try:
            return self.get(path, **params)
        except NotFound:
            return None

    def count(self, path: str, **params: Any) -> int:
        """How many items a list has in all, where the host says it beside the first ones."""
        return int(self._call("GET", path, params)[1].headers["X-Total-Count"])

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, json=body)[0]

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PUT", path, json=body)[0]

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PATCH", path, json=body)[0]

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def pages(
        self, path: str, *, size: str = "per_page", items: Callable[[Any], list[Any]] = list, **params: Any
    ) -> Iterator[Any]:
        """Every item of a list that comes in pages; a short page is the last one."""
        page = 1
        while True:
            found = items(self.get(path, **{**params, size: PAGE, "page": page}) or [])
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def _call(
        self, method: str, path: str, params: dict[str, Any] | None = None, json: Any = None
    ) -> tuple[Any, requests.Response]:
        reads = method == "GET"
        if self.check_mode and not reads:
            raise CheckModeWrite(f"{method} {path} was about to be sent in check mode")
        patience, repeats = PATIENCE, list(REPEATS) if reads else []
        while True:
            try:
                response = self._send(method, path, params, json)
            except ConnectionFailed:
                if not repeats:
                    raise
                _wait.sleep(repeats.pop(0))
                continue
            limit = _asked_to_wait(response)
            if limit is not None and patience and limit <= LONGEST:
                # It was refused before it was looked at: no harm in sending it again, read or write.
                patience -= 1
                _wait.sleep(limit)
            elif response.status_code in (502, 503, 504) and repeats:
                _wait.sleep(repeats.pop(0))
            elif 200 <= response.status_code < 300:
                return self._json(response), response
            else:
                raise self._refusal(path, response, limit)

    def _send(self, method: str, path: str, params: dict[str, Any] | None, json: Any) -> requests.Response:
        try:
            return self._http.request(
                method,
                self._api + path,
                params=params,
                json=json,
                timeout=(10, self._timeout),
                verify=self._verify,
                allow_redirects=False,
            )
        except requests.exceptions.ReadTimeout as error:
            if method != "GET":
                raise RequestTimeout(
                    f"The Git host {self.url} did not answer within {self._timeout} s",
                    next_step="It may still be at work: look before trying again.",
                ) from error
            raise self._no_answer(error) from error
        except requests.exceptions.RequestException as error:
            raise self._no_answer(error) from error

    def _no_answer(self, error: Exception) -> ConnectionFailed:
        return ConnectionFailed(
            f"No answer from the Git host {self.url}: {type(error).__name__}", next_step=f"Check {self._options[0]}."
        )

    def _json(self, response: requests.Response) -> Any:
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise GitHostError(
                f"The Git host {self.url} answered something else than JSON",
                http_status=response.status_code,
                next_step=f"Check {self._options[0]}: it is the address that a browser opens.",
            ) from error

    # -- refusals ---------------------------------------------------------------------------------------------------
    def _refusal(self, path: str, response: requests.Response, limit: float | None) -> AppsmithError:
        status, said = response.status_code, self._hide(_message(response))
        where, tail = f"The Git host {self.url}", f": {said}" if said else ""
        if limit is not None:
            return RateLimited(
                f"{where} allows no more requests for now{tail}",
                http_status=status,
                next_step=f"Try again in {max(1, round(limit / 60))} minutes, or with fewer repositories at once.",
            )
        if 300 <= status < 400:
            target = self._hide(str(response.headers.get("Location") or "another address")).split("?", maxsplit=1)[0]
            return GitHostError(
                f"{where} sends {_subject(path)} to {target}",
                http_status=status,
                next_step=f"Give {self._options[0]} and the repository as they are called now.",
            )
        known: dict[int, tuple[type[AppsmithError], str, str]] = {
            401: (AuthenticationFailed, "refused the credentials", f"Check {self._options[1]}."),
            403: (
                PermissionDenied,
                f"refused the request for {_subject(path)}",
                f"{self._options[2]} needs the right for it at this repository.",
            ),
            404: (
                NotFound,
                f"does not know {_subject(path)}, or hides it",
                "Check the repository's address, and that the account may see it.",
            ),
        }
        kind, text, step = known.get(status, (GitHostError, f"answered HTTP {status}", "See the Git host's log."))
        return kind(f"{where} {text}{tail}", http_status=status, next_step=step)

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        return text


def address(url: str, option: str) -> str:
    """The address without a slash at its end; refused when it is none, or carries credentials."""
    url = str(url or "").strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise InvalidInput(f"{option} is no address", next_step="Give it as https://git.example.com.")
    return url


def _subject(path: str) -> str:
    """What a path is about, for a person: owner and name of the repository, or the last part of it."""
    found = re.match(r"/(?:repos|projects)/((?:[^/]+/[^/]+)|[^/]+)", path)
    text = found[1] if found else path.strip("/")
    if path.startswith("/projects/"):
        text = text.split("/")[0]
    return text.replace("%2F", "/")


def _message(response: requests.Response) -> str:
    """The host's own words, whichever of the three ways it says them."""
    try:
        body = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    parts = [body.get("message"), body.get("error"), body.get("error_description")]
    # Gitea's answer to a conflict is that of git.
    parts.append(" ".join(str(body.get(key) or "") for key in ("StdOut", "StdErr")))
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else []:
        parts.append(error.get("message") or error.get("code") if isinstance(error, dict) else error)
    return " ".join("; ".join(text for text in map(_flat, parts) if text).split())[:500]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_flat(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_flat(item) for item in value)
    return str(value or "").strip()


def _asked_to_wait(response: requests.Response) -> float | None:
    """Seconds until the host takes requests again; None when it was no rate limit that refused this one."""
    limited = response.status_code == 429 or (
        response.status_code == 403
        and ("Retry-After" in response.headers or response.headers.get("X-RateLimit-Remaining") == "0")
    )
    if not limited:
        return None
    after = response.headers.get("Retry-After", "")
    if after.isdigit():
        return float(after)
    reset = response.headers.get("X-RateLimit-Reset") or response.headers.get("RateLimit-Reset") or ""
    return max(1.0, float(reset) - clock()) if reset.isdigit() else float(LONGEST)
