# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack a backup's archive into an empty folder; private to the collection.

The archive may come from elsewhere: nothing of it may land outside of the folder, whatever its names and links say.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import parse_env
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_archive import (
    ABOUT,
    APPSMITHCTL,
    VOLUME,
    Tally,
    members,
    open_archive,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, ProofFailed

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import Store

ENV = "configuration/docker.env"
_SMALL = 1 << 20
_CHUNK = 1 << 20


@dataclass
class Found:
    """What reading an archive to its end told."""

    about: dict[str, Any] = field(default_factory=dict)
    # The text of docker.env, if it is in it.
    env: str = ""
    # Name of the vendor's archive in it.
    vendor: str = ""
    tally: Tally = field(default_factory=Tally)

    @property
    def env_values(self) -> dict[str, str]:
        return parse_env(self.env)


def look(store: Store, manifest: Manifest, passphrase: str | None) -> Found:
    """Read all of it; ProofFailed unless it is what the manifest says."""
    found = Found()
    with open_archive(store, manifest, passphrase) as tar:
        for member in members(tar):
            _note(tar, member, found)
    _compare(found, manifest)
    return found


def unpack(store: Store, manifest: Manifest, passphrase: str | None, folder: Path, vendor_folder: Path) -> Found:
    """Into the empty folder C(folder), but the vendor's archive into the other one."""
    found = Found()
    target = _Target(folder)
    with open_archive(store, manifest, passphrase) as tar:
        for member in members(tar):
            kind, _slash, rest = member.name.partition("/")
            if kind == VOLUME:
                if rest:
                    target.take(tar, member, rest)
                    if rest == ENV:
                        found.env = (folder / ENV).read_text(encoding="utf-8", errors="surrogateescape")
                found.tally.add(member)
            elif kind == APPSMITHCTL and member.isreg():
                found.vendor = rest
                found.tally.add(member)
                with _writing(vendor_folder):
                    _Target(vendor_folder, empty=False).take(tar, member, _plain_name(rest))
            else:
                _note(tar, member, found)
    _compare(found, manifest)
    target.finish()
    return found


def _note(tar: tarfile.TarFile, member: tarfile.TarInfo, found: Found) -> None:
    found.tally.add(member)
    if member.name == ABOUT and member.size <= _SMALL:
        try:
            about = json.loads(_content(tar, member))
        except ValueError:
            about = None
        if not isinstance(about, dict):
            raise ProofFailed(f"{ABOUT} of the archive can't be read", next_step="Use another backup.")
        found.about = about
    elif member.name == f"{VOLUME}/{ENV}" and member.isreg() and member.size <= _SMALL:
        found.env = _content(tar, member).decode("utf-8", "surrogateescape")
    elif member.name.startswith(f"{APPSMITHCTL}/") and member.isreg():
        found.vendor = member.name.partition("/")[2]


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file else b""


def _compare(found: Found, manifest: Manifest) -> None:
    tally = found.tally
    if (tally.files, tally.bytes, tally.members) != (manifest.files, manifest.bytes, manifest.members):
        raise ProofFailed(
            f"{manifest.archive} holds {tally.files} files with {tally.bytes} bytes, its manifest says "
            f"{manifest.files} with {manifest.bytes}",
            next_step="Use another backup: archive and manifest don't belong together.",
        )
    if found.about.get("name") != manifest.name:
        raise ProofFailed(
            f"{manifest.archive} says that it is {found.about.get('name') or 'nothing'}, its manifest says "
            f"{manifest.name}",
            next_step="Use another backup: archive and manifest don't belong together.",
        )
    if "hot" in (manifest.method, _way(manifest)) and not found.vendor:
        raise ProofFailed(f"{manifest.archive} holds no archive of appsmithctl", next_step="Use another backup.")


def _way(manifest: Manifest) -> str:
    """An external database is in no file of the volume: its backup is always appsmithctl's."""
    return "hot" if manifest.database == "external" else manifest.method


def _plain_name(name: str) -> str:
    if not name or "/" in name or name.startswith(".") or "\0" in name:
        raise _outside(name)
    return name


def _outside(name: str) -> ProofFailed:
    return ProofFailed(
        f"The archive names a file that does not belong to an instance ({name!r})",
        next_step="Don't use this archive: it was not made by this collection.",
    )


class _Target:
    """A folder to unpack into. What is in it was unpacked before, so that every parent is known to be a real folder."""

    def __init__(self, root: Path, *, empty: bool = True) -> None:
        self.root = root
        self._owners = os.geteuid() == 0
        self._folders: dict[str, tarfile.TarInfo | None] = {"": None}
        if not empty:
            self._owners = False

    def take(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        name = name.rstrip("/")
        if "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
            raise _outside(member.name)
        with _writing(self.root):
            self._parents(name, member)
            if member.isdir():
                self._folder(name, member)
            elif member.isreg():
                self._file(tar, name, member)
            elif member.issym() and name != "data":
                os.symlink(member.linkname, self.root / name)
                self._own(name, member)
            elif member.islnk():
                self._link(name, member)
            else:
                raise _outside(member.name)

    def finish(self) -> None:
        """Modes and times of folders come last: one may be for reading only, and files change its time."""
        with _writing(self.root):
            for name, member in reversed(self._folders.items()):
                if member is not None:
                    os.chmod(self.root / name, member.mode & 0o7777)
                    os.utime(self.root / name, (member.mtime, member.mtime))

    def _parents(self, name: str, member: tarfile.TarInfo) -> None:
        parent = name.rpartition("/")[0]
        if parent in self._folders:
            return
        self._parents(parent, member)
        try:
            (self.root / parent).mkdir(mode=0o700)
        except FileExistsError:
            # A link or a file stands where a folder would have to be.
            raise _outside(member.name) from None
        self._folders[parent] = None

    def _folder(self, name: str, member: tarfile.TarInfo) -> None:
        if name not in self._folders:
            (self.root / name).mkdir(mode=0o700)
        self._folders[name] = member
        self._own(name, member)

    def _file(self, tar: tarfile.TarFile, name: str, member: tarfile.TarInfo) -> None:
        source = tar.extractfile(member)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(self.root / name, flags, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            while source and (chunk := source.read(_CHUNK)):
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) or 0 :]
            self._own(name, member)
            os.fchmod(descriptor, member.mode & 0o7777)
        os.utime(self.root / name, (member.mtime, member.mtime))

    def _link(self, name: str, member: tarfile.TarInfo) -> None:
        kind, _slash, target = member.linkname.partition("/")
        if kind != VOLUME or target.rpartition("/")[0] not in self._folders:
            raise _outside(member.linkname)
        try:
            os.link(self.root / target, self.root / name, follow_symlinks=False)
        except FileNotFoundError:
            raise _outside(member.linkname) from None

    def _own(self, name: str, member: tarfile.TarInfo) -> None:
        if self._owners:
            os.chown(self.root / name, member.uid, member.gid, follow_symlinks=False)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What goes wrong with the disk, in words; what goes wrong with the archive has its own."""
    try:
        yield
    except gzip.BadGzipFile:
        raise
    except FileExistsError as error:
        raise _outside(str(error.filename)) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise AppsmithError(
            f"The backup can't be unpacked into {folder}: {error.strerror or error}",
            next_step=f"Make room there ({shutil.disk_usage(folder).free >> 20} MiB are free)." if full else None,
        ) from error
