# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling what a migration left from what a person did; private to the collection."""

from __future__ import annotations

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import Views

NONE = "none"
MIGRATION = "migration"
CHANGES = "changes"

METADATA = "metadata.json"


def drift(status: Status) -> str:
    """What the uncommitted changes of a status come from, by the files alone.

    An upgrade of the instance rewrites the repository's metadata.json (its schema numbers) and the metadata.json of
    queries, and nothing else (observed on v1.60 to v1.91). Anything beside them is taken for a person's work.
    """
    if status.clean:
        return NONE
    only_metadata = all(path.rsplit("/", 1)[-1] == METADATA for path in status.modified)
    return MIGRATION if only_metadata and may_be_migration(status) else CHANGES


def may_be_migration(status: Status) -> bool:
    """The repository has another format than this instance writes, and no query's or function's text is changed.

    A migration over several releases rewrites pages and widgets as well (observed 28), which a person may do, too.
    """
    if status.added or status.removed or status.conflicting or METADATA not in status.modified:
        return False
    return all(path.endswith(".json") for path in status.modified)


def may_be_leftover(status: Status) -> bool:
    """What auto-commit may leave: pages' files and such, after it committed metadata.json itself (observed 15).

    A person's deployed work may look the same, so this counts only for what was clean, or a migration's, before.
    """
    if status.added or status.removed or status.conflicting or not status.modified:
        return False
    return all(path.endswith(".json") for path in status.modified)


def judge(status: Status, views: Views) -> str:
    """The same with both views at hand: a migration changes both, a person's unpublished work only one."""
    kind = drift(status)
    # Pages, JS objects and settings have files of their own, which say that they are as committed: where their views
    # differ all the same, somebody opened a page in a format of long ago (seen on a real v1.91, 4 to 94).
    if kind == MIGRATION and any(part.startswith("query ") for part in views.unpublished):
        return CHANGES
    if kind == CHANGES and may_be_migration(status) and views.complete and not views.unpublished:
        return MIGRATION
    return kind


def uneven(status: Status) -> bool:
    """Nothing to bring in, and only the metadata.json of queries or pages differ, not the repository's own.

    That is how an application looks for ever whose repository disagrees with itself: a commit by hand that changes a
    query's text file alone, while its metadata.json holds the text as well. The server takes the text file.
    """
    only_metadata = all(path.endswith(f"/{METADATA}") for path in status.modified)
    others = status.added or status.removed or status.conflicting
    return status.behind == 0 and bool(status.modified) and only_metadata and not others


UNEVEN = (
    "the repository's files disagree, as after a commit by hand to a query's text alone; commit once on the instance "
    "that may write (git_commit)"
)
CLASH_NEXT_STEP = "Rename the other datasource in the workspace, delete the one with the number, deploy again."


def clashes(status: Status | None) -> list[str]:
    """Datasources that the server made under another name, since theirs was taken by another kind (observed 36)."""
    added = [path for path in (status.added if status else ()) if path.startswith("datasources/") and " #" in path]
    return [path.removeprefix("datasources/").removesuffix(".json") for path in added]


def strangers(status: Status | None) -> list[str]:
    """Datasources that the server found by name and plugin although their gitSyncId is another's.

    Their files differ from the repository's after every deployment, and the application works all the same: a
    datasource's file holds nothing that a person can change but its name, which would make another file of it.
    """
    if status is None or status.added or status.removed or status.conflicting:
        return []
    if not all(path.startswith("datasources/") for path in status.modified):
        # A query's own file may be a person's work.
        return []
    return [path.removeprefix("datasources/").removesuffix(".json") for path in status.modified]


STRANGERS_NEXT_STEP = (
    "Deploy with strategy: discard; or rename the datasource in the workspace and promote with its credentials "
    "(datasources), then the deployment makes one of its own."
)


def strangers_text(found: list[str]) -> str:
    return (
        f"a datasource of the target has its name and another gitSyncId ({', '.join(found)}): it is used all the same, "
        "and leaves uncommitted changes after every deployment, with which no pull works"
    )


def clash_text(taken: list[str]) -> str:
    return f"a datasource's name is taken on the target by another kind; it uses {', '.join(taken)} instead"


def settled(status: Status) -> bool:
    """Nothing to bring in and nothing of a person's left, as far as the files tell; the views must tell the rest."""
    return status.behind == 0 and (status.clean or may_be_migration(status))
