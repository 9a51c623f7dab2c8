# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One application on its way through a promotion; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import NONE
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Commit

# States of an application in a plan.
CURRENT = "current"
BEHIND = "behind"
INTERRUPTED = "interrupted"
DRIFTED = "drifted"
# ... and after the work.
DEPLOYED = "deployed"
REFUSED = "refused"
FAILED = "failed"


class GateClosed(AppsmithError):
    """A gate is closed; nothing was done."""

    def __init__(self, gate: str, message: str, **options: Any) -> None:
        super().__init__(message, **options)
        self.gate = gate


@dataclass
class Item:
    """One application on its way."""

    target: Target
    state: str = CURRENT
    changed: bool = False
    ahead: int = 0
    behind: int = 0
    status: Status | None = None
    drift: str = NONE
    schema: tuple[int, int] | None = None
    commits: list[Commit] = field(default_factory=list)
    commit_before: str | None = None
    commit_after: str | None = None
    # Uncommitted changes are to be thrown away although nothing is to be brought in.
    clean_up: bool = False
    unconfigured: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: AppsmithError | None = None
    seconds: float = 0.0

    @property
    def due(self) -> bool:
        return self.error is None and (self.state in (BEHIND, INTERRUPTED) or (self.state == DRIFTED and self.clean_up))

    def fail(self, error: AppsmithError) -> None:
        self.error = error
        # What is deployed stays so, whatever is wrong with it.
        if self.state != DEPLOYED:
            self.state = REFUSED if isinstance(error, GateClosed) else FAILED

    def as_result(self) -> dict[str, Any]:
        error = self.error
        return {
            "name": self.target.name,
            "id": self.target.id,
            "workspace": self.target.workspace,
            "repository": self.target.remote_url,
            "branch": self.target.branch,
            "state": self.state,
            "changed": self.changed,
            "behind": self.behind,
            "drift": self.drift,
            "uncommitted": list(self.status.files) if self.status else [],
            "discarded": self.discarded,
            "commit_before": self.commit_before,
            "commit_after": self.commit_after,
            "commits": [commit.as_result() for commit in self.commits],
            "unconfigured_datasources": self.unconfigured,
            "warnings": self.warnings,
            "gate": error.gate if isinstance(error, GateClosed) else None,
            "failed": error is not None,
            "msg": str(error) if error else "",
            "error": error.as_dict() if error else None,
            "seconds": round(self.seconds, 2),
        }
