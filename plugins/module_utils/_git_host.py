# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy keys on a Git host, known by their content; private to the collection.

The host's REST API is the adapter's (C(_forge_gitea.py) and its like), as for pull requests.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ProofFailed,
    after_writing,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import About, Forge, repository_path
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitea import Gitea
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_github import GitHub
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitlab import GitLab
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import RemoteUrl

GIT_HOST_OPTIONS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "type": {"type": "str", "choices": ["gitea", "github", "gitlab"], "default": "gitea"},
        "url": {"type": "str"},
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
    "required_if": [["type", "gitea", ["url"]]],
}


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

    @classmethod
    def of(cls, module: AppsmithModule) -> GitHost | None:
        """The host that a module was given as O(git_host)."""
        given = module.params.get("git_host")
        return cls(given, check_mode=module.check_mode) if given else None

    def __init__(self, options: dict[str, Any], *, check_mode: bool = False) -> None:
        more: dict[str, Any] = {
            "validate_certs": options.get("validate_certs") is not False,
            "ca_path": options.get("ca_path"),
            "timeout": options.get("timeout") or 30,
            "check_mode": check_mode,
            "options": ("git_host.url", "git_host.username and password, or token", "The account"),
        }
        params = {"forge_url": options.get("url"), "forge_token": options.get("token")}
        kind = options.get("type") or "gitea"
        if kind != "gitea" and not options.get("token"):
            raise InvalidInput(
                "GitHub and GitLab take no password for their API", next_step="Give git_host.token instead."
            )
        self._forge: Forge
        if kind == "gitea":
            if not options.get("token"):
                more["basic"] = (str(options["username"]), str(options["password"]))
                more["secrets"] = (str(options["password"]),)
            self._forge = Gitea(params, **more)
        else:
            self._forge = GitHub(params, **more) if kind == "github" else GitLab(params, **more)
        self.check_mode = check_mode

    @property
    def url(self) -> str:
        return self._forge.http.url

    def _path(self, repository: RemoteUrl) -> str:
        return repository_path(repository.text, self._forge)

    def about(self, repository: RemoteUrl) -> About:
        return self._forge.about(self._path(repository))

    def keys(self, repository: RemoteUrl) -> list[DeployKey]:
        try:
            listed = self._forge.keys(self._path(repository))
        except (NotFound, PermissionDenied) as error:
            # To those who may not give keys some hosts say that there is no such thing.
            error.next_step = (
                "Check the repository's address, and that the account of git_host is an administrator of it "
                "(GitHub: right to administration; GitLab: Maintainer, scope api): only they see and give deploy keys."
            )
            raise
        return [
            DeployKey(int(item["id"]), str(item.get("title") or ""), str(item["key"]), item.get("read_only") is True)
            for item in listed
        ]

    def ensure_key(self, repository: RemoteUrl, key: str, *, title: str, read_only: bool | None) -> bool:
        """Have the key registered with this right; True when something had to change.

        Without a right (None) one that is there may have any, and a new one may only read. Another key under the same
        title is an earlier one of the same application: it is replaced.
        """
        existing = self.keys(repository)
        same = [item for item in existing if key_material(item.key) == key_material(key)]
        if any(read_only in (None, item.read_only) for item in same):
            return False
        if self.check_mode:
            return True
        path = self._path(repository)
        right = read_only is not False
        replaced = [*same, *(item for item in existing if item.title == title and item not in same)]
        for item in replaced:
            self._forge.delete_key(path, item.id)
        try:
            with after_writing(bool(replaced)):
                self._forge.add_key(path, title, key.strip(), right)
        except AppsmithError:
            # Hosts take a key once, so it had to go first; what worked before is to work again.
            for item in replaced:
                with suppress(AppsmithError):
                    self._forge.add_key(path, item.title, item.key, item.read_only)
            raise
        with after_writing():
            shown = self.keys(repository)
        if not any(key_material(item.key) == key_material(key) and item.read_only == right for item in shown):
            failure = ProofFailed(f"{self.url} took the deploy key of {repository.path}, but does not list it")
            failure.changed = True
            raise failure
        return True

    def remove_key(self, repository: RemoteUrl, key: str) -> bool:
        """Take the key away; True when it was there."""
        same = [item for item in self.keys(repository) if key_material(item.key) == key_material(key)]
        if not self.check_mode:
            for item in same:
                self._forge.delete_key(self._path(repository), item.id)
        return bool(same)
