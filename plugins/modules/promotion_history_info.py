#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists what was promoted."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: promotion_history_info
short_description: List what was promoted when, by whom, and how it went
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Reads what M(stagecraft.appsmith.promotion) and M(stagecraft.appsmith.git_revert) left behind, the ledger
    (O(ledger_directory)), the tags in the repositories (O(repositories)), or both.
  - The ledger has what was deployed, refused and failed. Tags are only on what was deployed, and are at hand wherever
    the repository is.
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._repository
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  ledger_directory:
    description: Directory of the ledger, where this module runs. A ledger that isn't there yet is an empty one.
    type: path
  repositories:
    description:
      - SSH addresses of repositories whose tags are read. Of the ledger, only these repositories are listed then.
    type: list
    elements: str
    aliases: [repository]
  applications:
    description: Only these applications, by name.
    type: list
    elements: str
    aliases: [application]
  workspaces:
    description: Only applications of these workspaces, by name.
    type: list
    elements: str
    aliases: [workspace]
  instances:
    description: Only these instances, by address.
    type: list
    elements: str
    aliases: [instance]
  branches:
    description: Only these branches.
    type: list
    elements: str
    aliases: [branch]
  kinds:
    description: Only promotions, or only what M(stagecraft.appsmith.git_revert) did.
    type: list
    elements: str
    choices: [promotion, revert]
  states:
    description: Only what ended so.
    type: list
    elements: str
    choices: [deployed, refused, failed]
  limit:
    description: How many entries are returned at most, the newest; V(0) is all.
    type: int
    default: 50
  width:
    description: How many repositories are read side by side.
    type: int
    default: 4
seealso:
  - module: stagecraft.appsmith.promotion
  - module: stagecraft.appsmith.git_revert
"""

EXAMPLES = r"""
- name: What came to production lately?
  stagecraft.appsmith.promotion_history_info:
    ledger_directory: ~/.local/state/stagecraft.appsmith
    instance: https://production.example.com
    limit: 20
  delegate_to: localhost
  register: appsmith_history

- name: Say it
  ansible.builtin.debug:
    msg: "{{ item.ended }} {{ item.application }} {{ item.state }} by {{ item.by }}"
  loop: "{{ appsmith_history.promotions }}"

- name: To what can this application go back?
  stagecraft.appsmith.promotion_history_info:
    repository: ssh://git@git.example.com:2222/acme/orders.git
    branch: master
    states: [deployed]
    git_ssh_key_file: ~/.ssh/read_repositories
  delegate_to: localhost
"""

RETURN = r"""
promotions:
  description: The entries, newest first; one is one application in one run.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(promotion) or V(revert).
      type: str
    state:
      description: V(deployed), V(refused) or V(failed).
      type: str
    failed:
      description: Whether something was wrong with it, also after it was deployed.
      type: bool
    application:
      description: Name of the application.
      type: str
    workspace:
      description: Its workspace.
      type: str
    instance:
      description: Address of the instance.
      type: str
    version:
      description: The release that it ran.
      type: str
    repository:
      description: Address of the repository.
      type: str
    branch:
      description: The branch.
      type: str
    commit_before:
      description: The commit that was deployed before, where it was known.
      type: str
    commit_after:
      description: The commit that was deployed, where it was known.
      type: str
    reverted_to:
      description: For a V(revert), the earlier commit whose content it brought back.
      type: str
    by:
      description: Who did it.
      type: str
    began:
      description: When the run began, in UTC.
      type: str
    ended:
      description: When it ended, in UTC.
      type: str
    run:
      description: The same for all applications of a run.
      type: str
    tests:
      description:
        - How many smoke tests C(passed) and C(failed), with the names of these in C(failed_names); V(null) if none ran.
      type: dict
    gate:
      description: The gate that refused it. From the ledger alone.
      type: str
    msg:
      description: Why it was refused or failed. From the ledger alone.
      type: str
    changes:
      description: How many pages, queries and so on it changed, where that was known. From the ledger alone.
      type: dict
    tag:
      description: The tag in the repository; V(null) if there is none.
      type: str
    sources:
      description: Where it was found, V(ledger), V(tag) or both.
      type: list
      elements: str
ledger:
  description: Path of the ledger; V(null) without O(ledger_directory).
  returned: success
  type: str
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_history import (
    PROMOTION,
    REVERT,
    Wanted,
    history,
    read_tags,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_record import RECORDED
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_module import (
    ACCESS,
    WIDTH,
    access_of,
    refuse_twice,
    side_by_side,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import HAS_GITPYTHON

_NAMES: dict[str, Any] = {"type": "list", "elements": "str"}
_FILTERS = ("applications", "workspaces", "instances", "repositories", "branches", "kinds", "states")


class PromotionHistoryInfo(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **ACCESS,
        **WIDTH,
        "ledger_directory": {"type": "path"},
        "repositories": {**_NAMES, "aliases": ["repository"]},
        "applications": {**_NAMES, "aliases": ["application"]},
        "workspaces": {**_NAMES, "aliases": ["workspace"]},
        "instances": {**_NAMES, "aliases": ["instance"]},
        "branches": {**_NAMES, "aliases": ["branch"]},
        "kinds": {**_NAMES, "choices": [PROMOTION, REVERT]},
        "states": {**_NAMES, "choices": list(RECORDED)},
        "limit": {"type": "int", "default": 50},
    }
    required_one_of: ClassVar[Any] = [("ledger_directory", "repositories")]
    needs_connection = False

    def run(self) -> None:
        if self.params["limit"] < 0:
            raise InvalidInput("limit can't be negative")
        directory, addresses = self.params["ledger_directory"], self.params["repositories"] or []
        ledger = Ledger(directory) if directory else None
        wanted = Wanted(**{name: tuple(self.params[name] or ()) for name in _FILTERS})
        tags = self.tags(addresses) if addresses else []
        self.result["ledger"] = str(ledger.path) if ledger else None
        self.result["promotions"] = history(ledger, tags, wanted, self.params["limit"])
        for text in ledger.warnings if ledger else ():
            self.warn(text)

    def tags(self, addresses: list[str]) -> list[dict[str, Any]]:
        self.require(HAS_GITPYTHON, "GitPython")
        refuse_twice(addresses)
        access = access_of(self.params)
        done = side_by_side(addresses, lambda address: read_tags(address, access), self.params["width"])
        return [entry for address in addresses for entry in done[address].result()]


def main() -> None:
    PromotionHistoryInfo.main()


if __name__ == "__main__":
    main()
