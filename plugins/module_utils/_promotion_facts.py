# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository tells of an application before it is promoted; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access, Commit, open_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import Changes
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import DatasourceUse

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._secret_scan import Finding


@dataclass
class Facts:
    """One fetch of a branch, all that plan, gates and proof need of it."""

    # (server, client) schema of the tip.
    schema: tuple[int, int]
    # Newest first, those to bring in.
    commits: list[Commit] = field(default_factory=list)
    # None where the history doesn't tell.
    commit_before: str | None = None
    commit_after: str = ""
    # None where the commit before is not known.
    changes: Changes | None = None
    datasources: list[DatasourceUse] = field(default_factory=list)
    # None: not scanned.
    secrets: list[Finding] | None = None


def read_facts(remote_url: str, branch: str, access: Access, *, behind: int, scan_secrets: bool) -> Facts:
    """Raises GitError where the repository can't be read."""
    with open_branch(remote_url, branch, access, behind=behind) as repository:
        return Facts(
            schema=repository.schema_numbers(),
            commits=repository.commits(behind),
            commit_before=repository.commit_before(behind),
            commit_after=repository.tip,
        )
