# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion's result for people and pull requests: table, Markdown, JSON; private to the collection."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._diff import redact
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_markdown import as_markdown
from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_parts import (
    NAMES,
    WAYS,
    Entry,
    after_words,
    change_lines,
    full_name,
    in_short,
    notes,
    noteworthy,
    others,
    parts,
    title,
    unknown_changes,
    unread,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_text import clean, few, fit, grid, wrap

FORMATS = ("table", "markdown", "json")
WIDTH = 100


def report(result: Any, kind: str = "table", *, width: int = WIDTH) -> str:
    """O(result) is what promotion and promotion_info return, or its list of applications."""
    found = parts(result)
    if kind == "json":
        return as_json(found)
    if kind == "markdown":
        return as_markdown(found)
    if kind == "table":
        return as_table(found, max(width, 40))
    raise ValueError(f"{kind} is no format of a report; there are {', '.join(FORMATS)}")


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(redact(found), indent=2, sort_keys=True)


def as_table(found: dict[str, Any], width: int) -> str:
    lines = [title(found)]
    shown = noteworthy(found)
    if shown:
        rows = [("STATE", "APPLICATION", "BRANCH", "COMMITS", "CHANGES")]
        for entry in shown:
            name, branch = fit(clean(full_name(entry)), width // 3), fit(clean(entry.get("branch") or ""), width // 5)
            rows.append((clean(entry.get("state")), name, branch, str(entry.get("behind") or ""), in_short(entry)))
        lines += ["", *grid(rows, width)]
    if unread(found):
        lines += ["", *wrap(unread(found), width)]
    rest = others(found)
    if rest and shown:
        lines += ["", *wrap(f"{len(rest)} current: {few([full_name(entry) for entry in rest], NAMES)}", width)]
    for entry in shown:
        details = _details(entry, width)
        if details:
            lines += ["", fit(clean(full_name(entry)), width), *details]
    said = after_words(found)
    if said:
        lines += ["", *(line for label, text in said for line in _labelled(label, text, width, indent=0))]
    return "\n".join(lines)


def _details(entry: Entry, width: int) -> list[str]:
    lines: list[str] = []
    before, after = (str(entry.get(key) or "")[:10] for key in ("commit_before", "commit_after"))
    if after and before != after:
        lines += _labelled("commits", f"{before or '?'} -> {after}", width)
    commits = entry.get("commits") or []
    for commit in commits[:NAMES]:
        about = f"{commit.get('id', '')[:10]} {commit.get('date', '')[:10]} {clean(commit.get('author'))}: "
        lines.append(fit(f"    {about}{clean(commit.get('subject'))}", width))
    if len(commits) > NAMES:
        lines.append(f"    and {len(commits) - NAMES} more")
    signs = dict(WAYS)
    for kind, way, names in change_lines(entry):
        text = f"{signs[way]} {few(names, NAMES)}" if names else way
        lines += _labelled(kind, text, width)
    if unknown_changes(entry):
        lines += _labelled("changes", unknown_changes(entry), width)
    for label, text in notes(entry):
        lines += _labelled(label, text, width)
    if lines and entry.get("repository"):
        lines = [*_labelled("repository", clean(entry["repository"]), width), *lines]
    return lines


def _labelled(label: str, text: str, width: int, indent: int = 2) -> list[str]:
    """A label, and text beside it; a long label stands alone."""
    start = " " * indent
    column = 16
    lines = wrap(text, max(20, width - indent - column))
    if len(label) >= column:
        return [f"{start}{label}", *(f"{start}{'':{column}}{line}" for line in lines)]
    return [f"{start}{(label if number == 0 else ''):{column}}{line}".rstrip() for number, line in enumerate(lines)]
