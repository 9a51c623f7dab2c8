# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of one page in two formats; private to the collection.

Appsmith brings a layout of an older format to its newest one when somebody opens the page, and keeps that: the
published view's when a user opens it, the edit view's when somebody opens the editor (seen on a real v1.91). From then
on the two views have the same content in two formats, and nobody has changed anything.
"""

from __future__ import annotations

from typing import Any

Layout = dict[str, Any]


def only_opened(edit: list[Any], published: list[Any]) -> bool:
    """Whether the two are the same layouts in different formats, as far as that can be told.

    A new format adds properties, and rewrites nested ones (such as a table's columns). So what counts is that there are
    the same widgets, of the same kinds, and that plain properties that both have are the same.
    """
    if len(edit) != len(published):
        return False
    pairs = list(zip(edit, published, strict=True))
    if not all(isinstance(one, dict) for pair in pairs for one in pair):
        return False
    if all(mine.get("version") == theirs.get("version") for mine, theirs in pairs):
        return False
    return all(_same(mine, theirs) for mine, theirs in pairs)


def _same(mine: Layout, theirs: Layout) -> bool:
    left, right = _widgets(mine), _widgets(theirs)
    if mine.get("version") == theirs.get("version"):
        return mine == theirs
    return left.keys() == right.keys() and all(_agree(widget, right[name]) for name, widget in left.items())


def _agree(mine: Layout, theirs: Layout) -> bool:
    plain = (str, int, float, bool)
    for key in (mine.keys() & theirs.keys()) - {"version"}:
        one, other = mine[key], theirs[key]
        if isinstance(one, plain) and isinstance(other, plain) and one != other:
            return False
    return True


def _widgets(layout: Layout) -> dict[str, Layout]:
    """Every widget by its name."""
    found: dict[str, Layout] = {}
    waiting = [layout]
    while waiting:
        widget = waiting.pop()
        found[str(widget.get("widgetName"))] = widget
        waiting += [child for child in widget.get("children") or () if isinstance(child, dict)]
    return found
