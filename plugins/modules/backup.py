#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a backup and reads it where it lies before calling it one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Take a backup of an Appsmith instance, encrypted, and prove it where it lies
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Writes one archive with all that another host needs to run the instance, the two encryption keys in a file of their
    own, and last a manifest that says what is in it. Without its manifest a backup is none.
  - The archive goes as a stream from the instance's folder into the store, through C(gzip) and C(gpg). It is never
    whole in memory, and there is no second copy on the disk.
  - Afterwards it is read back from where it lies, decrypted and unpacked to its end, and compared.
  - A cold backup copies the files of a stopped instance, exactly. If anything was written meanwhile, it fails.
  - A hot backup asks C(appsmithctl backup) inside the running instance, proves its archive, takes that, the
    certificates and the configuration, and removes C(appsmithctl)'s archive again, since that is not encrypted.
  - If anything fails, nothing of the backup is left. What a run left that was killed is removed by the next one.
options:
  instance:
    description: Name of the instance, of letters, digits, V(.), V(_) and V(-). It becomes part of the files' names.
    type: str
    required: true
  method:
    description:
      - V(hot) for a running instance; V(cold) for a stopped one.
      - If its database is elsewhere there are no files to copy. Then V(cold) stops only the back end inside the
        container, for as long as C(appsmithctl backup) takes. The container must run.
    type: str
    choices: [hot, cold]
    default: hot
  reason:
    description: What it is taken for. Kept in the manifest.
    type: str
    choices: [manual, schedule, upgrade, rehearsal]
    default: manual
  passphrase:
    description: Encrypts the archive and the keys with this passphrase (GnuPG, AES256). One line.
    type: str
  encrypt:
    description:
      - V(false) takes one that anybody can read who has the file. It then holds neither the encryption keys nor the
        passwords of C(docker.env), but all that the database holds.
    type: bool
    default: true
  database:
    description:
      - Where the database is. V(auto) looks at E(APPSMITH_DB_URL) in the container's environment, if it runs, and in
        C(docker.env).
    type: str
    choices: [auto, embedded, external]
    default: auto
  version:
    description: The release that the stopped instance ran. Needed for a cold backup; a running one is asked.
    type: str
  image:
    description: The container's image. Kept in the manifest.
    type: str
    default: ""
  image_digest:
    description: The image's digest. Kept in the manifest.
    type: str
    default: ""
  content:
    description:
      - What the instance holds, as M(stagecraft.appsmith.instance_content_info) returns it. Kept in the manifest.
    type: dict
  upgrade_from:
    description: The release that an upgrade begins at. Kept in the manifest.
    type: str
    default: ""
  upgrade_to:
    description: The release that an upgrade goes to. With it, the manifest has a place for how that ended.
    type: str
    default: ""
  minimum_free_mb:
    description:
      - Free space, in MiB, that must stay. The size of what is backed up must be free beside it, in the folder for the
        backups and, for C(appsmithctl), at O(directory).
    type: int
    default: 2048
  expected_rate:
    description: MiB a second, for the estimate of the time.
    type: int
    default: 40
extends_documentation_fragment:
  - stagecraft.appsmith._host
  - stagecraft.appsmith._store
  - stagecraft.appsmith._attributes
attributes:
  check_mode:
    support: full
    details:
      - All checks and the estimate are made; an instance that is to be stopped for a cold backup may still run.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run takes a backup.
notes:
  - Who has the passphrase can read everything, the credentials of all datasources included. Who lost it has no backup.
requirements:
  - C(gpg) (GnuPG 2.2.21 or newer) on this host
  - Python library C(boto3) on this host, for O(s3)
seealso:
  - module: stagecraft.appsmith.backup_info
  - module: stagecraft.appsmith.restore
"""

EXAMPLES = r"""
- name: Take a hot backup of an instance in Docker
  stagecraft.appsmith.backup:
    exec: [docker, exec, appsmith]
    directory: /opt/appsmith/stacks
    instance: production
    passphrase: "{{ vault_appsmith_backup_passphrase }}"
    store_directory: /srv/backups/production
  become: true
  register: appsmith_backup

