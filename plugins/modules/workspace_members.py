#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: workspace_members
short_description: Invite people to a workspace by role, change roles, remove members
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Brings the members of a workspace to a list, with one invitation for each role, however many they are.
  - Members that are there already are left out of the invitation, since Appsmith refuses the whole of it for one.
  - Nobody is removed unless O(state) says so. The workspace is never left without an Administrator, and the account
    that the module signs in with stays Administrator.
  - People who have no account yet become invited users. They sign up with the address that they were invited by.
    Appsmith sends a mail only where mail is set up.
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
  members:
    description:
      - The people.
    type: list
    elements: dict
    required: true
    suboptions:
      email:
        description:
          - E-mail address of the account, in any case.
        type: str
        required: true
      role:
        description:
          - Appsmith's role in the workspace, V(administrator), V(developer) or V(viewer) (App Viewer).
          - Not looked at with O(state=absent).
        type: str
        choices:
          - administrator
          - developer
          - viewer
        default: viewer
  state:
    description:
      - V(present) invites those that are missing and changes roles that differ.
      - V(exact) does the same, and removes every other member.
      - V(absent) removes those of the list.
    type: str
    choices:
      - present
      - exact
      - absent
    default: present
seealso:
  - module: stagecraft.appsmith.workspace_members_info
  - module: stagecraft.appsmith.workspace
"""

EXAMPLES = r"""
- name: Invite the people who build to staging
  stagecraft.appsmith.workspace_members:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    members:
      - {email: dora@example.com, role: developer}
      - {email: quentin@example.com, role: developer}

- name: Exactly these people may use production
  stagecraft.appsmith.workspace_members:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    state: exact
    members:
      - {email: admin@example.com, role: administrator}
      - {email: vera@example.com, role: viewer}

- name: Somebody left
  stagecraft.appsmith.workspace_members:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    state: absent
    members:
      - email: vera@example.com
"""

RETURN = r"""
members:
  description: The members as they are afterwards; in check mode as they would be.
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
      description: Id of the user; null in check mode for one who would be invited.
      type: str
    signed_up:
      description: Whether the user has an account already. Only known of those invited by this run, otherwise null.
      type: bool
  sample:
    - email: dora@example.com
      name: dora
      role: developer
      id: 6b0297149da452369c779802
      signed_up: false
invited:
  description: Addresses that were invited.
  returned: success
  type: list
  elements: str
changed_roles:
  description: Addresses whose role was changed.
  returned: success
  type: list
  elements: str
removed:
  description: Addresses that were removed from the workspace.
  returned: success
  type: list
  elements: str
not_signed_up:
  description: Those of RV(invited) that have no account yet. Empty in check mode.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _members as people
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami


class WorkspaceMembers(AppsmithModule):
    argument_spec = {
        "workspace": {"type": "str", "required": True},
        "members": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "email": {"type": "str", "required": True},
                "role": {"type": "str", "choices": list(people.ROLES), "default": people.VIEWER},
            },
        },
        "state": {"type": "str", "choices": ["present", "exact", "absent"], "default": "present"},
    }

    def run(self) -> None:
        wanted = people.wanted_members(self.params["members"])
        if self.params["state"] == "exact" and people.ADMINISTRATOR not in wanted.values():
            raise InvalidInput(
                "The exact list names nobody as administrator",
                next_step="Name at least one, such as the account that you sign in with; nothing was changed.",
            )
        workspace = _workspaces.get(self.client, self.params["workspace"])
        present = people.list_members(self.client, workspace["id"])
        caller = str(whoami(self.client).get("email") or "").lower()
        planned = people.plan(present, wanted, self.params["state"], caller)
        for text in planned.warnings:
            self.warn(text)
        after = planned.after(present)
        members = [
            people.Member(email, role, present[email].name, present[email].id)
            if email in present
            else people.Member(email, role)
            for email, role in after.items()
        ]
        if planned:
            self.diff({email: member.role for email, member in sorted(present.items())}, dict(sorted(after.items())))
            if not self.check_mode:
                members = people.apply(self.client, workspace["id"], planned)
            self.changed()
        self.result["members"] = [one.as_result() for one in sorted(members, key=lambda member: member.email)]
        self.result["invited"] = sorted(email for emails in planned.invite.values() for email in emails)
        self.result["changed_roles"] = sorted(planned.change)
        self.result["removed"] = planned.remove
        self.result["not_signed_up"] = sorted(member.email for member in members if member.signed_up is False)


def main() -> None:
    WorkspaceMembers.main()


if __name__ == "__main__":
    main()
