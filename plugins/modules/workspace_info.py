#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: workspace_info
short_description: List the workspaces of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Lists the workspaces that the user can see.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  name:
    description:
      - Only workspaces of this name. There can be several, or none, which is no error.
    type: str
seealso:
  - module: stagecraft.appsmith.workspace
"""

EXAMPLES = r"""
- name: List the workspaces
  stagecraft.appsmith.workspace_info:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
  register: found
"""

RETURN = r"""
workspaces:
  description: The workspaces.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id.
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
    - id: 6b0297139da452369c7797fe
      name: Operations
      slug: operations
      website: https://example.com
      email: admin@example.com
      permissions:
        - create:applications
        - manage:workspaces
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._workspaces import list_workspaces, represent


class WorkspaceInfo(AppsmithModule):
    argument_spec = {"name": {"type": "str"}}

    def run(self) -> None:
        wanted = self.params["name"]
        self.result["workspaces"] = [
            represent(workspace)
            for workspace in list_workspaces(self.client)
            if wanted is None or workspace.get("name") == wanted
        ]


def main() -> None:
    WorkspaceInfo.main()


if __name__ == "__main__":
    main()
