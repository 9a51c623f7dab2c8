# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._start_log import read

DOCUMENTATION = r"""
name: start_log
short_description: What the log of an instance's start says, and why it came to nothing
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Reads the log of a container, of the backend and of MongoDB, one after the other in one text.
  - Tells the lines that show how far a start is, such as migrations of the database, and knows the lines after which it
    never gets further, such as a missed checkpoint, a full disk, or data that is too old for the release.
  - A reason that stands before the line with which the backend says that it serves does not count.
  - The result has no control characters, and passwords in addresses and assignments are masked.
options:
  _input:
    description: The text, or a list of its lines.
    type: raw
    required: true
  since:
    description:
      - Leaves out lines with an earlier time, such as those of a start before. A line without a time belongs to the one
        before it.
      - An ISO 8601 time; without a zone it is UTC.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Read the log
  ansible.builtin.command:
    argv: [docker, logs, --tail, "200", appsmith]
  register: log
  changed_when: false

- name: Stop waiting for a start that came to nothing
  vars:
    told: "{{ (log.stdout ~ '\n' ~ log.stderr) | stagecraft.appsmith.start_log(since='2026-11-22T14:00:00Z') }}"
  ansible.builtin.assert:
    that: told.fatal == ''
    fail_msg: "{{ told.fatal }} {{ told.next_step }}"
"""

RETURN = r"""
_value:
  description: What the log says.
  type: dict
  contains:
    progress:
      description: Short lines worth showing, in the order of the log.
      type: list
      elements: str
      sample: ["backend v1.91 begins", "migration applied: Migration059PolicySetToPolicyMap migrate-policy-set-to-map"]
    fatal:
      description: Why the start came to nothing, in one sentence; empty where nothing says so.
      type: str
    next_step:
      description: What to do then.
      type: str
"""


def start_log(text: Any, since: str = "") -> dict[str, Any]:
    try:
        return read(text, since)
    except ValueError as error:
        raise AnsibleFilterError(f"start_log: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"start_log": start_log}
