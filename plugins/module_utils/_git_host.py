# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy keys on a Git host (Gitea and Forgejo, by their REST API); private to the collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    AuthenticationFailed,
    ConnectionFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import RemoteUrl

try:
    import requests
except ImportError:
    # Reported by _module.py, which needs it as well.
    pass

PAGE = 50

GIT_HOST_OPTIONS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "type": {"type": "str", "choices": ["gitea"], "default": "gitea"},
        "url": {"type": "str", "required": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "token": {"type": "str", "no_log": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 30},
    },
    "required_together": [["username", "password"]],
    "mutually_exclusive": [["token", "username"]],
    "required_one_of": [["token", "username"]],
}


class GitHostError(AppsmithError):
    """The Git host refused, for a reason of its own."""


@dataclass(frozen=True)
class DeployKey:
    id: int
    title: str
    key: str
    read_only: bool


def key_material(key: str) -> tuple[str, ...]:
    """Type and content of a public key; the comment behind them means nothing."""
    return tuple((key or "").split()[:2])


class GitHost:
    """The deploy keys of repositories, known by their content."""

    def __init__(self, options: dict[str, Any], *, check_mode: bool = False) -> None:
        self.url = str(options["url"]).rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise InvalidInput("git_host.url is no address", next_step="Give it as https://git.example.com.")
        self.check_mode = check_mode
        self._timeout = options.get("timeout") or 30
        self._verify: bool | str = True
        if options.get("validate_certs") is False:
            self._verify = False
        elif options.get("ca_path"):
            self._verify = options["ca_path"]
        self._http = requests.Session()
        if options.get("token"):
            self._http.headers["Authorization"] = f"token {options['token']}"
            # Without an own (empty) authentication requests would take one from ~/.netrc.
            self._http.auth = lambda request: request
        else:
            # Bytes, since requests would write other than ASCII in Latin-1.
            self._http.auth = (str(options["username"]).encode(), str(options["password"]).encode())  # type: ignore[assignment]

    # -- keys -------------------------------------------------------------------------------------------------------
    def keys(self, repository: RemoteUrl) -> list[DeployKey]:
        found: list[DeployKey] = []
        page = 1
        while True:
            items = self._call("GET", f"{self._path(repository)}/keys", params={"limit": PAGE, "page": page}) or []
            found += [
                DeployKey(
                    int(item["id"]), str(item.get("title") or ""), str(item["key"]), item.get("read_only") is True
                )
                for item in items
            ]
            if len(items) < PAGE:
                return found
            page += 1

    def ensure_key(self, repository: RemoteUrl, key: str, *, title: str, read_only: bool) -> bool:
        """Have the key registered with this right; True when something had to change.

        Another key under the same title is an earlier one of the same application: it is replaced.
        """
        existing = self.keys(repository)
        same = [item for item in existing if key_material(item.key) == key_material(key)]
        if any(item.read_only == read_only for item in same):
            return False
        if self.check_mode:
            return True
        for item in {*same, *(item for item in existing if item.title == title)}:
            self._call("DELETE", f"{self._path(repository)}/keys/{item.id}")
        self._call(
            "POST", f"{self._path(repository)}/keys", json={"title": title, "key": key.strip(), "read_only": read_only}
        )
        if not any(
            key_material(item.key) == key_material(key) and item.read_only == read_only
            for item in self.keys(repository)
        ):
            raise ProofFailed(f"{self.url} took the deploy key of {repository.path}, but does not list it")
        return True

    def remove_key(self, repository: RemoteUrl, key: str) -> bool:
        """Take the key away; True when it was there."""
        same = [item for item in self.keys(repository) if key_material(item.key) == key_material(key)]
        if not self.check_mode:
            for item in same:
                self._call("DELETE", f"{self._path(repository)}/keys/{item.id}")
        return bool(same)

    # -- requests ---------------------------------------------------------------------------------------------------
    @staticmethod
    def _path(repository: RemoteUrl) -> str:
        if not repository.owner or "/" in repository.owner:
            raise InvalidInput(
                f"'{repository.text}' has no owner and name as this Git host has them",
                next_step="Give the address as ssh://git@git.example.com/owner/repository.git.",
            )
        return f"/repos/{quote(repository.owner, safe='')}/{quote(repository.name, safe='')}"

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._http.request(
                method,
                f"{self.url}/api/v1{path}",
                timeout=(10, self._timeout),
                verify=self._verify,
                allow_redirects=False,
                **options,
            )
        except requests.exceptions.RequestException as error:
            raise ConnectionFailed(
                f"No answer from the Git host {self.url}: {type(error).__name__}", next_step="Check git_host.url."
            ) from error
        if 200 <= response.status_code < 300:
            return response.json() if response.content else None
        try:
            message = str(response.json().get("message") or "")
        except (ValueError, AttributeError):
            message = ""
        where = f"The Git host {self.url}"
        known: dict[int, tuple[type[AppsmithError], str, str]] = {
            401: (AuthenticationFailed, "refused the credentials", "Check git_host.username and password, or token."),
            403: (PermissionDenied, "refused the request", "The account needs to be administrator of the repository."),
            404: (
                NotFound,
                f"does not know {path.removeprefix('/repos/').split('/keys')[0]}, or hides it",
                "Check the repository's address, and that the account may see it.",
            ),
        }
        kind, text, next_step = known.get(
            response.status_code, (GitHostError, f"answered HTTP {response.status_code}", "See the Git host's log.")
        )
        raise kind(
            f"{where} {text}{': ' + message if message else ''}", http_status=response.status_code, next_step=next_step
        )
