#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores a backup: refuses early, answers appsmithctl, believes only what can be seen."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Restore an Appsmith instance from one of its backups
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Looks at everything that can be looked at first, and touches nothing if the archive is missing, short, changed since
    it was taken, or of another release than the one that runs, or if it was taken with other encryption keys.
  - Then runs C(appsmithctl restore) inside the instance and answers its questions through a pseudo terminal, or runs it
    unattended where the release can.
  - If an earlier restore broke off and left no C(docker.env), the one that it put aside is put back first.
  - C(appsmithctl restore) ends with exit code 0 also when it restored nothing. This module succeeds only if it said
    that the instance was restored, and if the former C(docker.env) and Git storage were put aside and new ones are
    in place.
  - The back end is stopped and started meanwhile. Wait for it afterwards, with M(stagecraft.appsmith.instance_info).
options:
  archive:
    description:
      - File name of the archive in C(data/backup) of the instance, or V(newest).
      - An archive from elsewhere must be copied there first, with its C(.stagecraft.json) beside it, if there is one.
    type: str
    required: true
  archive_password:
    description: Password of the archive. Needed if it is encrypted (its name ends in C(.enc)), else not used.
    type: str
  allow_other_version:
    description:
      - Whether to restore an archive of another release than the one that runs.
      - A database that is newer than the server can't be used by it. Start the release that the archive is of instead.
    type: bool
    default: false
  dialogue:
    description:
      - V(terminal) answers C(appsmithctl)'s questions through a pseudo terminal, which every release takes.
      - V(unattended) asks for its unattended mode, which came with v2.4.1. It takes neither passwords nor other keys.
      - V(auto) uses the unattended mode if release and archive allow it.
    type: str
    choices: [auto, terminal, unattended]
    default: auto
extends_documentation_fragment:
  - stagecraft.appsmith._host
  - stagecraft.appsmith._attributes
attributes:
  check_mode:
    support: full
    details:
      - All checks are made.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run restores.
notes:
  - If O(encryption_password) and O(encryption_salt) are given they are the keys that the archive was taken with, and
    they become the instance's, unless the container's environment says otherwise.
requirements:
  - Python library C(pexpect) on the instance's host, unless the unattended mode is used
  - C(openssl) on the instance's host, for encrypted archives
seealso:
  - module: stagecraft.appsmith.backup
  - module: stagecraft.appsmith.backup_info
"""

EXAMPLES = r"""
- name: Go back to the newest backup
  stagecraft.appsmith.restore:
    exec: [docker, exec, appsmith]
    exec_terminal: [docker, exec, -it, appsmith]
    directory: /opt/appsmith/stacks
    archive: newest
  become: true

- name: Wait until it can be worked with
  stagecraft.appsmith.instance_info:
    appsmith_url: https://appsmith.example.com
    wait: true

- name: Copy another instance's backup and its description to where appsmithctl looks for it
  ansible.builtin.copy:
    src: "backups/{{ item }}"
    dest: /opt/appsmith/stacks/data/backup/
    mode: "0600"
  loop:
    - appsmith-backup-2026-11-22T08-15-00.000Z.tar.gz
    - appsmith-backup-2026-11-22T08-15-00.000Z.tar.gz.stagecraft.json
  become: true

- name: Restore it with the keys that it was taken with
  stagecraft.appsmith.restore:
    exec: [docker, exec, appsmith]
    exec_terminal: [docker, exec, -it, appsmith]
    directory: /opt/appsmith/stacks
    archive: appsmith-backup-2026-11-22T08-15-00.000Z.tar.gz
    encryption_password: "{{ vault_appsmith_encryption_password }}"
    encryption_salt: "{{ vault_appsmith_encryption_salt }}"
  become: true
"""

RETURN = r"""
archive:
  description: File name of the archive.
  returned: success
  type: str
archive_version:
  description: The release that the archive is of.
  returned: success
  type: str
version:
  description: The release that runs.
  returned: success
  type: str
proven:
  description:
    - What was proven of the archive before anything was touched. V(contents), that it can be read to its end;
      V(checksum), that it is the one that was taken; V(keys), that it was taken with the keys that are used.
  returned: success
  type: list
  elements: str
  sample: [contents, checksum, keys]
dialogue:
  description: Whether V(terminal) or V(unattended) was used.
  returned: success
  type: str
