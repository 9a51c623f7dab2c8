# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches of a connected application: list, create, check out, delete, protect, merge."""

from __future__ import annotations

import time
from typing import Any

from . import applications, git_keys, git_locks
from .app import AppError, Context, internal_error, invalid_parameter, not_found, now_text
from .git_clone import Clone
from .git_engine import DOCS, SYSTEM, Work, failed, seconds_text
from .store import Document


def branches(ctx: Context, old: bool, prune: bool) -> list[Document]:
    work = Work.on(ctx, ctx.path["id"], old)
    clone = work.clone()
    if prune:
        with git_locks.lock(ctx.instance, work.base_id, "list"):
            work.fetch(clone)
    names = [name.removeprefix("refs/heads/").removeprefix("refs/remotes/") for name in clone.refs()]
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
    work = Work.on(ctx, ctx.path["id"], old)
    if not isinstance(name, str) or not name.strip():
        raise invalid_parameter("branchName")
    if name.startswith("origin/"):
        raise remote_branch(name)
    action = "branch" if old else "createRef"
    with git_locks.lock(ctx.instance, work.base_id, "create branch"):
        clone = work.clone()
        work.fetch(clone, action)
        refs = clone.refs()
        for ref, spoken in ((f"refs/remotes/origin/{name}", f"remotes/origin/{name}"), (f"refs/heads/{name}", name)):
            if ref in refs:
                raise failed(action, f"{spoken} already exists. Please use a different branchName")
        author = git_keys.author(ctx, work.base_id)
        files = work.serialise()
        clone.set_branch(name, clone.tip(work.local))
        created = _branch_application(work, name, lastDeployedAt=work.app.get("lastDeployedAt"))
        created.load(files)
        created.sync_commit(clone, f"{SYSTEM}after creating a new branch: {name}", author)
        # The parent's uncommitted changes have moved.
        if work.changes(clone):
            work.load(clone.files(work.local), isManualUpdate=True)
        theme = ctx.store.setting("themeId")
        # As it was answered: the themes come later, and on the new route only one of them.
        said = applications.answer(ctx, created.app)
        for member in ("unpublishedThemeId", "publishedThemeId"):
            said.pop(member, None)
        if not old:
            created.app.pop("publishedThemeId", None)
            created.app.update(unpublishedThemeId=theme, isManualUpdate=True)
            ctx.store.replace("applications", created.app)
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
    work = Work.on(ctx, ctx.path["id"], old)
    if not isinstance(name, str) or not name:
        raise invalid_parameter("branchName")
    short = name.removeprefix("origin/")
    present = work.of_branch(short)
    if present and name == short:
        return applications.answer(ctx, present.app)
    if name == short:
        raise not_found("application", f"{work.app['id']},{name}") if old else internal_error()
    if present:
        raise failed("checkout", f"{short} already exists locally. Please checkout the local branch")
    with git_locks.lock(ctx.instance, work.base_id, "checkout"):
        clone = work.clone()
        work.fetch(clone, "checkout")
        remote = f"refs/remotes/{name}"
        if remote not in clone.refs():
            raise not_found("application", f"{work.app['id']},{name}") if old else internal_error()
        files = clone.files(remote)
        created = _branch_application(work, short)
        try:
            created.need_readable(files)
            clone.set_branch(short, clone.tip(remote))
            created.load(files, isManualUpdate=True)
        except AppError:
            applications.remove(ctx.store, created.app)
            raise
        clone.show(short)
        work.set_base_git(checkedOut=short)
    return applications.answer(ctx, created.app)


def delete_branch(ctx: Context, old: bool, name: str) -> Document:
    work = Work.on(ctx, ctx.path["id"], old)
    action = "delete branch" if old else "delete ref"
    if name == work.base["git"]["defaultBranchName"]:
        raise failed(action, " Cannot delete default branch")
    if name in (work.base["git"].get("branchProtectionRules") or []):
        raise failed(action, f" Cannot delete protected branch {name}")
    gone = work.of_branch(name)
    if gone is None:
        raise not_found("application", f"{work.base_id},{name}")
    with git_locks.lock(ctx.instance, work.base_id, "delete"):
        clone = work.clone()
        if clone.head() == name:
            raise failed(action, f" Cannot delete checked out branch {name}")
        said = applications.answer(ctx, gone.app)
        clone.delete_branch(name)
        applications.remove(ctx.store, gone.app)
    return {"id": said.pop("id"), "modifiedBy": said.pop("modifiedBy"), "deletedAt": time.time(), **said}


def set_protected(ctx: Context) -> list[str]:
    work = Work.on(ctx, ctx.path["id"], False)
    names = ctx.json.get("branchNames") or []
    if names not in ([], [work.base["git"]["defaultBranchName"]]):
        raise AppError(
            400, "AE-APP-4007", "Unsupported operation", title="BAD_REQUEST", error_type="Unsupported operation"
        )
    work.set_base_git(branchProtectionRules=names)
    return list(names)


def get_protected(ctx: Context) -> list[str]:
    work = Work.on(ctx, ctx.path["id"], False)
    return list(work.base["git"].get("branchProtectionRules") or [])


# Merging ------------------------------------------------------------------------------------------------------------


def _merge_sides(ctx: Context, old: bool) -> tuple[Work, Work, str, str]:
    work = Work.on(ctx, ctx.path["id"], old)
    source, destination = ctx.json.get("sourceBranch"), ctx.json.get("destinationBranch")
    for name in (source, destination):
        if not isinstance(name, str) or not name:
            raise invalid_parameter("branchName")
        if name.startswith("origin/"):
            raise remote_branch(name)
    target = work.of_branch(str(destination))
    if target is None:
        raise not_found("application", f"{work.base_id},{destination}")
    if work.of_branch(str(source)) is None:
        raise not_found("application", f"{work.base_id},{source}")
    return work, target, str(source), str(destination)


def _unmergeable(work: Work, target: Work, clone: Clone, old: bool) -> AppError | None:
    """Uncommitted or unpulled changes of the path's application (whatever the source branch says) or the target's."""
    for side in (work, target):
        changes = side.changes(clone)
        _ahead, behind, _remote = side.counts(clone)
        if behind:
            text = f"Remote is ahead of local by {behind} commits on branch {side.branch}. Please pull them first"
            code = "AE-GIT-4036"
        elif changes:
            text = (
                f"There are uncommitted changes present in your local branch {side.branch}. Please commit them first "
                "and try again"
            )
            code = "AE-GIT-4037"
        else:
            continue
        if old:
            return AppError(406, code, text, title="GIT_ACTION_EXECUTION_ERROR", error_type="Git failed")
        return failed("status", f"com.appsmith.server.exceptions.AppsmithException: {text}")
    return None


def merge_status(ctx: Context, old: bool) -> Document:
    work, target, source, destination = _merge_sides(ctx, old)
    with git_locks.lock(ctx.instance, work.base_id, "merge"):
        clone = work.clone()
        work.fetch(clone, "merge")
        refusal = _unmergeable(work, target, clone, old)
        if refusal:
            return {"status": "Merge check failed!", "message": refusal.message, "isMergeAble": False}
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
    with git_locks.lock(ctx.instance, work.base_id, "merge"):
        clone = work.clone()
        work.fetch(clone, "merge")
        refusal = _unmergeable(work, target, clone, old)
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
