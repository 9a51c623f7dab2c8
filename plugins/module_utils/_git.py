# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git operations on one application: look, act, prove; private to the collection.

No answer is believed. What an operation did is what can be seen after it: an error may come after the work was done,
and a success without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    ConnectionFailed,
    GitConflict,
    GitKeyRefused,
    GitLocked,
    GitProtectedBranch,
    GitTimeout,
    GitUncommittedChanges,
    GitUpstreamAhead,
    GitWriteConflict,
    NotReady,
    ProofFailed,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import (
    Ahead,
    Author,
    GitApi,
    Status,
    git_api,
    named,
    push_refused,
    uncommitted,
    upstream_ahead,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import Views, is_published, views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    MIGRATION,
    NONE,
    UNEVEN,
    drift,
    judge,
    may_be_migration,
    uneven,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

T = TypeVar("T")

LOCK_TIMEOUT = 150.0
LOCK_PAUSE = 3.0
CONFLICT_REPEATS = 5


@dataclass(frozen=True)
class Target:
    """An application's document of one branch."""

    name: str
    id: str
    base_id: str
    workspace_id: str
    workspace: str
    remote_url: str | None
    branch: str | None
    default_branch: str | None = None
    # When it was deployed last, as the answer said that it was read from.
    deployed_at: str | None = field(default=None, compare=False)

    @classmethod
    def read(cls, application: dict[str, Any], workspace: str = "") -> Target:
        git = application.get("gitApplicationMetadata") or {}
        identifier = str(application["id"])
        return cls(
            name=str(application.get("name") or ""),
            id=identifier,
            base_id=str(application.get("baseId") or git.get("defaultApplicationId") or identifier),
            workspace_id=str(application.get("workspaceId") or ""),
            workspace=workspace,
            remote_url=git.get("remoteUrl") or None,
            branch=git.get("refName") or git.get("branchName"),
            default_branch=git.get("defaultBranchName"),
            deployed_at=application.get("lastDeployedAt"),
        )

    def at(self, application: dict[str, Any], branch: str) -> Target:
        """The same application at another branch's document."""
        return replace(self, id=str(application["id"]), branch=branch, deployed_at=application.get("lastDeployedAt"))

    def as_result(self) -> dict[str, Any]:
        return {"name": self.name, "id": self.id, "branch": self.branch, "remote_url": self.remote_url}


@dataclass
class Outcome:
    """What an operation did, for a module's result."""

    changed: bool
    before: Status | None = None
    after: Status | None = None
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    # What the application showed when a deployment was proven.
    shown: Views | None = field(default=None, repr=False)

    def left_alone(self, before: Status) -> bool:
        """Whether a deployment found only what no deployment changes."""
        return uneven(before) and self.after is not None and self.after.files == before.files

    def as_result(self) -> dict[str, Any]:
        return {"changed": self.changed, "warnings": self.warnings, **self.facts}


def commits(count: int) -> str:
    return f"{count} commit{'' if count == 1 else 's'}"


class Git:
    """The operations, with locks waited out and write conflicts repeated."""

    def __init__(
        self,
        client: Client,
        api: GitApi,
        *,
        lock_timeout: float = LOCK_TIMEOUT,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.client = client
        self.api = api
        self.lock_timeout = lock_timeout
        self._warn = warn or (lambda text: None)

    @classmethod
    def of(cls, client: Client, version: Version, **options: Any) -> Git:
        return cls(client, git_api(client, version), **options)

    def clone(self) -> Git:
        """For another thread."""
        client = self.client.clone()
        return Git(client, self.api.on(client), lock_timeout=self.lock_timeout, warn=self._warn)

    # -- the server's moods -----------------------------------------------------------------------------------------
    def patiently(self, work: Callable[[], T]) -> T:
        """Do it; while the application's lock is taken (or leaked, which lasts about 120 s), wait and try again.

        A refusal for the lock comes before any work, so trying again is safe for writes as well.
        """
        end = _wait.now() + self.lock_timeout
        while True:
            try:
                return work()
            except GitLocked as error:
                if _wait.now() + LOCK_PAUSE > end:
                    raise GitLocked(
                        error.message,
                        code=error.code,
                        http_status=error.http_status,
                        next_step=f"The lock did not end within {self.lock_timeout:g} seconds: see whether somebody "
                        "works on this application, or raise appsmith_git_lock_timeout.",
                        details=error.details,
                    ) from error
                _wait.sleep(LOCK_PAUSE)

    def alone(self, work: Callable[[], T]) -> T:
        """Do it; repeat what the database calls a write conflict: it was rolled back, and works alone."""
        for attempt in range(CONFLICT_REPEATS):
            try:
                return self.patiently(work)
            except GitWriteConflict:
                if attempt == CONFLICT_REPEATS - 1:
                    raise
                _wait.sleep(float(2**attempt))
        raise AssertionError("unreachable")

    def look(self, target: Target, *, compare_remote: bool = True) -> Status:
        return self.patiently(lambda: self.api.status(target.id, compare_remote=compare_remote))

    def fetch(self, target: Target) -> Ahead:
        """Commits that only one side has, after a fetch.

        With several branches on an instance the shared work tree can refuse a fetch (observed 35); status, which
        fetches as well, still tells.
        """
        try:
            return self.patiently(lambda: self.api.fetch(target.id))
        except AppsmithError as error:
            if "checkout conflict" not in error.message.lower():
                raise
        status = self.look(target)
        return Ahead(status.ahead, status.behind)

    def drift(self, target: Target, status: Status) -> str:
        """Where uncommitted changes come from; looks at the views only where the files leave it open."""
        kind = drift(status)
        if kind == NONE or (kind == CHANGES and not may_be_migration(status)):
            return kind
        return judge(status, views(self.client, target.id))

    def wait_until(self, proven: Callable[[], bool]) -> bool:
        """After a request without an answer: the server goes on with it, so wait and look, and never send it again."""

        def look() -> bool | None:
            try:
                return True if proven() else None
            except (ConnectionFailed, GitLocked, NotReady, RequestTimeout):
                # At work, or not yet back.
                return None

        return bool(_wait.poll(look, timeout=self.lock_timeout, interval=LOCK_PAUSE))

    # -- commit -----------------------------------------------------------------------------------------------------
    def commit(self, target: Target, message: str, author: Author | None = None) -> Outcome:
        """Commit and push what is uncommitted on a branch (this publishes it as well)."""
        far = self.fetch(target)
        if far.behind:
            # A commit now would be refused by the remote, and could never be taken back (observed 8).
            raise GitUpstreamAhead(
                f"'{target.name}' at {target.branch} is {commits(far.behind)} behind the remote; nothing was committed"
            )
        before = self.look(target)
        facts = {
            "modified": list(before.modified),
            "added": list(before.added),
            "removed": list(before.removed),
            "pushed": False,
        }
        if before.clean and not before.ahead:
            return Outcome(False, before, before, facts=facts)
        self.refuse_protected(target, "committed")
        if self.client.check_mode:
            return Outcome(True, before, facts={**facts, "pushed": True})

        def done() -> bool:
            after = self.look(target)
            return after.clean and not after.ahead

        warnings: list[str] = []
        try:
            self.alone(lambda: self.api.commit(target.id, message, author))
        except (RequestTimeout, GitTimeout) as error:
            if not self.wait_until(done):
                raise
            warnings.append(f"'{target.name}': {error.message}; it was committed and pushed all the same")
        except GitUpstreamAhead as error:
            raise upstream_ahead(error) from error
        except GitKeyRefused as error:
            raise push_refused(target.name, target.branch, error) from error
        after = self.look(target)
        if not after.clean or after.ahead:
            left = f"{commits(after.ahead)} not pushed" if after.ahead else f"still uncommitted: {named(after.files)}"
            raise ProofFailed(
                f"'{target.name}': the server said committed, but {left}",
                next_step="See the application's Git settings on the instance, then run again.",
            )
        return Outcome(True, before, after, warnings, {**facts, "pushed": True})

    # -- discard ----------------------------------------------------------------------------------------------------
    def discard(self, target: Target, *, keep_changes: bool = False) -> Outcome:
        """Throw away what is uncommitted, go to the remote's state; O(keep_changes) refuses to lose a person's work."""
        far = self.fetch(target)
        before = self.look(target, compare_remote=False)
        before = replace(before, ahead=far.ahead, behind=far.behind)
        self.refuse_diverged(target, before)
        kind = self.drift(target, before)
        if kind == CHANGES and keep_changes:
            error = uncommitted(target.name, target.branch, before)
            if uneven(before):
                error.next_step = f"{error.next_step} If nobody changed them here, {UNEVEN}."
            raise error
        thrown_away = list(before.files) if kind == CHANGES else []
        facts = {"behind": before.behind, "drift": kind, "discarded": thrown_away}
        # A migration's traces come back at once as long as the repository has the older format (observed 14).
        if before.behind == 0 and (kind == MIGRATION or (kind != CHANGES and is_published(self.client, target.id))):
            return Outcome(False, before, before, facts=facts)
        if self.client.check_mode:
            return Outcome(True, before, facts=facts)
        outcome = self.deploy(target, "discard")
        if outcome.left_alone(before):
            return Outcome(False, before, outcome.after, outcome.warnings, {**facts, "discarded": []})
        return Outcome(True, before, outcome.after, outcome.warnings, facts)

    def deploy(self, target: Target, strategy: str) -> Outcome:
        """Deploy and prove it; the caller has looked and decided."""
        # Imported here, since it is made of what is above.
        from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_deploy import prove, send

        return prove(self, send(self, target, strategy))

    # -- pull -------------------------------------------------------------------------------------------------------
    def pull(self, target: Target) -> Outcome:
        """Merge the remote's commits into the branch and publish them; refuses when a person's work is in the way."""
        far = self.fetch(target)
        before = self.look(target, compare_remote=False)
        before = replace(before, ahead=far.ahead, behind=far.behind)
        kind = self.drift(target, before)
        facts = {"behind": before.behind, "drift": kind}
        if before.behind == 0:
            if not is_published(self.client, target.id):
                raise ProofFailed(
                    f"'{target.name}' at {target.branch} has nothing to pull, but no published view either",
                    next_step="An earlier pull was broken off: bring it back by a discard (git_discard, promotion).",
                )
            return Outcome(False, before, before, facts=facts)
        self.refuse_diverged(target, before)
        self.refuse_pull(target, before, kind)
        if self.client.check_mode:
            return Outcome(True, before, facts=facts)
        outcome = self.deploy(target, "pull")
        return Outcome(True, before, outcome.after, outcome.warnings, facts)

    @staticmethod
    def refuse_pull(target: Target, status: Status, kind: str) -> None:
        if kind == MIGRATION:
            raise GitUncommittedChanges(
                f"'{target.name}' at {target.branch} carries a migration's traces, with which no pull works",
                next_step="Deploy by discard (git_discard), or commit them first where the branch may be written to.",
            )
        if kind == CHANGES:
            raise uncommitted(target.name, target.branch, status)

    # -- refusals that several operations share ---------------------------------------------------------------------
    def refuse_protected(self, target: Target, done: str) -> None:
        """Before the server does: a merge that it refuses for this stays on the instance, unpushed."""
        if target.branch in self.api.protected(target.base_id):
            raise GitProtectedBranch(
                f"'{target.name}': branch {target.branch} is protected on this instance, nothing was {done}",
                next_step="Merge it in the repository (a pull request), or take the protection away in the "
                "application's Git settings.",
            )

    @staticmethod
    def refuse_diverged(target: Target, status: Status) -> None:
        if status.ahead and status.behind:
            # Neither pull nor discard gets out of it, and trying may lock the application (observed 8).
            raise GitConflict(
                f"'{target.name}' at {target.branch} and the remote went different ways: "
                f"{commits(status.ahead)} only here, {status.behind} only there",
                next_step="Save the work to a new branch (git_branch), or import the application again.",
            )
