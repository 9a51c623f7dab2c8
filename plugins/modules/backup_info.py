#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the backups of an instance."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: List the backups of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Lists the archives that C(appsmithctl) would offer for a restore, newest first, with what
    M(stagecraft.appsmith.backup) wrote down about them.
options:
  directory:
    description: Where the instance's C(/appsmith-stacks) is on this host.
    type: path
    required: true
  verify:
    description:
      - Whether to read every archive to its end and compare it with its description, which takes as long as reading
        the files does.
      - An archive that fails is listed with the reason; the module does not fail.
    type: bool
    default: false
  archive_password:
    description: Password of encrypted archives, needed for O(verify=true) only.
    type: str
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
notes:
  - Runs on the host of the instance, and does not connect to it by HTTP.
requirements:
  - C(openssl) on the instance's host, to verify encrypted archives
seealso:
  - module: stagecraft.appsmith.backup
"""

EXAMPLES = r"""
- name: Which backups are there, and can they be read?
  stagecraft.appsmith.backup_info:
    directory: /opt/appsmith/stacks
    verify: true
  become: true
  register: appsmith_backups

- name: Name those that can't be relied on
  ansible.builtin.debug:
    msg: "{{ appsmith_backups.backups | rejectattr('proven') | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
backups:
  description: The archives, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: File name.
      type: str
    path:
      description: Path on the instance's host.
      type: str
    size:
      description: Bytes.
      type: int
    encrypted:
      description: Whether a password is needed to open it.
      type: bool
    version:
      description: The release that it was taken from; V(null) if it has no description and was not verified.
      type: str
    created:
      description: When it was proven; V(null) without a description.
      type: str
    proven:
      description:
        - Whether it is known to be whole.
        - Without O(verify), whether it was proven when it was taken and still has the same size.
      type: bool
    problem:
      description: Why it is not proven; V(null) if it is.
      type: str
"""

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import (
    compare_with_sidecar,
    is_encrypted,
    read_archive,
    read_sidecar,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import Stacks


class BackupInfo(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "directory": {"type": "path", "required": True},
        "verify": {"type": "bool", "default": False},
        "archive_password": {"type": "str", "no_log": True},
    }
    needs_connection = False

    def run(self) -> None:
        archives = Stacks(self.params["directory"]).archives()
        self.result["backups"] = [self._describe(path) for path in reversed(archives)]

    def _describe(self, path: Path) -> dict[str, Any]:
        size = path.stat().st_size
        entry: dict[str, Any] = {
            "name": path.name,
            "path": str(path),
            "size": size,
            "encrypted": is_encrypted(path),
            "version": None,
            "created": None,
            "proven": False,
            "problem": None,
        }
        try:
            described = read_sidecar(path)
            if described is not None:
                entry.update(version=described["version"], created=described.get("created"))
            if self.params["verify"]:
                contents = read_archive(path, password=self.params["archive_password"])
                entry["version"] = contents.version
                if described is not None:
                    compare_with_sidecar(contents, described)
                entry["proven"] = True
            elif described is None:
                entry["problem"] = "it has no description beside it, and was not verified"
            elif described["size"] != size:
                entry["problem"] = f"it had {described['size']} bytes when it was taken"
            else:
                entry["proven"] = True
        except AppsmithError as error:
            entry["problem"] = str(error)
        return entry


def main() -> None:
    BackupInfo.main()


if __name__ == "__main__":
    main()
