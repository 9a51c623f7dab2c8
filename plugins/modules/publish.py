#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: publish
short_description: Publish what was edited in applications of an Appsmith workspace
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Brings the published view of applications to their edit view. Publishes only where the two differ, and looks
    afterwards.
  - Commits, pulls, discards and imports by Git publish by themselves; this is for applications edited in the browser
    or by the API, and for imports from a file.
  - The comparison reads the application's export, which only the Administrator of the workspace may. Without that
    right the times of the last edit and of the last deployment decide, which may publish once too often.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._git
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
  applications:
    description:
      - Names of the applications. All of the workspace when not given.
      - An application that fails stops no other.
    type: list
    elements: str
    aliases:
      - application
  branch:
    description:
      - Name of the Git branch that is published. The instance must have it (M(stagecraft.appsmith.git_branch)).
      - Defaults to the branch that Appsmith lists the application with. Applications without a repository have no
        branches; they are published as they are.
    type: str
seealso:
  - module: stagecraft.appsmith.application_info
"""

EXAMPLES = r"""
- name: Publish one application
  stagecraft.appsmith.publish:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    applications: Orders

- name: Publish whatever isn't
  stagecraft.appsmith.publish:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
"""

RETURN = r"""
applications:
  description: The applications that were looked at.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
    id:
      description: Id of what was published; each branch has its own.
      type: str
    branch:
      description: Its branch; null without a repository.
      type: str
    changed:
      description: Whether it was published.
      type: bool
    unpublished:
      description: What was edited and not published before.
      type: list
      elements: str
    failed:
      description: Whether it failed. Only on failure.
      type: bool
    msg:
      description: Why it failed. Only on failure.
      type: str
    error:
      description: The error's parts. Only on failure.
      type: dict
  sample:
    - name: Orders
      id: 6b0297179da452369c779805
      branch: null
      changed: true
      unpublished:
        - query Page1/list_orders
"""

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications as applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _workspaces as workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import ProofFailed, after_writing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import APPLICATIONS, BRANCH, GitModule


class Publish(GitModule):
    argument_spec = {**APPLICATIONS, **BRANCH}

    def run(self) -> None:
        self.result["applications"] = []
        workspace = workspaces.get(self.client, self.params["workspace"])
        self.existing = applications.list_applications(self.client, workspace["id"])
        names = self.params["applications"]
        if names is None:
            names = [application["name"] for application in self.existing]
        self.each(list(dict.fromkeys(names)), self.publish, key="applications")

    def publish(self, name: str) -> dict[str, Any]:
        target = Target.read(applications.pick(self.existing, name))
        if target.remote_url and self.params["branch"]:
            target = at_branch(self.git, target, self.params["branch"])
        before = applications.unpublished(self.client, target.id)
        if before:
            self.diff({"unpublished": before}, {"unpublished": []}, header=name)
            if not self.check_mode:
                applications.publish(self.client, target.id)
                with after_writing():
                    self.prove(target)
        return {"id": target.id, "branch": target.branch, "changed": bool(before), "unpublished": before}

    def prove(self, target: Target) -> None:
        left = applications.unpublished(self.client, target.id)
        if left:
            raise ProofFailed(f"'{target.name}' was published, but this still differs: {', '.join(left)}")


def main() -> None:
    Publish.main()


if __name__ == "__main__":
    main()
