#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_profile
short_description: Save the Git author of a user
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Saves name and e-mail address under which the signed-in user's commits are made. Without it Appsmith can neither
    commit nor end a pull.
  - Where nothing is saved yet, Appsmith saves the account's own name and address as soon as it is asked for the author.
    This module asks, so that much happens in check mode as well.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  author_name:
    description: Name of the author.
    type: str
    required: true
  author_email:
    description: E-mail address of the author.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Commits come from the release team
  stagecraft.appsmith.git_profile:
    author_name: Release team
    author_email: release@example.com
"""

RETURN = r"""
author:
  description: The author.
  returned: success
  type: dict
  contains:
    name:
      description: Name.
      type: str
    email:
      description: E-mail address.
      type: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_connect import ensure_profile
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import LOCK_TIMEOUT, GitModule


class GitProfile(GitModule):
    argument_spec = {
        **LOCK_TIMEOUT,
        "author_name": {"type": "str", "required": True},
        "author_email": {"type": "str", "required": True},
    }

    def run(self) -> None:
        wanted = self.read_author({"name": self.params["author_name"], "email": self.params["author_email"]})
        before = self.git.api.default_profile()
        outcome = ensure_profile(self.git, wanted, before)
        self.result.update(outcome.facts)
        if outcome.changed:
            self.changed()
            self.diff({"name": before.name, "email": before.email}, outcome.facts["author"])


def main() -> None:
    GitProfile.main()


if __name__ == "__main__":
    main()
