# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend beside the web server: its way up, what stands in it, and supervisord, which starts it again.

The container lives on when the backend does not come up: the web server answers the loading page and 502. What is
told on the way stands in logs/backend/backend.log and, with the program's name before it, on stdout.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from . import faults
from .app import Instance
from .migrate import StartRefused, Watcher, prepare
from .process import state_path, write_json
from .releases import Release
from .secrets import read_env
from .store import Store

# Of the programs' file: so long it has to live to count as started; so often it is tried again.
_START_SECONDS = 20.0
_RETRIES = 3
# A killed migration leaves its lock; it ends by itself.
_LOCK_SECONDS = 60.0
_FAILED = "io.mongock.api.exception.MongockException: Error in method[{class}.execute] : a change that a test breaks"


class BackendEnded(Exception):
    """The process of the backend ends; the text is the last that it says."""


class _Halted(Exception):
    """supervisorctl stop."""


def environment_of(root: Path) -> dict[str, str]:
    """docker.env, with the process environment over it, empty values included."""
    return {**read_env(root), **{key: value for key, value in os.environ.items() if key.startswith("APPSMITH_")}}


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]


def say(root: Path, text: str) -> None:
    """A line of the backend."""
    line = f"[{_stamp()}] [main] requestId= userEmail= orgId= traceId= spanId= - {text}"
    path = root / "logs" / "backend" / "backend.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(f"{line}\n")
    print(f"backend stdout | {line}", flush=True)


def supervisor(text: str) -> None:
    """A line of supervisord."""
    print(f"{_stamp()} {text}", flush=True)


