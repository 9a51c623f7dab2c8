# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commits of a branch, and which of them an instance has; private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_fetch import plain

# Nothing that a person can write is before the subject, so that nobody can shift the fields.
LOG_FORMAT = "%H %P%x1f%ct%x1f%aI%x1f%an%x1f%s"


@dataclass(frozen=True)
class Commit:
    id: str
    author: str
    date: str
    subject: str

    def as_result(self) -> dict[str, Any]:
        return {"id": self.id, "author": self.author, "date": self.date, "subject": self.subject}


class History:
    """Commits in topological order, newest first, as far as they were fetched."""

    def __init__(self, log: str, boundary: set[str], branch: str) -> None:
        # What Git, Appsmith and the Git hosts write when this branch is merged into another one.
        self._merged_away = re.compile(rf"Merge (remote-tracking )?branch '(origin/)?{re.escape(branch)}'.* into ")
        self.commits: list[Commit] = []
        self._parents: dict[str, list[str]] = {}
        self._times: dict[str, int] = {}
        for entry in log.split("\0"):
            if not entry.strip():
                continue
            ids, time, date, author, subject = entry.strip("\n").split("\x1f", 4)
            own, *parents = ids.split()
            self._parents[own] = parents
            self._times[own] = int(time)
            # The newest releases of git write Z for what others write +00:00.
            when = datetime.fromisoformat(date).isoformat()
            self.commits.append(Commit(own, plain(author), when, plain(subject)))
        self._boundary = boundary & set(self._parents)
        self._ancestors = self._ancestors_of_all()

    def _ancestors_of_all(self) -> dict[str, int]:
        """For each commit a bit for itself and all before it."""
        found: dict[str, int] = {}
        for number, commit in enumerate(reversed(self.commits)):
            bits = 1 << number
            for parent in self._parents[commit.id]:
                bits |= found.get(parent, 0)
            found[commit.id] = bits
        return found

    def before(self, behind: int) -> tuple[str | None, bool]:
        """The commit of an instance that is so many commits behind; and whether more history can't change that.

        Several may fit where branches were merged; then it is the one of the branch's own line.
        """
        if not self.commits:
            return None, True
        fitting = [commit.id for commit in self.commits if self._newer(commit.id).bit_count() == behind]
        chosen = next((own for own in self._own_line() if own in fitting), None)
        if chosen is None and len(fitting) == 1:
            chosen = fitting[0]
        return chosen, not self._boundary or (chosen is not None and self._is_certain(chosen))

    def _newer(self, own: str) -> int:
        return ((1 << len(self.commits)) - 1) & ~self._ancestors[own]

    def _own_line(self) -> Iterable[str]:
        """Commits that were the branch's tip, newest first: first parents, but for a merge of it into another branch
        to which it was moved forward later."""
        subjects = {commit.id: commit.subject for commit in self.commits}
        own: str | None = self.commits[0].id
        while own in self._parents:
            yield own
            parents = self._parents[own]
            away = len(parents) == 2 and self._merged_away.match(subjects[own])
            own = parents[-1 if away else 0] if parents else None

    def _is_certain(self, own: str) -> bool:
        """What was left out may make some of the newer commits older ones, unless they are all in one line, or newer
        than all that borders on it."""
        newer = [commit.id for commit, mine in self._with_bits() if self._newer(own) & mine]
        if all(len(self._parents[found]) == 1 for found in newer):
            return True
        if self._boundary.intersection(newer):
            return False
        return min(self._times[found] for found in newer) >= max(self._times[found] for found in self._boundary)

    def _with_bits(self) -> Iterable[tuple[Commit, int]]:
        return ((commit, 1 << number) for number, commit in enumerate(reversed(self.commits)))
