#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_import
short_description: Import an application from a repository
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Has the application of a repository in a workspace, under the name that is wanted, with the branch that is wanted.
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
  remote_url:
    description:
      - SSH address of the repository, such as V(git@git.example.com:acme/orders.git) or
        V(ssh://git@git.example.com:2222/acme/orders.git).
    type: str
    required: true
  name:
    description:
      - Name of the application. Appsmith names an import after the repository; with this it is renamed.
    type: str
  branch:
    description: A branch that is to be on the instance as well.
    type: str
"""

EXAMPLES = r"""
- name: Bring the orders application to production
  stagecraft.appsmith.git_import:
    workspace: Operations
    remote_url: git@git.example.com:acme/orders.git
    author:
      name: Release team
      email: release@example.com
    git_host:
      url: https://git.example.com
      token: "{{ vault_git_token }}"

- name: Make a key, to be registered by hand with the repository, ...
  stagecraft.appsmith.git_deploy_key:
    for_import: true
  register: key

- name: ... then import with it
  stagecraft.appsmith.git_import:
    workspace: Operations
    remote_url: git@git.example.com:acme/orders.git
    branch: staging
"""

RETURN = r"""
name:
  description: Name of the application.
  returned: success
  type: str
id:
  description: Id of the branch's document; none in check mode when it isn't there yet.
  returned: success
  type: str
base_id:
  description: Id of the application's first document.
  returned: success
  type: str
branch:
  description: The branch.
  returned: success
  type: str
remote_url:
  description: Address of the repository as given.
  returned: success
  type: str
imported:
  description: Whether it was imported, or would be.
  returned: success
  type: bool
also_in:
  description: Other workspaces of the instance that have the same repository.
  returned: success
  type: list
  elements: str
key_registered:
  description: Whether the deploy key's registration at O(git_host) was changed, or would be.
  returned: success
  type: bool
unconfigured_datasources:
  description: Datasources of the application that have no configuration.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_imports import IMPORT, Importer, terms
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse


class GitImport(GitModule):
    argument_spec = {
        **IMPORT,
        "remote_url": {"type": "str", "required": True},
        "name": {"type": "str"},
        "branch": {"type": "str"},
    }

    def run(self) -> None:
        # A malformed address is told before anything is sent.
        parse(self.params["remote_url"])
        importer = Importer(self.git, self.params["workspace"], terms(self), elsewhere=self.params["elsewhere"])
        entry = importer.ensure(self.params["remote_url"], self.params["name"], self.params["branch"])
        self.changed(entry["changed"])
        if entry["changed"]:
            self.diff(
                {} if entry["imported"] else {"remote_url": entry["remote_url"]},
                {key: entry[key] for key in ("remote_url", "name", "branch")},
            )
        self.result.update({key: value for key, value in entry.items() if key != "changed"})


def main() -> None:
    GitImport.main()


if __name__ == "__main__":
    main()
