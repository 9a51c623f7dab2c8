# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the campaign kills: a task of a host, a moment in it, and what is killed beside the playbook."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

STAGING, PRODUCTION = "staging", "production"
BOTH = (STAGING, PRODUCTION)


@dataclass(frozen=True)
class Point:
    name: str
    # For people, after "killed".
    when: str
    task: str
    side: str
    # The so-manieth time that the task starts on the host.
    nth: int = 1
    # start: before it does anything; after: it is done; during: after `seconds`, with `files` there and `absent` not.
    moment: str = "start"
    seconds: float = 0.0
    # Patterns of paths, with {backups}, {repositories}, {staging}, {production}. What was there before doesn't count.
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    # Files that have to have been written to since the task began.
    written: tuple[str, ...] = ()
    # Instances whose process is killed with it.
    instances: tuple[str, ...] = ()
    # Only ansible-playbook: what it started works on.
    alone: bool = False
    playbook: str = "upgrade"
    arguments: tuple[str, ...] = ()
    # State of the world before: base (both old), staged (staging new), upgraded (both new).
    begin: str = "base"
    # Both hosts in one run, as one does it; else only the side that is meant, without the hot backup before.
    whole: bool = False
    target: str = "v1.91"
    # (side, kind, options) at the sandbox's fault door, until the kill.
    faults: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    # What ends it, each from the same wreck: upgrade, rollback, restore.
    answers: tuple[str, ...] = ("upgrade",)
    # Whether it is looked that one upgrade more changes nothing.
    twice: bool = False
    # Who goes back with the rollback.
    back: tuple[str, ...] = (STAGING,)


STOP, START, TAKE = "Stop the instance", "Start the instance", "Take a backup and prove it"
TEST, BACK, WRITE = "Run the smoke tests", "Put the backup in place", "Write down that the upgrade is finished"
COMMIT, DISCARD = "Commit what the migration left", "Throw away what the migration left"
PART, ARCHIVE, MANIFEST = "{backups}/*/.*.part", "{backups}/*/*.tar.gz.gpg", "{backups}/*/*.json"
UP_OR_BACK = ("upgrade", "rollback")
IMPOSSIBLE = ("-e", '{"upgrade_smoke_tests": [{"application": "orders", "pages": ["A page that nobody made"]}]}')
SLOW = ((STAGING, "slow-migration", {"seconds": 30.0}),)


def on_production(point: Point, when: str, **changed: Any) -> Point:
    """The same on the other side, once staging is done."""
    files = {name: tuple(one.replace("{staging}", "{production}") for one in getattr(point, name)) for name in _PATHS}
    side: dict[str, Any] = {"side": PRODUCTION, "back": (PRODUCTION,), "begin": "staged", "twice": False}
    return replace(point, **{"name": f"production-{point.name}", "when": when, **side, **files, **changed})


_PATHS = ("files", "absent", "written")
COLD = Point(
    "cold-backup", "in the middle of staging's cold backup", TAKE, STAGING, moment="during", files=(PART,),
    answers=UP_OR_BACK,
)  # fmt: skip
START_NEW = Point("start-new", "before the new release starts on staging", START, STAGING, answers=UP_OR_BACK)
PUT_BACK = Point(
    "put-back", "while staging is put back, since its tests failed", BACK, STAGING, moment="during",
    files=("{staging}/.stagecraft-restore/new/*",), arguments=IMPOSSIBLE, answers=UP_OR_BACK,
)  # fmt: skip

# Those that take longest come first.
POINTS: tuple[Point, ...] = (
    Point("stopped", "when staging is stopped, before it is backed up", STOP, STAGING, moment="after", whole=True,
          answers=UP_OR_BACK, twice=True),
    Point("between-hops", "between two hops of staging", START, STAGING, nth=2, target="v2.0", answers=UP_OR_BACK),
    Point("rollback", "when the rollback has put staging's database aside", BACK, STAGING, moment="during",
          files=("{staging}/.stagecraft-restore/before/*",), playbook="rollback", begin="staged", answers=UP_OR_BACK),
    Point("rollback-start", "before a rollback of both starts the old release", START, PRODUCTION, playbook="rollback",
          begin="upgraded", whole=True, answers=("rollback",), back=BOTH),
    # -- before anything is moved
    Point("preflight", "while both are looked at", "Plan the way", STAGING, whole=True),
    Point("hot-backup", "in the middle of the hot backups", TAKE, PRODUCTION, moment="during", files=(PART,),
          whole=True),
    # -- staging
    COLD,
    Point("no-manifest", "when staging's cold backup is there, but not its manifest", TAKE, STAGING, moment="during",
          files=(ARCHIVE,), absent=(MANIFEST,), answers=UP_OR_BACK),
    Point("backed-up", "when staging's cold backup is done", TAKE, STAGING, moment="after", answers=UP_OR_BACK),
    START_NEW,
    Point("migrating", "in the middle of staging's migration", START, STAGING, moment="after", instances=(STAGING,),
          faults=SLOW, answers=UP_OR_BACK),
    Point("migrates-on", "in the middle of staging's migration, which goes on", START, STAGING, moment="after",
          alone=True, faults=SLOW),
    Point("testing", "while staging is tested", TEST, STAGING, moment="during", seconds=0.1, answers=UP_OR_BACK),
    PUT_BACK,
    Point("tested", "when staging has passed, before the sweep", COMMIT, STAGING, answers=UP_OR_BACK),
    Point("sweeping", "between the sweep's two commits", COMMIT, STAGING, moment="during",
          written=("{repositories}/acme/orders.git/refs/heads/staging",),
          faults=((STAGING, "late", {"application": "support-desk", "call": "commit"}),), twice=True),
    Point("not-finished", "before staging's upgrade is written down as finished", WRITE, STAGING, answers=UP_OR_BACK),
    # -- between the two, and production
    Point("gate", "at the gate between the two", "Find out whether somebody has to be asked", PRODUCTION,
          begin="staged", whole=True, answers=UP_OR_BACK),
    on_production(COLD, "in the middle of production's cold backup, which goes on", alone=True, answers=("upgrade",)),
    on_production(START_NEW, "before the new release starts on production", whole=True,
                  answers=("rollback",)),
    on_production(PUT_BACK, "while production is put back, since its tests failed"),
    Point("deploying", "in the middle of the sweep on production", DISCARD, PRODUCTION, moment="during", seconds=0.4,
          begin="staged", faults=((PRODUCTION, "late", {"application": "support-desk", "call": "discard"}),)),
    Point("production-not-finished", "before production's upgrade is written down as finished", WRITE, PRODUCTION,
          begin="staged", answers=UP_OR_BACK, back=(PRODUCTION,)),
    # -- restores
    Point("restore", "while the database is restored from a hot backup", "Restore the database", PRODUCTION,
          moment="during", seconds=0.3, playbook="restore", answers=("restore",)),
    Point("restore-confirm", "before a restore is confirmed", "Confirm the restore", PRODUCTION, playbook="restore",
          answers=("restore",)),
)  # fmt: skip
