#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a backup in the place of what an instance has, by steps that can be taken back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Restore an Appsmith instance from one of its backups
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Puts a backup of M(stagecraft.appsmith.backup) in the place of what an instance has, in steps, each with its
    O(state). The role P(stagecraft.appsmith.restore#role) takes them in their order, with the right release between
    them.
  - All that can be looked at is looked at first. A backup that is missing, short, changed, of another release, or that
    was taken with other encryption keys is refused before anything is touched.
  - What was there is set aside by renames within O(directory), never copied over and not removed before
    O(state=confirmed). A journal says how far it is. A run that was killed is finished or taken back by the next one.
  - Archives of C(appsmithctl) (C(data/backup), C(data/restore)) and logs stay as they are.
options:
  state:
    description:
      - V(checked) looks only. The archive is read and decrypted to its end and compared with its manifest, and keys,
        release and disk space are compared.
      - V(placed) does the same, and then changes what is in the folder for what is in the backup. The instance must be
        stopped. What is left of a restore that was broken off is taken back before.
      - V(restored) runs C(appsmithctl restore) inside the instance, which must run the backup's release. Nothing is to
        do for a cold backup. An external database is emptied before, after a backup of it.
      - V(confirmed) gives up what was there before.
      - V(undone) puts back what was there before. The instance must be stopped. An external database that was emptied
        is put back by a second run with V(undone), while the release that ran before runs again.
    type: str
    choices: [checked, placed, restored, confirmed, undone]
    required: true
  backup:
    description: Name of the backup, or V(newest). Needed for O(state=checked) and O(state=placed).
    type: str
  instance:
    description: Only backups of the instance of this name are looked at for O(backup=newest).
    type: str
  passphrase:
    description: What the backup was encrypted with.
    type: str
  version:
    description: The release that will run on it. It must be the backup's.
    type: str
  version_before:
    description: The release that ran before. It is kept in the journal, for a run that comes after a killed one.
    type: str
  database:
    description:
      - Where the instance's database is. A backup of an instance of the other kind is refused.
      - V(auto) looks at E(APPSMITH_DB_URL) in the container's environment, if it runs, and in C(docker.env).
    type: str
    choices: [auto, embedded, external]
    default: auto
  own_database:
    description:
      - Whether the instance must use the database and the Redis in its image whatever the backup's C(docker.env) says.
      - For a copy of an instance. Without it, the copy of one with an external database would work on that database.
    type: bool
    default: false
  keep_before:
    description:
      - With O(state=confirmed), whether what was there before is kept as C(.stagecraft-restore/kept), until the next
        confirmation that keeps. It needs the room.
    type: bool
    default: true
  keep_undone:
    description:
      - With O(state=undone), whether what was restored is kept as C(.stagecraft-restore/after-N), if it was whole.
    type: bool
    default: false
  minimum_free_mb:
    description: Disk space in MiB that must be left when the backup was unpacked beside what is there.
    type: int
    default: 512
  dialogue:
    description:
      - V(terminal) answers C(appsmithctl)'s questions through a pseudo terminal, which every release takes.
      - V(unattended) asks for its unattended mode, which came with v2.4.1.
      - V(auto) uses the unattended mode if the release has it.
    type: str
    choices: [auto, terminal, unattended]
    default: auto
extends_documentation_fragment:
  - stagecraft.appsmith._host
  - stagecraft.appsmith._store
  - stagecraft.appsmith._attributes
attributes:
  check_mode:
    support: full
    details:
      - All checks are made. A restore that was broken off is left as it is.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - With O(state=placed) each run restores. All other states are reached once.
notes:
  - If O(encryption_password) and O(encryption_salt) are given they are what the container's environment gives, and must
    be the keys that the backup was taken with.
  - One backup or restore at a time works on a folder. A second one waits for half a minute, then fails.
requirements:
  - C(gpg) on the instance's host, for encrypted backups
  - Python library C(pexpect) on the instance's host, for hot backups of releases before v2.4.1
  - Python library C(boto3) on the instance's host, for O(s3)
seealso:
  - module: stagecraft.appsmith.backup
  - module: stagecraft.appsmith.backup_info
"""

EXAMPLES = r"""
- name: Look whether a backup can be restored, while the instance runs
  stagecraft.appsmith.restore:
    exec: [docker, exec, appsmith]
    directory: /opt/appsmith/stacks
    store_directory: /srv/backups/appsmith.example.com
    backup: newest
    passphrase: "{{ vault_appsmith_backup_passphrase }}"
    state: checked
  become: true

- name: Put it in place, once the instance is stopped
  stagecraft.appsmith.restore:
    exec: [docker, exec, appsmith]
    directory: /opt/appsmith/stacks
    store_directory: /srv/backups/appsmith.example.com
    backup: appsmith-appsmith.example.com-20261122T081500Z
    passphrase: "{{ vault_appsmith_backup_passphrase }}"
    version: v1.91
    state: placed
  become: true

- name: Let appsmithctl restore the database, once the instance runs the backup's release
  stagecraft.appsmith.restore:
    exec: [docker, exec, appsmith]
    exec_terminal: [docker, exec, -it, appsmith]
    directory: /opt/appsmith/stacks
    state: restored
  become: true

- name: Give up what was there before
  stagecraft.appsmith.restore:
    exec: [docker, exec, appsmith]
    directory: /opt/appsmith/stacks
    state: confirmed
    keep_before: false
  become: true
"""

RETURN = r"""
backup:
  description: The backup's manifest.
  returned: for the states checked and placed
  type: dict
proven:
  description:
    - What was proven of the backup before anything was touched. V(checksum), that it is the one that was taken;
      V(contents), that it can be read to its end and holds what its manifest says; V(keys), that it was taken with the
      keys that are used.
  returned: for the states checked and placed
  type: list
  elements: str
  sample: [checksum, contents, keys]
unfinished:
  description:
    - What an earlier run left that was broken off, as it was found. V(null) if there was nothing.
  returned: success
  type: dict
  contains:
    state:
      description: How far it was.
      type: str
    backup:
      description: Name of the backup that was being restored.
      type: str
    version:
      description: Its release.
      type: str
    ran:
      description: The release that ran before, as far as it was known.
      type: str
database:
  description: Where the instance's database is, V(embedded) or V(external); V(null) where nothing tells.
  returned: for the states checked and placed
  type: str
steps:
  description: What is still to be done, in order.
  returned: success
  type: list
  elements: str
  sample: [restored, confirmed]
dialogue:
  description: Whether V(terminal) or V(unattended) was used.
  returned: for the state restored, if it was run
  type: str
left_over:
  description: Folders with what was there before, or what was taken back; remove them when nobody wants them any more.
  returned: success
  type: list
  elements: str
"""

import tempfile
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest, listed, read
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    IncompatibleVersion,
    InvalidInput,
    NotFound,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._host_lock import host_lock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import DATABASE, Journal, as_dict
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_inside import Inside
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_place import Place, is_whole
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_swap import Swap
from ansible_collections.stagecraft.appsmith.plugins.module_utils._scratch import sweep
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import HOST_OPTIONS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import (
    STORE_ONE_OF,
    STORE_OPTIONS,
    Store,
    store_of,
)


class Restore(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **HOST_OPTIONS,
        **STORE_OPTIONS,
        "state": {
            "type": "str",
            "choices": ["checked", "placed", "restored", "confirmed", "undone"],
            "required": True,
        },
        "backup": {"type": "str"},
        "instance": {"type": "str"},
        "passphrase": {"type": "str", "no_log": True},
        "version": {"type": "str"},
        "version_before": {"type": "str"},
        "database": {"type": "str", "choices": ["auto", "embedded", "external"], "default": "auto"},
        "own_database": {"type": "bool", "default": False},
        "keep_before": {"type": "bool", "default": True},
        "keep_undone": {"type": "bool", "default": False},
        "minimum_free_mb": {"type": "int", "default": 512},
        "dialogue": {"type": "str", "choices": ["auto", "terminal", "unattended"], "default": "auto"},
    }
    required_together = (("encryption_password", "encryption_salt"),)
    required_if = (("state", "checked", ("backup",)), ("state", "placed", ("backup",)))
    mutually_exclusive = STORE_ONE_OF
    needs_connection = False

    def run(self) -> None:
        root = Path(self.params["directory"])
        if not root.is_dir():
            raise InvalidInput(
                f"{root} is no folder",
                next_step="Give as directory where /appsmith-stacks of the instance is on this host, and use become if "
                "only root may read it.",
            )
        swap = Swap(root)
        state = self.params["state"]
        if state == "checked" or self.check_mode:
            self._run(swap, state, swap.journal())
        else:
            # What a killed run left of its scratch; the journal is another matter.
            sweep(tempfile.gettempdir())
            with host_lock(root):
                found = swap.journal()
                if found is not None and swap.recover() is None:
                    self.changed()
                self._run(swap, state, found)

    def _run(self, swap: Swap, state: str, found: Journal | None) -> None:
        self.result.update(unfinished=as_dict(found), steps=[])
        journal = swap.journal()
        if state in ("checked", "placed"):
            self._look_and_place(swap, journal, touch=state == "placed")
        elif state == "restored":
            self._restored(swap, journal)
        elif state == "confirmed":
            self._confirmed(swap, journal)
        else:
            self._undone(swap, journal)
        self.result["left_over"] = swap.left_over()

    # -- checked, placed ----------------------------------------------------------------------------------------------
    def _look_and_place(self, swap: Swap, journal: Journal | None, *, touch: bool) -> None:
        store = store_of(self.params)
        manifest = self._find(store)
        self._compare_versions(manifest)
        place = Place(swap, store, manifest, self.params, self.warn)
        self.result["backup"] = manifest.as_dict()
        self.result["database"] = place.database
        place.refuse()
        if not touch or self.check_mode:
            self.result["proven"] = place.look()
            self.changed(touch)
        else:
            # What was there before the run that was broken off is what this one, too, would put back.
            left = self._take_back(swap, journal)
            self.result["proven"] = place.place(left, goes_on=self.result["unfinished"] is not None)
            self.changed()
        self.result["steps"] = ["placed", *self._steps(manifest)][1 if touch else 0 :]

    def _take_back(self, swap: Swap, journal: Journal | None) -> Journal | None:
        if journal is None:
            return None
        whole = is_whole(journal)
        if journal.state != DATABASE:
            journal = swap.undo(journal, keep=whole)
            self.changed()
            if whole:
                self.warn(
                    f"A restore of {self.result['unfinished']['backup']} had not been confirmed: what was there before "
                    f"it was put back first. What it had restored is kept in {', '.join(swap.left_over())}."
                )
        return journal

    def _find(self, store: Store) -> Manifest:
        wanted, instance = self.params["backup"], self.params["instance"]
        if wanted != "newest":
            return read(store, wanted)
        problems: dict[str, str] = {}
        found = listed(store, instance=instance, problems=problems)
        # Never an older one in the place of one that can't be read: who says newest does not look at names.
        newest = max([*(one.name for one in found), *problems], key=lambda name: name[-16:], default="")
        if newest in problems:
            raise NotFound(f"The newest backup can't be used: {problems[newest]}", next_step="Name another one.")
        if not found:
            raise NotFound(f"There is no backup in {store.describe()}", next_step="Take one, or name another place.")
        return found[0]

    def _compare_versions(self, manifest: Manifest) -> None:
        wanted = self.params["version"]
        if wanted and wanted.removeprefix("v") != manifest.version.removeprefix("v"):
            raise IncompatibleVersion(
                f"{manifest.name} is of {manifest.version}, and {wanted} is to run on it",
                next_step=f"Start {manifest.version} on it: a database can't be moved to an older release, and to a "
                "newer one only by an upgrade. Nothing was touched.",
            )

    @staticmethod
    def _steps(manifest: Manifest) -> list[str]:
        return ["restored", "confirmed"] if _needs_inside(manifest) else ["confirmed"]

    # -- restored, confirmed, undone ---------------------------------------------------------------------------------
    def _restored(self, swap: Swap, journal: Journal | None) -> None:
        if journal is None:
            raise NotFound(
                "No restore has begun here",
                next_step="Put a backup in place first (state: placed), while it is stopped.",
            )
        if not is_whole(journal):
            inside = Inside(swap, journal, self.params, self.warn)
            inside.refuse()
            self.changed()
            if not self.check_mode:
                self.result["dialogue"] = inside.restore()
        self.result["steps"] = ["confirmed"]

    def _confirmed(self, swap: Swap, journal: Journal | None) -> None:
        if journal is None:
            return
        if not is_whole(journal):
            raise InvalidInput(
                f"The restore of {journal.backup} is not whole (it is {journal.state})",
                next_step="Run it with state: restored first, or take it back with state: undone.",
            )
        self.changed()
        if not self.check_mode:
            swap.confirm(journal, keep=self.params["keep_before"])

    def _undone(self, swap: Swap, journal: Journal | None) -> None:
        if journal is None:
            return
        self.changed()
        if self.check_mode:
            return
        if journal.state == DATABASE:
            Inside(swap, journal, self.params, self.warn).put_database_back()
        elif swap.undo(journal, keep=self.params["keep_undone"]) is not None:
            self.result["steps"] = ["undone"]


def _needs_inside(manifest: Manifest) -> bool:
    return manifest.method == "hot" or manifest.database == "external"


def main() -> None:
    Restore.main()


if __name__ == "__main__":
    main()
