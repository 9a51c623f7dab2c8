#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the releases to pass on the way of an upgrade."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_path
short_description: Tell which Appsmith releases an upgrade has to pass
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Some releases can't be skipped, since they bring data into a form that the next ones demand. Each release in the
    list has to be started, and to be ready, before the next.
  - Works offline, by a table in the collection that names a source and a date for each line. RV(data_date) is the day
    on which the table was compared with its sources; it warns when that is more than about six months ago.
  - Refuses a downgrade, a release that the table does not know, and names that move, such as V(latest).
options:
  current:
    description: The release that runs, such as V(v1.60).
    type: str
    required: true
  wanted:
    description: The release that is wanted, such as V(v1.91).
    type: str
    required: true
  edition:
    description: Whether the instance runs the Community Edition or the Enterprise Edition.
    type: str
    choices: [ce, ee]
    default: ce
  database:
    description:
      - Whether the instance uses the MongoDB in its container or another one. Some stops are there for the embedded
        one's data, and are left out for an external one, whose version is raised by who runs it.
    type: str
    choices: [embedded, external]
    default: embedded
  offline:
    description:
      - Whether the host has no way to the internet. Then a stop is added where a later release would fetch a PostgreSQL
        at its start.
    type: bool
    default: false
  allow_unknown:
    description:
      - Lets a release pass that the table does not know, such as one that is newer than the table, with a warning. The
        stops that the table knows come first.
    type: bool
    default: false
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
seealso:
  - module: stagecraft.appsmith.instance_info
"""

EXAMPLES = r"""
- name: From v1.60 to v2.3
  stagecraft.appsmith.upgrade_path:
    current: v1.60
    wanted: v2.3
  register: appsmith_path

- name: Say which releases to start, one after the other
  ansible.builtin.debug:
    msg: "{{ appsmith_path.versions | join(', then ') }}"

- name: From v1.28 to v1.91 with an external MongoDB, on a host without internet
  stagecraft.appsmith.upgrade_path:
    current: v1.28
    wanted: v1.91
    database: external
    offline: true
"""

RETURN = r"""
current:
  description: The release that runs, in the form that the images use.
  returned: success
  type: str
wanted:
  description: The release that is wanted, in that form.
  returned: success
  type: str
needed:
  description: Whether there is anything to upgrade.
  returned: success
  type: bool
versions:
  description: The releases to start one after the other, the wanted one included.
  returned: success
  type: list
  elements: str
  sample: [v1.99, v2.3]
hops:
  description: The same with the reasons.
  returned: success
  type: list
  elements: dict
  contains:
    version:
      description: The release.
      type: str
    reason:
      description: Why it can't be skipped.
      type: str
    source:
      description: Where that is known from.
      type: str
    date:
      description: The day on which that was last compared with its source; empty for the wanted release.
      type: str
      sample: "2026-11-22"
    wait_for:
      description:
        - The line of progress (see P(stagecraft.appsmith.start_log#filter)) with which the release has done what it is
          a stop for. Empty where being ready is enough.
      type: str
advice:
  description: What else is worth knowing on this way.
  returned: success
  type: list
  elements: dict
  contains:
    text:
      description: A sentence or two.
      type: str
    source:
      description: Where that is known from.
      type: str
    date:
      description: The day on which that was last compared with its source.
      type: str
data_date:
  description: The day on which the whole table was compared with its sources.
  returned: success
  type: str
  sample: "2026-11-22"
crosses_schema:
  description:
    - Whether applications that the wanted release commits to Git can't be read by the current one. Then an instance
      that is still on the current release can deploy nothing new until it is upgraded as well.
  returned: success
  type: bool
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _releases
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._release_data import DATA_DATE

# Tags of images that name another release tomorrow.
_MOVING = ("latest", "release", "nightly", "stable")


class UpgradePath(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "current": {"type": "str", "required": True},
        "wanted": {"type": "str", "required": True},
        "edition": {"type": "str", "choices": ["ce", "ee"], "default": "ce"},
        "database": {"type": "str", "choices": ["embedded", "external"], "default": "embedded"},
        "offline": {"type": "bool", "default": False},
        "allow_unknown": {"type": "bool", "default": False},
    }
    needs_connection = False

    def run(self) -> None:
        for name in ("current", "wanted"):
            if self.params[name].strip().lower() in _MOVING:
                raise InvalidInput(
                    f"{name} is '{self.params[name]}', which is another release tomorrow",
                    next_step="Name the release, such as v1.91.",
                )
        plan = _releases.plan(
            self.params["current"],
            self.params["wanted"],
            edition=self.params["edition"],
            database=self.params["database"],
            offline=self.params["offline"],
            allow_unknown=self.params["allow_unknown"],
        )
        for text in plan.warnings:
            self.warn(text)
        self.result.update(
            current=str(plan.current),
            wanted=str(plan.wanted),
            needed=bool(plan.hops),
            versions=[str(hop.version) for hop in plan.hops],
            hops=[hop.as_dict() for hop in plan.hops],
            advice=plan.advice,
            data_date=DATA_DATE.isoformat(),
            crosses_schema=_releases.schema_numbers(plan.current) != _releases.schema_numbers(plan.wanted),
        )


def main() -> None:
    UpgradePath.main()


if __name__ == "__main__":
    main()
