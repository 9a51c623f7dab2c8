# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup archives of appsmithctl: read to the end, described in a file beside them, compared with that file."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import secrets
import subprocess
import tarfile
import threading
import typing as t
import zlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    InvalidInput,
    NotFound,
    ProofFailed,
)

ARCHIVE_NAME = re.compile(r"^appsmith-backup-.+\.tar\.gz(\.enc)?$")
SIDECAR_SUFFIX = ".stagecraft.json"
# What an archive must hold to be restored; `git-storage` is a folder.
REQUIRED_MEMBERS = ("manifest.json", "mongodb-data.gz", "docker.env", "git-storage")
KEY_NAMES = ("APPSMITH_ENCRYPTION_PASSWORD", "APPSMITH_ENCRYPTION_SALT")
_CHUNK = 1 << 20
_ROUNDS = 300_000


@dataclass(frozen=True)
class Contents:
    """What reading an archive from its first to its last byte told."""

    name: str
    size: int
    sha256: str
    encrypted: bool
    version: str
    database: str | None
    members: dict[str, int]

    def as_dict(self) -> dict[str, t.Any]:
        return asdict(self)


class _HashingReader(io.RawIOBase):
    """Passes a file on and takes its checksum on the way, so that a large archive is read once."""

    def __init__(self, source: t.BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.digest.update(data)
        self.size += len(data)
        return len(data)


def is_encrypted(name: str | Path) -> bool:
    return str(name).endswith(".enc")


def list_archives(folder: Path) -> list[Path]:
    """Archives that appsmithctl would list, in its order (by name, which is by time)."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if ARCHIVE_NAME.match(entry.name) and entry.is_file())


def checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_archive(path: Path, *, password: str | None = None) -> Contents:
    """Read all of it; raise ProofFailed when it is short, damaged, incomplete, or of no version."""
    if not path.is_file():
        raise NotFound(f"There is no backup archive {path}", next_step="List the archives with backup_info.")
    encrypted = is_encrypted(path.name)
    if encrypted and not password:
        raise InvalidInput(
            f"The archive {path.name} is encrypted and no password was given",
            next_step="Give archive_password.",
        )
    with path.open("rb") as source:
        hashing = _HashingReader(source)
        # One descriptor feeds both the checksum and the reader of the content.
        with _plain_stream(hashing, password) if encrypted else contextlib.nullcontext(hashing) as plain:
            members, manifest = _read_tar(plain, path.name, encrypted)
        while hashing.read(_CHUNK):
            pass
    missing = [name for name in REQUIRED_MEMBERS if name not in members]
    if missing:
        raise ProofFailed(
            f"The archive {path.name} lacks {', '.join(missing)}",
            next_step="Don't rely on this archive; take a new backup.",
        )
    version = manifest.get("appsmithVersion")
    if not isinstance(version, str) or not version:
        raise ProofFailed(
            f"manifest.json of {path.name} names no appsmithVersion",
            next_step="Don't rely on this archive; take a new backup.",
        )
    return Contents(
        name=path.name,
        size=hashing.size,
        sha256=hashing.digest.hexdigest(),
        encrypted=encrypted,
        version=version,
        database=manifest.get("dbName"),
        members=members,
    )


def _read_tar(plain: t.Any, name: str, encrypted: bool) -> tuple[dict[str, int], dict[str, t.Any]]:
    """Sizes by top-level member, and the manifest."""
    members: dict[str, int] = {}
    manifest: dict[str, t.Any] = {}
    damaged = "its password is wrong, or it is damaged or short" if encrypted else "it is damaged or short"
    try:
        # tarfile's own stream mode does not look at gzip's checksum: gzip reads, and to the end.
        with gzip.GzipFile(fileobj=plain) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as archive:
                for member in archive:
                    top = _top_level(member.name)
                    if top is None:
                        continue
                    members[top] = members.get(top, 0) + member.size
                    if not member.isfile():
                        continue
                    content = archive.extractfile(member)
                    if content is None:
                        continue
                    if top == "manifest.json":
                        manifest = json.loads(content.read())
                    elif top == "mongodb-data.gz":
                        with gzip.GzipFile(fileobj=content) as dump:
                            while dump.read(_CHUNK):
                                pass
            while unpacked.read(_CHUNK):
                pass
    except (OSError, EOFError, tarfile.TarError, ValueError, zlib.error) as error:
        raise ProofFailed(
            f"The archive {name} can't be read to its end: {damaged} ({type(error).__name__})",
            next_step=("Check archive_password; if that is right, d" if encrypted else "D")
            + "on't rely on this archive: use another one or take a new backup.",
        ) from error
    if not isinstance(manifest, dict):
        manifest = {}
    return members, manifest


def _top_level(name: str) -> str | None:
    """First part of a member's path; releases before v1.50 put all into one folder of the archive's name."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if parts and parts[0].startswith("appsmith-backup-"):
        parts = parts[1:]
    return parts[0] if parts else None


@contextlib.contextmanager
def _plain_stream(source: t.Any, password: str | None) -> t.Iterator[t.Any]:
    """Decrypt as appsmithctl encrypts. The password goes by environment: argv is readable for all on the host."""
    command = ["openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", "100000", "-pass", "env:STAGECRAFT_ARCHIVE"]
    try:
        # Ansible's run_command() would hold all of it in memory.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "STAGECRAFT_ARCHIVE": password or ""},
        )
    except FileNotFoundError as error:
        raise InvalidInput(
            "openssl is not on this host, so an encrypted archive can't be opened",
            next_step="Install openssl on the instance's host.",
        ) from error
    feeder = _feed(source, t.cast(t.BinaryIO, process.stdin))
    try:
        yield process.stdout
    finally:
        t.cast(t.BinaryIO, process.stdout).close()
        feeder.join()
        process.wait()