- name: Say how large it is
  ansible.builtin.debug:
    msg: "{{ appsmith_backup.backup.name }}: {{ appsmith_backup.backup.size | human_readable }}"

- name: Take a cold one of a stopped instance, into a bucket
  stagecraft.appsmith.backup:
    exec: [docker, exec, appsmith]
    directory: /opt/appsmith/stacks
    instance: production
    method: cold
    version: v1.91
    passphrase: "{{ vault_appsmith_backup_passphrase }}"
    s3:
      endpoint_url: https://s3.example.com
      bucket: backups
      prefix: appsmith/production
      access_key: appsmith
      secret_key: "{{ vault_appsmith_s3_secret_key }}"
  become: true
"""

RETURN = r"""
backup:
  description: The manifest of the backup that was taken and proven. In check mode V(null).
  returned: success
  type: dict
  contains:
    name:
      description: Name of the backup.
      type: str
      sample: appsmith-production-20261122T081500Z
    archive:
      description: File name of the archive.
      type: str
      sample: appsmith-production-20261122T081500Z.tar.gz.gpg
    keys_file:
      description: File name of the encrypted keys; V(null) in one that is not encrypted.
      type: str
      sample: appsmith-production-20261122T081500Z.keys.gpg
    version:
      description: The release that it was taken from, and that it must be restored with.
      type: str
      sample: v1.91
    size:
      description: Bytes of the archive.
      type: int
    sha256:
      description: Checksum of the archive.
      type: str
    files:
      description: How many files are in it.
      type: int
    bytes:
      description: Bytes that they have unpacked.
      type: int
    members:
      description: Bytes by part.
      type: dict
    proven:
      description: When it was proven, by C(checksum), C(drill) and C(rehearsal); empty if it was not.
      type: dict
files:
  description: Where its files lie. In check mode empty.
  returned: success
  type: list
  elements: str
  sample: [/srv/backups/production/appsmith-production-20261122T081500Z.json]
database:
  description: V(embedded) or V(external).
  returned: success
  type: str
estimate:
  description: What was expected before.
  returned: success
  type: dict
  contains:
    bytes:
      description: Bytes that are to be read. Of a database that is elsewhere, what the last backup had.
      type: int
    archive_bytes:
      description: Bytes that the archive may have at worst.
      type: int
    seconds:
      description: Seconds at O(expected_rate).
      type: int
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import REASONS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_take import Taking
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import HOST_OPTIONS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import STORE_ONE_OF, STORE_OPTIONS


class Backup(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **HOST_OPTIONS,
        **STORE_OPTIONS,
        "instance": {"type": "str", "required": True},
        "method": {"type": "str", "choices": ["hot", "cold"], "default": "hot"},
        "reason": {"type": "str", "choices": list(REASONS), "default": "manual"},
        "passphrase": {"type": "str", "no_log": True},
        "encrypt": {"type": "bool", "default": True},
        "database": {"type": "str", "choices": ["auto", "embedded", "external"], "default": "auto"},
        "version": {"type": "str"},
        "image": {"type": "str", "default": ""},
        "image_digest": {"type": "str", "default": ""},
        "content": {"type": "dict"},
        "upgrade_from": {"type": "str", "default": ""},
        "upgrade_to": {"type": "str", "default": ""},
        "minimum_free_mb": {"type": "int", "default": 2048},
        "expected_rate": {"type": "int", "default": 40},
    }
    required_one_of = STORE_ONE_OF
    mutually_exclusive = STORE_ONE_OF
    required_together = (("encryption_password", "encryption_salt"),)
    needs_connection = False

    def run(self) -> None:
        taking = Taking(self.params, self.check_mode, self.warn)
        taking.look()
        self.result.update(estimate=taking.estimate, database=taking.database, backup=None, files=[])
        if not self.check_mode:
            manifest = taking.take()
            self.result["backup"] = manifest.as_dict()
            self.result["files"] = [taking.store.path_of(name) for name in manifest.all_files]
        self.changed()


def main() -> None:
    Backup.main()


if __name__ == "__main__":
    main()
