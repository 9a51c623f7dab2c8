# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's files as pieces of text that a person typed, with names and lines; private to the collection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Nobody typed them: identities, libraries as they are published, and pictures.
_IDENTITIES = frozenset(
    {"gitSyncId", "id", "baseId", "pluginId", "uidString", "widgetId", "parentId", "key", "docsUrl"}
)
_SKIPPED = ("jslibs/", "README.md")
_PICTURE = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+", re.I)
# A longer line is no text of a person's (a bundled script).
_LONGEST = 20_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True)
class Piece:
    """A line of text. C(name) is the member, header or parameter that holds it."""

    text: str
    line: int
    name: str = ""
    # The text is all that the member holds, so that its name says what it is.
    whole: bool = False
    # It may be a program or a statement, in which names and values stand.
    code: bool = True


def pieces(path: str, text: str) -> Iterator[Piece]:
    """The lines of a file, or of the texts in a JSON file."""
    if path.startswith(_SKIPPED):
        return
    if not path.endswith(".json"):
        yield from _lines(text, 1)
        return
    query = "/queries/" in path
    for name, value, line in _members(text):
        if name in _IDENTITIES:
            continue
        whole = "\n" not in value
        # Of a widget a member named "password" is about its looks; of a query it is what is sent.
        named = name if query else ""
        for piece in _lines(value, line, one_line=True):
            yield Piece(piece.text, line, named, whole=whole and query, code=True)


def _lines(text: str, first: int, *, one_line: bool = False) -> Iterator[Piece]:
    for number, line in enumerate(_PICTURE.sub("", text).splitlines()):
        if line.strip() and len(line) <= _LONGEST:
            yield Piece(line, first if one_line else first + number)


def _members(text: str) -> Iterator[tuple[str, str, int]]:
    """(name, text, line) of every string in a JSON text; of a header or parameter the name is what its key says."""
    stack: list[list[tuple[str, str, int]] | None] = []
    name, line, end = "", 1, 0
    pending: str | None = None
    pending_line = 1
    for token in _TOKEN.finditer(text):
        line += text.count("\n", end, token.start())
        end = token.start()
        word = token.group()
        if word == "{":
            stack.append([])
            name, pending = "", None
        elif word == "[":
            # What a list holds goes by the list's name.
            stack.append(None)
        elif word == ":":
            name, pending = pending or "", None
        elif word[0] == '"':
            pending, pending_line = _string(word), line
        elif word in ",}]":
            if pending is not None:
                members = stack[-1] if stack else None
                if members is None:
                    yield name, pending, pending_line
                else:
                    members.append((name, pending, pending_line))
                pending = None
            if word != ",":
                closed = stack.pop() if stack else None
                if closed:
                    yield from _as_pair(closed)
                name = ""


def _as_pair(members: list[tuple[str, str, int]]) -> Iterator[tuple[str, str, int]]:
    """Headers and parameters are objects of a key and a value."""
    names = {name: value for name, value, _line in members}
    for name, value, line in members:
        yield (names["key"] if name == "value" and "key" in names else name), value, line


def _string(word: str) -> str:
    try:
        return str(json.loads(word, strict=False))
    except ValueError:
        return word[1:-1]
