# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a backup in its store to an instance's folder: what is looked at, and what is put where; private."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import parse_env
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_archive import Keys, read_keys
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import HOT_PARTS, database_runs
from ansible_collections.stagecraft.appsmith.plugins.module_utils._database import (
    EMBEDDED,
    EXTERNAL,
    environment_of,
    where,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._gpg import need_gpg
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import PLACED, RESTORED, Journal
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_env import (
    choose_keys,
    complete,
    keys_in,
    own_database,
    own_redis,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_swap import Swap
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_unpack import ENV, Found, look, unpack
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import Store

# Made anew, empty: a restore replaces only what the dump holds, and Redis may remember what is no longer so.
_EMPTY = ("data/mongodb", "data/redis", "git-storage")
BACKUPS = "data/backup"
# What a file takes beyond its bytes.
_BLOCK = 4096


def is_whole(journal: Journal) -> bool:
    """Whether what is in place is all of the backup."""
    return journal.state == RESTORED or (journal.state == PLACED and not journal.archive)


class Place:
    """One backup and one folder."""

    def __init__(
        self, swap: Swap, store: Store, manifest: Manifest, params: Mapping[str, Any], warn: Callable[[str], None]
    ) -> None:
        self.swap = swap
        self.root = swap.root
        self.store = store
        self.manifest = manifest
        self.params = params
        self.warn = warn
        self.external = manifest.database == EXTERNAL and not params["own_database"]
        # Where the instance's is; None where nothing tells.
        self.database = where(params["database"], parse_env(self._own_env()), self._environment())

    @property
    def inside(self) -> bool:
        """Whether appsmithctl has to do the rest."""
        return self.manifest.method == "hot" or self.manifest.database == EXTERNAL

    @property
    def scope(self) -> tuple[str, ...]:
        return (*HOT_PARTS, *_EMPTY) if self.inside else ()

    # -- looking ------------------------------------------------------------------------------------------------------
    def refuse(self) -> None:
        """What can be told without reading the archive."""
        if self.manifest.encrypted:
            need_gpg()
        self.swap.refuse_immovable(self.scope)
        if self.database not in (None, self.manifest.database) and not self.params["own_database"]:
            has, other = ("its own database", "an external one")
            if self.database == EXTERNAL:
                has, other = ("an external database", "its own")
            raise InvalidInput(
                f"The instance has {has}, and {self.manifest.name} is of an instance with {other}",
                next_step="Restore it into an instance of the same kind; nothing was touched. A stopped instance can't "
                "be asked: where this is wrong say it by appsmith_database_url (database of the module).",
            )
        self._refuse_without_room()

    def _refuse_without_room(self) -> None:
        wanted = self.manifest.bytes + _BLOCK * self.manifest.files
        if self.inside:
            # appsmithctl unpacks its archive, and the database grows beside it.
            wanted += 2 * self.manifest.bytes
        if self.external:
            wanted += self.manifest.bytes
        wanted += int(self.params["minimum_free_mb"]) << 20
        free = shutil.disk_usage(self.root).free
        if free < wanted:
            raise AppsmithError(
                f"Only {free >> 20} MiB are free at {self.root}, the restore of {self.manifest.name} needs about "
                f"{wanted >> 20} MiB beside what is there",
                next_step="Make room there (an earlier restore may have kept something in .stagecraft-restore); "
                "nothing was touched.",
            )

    def look(self) -> list[str]:
        """Read the archive to its end, and compare; what was proven."""
        found = look(self.store, self.manifest, self.params["passphrase"])
        keys, proven = self._keys(found)
        self._env(found, keys)
        return ["checksum", "contents", *(["keys"] if proven else [])]

    def _environment(self) -> dict[str, str]:
        return environment_of(self.params["exec"]) if self.params["database"] == "auto" else {}

    def _own_env(self) -> str:
        """docker.env of the instance as it was before any restore that was broken off."""
        before = self.swap.before / ENV
        path = before if before.is_file() else self.root / ENV
        try:
            return path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return ""

    def _keys(self, found: Found) -> tuple[Keys, bool]:
        given = (self.params["encryption_password"], self.params["encryption_salt"])
        return choose_keys(
            self.manifest,
            given=given if all(given) else None,
            archived=keys_in(found.env_values),
            own=keys_in(parse_env(self._own_env())),
            from_store=lambda: read_keys(self.store, self.manifest, self.params["passphrase"]),
            warn=self.warn,
        )

    def _env(self, found: Found, keys: Keys) -> str:
        given = bool(self.params["encryption_password"] and self.params["encryption_salt"])
        text = complete(found.env, self.manifest, keys=keys, own=self._own_env(), given=given)
        return own_redis(own_database(text)) if self.params["own_database"] else text

    # -- placing ------------------------------------------------------------------------------------------------------
    def place(self, left: Journal | None, *, goes_on: bool = False) -> list[str]:
        """Unpack, compare, swap. C(left): an external database of a run before that is empty still."""
        if database_runs(self.root):
            raise InvalidInput(
                f"The database in {self.root} is open: the instance runs",
                next_step="Stop the instance first; nothing was touched.",
            )
        manifest = self.manifest
        journal = Journal(
            state="",
            backup=manifest.name,
            sha256=manifest.sha256,
            version=manifest.version,
            method=manifest.method,
            database=EXTERNAL if self.external else EMBEDDED,
            fingerprint=manifest.keys_fingerprint or "",
            ran=self.params["version_before"] or "",
        )
        if left is not None:
            journal.emptied, journal.safety, journal.ran = left.emptied, left.safety, left.ran
        new = self.swap.begin(journal, goes_on=goes_on)
        try:
            proven = self._unpack(journal, new)
            self.swap.place(journal, self.scope)
        except AppsmithError:
            # Killed instead, the next run does this.
            self.swap.recover()
            raise
        except OSError as error:
            self.swap.recover()
            raise AppsmithError(f"The backup can't be put in place in {self.root}: {error}") from error
        return proven

    def _unpack(self, journal: Journal, new: Path) -> list[str]:
        vendor = self.swap.vendor
        self.swap.disk.mkdir(vendor)
        found = unpack(self.store, self.manifest, self.params["passphrase"], new, vendor)
        keys, proven = self._keys(found)
        self._write_env(found, self._env(found, keys), new)
        if self.inside:
            self._prepare(journal, new)
            self._bring_vendor(journal, vendor, found.vendor)
        return ["checksum", "contents", *(["keys"] if proven else [])]

    def _write_env(self, found: Found, text: str, new: Path) -> None:
        path = new / ENV
        if text == found.env and path.exists():
            return
        if not path.parent.is_dir():
            raise ProofFailed(f"{self.manifest.archive} holds no configuration", next_step="Use another backup.")
        if not path.exists():
            path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")

    def _prepare(self, journal: Journal, new: Path) -> None:
        """Empty folders where appsmithctl puts what it has; with the owners that are there now."""
        for name in _EMPTY:
            folder, own = new / name, self.root / name
            if folder.is_dir() and any(folder.iterdir()):
                raise ProofFailed(
                    f"{self.manifest.archive} has both a dump and the files of {name}", next_step="Use another backup."
                )
            folder.mkdir(parents=True, exist_ok=True)
            if own.is_dir():
                self.swap.disk.copy_owner(own, folder)
        for name in ("data", BACKUPS):
            if not (self.root / name).is_dir():
                journal.made.append(name)

    def _bring_vendor(self, journal: Journal, vendor: Path, name: str) -> None:
        """Where appsmithctl looks for it; it goes again when the restore ends."""
        stem = name.removesuffix(".tar.gz")
        target = self.root / BACKUPS / name
        for path in (target, self.root / f"git-storage-{stem}"):
            if os.path.lexists(path):
                raise InvalidInput(
                    f"{path} is there already",
                    next_step="Move it away: the restore puts the backup's own there for a while. Nothing was touched.",
                )
        journal.archive = name
        # The first one is put there now, the others by appsmithctl.
        journal.extra = [f"{BACKUPS}/{name}", f"git-storage-{stem}", f"configuration/docker.env.{stem}"]
        self.swap.save(journal)
        for folder in journal.made:
            self.swap.disk.mkdir(self.root / folder)
        os.chmod(vendor / name, 0o600)
        there = (self.root / BACKUPS).stat()
        if os.geteuid() == 0:
            os.chown(vendor / name, there.st_uid, there.st_gid)
        self.swap.disk.rename(vendor / name, target)
