# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application shows: its edit view, its published view, its datasources; private to the collection."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import NotFound, PermissionDenied
from ansible_collections.stagecraft.appsmith.plugins.module_utils._layouts import only_opened


@dataclass(frozen=True)
class View:
    """The content of one view: a digest for each part, and each query's text to compare with a repository."""

    pages: dict[str, str]
    queries: dict[str, str]
    js_objects: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict, repr=False)

    def digests(self) -> View:
        """The same without the queries' texts, to be kept."""
        return replace(self, bodies={})

    def differences(self, other: View) -> list[str]:
        """Names of what is not the same in both, such as C(query Orders/list)."""
        found = []
        for kind, mine, theirs in (
            ("page", self.pages, other.pages),
            ("query", self.queries, other.queries),
            ("JS object", self.js_objects, other.js_objects),
            ("application", self.settings, other.settings),
        ):
            found += [f"{kind} {name}" for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]
        return found


@dataclass(frozen=True)
class Views:
    """Both views. O(complete) is false where only the names of the pages could be read."""

    edit: View
    published: View
    complete: bool = True

    @property
    def unpublished(self) -> list[str]:
        return self.edit.differences(self.published)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _page(page: dict[str, Any], layouts: list[Any]) -> dict[str, Any]:
    return {
        "hidden": page.get("isHidden") or False,
        "slug": page.get("customSlug") or page.get("slug"),
        "layouts": layouts,
    }


def _layouts(item: dict[str, Any], prefix: str) -> list[Any]:
    """Of one view; the edit view's for both where only the format differs, since somebody opened the page."""
    edit, published = (
        [layout.get("dsl") for layout in (item.get(f"{view}Page") or {}).get("layouts") or ()]
        for view in ("unpublished", "published")
    )
    return edit if prefix == "unpublished" or only_opened(edit, published) else published


def _action(action: dict[str, Any]) -> dict[str, Any]:
    datasource = action.get("datasource") or {}
    return {
        "configuration": action.get("actionConfiguration"),
        "datasource": [datasource.get("name"), datasource.get("pluginId"), datasource.get("datasourceConfiguration")],
        "run": action.get("runBehaviour") or action.get("executeOnLoad"),
        "confirm": action.get("confirmBeforeExecute") or False,
    }


def _theme(theme: dict[str, Any] | None) -> dict[str, Any]:
    # Documents of their own, with times and ids of their own: only what they make of the application counts.
    return {key: (theme or {}).get(key) for key in ("name", "config", "properties", "stylesheet")}


def read_views(export: dict[str, Any]) -> Views:
    """Both views from an export, which is the one answer that holds the published queries as well."""
    found = []
    application = export.get("exportedApplication") or {}
    for prefix, page_list, theme in (
        ("unpublished", "pages", "editModeTheme"),
        ("published", "publishedPages", "publishedTheme"),
    ):
        settings = {
            "pages": application.get(page_list),
            "settings": application.get(f"{prefix}ApplicationDetail"),
            "layout": application.get(f"{prefix}AppLayout"),
            "libraries": application.get(f"{prefix}CustomJSLibs") or [],
            "theme": _theme(export.get(theme)),
        }
        pages: dict[str, str] = {}
        queries: dict[str, str] = {}
        js_objects: dict[str, str] = {}
        bodies: dict[str, str] = {}
        for item in export.get("pageList") or ():
            page = item.get(f"{prefix}Page") or {}
            if page.get("name") and not page.get("deletedAt"):
                pages[page["name"]] = _digest(_page(page, _layouts(item, prefix)))
        for item in export.get("actionList") or ():
            action = item.get(f"{prefix}Action") or {}
            if action.get("name") and not action.get("deletedAt"):
                # A JS object's function is named Object.function, since other objects may have one of its name.
                own = action.get("fullyQualifiedName") or action["name"]
                name = f"{action.get('pageId')}/{own}"
                queries[name] = _digest(_action(action))
                body = (action.get("actionConfiguration") or {}).get("body")
                if isinstance(body, str):
                    bodies[name] = body
        for item in export.get("actionCollectionList") or ():
            collection = item.get(f"{prefix}Collection") or {}
            if collection.get("name") and not collection.get("deletedAt"):
                js_objects[f"{collection.get('pageId')}/{collection['name']}"] = _digest(collection.get("body"))
        digests = {key: _digest(value) for key, value in settings.items()}
        found.append(View(pages, queries, js_objects, digests, bodies))
    return Views(found[0], found[1])


def views(client: Client, application_id: str) -> Views:
    """Both views of an application. Without the right to export it only the pages' names are compared."""
    try:
        # The export is no envelope, but the application's JSON itself.
        answer = client.answer("GET", f"/applications/export/{application_id}")
        export = answer.body if answer.status == 200 and not answer.is_envelope else None
        if export is None:
            client.judge(answer, "/applications/export")
    except (NotFound, PermissionDenied):
        export = None
    if isinstance(export, dict) and "pageList" in export:
        return read_views(export)
    edit, published = (
        View({str(page.get("name")): str(page.get("slug")) for page in pages(client, application_id, mode)}, {}, {})
        for mode in ("EDIT", "PUBLISHED")
    )
    return Views(edit, published, complete=False)


def pages(client: Client, application_id: str, mode: str) -> list[dict[str, Any]]:
    try:
        data = client.get("/pages", params={"applicationId": application_id, "mode": mode}) or {}
    except NotFound:
        if mode != "PUBLISHED":
            raise
        # Of an application without a published view v1.91 says that there is none.
        data = {}
    return list(data.get("pages") or ())


def is_published(client: Client, application_id: str) -> bool:
    """Whether users get to see anything.

    A pull with a key that may not write takes the published view of v1.91 away (404 for its users), while the status
    says clean and nothing behind; neither another pull nor a fetch brings it back, a discard does.
    """
    return bool(pages(client, application_id, "PUBLISHED"))
