# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasources of an application on its way: what the target has, lacks, and is given; private to the collection.

How an import finds the target's datasource (contract 5.4): the one with the same gitSyncId, else the one with the same
name and plugin, else it makes a new one, unconfigured, and under another name where the name is another plugin's.
The server lists neither gitSyncId nor the plugin's name; an export has the first, of the datasources that the
application uses already.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_by_hand import Plugin, by_hand
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import Json
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import plugin_name
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import authorised, storage_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import Datasources, used_by_application
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import NotFound, PermissionDenied
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import pages
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import strangers
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import DEPLOYED, Item
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import DatasourceUse

CONFIGURED = "configured on the target"
TO_FINISH = "a person finishes it"
REFUSED = "refused"


@dataclass(frozen=True)
class Present:
    """A datasource that the target's workspace has."""

    name: str
    # As a repository names it; empty where the plugins were not asked for.
    plugin: str
    id: str
    configured: bool
    # Why a person has to set it up, if one has, and whether one has.
    by_hand: str | None = None
    finished: bool = True


@dataclass
class Landscape:
    """What the target's workspaces have: listed when it matters, whatever thread asks."""

    _lock: Any = field(default_factory=threading.RLock, repr=False)
    _plugins: dict[str, Plugin] | None = None
    _listed: dict[str, list[Json]] = field(default_factory=dict)

    def forget(self, workspace_id: str) -> None:
        """After a deployment, which may have made datasources."""
        with self._lock:
            self._listed.pop(workspace_id, None)

    def renew(self, client: Client, workspace_id: str) -> None:
        """List them anew at once, as after the last deployment."""
        self.forget(workspace_id)
        self._list(client, workspace_id)

    def ask(self, client: Client, workspace_id: str) -> None:
        """List them, unless that was done."""
        self._list(client, workspace_id)

    def look(self, client: Client, item: Item) -> None:
        """Fill in what the gates must know of the item's datasources.

        While all datasources of a workspace are configured, one GET of them is all that its applications cost, and one
        of the plugins in a run where repositories are read. Else an application costs the list of those that it uses;
        an export where names alone don't tell which one is meant; and its pages where a person has to finish one, for
        the address.
        """
        target = item.target
        uses = item.facts.datasources if item.facts else []
        plugins = self._all_plugins(client, target.workspace_id) if uses else {}
        item.workspace_datasources = there = [present(one, plugins) for one in self._list(client, target.workspace_id)]
        ready = all(one.configured and one.finished for one in there)
        doubtful = [use for use in uses if _doubtful(item, use)]
        used: list[Present] | None = None
        if not ready or doubtful:
            listed = used_by_application(client, target.workspace_id, target.id)
            used = [present(one, plugins) for one in listed]
            if any(_needs_identity(item, use, used) for use in doubtful):
                item.sync_ids = _sync_ids(client, target.id)
        unconfigured = {one.name for one in used or () if not one.configured}
        item.new_datasources = []
        if uses and item.state != DEPLOYED:
            matched = [(use, match(item, use)) for use in uses]
            # What the tip uses no more need not be configured.
            unconfigured = {one.name for _use, one in matched if one and not one.configured}
            item.new_datasources = sorted(use.name for use, one in matched if not one)
        item.unconfigured = sorted(unconfigured)
        item.datasources_by_hand = self._by_hand(client, item, used or [], plugins)

    def _all_plugins(self, client: Client, workspace_id: str) -> dict[str, Plugin]:
        with self._lock:
            if self._plugins is None:
                listed = client.get("/plugins", params={"workspaceId": workspace_id}) or []
                self._plugins = {one["id"]: Plugin.read(one) for one in listed}
            return self._plugins

    def _list(self, client: Client, workspace_id: str) -> list[Json]:
        with self._lock:
            if workspace_id not in self._listed:
                self._listed[workspace_id] = client.get("/datasources", params={"workspaceId": workspace_id}) or []
            return self._listed[workspace_id]

    def _by_hand(self, client: Client, item: Item, used: list[Present], plugins: dict[str, Plugin]) -> list[Json]:
        """Those that a person has to set up, with what is done about each."""
        listed: list[tuple[str, str, Present | None, str | None, list[str]]] = []
        if item.facts is None:
            # Of the repository nothing is known, so neither are the pages.
            listed += [(one.name, one.plugin, one, one.by_hand, []) for one in used]
        for use in item.facts.datasources if item.facts else ():
            one = match(item, use)
            plugin = next((known for known in plugins.values() if known.reference == use.plugin), None)
            why = by_hand(use.plugin, plugin) or (one.by_hand if one else None)
            listed.append((use.name, use.plugin, one, why, list(use.pages)))
        editor: str | None = None
        entries = []
        for name, reference, there, why, on_pages in listed:
            if not why:
                continue
            done = CONFIGURED
            if there is None:
                done = f"{TO_FINISH} in the application's editor, after the deployment"
            elif not (there.configured and there.finished):
                editor = editor if editor is not None else _editor(client, item)
                done = f"{TO_FINISH} at {editor}/datasource/{there.id}" if editor else f"{TO_FINISH} in the editor"
            entries.append({"name": name, "plugin": reference, "pages": on_pages, "why": why, "done": done})
        return sorted(entries, key=lambda entry: str(entry["name"]))


