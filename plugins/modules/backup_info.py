#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists backups, with what is in them and whether they were proven."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: List the backups of an Appsmith instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Lists the backups of a folder or an S3-compatible store, newest first, with what is in each, whether and when it was
    proven, and why it can't be relied on where something is wrong with it.
  - A backup was proven by its checksum where it lies (RV(backups[].proven.checksum)), by a restore into a throw-away
    instance (RV(backups[].proven.drill)), or by the rehearsal of an upgrade (RV(backups[].proven.rehearsal)).
options:
  name:
    description: Only this backup. The module fails if it is not there.
    type: str
  instance:
    description: Only backups of this instance (the C(backup_instance) of the role P(stagecraft.appsmith.backup#role)).
    type: str
  verify:
    description:
      - Whether to read every archive to its end and compare its checksum, which takes as long as reading the files.
      - A backup that fails is listed with the reason; the module does not fail.
    type: bool
    default: false
  passphrase:
    description: With O(verify), archives are decrypted and unpacked to their ends as well, and keys are read.
    type: str
extends_documentation_fragment:
  - stagecraft.appsmith._store
  - stagecraft.appsmith._attributes.info
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
notes:
  - Runs where the backups are, such as on the controller, and does not connect to the instance.
requirements:
  - Python library C(boto3), for O(s3) only
  - GnuPG (C(gpg)), for O(passphrase) only
seealso:
  - module: stagecraft.appsmith.backup
  - module: stagecraft.appsmith.backup_prune
  - module: stagecraft.appsmith.restore
"""

EXAMPLES = r"""
- name: Which backups are there, and can they be read?
  stagecraft.appsmith.backup_info:
    store_directory: /srv/backups/production
    verify: true
    passphrase: "{{ vault_appsmith_backup_passphrase }}"
  delegate_to: localhost
  register: appsmith_backups

- name: Name those that can't be relied on
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.problem }}"
  loop: "{{ appsmith_backups.backups | selectattr('problem') }}"

- name: Fail if no drill has proven a backup since last month
  ansible.builtin.assert:
    that: appsmith_backups.backups | map(attribute='proven.drill') | select('gt', '2026-10-22') | length > 0
"""

RETURN = r"""
backups:
  description: The backups, newest first. One whose manifest can't be read has only RV(backups[].name),
    RV(backups[].problem), and RV(backups[].paths).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the backup.
      type: str
      sample: appsmith-production-20261122T081500Z
    instance:
      description: Name of the instance that it was taken from.
      type: str
      sample: production
    problem:
      description: Why it can't be relied on; V(null) if nothing is known against it.
      type: str
    paths:
      description: Where its files are, the manifest first.
      type: list
      elements: str
    archive:
      description: File name of the archive.
      type: str
    keys_file:
      description: File name of the encrypted keys; V(null) if there are none.
      type: str
    method:
      description: V(cold) or V(hot).
      type: str
    reason:
      description: V(manual), V(schedule), V(upgrade) or V(rehearsal).
      type: str
    created:
      description: When it was begun.
      type: str
      sample: "2026-11-22T08:15:00Z"
    seconds:
      description: How long it took.
      type: float
    version:
      description: The release that it was taken from, and that it must be restored into.
      type: str
      sample: v1.91
    image:
      description: Image of the instance's container; empty if there was none.
      type: str
    image_digest:
      description: The image's digest; empty if it is not known.
      type: str
    schema:
      description: Numbers of the server's and the client's schema.
      type: dict
    size:
      description: Bytes of the archive.
      type: int
    sha256:
      description: Checksum of the archive.
      type: str
    encrypted:
      description: Whether the archive is encrypted.
      type: bool
    keys_fingerprint:
      description: Salted fingerprint of the instance's encryption keys.
      type: str
    database:
      description: V(embedded) or V(external).
      type: str
    files:
      description: Number of files in the archive.
      type: int
    bytes:
      description: Bytes of its files, unpacked.
      type: int
    members:
      description: Bytes by part.
      type: dict
    content:
      description: Counts and digests of workspaces, applications, datasources, users, and repositories; V(null) if they
        were not counted.
      type: dict
    upgrade:
      description: The upgrade that it was taken before, and when that was finished or taken back; V(null) without one.
      type: dict
    proven:
      description: When it was proven, by what; empty for never.
      type: dict
      contains:
        checksum:
          description: When the archive was last read back from where it lies and compared.
          type: str
          sample: "2026-11-22T08:15:12Z"
        drill:
          description: When it was brought up in a throw-away instance.
          type: str
        rehearsal:
          description: When an upgrade was rehearsed with it.
          type: str
    format:
      description: Number of the manifest's format.
      type: int
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import STORE_ONE_OF, STORE_OPTIONS, store_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store_proof import missing_of, verify


class BackupInfo(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **STORE_OPTIONS,
        "name": {"type": "str"},
        "instance": {"type": "str"},
        "verify": {"type": "bool", "default": False},
        "passphrase": {"type": "str", "no_log": True},
    }
    required_one_of = STORE_ONE_OF
    mutually_exclusive = STORE_ONE_OF
    needs_connection = False

    def run(self) -> None:
        store = store_of(self.params)
        self.store = store
        problems: dict[str, str] = {}
        if self.params["name"]:
            there = [manifests.read(store, self.params["name"])]
        else:
            there = manifests.listed(store, problems=problems)
        instance = self.params["instance"]
        if instance and self.params["name"] and there[0].instance != instance:
            raise InvalidInput(
                f"{there[0].name} is a backup of {there[0].instance}, not of {instance}",
                next_step="Name a backup of this instance.",
            )
        self.names = store.names()
        entries = [self._describe(one) for one in there if not instance or one.instance == instance]
        entries += [
            {"name": name, "problem": problem, "paths": [store.path_of(name + manifests.SUFFIX)]}
            for name, problem in problems.items()
            if not instance or (manifests.NAME.fullmatch(name) or {"instance": ""})["instance"] == instance
        ]
        self.result["backups"] = sorted(entries, key=lambda one: one["name"].rsplit("-", 1)[-1], reverse=True)

    def _describe(self, manifest: manifests.Manifest) -> dict[str, Any]:
        problem = missing_of(manifest, self.names)
        if not problem and self.params["verify"]:
            try:
                verify(self.store, manifest, self.params["passphrase"] or None)
            except AppsmithError as error:
                problem = str(error)
        return {
            **manifest.as_dict(),
            "problem": problem or None,
            "paths": [self.store.path_of(name) for name in manifest.all_files],
        }


def main() -> None:
    BackupInfo.main()


if __name__ == "__main__":
    main()
