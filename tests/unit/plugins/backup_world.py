# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's folder with a bit of everything, for the tests of backups."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _archive,
    _backup_archive,
    _backup_manifest,
    _gpg,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import pack
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore

KEYS = ("made-up-pass", "made-up-salt")
PASSPHRASE = "made-up passphrase"
NAME = "appsmith-production-20261122T081500Z"
ENV = (
    f"APPSMITH_ENCRYPTION_PASSWORD={KEYS[0]}\nAPPSMITH_ENCRYPTION_SALT={KEYS[1]}\nAPPSMITH_MONGODB_USER=appsmith\n"
    "APPSMITH_MAIL_PASSWORD=made-up-mail\nAPPSMITH_DB_URL=mongodb://appsmith:made-up-mongo@localhost:27017/appsmith\n"
    "APPSMITH_MAIL_HOST=mail.example.com\n"
)
SECRETS = (*KEYS, PASSPHRASE, "made-up-mail", "made-up-mongo")


def hurry(monkeypatch: Any) -> None:
    """Passphrase and keys are made costly to guess, which costs each test as well."""
    monkeypatch.setattr(_archive, "_ROUNDS", 1000)
    monkeypatch.setattr(_gpg, "ENCRYPT", (*_gpg.ENCRYPT[:-1], "65536"))


def make_volume(root: Path) -> Path:
    """With what is taken, and what is not."""
    content: dict[str, str | bytes] = {
        "configuration/docker.env": ENV,
        "data/mongodb/WiredTiger": os.urandom(300_000),
        "data/mongodb/collection-0.wt": b"\0" * 200_000,
        "data/redis/dump.rdb": b"redis",
        "data/caddy/certificates/a.key": b"key",
        "git-storage/ws/app/.git/HEAD": b"ref: refs/heads/master\n",
        "git-storage/ws/app/a page.json": b"{}",
        "ca-certs/own.crt": b"certificate",
        "data/backup/appsmith-backup-1.tar.gz": b"old",
        "data/restore/appsmith-data.archive": b"old",
        "logs/backend/backend.log": b"line\n",
        ".stagecraft-other/state.json": b"{}",
    }
    for name, what in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(what.encode() if isinstance(what, str) else what)
    (root / "configuration" / "docker.env").chmod(0o640)
    (root / "ssl").mkdir()
    (root / "ssl" / "fullchain.pem").symlink_to("../ca-certs/own.crt")
    os.link(root / "git-storage/ws/app/.git/HEAD", root / "git-storage/ws/app/.git/ORIG")
    return root


def add_socket(path: Path) -> None:
    """Where the whole path is too long for one."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def state_of(root: Path) -> dict[str, Any]:
    """Names, modes, contents, links of a tree."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        there = path.lstat()
        what: Any = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[name] = (oct(there.st_mode), what)
    return found


def make_backup(
    folder: Path, volume: Path, *, passphrase: str | None = PASSPHRASE, **more: Any
) -> tuple[DirectoryStore, _backup_manifest.Manifest]:
    """A cold backup of the volume, as the module writes it, without the module."""
    store = DirectoryStore(folder)
    archive = f"{NAME}.tar.gz.gpg" if passphrase else f"{NAME}.tar.gz"
    written = _backup_archive.write_archive(
        store, archive, {"name": NAME}, lambda packer: pack(packer, volume, secrets=bool(passphrase)), passphrase
    )
    keys = _backup_archive.write_keys(store, NAME, KEYS, passphrase) if passphrase else None
    given: dict[str, Any] = {
        "name": NAME,
        "instance": "production",
        "archive": archive,
        "keys_file": keys,
        "method": "cold",
        "reason": "manual",
        "created": _backup_manifest.created_of(NAME),
        "version": "v1.91",
        "size": written.size,
        "sha256": written.sha256,
        "encrypted": bool(passphrase),
        "database": "embedded",
        "files": written.tally.files,
        "bytes": written.tally.bytes,
        "members": written.tally.members,
    }
    manifest = _backup_manifest.Manifest(**{**given, **more})
    _backup_manifest.write(store, manifest)
    return store, manifest
