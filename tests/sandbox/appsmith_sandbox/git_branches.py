# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches of a connected application: list, create, check out, delete, protect, merge."""

from __future__ import annotations

import time
from typing import Any

from . import applications, git_keys, git_locks
from .app import AppError, Context, internal_error, invalid_parameter, not_found
from .git_clone import Clone, GitFailed, PushDeclined
from .git_engine import DOCS, SYSTEM, Work, deploy_by_discard, failed, seconds_text
from .store import Document, now_text
from .workspaces import DEVELOPER


def branches(ctx: Context, old: bool, prune: bool) -> list[Document]:
    work = Work.on(ctx, ctx.path["id"], old)
    clone = work.clone()
    with git_locks.lock(ctx.instance, work.base_id, "listBranch", leaks=old):
        if prune:
            work.fetch(clone)
            if not old:
                clone.switch(work.branch)
        refs = clone.refs()
    names = [name.removeprefix("refs/heads/").removeprefix("refs/remotes/") for name in refs]
    default = work.base["git"]["defaultBranchName"]
    rows = []
    for name in sorted(names, key=lambda name: (name.startswith("origin/"), name)):
        head = {"branchName": name} if old else {"refName": name, "refType": "branch"}
        rows.append({**head, "createdFromLocal": False, "default": name == default})
    return rows


def _branch_application(work: Work, branch: str, **members: Any) -> Work:
    """A new document for a branch of the same repository, without content yet."""
    base = work.base
    git = {
        name: value
        for name, value in base["git"].items()
        if name not in ("isRepoPrivate", "branchProtectionRules", "autoCommitEnabled", "checkedOut")
    }
    git.update(branchName=branch, refName=branch, lastCommittedAt=seconds_text())
    copied = {key: base[key] for key in ("baseId", "name", "slug", "workspaceId", "isPublic", "theme")}
    user = work.ctx.user
    app = work.ctx.store.insert(
        "applications",
        {
            **copied,
            "modifiedBy": user["email"] if user else None,
            "modifiedAt": now_text(),
            "detail": {},
            "publishedDetail": None,
            "pages": {"edit": [], "published": []},
            "jslibs": {},
            "git": git,
            **members,
        },
    )
    return Work(work.ctx, app, work.old)


def create_branch(ctx: Context, old: bool, name: Any) -> Document:
    orphan = "Unable to find the parent reference. Please create a reference from other available references"
    if old:
        orphan = "Unable to find the parent branch. Please create a branch from other available branches"
    work = Work.on(ctx, ctx.path["id"], old, with_key=git_keys.invalid_configuration(orphan))
    if not isinstance(name, str) or not name.strip() or name.startswith("origin/"):
        raise invalid_parameter("branchName" if old else "refName")
    if not old:
        return _create_branch(work, name)
    try:
        return _create_branch(work, name)
    except AppError as error:
        if error.code != "AE-GIT-5020":
            raise
        # It takes the failed lock for a failed checkout.
        raise failed("branch", failed("checkout", f"Unable to find {work.branch}").message) from error


def _create_branch(work: Work, name: str) -> Document:
    ctx, old = work.ctx, work.old
    action = "branch" if old else "createRef"
    with git_locks.lock(ctx.instance, work.base_id, "createBranch" if old else "createRef", leaks=old):
        clone = work.clone()
        if old:
            clone.switch(work.branch)
        work.fetch(clone, action)
        refs = clone.refs()
        if f"refs/remotes/origin/{name}" in refs or f"refs/heads/{name}" in refs:
            raise failed(action, f"remotes/origin/{name} already exists. Please use a different branchName")
        if not old:
            return _create_ref(work, clone, name)
        author = git_keys.author(ctx, work.base_id)
        files = work.serialise()
        clone.set_branch(name, clone.tip(work.local))
        created = _branch_application(work, name)
        created.load(files)
        created.sync_commit(clone, f"{SYSTEM}after creating a new branch: {name}", author)
        return _created(work, created)


def _created(work: Work, created: Work) -> Document:
    """As it is answered: with the parent's time of deployment; the themes come later."""
    said = applications.answer(work.ctx, created.app)
    for member in ("unpublishedThemeId", "publishedThemeId", "lastDeployedAt"):
        said.pop(member, None)
    if work.app.get("lastDeployedAt"):
        said["lastDeployedAt"] = work.app["lastDeployedAt"]
    return said


