# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after, without secrets; private to the collection."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "(hidden)"
# Words within the names of members whose values never belong into a diff.
_SECRET = re.compile(
    # An address is none, such as C(accessTokenUrl).
    r"(?!.*url$).*(pass(word|phrase|wd)|secret|token|private_?key|credential|api_?key|authorization|session|cookie)",
    re.I,
)


def redact(value: Any) -> Any:
    """A copy in which the values of secret-looking members are hidden; empty ones stay, so that 'unset' can be seen."""
    if isinstance(value, dict):
        return {
            key: HIDDEN
            if _SECRET.match(str(key)) and item and not isinstance(item, (bool, dict, list))
            else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    return value


class Diff:
    """Collects before/after pairs in the form that Ansible shows with --diff."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def add(self, before: Any, after: Any, header: str = "") -> None:
        entry: dict[str, Any] = {"before": redact(before), "after": redact(after)}
        if header:
            entry["before_header"] = entry["after_header"] = header
        self._entries.append(entry)

    def prepare(self, text: str) -> None:
        """A text that says it better than two sides do; whoever made it left the secrets out."""
        self._entries.append({"prepared": text})

    def as_result(self) -> dict[str, Any] | list[dict[str, Any]] | None:
        if not self._entries:
            return None
        return self._entries[0] if len(self._entries) == 1 else self._entries
