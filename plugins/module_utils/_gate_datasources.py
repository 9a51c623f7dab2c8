# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates that judge an application's datasources; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_by_hand import by_hand
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import Json
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import (
    build_configuration,
    plugin_name,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import STRANGERS_NEXT_STEP, strangers_text
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_datasources import (
    CONFIGURED,
    REFUSED,
    TO_FINISH,
    collisions,
    covered,
    foreign,
    renamed_back,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import GateClosed, Item

FAIL, WARN = "fail", "warn"
_UNCONFIGURED = "datasources without configuration on the target"
_NEW = "new datasources, which the target doesn't have yet"
_BY_HAND = "datasources that a person must finish"


@dataclass(frozen=True, kw_only=True)
class DatasourceGates:
    """Unconfigured and new datasources, those whose name or identity is taken, those that a person must finish."""

    unconfigured: str = FAIL
    clash: str = FAIL
    manual: str = WARN
    datasources: tuple[Json, ...] = ()

    def _check_clash(self, item: Item, *, pull: bool) -> list[str]:
        name, found, warnings = item.target.name, collisions(item), []
        if renamed_back(item):
            warnings.append(
                f"'{name}': the deployment renames datasources of the workspace: {named(renamed_back(item))}"
            )
        if found:
            warnings += judge(
                self.clash,
                "datasource_clash",
                f"'{name}': {'; '.join(found)}",
                next_step="Rename the other datasource in the target's workspace (or delete it, if nothing uses it), "
                "give this one's credentials by datasources, and promote again.",
            )
        if foreign(item):
            # The application works with it, and a discard deploys all the same.
            policy, text = self.clash if pull else WARN, f"'{name}': {strangers_text(foreign(item))}"
            warnings += judge(policy, "datasource_clash", text, next_step=STRANGERS_NEXT_STEP)
        return warnings

    def to_configure(self, item: Item) -> tuple[list[str], list[str]]:
        """Names for which there are credentials: before the deployment, and after it (those that it makes)."""
        plugins = {use.name: use.plugin for use in item.facts.datasources} if item.facts else {}

        def mine(names: list[str]) -> list[str]:
            return [name for name in names if covered(self.datasources, name, plugins.get(name))]

        return mine(item.unconfigured), mine(item.new_datasources)

    def check_datasources(self, item: Item, *, deployed: bool = False) -> list[str]:
        """Unconfigured and new ones, and those that a person has to finish."""
        if deployed:
            # What was said beforehand is said anew, with what is there now.
            said = tuple(f"'{item.target.name}': {text}" for text in (_UNCONFIGURED, _NEW, _BY_HAND))
            item.warnings[:] = [text for text in item.warnings if not text.startswith(said)]
        before, after = self.to_configure(item)
        missing = [name for name in item.unconfigured if deployed or name not in before]
        new = [name for name in item.new_datasources if name not in after]
        warnings: list[str] = []
        if missing or new:
            parts = [f"{_UNCONFIGURED}: {named(missing)}"] if missing else []
            parts += [f"{_NEW}: {named(new)}"] if new else []
            text = f"'{item.target.name}': {'; '.join(parts)}"
            if self.unconfigured == WARN:
                warnings.append(text)
            else:
                self._mark_refused(item, [*missing, *new])
                raise GateClosed(
                    "unconfigured_datasources",
                    f"{text}; {'it was deployed all the same' if deployed else 'nothing was deployed'}",
                    next_step=self._how_to_configure(item, missing, new, deployed),
                )
        return warnings + self._check_manual(item, deployed=deployed)

    @staticmethod
    def _how_to_configure(item: Item, missing: list[str], new: list[str], deployed: bool) -> str:
        by_person = {entry["name"] for entry in item.datasources_by_hand}
        steps = []
        if set(missing) | set(new) - by_person:
            steps.append("Give their credentials by datasources (or configure them in the instance), promote again.")
        if by_person & {*missing, *new} and not deployed:
            steps.append(
                f"{', '.join(sorted(by_person & {*missing, *new}))} must be finished by a person: deploy with "
                "unconfigured: warn, and finish it then."
            )
        return " ".join(steps)

    def _mark_refused(self, item: Item, names: list[str]) -> None:
        for entry in item.datasources_by_hand:
            if entry["name"] in names and not entry["done"].startswith(CONFIGURED):
                entry["done"] = REFUSED

    def _check_manual(self, item: Item, *, deployed: bool) -> list[str]:
        """Kinds that need a person: told before the deployment, with what is done about each."""
        self._add_given(item)
        open_ones = [entry for entry in item.datasources_by_hand if entry["done"] != CONFIGURED]
        if not open_ones:
            return []
        listed = "; ".join(
            f"{entry['name']} ({entry['plugin'] or 'a kind that is not known'}"
            + (f", used on {named(entry['pages'])}" if entry["pages"] else "")
            + f"): {entry['why']}, {entry['done']}"
            for entry in open_ones
        )
        text = f"'{item.target.name}': {_BY_HAND}: {listed}"
        if self.manual == WARN:
            return [text]
        self._mark_refused(item, [str(entry["name"]) for entry in open_ones])
        raise GateClosed(
            "manual_datasources",
            f"{text}; {'it was deployed all the same' if deployed else 'nothing was deployed'}",
            next_step="Finish them in the instance, or deploy with manual: warn and finish them then.",
        )

    def _add_given(self, item: Item) -> None:
        """OAuth2 by code stands in no repository: of one that is configured now the credentials tell it."""
        listed = {entry["name"] for entry in item.datasources_by_hand}
        uses = {use.name: use for use in item.facts.datasources} if item.facts else {}
        for name in sorted({*item.unconfigured, *item.new_datasources} - listed):
            given = covered(self.datasources, name)
            why = by_hand(plugin_name(given["plugin"]), None, build_configuration(given)) if given else None
            if given and why:
                item.datasources_by_hand.append(
                    {
                        "name": name,
                        "plugin": plugin_name(given["plugin"]),
                        "pages": list(uses[name].pages) if name in uses else [],
                        "why": why,
                        "done": f"configured from the credentials given; then {TO_FINISH} in the editor",
                    }
                )


def judge(policy: str, gate: str, text: str, *, next_step: str, details: Any = None) -> list[str]:
    """A warning, or the end of it, by the policy."""
    if policy == WARN:
        return [text]
    raise GateClosed(gate, text, next_step=next_step, details=details)


def checked(items: list[Json]) -> tuple[Json, ...]:
    """Everything that can be known to be wrong with the credentials, before anything is sent."""
    names = [item["name"] for item in items]
    problems = [f"'{name}' is given twice" for name in sorted({name for name in names if names.count(name) > 1})]
    for item in items:
        try:
            build_configuration(item)
        except InvalidInput as error:
            problems.append(error.message)
    if problems:
        raise InvalidInput("; ".join(problems), next_step="Correct the datasources; nothing was sent.")
    return tuple(items)
