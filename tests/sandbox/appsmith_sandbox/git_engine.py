# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Git routes of both generations do; the routes only differ in paths, bodies, and how they say no.

Misbehaviour that is played on purpose, here and in git_connect.py and git_branches.py, by number of observed.md:
3 (the import that is never answered), 4 (a pull without an author fails after its work), 6 and 31 (write conflicts: the
repository has moved, the documents have not), 7, 8 (a commit when behind gets stuck), 9 (an old pull leaks its lock),
11, 13 (a newer format: refused, with the repository already moved), 14 (dirt by a migration: documents are written in
the release's format), 15 (auto-commit), 29, 30, 33, 34, 35, 36.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import applications, faults, git_keys, git_locks, repo_format
from .app import AppError, Context, internal_error, invalid_parameter
from .git_clone import (
    Author,
    Clone,
    GitFailed,
    KeyRefused,
    PushDeclined,
    RemoteAhead,
    RemoteTimeout,
    blob_id,
)
from .store import Document, now_text
from .workspaces import DEVELOPER

DOCS = "https://docs.appsmith.com/core-concepts/version-control-with-git"
SYSTEM = "System generated commit, "
INITIAL_MESSAGE = f"{SYSTEM}initial commit"
INCOMPATIBLE = "Provided file is incompatible, please upgrade your instance to resolve this conflict."


def failed(action: str, details: str) -> AppError:
    return AppError(
        400,
        "AE-GIT-4044",
        f"git {action} failed. \nDetails: {details}",
        title="GIT_ACTION_EXECUTION_ERROR",
        error_type="Git failed",
    )


def seconds_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Work:
    """One application on one branch, with its clone."""

    ctx: Context
    app: Document
    old: bool

    @classmethod
    def on(
        cls,
        ctx: Context,
        app_id: str | None,
        old: bool,
        *,
        with_key: AppError | None = None,
        without: AppError | None = None,
    ) -> Work:
        """The application of the path. One that is not connected is told apart by whether it has a deploy key."""
        app = applications.need(ctx, app_id, DEVELOPER)
        if not app.get("git"):
            has_key = git_keys.application_key(ctx, app["baseId"]) is not None
            raise (with_key if has_key else without) or git_keys.not_configured()
        return cls(ctx, app, old)

    @property
    def base_id(self) -> str:
        return str(self.app["baseId"])

    @property
    def base(self) -> Document:
        base = self.ctx.store.get("applications", self.base_id)
        assert base
        return base

    @property
    def branch(self) -> str:
        return str(self.app["git"]["branchName"])

    @property
    def local(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def remote(self) -> str:
        return f"refs/remotes/origin/{self.branch}"

    @property
    def folder(self) -> Path:
        root: Path = self.ctx.instance.git_root / self.app["workspaceId"] / self.base_id
        return root / str(self.app["git"]["repoName"])

    def clone(self) -> Clone:
        key = git_keys.application_key(self.ctx, self.base_id)
        return Clone(self.folder, git_keys.private_key(self.ctx, key) if key else None)

    def refresh(self) -> Document:
        app = self.ctx.store.get("applications", self.app["id"])
        assert app
        self.app = app
        return app

    def of_branch(self, name: str) -> Work | None:
        for app in applications.branches(self.ctx.store, self.base_id):
            if app.get("git") and app["git"]["branchName"] == name:
                return Work(self.ctx, app, self.old)
        return None

    def set_git(self, **members: Any) -> None:
        self.app = self.ctx.store.update("applications", self.app["id"], git={**self.app["git"], **members})

    def set_base_git(self, **members: Any) -> None:
        self.ctx.store.update("applications", self.base_id, git={**self.base["git"], **members})
        self.refresh()

    # Differences ----------------------------------------------------------------------------------------------------

    def serialise(self) -> repo_format.Files:
        return repo_format.serialise(self.ctx.store, self.ctx.release, self.app)

    def changes(self, clone: Clone) -> Changes:
        """The documents against the tip of the local branch."""
        files, committed = self.serialise(), clone.managed(self.local)
        return Changes(
            {path: content for path, content in files.items() if committed.get(path) != blob_id(content)},
            sorted(committed.keys() - files.keys()),
            committed.keys() - set(),
        )

    # Remote ---------------------------------------------------------------------------------------------------------

    def refusal(self, error: GitFailed, action: str) -> AppError:
        """How a failure of Git is told."""
        if isinstance(error, RemoteTimeout):
            return AppError(
                504,
                "AE-GIT-5014",
                f"Git command {action} timed out",
                title="GIT_ACTION_EXECUTION_ERROR",
                error_type="Git timeout",
            )
        if isinstance(error, KeyRefused):
            refused = git_keys.key_refused(self.ctx)
            return refused if self.old else failed(action, refused.message)
        return failed(action, str(error))

    def fetch(self, clone: Clone, action: str = "fetch") -> None:
        try:
            clone.fetch()
        except GitFailed as error:
            raise self.refusal(error, action) from error

    def counts(self, clone: Clone) -> tuple[int, int, str]:
        if self.remote not in clone.refs():
            return 0, 0, "untracked"
        return *clone.counts(self.local, self.remote), self.remote

    # Documents ------------------------------------------------------------------------------------------------------

    def load(self, files: repo_format.Files, **members: Any) -> None:
        """Documents as in the files, published; to be called inside a transaction or alone."""
        with self.ctx.store.tx():
            try:
                repo_format.load(self.ctx.store, self.ctx.release, self.app, files)
            except repo_format.UnknownPlugin as error:
                raise AppError(
                    400, "AE-APP-4052", f"Unable to find plugin {error}", title="BAD_REQUEST", error_type="Bad request"
                ) from error
            applications.publish(self.ctx.store, self.app["id"], mark=False)
            members = {"modifiedAt": now_text(), **_themes(self.ctx), **members}
            self.app = self.ctx.store.update("applications", self.app["id"], **members)

    def need_readable(self, files: repo_format.Files) -> None:
        """AE-JSN-4045 when a newer server wrote this."""
        if is_newer(self.ctx, files):
            raise AppError(
                400,
                "AE-JSN-4045",
                INCOMPATIBLE,
                title="INCOMPATIBLE_IMPORTED_JSON",
                error_type="Incompatible JSON",
            )

    def need_unprotected(self) -> None:
        if self.branch in (self.base["git"].get("branchProtectionRules") or []):
            raise failed("commit", f"Cannot commit to protected branch {self.branch}")

    def sync_commit(self, clone: Clone, message: str, author: Author | None = None, push: bool = True) -> str:
        """Commit what differs, push, publish: what every writing operation ends with. Returns the result's text."""
        self.need_unprotected()
        author = author or git_keys.author(self.ctx, self.base_id)
        clone.switch(self.branch)
        changes = self.changes(clone)
        before = clone.tip(self.local)
        said = "Commit Result : On current branch nothing to commit, working tree clean."
        if changes:
            clone.commit(self.branch, changes.written, changes.removed, author, message)
            clone.show(self.branch)
            said = "Commit Result : Committed successfully!."
        self.set_git(lastCommittedAt=seconds_text())
        if not push:
            return said
        try:
            said += f"\nPush Result : Pushed successfully with status : {clone.push(self.branch)}"
        except RemoteAhead as error:
            # The local commit stays: this is how an application gets stuck (8).
            raise self._upstream_ahead() from error
        except PushDeclined as error:
            clone.set_branch(self.branch, before)
            clone.show(self.branch)
            raise failed("push", str(error)) from error
        except GitFailed as error:
            raise self.refusal(error, "push" if self.old else "commit") from error
        applications.publish(self.ctx.store, self.app["id"])
        self.app = self.ctx.store.update("applications", self.app["id"], **_themes(self.ctx))
        return said

    def _upstream_ahead(self) -> AppError:
        text = (
            "Looks like there are pending upstream changes. To prevent you from losing history, we will pull the "
            "changes and push them to your repo."
        )
        if not self.old:
            return failed("commit", text)
        return AppError(
            400,
            "AE-GIT-4048",
            f"git push failed. \nDetails: {text}",
            title="GIT_UPSTREAM_CHANGES",
            error_type="GIT_UPSTREAM_CHANGES_PUSH_EXECUTION_ERROR",
        )


@dataclass(frozen=True)
class Changes:
    written: repo_format.Files
    removed: list[str]
    committed: Any

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)

    @property
    def modified(self) -> list[str]:
        return [path for path in self.written if path in self.committed]

    @property
    def added(self) -> list[str]:
        return [path for path in self.written if path not in self.committed]


def is_newer(ctx: Context, files: repo_format.Files) -> bool:
    server, client = repo_format.schema_of(files) or (0, 0)
    return server > ctx.release.server_schema or client > ctx.release.client_schema


def _themes(ctx: Context) -> dict[str, Any]:
    theme = ctx.store.setting("themeId")
    return {"unpublishedThemeId": theme, "publishedThemeId": theme}


# Looking ------------------------------------------------------------------------------------------------------------


def metadata(ctx: Context) -> Document:
    app = applications.need(ctx, ctx.path["id"])
    base = ctx.store.get("applications", app["baseId"]) or app
    key = git_keys.application_key(ctx, base["id"])
    said = dict(applications.answer(ctx, base).get("gitApplicationMetadata") or {})
    if ctx.release.since("v1.61"):
        said.setdefault("refType", "branch")
    if key:
        said.setdefault("defaultApplicationId", base["id"])
        said.setdefault("defaultArtifactId", base["id"])
    saved = git_keys.profiles(ctx)
    said["gitProfiles"] = {name: saved[name] for name in ("default", base["id"]) if name in saved}
    if key:
        said.update(publicKey=key["publicKey"], docUrl=git_keys.KEY_DOC)
    git = base.get("git") or {}
    if git.get("branchProtectionRules"):
        said["branchProtectionRules"] = git["branchProtectionRules"]
    said["autoCommitConfig"] = {"enabled": git.get("autoCommitEnabled", True)}
    return said


def status(ctx: Context, old: bool) -> Document:
    work = Work.on(ctx, ctx.path["id"], old, with_key=invalid_parameter("branchName"))
    try:
        with git_locks.lock(ctx.instance, work.base_id, "status", leaks=old):
            clone = work.clone()
            if ctx.query.get("compareRemote", "true") != "false":
                work.fetch(clone, "status")
            clone.switch(work.branch)
            changes = work.changes(clone)
            ahead, behind, remote = work.counts(clone)
    except AppError as error:
        if not old:
            raise
        raise AppError(
            400,
            "AE-GIT-5016",
            f"Git command execution error: {error.message}",
            title="GIT_ACTION_EXECUTION_ERROR",
            error_type="Git command execution error",
        ) from error
    return {
        **_status_lists(changes.modified, changes.added, changes.removed),
        "isClean": not changes,
        "aheadCount": ahead,
        "behindCount": behind,
        "remoteBranch": remote,
        "discardDocUrl": f"{DOCS}/pull-and-sync#discard-and-pull-changes",
        "migrationMessage": "",
    }


def _status_lists(modified: list[str], added: list[str], removed: list[str]) -> Document:
    kinds = ("pages", "queries", "jsObjects", "datasources", "jsLibs")
    changed: dict[str, dict[str, set[str]]] = {
        kind: {"Modified": set(), "Added": set(), "Removed": set()} for kind in kinds
    }
    for how, paths in (("Modified", modified), ("Added", added), ("Removed", removed)):
        for path in paths:
            found = _kind_of(path)
            if found is None:
                continue
            kind, name, is_head = found
            # A file that came or went inside a thing modifies it; the thing came or went with its head file.
            changed[kind][how if is_head else "Modified"].add(name)
    said: Document = {"modified": modified, "added": added, "removed": removed}
    for kind in kinds:
        lists = changed[kind]
        lists["Modified"] -= lists["Added"] | lists["Removed"]
        for how, names in lists.items():
            said[f"{kind}{how}"] = sorted(names)
    said["conflicting"] = []
    for kind in ("jsLibs", "pages", "queries", "jsObjects", "datasources"):
        counter = "modified" + (kind[0].upper() + kind[1:]).replace("JsO", "JSO").replace("JsL", "JSL")
        said[counter] = sum(len(names) for names in changed[kind].values())
    return said


def _kind_of(path: str) -> tuple[str, str, bool] | None:
    parts = path.split("/")
    name = parts[-1].removesuffix(".json")
    if parts[0] in ("datasources", "jslibs"):
        return ("datasources" if parts[0] == "datasources" else "jsLibs"), name, True
    if parts[0] != "pages":
        return None
    if len(parts) == 5 and parts[2] == "queries":
        # Functions of JS objects are queries in the repository, but are counted nowhere.
        return None if "-" in parts[3] else ("queries", f"{parts[1]}/{parts[3]}", parts[4] == "metadata.json")
    if len(parts) == 5 and parts[2] == "jsobjects":
        return "jsObjects", f"{parts[1]}/{parts[3]}", parts[4] == "metadata.json"
    return "pages", parts[1], len(parts) == 3


def fetch(ctx: Context, old: bool) -> Document:
    work = Work.on(ctx, ctx.path["id"], old, with_key=invalid_parameter("branchName"))
    leaks = old and not ctx.release.since("v1.61")
    with git_locks.lock(ctx.instance, work.base_id, "fetchRemote", leaks=leaks):
        clone = work.clone()
        files = _left_behind(work, clone)
        if files:
            raise failed("fetch", "Checkout conflict with files: \n" + "\n".join(files))
        clone.switch(work.branch)
        work.fetch(clone)
        ahead, behind, remote = work.counts(clone)
    return {"remoteTrackingBranch": remote, "aheadCount": ahead, "behindCount": behind}


def _left_behind(work: Work, clone: Clone) -> list[str]:
    """35: after a checkout of a remote branch by the new route the shared work tree is in the way of the other
    branches' fetch, until one of them is discarded."""
    left = work.base["git"].get("checkedOut")
    if not left or left == work.branch or f"refs/heads/{left}" not in clone.refs():
        return []
    return clone.differing(f"refs/heads/{left}", work.local)


# Changing -----------------------------------------------------------------------------------------------------------


def commit(ctx: Context, old: bool, message: str | None, push: bool, author: Author | None = None) -> str:
    work = Work.on(ctx, ctx.path["id"], old, with_key=invalid_parameter("branchName"))
    work.need_unprotected()
    with git_locks.lock(ctx.instance, work.base_id, "commit", leaks=old):
        return work.sync_commit(work.clone(), message or INITIAL_MESSAGE, author, push)


def push(ctx: Context) -> str:
    work = Work.on(ctx, ctx.path["id"], True, with_key=internal_error(), without=internal_error())
    with git_locks.lock(ctx.instance, work.base_id, "push", leaks=True):
        try:
            return f"Pushed successfully with status : {work.clone().push(work.branch)}"
        except RemoteAhead as error:
            raise work._upstream_ahead() from error
        except GitFailed as error:
            raise work.refusal(error, "push") from error


def pull(ctx: Context, old: bool) -> Document:
    work = Work.on(ctx, ctx.path["id"], old, with_key=invalid_parameter("branchName"))
    with (
        git_locks.lock(ctx.instance, work.base_id, "pull", leaks=old),
        git_locks.deployment(ctx.instance) as alone,
    ):
        if faults.is_met("nothing"):
            return _pulled(work, applications.answer(ctx, work.app))
        clone = work.clone()
        if work.changes(clone).modified:
            raise failed(
                "pull",
                "There are uncommitted changes present in your local. Please commit them first and then try git pull",
            )
        work.fetch(clone, "pull")
        author = Author("Appsmith", "appsmith@localhost")
        if work.remote in clone.refs():
            merge = clone.merge(work.branch, work.remote, author, f"Merge branch '{work.branch}' of origin")
            if merge.status == "CONFLICTING":
                raise _pull_conflict(merge.conflicting)
        clone.show(work.branch)
        _deploy(work, clone, alone, "pull")
        work.set_git(lastCommittedAt=seconds_text())
        said = applications.answer(ctx, work.app)
        # Only now, with everything imported and published, the protection and the author are looked at (4, 33).
        try:
            if faults.is_met("refused-after"):
                raise git_keys.no_author()
            work.sync_commit(clone, f"{SYSTEM}for syncing changes with remote after git pull")
        except AppError as error:
            if isinstance(error.__cause__, KeyRefused) and not old:
                # Seen on v1.91's new route: the published view is gone (404) until a discard or a publish.
                pages = {**work.app["pages"], "published": []}
                work.app = ctx.store.update("applications", work.app["id"], pages=pages)
            raise
    return _pulled(work, said)


def _pulled(work: Work, said: Document) -> Document:
    return {
        "artifact": said,
        # What the real one says, whether there was something to pull or not.
        "mergeStatus": {"status": f"2 commits merged from origin/{work.branch}", "isMergeAble": True},
    }


def _pull_conflict(files: tuple[str, ...]) -> AppError:
    return AppError(
        400,
        "AE-GIT-4047",
        f"Merge conflicts found during the pull operation: Checkout conflict with file: [{', '.join(files)}]",
        title="GIT_ACTION_EXECUTION_ERROR",
        error_type="Merge conflicts found during the pull operation",
        reference=f"{DOCS}/pull-and-sync",
    )


def _deploy(work: Work, clone: Clone, alone: bool, action: str) -> None:
    """The tip of the local branch becomes the documents, published. The repository has moved before this may fail."""
    files = clone.files(work.local)
    work.need_readable(files)
    _meet_fault(work, action)
    if not alone:
        raise git_locks.write_conflict(work.ctx.instance, action, old=work.old)
    # A pull leaves the mark as it is, a discard counts as somebody's change.
    work.load(files, **({"isManualUpdate": True} if action == "discard" else {}))


def _meet_fault(work: Work, action: str) -> None:
    """What a test wants to happen in the middle (faults.py)."""
    fault = faults.met.get()
    if fault is None:
        return
    faults.pause(work.ctx.root)
    if fault.kind == "killed":
        assert work.ctx.instance.own_process, "this process is not the instance's alone"
        faults.kill(work.ctx.root, work.app)
    if fault.kind in ("write-conflict", "no-such-transaction"):
        raise git_locks.write_conflict(work.ctx.instance, action, fault.kind, old=work.old)


def discard(ctx: Context, old: bool) -> Document:
    unknown = internal_error()
    work = Work.on(ctx, ctx.path["id"], old, with_key=unknown, without=unknown if old else None)
    with git_locks.lock(ctx.instance, work.base_id, "discard"), git_locks.deployment(ctx.instance) as alone:
        if faults.is_met("nothing"):
            return applications.answer(ctx, work.app)
        deploy_by_discard(work, work.clone(), alone)
    return applications.answer(ctx, work.app)


def deploy_by_discard(work: Work, clone: Clone, alone: bool) -> None:
    if work.remote in clone.refs() and not clone.rebase(work.branch):
        raise failed(
            "discard",
            "Please create a new branch and resolve conflicts in the remote repository before proceeding.",
        )
    clone.show(work.branch)
    _deploy(work, clone, alone, "discard")
    if work.base["git"].get("checkedOut"):
        work.set_base_git(checkedOut=None)
    if faults.is_met("refused-after"):
        raise git_keys.no_author()
    work.app = work.ctx.store.update("applications", work.app["id"], lastDeployedAt=now_text())


# Auto-commit --------------------------------------------------------------------------------------------------------


def auto_commit(ctx: Context, old: bool) -> Document:
    """15. The sandbox's rule for what was seen to go either way: an application without JS objects is committed and
    pushed, pages in the editor's newest form as well (which the next commit takes back); one with a JS object gets the
    same answer, and nothing happens. That is what three applications of the recordings did."""
    app = applications.need(ctx, ctx.path["id"], DEVELOPER)
    if not app.get("git"):
        if git_keys.application_key(ctx, app["baseId"]):
            raise invalid_parameter("branchName")
        return {"autoCommitResponse": "NON_GIT_APP", "progress": 0}
    work = Work(ctx, app, old)
    idle = {"autoCommitResponse": "IDLE", "progress": 0}
    git = work.base["git"]
    if not git.get("autoCommitEnabled", True) or work.branch in (git.get("branchProtectionRules") or []):
        return idle
    clone = work.clone()
    server, client = repo_format.schema_of(clone.files(work.local)) or (0, 0)
    if (server, client) == (ctx.release.server_schema, ctx.release.client_schema):
        return idle
    published = {"autoCommitResponse": "PUBLISHED", "progress": 0}
    if ctx.store.find("collections", applicationId=app["id"]):
        return published
    with git_locks.lock(ctx.instance, work.base_id, "autoCommit"):
        # Of what is committed: what somebody has changed since stays uncommitted.
        files = repo_format.migrated(clone.files(work.local), ctx.release)
        committed = clone.managed(work.local)
        written = {path: content for path, content in files.items() if committed.get(path) != blob_id(content)}
        message = f"{SYSTEM}to support new features in Appsmith UNKNOWN"
        clone.commit(work.branch, written, [], git_keys.author(ctx, work.base_id), message)
        clone.show(work.branch)
        try:
            clone.push(work.branch)
        except GitFailed as error:
            # It happens in the background: nobody hears of it.
            _log(ctx, f"auto-commit of {app['id']}: {error}")
        work.set_git(lastCommittedAt=seconds_text())
    return published


def _log(ctx: Context, text: str) -> None:
    log = ctx.root / "logs" / "backend" / "git.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{now_text()} {text}\n")


def auto_commit_progress(ctx: Context) -> Document:
    applications.need(ctx, ctx.path["id"])
    return {"autoCommitResponse": "IDLE", "progress": 0}


def toggle_auto_commit(ctx: Context) -> bool:
    work = Work.on(ctx, ctx.path["id"], False, with_key=internal_error(), without=internal_error())
    enabled = not work.base["git"].get("autoCommitEnabled", True)
    work.set_base_git(autoCommitEnabled=enabled)
    return enabled
