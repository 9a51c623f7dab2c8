# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder /appsmith-stacks of an instance, as its host sees it; private to the collection."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import (
    KEY_NAMES,
    list_archives,
    read_env_file,
    same_keys,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    ProofFailed,
)

# appsmithctl keeps as many archives, unless APPSMITH_BACKUP_ARCHIVE_LIMIT says otherwise (0 and garbage do not).
KEPT_ARCHIVES = 4

# Whoever works on the folder holds it; the kernel lets go of it when the process ends, however it ends.
LOCK = ".stagecraft.lock"

# Options of the modules that run on the instance's host; documented in doc_fragments/_host.py.
HOST_OPTIONS: dict[str, dict[str, Any]] = {
    "exec": {"type": "list", "elements": "str", "required": True},
    "exec_terminal": {"type": "list", "elements": "str"},
    "directory": {"type": "path", "required": True},
    "timeout": {"type": "int", "default": 3600},
    "encryption_password": {"type": "str", "no_log": True},
    "encryption_salt": {"type": "str", "no_log": True},
}


@contextlib.contextmanager
def volume_lock(directory: str | Path, seconds: float = 30) -> Iterator[None]:
    """Nobody else backs up or restores it meanwhile: a module outlives an ansible-playbook that is killed."""
    path = Path(directory) / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise AppsmithError(
            f"{path} can't be written: {error.strerror}", next_step="Use become if only root may write there."
        ) from error
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise AppsmithError(
                        f"Another backup or restore is at work on {directory}",
                        next_step="Wait until it has ended, and run again.",
                    ) from None
            time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


class Stacks:
    """Where things are in it, and what they say."""

    def __init__(self, directory: str, *, broken_off: bool = False) -> None:
        """C(broken_off) takes a folder without docker.env too, if a restore that broke off put it aside."""
        self.root = Path(directory)
        # The docker.env that is to be put back; until then it says what docker.env would.
        self.lost_env: Path | None = None
        if self.env_file.is_file() and self.env_file.stat().st_size:
            return
        asides = self.put_aside_envs()
        if not asides:
            raise InvalidInput(
                f"{self.root} is no folder of an Appsmith instance (there is no configuration/docker.env in it)",
                next_step="Give as directory where /appsmith-stacks of the instance is on this host, and use become "
                "if only root may read it.",
            )
        if not broken_off:
            raise ProofFailed(
                f"A restore broke off: {self.env_file} is gone, put aside as {_names(asides)}",
                next_step="Restore again, which puts it back first, or copy the one from before that restore back "
                "yourself. Don't start the instance without it: it would make new encryption keys.",
            )
        self.lost_env = asides[0]

    @property
    def env_file(self) -> Path:
        return self.root / "configuration" / "docker.env"

    @property
    def backup_folder(self) -> Path:
        return self.root / "data" / "backup"

    @property
    def git_storage(self) -> Path:
        return self.root / "git-storage"

    def env(self) -> dict[str, str]:
        return read_env_file(self.lost_env or self.env_file)

    def put_aside_envs(self) -> list[Path]:
        """What restores put aside as docker.env, the latest first."""
        found = self.env_file.parent.glob("docker.env.appsmith-backup-*")
        # Copying and renaming both set this time; the time of the last change is as old as the content.
        return sorted(
            (path for path in found if path.is_file()), key=lambda path: path.stat().st_ctime_ns, reverse=True
        )

    def aside_with_keys(self, printed: str) -> Path | None:
        """The put aside docker.env whose keys have this fingerprint."""
        for path in self.put_aside_envs():
            values = read_env_file(path)
            keys = (values.get(KEY_NAMES[0], ""), values.get(KEY_NAMES[1], ""))
            if all(keys) and same_keys(keys, printed):
                return path
        return None

    def choose_lost_env(self, archive: str) -> None:
        """Which one is to be put back: what the restore of this archive put aside, else the one that there is."""
        if self.lost_env is None:
            return
        asides = self.put_aside_envs()
        own = self.env_file.with_name(f"docker.env.{backup_name(archive)}")
        if own in asides:
            self.lost_env = own
        elif len({path.read_bytes() for path in asides}) > 1:
            raise ProofFailed(
                f"A restore broke off: {self.env_file} is gone, and there are several that it may have been: "
                + _names(asides),
                next_step=f"Copy the one from before that restore to {self.env_file} (the latest comes first), and "
                "restore again.",
            )

    def put_env_back(self) -> str | None:
        """Put docker.env back; what was put aside stays."""
        if self.lost_env is None:
            return None
        source, self.lost_env = self.lost_env, None
        owner = source.stat()
        temporary = self.env_file.with_name(f".docker.env.{os.getpid()}")
        try:
            temporary.touch(mode=0o600, exist_ok=False)
            shutil.copy2(source, temporary)
            if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(temporary, owner.st_uid, owner.st_gid)
            os.replace(temporary, self.env_file)
        finally:
            temporary.unlink(missing_ok=True)
        return str(source)

    def keys(self, password: str | None = None, salt: str | None = None) -> tuple[str, str] | None:
        """Encryption password and salt that the instance works with: those given, else docker.env's."""
        env = self.env()
        found = (password or env.get(KEY_NAMES[0], ""), salt or env.get(KEY_NAMES[1], ""))
        return found if all(found) else None

    def archives(self) -> list[Path]:
        return list_archives(self.backup_folder)

    def kept(self) -> int:
        text = self.env().get("APPSMITH_BACKUP_ARCHIVE_LIMIT", "")
        return int(text) if text.isdigit() and int(text) > 0 else KEPT_ARCHIVES

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free

    def leftovers(self, archive: str) -> list[Path]:
        """What an earlier restore of this archive left: in the way of the next one, and of its proof."""
        name = backup_name(archive)
        candidates = (self.env_file.with_name(f"docker.env.{name}"), self.root / f"git-storage-{name}")
        return [path for path in candidates if path.exists()]

    def move_aside(self, paths: list[Path]) -> list[str]:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        moved = []
        for path in paths:
            target = path.with_name(f"{path.name}.{stamp}")
            os.rename(path, target)
            moved.append(str(target))
        return moved


def _names(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths)


def backup_name(archive: str) -> str:
    """What appsmithctl calls the things that it puts aside in a restore."""
    return archive.removesuffix(".enc").removesuffix(".tar.gz")
