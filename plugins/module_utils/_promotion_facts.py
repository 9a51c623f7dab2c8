# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository tells of an application before it is promoted; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _secret_scan
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import (
    Access,
    Commit,
    Repository,
    open_branch,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import Changes
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import Content, DatasourceUse
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
    # Of the tip, as names and digests.
    content: Content = field(default_factory=Content, repr=False)

    def differences(self, view: View) -> list[str]:
        """What a view shows otherwise than C(commit_after) has it; empty is the proof."""
        return self.content.differences(view)

    def forget_content(self) -> None:
        """Once it is proven: a run may keep the facts of many."""
        self.content = Content()


def read_facts(remote_url: str, branch: str, access: Access, *, behind: int, scan_secrets: bool) -> Facts:
    """Raises RepositoryUnreadable where the controller can't read it; another GitError where it is no application."""
    with open_branch(remote_url, branch, access, behind=behind) as repository:
        return facts_of(repository, behind=behind, scan_secrets=scan_secrets)


def facts_of(repository: Repository, *, behind: int, scan_secrets: bool) -> Facts:
    schema = repository.schema_numbers()
    before = repository.commit_before(behind)
    scan = scan_secrets and _secret_scan.HAS_SCANNER
    return Facts(
        schema=schema,
        commits=repository.commits(behind),
        commit_before=before,
        commit_after=repository.tip,
        changes=repository.changes(before) if before else None,
        datasources=repository.datasources(),
        secrets=list(_secret_scan.scan(repository.texts(before))) if scan else None,
        content=repository.content(),
    )
