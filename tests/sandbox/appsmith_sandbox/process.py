# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance as one process: start, stop, status, and what is in the files that the process leaves.

The process holds a lock on its folder as long as it lives, so that a file left by a killed one never counts. Backend
and Caddy share the process; `logs/run/backend.json` says whether the backend is to run (supervisorctl writes it). What
runs in it is in serve.py: looking at an instance from outside does not load a web server.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from .releases import Release, release

SCALE_VARIABLE = "APPSMITH_SANDBOX_TIME_SCALE"
# As a failing entrypoint ends the container; every other end of the process is one that supervisord minds.
CONTAINER_ENDED = 70


def run_folder(root: Path) -> Path:
    """Not in what a backup takes: the real one's is /tmp of the container."""
    return root / "logs" / "run"


def facts_path(root: Path) -> Path:
    return run_folder(root) / "instance.json"


def backend_path(root: Path) -> Path:
    """Whether the backend is to run: supervisorctl's will."""
    return run_folder(root) / "backend.json"


def state_path(root: Path) -> Path:
    """What supervisord says of the backend."""
    return run_folder(root) / "state.json"


def last_path(root: Path) -> Path:
    """The release of the last start, as the image of a stopped container tells it."""
    return run_folder(root) / "last.json"


def store_path(root: Path) -> Path:
    return root / "data" / "mongodb" / "state.db"


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(value), encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def take_lock(root: Path, patience: float = 0.0) -> IO[str] | None:
    """The instance's lock, or None when a process holds it for longer than `patience`."""
    run_folder(root).mkdir(parents=True, exist_ok=True)
    handle = (run_folder(root) / "lock").open("a+")
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
    """{running, pid, port, version, name}; a stopped one tells the version of its last start, as a container does."""
    stopped: dict[str, Any] = {"running": False, "pid": None, "port": None, "version": None}
    if not run_folder(root).is_dir():
        return stopped
    stopped["version"] = (read_json(last_path(root)) or {}).get("version")
    handle = take_lock(root)
    if handle is not None:
        handle.close()
        return stopped
    facts = read_json(facts_path(root))
    # Without them it lives, but does not listen yet.
    return {"running": True, **facts} if facts else {**stopped, "running": True}


def backend_state(root: Path) -> dict[str, Any]:
    state: dict[str, Any] = read_json(backend_path(root)) or {"running": True, "starts": 0}
    return state


def supervised(root: Path) -> str:
    """RUNNING, STARTING, STOPPED, BACKOFF or FATAL."""
    if not backend_state(root)["running"]:
        return "STOPPED"
    return str((read_json(state_path(root)) or {}).get("state", "STARTING"))


def set_backend(root: Path, running: bool) -> None:
    """Stop or start the backend inside the running instance; a start goes through the whole start-up again."""
    state = backend_state(root)
    write_json(backend_path(root), {"running": running, "starts": state["starts"] + (1 if running else 0)})


def serve_command(
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
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run an instance in the background; its facts once its port listens. RuntimeError says why it does not.

    `environment` = variables for it beside those of this process."""
    root = root.resolve()
    wanted = release(version)
    if time_scale is None:
        time_scale = float(os.environ.get(SCALE_VARIABLE, "1"))
    present = status(root)
    if present["running"]:
        if present["version"] == wanted.name and port in (0, present["port"]):
            return present
        raise RuntimeError(f"{root}: an instance runs here already ({present['version']}, port {present['port']})")
    # What `docker logs` shows of a container.
    log_path = root / "logs" / "supervisor" / "process.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    package = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    with log_path.open("ab") as log:
        begin = log.tell()
        child = subprocess.Popen(
            serve_command(root, port, wanted, name, startup_seconds, time_scale),
            env={**os.environ, **(environment or {}), "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        code = child.poll()
        if code is not None:
            said = log_path.read_bytes()[begin:].decode(errors="replace").strip()
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
                facts_path(root).unlink(missing_ok=True)
                return True
            time.sleep(0.02)
    return True
