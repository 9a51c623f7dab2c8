# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One point of the campaign: kill, keep the wreck, and try every answer on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chaos_world import HOSTS, NEW, SIDES, Failed, Run, Was, World
from points import Point


@dataclass
class Outcome:
    point: Point
    # answer -> the state that it ended in.
    ended: dict[str, str] = field(default_factory=dict)
    # answer -> why it doesn't count as survived.
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def survived(self) -> bool:
        return not self.failed


def survive(world: World, point: Point) -> Outcome:
    outcome, begun = Outcome(point), time.monotonic()
    world.label = point.name
    try:
        begin(world, point)
        kill(world, point)
    except Failed as error:
        outcome.failed["kill"] = str(error)
    else:
        if len(point.answers) > 1:
            world.save("wreck")
        for number, answer in enumerate(point.answers):
            world.label = f"{point.name}-{answer}"
            try:
                if number:
                    world.put_back("wreck")
                outcome.ended[answer] = ANSWERS[answer](world, point)
            except Failed as error:
                outcome.failed[answer] = str(error)
    outcome.seconds = time.monotonic() - begun
    return outcome


def begin(world: World, point: Point) -> None:
    """The state from which the point starts; the later ones are made when they are first asked for."""
    for name, before, limit in (("staged", "base", ("--limit", HOSTS["staging"])), ("upgraded", "staged", ())):
        if name in world.saved or point.begin not in (name, "upgraded"):
            continue
        world.put_back(before)
        world.need(world.play("upgrade", "-e", f"appsmith_version={NEW}", *limit))
        world.save(name, look=True)
    world.put_back(point.begin)


def kill(world: World, point: Point) -> Run:
    places = {
        "backups": world.stage.root / "backups",
        "repositories": world.repositories,
        **{side: world.root(side) for side in SIDES},
    }
    if point.playbook == "restore":
        # So that what came after the backup can be seen to be gone.
        made = world.module(point.side, "workspace", name="Made after the backup")
        check([str(made.get("msg"))] if made.get("failed") else [])
    for side, kind, options in point.faults:
        world.fault(side, kind, **options)
    run = world.play(
        point.playbook,
        *command(world, point),
        *point.arguments,
        point={
            "task": point.task,
            "host": HOSTS[point.side],
            "nth": point.nth,
            "moment": point.moment,
            "seconds": point.seconds,
            "files": [one.format(**places) for one in point.files],
            "absent": [one.format(**places) for one in point.absent],
            "written": [one.format(**places) for one in point.written],
            "instances": [str(world.facts_path(side)) for side in point.instances],
            "alone": point.alone,
        },
    )
    world.no_faults()
    if not run.killed:
        raise Failed(f"{point.playbook} was not killed: it ended with {run.code} ({run.log})")
    return run


def command(world: World, point: Point, playbook: str = "") -> list[str]:
    """The arguments of a playbook, the same for what is killed and for what ends it."""
    playbook = playbook or point.playbook
    if playbook == "upgrade":
        whole = [] if point.whole else ["--limit", HOSTS[point.side], "--skip-tags", "backup"]
        return ["-e", f"appsmith_version={point.target}", *whole]
    if playbook == "restore":
        return ["-e", f"restore_backup={world.backup_names(point.side)[0]}", "--limit", HOSTS[point.side]]
    # What came after an upgrade that was finished may be lost.
    finished = point.begin == "upgraded" or (point.begin == "staged" and "staging" in point.back)
    confirmed = ["-e", "rollback_confirm=true"] if finished else []
    return ["--limit", ",".join(HOSTS[side] for side in point.back), *confirmed]


# -- what ends it ------------------------------------------------------------------------------------------------------
def by_upgrade(world: World, point: Point) -> str:
    """The same command again, and what then has to be so."""
    was = world.was["base"]
    moved = SIDES if point.whole else (point.side,)
    world.need(world.play("upgrade", *command(world, point, "upgrade")))
    releases = {**world.was[point.begin].releases, **dict.fromkeys(moved, point.target)}
    check(
        _releases(world, releases),
        world.same_by_manifest(was),
        world.nothing_lost(was),
        world.smoke(),
        world.dirty(),
        # Between the two upgrades the skew gate holds it.
        world.refused_promotion() if len(set(releases.values())) == 1 else [],
        world.leftovers(),
    )
    if point.twice:
        again = world.need(world.play("upgrade", *command(world, point, "upgrade")))
        check([f"a further upgrade changed {again.changed} things ({again.log})"] if again.changed else [])
    return _shown(world)


def by_rollback(world: World, point: Point) -> str:
    """One command, no questions before the upgrade had ended; who goes back is as it was, document by document."""
    was = world.was["base"]
    releases = {**world.was[point.begin].releases, **world.releases()}
    world.need(world.play("rollback", *command(world, point, "rollback")))
    check(
        _releases(world, {**releases, **{side: was.releases[side] for side in point.back}}),
        world.same_by_manifest(was),
        *(world.as_before(side, was) for side in point.back),
        world.nothing_lost(was),
        world.smoke(),
        world.leftovers(store=False),
    )
    return _shown(world)


def by_restore(world: World, point: Point) -> str:
    """The same backup again: as it was when that was taken."""
    was = world.was[point.begin]
    world.need(world.play("restore", *command(world, point, "restore")))
    check(
        _releases(world, was.releases),
        world.same_by_manifest(was),
        *(world.as_before(side, was) for side in SIDES),
        world.nothing_lost(was),
        world.smoke(),
        world.leftovers(store=False),
    )
    return _shown(world)


ANSWERS: dict[str, Callable[[World, Point], str]] = {
    "upgrade": by_upgrade,
    "rollback": by_rollback,
    "restore": by_restore,
}


def check(*said: list[str]) -> None:
    found = [one for part in said for one in part]
    if found:
        more = f" (and {len(found) - 4} more)" if len(found) > 4 else ""
        raise Failed("; ".join(found[:4]) + more)


def _releases(world: World, wanted: dict[str, str]) -> list[str]:
    now = world.releases()
    return [f"{side} runs {now[side] or 'nothing'}, not {wanted[side]}" for side in SIDES if now[side] != wanted[side]]


def _shown(world: World) -> str:
    return ", ".join(f"{side} {release}" for side, release in world.releases().items())


__all__ = ["Outcome", "Was", "survive"]
