# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages."""

from __future__ import annotations

import json

from starlette.responses import Response

from . import applications, export
from .app import AppError, Context, Route, invalid_parameter, not_readable
from .slug import slug_of
from .store import Document, now_text
from .workspaces import DEVELOPER

_PERMISSIONS = ["read:pages", "manage:pages", "create:pageActions", "delete:pages"]


def need(ctx: Context, page_id: str | None, wanted: str) -> tuple[Document, Document]:
    page = ctx.store.get("pages", page_id)
    if page is None:
        raise not_readable("page", page_id)
    return page, applications.need(ctx, page["applicationId"], wanted)


async def list_pages(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.need_query("applicationId"))
    published = ctx.query.get("mode", "EDIT") == "PUBLISHED"
    version = "published" if published else "edit"
    if published and not app["pages"]["published"]:
        raise not_readable("deployed application", app["id"])
    rows = []
    for reference in app["pages"][version]:
        page = ctx.store.get("pages", reference["id"])
        if page and page[version]:
            rows.append(
                {
                    "id": page["id"],
                    "baseId": page["baseId"],
                    "name": page[version]["name"],
                    "slug": page[version]["slug"],
                    "isDefault": reference["isDefault"],
                    "userPermissions": _PERMISSIONS,
                }
            )
    said = applications.answer(ctx, app, pages=False)
    return ctx.ok({"workspaceId": app["workspaceId"], "application": said, "pages": rows})


def answer(page: Document) -> Document:
    return {
        "id": page["id"],
        "baseId": page["baseId"],
        "name": page["edit"]["name"],
        "slug": page["edit"]["slug"],
        "applicationId": page["applicationId"],
        "layouts": [{"id": page["id"]}],
        "userPermissions": _PERMISSIONS,
    }


async def create(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.json.get("applicationId"), DEVELOPER)
    name = ctx.json.get("name")
    if not name:
        raise invalid_parameter("name")
    _need_free_name(ctx, app, name)
    with ctx.store.tx():
        dsl_version = 94 if ctx.release.run_behaviour else 91
        page = applications.add_page(ctx.store, app, name, dsl_version=dsl_version)
        pages = app["pages"]
        pages["edit"].append({"id": page["id"], "isDefault": False})
        ctx.store.update("applications", app["id"], pages=pages)
        applications.touch(ctx, app["id"])
    return ctx.ok(answer(page), 201)


def _need_free_name(ctx: Context, app: Document, name: str) -> None:
    ids = {one["id"] for one in app["pages"]["edit"]}
    for page in ctx.store.find("pages", applicationId=app["id"]):
        if page["id"] in ids and page["edit"]["name"] == name:
            raise AppError(409, "AE-APP-4091", f"Duplicate key error: An object with the name {name} already exists.")


async def rename(ctx: Context) -> Response:
    page, app = need(ctx, ctx.path["id"], DEVELOPER)
    name = ctx.json.get("name")
    if name and name != page["edit"]["name"]:
        _need_free_name(ctx, app, name)
        edit = page["edit"]
        files = dict(edit["files"])
        head = json.loads(files.pop(f"{edit['name']}.json"))
        head["unpublishedPage"].update(name=name, slug=slug_of(name))
        files[f"{name}.json"] = applications.pretty(head)
        edit.update(name=name, slug=slug_of(name), files=files)
        with ctx.store.tx():
            ctx.store.replace("pages", page)
            applications.touch(ctx, app["id"])
    return ctx.ok(answer(page))


async def delete(ctx: Context) -> Response:
    """The edit version goes; what is published stays until the next publish."""
    page, app = need(ctx, ctx.path["id"], DEVELOPER)
    pages = app["pages"]
    if len(pages["edit"]) == 1:
        raise AppError(400, "AE-APP-4007", "Unsupported operation", title="BAD_REQUEST")
    left = [one for one in pages["edit"] if one["id"] != page["id"]]
    if not any(one["isDefault"] for one in left):
        left[0]["isDefault"] = True
    pages["edit"] = left
    with ctx.store.tx():
        ctx.store.update("applications", app["id"], pages=pages)
        for coll in ("actions", "collections"):
            for doc in ctx.store.find(coll, pageId=page["id"]):
                ctx.store.update(coll, doc["id"], deletedAt=now_text())
        ctx.store.update("pages", page["id"], deletedAt=now_text())
        applications.touch(ctx, app["id"])
    return ctx.ok(answer(page))


def _opened(ctx: Context, page: Document, view: str) -> Document:
    """Whoever opens a page has its layout in the newest format, and it is kept: a viewer's in the published view
    alone (seen on real servers). Older ones than 90 are left here; a real server may fail on them (500 AE-APP-5021)."""
    shown: Document = page[view]
    newest = 94 if ctx.release.run_behaviour else 91
    file = f"{shown['name']}.json"
    content = json.loads(shown["files"][file])
    layout = content["unpublishedPage"]["layouts"][0]["dsl"]
    if ctx.query.get("migrateDsl") != "true" or not 90 <= layout.get("version", 1) < newest:
        return shown
    layout["version"] = newest
    shown = {**shown, "files": {**shown["files"], file: applications.pretty(content)}}
    ctx.store.update("pages", page["id"], **{view: shown})
    return shown


async def read(ctx: Context) -> Response:
    page, _app = need(ctx, ctx.path["id"], "App Viewer")
    if not page["edit"].get("fresh"):
        _opened(ctx, page, "edit")
    return ctx.ok(answer(page))


async def read_view(ctx: Context) -> Response:
    """A page as it is published: what a viewer's browser loads (by reading the sources)."""
    page, _app = need(ctx, ctx.path["id"], "App Viewer")
    published = page["published"]
    if not published:
        raise not_readable("page", page["id"])
    if not published.get("fresh"):
        published = _opened(ctx, page, "published")
    layout = {"id": page["id"], "dsl": export.dsl_of(published), "layoutOnLoadActions": []}
    said = {**answer(page), "name": published["name"], "slug": published["slug"], "layouts": [layout]}
    return ctx.ok(said)


ROUTES = [
    Route("GET", "/api/v1/pages", list_pages, anonymous=True),
    Route("POST", "/api/v1/pages", create, write=True),
    Route("GET", "/api/v1/pages/{id}", read, anonymous=True),
    Route("GET", "/api/v1/pages/{id}/view", read_view, anonymous=True),
    Route("PUT", "/api/v1/pages/{id}", rename, write=True),
    Route("DELETE", "/api/v1/pages/{id}", delete, write=True),
]
