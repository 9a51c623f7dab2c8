# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start does to the state: seed it, migrate it, refuse it, set the instance administrators."""

from __future__ import annotations

from collections.abc import Mapping

from . import plugins
from .info import set_admins
from .releases import Release, release, start_refusal
from .store import Store, new_id


class StartRefused(Exception):
    """The server of this release will not start on this state."""


def prepare(store: Store, wanted: Release, environment: Mapping[str, str]) -> bool:
    """Make the state fit the release; True when it was migrated. The environment is that of the process."""
    with store.tx():
        if store.setting("release") is None:
            _seed(store, wanted)
        state = release(store.setting("release"))
        refusal = start_refusal(state, wanted)
        if refusal:
            raise StartRefused(refusal)
        migrated = state.number != wanted.number
        if migrated:
            _migrate(store, wanted)
        store.set_setting("starts", store.setting("starts", 0) + 1)
        # Runs at every start: the administrators are exactly those of the process environment, so without the
        # variable there are none (observed 16), and docker.env does not count.
        emails = [one.strip().lower() for one in environment.get("APPSMITH_ADMIN_EMAILS", "").split(",")]
        set_admins(store, [one for one in emails if one])
    return migrated


def _seed(store: Store, wanted: Release) -> None:
    for name in ("tenantId", "instanceId", "themeId"):
        store.set_setting(name, new_id())
    store.set_setting("release", wanted.name)
    store.set_setting("schema", {"server": wanted.server_schema, "client": wanted.client_schema})
    plugins.seed(store)


def _migrate(store: Store, wanted: Release) -> None:
    """Nothing but the shape of queries changes; that, and the numbers in metadata.json, is what Git sees as dirt."""
    if wanted.run_behaviour:
        for action in store.find("actions"):
            changed = False
            for version in (action["edit"], action["published"]):
                if version and "executeOnLoad" in version:
                    version["runBehaviour"] = "ON_PAGE_LOAD" if version.pop("executeOnLoad") else "MANUAL"
                    changed = True
            if changed:
                store.replace("actions", action)
    store.set_setting("release", wanted.name)
    store.set_setting("schema", {"server": wanted.server_schema, "client": wanted.client_schema})
