# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting; private to the collection. Tests replace C(sleep) and C(now)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def now() -> float:
    return time.monotonic()


def poll(look: Callable[[], T | None], *, timeout: float, interval: float = 2.0) -> T | None:
    """Call O(look) until it returns something other than None, at least once; None when the time is over."""
    end = now() + timeout
    while True:
        found = look()
        if found is not None:
            return found
        left = end - now()
        if left <= 0:
            return None
        sleep(min(interval, left))
