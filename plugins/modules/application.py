#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: application
short_description: Manage an application of an Appsmith workspace
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes, changes or deletes an application. The pages and queries of it are not this module's business; they come from
    editing, or from a repository (M(stagecraft.appsmith.git_import)).
  - Appsmith makes C(name (1)) when a name is taken. This module looks first, and never makes a second application of
    a name.
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
  workspace:
    description:
      - Name of the workspace.
    type: str
    required: true
  name:
    description:
      - Name of the application.
    type: str
    required: true
  state:
    description:
      - V(present) makes the application, empty and published, or changes what differs.
      - V(absent) deletes it with all its branches. A connected repository keeps everything.
    type: str
    choices:
      - present
      - absent
    default: present
  color:
    description:
      - Colour as C(#) and six upper-case hexadecimal digits, such as V(#ECECEC). Not touched when not given; Appsmith
        takes one of its own for a new application.
      - For an application connected to Git a change is an uncommitted change.
    type: str
  icon:
    description:
      - Name of an icon, such as V(bag). Not touched when not given.
      - For an application connected to Git a change is an uncommitted change.
    type: str
seealso:
  - module: stagecraft.appsmith.application_info
  - module: stagecraft.appsmith.publish
"""

EXAMPLES = r"""
- name: Ensure the application is there
  stagecraft.appsmith.application:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: Orders
    icon: bag

- name: Delete the application; its repository stays
  stagecraft.appsmith.application:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: Trial
    state: absent
"""

RETURN = r"""
application:
  description: The application as it is afterwards; in check mode as it would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Id.
      type: str
    base_id:
      description: Id of the application whose branches it belongs to; its own id when it is not connected to Git.
      type: str
    name:
      description: Name.
      type: str
    slug:
      description: Name as used in addresses.
      type: str
    workspace_id:
      description: Id of its workspace.
      type: str
    public:
      description: Whether anybody may view it.
      type: bool
    color:
      description: Colour.
      type: str
    icon:
      description: Icon.
      type: str
    last_deployed_at:
      description: When it was deployed last; null after an import though the published view is there.
      type: str
    modified_at:
      description: When it was edited last.
      type: str
    git:
      description: Its connection to a repository; null when there is none.
      type: dict
      contains:
        remote_url:
          description: Address of the repository.
          type: str
        branch:
          description: Branch.
          type: str
        default_branch:
          description: The repository's default branch.
          type: str
        private:
          description: Whether the repository is private, as far as Appsmith knows.
          type: bool
        last_committed_at:
          description: When a commit was made or brought in last.
          type: str
  sample:
    id: 6b0297179da452369c779805
    base_id: 6b0297179da452369c779805
    name: Orders
    slug: orders
    workspace_id: 6b0297139da452369c7797fe
    public: false
    color: "#ECECEC"
    icon: bag
    last_deployed_at: null
    modified_at: "2026-11-22T07:17:43.405Z"
    git: null
"""

import re
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications as applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _workspaces as workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

FIELDS = ("name", "color", "icon")


class Application(AppsmithModule):
    argument_spec = {
        "workspace": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "color": {"type": "str"},
        "icon": {"type": "str"},
    }

    def run(self) -> None:
        self.check_options()
        self.workspace = workspaces.get(self.client, self.params["workspace"])["id"]
        found = applications.find(self.client, self.workspace, self.params["name"])
        if self.params["state"] == "absent":
            self.absent(found)
        elif found is None:
            self.create()
        else:
            self.update(found)

    def check_options(self) -> None:
        if not self.params["name"].strip() or len(self.params["name"]) > 99:
            raise InvalidInput("The name of an application has 1 to 99 characters", next_step="Give another name.")
        if self.params["color"] and not re.fullmatch(r"#[0-9A-F]{6}", self.params["color"]):
            raise InvalidInput(f"'{self.params['color']}' is no colour", next_step="Give it such as #ECECEC.")

    def wanted(self) -> dict[str, Any]:
        return {key: self.params[key] for key in FIELDS if self.params[key] is not None}

    def create(self) -> None:
        wanted = self.wanted()
        self.changed()
        self.diff({}, wanted)
        if self.check_mode:
            self.result["application"] = applications.represent({**wanted, "workspaceId": self.workspace})
        else:
            made = applications.create(self.client, self.workspace, **wanted)
            self.result["application"] = applications.represent(made)

    def update(self, found: dict[str, Any]) -> None:
        wanted = {key: value for key, value in self.wanted().items() if (found.get(key) or "") != value}
        self.diff({key: found.get(key) for key in FIELDS}, {key: {**found, **wanted}.get(key) for key in FIELDS})
        if wanted:
            self.changed()
            if not self.check_mode:
                found = applications.update(self.client, self.workspace, found["id"], **wanted)
        self.result["application"] = applications.represent({**found, **wanted})

    def absent(self, found: dict[str, Any] | None) -> None:
        self.result["application"] = None
        if found is None:
            return
        self.changed()
        self.diff({key: found.get(key) for key in FIELDS}, {})
        if not self.check_mode:
            applications.delete(self.client, self.workspace, found["id"])


def main() -> None:
    Application.main()


if __name__ == "__main__":
    main()
