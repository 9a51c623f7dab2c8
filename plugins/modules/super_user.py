#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: super_user
short_description: Make the first user of an Appsmith instance
version_added: 0.1.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes O(appsmith_username) with O(appsmith_password) the first user, who administers the instance, if the instance
    has no users yet. On any other instance it checks that this user can sign in and administers it, and changes
    nothing.
  - Appsmith makes a workspace C(<first name>'s apps) with an application C(My first application) along with the first
    user.
  - Appsmith can neither change another user's password nor make a second administrator this way. A password that
    isn't the user's is an error.
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
      - Name of the first user. Not changed when the user is there already.
    type: str
    default: Administrator
  allow_telemetry:
    description:
      - Whether the instance may send usage data to the vendor. Only used when the user is made.
    type: bool
    default: false
  newsletter:
    description:
      - Whether the user wants the vendor's newsletter. Only used when the user is made.
    type: bool
    default: false
notes:
  - Start the instance with the user's address in the environment variable C(APPSMITH_ADMIN_EMAILS) from the second
    start on. Without it Appsmith takes the administrator's right away from everybody at a restart.
"""

EXAMPLES = r"""
- name: Make the first user
  stagecraft.appsmith.super_user:
    appsmith_url: https://staging.example.com
    appsmith_username: admin@example.com
    appsmith_password: "{{ vault_appsmith_password }}"
    name: Operations
"""

RETURN = r"""
user:
  description: The user.
  returned: success
  type: dict
  contains:
    email:
      description: E-mail address.
      type: str
    name:
      description: Name.
      type: str
    is_super_user:
      description: Whether the user administers the instance.
      type: bool
  sample:
    email: admin@example.com
    name: Operations
    is_super_user: true
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import PermissionDenied, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import (
    create_super_user,
    represent,
    sign_in,
    whoami,
)


class SuperUser(AppsmithModule):
    needs_session = False
    argument_spec = {
        "name": {"type": "str", "default": "Administrator"},
        "allow_telemetry": {"type": "bool", "default": False},
        "newsletter": {"type": "bool", "default": False},
    }

    def run(self) -> None:
        username, password = self.credentials()
        if whoami(self.client).get("emptyInstance"):
            self.create(username, password)
        else:
            self.check(username, password)

    def create(self, username: str, password: str) -> None:
        wanted = {"email": username, "name": self.params["name"], "is_super_user": True}
        self.changed()
        self.diff({}, wanted)
        self.result["user"] = wanted
        if self.check_mode:
            return
        user = create_super_user(
            self.client,
            name=self.params["name"],
            email=username,
            password=password,
            telemetry=self.params["allow_telemetry"],
            newsletter=self.params["newsletter"],
        )
        self.result["user"] = represent(user)
        if not user.get("isSuperUser"):
            raise ProofFailed(f"The first user {username} was made, but does not administer the instance")

    def check(self, username: str, password: str) -> None:
        user = sign_in(self.client, username, password)
        self.result["user"] = represent(user)
        if not user.get("isSuperUser"):
            raise PermissionDenied(
                f"{username} can sign in, but does not administer the instance",
                next_step="Start the instance with this address in APPSMITH_ADMIN_EMAILS, or give the administrator's.",
            )


def main() -> None:
    SuperUser.main()


if __name__ == "__main__":
    main()
