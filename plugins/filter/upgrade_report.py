# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._upgrade_report import FORMATS, WIDTH, report

DOCUMENTATION = r"""
name: upgrade_report
short_description: The course of an upgrade as a table, as Markdown or as JSON
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes text of what P(stagecraft.appsmith.upgrade#role) gathers. It tells of each host how it ended, how long it was
    down, how long each release took, where the way back is, which tests passed, and what was done to the applications.
  - Says whether promotions from staging to production are free again, by the releases that both sides answered with.
positional: format
options:
  _input:
    description:
      - A dictionary with C(to), a list C(hosts) of dictionaries, and a list C(lost) of the names of hosts that can't
        tell any more.
    type: dict
    required: true
  format:
    description: V(table) is for a terminal, V(markdown) for a ticket, V(json) for programs.
    type: str
    choices: [table, markdown, json]
    default: table
  width:
    description: Columns of the terminal, for O(format=table). At least 40.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Show how the upgrade went
  ansible.builtin.debug:
    msg: "{{ (upgrade | stagecraft.appsmith.upgrade_report).splitlines() }}"
  vars:
    upgrade:
      to: v1.91
      hosts:
        - host: staging.example.com
          side: staging
          from: v1.60
          now: v1.91
          outcome: upgraded
          seconds: {down: 74.2}
          hops: [{version: v1.91, seconds: 41.5}]
    # Upgrade to v1.91, 1 host: 1 upgraded
    #
    # OUTCOME   HOST                 FROM   NOW    DOWN  HOPS
    # upgraded  staging.example.com  v1.60  v1.91  74 s  v1.91 42 s
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""


def upgrade_report(told: Any, format: str = "table", *, width: int = WIDTH) -> str:
    if format not in FORMATS:
        raise AnsibleFilterError(f"upgrade_report makes {', '.join(FORMATS)}, not {format}")
    try:
        return report(told, format, width=int(width))
    except (ValueError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(f"upgrade_report: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"upgrade_report": upgrade_report}
