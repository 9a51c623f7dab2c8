# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before an application is deployed; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    CLASH_NEXT_STEP,
    NONE,
    clash_text,
    clashes,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    DRIFTED,
    INTERRUPTED,
    GateClosed,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import schema_numbers
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version


@dataclass(frozen=True)
class Gates:
    """Each may be C(fail) or something weaker, by an option of the module."""

    target_version: Version
    source_version: Version | None = None
    drift: str = "fail"
    skew: str = "fail"
    datasources: str = "fail"

    def check(self, item: Item, *, pull: bool) -> list[str]:
        """Warnings of the gates that are open; raises C(GateClosed) at the first closed one."""
        name = item.target.name
        taken = clashes(item.status)
        if taken:
            raise GateClosed("datasource_clash", f"'{name}': {clash_text(taken)}", next_step=CLASH_NEXT_STEP)
        if item.state == DRIFTED and not item.clean_up:
            # Nothing is to be deployed, so nothing is in danger.
            return [f"'{name}' has uncommitted changes: {named(item.status.files if item.status else ())}"]
        if not item.due:
            return []
        if item.status:
            Git.refuse_diverged(item.target, item.status)
        self._check_drift(item, pull=pull)
        return self._check_skew(item) + self.check_datasources(item)

    def _check_drift(self, item: Item, *, pull: bool) -> None:
        files = item.status.files if item.status else ()
        if item.state == INTERRUPTED:
            return
        if item.drift == CHANGES and (self.drift == "fail" or pull):
            raise GateClosed(
                "drift",
                f"'{item.target.name}' has uncommitted changes on the target: {named(files)}",
                next_step="Commit them, or throw them away (drift: discard with strategy: discard).",
                details={"files": list(files)},
            )
        if pull and item.drift != NONE:
            raise GateClosed(
                "drift",
                f"'{item.target.name}' carries a migration's traces, with which no pull works",
                next_step="Deploy with strategy: discard.",
            )

    def _check_skew(self, item: Item) -> list[str]:
        """Content of a newer format breaks the application of an older release (observed 13)."""
        known = schema_numbers(self.target_version)
        found = item.schema
        where = "the repository"
        if found is None and self.source_version:
            found = schema_numbers(self.source_version)
            where = f"the source instance ({self.source_version})"
        if found is None or (found[0] <= known[0] and found[1] <= known[1]):
            return []
        text = (
            f"'{item.target.name}': {where} has format {found[0]}/{found[1]}, "
            f"but {self.target_version} knows {known[0]}/{known[1]} at most"
        )
        if self.skew == "warn":
            return [text]
        raise GateClosed(
            "version_skew", text, next_step="Upgrade the target to the release that wrote it, or a newer one."
        )

    def check_datasources(self, item: Item, *, deployed: bool = False) -> list[str]:
        if not item.unconfigured:
            return []
        text = f"'{item.target.name}': datasources without configuration on the target: {named(item.unconfigured)}"
        if self.datasources == "warn":
            return [text]
        raise GateClosed(
            "unconfigured_datasources",
            f"{text}; {'it was deployed all the same' if deployed else 'nothing was deployed'}",
            next_step="Configure them (stagecraft.appsmith.datasources), then promote again.",
        )
