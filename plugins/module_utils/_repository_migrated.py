# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file differs only as a migration to a newer release rewrites it; private to the collection.

Measured from v1.60 to v1.91: queries say when they run in other words, pages have a newer layout version and sometimes
a finer grid, widgets get members that they did not have. In doubt it is a person's change: to name too much is safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]

_EMPTY: tuple[Any, ...] = (None, "", [], {})
# What a finer grid changes of pages and widgets.
_GRID = frozenset(
    (
        *("topRow", "bottomRow", "leftColumn", "rightColumn", "minHeight", "snapColumns", "snapRows"),
        *("parentColumnSpace", "parentRowSpace"),
    )
)
# When a query runs, as v1.60 and as later releases say it.
_RUNS = {False: ("MANUAL",), True: ("ON_PAGE_LOAD", "AUTOMATIC")}
# Of application.json: told elsewhere.
_NOT_SETTINGS = ("pages", "publishedCustomJSLibs", "unpublishedCustomJSLibs")


@dataclass(frozen=True)
class MigratedPage:
    # Whether its grid is another one.
    scaled: bool


def without_empty(data: Data) -> Data:
    return {key: value for key, value in data.items() if value not in _EMPTY}


def migrated_action(old: Data, new: Data) -> bool:
    """The same query (or function), but for how it says when it runs."""
    before, after = dict(old.get("unpublishedAction") or {}), dict(new.get("unpublishedAction") or {})
    ran = before.pop("executeOnLoad", None), before.pop("runBehaviour", None)
    runs = after.pop("executeOnLoad", None), after.pop("runBehaviour", None)
    if ran[1] is None and runs[1] is not None:
        same_time = runs[1] in _RUNS[bool(ran[0])]
    else:
        same_time = ran == runs
    others = {**without_empty(old), "unpublishedAction": None}, {**without_empty(new), "unpublishedAction": None}
    return same_time and without_empty(before) == without_empty(after) and others[0] == others[1]


def migrated_page(old: Data, new: Data) -> MigratedPage | None:
    """None if a person changed the page's own file, or if its layout is of the same version."""
    before, after = _layout(old), _layout(new)
    if before is None or after is None or not _is_newer(before, after):
        return None
    scaled = before.get("snapColumns") != after.get("snapColumns")
    if not _has_grown(_but(before, "version"), _but(after, "version"), scaled):
        return None
    return MigratedPage(scaled) if _around(old) == _around(new) else None


def migrated_widget(old: Data, new: Data, *, scaled: bool) -> bool:
    return _has_grown(_but(old, "version"), _but(new, "version"), scaled)


def same_settings(old: Data, new: Data) -> bool:
    """Pages that came or went are told as pages; their order and the first one are settings."""
    before, after = _page_order(old), _page_order(new)
    common = {name for name, _first in before} & {name for name, _first in after}
    return [page for page in before if page[0] in common] == [page for page in after if page[0] in common] and (
        without_empty(_but(old, *_NOT_SETTINGS)) == without_empty(_but(new, *_NOT_SETTINGS))
    )


def _page_order(data: Data) -> list[tuple[str, bool]]:
    listed = data.get("pages")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return [(str(entry.get("id")), bool(entry.get("isDefault"))) for entry in entries]


def _but(data: Data, *keys: str) -> Data:
    return {key: value for key, value in data.items() if key not in keys}


def _layout(page: Data) -> Data | None:
    layouts = (page.get("unpublishedPage") or {}).get("layouts") or []
    found = layouts[0].get("dsl") if len(layouts) == 1 and isinstance(layouts[0], dict) else None
    return found if isinstance(found, dict) else None


def _around(page: Data) -> Data:
    inner = page.get("unpublishedPage") or {}
    layout = (inner.get("layouts") or [{}])[0]
    return {
        **without_empty(_but(page, "unpublishedPage")),
        "page": without_empty(_but(inner, "layouts")),
        "layout": without_empty(_but(layout, "dsl")),
    }


def _is_newer(before: Data, after: Data) -> bool:
    old, new = before.get("version"), after.get("version")
    return isinstance(old, int) and isinstance(new, int) and old < new


def _has_grown(old: Any, new: Any, scaled: bool) -> bool:
    """Nothing is lost or altered; what is new says nothing that a person would write, such as a binding."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return bool(old == new)
    for key, value in old.items():
        if key not in new:
            return False
        if not (_has_grown(value, new[key], scaled) or (scaled and key in _GRID)):
            return False
    return all("{{" not in str(value) for key, value in new.items() if key not in old)
