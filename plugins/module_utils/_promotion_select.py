# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which applications of an instance are meant; private to the collection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse, same_repository


class Selection:
    """One list of the workspaces, and one of the applications of each that is meant; no release has one for all.

    The server lists what was used last first; here they are in the order of their names, so that two plans and their
    waves can be compared.
    """

    def __init__(self, client: Client, workspaces: list[str] | None, *, width: int = 4) -> None:
        self.everywhere = workspaces is None
        found = _workspaces.list_workspaces(client)
        if workspaces is not None:
            found = [
                _workspaces.select(found, name) or _workspaces.get(client, name) for name in dict.fromkeys(workspaces)
            ]
        self.listed = [
            Target.read(application, str(workspace.get("name") or ""))
            for workspace, applications in zip(found, _list_all(client, found, width), strict=True)
            for application in applications
        ]
        self.listed.sort(key=lambda target: (target.workspace.casefold(), target.name.casefold(), target.id))
        self.connected = [target for target in self.listed if target.remote_url]

    def pick(self, names: list[str] | None, repositories: list[str] | None) -> list[Target]:
        """Those connected to a repository, by name or by its address, in the order of their names."""
        for text in repositories or ():
            parse(text)
        if names is None and repositories is None:
            return self.connected
        self._refuse_missing(names or [], repositories or [])
        return [
            target
            for target in self.connected
            if target.name in (names or ())
            or any(same_repository(target.remote_url, text) for text in repositories or ())
        ]

    def _refuse_missing(self, names: list[str], repositories: list[str]) -> None:
        alone = {target.name for target in self.listed if target.name in names}
        alone -= {target.name for target in self.connected}
        if alone:
            raise InvalidInput(
                f"Not connected to a repository: {', '.join(sorted(alone))}",
                next_step="Connect or import them first (stagecraft.appsmith.git_import).",
            )
        missing = [name for name in names if all(target.name != name for target in self.connected)]
        missing += [
            text
            for text in repositories
            if not any(same_repository(target.remote_url, text) for target in self.connected)
        ]
        if missing:
            there = ", ".join(sorted(target.name for target in self.connected)) or "none"
            raise NotFound(
                f"Not in these workspaces: {', '.join(missing)} (connected are: {there})",
                next_step="Check the names, or import them first (stagecraft.appsmith.git_import).",
            )
        for name in names if self.everywhere else ():
            where = [target.workspace for target in self.connected if target.name == name]
            if len(where) > 1:
                raise InvalidInput(
                    f"'{name}' is in several workspaces: {', '.join(where)}",
                    next_step="Say by workspaces which of them is meant (or all of them).",
                )


def _list_all(client: Client, workspaces: list[dict[str, Any]], width: int) -> list[list[dict[str, Any]]]:
    if len(workspaces) < 2:
        return [_applications.list_applications(client, workspace["id"]) for workspace in workspaces]

    def one(workspace: dict[str, Any]) -> list[dict[str, Any]]:
        own = client.clone()
        try:
            return _applications.list_applications(own, workspace["id"])
        finally:
            own.close()

    with ThreadPoolExecutor(max_workers=width) as pool:
        return list(pool.map(one, workspaces))
