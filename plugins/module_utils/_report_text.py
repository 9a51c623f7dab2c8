# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that people made, in a terminal and in Markdown; private to the collection."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

CUT = "…"


def clean(text: Any) -> str:
    """One printable line: no control characters, no changes of direction, nothing that can't be encoded."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def fit(text: str, width: int) -> str:
    """Cut to a width, with a sign that it is cut."""
    if cells(text) <= width:
        return text
    kept = ""
    for sign in text:
        if cells(kept + sign) > width - 1:
            break
        kept += sign
    return kept + CUT


def pad(text: str, width: int) -> str:
    return text + " " * max(0, width - cells(text))


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most a width; what is one word and longer than a line is broken."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cells(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while cells(word) > width:
            part = fit(word, width + 1)[:-1] or word[0]
            lines[-1] = part
            lines.append("")
            word = word[len(part) :]
        lines[-1] = word
    return lines


def few(names: Sequence[Any], limit: int) -> str:
    """The first names of a list, and how many more there are."""
    shown = [clean(name) for name in names[:limit]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def grid(rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """Aligned columns; the last one is cut at the width."""
    lines = [tuple(row) for row in rows]
    widths = [max(cells(row[column]) for row in lines) for column in range(len(lines[0]))]
    return [
        fit("  ".join(pad(text, wide) for text, wide in zip(row, widths, strict=True)).rstrip(), width) for row in lines
    ]


# What Markdown or one of the Git hosts takes for something else than text.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$])")
# A person, an issue, a request, a label and so on of the Git host.
_REFERENCE = re.compile(r"([#!%]|\\\$|&amp;)(?=\d)|(@|\\~)(?=\w)|\b(GH-)(?=\d)|\b(www)(?=\.)|(:)(?=//)", re.IGNORECASE)
_LINE_START = re.compile(r"^(\d*)([#\-+/.)])")


def _escape(text: Any) -> str:
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _unlink(escaped: str) -> str:
    """A sign without width between the two parts that would make it more than text."""
    return _REFERENCE.sub(lambda found: f"{found[0]}&#8203;", escaped)


def html(text: Any) -> str:
    """For HTML within Markdown."""
    return _unlink(_escape(text)).replace("`", "&#96;")


def markdown(text: Any) -> str:
    """As it is: no emphasis, no code, no HTML, no cell's end, nobody mentioned, no issue referred to, no link made."""
    return _unlink(_LINE_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", _escape(text))))
