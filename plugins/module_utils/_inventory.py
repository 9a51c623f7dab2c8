# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live instance as the inventory that role provision would make it from; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _applications,
    _inventory_datasources,
    _inventory_settings,
    _members,
    _workspaces,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import needs_browser
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import authorised, storage_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import Datasources
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    PermissionDenied,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Branches, git_api
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_vault import Vault, slug
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import same_repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami
from ansible_collections.stagecraft.appsmith.plugins.module_utils._settings import Settings
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

Json = dict[str, Any]


@dataclass
class Block:
    """Variables of a host or a group, and what is to be said beside them (by the variable's name)."""

    name: str
    variables: Json = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, variable: str, text: str) -> None:
        self.notes.setdefault(variable, []).append(text)

    def set(self, variable: str, value: Any) -> None:
        if value not in (None, "", [], {}):
            self.variables[variable] = value


@dataclass
class Inventory:
    url: str
    group: Block
    hosts: list[Block] = field(default_factory=list)
    vault: Vault = field(default_factory=Vault)

    @property
    def notes(self) -> list[str]:
        """All that is said beside the variables, with the host that it is about."""
        return [
            f"{block.name}: {text}"
            for block in (self.group, *self.hosts)
            for texts in block.notes.values()
            for text in texts
        ]

    def as_result(self) -> Json:
        hosts = {block.name: block.variables for block in self.hosts}
        child = {"vars": self.group.variables, "hosts": hosts}
        return {"appsmith": {"children": {self.group.name: child}}}


