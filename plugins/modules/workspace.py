#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: workspace
short_description: Manage a workspace of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes, changes or deletes a workspace.
  - Appsmith allows two workspaces of one name. This module never makes a second one, and refuses to guess which of
    several is meant.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  name:
    description:
      - Name of the workspace.
    type: str
    required: true
  id:
    description:
      - Id of an existing workspace, to rename it to O(name), or to pick one of several with that name.
    type: str
  state:
    description:
      - V(present) makes the workspace or changes what differs.
      - V(absent) deletes it, if it has no applications.
    type: str
    choices:
      - present
      - absent
    default: present
  website:
    description:
      - The workspace's website. Not touched when not given.
    type: str
  email:
    description:
      - The workspace's e-mail address. Not touched when not given; Appsmith sets it to the maker's.
    type: str
seealso:
  - module: stagecraft.appsmith.workspace_info
"""

EXAMPLES = r"""
- name: Ensure the workspace is there
  stagecraft.appsmith.workspace:
    appsmith_url: https://staging.example.com
    appsmith_username: admin@example.com
    appsmith_password: "{{ vault_appsmith_password }}"
    name: Operations
    website: https://example.com

- name: Rename a workspace
  stagecraft.appsmith.workspace:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    id: 6b0297139da452369c7797fe
    name: Operations and support

- name: Delete an empty workspace
  stagecraft.appsmith.workspace:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    name: Trial
    state: absent
"""

RETURN = r"""
workspace:
  description: The workspace as it is afterwards; in check mode as it would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Id; null in check mode when the workspace would be made.
      type: str
    name:
      description: Name.
      type: str
    slug:
      description: Name as used in addresses.
      type: str
    website:
      description: Website.
      type: str
    email:
      description: E-mail address.
      type: str
    permissions:
      description: What the user may do in it.
      type: list
      elements: str
  sample:
    id: 6b0297139da452369c7797fe
    name: Operations
    slug: operations
    website: https://example.com
    email: admin@example.com
    permissions:
      - create:applications
      - manage:workspaces
"""

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _workspaces as workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._applications import list_applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

FIELDS = ("name", "website", "email")


class Workspace(AppsmithModule):
    argument_spec = {
        "name": {"type": "str", "required": True},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "website": {"type": "str"},
        "email": {"type": "str"},
    }

    def run(self) -> None:
        if not self.params["name"].strip():
            raise InvalidInput("The name of a workspace can't be empty", next_step="Give a name.")
        found = self.find()
        if self.params["state"] == "absent":
            self.absent(found)
        elif found is None:
            self.create()
        else:
            self.update(found)

    def find(self) -> dict[str, Any] | None:
        existing = workspaces.list_workspaces(self.client)
        if not self.params["id"]:
            return workspaces.select(existing, self.params["name"])
        found = workspaces.by_id(existing, self.params["id"])
        if found is None and self.params["state"] == "present":
            raise NotFound(
                f"There is no workspace with the id {self.params['id']} that this user can see",
                next_step="Check the id, or leave it out to make a workspace.",
            )
        # Writing the same name twice is never this module's doing; deleting one of two is welcome.
        taken = any(other.get("name") == self.params["name"] and other is not found for other in existing)
        if found is not None and self.params["state"] == "present" and taken and found["name"] != self.params["name"]:
            raise InvalidInput(
                f"There is a workspace '{self.params['name']}' already", next_step="Choose another name."
            )
        return found

    def wanted(self) -> dict[str, Any]:
        return {key: self.params[key] for key in FIELDS if self.params[key] is not None}

    def create(self) -> None:
        wanted = self.wanted()
        self.changed()
        self.diff({}, wanted)
        if self.check_mode:
            self.result["workspace"] = workspaces.represent(wanted)
        else:
            self.result["workspace"] = workspaces.represent(workspaces.create(self.client, **wanted))

    def update(self, found: dict[str, Any]) -> None:
        wanted = {key: value for key, value in self.wanted().items() if (found.get(key) or "") != value}
        self.diff({key: found.get(key) for key in FIELDS}, {key: {**found, **wanted}.get(key) for key in FIELDS})
        if wanted:
            self.changed()
            if not self.check_mode:
                found = workspaces.update(self.client, found["id"], **wanted)
        self.result["workspace"] = workspaces.represent({**found, **wanted})

    def absent(self, found: dict[str, Any] | None) -> None:
        self.result["workspace"] = None
        if found is None:
            return
        names = ", ".join(f"'{application['name']}'" for application in list_applications(self.client, found["id"]))
        if names:
            raise InvalidInput(
                f"The workspace '{found['name']}' has applications: {names}",
                next_step="Delete or move them first; nothing was deleted.",
            )
        self.changed()
        self.diff({key: found.get(key) for key in FIELDS}, {})
        if not self.check_mode:
            workspaces.delete(self.client, found["id"])


def main() -> None:
    Workspace.main()


if __name__ == "__main__":
    main()
