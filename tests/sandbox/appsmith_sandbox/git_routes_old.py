# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git by the old routes: /api/v1/git/..., in every release of the sandbox."""

from __future__ import annotations

from starlette.responses import Response

from . import git_branches, git_connect, git_engine
from .app import Context, Route, invalid_parameter


def connect(ctx: Context) -> Response:
    return ctx.ok(git_connect.connect(ctx, True))


def import_repository(ctx: Context) -> Response:
    return ctx.ok(git_connect.import_repository(ctx, ctx.path["id"], True), status=201)


def disconnect(ctx: Context) -> Response:
    return ctx.ok(git_connect.disconnect(ctx, True))


def metadata(ctx: Context) -> Response:
    return ctx.ok(git_engine.metadata(ctx))


def status(ctx: Context) -> Response:
    return ctx.ok(git_engine.status(ctx, True))


def fetch(ctx: Context) -> Response:
    return ctx.ok(git_engine.fetch(ctx, True))


def branches(ctx: Context) -> Response:
    return ctx.ok(git_branches.branches(ctx, True, ctx.query.get("pruneBranches") == "true"))


def commit(ctx: Context) -> Response:
    body = ctx.json
    push = bool(body.get("doPush"))
    return ctx.ok(git_engine.commit(ctx, True, body.get("commitMessage"), push), 201)


def push(ctx: Context) -> Response:
    return ctx.ok(git_engine.push(ctx), 201)


def pull(ctx: Context) -> Response:
    return ctx.ok(git_engine.pull(ctx, True))


def discard(ctx: Context) -> Response:
    return ctx.ok(git_engine.discard(ctx, True))


def create_branch(ctx: Context) -> Response:
    return ctx.ok(git_branches.create_branch(ctx, True, ctx.json.get("branchName")), 201)


def _brings_in(ctx: Context) -> bool:
    """A checkout of a branch that is here only looks it up; one of the remote's makes an application."""
    return ctx.query.get("branchName", "").startswith("origin/")


def checkout(ctx: Context) -> Response:
    return ctx.ok(git_branches.checkout(ctx, True, ctx.need_query("branchName")))


def delete_branch(ctx: Context) -> Response:
    return ctx.ok(git_branches.delete_branch(ctx, True, ctx.need_query("branchName")))


def set_protected(ctx: Context) -> Response:
    return ctx.ok(git_branches.set_protected(ctx))


def get_protected(ctx: Context) -> Response:
    return ctx.ok(git_branches.get_protected(ctx))


def merge_status(ctx: Context) -> Response:
    return ctx.ok(git_branches.merge_status(ctx, True))


def merge(ctx: Context) -> Response:
    return ctx.ok(git_branches.merge(ctx, True))


def auto_commit(ctx: Context) -> Response:
    return ctx.ok(git_engine.auto_commit(ctx, True))


def auto_commit_progress(ctx: Context) -> Response:
    return ctx.ok(git_engine.auto_commit_progress(ctx))


def toggle_auto_commit(ctx: Context) -> Response:
    return ctx.ok(git_engine.toggle_auto_commit(ctx))


def doc_urls(ctx: Context) -> Response:
    key = ctx.query.get("docType")
    if key is None:
        raise invalid_parameter("docType")
    return ctx.ok({"docUrl": "https://docs.appsmith.com/core-concepts/version-control-with-git"})


_GIT = "/api/v1/git"
_APP = "/app/{id}"
ROUTES = [
    Route("POST", f"{_GIT}/connect{_APP}", connect, write=True),
    Route("POST", _GIT + "/import/{id}", import_repository, write=True),
    Route("POST", f"{_GIT}/disconnect{_APP}", disconnect, write=True),
    Route("GET", f"{_GIT}/metadata{_APP}", metadata),
    Route("GET", f"{_GIT}/status{_APP}", status),
    Route("GET", f"{_GIT}/fetch/remote{_APP}", fetch),
    Route("GET", f"{_GIT}/branch{_APP}", branches),
    Route("POST", f"{_GIT}/commit{_APP}", commit, write=True),
    Route("POST", f"{_GIT}/push{_APP}", push, write=True),
    Route("GET", f"{_GIT}/pull{_APP}", pull, write=True),
    Route("PUT", f"{_GIT}/discard{_APP}", discard, write=True),
    Route("POST", f"{_GIT}/create-branch{_APP}", create_branch, write=True),
    # Makes an application when the branch is not there yet.
    Route("GET", f"{_GIT}/checkout-branch{_APP}", checkout, write=_brings_in),
    Route("DELETE", f"{_GIT}/branch{_APP}", delete_branch, write=True),
    Route("POST", f"{_GIT}/branch{_APP}/protected", set_protected, write=True),
    Route("GET", f"{_GIT}/branch{_APP}/protected", get_protected),
    Route("POST", f"{_GIT}/merge/status{_APP}", merge_status),
    Route("POST", f"{_GIT}/merge{_APP}", merge, write=True),
    Route("POST", f"{_GIT}/auto-commit{_APP}", auto_commit, write=True),
    Route("GET", f"{_GIT}/auto-commit/progress{_APP}", auto_commit_progress),
    Route("PATCH", f"{_GIT}/auto-commit/toggle{_APP}", toggle_auto_commit, write=True),
    Route("GET", f"{_GIT}/doc-urls", doc_urls),
]