def _feed(source: t.Any, sink: t.BinaryIO) -> threading.Thread:
    def copy() -> None:
        with contextlib.suppress(BrokenPipeError), sink:
            while chunk := source.read(_CHUNK):
                sink.write(chunk)

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


# --- the file beside the archive ---------------------------------------------------------------------------------


def sidecar_path(archive: Path) -> Path:
    return archive.with_name(archive.name + SIDECAR_SUFFIX)


def write_sidecar(archive: Path, contents: Contents, fingerprint: str | None) -> dict[str, t.Any]:
    """Describe a proven archive; only its owner may read it."""
    described: dict[str, t.Any] = {
        "format": 1,
        **contents.as_dict(),
        "keys_fingerprint": fingerprint,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    target = sidecar_path(archive)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(described, file, indent=2, sort_keys=True)
            file.write("\n")
        os.replace(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return described


def read_sidecar(archive: Path) -> dict[str, t.Any] | None:
    """The description beside an archive; None when there is none; ProofFailed when it can't be understood."""
    path = sidecar_path(archive)
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ProofFailed(
            f"{path.name} can't be read ({error})",
            next_step="Remove it to go without the comparison, or use another archive.",
        ) from error
    if not isinstance(described, dict) or not all(key in described for key in ("sha256", "size", "version")):
        raise ProofFailed(
            f"{path.name} is no description of an archive",
            next_step="Remove it to go without the comparison, or use another archive.",
        )
    return described


def compare_with_sidecar(contents: Contents, described: dict[str, t.Any]) -> None:
    """ProofFailed when the archive is not the one that was proven when it was made."""
    if contents.size != described["size"]:
        raise ProofFailed(
            f"The archive {contents.name} has {contents.size} bytes, it had {described['size']} when it was made",
            next_step="Use another archive: this one is short or was replaced.",
        )
    if contents.sha256 != described["sha256"]:
        raise ProofFailed(
            f"The archive {contents.name} was changed since it was made (its checksum differs)",
            next_step="Use another archive.",
        )


def drop_orphaned_sidecars(folder: Path) -> list[str]:
    """appsmithctl's retention removes archives and knows nothing of the files beside them."""
    dropped = []
    for path in sorted(folder.glob(f"appsmith-backup-*{SIDECAR_SUFFIX}")):
        if not path.with_name(path.name[: -len(SIDECAR_SUFFIX)]).exists():
            path.unlink(missing_ok=True)
            dropped.append(path.name)
    return dropped


# --- encryption keys ---------------------------------------------------------------------------------------------


def read_env_file(path: Path) -> dict[str, str]:
    try:
        return parse_env(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def parse_env(text: str) -> dict[str, str]:
    """NAME=value lines of docker.env; the last one of a name counts; one pair of quotes is taken off."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.strip().partition("=")
        if not separator or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[name.removeprefix("export ").strip()] = value
    return values


def fingerprint(keys: tuple[str, str], salt: str | None = None) -> str:
    """One way, and salted, so that neither the keys nor their being equal elsewhere can be read from it."""
    salt = salt or secrets.token_hex(16)
    material = "\0".join(keys).encode()
    digest = hashlib.pbkdf2_hmac("sha256", material, bytes.fromhex(salt), _ROUNDS)
    return f"pbkdf2-sha256${_ROUNDS}${salt}${digest.hex()}"


def same_keys(keys: tuple[str, str], printed: str) -> bool:
    """Whether a fingerprint was made of these keys."""
    parts = printed.split("$")
    if len(parts) != 4 or parts[0] != "pbkdf2-sha256" or not parts[1].isdigit():
        raise ProofFailed(
            "The fingerprint of the encryption keys beside the archive is of an unknown kind",
            next_step="Use the collection's release that made the backup, or a newer one.",
        )
    material = "\0".join(keys).encode()
    digest = hashlib.pbkdf2_hmac("sha256", material, bytes.fromhex(parts[2]), int(parts[1]))
    return secrets.compare_digest(digest.hex(), parts[3])
