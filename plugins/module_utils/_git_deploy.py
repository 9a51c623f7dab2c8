# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploying an application in two halves, the request and the proof of what it did; private to the collection.

Two requests at once on an instance break each other (observed 6 and 31). The proof only looks, and may run beside the
next application's request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    AuthenticationFailed,
    CheckModeWrite,
    ConnectionFailed,
    GitConflict,
    GitKeyRefused,
    GitLocked,
    GitTimeout,
    GitUncommittedChanges,
    GitWriteConflict,
    IncompatibleVersion,
    InvalidInput,
    NotFound,
    NotReady,
    PermissionDenied,
    ProofFailed,
    RateLimited,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Outcome, Target, commits
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status, named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import Views, views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CLASH_NEXT_STEP,
    UNEVEN,
    clash_text,
    clashes,
    settled,
    strangers,
    strangers_text,
    uneven,
)

DISCARD = "discard"
PULL = "pull"
# No answer of the server itself: it may still be at work, so nothing else is deployed before that is over.
LATE = (RequestTimeout, GitTimeout, NotReady)
# What a server says that has no words for it.
INTERNAL_ERROR = "AE-APP-5000"
# Refusals that come before any work. Others may come after it (observed 4, 30, 33): only a look tells.
CERTAIN = (
    AuthenticationFailed,
    CheckModeWrite,
    ConnectionFailed,
    GitConflict,
    GitLocked,
    GitUncommittedChanges,
    GitWriteConflict,
    IncompatibleVersion,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
)


@dataclass
class Sent:
    """A deployment that was asked for. O(doubt) is the answer where it was one that proves nothing."""

    target: Target
    doubt: AppsmithError | None = None
    warnings: list[str] = field(default_factory=list)


def send(git: Git, target: Target, strategy: str = DISCARD, *, repeat: bool = True) -> Sent:
    """Ask for the deployment, once. The caller has looked and decided.

    Write conflicts, which the database rolled back, are repeated unless O(repeat) is false. A request without an
    answer is never repeated: it is waited for, as long as for a lock, until the application looks deployed.
    """
    patience = git.alone if repeat else git.patiently
    work = git.api.pull if strategy == PULL else git.api.discard
    try:
        patience(lambda: _once(git, target, work))
    except CERTAIN:
        raise
    except GitKeyRefused as error:
        if strategy != PULL:
            raise
        # The content is in, but v1.91 has lost the published view (404 for its users): a discard brings it back.
        sent = send(git, target, DISCARD, repeat=repeat)
        sent.warnings.append(
            f"'{target.name}': a pull needs a deploy key that may write ({error.message}); "
            "it was deployed by a discard instead, which does not"
        )
        return sent
    except AppsmithError as error:
        if isinstance(error, LATE) and not git.wait_until(lambda: arrived(look(git, target))):
            raise
        return Sent(target, error)
    return Sent(target)


def _once(git: Git, target: Target, work: Callable[[str], object]) -> None:
    """A release of the old generation tells of a write conflict by no more than an internal error (500, seen on v1.60).

    A look tells it apart: the work tree has moved on, and the documents have been rolled back to what they were.
    """
    try:
        work(target.id)
    except AppsmithError as error:
        if error.code != INTERNAL_ERROR:
            raise
        after = look(git, target)
        if after.behind or after.clean or arrived(after):
            raise
        raise GitWriteConflict(
            error.message, code=error.code, http_status=error.http_status, details=error.details
        ) from error


def look(git: Git, target: Target) -> Status:
    """Against what the deployment brought in: a commit that came since is the next one's (so no fetch here)."""
    return git.look(target, compare_remote=False)


def arrived(status: Status) -> bool:
    return settled(status) or uneven(status) or (status.behind == 0 and bool(strangers(status)))


def prove(
    git: Git, sent: Sent, *, clash_is_open: bool = False, read_views: Callable[[], Views] | None = None
) -> Outcome:
    """Look what a deployment did, whatever it answered: one status, one export (O(read_views) if that is under way)."""
    target = sent.target
    warnings = list(sent.warnings)
    after = look(git, target)
    taken = clashes(after)
    if uneven(after):
        warnings.append(f"'{target.name}': {UNEVEN}: {named(after.files)}")
    elif taken and after.behind == 0 and clash_is_open:
        warnings.append(f"'{target.name}': deployed, but {clash_text(taken)}")
    elif strangers(after) and after.behind == 0:
        warnings.append(f"'{target.name}': {strangers_text(strangers(after))}")
    elif not settled(after):
        raise sent.doubt or not_deployed(target, after, taken)
    shown = read_views() if read_views else views(git.client, target.id)
    if shown.unpublished:
        raise sent.doubt or ProofFailed(
            f"'{target.name}': the server said deployed, but the published view is not the new one: "
            f"{named(shown.unpublished)}",
            next_step="Run again; if it stays, publish the application (stagecraft.appsmith.publish).",
        )
    if sent.doubt:
        warnings.append(f"'{target.name}': the server answered '{sent.doubt.message}', but the content was deployed")
    return Outcome(True, None, after, warnings, shown=shown)


def not_deployed(target: Target, after: Status, taken: list[str]) -> ProofFailed:
    if taken:
        return ProofFailed(f"'{target.name}': deployed, but {clash_text(taken)}", next_step=CLASH_NEXT_STEP)
    left = f"{commits(after.behind)} behind" if after.behind else f"left over: {named(after.files)}"
    return ProofFailed(
        f"'{target.name}': the server said deployed, but {left}",
        next_step="Run again; if it stays, see the application's Git settings on the instance.",
        details={"status": after.raw},
    )
