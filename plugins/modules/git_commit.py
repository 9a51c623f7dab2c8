#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_commit
short_description: Commit and push an application's uncommitted changes
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Commits what is uncommitted on a branch of Git-connected applications and pushes it. Appsmith publishes it as well.
  - It fetches first and refuses when the remote is ahead, since Appsmith never gets out of a commit that the remote
    refused.
  - The commit is proven by looking afterwards that everything is committed and pushed.
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
  commit_message:
    description: The commit's message.
    type: str
    required: true
  author:
    description:
      - Who is the commit's author.
      - Releases before v1.61 commit as the saved author only, so there it must be the same as that one.
      - Without it the profile saved for the user is used (M(stagecraft.appsmith.git_profile)).
    type: dict
    suboptions:
      name:
        description: Name.
        type: str
        required: true
      email:
        description: E-mail address.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Commit what was edited on staging
  stagecraft.appsmith.git_commit:
    workspace: Operations
    applications: [orders]
    branch: staging
    commit_message: Orders can be filtered by customer

- name: Save what all applications of the workspace have uncommitted, under another name than the user's own
  stagecraft.appsmith.git_commit:
    workspace: Operations
    commit_message: Evening save
    author:
      name: Release team
      email: release@example.com
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
    pushed:
      description: Whether something was committed and pushed, or would be.
      type: bool
    modified:
      description: Files that were modified.
      type: list
      elements: str
    added:
      description: Files that were new.
      type: list
      elements: str
    removed:
      description: Files that were removed.
      type: list
      elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import (
    APPLICATIONS,
    AUTHOR,
    BRANCH,
    GitModule,
)


class GitCommit(GitModule):
    argument_spec = {**APPLICATIONS, **BRANCH, **AUTHOR, "commit_message": {"type": "str", "required": True}}

    def run(self) -> None:
        if not self.params["commit_message"].strip():
            # The server would commit under a message of its own.
            raise InvalidInput("The commit needs a message")
        author = self.author()
        if author and self.git.api.generation == "old" and self.git.api.default_profile() != author:
            raise InvalidInput(
                "This release can't take an author with a commit, and another one is saved",
                next_step="Save the author before (stagecraft.appsmith.git_profile).",
            )
        self.for_each(self.commit)

    def commit(self, target: Target) -> Outcome:
        outcome = self.git.commit(target, self.params["commit_message"], self.author())
        if outcome.changed and outcome.before:
            self.diff(
                {"uncommitted": list(outcome.before.files)}, {"uncommitted": []}, f"{target.name} {target.branch}"
            )
        return outcome


def main() -> None:
    GitCommit.main()


if __name__ == "__main__":
    main()
