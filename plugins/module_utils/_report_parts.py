# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion's report says, in whatever form: which applications, and what about them; private."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_text import clean, few

# Of a long list of names so many are shown.
NAMES = 12
# The order in which people want to read them.
STATES = ("failed", "refused", "held", "interrupted", "behind", "drifted", "deployed", "current")
# Parts of a result that are the promotion's; a result also has the task's own, such as its arguments.
PARTS = ("applications", "summary", "waves", "tests", "records")
KINDS = (
    ("pages", "pages"),
    ("queries", "queries"),
    ("js_objects", "JS objects"),
    ("datasources", "datasources"),
    ("libraries", "libraries"),
)
WAYS = (("added", "+"), ("changed", "~"), ("removed", "-"))
_WITHOUT_CHANGES = ("current", "drifted")
UNTOLD = "not known: the history doesn't tell what was deployed before"
MIGRATION = "rewritten by a newer release"

Entry = dict[str, Any]


def parts(result: Any) -> dict[str, Any]:
    """The promotion's own parts, as plain data in a stable order."""
    whole = _plain(result if isinstance(result, Mapping) else {"applications": result})
    if not isinstance(whole.get("applications"), list):
        raise ValueError("This is no result of promotion or promotion_info: it has no list 'applications'")
    found = {name: whole[name] for name in PARTS if whole.get(name)}
    found["applications"] = sorted(
        whole["applications"], key=lambda entry: [str(entry.get(key)) for key in ("workspace", "name", "branch")]
    )
    return found


def _plain(value: Any) -> Any:
    """Without the types of a template engine, and without how long it took."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    return value


def title(found: dict[str, Any]) -> str:
    """Such as C(16 applications: 1 refused, 2 behind, 13 current)."""
    entries = found["applications"]
    counted = Counter(str(entry.get("state")) for entry in entries)
    states = [*STATES, *sorted(set(counted) - set(STATES))]
    listed = ", ".join(f"{counted[state]} {state}" for state in states if counted[state])
    return f"{len(entries)} application{'' if len(entries) == 1 else 's'}" + (f": {listed}" if listed else "")


def noteworthy(found: dict[str, Any]) -> list[Entry]:
    """Applications about which there is something to say, the worst first."""
    entries = [entry for entry in found["applications"] if entry.get("state") != "current" or entry.get("warnings")]
    order = {state: number for number, state in enumerate(STATES)}
    return sorted(entries, key=lambda entry: order.get(str(entry.get("state")), len(order)))


def others(found: dict[str, Any]) -> list[Entry]:
    named = [id(entry) for entry in noteworthy(found)]
    return [entry for entry in found["applications"] if id(entry) not in named]


def full_name(entry: Entry) -> str:
    return f"{entry.get('workspace')}/{entry.get('name')}" if entry.get("workspace") else str(entry.get("name"))


def in_short(entry: Entry) -> str:
    """Such as C(queries +1 ~2, theme)."""
    changes = entry.get("changes")
    if not isinstance(changes, dict):
        return "" if entry.get("state") in _WITHOUT_CHANGES else "not known"
    found = []
    for kind, label in KINDS:
        part = changes.get(kind) or {}
        counts = [f"{sign}{len(part[way])}" for way, sign in WAYS if part.get(way)]
        if counts:
            found.append(f"{label} {' '.join(counts)}")
    found += [word for word in ("theme", "settings") if changes.get(word)]
    if changes.get("migration"):
        found.append("format")
    return ", ".join(found) or "none"


def change_lines(entry: Entry) -> list[tuple[str, str, list[str]]]:
    """(kind, way, names) of what differs; no names where a kind has none."""
    changes = entry.get("changes")
    if not isinstance(changes, dict):
        return []
    found: list[tuple[str, str, list[str]]] = []
    for kind, label in KINDS:
        part = changes.get(kind) or {}
        found += [(label, way, list(part[way])) for way, _sign in WAYS if part.get(way)]
    found += [(word, "changed", []) for word in ("theme", "settings") if changes.get(word)]
    if changes.get("migration"):
        found.append(("format", MIGRATION, []))
    return found


def unknown_changes(entry: Entry) -> str:
    """Why the changes aren't listed, where they'd be expected although the repository was read."""
    if isinstance(entry.get("changes"), dict) or entry.get("state") in _WITHOUT_CHANGES:
        return ""
    return UNTOLD if entry.get("commit_after") else ""


def unread(found: dict[str, Any]) -> str:
    """One line about all whose repository was not read."""
    count = sum(
        entry.get("state") not in _WITHOUT_CHANGES and not entry.get("commit_after") for entry in found["applications"]
    )
    if not count:
        return ""
    whose = "1 application" if count == 1 else f"{count} applications"
    return f"Commits of {whose} are not known: the repositories were not read (git_ssh_key_file, read_repositories)."


def notes(entry: Entry) -> list[tuple[str, str]]:
    """(label, text) of all that is to be known beside commits and changes."""
    found: list[tuple[str, str]] = []

    def names(label: str, key: str) -> None:
        listed = entry.get(key) or []
        if listed:
            found.append((label, few([one.get("name") if isinstance(one, dict) else one for one in listed], NAMES)))

    if entry.get("failed"):
        gate = f" by gate {entry['gate']}" if entry.get("gate") else ""
        found.append((f"{entry.get('state')}{gate}", clean(entry.get("msg"))))
    elif entry.get("msg"):
        found.append((str(entry.get("state")), clean(entry["msg"])))
    names("uncommitted", "uncommitted")
    names("thrown away", "discarded")
    if entry.get("rescued_to"):
        found.append(("saved to", clean(entry["rescued_to"])))
    names("not configured", "unconfigured_datasources")
    names("new datasources", "new_datasources")
    names("configured", "configured_datasources")
    for one in entry.get("datasources_by_hand") or []:
        pages = f" on {few(one.get('pages') or [], NAMES)}" if one.get("pages") else ""
        done = f": {clean(one['done'])}" if isinstance(one.get("done"), str) else ""
        found.append(("by hand", f"{clean(one.get('name'))} ({clean(one.get('plugin'))}){pages}{done}"))
    for one in (entry.get("secrets") or [])[:NAMES]:
        where = f"{clean(one.get('path'))}:{one.get('line')}"
        found.append(("secret?", f"{where} {clean(one.get('kind'))} ({clean(one.get('fingerprint'))})"))
    if len(entry.get("secrets") or []) > NAMES:
        found.append(("secret?", f"and {len(entry['secrets']) - NAMES} more"))
    found += [("warning", clean(text)) for text in entry.get("warnings") or []]
    return found


def after_words(found: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, text) of what is of the whole promotion: waves, tests, records."""
    said = []
    waves = found.get("waves")
    if isinstance(waves, list) and len(waves) > 1:
        said.append(("waves", ", ".join(_wave(wave) for wave in waves if isinstance(wave, dict))))
    tests = [test for test in found.get("tests") or [] if isinstance(test, dict)]
    if tests:
        failed = [test for test in tests if test.get("failed")]
        said.append(("tests", f"{len(tests) - len(failed)} passed, {len(failed)} failed"))
        said += [("failed test", f"{clean(test.get('name'))}: {clean(test.get('msg'))}") for test in failed]
    records = found.get("records")
    if isinstance(records, list) and records:
        said.append(("records", f"{len(records)} written"))
    return said


def _wave(wave: Entry) -> str:
    return f"{clean(wave.get('name'))} ({len(wave.get('applications') or [])})"
