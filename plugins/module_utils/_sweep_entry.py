# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sweep may do, and what it found and did for one branch of an application; private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitConflict,
    GitKeyRefused,
    GitUpstreamAhead,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import Views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import CHANGES, MIGRATION, NONE
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_lock import InstanceLock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import same_repository

COMMIT, DISCARD = "commit", "discard"
CLEAN = "clean"
# A branch that is to be brought in and has no document yet.
ABSENT = "absent"
# What was done, or would be.
NOTHING, COMMITTED, PUSHED, DISCARDED, LEFT = "none", "committed", "pushed", "discarded", "left"

# The words of a result for those of _migration.py.
STATES = {NONE: CLEAN, MIGRATION: MIGRATION, CHANGES: CHANGES}


@dataclass(frozen=True)
class Options:
    """What a sweep may do."""

    action: str
    message: str = ""
    author: Author | None = None
    # None: every branch that the instance has.
    branches: tuple[str, ...] | None = None
    bring_in: tuple[str, ...] = ()
    # How many commits of the remote a discard may deploy.
    incoming: int = 1
    # Entries of an earlier run on this instance, and of one on the instance that commits.
    before: tuple[dict[str, Any], ...] = ()
    swept: tuple[dict[str, Any], ...] | None = None
    # Whether what can't be swept (a key that may not write, commits of others) is a failure, and not only told.
    strict: bool = True
    width: int = 4
    check_mode: bool = False
    host: Callable[[], GitHost] | None = None
    lock: Callable[[], InstanceLock] | None = None

    def was(self, target: Target) -> str | None:
        """What the branch was before the upgrade, where that is known."""
        found = (
            entry.get("before")
            for entry in self.before
            if entry.get("branch") == target.branch and entry.get("base_id") == target.base_id
        )
        return next((str(state) for state in found if state), None)

    def has_new_format(self, target: Target) -> bool:
        """Whether the instance that commits has this branch of the repository clean, and so in its own format."""
        return self.swept is None or any(
            entry.get("branch") == target.branch
            and entry.get("after") == CLEAN
            and not entry.get("failed")
            and same_repository(target.remote_url, str(entry.get("remote_url") or ""))
            for entry in self.swept
        )


@dataclass(eq=False)
class Entry:
    """One branch of an application."""

    target: Target
    before: str = ABSENT
    after: str = ABSENT
    ahead: int = 0
    behind: int = 0
    files: tuple[str, ...] = ()
    protected: bool = False
    action: str = NOTHING
    brought_in: bool = False
    reason: str = ""
    changed: bool = False
    warnings: list[str] = field(default_factory=list)
    error: AppsmithError | None = None
    # Work to be done, as the look decided.
    due: str = NOTHING
    shown: Views | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        return f"'{self.target.name}' at {self.target.branch}"

    def saw(self, status: Status, kind: str) -> None:
        self.before = self.after = STATES[kind]
        self.ahead, self.behind, self.files = status.ahead, status.behind, status.files

    def leave(self, reason: str) -> None:
        self.action, self.due, self.reason = LEFT, NOTHING, reason

    def fail(self, error: AppsmithError, *, strict: bool = True) -> None:
        self.changed = self.changed or error.changed
        if not strict and isinstance(error, (GitKeyRefused, GitUpstreamAhead, GitConflict)):
            self.leave(str(error))
        else:
            self.error, self.due, self.reason = error, NOTHING, error.message

    def as_result(self, message: str) -> dict[str, Any]:
        return {
            "name": self.target.name,
            "id": self.target.id if self.before != ABSENT else None,
            "base_id": self.target.base_id,
            "workspace": self.target.workspace,
            "remote_url": self.target.remote_url,
            "branch": self.target.branch,
            "before": self.before,
            "after": self.after,
            "ahead": self.ahead,
            "behind": self.behind,
            "files": list(self.files),
            "protected": self.protected,
            "brought_in": self.brought_in,
            "action": self.action,
            "commit": message if self.action == COMMITTED else None,
            "reason": self.reason,
            "changed": self.changed,
            "warnings": self.warnings,
            "failed": self.error is not None,
            "msg": str(self.error) if self.error else "",
            "error": self.error.as_dict() if self.error else None,
        }
