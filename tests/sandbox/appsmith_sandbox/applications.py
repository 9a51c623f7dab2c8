# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications.

A document per branch: id, baseId, name, slug, workspaceId, isPublic, modifiedBy, modifiedAt, detail (the members of
application.json but pages), publishedDetail, pages {edit, published: [{id, isDefault}]}, theme (content of theme.json),
jslibs {file name: content}, unpublishedThemeId, publishedThemeId (absent where the real one leaves them out),
lastDeployedAt, isManualUpdate (both absent at first), git (None, or the metadata of the branch).
"""

from __future__ import annotations

import copy
import json
import time
import uuid
from typing import Any

from starlette.responses import Response

from . import export, workspaces
from .app import AppError, Context, Route, not_found, not_readable
from .slug import slug_of
from .store import Document, Store, new_id, now_text
from .workspaces import ADMINISTRATOR, DEVELOPER, VIEWER

THEME = {"displayName": "Modern", "isSystemTheme": True, "name": "Default-New"}
_COLORS = ("#ECECEC", "#D6D1F2", "#F5D1D1", "#D9E7FF", "#C7F3F0", "#F4FFDE")
_GIT_MEMBERS = (
    "branchName",
    "refType",
    "refName",
    "defaultBranchName",
    "remoteUrl",
    "browserSupportedRemoteUrl",
    "isRepoPrivate",
    "repoName",
    "defaultApplicationId",
    "defaultArtifactId",
    "lastCommittedAt",
)


def pretty(value: Any) -> str:
    """JSON as the repository has it: sorted keys, two blanks, no newline at the end."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def default_detail(color: str) -> Document:
    """application.json of a new application, without its pages."""
    look = {"navigationSetting": {}, "themeSetting": {"appMaxWidth": "LARGE", "density": 1.0, "sizing": 1.0}}
    return {
        "appIsExample": False,
        "applicationDetail": look,
        "applicationVersion": 2,
        "collapseInvisibleWidgets": True,
        "color": color,
        "evaluationVersion": 2,
        "unpublishedApplicationDetail": copy.deepcopy(look),
    }


def unique_name(store: Store, workspace_id: str, name: str) -> str:
    """The name itself, or with the first free suffix " (n)"."""
    taken = {app["name"] for app in store.find("applications", workspaceId=workspace_id)}
    if name not in taken:
        return name
    number = 1
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def git_sync_id(owner_id: str) -> str:
    return f"{owner_id}_{uuid.uuid4()}"


def new_page(name: str, *, first: bool = False, dsl_version: int = 94) -> Document:
    """The edit version of a fresh page. `files`: path inside the page's folder -> content."""
    dsl: Document = {
        "backgroundColor": "none",
        "bottomRow": 1250 if first else 380,
        "canExtend": True,
        "containerStyle": "none",
        "detachFromLayout": True,
        "dynamicBindingPathList": [],
        "leftColumn": 0,
        "minHeight": 1292,
        "parentColumnSpace": 1,
        "parentRowSpace": 1,
        "rightColumn": 1224 if first else 4896,
        "snapColumns": 16 if first else 64,
        "snapRows": 33 if first else 124,
        "topRow": 0,
        "type": "CANVAS_WIDGET",
        "version": 4 if first else dsl_version,
        "widgetId": "0",
        "widgetName": "MainContainer",
    }
    if first:
        dsl["dynamicTriggerPathList"] = []
    return {"name": name, "slug": slug_of(name), "files": {f"{name}.json": ""}, "fresh": True, "dsl": dsl}


def add_page(store: Store, app: Document, name: str, *, first: bool = False, dsl_version: int = 94) -> Document:
    """A new page document; the caller puts its id into the application."""
    page_id, sync_id = new_id(), git_sync_id(app["id"])
    edit = new_page(name, first=first, dsl_version=dsl_version)
    content = {"layouts": [{"dsl": edit.pop("dsl")}], "name": name, "slug": edit["slug"]}
    edit["files"] = {f"{name}.json": pretty({"gitSyncId": sync_id, "unpublishedPage": content})}
    return store.insert(
        "pages",
        {
            "id": page_id,
            "baseId": page_id,
            "applicationId": app["id"],
            "gitSyncId": sync_id,
            "edit": edit,
            "published": None,
            "deletedAt": None,
        },
    )


