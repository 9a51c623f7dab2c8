# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches of an application on an instance: find, bring in, make, delete, merge; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitConflict,
    GitKeyRefused,
    GitTimeout,
    GitUncommittedChanges,
    GitUpstreamAhead,
    InvalidInput,
    NotFound,
    ProofFailed,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import (
    Git,
    Outcome,
    Target,
    commits,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import (
    NOTHING_TO_MERGE,
    Branches,
    Status,
    named,
    push_refused,
    uncommitted,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import CHANGES, MIGRATION


def check_name(name: str) -> str:
    """A branch is named as in the repository: without origin/, which means another thing to the server."""
    if not name or name.startswith(("origin/", "-", "/")) or name != name.strip() or " " in name:
        raise InvalidInput(
            f"'{name}' is no name of a branch", next_step="Give it as in the repository, without origin/."
        )
    return name


def branches(git: Git, target: Target, *, prune: bool = False) -> Branches:
    return git.patiently(lambda: git.api.branches(target.id, prune=prune))


def find_branches(git: Git, target: Target, *names: str) -> Branches:
    """The branches; the remote is only asked when one of the names is missing.

    What the last fetch saw is not enough then: a branch pushed since would be made a second time. Asking has a side
    effect, though: it reads the remote's default branch anew, which can clear the protection of branches.
    """
    known = branches(git, target)
    if all(name in known.local or name in known.remote for name in names):
        return known
    return branches(git, target, prune=True)


def at_branch(git: Git, target: Target, branch: str | None) -> Target:
    """The document of a branch that is on the instance; changes nothing."""
    if not branch or branch == target.branch:
        return target
    check_name(branch)
    known = branches(git, target)
    if branch not in known.local:
        where = "the remote has it" if branch in known.remote else "the remote was not seen to have it either"
        raise NotFound(
            f"'{target.name}' has no branch {branch} on this instance ({where})",
            next_step="Bring it in first (stagecraft.appsmith.git_branch).",
        )
    return target.at(git.patiently(lambda: git.api.checkout(target.id, branch)), branch)


def ensure_branch(git: Git, target: Target, name: str, *, source: str | None = None, move: bool = False) -> Outcome:
    """A branch of the repository on the instance: there already, brought in from the remote, or made."""
    check_name(name)
    known = find_branches(git, target, name)
    if name in known.local:
        found = (
            target
            if name == target.branch
            else target.at(git.patiently(lambda: git.api.checkout(target.id, name)), name)
        )
        return Outcome(False, facts={"id": found.id, "branch": name, "origin": "instance"})
    if name in known.remote:
        if git.client.check_mode:
            return Outcome(True, facts={"id": None, "branch": name, "origin": "remote"})
        _tolerant(git, lambda: git.api.checkout(target.id, f"origin/{name}"), target, name)
        return Outcome(True, facts={"id": _prove(git, target, name).id, "branch": name, "origin": "remote"})
    parent = at_branch(git, target, source or known.default or target.branch)
    status = git.look(parent)
    if not status.clean and not move:
        raise GitUncommittedChanges(
            f"'{target.name}' at {parent.branch} has uncommitted changes, which a new branch would take with it: "
            f"{named(status.files)}",
            next_step="Commit or discard them, or allow it with move_changes.",
        )
    if git.client.check_mode:
        return Outcome(True, status, facts={"id": None, "branch": name, "origin": "new"})
    _tolerant(git, lambda: git.api.create_branch(parent.id, name), target, name)
    return Outcome(True, status, facts={"id": _prove(git, target, name).id, "branch": name, "origin": "new"})


def _tolerant(git: Git, work: Any, target: Target, name: str) -> None:
    """Run it; after a time-out wait until the branch is there."""
    try:
        git.alone(work)
    except (RequestTimeout, GitTimeout):
        if not git.wait_until(lambda: name in git.api.branches(target.id).local):
            raise


def _prove(git: Git, target: Target, name: str) -> Target:
    if name not in branches(git, target).local:
        raise ProofFailed(f"'{target.name}': the server said it has branch {name} now, but does not list it")
    return target.at(git.patiently(lambda: git.api.checkout(target.id, name)), name)


def remove_branch(git: Git, target: Target, name: str) -> Outcome:
    """Take a branch from the instance; the remote keeps its own."""
    check_name(name)
    known = branches(git, target)
    if name not in known.local:
        return Outcome(False, facts={"branch": name})
    if name in (known.default, target.branch):
        raise InvalidInput(f"'{target.name}': {name} is the default branch and can't be taken from the instance")
    document = at_branch(git, target, name)
    status = git.look(document)
    if git.drift(document, status) == CHANGES or status.ahead:
        raise GitUncommittedChanges(
            f"'{target.name}': branch {name} has work that is not in the repository: {named(status.files)}",
            next_step="Commit it, or discard it, then delete the branch.",
        )
    if not git.client.check_mode:
        # Looking at the branch has checked it out in the shared work tree; a checked-out branch can't be deleted.
        git.look(target)
        git.alone(lambda: git.api.delete_branch(target.base_id, name))
        if name in branches(git, target).local:
            raise ProofFailed(f"'{target.name}': the server said branch {name} is deleted, but still lists it")
    return Outcome(True, status, facts={"branch": name})


def ensure_protection(git: Git, target: Target, name: str, wanted: bool) -> bool:
    """Have a branch protected on the instance, or not; True when that had to change."""
    check_name(name)
    present = git.patiently(lambda: git.api.protected(target.base_id))
    if (name in present) == wanted:
        return False
    if git.client.check_mode:
        return True
    names = [*present, name] if wanted else [other for other in present if other != name]
    try:
        git.alone(lambda: git.api.protect(target.base_id, names))
    except AppsmithError as error:
        if error.code == "AE-APP-4007":
            error.message = f"'{target.name}': this edition does not protect {name}: {error.message}"
            error.next_step = "The free edition protects the repository's default branch and no other."
        raise
    if (name in git.patiently(lambda: git.api.protected(target.base_id))) != wanted:
        raise ProofFailed(f"'{target.name}': the server took the protection of {name}, but doesn't show it")
    return True


def merge(git: Git, target: Target, source: str, destination: str, *, commit_migration: str | None = None) -> Outcome:
    """Merge one branch into another on the instance, and push.

    O(commit_migration) is the message under which a migration's traces on either branch are committed first, since no
    merge works with them; without one they are a reason to refuse.
    """
    check_name(source)
    check_name(destination)
    if source == destination:
        raise InvalidInput("A branch can't be merged into itself")
    facts: dict[str, Any] = {"source": source, "destination": destination, "result": None}
    known = find_branches(git, target, source, destination)
    for name in (source, destination):
        if name not in known.local and name not in known.remote:
            raise NotFound(f"'{target.name}' has no branch {name}, neither here nor at the remote")
    missing = [name for name in (source, destination) if name not in known.local]
    if missing and git.client.check_mode:
        # Without its document the branch can't be looked at; bringing it in is the change that is certain.
        return Outcome(True, facts={**facts, "brought_in": missing})
    for name in missing:
        ensure_branch(git, target, name)
    documents = {name: at_branch(git, target, name) for name in (source, destination)}
    warnings: list[str] = []
    try:
        committed, unpushed = _ready(git, documents, commit_migration)
    except (GitUncommittedChanges, GitUpstreamAhead) as error:
        if not git.client.check_mode:
            raise
        # An earlier task of the play may be the one that mends it, which it didn't in check mode.
        done = "committed" if isinstance(error, GitUncommittedChanges) else "brought in"
        warnings.append(f"{error.message}; unless they are {done} before, the merge will be refused")
        return Outcome(True, warnings=warnings, facts={**facts, "brought_in": missing, "committed_migration": []})
    facts |= {"brought_in": missing, "committed_migration": committed, "pushed": unpushed}
    for name in unpushed:
        # An earlier merge or commit whose push was refused stayed on the instance. Where nothing is to be committed, a
        # commit only pushes; it proves that nothing is left.
        git.commit(documents[name], f"Merge {source} into {destination}")
    if (committed or unpushed) and git.client.check_mode:
        return Outcome(True, facts=facts)

    def check() -> Any:
        return git.patiently(lambda: git.api.merge_status(documents[source].id, source, destination))

    before = check()
    if before.nothing:
        return Outcome(bool(missing or committed or unpushed), facts={**facts, "result": before.status})
    if not before.possible:
        files = f": {named(before.conflicting)}" if before.conflicting else f": {before.message or before.status}"
        raise GitConflict(
            f"'{target.name}': {source} can't be merged into {destination}{files}",
            next_step="Solve it in the repository or on the source branch, then merge again. Nothing was merged.",
            details={"conflicting_files": list(before.conflicting)},
        )
    git.refuse_protected(documents[destination], "merged")
    if git.client.check_mode:
        return Outcome(True, facts=facts)
    result = ""
    try:
        result = git.alone(lambda: git.api.merge(documents[source].id, source, destination))
    except (RequestTimeout, GitTimeout) as error:
        if not git.wait_until(lambda: git.api.merge_status(documents[source].id, source, destination).nothing):
            raise
        warnings.append(f"'{target.name}': {error.message}; it was merged all the same")
    except GitKeyRefused as error:
        raise push_refused(target.name, destination, error) from error
    _prove_merge(git, documents, source, destination)
    changed = result != NOTHING_TO_MERGE or bool(missing or committed or unpushed)
    return Outcome(changed, warnings=warnings, facts={**facts, "result": result or "MERGED"})


def _ready(git: Git, documents: dict[str, Target], commit_migration: str | None) -> tuple[list[str], list[str]]:
    """Both branches clean and not behind the remote.

    Returns the branches on which a migration had to be committed, and those with commits that the remote lacks.
    """
    committed, unpushed = [], []
    for name, document in documents.items():
        status: Status = git.look(document)
        git.refuse_diverged(document, status)
        if status.behind:
            raise GitUpstreamAhead(
                f"'{document.name}': branch {name} is {commits(status.behind)} behind the remote; nothing was merged",
                next_step="Bring them in first (git_discard or git_pull with this branch), then merge.",
            )
        kind = git.drift(document, status)
        if kind == MIGRATION and commit_migration:
            git.commit(document, commit_migration)
            committed.append(name)
        elif not status.clean:
            error: AppsmithError = uncommitted(document.name, name, status)
            if kind == MIGRATION:
                error.next_step = (
                    "They come from an upgrade: commit them (git_commit), or allow it with commit_migration."
                )
            raise error
        elif status.ahead:
            unpushed.append(name)
    return committed, unpushed


def _prove_merge(git: Git, documents: dict[str, Target], source: str, destination: str) -> None:
    branch = documents[source]
    after = git.patiently(lambda: git.api.merge_status(branch.id, source, destination))
    status = git.look(documents[destination])
    proven = not status.ahead and not status.behind
    if proven and not after.nothing:
        # A release whose check does not tell: merging once more must find nothing left to merge.
        proven = after.possible and git.alone(lambda: git.api.merge(branch.id, source, destination)) == NOTHING_TO_MERGE
    if not proven:
        raise ProofFailed(
            f"'{branch.name}': the server said merged, but {destination} does not show it "
            f"(check: {after.status}, ahead {status.ahead}, behind {status.behind})",
            next_step="See the application's Git settings on the instance, then run again.",
        )
