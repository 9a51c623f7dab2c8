# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_report import FORMATS, WIDTH, report

DOCUMENTATION = r"""
name: promotion_report
short_description: A promotion, or the plan of one, as a table, as Markdown or as JSON
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes text of what M(stagecraft.appsmith.promotion) and M(stagecraft.appsmith.promotion_info) return, with the
    commits and what they change by name, gates that are closed, and warnings.
  - Where the repositories were not read, it says so in the place of commits and changes.
  - Text that people made, such as the subject of a commit, stays text. In the table it has no control characters, in
    Markdown no formatting, no HTML, no mention and no reference.
positional: format
options:
  _input:
    description: The result of the module, or its list RV(stagecraft.appsmith.promotion#module:applications).
    type: raw
    required: true
  format:
    description:
      - V(table) is for a terminal.
      - V(markdown) is for a pull request or a comment on one, and never longer than GitHub takes.
      - V(json) is for programs. It is sorted, and the same for the same plan; times are left out.
    type: str
    choices: [table, markdown, json]
    default: table
  width:
    description: Columns of the terminal, for O(format=table). At least 40.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Look what a promotion would do
  stagecraft.appsmith.promotion_info:
    git_ssh_key_file: ~/.ssh/read_repositories
  register: plan

- name: Show it
  ansible.builtin.debug:
    msg: "{{ (plan | stagecraft.appsmith.promotion_report).splitlines() }}"
    # 16 applications: 1 refused, 1 behind, 14 current
    #
    # STATE    APPLICATION              BRANCH  COMMITS  CHANGES
    # refused  Operations/support-desk  master  2        pages ~1, queries +1
    # behind   Operations/orders        master  1        queries +1

- name: Keep it for a comment on the pull request
  ansible.builtin.copy:
    content: "{{ plan | stagecraft.appsmith.promotion_report('markdown') }}"
    dest: plan.md
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""


def promotion_report(result: Any, format: str = "table", *, width: int = WIDTH) -> str:
    if format not in FORMATS:
        raise AnsibleFilterError(f"promotion_report makes {', '.join(FORMATS)}, not {format}")
    try:
        return report(result, format, width=int(width))
    except (ValueError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(f"promotion_report: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"promotion_report": promotion_report}
