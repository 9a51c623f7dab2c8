# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion changes, by name: from two commits, or from two views; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = ("pages", "queries", "js_objects", "datasources", "libraries")


@dataclass
class Part:
    """Names of one kind, sorted; of queries and JS objects with their page before them, such as C(Order/get_order)."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)

    def as_result(self) -> dict[str, list[str]]:
        return {"added": list(self.added), "changed": list(self.changed), "removed": list(self.removed)}


@dataclass
class Changes:
    """What people see of a promotion. What a migration rewrote is one word (C(migration)), not a list."""

    pages: Part = field(default_factory=Part)
    queries: Part = field(default_factory=Part)
    js_objects: Part = field(default_factory=Part)
    datasources: Part = field(default_factory=Part)
    libraries: Part = field(default_factory=Part)
    theme: bool = False
    settings: bool = False
    migration: bool = False

    def __bool__(self) -> bool:
        return bool(self.theme or self.settings or self.migration or any(getattr(self, kind) for kind in KINDS))

    def as_result(self) -> dict[str, Any]:
        return {
            **{kind: getattr(self, kind).as_result() for kind in KINDS},
            "theme": self.theme,
            "settings": self.settings,
            "migration": self.migration,
        }

    def counts(self) -> dict[str, int]:
        """How many of each kind are added, changed or removed; theme and settings count as 0 or 1."""
        counted = {kind: len(getattr(self, kind)) for kind in KINDS}
        return {**counted, "theme": int(self.theme), "settings": int(self.settings)}
