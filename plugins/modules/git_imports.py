#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_imports
short_description: Import many applications from their repositories
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Does what M(stagecraft.appsmith.git_import) does for a list of repositories, with one sign-in and one look at the
    workspaces.
  - An import that fails doesn't stop the others; the task fails at the end.
  - The repository is recognised by its address, in all its spellings, so a second run changes nothing.
  - Making the key, registering it, and importing are one sequence per user; imports that other hosts of the play run
    on the same instance wait for it.
  - An import doesn't bring the datasources' configuration, which isn't in the repository. The returned
    C(unconfigured_datasources) are to be given to M(stagecraft.appsmith.datasources).
  - Appsmith imports the repository's default branch; another one is brought in after that.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.host
  - stagecraft.appsmith._git.author
  - stagecraft.appsmith._git.import
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  applications:
    description: The applications.
    type: list
    elements: dict
    required: true
    suboptions:
      remote_url:
        description: SSH address of the repository.
        type: str
        required: true
      name:
        description: Name of the application, if it is to be another than the repository's.
        type: str
      branch:
        description: A branch that is to be on the instance as well; default is O(branch).
        type: str
  branch:
    description: A branch of each application that is to be on the instance as well.
    type: str
"""

EXAMPLES = r"""
- name: Bring all applications to production
  stagecraft.appsmith.git_imports:
    workspace: Operations
    applications:
      - remote_url: git@git.example.com:acme/orders.git
      - remote_url: git@git.example.com:acme/support-desk.git
        name: Support desk
    git_host:
      url: https://git.example.com
      token: "{{ vault_git_token }}"
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
    base_id:
      description: Id of the application's first document.
      type: str
    imported:
      description: Whether it was imported, or would be.
      type: bool
    also_in:
      description: Other workspaces of the instance that have the same repository.
      type: list
      elements: str
    key_registered:
      description: Whether the deploy key's registration at O(git_host) was changed, or would be.
      type: bool
    unconfigured_datasources:
      description: Datasources of the application that have no configuration.
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
unconfigured_datasources:
  description: Datasources without configuration of all these applications.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_imports import IMPORT, Importer, terms
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse


class GitImports(GitModule):
    argument_spec = {
        **IMPORT,
        "branch": {"type": "str"},
        "applications": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "remote_url": {"type": "str", "required": True},
                "name": {"type": "str"},
                "branch": {"type": "str"},
            },
        },
    }

    def run(self) -> None:
        items = self.params["applications"]
        self.result.update(applications=[], unconfigured_datasources=[])
        known: set[Any] = set()
        for item in items:
            # Malformed and doubled addresses are told before anything is sent.
            identity = parse(item["remote_url"]).identity
            if identity in known:
                raise InvalidInput(f"{item['remote_url']} is given twice")
            known.add(identity)
        importer = Importer(self.git, self.params["workspace"], terms(self), elsewhere=self.params["elsewhere"])

        def one(item: dict[str, Any]) -> dict[str, Any]:
            entry = importer.ensure(item["remote_url"], item["name"], item["branch"] or self.params["branch"])
            if entry["changed"]:
                self.diff(
                    {} if entry["imported"] else {"remote_url": entry["remote_url"]},
                    {key: entry[key] for key in ("remote_url", "name", "branch")},
                )
            return entry

        try:
            self.each(items, one, label=lambda item: item["name"] or parse(item["remote_url"]).name, key="applications")
        finally:
            self.result["unconfigured_datasources"] = sorted(
                {name for entry in self.result["applications"] for name in entry.get("unconfigured_datasources", ())}
            )


def main() -> None:
    GitImports.main()


if __name__ == "__main__":
    main()
