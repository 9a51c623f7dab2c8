#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pull_request
short_description: Pull request between two branches of many repositories
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Opens the pull request (merge request) from O(source) to O(target), or finds the one that is open. With
    O(state=merged) waits for checks and approvals, merges it, and looks whether the target branch has the commits.
  - Where the target branch lacks nothing of the source branch there is nothing to do, and no request is opened.
  - Only the commit is merged that was the source branch's last one when the task began. Commits that come while it
    waits make it fail, so that nothing is merged which nobody looked at.
  - Conflicts, drafts, failed checks, and reviews that ask for changes fail at once, since waiting does not mend them.
    The host's own rules for the branch hold as well.
extends_documentation_fragment:
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._forge
attributes:
  check_mode:
    support: full
    details:
      - Does not wait, and says in C(waits_for) what a request that is open would wait for now.
  diff_mode:
    support: full
options:
  state:
    description:
      - V(present) has the request open. V(merged) opens it where needed and merges it. V(closed) closes it unmerged.
    type: str
    choices: [present, merged, closed]
    default: present
  title:
    description:
      - Title. A request that is open gets it, too. Default for a new one is C(Promote SOURCE to TARGET).
    type: str
  body:
    description: Text of the request, in the host's Markdown. A request that is open gets it, too.
    type: str
  checks:
    description:
      - Whether to wait until all checks of the commit have passed (GitHub's statuses and check runs, GitLab's pipeline,
        Gitea's statuses). There has to be one at least, since right after opening there are none yet.
      - Only for O(state=merged).
    type: bool
    default: false
  approvals:
    description:
      - How many people have to approve the commit before it is merged. Approvals of earlier commits do not count where
        the host says which commit was approved (GitHub, Gitea); GitLab's project settings say when an approval ends.
      - Nobody approves what is their own, and strangers to a public repository don't count.
      - Only for O(state=merged).
    type: int
    default: 0
  timeout:
    description: Seconds to wait for checks and approvals, for all repositories together.
    type: int
    default: 600
  merge_method:
    description:
      - How it is merged. With V(squash) and V(rebase) the branches have different commits afterwards, so V(merge) is
        right for branches that live on.
      - At GitLab V(merge) does what the project's settings say, and V(rebase) can't be asked for.
    type: str
    choices: [merge, squash, rebase]
    default: merge
  delete_source:
    description:
      - Whether the source branch is deleted after the merge, such as a hotfix's. Kept when it got commits since.
      - Only for O(state=merged).
    type: bool
    default: false
seealso:
  - module: stagecraft.appsmith.pull_request_info
  - module: stagecraft.appsmith.git_merge
    description: The merge by Appsmith itself, where both branches are on one instance.
"""

EXAMPLES = r"""
- name: Ask for the promotion
  stagecraft.appsmith.pull_request:
    forge: github
    forge_token: "{{ vault_github_token }}"
    repositories: [acme/orders, acme/support-desk]
    source: staging
    target: master
    title: Promote of week 47

- name: Merge when the checks have passed and somebody has approved
  stagecraft.appsmith.pull_request:
    forge: gitlab
    forge_url: https://gitlab.example.com
    forge_token: "{{ vault_gitlab_token }}"
    repository: tools/appsmith/orders
    source: staging
    target: master
    state: merged
    checks: true
    approvals: 1
    timeout: 3600

- name: Bring a hotfix back to staging, and be done with its branch
  stagecraft.appsmith.pull_request:
    forge: gitea
    forge_url: https://git.example.com
    forge_token: "{{ vault_gitea_token }}"
    repository: ssh://git@git.example.com:2222/acme/orders.git
    source: hotfix-4711
    target: staging
    state: merged
    delete_source: true
"""

RETURN = r"""
results:
  description: An entry for each repository, in the order of O(repositories).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Owner and name of the repository.
      type: str
    repository:
      description: The repository as it was given.
      type: str
    changed:
      description: Whether something was changed, or would be.
      type: bool
    number:
      description: Number of the request. None where nothing is between the branches.
      type: int
    url:
      description: Its page.
      type: str
    state:
      description: V(none), V(open), V(merged), or V(closed).
      type: str
    title:
      description: Its title.
      type: str
    body:
      description: Its text.
      type: str
    source:
      description: The source branch.
      type: str
    target:
      description: The target branch.
      type: str
    commits:
      description: How many commits the target branch lacked when the task began. 0 also where the content is the same.
      type: int
    head:
      description: The last commit of the source branch when the task began.
      type: str
    merge_commit:
      description: The commit that the merge made, where it made one.
      type: str
    opened:
      description: Whether it was opened.
      type: bool
    updated:
      description: Whether title or body were changed.
      type: bool
    source_deleted:
      description: Whether the source branch was deleted.
      type: bool
    checks:
      description: Names of the checks, as C(passed), C(pending), and C(failed).
      returned: with O(checks)
      type: dict
    approved_by:
      description: Who approved the commit.
      returned: with O(approvals)
      type: list
      elements: str
    waits_for:
      description: What is missing for the merge now.
      returned: in check mode, for a request that is open
      type: list
      elements: str
    failed:
      description: Whether it failed.
      returned: on failure
      type: bool
    msg:
      description: Why it failed, and what to do.
      returned: on failure
      type: str
    error:
      description: The same in parts.
      returned: on failure
      type: dict
  sample:
    - name: acme/orders
      repository: acme/orders
      changed: true
      number: 12
      url: https://github.com/acme/orders/pull/12
      state: merged
      title: Promote staging to master
      body: ""
      source: staging
      target: master
      commits: 3
      head: 6dcb09b5b57875f334f61aebed695e2e4193db5e
      merge_commit: e5bd3914e2e596debea16f433f57875b5b90bcd6
      opened: true
      updated: false
      source_deleted: false
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import CLOSED, FORGE_OPTIONS, MERGED, OPEN
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_flow import Work
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_look import Wanted, carry_out
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_module import ForgeModule

STATES = {"present": OPEN, "merged": MERGED, "closed": CLOSED}


class PullRequest(ForgeModule):
    argument_spec = {
        **FORGE_OPTIONS,
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "title": {"type": "str"},
        "body": {"type": "str"},
        "checks": {"type": "bool", "default": False},
        "approvals": {"type": "int", "default": 0},
        "timeout": {"type": "int", "default": 600},
        "merge_method": {"type": "str", "choices": ["merge", "squash", "rebase"], "default": "merge"},
        "delete_source": {"type": "bool", "default": False},
    }

    def run(self) -> None:
        params, forge = self.params, self.forge()
        if params["merge_method"] not in forge.methods:
            raise InvalidInput(
                f"merge_method {params['merge_method']} can't be asked for at {forge.kind}",
                next_step=f"Use {' or '.join(forge.methods)}, and the project's settings.",
            )
        if params["title"] is not None and not params["title"].strip():
            raise InvalidInput("title is empty", next_step="Leave it out for the default.")
        same = ("source", "target", "title", "body", "checks", "approvals", "delete_source", "timeout")
        wanted = Wanted(
            state=STATES[params["state"]], method=params["merge_method"], **{name: params[name] for name in same}
        )
        works = [Work(forge, name, wanted) for name in self.names()]
        carry_out(works)
        for work in works:
            for text in work.warnings:
                self.warn(text)
            if work.entry["changed"]:
                self.diff(*work.diff(), work.label)
        self.report(works)


def main() -> None:
    PullRequest.main()


if __name__ == "__main__":
    main()
