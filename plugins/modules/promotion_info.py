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
  - The filter P(stagecraft.appsmith.promotion_report#filter) makes a table, Markdown or JSON of it.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._promotion
  - stagecraft.appsmith._promotion_gates
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

- name: Write it as a comment for a pull request
  ansible.builtin.copy:
    content: "{{ plan | stagecraft.appsmith.promotion_report(format='markdown') }}"
    dest: plan.md
    mode: "0644"
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
          uncommitted changes) before the work.
        - V(deployed), V(refused) (by a gate), V(failed) or V(held) (due and not touched, since something before it
          failed) after it.
      type: str
    wave:
      description: Name of its wave, where it is due.
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
    rescued_to:
      description: The branch or file to which a person's uncommitted changes were saved.
      type: str
    plan:
      description: V(full) where the repository could be read, V(counts) where only the instance could be asked.
      type: str
    commit_before:
      description: The commit deployed before, where the repository could be read.
      type: str
    commit_after:
      description: The commit that is deployed, or would be, where the repository could be read.
      type: str
    commits:
      description: The commits to bring in, newest first, where the repository could be read.
      type: list
      elements: dict
      contains:
        id:
          description: The commit.
          type: str
        author:
          description: Name of its author.
          type: str
        date:
          description: When it was written.
          type: str
        subject:
          description: First line of its message.
          type: str
    changes:
      description:
        - What changes, by the commits; where the repository can't be read, what changed, by what was shown before and
          after the deployment (so not in a plan).
      type: dict
      contains:
        pages:
          description: Names of pages, as C(added), C(changed) and C(removed).
          type: dict
        queries:
          description: Names of queries with their page, such as C(Orders/list_orders), in the same way.
          type: dict
        js_objects:
          description: Names of JS objects with their page, in the same way.
          type: dict
        datasources:
          description: Names of datasources, in the same way.
          type: dict
        libraries:
          description: Names of JS libraries, in the same way.
          type: dict
        theme:
          description: Whether the theme changes.
          type: bool
        settings:
          description: Whether settings of the application change, such as its navigation.
          type: bool
        migration:
          description: Whether files change that only a newer release's migration rewrote.
          type: bool
    unconfigured_datasources:
      description: Datasources that the application uses and that have no configuration here.
      type: list
      elements: str
    new_datasources:
      description: Datasources that the deployment makes here, where the repository could be read.
      type: list
      elements: str
    configured_datasources:
      description: Datasources that got the given credentials, or would get them.
      type: list
      elements: dict
    datasources_by_hand:
      description: Datasources that a person must finish in a browser.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the datasource.
          type: str
        plugin:
          description: Its plugin.
          type: str
        pages:
          description: Pages whose queries use it, where the repository could be read.
          type: list
          elements: str
        why:
          description: Why it can't be done without a person.
          type: str
        done:
          description: What is done about it.
          type: str
    secrets:
      description: What looks like secrets in the content to be promoted, never the secrets themselves.
      type: list
      elements: dict
      contains:
        path:
          description: The file in the repository.
          type: str
        line:
          description: The line.
          type: int
        kind:
          description: What it looks like.
          type: str
        fingerprint:
          description: To be named in O(secrets_allowed) if it is none.
          type: str
    warnings:
      description: What is worth knowing.
      type: list
      elements: str
    gate:
      description:
        - The gate that refused it. V(drift), V(version_skew), V(unconfigured_datasources), V(datasource_clash),
          V(manual_datasources), V(secrets), V(freeze) or V(branches).
      type: str
    failed:
      description: Whether it was refused or failed.
      type: bool
    msg:
      description: Why it failed, or is held.
      type: str
    error:
      description: The error's parts, with Appsmith's code.
      type: dict
    seconds:
      description: Time spent on it.
      type: float
summary:
  description: How many applications there are, by what happened to them; C(causes) names what failed, by cause.
  returned: always
  type: dict
  sample:
    total: 16
    changed: 2
    current: 14
    failed: 0
    causes: {}
waves:
  description: The waves of those that are due.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the wave.
      type: str
    applications:
      description: Names of its applications.
      type: list
      elements: str
    failed:
      description: Names of those that failed.
      type: list
      elements: str
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
