#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_deploy_key
short_description: Deploy key of an application, or for an import
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Reads the deploy key of an application, and makes one if there is none.
  - With O(for_import=true) makes the key for the user's next import instead. There is one per user, it can't be read
    again, and each new one replaces the last, so this is always a change.
  - With O(git_host) registers the key with the repository, by its content, with the right that O(read_only) says.
  - A private key never leaves the instance, and a key of one's own can't be given to it.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.host
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  workspace:
    description: Name of the workspace. Needed unless O(for_import=true).
    type: str
  application:
    description: Name of the application. Needed unless O(for_import=true).
    type: str
  for_import:
    description: Make the user's key for imports.
    type: bool
    default: false
  remote_url:
    description: Address of the repository at O(git_host). Default is the one the application is connected to.
    type: str
  key_type:
    description:
      - Kind of a new key. Default is V(ECDSA), and V(RSA) if the repository's address is known and its host takes
        nothing else.
    type: str
    choices: [ECDSA, RSA]
  regenerate:
    description: Make a new key, which replaces the old one. Always a change.
    type: bool
    default: false
  read_only:
    description: Whether the key may only read. That is enough for an instance which is only deployed to by discard.
    type: bool
    default: false
  state:
    description:
      - Whether the key is to be registered at O(git_host). V(absent) takes it from there; the instance keeps it.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Get the key that has to be registered with the repository
  stagecraft.appsmith.git_deploy_key:
    workspace: Operations
    application: orders
  register: key

- name: Let production read its repository, but not write to it
  stagecraft.appsmith.git_deploy_key:
    workspace: Operations
    application: orders
    read_only: true  # enough where promotions are by discard
    git_host:
      url: https://git.example.com
      token: "{{ vault_git_token }}"
"""

RETURN = r"""
public_key:
  description: The key's public part; none in check mode when it would have to be made first.
  returned: success
  type: str
made:
  description: Whether a key was made, or would be.
  returned: success
  type: bool
registered:
  description: Whether the registration at the Git host was changed, or would be.
  returned: success
  type: bool
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_connect import (
    KEY_TYPES,
    key_title,
    one_at_a_time,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GIT_HOST_OPTIONS, GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import LOCK_TIMEOUT, GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami


class GitDeployKey(GitModule):
    argument_spec = {
        **LOCK_TIMEOUT,
        "git_host": GIT_HOST_OPTIONS,
        "workspace": {"type": "str"},
        "application": {"type": "str"},
        "for_import": {"type": "bool", "default": False},
        "remote_url": {"type": "str"},
        "key_type": {"type": "str", "choices": KEY_TYPES, "no_log": False},
        "regenerate": {"type": "bool", "default": False},
        "read_only": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    required_if = [("for_import", False, ["workspace", "application"])]

    def run(self) -> None:
        self.result.update(public_key=None, made=False, registered=False)
        if self.params["remote_url"]:
            parse(self.params["remote_url"])
        target = None if self.params["for_import"] else self.target()
        key = self.key(target)
        self.result["public_key"] = key
        host = GitHost.of(self)
        if host is None:
            return
        remote_url = self.params["remote_url"] or (target.remote_url if target else None)
        if not remote_url:
            raise InvalidInput("Which repository the key is for isn't known", next_step="Give its remote_url.")
        label = f"{target.workspace} {target.name}" if target else f"{self.params['workspace'] or 'import'}"
        if key is None:
            # Check mode: a key that isn't made yet is not registered either.
            registered = self.params["state"] == "present"
        elif self.params["state"] == "absent":
            registered = host.remove_key(parse(remote_url), key)
        else:
            title = key_title(self.client.url, label if target else f"{label} {parse(remote_url).name}")
            registered = host.ensure_key(parse(remote_url), key, title=title, read_only=self.params["read_only"])
        self.result["registered"] = registered
        self.changed(registered)

    def target(self) -> Target:
        workspace = _workspaces.get(self.client, self.params["workspace"])
        application = _applications.get(self.client, workspace["id"], self.params["application"])
        return Target.read(application, workspace["name"])

    def key(self, target: Target | None) -> str | None:
        before = self.git.api.read_key(target.id) if target else None
        absent = self.params["state"] == "absent"
        if absent or (before and not self.params["regenerate"]):
            return before
        self.changed()
        self.result["made"] = True
        self.diff({"public_key": before}, {"public_key": "(a new one)"})
        if self.check_mode:
            return None
        remote_url = self.params["remote_url"] or (target.remote_url if target else None)
        key_type = self.params["key_type"] or (parse(remote_url).key_type if remote_url else "ECDSA")
        if target:
            return self.git.api.make_key(target.id, key_type)
        # Not amid an import of another task, which would lose its key.
        with one_at_a_time(self.client.url, whoami(self.client).get("email")):
            return self.git.api.make_import_key(key_type)


def main() -> None:
    GitDeployKey.main()


if __name__ == "__main__":
    main()