class Exporter:
    """Reads one instance; writes nothing to it."""

    def __init__(self, client: Client, version: Version, *, name: str, group: str | None, branch: str | None) -> None:
        self.client = client
        self.version = version
        self.api = git_api(client, version)
        self.name = name
        self.branch = branch
        self.me = whoami(client)
        self.inventory = Inventory(client.url, Block(group or ""))

    def read(self, wanted: list[str] | None) -> Inventory:
        listed = _workspaces.list_workspaces(self.client)
        if wanted is None:
            names = [str(workspace.get("name")) for workspace in listed]
            chosen = [workspace for workspace in listed if names.count(str(workspace.get("name"))) == 1]
            twice = sorted({name for name in names if names.count(name) > 1})
        else:
            chosen = [_workspaces.select(listed, name) or _workspaces.get(self.client, name) for name in wanted]
            twice = []
        for workspace, host in zip(chosen, self._host_names(chosen), strict=True):
            self.inventory.hosts.append(self._workspace(workspace, host))
        group = self.inventory.group
        group.name = group.name or self._group_name()
        self._instance(group)
        for name in twice:
            group.note("appsmith_url", f"Several workspaces are named '{name}': rename all but one to export them")
        group.note(
            "appsmith_url",
            f"Only workspaces that {self.me.get('email')} is a member of can be seen",
        )
        return self.inventory

    # -- names --------------------------------------------------------------------------------------------------------
    def _host_names(self, workspaces: list[Json]) -> list[str]:
        if len(workspaces) == 1:
            return [self.name]
        names: list[str] = []
        for number, workspace in enumerate(workspaces, 1):
            short = slug(str(workspace.get("name")), "-") or f"workspace-{number}"
            name = f"{self.name}-{short}"
            names.append(name if name not in names else f"{name}-{number}")
        return names

    def _group_name(self) -> str:
        """Not a host's name: Ansible can't tell the two apart."""
        name = slug(self.name) or "exported"
        name = f"appsmith_{name}" if name[0].isdigit() else name
        taken = {"appsmith", self.name, *(host.name for host in self.inventory.hosts)}
        return f"{name}_instance" if name in taken else name

    # -- the instance -------------------------------------------------------------------------------------------------
    def _instance(self, group: Block) -> None:
        account = str(self.me.get("email") or "")
        group.set("appsmith_url", self.client.url)
        group.set("appsmith_version", str(self.version))
        group.set("appsmith_username", account)
        group.set(
            "appsmith_password",
            self.inventory.vault.placeholder(self.name, "appsmith_password", what=f"password of {account} at Appsmith"),
        )
        group.set("appsmith_admin_name", self.me.get("name"))
        group.note(
            "appsmith_instance_driver", "How the instance is started and stopped can't be seen: see role instance"
        )
        if any("appsmith_applications" in host.variables for host in self.inventory.hosts):
            self._git(group)
        try:
            settings = Settings.look(self.client)
        except PermissionDenied:
            group.note("appsmith_settings", f"Not exported: {account} is no administrator of the instance")
            return
        vault, caller = self.inventory.vault, account.lower()
        found, notes = _inventory_settings.options_of(settings, self.version, caller, vault, self.name)
        group.note("appsmith_settings", "As docker.env has them; a variable of the container itself counts more")
        left = [name for name in _inventory_settings.LEFT_OUT[:-1] if name in settings.environment]
        if left:
            group.note("appsmith_settings", f"Left out, since the container is started with it: {', '.join(left)}")
        for text in notes:
            group.note("appsmith_settings", text)
        group.set("appsmith_settings", found)

    def _git(self, group: Block) -> None:
        author = self.api.default_profile()
        if author.name and author.email:
            group.set("appsmith_git_author", {"name": author.name, "email": author.email})
        else:
            group.note("appsmith_git_author", "Name and email that commits are made with are not known: give them")
        group.note(
            "appsmith_git_author",
            "To make another instance, name the Git host's API (appsmith_git_host), and say by appsmith_git_key_write "
            "whether the deploy keys may write: Appsmith doesn't know either",
        )

    # -- a workspace --------------------------------------------------------------------------------------------------
    def _workspace(self, workspace: Json, host: str) -> Block:
        block = Block(host)
        name = str(workspace["name"])
        block.set("appsmith_workspace", name)
        if "manage:workspaces" not in (workspace.get("userPermissions") or ()):
            account = self.me.get("email")
            block.note(
                "appsmith_workspace",
                f"{account} is no Administrator of this workspace: what that account can't see is missing",
            )
        self._applications(block, workspace)
        self._members(block, workspace)
        self._datasources(block, workspace)
        return block

    def _members(self, block: Block, workspace: Json) -> None:
        try:
            members = _members.list_members(self.client, workspace["id"])
        except PermissionDenied:
            block.note("appsmith_members", "Not exported: the account may not see who the members are")
            return
        known = [member for member in members.values() if member.role]
        block.set(
            "appsmith_members",
            [
                {"email": member.email, "role": member.role}
                for member in sorted(known, key=lambda one: (_members.ROLES.index(one.role or ""), one.email))
            ],
        )
        for member in members.values():
            if not member.role:
                block.note("appsmith_members", f"{member.email} has a role of your own making, which is not exported")

    # -- applications -------------------------------------------------------------------------------------------------
    def _applications(self, block: Block, workspace: Json) -> None:
        listed = _applications.list_applications(self.client, workspace["id"])
        listed = sorted(listed, key=lambda application: str(application.get("name")))
        connected = [application for application in listed if _applications.git_data(application)]
        alone = [str(application.get("name")) for application in listed if not _applications.git_data(application)]
        branches = {str(item["name"]): self._branches(block, item) for item in connected}
        branch = self._branch(block, branches)
        entries: list[Json] = []
        for application in connected:
            name, url = str(application["name"]), _applications.git_data(application)["remoteUrl"]
            if branch and branch not in branches[name].local:
                block.note("appsmith_applications", f"'{name}' is not at {branch}: provision will bring that branch in")
            twins = [entry["name"] for entry in entries if same_repository(entry["remote_url"], url)]
            if twins:
                block.note("appsmith_applications", f"'{name}' comes from the same repository as '{twins[0]}'")
            entries.append({"name": name, "remote_url": url})
        block.set("appsmith_branch", branch)
        self._protection(block, {item["name"]: (item, branch or branches[item["name"]].default) for item in connected})
        block.set("appsmith_applications", entries)
        for name in alone:
            block.note(
                "appsmith_applications",
                f"'{name}' is not connected to Git and so not exported: connect it (git_connection), export again",
            )
        if connected:
            block.note("appsmith_applications", "What is edited and not published will be published by provision")

    def _protection(self, block: Block, branches: dict[str, tuple[Json, str | None]]) -> None:
        """Provision protects the branch that it works on, of all applications or of none."""
        rules: dict[str, list[str]] = {}
        for name, (application, _branch) in branches.items():
            try:
                rules[name] = self.api.protected(_applications.base_id(application))
            except AppsmithError as error:
                block.note("appsmith_protected", f"'{name}': whether it is protected could not be read: {error}")
        if rules and all(rules.get(name) == [branch] for name, (_application, branch) in branches.items()):
            block.set("appsmith_protected", True)
            return
        for name, protected in rules.items():
            if protected:
                which = ", ".join(protected)
                block.note("appsmith_protected", f"'{name}' has {which} protected, which can't be said for it alone")

    def _branches(self, block: Block, application: Json) -> Branches:
        git = _applications.git_data(application)
        known = str(git.get("refName") or git.get("branchName") or git.get("defaultBranchName") or "")
        try:
            found = self.api.branches(application["id"])
        except AppsmithError as error:
            block.note("appsmith_branch", f"'{application.get('name')}': its branches could not be read: {error}")
            return Branches((known,), (), git.get("defaultBranchName") or known)
        return Branches(found.local, found.remote, found.default or git.get("defaultBranchName") or known)

    def _branch(self, block: Block, branches: dict[str, Branches]) -> str | None:
        """The one branch that the workspace works on, as far as that can be told."""
        if self.branch or not branches:
            return self.branch if branches else None
        common = set.intersection(*(set(one.local) for one in branches.values()))
        defaults = {one.default for one in branches.values()}
        besides = sorted(common - defaults)
        if len(besides) == 1:
            return besides[0]
        default = next(iter(defaults)) if len(defaults) == 1 else None
        if besides:
            block.note(
                "appsmith_branch", f"Which branch this is for is a guess: there are {', '.join(besides)} as well"
            )
        if default is None:
            block.note(
                "appsmith_branch",
                "Each application is at the default branch of its repository, which are not all of one name: "
                + ", ".join(f"{name} at {one.default}" for name, one in branches.items()),
            )
        return default

    # -- datasources --------------------------------------------------------------------------------------------------
    def _datasources(self, block: Block, workspace: Json) -> None:
        datasources = Datasources(self.client, workspace["id"])
        entries = []
        for datasource in sorted(datasources.all, key=lambda one: str(one["name"])):
            entry = self._datasource(block, datasources, datasource)
            if entry:
                entries.append(entry)
        block.set("appsmith_datasources", entries)

    def _datasource(self, block: Block, datasources: Datasources, datasource: Json) -> Json | None:
        name, plugin = str(datasource["name"]), datasources.package_of(datasource)
        storage = storage_of(datasource)
        configuration = storage.get("datasourceConfiguration") or {}

        def note(text: str) -> None:
            block.note("appsmith_datasources", f"{name} ({plugin}) {text}")

        if datasource.get("isMock"):
            note("is Appsmith's sample data and not exported")
            return None
        if not plugin.endswith("-plugin"):
            note("is not exported: its plugin is not known")
            return None
        if not storage.get("isConfigured"):
            note("has no configuration yet: add it, or its queries don't work")
            return None
        try:
            entry = _inventory_datasources.options_of(name, plugin, configuration, self.inventory.vault, block.name)
        except InvalidInput as error:
            note(f"is not exported, since provision would refuse it: {error.message}")
            return None
        if entry is None:
            note("is not exported: nothing of its configuration can be seen")
            return None
        kind = datasources.plugins.get(plugin, {}).get("type")
        if needs_browser(plugin, kind, configuration):
            done = "was authorised" if authorised(storage) else "is not authorised"
            note(f"{done} in a browser, which can't be exported: a person has to do it in every new instance")
        if storage.get("invalids"):
            note(f"is invalid as it stands: {'; '.join(map(str, storage['invalids']))}")
        return entry