def present(listed: Json, plugins: dict[str, Plugin]) -> Present:
    """A datasource of the server's list."""
    storage = storage_of(listed)
    plugin = plugins.get(str(listed.get("pluginId")))
    reference = plugin.reference if plugin else ""
    why = by_hand(reference, plugin, storage.get("datasourceConfiguration"))
    # Only where a consent is stored can be seen whether it was given; elsewhere a configuration is all there is.
    authentication = (storage.get("datasourceConfiguration") or {}).get("authentication") or {}
    consent = plugin is None or plugin.type == "SAAS" or authentication.get("authenticationType") == "oAuth2"
    return Present(
        name=str(listed["name"]),
        plugin=reference,
        id=str(listed.get("id") or ""),
        configured=bool(storage.get("isConfigured")),
        by_hand=why,
        finished=not (why and consent) or authorised(storage),
    )


def match(item: Item, use: DatasourceUse) -> Present | None:
    """The target's datasource that stands for one of the repository; none if the deployment makes a new one."""
    there: dict[str, Present] = {one.name: one for one in item.workspace_datasources}
    renamed = (item.sync_ids or {}).get(use.git_sync_id or "")
    if renamed in there:
        return there[renamed]
    one = there.get(use.name)
    return one if one and one.plugin == use.plugin else None


def collisions(item: Item) -> list[str]:
    """Datasources of the tip that would not find their own on the target.

    An import takes the one of the same gitSyncId and gives it the repository's name, unless that is another's; else the
    one of the same name and plugin, whose own gitSyncId stays; else it makes a new one (read in the source of v1.60
    and v1.91).
    """
    found = []
    there: dict[str, Present] = {one.name: one for one in item.workspace_datasources}
    for use in item.facts.datasources if item.facts else ():
        one, renamed = there.get(use.name), (item.sync_ids or {}).get(use.git_sync_id or "")
        if one is None:
            continue
        if renamed and renamed != use.name and renamed in there:
            found.append(
                f"datasource '{use.name}' is called '{renamed}' on the target, where its name is another's. That "
                "leaves the application with uncommitted changes after every deployment"
            )
        elif one.plugin != use.plugin:
            found.append(
                f"datasource '{use.name}' is {use.plugin} in the repository and {one.plugin or 'another kind'} on the "
                f"target, so the deployment would make an unconfigured '{use.name} #1'"
            )
    return found


def foreign(item: Item) -> list[str]:
    """Datasources that are found by name and plugin, and have another gitSyncId; known of those in use already."""
    own = {name: identifier for identifier, name in (item.sync_ids or {}).items()}
    plugins = {one.name: one.plugin for one in item.workspace_datasources}
    found = set(strangers(item.status))
    for use in item.facts.datasources if item.facts else ():
        if use.git_sync_id and own.get(use.name, use.git_sync_id) != use.git_sync_id:
            found |= {use.name} if plugins.get(use.name) == use.plugin else set()
    return sorted(found)


