#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_pull
short_description: Pull the remote's commits into applications
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Merges the remote's commits into a branch and publishes the result, if the remote is ahead.
  - A pull wants a deploy key with write access, a saved author, and an unprotected branch, since Appsmith ends it
    with a commit of its own. M(stagecraft.appsmith.git_discard) deploys without all that.
  - Appsmith answers some pulls with an error although they deployed (no saved author, protected branch, read-only
    deploy key). What counts is what can be seen afterwards; the error becomes a warning then. A time-out is waited out
    and never repeated.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.applications
  - stagecraft.appsmith._git.branch
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Bring the team's work to the development instance
  stagecraft.appsmith.git_pull:
    workspace: Operations
    applications: [orders]
    branch: staging
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
    behind:
      description: Commits that were brought in, or would be.
      type: int
    drift:
      description: V(none), V(migration) or V(changes), as found before.
      type: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import APPLICATIONS, BRANCH, GitModule


class GitPull(GitModule):
    author_comes_first = False
    argument_spec = {**APPLICATIONS, **BRANCH}

    def run(self) -> None:
        self.for_each(self.pull)

    def pull(self, target: Target) -> Outcome:
        outcome = self.git.pull(target)
        if outcome.changed:
            self.diff({"behind": outcome.facts["behind"]}, {"behind": 0}, f"{target.name} {target.branch}")
        return outcome


def main() -> None:
    GitPull.main()


if __name__ == "__main__":
    main()
