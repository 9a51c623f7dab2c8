# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a commit hold: pages, queries, JS objects, datasources; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class DatasourceUse:
    """A datasource that an application's content uses. Its configuration is never in a repository."""

    name: str
    # As the repository names it, such as C(postgres-plugin).
    plugin: str
    git_sync_id: str | None = None
    # Pages whose queries use it, and these queries as C(Page/query).
    pages: list[str] = field(default_factory=list)
    used_by: list[str] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "plugin": self.plugin,
            "git_sync_id": self.git_sync_id,
            "pages": list(self.pages),
            "used_by": list(self.used_by),
        }
