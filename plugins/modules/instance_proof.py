#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_proof
short_description: Prove that an Appsmith instance works that was brought up from a backup
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Opens the first published page of applications as a browser does, and has a datasource tested with its stored
    credentials, which shows that they can be decrypted.
  - Of a datasource only the test of its plugin is asked for, and only where that test connects; no query is run, and
    nothing is asked of Git.
  - Fails when an application does not open, or when the instance can't read its secrets, as with wrong encryption keys.
    A datasource that can't be reached from the instance is no failure; RV(secrets) says what was proven then.
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
  applications:
    description:
      - How many applications are opened; V(0) is all that the account sees.
    type: int
    default: 0
  tries:
    description:
      - How many datasources are tested at most, until one works. V(0) tests none.
    type: int
    default: 12
  width:
    description:
      - How many calls are made side by side, V(1) to V(32).
    type: int
    default: 4
seealso:
  - module: stagecraft.appsmith.instance_content_info
  - module: stagecraft.appsmith.smoke_test
"""

EXAMPLES = r"""
- name: Prove that the restored instance works
  stagecraft.appsmith.instance_proof:
    appsmith_url: http://127.0.0.1:8080
    appsmith_session: "{{ appsmith_login.session }}"
  register: proof

- name: Say what was proven of the secrets
  ansible.builtin.debug:
    msg: "{{ proof.secrets.state }}: {{ proof.secrets.reason }}"
"""

RETURN = r"""
applications:
  description: The applications that were opened.
  returned: when they could be listed
  type: list
  elements: dict
  contains:
    workspace:
      description: Name of its workspace.
      type: str
    name:
      description: Name.
      type: str
    id:
      description: Id.
      type: str
    view:
      description: V(published), or V(edit) where nobody published it.
      type: str
    problem:
      description: Why it doesn't open; empty if it does.
      type: str
datasources:
  description: The datasources that were tested.
  returned: when they could be listed
  type: list
  elements: dict
  contains:
    workspace:
      description: Name of its workspace.
      type: str
    name:
      description: Name.
      type: str
    plugin:
      description: Package name of its plugin.
      type: str
    proven:
      description: Whether its test worked.
      type: bool
    unreadable:
      description: Whether the instance failed by itself, rather than the datasource.
      type: bool
    problem:
      description: What the test objected to.
      type: str
secrets:
  description: What was proven of the stored credentials.
  returned: when they could be read, or nothing speaks against it
  type: dict
  contains:
    state:
      description: >-
        V(proven); V(nothing_to_prove), when no datasource has credentials; or V(not_proven), when none could be
        reached, or all are of kinds whose test calls nothing.
      type: str
    reason:
      description: In words.
      type: str
  sample:
    state: proven
    reason: datasource 'orders_db' (postgres-plugin) works with its stored credentials
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _instance_proof as proof
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._workspaces import list_workspaces


class InstanceProof(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "applications": {"type": "int", "default": 0},
        "tries": {"type": "int", "default": 12},
        "width": {"type": "int", "default": 4},
    }

    def run(self) -> None:
        width, most, tries = self.params["width"], self.params["applications"], self.params["tries"]
        if not 1 <= width <= 32 or most < 0 or tries < 0:
            raise InvalidInput("width must be 1 to 32, applications and tries 0 or more")
        workspaces = list_workspaces(self.client)
        threads = proof.Threads(self.client, width)
        try:
            listed = [one for part in threads.each(proof.applications_of, workspaces) for one in part]
            chosen = listed[:most] if most else listed
            opened = threads.each(proof.open_application, chosen)
            for one, application in zip(opened, chosen, strict=True):
                one["workspace"] = application["workspace"]
            self.result["applications"] = opened
            closed = [one for one in opened if one["problem"]]
            if closed:
                raise ProofFailed(
                    f"{len(closed)} of {len(opened)} applications do not open: "
                    + " | ".join(f"{one['name']}: {one['problem']}" for one in closed[:5]),
                    next_step="Look into the instance's log.",
                )
            found = threads.each(proof.with_secrets, workspaces)
            plans = [(workspace, plan) for workspace, part in zip(workspaces, found, strict=True) for plan in part]
            self.result["datasources"] = proof.prove_datasources(threads, plans, tries, width)
        finally:
            threads.close()
        state, reason = proof.verdict(plans, self.result["datasources"])
        self.result["secrets"] = {"state": state, "reason": reason}


def main() -> None:
    InstanceProof.main()


if __name__ == "__main__":
    main()
