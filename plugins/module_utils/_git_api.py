# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git on an instance, one interface for both generations of its API; private to the collection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitConflict,
    GitKeyRefused,
    GitNotConfigured,
    GitUncommittedChanges,
    GitUpstreamAhead,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import GIT_API_NEW_SINCE
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

# Merge results that mean "it is merged"; a conflict comes as HTTP 200 with another one.
MERGED = ("FAST_FORWARD", "MERGED", "ALREADY_UP_TO_DATE")
NOTHING_TO_MERGE = "ALREADY_UP_TO_DATE"
# Files of a long list that an error names.
NAMED_FILES = 5


@dataclass(frozen=True)
class Ahead:
    """Commits that only one side has."""

    ahead: int
    behind: int


@dataclass(frozen=True)
class Status:
    """What differs between an application, its local repository and the remote."""

    clean: bool
    ahead: int
    behind: int
    modified: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    conflicting: tuple[str, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted({*self.modified, *self.added, *self.removed}))

    @classmethod
    def read(cls, data: dict[str, Any]) -> Status:
        def names(key: str) -> tuple[str, ...]:
            return tuple(sorted(data.get(key) or ()))

        return cls(
            clean=data.get("isClean") is True,
            ahead=int(data.get("aheadCount") or 0),
            behind=int(data.get("behindCount") or 0),
            modified=names("modified"),
            added=names("added"),
            removed=names("removed"),
            conflicting=names("conflicting"),
            raw=data,
        )


@dataclass(frozen=True)
class Branches:
    """The branches of an application: those on the instance, those at the remote."""

    local: tuple[str, ...]
    remote: tuple[str, ...]
    default: str | None

    @classmethod
    def read(cls, items: list[dict[str, Any]] | None, key: str) -> Branches:
        names = [(str(item.get(key) or ""), item.get("default") is True) for item in items or ()]
        return cls(
            local=tuple(sorted(name for name, _default in names if name and not name.startswith("origin/"))),
            remote=tuple(
                sorted(name.removeprefix("origin/") for name, _default in names if name.startswith("origin/"))
            ),
            default=next((name.removeprefix("origin/") for name, default in names if default), None),
        )


@dataclass(frozen=True)
class MergeCheck:
    """What a merge would do."""

    possible: bool
    status: str
    message: str = ""
    conflicting: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return self.status == NOTHING_TO_MERGE


@dataclass(frozen=True)
class Author:
    """Who commits."""

    name: str
    email: str

    def as_profile(self) -> dict[str, Any]:
        return {"authorName": self.name, "authorEmail": self.email}


# Sent where a profile must be sent although the saved one is to be used: without one both connect and import fail.
USE_DEFAULT_PROFILE = {"authorName": "", "authorEmail": "", "useGlobalProfile": True}


class GitApi(ABC):
    """The calls, without judgement: what they answer proves nothing (see C(_git.py) for look, act, prove).

    O(application_id) is the id of a branch's document, O(base_id) that of the first one. Most calls of the two
    generations differ in their path only.
    """

    generation: str
    paths: ClassVar[dict[str, str]]

    def __init__(self, client: Client) -> None:
        self.client = client

    def on(self, client: Client) -> GitApi:
        """The same interface on another client (one for a thread)."""
        return type(self)(client)

    def _path(self, action: str, identifier: str = "") -> str:
        return self.paths[action].format(identifier)

    # -- reading ----------------------------------------------------------------------------------------------------
    def metadata(self, base_id: str) -> dict[str, Any]:
        return self.client.get(self._path("metadata", base_id)) or {}

    def status(self, application_id: str, *, compare_remote: bool = True) -> Status:
        params = None if compare_remote else {"compareRemote": "false"}
        return Status.read(self.client.get(self._path("status", application_id), params=params) or {})

    def fetch(self, application_id: str) -> Ahead:
        found = read_ahead(self.client.get(self._path("fetch", application_id)))
        if found is None:
            status = self.status(application_id)
            found = Ahead(status.ahead, status.behind)
        return found

    @abstractmethod
    def branches(self, application_id: str, *, prune: bool = False) -> Branches: ...

    def merge_status(self, application_id: str, source: str, destination: str) -> MergeCheck:
        body = {"sourceBranch": source, "destinationBranch": destination}
        path = self._path("merge_status", application_id)
        return read_merge_check(self.client.post(path, body, writes=False, safe_to_repeat=True))

    def protected(self, base_id: str) -> list[str]:
        return list(self.client.get(self._path("protected", base_id)) or ())

    def read_key(self, application_id: str) -> str | None:
        try:
            return (self.client.get(self._path("key", application_id)) or {}).get("publicKey")
        except GitNotConfigured:
            return None

    def default_profile(self) -> Author:
        return read_author(self.client.get(self._path("profile")))

    # -- writing ----------------------------------------------------------------------------------------------------
    @abstractmethod
    def commit(self, application_id: str, message: str, author: Author | None = None) -> str: ...

    def pull(self, application_id: str) -> dict[str, Any]:
        return self.client.get(self._path("pull", application_id), writes=True) or {}

    def discard(self, application_id: str) -> dict[str, Any]:
        return self.client.put(self._path("discard", application_id)) or {}

    @abstractmethod
    def create_branch(self, application_id: str, name: str) -> dict[str, Any]: ...

    @abstractmethod
    def checkout(self, application_id: str, name: str) -> dict[str, Any]: ...

    @abstractmethod
    def delete_branch(self, base_id: str, name: str) -> dict[str, Any]: ...

    def merge(self, application_id: str, source: str, destination: str) -> str:
        body = {"sourceBranch": source, "destinationBranch": destination}
        return read_merge(self.client.post(self._path("merge", application_id), body))

    def connect(self, base_id: str, remote_url: str, author: Author | None) -> dict[str, Any]:
        body = {"remoteUrl": remote_url, "gitProfile": profile(author)}
        return self.client.post(self._path("connect", base_id), body) or {}

    def protect(self, base_id: str, names: list[str]) -> None:
        """All protected branches: the list takes the place of the earlier one."""
        self.client.post(self._path("protected", base_id), {"branchNames": names})

    def disconnect(self, base_id: str) -> dict[str, Any]:
        return self.client.post(self._path("disconnect", base_id)) or {}

    def make_key(self, application_id: str, key_type: str = "ECDSA") -> str:
        data = self.client.post(self._path("key", application_id), params={"keyType": key_type})
        return str((data or {}).get("publicKey") or "")

    def make_import_key(self, key_type: str = "ECDSA") -> str:
        # A GET that writes: each call replaces the user's key.
        data = self.client.get(self._path("import_key"), params={"keyType": key_type}, writes=True)
        return str((data or {}).get("publicKey") or "")

    def save_default_profile(self, author: Author) -> None:
        self.client.post(self._path("profile"), author.as_profile())

    def import_repository(
        self, workspace_id: str, remote_url: str, author: Author | None, timeout: float | None = None
    ) -> dict[str, Any]:
        """Import by the old route with every release: the new one never answers when the clone fails (contract 4.6)."""
        return (
            self.client.post(
                f"/git/import/{workspace_id}",
                {"remoteUrl": remote_url, "gitProfile": profile(author)},
                timeout=timeout,
            )
            or {}
        )


