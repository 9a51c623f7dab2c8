# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder /appsmith-stacks of an instance, as its host sees it; private to the collection."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import (
    KEY_NAMES,
    list_archives,
    read_env_file,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

# appsmithctl keeps as many archives, unless APPSMITH_BACKUP_ARCHIVE_LIMIT says otherwise (0 and garbage do not).
KEPT_ARCHIVES = 4

# Options of the modules that run on the instance's host; documented in doc_fragments/_host.py.
HOST_OPTIONS: dict[str, dict[str, Any]] = {
    "exec": {"type": "list", "elements": "str", "required": True},
    "exec_terminal": {"type": "list", "elements": "str"},
    "directory": {"type": "path", "required": True},
    "timeout": {"type": "int", "default": 3600},
    "encryption_password": {"type": "str", "no_log": True},
    "encryption_salt": {"type": "str", "no_log": True},
}


class Stacks:
    """Where things are in it, and what they say."""

    def __init__(self, directory: str) -> None:
        self.root = Path(directory)
        if not self.env_file.is_file():
            raise InvalidInput(
                f"{self.root} is no folder of an Appsmith instance (there is no configuration/docker.env in it)",
                next_step="Give as directory where /appsmith-stacks of the instance is on this host, and use become "
                "if only root may read it.",
            )

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
        return read_env_file(self.env_file)

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


def backup_name(archive: str) -> str:
    """What appsmithctl calls the things that it puts aside in a restore."""
    return archive.removesuffix(".enc").removesuffix(".tar.gz")
