# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few operations by which a restore changes a folder, and its journal; private to the collection."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import ProofFailed

# States of a journal. What is between two of them is finished by the next run.
UNPACKING = "unpacking"
SWAPPING = "swapping"
PLACED = "placed"
RESTORED = "restored"
UNDOING = "undoing"
# The files are those of before; an external database waits to be put back.
DATABASE = "database"
CONFIRMING = "confirming"
# All is in its place again; what is left is to be cleared away.
CLOSING = "closing"
STATES = (UNPACKING, SWAPPING, PLACED, RESTORED, UNDOING, DATABASE, CONFIRMING, CLOSING)


@dataclass
class Journal:
    """What a run was about to do, written before it does it."""

    state: str
    backup: str
    sha256: str
    version: str
    method: str
    database: str = "embedded"
    # Paths below the folder that belong to the swap; empty: all that are not kept in place.
    scope: list[str] = field(default_factory=list)
    # Moved away by the swap that is under way, and moved in.
    out: list[str] = field(default_factory=list)
    into: list[str] = field(default_factory=list)
    # Folders that were made for what is moved in.
    made: list[str] = field(default_factory=list)
    # Files beside the swap that go when it ends (the vendor's archive).
    extra: list[str] = field(default_factory=list)
    # Name of the vendor's archive in the backup, and of the one that was taken of an external database before.
    archive: str = ""
    safety: str = ""
    # Fingerprint of the encryption keys that the backup was taken with.
    fingerprint: str = ""
    # The release that ran before, as far as it is known.
    ran: str = ""
    # Whether the external database was (or may have been) emptied.
    emptied: bool = False
    # What earlier restores had kept when this one began: it goes when this one is confirmed.
    old: list[str] = field(default_factory=list)
    # Whether what is moved away at last is kept.
    keep: bool = False

    @classmethod
    def parse(cls, text: str, path: Path) -> Journal:
        try:
            found = json.loads(text)
            journal = cls(**{key: value for key, value in found.items() if key != "format"})
            paths = [*journal.scope, *journal.out, *journal.into, *journal.made, *journal.extra, *journal.old]
            if journal.state in STATES and all(map(_is_below, paths)):
                return journal
        except (ValueError, TypeError, AttributeError):
            pass
        raise ProofFailed(
            f"The journal of an interrupted restore can't be read: {path}",
            next_step="Use the collection's release that wrote it, or a newer one; what was there before lies in "
            f"{path.parent / 'before'}.",
        )

    def text(self) -> str:
        return json.dumps({"format": 1, **asdict(self)}, indent=1) + "\n"


class Disk:
    """Each method is one step that is done or not; tests kill the process before and after every one."""

    def rename(self, source: Path, target: Path) -> None:
        os.rename(source, target)

    def mkdir(self, path: Path, like: Path | None = None) -> None:
        path.mkdir(mode=0o700)
        if like is not None:
            self.copy_owner(like, path)

    def write(self, path: Path, text: str) -> None:
        """The old content or the new one, never a part of it, also after a power failure."""
        temporary = path.with_name(f".{path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        self._flush_folder(path.parent)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._flush_folder(path.parent)

    def remove(self, path: Path) -> None:
        """A file or a whole folder; a symbolic link itself."""
        if path.is_symlink() or path.is_file():
            path.unlink(missing_ok=True)
        elif path.exists():
            shutil.rmtree(path)

    def remove_empty(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.rmdir()

    def flush(self) -> None:
        """What was written lies on the disk before anything is moved or removed because of it."""
        os.sync()

    @staticmethod
    def copy_owner(source: Path, target: Path) -> None:
        found = source.stat()
        os.chmod(target, stat.S_IMODE(found.st_mode))
        own = target.stat()
        if (found.st_uid, found.st_gid) != (own.st_uid, own.st_gid):
            os.chown(target, found.st_uid, found.st_gid)

    @staticmethod
    def _flush_folder(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_below(path: str) -> bool:
    """A path of the folder: what a journal names is moved and removed."""
    return not any(part in ("", ".", "..") for part in path.split("/"))


def as_dict(journal: Journal | None) -> dict[str, Any] | None:
    """What a module tells of a journal."""
    if journal is None:
        return None
    names = ("state", "backup", "version", "method", "database", "ran", "emptied")
    return {name: getattr(journal, name) for name in names}
