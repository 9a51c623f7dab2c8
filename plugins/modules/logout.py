#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: logout
short_description: End a session of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Ends the session that M(stagecraft.appsmith.login) opened. A session that has ended already is no error.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    details:
      - Signs out in check mode too, since M(stagecraft.appsmith.login) signs in. A session is not seen as a change.
  diff_mode:
    support: N/A
seealso:
  - module: stagecraft.appsmith.login
"""

EXAMPLES = r"""
- name: Sign out
  stagecraft.appsmith.logout:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
"""

RETURN = r"""
ended:
  description: Whether there was a session to end.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import sign_out, whoami


class Logout(AppsmithModule):
    def run(self) -> None:
        session = self.params["appsmith_session"]
        if not session:
            raise InvalidInput("No session to end", next_step="Give appsmith_session from stagecraft.appsmith.login.")
        self.result["ended"] = not whoami(self.client).get("isAnonymous", True)
        if self.result["ended"]:
            sign_out(self.client)
            self.client.session = session
            if not whoami(self.client).get("isAnonymous", True):
                raise ProofFailed("The server said the session has ended, but it still answers to it")


def main() -> None:
    Logout.main()


if __name__ == "__main__":
    main()
