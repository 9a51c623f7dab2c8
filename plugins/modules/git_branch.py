#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_branch
short_description: Have a branch of applications on an instance, or not
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - O(state=present) brings a branch of the repository to the instance, or makes it from another one if the repository
    has none of that name, and pushes it.
  - O(state=absent) takes a branch from the instance. The repository keeps its own; work that isn't in it is never lost.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.applications
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  name:
    description: Name of the branch as in the repository, without C(origin/).
    type: str
    required: true
  source:
    description: The branch that a new one is made from. Default is the repository's default branch.
    type: str
  move_changes:
    description: A new branch takes the uncommitted changes of its source with it. Without this they are an error.
    type: bool
    default: false
  protected:
    description:
      - Whether the branch is protected on the instance, so that nobody commits to it there. Without this the protection
        is left as it is.
      - The free edition protects the repository's default branch and no other.
      - It does not stop a promotion by discard. It stops every pull, M(stagecraft.appsmith.git_pull) too.
    type: bool
  state:
    description: Whether the branch is to be there.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Work on staging
  stagecraft.appsmith.git_branch:
    workspace: Operations
    applications: [orders]
    name: staging

- name: Let nobody commit to production's branch on production
  stagecraft.appsmith.git_branch:
    workspace: Operations
    applications: [orders]
    name: master
    protected: true

- name: Make a branch from production, whether or not the repository has it
  stagecraft.appsmith.git_branch:
    workspace: Operations
    applications: [orders]
    name: hotfix
    source: master

- name: Take it from the instance again; the repository keeps it
  stagecraft.appsmith.git_branch:
    workspace: Operations
    applications: [orders]
    name: hotfix
    state: absent
"""

RETURN = r"""
applications:
  description: An entry for each application.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the application.
      type: str
    id:
      description: Id of the branch's document on the instance.
      type: str
    branch:
      description: The branch.
      type: str
    remote_url:
      description: Address of the repository.
      type: str
    changed:
      description: Whether this application was changed, or would be.
      type: bool
    warnings:
      description: What the server said differently from what was found.
      type: list
      elements: str
    failed:
      description: Whether it failed.
      returned: failure
      type: bool
    msg:
      description: Why it failed.
      returned: failure
      type: str
    error:
      description: The error's parts (C(title), C(code), C(http_status), C(message), C(next_step), C(details)).
      returned: failure
      type: dict
    protected:
      description: Whether the branch is protected, or would be.
      returned: when O(protected) is given
      type: bool
    origin:
      description: Where a branch came from. V(instance) (it was there), V(remote) or V(new).
      returned: when O(state=present)
      type: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import after_writing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import (
    ensure_branch,
    ensure_protection,
    remove_branch,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import APPLICATIONS, GitModule


class GitBranch(GitModule):
    argument_spec = {
        **APPLICATIONS,
        "name": {"type": "str", "required": True},
        "source": {"type": "str"},
        "move_changes": {"type": "bool", "default": False},
        "protected": {"type": "bool"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }

    def run(self) -> None:
        self.for_each(self.ensure)

    def ensure(self, target: Target) -> Outcome:
        name = self.params["name"]
        if self.params["state"] == "absent":
            outcome = remove_branch(self.git, target, name)
        else:
            outcome = ensure_branch(
                self.git, target, name, source=self.params["source"], move=self.params["move_changes"]
            )
        protected = self.params["protected"]
        if outcome.changed:
            there = self.params["state"] == "present"
            self.diff({"branch": None if there else name}, {"branch": name if there else None}, target.name)
        if protected is not None and self.params["state"] == "present":
            outcome.facts["protected"] = protected
            with after_writing(outcome.changed):
                changed = ensure_protection(self.git, target, name, protected)
            if changed:
                outcome.changed = True
                self.diff({"protected": not protected}, {"protected": protected}, f"{target.name}, {name}")
        return outcome


def main() -> None:
    GitBranch.main()


if __name__ == "__main__":
    main()
