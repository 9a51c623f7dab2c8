# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion's result for people and pull requests: table, Markdown, JSON; private to the collection."""

from __future__ import annotations

from typing import Any

FORMATS = ("table", "markdown", "json")


def report(result: dict[str, Any], kind: str = "table", *, width: int = 100) -> str:
    """O(result) is what promotion and promotion_info return: C(applications) and C(summary) are read."""
    return ""
