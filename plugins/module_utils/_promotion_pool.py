# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on several applications side by side, each thread with a session object of its own; private."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import Item

T = TypeVar("T")
Work = Callable[[Git, Item], None]


def attempt(work: Work, git: Git, item: Item) -> None:
    """Do it for one application; what goes wrong is the application's, and its time counts."""
    started = time.monotonic()
    try:
        work(git, item)
    except AppsmithError as error:
        item.fail(error)
    item.seconds += time.monotonic() - started


class Workers:
    """Threads that are made when they are needed and kept until C(close()), with their connections."""

    def __init__(self, git: Git, width: int) -> None:
        self._git = git
        self._own = threading.local()
        self._clones: list[Git] = []
        self._pool = ThreadPoolExecutor(max_workers=max(1, width))

    def submit(self, work: Work, item: Item) -> Future[None]:
        return self._pool.submit(self._one, work, item)

    def call(self, work: Callable[[Git], T]) -> Future[T]:
        """A single look; its errors come up in C(result()).

        Whoever waits for it in another of these threads must have been submitted later, or both may wait for ever.
        """
        return self._pool.submit(lambda: work(self._mine()))

    def each(self, work: Work, items: Iterable[Item]) -> None:
        self.wait([self.submit(work, item) for item in items])

    @staticmethod
    def wait(futures: Iterable[Future[None]]) -> None:
        """Also brings up what is no error of an application's, such as a bug."""
        for future in futures:
            future.result()

    def _one(self, work: Work, item: Item) -> None:
        attempt(work, self._mine(), item)

    def _mine(self) -> Git:
        if not hasattr(self._own, "git"):
            self._own.git = self._git.clone()
            self._clones.append(self._own.git)
        found: Git = self._own.git
        return found

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for clone in self._clones:
            clone.client.close()