def renamed_back(item: Item) -> list[str]:
    """Datasources that the deployment gives the repository's name again, for all applications of the workspace."""
    there = {one.name for one in item.workspace_datasources}
    uses = item.facts.datasources if item.facts else ()
    pairs = [((item.sync_ids or {}).get(use.git_sync_id or ""), use.name) for use in uses]
    return [f"{old} to {new}" for old, new in pairs if old and old != new and old in there and new not in there]


def _doubtful(item: Item, use: DatasourceUse) -> bool:
    """Whether its name and plugin don't find it on the target, or its file says that they find another."""
    one = next((one for one in item.workspace_datasources if one.name == use.name), None)
    changed = item.status.modified if item.status else ()
    return one is None or one.plugin != use.plugin or f"datasources/{use.name}.json" in changed


def _needs_identity(item: Item, use: DatasourceUse, used: list[Present]) -> bool:
    """Whether only the gitSyncId tells. One that isn't there by name may be one of those that the tip doesn't name."""
    if any(one.name == use.name for one in item.workspace_datasources):
        return True
    names = {other.name for other in item.facts.datasources} if item.facts else set()
    return any(other.name not in names for other in used)


def _sync_ids(client: Client, application_id: str) -> dict[str, str] | None:
    """Names by gitSyncId, of the datasources that the application uses now; None without the right to export it."""
    try:
        export = client.answer("GET", f"/applications/export/{application_id}")
        if export.status != 200 or export.is_envelope:
            client.judge(export, "/applications/export")
    except (NotFound, PermissionDenied):
        return None
    listed = export.body.get("datasourceList") if isinstance(export.body, dict) else None
    return {one["gitSyncId"]: one["name"] for one in listed or () if one.get("gitSyncId")}


def _editor(client: Client, item: Item) -> str:
    """Where a person edits the application; empty if that can't be told."""
    try:
        found = pages(client, item.target.id, "EDIT")
    except (NotFound, PermissionDenied):
        return ""
    page = next((page for page in found if page.get("isDefault")), found[0] if found else None)
    if page is None:
        return ""
    return f"{client.url}/app/application/{page.get('slug') or 'page'}-{page.get('baseId') or page.get('id')}/edit"


class Credentials:
    """Datasources as the user gave them, for those that a promotion finds without configuration."""

    def __init__(self, client: Client, version: Version, wanted: Iterable[Json] | None) -> None:
        self.client = client
        self.version = version
        self.wanted = list(wanted or ())

    def covers(self, name: str, plugin: str | None = None) -> bool:
        return covered(self.wanted, name, plugin) is not None

    def apply(self, workspace_id: str, names: Iterable[str]) -> list[Json]:
        """Configure the datasources of these names, and prove it. Raises at the first that doesn't work.

        None is ever made: one made here would get a gitSyncId of its own, and the application that is to use it would
        have uncommitted changes for ever. The deployment makes it, and then it is configured.
        """
        given = [(name, covered(self.wanted, name)) for name in names]
        todo = [one for _name, one in given if one is not None]
        if not todo:
            return []
        datasources = Datasources(self.client, workspace_id)
        results = []
        for one in todo:
            found = datasources.find(one["name"], one["plugin"])
            if found is not None and storage_of(found).get("isConfigured"):
                # By somebody else meanwhile, or for another application.
                continue
            if found is None and not self.client.check_mode:
                raise NotFound(
                    f"Datasource '{one['name']}' is not in the workspace, although the deployment should have made it",
                    next_step="Look at the workspace's datasources: it may have come under another name.",
                )
            result = datasources.ensure(one, update_secrets="on_create", test=True, check_mode=self.client.check_mode)
            result.pop("diff")
            results.append(result)
        return results


def covered(wanted: Iterable[Json], name: str, plugin: str | None = None) -> Json | None:
    """The credentials for a datasource; a repository's name of a plugin is not always that of its package."""
    for one in wanted:
        if one["name"] == name and (
            not plugin or not plugin.endswith("-plugin") or plugin_name(one["plugin"]) == plugin
        ):
            return one
    return None
