# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, the table in the terminal, and docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from contest import CHECKOUT, Run
from delays import COSTS, IDLE, SHARED

if TYPE_CHECKING:
    from bench import Results

NAMES = {
    "playbook": "`stagecraft.appsmith.promote` (target side)",
    "module": "one task: `promotion`",
    "as_module": "`stagecraft.appsmith.promote`, `appsmith_in_process: false`",
    "uri": "loop of `ansible.builtin.uri` over pull",
    "floor": "floor: bare client, same promise",
    "floor_trusting": "floor that trusts: fetch and discard only",
    "empty": "empty playbook",
}
# Between these in the page is what upgrade.py writes.
BEGIN, END = "<!-- after an upgrade: begin -->", "<!-- after an upgrade: end -->"
TEMPLATE = Path(__file__).with_name("page.md.in")
# At most (1) or at least (-1) so much.
TARGETS: dict[str, tuple[int, float]] = {
    "ratio_to_floor_16": (1, 1.25),
    "times_faster_than_uri_16": (-1, 8),
    "ratio_to_floor_100": (1, 1.25),
    "times_faster_than_uri_100": (-1, 10),
    "ratio_per_app_1000_to_100": (1, 1.1),
    "peak_mb_1000": (1, 200),
    "ratio_20_instances": (1, 1.3),
}


def middle(runs: list[Run], part: str = "work") -> float:
    return float(median(getattr(run, part) for run in runs))


def figures(results: Results, cores: int) -> dict[str, Any]:
    """Everything by name. Times are without the start of Ansible and of Python, but for those that say whole."""
    found: dict[str, Any] = {}
    for count, runs in results.sizes.items():
        ours, floor = middle(runs["playbook"]), middle(runs["floor"])
        found[f"ratio_to_floor_{count}"] = ours / floor
        found[f"times_faster_than_uri_{count}"] = middle(runs["uri"]) / ours
        found[f"ratio_to_floor_{count}_module"] = middle(runs["module"]) / floor
        found[f"ratio_to_floor_{count}_whole"] = middle(runs["playbook"], "whole") / middle(runs["floor"], "whole")
        found[f"times_faster_than_uri_{count}_whole"] = middle(runs["uri"], "whole") / middle(runs["playbook"], "whole")
        found[f"ratio_to_trusting_floor_{count}"] = ours / middle(runs["floor_trusting"])
    last = list(results.sizes)[-1]
    large, count = results.large, results.course.large.applications
    assert large
    per_app = middle(results.sizes[last]["playbook"]) / last
    found[f"ratio_per_app_{count}_to_{last}"] = large.work / count / per_app
    found[f"peak_mb_{count}"] = large.largest_mb
    one, many = middle(results.one), middle(results.many)
    started = middle(results.many_start) - middle(results.one_start)
    found[f"ratio_{results.course.instances}_instances"] = many / one
    found[f"limit_{results.course.instances}_instances"] = (one + started) / one
    rounded: dict[str, Any] = {name: round(value, 2) for name, value in found.items()}
    rounded["calls"] = calls(results)
    rounded["scale"] = results.course.scale
    rounded["cores"] = cores
    return rounded


def calls(results: Results) -> dict[str, Any]:
    """What the playbook asked the first size's instance for, once an earlier run had proven everything."""
    (count, runs) = next(iter(results.sizes.items()))
    report = runs["playbook"][0].reports[0]
    by_app = report["calls_by_application"]
    of_apps: Counter[str] = Counter()
    kinds: dict[str, dict[str, int]] = {}
    for entry in by_app:
        made = {name: number for name, number in entry.items() if name != "applications"}
        kinds["changed" if "discard" in made else "unchanged"] = made
        for name, number in made.items():
            of_apps[name] += number * entry["applications"]
    once = {name: number - of_apps[name] for name, number in report["calls"].items() if number > of_apps[name]}
    totals = {who: some[-1].calls for who, some in runs.items() if who != "empty"}
    return {"applications": count, "once": once, **kinds, "in_all": totals, "conflicts": report["conflicts"]}


