# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting an application to an empty repository, importing one from a full repository, and disconnecting."""

from __future__ import annotations

import fnmatch
import re
import shutil
from dataclasses import dataclass
from typing import Any

from . import applications, git_keys, git_locks, repo_format, workspaces
from .app import AppError, Context, NeverAnswer, internal_error, invalid_parameter
from .git_clone import Clone, GitFailed, RemoteMissing, RemoteTimeout
from .git_engine import INCOMPATIBLE, INITIAL_MESSAGE, Work, failed, is_newer, seconds_text
from .slug import slug_of
from .store import Document, new_id, now_text
from .workspaces import DEVELOPER

_URLS = (
    re.compile(r"^ssh://([a-z_][\w-]+@)?(?P<host>[\w\-.]+)(:(?P<port>\d*))?/+(?P<path>.+?)(\.git)?$"),
    re.compile(r"^[a-z_][\w-]+@(?P<host>[\w\-.]+):/*(?P<path>.+?)(\.git)?$"),
)
# What a repository may have in its root and still count as empty.
_HARMLESS = ("*.md", "*.MD", ".git", ".gitignore", ".github", "*.yml", "*.yaml", "LICENSE")


@dataclass(frozen=True)
class Address:
    host: str
    path: str

    @property
    def repository(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def browser(self) -> str:
        """The port is dropped, as the real one does."""
        return f"https://{self.host}/{self.path}"


def parse_address(url: Any, old: bool) -> Address:
    for pattern in _URLS:
        match = pattern.match(url) if isinstance(url, str) else None
        if match:
            return Address(match["host"], match["path"])
    if old:
        raise git_keys.invalid_configuration(
            "Remote URL is incorrect. Please add a URL in standard format. Example: "
            "git@example.com:username/reponame.git"
        )
    raise invalid_parameter("browserSupportedRemoteUrl" if url else "remoteUrl")


def _clone_error(ctx: Context, error: GitFailed) -> AppError:
    """No such repository, or a key that is another one's: both are a wrong address, as Git hosts tell them alike."""
    if isinstance(error, RemoteMissing):
        return invalid_parameter("remote url")
    if isinstance(error, RemoteTimeout):
        return AppError(504, "AE-GIT-5014", "Git command clone timed out", title="GIT_ACTION_EXECUTION_ERROR")
    return git_keys.key_refused(ctx)


def _git_members(address: Address, url: str, branch: str, base_id: str) -> Document:
    return {
        "branchName": branch,
        # Answered from v1.61 on, by an upgraded instance as well.
        "refType": "branch",
        "refName": branch,
        "defaultBranchName": branch,
        "remoteUrl": url,
        "browserSupportedRemoteUrl": address.browser,
        "isRepoPrivate": True,
        "repoName": address.repository,
        "defaultApplicationId": base_id,
        "defaultArtifactId": base_id,
        "lastCommittedAt": seconds_text(),
    }


def connect(ctx: Context, old: bool) -> Document:
    where = (
        "GitController.connectApplicationToRemoteRepo"
        if old
        else "GitApplicationController.connectArtifactToRemoteRepo"
    )
    ctx.need_origin(where)
    app = applications.need(ctx, ctx.path["id"], DEVELOPER)
    body = ctx.json
    address = parse_address(body.get("remoteUrl"), old)
    if not isinstance(body.get("gitProfile"), dict):
        raise internal_error()
    git_keys.save_profile(ctx, app["baseId"], body["gitProfile"])
    key = git_keys.application_key(ctx, app["baseId"])
    if key is None:
        raise git_keys.key_refused(ctx)
    with git_locks.lock(ctx.instance, app["baseId"], "connect"):
        temporary = ctx.instance.git_root / app["workspaceId"] / f"temp{new_id()}" / address.repository
        try:
            clone = Clone.make(body["remoteUrl"], temporary, git_keys.private_key(ctx, key))
            head = clone.remote_head()
            names = clone.root_names(f"refs/remotes/origin/{head}") if head else []
            if app.get("git") or [name for name in names if not any(fnmatch.fnmatch(name, p) for p in _HARMLESS)]:
                raise AppError(
                    400,
                    "AE-GIT-4033",
                    "The remote repository is not empty. Please create a new empty repository and configure the SSH "
                    "keys. If you wish to clone and build an application from an existing remote repository, please "
                    'use the "Import from a Git repository" option in the home page.',
                    title="GIT_CONFIGURATION_ERROR",
                    error_type="Invalid Git repository",
                )
            branch = head or "master"
            app = ctx.store.update(
                "applications",
                app["id"],
                git=_git_members(address, body["remoteUrl"], branch, app["baseId"]),
                isManualUpdate=False,
                modifiedAt=now_text(),
            )
            work = Work(ctx, app, old)
            work.folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(work.folder, ignore_errors=True)
            temporary.rename(work.folder)
        except RemoteMissing as error:
            if old:
                raise git_keys.invalid_configuration("Invalid remote: origin") from error
            raise _clone_error(ctx, error) from error
        except GitFailed as error:
            raise _clone_error(ctx, error) from error
        finally:
            shutil.rmtree(temporary.parent, ignore_errors=True)
        try:
            author = git_keys.author(ctx, app["baseId"])
            clone = work.clone()
            if "README.md" not in names:
                readme = {"README.md": _readme(ctx, app, address)}
                clone.commit(branch, readme, [], author, "System added readme file")
            said = applications.answer(ctx, app)
            work.sync_commit(clone, INITIAL_MESSAGE, author)
        except AppError as error:
            # After a failed push everything goes, the key as well.
            ctx.store.update("applications", app["id"], git=None)
            git_keys.forget(ctx, app["baseId"])
            shutil.rmtree(work.folder.parent, ignore_errors=True)
            if error.code == "AE-GIT-4032":
                raise failed("push", "the remote does not let this key write") from error
            raise
    return said


def _readme(ctx: Context, app: Document, address: Address) -> bytes:
    view = f"{ctx.origin}/applications/{app['id']}"
    return (
        "![](https://assets.appsmith.com/git-sync-readme.png)\n\nThis app is built using Appsmith. Turn any datasource "
        f"into an internal app in minutes.\n\n##### You can visit the application using the below link\n\n"
        f"###### {view} ({address.repository})\n"
    ).encode()


def import_repository(ctx: Context, workspace_id: str | None, old: bool) -> Document:
    workspace = workspaces.need(ctx, workspace_id, DEVELOPER)
    body = ctx.json
    address = parse_address(body.get("remoteUrl"), old)
    profile = body.get("gitProfile")
    if old and not isinstance(profile, dict):
        raise internal_error()
    key = git_keys.import_key(ctx)
    if key is None:
        raise git_keys.invalid_configuration("Unable to find the SSH key. Please generate one and add it first.")
    # The new route loses these errors inside, and the request is never answered.
    loses_errors = not old and ctx.release.since("v1.62")
    base_id = new_id()
    temporary = ctx.instance.git_root / workspace["id"] / f"temp{new_id()}" / address.repository
    try:
        try:
            clone = Clone.make(body["remoteUrl"], temporary, git_keys.private_key(ctx, key))
        except GitFailed as error:
            if loses_errors:
                raise NeverAnswer from error
            raise _clone_error(ctx, error) from error
        if old:
            git_keys.save_profile(ctx, base_id, profile or {})
        branch = clone.remote_head()
        files = clone.files(f"refs/heads/{branch}") if branch else {}
        if branch is None or repo_format.schema_of(files) is None or "application.json" not in files:
            if loses_errors:
                raise NeverAnswer
            raise failed("import", "Cannot import app from an empty repo")
        if is_newer(ctx, files):
            raise AppError(
                503,
                "AE-GIT-5013",
                f"Error while accessing the file system. Details: {INCOMPATIBLE}",
                title="GIT_FILE_SYSTEM_ERROR",
                error_type="Git file system error",
            )
        said = _import(ctx, workspace, base_id, address, clone, branch, files, key, old)
    finally:
        shutil.rmtree(temporary.parent, ignore_errors=True)
    return said


def _import(
    ctx: Context,
    workspace: Document,
    base_id: str,
    address: Address,
    clone: Clone,
    branch: str,
    files: repo_format.Files,
    key: Document,
    old: bool,
) -> Document:
    assert ctx.user
    with ctx.store.tx():
        name = applications.unique_name(ctx.store, workspace["id"], address.repository)
        app = ctx.store.insert(
            "applications",
            {
                "id": base_id,
                "baseId": base_id,
                "name": name,
                "slug": slug_of(name),
                "workspaceId": workspace["id"],
                "isPublic": False,
                "modifiedBy": ctx.user["email"],
                "modifiedAt": now_text(),
                "detail": {},
                "publishedDetail": None,
                "pages": {"edit": [], "published": []},
                "theme": applications.pretty(applications.THEME),
                "jslibs": {},
                "git": _git_members(address, ctx.json["remoteUrl"], branch, base_id),
            },
        )
        work = Work(ctx, app, old)
        work.load(files, isManualUpdate=True)
        git_keys.give_to_application(ctx, key, base_id)
        workspaces.used(ctx, workspace["id"])
        work.folder.parent.mkdir(parents=True, exist_ok=True)
        clone.path.rename(work.folder)
    return applications.import_answer(ctx, work.app)


def disconnect(ctx: Context, old: bool) -> Document:
    """No lock is taken, as was seen: it goes through while one has leaked."""
    without = None if old else git_keys.invalid_configuration("Please reconfigure the artifact to connect to git repo")
    work = Work.on(ctx, ctx.path["id"], old, with_key=internal_error(), without=without)
    with ctx.store.tx():
        for app in applications.branches(ctx.store, work.base_id):
            if app["id"] != work.base_id:
                applications.remove(ctx.store, app)
        git_keys.forget(ctx, work.base_id)
        app = ctx.store.update("applications", work.base_id, git=None, modifiedAt=now_text())
    shutil.rmtree(work.folder.parent, ignore_errors=True)
    return applications.answer(ctx, app)
