#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pull_request_info
short_description: What is between two branches of many repositories, and their pull request
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Returns for each repository how many commits O(target) lacks, and the open pull request (merge request) with its
    checks and approvals. Changes nothing and waits for nothing.
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._forge
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
seealso:
  - module: stagecraft.appsmith.pull_request
"""

EXAMPLES = r"""
- name: Look which promotions are asked for
  stagecraft.appsmith.pull_request_info:
    forge: gitea
    forge_url: https://git.example.com
    forge_token: "{{ vault_gitea_token }}"
    repositories: [acme/orders, acme/support-desk]
    source: staging
    target: master
  register: requests

- name: Name those that somebody has to approve
  ansible.builtin.debug:
    var: requests.results | selectattr('state', 'eq', 'open') | rejectattr('approved_by') | map(attribute='url')
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
    state:
      description: V(open), or V(none) where no request is open.
      type: str
    number:
      description: Number of the request, where one is open.
      type: int
    url:
      description: Its page.
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
      description: How many commits the target branch lacks. 0 also where the content is the same.
      type: int
    head:
      description: The last commit of the source branch.
      type: str
    mergeable:
      description:
        - Whether it can be merged without conflicts. None while the host looks for them, at Gitea for a conflict, too.
      type: bool
    draft:
      description: Whether it is a draft.
      type: bool
    blocked:
      description: Why the host would not merge it now, where it says so.
      type: str
    checks:
      description: Names of the checks of the last commit, as C(passed), C(pending), and C(failed).
      type: dict
    approved_by:
      description: Who approved the last commit.
      type: list
      elements: str
    refused_by:
      description: Who asked for changes.
      type: list
      elements: str
  sample:
    - name: acme/orders
      repository: acme/orders
      changed: false
      state: open
      number: 12
      url: https://github.com/acme/orders/pull/12
      title: Promote staging to master
      body: ""
      source: staging
      target: master
      commits: 3
      head: 6dcb09b5b57875f334f61aebed695e2e4193db5e
      mergeable: true
      draft: false
      blocked:
      checks: {passed: [lint], pending: [], failed: []}
      approved_by: [rosa]
      refused_by: []
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import FORGE_OPTIONS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_look import Look, Wanted, carry_out
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_module import ForgeModule


class PullRequestInfo(ForgeModule):
    argument_spec = {**FORGE_OPTIONS}

    def run(self) -> None:
        forge, wanted = self.forge(), Wanted(self.params["source"], self.params["target"])
        works = [Look(forge, name, wanted) for name in self.names()]
        carry_out(works)
        self.report(works)


def main() -> None:
    PullRequestInfo.main()


if __name__ == "__main__":
    main()
