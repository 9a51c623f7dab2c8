# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion of many applications to one instance: survey, gates, one lane, proof; private to the collection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import unconfigured_of_application
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import is_published, views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    MIGRATION,
    NONE,
    UNEVEN,
    clashes,
    drift,
    judge,
    uneven,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import read_facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_gates import Gates
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    BEHIND,
    CURRENT,
    DEPLOYED,
    DRIFTED,
    INTERRUPTED,
    GateClosed,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access, open_branch


@dataclass(frozen=True)
class Options:
    """What a promotion may do."""

    gates: Gates
    branch: str | None = None
    strategy: str = "discard"
    # fetch: believe "nothing behind"; status: also look for what an earlier run left half done; content: compare all.
    verify: str = "status"
    width: int = 4
    stop_on_error: bool = False
    # In check mode: applications to which an earlier task of the play would bring commits.
    assume_behind: frozenset[str] = frozenset()
    # Set where the controller may read the repositories.
    access: Access | None = None


class Promotion:
    """The engine: C(survey()) looks and decides (that is the plan), C(deploy()) acts and proves."""

    def __init__(self, git: Git, targets: Iterable[Target], options: Options) -> None:
        self.git = git
        self.options = options
        self.items = [Item(target) for target in targets]

    # -- look -------------------------------------------------------------------------------------------------------
    def survey(self) -> None:
        """Fetch all, then look closer at those that need it; reads only. Several applications at once are safe here."""
        self._side_by_side(self._look, self.items)
        self._side_by_side(self._inspect, [item for item in self.items if item.due])

    def _side_by_side(self, work: Callable[[Git, Item], None], items: list[Item]) -> None:
        own = threading.local()
        clones: list[Git] = []

        def one(item: Item) -> None:
            if not hasattr(own, "git"):
                own.git = self.git.clone()
                clones.append(own.git)
            started = time.monotonic()
            try:
                work(own.git, item)
            except AppsmithError as error:
                item.fail(error)
            item.seconds += time.monotonic() - started

        with ThreadPoolExecutor(max_workers=max(1, self.options.width)) as pool:
            list(pool.map(one, items))
        for clone in clones:
            clone.client.close()

    def _look(self, git: Git, item: Item) -> None:
        item.target = at_branch(git, item.target, self.options.branch)
        far = git.fetch(item.target)
        item.ahead, item.behind = far.ahead, far.behind
        assumed = item.target.name in self.options.assume_behind
        if item.behind == 0 and self.options.verify == "fetch" and not assumed:
            return
        local = git.look(item.target, compare_remote=False)
        item.status = replace(local, ahead=far.ahead, behind=far.behind)
        item.drift = drift(item.status)
        item.state = BEHIND if item.behind or assumed else CURRENT
        if item.drift == NONE and (item.state == BEHIND or self.options.verify != "content"):
            if item.state == CURRENT and not is_published(git.client, item.target.id):
                item.state = INTERRUPTED
            return
        self._tell_apart(git, item)

    def _tell_apart(self, git: Git, item: Item) -> None:
        """A person's work, a migration's traces, or what a killed or failed run left (observed 14 and 31).

        A person's work differs from what is published. In an interrupted deployment the repository has moved on, while
        the edit view and the published view are the same old content; or the edit view is new and not yet published.
        """
        shown = views(git.client, item.target.id)
        unpublished = shown.unpublished
        if item.status:
            item.drift = judge(item.status, shown)
        old_in_both = item.drift == CHANGES and not unpublished and shown.complete and not clashes(item.status)
        new_in_one = item.drift == NONE and bool(unpublished) and item.state != BEHIND
        if old_in_both or new_in_one:
            item.state = INTERRUPTED
        elif item.drift == CHANGES and item.state != BEHIND:
            item.state = DRIFTED
            item.clean_up = self.options.gates.drift == "discard" and self.options.strategy == "discard"

    def _inspect(self, git: Git, item: Item) -> None:
        """What the gates need to know of an application that is due."""
        target = item.target
        item.unconfigured = unconfigured_of_application(git.client, target.workspace_id, target.id)
        if self.options.access and target.remote_url and target.branch:
            item.facts = read_facts(
                target.remote_url, target.branch, self.options.access, behind=item.behind, scan_secrets=False
            )

    # -- decide -----------------------------------------------------------------------------------------------------
    def judge(self) -> None:
        """Put what is due before the gates, and say what would change."""
        for item in self.items:
            if item.error is None:
                try:
                    item.warnings += self.options.gates.check(item, pull=self.options.strategy == "pull")
                except AppsmithError as error:
                    item.fail(error)
            if item.due:
                # Either a deployment of settings that ended half-way, or what no deployment changes: only trying tells.
                # The second is the usual one by far, and so it is what the plan says.
                item.changed = not (item.state == INTERRUPTED and item.status and uneven(item.status))
                if item.status and not item.changed:
                    item.warnings.append(f"'{item.target.name}': {UNEVEN}: {named(item.status.files)}")
                if item.drift == CHANGES and item.status and item.changed:
                    item.discarded = list(item.status.files)

    # -- act and prove ----------------------------------------------------------------------------------------------
    def deploy(self) -> None:
        """In one lane: two deployments at once on an instance break each other (observed 6 and 31)."""
        for item in self.items:
            if item.due and not (self.options.stop_on_error and self.failed):
                started = time.monotonic()
                try:
                    self._deploy(item)
                except AppsmithError as error:
                    item.fail(error)
                item.seconds += time.monotonic() - started
            elif item.due:
                item.changed = False
                item.warnings.append("not deployed, since another application failed before it")

    def _deploy(self, item: Item) -> None:
        target = item.target
        # Nothing but a discard gets an application out of a half-done deployment.
        by_pull = self.options.strategy == "pull" and item.state != INTERRUPTED
        before, interrupted = item.status, item.state == INTERRUPTED
        # From here on something may have changed, whatever happens.
        item.changed = True
        outcome = self.git.deploy(target, "pull" if by_pull else "discard")
        item.warnings += [text for text in outcome.warnings if text not in item.warnings]
        item.status = after = outcome.after
        # The proof has seen that what is left is the repository's own or a migration's, if anything is.
        item.drift = NONE if not after or after.clean else CHANGES if uneven(after) else MIGRATION
        self._prove_content(item)
        if interrupted and before and outcome.left_alone(before):
            item.changed, item.state, item.discarded = False, CURRENT, []
            return
        if interrupted:
            item.warnings.append(f"'{target.name}': finished what an earlier, interrupted deployment left half done")
        item.state = DEPLOYED
        item.unconfigured = unconfigured_of_application(self.git.client, target.workspace_id, target.id)
        for text in self.options.gates.check_datasources(item, deployed=True):
            if text not in item.warnings:
                item.warnings.append(text)

    def _prove_content(self, item: Item) -> None:
        access, target = self.options.access, item.target
        if not (access and target.remote_url and target.branch):
            return
        with open_branch(target.remote_url, target.branch, access) as repository:
            shown = views(self.git.client, target.id)
            differences = repository.differences(shown.published) if shown.complete else []
            # A commit that came after the fetch is not this promotion's: it is found by the next one.
            if differences and repository.tip == item.commit_after:
                raise ProofFailed(
                    f"'{target.name}': deployed, but the published view is not commit {repository.tip[:10]}: "
                    f"{named(differences)}",
                    next_step="Run again; if it stays, see the application's Git settings on the instance.",
                )

    # -- report -----------------------------------------------------------------------------------------------------
    @property
    def failed(self) -> list[Item]:
        return [item for item in self.items if item.error]

    def results(self) -> list[dict[str, Any]]:
        return [item.as_result() for item in self.items]

    def summary(self) -> str:
        """The failures, by cause."""
        causes: dict[str, list[str]] = {}
        for item in self.failed:
            error = item.error
            gate = f"gate {error.gate}" if isinstance(error, GateClosed) else type(error).__name__
            causes.setdefault(f"{gate}{f' [{error.code}]' if error and error.code else ''}", []).append(
                item.target.name
            )
        parts = [f"{cause}: {', '.join(names)}" for cause, names in sorted(causes.items())]
        first = self.failed[0]
        return (
            f"{len(self.failed)} of {len(self.items)} applications were not promoted ({'; '.join(parts)}). "
            f"First: {first.error}"
        )
