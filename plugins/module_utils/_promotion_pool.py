# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on several applications side by side, each thread with a session object of its own; private."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from queue import Empty, PriorityQueue
from typing import Any, TypeVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import Item

T = TypeVar("T")
Work = Callable[[Git, Item], None]
# What an application needs that is under way goes before the next application.
NOW, URGENT, USUAL = 0, 1, 2


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
        self._width = max(1, width)
        self._own = threading.local()
        self._clones: list[Git] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        # Without work: the thread's end.
        self._queue: PriorityQueue[tuple[int, int, Future[Any], Callable[[], Any] | None]] = PriorityQueue()
        self._closed = False

    def submit(self, work: Work, item: Item, *, urgent: bool = False) -> Future[None]:
        return self._put(URGENT if urgent else USUAL, lambda: attempt(work, self._mine(), item))

    def call(self, work: Callable[[Git], T]) -> Callable[[], T]:
        """A single look, soon; what is returned waits for its result, and its errors come up there.

        A look that was not begun by then is made by whoever asks, so that threads may wait for each other's.
        """
        future: Future[T] = self._put(URGENT, lambda: work(self._mine()))

        def result() -> T:
            return work(self._mine()) if future.cancel() else future.result()

        return result

    def each(self, work: Work, items: Iterable[Item]) -> None:
        self.wait([self.submit(work, item) for item in items])

    @staticmethod
    def wait(futures: Iterable[Future[None]]) -> None:
        """Also brings up what is no error of an application's, such as a bug."""
        for future in futures:
            future.result()

    def _put(self, urgency: int, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("these workers have gone")
            self._queue.put((urgency, next(self._numbers), future, work))
            if len(self._threads) < self._width:
                self._threads.append(threading.Thread(target=self._run, daemon=True))
                self._threads[-1].start()
        return future

    def _run(self) -> None:
        while True:
            _urgency, _number, future, work = self._queue.get()
            if work is None:
                return
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)
            # Nothing is kept while the next one is waited for.
            del future, work

    def _mine(self) -> Git:
        if not hasattr(self._own, "git"):
            self._own.git = self._git.clone()
            self._clones.append(self._own.git)
        found: Git = self._own.git
        return found

    def close(self) -> None:
        """What was not begun is left; what was is waited for."""
        with self._lock:
            self._closed = True
            while True:
                try:
                    self._queue.get_nowait()[2].cancel()
                except Empty:
                    break
            for _thread in self._threads:
                self._queue.put((NOW, next(self._numbers), Future(), None))
        for thread in self._threads:
            thread.join()
        self._threads = []
        for clone in self._clones:
            clone.client.close()
        self._clones = []
