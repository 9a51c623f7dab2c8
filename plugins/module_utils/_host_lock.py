# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One backup or restore at a time on an instance's folder; private to the collection.

A playbook that is killed leaves its module running to the end: the next run must not work beside it. The lock is the
kernel's, so it ends with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput

LOCK_NAME = ".stagecraft.lock"
PATIENCE = 30.0
_PAUSE = 0.2


@contextlib.contextmanager
def host_lock(directory: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of an instance's folder; wait for another holder, then fail."""
    path = directory / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise InvalidInput(
            f"{path} can't be opened: {error.strerror or error}",
            next_step="Give as directory where /appsmith-stacks of the instance is on this host, and use become if "
            "only root may write there.",
        ) from error
    try:
        _wait_for(descriptor, directory, patience)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, directory: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AppsmithError(
                    f"Another backup or restore is at work in {directory} (maybe of a playbook that was killed)",
                    next_step="Wait until it has ended, then run again; nothing was touched.",
                ) from None
        time.sleep(_PAUSE)