@dataclass(frozen=True)
class Machine:
    """What the figures were measured on; no names of hosts."""

    cores: int
    processor: str
    memory_gb: float
    load: float

    @classmethod
    def look(cls) -> Machine:
        cpu, memory = Path("/proc/cpuinfo"), Path("/proc/meminfo")
        named = re.search(r"model name\s*: (.*)", cpu.read_text()) if cpu.exists() else None
        size = re.search(r"MemTotal:\s*(\d+)", memory.read_text()) if memory.exists() else None
        return cls(
            os.cpu_count() or 1,
            named.group(1) if named else platform.machine(),
            round(int(size.group(1)) / 2**20, 1) if size else 0.0,
            round(os.getloadavg()[0], 2),
        )

    def line(self) -> str:
        release = re.search(r"^version: (.*)$", (CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"), re.M)
        return (
            f"{self.cores} cores ({self.processor}), {self.memory_gb:g} GB of memory, load before the run "
            f"{self.load:g}; {platform.system()}, Python {platform.python_version()}, "
            f"ansible-core {version('ansible-core')}, requests {version('requests')}, "
            f"stagecraft.appsmith {release.group(1) if release else ''}; {datetime.now(UTC):%Y-%m-%d}."
        )


def with_section(text: str, section: str) -> str:
    """The page with another part on what comes after an upgrade."""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        # No page yet: the part alone.
        return f"{BEGIN}\n{section}\n{END}\n"
    return f"{before}{begin}\n{section}\n{end}{after}"


def section_of(text: str) -> str:
    return text.partition(BEGIN)[2].partition(END)[0].strip("\n")


def _rows(results: Results) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for size in results.course.sizes:
        runs = results.sizes[size.applications]
        floor = middle(runs["floor"])
        for who, some in runs.items():
            rows.append(
                (
                    f"{size.applications} / {size.changed}",
                    NAMES[who],
                    f"{middle(some, 'whole'):.2f}",
                    f"{middle(some):.2f}",
                    "" if who == "empty" else f"{middle(some) / floor:.2f}",
                    f"{middle(some, 'cpu'):.2f}",
                    "" if who == "empty" else str(some[-1].calls),
                    str(len(some)),
                )
            )
        for who, run in results.first[size.applications].items():
            rows.append(
                (
                    f"{size.applications} / {size.changed + 1}",
                    f"{NAMES[who]}, first run, one half done",
                    f"{run.whole:.2f}",
                    f"{run.work:.2f}",
                    f"{run.work / floor:.2f}",
                    f"{run.cpu:.2f}",
                    str(run.calls),
                    "1",
                )
            )
    large = results.large
    assert large
    size = results.course.large
    rows.append(
        (
            f"{size.applications} / {size.changed}",
            NAMES["playbook"],
            f"{large.whole:.2f}",
            f"{large.work:.2f}",
            "",
            f"{large.cpu:.2f}",
            str(large.calls),
            "1",
        )
    )
    return rows


HEAD = ("apps / changed", "", "whole s", "work s", "to floor", "CPU s", "calls", "runs")


def markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows)]
    return "\n".join(lines)


def _verdicts(found: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for name, (sign, limit) in TARGETS.items():
        if name in found:
            reached = (limit - found[name]) * sign >= 0
            wanted = f"{'at most' if sign > 0 else 'at least'} {limit:g}"
            rows.append((f"`{name}`", f"{found[name]:g}", wanted, "reached" if reached else "**not reached**"))
    return rows


def plain_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    every = [tuple(re.sub("[`*]", "", cell) for cell in row) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in every)
    )


def table(results: Results, found: dict[str, Any]) -> str:
    """For the terminal."""
    verdicts = [" ".join(cell.replace("`", "").replace("*", "") for cell in row) for row in _verdicts(found)]
    return "\n".join([plain_table(HEAD, _rows(results)), "", *verdicts])


