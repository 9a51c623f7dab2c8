# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an instance that was brought up from a backup works: its applications open, its secrets can be read; private.

Calls: C(GET /workspaces/home); for each workspace its applications, datasources and plugins; for each application its
published pages (those of the edit view where it has none) and the first of them; C(POST /datasources/test) for a few
datasources. Nothing is written and nothing is asked of Git.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _git_view
from ansible_collections.stagecraft.appsmith.plugins.module_utils._applications import list_applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import kind_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import Plan, storage_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import Datasources
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError

Json = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")

PROVEN, NOTHING, UNPROVEN = "proven", "nothing_to_prove", "not_proven"
_INTERNAL = 500


class SecretsUnreadable(AppsmithError):
    default_next_step = (
        "This is how an instance answers that has other encryption keys than its secrets were encrypted with: compare "
        "APPSMITH_ENCRYPTION_PASSWORD and APPSMITH_ENCRYPTION_SALT, and look into its log."
    )


class Threads:
    """Calls side by side, each thread with a client of its own."""

    def __init__(self, client: Client, width: int) -> None:
        self._client, self._width = client, width
        self._own = threading.local()
        self._clones: list[Client] = []

    def each(self, work: Callable[[Client, T], R], items: Iterable[T]) -> list[R]:
        def call(item: T) -> R:
            if not hasattr(self._own, "client"):
                self._own.client = self._client.clone()
                self._clones.append(self._own.client)
            return work(self._own.client, item)

        with ThreadPoolExecutor(max_workers=self._width) as pool:
            return list(pool.map(call, items))

    def close(self) -> None:
        for clone in self._clones:
            clone.close()


# -- applications ------------------------------------------------------------------------------------------------------
def open_application(client: Client, application: Json) -> Json:
    """Its first page as a user's browser gets it; of one that nobody published, that there are pages."""
    found: Json = {"name": application.get("name"), "id": application["id"], "view": "published", "problem": ""}
    try:
        pages = _git_view.pages(client, application["id"], "PUBLISHED")
        if not pages:
            pages = _git_view.pages(client, application["id"], "EDIT")
            return {**found, "view": "edit", "problem": "" if pages else "it has no page"}
        first = next((page for page in pages if page.get("isDefault")), pages[0])
        # The service that brings layouts to the newest format is part of what has to work.
        page = client.get(f"/pages/{first['id']}/view", params={"migrateDsl": "true"}) or {}
        layouts = page.get("layouts") or []
        if not layouts or not all(isinstance(one.get("dsl"), dict) for one in layouts):
            found["problem"] = f"its page {first.get('name')} has no layout"
    except AppsmithError as error:
        found["problem"] = error.message
    return found


def applications_of(client: Client, workspace: Json) -> list[Json]:
    return [{**one, "workspace": workspace.get("name")} for one in list_applications(client, workspace["id"])]


# -- datasources -------------------------------------------------------------------------------------------------------
def with_secrets(client: Client, workspace: Json) -> list[Plan]:
    """The datasources that have something encrypted, those first whose plugin's test means something."""
    known = Datasources(client, workspace["id"])
    plans = []
    for one in known.all:
        storage, package = storage_of(one), known.package_of(one)
        if not storage.get("isConfigured") or not (storage.get("datasourceConfiguration") or {}).get("authentication"):
            continue
        plugin = known.plugins.get(package) or {"id": one.get("pluginId")}
        plans.append(Plan(one["name"], kind_of(package), plugin, storage["datasourceConfiguration"], one))
    return sorted(plans, key=lambda plan: not plan.test_proves)


def test_datasource(client: Client, job: tuple[Json, Plan]) -> Json:
    workspace, plan = job
    found = {"workspace": workspace.get("name"), "name": plan.name, "plugin": plan.kind.plugin}
    try:
        objections = Datasources(client, workspace["id"]).test(plan, plan.current, stored=True)
    except AppsmithError as error:
        unreadable = error.http_status == _INTERNAL
        return {**found, "proven": False, "unreadable": unreadable, "problem": error.message}
    return {**found, "proven": not objections, "unreadable": False, "problem": "; ".join(objections)}


def prove_datasources(threads: Threads, plans: list[tuple[Json, Plan]], tries: int, width: int) -> list[Json]:
    """Test a few at a time, until one is proven or enough were tried."""
    usable = [job for job in plans if job[1].test_proves][:tries]
    found: list[Json] = []
    for begin in range(0, len(usable), width):
        found += threads.each(test_datasource, usable[begin : begin + width])
        if any(one["proven"] for one in found):
            break
    return found


def verdict(plans: list[tuple[Json, Plan]], tested: list[Json]) -> tuple[str, str]:
    """C(proven), C(nothing_to_prove) or C(not_proven), and why; raises where the secrets can't be read."""
    proven = next((one for one in tested if one["proven"]), None)
    if proven:
        return PROVEN, f"datasource '{proven['name']}' ({proven['plugin']}) works with its stored credentials"
    broken = next((one for one in tested if one["unreadable"]), None)
    if broken:
        raise SecretsUnreadable(
            f"The instance fails to use the credentials of datasource '{broken['name']}' ({broken['problem']})",
            http_status=_INTERNAL,
            details=tested,
        )
    if not plans:
        return NOTHING, "no datasource has credentials"
    if not tested:
        kinds = ", ".join(sorted({plan.kind.plugin for _workspace, plan in plans}))
        return UNPROVEN, f"the tests of the plugins that are used with credentials call nothing ({kinds})"
    said = " | ".join(f"'{one['name']}': {one['problem'] or 'no reason given'}" for one in tested[:3])
    return UNPROVEN, f"of {len(tested)} datasources that were tested none worked from here: {said}"
