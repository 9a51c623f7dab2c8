# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What appsmithctl does of a restore, inside the instance; believed only as far as it can be seen; private."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _releases
from ansible_collections.stagecraft.appsmith.plugins.module_utils._appsmithctl import RESTORED, AppsmithCtl, Outcome
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import read_env_file, same_keys
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    IncompatibleVersion,
    InvalidInput,
    NotFound,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import PLACED, Journal
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import RESTORED as STATE_RESTORED
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_env import keys_in, without_unwritable
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_place import BACKUPS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_swap import Swap
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_unpack import ENV

# Said by appsmithctl when the database is being replaced: from here on it is no longer what it was.
_TOUCHED = "Restoring database..."


class Inside:
    """A restore whose files are in place, and the instance that runs on them."""

    def __init__(self, swap: Swap, journal: Journal, params: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        self.swap = swap
        self.journal = journal
        self.params = params
        self.warn = warn
        self.control = AppsmithCtl(params["exec"], params["exec_terminal"], timeout=params["timeout"])
        self.version = ""

    # -- forward ------------------------------------------------------------------------------------------------------
    def refuse(self) -> None:
        """Before anything is touched inside."""
        journal = self.journal
        if journal.state != PLACED:
            raise InvalidInput(
                f"The restore of {journal.backup} is not in place (it is {journal.state})",
                next_step="Run it with state: placed first, while the instance is stopped.",
            )
        archive = self._folder / journal.archive
        if not archive.is_file():
            raise NotFound(f"{archive} is gone", next_step="Put the backup in place again (state: placed).")
        self.version = self.control.version()
        if self.version.removeprefix("v") != journal.version.removeprefix("v"):
            raise IncompatibleVersion(
                f"The backup is of {journal.version}, the instance runs {self.version}",
                next_step=f"Start {journal.version} on what was put in place; its database was not touched.",
            )
        if self.params["dialogue"] == "unattended" and not _releases.has_unattended_restore(self.version):
            raise InvalidInput(f"{self.version} can't restore unattended", next_step="Use dialogue: auto.")
        if not self._unattended:
            self.control.need_terminal()

    @property
    def _folder(self) -> Path:
        return self.swap.root / BACKUPS

    @property
    def _unattended(self) -> bool:
        return self.params["dialogue"] != "terminal" and _releases.has_unattended_restore(self.version)

    def restore(self) -> str:
        """How it was asked; raises unless it was restored."""
        journal = self.journal
        # appsmithctl moves it aside once the database is replaced, and breaks off half-way if there is none.
        (self.swap.root / "git-storage").mkdir(exist_ok=True)
        if journal.database == "external":
            self._empty_database()
        outcome = self._ask(journal.archive)
        self._prove(outcome, journal.extra[1:])
        self._prove_keys()
        for path in journal.extra:
            self.swap.disk.remove(self.swap.root / path)
        journal.state = STATE_RESTORED
        self.swap.save(journal)
        return "unattended" if self._unattended else "terminal"

    def _ask(self, archive: str, *, other_version: bool = False) -> Outcome:
        if self._unattended:
            return self.control.restore_unattended(archive, force=other_version)
        given = (self.params["encryption_password"], self.params["encryption_salt"])
        own = given if all(given) else keys_in(read_env_file(self.swap.root / ENV))
        return self.control.restore_in_terminal(
            archive,
            name_archive=_releases.has_unattended_restore(self.version),
            other_version=other_version,
            # The placed docker.env has the right ones, and the environment was compared with them: Enter keeps them.
            own_keys=own,
        )

    def _prove(self, outcome: Outcome, expected: list[str]) -> None:
        put_aside = [path for path in expected if os.path.lexists(self.swap.root / path)]
        said = f"(exit {outcome.code}, it said: {outcome.tail()})"
        whole = outcome.code == 0 and RESTORED in outcome.text and (self.swap.root / "git-storage").is_dir()
        if whole and put_aside == expected:
            return
        touched = _TOUCHED in outcome.text or bool(put_aside)
        error = ProofFailed(
            f"appsmithctl {'broke off half-way' if touched else 'restored nothing'} {said}",
            next_step="Take it back with state: undone, once the instance is stopped; remove the cause and run again.",
        )
        error.changed = touched
        raise error

    def _prove_keys(self) -> None:
        """The restored docker.env must hold the keys that were compared before, unless the environment gives them."""
        given, env = (self.params["encryption_password"], self.params["encryption_salt"]), self.swap.root / ENV
        if all(given):
            text = env.read_text(encoding="utf-8", errors="surrogateescape")
            kept = without_unwritable(text, given)
            if kept != text:
                env.write_text(kept, encoding="utf-8", errors="surrogateescape")
            return
        now, printed = keys_in(read_env_file(self.swap.root / ENV)), self.journal.fingerprint
        if now is None or (printed and not same_keys(now, printed)):
            error = ProofFailed(
                "The restore ended well, but the encryption keys in docker.env are not those that the backup was taken "
                "with",
                next_step="Look at configuration/docker.env; keys in the container's environment win over it.",
            )
            error.changed = True
            raise error

    # -- an external database -----------------------------------------------------------------------------------------
    def _empty_database(self) -> None:
        """Nothing of what is there may survive, and nothing of it may be lost: a backup of it comes first."""
        self.control.services("stop")
        if not self.journal.safety:
            self.journal.safety = self._take_safety()
            self.swap.save(self.journal)
        # Written before: a run that is killed now must be taken for one that has emptied it.
        self.journal.emptied = True
        self.swap.save(self.journal)
        self.control.drop_database()

    def _take_safety(self) -> str:
        there = set(self._archives())
        outcome = self.control.backup()
        new = [name for name in self._archives() if name not in there]
        if outcome.code != 0 or len(new) != 1:
            self.control.services("start")
            raise AppsmithError(
                f"The database as it is could not be saved (exit {outcome.code}, it said: {outcome.tail()})",
                next_step="It was not touched. Remove the cause and run again.",
            )
        if not self.swap.safety.is_dir():
            self.swap.disk.mkdir(self.swap.safety)
        # appsmithctl would count it among those of which it keeps four.
        self.swap.disk.rename(self._folder / new[0], self.swap.safety / new[0])
        return new[0]

    def _archives(self) -> list[str]:
        names = os.listdir(self._folder) if self._folder.is_dir() else []
        return sorted(name for name in names if name.startswith("appsmith-backup-") and name.endswith(".tar.gz"))

    def put_database_back(self) -> None:
        """The external database as it was before; files are so already. Whatever runs again may have written to it."""
        self.version = self.control.version()
        name = self.journal.safety
        source, place = self.swap.safety / name, self._folder / name
        if not source.is_file() and not place.is_file():
            raise NotFound(
                f"{source} is gone: the database can't be put back from it",
                next_step="Restore the newest backup; or, if the database is well, remove "
                f"{self.swap.path} and run again.",
            )
        if not self._unattended:
            self.control.need_terminal()
        self.control.services("stop")
        if source.is_file():
            self.swap.disk.rename(source, place)
        self._hide_files()
        self.control.drop_database()
        # Its manifest names the release that took it, which was another one.
        outcome = self._ask(name, other_version=True)
        stem = name.removesuffix(".tar.gz")
        self._prove(outcome, [f"git-storage-{stem}", f"configuration/docker.env.{stem}"])
        self._show_files()
        for path in (f"{BACKUPS}/{name}", f"git-storage-{stem}", f"configuration/docker.env.{stem}"):
            self.swap.disk.remove(self.swap.root / path)
        self.control.services("start")
        self.swap.close(self.journal)

    def _hide_files(self) -> None:
        """appsmithctl restores Git's folder and docker.env as well, as they were when the safety was taken."""
        git, env = self.swap.root / "git-storage", self.swap.root / ENV
        if not (self.swap.safety / "git-storage").exists() and git.exists():
            self.swap.disk.rename(git, self.swap.safety / "git-storage")
        git.mkdir(exist_ok=True)
        if not (self.swap.safety / "docker.env").exists():
            self.swap.disk.write(self.swap.safety / "docker.env", env.read_text(encoding="utf-8"))

    def _show_files(self) -> None:
        git, env = self.swap.root / "git-storage", self.swap.root / ENV
        changed = env.with_name(".docker.env.restored")
        self.swap.disk.write(changed, (self.swap.safety / "docker.env").read_text(encoding="utf-8"))
        self.swap.disk.copy_owner(env, changed)
        os.replace(changed, env)
        if (self.swap.safety / "git-storage").exists():
            self.swap.disk.remove(git)
            self.swap.disk.rename(self.swap.safety / "git-storage", git)
