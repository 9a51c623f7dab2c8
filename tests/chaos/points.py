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
    # State of the world before: base (both old), upgraded (both new).
    begin: str = "base"
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
TEST, BACK = "Run the smoke tests", "Put the backup in place"
PART, ARCHIVE, MANIFEST = "{backups}/*/.*.part", "{backups}/*/*.tar.gz.gpg", "{backups}/*/*.json"
UP_OR_BACK = ("upgrade", "rollback")
IMPOSSIBLE = ("-e", '{"upgrade_smoke_tests": [{"application": "orders", "pages": ["A page that nobody made"]}]}')


def of_production(point: Point, when: str, **changed: Any) -> Point:
    """The same on the other side."""
    files = {
        name: tuple(one.replace("{staging}", "{production}") for one in getattr(point, name))
        for name in ("files", "absent", "written")
    }
    instances = tuple(PRODUCTION for _one in point.instances)
    back = {"side": PRODUCTION, "back": (PRODUCTION,), "instances": instances}
    return replace(point, **{"name": f"production-{point.name}", "when": when, **back, **files, **changed})


STOPPED = Point(
    "stopped", "when staging is stopped, before it is backed up", STOP, STAGING, moment="after",
    answers=UP_OR_BACK, twice=True,
)  # fmt: skip
COLD = Point(
    "cold-backup", "in the middle of staging's cold backup", TAKE, STAGING, nth=2, moment="during", files=(PART,),
    answers=UP_OR_BACK,
)  # fmt: skip
START_NEW = Point(
    "start-new", "before the new release starts on staging", START, STAGING, answers=UP_OR_BACK
)  # fmt: skip
VERIFYING = Point(
    "verifying", "while staging is tested", TEST, STAGING, moment="during", seconds=0.1, answers=UP_OR_BACK
)  # fmt: skip
FINISHED = Point(
    "not-finished", "before staging's upgrade is written down as finished", "Write down that the upgrade is finished",
    STAGING, answers=UP_OR_BACK, twice=True,
)  # fmt: skip
PUT_BACK = Point(
    "put-back", "while staging is put back, since its tests failed", BACK, STAGING, moment="during",
    files=("{staging}/.stagecraft-restore/new/*",), arguments=IMPOSSIBLE, answers=UP_OR_BACK,
)  # fmt: skip

POINTS: tuple[Point, ...] = (
    # -- an upgrade, before anything is moved
    Point("preflight", "while both are looked at", "Plan the way", STAGING),
    Point("hot-backup", "in the middle of the hot backups", TAKE, PRODUCTION, moment="during", files=(PART,)),
    # -- staging
    STOPPED,
    COLD,
    Point("no-manifest", "when staging's cold backup is there, but not its manifest", TAKE, STAGING, nth=2,
          moment="during", files=(ARCHIVE,), absent=(MANIFEST,), answers=UP_OR_BACK),
    Point("backed-up", "when staging's cold backup is done", TAKE, STAGING, nth=2, moment="after", answers=UP_OR_BACK),
    START_NEW,
    Point("migrating", "in the middle of staging's migration", START, STAGING, moment="after", instances=(STAGING,),
          faults=((STAGING, "slow-migration", {"seconds": 8.0}),), answers=UP_OR_BACK),
    Point("migrates-on", "in the middle of staging's migration, which goes on", START, STAGING, moment="after",
          alone=True, twice=True, faults=((STAGING, "slow-migration", {"seconds": 8.0}),)),
    Point("between-hops", "between two hops of staging", START, STAGING, nth=2, target="v2.0", answers=UP_OR_BACK),
    VERIFYING,
    Point("tested", "when staging has passed, before the sweep", "Commit what the migration left", STAGING,
          answers=UP_OR_BACK),
    Point("sweeping", "between the sweep's two commits", "Commit what the migration left", STAGING, moment="during",
          written=("{repositories}/acme/orders.git/refs/heads/staging",),
          faults=((STAGING, "late", {"application": "support-desk", "call": "commit"}),), twice=True),
    FINISHED,
    PUT_BACK,
    # -- between the two, and production
    Point("gate", "at the gate between the two", "Find out whether somebody has to be asked", PRODUCTION,
          answers=UP_OR_BACK),
    of_production(STOPPED, "when production is stopped, before it is backed up"),
    of_production(COLD, "in the middle of production's cold backup, which goes on", alone=True, answers=("upgrade",)),
    of_production(START_NEW, "before the new release starts on production"),
    of_production(VERIFYING, "while production is tested"),
    Point("deploying", "between the sweep's two discards on production", "Throw away what the migration left",
          PRODUCTION, moment="during", seconds=0.4,
          faults=((PRODUCTION, "late", {"application": "support-desk", "call": "discard"}),)),
    of_production(FINISHED, "before production's upgrade is written down as finished", back=BOTH),
    of_production(PUT_BACK, "while production is put back, since its tests failed"),
    # -- ways back
    Point("rollback", "when the rollback has unpacked production's backup", BACK, PRODUCTION, moment="during",
          files=("{production}/.stagecraft-restore/before/*",), playbook="rollback", begin="upgraded",
          answers=UP_OR_BACK, back=BOTH, twice=True),
    Point("rollback-start", "before the rollback starts the old release", "Start the instance", STAGING,
          playbook="rollback", begin="upgraded", answers=UP_OR_BACK, back=BOTH),
    Point("restore", "while the database is restored from a hot backup", "Restore the database", PRODUCTION,
          moment="during", seconds=0.3, playbook="restore", answers=("restore",)),
    Point("restore-confirm", "before a restore is confirmed", "Confirm the restore", PRODUCTION, playbook="restore",
          answers=("restore", "upgrade")),
)  # fmt: skip
