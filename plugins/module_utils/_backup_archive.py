# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup's archive in its store: written as a stream, and read to its end again before anybody relies on it.

It holds C(about.json), if it is a hot one C(appsmithctl/<archive>), and C(volume/...), files of /appsmith-stacks.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _gpg
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import KEY_NAMES, same_keys
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import KEYS_SUFFIX, Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_stream import (
    CHUNK,
    Incoming,
    incoming,
    outgoing,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound, ProofFailed

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import Store

ABOUT = "about.json"
VOLUME = "volume"
APPSMITHCTL = "appsmithctl"
Keys = tuple[str, str]
# What reading something that is damaged raises; full disks and the like are other kinds of OSError.
DAMAGE = (_gpg.GpgFailed, EOFError, tarfile.TarError, gzip.BadGzipFile, zlib.error)
_TAKE_ANOTHER = "Don't rely on this backup: use another one, or take a new one."


@dataclass
class Tally:
    """What is in an archive, but C(about.json): files (all but folders), bytes unpacked, and those by part."""

    files: int = 0
    bytes: int = 0
    members: dict[str, int] = field(default_factory=dict)

    def add(self, member: tarfile.TarInfo) -> None:
        if member.isdir() or member.name == ABOUT:
            return
        size = member.size if member.isreg() else 0
        self.files += 1
        self.bytes += size
        part = part_of(member.name)
        self.members[part] = self.members.get(part, 0) + size


def part_of(name: str) -> str:
    """C(volume/data/mongodb/a) is of data/mongodb, C(volume/git-storage/a) of git-storage, C(appsmithctl/a) of that."""
    parts = name.split("/")
    if parts[0] != VOLUME:
        return parts[0]
    deep = 3 if len(parts) > 2 and parts[1] == "data" else 2
    return "/".join(parts[1:deep])


@dataclass(frozen=True)
class Written:
    """An archive as it lies."""

    size: int
    sha256: str
    tally: Tally


# --- writing -------------------------------------------------------------------------------------------------------


class Packer:
    """An archive that is being written; in constant memory, however many files there are."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.tally = Tally()

    def add_bytes(self, name: str, content: bytes, like: tarfile.TarInfo | None = None) -> None:
        member = like or tarfile.TarInfo(name)
        if like is None:
            member.mode = 0o600
        member.size = len(content)
        self._add(member, io.BytesIO(content))

    def add_file(self, name: str, file: Any) -> None:
        """An open file, as long as it is now; OSError when it became shorter meanwhile."""
        member = self.describe(name, file=file)
        there = os.fstat(file.fileno())
        if there.st_nlink < 2:
            # Nothing will be linked to it; tarfile itself would remember every file.
            self._tar.inodes.pop((there.st_ino, there.st_dev), None)  # type: ignore[attr-defined]
        self._add(member, file)

    def add_other(self, name: str, path: str) -> None:
        """A folder or a symbolic link."""
        self._add(self.describe(name, path=path), None)

    def describe(self, name: str, *, path: str | None = None, file: Any = None) -> tarfile.TarInfo:
        member = self._tar.gettarinfo(path, name, file)
        # Owners by number: the names are those of this host, not of the container.
        member.uname = member.gname = ""
        return member

    def _add(self, member: tarfile.TarInfo, file: Any) -> None:
        self._tar.addfile(member, file if member.isreg() else None)
        self._tar.members.clear()  # type: ignore[attr-defined]
        self.tally.add(member)


def write_archive(
    store: Store, name: str, about: dict[str, Any], fill: Callable[[Packer], None], passphrase: str | None
) -> Written:
    """Write what C(fill) packs into the store. Nothing of that name is left there if anything goes wrong."""
    tally = Tally()

    def write(sink: Any) -> None:
        nonlocal tally
        with (
            gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1, mtime=0) as packed,
            tarfile.open(
                fileobj=packed,
                mode="w|",
                format=tarfile.GNU_FORMAT,
                encoding="utf-8",
                errors="surrogateescape",
                bufsize=CHUNK,
            ) as tar,
        ):
            tar.copybufsize = CHUNK  # type: ignore[attr-defined]
            packer = Packer(tar)
            packer.add_bytes(ABOUT, (json.dumps(about, indent=2) + "\n").encode())
            fill(packer)
            tally = packer.tally

    with outgoing(write, passphrase) as stream:
        store.put(name, stream)
        return Written(stream.size, stream.sha256, tally)


def write_keys(store: Store, name: str, keys: Keys, passphrase: str) -> str:
    """The encryption keys, for themselves; the name of the file."""
    lines = "".join(f"{variable}={value}\n" for variable, value in zip(KEY_NAMES, keys, strict=True))
    store.put(name + KEYS_SUFFIX, io.BytesIO(_gpg.crypt(_gpg.ENCRYPT, passphrase, lines.encode())))
    return name + KEYS_SUFFIX


# --- reading -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_archive(store: Store, manifest: Manifest, passphrase: str | None) -> Iterator[tarfile.TarFile]:
    """The archive as a tar stream. What the block left unread is read at its end, and all of it is compared.

    ProofFailed names the cause: missing, short, changed, wrong passphrase, damaged. Until the block has ended well
    nothing that was read may be relied on.
    """
    passphrase = _passphrase_for(manifest, passphrase)
    there = store.names().get(manifest.archive)
    if there is None:
        raise NotFound(f"The archive {manifest.archive} is not in {store.describe()}", next_step=_TAKE_ANOTHER)
    if there != manifest.size:
        raise _wrong_size(manifest, there)
    damage: BaseException | None = None
    with store.open(manifest.archive) as source, incoming(source, passphrase) as stream:
        try:
            with gzip.GzipFile(fileobj=stream.plain) as unpacked:
                with tarfile.open(
                    fileobj=unpacked, mode="r|", encoding="utf-8", errors="surrogateescape", bufsize=CHUNK
                ) as tar:
                    yield tar
                # tarfile stops at its own end, if not before, and does not look at gzip's checksum.
                while unpacked.read(CHUNK):
                    pass
        except DAMAGE as error:
            damage = error
        begun = _begun(stream)
        stream.drain()
    _compare(manifest, stream, damage, begun)


def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a tar stream; tarfile itself would remember every one of them."""
    while (member := tar.next()) is not None:
        yield member
        tar.members.clear()  # type: ignore[attr-defined]


def prove(store: Store, manifest: Manifest, passphrase: str | None) -> Tally:
    """Read all of it where it lies; ProofFailed names what is wrong."""
    tally = Tally()
    with open_archive(store, manifest, passphrase) as tar:
        for member in members(tar):
            tally.add(member)
    if (tally.files, tally.bytes, tally.members) != (manifest.files, manifest.bytes, manifest.members):
        raise ProofFailed(
            f"The archive {manifest.archive} holds {tally.files} files with {tally.bytes} bytes, its manifest says "
            f"{manifest.files} with {manifest.bytes}",
            next_step=_TAKE_ANOTHER,
        )
    if manifest.keys_file:
        read_keys(store, manifest, passphrase)
    return tally


def read_keys(store: Store, manifest: Manifest, passphrase: str | None) -> Keys:
    """The encryption keys that belong to the backup; ProofFailed unless they are those that it was taken with."""
    if not manifest.keys_file:
        raise NotFound(
            f"The backup {manifest.name} holds no encryption keys",
            next_step="Give encryption_password and encryption_salt of the instance that it was taken from.",
        )
    if not passphrase:
        raise _no_passphrase(manifest)
    with store.open(manifest.keys_file) as source:
        data = source.read(_gpg.LONGEST_TEXT + 1)
    if len(data) > _gpg.LONGEST_TEXT:
        raise ProofFailed(f"{manifest.keys_file} is far too long for encryption keys", next_step=_TAKE_ANOTHER)
    try:
        lines = _gpg.crypt(_gpg.DECRYPT, passphrase, data).decode().split("\n")
    except (_gpg.GpgFailed, UnicodeDecodeError) as error:
        raise ProofFailed(
            f"{manifest.keys_file} can't be decrypted: the passphrase is wrong, or the file was changed",
            next_step=f"Check the passphrase; if that is right: {_TAKE_ANOTHER}",
        ) from error
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    keys = (values.get(KEY_NAMES[0], ""), values.get(KEY_NAMES[1], ""))
    if not all(keys):
        raise ProofFailed(f"{manifest.keys_file} lacks {' or '.join(KEY_NAMES)}", next_step=_TAKE_ANOTHER)
    if manifest.keys_fingerprint and not same_keys(keys, manifest.keys_fingerprint):
        raise ProofFailed(
            f"{manifest.keys_file} holds other encryption keys than the backup was taken with", next_step=_TAKE_ANOTHER
        )
    return keys


def _passphrase_for(manifest: Manifest, passphrase: str | None) -> str | None:
    if not manifest.encrypted:
        return None
    if not passphrase:
        raise _no_passphrase(manifest)
    return passphrase


def _no_passphrase(manifest: Manifest) -> InvalidInput:
    return InvalidInput(
        f"The backup {manifest.name} is encrypted and no passphrase was given", next_step="Give passphrase."
    )


def _begun(stream: Incoming) -> bool:
    """Whether anything at all came out of the decryption."""
    raw: Any = getattr(stream.plain, "raw", None)
    return bool(getattr(raw, "size", 0))


def _compare(manifest: Manifest, stream: Incoming, damage: BaseException | None, begun: bool) -> None:
    if stream.hashed.size != manifest.size:
        raise _wrong_size(manifest, stream.hashed.size) from damage
    if stream.hashed.sha256 != manifest.sha256:
        raise ProofFailed(
            f"The archive {manifest.archive} was changed since it was made (its checksum differs)",
            next_step=_TAKE_ANOTHER,
        ) from damage
    if damage is None:
        return
    if isinstance(damage, _gpg.GpgFailed) and not begun:
        raise ProofFailed(
            f"The archive {manifest.archive} can't be decrypted: the passphrase is wrong",
            next_step="Give the passphrase that the backup was taken with.",
        ) from damage
    raise ProofFailed(
        f"The archive {manifest.archive} is damaged, and was so when it was written ({_short(damage)})",
        next_step=_TAKE_ANOTHER,
    ) from damage


def _short(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _wrong_size(manifest: Manifest, size: int) -> ProofFailed:
    how = "is short: it" if size < manifest.size else "was changed: it"
    return ProofFailed(
        f"The archive {manifest.archive} {how} has {size} bytes, it had {manifest.size} when it was made",
        next_step=_TAKE_ANOTHER,
    )
