#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the datasources of a workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: datasource_info
short_description: List the datasources of an Appsmith workspace
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Lists the datasources of a workspace, or those that an application's queries use, with what can be seen of their
    configuration. Secrets can't be read from Appsmith.
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  application:
    description: Name of an application. Only the datasources that its queries use are listed.
    type: str
  name:
    description: Name of one datasource. The list is empty if there is none.
    type: str
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
seealso:
  - module: stagecraft.appsmith.datasources
"""

EXAMPLES = r"""
- name: What has still to be configured?
  stagecraft.appsmith.datasource_info:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    application: orders
  register: appsmith_datasources

- name: Wait until somebody has connected the spreadsheets
  stagecraft.appsmith.datasource_info:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
  register: appsmith_waiting
  until: appsmith_waiting.need_browser == []
  retries: 60
  delay: 10

- name: Say it
  ansible.builtin.debug:
    msg: "{{ appsmith_datasources.datasources | rejectattr('configured') | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
datasources:
  description: The datasources.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the datasource.
      type: str
    id:
      description: Id of the datasource.
      type: str
    plugin:
      description: Package name of its plugin.
      type: str
    configured:
      description: Whether it has a configuration.
      type: bool
    needs_browser:
      description: Whether a person has to open it in Appsmith and consent, before it works.
      type: bool
    finish_at:
      description: Address where a person finishes it; only there if C(needs_browser).
      type: str
    invalids:
      description: What the plugin finds wrong.
      type: list
      elements: str
    configuration:
      description: What can be seen of C(datasourceConfiguration).
      type: dict
need_browser:
  description: Names of those that wait for a person's consent in a browser.
  returned: success
  type: list
  elements: str
unconfigured:
  description: Names of those without a configuration.
  returned: success
  type: list
  elements: str
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_by_hand import Editor
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import Datasources, used_by_application
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class DatasourceInfo(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "workspace": {"type": "str", "required": True},
        "application": {"type": "str"},
        "name": {"type": "str"},
    }

    def run(self) -> None:
        workspace = _workspaces.get(self.client, self.params["workspace"])
        datasources = Datasources(self.client, workspace["id"])
        if self.params["application"]:
            application = _applications.get(self.client, workspace["id"], self.params["application"])
            listed = used_by_application(self.client, workspace["id"], application["id"])
        else:
            listed = datasources.all
        wanted = self.params["name"]
        found = [datasources.describe(one) for one in listed if wanted in (None, one["name"])]
        editor = Editor(self.client, workspace["id"])
        for one in found:
            if one["needs_browser"]:
                one["finish_at"] = editor.address(one["id"])
        self.result["datasources"] = sorted(found, key=lambda one: one["name"])
        self.result["need_browser"] = [one["name"] for one in self.result["datasources"] if one["needs_browser"]]
        self.result["unconfigured"] = [one["name"] for one in self.result["datasources"] if not one["configured"]]


def main() -> None:
    DatasourceInfo.main()


if __name__ == "__main__":
    main()
