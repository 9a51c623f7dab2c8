# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion changes, by name: from two commits, or from two views; private to the collection."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import (
    METADATA,
    action_of,
    js_object_of,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_migrated import (
    migrated_action,
    migrated_page,
    migrated_widget,
    same_settings,
    without_empty,
)

KINDS = ("pages", "queries", "js_objects", "datasources", "libraries")
ADDED, CHANGED, REMOVED = "added", "changed", "removed"


@dataclass
class Part:
    """Names of one kind, sorted; of queries and JS objects with their page before them, such as C(Order/get_order)."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)

    def as_result(self) -> dict[str, list[str]]:
        return {ADDED: list(self.added), CHANGED: list(self.changed), REMOVED: list(self.removed)}

    @classmethod
    def of(cls, verdicts: dict[str, str]) -> Part:
        return cls(
            *(sorted(name for name, verdict in verdicts.items() if verdict == way) for way in (ADDED, CHANGED, REMOVED))
        )


@dataclass
class Changes:
    """What people see of a promotion. What a migration rewrote is one word (C(migration)), not a list."""

    pages: Part = field(default_factory=Part)
    queries: Part = field(default_factory=Part)
    js_objects: Part = field(default_factory=Part)
    datasources: Part = field(default_factory=Part)
    libraries: Part = field(default_factory=Part)
    theme: bool = False
    settings: bool = False
    migration: bool = False

    def __bool__(self) -> bool:
        return bool(self.theme or self.settings or self.migration or any(getattr(self, kind) for kind in KINDS))

    def as_result(self) -> dict[str, Any]:
        return {
            **{kind: getattr(self, kind).as_result() for kind in KINDS},
            "theme": self.theme,
            "settings": self.settings,
            "migration": self.migration,
        }

    def counts(self) -> dict[str, int]:
        """How many of each kind are added, changed or removed; theme and settings count as 0 or 1."""
        counted = {kind: len(getattr(self, kind)) for kind in KINDS}
        return {**counted, "theme": int(self.theme), "settings": int(self.settings)}


# -- two commits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileChange:
    """A file's content before and after; None where there is none."""

    path: str
    old: str | None
    new: str | None

    @property
    def verdict(self) -> str:
        return ADDED if self.old is None else REMOVED if self.new is None else CHANGED


class Comparison:
    """Files that differ between two commits, as changes of what they are files of."""

    def __init__(self, files: Iterable[FileChange], text: Callable[[str], str]) -> None:
        self._text = text
        self._verdicts: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
        self._pages: defaultdict[str, list[FileChange]] = defaultdict(list)
        self._queries: defaultdict[tuple[str, str], list[FileChange]] = defaultdict(list)
        self._functions: set[str] = set()
        self.changes = Changes()
        # Pages by their new names, with the old ones.
        self._were: dict[str, str] = {}
        for file in self._follow(list(files)):
            self._sort(file)
        self._judge_pages()
        self._judge_queries()
        for name in self._functions:
            self._verdicts["js_objects"].setdefault(name, CHANGED)
        for kind, verdicts in self._verdicts.items():
            setattr(self.changes, kind, Part.of(verdicts))

    def _json(self, content: str | None) -> dict[str, Any]:
        try:
            data = json.loads(self._text(content) if content else "{}")
        except ValueError:
            # Whoever asks finds it changed.
            return {"": content}
        return data if isinstance(data, dict) else {"": data}

    def _both(self, file: FileChange) -> tuple[dict[str, Any], dict[str, Any]]:
        old, new = self._json(file.old), self._json(file.new)
        parts = file.path.split("/")
        if parts[0] == "pages" and parts[1] in self._were and len(parts) > 3:
            old = on_page(old, self._were[parts[1]], parts[1])
        return old, new

    def _follow(self, files: list[FileChange]) -> list[FileChange]:
        """Files of a page with a new name as if it always had had it, so that only what else changed is told.

        A page is the same by its gitSyncId, whatever its name.
        """
        gone, come = ({self._sync_id(file): file for file in files if _is_page(file, way)} for way in (REMOVED, ADDED))
        self._were = {_page_of(come[own]): _page_of(gone[own]) for own in sorted(filter(None, set(gone) & set(come)))}
        if not self._were:
            return files
        now = {old: new for new, old in self._were.items()}
        merged: dict[str, FileChange] = {}
        for file in files:
            page = _page_of(file)
            path = file.path
            if file.new is None and page in now:
                rest = path.removeprefix(f"pages/{page}/")
                rest = f"{now[page]}.json" if rest == f"{page}.json" else rest
                path = f"pages/{now[page]}/{rest}"
            other = merged.get(path)
            merged[path] = FileChange(
                path, file.old or (other.old if other else None), file.new or (other.new if other else None)
            )
        return [file for file in merged.values() if file.old != file.new]

    def _sync_id(self, file: FileChange) -> str:
        return str(self._json(file.new or file.old).get("gitSyncId") or "")

    def _sort(self, file: FileChange) -> None:
        parts = file.path.split("/")
        if parts[0] == "pages" and len(parts) >= 3:
            if parts[2] == "queries" and len(parts) >= 5:
                self._queries[parts[1], parts[3]].append(file)
            elif parts[2] == "jsobjects" and len(parts) >= 5:
                self._judge_js_object(f"{parts[1]}/{parts[3]}", file)
            else:
                self._pages[parts[1]].append(file)
        elif parts[0] in ("datasources", "jslibs") and len(parts) == 2:
            self._judge_named("datasources" if parts[0] == "datasources" else "libraries", file)
        elif file.path == METADATA:
            old, new = self._both(file)
            numbers = ("serverSchemaVersion", "clientSchemaVersion", "fileFormatVersion")
            self.changes.migration |= any(old.get(key) != new.get(key) for key in numbers)
        elif file.path == "theme.json":
            old, new = self._both(file)
            self.changes.theme = without_empty(old) != without_empty(new)
        elif file.path == "application.json":
            self.changes.settings = not same_settings(*self._both(file))

    def _judge_named(self, kind: str, file: FileChange) -> None:
        old, new = self._both(file)
        if old == new:
            return
        data = old if file.new is None else new
        name = str(data.get("name") or file.path.split("/", 1)[1].removesuffix(".json"))
        if kind == "libraries" and data.get("version"):
            name = f"{name} {data['version']}"
        self._verdicts[kind][name] = file.verdict

    def _judge_js_object(self, name: str, file: FileChange) -> None:
        if file.verdict == CHANGED and file.path.endswith(".json"):
            old, new = self._both(file)
            if without_empty(old) == without_empty(new):
                return
        known = self._verdicts["js_objects"].get(name)
        # Its two files come and go together. A version that writes one of them only changes the object.
        self._verdicts["js_objects"][name] = file.verdict if known in (None, file.verdict) else CHANGED

    def _judge_pages(self) -> None:
        for name, files in self._pages.items():
            own = next((file for file in files if file.path == f"pages/{name}/{name}.json"), None)
            if own and own.verdict != CHANGED:
                self._verdicts["pages"][name] = own.verdict
                continue
            files = [file for file in files if not self._only_spelling(file)]
            if name in self._were:
                self._verdicts["pages"][f"{name} (was {self._were[name]})"] = CHANGED
            elif files and self._is_migrated_page(own, files):
                self.changes.migration = True
            elif files:
                self._verdicts["pages"][name] = CHANGED

    def _only_spelling(self, file: FileChange) -> bool:
        """The server orders and spaces JSON in its own way."""
        if file.verdict != CHANGED or not file.path.endswith(".json"):
            return False
        old, new = self._both(file)
        return old == new

    def _is_migrated_page(self, own: FileChange | None, files: list[FileChange]) -> bool:
        if own is None or any(file.verdict != CHANGED or not file.path.endswith(".json") for file in files):
            return False
        found = migrated_page(*self._both(own))
        if found is None:
            return False
        return all(migrated_widget(*self._both(file), scaled=found.scaled) for file in files if file is not own)

    def _judge_queries(self) -> None:
        for (page, folder), files in self._queries.items():
            about = next((file for file in files if file.path.endswith(f"/{METADATA}")), None)
            old, new = self._both(about) if about else ({}, {})
            data = new or old
            owner = js_object_of(data, folder)
            name = f"{page}/{owner or action_of(data).get('name') or folder}"
            if about and about.verdict == CHANGED and len(files) == 1 and migrated_action(old, new):
                self.changes.migration |= old != new
            elif owner:
                self._functions.add(name)
            else:
                self._verdicts["queries"][name] = about.verdict if about else CHANGED


