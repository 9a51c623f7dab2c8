# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where backups are kept: a folder, or (in _store_s3.py) an S3-compatible store; private to the collection."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput, NotFound

CHUNK = 1 << 20
# What is being written is called .NAME.part; nobody takes it for a file of the store.
PART = ".part"
# What belongs to no backup is taken for left over after this time, where nobody can tell whether it is being written.
ABANDONED_SECONDS = 24 * 3600

# Documented in doc_fragments/_store.py. Exactly one of the two: STORE_ONE_OF as required_one_of and mutually_exclusive.
STORE_OPTIONS: dict[str, dict[str, Any]] = {
    "store_directory": {"type": "path"},
    "s3": {
        "type": "dict",
        "options": {
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "default": ""},
            "endpoint_url": {"type": "str"},
            "region": {"type": "str", "default": "us-east-1"},
            # The name of the key is no secret; the other half is.
            "access_key": {"type": "str", "required": True, "no_log": False},
            "secret_key": {"type": "str", "required": True, "no_log": True},
            "ca_path": {"type": "path"},
            "validate_certs": {"type": "bool", "default": True},
            "path_style": {"type": "bool", "default": True},
        },
    },
}
STORE_ONE_OF = (("store_directory", "s3"),)


class StoreFailed(AppsmithError):
    """The place for backups can't be reached, read or written."""

    default_next_step = "Check the store for backups: where it is, its credentials, and the room in it."


@dataclass(frozen=True)
class Entry:
    """A file of a store: bytes, and the time of its last change (seconds since 1970)."""

    size: int
    changed: float


class Store(ABC):
    """Files with plain names. A file is there whole or not at all, and only its owner may read it."""

    @abstractmethod
    def check(self, *, write: bool = True) -> None:
        """Raise StoreFailed if it can't be read or written; at most, and only with `write`, the folder is made."""

    @abstractmethod
    def put(self, name: str, source: BinaryIO) -> None:
        """Write what `source` gives until its end, as a stream. What `source` raises leaves no file of that name."""

    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Read a file as a stream; NotFound if there is none."""

    @abstractmethod
    def entries(self) -> dict[str, Entry]:
        """All files."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is no error."""

    @abstractmethod
    def sweep(self, *, dry: bool = False) -> list[str]:
        """Remove what broken off writes left; with `dry` only say what that is."""

    def hold(self) -> AbstractContextManager[None]:
        """For as long as a backup is put in, from its first file to its manifest."""
        return contextlib.nullcontext()

    def alone(self) -> AbstractContextManager[bool]:
        """Whether it is known that nobody holds the store; nobody will, for as long as this lasts."""
        return contextlib.nullcontext(False)

    @abstractmethod
    def free_bytes(self) -> int | None:
        """Room that is left; None where no limit is known."""

    @abstractmethod
    def describe(self) -> str:
        """For messages: a path or s3://bucket/prefix."""

    def names(self) -> dict[str, int]:
        """All files with their bytes."""
        return {name: entry.size for name, entry in self.entries().items()}

    def path_of(self, name: str) -> str:
        return f"{self.describe().rstrip('/')}/{name}"


def store_of(params: Mapping[str, Any]) -> Store:
    """The store that a module's options name."""
    if params.get("s3"):
        # Most backups go to a folder: they do without boto3, which takes half a second to load.
        from ansible_collections.stagecraft.appsmith.plugins.module_utils._store_s3 import S3Store

        return S3Store(params["s3"])
    if params.get("store_directory"):
        return DirectoryStore(params["store_directory"])
    raise InvalidInput("No place for the backups is given", next_step="Give store_directory or s3.")


def sha256_of(store: Store, name: str) -> tuple[int, str]:
    """Bytes and checksum of a file where it lies."""
    digest, size = hashlib.sha256(), 0
    with store.open(name) as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def plain(name: str) -> str:
    """Refuse what would leave the store."""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise InvalidInput(f"{name!r} is no name of a file of a backup", next_step="Give a name without a path.")
    return name


