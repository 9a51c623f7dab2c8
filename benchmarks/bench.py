# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: promotion by this collection, by a loop of ansible.builtin.uri, and by the floor, beside each other;
and what comes after an upgrade, beside its floor. With --case one of the two, whose part of the page is written anew.

Prints a table, writes docs/benchmarks.md (not with --quick), and ends with one line of JSON with every figure by name.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import upgrade
from contest import CHECKOUT, Failed, Ring, Run
from report import Machine, figures, markdown, page, plain_table, table, with_section


@dataclass(frozen=True)
class Size:
    """So many applications of which so many changed; rounds of all, and of the loop, which takes longest."""

    applications: int
    changed: int
    rounds: int
    loops: int


@dataclass(frozen=True)
class Course:
    """What is measured. The delays are multiplied by the scale."""

    scale: float
    sizes: tuple[Size, ...]
    # One size without the loop, for memory, and to see whether time grows with the number of applications alone.
    large: Size
    # Instances at once, with so many applications of which one changed.
    instances: int
    applications: int
    rounds: int


FULL = Course(1.0, (Size(16, 2, 3, 3), Size(100, 5, 3, 2)), Size(1000, 50, 1, 0), 20, 10, 3)
# Small enough for every test run: shows that the benchmark works, its times mean nothing.
QUICK = Course(0.05, (Size(6, 2, 1, 1),), Size(20, 3, 1, 0), 2, 2, 1)
OURS = ("playbook", "module", "as_module")
FLOORS = ("floor", "floor_trusting")


@dataclass
class Results:
    """All runs."""

    course: Course
    sizes: dict[int, dict[str, list[Run]]] = field(default_factory=dict)
    first: dict[int, dict[str, Run]] = field(default_factory=dict)
    large: Run | None = None
    check: dict[str, Run] = field(default_factory=dict)
    one: list[Run] = field(default_factory=list)
    many: list[Run] = field(default_factory=list)
    one_start: list[Run] = field(default_factory=list)
    many_start: list[Run] = field(default_factory=list)


def measure(ring: Ring, course: Course, say: Callable[[str], None]) -> Results:
    results = Results(course)

    def run(who: str, urls: list[str], **options: int | bool) -> Run:
        done = ring.run(who, urls, **options)  # type: ignore[arg-type]
        say(f"{who:17} {len(urls):2} x {options}: {done.whole:6.2f} s, without start {done.work:6.2f} s")
        return done

    def own(applications: int, instances: int = 1) -> list[str]:
        return ring.standin.open(instances, applications, course.scale)

    for size in course.sizes:
        results.sizes[size.applications] = _size(size, own, run, results)
    _check(course, own, run, results)
    large = course.large
    urls = own(large.applications)
    # What an earlier run has proven stands in the ledger, as every week.
    run("playbook", urls, changed=0)
    results.large = run("playbook", urls, changed=large.changed)
    one, many = own(course.applications), own(course.applications, course.instances)
    forks = course.instances
    for urls in (one, many):
        run("playbook", urls, changed=0, forks=forks)
    for _round in range(course.rounds):
        results.one.append(run("playbook", one, changed=1, forks=forks))
        results.many.append(run("playbook", many, changed=1, forks=forks))
        results.one_start.append(run("start", one, changed=0, forks=forks))
        results.many_start.append(run("start", many, changed=0, forks=forks))
    return results


def _size(size: Size, own: Callable[..., list[str]], run: Callable[..., Run], results: Results) -> dict[str, list[Run]]:
    """Each contestant has an instance of its own, so that none finds what another has done."""
    places = {who: own(size.applications) for who in (*OURS, *FLOORS, "uri", "empty")}
    # One application is half done as well, as a killed run leaves it: whoever has proven nothing yet must find it.
    results.first[size.applications] = {who: run(who, places[who], changed=size.changed, half_done=1) for who in OURS}
    runs: dict[str, list[Run]] = {who: [] for who in places}
    for number in range(size.rounds):
        order = [who for who in places if who != "uri" or number < size.loops]
        # Nobody always comes after the same one.
        for who in order[number:] + order[:number]:
            runs[who].append(run(who, places[who], changed=size.changed if who != "empty" else 0))
    return runs


def _check(course: Course, own: Callable[..., list[str]], run: Callable[..., Run], results: Results) -> None:
    """The two other courses of observed 32, with which the delays have to come out right."""
    size = course.sizes[0]
    for who in ("observed_discard", "observed_pull"):
        results.check[who] = run(who, own(size.applications), changed=size.changed)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a small course, as a test of the benchmark itself")
    parser.add_argument("--output", type=Path, help="where the page goes (docs/benchmarks.md; with --quick nowhere)")
    parser.add_argument("--case", choices=["all", "promotion", "upgrade"], default="all", help="what is measured")
    parser.add_argument("--collections", type=Path, default=CHECKOUT / ".cache" / "collections")
    given = parser.parse_args()
    course = QUICK if given.quick else FULL
    machine = Machine.look()
    if machine.load > 0.5 and not given.quick:
        print(
            f"Something else keeps this machine busy (load {machine.load:g}): the figures will suffer.", file=sys.stderr
        )
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    results: Results | None = None
    after: upgrade.Results | None = None
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ring = Ring(Path(folder), given.collections.resolve())
        try:
            if given.case != "upgrade":
                results = measure(ring, course, say)
            if given.case != "promotion":
                after = upgrade.measure(ring, upgrade.QUICK if given.quick else upgrade.FULL, say)
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            ring.close()
    output = given.output or (None if given.quick else CHECKOUT / "docs" / "benchmarks.md")
    text = output.read_text(encoding="utf-8") if output and output.exists() else ""
    found: dict[str, Any] = {}
    if results:
        found = figures(results, cores=os.cpu_count() or 1)
        print(table(results, found))
        text = page(results, found, machine, time.monotonic() - began, text)
    if after:
        ratios = upgrade.figures(after)
        found |= ratios
        print(plain_table(upgrade.HEAD, upgrade.rows(after, ratios)))
        text = with_section(text, upgrade.section(after, markdown, machine.line()))
    if output:
        output.write_text(text, encoding="utf-8")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
