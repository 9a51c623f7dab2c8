# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling what a migration left from what a person did; private to the collection."""

from __future__ import annotations

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status

NONE = "none"
MIGRATION = "migration"
CHANGES = "changes"

METADATA = "metadata.json"


def drift(status: Status) -> str:
    """What the uncommitted changes of a status come from.

    An upgrade of the instance, or the import of an older format, rewrites the repository's metadata.json (its schema
    numbers) and the metadata.json of queries, and nothing else (observed on v1.60 to v1.91). Anything beside them is
    taken for a person's work. The other way round it is not certain: a person may have changed a query's settings on
    top of a migration; whoever throws changes away looks at the published view as well.
    """
    if status.clean:
        return NONE
    if status.added or status.removed or status.conflicting or METADATA not in status.modified:
        return CHANGES
    only_metadata = all(path.rsplit("/", 1)[-1] == METADATA for path in status.modified)
    return MIGRATION if only_metadata else CHANGES


def settled(status: Status) -> bool:
    """Nothing to bring in and nothing of a person's left: as deployed as the repository's format allows."""
    return status.behind == 0 and drift(status) != CHANGES
