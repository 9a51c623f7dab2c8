# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder /appsmith-stacks of an instance, as its host sees it; private to the collection."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import (
    KEY_NAMES,
    list_archives,
    read_env_file,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    InvalidInput,
    ProofFailed,
)

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
        try:
            if self.env():
                return
        except OSError as error:
            raise InvalidInput(
                f"{self.env_file} can't be read: {error.strerror}", next_step="Use become if only root may read it."
            ) from error
        asides = sorted(path.name for path in self.env_file.parent.glob("docker.env.appsmith-backup-*"))
        if not asides:
            raise InvalidInput(
                f"{self.root} is no folder of an Appsmith instance (there is no configuration/docker.env in it)",
                next_step="Give as directory where /appsmith-stacks of the instance is on this host, and use become "
                "if only root may read it.",
            )
        raise ProofFailed(
            f"A restore broke off: {self.env_file} is gone, put aside as {', '.join(asides)}",
            next_step="Restore again, or copy the one from before that restore back yourself. Don't start the "
            "instance without it: it would make new encryption keys.",
        )

    @property
    def env_file(self) -> Path:
        return self.root / "configuration" / "docker.env"

    @property
    def backup_folder(self) -> Path:
        return self.root / "data" / "backup"

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
