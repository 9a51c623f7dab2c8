#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: super_user
short_description: Make the first user of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes O(appsmith_username) with O(appsmith_password) the first user, who administers the instance, if the instance
    has no users yet.
  - An instance that was started with E(APPSMITH_ADMIN_EMAILS) has made accounts for these addresses, which nobody can
    sign in with yet. If the password is refused and the address may be one of them (O(sign_up)), this module signs the
    user up, which gives the account the password.
  - On any other instance it checks that this user can sign in and administers it, and changes nothing.
  - Appsmith makes a workspace C(<first name>'s apps) with an application C(My first application) along with the first
    user, but not along with one that it knew from E(APPSMITH_ADMIN_EMAILS).
  - Appsmith can neither change another user's password nor make a second administrator this way. A password that
    isn't the user's is an error; it costs none of the five attempts after which Appsmith suspends an account for a day.
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
      - Name of the user, of letters, digits, blanks and C(.), C(') and C(-).
      - Not changed when the user is there already.
    type: str
    default: Administrator
  sign_up:
    description:
      - Whether to sign up O(appsmith_username) if the instance has accounts, but refuses the password.
      - This is only tried if the instance says that its administrators' addresses are of the same domain. It does
        nothing to an account that has a password already.
      - If the address turns out to be none of E(APPSMITH_ADMIN_EMAILS), the module fails. By then Appsmith may have
        made an ordinary user of this address, if anybody may sign up there. So check the address when you use this on
        an instance that is not new.
    type: bool
    default: true
  allow_telemetry:
    description:
      - Whether the instance may send usage data to the vendor. Only used when the user is made or signed up.
      - For a user who is signed up it takes effect when the instance starts next.
    type: bool
    default: false
  newsletter:
    description:
      - Whether the user wants the vendor's newsletter. Only used when the first user is made.
    type: bool
    default: false
notes:
  - Start the instance with the user's address in the environment variable E(APPSMITH_ADMIN_EMAILS), from the second
    start on at the latest. Without it Appsmith takes the administrator's right away from everybody at a restart.
seealso:
  - module: stagecraft.appsmith.instance_info
  - module: stagecraft.appsmith.login
"""

EXAMPLES = r"""
- name: Make the first user
  stagecraft.appsmith.super_user:
    appsmith_url: https://staging.example.com
    appsmith_username: admin@example.com
    appsmith_password: "{{ vault_appsmith_password }}"
    name: Operations

- name: The same on an instance whose users somebody else looks after, which never makes an account
  stagecraft.appsmith.super_user:
    appsmith_url: https://staging.example.com
    appsmith_username: admin@example.com
    appsmith_password: "{{ vault_appsmith_password }}"
    sign_up: false
"""

RETURN = r"""
user:
  description: The user; in check mode as it would be.
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

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AuthenticationFailed,
    PermissionDenied,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import (
    create_super_user,
    may_be_announced,
    own_session,
    represent,
    sign_in,
    sign_up,
    whoami,
)

TELEMETRY = "APPSMITH_DISABLE_TELEMETRY"


class SuperUser(AppsmithModule):
    needs_session = False
    argument_spec = {
        "name": {"type": "str", "default": "Administrator"},
        "sign_up": {"type": "bool", "default": True},
        "allow_telemetry": {"type": "bool", "default": False},
        "newsletter": {"type": "bool", "default": False},
    }

    def run(self) -> None:
        username, password = self.credentials()
        if whoami(self.client).get("emptyInstance"):
            self.create(username, password)
            return
        try:
            self.check(username, password)
        except AuthenticationFailed as refusal:
            # 401: refused as such. Any other reason is that of an account that has a password.
            if refusal.http_status != 401 or not self.params["sign_up"]:
                raise
            self.client.session = None
            if not may_be_announced(self.client, username):
                raise
            self.complete(username, password)

    def made(self, username: str) -> None:
        wanted = {"email": username, "name": self.params["name"], "is_super_user": True}
        self.changed()
        self.diff({}, wanted)
        self.result["user"] = wanted

    def create(self, username: str, password: str) -> None:
        if self.check_mode:
            self.made(username)
            return
        create_super_user(
            self.client,
            name=self.params["name"],
            email=username,
            password=password,
            telemetry=self.params["allow_telemetry"],
            newsletter=self.params["newsletter"],
        )
        self.made(username)
        user = own_session(self.client, username)
        self.result["user"] = represent(user)
        if not user.get("isSuperUser"):
            raise ProofFailed(f"The first user {username} was made, but does not administer the instance")

    def complete(self, username: str, password: str) -> None:
        """Give an account that Appsmith made of APPSMITH_ADMIN_EMAILS its password."""
        if self.check_mode:
            self.made(username)
            self.warn(f"The password of {username} is refused. That is as it should be only if nobody signed in yet.")
            return
        sign_up(self.client, name=self.params["name"], email=username, password=password)
        self.made(username)
        user = own_session(self.client, username)
        self.result["user"] = represent(user)
        if not user.get("isSuperUser"):
            raise ProofFailed(
                f"{username} was signed up, but does not administer the instance: APPSMITH_ADMIN_EMAILS does not hold "
                "this address",
                next_step="Start the instance with this address in it, or give the administrator's.",
            )
        self.result["user"] = represent(self.settle(user))

    def settle(self, user: dict[str, Any]) -> dict[str, Any]:
        """What the making of a first user does besides: signing up leaves the name and the consent as they were."""
        if user.get("name") != self.params["name"]:
            self.client.put("/users", json={"name": self.params["name"]})
            user = whoami(self.client)
        disabled = "false" if self.params["allow_telemetry"] else "true"
        if (self.client.get("/admin/env") or {}).get(TELEMETRY) != disabled:
            self.client.put("/admin/env", json={TELEMETRY: disabled})
        return user

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
