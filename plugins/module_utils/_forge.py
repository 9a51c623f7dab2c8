# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pull requests are, whatever the Git host calls them; private to the collection.

One adapter for each kind of host (C(_forge_github.py), C(_forge_gitlab.py), C(_forge_gitea.py)) speaks its REST API.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitInvalidUrl,
    InvalidInput,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import ForgeHttp
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse

FORGE_OPTIONS: dict[str, Any] = {
    "forge": {"type": "str", "choices": ["github", "gitlab", "gitea"], "required": True},
    "forge_url": {"type": "str"},
    "forge_token": {"type": "str", "no_log": True, "required": True},
    "forge_validate_certs": {"type": "bool", "default": True},
    "forge_ca_path": {"type": "path"},
    "forge_timeout": {"type": "int", "default": 30},
    "repositories": {"type": "list", "elements": "str", "required": True, "aliases": ["repository"]},
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
}
# Where an address without forge_url is, and whose addresses can't be meant for another host.
PUBLIC = {"github": "https://github.com", "gitlab": "https://gitlab.com"}

OPEN, MERGED, CLOSED = "open", "merged", "closed"


class RequestRefused(AppsmithError):
    """The request may not be merged as it is; nothing was merged."""


class MergeConflict(RequestRefused):
    default_next_step = "Bring the target branch into the source branch and solve the conflict there, then run again."


class ChecksFailed(RequestRefused):
    default_next_step = "Mend what the checks found on the source branch, then run again."


class NotApproved(RequestRefused):
    default_next_step = "Have the request reviewed, then run again."


class SourceMoved(RequestRefused):
    default_next_step = "Look at the new commits, then run again."


class WaitedTooLong(RequestRefused):
    default_next_step = "Run again later, or raise timeout: what is open stays open and is found again."


@dataclass(frozen=True)
class Branch:
    """A branch's last commit; its tree where the host tells it without being asked twice."""

    name: str
    sha: str
    tree: str | None = None


@dataclass(frozen=True)
class Request:
    """A pull request (merge request). C(mergeable) is None while the host still looks for conflicts."""

    number: int
    title: str
    body: str
    url: str
    state: str
    source: str
    target: str
    head: str
    mergeable: bool | None = None
    draft: bool = False
    # Why the host would not merge it now, in its own words, where it says so beforehand.
    blocked: str | None = None
    merge_commit: str | None = None
    # What the host sent along, for the adapter alone.
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass
class Checks:
    """The names of what tested a commit, by outcome."""

    passed: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, name: str, outcome: bool | None) -> None:
        {True: self.passed, False: self.failed, None: self.pending}[outcome].append(name)

    def as_result(self) -> dict[str, list[str]]:
        return {"passed": sorted(self.passed), "pending": sorted(self.pending), "failed": sorted(self.failed)}


@dataclass
class Reviews:
    """Who approved the commit that would be merged, and who asked for changes."""

    approved: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class About:
    """A repository; C(empty) is None where the host doesn't tell."""

    default_branch: str | None
    empty: bool | None
    private: bool
    archived: bool


