# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after an upgrade, with many applications: the sweep of both sides, a second run of it, and the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from contest import Ring, Run


@dataclass(frozen=True)
class Course:
    """Applications, all of which an upgrade has left dirty; rounds of each work, and of those that take long."""

    scale: float
    applications: int
    rounds: int
    long: int


FULL = Course(1.0, 200, 3, 1)
QUICK = Course(0.05, 8, 1, 1)
# Each work: what it is called, and whether its applications are dirty, and have new commits at the remote.
WORKS = {
    "sweep_commit": ("sweep of staging: every application is committed and pushed", True, False),
    "sweep_discard": ("sweep of production: every application is brought in and discarded", True, True),
    "sweep_clean": ("the sweep once more: nothing is left to do", False, False),
    "verify": ("tests: every published page of every application is loaded", False, False),
}
LIMIT = 1.25
TEMPLATE = Path(__file__).with_name("upgrade.md.in")


@dataclass
class Results:
    course: Course
    ours: dict[str, list[Run]] = field(default_factory=dict)
    floor: dict[str, list[Run]] = field(default_factory=dict)


def measure(ring: Ring, course: Course, say: Callable[[str], None]) -> Results:
    """The same instance for both, one after the other, and the other way round in the next round."""
    results = Results(course, {work: [] for work in WORKS}, {work: [] for work in WORKS})
    count = course.applications
    tests = [{"application": f"application-{number:04}"} for number in range(count)]
    for work, (_name, dirty, incoming) in WORKS.items():
        urls = ring.standin.open(1, count, course.scale)
        for number in range(course.long if dirty else course.rounds):
            order = (work, f"floor_{work}") if number % 2 == 0 else (f"floor_{work}", work)
            for who in order:
                done = ring.run(
                    who,
                    urls,
                    changed=count if incoming else 0,
                    migrated=count if dirty else 0,
                    variables={"bench_tests": tests} if work == "verify" else None,
                )
                (results.ours if who == work else results.floor)[work].append(done)
                say(f"{who:20} {count} applications: {done.whole:6.2f} s, without start {done.work:6.2f} s")
    return results


def _middle(runs: list[Run], part: str = "work") -> float:
    return float(median(getattr(run, part) for run in runs))


def figures(results: Results) -> dict[str, Any]:
    """The ratios by name, without the start of Ansible and of Python; conflicts of all runs."""
    count = results.course.applications
    found: dict[str, Any] = {
        f"ratio_{work}_{count}": round(_middle(results.ours[work]) / _middle(results.floor[work]), 2) for work in WORKS
    }
    runs = [run for some in (*results.ours.values(), *results.floor.values()) for run in some]
    found["conflicts_after_upgrade"] = sum(report["conflicts"] for run in runs for report in run.reports)
    return found


HEAD = ("work", "whole s", "work s", "floor, work s", "ratio", "wanted", "calls", "floor, calls", "CPU s", "runs")


def rows(results: Results, found: dict[str, Any]) -> list[tuple[str, ...]]:
    made = []
    for work, (name, _dirty, _incoming) in WORKS.items():
        ours, floor = results.ours[work], results.floor[work]
        ratio = found[f"ratio_{work}_{results.course.applications}"]
        made.append(
            (
                name,
                f"{_middle(ours, 'whole'):.2f}",
                f"{_middle(ours):.2f}",
                f"{_middle(floor):.2f}",
                f"{ratio:g}",
                f"at most {LIMIT:g}, {'reached' if ratio <= LIMIT else '**not reached**'}",
                str(ours[-1].calls),
                str(floor[-1].calls),
                f"{_middle(ours, 'cpu'):.1f}",
                str(len(ours)),
            )
        )
    return made


def section(results: Results, table: Callable[[tuple[str, ...], list[tuple[str, ...]]], str], machine: str) -> str:
    """For docs/benchmarks.md; it is kept there when only the other case is measured."""
    found = figures(results)
    text = TEMPLATE.read_text(encoding="utf-8").format(
        applications=results.course.applications,
        table=table(HEAD, rows(results, found)),
        conflicts=found["conflicts_after_upgrade"],
        scale=results.course.scale,
        machine=machine,
    )
    return text.strip("\n")
