#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_status_info
short_description: Git state of applications
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Tells what is uncommitted on a branch of Git-connected applications and how far it and the remote are apart.
  - Tells a migration's traces (after an upgrade of the instance) from a person's changes.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.applications
  - stagecraft.appsmith._git.branch
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
"""

EXAMPLES = r"""
- name: Look whether somebody has changed production
  stagecraft.appsmith.git_status_info:
    workspace: Operations
  register: state

- name: Save it to the repository if so
  stagecraft.appsmith.git_commit:
    workspace: Operations
    applications: "{{ state.applications | selectattr('drift', 'eq', 'changes') | map(attribute='name') }}"
    commit_message: What was changed on production
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
    default_branch:
      description: The repository's default branch.
      type: str
    clean:
      description: Whether nothing is uncommitted.
      type: bool
    drift:
      description: V(none), V(migration) (only what an upgrade of the instance rewrites) or V(changes).
      type: str
    ahead:
      description: Commits that the remote lacks.
      type: int
    behind:
      description: Commits that the instance lacks.
      type: int
    modified:
      description: Modified files.
      type: list
      elements: str
    added:
      description: New files.
      type: list
      elements: str
    removed:
      description: Removed files.
      type: list
      elements: str
    branches:
      description: Branches on the instance.
      type: list
      elements: str
    remote_branches:
      description: Branches that the last fetch saw at the remote.
      type: list
      elements: str
    protected_branches:
      description: Branches to which this instance commits nothing.
      type: list
      elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import branches
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import APPLICATIONS, BRANCH, GitModule


class GitStatusInfo(GitModule):
    argument_spec = {**APPLICATIONS, **BRANCH}

    def run(self) -> None:
        self.for_each(self.look)

    def look(self, target: Target) -> Outcome:
        known = branches(self.git, target)
        status = self.git.look(target)
        facts = {
            "default_branch": known.default or target.default_branch,
            "clean": status.clean,
            "drift": self.git.drift(target, status),
            "ahead": status.ahead,
            "behind": status.behind,
            "modified": list(status.modified),
            "added": list(status.added),
            "removed": list(status.removed),
            "branches": list(known.local),
            "remote_branches": list(known.remote),
            "protected_branches": self.git.api.protected(target.base_id),
        }
        return Outcome(False, facts=facts)


def main() -> None:
    GitStatusInfo.main()


if __name__ == "__main__":
    main()
