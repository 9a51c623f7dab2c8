#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: promotion_info
short_description: What a promotion would do
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Returns the plan of M(stagecraft.appsmith.promotion) as data, without changing anything. Applications that a gate
    refuses are in the plan and don't make the task fail.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._promotion
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
"""

EXAMPLES = r"""
- name: Look what the next promotion brings
  stagecraft.appsmith.promotion_info:
    workspaces: [Operations]
    git_ssh_key_file: ~/.ssh/read_repositories
  register: plan
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
      description: Id of the branch's document.
      type: str
    workspace:
      description: Its workspace.
      type: str
    repository:
      description: Address of the repository.
      type: str
    branch:
      description: The branch.
      type: str
    state:
      description:
        - V(current), V(behind), V(interrupted) (an earlier deployment ended half-way) or V(drifted) (nothing new, but
          uncommitted changes) before the work; V(deployed), V(refused) or V(failed) after it.
      type: str
    changed:
      description: Whether it was deployed, or would be.
      type: bool
    behind:
      description: Commits to bring in.
      type: int
    drift:
      description: V(none), V(migration) or V(changes).
      type: str
    uncommitted:
      description: Files with uncommitted changes.
      type: list
      elements: str
    discarded:
      description: Files whose uncommitted changes were thrown away, or would be.
      type: list
      elements: str
    commit_before:
      description: The commit deployed before, where the repository could be read.
      type: str
    commit_after:
      description: The commit that is deployed, where the repository could be read.
      type: str
    commits:
      description: The commits to bring in, newest first, where the repository could be read.
      type: list
      elements: dict
    unconfigured_datasources:
      description: Datasources that the application uses and that have no configuration here.
      type: list
      elements: str
    warnings:
      description: What is worth knowing.
      type: list
      elements: str
    gate:
      description:
        - The gate that refused it. V(drift), V(version_skew), V(unconfigured_datasources) or V(datasource_clash).
      type: str
    failed:
      description: Whether it was refused or failed.
      type: bool
    msg:
      description: Why.
      type: str
    error:
      description: The error's parts, with Appsmith's code.
      type: dict
    seconds:
      description: Time spent on it.
      type: float
summary:
  description: How many applications there are, by what happened to them.
  returned: always
  type: dict
  sample:
    total: 16
    changed: 2
    current: 14
    failed: 0
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_module import PROMOTION, PromotingModule


class PromotionInfo(PromotingModule):
    argument_spec: ClassVar[dict[str, Any]] = dict(PROMOTION)

    def run(self) -> None:
        promotion = self.plan(plan_only=True)
        promotion.close()
        self.report(promotion, info=True)


def main() -> None:
    PromotionInfo.main()


if __name__ == "__main__":
    main()
