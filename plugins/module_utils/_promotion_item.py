# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One application on its way through a promotion; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import NONE

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import Facts
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
# Due, and not touched, since something before it failed.
HELD = "held"

# How much a plan says: with the repository, or without it.
FULL = "full"
COUNTS = "counts"


class GateClosed(AppsmithError):
    """A gate is closed; nothing was done."""

    def __init__(self, gate: str, message: str, **options: Any) -> None:
        super().__init__(message, **options)
        self.gate = gate


@dataclass(eq=False)
class Item:
    """One application on its way. Thousands are held at once, so there are digests in it and no exports."""

    target: Target
    state: str = CURRENT
    changed: bool = False
    ahead: int = 0
    behind: int = 0
    status: Status | None = None
    drift: str = NONE
    # What the repository says of the commits to come, where it could be read.
    facts: Facts | None = None
    plan: str = FULL
    # More than fetched: its status and what it shows were seen, and are as its state says.
    looked_at: bool = False
    # What is deployed differs from what was by this; from the facts, or else from the views before and after.
    changes: dict[str, Any] | None = None
    view_before: View | None = field(default=None, repr=False)
    # An earlier run began to deploy it and didn't say that all was well afterwards.
    resumed: bool = False
    # Uncommitted changes are to be thrown away although nothing is to be brought in.
    clean_up: bool = False
    # Datasources of the target's workspace, what they are in the repository, and what is to be done about them (see
    # _promotion_datasources.py, which sets them).
    workspace_datasources: list[Any] = field(default_factory=list, repr=False)
    sync_ids: dict[str, str] | None = field(default=None, repr=False)
    unconfigured: list[str] = field(default_factory=list)
    new_datasources: list[str] = field(default_factory=list)
    configured_datasources: list[dict[str, Any]] = field(default_factory=list)
    datasources_by_hand: list[dict[str, Any]] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    rescued_to: str | None = None
    wave: str | None = None
    warnings: list[str] = field(default_factory=list)
    error: AppsmithError | None = None
    held_for: str = ""
    seconds: float = 0.0

    @property
    def due(self) -> bool:
        return self.error is None and (self.state in (BEHIND, INTERRUPTED) or (self.state == DRIFTED and self.clean_up))

    @property
    def schema(self) -> tuple[int, int] | None:
        return self.facts.schema if self.facts else None

    @property
    def commits(self) -> list[Commit]:
        return list(self.facts.commits) if self.facts else []

    @property
    def commit_before(self) -> str | None:
        return self.facts.commit_before if self.facts else None

    @property
    def commit_after(self) -> str | None:
        return self.facts.commit_after if self.facts else None

    def warn(self, *texts: str) -> None:
        self.warnings += [text for text in texts if text not in self.warnings]

    def fail(self, error: AppsmithError) -> None:
        self.error = error
        self.changed = self.changed or error.changed
        # What is deployed stays so, whatever is wrong with it.
        if self.state != DEPLOYED:
            self.state = REFUSED if isinstance(error, GateClosed) else FAILED

    def hold(self, reason: str) -> None:
        self.state, self.changed, self.held_for = HELD, False, reason

    def as_result(self) -> dict[str, Any]:
        error = self.error
        secrets = self.facts.secrets if self.facts else None
        return {
            "name": self.target.name,
            "id": self.target.id,
            "workspace": self.target.workspace,
            "repository": self.target.remote_url,
            "branch": self.target.branch,
            "state": self.state,
            "wave": self.wave,
            "changed": self.changed,
            "behind": self.behind,
            "drift": self.drift,
            "uncommitted": list(self.status.files) if self.status else [],
            "discarded": self.discarded,
            "rescued_to": self.rescued_to,
            "plan": self.plan,
            "commit_before": self.commit_before,
            "commit_after": self.commit_after,
            "commits": [commit.as_result() for commit in self.commits],
            "changes": self.changes,
            "unconfigured_datasources": self.unconfigured,
            "new_datasources": self.new_datasources,
            "configured_datasources": self.configured_datasources,
            "datasources_by_hand": self.datasources_by_hand,
            "secrets": None if secrets is None else [finding.as_result() for finding in secrets],
            "warnings": self.warnings,
            "gate": error.gate if isinstance(error, GateClosed) else None,
            "failed": error is not None,
            "msg": str(error) if error else self.held_for,
            "error": error.as_dict() if error else None,
            "seconds": round(self.seconds, 2),
        }
