# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what lies in a store is what was put there; private to the collection."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_archive import prove
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import (
    DirectoryStore,
    Store,
    StoreFailed,
    sha256_of,
)

_DISTRUST = "Don't rely on this backup: use another one, or take a new one."


def missing_of(manifest: Manifest, names: Mapping[str, int]) -> str:
    """Why it can't be relied on, as far as names and sizes tell; empty if nothing is wrong."""
    absent = [name for name in manifest.all_files[1:] if name not in names]
    if absent:
        return f"{', '.join(absent)} is not there"
    size = names[manifest.archive]
    if size != manifest.size:
        return f"{manifest.archive} has {size} bytes, it had {manifest.size} when it was taken"
    return ""


def verify(store: Store, manifest: Manifest, passphrase: str | None = None) -> None:
    """Read the archive to its end where it lies; with a passphrase unpack it, and read the keys, as well."""
    problem = missing_of(manifest, store.names())
    if problem:
        raise ProofFailed(problem, next_step=_DISTRUST)
    if passphrase is not None:
        prove(store, manifest, passphrase)
    elif sha256_of(store, manifest.archive) != (manifest.size, manifest.sha256):
        raise ProofFailed(
            f"{manifest.archive} was changed since it was taken (its checksum differs)", next_step=_DISTRUST
        )


def take_in(store: Store, folder: Path, name: str) -> Manifest:
    """Bring a backup from a folder of this host into the store, prove it where it lies then, and empty the folder."""
    origin = DirectoryStore(folder)
    manifest = manifests.read(origin, name)
    with store.hold():
        for file in manifest.all_files[1:]:
            _move(origin, store, file)
        try:
            verify(store, manifest)
        except ProofFailed as error:
            for file in manifest.all_files[1:]:
                store.delete(file)
            raise ProofFailed(
                f"{name} did not arrive as it was sent: {error.message}", next_step="Take the backup again."
            ) from error
        proven = replace(manifest, proven={**manifest.proven, "checksum": manifests.iso()})
        manifests.write(store, proven)
    for file in manifest.all_files:
        origin.delete(file)
    return proven


def _move(origin: DirectoryStore, store: Store, file: str) -> None:
    """By a rename where it can be one: the backup may be as large as what is free."""
    if isinstance(store, DirectoryStore):
        try:
            store.adopt(file, origin.root / file)
            return
        except StoreFailed as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno != errno.EXDEV:
                raise
    with origin.open(file) as source:
        store.put(file, source)