class DirectoryStore(Store):
    """A folder of this host. Folders that it makes are 0700, files 0600 and of the folder's owner."""

    def __init__(self, directory: str | Path) -> None:
        self.root = Path(directory)

    def check(self, *, write: bool = True) -> None:
        self._look(os.R_OK | os.W_OK)
        if not write:
            return
        with self._failing("can't be written"):
            self._make()
            probe = self.root / f".probe.{os.getpid()}{PART}"
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
            probe.unlink()

    def put(self, name: str, source: BinaryIO) -> None:
        target = self.root / plain(name)
        temporary = self.root / f".{name}{PART}"
        with self._failing(f"can't take {name}"):
            self._make()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            # Held while it is written, and let go by the kernel when the writer is killed: sweep() looks at it.
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise StoreFailed(
                    f"{self.path_of(name)} is being written by another run", next_step="Wait until it has ended."
                ) from None
            os.ftruncate(descriptor, 0)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as sink:
                # What goes wrong with the source has its own words: only the writing is ours to explain.
                while chunk := source.read(CHUNK):
                    with self._failing(f"can't take {name}"):
                        _write(sink, chunk)
                with self._failing(f"can't take {name}"):
                    os.fchmod(sink.fileno(), 0o600)
                    self._belongs(sink.fileno())
                    os.fsync(sink.fileno())
                    os.replace(temporary, target)
                    self._settle()
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def adopt(self, name: str, path: Path) -> None:
        """Take over a file of the same file system."""
        with self._failing(f"can't take {name}"):
            self._make()
            path.chmod(0o600)
            os.replace(path, self.root / plain(name))
            self._settle()

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        path = self.root / plain(name)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise NotFound(
                f"{path} is not there", next_step="See what there is with stagecraft.appsmith.backup_info."
            ) from None
        except OSError as error:
            raise self._error(f"{name} can't be read", error) from error
        with file:
            yield file

    def entries(self) -> dict[str, Entry]:
        found = {}
        with self._failing("can't be read"):
            if self._look():
                for entry in os.scandir(self.root):
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        found[entry.name] = Entry(stat.st_size, stat.st_mtime)
        return found

    def delete(self, name: str) -> None:
        with self._failing(f"can't let go of {name}"):
            (self.root / plain(name)).unlink(missing_ok=True)

    def sweep(self, *, dry: bool = False) -> list[str]:
        found = []
        with self._failing("can't be tidied up"):
            for path in sorted(self.root.glob(f".*{PART}")) if self._look() else []:
                with path.open("ab") as file:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                    if not dry:
                        path.unlink(missing_ok=True)
                found.append(path.name)
        return found

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        with self._failing("can't be written"):
            self._make()
            descriptor = self._lock()
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        if not self.root.is_dir():
            yield True
            return
        with self._failing("can't be tidied up"):
            descriptor = self._lock()
        try:
            free = True
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                free = False
            yield free
        finally:
            os.close(descriptor)

    def free_bytes(self) -> int | None:
        with self._failing("can't be measured"):
            return shutil.disk_usage(_existing(self.root)).free

    def describe(self) -> str:
        return str(self.root)

    # -- how ----------------------------------------------------------------------------------------------------------
    def _look(self, wanted: int = os.R_OK) -> bool:
        """Whether the folder is there yet; an error if it can't be one, or can't be used like that."""
        there = _existing(self.root)
        if not there.is_dir():
            raise StoreFailed(f"{there} is no folder", next_step="Name another folder for the backups.")
        found = there == self.root.absolute()
        refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if found and not os.access(there, os.R_OK | os.X_OK):
            raise self._error("can't be read", refused)
        if wanted & os.W_OK and not os.access(there, os.W_OK | os.X_OK):
            raise self._error(f"can't be written (in {there})", refused)
        return found

    def _lock(self) -> int:
        descriptor = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._belongs(descriptor)
        return descriptor

    def _make(self) -> None:
        missing = []
        path = self.root
        while not path.exists():
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0:
                owner = folder.parent.stat()
                os.chown(folder, owner.st_uid, owner.st_gid)

    def _belongs(self, descriptor: int) -> None:
        """What root writes into a person's folder is that person's: the run itself has become, its user does not."""
        owner = self.root.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _settle(self) -> None:
        """A file that was renamed is on the disk when its folder is."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(what, error) from error

    def _error(self, what: str, error: OSError) -> StoreFailed:
        steps = {
            errno.ENOSPC: "Make room there, or name another folder.",
            errno.EDQUOT: "Make room there, or name another folder.",
            errno.EROFS: "Name a folder that can be written.",
            errno.EACCES: "Let the user that runs this read and write the folder, or name another one.",
            errno.EPERM: "Let the user that runs this read and write the folder, or name another one.",
        }
        return StoreFailed(
            f"The folder for backups {self.root} {what}: {error.strerror or error}",
            next_step=steps.get(error.errno or 0, "Name another folder for the backups."),
        )


def _existing(path: Path) -> Path:
    """The path, or the nearest of its parents that is there."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _write(sink: Any, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[sink.write(view) :]
