# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the applications that are due are deployed, and after which of them to look; private."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import Item

WAVE_OPTIONS: dict[str, Any] = {
    "name": {"type": "str"},
    "applications": {"type": "list", "elements": "str"},
    "percent": {"type": "int"},
}
# With more than so many due, and no waves given, a tenth of them goes first.
CANARY_ABOVE = 10
CANARY_PERCENT = 10

Given = list[dict[str, Any]]


@dataclass
class Wave:
    """Applications that are deployed before the next ones are touched."""

    name: str
    items: list[Item] = field(default_factory=list)

    @property
    def failed(self) -> list[Item]:
        return [item for item in self.items if item.error]

    def as_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "applications": [item.target.name for item in self.items],
            "failed": [item.target.name for item in self.items if item.error],
        }


def names_of(target: Target) -> tuple[str, str]:
    """An application may be called by its name, or with its workspace where the name is not enough."""
    return target.name, f"{target.workspace}/{target.name}"


def check(given: Given | None, targets: Iterable[Target]) -> None:
    """What can be known to be wrong with waves before anything is looked at; O(targets) is what is selected."""
    known = {name for target in targets for name in names_of(target)}
    named: set[str] = set()
    for position, wave in enumerate(given or (), start=1):
        label = label_of(wave, position)
        names, percent = wave.get("applications"), wave.get("percent")
        if names is not None and percent is not None:
            raise InvalidInput(f"Wave {label} has applications and percent", next_step="Give one of them.")
        if names is None and percent is None and position < len(given or ()):
            raise InvalidInput(
                f"Wave {label} has neither applications nor percent", next_step="Only the last wave takes what is left."
            )
        if percent is not None and not 1 <= percent <= 100:
            raise InvalidInput(f"Wave {label}: percent must be 1 to 100, not {percent}")
        unknown = [name for name in names or () if name not in known]
        if unknown:
            raise InvalidInput(
                f"Wave {label} names what is not among the selected applications: {', '.join(unknown)}",
                next_step="Check the names, or select them as well.",
            )
        twice = sorted(named & set(names or ()))
        if twice:
            raise InvalidInput(f"In two waves: {', '.join(twice)}", next_step="Name each application in one wave.")
        named |= set(names or ())


def label_of(wave: dict[str, Any], position: int) -> str:
    return str(wave.get("name") or position)


def certain(due: int, left: int, given: Given | None) -> int:
    """How many of those found to be due are in the first wave, however many of those O(left) to look at are due."""
    if given:
        return 0
    if given is not None or due + left <= CANARY_ABOVE:
        return due
    return min(due, _share(max(due, CANARY_ABOVE + 1), CANARY_PERCENT))


def _share(count: int, percent: int) -> int:
    return -(-count * percent // 100)


def split(due: list[Item], given: Given | None) -> list[Wave]:
    """The waves of those that are due, without the empty ones.

    A percentage is a share of all that are due, rounded up, and takes those in the order given that no wave
    names. What no wave takes goes with the last one.
    """
    if given is None:
        given = [{"name": "canary", "percent": CANARY_PERCENT}, {"name": "rest"}] if len(due) > CANARY_ABOVE else []
    if not given:
        given = [{"name": "all"}]
    named = {name for wave in given for name in wave.get("applications") or ()}
    free = [item for item in due if not named.intersection(names_of(item.target))]
    waves: list[Wave] = []
    for position, wave in enumerate(given, start=1):
        wanted = set(wave.get("applications") or ())
        taken = [item for item in due if item.wave is None and wanted.intersection(names_of(item.target))]
        if position == len(given):
            taken += free
        elif wave.get("percent"):
            share = _share(len(due), wave["percent"])
            taken, free = free[:share], free[share:]
        found = Wave(label_of(wave, position), taken)
        for item in taken:
            item.wave = found.name
        waves.append(found)
    return [wave for wave in waves if wave.items]
