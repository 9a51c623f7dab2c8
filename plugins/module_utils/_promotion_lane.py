# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploying a wave: requests in one lane, proofs beside it; private to the collection.

Two deployments at once on an instance break each other (observed 6 and 31), reads beside one are safe. So the lane is
never idle: while an application is looked at, the next one is deployed already.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitWriteConflict,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Outcome
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_deploy import DISCARD, PULL, Sent, prove, send
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View, Views, views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    MIGRATION,
    NONE,
    strangers,
    uneven,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    CURRENT,
    DEPLOYED,
    INTERRUPTED,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_look import Options
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_pool import Work, Workers, attempt
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import between_views

STOPPED = "not deployed, since another application failed before it"


class Lane:
    """The calls for an application that is deployed: the discard; status (without another fetch) and an export prove
    it; its datasources (see Landscape) are looked at when the wave is through."""

    def __init__(self, git: Git, options: Options, workers: Workers, look_again: Work) -> None:
        self.git = git
        self.options = options
        self.workers = workers
        self._look_again = look_again
        self._lock = options.lock()
        # Names of datasources that got their credentials in this run, by workspace.
        self._applied: dict[str, set[str]] = {}
        self._refused: dict[tuple[str, str], AppsmithError] = {}
        self._one_by_one = threading.Lock()
        self._lane = Workers(git, options.deploy_width)
        self._started: dict[str, Future[None]] = {}
        self._sent: set[str] = set()
        self._conflicted: list[Item] = []
        self._proofs: list[Future[None]] = []

    def close(self) -> None:
        self._lock.give_up()
        self._lane.close()

    def start(self, item: Item) -> None:
        """Deploy it as soon as the lane is free; C(run()) waits for it."""
        self.options.proofs.begin([item.target])
        self._submit(item)

    def _submit(self, item: Item) -> None:
        # Until now that was the prediction.
        item.changed = False
        self._started[item.target.id] = self._lane.submit(self._first, item)

    def run(self, items: list[Item], beside: Callable[[Git], None] | None = None) -> None:
        """Deploy a wave and prove it; O(beside) is a look that is made when all is deployed."""
        rest = [item for item in items if item.target.id not in self._started]
        self.options.proofs.begin(item.target for item in rest)
        if self.options.stop_on_error:
            self._run_carefully(rest)
        else:
            for item in rest:
                self._submit(item)
            self._lane.wait([self._started[item.target.id] for item in items])
        # What the database rolled back works alone, when no other is at work.
        again, self._conflicted = self._conflicted, []
        for item in again:
            attempt(self._again, self.git, item)
        looks = [self.workers.call(beside)] if beside else []
        workspaces = {item.target.workspace_id for item in items if item.target.id in self._sent}
        looks += [self.workers.call(functools.partial(self._list_datasources, one)) for one in workspaces]
        self._proven()
        for look in looks:
            look()
        self.datasources([item for item in items if item.state == DEPLOYED and item.error is None], listed=True)
        self._lock.release()

    def _list_datasources(self, workspace_id: str, git: Git) -> None:
        # An error comes up where an application needs the list.
        with contextlib.suppress(AppsmithError):
            self.options.landscape.renew(git.client, workspace_id)

    def _run_carefully(self, items: list[Item]) -> None:
        """One after the other, each proven before the next one is touched."""
        for item in items:
            if any(other.error for other in items):
                item.hold(STOPPED)
                continue
            self._submit(item)
            self._lane.wait([self._started[item.target.id]])
            again, self._conflicted = self._conflicted, []
            for one in again:
                attempt(self._again, self.git, one)
            self._proven()

    def _proven(self) -> None:
        futures, self._proofs = self._proofs, []
        self.workers.wait(futures)

    # -- the lane ---------------------------------------------------------------------------------------------------
    def _first(self, git: Git, item: Item) -> None:
        if self._lock.take():
            self._look_again(git, item)
            item.changed = False
        self._prepare(git, item)
        try:
            self._send(git, item, repeat=False)
        except GitWriteConflict:
            self._conflicted.append(item)

    def _again(self, git: Git, item: Item) -> None:
        self._send(git, item, repeat=True)

    def _prepare(self, git: Git, item: Item) -> None:
        """What must be there, or be saved, before the application is deployed."""
        self.configure(item, self.options.gates.to_configure(item)[0])
        if self.options.gates.drift == "rescue" and item.drift == CHANGES and item.state != INTERRUPTED:
            from ansible_collections.stagecraft.appsmith.plugins.module_utils import _rescue

            gates, target = self.options.gates, item.target
            saved = _rescue.rescue(
                git,
                target,
                gates.rescue_branch(target),
                f"Uncommitted changes on the instance, saved before a promotion of {target.branch}",
                gates.author,
                directory=gates.rescue_directory,
            )
            item.rescued_to = saved["rescued_to"]
            item.changed = item.rescued_to is not None
            item.warn(*saved.get("warnings") or ())

    def _send(self, git: Git, item: Item, *, repeat: bool) -> None:
        # Nothing but a discard gets an application out of a half-done deployment, or out of what was rescued.
        by_pull = self.options.strategy == PULL and item.state != INTERRUPTED and item.rescued_to is None
        # From here on something may have changed, whatever happens.
        item.changed = True
        sent = send(git, item.target, PULL if by_pull else DISCARD, repeat=repeat)
        self._sent.add(item.target.id)
        # The export beside the status; where the answer was a doubtful one the status decides whether it is worth it.
        shown = self.workers.call(lambda own: views(own.client, sent.target.id)) if sent.doubt is None else None
        self._proofs.append(self.workers.submit(lambda own, one: self._prove(own, one, sent, shown), item, urgent=True))

    # -- beside it --------------------------------------------------------------------------------------------------
    def _prove(self, git: Git, item: Item, sent: Sent, shown: Callable[[], Views] | None) -> None:
        interrupted, before = item.state == INTERRUPTED, item.status
        outcome = prove(
            git,
            sent,
            clash_is_open=self.options.gates.clash == "warn",
            read_views=shown,
        )
        item.warn(*outcome.warnings)
        after = outcome.after
        # Kept to the end of the run, so without the server's own words.
        item.status = replace(after, raw={}) if after else None
        # The proof has seen that what is left is the repository's own or a migration's, if anything is.
        nobodys = not after or after.clean or bool(strangers(after))
        item.drift = NONE if nobodys else CHANGES if after and uneven(after) else MIGRATION
        self._prove_content(git, item, outcome)
        if interrupted and before and outcome.left_alone(before):
            item.changed, item.state, item.discarded = bool(item.configured_datasources), CURRENT, []
            return
        if interrupted:
            item.warn(
                f"'{item.target.name}': deployed again, since it was not what the repository holds and nobody's work "
                "either (left half done by an earlier run, or rewritten by the server)"
            )
        item.state = DEPLOYED

    def _prove_content(self, git: Git, item: Item, outcome: Outcome) -> None:
        """Against the commit, where it could be read; and what is other than before, where nothing else tells."""
        shown = outcome.shown
        if shown is None or not shown.complete:
            return
        if item.changes is None and item.view_before is not None:
            item.changes = between_views(item.view_before, shown.published).as_result()
        item.view_before = None
        if item.facts is None:
            return
        differences = item.facts.differences(shown.published)
        if differences:
            differences = self._differences_now(git, item, shown.published)
        if differences:
            raise ProofFailed(
                f"'{item.target.name}': deployed, but the published view is not commit "
                f"{(item.commit_after or '')[:10]}: {named(differences)}",
                next_step="Run again; if it stays, see the application's Git settings on the instance.",
            )
        item.facts.forget_content()

    def _differences_now(self, git: Git, item: Item, published: View) -> list[str]:
        """Somebody may have pushed while this run was at work; nobody is to blame for that."""
        target, access = item.target, self.options.access
        if not (access and target.remote_url and target.branch and item.facts):
            raise AssertionError("asked only where the repository was read")
        if git.fetch(target).behind:
            item.warn(f"'{target.name}': a newer commit came while it was deployed; the next run brings it in")
            return []
        from ansible_collections.stagecraft.appsmith.plugins.module_utils import _promotion_facts

        now = _promotion_facts.read_facts(target.remote_url, target.branch, access, behind=0, scan_secrets=False)
        found = now.differences(published)
        if not found and now.commit_after != item.commit_after:
            item.warn(f"'{target.name}': a newer commit came while it was deployed, and came in with it")
            item.facts.commit_after = now.commit_after
        return found

    # -- after it ---------------------------------------------------------------------------------------------------
    def datasources(self, deployed: list[Item], *, listed: bool = False) -> None:
        """Which the deployments brought, and whether all work; those whose credentials were given get them now.

        O(listed): the workspaces' lists are as new as can be.
        """
        if not deployed:
            return
        self._look_at_datasources(deployed, listed=listed)
        given = [item for item in deployed if item.error is None and any(self.options.gates.to_configure(item))]
        for item in given:
            attempt(self._configure_all, self.git, item)
        if given:
            self._look_at_datasources([item for item in deployed if item.error is None])
        for item in deployed:
            if item.error is None:
                attempt(self._check_datasources, self.git, item)

    def _configure_all(self, _git: Git, item: Item) -> None:
        there, new = self.options.gates.to_configure(item)
        self.configure(item, [*there, *new])

    def _check_datasources(self, _git: Git, item: Item) -> None:
        item.warn(*self.options.gates.check_datasources(item, deployed=True))

    def _look_at_datasources(self, deployed: list[Item], *, listed: bool = False) -> None:
        landscape = self.options.landscape
        for workspace_id in () if listed else {item.target.workspace_id for item in deployed}:
            landscape.forget(workspace_id)

        def look(git: Git, item: Item) -> None:
            try:
                landscape.look(git.client, item)
            except AppsmithError as error:
                error.message = f"'{item.target.name}': its datasources could not be looked at: {error.message}"
                raise

        self.workers.each(look, deployed)

    def configure(self, item: Item, names: list[str]) -> None:
        """Give datasources their credentials, each once in a run."""
        with self._one_by_one:
            done = self._applied.setdefault(item.target.workspace_id, set())
            missing = [name for name in dict.fromkeys(names) if name not in done]
            if not missing:
                return
            for name in missing:
                # A refused password is not tried again for the next application.
                if (item.target.workspace_id, name) in self._refused:
                    raise self._refused[item.target.workspace_id, name]
            try:
                results = self.options.credentials.apply(item.target.workspace_id, missing)
            except AppsmithError as error:
                self._refused.update({(item.target.workspace_id, name): error for name in missing})
                raise
            done.update(missing)
        item.configured_datasources += results
        item.changed = item.changed or any(result.get("changed") for result in results)