def create(ctx: Context, workspace_id: str, name: str, color: str | None = None) -> Document:
    """An application with a page, published, as POST /applications makes it."""
    store = ctx.store
    app_id = new_id()
    name = unique_name(store, workspace_id, name)
    theme_id = store.setting("themeId")
    app = store.insert(
        "applications",
        {
            "id": app_id,
            "baseId": app_id,
            "name": name,
            "slug": slug_of(name),
            "workspaceId": workspace_id,
            "isPublic": False,
            "modifiedBy": ctx.user["email"] if ctx.user else None,
            "modifiedAt": now_text(),
            "detail": default_detail(color or _COLORS[len(store.find("applications")) % len(_COLORS)]),
            "publishedDetail": None,
            "pages": {"edit": [], "published": []},
            "theme": pretty(THEME),
            "jslibs": {},
            "unpublishedThemeId": theme_id,
            "publishedThemeId": theme_id,
            "git": None,
        },
    )
    page = add_page(store, app, "Page1", first=True)
    app["pages"]["edit"] = [{"id": page["id"], "isDefault": True}]
    store.replace("applications", app)
    return publish(store, app["id"], mark=False)


def publish(store: Store, app_id: str, *, mark: bool = True) -> Document:
    """The edit version becomes the published one. `mark` sets lastDeployedAt, which an import does not."""
    with store.tx():
        app = store.get("applications", app_id)
        assert app
        app["pages"]["published"] = copy.deepcopy(app["pages"]["edit"])
        app["publishedDetail"] = copy.deepcopy(app["detail"])
        if mark:
            app["lastDeployedAt"] = app["modifiedAt"] = now_text()
            app["isManualUpdate"] = False
        store.replace("applications", app)
        for coll in ("pages", "actions", "collections"):
            for doc in store.find(coll, applicationId=app_id):
                if doc.get("deletedAt"):
                    store.delete(coll, doc["id"])
                else:
                    doc["published"] = copy.deepcopy(doc["edit"])
                    store.replace(coll, doc)
    return app


def touch(ctx: Context, app_id: str) -> None:
    """Somebody edited the application."""
    user = ctx.user["email"] if ctx.user else None
    app = ctx.store.update("applications", app_id, modifiedAt=now_text(), modifiedBy=user, isManualUpdate=True)
    workspaces.used(ctx, app["workspaceId"])


def remove(store: Store, app: Document) -> None:
    """The documents of one branch; clones are the Git half's business."""
    with store.tx():
        for coll in ("pages", "actions", "collections"):
            for doc in store.find(coll, applicationId=app["id"]):
                store.delete(coll, doc["id"])
        store.delete("applications", app["id"])


def branches(store: Store, base_id: str) -> list[Document]:
    return store.find("applications", baseId=base_id)


def need(ctx: Context, app_id: str | None, wanted: str = VIEWER) -> Document:
    """The application (of any branch), if the caller may do that much with it."""
    app = ctx.store.get("applications", app_id)
    if app is None or not (
        workspaces.at_least(ctx, app["workspaceId"], wanted) or (wanted == VIEWER and app["isPublic"])
    ):
        raise not_readable("application", app_id)
    return app


def answer(ctx: Context, app: Document, *, pages: bool = True, published: bool = False) -> Document:
    """An application as the answers have it."""
    detail = app["detail"]
    said: Document = {
        "id": app["id"],
        "modifiedBy": app["modifiedBy"],
        "userPermissions": workspaces.application_permissions(ctx, app["workspaceId"]),
        "name": app["name"],
        "workspaceId": app["workspaceId"],
        "isPublic": app["isPublic"],
    }
    if pages:
        said["pages"] = [page_reference(ctx.store, one) for one in app["pages"]["published" if published else "edit"]]
    said.update(
        appIsExample=False,
        unreadCommentThreads=0,
        color=detail.get("color"),
        icon=detail.get("icon"),
        slug=app["slug"],
        unpublishedCustomJSLibs=[],
        publishedCustomJSLibs=[],
    )
    if app.get("git"):
        said["gitApplicationMetadata"] = {
            name: app["git"][name]
            for name in _GIT_MEMBERS
            if app["git"].get(name) is not None and (ctx.release.since("v1.61") or not name.startswith("ref"))
        }
    said.update(
        lastDeployedAt=app.get("lastDeployedAt"),
        evaluationVersion=detail.get("evaluationVersion", 2),
        applicationVersion=detail.get("applicationVersion", 2),
        collapseInvisibleWidgets=detail.get("collapseInvisibleWidgets", True),
        isManualUpdate=app.get("isManualUpdate"),
        exportWithConfiguration=app.get("exportWithConfiguration"),
        forkingEnabled=app.get("forkingEnabled"),
        baseId=app["baseId"],
        unpublishedThemeId=app.get("unpublishedThemeId"),
        publishedThemeId=app.get("publishedThemeId"),
        artifactType="APPLICATION" if ctx.release.organizations else None,
        applicationDetail=detail.get("unpublishedApplicationDetail") or detail.get("applicationDetail"),
        modifiedAt=app["modifiedAt"],
    )
    return {key: value for key, value in said.items() if value is not None}


