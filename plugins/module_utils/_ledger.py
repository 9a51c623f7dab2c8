# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of promotions, a file of JSON Lines; private to the collection.

One line is one application in one run. Lines are only ever added, whole and under a lock, so that several runs may
share a ledger. A run that was killed may leave a torn line behind: the next one begins on a line of its own, and a
reader leaves the torn one out and says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput

FILE = "promotions.jsonl"
# Written into every line, so that a later release can tell what it reads.
FORMAT = 1
LOCK_TIMEOUT = 30.0


class LedgerError(AppsmithError):
    """The ledger can't be written or read."""

    default_next_step = "Check ledger_directory: its rights, and the room on its disk."


class Ledger:
    """The ledger in a directory."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self.path = self.directory / FILE
        # Lines that could not be read, by the last reading.
        self.broken = 0

    def check(self) -> None:
        """Refuse a directory that can't hold a ledger, before anything is done; makes nothing."""
        place = self.directory
        while not place.exists() and place != place.parent:
            place = place.parent
        taken = self.path.exists()
        fits = place.is_dir() and (self.path.is_file() if taken else True)
        if not fits or not os.access(self.path if taken else place, os.W_OK):
            raise InvalidInput(
                f"No ledger can be written to {self.directory}",
                next_step="Give a directory that this user may write to as ledger_directory.",
            )

    def append(self, entries: Iterable[dict[str, Any]]) -> None:
        """Add lines, all or none, and return when they are on the disk."""
        data = "".join(f"{_line(entry)}\n" for entry in entries).encode()
        if not data:
            return
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = not self.path.exists()
            with self._locked() as handle:
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    data = b"\n" + data
                try:
                    left = memoryview(data)
                    while left:
                        left = left[os.write(handle, left) :]
                    os.fsync(handle)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.ftruncate(handle, size)
                    raise
            if new:
                self._sync_directory()
        except OSError as error:
            raise LedgerError(f"The ledger {self.path} can't be written: {error.strerror or error}") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self.path, flags, 0o600)
        try:
            with contextlib.suppress(PermissionError):
                os.fchmod(handle, 0o600)

            def lock() -> bool | None:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return None
                return True

            if not _wait.poll(lock, timeout=LOCK_TIMEOUT, interval=0.1):
                raise LedgerError(
                    f"The ledger {self.path} is locked by another run for more than {LOCK_TIMEOUT:g} seconds",
                    next_step="See which process holds it.",
                )
            yield handle
        finally:
            os.close(handle)

    def _sync_directory(self) -> None:
        handle = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> Iterator[dict[str, Any]]:
        """The entries, oldest first; none without a ledger. C(broken) counts the lines that were left out."""
        self.broken = 0
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    if not line.strip():
                        continue
                    try:
                        entry = json.loads(line)
                    except ValueError:
                        entry = None
                    if isinstance(entry, dict):
                        yield entry
                    else:
                        self.broken += 1
        except FileNotFoundError:
            return
        except OSError as error:
            raise LedgerError(f"The ledger {self.path} can't be read: {error.strerror or error}") from error

    @property
    def warnings(self) -> list[str]:
        if not self.broken:
            return []
        lines = "line" if self.broken == 1 else "lines"
        return [f"The ledger {self.path} has {self.broken} {lines} that can't be read, as a killed run leaves them"]


def _line(entry: dict[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **entry}, ensure_ascii=True, sort_keys=False, default=str)
