# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion's result as the text of a pull request or a comment on one; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_parts import (
    NAMES,
    Entry,
    after_words,
    change_lines,
    full_name,
    in_short,
    notes,
    noteworthy,
    others,
    title,
    unknown_changes,
    unread,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_text import clean, few, html, markdown

# GitHub takes 65,536 characters, the others more.
LONGEST = 60_000
# Rows of the table, each of at most so much text; far more than a person reads.
ROWS = 100
CELL = 120
_BAD = ("failed", "refused", "held")


def as_markdown(found: dict[str, Any]) -> str:
    shown, rest = noteworthy(found), others(found)
    lines = [f"### Promotion of {title(found)}", ""]
    if shown:
        lines += ["| State | Application | Branch | Commits | Changes |", "| --- | --- | --- | ---: | --- |"]
        lines += [_row(entry) for entry in shown[:ROWS]]
        lines.append("")
    if len(shown) > ROWS:
        lines += [f"And {len(shown) - ROWS} more.", ""]
    if unread(found):
        lines += [markdown(unread(found)), ""]
    if rest and shown:
        lines += [f"{len(rest)} current: {markdown(few([full_name(entry) for entry in rest], NAMES))}", ""]
    for label, text in after_words(found):
        lines += [f"**{markdown(label)}**: {markdown(text)}", ""]
    length = sum(len(line) + 1 for line in lines)
    for number, entry in enumerate(shown):
        details = _details(entry)
        length += sum(len(line) + 1 for line in details)
        if length > LONGEST:
            lines += [f"The details of {len(shown) - number} more are left out: too long for a comment.", ""]
            break
        lines += details
    return "\n".join(lines).rstrip() + "\n"


def _row(entry: Entry) -> str:
    state = markdown(entry.get("state"))
    cells = (
        f"**{state}**" if entry.get("state") in _BAD else state,
        markdown(full_name(entry)[:CELL]),
        markdown(str(entry.get("branch") or "")[:CELL]),
        str(entry.get("behind") or ""),
        in_short(entry).replace("~", "\\~"),
    )
    return f"| {' | '.join(cells)} |"


def _details(entry: Entry) -> list[str]:
    listed: list[str] = []
    for commit in (entry.get("commits") or [])[:NAMES]:
        when, author = clean(commit.get("date"))[:10], markdown(commit.get("author"))
        listed.append(f"- {markdown(commit.get('subject'))} ({_code(commit.get('id'))}, {author}, {when})")
    more = len(entry.get("commits") or []) - NAMES
    if more > 0:
        listed.append(f"- and {more} more")
    for kind, way, names in change_lines(entry):
        listed.append(f"- {markdown(kind)} {markdown(way)}" + (f": {markdown(few(names, NAMES))}" if names else ""))
    if unknown_changes(entry):
        listed.append(f"- changes {markdown(unknown_changes(entry))}")
    listed += [f"- {markdown(label)}: {markdown(text)}" for label, text in notes(entry)]
    if not listed:
        return []
    before, after = entry.get("commit_before"), entry.get("commit_after")
    moved = [f"{_code(before) if before else '?'} to {_code(after)}", ""] if after and before != after else []
    heading = f"{html(full_name(entry))}: {html(entry.get('state'))}"
    return [f"<details><summary>{heading}</summary>", "", *moved, *listed, "", "</details>", ""]


def _code(commit: Any) -> str:
    """A commit's id, which Git hosts make a link of."""
    return "".join(sign for sign in str(commit or "") if sign in "0123456789abcdef")[:10]