class Forge(abc.ABC):
    """A Git host. C(repository) is everywhere the path below its address: owner/name, groups/name."""

    kind: str
    # How the request is called where people see it.
    noun = "pull request"
    methods: tuple[str, ...] = ("merge", "squash", "rebase")
    nested = False
    # Whether the host tells a conflict from a look that is not over yet.
    tells_conflicts = True

    def __init__(self, http: ForgeHttp) -> None:
        self.http = http

    # -- branches ---------------------------------------------------------------------------------------------------
    @abc.abstractmethod
    def branch(self, repository: str, name: str) -> Branch | None: ...

    @abc.abstractmethod
    def ahead(self, repository: str, base: str, head: str) -> int:
        """How many commits C(head) has that C(base) lacks."""

    @abc.abstractmethod
    def same_content(self, repository: str, base: Branch, head: Branch) -> bool: ...

    @abc.abstractmethod
    def delete_branch(self, repository: str, name: str) -> None: ...

    # -- requests ---------------------------------------------------------------------------------------------------
    @abc.abstractmethod
    def opened(self, repository: str, source: str, target: str) -> Request | None:
        """The open request between two branches of the repository itself (never a fork's)."""

    @abc.abstractmethod
    def last_merged(self, repository: str, source: str, target: str) -> Request | None: ...

    @abc.abstractmethod
    def read(self, repository: str, number: int) -> Request: ...

    @abc.abstractmethod
    def open(self, repository: str, source: str, target: str, title: str, body: str) -> Request: ...

    @abc.abstractmethod
    def edit(self, repository: str, number: int, changes: dict[str, str]) -> None:
        """New C(title) and C(body), or C(state) closed."""

    @abc.abstractmethod
    def checks(self, repository: str, request: Request) -> Checks: ...

    @abc.abstractmethod
    def reviews(self, repository: str, request: Request) -> Reviews: ...

    @abc.abstractmethod
    def merge(self, repository: str, request: Request, method: str) -> None:
        """Merge exactly C(request.head); a host that has another one by now refuses."""

    # -- deploy keys ------------------------------------------------------------------------------------------------
    @abc.abstractmethod
    def about(self, repository: str) -> About: ...

    @abc.abstractmethod
    def keys(self, repository: str) -> list[dict[str, Any]]:
        """Each with C(id), C(title), C(key) and C(read_only)."""

    @abc.abstractmethod
    def add_key(self, repository: str, title: str, key: str, read_only: bool) -> None: ...

    @abc.abstractmethod
    def delete_key(self, repository: str, number: int) -> None: ...


# -- reviews of hosts that keep a list of them -----------------------------------------------------------------------
def latest_reviews(items: Iterable[tuple[str, str, bool]]) -> Reviews:
    """Of (who, word, counts) in their order the last word of each person; comments leave an earlier word standing."""
    last: dict[str, tuple[str, bool]] = {}
    for who, word, counts in items:
        if word in ("approved", "refused", "dismissed"):
            last[who] = (word, counts)
    return Reviews(
        sorted(who for who, (word, counts) in last.items() if word == "approved" and counts),
        sorted(who for who, (word, _counts) in last.items() if word == "refused"),
    )


# -- addresses -------------------------------------------------------------------------------------------------------
def repository_path(text: str, forge: Forge) -> str:
    """owner/name from itself or from any address of the repository; refused when it belongs to another host."""
    given = (text or "").strip()
    host = ""
    if given.startswith(("http://", "https://")):
        parts = urlsplit(given)
        host, path = parts.hostname or "", parts.path
        below = urlsplit(forge.http.url).path
        if below and path.startswith(f"{below}/"):
            path = path[len(below) :]
    elif "://" in given or "@" in given:
        try:
            found = parse(given)
        except GitInvalidUrl as error:
            raise InvalidInput(error.message, next_step="Give owner/name, or the repository's address.") from error
        host, path = found.host, found.path
    else:
        path = given
    path = path.strip("/").removesuffix(".git")
    parts_of_path = path.split("/")
    wanted = len(parts_of_path) >= 2 if forge.nested else len(parts_of_path) == 2
    if not wanted or not all(part.strip() and part not in (".", "..") for part in parts_of_path):
        raise InvalidInput(
            f"'{path}' has no owner and name as this Git host has them",
            next_step="Give owner/name, or the repository's address.",
        )
    ours = urlsplit(forge.http.url).hostname or ""
    for public in ("github.com", "gitlab.com"):
        if _within(host, public) and not _within(ours, public):
            raise InvalidInput(
                f"{path} is at {public}, and {ours} was to be asked",
                next_step="Check forge and forge_url, or give owner/name alone.",
            )
    return path


def _within(host: str, domain: str) -> bool:
    return host.lower() == domain or host.lower().endswith(f".{domain}")


def escaped(text: str) -> str:
    return quote(text, safe="")