put_back:
  description:
    - What was (in check mode, would be) put back as C(docker.env) before the restore, because an earlier one broke off;
      else V(null).
  returned: success
  type: str
put_aside:
  description: Where the former C(docker.env) and Git storage are. Remove them when the instance was found to be well.
  returned: success and not in check mode
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _releases
from ansible_collections.stagecraft.appsmith.plugins.module_utils._appsmithctl import RESTORED, AppsmithCtl, Outcome
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import (
    Contents,
    compare_with_sidecar,
    read_archive,
    read_sidecar,
    same_keys,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    IncompatibleVersion,
    InvalidInput,
    NotFound,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import HOST_OPTIONS, Stacks

# Said by appsmithctl when the database is being replaced: from here on the instance is no longer what it was.
_TOUCHED = "Restoring database..."

Keys = tuple[str, str]


class Restore(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **HOST_OPTIONS,
        "archive": {"type": "str", "required": True},
        "archive_password": {"type": "str", "no_log": True},
        "allow_other_version": {"type": "bool", "default": False},
        "dialogue": {"type": "str", "choices": ["auto", "terminal", "unattended"], "default": "auto"},
    }
    required_together = (("encryption_password", "encryption_salt"),)
    needs_connection = False

    def run(self) -> None:
        stacks = Stacks(self.params["directory"], broken_off=True)
        control = AppsmithCtl(self.params["exec"], self.params["exec_terminal"], timeout=self.params["timeout"])
        archive = self._find(stacks)
        self._look_for_env(stacks, archive)
        described = read_sidecar(archive)
        contents, proven = self._look(stacks, archive, described)
        version = control.version()
        self._compare_versions(contents, version)
        unattended = self._unattended(contents, version)
        self._look_at_space(stacks, contents)
        self.result.update(
            archive=archive.name,
            archive_version=contents.version,
            version=version,
            proven=proven,
            dialogue="unattended" if unattended else "terminal",
            put_back=str(stacks.lost_env) if stacks.lost_env else None,
        )
        if self.check_mode:
            self.changed()
            return
        if not unattended:
            control.need_terminal()
        put_back = stacks.put_env_back()
        own_keys = stacks.keys()
        self.changed(bool(stacks.move_aside(stacks.leftovers(archive.name)) or put_back))
        # appsmithctl moves it aside once the database is replaced, and breaks off half-way if there is none.
        stacks.git_storage.mkdir(exist_ok=True)
        outcome = self._restore(control, archive, version, unattended, own_keys)
        self.result["put_aside"] = self._prove(stacks, archive, outcome)
        self._prove_keys(stacks, contents, (described or {}).get("keys_fingerprint"))

    # -- before anything is touched ---------------------------------------------------------------------------------
    def _find(self, stacks: Stacks) -> Path:
        archives = stacks.archives()
        wanted = self.params["archive"]
        if wanted == "newest" and archives:
            return archives[-1]
        found = next((path for path in archives if wanted in (path.name, str(path))), None)
        if found is None:
            listed = ", ".join(path.name for path in archives[-5:]) or "none"
            raise NotFound(
                f"There is no backup '{wanted}' in {stacks.backup_folder}",
                next_step=f"There is: {listed}. An archive from elsewhere must be copied there first.",
            )
        return found

    def _look_for_env(self, stacks: Stacks, archive: Path) -> None:
        stacks.choose_lost_env(archive.name)
        if stacks.lost_env:
            self.warn(
                f"A restore broke off: docker.env is gone. {stacks.lost_env.name} is put back before the next restore "
                "begins. Don't start the instance without it: it would make new encryption keys."
            )

    def _look(self, stacks: Stacks, archive: Path, described: dict[str, Any] | None) -> tuple[Contents, list[str]]:
        contents = read_archive(archive, password=self.params["archive_password"])
        proven = ["contents"]
        if described is None:
            self.warn(f"{archive.name} has no description beside it: whether it was changed can't be told.")
        else:
            compare_with_sidecar(contents, described)
            proven.append("checksum")
        printed = (described or {}).get("keys_fingerprint")
        keys = stacks.keys(self.params["encryption_password"], self.params["encryption_salt"])
        if contents.encrypted and not self.params["encryption_password"]:
            # It brings its own keys.
            return contents, proven
        if keys is None:
            raise InvalidInput(
                f"{archive.name} holds no encryption keys, and the instance's docker.env has none",
                next_step="Give encryption_password and encryption_salt of the instance that it was taken from.",
            )
        if not printed:
            self.warn(
                f"Which encryption keys {archive.name} was taken with is not known: if they are not this instance's, "
                "the credentials in it can't be read."
            )
        elif not same_keys(keys, printed):
            whose = "the given ones" if self.params["encryption_password"] else "this instance's"
            holder = stacks.aside_with_keys(printed)
            raise ProofFailed(
                f"{archive.name} was taken with other encryption keys than {whose}"
                + (f"; they are in {holder.name}, which an earlier restore put aside" if holder else ""),
                next_step="Give encryption_password and encryption_salt of the instance that it was taken from; "
                "nothing was touched.",
            )
        else:
            proven.append("keys")
        return contents, proven

    def _compare_versions(self, contents: Contents, version: str) -> None:
        if contents.version.removeprefix("v") == version.removeprefix("v") or self.params["allow_other_version"]:
            return
        raise IncompatibleVersion(
            f"The archive is of {contents.version}, the instance runs {version}",
            next_step=f"Start the instance with {contents.version} first; nothing was touched.",
        )

    def _look_at_space(self, stacks: Stacks, contents: Contents) -> None:
        """The new content lies beside the old for a while; the database unpacks to more than its dump."""
        wanted, free = 2 * sum(contents.members.values()), stacks.free_bytes()
        if free < wanted:
            raise AppsmithError(
                f"Only {free >> 20} MiB are free at {stacks.root}, the restore needs about {wanted >> 20} MiB",
                next_step="Make room there; nothing was touched.",
            )

    def _unattended(self, contents: Contents, version: str) -> bool:
        way = self.params["dialogue"]
        possible = _releases.has_unattended_restore(version)
        needs_answers = bool(contents.encrypted or self.params["encryption_password"])
        if way == "unattended" and (not possible or needs_answers):
            why = "it needs passwords or keys" if needs_answers else f"{version} can't do it"
            raise InvalidInput(f"This restore can't be unattended: {why}", next_step="Use dialogue: auto.")
        return way != "terminal" and possible and not needs_answers

    # -- the restore, and what came of it ---------------------------------------------------------------------------
    def _restore(
        self, control: AppsmithCtl, archive: Path, version: str, unattended: bool, own_keys: Keys | None
    ) -> Outcome:
        other_version = self.params["allow_other_version"]
        if unattended:
            return control.restore_unattended(archive.name, force=other_version)
        other_keys: Keys | None = None
        if self.params["encryption_password"]:
            other_keys = (self.params["encryption_password"], self.params["encryption_salt"])
        return control.restore_in_terminal(
            archive.name,
            name_archive=_releases.has_unattended_restore(version),
            other_version=other_version,
            archive_password=self.params["archive_password"],
            other_keys=other_keys,
            own_keys=own_keys,
        )

    def _prove(self, stacks: Stacks, archive: Path, outcome: Outcome) -> list[str]:
        put_aside = stacks.leftovers(archive.name)
        said = f"(exit {outcome.code}, it said: {outcome.tail()})"
        if _TOUCHED not in outcome.text and not put_aside:
            raise AppsmithError(
                f"appsmithctl restored nothing {said}",
                next_step="The instance is as it was. Remove the cause and run again.",
            )
        self.changed()
        if outcome.code == 0 and RESTORED in outcome.text and len(put_aside) == 2 and stacks.git_storage.is_dir():
            return [str(path) for path in put_aside]
        there = ", ".join(str(path) for path in put_aside) or "nothing"
        raise ProofFailed(
            f"The restore broke off half-way {said}; put aside so far: {there}",
            next_step="Don't use the instance as it is: remove the cause and restore again.",
        )

    def _prove_keys(self, stacks: Stacks, contents: Contents, printed: str | None) -> None:
        """The restored docker.env must hold the keys that were compared before."""
        wanted = (self.params["encryption_password"], self.params["encryption_salt"])
        now = stacks.keys()
        if contents.encrypted and now is None:
            self.warn("The archive brought no encryption keys: the container's environment must give them.")
            return
        given = all(wanted) and not contents.encrypted
        if now is None or (given and now != wanted) or (printed and not same_keys(now, printed)):
            raise ProofFailed(
                "The restore ended well, but the encryption keys in docker.env are not those that the archive was "
                "taken with",
                next_step="Look at configuration/docker.env; keys in the container's environment win over it.",
            )


def main() -> None:
    Restore.main()


if __name__ == "__main__":
    main()
