# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run deploys on an instance at a time; private to the collection.

Two hosts of a play may be two workspaces of one instance, and deployments at once break each other (observed 6, 31).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitLocked

# The other run may have many to deploy; one that is dead has let go.
PATIENCE = 3600.0
PAUSE = 0.25


class InstanceLock:
    """A file in the folder of the ledger; the system frees it when its process ends. Without a folder there is none.

    It holds for all threads of a run, from the first C(take()) to C(release()).
    """

    def __init__(self, url: str, directory: str | None, *, warn: Callable[[str], None]) -> None:
        self.url = url
        self._folder = Path(directory).expanduser() if directory else None
        self._warn = warn
        self._mutex = threading.Lock()
        self._handle: int | None = None
        self._waited = False
        self._useless = False
        self._given_up = False

    def take(self) -> bool:
        """Have it; returns whether another run had it before, so that what was looked at may be old."""
        with self._mutex:
            if self._handle is None and not self._useless:
                self._open()
            return self._waited

    def _open(self) -> None:
        if self._folder is None:
            return
        name = hashlib.sha256(self.url.rstrip("/").lower().encode()).hexdigest()[:16]
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"deploying-{name}.lock"
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._useless = True
            self._warn(
                f"No lock for {self.url} ({error.strerror or error}): see to it that no other run deploys there now"
            )
            return
        try:
            self._waited = False
            if not _wait.poll(lambda: self._try(handle), timeout=PATIENCE, interval=PAUSE):
                raise GitLocked(
                    f"Another run has been deploying on {self.url} for more than {PATIENCE:g} seconds",
                    next_step=f"See which process holds {path}.",
                )
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def _try(self, handle: int) -> bool | None:
        if self._given_up:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._waited = True
            return None
        return True

    def release(self) -> None:
        with self._mutex:
            if self._handle is not None:
                os.close(self._handle)
            self._handle, self._waited = None, False

    def give_up(self) -> None:
        """At the end of the run, whatever it waits for."""
        self._given_up = True
        self.release()
