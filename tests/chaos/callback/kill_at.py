# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills the run that it is loaded into: SIGKILL at a named task of a named host, as a power cut would."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kill_at
type: notification
short_description: Kills the run at a task
description:
  - Reads the environment variable E(CHAOS_POINT), and does nothing without it.
"""


def processes() -> Iterator[tuple[int, int, str, str]]:
    """Number, parent, command line and environment of every process that may be looked at."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                command = file.read().replace("\0", " ")
            with open(f"/proc/{entry}/environ", encoding="utf-8", errors="replace") as file:
                environment = file.read()
            yield int(entry), parent, command, environment


def is_instance(command: str) -> bool:
    """An instance outlives whoever started it."""
    return " instance serve " in command


def of_run(mark: str, root: int | None = None) -> list[int]:
    """The processes of a run: those that carry its mark, and what these (or root) have started.

    Ansible's workers have sessions of their own, so that the process group is not all of it.
    """
    found = list(processes())
    ours = {number for number, _parent, command, text in found if f"CHAOS_MARK={mark}\0" in f"{text}\0"}
    ours |= {root} if root is not None else set()
    while True:
        more = {number for number, parent, _command, _text in found if parent in ours} - ours
        if not more:
            break
        ours |= more
    instances = {number for number, _parent, command, _text in found if is_instance(command)}
    return sorted(ours - instances)


def kill_run(mark: str, root: int | None = None, *, spare: tuple[int, ...] = ()) -> None:
    """Stops all of them before the first is killed: nobody may see the end of another and act on it."""
    seen: set[int] = set()
    while True:
        new = set(of_run(mark, root)) - seen - set(spare)
        if not new:
            break
        for number in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP)
        seen |= new
    for number in seen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "kill_at"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self) -> None:
        super().__init__()
        self.point: dict[str, Any] = json.loads(os.environ.get("CHAOS_POINT", "{}"))
        self.left = int(self.point.get("nth", 1))
        self.waiting: tuple[str, threading.Event] | None = None

    def _meant(self, host: Any, task: Any) -> bool:
        if not self.point or host.get_name() != self.point["host"]:
            return False
        # What only includes others is over before these begin.
        including = str(task.action).rpartition(".")[2] in ("include_role", "include_tasks")
        if including and self.point.get("moment", "start") != "start":
            return False
        return bool(task.name == self.point["task"])

    # -- what Ansible tells -------------------------------------------------------------------------------------------
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """In the main process, before the worker starts."""
        if not self._meant(host, task):
            return
        moment = self.point.get("moment", "start")
        if moment == "after":
            return
        self.left -= 1
        if self.left:
            return
        if moment == "start":
            self._kill()
        over = threading.Event()
        self.waiting = (task._uuid, over)
        threading.Thread(target=self._wait, args=(over,), daemon=True).start()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._ended(result)
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        if self.point.get("moment") == "after" and self._meant(host, task):
            self.left -= 1
            if not self.left:
                self._kill()

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._ended(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        if self._ended(result):
            # It wasn't this one.
            self.left = 1

    # -- what is done -------------------------------------------------------------------------------------------------
    def _ended(self, result: Any) -> bool:
        task = getattr(result, "task", None) or result._task
        if self.waiting is None or self.waiting[0] != task._uuid:
            return False
        self.waiting[1].set()
        self.waiting = None
        return True

    def _wait(self, over: threading.Event) -> None:
        """Until the moment has come, or the task is over (then the point was missed, which the campaign tells)."""
        seconds = float(self.point.get("seconds", 0))
        files = list(self.point.get("files", []))
        absent = list(self.point.get("absent", []))
        # What is there already isn't what is waited for.
        known = {path for one in [*files, *absent] for path in glob.glob(one)}
        written = {path: os.stat(path).st_mtime_ns for one in self.point.get("written", []) for path in glob.glob(one)}
        begun = time.monotonic()
        while not over.is_set():
            there = all(set(glob.glob(one)) - known for one in files)
            gone = not any(set(glob.glob(one)) - known for one in absent)
            fresh = all(os.stat(path).st_mtime_ns != moment for path, moment in written.items())
            if there and gone and fresh and time.monotonic() - begun >= seconds:
                self._kill()
            time.sleep(0.001)

    def _kill(self) -> None:
        with open(self.point["told"], "w", encoding="utf-8") as file:
            file.write(str(time.time()))
        for path in self.point.get("instances", []):
            # One that is down has none.
            with contextlib.suppress(OSError, ValueError, KeyError), open(path, encoding="utf-8") as facts:
                os.kill(json.load(facts)["pid"], signal.SIGKILL)
        own = os.getpid()
        if not self.point.get("alone"):
            kill_run(os.environ["CHAOS_MARK"], own, spare=(own,))
        os.kill(own, signal.SIGKILL)
