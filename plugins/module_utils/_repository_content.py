# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a commit hold: pages, queries, JS objects, datasources; private to the collection."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View

METADATA = "metadata.json"


@dataclass
class DatasourceUse:
    """A datasource that an application's content uses. Its configuration is never in a repository."""

    name: str
    # As the repository names it, such as C(postgres-plugin).
    plugin: str
    git_sync_id: str | None = None
    # Pages whose queries use it, and these queries as C(Page/query).
    pages: list[str] = field(default_factory=list)
    used_by: list[str] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "plugin": self.plugin,
            "git_sync_id": self.git_sync_id,
            "pages": list(self.pages),
            "used_by": list(self.used_by),
        }


def text_digest(text: str) -> str:
    """Space at the end is the file's, not the query's."""
    return hashlib.sha256(text.rstrip().encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True)
class Content:
    """The parts of a commit by name, small enough to keep until the proof."""

    pages: frozenset[str] = frozenset()
    # By Page/query, a digest of its text; None where it has no text of its own. Functions of JS objects are left out.
    queries: dict[str, str | None] = field(default_factory=dict)
    js_objects: frozenset[str] = frozenset()
    datasources: tuple[DatasourceUse, ...] = ()

    def differences(self, view: View) -> list[str]:
        """What of this content a view doesn't show, or shows beyond it."""
        found = [f"page {name}" for name in sorted(self.pages ^ set(view.pages))]
        shown = {name for name in view.queries if name in self.queries or "." not in name.rsplit("/", 1)[-1]}
        found += [f"query {name}" for name in sorted(set(self.queries) ^ shown)]
        for name, digest in sorted(self.queries.items()):
            if digest is not None and name in view.bodies and digest != text_digest(view.bodies[name]):
                found.append(f"query {name}")
        found += [f"JS object {name}" for name in sorted(self.js_objects ^ set(view.js_objects))]
        return found


def is_content(path: str) -> bool:
    """Whether plan, gates and proof ask for this file of a branch's tip. Widgets, most of all files, are not needed."""
    parts = path.split("/")
    if parts[0] == "datasources" and len(parts) == 2:
        return True
    return path == METADATA or (len(parts) == 5 and parts[0] == "pages" and parts[2] == "queries")


def is_managed(path: str) -> bool:
    """Whether Appsmith writes this file."""
    return path in ("application.json", METADATA, "theme.json") or path.startswith(
        ("datasources/", "jslibs/", "pages/")
    )


def parse(path: str, text: str | None, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text or "{}")
    except ValueError as error:
        raise GitError(f"{path} at {where} is no JSON", next_step="Repair it in the repository.") from error
    return data if isinstance(data, dict) else {}


def action_of(data: dict[str, Any]) -> dict[str, Any]:
    action = data.get("unpublishedAction")
    return action if isinstance(action, dict) else {}


def js_object_of(data: dict[str, Any], folder: str) -> str | None:
    """The JS object of which a query's metadata.json is a function; None for queries."""
    if data.get("pluginType") != "JS":
        return None
    own = str(action_of(data).get("fullyQualifiedName") or "")
    return own.split(".", 1)[0] if "." in own else folder.rsplit("-", 1)[0]


def read_content(paths: Iterable[str], read: Callable[[str], str | None], where: str) -> Content:
    """O(paths) are all of the commit; O(read) gives the text of one."""
    pages: set[str] = set()
    queries: dict[str, str | None] = {}
    js_objects: set[str] = set()
    uses: dict[str, DatasourceUse] = {}
    using: list[tuple[str, str, dict[str, Any]]] = []
    known = set(paths)
    for path in sorted(known):
        parts = path.split("/")
        if parts[0] == "datasources" and len(parts) == 2 and path.endswith(".json"):
            data = parse(path, read(path), where)
            name = str(data.get("name") or parts[1].removesuffix(".json"))
            sync_id = data.get("gitSyncId")
            uses[name] = DatasourceUse(name, str(data.get("pluginId") or ""), str(sync_id) if sync_id else None)
        elif parts[0] != "pages":
            continue
        elif len(parts) == 3 and parts[2] == f"{parts[1]}.json":
            pages.add(parts[1])
        elif len(parts) == 5 and parts[2] == "queries" and parts[4] == METADATA:
            data = parse(path, read(path), where)
            action = action_of(data)
            if data.get("pluginType") == "JS":
                continue
            name = f"{parts[1]}/{action.get('name') or parts[3]}"
            body = "/".join([*parts[:4], f"{parts[3]}.txt"])
            queries[name] = text_digest(read(body) or "") if body in known else None
            datasource = action.get("datasource")
            # A datasource that is part of its query alone has no id.
            if isinstance(datasource, dict) and datasource.get("id"):
                using.append((parts[1], name, datasource))
        elif len(parts) == 5 and parts[2] == "jsobjects" and parts[4].endswith(".js"):
            js_objects.add(f"{parts[1]}/{parts[3]}")
    for page, name, datasource in using:
        key = str(datasource["id"])
        use = uses.setdefault(key, DatasourceUse(key, str(datasource.get("pluginId") or "")))
        use.used_by.append(name)
        if page not in use.pages:
            use.pages.append(page)
    return Content(frozenset(pages), queries, frozenset(js_objects), tuple(uses[name] for name in sorted(uses)))
