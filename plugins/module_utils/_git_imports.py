# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing repositories into a workspace, never one of them twice; private to the collection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import unconfigured_of_application
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AlreadyExists, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import ensure_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_connect import (
    KEY_TYPES,
    ImportTerms,
    import_repository,
    key_title,
    one_at_a_time,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GIT_HOST_OPTIONS, GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import AUTHOR, LOCK_TIMEOUT, GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse, same_repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami

IMPORT: dict[str, Any] = {
    **LOCK_TIMEOUT,
    **AUTHOR,
    "git_host": GIT_HOST_OPTIONS,
    "workspace": {"type": "str", "required": True},
    "generate_key": {"type": "bool", "no_log": False},
    "key_type": {"type": "str", "choices": KEY_TYPES, "no_log": False},
    "key_write": {"type": "bool", "no_log": False},
    "key_timeout": {"type": "int", "default": 0, "no_log": False},
    "elsewhere": {"type": "str", "choices": ["report", "fail"], "default": "report"},
    "import_timeout": {"type": "int", "default": 180},
}


def terms(module: GitModule) -> ImportTerms:
    """From a module's options."""
    params = module.params
    if params["import_timeout"] < 1 or params["key_timeout"] < 0:
        raise InvalidInput("import_timeout and key_timeout are seconds")
    host = GitHost.of(module)
    return ImportTerms(
        author=module.author(),
        timeout=float(params["import_timeout"]),
        generate_key=host is not None if params["generate_key"] is None else params["generate_key"],
        key_type=params["key_type"],
        key_write=params["key_write"],
        key_timeout=float(params["key_timeout"]),
        host=host,
    )


class Importer:
    """One workspace; the lists of the others are read once."""

    def __init__(self, git: Git, workspace: str, terms: ImportTerms, *, elsewhere: str = "report") -> None:
        self.git = git
        self.terms = terms
        self.elsewhere = elsewhere
        # Looked up first, so that an unknown workspace is told before anything else.
        self.workspaces = _workspaces.list_workspaces(git.client)
        self.workspace = _workspaces.select(self.workspaces, workspace) or _workspaces.get(git.client, workspace)
        self._others: list[tuple[str, str]] | None = None

    def ensure(self, remote_url: str, name: str | None = None, branch: str | None = None) -> dict[str, Any]:
        """Have a repository's application in the workspace, under its name, with a branch."""
        repository = parse(remote_url)
        target = self._find(remote_url, name)
        also_in = [other for other, remote in self._elsewhere() if same_repository(remote, remote_url)]
        entry: dict[str, Any] = {
            "remote_url": remote_url,
            "imported": target is None,
            "changed": target is None,
            "also_in": also_in,
            "key_registered": False,
            "unconfigured_datasources": [],
        }
        if target is None:
            if also_in and self.elsewhere == "fail":
                raise AlreadyExists(
                    f"{remote_url} is imported already, in {', '.join(also_in)}",
                    next_step="Use that workspace, or allow it with elsewhere: report.",
                )
            if self.git.client.check_mode:
                entry["key_registered"] = self.terms.host is not None
                return {**entry, "name": name or repository.name, "id": None, "base_id": None, "branch": branch}
            target = self._import(remote_url, name)
            entry["key_registered"] = self.terms.host is not None
        elif self.terms.host:
            entry["key_registered"] = self._register(target, remote_url)
            entry["changed"] = entry["key_registered"]
        if name and target.name != name:
            entry["changed"] = True
            if not self.git.client.check_mode:
                _applications.update(self.git.client, self.workspace["id"], target.base_id, name=name)
            target = replace(target, name=name)
        found: str | None = target.id
        if branch:
            outcome = ensure_branch(self.git, target, branch)
            entry["changed"] = entry["changed"] or outcome.changed
            found = outcome.facts["id"]
        entry |= {"name": target.name, "id": found, "base_id": target.base_id, "branch": branch or target.branch}
        entry["unconfigured_datasources"] = unconfigured_of_application(
            self.git.client, self.workspace["id"], found or target.id
        )
        return entry

    def _label(self, remote_url: str) -> str:
        return f"{self.workspace['name']} {parse(remote_url).name}"

    def _register(self, target: Target, remote_url: str) -> bool:
        """Have the key of an application that is there at the Git host, with the right that is wanted."""
        key = self.git.api.read_key(target.id)
        if not key or not self.terms.host:
            return False
        title = key_title(self.git.client.url, self._label(remote_url))
        return self.terms.host.ensure_key(parse(remote_url), key, title=title, read_only=self.terms.read_only)

    def _import(self, remote_url: str, name: str | None) -> Target:
        # Not appsmith_username: with a session it needn't be given.
        user = whoami(self.git.client).get("email")
        with one_at_a_time(self.git.client.url, user):
            # Another run may have been faster while this one waited.
            found = self._find(remote_url, name)
            return found or import_repository(
                self.git,
                self.workspace["id"],
                remote_url,
                lambda: self._find(remote_url, name),
                self.terms,
                label=self._label(remote_url),
            )

    def _find(self, remote_url: str, name: str | None) -> Target | None:
        listed = _applications.list_applications(self.git.client, self.workspace["id"])
        found = [item for item in listed if same_repository(_applications.git_data(item).get("remoteUrl"), remote_url)]
        if len(found) > 1:
            found = [item for item in found if item.get("name") == name] or found
        if len(found) > 1:
            names = ", ".join(f"'{item.get('name')}'" for item in found)
            raise AlreadyExists(
                f"{remote_url} was imported {len(found)} times into '{self.workspace['name']}': {names}",
                next_step="Delete all but one, or say which one is meant by its name.",
            )
        return Target.read(found[0], self.workspace["name"]) if found else None

    def _elsewhere(self) -> list[tuple[str, str]]:
        """(workspace, remote address) of all connected applications in the other workspaces."""
        if self._others is None:
            self._others = [
                (str(workspace.get("name")), _applications.git_data(item)["remoteUrl"])
                for workspace in self.workspaces
                if workspace["id"] != self.workspace["id"]
                for item in _applications.list_applications(self.git.client, workspace["id"])
                if _applications.git_data(item)
            ]
        return self._others
