# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start does to the state: seed it, migrate it, refuse it, set the instance administrators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import plugins
from .info import set_admins
from .releases import Release, release, start_refusal
from .store import Store, new_id

# What a migration is told as; the names are the sandbox's.
_CHANGES = [f"Migration{number:03d}OfTheSandbox" for number in range(1, 13)]


class StartRefused(Exception):
    """The server of this release will not start on this state."""


class Watcher:
    """Is told of a migration, may hold it up, and may break it off by raising."""

    def unchanged(self) -> None:
        """There is nothing to migrate."""

    def migrates(self, changes: list[str]) -> None:
        """Before the first change."""

    def change(self, name: str) -> None:
        """Before each of them."""

    def migrated(self) -> None:
        """After the last one."""


def prepare(
    store: Store,
    wanted: Release,
    environment: Mapping[str, str],
    checkpoints: Iterable[str] = (),
    watcher: Watcher | None = None,
) -> bool:
    """Make the state fit the release; True when it was migrated. The environment is that of the process.

    A migration is no transaction, as at the real one: whoever kills it leaves a state that only its own release, or a
    newer one, takes up again."""
    watcher = watcher or Watcher()
    with store.tx():
        if store.setting("release") is None:
            _seed(store, wanted)
        state = release(store.setting("release"))
        begun = store.setting("migrating")
        refusal = start_refusal(state, wanted, release(begun) if begun else None, checkpoints)
        if refusal:
            raise StartRefused(refusal)
    moves = state.number != wanted.number or bool(begun)
    if moves:
        _migrate(store, wanted, watcher)
    else:
        watcher.unchanged()
    with store.tx():
        store.set_setting("starts", store.setting("starts", 0) + 1)
        # Runs at every start: the administrators are exactly those of the process environment, so without the
        # variable there are none (observed 16), and docker.env does not count.
        emails = [one.strip().lower() for one in environment.get("APPSMITH_ADMIN_EMAILS", "").split(",")]
        set_admins(store, [one for one in emails if one])
    return moves


def _seed(store: Store, wanted: Release) -> None:
    for name in ("tenantId", "instanceId", "themeId"):
        store.set_setting(name, new_id())
    _set_release(store, wanted)
    plugins.seed(store)


def _set_release(store: Store, wanted: Release) -> None:
    store.set_setting("release", wanted.name)
    store.set_setting("schema", {"server": wanted.server_schema, "client": wanted.client_schema})
    if wanted.organizations:
        # A collection that older releases do not have: a dump of theirs brings it neither back nor away.
        store.replace("organization", {"id": "0" * 24, "slug": "default"})


def _migrate(store: Store, wanted: Release, watcher: Watcher) -> None:
    """Nothing but the shape of queries changes; that, and the numbers in metadata.json, is what Git sees as dirt."""
    changes = list(_CHANGES)
    watcher.migrates(changes)
    store.set_setting("migrating", wanted.name)
    actions = [one["id"] for one in store.find("actions")] if wanted.run_behaviour else []
    share = -(-len(actions) // len(changes))
    for number, name in enumerate(changes):
        watcher.change(name)
        with store.tx():
            for action_id in actions[number * share : (number + 1) * share]:
                _run_behaviour(store, action_id)
    with store.tx():
        _set_release(store, wanted)
        store.delete("config", "migrating")
    watcher.migrated()


def _run_behaviour(store: Store, action_id: str) -> None:
    action = store.get("actions", action_id)
    changed = False
    for version in (action["edit"], action["published"]) if action else ():
        if version and "executeOnLoad" in version:
            version["runBehaviour"] = "ON_PAGE_LOAD" if version.pop("executeOnLoad") else "MANUAL"
            changed = True
    if action and changed:
        store.replace("actions", action)
