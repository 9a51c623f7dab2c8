# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change what is in an instance's folder for what is in a backup, and back; private to the collection.

All happens by renames within the folder (it may be a mount point: then only its children can be moved), and a journal
is written before. Killed at any step, the next run knows what is whose: what was there lies either in its place or in
C(before), never in neither, and nothing is written over or removed before somebody confirmed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import (
    CLOSING,
    CONFIRMING,
    DATABASE,
    PLACED,
    RESTORED,
    SWAPPING,
    UNDOING,
    UNPACKING,
    Disk,
    Journal,
)

FOLDER = ".stagecraft-restore"
JOURNAL = "state.json"
# What stays in its place: archives of appsmithctl, and logs, which tell what happened.
_OWN = ".stagecraft"
_KEPT = ("logs", "lost+found")
_KEPT_DATA = ("backup", "restore")
_MOUNTS = Path("/proc/self/mountinfo")


def parts(root: Path, scope: Sequence[str] = ()) -> list[str]:
    """What can be moved of a folder such as /appsmith-stacks: its members, and those of C(data)."""
    found: list[str] = []
    for name in sorted(os.listdir(root)) if root.is_dir() else []:
        if name == "data" and (root / name).is_dir() and not (root / name).is_symlink():
            found += [f"data/{inner}" for inner in sorted(os.listdir(root / name)) if inner not in _KEPT_DATA]
        elif name not in _KEPT and not name.startswith(_OWN):
            found.append(name)
    return [path for path in found if not scope or path in scope]