def _page_of(file: FileChange) -> str:
    parts = file.path.split("/")
    return parts[1] if parts[0] == "pages" and len(parts) > 2 else ""


def _is_page(file: FileChange, way: str) -> bool:
    page = _page_of(file)
    return bool(page) and file.verdict == way and file.path == f"pages/{page}/{page}.json"


def on_page(data: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A query's or JS object's metadata.json as it is on a page of another name."""

    def moved(key: str, value: Any) -> Any:
        if key == "pageId" and value == old:
            return new
        if key in ("id", "collectionId") and isinstance(value, str) and value.startswith(f"{old}_"):
            return f"{new}_{value.removeprefix(f'{old}_')}"
        if key in ("unpublishedAction", "unpublishedCollection") and isinstance(value, dict):
            return {name: moved(name, inner) for name, inner in value.items()}
        return value

    return {key: moved(key, value) for key, value in data.items()}


# -- two views --------------------------------------------------------------------------------------------------------


def between_views(before: View, after: View) -> Changes:
    """The same from what an application showed and shows, where its repository can't be read.

    Datasources are not told by views, and libraries not by name.
    """
    changes = Changes(pages=_part(before.pages, after.pages))
    objects = {
        name: verdict
        for way, names in _part(before.js_objects, after.js_objects).as_result().items()
        for name, verdict in ((name, way) for name in names)
    }
    queries: dict[str, str] = {}
    for way, names in _part(before.queries, after.queries).as_result().items():
        for name in names:
            owner = name.rsplit(".", 1)[0]
            if owner != name and (owner in before.js_objects or owner in after.js_objects):
                objects.setdefault(owner, CHANGED)
            else:
                queries[name] = way
    changes.queries, changes.js_objects = Part.of(queries), Part.of(objects)
    differing = {
        key for key in {*before.settings, *after.settings} if before.settings.get(key) != after.settings.get(key)
    }
    changes.theme = "theme" in differing
    if "libraries" in differing:
        changes.libraries = Part(changed=["(not named by the instance)"])
    # The list of pages differs with the pages themselves.
    changes.settings = bool(
        differing & {"settings", "layout"} or ("pages" in differing and set(before.pages) == set(after.pages))
    )
    return changes


def _part(before: dict[str, str], after: dict[str, str]) -> Part:
    return Part(
        added=sorted(set(after) - set(before)),
        changed=sorted(name for name in set(before) & set(after) if before[name] != after[name]),
        removed=sorted(set(before) - set(after)),
    )