def profile(author: Author | None) -> dict[str, Any]:
    return {**author.as_profile(), "useGlobalProfile": False} if author else dict(USE_DEFAULT_PROFILE)


def read_author(data: dict[str, Any] | None) -> Author:
    data = data or {}
    return Author(str(data.get("authorName") or ""), str(data.get("authorEmail") or ""))


def read_ahead(data: Any) -> Ahead | None:
    """Releases before v1.77 answer the new fetch with a plain text: then there are no numbers in it."""
    if not isinstance(data, dict) or "behindCount" not in data:
        return None
    return Ahead(int(data.get("aheadCount") or 0), int(data.get("behindCount") or 0))


def read_merge_check(data: dict[str, Any] | None) -> MergeCheck:
    data = data or {}
    return MergeCheck(
        possible=data.get("isMergeAble") is True,
        status=str(data.get("status") or ""),
        message=" ".join(str(data.get("message") or "").split()),
        conflicting=tuple(sorted(data.get("conflictingFiles") or ())),
    )


def read_merge(data: dict[str, Any] | None) -> str:
    """The result of a merge; HTTP 200 says nothing, only the status does."""
    status = str((data or {}).get("status") or "")
    if status not in MERGED:
        files = ", ".join((data or {}).get("conflictingFiles") or ())
        raise GitConflict(
            f"The merge failed: {status or 'the server gave no result'}{': ' + files if files else ''}",
            next_step="Solve the conflict in the repository, then merge again. Nothing was merged.",
            details=data,
        )
    return status


def named(files: tuple[str, ...] | list[str]) -> str:
    """The first files of a list, for an error."""
    more = len(files) - NAMED_FILES
    return ", ".join(list(files)[:NAMED_FILES]) + (f" and {more} more" if more > 0 else "")


def uncommitted(name: str, branch: str | None, status: Status) -> GitUncommittedChanges:
    return GitUncommittedChanges(
        f"'{name}' at {branch} has uncommitted changes: {named(status.files) or 'not named by the server'}",
        next_step="Commit them (git_commit), or throw them away (git_discard with drift: discard).",
        details={"modified": status.modified, "added": status.added, "removed": status.removed},
    )


def upstream_ahead(error: AppsmithError) -> GitUpstreamAhead:
    """A commit that the remote refused stays in the local repository, and no call takes it back."""
    return GitUpstreamAhead(
        error.message,
        code=error.code,
        http_status=error.http_status,
        next_step="The commit stays in the instance's local repository: commit to a new branch (git_branch), "
        "or import the application again.",
        details=error.details,
    )


def push_refused(name: str, branch: str | None, error: AppsmithError) -> GitKeyRefused:
    """The work was done on the instance and only its push failed: the next run finds the commits and pushes them."""
    return GitKeyRefused(
        f"'{name}': {branch} could not be pushed, its commits stay on the instance: {error.message}",
        code=error.code,
        http_status=error.http_status,
        next_step="The deploy key may not write, or the instance doesn't reach the Git host. Register it with write "
        "access (git_deploy_key with read_only: false) and run again; that pushes them.",
        details=error.details,
    )


def git_api(client: Client, version: Version) -> GitApi:
    """The generation that a release is to be driven by."""
    # Imported here, since both derive from the class above.
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_new import GitNew
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_old import GitOld, require

    if version >= GIT_API_NEW_SINCE:
        return GitNew(client)
    require(version)
    return GitOld(client)
