# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for tests to make an instance fail at a chosen call, as a network or a real server has failed.

What the instance does by itself (locks that leak, pulls that are refused after their work, deployments that break each
other) needs no door. Rules stand in logs/run/faults.json, so that they can be set from another process, outlive a
restart, and count what they did.

    number = faults.add(root, "write-conflict", application="orders")          # the next discard or pull of orders
    faults.add(root, "slow-migration", release="v1.91", seconds=5)
    faults.add(root, "gateway", call="status", status=504, done=False, times=2)
    number = faults.add(root, "late", application="orders")                   # stays under way until removed
    faults.wait(root, number)                                                 # it has been met
    faults.remove(root, number)
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path

from .store import Store

# In the middle of a deployment.
DEPLOYMENT = {
    "write-conflict": "400 WriteConflict; the repository has moved, the documents have not (31)",
    "no-such-transaction": "400 NoSuchTransaction; the same",
    "nothing": "200, and nothing was done",
    "refused-after": "400 for want of an author, after everything was deployed; lastDeployedAt stays (4)",
    "killed": "the process is killed where a write conflict would be; its lock stays for its life (9)",
}
# At any call.
NETWORK = {
    "no-answer": "never answered; the work was done, or not (done)",
    "late": "under way, with its lock, for so many seconds (none: until the rule is removed); then done and answered",
    "reset": "the connection is reset after the work, or before it (done)",
    "gateway": "a proxy answers 502, 503 or 504 in its own words, after the work or before it (done)",
}
# At once, without a call.
STATE = {
    "locked": "somebody else's operation holds the lock for so many seconds (none: until the rule is removed)",
    "lock-leaked": "a lock that nobody holds any more, for its life of 120 s by the instance's time scale (9)",
    "view-lost": "the published view is gone, as after a pull with a read-only key; status says nothing of it",
}
# At a start; `release`: only of that one. What goes on is held up until the rule is removed, too.
START = {
    "slow-migration": "the first start on another release's state takes so many seconds",
    "endless-migration": "the same, without an end",
    "migration-fails": "a change is broken off and the backend ends; supervisord starts it thrice, gives up (times: 0)",
    "backend-ends": "the backend ends after so many seconds (none: at once), at every start",
    "container-ends": "the whole process ends, with code 70, after so many seconds (none: before anything is touched)",
    "checkpoint": "releases newer than `release` refuse a state that `release` has not run on: CHECKPOINT MISSED",
}
KINDS = {**DEPLOYMENT, **NETWORK, **STATE, **START}
_MIGRATIONS = ("slow-migration", "endless-migration", "migration-fails")
# Names of handlers by what tests call them.
_CALLS = {
    "deploy": {"discard", "pull"},
    "create-ref": {"create_ref", "create_branch"},
    "checkout": {"checkout_ref", "checkout"},
    "import": {"import_repository"},
    "pages": {"list_pages"},
    "page": {"read_view"},
    "export": {"export_file"},
}


@dataclass
class Fault:
    number: int
    kind: str
    # Name of an application, id of it or of one of its branches; None: any, and calls without an application.
    application: str | None = None
    # What a handler is called (fetch, status, discard, pull, commit, merge ...), or a name of _CALLS.
    call: str = "deploy"
    # So often (0: until removed), after that many calls that go well.
    times: int = 1
    skip: int = 0
    # Real seconds, not scaled.
    seconds: float | None = None
    status: int = 502
    done: bool = True
    hits: int = 0
    # Wall clock; of a lock.
    until: float | None = None
    # Of a late answer that has been late already.
    paused: bool = False
    release: str | None = None

    @property
    def spent(self) -> bool:
        return bool(self.times) and self.hits >= self.times

    def meant(self, call: str, names: Iterable[str]) -> bool:
        """This call, of an application with these names and ids?"""
        if self.kind in STATE or self.kind in START or self.spent:
            return False
        if call not in _CALLS.get(self.call, {self.call.replace("-", "_")}):
            return False
        return self.application is None or self.application in names


class BadFault(ValueError):
    """No such fault."""


# The fault that the request under way has met.
met: ContextVar[Fault | None] = ContextVar("met", default=None)


def path(root: Path) -> Path:
    return root / "logs" / "run" / "faults.json"


