# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a smoke test may say; private to the collection. Apart from C(_smoke), which most promotions don't need."""

from __future__ import annotations

from typing import Any

# Suboptions of a test; documented in modules/smoke_test.py and, for promotion, in doc_fragments/_promotion.py.
TEST_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "application": {"type": "str"},
    "pages": {"type": "list", "elements": "str", "default": []},
    "query": {"type": "str"},
    "page": {"type": "str"},
    "expect": {"type": "str"},
    "equals": {"type": "raw"},
    "datasources": {"type": "list", "elements": "str", "default": []},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "anonymous": {"type": "bool", "default": False},
    "health": {"type": "bool", "default": False},
    "version": {"type": "str"},
}