def _create_ref(work: Work, clone: Clone, name: str) -> Document:
    """The new route commits nothing: the uncommitted changes move into the new branch's application and stay
    uncommitted there; the branch at the remote is the parent's last commit. Then the parent is discarded, which
    deploys what was fetched, too. A push that the key does not allow ends it before anything has moved, but the local
    branch stays (seen on v1.91); one that the remote's rules decline goes unnoticed (by reading)."""
    ctx = work.ctx
    files = work.serialise()
    clone.set_branch(name, clone.tip(work.local))
    clone.show(name)
    try:
        clone.push(name)
    except PushDeclined:
        pass
    except GitFailed as error:
        inner = failed("ref creation preparation", f"{work.base['git']['remoteUrl']}: push not permitted")
        raise failed("createRef", inner.message) from error
    created = _branch_application(work, name)
    created.load(files, isManualUpdate=False)
    said = _created(work, created)
    created.app.pop("publishedThemeId", None)
    created.app.update(unpublishedThemeId=ctx.store.setting("themeId"), isManualUpdate=True)
    created.app["lastDeployedAt"] = work.app.get("lastDeployedAt")
    ctx.store.replace("applications", created.app)
    try:
        with git_locks.deployment(ctx.instance) as alone:
            deploy_by_discard(work, clone, alone)
    except AppError as error:
        raise failed("createRef", error.message) from error
    return said


def remote_branch(name: str) -> AppError:
    return AppError(
        400,
        "AE-GIT-4040",
        f"This operation is not supported for remote branch {name}. Please use local branches only to proceed",
        title="BAD_REQUEST",
        error_type="Unsupported Operation",
    )


def checkout(ctx: Context, old: bool, name: Any) -> Document:
    absent = not_found("application", f"{ctx.path['id']},{name}") if old else internal_error()
    remote_and_old = isinstance(name, str) and name.startswith("origin/") and old
    work = Work.on(ctx, ctx.path["id"], old, with_key=internal_error() if remote_and_old else absent)
    if not isinstance(name, str) or not name:
        raise invalid_parameter("branchName")
    if old:
        # No lock is taken, yet one is freed in the end.
        said = _checkout(work, name, absent)
        git_locks.free(ctx.instance, work.base_id)
        return said
    with git_locks.lock(ctx.instance, work.base_id, "checkoutRef"):
        return _checkout(work, name, absent)


def _checkout(work: Work, name: str, absent: AppError) -> Document:
    ctx, old = work.ctx, work.old
    clone = work.clone()
    short = name.removeprefix("origin/")
    present = work.of_branch(short)
    if name == short:
        if present is None:
            raise absent
        if not old:
            clone.switch(short)
        return applications.answer(ctx, present.app)
    if present:
        if old:
            raise failed("checkout", f"{name} already exists in local - {short}")
        raise failed("checkout branch", f"Ref {short} already exists")
    work.fetch(clone, "checkout branch")
    remote = f"refs/remotes/{name}"
    if remote not in clone.refs():
        if old:
            raise failed("checkout branch", f"Ref {name} cannot be resolved")
        raise failed("checkout branch", f"Remote does not have refs/heads/{short} available for fetch.")
    files = clone.files(remote)
    # It copies the base application, with its time of deployment.
    created = _branch_application(work, short, lastDeployedAt=work.base.get("lastDeployedAt"))
    try:
        created.need_readable(files)
        clone.set_branch(short, clone.tip(remote))
        created.load(files, isManualUpdate=True)
    except AppError:
        applications.remove(ctx.store, created.app)
        raise
    clone.show(short)
    if not old:
        work.set_base_git(checkedOut=short)
    return applications.answer(ctx, created.app)


def delete_branch(ctx: Context, old: bool, name: str) -> Document:
    absent = not_found("application", f"{ctx.path['id']},{name}")
    work = Work.on(ctx, ctx.path["id"], old, with_key=absent, without=absent)
    gone = work.of_branch(name)
    if gone is None:
        raise absent
    is_default = name == work.base["git"]["defaultBranchName"]
    refusal = failed("delete branch" if old else "delete ref", " Cannot delete default branch")
    if is_default and not old:
        raise refusal
    if name in (work.base["git"].get("branchProtectionRules") or []):
        raise failed("delete", f"Cannot delete protected branch {name}")
    with git_locks.lock(ctx.instance, work.base_id, "delete", leaks=is_default):
        if is_default:
            raise refusal
        clone = work.clone()
        if clone.head() == name:
            raise failed("delete branch", "Cannot delete current checked out branch")
        said = applications.answer(ctx, gone.app)
        clone.delete_branch(name)
        applications.remove(ctx.store, gone.app)
    return {"id": said.pop("id"), "modifiedBy": said.pop("modifiedBy"), "deletedAt": time.time(), **said}