def page_reference(store: Store, reference: Document) -> Document:
    page = store.get("pages", reference["id"])
    return {
        "id": reference["id"],
        "isDefault": reference["isDefault"],
        "baseId": page["baseId"] if page else reference["id"],
    }


async def create_application(ctx: Context) -> Response:
    body = ctx.json
    workspace_id = body.get("workspaceId") or ctx.query.get("workspaceId")
    name = body.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 99:
        raise AppError(400, "AE-APP-4028", "Validation Failure(s): {name=Name is mandatory}", title="Validation failed")
    workspace = ctx.store.get("workspaces", workspace_id)
    if workspace is None or not workspaces.at_least(ctx, workspace["id"], DEVELOPER):
        raise not_found("workspace", workspace_id)
    with ctx.store.tx():
        app = create(ctx, workspace["id"], name, body.get("color"))
        if body.get("icon"):
            app["detail"]["icon"] = body["icon"]
            ctx.store.replace("applications", app)
        workspaces.used(ctx, workspace["id"])
    return ctx.ok(answer(ctx, app), 201)


async def home(ctx: Context) -> Response:
    workspace = workspaces.need(ctx, ctx.need_query("workspaceId"))
    apps = [app for app in ctx.store.find("applications", workspaceId=workspace["id"]) if app["id"] == app["baseId"]]
    return ctx.ok([answer(ctx, app) for app in apps])


_DETAIL_MEMBERS = ("color", "icon", "collapseInvisibleWidgets", "evaluationVersion", "applicationVersion")


async def update(ctx: Context) -> Response:
    app = need(ctx, ctx.path["id"], DEVELOPER)
    body = ctx.json
    for name in _DETAIL_MEMBERS:
        if body.get(name) is not None:
            app["detail"][name] = body[name]
    if body.get("applicationDetail") is not None:
        app["detail"]["unpublishedApplicationDetail"] = body["applicationDetail"]
    for name in ("exportWithConfiguration", "forkingEnabled", "isPublic"):
        if body.get(name) is not None:
            app[name] = body[name]
    if body.get("name") and body["name"] != app["name"]:
        app["name"] = unique_name(ctx.store, app["workspaceId"], body["name"])
        app["slug"] = slug_of(app["name"])
    with ctx.store.tx():
        ctx.store.replace("applications", app)
        for branch in branches(ctx.store, app["baseId"]):
            if branch["id"] != app["id"]:
                ctx.store.update("applications", branch["id"], name=app["name"], slug=app["slug"])
        touch(ctx, app["id"])
    return ctx.ok(answer(ctx, need(ctx, app["id"])))


def delete(ctx: Context) -> Response:
    app = need(ctx, ctx.path["id"], DEVELOPER)
    said = answer(ctx, app)
    with ctx.store.tx():
        for branch in branches(ctx.store, app["baseId"]):
            remove(ctx.store, branch)
        for key in ctx.store.find("gitKeys", applicationId=app["baseId"]):
            ctx.store.delete("gitKeys", key["id"])
    if app.get("git"):
        import shutil

        shutil.rmtree(ctx.instance.git_root / app["workspaceId"] / app["baseId"], ignore_errors=True)
    return ctx.ok({"id": said.pop("id"), "modifiedBy": said.pop("modifiedBy"), "deletedAt": time.time(), **said})


