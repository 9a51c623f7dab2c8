# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the campaign kills: a task of a host, a moment in it, and what is killed beside the playbook."""

from __future__ import annotations

from dataclasses import dataclass
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
    # In the folder of the world: {backups}, {staging}, {production}. What was there before doesn't count.
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
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
    # Who goes back with the rollback.
    back: tuple[str, ...] = (STAGING,)


IMPOSSIBLE = '{"upgrade_smoke_tests": [{"application": "orders", "pages": ["A page that nobody made"]}]}'

POINTS: tuple[Point, ...] = (
    Point("preflight", "while all are looked at", "Plan the way", STAGING),
    Point(
        "hot-backup", "in the middle of the hot backup", "Take a backup and prove it", STAGING, moment="during",
        seconds=0.4,
    ),
    Point("stopped", "after staging was stopped", "Stop the instance", STAGING, moment="after"),
    Point("start-new", "before the new release starts on staging", "Start the instance", STAGING,
          answers=("upgrade", "rollback")),
    Point("migrating", "while staging migrates", "Wait until the instance is ready", STAGING, nth=3, moment="during",
          seconds=0.1, instances=(STAGING,), answers=("upgrade", "rollback")),
    Point("verifying", "while staging is tested", "Run the smoke tests", STAGING, moment="during", seconds=0.1,
          answers=("upgrade", "rollback")),
    Point("put-back", "while staging is put back after a failed test", "Restore the archive", STAGING,
          moment="during", seconds=0.2, arguments=("-e", IMPOSSIBLE), answers=("upgrade", "rollback")),
    Point("rollback", "in the middle of a rollback", "Restore the archive", PRODUCTION, moment="during", seconds=0.2,
          playbook="rollback", begin="upgraded", answers=("upgrade", "rollback"), back=BOTH),
)  # fmt: skip