def _instances(results: Results, found: dict[str, Any]) -> str:
    count = results.course.instances
    one, many = middle(results.one), middle(results.many)
    one_start, many_start = middle(results.one_start), middle(results.many_start)
    cpu_one, cpu_many = middle(results.one, "cpu"), middle(results.many, "cpu")
    rows: list[tuple[str, ...]] = [
        ("promotion", f"{one:.2f}", f"{many:.2f}", f"{many / one:.2f}", f"{cpu_one:.1f}", f"{cpu_many:.1f}"),
        (
            "`ansible.builtin.ping`",
            f"{one_start:.2f}",
            f"{many_start:.2f}",
            f"{many_start / one_start:.2f}",
            f"{middle(results.one_start, 'cpu'):.1f}",
            f"{middle(results.many_start, 'cpu'):.1f}",
        ),
    ]
    head = ("", "1 instance, s", f"{count} instances, s", "ratio", "CPU s", f"CPU s, {count}")
    each = (cpu_many - cpu_one) / max(1, count - 1)
    limit = found[f"limit_{count}_instances"]
    text = (
        f"Each has {results.course.applications} applications of which one changed; {count} forks. The instances wait "
        f"side by side, so what is left is the processor time of the controller: {each:.2f} s for every further host. "
        f"A module that does nothing (`ansible.builtin.ping`) takes {many_start - one_start:.2f} s longer on {count} "
        f"hosts than on one: on {found['cores']} cores that alone makes {limit:g} times the time of one instance."
    )
    return f"{markdown(head, rows)}\n\n{text}"


def _tasks(results: Results) -> str:
    size = results.course.sizes[0].applications
    runs = results.sizes[size]["playbook"]
    rows = [
        (
            task["name"].split(" : ")[-1],
            f"`{task['action']}`",
            f"{median(run.tasks[index]['seconds'] for run in runs):.2f}",
        )
        for index, task in enumerate(runs[0].tasks)
    ]
    return markdown(("task", "action", "s"), rows)


def _plain(made: dict[str, int]) -> str:
    return ", ".join(f"{name}{f' x {number}' if number > 1 else ''}" for name, number in sorted(made.items())) or "none"


def _calls(asked: dict[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [
        ("once a run", _plain(asked["once"])),
        ("for an unchanged application", _plain(asked.get("unchanged", {}))),
        ("for a changed application", _plain(asked.get("changed", {}))),
    ]
    rows += [(f"in all: {NAMES[who]}", str(number)) for who, number in asked["in_all"].items()]
    return markdown(("", "calls"), rows)


def _check(results: Results) -> str:
    first = next(iter(results.sizes.values()))
    rows: list[tuple[str, ...]] = [
        ("fetch by four, then discard of the changed", "2.2", f"{results.check['observed_discard'].work:.2f}"),
        ("fetch by four, then pull of the changed", "3.4", f"{results.check['observed_pull'].work:.2f}"),
        ("loop of `ansible.builtin.uri` over pull, with its start", "23.0", f"{middle(first['uri'], 'whole'):.2f}"),
    ]
    return markdown(("course", "real v1.91 server, s", "here, s"), rows)


def page(results: Results, found: dict[str, Any], machine: Machine, seconds: float, old: str = "") -> str:
    course, large = results.course, results.large
    assert large
    every = [run for runs in results.sizes.values() for some in runs.values() for run in some]
    whole = [
        f"{count} applications {found[f'ratio_to_floor_{count}_whole']:g} times the floor and "
        f"{found[f'times_faster_than_uri_{count}_whole']:g} times faster than the loop"
        for count in results.sizes
    ]
    delays: list[tuple[str, ...]] = [(f"`{name}`", f"{cost.alone:.3f}", cost.source) for name, cost in COSTS.items()]
    return TEMPLATE.read_text(encoding="utf-8").format(
        minutes=seconds / 60,
        verdicts=markdown(("figure", "measured", "wanted", ""), _verdicts(found)),
        whole="; ".join(whole),
        times=markdown(HEAD, _rows(results)),
        first=course.sizes[0].applications,
        changed=course.sizes[0].changed,
        tasks=_tasks(results),
        large=course.large.applications,
        largest_mb=large.largest_mb,
        instances=course.instances,
        instances_table=_instances(results, found),
        asked=found["calls"]["applications"],
        calls=_calls(found["calls"]),
        scale=course.scale,
        shared=SHARED,
        conflicts=sum(report["conflicts"] for run in every for report in run.reports),
        idle=IDLE,
        check=_check(results),
        delays=markdown(("call", "seconds", "from"), delays),
        machine=machine.line(),
        after_upgrade=f"{BEGIN}\n{section_of(old)}\n{END}",
    )
