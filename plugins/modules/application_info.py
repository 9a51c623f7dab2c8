#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: application_info
short_description: List the applications of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Lists applications, one for all branches of a repository.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  workspace:
    description:
      - Only the applications of this workspace; it must exist. Those of all workspaces when not given.
    type: str
  name:
    description:
      - Only applications of this name. None is no error.
    type: str
  details:
    description:
      - Whether to list the pages of the edit and of the published view, and what differs between the two.
      - This takes three calls more for each application.
    type: bool
    default: false
seealso:
  - module: stagecraft.appsmith.application
"""

EXAMPLES = r"""
- name: List the applications of a workspace, with their pages
  stagecraft.appsmith.application_info:
    appsmith_url: https://staging.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    details: true
  register: found
"""

RETURN = r"""
applications:
  description: The applications.
  returned: success
  type: list
  elements: dict
  contains:
    workspace:
      description: Name of its workspace.
      type: str
    pages:
      description: Names of the pages of the edit view. Only with O(details).
      type: list
      elements: str
    published_pages:
      description: Names of the pages of the published view. Only with O(details).
      type: list
      elements: str
    unpublished:
      description: What was edited and not published. Only with O(details).
      type: list
      elements: str
    id:
      description: Id.
      type: str
    base_id:
      description: Id of the application whose branches it belongs to; its own id when it is not connected to Git.
      type: str
    name:
      description: Name.
      type: str
    slug:
      description: Name as used in addresses.
      type: str
    workspace_id:
      description: Id of its workspace.
      type: str
    public:
      description: Whether anybody may view it.
      type: bool
    color:
      description: Colour.
      type: str
    icon:
      description: Icon.
      type: str
    last_deployed_at:
      description: When it was deployed last; null after an import though the published view is there.
      type: str
    modified_at:
      description: When it was edited last.
      type: str
    git:
      description: Its connection to a repository; null when there is none.
      type: dict
      contains:
        remote_url:
          description: Address of the repository.
          type: str
        branch:
          description: Branch.
          type: str
        default_branch:
          description: The repository's default branch.
          type: str
        private:
          description: Whether the repository is private, as far as Appsmith knows.
          type: bool
        last_committed_at:
          description: When a commit was made or brought in last.
          type: str
  sample:
    - id: 6b0297179da452369c779805
      base_id: 6b0297179da452369c779805
      name: orders
      slug: orders
      workspace: Operations
      workspace_id: 6b0297139da452369c7797fe
      public: false
      color: "#ECECEC"
      icon: bag
      last_deployed_at: "2026-11-22T07:19:00.801Z"
      modified_at: "2026-11-22T07:19:00.890Z"
      git:
        remote_url: git@git.example.com:acme/orders.git
        branch: master
        default_branch: master
        private: true
        last_committed_at: "2026-11-22T07:19:00Z"
      pages:
        - Home
        - Detail
      published_pages:
        - Home
      unpublished:
        - page Detail
        - application pages
"""

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications as applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _workspaces as workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class ApplicationInfo(AppsmithModule):
    argument_spec = {
        "workspace": {"type": "str"},
        "name": {"type": "str"},
        "details": {"type": "bool", "default": False},
    }

    def run(self) -> None:
        if self.params["workspace"] is not None:
            chosen = [workspaces.get(self.client, self.params["workspace"])]
        else:
            chosen = workspaces.list_workspaces(self.client)
        self.result["applications"] = [
            self.describe(application, workspace["name"])
            for workspace in chosen
            for application in applications.list_applications(self.client, workspace["id"])
            if self.params["name"] in (None, application.get("name"))
        ]

    def describe(self, application: dict[str, Any], workspace: str) -> dict[str, Any]:
        described = {**applications.represent(application), "workspace": workspace}
        if self.params["details"]:
            described["pages"] = self.pages(application["id"], "EDIT")
            described["published_pages"] = self.pages(application["id"], "PUBLISHED")
            described["unpublished"] = applications.unpublished(self.client, application["id"])
        return described

    def pages(self, application_id: str, mode: str) -> list[str]:
        return [page["name"] for page in applications.pages(self.client, application_id, mode).get("pages") or []]


def main() -> None:
    ApplicationInfo.main()


if __name__ == "__main__":
    main()
