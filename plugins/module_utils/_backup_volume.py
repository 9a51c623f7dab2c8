# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an instance's folder that go into a backup: surveyed before and after, and packed between."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_archive import VOLUME, Packer, part_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, ProofFailed

# What a restore does not need: archives, what the instance says, and what this collection puts there.
LEFT_OUT = ("data/backup", "data/restore", "logs")
OURS = ".stagecraft"
# A hot backup takes these beside appsmithctl's archive, which holds the database, Git's folder and docker.env only.
HOT_PARTS = ("ca-certs", "configuration", "data/caddy", "letsencrypt", "ssl")
# Names of variables of docker.env whose values nobody may read in an archive that is not encrypted, and values that
# hold a password as part of an address.
_SECRET_NAME = re.compile(r"PASSWORD|SECRET|ENCRYPTION|SALT|TOKEN|KEY|_PASS\b|CREDENTIAL", re.IGNORECASE)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_SECRET_VALUE = re.compile(r"://[^/\s]*@")


@dataclass
class Survey:
    """What is there: C(parts) are bytes by part, C(marks) tell whether a part is the same as at another time."""

    files: int = 0
    bytes: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def differing(self, other: Survey) -> list[str]:
        names = self.marks.keys() | other.marks.keys()
        return sorted(name for name in names if self.marks.get(name) != other.marks.get(name))


def survey(root: Path, tops: tuple[str, ...] | None = None, *, live: bool = False) -> Survey:
    """Look at everything that a backup takes, or at C(tops) of it; C(live): what goes away meanwhile is no error."""
    found = Survey()
    digests: dict[str, Any] = {}
    for name, there in walk(root, tops, live=live):
        part = part_of(f"{VOLUME}/{name}")
        if not _taken(there.st_mode):
            found.skipped.append(name)
            continue
        mark = f"{name}\0{there.st_mode}\0{there.st_size}\0{there.st_mtime_ns}\0{there.st_ino}\n"
        digests.setdefault(part, hashlib.sha256()).update(mark.encode("utf-8", "surrogateescape"))
        if stat.S_ISDIR(there.st_mode):
            continue
        size = there.st_size if stat.S_ISREG(there.st_mode) else 0
        found.files += 1
        found.bytes += size
        found.parts[part] = found.parts.get(part, 0) + size
    found.marks = {part: digest.hexdigest() for part, digest in digests.items()}
    return found


def walk(
    root: Path, tops: tuple[str, ...] | None = None, *, live: bool = False
) -> Iterator[tuple[str, os.stat_result]]:
    """Names below the folder, in order, folders before what is in them; without what is left out."""
    if tops is None:
        yield from _below(root, "", live)
        return
    for top in tops:
        if os.path.lexists(root / top):
            yield from _one(root, top, live)


def _one(root: Path, name: str, live: bool) -> Iterator[tuple[str, os.stat_result]]:
    try:
        there = os.lstat(root / name)
    except OSError as error:
        if live and error.errno in _GONE:
            return
        raise _unreadable(root / name, error) from error
    yield name, there
    if stat.S_ISDIR(there.st_mode):
        yield from _below(root, name, live)


def _below(root: Path, folder: str, live: bool) -> Iterator[tuple[str, os.stat_result]]:
    try:
        names = sorted(os.listdir(root / folder))
    except OSError as error:
        if live and error.errno in _GONE:
            return
        raise _unreadable(root / folder, error) from error
    for entry in names:
        name = f"{folder}/{entry}" if folder else entry
        if name not in LEFT_OUT and (folder or not entry.startswith(OURS)):
            yield from _one(root, name, live)


def _taken(mode: int) -> bool:
    """Sockets, pipes and devices are nothing that could be restored."""
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def pack(packer: Packer, root: Path, tops: tuple[str, ...] | None = None, *, secrets: bool, live: bool = False) -> None:
    """Put them into the archive; without C(secrets), docker.env lacks the lines that hold some."""
    for name, there in walk(root, tops, live=live):
        if not _taken(there.st_mode):
            continue
        try:
            _pack(packer, root / name, name, there, secrets)
        except BrokenPipeError:
            raise
        except OSError as error:
            if live and error.errno in _GONE:
                continue
            # tarfile says of a file that became shorter only that, with no number.
            raise _unreadable(root / name, error) if error.errno else _written(str(root / name)) from error


def _pack(packer: Packer, path: Path, name: str, there: os.stat_result, secrets: bool) -> None:
    member = f"{VOLUME}/{name}"
    if not stat.S_ISREG(there.st_mode):
        packer.add_other(member, str(path))
        return
    # What was a file a moment ago may be a link to elsewhere now.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if secrets or not _is_env(name):
            packer.add_file(member, file)
        else:
            packer.add_bytes(member, without_secrets(file.read()), packer.describe(member, file=file))


def _is_env(name: str) -> bool:
    """docker.env, and what restores put aside of it."""
    folder, _slash, file = name.rpartition("/")
    return folder == "configuration" and "docker.env" in file


def without_secrets(content: bytes) -> bytes:
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    return "".join(line for line in lines if not _is_secret(line)).encode("utf-8", "surrogateescape")


def _is_secret(line: str) -> bool:
    name, _equals, value = line.partition("=")
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def _unreadable(path: Path, error: OSError) -> AppsmithError:
    if error.errno in _GONE:
        return _written(str(path))
    return AppsmithError(
        f"{path} can't be read: {error.strerror or error}",
        next_step="Use become if only root may read it; if the disk is failing, take what there is from it.",
    )


def _written(what: str) -> ProofFailed:
    return ProofFailed(
        f"The instance wrote meanwhile: {what} is not what it was when the backup began",
        next_step="Stop the instance for a cold backup, or take a hot one; this one was thrown away.",
    )


def compare(before: Survey, after: Survey) -> None:
    """ProofFailed if anything was written between the two."""
    differing = before.differing(after)
    if differing:
        raise _written(", ".join(differing))


def database_runs(root: Path) -> bool:
    """Whether a mongod on this host has the database open: it holds a lock as long as it lives."""
    try:
        descriptor = os.open(root / "data" / "mongodb" / "mongod.lock", os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return any(_held(lock, descriptor) for lock in (fcntl.flock, fcntl.lockf))
    finally:
        os.close(descriptor)


def _held(lock: Callable[[int, int], None], descriptor: int) -> bool:
    try:
        lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock(descriptor, fcntl.LOCK_UN)
    except OSError as error:
        # Other errors are of file systems that know no locks.
        return error.errno in (errno.EAGAIN, errno.EACCES)
    return False
