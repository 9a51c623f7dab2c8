#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_connection
short_description: Connect an application to a repository
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - O(state=present) connects an application to an empty repository, and so makes the repository's first commits.
  - The instance makes a deploy key of its own, which the repository must accept with write access. With O(git_host)
    it is registered there; without, the error for a refused key holds the key.
  - O(state=absent) takes an application from its repository. All its branches but the first one go, and so does the
    key. The repository stays as it is. It can't be connected again, for Appsmith only takes empty repositories.
  - To bring an application from a repository that has one, use M(stagecraft.appsmith.git_import).
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.host
  - stagecraft.appsmith._git.author
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  application:
    description: Name of the application.
    type: str
    required: true
  remote_url:
    description:
      - SSH address of the repository, such as V(git@git.example.com:acme/orders.git) or
        V(ssh://git@git.example.com:2222/acme/orders.git). Needed for O(state=present).
    type: str
  key_type:
    description: Kind of a new deploy key. Default is V(ECDSA), and V(RSA) for hosts that take nothing else.
    type: str
    choices: [ECDSA, RSA]
  key_timeout:
    description:
      - Seconds to wait for somebody who registers the key. As long as it is refused, the connection is tried again.
      - Get the key before by M(stagecraft.appsmith.git_deploy_key), and show it to them.
    type: int
    default: 0
  state:
    description: Whether the application is to be connected.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Put the orders application under version control
  stagecraft.appsmith.git_connection:
    workspace: Operations
    application: orders
    remote_url: git@git.example.com:acme/orders.git
    author:
      name: Release team
      email: release@example.com
    git_host:
      url: https://git.example.com
      token: "{{ vault_git_token }}"

- name: Take it from its repository
  stagecraft.appsmith.git_connection:
    workspace: Operations
    application: orders
    state: absent
"""

RETURN = r"""
name:
  description: Name of the application.
  returned: success
  type: str
id:
  description: Id of the application.
  returned: success
  type: str
remote_url:
  description: Address of the repository; none when not connected.
  returned: success
  type: str
branch:
  description: The default branch.
  returned: when O(state=present)
  type: str
public_key:
  description: The deploy key's public part.
  returned: when O(state=present)
  type: str
key_registered:
  description: Whether the key was registered with the Git host, or would be.
  returned: when O(state=present)
  type: bool
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_connect import KEY_TYPES, connect, disconnect
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GIT_HOST_OPTIONS, GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import AUTHOR, LOCK_TIMEOUT, GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse


class GitConnection(GitModule):
    argument_spec = {
        **LOCK_TIMEOUT,
        **AUTHOR,
        "git_host": GIT_HOST_OPTIONS,
        "workspace": {"type": "str", "required": True},
        "application": {"type": "str", "required": True},
        "remote_url": {"type": "str"},
        "key_type": {"type": "str", "choices": KEY_TYPES, "no_log": False},
        "key_timeout": {"type": "int", "default": 0, "no_log": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    required_if = [("state", "present", ["remote_url"])]

    def run(self) -> None:
        present = self.params["state"] == "present"
        if present:
            parse(self.params["remote_url"])
        workspace = _workspaces.get(self.client, self.params["workspace"])
        application = _applications.get(self.client, workspace["id"], self.params["application"])
        target = Target.read(application, workspace["name"])
        if present:
            outcome = connect(
                self.git,
                target,
                self.params["remote_url"],
                self.author(),
                key_type=self.params["key_type"],
                key_timeout=float(self.params["key_timeout"]),
                host=GitHost.of(self),
            )
        else:
            outcome = disconnect(self.git, target)
        for text in outcome.warnings:
            self.warn(text)
        self.result.update(name=target.name, id=target.base_id, **outcome.facts)
        if outcome.changed:
            self.changed()
            self.diff({"remote_url": target.remote_url}, {"remote_url": outcome.facts["remote_url"]}, target.name)


def main() -> None:
    GitConnection.main()


if __name__ == "__main__":
    main()
