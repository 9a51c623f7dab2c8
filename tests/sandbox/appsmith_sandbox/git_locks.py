# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of the Git operations, as the real server keeps them in Redis, and the write conflicts of deployments.

Waits and lives are multiplied by the instance's `time_scale`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from . import faults
from .app import AppError, Instance, internal_error

WAIT_SECONDS, LEAK_SECONDS = 20.0, 120.0
_guard = threading.Lock()


@dataclass
class _Lock:
    command: str
    # A running operation holds its lock until it ends; a leaked lock ends by itself.
    expires: float | None = None


def locked_error(command: str, holder: str) -> AppError:
    return AppError(
        500,
        "AE-GIT-5020",
        f"We were unable to place a lock on the file system to perform {command} command. This error can occur when "
        f"another command {holder}, which is in progress. Please try again later.",
        title="GIT_ACTION_EXECUTION_ERROR",
        error_type="Git repo is locked",
    )


def _of_others(instance: Instance, base_id: str) -> _Lock | None:
    """What a test has put there (faults.py)."""
    if not faults.path(instance.root).exists():
        return None
    app = instance.store.get("applications", base_id)
    command = faults.holder(instance.root, app, LEAK_SECONDS * instance.time_scale)
    return _Lock(command) if command else None


@contextmanager
def lock(instance: Instance, base_id: str, command: str, *, leaks: bool = False) -> Iterator[None]:
    """One operation at a time on an application, all its branches together. `leaks`: when the operation is refused, its
    lock stays behind, as most operations of the old routes leave it."""
    locks: dict[str, _Lock] = instance.git.setdefault("locks", {})
    own = _Lock(command)
    deadline = time.monotonic() + WAIT_SECONDS * instance.time_scale
    while True:
        others = _of_others(instance, base_id)
        with _guard:
            holder = others or locks.get(base_id)
            if holder is None or (holder.expires is not None and holder.expires < time.monotonic()):
                locks[base_id] = own
                break
        if time.monotonic() >= deadline:
            if command == "discard":
                # Seen in the recordings: the error path of a discard frees the lock that another one has left.
                with _guard:
                    if locks.get(base_id) is holder and holder.expires is not None:
                        del locks[base_id]
                faults.free(instance.root, instance.store.get("applications", base_id))
            raise locked_error(command, holder.command)
        time.sleep(max(0.01, min(1.0, instance.time_scale) * 0.25))
    try:
        if command not in ("pull", "discard"):
            # Those are held up in the middle of their work.
            faults.pause(instance.root)
        yield
    except AppError:
        if leaks:
            own.expires = time.monotonic() + LEAK_SECONDS * instance.time_scale
        raise
    finally:
        with _guard:
            if own.expires is None and locks.get(base_id) is own:
                del locks[base_id]


def free(instance: Instance, base_id: str) -> None:
    """Whoever holds the lock: a checkout by the old route ends so, though it has taken none."""
    with _guard:
        instance.git.get("locks", {}).pop(base_id, None)


@contextmanager
def deployment(instance: Instance) -> Iterator[bool]:
    """A pull or a discard, from its first step on. False = another one of this instance was under way when it began:
    its database work will end in a write conflict. The loser does not stand in the way of the next one."""
    own = object()
    with _guard:
        alone = instance.git.get("deploying") is None
        if alone:
            instance.git["deploying"] = own
    try:
        yield alone
    finally:
        with _guard:
            if instance.git.get("deploying") is own:
                instance.git["deploying"] = None


def write_conflict(instance: Instance, action: str, which: str | None = None, *, old: bool = False) -> AppError:
    """The two texts that were seen, in turn; the old routes have no words for it (seen on a real v1.60)."""
    if old:
        return internal_error()
    with _guard:
        number = instance.git["conflicts"] = instance.git.get("conflicts", 0) + 1
    if which == "write-conflict" or (which is None and number % 2):
        details = (
            "Command failed with error 112 (WriteConflict): 'Caused by :: Write conflict during plan execution and "
            "yielding is disabled. :: Please retry your operation or multi-document transaction.'"
        )
    else:
        details = (
            "Command failed with error 251 (NoSuchTransaction): 'Given transaction number does not match any "
            "in-progress transactions.'"
        )
    return AppError(
        400,
        "AE-GIT-4044",
        f"git {action} failed. \nDetails: {details}",
        title="GIT_ACTION_EXECUTION_ERROR",
        error_type="Git failed",
    )
