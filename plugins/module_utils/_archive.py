# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of appsmithctl, read to their end, and the file docker.env with the encryption keys."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import secrets
import tarfile
import typing as t
import zlib
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import ProofFailed

ARCHIVE_NAME = re.compile(r"^appsmith-backup-.+\.tar\.gz(\.enc)?$")
# What an archive must hold to be restored; `git-storage` is a folder.
REQUIRED_MEMBERS = ("manifest.json", "mongodb-data.gz", "docker.env", "git-storage")
KEY_NAMES = ("APPSMITH_ENCRYPTION_PASSWORD", "APPSMITH_ENCRYPTION_SALT")
_CHUNK = 1 << 20
_ROUNDS = 300_000
_DISTRUST = "Don't rely on this archive; take a new backup."


@dataclass(frozen=True)
class Contents:
    """What reading an archive from its first to its last byte told."""

    name: str
    version: str
    database: str | None
    members: dict[str, int]


def list_archives(folder: Path) -> list[Path]:
    """Archives that appsmithctl would list, in its order (by name, which is by time)."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if ARCHIVE_NAME.match(entry.name) and entry.is_file())


def read_archive(path: Path) -> Contents:
    """Read all of it; raise ProofFailed when it is short, damaged, incomplete, or of no version."""
    members, manifest = _read_tar(path)
    missing = [name for name in REQUIRED_MEMBERS if name not in members]
    if missing:
        raise ProofFailed(f"The archive {path.name} lacks {', '.join(missing)}", next_step=_DISTRUST)
    version = manifest.get("appsmithVersion")
    if not isinstance(version, str) or not version:
        raise ProofFailed(f"manifest.json of {path.name} names no appsmithVersion", next_step=_DISTRUST)
    return Contents(path.name, version, manifest.get("dbName"), members)


def _read_tar(path: Path) -> tuple[dict[str, int], dict[str, t.Any]]:
    """Sizes by top-level member, and the manifest."""
    members: dict[str, int] = {}
    manifest: dict[str, t.Any] = {}
    try:
        # tarfile's own stream mode does not look at gzip's checksum: gzip reads, and to the end.
        with gzip.open(path) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as archive:
                while (member := archive.next()) is not None:
                    # Or it would remember every one of them.
                    archive.members.clear()  # type: ignore[attr-defined]
                    top = _top_level(member.name)
                    if top is None:
                        continue
                    members[top] = members.get(top, 0) + member.size
                    content = archive.extractfile(member) if member.isreg() else None
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
            f"The archive {path.name} can't be read to its end: it is damaged or short ({type(error).__name__})",
            next_step=_DISTRUST,
        ) from error
    return members, manifest if isinstance(manifest, dict) else {}


def _top_level(name: str) -> str | None:
    """First part of a member's path; releases before v1.50 put all into one folder of the archive's name."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if parts and parts[0].startswith("appsmith-backup-"):
        parts = parts[1:]
    return parts[0] if parts else None


# --- encryption keys ---------------------------------------------------------------------------------------------


def read_env_file(path: Path) -> dict[str, str]:
    """Nothing, if there is none."""
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
