#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_discard
short_description: Bring applications to the remote's state, throwing local changes away
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Fetches, throws away what is uncommitted on a branch, and brings in the remote's commits. Appsmith publishes the
    result.
  - That deploys as a pull does, but several times faster, with a read-only deploy key, without an author, on protected
    branches, and with a migration's traces that make every pull refuse.
  - What is thrown away is looked at before and returned. Commits that were never pushed are never thrown away.
  - Proven by looking afterwards that nothing is behind, nothing is left over, and the published view is the new one.
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
options:
  drift:
    description:
      - What to do with a person's uncommitted changes. V(fail) refuses to throw them away, V(discard) does it.
      - A migration's traces stand in nobody's way.
    type: str
    choices: [fail, discard]
    default: fail
"""

EXAMPLES = r"""
- name: Deploy what is in the repository, unless somebody works on this instance
  stagecraft.appsmith.git_discard:
    workspace: Operations
    applications: [orders, support-desk]

- name: Throw away whatever was changed here
  stagecraft.appsmith.git_discard:
    workspace: Operations
    application: orders
    drift: discard
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
    discarded:
      description: Files with changes of a person that were thrown away, or would be.
      type: list
      elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import APPLICATIONS, BRANCH, GitModule


class GitDiscard(GitModule):
    argument_spec = {
        **APPLICATIONS,
        **BRANCH,
        "drift": {"type": "str", "choices": ["fail", "discard"], "default": "fail"},
    }

    def run(self) -> None:
        self.for_each(self.discard)

    def discard(self, target: Target) -> Outcome:
        outcome = self.git.discard(target, keep_changes=self.params["drift"] == "fail")
        if outcome.changed:
            before = {"uncommitted": outcome.facts["discarded"], "behind": outcome.facts["behind"]}
            self.diff(before, {"uncommitted": [], "behind": 0}, f"{target.name} {target.branch}")
        return outcome


def main() -> None:
    GitDiscard.main()


if __name__ == "__main__":
    main()
