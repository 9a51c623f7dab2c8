# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clears what an upgrade's migration left on every branch of every application; private to the collection.

Each branch that an instance has is a document of its own, and a migration dirties each (observed 14). The branches of
one application share a work tree, so one thread has them all, one after the other. Looks and commits run side by side.
What imports content, a discard or a branch that is brought in, runs alone, since the database rolls back what is
imported at once (observed 6, 31); a commit is no such transaction (source of v1.91).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    AuthenticationFailed,
    ConnectionFailed,
    GitConflict,
    GitKeyRefused,
    GitTimeout,
    GitUpstreamAhead,
    ProofFailed,
    RequestTimeout,
    after_writing,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Outcome, Target, commits
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import (
    Status,
    named,
    push_refused,
    upstream_ahead,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import (
    branches,
    ensure_branch,
    find_branches,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_deploy import prove, send
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    MIGRATION,
    NONE,
    UNEVEN,
    drift,
    judge,
    may_be_leftover,
    uneven,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep_checks import (
    behind_error,
    key_problem,
    refuse_keys,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep_entry import (
    CLEAN,
    COMMIT,
    COMMITTED,
    DISCARDED,
    NOTHING,
    PUSHED,
    STATES,
    Entry,
    Options,
)

T = TypeVar("T")
# Auto-commit may work on an application at the same time, and leaves files that one more commit changes back
# (observed 15).
COMMITS = 2
PERSON = "somebody's uncommitted changes are left as they are"
PROTECTED = "its branch is protected on this instance: merge the migration into it in the repository"
OLD_FORMAT = "its branch at the remote has the older format: the migration has to be committed where it is written to"


class Sweep:
    """One run over the applications of an instance."""

    def __init__(self, git: Git, options: Options) -> None:
        self.git = git
        self.options = options
        self._importing = threading.Lock()
        self._own = threading.local()
        self._clones: list[Git] = []
        # With it nothing further is tried: the instance has gone, or the session has.
        self._stopped: AppsmithError | None = None

    def run(self, targets: list[Target]) -> list[Entry]:
        """An entry for each branch, in the order of the applications."""
        pool = ThreadPoolExecutor(max_workers=max(1, self.options.width))
        try:
            if self.options.action == COMMIT and self.options.host:
                found = self._each(pool, self._look_at, targets)
                self._check_keys(pool, targets, found)
                self._each(pool, self._work_on, found)
            else:
                found = self._each(pool, lambda target: self._work_on(self._look_at(target)), targets)
        finally:
            pool.shutdown(cancel_futures=True)
            for clone in self._clones:
                clone.client.close()
        return [entry for entries in found for entry in entries]

    @staticmethod
    def _each(pool: ThreadPoolExecutor, work: Callable[[T], list[Entry]], items: Iterable[T]) -> list[list[Entry]]:
        return list(pool.map(work, items))

    def _mine(self) -> Git:
        """A session object for each thread."""
        if not hasattr(self._own, "git"):
            self._own.git = self.git.clone()
            self._clones.append(self._own.git)
        found: Git = self._own.git
        return found

    def _hold(self) -> None:
        """No other run on the controller writes on this instance from here on."""
        if self.options.lock is not None:
            self.options.lock().take()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One import at a time."""
        with self._importing:
            self._hold()
            yield

    def _guarded(self, entry: Entry, work: Callable[[Entry], None]) -> None:
        """What goes wrong is this branch's; what would go no better elsewhere ends the run."""
        if self._stopped is not None:
            entry.fail(self._stopped)
            return
        try:
            work(entry)
        except AppsmithError as error:
            if isinstance(error, (AuthenticationFailed, ConnectionFailed)):
                self._stopped = error
            entry.fail(error, strict=self.options.strict)

    # -- look -------------------------------------------------------------------------------------------------------
    def _look_at(self, target: Target) -> list[Entry]:
        entries: list[Entry] = []
        whole = Entry(target)
        self._guarded(whole, lambda entry: entries.extend(self._branches(entry.target)))
        if whole.error is not None:
            return [whole]
        for entry in entries:
            if entry.due == NOTHING:
                self._guarded(entry, self._look)
        return entries

    def _branches(self, target: Target) -> list[Entry]:
        git, options = self._mine(), self.options
        wanted = options.branches
        if wanted is not None and not options.bring_in and set(wanted) <= {target.branch}:
            return [Entry(target)] if wanted else []
        known = find_branches(git, target, *options.bring_in) if options.bring_in else branches(git, target)
        found = []
        for name in sorted(known.local, key=lambda name: (name != target.branch, name)):
            if wanted is not None and name not in (*wanted, *options.bring_in):
                continue
            if name == target.branch:
                found.append(Entry(target))
                continue
            document = git.patiently(lambda name=name: git.api.checkout(target.id, name))  # type: ignore[misc]
            found.append(Entry(target.at(document, name)))
        for name in options.bring_in:
            if name in known.local or name not in known.remote:
                continue
            entry = Entry(replace(target, branch=name))
            entry.brought_in, entry.changed = True, True
            if options.check_mode:
                entry.due = COMMITTED
            else:
                with self._alone(), after_writing():
                    made = ensure_branch(git, target, name)
                entry.target = replace(target, id=str(made.facts["id"]), branch=name)
            found.append(entry)
        return found

    def _look(self, entry: Entry) -> None:
        git = self._mine()
        status = git.look(entry.target)
        entry.saw(status, self._kind(git, entry.target, status))
        self._decide(git, entry, status)

    def _kind(self, git: Git, target: Target, status: Status) -> str:
        """Where the dirt is from. A branch that had a person's changes before the upgrade has them still."""
        was = self.options.was(target)
        if status.clean:
            return NONE
        if was == CHANGES:
            return CHANGES
        kind = git.drift(target, status)
        if kind == CHANGES and was == CLEAN and may_be_leftover(status):
            shown = views(git.client, target.id)
            return MIGRATION if shown.complete and not shown.unpublished else CHANGES
        return kind

    def _decide(self, git: Git, entry: Entry, status: Status) -> None:
        if entry.before == CHANGES:
            entry.leave(f"{PERSON}: {named(entry.files)}" + (f" ({UNEVEN})" if uneven(status) else ""))
        elif self.options.action == COMMIT:
            self._decide_commit(git, entry)
        elif entry.before == MIGRATION:
            self._decide_discard(git, entry, status)

    def _decide_commit(self, git: Git, entry: Entry) -> None:
        if entry.before == CLEAN and not entry.ahead:
            return
        if entry.before == CLEAN and entry.behind:
            entry.leave(f"{commits(entry.ahead)} only here and {entry.behind} only at the remote")
            return
        if entry.before == MIGRATION and not entry.ahead and 0 < entry.behind <= self.options.incoming:
            # As after an upgrade that was taken back: its commit is at the remote already.
            entry.due = DISCARDED
            return
        if entry.behind:
            # A commit now would be refused by the remote, and could never be taken back (observed 8).
            raise behind_error(entry, entry.behind)
        entry.protected = entry.target.branch in git.patiently(lambda: git.api.protected(entry.target.base_id))
        if entry.protected:
            entry.leave(PROTECTED)
            return
        entry.due = COMMITTED if entry.before == MIGRATION else PUSHED

    def _decide_discard(self, git: Git, entry: Entry, status: Status) -> None:
        options = self.options
        git.refuse_diverged(entry.target, status)
        if entry.ahead:
            entry.leave(f"{commits(entry.ahead)} of this instance {'is' if entry.ahead == 1 else 'are'} not pushed")
        elif entry.behind == 0 or not options.has_new_format(entry.target):
            # It would be dirty again at once (observed 14).
            entry.leave(OLD_FORMAT)
        elif entry.behind > options.incoming:
            entry.leave(
                f"{commits(entry.behind)} would be deployed, which is more than the migration: promote this application"
            )
        else:
            entry.due = DISCARDED

    def _check_keys(self, pool: ThreadPoolExecutor, targets: list[Target], found: list[list[Entry]]) -> None:
        """Before anything is committed; in check mode all, since before an upgrade nothing is due yet."""
        dirty = [
            (target, entries)
            for target, entries in zip(targets, found, strict=True)
            if self.options.check_mode or any(entry.due != NOTHING for entry in entries)
        ]
        problems = list(pool.map(self._key_problem, [target for target, _entries in dirty]))
        if self.options.strict:
            refuse_keys(problems)
        for (_target, entries), problem in zip(dirty, problems, strict=True):
            for entry in entries:
                if problem and entry.due != NOTHING:
                    entry.leave(problem)

    def _key_problem(self, target: Target) -> str | None:
        if self.options.host is None:
            raise AssertionError("asked only where there is a host's API")
        return key_problem(self._mine(), self.options.host(), target)

    # -- act --------------------------------------------------------------------------------------------------------
    def _work_on(self, entries: list[Entry]) -> list[Entry]:
        for entry in entries:
            if entry.due == NOTHING or entry.error is not None:
                continue
            if self.options.check_mode:
                entry.action, entry.after, entry.changed = entry.due, CLEAN, True
                continue
            discards = self._discard if self.options.action != COMMIT else self._bring_in
            self._guarded(entry, discards if entry.due == DISCARDED else self._commit)
        return entries

    def _bring_in(self, entry: Entry) -> None:
        """What is at the remote comes first; what the migration leaves even then is committed."""
        git, target = self._mine(), entry.target
        outcome = self._deploy(entry)
        with after_writing():
            after = outcome.after or git.look(target)
            kind = self._kind_after(git, target, after)
        entry.after, entry.ahead, entry.behind = STATES[kind], after.ahead, after.behind
        if kind == CHANGES:
            entry.reason = UNEVEN if uneven(after) else f"left over: {named(after.files)}"
        elif kind == MIGRATION and entry.target.branch in git.patiently(lambda: git.api.protected(target.base_id)):
            entry.protected, entry.reason = True, PROTECTED
        elif kind == MIGRATION:
            entry.due = COMMITTED
            self._commit(entry)

    def _commit(self, entry: Entry) -> None:
        git, target, due = self._mine(), entry.target, entry.due
        for _attempt in range(COMMITS):
            self._hold()
            # Others may have pushed since.
            far = git.fetch(target)
            if far.behind:
                raise behind_error(entry, far.behind)
            self._send(git, entry)
            after = git.look(target)
            kind = self._kind_after(git, target, after)
            entry.after, entry.ahead, entry.behind = STATES[kind], after.ahead, after.behind
            if kind != MIGRATION:
                break
        entry.changed, entry.action, entry.due = True, due, NOTHING
        with after_writing():
            if after.ahead:
                raise ProofFailed(
                    f"{entry.label}: the server said committed, but {commits(after.ahead)} not pushed",
                    next_step="See the application's Git settings on the instance, then run again.",
                )
            if kind == MIGRATION:
                raise ProofFailed(
                    f"{entry.label}: committed, but there is still left: {named(after.files)}",
                    next_step="See whether somebody works on it (auto-commit does, when it is opened), then run again.",
                )
        if due == PUSHED:
            entry.reason = "commits of this instance that had not been pushed were"
        if kind == CHANGES:
            entry.reason = f"{PERSON}, which came meanwhile: {named(after.files)}"

    def _kind_after(self, git: Git, target: Target, status: Status) -> str:
        """What is left of a branch whose dirt was a migration's: what auto-commit left, or what a person did since."""
        if status.clean:
            return NONE
        kind = git.drift(target, status)
        if kind == CHANGES and may_be_leftover(status):
            shown = views(git.client, target.id)
            return MIGRATION if shown.complete and not shown.unpublished else CHANGES
        return kind

    def _send(self, git: Git, entry: Entry) -> None:
        target, options = entry.target, self.options

        def done() -> bool:
            after = git.look(target)
            return after.clean and not after.ahead

        try:
            git.alone(lambda: git.api.commit(target.id, options.message, options.author))
        except (RequestTimeout, GitTimeout) as error:
            if not git.wait_until(done):
                raise
            entry.warnings.append(f"{entry.label}: {error.message}; it was committed and pushed all the same")
        except GitUpstreamAhead as error:
            raise upstream_ahead(error) from error
        except GitKeyRefused as error:
            refused = push_refused(target.name, target.branch, error)
            refused.changed = True
            raise refused from error

    def _deploy(self, entry: Entry) -> Outcome:
        """By a discard, which brings in what the remote has, and proven."""
        git = self._mine()
        with self._alone():
            sent = send(git, entry.target)
        with after_writing():
            outcome = prove(git, sent)
        entry.warnings += outcome.warnings
        entry.changed, entry.action, entry.due = True, DISCARDED, NOTHING
        return outcome

    def _discard(self, entry: Entry) -> None:
        outcome = self._deploy(entry)
        after = outcome.after
        if after is None or after.clean:
            entry.after, entry.behind = CLEAN, 0
            return
        kind = judge(after, outcome.shown) if outcome.shown else drift(after)
        entry.after, entry.behind = STATES[kind], after.behind
        if kind == MIGRATION:
            error = GitConflict(
                f"{entry.label}: its traces of the migration came back after the discard, since {OLD_FORMAT}",
                next_step="Run the sweep on the instance that commits, then this one again.",
            )
            error.changed = True
            raise error
        entry.reason = UNEVEN if uneven(after) else f"left over: {named(after.files)}"