def listed(root: Path) -> list[Fault]:
    try:
        return [Fault(**one) for one in json.loads(path(root).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []


@contextmanager
def _changing(root: Path) -> Iterator[list[Fault]]:
    file = path(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    with (file.parent / "faults.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rules = listed(root)
        yield rules
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps([asdict(rule) for rule in rules]), encoding="utf-8")
        temporary.replace(file)


def add(
    root: Path,
    kind: str,
    *,
    application: str | None = None,
    call: str = "deploy",
    times: int = 1,
    skip: int = 0,
    seconds: float | None = None,
    status: int = 502,
    done: bool = True,
    release: str | None = None,
) -> int:
    """The number of a new rule; BadFault says what is wrong with it."""
    if kind not in KINDS:
        raise BadFault(f"{kind}: no such fault (there are: {', '.join(KINDS)})")
    if kind in DEPLOYMENT and call not in ("deploy", "discard", "pull"):
        raise BadFault(f"{kind} happens to deployments only (call: deploy, discard or pull)")
    if kind in STATE and application is None:
        raise BadFault(f"{kind} needs an application")
    if kind == "checkpoint":
        times = 0
    if release is not None:
        release = _release_name(release)
    elif kind == "checkpoint":
        raise BadFault("checkpoint needs a release")
    if kind == "view-lost":
        _lose_view(root, str(application))
    until = None if seconds is None or kind != "locked" else time.time() + seconds
    with _changing(root) as rules:
        number = 1 + max((rule.number for rule in rules), default=0)
        rule = Fault(number, kind, application, call, times, skip, seconds, status, done, until=until, release=release)
        rule.hits = 1 if kind == "view-lost" else 0
        rules.append(rule)
    return number


def remove(root: Path, number: int | None = None) -> None:
    """One rule, or all; what it holds up goes on."""
    if path(root).exists():
        with _changing(root) as rules:
            rules[:] = [rule for rule in rules if number is not None and rule.number != number]


def hits(root: Path, number: int) -> int:
    return next((rule.hits for rule in listed(root) if rule.number == number), 0)


def wait(root: Path, number: int, times: int = 1, patience: float = 60.0) -> None:
    """Until the rule has been met; TimeoutError when it is not."""
    deadline = time.monotonic() + patience
    while hits(root, number) < times:
        if time.monotonic() >= deadline:
            raise TimeoutError(f"fault {number} was not met within {patience:.0f} s")
        time.sleep(0.01)


def _release_name(name: str) -> str:
    from .releases import UnknownRelease, release

    try:
        return release(name).name
    except UnknownRelease as error:
        raise BadFault(str(error)) from error


def _lose_view(root: Path, application: str) -> None:
    from .process import store_path

    store = Store(store_path(root))
    try:
        with store.tx():
            found = [app for app in store.find("applications") if application in names_of(app)]
            if not found:
                raise BadFault(f"{application}: no such application here")
            for app in found:
                store.update("applications", app["id"], pages={**app["pages"], "published": []})
    finally:
        store.close()


def names_of(app: dict[str, object]) -> set[str]:
    return {str(app["name"]), str(app["id"]), str(app["baseId"])}


# In the process of the instance ---------------------------------------------------------------------------------------


def take(root: Path, call: str, app: dict[str, object] | None) -> Fault | None:
    """The fault that this call meets. Costs a stat as long as there are no rules."""
    if not path(root).exists():
        return None
    names = names_of(app) if app else set()
    with _changing(root) as rules:
        for rule in rules:
            if rule.meant(call, names):
                if rule.skip:
                    rule.skip -= 1
                    return None
                rule.hits += 1
                return rule
    return None


def take_start(root: Path, release: str, *, migrates: bool | None) -> Fault | None:
    """What a start of this release meets. migrates None: before the state is looked at."""
    if not path(root).exists():
        return None
    with _changing(root) as rules:
        for rule in rules:
            early = rule.kind == "container-ends"
            if rule.kind not in START or rule.kind == "checkpoint" or rule.spent or early != (migrates is None):
                continue
            if rule.release not in (None, release) or (rule.kind in _MIGRATIONS and not migrates):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.hits += 1
            return rule
    return None


def checkpoints(root: Path) -> list[str]:
    """Releases that have to be passed."""
    return [str(rule.release) for rule in listed(root) if rule.kind == "checkpoint"]


def is_met(*kinds: str) -> bool:
    fault = met.get()
    return fault is not None and fault.kind in kinds


def pause(root: Path) -> None:
    """Where the work of a late answer is under way."""
    fault = met.get()
    if fault is None or fault.kind != "late" or fault.paused:
        return
    fault.paused = True
    deadline = None if fault.seconds is None else time.monotonic() + fault.seconds
    while (deadline is None or time.monotonic() < deadline) and hits(root, fault.number):
        time.sleep(0.01)


def holder(root: Path, app: dict[str, object] | None, life: float) -> str | None:
    """What somebody else is doing with the application; None: nothing. A leaked lock lives from when it is met."""
    if app is None or not path(root).exists():
        return None
    now, names, found = time.time(), names_of(app), None
    with _changing(root) as rules:
        for rule in rules:
            if rule.kind not in ("locked", "lock-leaked") or rule.application not in names:
                continue
            if rule.until is None and rule.kind == "lock-leaked":
                rule.until = now + life
            if rule.until is None or rule.until > now:
                rule.hits += 1
                found = "pull" if rule.kind == "lock-leaked" else "commit"
    return found


def free(root: Path, app: dict[str, object] | None) -> None:
    """What ends a leaked lock before its time (a discard that waited in vain)."""
    if app is not None and any(rule.kind == "lock-leaked" for rule in listed(root)):
        with _changing(root) as rules:
            names = names_of(app)
            rules[:] = [rule for rule in rules if rule.kind != "lock-leaked" or rule.application not in names]


def kill(root: Path, app: dict[str, object]) -> None:
    """The end of this process. The lock of what it was doing is in Redis, which lives on."""
    add(root, "lock-leaked", application=str(app["baseId"]))
    os.kill(os.getpid(), signal.SIGKILL)
