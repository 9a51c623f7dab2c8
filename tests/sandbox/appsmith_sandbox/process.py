# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance as one process: serve, start, stop, status.

The process holds a lock on its folder as long as it lives, so that a file left by a killed one never counts. Backend
and Caddy share the process; `run/backend.json` says whether the backend is to run (supervisorctl writes it).
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from .app import Application, Instance, now_text
from .migrate import StartRefused, prepare
from .releases import Release, release
from .secrets import make_env, read_env
from .store import Store

SCALE_VARIABLE = "APPSMITH_SANDBOX_TIME_SCALE"


def _facts_path(root: Path) -> Path:
    return root / "run" / "instance.json"


def _backend_path(root: Path) -> Path:
    return root / "run" / "backend.json"


def store_path(root: Path) -> Path:
    return root / "data" / "mongodb" / "state.db"


def _lock(root: Path, patience: float = 0.0) -> IO[str] | None:
    """The instance's lock, or None when a process holds it for longer than `patience`."""
    (root / "run").mkdir(parents=True, exist_ok=True)
    handle = (root / "run" / "lock").open("a+")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError:
            if time.monotonic() >= deadline:
                handle.close()
                return None
            time.sleep(0.005)


def status(root: Path) -> dict[str, Any]:
    """{running, pid, port, version, name}"""
    stopped: dict[str, Any] = {"running": False, "pid": None, "port": None, "version": None}
    if not (root / "run").is_dir():
        return stopped
    handle = _lock(root)
    if handle is not None:
        handle.close()
        return stopped
    try:
        return {"running": True, **json.loads(_facts_path(root).read_text(encoding="utf-8"))}
    except (OSError, ValueError):
        # It lives, but does not listen yet.
        return {**stopped, "running": True}