def set_protected(ctx: Context) -> list[str]:
    names = ctx.json.get("branchNames") or []
    if not names and _has_key_only(ctx):
        return []
    work = Work.on(ctx, ctx.path["id"], False, with_key=internal_error(), without=internal_error())
    if names not in ([], [work.base["git"]["defaultBranchName"]]):
        raise AppError(
            400, "AE-APP-4007", "Unsupported operation", title="BAD_REQUEST", error_type="Unsupported operation"
        )
    work.set_base_git(branchProtectionRules=names)
    return list(names)


def _has_key_only(ctx: Context) -> bool:
    app = applications.need(ctx, ctx.path["id"], DEVELOPER)
    return not app.get("git") and git_keys.application_key(ctx, app["baseId"]) is not None


def get_protected(ctx: Context) -> list[str]:
    if _has_key_only(ctx):
        return []
    work = Work.on(ctx, ctx.path["id"], False, without=internal_error())
    return list(work.base["git"].get("branchProtectionRules") or [])


# Merging ------------------------------------------------------------------------------------------------------------


def _merge_sides(ctx: Context, old: bool) -> tuple[Work, Work, str, str]:
    source, destination = ctx.json.get("sourceBranch"), ctx.json.get("destinationBranch")
    work = Work.on(ctx, ctx.path["id"], old, with_key=not_found("application", f"{ctx.path['id']},{destination}"))
    for name in (source, destination):
        if not isinstance(name, str) or not name:
            raise invalid_parameter("branchName")
        if name.startswith("origin/"):
            raise remote_branch(name)
    target = work.of_branch(str(destination))
    if target is None:
        raise not_found("application", f"{work.base_id},{destination}")
    return work, target, str(source), str(destination)


def _unmergeable(work: Work, target: Work, source: str, clone: Clone) -> AppError | None:
    """Uncommitted or unpulled changes of the path's application (taken for the source branch's) or the target's."""
    if f"refs/remotes/origin/{source}" not in clone.refs():
        text = f"Remote does not have refs/heads/{source} available for fetch."
        return failed("status", f"org.eclipse.jgit.api.errors.TransportException: {text}")
    for side, branch in ((work, source), (target, target.branch)):
        changes = side.changes(clone)
        _ahead, behind, _remote = side.counts(clone)
        if behind:
            text = f"Remote is ahead of local by {behind} commits on branch {branch}. Please pull them first"
            code = "AE-GIT-4036"
        elif changes:
            text = (
                f"There are uncommitted changes present in your local branch {branch}. Please commit them first "
                "and try again"
            )
            code = "AE-GIT-4037"
        else:
            continue
        if work.old:
            return AppError(406, code, text, title="GIT_ACTION_EXECUTION_ERROR", error_type="Git failed")
        return failed("status", f"com.appsmith.server.exceptions.AppsmithException: {text}")
    return None


def merge_status(ctx: Context, old: bool) -> Document:
    work, target, source, destination = _merge_sides(ctx, old)
    with git_locks.lock(ctx.instance, work.base_id, "status" if old else "mergeBranch", leaks=old):
        clone = work.clone()
        work.fetch(clone, "merge")
        clone.switch(destination)
        refusal = _unmergeable(work, target, source, clone)
        if refusal and old and refusal.http == 400:
            raise internal_error()
        if refusal:
            said = {"status": "Merge check failed!", "message": refusal.message, "isMergeAble": False}
            return {**said, "referenceDoc": f"{DOCS}/merging-branches"} if old else said
        merge = clone.merged(destination, f"refs/heads/{source}")
    if merge.status == "CONFLICTING":
        return {
            "status": "CONFLICTING",
            "conflictingFiles": list(merge.conflicting),
            "message": f"Conflicts while merging branch: {destination} <= {source}",
            "referenceDoc": f"{DOCS}/merging-branches",
            "isMergeAble": False,
        }
    clean = "ALREADY_UP_TO_DATE" if merge.status == "ALREADY_UP_TO_DATE" else "MERGED_NOT_COMMITTED"
    return {"status": clean, "message": "This branch has no conflicts with the base branch.", "isMergeAble": True}


def merge(ctx: Context, old: bool) -> Document:
    work, target, source, destination = _merge_sides(ctx, old)
    with git_locks.lock(ctx.instance, work.base_id, "mergeBranch"):
        clone = work.clone()
        work.fetch(clone, "merge")
        refusal = _unmergeable(work, target, source, clone)
        if refusal:
            raise refusal
        author = git_keys.author(ctx, work.base_id)
        text = f"Merge branch '{source}' into {destination}"
        merge = clone.merge(destination, f"refs/heads/{source}", author, text)
        # A conflict is told as a success (34).
        if merge.status != "CONFLICTING":
            clone.show(destination)
            target.load(clone.files(target.local))
            target.sync_commit(
                clone, f"{SYSTEM}for syncing changes with local branch after git merge, branch: {source}"
            )
    return {"status": merge.status, "isMergeAble": True}
