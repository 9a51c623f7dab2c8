#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a live instance and writes the inventory that would make it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: inventory_export
short_description: Write the inventory that would make a live instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Reads an instance, its settings, workspaces, members, applications with their repositories and branches, and
    datasources, and returns the inventory from which the role P(stagecraft.appsmith.provision#role) would make it. Each
    workspace becomes a host.
  - With O(path) the inventory is written to a file, which is readable for its owner only.
  - No secret is in it. Appsmith doesn't show passwords; and what it does show and looks like a secret, such as a header
    that carries a token, is left out as well. Variables stand for them, whose names are returned and stand in the file.
  - What can't be exported, such as applications that are not connected to Git, is returned and stands in the file as
    comments.
  - Nothing is written to the instance. Only Appsmith itself saves the account's own name as author of commits when it
    is asked for the first time.
  - A run of provision with this inventory and the right secrets changes nothing on the instance.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - A file that somebody edited is not shown, since it may hold secrets.
options:
  path:
    description:
      - File to write, on the host that the module runs on. If left out, nothing is written.
      - A file that an earlier export wrote is replaced, unless somebody has edited it since; see O(force).
    type: path
  force:
    description:
      - Whether to replace also a file that somebody has edited, or that is no export. It is kept under another name.
    type: bool
    default: false
  workspaces:
    description:
      - Names of the workspaces to export. All that the account is a member of if left out.
    type: list
    elements: str
  name:
    description:
      - Name of the host in the inventory; with several workspaces the beginning of their names. The instance's host
        name if left out.
      - The names of the variables for secrets begin with it as well.
    type: str
  group:
    description:
      - Name of the group within C(appsmith) that the hosts are in, such as V(staging) or V(production). It holds what
        concerns the instance. Made from O(name) if left out.
    type: str
  branch:
    description:
      - Branch that the workspaces work on. If left out, the one that all applications of a workspace have on the
        instance besides the default branch of their repositories, or else that default branch.
    type: str
seealso:
  - module: stagecraft.appsmith.workspace_members_info
  - module: stagecraft.appsmith.datasource_info
"""

EXAMPLES = r"""
- name: Begin with what is there
  stagecraft.appsmith.inventory_export:
    appsmith_url: https://appsmith.example.com
    appsmith_username: admin@example.com
    appsmith_password: "{{ vault_appsmith_password }}"
    path: inventory/production.yml
    group: production
  register: exported

- name: Say which secrets are needed
  ansible.builtin.debug:
    msg: "{{ exported.vault_variables | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
inventory:
  description: The inventory.
  returned: success
  type: dict
  sample:
    appsmith:
      children:
        production:
          vars:
            appsmith_url: https://appsmith.example.com
          hosts:
            appsmith.example.com:
              appsmith_workspace: Operations
text:
  description: The same as the text of a file, with comments.
  returned: success
  type: str
vault_variables:
  description: Variables that stand for secrets, and have to be given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the variable.
      type: str
    what:
      description: What it stands for.
      type: str
    readable:
      description: Whether Appsmith shows it to those who may edit.
      type: bool
notes:
  description: What could not be exported, and what is to be known of the rest.
  returned: success
  type: list
  elements: str
path:
  description: The file.
  returned: when O(path) is given
  type: str
backup_file:
  description: Where the edited file was put.
  returned: when one was replaced
  type: str
"""

import os
import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _inventory_file
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory import Exporter, Inventory
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_vault import Template
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class InventoryExport(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "path": {"type": "path"},
        "force": {"type": "bool", "default": False},
        "workspaces": {"type": "list", "elements": "str"},
        "name": {"type": "str"},
        "group": {"type": "str"},
        "branch": {"type": "str"},
    }

    def run(self) -> None:
        self.require(_inventory_file.HAS_YAML, "PyYAML")
        self._check()
        path = self.params["path"] and os.path.abspath(self.params["path"])
        before = self._look(path) if path else None
        inventory = self._read()
        text = _inventory_file.render(inventory)
        self.result.update(
            inventory=_plain(inventory.as_result()),
            text=text,
            vault_variables=[variable.as_result() for variable in inventory.vault.variables],
            notes=inventory.notes,
        )
        if path:
            self.result["path"] = path
            if before != text:
                self._write(path, before, text)

    def _check(self) -> None:
        for option, pattern in (("name", _HOST), ("group", _GROUP)):
            given = self.params[option]
            if given is not None and not pattern.fullmatch(given):
                raise InvalidInput(f"{option} '{given}' is no name for an inventory", next_step="Correct it.")
        if self.params["group"] == "appsmith":
            raise InvalidInput("group must be another one than appsmith, which it is put into")

    def _look(self, path: str) -> str | None:
        """Before anything is asked: an edited file would not be replaced anyway."""
        _inventory_file.check_place(path)
        found = _inventory_file.look(path)
        if found is not None and not self.params["force"] and not _inventory_file.is_untouched(found):
            raise InvalidInput(
                f"{path} was edited, or was not written by an export",
                next_step="Give another path, or replace it by force: true, which keeps a copy.",
            )
        return found

    def _read(self) -> Inventory:
        name = self.params["name"] or urlsplit(self.client.url).hostname or "appsmith"
        # An address in brackets would be taken for a range.
        name = name if _HOST.fullmatch(name) else "appsmith.instance"
        exporter = Exporter(
            self.client, self.version, name=name, group=self.params["group"], branch=self.params["branch"]
        )
        return exporter.read(self.params["workspaces"])

    def _write(self, path: str, before: str | None, text: str) -> None:
        edited = before is not None and not _inventory_file.is_untouched(before)
        self.diff("(edited, not shown)\n" if edited else before or "", text, header=path)
        if not self.check_mode:
            if edited:
                self.result["backup_file"] = self.ansible.backup_local(path)
            _inventory_file.write(path, text)
        self.changed()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Template) else value


def main() -> None:
    InventoryExport.main()


if __name__ == "__main__":
    main()
