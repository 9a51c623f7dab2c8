#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_content_info
short_description: Count what is on an Appsmith instance, and compare it
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Counts the workspaces, applications, datasources, people and repositories that the account sees, with a digest of
    each set. A backup keeps it; a restore, an upgrade and a restore drill compare with it.
  - Three calls for each workspace, side by side, and none for an application, so that hundreds of applications are
    counted in seconds.
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
  expected:
    description:
      - What the instance should hold, as RV(content) of this module or C(content) of a backup.
      - Compare as the same account; another one may see other workspaces.
    type: dict
  fail_on_difference:
    description:
      - Fail when the instance holds anything else than O(expected).
    type: bool
    default: false
  width:
    description:
      - How many calls are made side by side, V(1) to V(32).
    type: int
    default: 4
seealso:
  - module: stagecraft.appsmith.backup
  - module: stagecraft.appsmith.backup_info
"""

EXAMPLES = r"""
- name: Count what is there
  stagecraft.appsmith.instance_content_info:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
  register: before

- name: Compare after the work
  stagecraft.appsmith.instance_content_info:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    expected: "{{ before.content }}"
    fail_on_difference: true
"""

RETURN = r"""
content:
  description: What the account sees, as numbers and digests; holds no name but the account's own.
  returned: when it could be counted
  type: dict
  contains:
    by:
      description: E-mail address of the account.
      type: str
    workspaces:
      description: The workspaces, by id.
      type: dict
      contains: &summary
        count:
          description: How many.
          type: int
        digest:
          description: SHA-256 of the sorted set.
          type: str
    applications:
      description: The applications, by id; one for all branches of a repository.
      type: dict
      contains: *summary
    datasources:
      description: The datasources, by id.
      type: dict
      contains: *summary
    users:
      description: Members of the workspaces, by e-mail address.
      type: dict
      contains: *summary
    repositories:
      description: Addresses of the repositories that applications are connected to.
      type: dict
      contains: *summary
  sample:
    by: admin@example.com
    workspaces: {count: 1, digest: 9f3e5ea0d0e5f7f28a5cf5b3cf9b4ea5c0e5a0d1f3f7a29d5b2c6f2c5a0c5b1e}
    applications: {count: 2, digest: 1f1f3e1b9e7b44fb0f3b6d0f9d1f44b4e8a9a5d40b1d7a8e3a5f9a6bb8b2d8c7}
    datasources: {count: 3, digest: 7c0f1e3b1d0f41fb0f3b6d0f9d1f44b4e8a9a5d40b1d7a8e3a5f9a6bb8b2d8c7}
    users: {count: 4, digest: 2a1f3e1b9e7b44fb0f3b6d0f9d1f44b4e8a9a5d40b1d7a8e3a5f9a6bb8b2d8c7}
    repositories: {count: 2, digest: 5d1f3e1b9e7b44fb0f3b6d0f9d1f44b4e8a9a5d40b1d7a8e3a5f9a6bb8b2d8c7}
details:
  description: The same by name.
  returned: when it could be counted
  type: dict
  contains:
    workspaces:
      description: The workspaces, each with C(id) and C(name).
      type: list
      elements: dict
    applications:
      description: >-
        The applications, each with C(id), C(name), C(workspace), C(remote_url) (null when not connected),
        C(modified_at) and C(last_deployed_at).
      type: list
      elements: dict
    datasources:
      description: The datasources, each with C(id), C(name), C(workspace) and C(configured).
      type: list
      elements: dict
    users:
      description: E-mail addresses of the members of the workspaces.
      type: list
      elements: str
    repositories:
      description: Addresses of the repositories.
      type: list
      elements: str
differences:
  description: What is not as O(expected), in sentences; empty when all is the same, or nothing was expected.
  returned: when it could be counted
  type: list
  elements: str
  sample:
    - 203 applications, before 205
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _content
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class InstanceContentInfo(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "expected": {"type": "dict"},
        "fail_on_difference": {"type": "bool", "default": False},
        "width": {"type": "int", "default": 4},
    }

    def run(self) -> None:
        expected = self.params["expected"]
        if not 1 <= self.params["width"] <= 32:
            raise InvalidInput("width must be 1 to 32")
        if expected is not None:
            _content.check(expected)
        content, details = _content.look(self.client, self.params["width"])
        differences = _content.differences(expected, content) if expected is not None else []
        self.result.update(content=content, details=details, differences=differences)
        if differences and self.params["fail_on_difference"]:
            raise ProofFailed(
                f"{self.client.url} does not hold what was expected: {'; '.join(differences)}",
                next_step="Look at what is there (details), and at what changed it.",
            )


def main() -> None:
    InstanceContentInfo.main()


if __name__ == "__main__":
    main()
