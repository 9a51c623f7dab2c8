#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: promotion
short_description: Deploy what is in the repositories to many applications of an instance
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Fetches all selected applications, deploys those that are behind their repository, one after the other, and proves
    each by looking (nothing behind, nothing left over, the published view is the new one, datasources configured).
  - An application to which there is nothing new costs a fetch and a look. One that an earlier, killed run left half
    done is found and finished.
  - Before an application is touched it must pass the gates, uncommitted changes (O(drift)), a newer format than this
    release knows (O(skew)), and datasources (O(unconfigured)).
  - Each refusal says what opens the gate, such as to commit or discard the changes, to upgrade the instance, or to
    configure the datasources.
  - An application that fails doesn't stop the others. The task fails at the end, with a summary by cause.
  - In check mode it is the plan, and predicts the same changes.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._promotion
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  stop_on_error:
    description: Whether the first application that fails ends the work on the others.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Promote everything to production
  stagecraft.appsmith.promotion:
    workspaces: [Operations]

- name: Promote two applications, and prove that the commits are what is published
  stagecraft.appsmith.promotion:
    workspaces: [Operations]
    applications: [orders, support-desk]
    git_ssh_key_file: ~/.ssh/read_repositories

- name: Deploy although somebody changed something on production, and throw that away
  stagecraft.appsmith.promotion:
    workspaces: [Operations]
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

from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_module import (
    DEPLOYING,
    PROMOTION,
    PromotingModule,
)


class PromotionModule(PromotingModule):
    argument_spec: ClassVar[dict[str, Any]] = {**PROMOTION, **DEPLOYING}

    def run(self) -> None:
        self.deploy(self.plan(early=True))


def main() -> None:
    PromotionModule.main()


if __name__ == "__main__":
    main()