def mounts_within(root: Path) -> set[str]:
    """Paths below a folder at which something is mounted; such can't be renamed."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    places = (re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4]) for line in lines)
    prefix = f"{root.resolve()}/"
    return {place.removeprefix(prefix) for place in places if place.startswith(prefix)}


class Swap:
    """The journal of an instance's folder, and what can be done to it."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root
        self.disk = disk or Disk()
        self.folder = root / FOLDER
        self.new = self.folder / "new"
        self.before = self.folder / "before"
        self.failed = self.folder / "failed"
        self.stray = self.folder / "stray"
        self.kept = self.folder / "kept"
        self.safety = self.folder / "safety"
        # The archive of appsmithctl, until it is where appsmithctl looks for it.
        self.vendor = self.folder / "vendor"
        self.path = self.folder / JOURNAL

    # -- looking ------------------------------------------------------------------------------------------------------
    def journal(self) -> Journal | None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return Journal.parse(text, self.path)

    def refuse_immovable(self, scope: Sequence[str] = ()) -> None:
        """Before anything is touched: what can't be renamed can't be set aside."""
        mounted = mounts_within(self.root)
        device = self.root.stat().st_dev
        own = [path for path in ("data", FOLDER) if path in mounted or self._elsewhere(path, device)]
        if (self.root / "data").is_symlink():
            own.append("data")
        stuck = own or [path for path in parts(self.root, scope) if path in mounted or self._elsewhere(path, device)]
        if stuck:
            raise InvalidInput(
                f"{', '.join(stuck)} in {self.root} can't be set aside: another file system is mounted there",
                next_step="Mount /appsmith-stacks as a whole, or restore by hand; nothing was touched.",
            )

    def _elsewhere(self, path: str, device: int) -> bool:
        place = self.root / path
        if path in ("data", FOLDER):
            return place.exists() and place.stat().st_dev != device
        return os.path.lexists(place) and place.lstat().st_dev != device

    # -- forward ------------------------------------------------------------------------------------------------------
    def begin(self, journal: Journal, *, goes_on: bool = False) -> Path:
        """The folder to unpack into; C(goes_on): after one that was broken off, whose content is kept."""
        if parts(self.before):
            raise ProofFailed(
                f"{self.before} holds what an earlier restore set aside, and its journal is gone",
                next_step="Look at it and move it away: it may be the only copy of the instance's data.",
            )
        if not self.folder.is_dir():
            self.disk.mkdir(self.folder)
        for rest in (self.new, self.failed, self.before, self.vendor):
            self.disk.remove(rest)
        if not journal.safety:
            self.disk.remove(self.safety)
        journal.old = [] if goes_on else [path.name for path in self._apart()]
        journal.state = UNPACKING
        self.save(journal)
        self.disk.mkdir(self.new)
        return self.new

    def save(self, journal: Journal) -> None:
        self.disk.write(self.path, journal.text())

    def place(self, journal: Journal, scope: Iterable[str] = ()) -> None:
        """What was unpacked comes to its place, what is there goes to C(before)."""
        journal.scope = list(scope)
        journal.out = parts(self.root, journal.scope)
        journal.into = parts(self.new, journal.scope)
        if any(path.startswith("data/") for path in journal.into) and not (self.root / "data").is_dir():
            journal.made.append("data")
        # The new content has to be there for good before the old one goes.
        self.disk.flush()
        journal.state = SWAPPING
        self.save(journal)
        try:
            if not self.before.is_dir():
                self.disk.mkdir(self.before)
            self._move(journal, self.before, self.new)
        except OSError as error:
            self.undo(journal)
            raise AppsmithError(
                f"What is in {self.root} could not be set aside: {error}",
                next_step="All is where it was before; remove the cause and run again.",
            ) from error
        journal.state = PLACED
        self.save(journal)

    def _move(self, journal: Journal, away: Path, source: Path) -> None:
        """Bring C(out) away and C(into) here, as far as that was not done already."""
        out, into = set(journal.out), set(journal.into)
        for path in parts(self.root, journal.scope):
            if path in out and not os.path.lexists(away / path):
                self._rename(path, self.root, away)
            elif path in into and not os.path.lexists(source / path):
                continue
            else:
                # Somebody started the instance on what an interrupted run had left.
                self._rename(path, self.root, self._free(self.stray, path))
        for path in journal.into:
            if os.path.lexists(source / path):
                self._rename(path, source, self.root)

    def _rename(self, path: str, source: Path, target: Path) -> None:
        if not target.is_dir():
            self.disk.mkdir(target)
        place = target / path
        if not place.parent.is_dir():
            self.disk.mkdir(place.parent, like=(source / path).parent)
        self.disk.rename(source / path, place)

    def _free(self, folder: Path, path: str) -> Path:
        number = 1
        while os.path.lexists(folder / str(number) / path):
            number += 1
        if not folder.is_dir():
            self.disk.mkdir(folder)
        return folder / str(number)

    # -- back, and done -----------------------------------------------------------------------------------------------
    def recover(self) -> Journal | None:
        """Finish what a killed run had begun; what is left (if not None) is a state to go on from."""
        journal = self.journal()
        if journal is None:
            self.disk.remove_empty(self.folder)
            return None
        if journal.state in (UNPACKING, SWAPPING, UNDOING, CLOSING):
            return self.undo(journal)
        if journal.state == CONFIRMING:
            self._end_confirm(journal)
            return None
        return journal

    def undo(self, journal: Journal, *, keep: bool = False) -> Journal | None:
        """What was there is there again. None when all is done; else the journal of a database that waits."""
        if journal.state == CONFIRMING:
            raise ProofFailed(
                "The restore was confirmed already: there is nothing to take it back to",
                next_step="Run again with state: confirmed, which finishes it.",
            )
        if journal.state == DATABASE:
            return journal
        if journal.state in (UNPACKING, CLOSING):
            self._tidy(journal)
            if journal.state == UNPACKING and journal.emptied:
                return self._leave_to_database(journal)
            self.close(journal)
            return None
        if journal.state != UNDOING:
            # Of what is live, what did not move yet is the old: it stays.
            stays = [path for path in journal.out if not os.path.lexists(self.before / path)]
            self.disk.remove(self.failed)
            journal.out = [path for path in parts(self.root, journal.scope) if path not in stays]
            journal.into = [*parts(self.before), *stays]
            journal.keep = keep and journal.state in (PLACED, RESTORED)
            journal.state = UNDOING
            self.save(journal)
        self._move(journal, self.failed, self.before)
        self._tidy(journal)
        if journal.emptied:
            return self._leave_to_database(journal)
        self.close(journal)
        return None

    def _leave_to_database(self, journal: Journal) -> Journal:
        journal.state = DATABASE
        self.save(journal)
        return journal

    def confirm(self, journal: Journal, *, keep: bool) -> None:
        """What was there before is given up, or kept apart until the next restore."""
        journal.keep = keep
        journal.state = CONFIRMING
        self.save(journal)
        self._end_confirm(journal)

    def _end_confirm(self, journal: Journal) -> None:
        for path in journal.extra:
            self.disk.remove(self.root / path)
        self.disk.flush()
        for name in journal.old:
            self.disk.remove(self.folder / name)
        if not journal.keep:
            for rest in (self.before, self.safety, *self._apart()):
                self.disk.remove(rest)
        elif self.before.exists():
            self.disk.remove(self.kept)
            self.disk.rename(self.before, self.kept)
        self._clear()

    def close(self, journal: Journal) -> None:
        """The end of an undoing, when all is as it was before."""
        left = parts(self.before)
        if left:
            raise ProofFailed(
                f"{', '.join(left)} in {self.before} could not be put back",
                next_step=f"Look why not; it is what was in {self.root} before the restore.",
            )
        if journal.state != CLOSING:
            # From here on what is live is the old, whatever is missing elsewhere.
            journal.state = CLOSING
            self.save(journal)
        if journal.keep and self.failed.exists():
            self.disk.rename(self.failed, self._next_after())
        self.disk.remove(self.before)
        self.disk.remove(self.safety)
        self._clear()

    def _tidy(self, journal: Journal) -> None:
        for path in journal.extra:
            self.disk.remove(self.root / path)
        for path in reversed(journal.made):
            self.disk.remove_empty(self.root / path)

    def _next_after(self) -> Path:
        number = 1
        while (self.folder / f"after-{number}").exists():
            number += 1
        return self.folder / f"after-{number}"

    def _clear(self) -> None:
        for rest in (self.failed, self.new, self.vendor):
            self.disk.remove(rest)
        self.disk.unlink(self.path)
        self.disk.remove_empty(self.folder)

    def _apart(self) -> list[Path]:
        return [path for path in (self.stray, *sorted(self.folder.glob("after-*"))) if path.exists()]

    def left_over(self) -> list[str]:
        """Folders that hold what somebody may still want."""
        return [str(path) for path in (self.kept, *self._apart()) if path.exists()]
