#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a backup and opens it before calling it one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Take a backup of an Appsmith instance and prove that it can be read
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Runs C(appsmithctl backup) inside the instance, then reads the new archive from its first to its last byte, the
    database's dump within it included, and looks for everything that a restore needs.
  - Writes a description beside the archive (C(<archive>.stagecraft.json), readable by its owner only) that
    M(stagecraft.appsmith.restore) compares with the archive, with the instance's version and its encryption keys.
  - An archive that was not encrypted holds neither the encryption password nor the salt of the instance. Without those
    two the credentials of restored datasources can't be read. Keep them in a vault.
options:
  archive_password:
    description:
      - Encrypts the archive with this password. It is given to C(appsmithctl) through a pseudo terminal, for which
        O(exec_terminal) must give the command a terminal.
      - The archive is not encrypted when not given.
      - An encrypted archive holds the instance's encryption password and salt.
    type: str
  minimum_free_mb:
    description:
      - Free disk space that must be there before, in MiB. C(appsmithctl) itself refuses below 2048.
      - The size of the newest archive is added to it.
    type: int
    default: 2048
extends_documentation_fragment:
  - stagecraft.appsmith._host
  - stagecraft.appsmith._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The result lists what was added and removed.
  idempotent:
    support: none
    details:
      - Each run takes a backup.
requirements:
  - Python library C(pexpect) and C(openssl) on the instance's host, for O(archive_password) only
seealso:
  - module: stagecraft.appsmith.backup_info
  - module: stagecraft.appsmith.restore
"""

EXAMPLES = r"""
- name: Take a backup of an instance in Docker
  stagecraft.appsmith.backup:
    exec: [docker, exec, appsmith]
    directory: /opt/appsmith/stacks
  become: true
  register: appsmith_backup

- name: Bring it away from the host that it is to outlive
  ansible.builtin.fetch:
    src: "{{ item }}"
    dest: backups/
    flat: true
  loop:
    - "{{ appsmith_backup.archive.path }}"
    - "{{ appsmith_backup.archive.sidecar }}"
  become: true

- name: Take an encrypted one, which holds the encryption keys as well
  stagecraft.appsmith.backup:
    exec: [docker, exec, appsmith]
    exec_terminal: [docker, exec, -it, appsmith]
    directory: /opt/appsmith/stacks
    archive_password: "{{ vault_appsmith_archive_password }}"
  become: true
"""

RETURN = r"""
archive:
  description: The archive that was taken and proven. In check mode V(null).
  returned: success
  type: dict
  contains:
    name:
      description: File name.
      type: str
      sample: appsmith-backup-2026-11-22T08-15-00.000Z.tar.gz
    path:
      description: Path on the instance's host.
      type: str
    size:
      description: Bytes.
      type: int
    sha256:
      description: Checksum.
      type: str
    encrypted:
      description: Whether a password is needed to open it.
      type: bool
    version:
      description: The release that it was taken from, and that it must be restored into.
      type: str
      sample: v1.91
    members:
      description: What is in it, with the bytes of each part.
      type: dict
    sidecar:
      description: Path of the description beside it.
      type: str
version:
  description: The release that runs.
  returned: success
  type: str
removed:
  description: Older archives that C(appsmithctl) took away (in check mode, would take away); it keeps four by default.
  returned: success
  type: list
  elements: str
keys_described:
  description: Whether a fingerprint of the encryption keys was written, so that a restore can compare them.
  returned: success
  type: bool
"""

import contextlib
import os
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._appsmithctl import AppsmithCtl, Outcome
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import (
    Contents,
    drop_orphaned_sidecars,
    fingerprint,
    read_archive,
    sidecar_path,
    write_sidecar,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import HOST_OPTIONS, Stacks


class Backup(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **HOST_OPTIONS,
        "archive_password": {"type": "str", "no_log": True},
        "minimum_free_mb": {"type": "int", "default": 2048},
    }
    required_together = (("encryption_password", "encryption_salt"),)
    needs_connection = False

    def run(self) -> None:
        stacks = Stacks(self.params["directory"])
        control = AppsmithCtl(self.params["exec"], self.params["exec_terminal"], timeout=self.params["timeout"])
        before = stacks.archives()
        self._look_at_space(stacks, before)
        version = control.version()
        keys = stacks.keys(self.params["encryption_password"], self.params["encryption_salt"])
        if keys is None:
            self.warn(
                "The instance's encryption keys are not in docker.env and were not given: a restore can't compare "
                "them. Give encryption_password and encryption_salt."
            )
        self.changed()
        self.result.update(version=version, keys_described=keys is not None)
        if self.check_mode:
            leaving = before[: max(0, len(before) + 1 - stacks.kept())]
            self.result.update(archive=None, removed=[path.name for path in leaving])
            return
        outcome = control.backup(self.params["archive_password"])
        archive = self._new_archive(stacks, before, outcome)
        contents = self._prove(archive, version)
        write_sidecar(archive, contents, fingerprint(keys) if keys else None)
        after = set(stacks.archives())
        drop_orphaned_sidecars(stacks.backup_folder)
        self.result.update(
            archive={**contents.as_dict(), "path": str(archive), "sidecar": str(sidecar_path(archive))},
            removed=[path.name for path in before if path not in after],
        )
        if not contents.encrypted:
            self.warn(
                "The archive is not encrypted and lacks the instance's encryption keys: keep "
                "APPSMITH_ENCRYPTION_PASSWORD and APPSMITH_ENCRYPTION_SALT in a vault, or nobody can read the "
                "credentials in it."
            )

    def _look_at_space(self, stacks: Stacks, before: list[Path]) -> None:
        wanted = (self.params["minimum_free_mb"] << 20) + (before[-1].stat().st_size if before else 0)
        free = stacks.free_bytes()
        if free < wanted:
            raise AppsmithError(
                f"Only {free >> 20} MiB are free at {stacks.root}, a backup needs {wanted >> 20} MiB",
                next_step="Make room there; nothing was done.",
            )

    def _new_archive(self, stacks: Stacks, before: list[Path], outcome: Outcome) -> Path:
        new = [path for path in stacks.archives() if path not in before]
        # A scheduled backup may have ended at the same time: the output names ours.
        named = [path for path in new if path.name in outcome.text]
        if outcome.code == 0 and new:
            return (named or new)[-1]
        said = f"(exit {outcome.code}, it said: {outcome.tail()})"
        if outcome.code != 0:
            raise AppsmithError(
                f"appsmithctl backup failed {said}",
                next_step="Look into /appsmith-stacks/logs/appsmithctl/backup.log; the instance goes on as it was.",
            )
        raise ProofFailed(
            f"appsmithctl backup ended well, but there is no new archive in {stacks.backup_folder} {said}",
            next_step="Check that `exec` and `directory` belong to the same instance.",
        )

    def _prove(self, archive: Path, version: str) -> Contents:
        with contextlib.suppress(PermissionError):
            os.chmod(archive, 0o600)
        contents = read_archive(archive, password=self.params["archive_password"])
        if self.params["archive_password"] and not contents.encrypted:
            raise ProofFailed(
                f"{archive.name} was to be encrypted and is not",
                next_step="exec_terminal must give the command a terminal; remove the archive.",
            )
        if contents.version.removeprefix("v") != version.removeprefix("v"):
            raise ProofFailed(
                f"{archive.name} says it is of {contents.version}, the instance runs {version}",
                next_step="Check that `exec` and `directory` belong to the same instance.",
            )
        return contents


def main() -> None:
    Backup.main()


if __name__ == "__main__":
    main()
