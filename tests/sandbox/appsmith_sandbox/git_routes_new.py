# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git by the new routes: /api/v1/git/applications/... and .../artifacts/..., parts from v1.56, all from v1.61 on."""

from __future__ import annotations

from starlette.responses import Response

from . import git_branches, git_connect, git_engine
from .app import Context, Route, internal_error, invalid_parameter
from .git_clone import Author
from .git_routes_old import doc_urls


def connect(ctx: Context) -> Response:
    return ctx.ok(git_connect.connect(ctx, False))


def import_repository(ctx: Context) -> Response:
    return ctx.ok(git_connect.import_repository(ctx, ctx.need_query("workspaceId"), False), status=201)


def disconnect(ctx: Context) -> Response:
    return ctx.ok(git_connect.disconnect(ctx, False))


def metadata(ctx: Context) -> Response:
    return ctx.ok(git_engine.metadata(ctx))


def status(ctx: Context) -> Response:
    return ctx.ok(git_engine.status(ctx, False))


def fetch(ctx: Context) -> Response:
    said = git_engine.fetch(ctx, False)
    if not ctx.release.since("v1.77"):
        return ctx.ok(f"ahead: {said['aheadCount']}, behind: {said['behindCount']}")
    return ctx.ok(said)


def refs(ctx: Context) -> Response:
    prune = ctx.query.get("pruneRefs") or ctx.query.get("pruneBranches")
    return ctx.ok(git_branches.branches(ctx, False, prune == "true"))


def commit(ctx: Context) -> Response:
    """Always pushes; `commitMessage` and `doPush` are unknown here and do nothing."""
    body = ctx.json
    given = body.get("author") or {}
    author = Author(given["name"], given["email"]) if given.get("name") and given.get("email") else None
    message = body.get("message")
    return ctx.ok(git_engine.commit(ctx, False, message if isinstance(message, str) else None, True, author), 201)


def pull(ctx: Context) -> Response:
    return ctx.ok(git_engine.pull(ctx, False))


def discard(ctx: Context) -> Response:
    return ctx.ok(git_engine.discard(ctx, False))


def _ref(ctx: Context) -> str:
    """Both members are needed; tags are not to be had."""
    body = ctx.json
    if not body.get("refName") or not body.get("refType"):
        raise invalid_parameter("refName" if body.get("refType") else "refType")
    if body["refType"] != "branch":
        raise internal_error()
    return str(body["refName"])


def create_ref(ctx: Context) -> Response:
    return ctx.ok(git_branches.create_branch(ctx, False, _ref(ctx)), 201)


def _brings_in(ctx: Context) -> bool:
    """A checkout of a branch that is here only looks it up; one of the remote's makes an application."""
    return str(ctx.json.get("refName") or "").startswith("origin/")


def checkout_ref(ctx: Context) -> Response:
    return ctx.ok(git_branches.checkout(ctx, False, _ref(ctx)))


def delete_ref(ctx: Context) -> Response:
    if not ctx.release.since("v1.61"):
        return ctx.ok(git_branches.delete_branch(ctx, False, _ref(ctx)))
    ctx.need_query("refType")
    return ctx.ok(git_branches.delete_branch(ctx, False, ctx.need_query("refName")))


def set_protected(ctx: Context) -> Response:
    return ctx.ok(git_branches.set_protected(ctx))


def get_protected(ctx: Context) -> Response:
    return ctx.ok(git_branches.get_protected(ctx))


def merge_status(ctx: Context) -> Response:
    return ctx.ok(git_branches.merge_status(ctx, False))


def merge(ctx: Context) -> Response:
    return ctx.ok(git_branches.merge(ctx, False))


def auto_commit(ctx: Context) -> Response:
    return ctx.ok(git_engine.auto_commit(ctx, False))


def auto_commit_progress(ctx: Context) -> Response:
    return ctx.ok(git_engine.auto_commit_progress(ctx))


def toggle_auto_commit(ctx: Context) -> Response:
    return ctx.ok(git_engine.toggle_auto_commit(ctx))


_APP = "/api/v1/git/applications/{id}"
_PARTS, _ALL = "v1.56", "v1.61"
ROUTES = [
    Route("POST", f"{_APP}/connect", connect, write=True, since=_PARTS),
    Route("POST", "/api/v1/git/artifacts/import", import_repository, write=True, since=_PARTS),
    Route("GET", "/api/v1/git/artifacts/doc-urls", doc_urls, since=_PARTS),
    Route("POST", f"{_APP}/disconnect", disconnect, write=True, since=_PARTS),
    Route("GET", f"{_APP}/metadata", metadata, since=_PARTS),
    Route("GET", f"{_APP}/status", status, since=_PARTS),
    Route("GET", f"{_APP}/fetch/remote", fetch, since=_PARTS),
    Route("GET", f"{_APP}/branches", refs, since=_PARTS, until="v1.60"),
    Route("GET", f"{_APP}/refs", refs, since=_ALL),
    Route("POST", f"{_APP}/commit", commit, write=True, since=_PARTS),
    Route("GET", f"{_APP}/pull", pull, write=True, since=_PARTS),
    Route("PUT", f"{_APP}/discard", discard, write=True, since=_PARTS),
    Route("POST", f"{_APP}/create-ref", create_ref, write=True, since=_PARTS),
    # Makes an application when the branch is not there yet.
    Route("POST", f"{_APP}/checkout-ref", checkout_ref, write=_brings_in, since=_PARTS),
    Route("DELETE", f"{_APP}/ref", delete_ref, write=True, since=_PARTS),
    Route("POST", f"{_APP}/branch/protected", set_protected, write=True, since=_PARTS, until="v1.60"),
    Route("GET", f"{_APP}/branch/protected", get_protected, since=_PARTS, until="v1.60"),
    Route("POST", f"{_APP}/protected-branches", set_protected, write=True, since=_ALL),
    Route("GET", f"{_APP}/protected-branches", get_protected, since=_ALL),
    Route("POST", f"{_APP}/merge/status", merge_status, since="v1.57"),
    Route("POST", f"{_APP}/merge", merge, write=True, since="v1.57"),
    Route("POST", f"{_APP}/auto-commit", auto_commit, write=True, since=_PARTS),
    Route("GET", f"{_APP}/auto-commit/progress", auto_commit_progress, since=_PARTS),
    Route("PATCH", f"{_APP}/auto-commit/toggle", toggle_auto_commit, write=True, since=_PARTS),
]