async def publish_application(ctx: Context) -> Response:
    app = ctx.store.get("applications", ctx.path["id"])
    if app is None or not workspaces.at_least(ctx, app["workspaceId"], VIEWER):
        raise not_readable("application", ctx.path["id"])
    if not workspaces.at_least(ctx, app["workspaceId"], DEVELOPER):
        raise AppError(
            403,
            "AE-ACL-4007",
            "You do not have permission to publish this application",
            title="Unauthorized",
            error_type="AUTHENTICATION_ERROR",
        )
    publish(ctx.store, app["id"])
    workspaces.used(ctx, app["workspaceId"])
    return ctx.ok(True)


async def view(ctx: Context) -> Response:
    return ctx.ok(answer(ctx, need(ctx, ctx.path["id"]), published=True))


async def change_access(ctx: Context) -> Response:
    app = need(ctx, ctx.path["id"], ADMINISTRATOR)
    with ctx.store.tx():
        for branch in branches(ctx.store, app["baseId"]):
            ctx.store.update("applications", branch["id"], isPublic=bool(ctx.json.get("publicAccess")))
    return ctx.ok(answer(ctx, need(ctx, app["id"])))


async def export_file(ctx: Context) -> Response:
    app = need(ctx, ctx.path["id"], ADMINISTRATOR)
    content = json.dumps(export.document(ctx, app)).encode()
    disposition = {"content-disposition": f'attachment; filename="{app["name"]}.json"'}
    return ctx.raw(content, "application/json", disposition)


async def import_file(ctx: Context) -> Response:
    workspace = workspaces.need(ctx, ctx.path["workspaceId"], DEVELOPER)
    upload = ctx.files.get("file")
    if upload is None or upload.content_type != "application/json":
        raise AppError(
            400,
            "AE-APP-4028",
            "Validation Failure(s): Only JSON files are supported",
            title="Validation failed",
        )
    target = None
    if ctx.query.get("applicationId"):
        target = need(ctx, ctx.query["applicationId"], DEVELOPER)
        if target.get("git"):
            raise AppError(
                400,
                "AE-APP-4040",
                "Import application via file is not supported for Git connected applications",
                title="Unsupported operation",
            )
    try:
        document = json.loads(upload.content)
    except ValueError as error:
        raise export.import_failed("Unable to parse the file") from error
    with ctx.store.tx():
        app = export.load(ctx, workspace["id"], document, target)
        workspaces.used(ctx, workspace["id"])
    return ctx.ok(import_answer(ctx, app))


def import_answer(ctx: Context, app: Document) -> Document:
    """What an import says, from a file or from Git."""
    from . import datasources

    used = datasources.of_application(ctx.store, app["id"])
    unconfigured = any(not one["storage"]["isConfigured"] for one in used)
    said: Document = {"application": answer(ctx, app)}
    if unconfigured:
        said["unConfiguredDatasourceList"] = datasources.listed(ctx, used, permissions=False)
    said["isPartialImport"] = unconfigured
    said["artifact"] = answer(ctx, app)
    return said


async def reconnect_list(ctx: Context) -> Response:
    """No permission check was seen here; from v2.0 on it wants the right to read datasources."""
    from . import datasources

    if ctx.release.since("v2.0"):
        workspaces.need(ctx, ctx.path["workspaceId"], DEVELOPER)
    app_id = ctx.need_query("defaultApplicationId")
    used = datasources.of_application(ctx.store, app_id)
    return ctx.ok(datasources.listed(ctx, used, permissions=False))


ROUTES = [
    Route("POST", "/api/v1/applications", create_application, write=True),
    Route("GET", "/api/v1/applications/home", home, anonymous=True),
    Route("PUT", "/api/v1/applications/{id}", update, write=True),
    Route("DELETE", "/api/v1/applications/{id}", delete, write=True),
    Route("POST", "/api/v1/applications/publish/{id}", publish_application, write=True),
    Route("GET", "/api/v1/applications/view/{id}", view, anonymous=True),
    Route("PUT", "/api/v1/applications/{id}/changeAccess", change_access, write=True),
    Route("GET", "/api/v1/applications/export/{id}", export_file, anonymous=True),
    Route("POST", "/api/v1/applications/import/{workspaceId}", import_file, write=True),
    Route("GET", "/api/v1/applications/import/{workspaceId}/datasources", reconnect_list),
]
