# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two branches of a repository have between them; private to the collection.

Several repositories go side by side, and all wait within one time limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import (
    OPEN,
    Branch,
    Forge,
    Request,
    repository_path,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import GitHostError

NONE = "none"
WIDTH = 8
# Seconds: the first pause between two looks, and the longest.
PAUSE, LONGEST_PAUSE = 1.0, 20.0


@dataclass(frozen=True)
class Wanted:
    source: str
    target: str
    state: str = OPEN
    title: str | None = None
    body: str | None = None
    checks: bool = False
    approvals: int = 0
    method: str = "merge"
    delete_source: bool = False
    timeout: float = 600


def carry_out(works: Sequence[Look]) -> None:
    """Bring all to their ends; what goes wrong is in C(error) of each."""
    waiting, pause = list(works), PAUSE
    with ThreadPoolExecutor(max_workers=WIDTH) as pool:
        while waiting:
            list(pool.map(Look.advance, waiting))
            waiting = [work for work in waiting if not work.finished]
            if waiting:
                left = max(work.end for work in waiting) - _wait.now()
                _wait.sleep(max(0.1, min(pause, left)))
                pause = min(pause * 1.5, LONGEST_PAUSE)


class Look:
    """One repository; this class only looks."""

    def __init__(self, forge: Forge, name: str, wanted: Wanted) -> None:
        self.forge, self.name, self.wanted = forge, name, wanted
        self.end = _wait.now() + wanted.timeout
        self.finished = False
        self.error: AppsmithError | None = None
        self.warnings: list[str] = []
        self.before: dict[str, Any] = {"state": NONE}
        self.entry: dict[str, Any] = {
            "repository": name,
            "changed": False,
            "number": None,
            "url": None,
            "state": NONE,
            "source": wanted.source,
            "target": wanted.target,
            "commits": None,
            "head": None,
        }
        self._repository = ""
        self._head = ""

    @property
    def label(self) -> str:
        """Owner and name, or what was given where that is none."""
        return self._repository or self.name

    @property
    def check_mode(self) -> bool:
        return self.forge.http.check_mode

    def advance(self) -> None:
        """Go on as far as can be gone without waiting."""
        try:
            if not self._repository:
                self._repository = repository_path(self.name, self.forge)
            self._go_on()
        except AppsmithError as error:
            error.changed = error.changed or self.entry["changed"]
            self._end(error)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            self._end(
                GitHostError(
                    f"{self.forge.http.url} answered in a shape that is not known ({type(error).__name__}: {error})",
                    next_step="Check forge, and that the Git host is of a supported release.",
                )
            )

    def _end(self, error: AppsmithError | None = None) -> None:
        self.error, self.finished = error, True

    def _go_on(self) -> None:
        target, source = self._branch(self.wanted.target), self._branch(self.wanted.source)
        self._compare(source, target)
        request = self.forge.opened(self._repository, source.name, target.name)
        if request:
            self._look_at(request)
            reviews = self.forge.reviews(self._repository, request)
            self.entry.update(
                mergeable=request.mergeable,
                draft=request.draft,
                blocked=request.blocked,
                checks=self.forge.checks(self._repository, request).as_result(),
                approved_by=reviews.approved,
                refused_by=reviews.refused,
            )
        self._end()

    def _branch(self, name: str) -> Branch:
        found = self.forge.branch(self._repository, name)
        if found is None:
            raise self._missing(name)
        return found

    def _missing(self, name: str) -> NotFound:
        return NotFound(
            f"{self._repository} has no branch '{name}'", next_step="Check source, target, and the repository."
        )

    def _compare(self, source: Branch, target: Branch) -> int:
        self._head = self.entry["head"] = source.sha
        ahead = 0 if source.sha == target.sha else self.forge.ahead(self._repository, target.sha, source.sha)
        if ahead and self.forge.same_content(self._repository, target, source):
            # After a squash the commits differ and the content doesn't: there is nothing to bring.
            ahead = 0
        self.entry["commits"] = ahead
        return ahead

    def _look_at(self, request: Request) -> None:
        self.entry.update(
            number=request.number,
            url=request.url,
            state=request.state,
            title=request.title,
            body=request.body,
            head=self._head or request.head,
        )

    def _called(self, request: Request) -> str:
        return f"{self.forge.noun.capitalize()} {request.number} of {self._repository}"

    @staticmethod
    def _shown(request: Request) -> dict[str, Any]:
        return {"number": request.number, "state": request.state, "title": request.title, "body": request.body}
