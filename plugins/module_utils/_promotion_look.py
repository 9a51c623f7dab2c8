# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion may do, and its look at one application before it does anything; private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_deploy import DISCARD, look
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import Views, is_published, views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    NONE,
    clashes,
    drift,
    judge,
    strangers,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_datasources import Credentials, Landscape
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_gates import Gates
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    BEHIND,
    COUNTS,
    CURRENT,
    DRIFTED,
    FULL,
    INTERRUPTED,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_lock import InstanceLock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_pool import Workers
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_proofs import Proofs
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import same_repository

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access

# How closely to look at what is not behind. auto: as status, but for what the notes of earlier runs prove.
AUTO, FETCH, STATUS, CONTENT = "auto", "fetch", "status", "content"


@dataclass(frozen=True)
class Options:
    """What a promotion may do."""

    gates: Gates
    proofs: Proofs
    lock: Callable[[], InstanceLock]
    credentials: Credentials
    landscape: Landscape
    branch: str | None = None
    strategy: str = DISCARD
    verify: str = AUTO
    width: int = 4
    deploy_width: int = 1
    stop_on_error: bool = False
    # Only a plan is wanted: nothing is deployed afterwards.
    plan_only: bool = False
    # What is deployed first in any case needn't wait until all are looked at.
    early: bool = False
    # In check mode: applications (or repositories) to which an earlier task of the play would bring commits.
    assume_behind: tuple[str, ...] = ()
    # Set where the controller may read the repositories; O(must_read) where that was asked for in so many words.
    access: Access | None = None
    must_read: bool = False
    waves: list[dict[str, Any]] | None = None
    smoke_tests: list[dict[str, Any]] = field(default_factory=list)
    test_unchanged: bool = False

    def assumes(self, target: Target) -> bool:
        return target.name in self.assume_behind or any(
            ("/" in text or ":" in text) and same_repository(target.remote_url, text) for text in self.assume_behind
        )


class Look:
    """Reads only, and safe for several applications at once (observed 5 and 31).

    The calls for an application to which there is nothing new: fetch; unless C(verify) is C(fetch), or C(auto) and an
    earlier run has proven it, status (without another fetch) and the pages of the published view. For one that is
    behind: fetch, status, its datasources (see Landscape), and where the repository can't tell what changes, an export
    to compare with afterwards; the last three side by side. Files that only a person or a migration could have changed
    cost an export as well, and one of a later wave costs its status once more, right before that wave.
    """

    def __init__(self, options: Options, workers: Workers | None = None) -> None:
        self.options = options
        # Without them, one look after the other.
        self.workers = workers

    def __call__(self, git: Git, item: Item) -> None:
        shown = self._look(git, item)
        if item.due:
            self._inspect(git, item, shown)
            return
        if item.looked_at and item.state == CURRENT and self.options.proofs.begun(item.target):
            item.resumed = True
            self.options.landscape.look(git.client, item)
        if item.status:
            # Thousands of these are kept: without the server's own words.
            item.status = replace(item.status, raw={})

    def _look(self, git: Git, item: Item) -> Views | None:
        options = self.options
        item.target = target = at_branch(git, item.target, options.branch)
        far = git.fetch(target)
        item.ahead, item.behind = far.ahead, far.behind
        due = item.behind > 0 or options.assumes(target)
        if not due and self._believed(target):
            return None
        item.looked_at = True
        asked = self._ask_ahead(target) if due else None
        item.status = replace(look(git, target), ahead=far.ahead, behind=far.behind)
        # What another gitSyncId leaves is nobody's work (the gate "clash" tells of it).
        item.drift = NONE if strangers(item.status) else drift(item.status)
        item.state = BEHIND if due else CURRENT
        if item.drift == NONE and (due or options.verify != CONTENT):
            if item.state == CURRENT and not is_published(git.client, target.id):
                item.state = INTERRUPTED
            return asked() if asked else None
        return self._tell_apart(item, asked() if asked else views(git.client, target.id))

    def _ask_ahead(self, target: Target) -> Callable[[], Views] | None:
        """What will be needed of one that is due, beside the look at its status."""
        options = self.options
        if self.workers is None or options.access:
            # Reading the repository takes longer, and tells what changes.
            return None
        self.workers.call(lambda own: options.landscape.ask(own.client, target.workspace_id))
        if options.plan_only:
            return None
        return self.workers.call(lambda own: views(own.client, target.id))

    def again(self, git: Git, item: Item) -> bool:
        """Before a later wave: whether somebody changed something on the instance since the first look."""
        status = look(git, item.target)
        if item.status is None or status.files == item.status.files:
            return False
        item.status = replace(status, ahead=item.ahead, behind=item.behind)
        item.drift = NONE if strangers(item.status) else git.drift(item.target, item.status)
        if item.drift == CHANGES:
            # Not what an interrupted run left, then.
            item.state = BEHIND
        return True

    def _believed(self, target: Target) -> bool:
        verify = self.options.verify
        return verify == FETCH or (verify == AUTO and self.options.proofs.trusted(target, target.deployed_at))

    def _tell_apart(self, item: Item, shown: Views) -> Views:
        """A person's work, a migration's traces, or what a killed or failed run left (observed 14 and 31).

        A person's work differs from what is published. In an interrupted deployment the repository has moved on, while
        the edit view and the published view are the same old content; or the edit view is new and not yet published.
        """
        unpublished = shown.unpublished
        if item.status:
            item.drift = judge(item.status, shown)
        old_in_both = item.drift == CHANGES and not unpublished and shown.complete and not clashes(item.status)
        new_in_one = item.drift == NONE and bool(unpublished) and item.state != BEHIND
        if old_in_both or new_in_one:
            item.state = INTERRUPTED
        elif item.drift == CHANGES and item.state != BEHIND:
            item.state = DRIFTED
            item.clean_up = self.options.gates.drift in ("discard", "rescue") and self.options.strategy == DISCARD
        return shown

    def _inspect(self, git: Git, item: Item, shown: Views | None) -> None:
        """What the gates need to know of an application that is due, and the plan."""
        options, target = self.options, item.target
        item.plan = COUNTS
        if options.access and target.remote_url and target.branch:
            self._read(item, target.remote_url, target.branch, options.access)
        if item.facts:
            item.plan = FULL
            if item.behind == 0:
                # Half done by an earlier run: from which commit nobody knows.
                item.facts.commit_before = item.facts.changes = None
            elif item.facts.changes is not None:
                item.changes = item.facts.changes.as_result()
        options.landscape.look(git.client, item)
        if item.changes is None and not options.plan_only:
            item.view_before = (shown or views(git.client, target.id)).published.digests()

    def _read(self, item: Item, remote_url: str, branch: str, access: Access) -> None:
        # Only where repositories are read: most of the time that the import of this takes is for these.
        from ansible_collections.stagecraft.appsmith.plugins.module_utils import _promotion_facts
        from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import RepositoryUnreadable

        try:
            item.facts = _promotion_facts.read_facts(
                remote_url, branch, access, behind=item.behind, scan_secrets=self.options.gates.scan_secrets
            )
        except RepositoryUnreadable as error:
            if self.options.must_read:
                raise
            item.warn(f"'{item.target.name}': {error} Until then its plan has counts only.")
