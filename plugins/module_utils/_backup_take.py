# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes one backup: what can be refused comes first, then archive, keys and proof, and last the manifest."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _releases
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import fingerprint
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_archive import (
    APPSMITHCTL,
    Keys,
    Packer,
    Written,
    prove,
    write_archive,
    write_keys,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_hot import Inside
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import (
    HOT_PARTS,
    LEFT_OUT,
    Survey,
    compare,
    database_runs,
    pack,
    survey,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._database import EMBEDDED, EXTERNAL, where
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._gpg import check_passphrase, need_gpg
from ansible_collections.stagecraft.appsmith.plugins.module_utils._host_lock import host_lock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import Stacks
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore, Store, store_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store_keep import leftovers
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

COLD, HOT = "cold", "hot"
# appsmithctl's archive holds them, its own way.
_IN_ITS_ARCHIVE = ("data/mongodb", "git-storage")


@dataclass
class Taking:
    """One backup that is to be taken; C(params) are the module's. C(look) first, then C(take)."""

    params: Mapping[str, Any]
    check_mode: bool
    warn: Callable[[str], None]
    database: str = ""
    version: str = ""
    estimate: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.method: str = self.params["method"]
        self.passphrase: str | None = self.params["passphrase"] if self.params["encrypt"] else None
        self._refuse_unencrypted()
        self.store: Store = store_of(self.params)
        self.stacks = Stacks(self.params["directory"])
        self.root: Path = self.stacks.root
        self.inside = Inside(self.stacks, self.params["exec"], self.params["timeout"])
        self._keys: Keys | None = None

    # -- before anything is touched ---------------------------------------------------------------------------------
    def _refuse_unencrypted(self) -> None:
        if not self.params["encrypt"]:
            return
        if not self.params["passphrase"]:
            raise InvalidInput(
                "A backup is encrypted, and no passphrase was given",
                next_step="Give passphrase (from a vault), or say encrypt: false if anybody may read it.",
            )
        check_passphrase(self.params["passphrase"])
        need_gpg()

    def look(self) -> None:
        """Everything that can be refused; nothing is touched, but that the store's folder may be made."""
        self._look_at_places()
        environment = self.inside.environment()
        self.database = where(self.params["database"], self.stacks.env(), environment) or EMBEDDED
        self._find_keys(environment)
        self._find_version()
        self._look_at_room()

    @property
    def by_appsmithctl(self) -> bool:
        """A database that is elsewhere has no files here: a cold backup is then one with the back end stopped."""
        return self.method == HOT or self.database == EXTERNAL

    def _look_at_places(self) -> None:
        manifests.new_name((), self.params["instance"], datetime.now(UTC))
        if (self.root / ".stagecraft-restore" / "state.json").exists():
            raise ProofFailed(
                f"A restore of {self.root} was broken off, so what is there is no instance to back up",
                next_step="Run the restore or the rollback again, which ends it; then take the backup.",
            )
        if isinstance(self.store, DirectoryStore):
            place, root = self.store.root.resolve(), self.root.resolve()
            if place.is_relative_to(root) and not any(place.is_relative_to(root / name) for name in LEFT_OUT):
                raise InvalidInput(
                    f"The folder for backups {place} is in the folder that is backed up",
                    next_step="Name one outside of it, best on another host.",
                )
        self.store.check(write=not self.check_mode)

    def _find_keys(self, environment: dict[str, str]) -> None:
        """Those given, else those that the container was given, else docker.env's."""
        names = ("APPSMITH_ENCRYPTION_PASSWORD", "APPSMITH_ENCRYPTION_SALT")
        used = (environment.get(names[0]), environment.get(names[1]))
        given = (self.params["encryption_password"], self.params["encryption_salt"])
        if all(used) and all(given) and used != given:
            raise ProofFailed(
                "encryption_password and encryption_salt are not those that the instance runs with",
                next_step="Correct them: with these keys nobody could read the credentials in the backup.",
            )
        self._keys = self.stacks.keys(given[0] or used[0], given[1] or used[1])
        if self._keys is None and (self.passphrase or self.params["reason"] == "upgrade"):
            raise InvalidInput(
                "The instance's encryption keys are not in docker.env and were not given: without them nobody can "
                "read the credentials in the backup",
                next_step="Give encryption_password and encryption_salt.",
            )
        if not self.passphrase:
            self.warn(
                "The backup is not encrypted, and lacks the instance's encryption keys and passwords: keep "
                "APPSMITH_ENCRYPTION_PASSWORD and APPSMITH_ENCRYPTION_SALT in a vault, or nobody can read the "
                "credentials in it. Everything else in it can be read by whoever has the file."
            )

    def _find_version(self) -> None:
        if self.by_appsmithctl:
            self.version = self.inside.control.version()
        elif not self.params["version"]:
            raise InvalidInput(
                "A stopped instance does not tell its version", next_step="Give version, the release that it ran."
            )
        else:
            self.version = str(Version.parse(self.params["version"]))
        if not self.by_appsmithctl and not self.check_mode and database_runs(self.root):
            raise ProofFailed(
                f"The instance runs: its database in {self.root} is open",
                next_step="Stop it for a cold backup, or take a hot one; nothing was touched.",
            )

    def _look_at_room(self) -> None:
        found = self._survey()
        wanted = found.bytes
        if self.database == EXTERNAL:
            # Its size is not seen from here; the last backup tells more than nothing.
            last = manifests.listed(self.store, instance=self.params["instance"])
            wanted = max([wanted, *(one.bytes for one in last[:1])])
        self.estimate = {
            "bytes": wanted,
            # The worst: nothing can be compressed.
            "archive_bytes": wanted,
            "seconds": round((wanted >> 20) / max(1, self.params["expected_rate"])),
        }
        needed = wanted + (self.params["minimum_free_mb"] << 20)
        _room(self.store.free_bytes(), needed, self.store.describe())
        if self.by_appsmithctl:
            _room(self.stacks.free_bytes(), needed, f"{self.root} (where appsmithctl writes)")

    def _survey(self) -> Survey:
        if self.by_appsmithctl:
            return survey(self.root, (*HOT_PARTS, *_IN_ITS_ARCHIVE), live=True)
        return survey(self.root, live=self.check_mode)

    # -- the backup -------------------------------------------------------------------------------------------------
    def take(self) -> Manifest:
        begun = time.monotonic()
        with host_lock(self.root):
            for what in self.inside.tidy():
                self.warn(what)
            self._tidy_store()
            with self.store.hold():
                return self._take(begun)

    def _tidy_store(self) -> None:
        with self.store.alone() as alone:
            self.store.sweep()
            for name in leftovers(self.store, known_alone=alone):
                if name.startswith(f"appsmith-{self.params['instance']}-"):
                    self.store.delete(name)

    def _take(self, begun: float) -> Manifest:
        name = manifests.new_name(self.store.names(), self.params["instance"], datetime.now(UTC))
        suffix = manifests.ENCRYPTED_SUFFIX if self.passphrase else manifests.ARCHIVE_SUFFIX
        with self._nothing_left(name):
            written = self._archive(name, name + suffix)
            keys = None
            if self.passphrase and self._keys:
                keys = write_keys(self.store, name, self._keys, self.passphrase)
            manifest = self._manifest(name, name + suffix, keys, written)
            prove(self.store, manifest, self.passphrase)
            proven = {**manifest.proven, "checksum": manifests.iso()}
            manifest = replace(manifest, proven=proven, seconds=round(time.monotonic() - begun, 1))
            manifests.write(self.store, manifest)
        return manifest

    @contextlib.contextmanager
    def _nothing_left(self, name: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            for suffix in (
                manifests.SUFFIX,
                manifests.ARCHIVE_SUFFIX,
                manifests.ENCRYPTED_SUFFIX,
                manifests.KEYS_SUFFIX,
            ):
                # What failed is what is told.
                with contextlib.suppress(AppsmithError):
                    self.store.delete(name + suffix)
            raise

    def _archive(self, name: str, file: str) -> Written:
        about = {
            "name": name,
            "instance": self.params["instance"],
            "version": self.version,
            "method": self.method,
            "created": manifests.created_of(name),
        }
        secrets = self.passphrase is not None
        if not self.by_appsmithctl:
            before = survey(self.root)
            if before.skipped:
                self.warn(f"Left out, since it is neither file nor folder nor link: {', '.join(before.skipped)}.")
            written = write_archive(
                self.store, file, about, lambda packer: pack(packer, self.root, secrets=secrets), self.passphrase
            )
            compare(before, survey(self.root))
            return written
        there = self.stacks.archives()
        with self.inside.archive(self.version, still=self.method == COLD) as (path, _contents):
            gone = [one.name for one in there if not one.exists()]
            if gone:
                self.warn(f"appsmithctl, which keeps {self.stacks.kept()} archives, removed {', '.join(gone)}.")

            def fill(packer: Packer) -> None:
                with path.open("rb") as source:
                    packer.add_file(f"{APPSMITHCTL}/{path.name}", source)
                pack(packer, self.root, HOT_PARTS, secrets=secrets, live=True)

            return write_archive(self.store, file, about, fill, self.passphrase)

    def _manifest(self, name: str, archive: str, keys: str | None, written: Written) -> Manifest:
        params = self.params
        server, client = _releases.schema_numbers(Version.parse(self.version))
        upgrade = {"from": params["upgrade_from"], "to": params["upgrade_to"], "finished": "", "taken_back": ""}
        return Manifest(
            name=name,
            instance=params["instance"],
            archive=archive,
            keys_file=keys,
            method=self.method,
            reason=params["reason"],
            created=manifests.created_of(name),
            version=self.version,
            image=params["image"],
            image_digest=params["image_digest"],
            schema={"server": server, "client": client},
            size=written.size,
            sha256=written.sha256,
            encrypted=self.passphrase is not None,
            keys_fingerprint=fingerprint(self._keys) if self._keys else None,
            database=self.database,
            files=written.tally.files,
            bytes=written.tally.bytes,
            members=written.tally.members,
            content=params["content"],
            upgrade=upgrade if params["upgrade_to"] else None,
        )


def _room(free: int | None, needed: int, where: str) -> None:
    if free is not None and free < needed:
        raise AppsmithError(
            f"Only {free >> 20} MiB are free at {where}, a backup may need {needed >> 20} MiB",
            next_step="Make room there; nothing was touched.",
        )
