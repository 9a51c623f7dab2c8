# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From two branches to a merged request: look, act once, prove; private to the collection."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    ConnectionFailed,
    ProofFailed,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import (
    CLOSED,
    MERGED,
    OPEN,
    ChecksFailed,
    Forge,
    MergeConflict,
    NotApproved,
    Request,
    RequestRefused,
    SourceMoved,
    WaitedTooLong,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import GitHostError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_look import Look, Wanted

# Seconds until a merge must be seen, and until a host that does not tell conflicts from looking for them is taken to
# mean a conflict.
PROOF, UNCLEAR = 30.0, 15.0
# "Please try again later", "Base branch was modified. Review and try the merge again."
_AGAIN = re.compile(r"\btry\b.*\bagain\b", re.I)


class Work(Look):
    """One repository, brought to the state that is wanted."""

    def __init__(self, forge: Forge, name: str, wanted: Wanted) -> None:
        super().__init__(forge, name, wanted)
        self.entry.update(merge_commit=None, opened=False, updated=False, source_deleted=False)
        self._number: int | None = None
        self._unclear_since: float | None = None

    def _go_on(self) -> None:
        if self._number is None:
            self._begin()
        else:
            self._step(self.forge.read(self._repository, self._number))

    # -- the beginning ----------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        wanted, forge = self.wanted, self.forge
        if wanted.state == CLOSED:
            return self._close()
        target, source = self._branch(wanted.target), forge.branch(self._repository, wanted.source)
        if source is None:
            return self._without_source()
        if not self._compare(source, target):
            if wanted.delete_source and wanted.state == MERGED and self._last_merged():
                self._delete_source()
            return self._end()
        found = forge.opened(self._repository, wanted.source, wanted.target)
        if found:
            self.before = self._shown(found)
            found = self._edit(found)
        else:
            found = self._open()
        if found and wanted.state == MERGED:
            return self._step(found)
        if wanted.state == MERGED:
            self.entry.update(state=MERGED, source_deleted=wanted.delete_source)
        return self._end()

    def _last_merged(self) -> Request | None:
        return self.forge.last_merged(self._repository, self.wanted.source, self.wanted.target)

    def _without_source(self) -> None:
        """Without its source branch a request can only have been merged before, and the branch been deleted after."""
        merged = self._last_merged() if self.wanted.state == MERGED else None
        if merged is None:
            raise self._missing(self.wanted.source)
        self._look_at(merged)
        self.before = self._shown(merged)
        self._end()

    def _open(self) -> Request | None:
        wanted, request = self.wanted, None
        title = wanted.title or f"Promote {wanted.source} to {wanted.target}"
        if not self.check_mode:
            try:
                request = self.forge.open(self._repository, wanted.source, wanted.target, title, wanted.body or "")
            except (RequestTimeout, ConnectionFailed, GitHostError) as error:
                # It may be there all the same, or somebody else was faster.
                request = self.forge.opened(self._repository, wanted.source, wanted.target)
                if request is None:
                    raise
                self.warnings.append(f"{self._repository}: {error.message}; the {self.forge.noun} is there")
                if error.http_status in (409, 422):
                    return self._edit(request)
        self.entry.update(changed=True, opened=True, state=OPEN)
        if request:
            self._look_at(request)
        self.entry["title"], self.entry["body"] = title, wanted.body or ""
        return request

    def _edit(self, request: Request) -> Request:
        """Title and body as they are wanted, and the request as it is then."""
        given = {"title": self.wanted.title, "body": self.wanted.body}
        now = {"title": request.title, "body": request.body}
        changes: dict[str, Any] = {
            key: text for key, text in given.items() if text is not None and _plain(text) != _plain(now[key])
        }
        if not changes:
            self._look_at(request)
            return request
        if self.check_mode:
            after = replace(request, **changes)
        else:
            self.forge.edit(self._repository, request.number, changes)
            after = self.forge.read(self._repository, request.number)
            found = {"title": after.title, "body": after.body}
            wrong = [key for key, text in changes.items() if _plain(found[key]) != _plain(text)]
            if wrong:
                raise ProofFailed(f"{self._called(request)} has not got its new {' and '.join(wrong)}")
        self._look_at(after)
        self.entry.update(changed=True, updated=True)
        return after

    def _close(self) -> None:
        found = self.forge.opened(self._repository, self.wanted.source, self.wanted.target)
        if found:
            self._look_at(found)
            self.before = self._shown(found)
            if not self.check_mode:
                self.forge.edit(self._repository, found.number, {"state": CLOSED})
                after = self.forge.read(self._repository, found.number)
                if after.state != CLOSED:
                    raise ProofFailed(f"{self._called(found)} was closed and is {after.state}")
            self.entry.update(changed=True, state=CLOSED)
        self._end()

    # -- a look, and what follows -----------------------------------------------------------------------------------
    def _step(self, request: Request) -> None:
        self._look_at(request)
        if request.state == MERGED:
            return self._after_merge(request)
        self._refuse(request)
        reasons = self._reasons(request)
        if self.check_mode:
            self.entry.update(changed=True, state=MERGED, waits_for=reasons, source_deleted=self.wanted.delete_source)
            return self._end()
        if not reasons:
            self._merge(request)
        elif _wait.now() >= self.end:
            text = f"{self._called(request)} is not ready after {self.wanted.timeout:g} s: {'; '.join(reasons)}"
            raise WaitedTooLong(text, details=reasons)

    def _refuse(self, request: Request) -> None:
        """What waiting does not mend."""
        called = self._called(request)
        if request.state == CLOSED:
            raise RequestRefused(f"{called} was closed by somebody", next_step="Open it again, or run again.")
        if request.draft:
            raise RequestRefused(f"{called} is a draft", next_step="Mark it as ready, then run again.")
        if request.mergeable is False:
            raise MergeConflict(f"{called} has conflicts with {request.target}")

    def _reasons(self, request: Request) -> list[str]:
        """What is still missing, as far as waiting can bring it."""
        wanted, reasons = self.wanted, []
        if request.head != self._head:
            now = self.forge.branch(self._repository, wanted.source)
            if now is None or now.sha != self._head:
                raise SourceMoved(f"{self._called(request)} got other commits while this was at work on {self._head}")
            reasons.append(f"the {self.forge.noun} does not show the branch's last commit yet")
        if request.mergeable is None:
            reasons.append(self._unclear(request))
        else:
            self._unclear_since = None
        if wanted.checks:
            reasons += self._checks(request)
        if wanted.approvals:
            reasons += self._reviews(request)
        if request.blocked and (wanted.checks or wanted.approvals):
            reasons.append(request.blocked)
        return reasons

    def _unclear(self, request: Request) -> str:
        now = _wait.now()
        if self._unclear_since is None:
            self._unclear_since = now
        if not self.forge.tells_conflicts and now - self._unclear_since >= UNCLEAR:
            raise MergeConflict(f"{self._called(request)} can't be merged: it has conflicts with {request.target}")
        return "the Git host still looks for conflicts"

    def _checks(self, request: Request) -> list[str]:
        checks = self.forge.checks(self._repository, request)
        self.entry["checks"] = checks.as_result()
        if checks.failed:
            raise ChecksFailed(f"{self._called(request)} has failed checks: {', '.join(sorted(checks.failed))}")
        if checks.pending:
            return [f"checks are not done: {', '.join(sorted(checks.pending))}"]
        return [] if checks.passed else ["no check was reported (say checks: false where there is none)"]

    def _reviews(self, request: Request) -> list[str]:
        reviews = self.forge.reviews(self._repository, request)
        self.entry["approved_by"] = reviews.approved
        if reviews.refused:
            raise NotApproved(f"{self._called(request)}: {', '.join(reviews.refused)} asked for changes")
        if len(reviews.approved) < self.wanted.approvals:
            return [f"{len(reviews.approved)} of {self.wanted.approvals} approvals of its last commit"]
        return []

    # -- the merge --------------------------------------------------------------------------------------------------
    def _merge(self, request: Request) -> None:
        doubt: AppsmithError | None = None
        try:
            self.forge.merge(self._repository, request, self.wanted.method)
        except (RequestTimeout, ConnectionFailed, GitHostError) as error:
            if isinstance(error, GitHostError) and (error.http_status or 500) < 500:
                return self._not_merged(request, error)
            # Nobody knows whether it was done: it is looked at, never sent again.
            doubt = error
        else:
            self.entry["changed"] = True
        merged = _wait.poll(lambda: self._seen(request), timeout=PROOF, interval=1.0)
        if merged is None:
            raise doubt or ProofFailed(
                f"{self._called(request)} was merged, but {request.target} does not have its commits",
                next_step="Look at the request and the branch.",
            )
        if doubt:
            self.warnings.append(f"{self._repository}: {doubt.message}; it is merged all the same")
        self.entry["changed"] = True
        return self._after_merge(merged)

    def _not_merged(self, request: Request, error: AppsmithError) -> None:
        now = self.forge.read(self._repository, request.number)
        if now.state == MERGED:
            return self._after_merge(now)
        if now.head != request.head:
            raise SourceMoved(f"{self._called(request)} got other commits before it was merged") from error
        if _wait.now() < self.end and (now.mergeable is None or _AGAIN.search(error.message)):
            # Hosts look for conflicts anew whenever they like; until they are done they refuse, and say so.
            return None
        kind = MergeConflict if now.mergeable is False or "conflict" in error.message.lower() else RequestRefused
        raise kind(
            f"{self._called(request)} was not merged: {error.message}",
            http_status=error.http_status,
            next_step=kind.default_next_step or f"See what it lacks at {request.url} (reviews, checks, protection).",
        ) from error

    def _seen(self, request: Request) -> Request | None:
        """The request when it says merged and the target branch holds what was merged."""
        now = self.forge.read(self._repository, request.number)
        target = self.forge.branch(self._repository, request.target) if now.state == MERGED else None
        if target is None:
            return None
        for commit in filter(None, (request.head, now.merge_commit)):
            if commit == target.sha or not self.forge.ahead(self._repository, target.sha, commit):
                return now
        return None

    def _after_merge(self, request: Request) -> None:
        self._look_at(request)
        if self.wanted.delete_source:
            self._delete_source()
        self._end()

    def _delete_source(self) -> None:
        name = self.wanted.source
        branch = self.forge.branch(self._repository, name)
        if branch is None:
            return
        if branch.sha != self._head:
            self.warnings.append(f"{self._repository}: {name} has commits since the merge, so it was not deleted")
            return
        if not self.check_mode:
            self.forge.delete_branch(self._repository, name)
            if self.forge.branch(self._repository, name):
                raise ProofFailed(f"{self._repository}: {name} was deleted and is still there")
        self.entry.update(changed=True, source_deleted=True)

    # -- words ------------------------------------------------------------------------------------------------------
    def _look_at(self, request: Request) -> None:
        super()._look_at(request)
        self._number = request.number
        self.entry["merge_commit"] = request.merge_commit

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        names: list[str] = ["number", "state", "title", "body"]
        after = {key: self.entry[key] for key in names if self.entry.get(key) is not None}
        if self.entry["source_deleted"]:
            after["deleted"] = self.wanted.source
        return self.before, after


def _plain(text: str) -> str:
    # Hosts turn line ends around, and cut blanks at the end.
    return text.replace("\r\n", "\n").strip()
