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
    each by looking (nothing behind, nothing left over, the published view is the new one and that of the commit,
    datasources configured), whatever the server answered.
  - An application to which there is nothing new costs a fetch, and a look unless an earlier run has proven it
    (O(verify)). One that an earlier, killed run left half done is found and finished.
  - Before an application is touched it must pass the gates. Each has an option that opens it, and each refusal says
    what else does, such as to commit or discard changes, to upgrade the instance, or to configure a datasource.
  - More than ten are deployed in two waves, a tenth of them first (O(waves)). After a wave the smoke tests are run, and
    a failure holds the rest.
  - An application that fails doesn't stop the others of its wave. The task fails at the end, with a summary by cause.
  - In check mode it is the plan, and predicts the same changes. With C(--diff) it shows that plan as a table.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._promotion
  - stagecraft.appsmith._promotion.deploying
  - stagecraft.appsmith._promotion_gates
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Promote everything to production, and keep a record
  stagecraft.appsmith.promotion:
    workspaces: [Operations]
    ledger_directory: ~/.local/state/appsmith

- name: Promote two applications, and prove that the commits are what is published
  stagecraft.appsmith.promotion:
    workspaces: [Operations]
    applications: [orders, support-desk]
    git_ssh_key_file: ~/.ssh/read_repositories

- name: Deploy although somebody changed something on production, and save that to a branch first
  stagecraft.appsmith.promotion:
    workspaces: [Operations]
    drift: rescue

- name: One application first, then a quarter, then the rest, each wave tested
  stagecraft.appsmith.promotion:
    waves:
      - name: pilot
        applications: [orders]
      - percent: 25
      - name: rest
    smoke_tests:
      - application: orders
        query: who_am_i
        expect: "[0].current_user"
        equals: orders_production
    freeze_windows:
      - name: weekend
        weekdays: [fri]
        from: "16:00"
        to: "24:00"
        timezone: Europe/Berlin
    allowed_branches: [master]
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
tests:
  description: The smoke tests that were run, each with its last result and the wave after which that was.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the test.
      type: str
    application:
      description: Name of the application, if it is one's.
      type: str
    wave:
      description: The wave after which it was run last; V(before) for one that an earlier run owed.
      type: str
    failed:
      description: Whether it failed.
      type: bool
    msg:
      description: Why.
      type: str
records:
  description: What was written to the ledger and as tags.
  returned: when not in check mode
  type: list
  elements: dict
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
