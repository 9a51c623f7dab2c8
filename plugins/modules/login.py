#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: login
short_description: Sign in to an Appsmith instance once for many tasks
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Opens a session and returns it, so that the tasks after it need no sign-in of their own.
  - The password is checked by HTTP Basic first, which Appsmith doesn't count. A wrong one therefore costs none of the
    five attempts after which the account is suspended for a day, and is never tried twice.
  - End the session with M(stagecraft.appsmith.logout); else it lives for thirty days.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    details:
      - Signs in in check mode too, so that the tasks after it can look. A session is not seen as a change.
  diff_mode:
    support: N/A
options:
  appsmith_session:
    description:
      - Ignored by this module; it always opens a session of its own.
seealso:
  - module: stagecraft.appsmith.logout
"""

EXAMPLES = r"""
- name: Sign in
  stagecraft.appsmith.login:
    appsmith_url: https://staging.example.com
    appsmith_username: admin@example.com
    appsmith_password: "{{ vault_appsmith_password }}"
  register: appsmith_login
  no_log: true

- name: Work with one session
  module_defaults:
    group/stagecraft.appsmith.appsmith: "{{ appsmith_login.connection }}"
  block:
    - name: Ensure the workspace is there
      stagecraft.appsmith.workspace:
        name: Operations
  always:
    - name: Sign out
      stagecraft.appsmith.logout:
"""

RETURN = r"""
session:
  description: The session, for the option O(appsmith_session) of the other modules. Keep it secret.
  returned: success
  type: str
  sample: 5f0c1f0e-5d2b-4e0a-9f6c-0d6f0a1b2c3d
connection:
  description: All connection options with the session, ready for C(module_defaults). Keep it secret.
  returned: success
  type: dict
  sample:
    appsmith_url: https://staging.example.com
    appsmith_session: 5f0c1f0e-5d2b-4e0a-9f6c-0d6f0a1b2c3d
    appsmith_validate_certs: true
    appsmith_connect_timeout: 10
    appsmith_timeout: 180
user:
  description: Who is signed in.
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
    name: Admin
    is_super_user: true
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import represent, sign_in

PASSED_ON = (
    "appsmith_url",
    "appsmith_validate_certs",
    "appsmith_ca_path",
    "appsmith_connect_timeout",
    "appsmith_timeout",
    "appsmith_version",
)


class Login(AppsmithModule):
    needs_session = False

    def run(self) -> None:
        username, password = self.credentials()
        user = sign_in(self.client, username, password)
        self.keep_session = True
        session = self.client.session
        connection = {name: self.params[name] for name in PASSED_ON if self.params[name] is not None}
        self.result["session"] = session
        self.result["connection"] = {**connection, "appsmith_session": session}
        self.result["user"] = represent(user)


def main() -> None:
    Login.main()


if __name__ == "__main__":
    main()
