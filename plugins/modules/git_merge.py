#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_merge
short_description: Merge branches of applications on an instance
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Merges one branch into another, and pushes. Appsmith publishes the branch that is merged into.
  - Whether it can be merged is checked before; a conflict is an error that names the files, and nothing is merged then.
  - A branch that only the remote has is brought to the instance first, for Appsmith merges only those.
  - Both branches must be clean and have all of the remote's commits, and the one that is merged into must not be
    protected on the instance (merge it in the repository then, by a pull request).
  - Commits of either branch that were never pushed are pushed first, such as those of an earlier merge whose push the
    Git host refused. That takes a deploy key with write access.
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
  source:
    description: The branch to merge, without C(origin/).
    type: str
    required: true
  destination:
    description: The branch to merge into, without C(origin/).
    type: str
    required: true
  commit_migration:
    description:
      - After an upgrade of the instance all branches carry the migration's traces, with which nothing can be merged.
        With this message they are committed first, on both branches; a person's changes never are.
      - Without it they are an error.
    type: str
"""

EXAMPLES = r"""
- name: Bring what was tested to the production branch
  stagecraft.appsmith.git_merge:
    workspace: Operations
    applications: [orders, support-desk]
    source: staging
    destination: master

- name: The same after an upgrade, which leaves its traces on both branches
  stagecraft.appsmith.git_merge:
    workspace: Operations
    applications: [orders, support-desk]
    source: staging
    destination: master
    commit_migration: Format of v1.91
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
    source:
      description: The branch that was merged.
      type: str
    destination:
      description: The branch it was merged into.
      type: str
    result:
      description: Appsmith's word for what happened, such as V(FAST_FORWARD), V(MERGED) or V(ALREADY_UP_TO_DATE).
      type: str
    brought_in:
      description: Branches that were brought from the remote to the instance for it.
      type: list
      elements: str
    committed_migration:
      description: Branches on which a migration's traces were committed first.
      type: list
      elements: str
    pushed:
      description: Branches whose commits an earlier task had left unpushed, and that were pushed first.
      type: list
      elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import merge
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import APPLICATIONS, GitModule


class GitMerge(GitModule):
    argument_spec = {
        **APPLICATIONS,
        "source": {"type": "str", "required": True},
        "destination": {"type": "str", "required": True},
        "commit_migration": {"type": "str"},
    }

    def run(self) -> None:
        self.for_each(self.merge)

    def merge(self, target: Target) -> Outcome:
        source, destination = self.params["source"], self.params["destination"]
        outcome = merge(self.git, target, source, destination, commit_migration=self.params["commit_migration"])
        if outcome.changed:
            self.diff({"merged": False}, {"merged": True}, f"{target.name}: {source} into {destination}")
        return outcome


def main() -> None:
    GitMerge.main()


if __name__ == "__main__":
    main()
