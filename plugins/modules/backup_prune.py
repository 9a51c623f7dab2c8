#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes backups that are no longer to be kept."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_prune
short_description: Remove old backups of an Appsmith instance, and what broken off runs left
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Removes the backups that neither O(keep) nor O(keep_days) nor the two protections keep. With both O(keep) and
    O(keep_days) a backup stays as long as one of them keeps it.
  - Removes what runs that were killed left as well. That is a file that was not written to its end, and an archive
    without a manifest. In a folder this is done as soon as nobody takes a backup into it; in an S3-compatible store
    after a day, since nobody can tell there whether a run goes on.
  - A backup that can't be relied on (see M(stagecraft.appsmith.backup_info)) takes no other's place.
options:
  keep:
    description: Number of the newest backups that stay. V(0) is no rule.
    type: int
    default: 10
  keep_days:
    description: Age in days up to which backups stay. V(0) is no rule. Without any rule all backups stay.
    type: int
    default: 0
  keep_proven:
    description: Whether the newest backup that was restored by a drill or a rehearsal, and the newest proven one, stay.
    type: bool
    default: true
  keep_upgrade:
    description: Whether the newest backup from before an upgrade, and the way back of an unfinished upgrade, stay.
    type: bool
    default: true
  writable:
    description: Whether to fail when nothing can be written there, which is better known before a backup than in it.
    type: bool
    default: false
extends_documentation_fragment:
  - stagecraft.appsmith._store
  - stagecraft.appsmith._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - Runs where the backups are, such as on the controller, and does not connect to the instance.
requirements:
  - Python library C(boto3), for O(s3) only
seealso:
  - module: stagecraft.appsmith.backup
  - module: stagecraft.appsmith.backup_info
"""

EXAMPLES = r"""
- name: Keep the newest ten, and all of the last thirty days
  stagecraft.appsmith.backup_prune:
    store_directory: /srv/backups/production
    keep: 10
    keep_days: 30
  delegate_to: localhost

- name: Keep what is younger than ninety days in a bucket
  stagecraft.appsmith.backup_prune:
    s3:
      endpoint_url: https://s3.example.com
      bucket: backups
      prefix: appsmith/production
      access_key: backup
      secret_key: "{{ vault_backup_secret_key }}"
    keep: 0
    keep_days: 90
"""

RETURN = r"""
removed:
  description: Names of the backups that were removed, newest first.
  returned: success
  type: list
  elements: str
  sample: [appsmith-production-20261101T031500Z]
kept:
  description: The backups that stay, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the backup.
      type: str
      sample: appsmith-production-20261122T031500Z
    why:
      description: What keeps it.
      type: str
      sample: one of the newest 10
free_bytes:
  description: Room that is left there, in bytes; V(null) where no limit is known.
  returned: success
  type: int
swept:
  description: Files of broken off runs that were removed.
  returned: success
  type: list
  elements: str
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, after_writing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import STORE_ONE_OF, STORE_OPTIONS, store_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store_keep import Rules, kept, leftovers


class BackupPrune(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **STORE_OPTIONS,
        "keep": {"type": "int", "default": 10},
        "keep_days": {"type": "int", "default": 0},
        "keep_proven": {"type": "bool", "default": True},
        "keep_upgrade": {"type": "bool", "default": True},
        "writable": {"type": "bool", "default": False},
    }
    required_one_of = STORE_ONE_OF
    mutually_exclusive = STORE_ONE_OF
    needs_connection = False

    def run(self) -> None:
        rules = Rules(*(self.params[name] for name in ("keep", "keep_days", "keep_proven", "keep_upgrade")))
        if rules.keep < 0 or rules.keep_days < 0:
            raise InvalidInput("keep and keep_days can't be less than 0", next_step="Give 0 for no such rule.")
        store = store_of(self.params)
        if self.params["writable"]:
            store.check(write=not self.check_mode)
        there = manifests.listed(store)
        staying = kept(there, store.names(), rules, datetime.now(UTC))
        going = [one for one in there if one.name not in staying]
        self.result.update(
            removed=[one.name for one in going],
            kept=[{"name": one.name, "why": staying[one.name]} for one in there if one.name in staying],
        )
        self.result["free_bytes"] = store.free_bytes()
        with store.alone() as known_alone:
            left = leftovers(store, known_alone=known_alone)
            self.result["swept"] = [*left, *store.sweep(dry=self.check_mode)]
            if not self.check_mode:
                for name in left:
                    store.delete(name)
        self.changed(bool(going or self.result["swept"]))
        self.diff({"backups": [one.name for one in there]}, {"backups": list(staying)})
        if self.check_mode:
            return
        for one in going:
            with after_writing():
                # The manifest first: what is left of a removal that broke off is no backup, and swept later.
                for name in one.all_files:
                    store.delete(name)


def main() -> None:
    BackupPrune.main()


if __name__ == "__main__":
    main()
