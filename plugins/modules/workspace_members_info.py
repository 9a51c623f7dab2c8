#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: workspace_members_info
short_description: List the members of a workspace
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Lists the members of a workspace and their roles.
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
  workspace:
    description:
      - Name of the workspace.
    type: str
    required: true
seealso:
  - module: stagecraft.appsmith.workspace_members
"""

EXAMPLES = r"""
- name: Who may use production?
  stagecraft.appsmith.workspace_members_info:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
  register: people
"""

RETURN = r"""
members:
  description: The members, by address.
  returned: success
  type: list
  elements: dict
  contains:
    email:
      description: E-mail address.
      type: str
    name:
      description: Name; for an invited user the beginning of the address.
      type: str
    role:
      description: V(administrator), V(developer), V(viewer), or null for a role of one's own.
      type: str
    id:
      description: Id of the user.
      type: str
    signed_up:
      description: Always null, since Appsmith's list doesn't tell it.
      type: bool
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _members, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class WorkspaceMembersInfo(AppsmithModule):
    argument_spec = {"workspace": {"type": "str", "required": True}}

    def run(self) -> None:
        workspace = _workspaces.get(self.client, self.params["workspace"])
        members = _members.list_members(self.client, workspace["id"])
        self.result["members"] = [member.as_result() for _email, member in sorted(members.items())]


def main() -> None:
    WorkspaceMembersInfo.main()


if __name__ == "__main__":
    main()
