# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kill campaign: an upgrade of a pair of instances is killed at each of its steps in turn, and has to be finished
or taken back by one command, with everything that was there before."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from campaign import Outcome, survive
from chaos_world import Failed, World
from points import POINTS, Point

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
RESULTS = Path(__file__).resolve().parents[2] / ".cache" / "chaos.json"
_TABLE = re.compile(r"(<!-- campaign: .*?-->\n).*?(<!-- end -->)", re.DOTALL)

_world: World | None = None
# Why there is none.
_problem = ""


# -- in a process of its own, each with a pair of instances of its own -------------------------------------------------
def prepare(folder: Path) -> None:
    global _world
    _world = World(folder / f"world-{os.getpid()}")


def one(point: Point) -> Outcome:
    global _problem
    assert _world is not None
    if not _world.saved and not _problem:
        try:
            _world.start()
        except (Failed, RuntimeError, OSError) as error:
            _problem = str(error)
    try:
        return Outcome(point, failed={"begin": _problem}) if _problem else survive(_world, point)
    except Exception as error:
        # A fault of the campaign's own is no survival, and no reason not to try the others.
        return Outcome(point, failed={"campaign": f"{type(error).__name__}: {error}"})


def end(folder: Path) -> None:
    """What the processes have started, also those that are gone."""
    for place in folder.glob("world-*"):
        World(place).stop()


# -- what is shown -----------------------------------------------------------------------------------------------------
def line(outcome: Outcome) -> str:
    how = [f"{answer}: {state}" for answer, state in outcome.ended.items()]
    how += [f"{answer} FAILED: {reason}" for answer, reason in outcome.failed.items()]
    word = "survived" if outcome.survived else "FAILED  "
    return f"{word} {outcome.point.name:<18} killed {outcome.point.when}; {'; '.join(how)} ({outcome.seconds:.0f} s)"


def table(outcomes: Iterable[Outcome]) -> str:
    said = {name: f"`{name}.yml`" for name in ("upgrade", "rollback", "restore")}
    rows = ["| Point | Killed | Ended by |", "|---|---|---|"]
    found = {one.point.name: one for one in outcomes}
    for point in POINTS:
        killed = f"{point.when} (`{point.playbook}.yml`, task `{point.task}`)"
        if point.instances:
            killed += f"; with it the instance of {' and '.join(point.instances)}"
        if point.alone:
            killed += "; only `ansible-playbook`: its module worked on"
        outcome = found.get(point.name) or Outcome(point)
        cells = [f"{said[answer]}: {state}" for answer, state in outcome.ended.items()]
        cells += [f"**{said.get(answer, answer)} failed**" for answer in outcome.failed]
        rows.append(f"| {point.name} | {killed} | {'<br>'.join(cells) or 'not run yet'} |")
    return "\n".join(rows) + "\n"


def remembered(outcomes: list[Outcome], *, anew: bool) -> list[Outcome]:
    """With what earlier runs found of the other points, unless it is a campaign of its own."""
    before = [] if anew or not RESULTS.exists() else json.loads(RESULTS.read_text(encoding="utf-8"))
    own = {one.point.name for one in outcomes}
    points = {point.name: point for point in POINTS}
    known = [
        Outcome(points[one["point"]], ended=one["ended"], failed=one["failed"], seconds=one["seconds"])
        for one in before
        if one["point"] in points and one["point"] not in own
    ]
    together = [*known, *outcomes]
    kept = [
        {"point": one.point.name, "ended": one.ended, "failed": one.failed, "seconds": one.seconds} for one in together
    ]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return together


def write(outcomes: list[Outcome]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(
        _TABLE.sub(lambda found: f"{found[1]}\n{table(outcomes)}\n{summary(outcomes)}\n{found[2]}", text),
        encoding="utf-8",
    )


def summary(outcomes: list[Outcome]) -> str:
    survived = sum(one.survived for one in outcomes)
    return f"{survived} survived, {len(outcomes) - survived} failed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="POINT", help="this one (may be given several times)")
    parser.add_argument("--list", action="store_true", help="name the points")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="worlds side by side")
    parser.add_argument("--record", action="store_true", help="with --only too, write the table of docs/reliability.md")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs, also without a failure")
    arguments = parser.parse_args()
    if arguments.list:
        for point in POINTS:
            print(f"{point.name:<18} killed {point.when}; then {', '.join(point.answers)}")
        return 0
    known = {point.name: point for point in POINTS}
    if unknown := set(arguments.only or ()) - set(known):
        parser.error(f"no such point: {', '.join(sorted(unknown))}")
    chosen = [known[name] for name in arguments.only] if arguments.only else list(POINTS)
    folder = Path(tempfile.mkdtemp(prefix="appsmith-chaos-"))
    begun = time.monotonic()
    outcomes: list[Outcome] = []
    jobs = min(arguments.jobs, len(chosen))
    try:
        with ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), initializer=prepare, initargs=(folder,)
        ) as pool:
            for done in as_completed([pool.submit(one, point) for point in chosen]):
                outcomes.append(done.result())
                print(line(outcomes[-1]), flush=True)
                # At once: a campaign that is broken off leaves what it has found.
                if arguments.record or not arguments.only:
                    write(remembered(outcomes, anew=not arguments.only))
    finally:
        end(folder)
        failed = not outcomes or not all(one.survived for one in outcomes)
        if failed or arguments.keep:
            print(f"\nThe output of every playbook: {folder}/world-*/logs")
        else:
            shutil.rmtree(folder)
    print(f"\n{len(chosen)} points in {(time.monotonic() - begun) / 60:.1f} minutes")
    print(summary(outcomes))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