def backend_state(root: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(_backend_path(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        state = {"running": True, "starts": 0}
    return state


def set_backend(root: Path, running: bool) -> None:
    """Stop or start the backend inside the running instance; a start goes through the whole start-up again."""
    state = backend_state(root)
    state = {"running": running, "starts": state["starts"] + (1 if running else 0)}
    temporary = _backend_path(root).with_suffix(".new")
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(_backend_path(root))


def _log(root: Path, text: str) -> None:
    path = root / "logs" / "backend" / "backend.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(f"{now_text()} {text}\n")


class Served(Application):
    """The application, with a backend that can be stopped and started beside it."""

    def __init__(self, instance: Instance, startup_seconds: float) -> None:
        super().__init__(instance)
        self.startup_seconds = startup_seconds
        self._seen: tuple[int, int] | None = None
        self._starts = backend_state(instance.root)["starts"]
        self.failure: str | None = None

    def backend_answers(self) -> bool:
        """Look whether somebody stopped or started the backend; a stat per request is all that it costs."""
        try:
            found = _backend_path(self.instance.root).stat()
        except OSError:
            return self.failure is None
        mark = (found.st_mtime_ns, found.st_ino)
        if mark != self._seen:
            self._seen = mark
            state = backend_state(self.instance.root)
            self._running = bool(state["running"])
            if self._running and state["starts"] != self._starts:
                self._starts = state["starts"]
                self._boot_again()
        return self._running and self.failure is None

    def _boot_again(self) -> None:
        instance = self.instance
        instance.ready_at = time.monotonic() + self.startup_seconds
        instance.git.clear()
        instance.environment = environment_of(instance.root)
        try:
            prepare(instance.store, instance.release, os.environ)
            self.failure = None
            _log(instance.root, f"backend {instance.release.name} started again")
        except StartRefused as error:
            self.failure = str(error)
            _log(instance.root, f"start refused: {error}")


def environment_of(root: Path) -> dict[str, str]:
    """docker.env, with the process environment over it, empty values included."""
    return {**read_env(root), **{key: value for key, value in os.environ.items() if key.startswith("APPSMITH_")}}


def serve(
    root: Path, port: int, wanted: Release, *, name: str, startup_seconds: float = 0.0, time_scale: float = 1.0
) -> int:
    """Run an instance in the foreground until a signal ends it. 1 = this release will not start on this state."""
    import uvicorn

    root = root.resolve()
    # `status` holds the lock for an instant when it looks.
    lock = _lock(root, patience=0.5)
    if lock is None:
        print(f"{root}: an instance runs here already", file=sys.stderr)
        return 1
    _facts_path(root).unlink(missing_ok=True)
    for folder in ("configuration", "data/backup", "data/restore", "git-storage", "logs/appsmithctl", "ssl"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    make_env(root)
    set_backend(root, True)
    store = Store(store_path(root))
    try:
        migrated = prepare(store, wanted, os.environ)
    except StartRefused as error:
        _log(root, f"start refused: {error}")
        print(error, file=sys.stderr)
        return 1
    _log(root, f"backend {wanted.name} {'migrated the state and ' if migrated else ''}started")
    # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        print(f"port {port}: {error.strerror}", file=sys.stderr)
        return 1
    listener.listen(128)
    port = listener.getsockname()[1]
    instance = Instance(
        root=root,
        store=store,
        release=wanted,
        name=name,
        time_scale=time_scale,
        environment=environment_of(root),
    )
    application = Served(instance, startup_seconds)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    again = False

    def restart(_number: int, _frame: Any) -> None:
        nonlocal again
        again = True
        server.should_exit = True

    signal.signal(signal.SIGHUP, restart)
    facts = {"pid": os.getpid(), "port": port, "version": wanted.name, "name": name, "checked": wanted.checked}
    # Only now: loading the modules takes a while, which is no part of the start-up that was asked for.
    instance.ready_at = time.monotonic() + startup_seconds
    temporary = _facts_path(root).with_suffix(".new")
    temporary.write_text(json.dumps(facts), encoding="utf-8")
    temporary.replace(_facts_path(root))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        if not again:
            _facts_path(root).unlink(missing_ok=True)
        store.close()
    if again:
        # POST /admin/restart: the same command anew; the lock goes with the old one at exec.
        lock.close()
        listener.close()
        arguments = _serve_command(root, port, wanted, name, startup_seconds, time_scale)
        os.execv(sys.executable, arguments)
    return 0


def _serve_command(
    root: Path, port: int, wanted: Release, name: str, startup_seconds: float, time_scale: float
) -> list[str]:
    return [
        *(sys.executable, "-m", "appsmith_sandbox", "instance", "serve"),
        *("--root", str(root), "--port", str(port), "--version", wanted.name, "--name", name),
        *("--startup-seconds", str(startup_seconds), "--time-scale", str(time_scale)),
    ]


def start(
    root: Path,
    port: int,
    version: str,
    *,
    name: str = "appsmith",
    startup_seconds: float = 0.0,
    time_scale: float | None = None,
    wait: float = 30.0,
) -> dict[str, Any]:
    """Run an instance in the background; its facts once its port listens. RuntimeError says why it does not."""
    root = root.resolve()
    wanted = release(version)
    if time_scale is None:
        time_scale = float(os.environ.get(SCALE_VARIABLE, "1"))
    present = status(root)
    if present["running"]:
        if present["version"] == wanted.name and port in (0, present["port"]):
            return present
        raise RuntimeError(f"{root}: an instance runs here already ({present['version']}, port {present['port']})")
    (root / "logs" / "backend").mkdir(parents=True, exist_ok=True)
    package = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    with (root / "logs" / "backend" / "process.log").open("ab") as log:
        begin = log.tell()
        child = subprocess.Popen(
            _serve_command(root, port, wanted, name, startup_seconds, time_scale),
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        code = child.poll()
        if code is not None:
            said = (root / "logs" / "backend" / "process.log").read_bytes()[begin:].decode(errors="replace").strip()
            raise RuntimeError(said.splitlines()[-1] if said else f"the instance ended with exit code {code}")
        present = status(root)
        if present["running"] and present["pid"] == child.pid:
            return present
        time.sleep(0.02)
    child.kill()
    child.wait()
    raise RuntimeError(f"the instance did not listen within {wait:.0f} s")


def stop(root: Path, wait: float = 10.0) -> bool:
    """End the instance of this folder; False when none was running."""
    root = root.resolve()
    present = status(root)
    deadline = time.monotonic() + 5
    while present["running"] and present["pid"] is None and time.monotonic() < deadline:
        time.sleep(0.02)
        present = status(root)
    pid = present["pid"]
    if not present["running"] or pid is None:
        return False
    for number, patience in ((signal.SIGTERM, wait), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                # Reap it where it is a child of this very process (tests); elsewhere this fails and does no harm.
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            if not status(root)["running"]:
                _facts_path(root).unlink(missing_ok=True)
                return True
            time.sleep(0.02)
    return True
