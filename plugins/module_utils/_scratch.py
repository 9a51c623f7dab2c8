# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary folders that the next run can tell from its own: a killed process leaves its folder, but not its lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".stagecraft-scratch-"


@contextlib.contextmanager
def scratch(parent: str | Path | None = None) -> Iterator[Path]:
    """A folder of one's own, for its owner only; what killed processes left beside it is removed before."""
    place = Path(parent or tempfile.gettempdir())
    sweep(place)
    path, lock = _make(place)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep(parent: str | Path) -> list[Path]:
    """Remove the folders that no living process has."""
    removed = []
    for path in Path(parent).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(descriptor).st_uid != os.geteuid():
                    continue
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
                removed.append(path)
            finally:
                os.close(descriptor)
    return removed


def _make(place: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        # Another run may take it for a leftover before it is locked; then it is gone, and another one is made.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.is_dir() and os.fstat(descriptor).st_nlink:
                return path, descriptor
            os.close(descriptor)
