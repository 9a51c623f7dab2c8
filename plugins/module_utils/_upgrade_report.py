# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An upgrade's course for people and programs: table, Markdown, JSON; private to the collection."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._diff import redact
from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_text import (
    clean,
    few,
    grid,
    markdown,
    wrap,
)

FORMATS = ("table", "markdown", "json")
WIDTH = 100
NAMES = 12
# The order in which people want to read them.
OUTCOMES = (
    "not put back",
    "put back",
    "unfinished",
    "failed",
    "lost",
    "not moved",
    "left alone",
    "waits",
    "upgraded",
    "would be upgraded",
    "looked at",
    "nothing to do",
)
LOST = "out of reach, or failed where nothing could be done about it: run the upgrade again"
_HEAD = ("OUTCOME", "HOST", "FROM", "NOW", "DOWN", "HOPS")

Host = dict[str, Any]


def report(told: Any, kind: str = "table", *, width: int = WIDTH) -> str:
    """O(told) is what the role upgrade gathers: C(to), C(hosts), C(lost), C(check_mode)."""
    found = _found(told)
    if kind == "json":
        return json.dumps(redact(found), indent=2, sort_keys=True)
    if kind == "markdown":
        return _as_markdown(found)
    if kind == "table":
        return _as_table(found, max(width, 40))
    raise ValueError(f"{kind} is no format of a report; there are {', '.join(FORMATS)}")


def _found(told: Any) -> dict[str, Any]:
    whole = _plain(told)
    if not isinstance(whole, dict) or not isinstance(whole.get("hosts"), list):
        raise ValueError("This is not what the role upgrade tells: it has no list 'hosts'")
    hosts = [host for host in whole["hosts"] if isinstance(host, dict)]
    hosts += [{"host": name, "outcome": "lost", "reason": LOST} for name in whole.get("lost") or []]
    return {
        "to": str(whole.get("to") or ""),
        "check_mode": bool(whole.get("check_mode")),
        "hosts": hosts,
        "promotions": "" if whole.get("check_mode") else promotions(hosts),
    }


def _plain(value: Any) -> Any:
    """Without the types of a template engine."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def promotions(hosts: list[Host]) -> str:
    """Whether the version skew gate holds promotions, by the releases that answered; empty where it can't be said."""
    sides: dict[str, set[str]] = {"staging": set(), "production": set()}
    for host in hosts:
        if host.get("side") in sides:
            sides[host["side"]].add(str(host.get("now") or ""))
    seen = sides["staging"] | sides["production"]
    if not sides["staging"] or not sides["production"] or seen & {"", "UNKNOWN"}:
        return ""
    if len(seen) == 1:
        return f"free: staging and production both answered with {next(iter(seen))}"
    each = ", ".join(f"{side} answered with {', '.join(sorted(found))}" for side, found in sides.items())
    return f"held where production can't read staging's format: {each}"


def duration(seconds: Any) -> str:
    """Such as C(41 s) and C(12 min 3 s)."""
    whole = round(float(seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _title(found: dict[str, Any]) -> str:
    counted = Counter(str(host.get("outcome")) for host in found["hosts"])
    listed = ", ".join(
        f"{counted[one]} {one}" for one in (*OUTCOMES, *sorted(set(counted) - set(OUTCOMES))) if counted[one]
    )
    count = len(found["hosts"])
    return f"Upgrade to {clean(found['to'])}, {count} host{'' if count == 1 else 's'}" + (
        f": {listed}" if listed else ""
    )


def _sorted(found: dict[str, Any]) -> list[Host]:
    """The worst first; beside that in the order of the run."""
    order = {outcome: number for number, outcome in enumerate(OUTCOMES)}
    return sorted(found["hosts"], key=lambda host: order.get(str(host.get("outcome")), len(order)))


def _row(host: Host) -> tuple[str, ...]:
    down = (host.get("seconds") or {}).get("down")
    return (
        clean(host.get("outcome")),
        clean(host.get("host")),
        clean(host.get("from") or ""),
        clean(host.get("now") or ""),
        "" if down is None else duration(down),
        ", ".join(_hop(hop) for hop in host.get("hops") or []),
    )


def _hop(hop: Host) -> str:
    version = clean(hop.get("version"))
    return f"{version} {duration(hop['seconds'])}" if "seconds" in hop else version


def _notes(host: Host) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if host.get("reason"):
        found.append(("reason", clean(host["reason"])))
    if host.get("resumed"):
        found.append(("resumed", "an upgrade that was broken off was ended; the times are those of this run"))
    if host.get("backup"):
        seconds = (host.get("seconds") or {}).get("backup")
        found.append(("way back", clean(host["backup"]) + (f" (took {duration(seconds)})" if seconds else "")))
    if host.get("backup_before"):
        found.append(("backup before", clean(host["backup_before"])))
    if host.get("tests"):
        found.append(("passed", few(host["tests"], NAMES)))
    entries = [one for one in host.get("swept") or [] if isinstance(one, dict)]
    for action in ("committed", "pushed", "discarded"):
        names = [_named(one) for one in entries if one.get("action") == action]
        if names:
            found.append((action, few(names, NAMES)))
    return found + [("left as it is", clean(text)) for text in host.get("left") or []]


def _named(entry: Host) -> str:
    branch = entry.get("branch")
    return f"{entry.get('name')} ({branch})" if branch else str(entry.get("name"))


def _as_table(found: dict[str, Any], width: int) -> str:
    hosts = _sorted(found)
    lines = [_title(found)]
    if hosts:
        lines += ["", *grid([_HEAD, *map(_row, hosts)], width)]
    for host in hosts:
        notes = _notes(host)
        if notes:
            lines += ["", clean(host.get("host"))]
        for label, text in notes:
            first, *rest = wrap(text, max(20, width - 18))
            lines += [f"  {label:<16}{first}", *(f"  {'':<16}{line}" for line in rest)]
    if found["promotions"]:
        lines += ["", *wrap(f"Promotions are {found['promotions']}.", width)]
    return "\n".join(lines)


def _as_markdown(found: dict[str, Any]) -> str:
    hosts = _sorted(found)
    lines = [f"## {markdown(_title(found))}"]
    if found["check_mode"]:
        lines += ["", "Check mode: nothing was changed."]
    if hosts:
        lines += ["", f"| {' | '.join(name.capitalize() for name in _HEAD)} |", "|" + "---|" * len(_HEAD)]
        lines += [f"| {' | '.join(markdown(cell) for cell in _row(host))} |" for host in hosts]
    for host in hosts:
        notes = _notes(host)
        if notes:
            lines += ["", f"### {markdown(host.get('host'))}", ""]
            lines += [f"- {label}: {markdown(text)}" for label, text in notes]
    if found["promotions"]:
        lines += ["", f"Promotions are {markdown(found['promotions'])}."]
    return "\n".join(lines)