class Backend(Watcher):
    def __init__(self, instance: Instance, startup_seconds: float) -> None:
        self.instance, self.root, self.release = instance, instance.root, instance.release
        self.startup_seconds = startup_seconds
        self.up = False
        self._halt = threading.Event()
        self._settled = threading.Event()
        self._thread: threading.Thread | None = None
        self._began = 0.0
        self._fault: faults.Fault | None = None
        self._pause_each = 0.0
        self._left = 0

    # -- from the web server's thread ---------------------------------------------------------------------------------
    def start(self) -> None:
        """Returns when it is up, has ended, or takes its time."""
        self.halt()
        self._halt, self._settled = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._supervise, args=(self._halt, self._settled), daemon=True)
        self._thread.start()
        self._settled.wait()

    def halt(self) -> None:
        self._halt.set()
        self.up = False
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10)

    # -- supervisord --------------------------------------------------------------------------------------------------
    def _supervise(self, halt: threading.Event, settled: threading.Event) -> None:
        tries = 0
        try:
            while not halt.is_set():
                self._state("STARTING")
                supervisor(f"INFO spawned: 'backend' with pid {os.getpid()}")
                self._began = time.monotonic()
                try:
                    self._boot()
                    settled.set()
                    self._live()
                    return
                except StartRefused as error:
                    said = str(error)
                except BackendEnded as error:
                    said = str(error)
                self.up = False
                say(self.root, said)
                lived = time.monotonic() - self._began >= _START_SECONDS * self.instance.time_scale
                tries = 0 if lived else tries + 1
                supervisor("INFO exited: backend (exit status 1; not expected)")
                if tries > _RETRIES:
                    self._state("FATAL")
                    supervisor("INFO gave up: backend entered FATAL state, too many start retries too quickly")
                    return
                self._state("BACKOFF")
                settled.set()
                halt.wait(tries * self.instance.time_scale)
        except _Halted:
            pass
        finally:
            settled.set()

    def _state(self, state: str) -> None:
        write_json(state_path(self.root), {"state": state})

    def _pause(self, seconds: float | None, until_removed: faults.Fault | None = None) -> None:
        """Wait, and let the web server answer meanwhile; ends when the rule is removed."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            self._settled.set()
            left = 0.05 if deadline is None else min(0.05, max(deadline - time.monotonic(), 0.0))
            if self._halt.wait(left):
                raise _Halted
            if time.monotonic() - self._began >= _START_SECONDS * self.instance.time_scale:
                self._state("RUNNING")
            if until_removed is not None and not faults.hits(self.root, until_removed.number):
                return

    # -- the backend --------------------------------------------------------------------------------------------------
    def _boot(self) -> None:
        instance, name = self.instance, self.release.name
        instance.git.clear()
        instance.environment = environment_of(self.root)
        say(self.root, f"Application started with build version {name}, and commitSha {'0' * 40}")
        check_database_url(instance.store, instance.environment)
        self._fault = None
        moved = prepare(instance.store, self.release, os.environ, faults.checkpoints(self.root), self)
        if not moved:
            self._fault = faults.take_start(self.root, name, migrates=False)
        if self._fault is not None and self._fault.kind == "backend-ends" and self._fault.seconds is None:
            raise BackendEnded("Application run failed: java.lang.OutOfMemoryError: Java heap space")
        if self.startup_seconds:
            self._pause(self.startup_seconds)
        took = time.monotonic() - self._began
        say(self.root, f"Started ServerApplication in {took:.3f} seconds (process running for {took + 1:.1f})")
        say(self.root, f"backend {name} {'migrated the state and ' if moved else ''}started")
        self.up = True
        self._state("RUNNING")

    def _live(self) -> None:
        fault = self._fault
        if fault is None or fault.kind != "backend-ends":
            return
        self._pause(fault.seconds, fault)
        if faults.hits(self.root, fault.number):
            raise BackendEnded("Terminating due to java.lang.OutOfMemoryError: Java heap space")

    # -- the migration, told by prepare -------------------------------------------------------------------------------
    def unchanged(self) -> None:
        say(self.root, 'PASSED OVER - {"id"="everything", "author"="default_author"}')

    def migrates(self, changes: list[str]) -> None:
        self._fault = faults.take_start(self.root, self.release.name, migrates=True)
        self._left = len(changes)
        self._pause_each = 0.0
        if self._fault is not None and self._fault.kind == "slow-migration":
            self._pause_each = (self._fault.seconds or 0.0) / len(changes)
        store = self.instance.store
        say(self.root, "Mongock starting the data migration sequence")
        say(self.root, "Mongock trying to acquire the lock")
        held = (store.get("mongockLock", "lock") or {"until": 0.0})["until"]
        if held > time.time():
            seconds = held - time.time()
            say(self.root, f"Mongock is going to sleep to wait for the lock:  {seconds * 1000:.0f} ms")
            self._pause(seconds)
        self._lock(_LOCK_SECONDS * self.instance.time_scale)
        say(self.root, "Mongock acquired the lock")

    def change(self, name: str) -> None:
        fault = self._fault
        if self._pause_each:
            self._pause(self._pause_each, fault)
            if fault is not None and not faults.hits(self.root, fault.number):
                self._pause_each = 0.0
        self._left -= 1
        entry = {"id": name, "type": "execution", "author": "default_author", "class": name, "method": "execute"}
        told = ", ".join(f'"{key}"="{value}"' for key, value in entry.items())
        if fault is not None and fault.kind == "endless-migration" and self._left == 3:
            self._pause(None, fault)
        if fault is not None and fault.kind == "migration-fails" and self._left == 3:
            say(self.root, f"FAILED OVER - {{{told}}}")
            say(self.root, "Mongock migration aborted and DB transaction not enabled. Starting manual rollback process")
            self._release_lock()
            say(self.root, "Error in mongock process. ABORTED MIGRATION")
            raise BackendEnded(_FAILED.format(**entry))
        self._lock(_LOCK_SECONDS * self.instance.time_scale)
        say(self.root, f"APPLIED - {{{told}}}")

    def migrated(self) -> None:
        self._release_lock()

    def _lock(self, seconds: float) -> None:
        self.instance.store.replace("mongockLock", {"id": "lock", "until": time.time() + seconds})

    def _release_lock(self) -> None:
        say(self.root, "Mongock releasing the lock")
        self.instance.store.delete("mongockLock", "lock")
        say(self.root, "Mongock has finished")


def check_database_url(store: Store, environment: dict[str, str]) -> None:
    """The password of the database's user stands in the database's files: made with docker.env at a first start."""
    address = environment.get("APPSMITH_DB_URL") or environment.get("APPSMITH_MONGODB_URI") or ""
    if not address.startswith("mongodb"):
        raise BackendEnded("Application run failed: APPSMITH_DB_URL is not set, there is no database to connect to")
    parts = urlsplit(address)
    given = {"name": parts.username or "", "password": parts.password or ""}
    user = store.get("system.users", "user")
    if user is None:
        store.insert("system.users", {"id": "user", **given})
    elif {key: user[key] for key in given} != given:
        raise BackendEnded(
            f"Exception authenticating MongoCredential{{userName='{given['name']}', source='appsmith'}}:"
            " Command failed with error 18 (AuthenticationFailed): 'Authentication failed.' on server localhost:27017"
        )


def container_fault(root: Path, wanted: Release) -> bool:
    """The entrypoint's own end before anything is touched (True), or the promise of one."""
    fault = faults.take_start(root, wanted.name, migrates=None)
    if fault is None:
        return False
    if fault.seconds is None:
        print("Cannot open the data of MongoDB: a start that a test breaks. See data/mongodb/fcv-probe.log", flush=True)
        return True
    threading.Thread(target=_end_later, args=(fault.seconds,), daemon=True).start()
    return False


def _end_later(seconds: float) -> None:
    from .process import CONTAINER_ENDED

    time.sleep(seconds)
    print("The container ends: a test broke it", flush=True)
    os._exit(CONTAINER_ENDED)
