#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down about a backup what became known after it was taken."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_record
short_description: Write down about a backup what became known later, or take it into a store
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Writes into the manifest of a backup that a drill proved it, that its upgrade was finished or taken back, and the
    like.
  - With O(source) it brings a backup from a folder of this host into the store first. That is how a backup that was
    fetched from another host arrives. Its checksum is compared where it lies then; the manifest is written last, so
    that there is the whole backup or none.
options:
  name:
    description: Name of the backup.
    type: str
    required: true
  changes:
    description:
      - What to change in the manifest. Dictionaries are merged; anything else is replaced.
      - What says which files belong to the backup, and what is in them, can't be changed.
    type: dict
    default: {}
  source:
    description:
      - Folder on this host from which the backup is taken into the store. Its files are moved.
      - If the backup is not there but in the store already, nothing is done.
    type: path
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
- name: Write down that the upgrade was finished
  stagecraft.appsmith.backup_record:
    store_directory: /srv/backups/production
    name: appsmith-production-20261122T081500Z
    changes:
      upgrade:
        finished: "{{ now(utc=true, fmt='%Y-%m-%dT%H:%M:%SZ') }}"
  delegate_to: localhost
"""

RETURN = r"""
backup:
  description: The manifest as it is now, as in RV(stagecraft.appsmith.backup_info#module:backups).
  returned: success
  type: dict
"""

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, after_writing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import (
    STORE_ONE_OF,
    STORE_OPTIONS,
    DirectoryStore,
    Store,
    store_of,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store_proof import take_in

# What may become known later.
OPEN = ("content", "image", "image_digest", "proven", "reason", "schema", "upgrade")


class BackupRecord(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **STORE_OPTIONS,
        "name": {"type": "str", "required": True},
        "changes": {"type": "dict", "default": {}},
        "source": {"type": "path"},
    }
    required_one_of = STORE_ONE_OF
    mutually_exclusive = STORE_ONE_OF
    needs_connection = False

    def run(self) -> None:
        store = store_of(self.params)
        name, changes = self.params["name"], self.params["changes"]
        closed = sorted(set(changes) - set(OPEN))
        if closed:
            raise InvalidInput(
                f"{', '.join(closed)} of a backup can't be changed", next_step=f"What can: {', '.join(OPEN)}."
            )
        before = self._arrive(store, name) if self.params["source"] else manifests.read(store, name)
        described = _merged(before.as_dict(), changes)
        # Looked at as if it were read, so that what is written can be read.
        after = Manifest.from_dict(described, f"The changed manifest of {name}")
        self.result["backup"] = after.as_dict()
        if after == before:
            return
        self.changed()
        self.diff({one: before.as_dict()[one] for one in changes}, {one: described[one] for one in changes})
        if not self.check_mode:
            with after_writing(bool(self.params["source"])):
                manifests.write(store, after)

    def _arrive(self, store: Store, name: str) -> Manifest:
        folder = Path(self.params["source"])
        if name + manifests.SUFFIX not in DirectoryStore(folder).names():
            return manifests.read(store, name)
        self.changed()
        if self.check_mode:
            return manifests.read(DirectoryStore(folder), name)
        return take_in(store, folder, name)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    found = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged(found[key], value) if both else value
    return found


def main() -> None:
    BackupRecord.main()


if __name__ == "__main__":
    main()
