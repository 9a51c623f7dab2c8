# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that starts, as its host sees it: its state and its log; private to the collection.

Nothing here writes.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.urls import open_url
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._start_log import read

# Runs a command: exit code, output, errors.
Run = Callable[[list[str]], tuple[int, str, str]]
# So much of the end of a file is looked at; more lines than anybody reads.
_TAIL = 256 * 1024
# Docker starts a container that ends again and again, after ever longer pauses.
RESTARTS = 3
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
# What a service manager and the command driver answer for "stopped".
_STOPPED = 3


class NotKnown(AppsmithError):
    """The host doesn't say what the instance does."""


@dataclass
class State:
    running: bool = True
    restarting: bool = False
    restarts: int = 0
    exit_code: int | None = None
    # When the container was started last, by Docker's clock.
    started: str = ""


def state_of(run: Run, container: str | None, command: list[str] | None) -> State:
    """What the host says; without a container and a command the instance is taken for running."""
    if container:
        code, out, errors = run(["docker", "container", "inspect", "--format", "{{json .}}", container])
        if code != 0:
            if "no such container" in errors.lower():
                return State(running=False)
            raise NotKnown(f"Docker said nothing about the container {container} ({' '.join(errors.split())})")
        found = json.loads(out)
        state = found["State"]
        return State(
            running=bool(state.get("Running")) and not state.get("Restarting"),
            restarting=bool(state.get("Restarting")),
            restarts=int(found.get("RestartCount") or 0),
            exit_code=state.get("ExitCode"),
            started=str(state.get("StartedAt") or ""),
        )
    if command:
        return State(running=run(command)[0] != _STOPPED)
    return State()


def sizes(paths: Iterable[str]) -> dict[str, int]:
    """Bytes of each file now: what comes later belongs to the start."""
    return {path: os.path.getsize(path) for path in files(paths)}


def files(paths: Iterable[str]) -> list[str]:
    """The files that fit, the one that was written last at the end."""
    found = {path for pattern in paths for path in glob.glob(pattern) if os.path.isfile(path)}
    return sorted(found, key=lambda path: (os.path.getmtime(path), path))


def log_of(
    run: Run,
    container: str | None,
    command: list[str] | None,
    paths: Iterable[str],
    *,
    positions: dict[str, Any],
    started: str = "",
    lines: int = 200,
) -> list[str]:
    """The last lines of this start: of the container (or a command), then of each file."""
    found: list[str] = []
    if container:
        since = ["--since", started] if started and not started.startswith("0001") else []
        code, out, errors = run(["docker", "logs", "--tail", str(lines), *since, container])
        found += [*out.splitlines(), *errors.splitlines()] if code == 0 else []
    elif command:
        code, out, errors = run(command)
        found += [*out.splitlines(), *errors.splitlines()][-lines:] if code == 0 else []
    for path in files(paths):
        found += _tail(path, int(positions.get(path) or 0), lines)
    return [_USERINFO.sub("***@", line) for line in found]


def _tail(path: str, begin: int, lines: int) -> list[str]:
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            # A file that is shorter than it was is another one.
            begin = begin if begin <= size else 0
            file.seek(max(begin, size - _TAIL))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError as error:
        return [f"({path} can't be read: {error.strerror})"]


def answers(url: str) -> bool:
    """Whether the API answers this host: a hint to look properly, no proof."""
    try:
        with open_url(f"{url.rstrip('/')}/api/v1/health", timeout=3, validate_certs=False) as answer:
            return isinstance(json.loads(answer.read(100_000)).get("responseMeta"), dict)
    except Exception:
        # Whatever it is, the instance isn't there yet.
        return False


def judge(state: State, before: int, said: list[str], since: str = "") -> dict[str, Any]:
    """C(problem), why the start came to nothing, C(next_step), and C(progress) of the log."""
    told = read(said, since)
    problem, step = told["fatal"], told["next_step"]
    again = state.restarts - before
    if not problem and again >= RESTARTS:
        problem = f"The container ends and is started again, {again} times by now (exit code {state.exit_code})"
    elif not problem and not state.running and not state.restarting:
        code = f" with exit code {state.exit_code}" if state.exit_code is not None else ""
        problem = f"The instance ended{code}"
    return {
        "progress": told["progress"],
        "problem": problem,
        "next_step": step or ("Look at the last lines of its log." if problem else ""),
    }
