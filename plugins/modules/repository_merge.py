#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges branches of repositories, where no Git host does it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: repository_merge
short_description: Merge branches of repositories by plain Git
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Merges one branch into another in a folder of its own where the module runs, and pushes the result. Several
    repositories are done side by side.
  - It is for repositories without pull requests (M(stagecraft.appsmith.pull_request)), and where the two branches are
    not on one instance (M(stagecraft.appsmith.git_merge)).
  - A conflict is an error that names the files. Nothing is pushed then. The same goes for a C(.json) file that Git put
    together from both sides and that is no JSON any more.
  - History is never rewritten. If somebody pushes at the same time, this module's push is refused and says so.
  - A push is proven by a look at the repository.
  - A repository that fails doesn't stop the others. The task fails at the end.
extends_documentation_fragment:
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._repository
  - stagecraft.appsmith._repository.author
attributes:
  check_mode:
    support: full
    details:
      - Conflicts, and a key that may only read, are found. What the Git host's own checks would say is not.
  diff_mode:
    support: full
options:
  repositories:
    description: SSH addresses of the repositories.
    type: list
    elements: str
    required: true
    aliases: [repository]
  source:
    description: The branch to merge.
    type: str
    required: true
  destination:
    description: The branch to merge into.
    type: str
    required: true
  commit_message:
    description: Message of the merge's commit. Default is Git's own.
    type: str
  no_ff:
    description:
      - Whether to make a commit for the merge also where O(destination) could just be moved forward to O(source).
    type: bool
    default: false
  way_back:
    description:
      - What to do about commits of M(stagecraft.appsmith.git_revert) on O(destination) that O(source) doesn't have. A
        plain merge would silently leave away all that they took back and that O(source) didn't change once more.
      - V(undo) undoes them first, by commits of their own before the merge. V(fail) refuses the merge.
      - V(prepare) merges nothing into O(destination). It pushes a commit to O(source) that knows of them, after which
        any merge (a pull request's, Appsmith's own) has all of O(source). Nothing is pushed where there are none.
    type: str
    choices: [undo, fail, prepare]
    default: undo
  width:
    description: How many repositories are done side by side.
    type: int
    default: 4
seealso:
  - module: stagecraft.appsmith.git_merge
  - module: stagecraft.appsmith.promotion
"""

EXAMPLES = r"""
- name: Bring what was tested to the production branch
  stagecraft.appsmith.repository_merge:
    repositories:
      - ssh://git@git.example.com:2222/acme/orders.git
      - ssh://git@git.example.com:2222/acme/support-desk.git
    source: staging
    destination: master
    git_ssh_key_file: ~/.ssh/write_repositories
    author_name: Release Manager
    author_email: release@example.com
  delegate_to: localhost

- name: Before a pull request after a way back, have staging's branch know of it
  stagecraft.appsmith.repository_merge:
    repository: ssh://git@git.example.com:2222/acme/orders.git
    source: staging
    destination: master
    way_back: prepare
    git_ssh_key_file: ~/.ssh/write_repositories
  delegate_to: localhost

- name: Bring a hotfix from production back to staging
  stagecraft.appsmith.repository_merge:
    repository: ssh://git@git.example.com:2222/acme/orders.git
    source: master
    destination: staging
    commit_message: Hotfix 17 from production
    git_ssh_key_file: ~/.ssh/write_repositories
  delegate_to: localhost
"""

RETURN = r"""
results:
  description: An entry for each repository.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The address as it was given.
      type: str
    repository:
      description: The address as it was given.
      type: str
    changed:
      description: Whether something was pushed, or would be.
      type: bool
    result:
      description: V(up_to_date), V(fast_forward) or V(merge).
      type: str
    source:
      description: The branch that was merged.
      type: str
    destination:
      description: The branch it was merged into.
      type: str
    commit_before:
      description: The commit of the branch that is written to before.
      type: str
    commit_after:
      description: Its commit afterwards. In check mode V(null) for a merge's commit, which isn't made yet.
      type: str
    commits:
      description:
        - The commits that were brought in, newest first, a hundred at most (C(id), C(author), C(date), C(subject)).
      type: list
      elements: dict
    undone:
      description: The commits of M(stagecraft.appsmith.git_revert) that were undone (O(way_back)), newest first.
      type: list
      elements: str
    files:
      description: The files that the branch that is written to has differently now (C(added), C(changed), C(removed)).
      type: dict
    warnings:
      description: What the Git host said differently from what was found.
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
      description: The error's parts. For a conflict C(details.conflicting_files) has the files.
      returned: failure
      type: dict
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_merge import (
    FAIL,
    MERGE,
    PREPARE,
    UNDO,
    merge,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_module import (
    ACCESS,
    AUTHOR,
    WIDTH,
    access_of,
    author_of,
    refuse_twice,
    side_by_side,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import HAS_GITPYTHON, Written


class RepositoryMerge(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **ACCESS,
        **AUTHOR,
        **WIDTH,
        "repositories": {"type": "list", "elements": "str", "required": True, "aliases": ["repository"]},
        "source": {"type": "str", "required": True},
        "destination": {"type": "str", "required": True},
        "commit_message": {"type": "str"},
        "no_ff": {"type": "bool", "default": False},
        "way_back": {"type": "str", "choices": [UNDO, FAIL, PREPARE], "default": UNDO},
    }
    needs_connection = False

    def run(self) -> None:
        self.require(HAS_GITPYTHON, "GitPython")
        access, author, addresses = access_of(self.params), author_of(self.params), self.params["repositories"]
        refuse_twice(addresses)

        def work(address: str) -> Written:
            return merge(
                address,
                self.params["source"],
                self.params["destination"],
                author,
                access,
                message=self.params["commit_message"],
                no_ff=self.params["no_ff"],
                way_back=self.params["way_back"],
                check_mode=self.check_mode,
            )

        done = side_by_side(addresses, work, self.params["width"])
        self.each(addresses, lambda address: self.entry(address, done[address].result()))

    def entry(self, address: str, written: Written) -> dict[str, Any]:
        for text in written.warnings:
            self.warn(text)
        not_made = self.check_mode and written.changed and written.result == MERGE
        entry = {
            "repository": address,
            "changed": written.changed,
            "result": written.result,
            "source": self.params["source"],
            "destination": self.params["destination"],
            "commit_before": written.before,
            "commit_after": None if not_made else written.after,
            "commits": [commit.as_result() for commit in written.commits],
            "files": written.files.as_result(),
            "undone": written.undone,
            "warnings": written.warnings,
        }
        if written.changed:
            self.diff(
                {"commit": written.before},
                {"commit": entry["commit_after"], "commits": entry["commits"], "files": entry["files"]},
                f"{address} {written.branch}",
            )
        return entry


def main() -> None:
    RepositoryMerge.main()


if __name__ == "__main__":
    main()
