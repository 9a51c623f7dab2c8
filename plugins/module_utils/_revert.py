# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back of an application: what its branch goes back to, and what that would change; private to the collection.

All is prepared in a folder of our own, so that the gates see it before the repository does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion import Promotion
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import Facts, facts_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_history import (
    Entry,
    Wanted,
    before_last,
    history,
    tags_of,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import FULL, Item
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_look import Look, Options
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_record import tag_prefix
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access, Repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_fetch import Copy
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import Clone, Written, open_clone

PREVIOUS = "previous"
WayOf = Callable[[Target], "Way"]


@dataclass(frozen=True)
class Wish:
    """What is wanted of all applications."""

    to: str
    instance: str
    author: Author
    access: Access
    ledger: Ledger | None = None
    message: str | None = None
    scan_secrets: bool = False


@dataclass
class Way:
    """One branch of one repository on its way back; several applications of an instance may show it."""

    remote_url: str
    branch: str
    # The commit whose content it gets, and how that was found.
    commit: str = ""
    found: Entry | None = None
    written: Written | None = None
    # As the repository would be; None where nothing is to be written.
    facts: Facts | None = None
    error: AppsmithError | None = None
    pushed: bool = False
    _wish: Wish | None = None
    _clone: Clone | None = field(default=None, repr=False)
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def due(self) -> bool:
        """Whether a commit is to be made."""
        return self.error is None and self.written is not None and self.written.changed

    def prepare(self, wish: Wish) -> None:
        """Make the commit in a folder of our own, and see that it is an application and that the key may push it."""
        self._wish = wish
        try:
            clone = self._open(wish)
            self.commit = self._find(clone, wish)
            self.written = clone.going_back(self.branch, self.commit, self._message(wish), wish.author)
            if self.written.changed:
                clone.bring(self.written, dry_run=True)
                self.facts = self.facts_from(0)
        except AppsmithError as error:
            self.error = error

    def _open(self, wish: Wish) -> Clone:
        refs = [f"refs/heads/{self.branch}"]
        if wish.to == PREVIOUS:
            refs.append(f"refs/tags/{tag_prefix(wish.instance, self.branch)}*")
        self._clone = self._stack.enter_context(open_clone(self.remote_url, wish.access, *refs))
        return self._clone

    def _find(self, clone: Clone, wish: Wish) -> str:
        if wish.to != PREVIOUS:
            return clone.find(wish.to, self.branch)
        mine = Wanted(instances=(wish.instance,), repositories=(self.remote_url,), branches=(self.branch,))
        entries = history(wish.ledger, tags_of(clone, self.remote_url), mine)
        self.found = before_last(entries, f"{self.branch} of {self.remote_url} on {wish.instance}")
        return clone.find(str(self.found["commit_after"]), self.branch)

    def _message(self, wish: Wish) -> str:
        if wish.message:
            return wish.message
        when = f" (promoted {self.found['ended']})" if self.found and self.found.get("ended") else ""
        return f"Go back to {self.commit[:10]}{when}"

    def facts_from(self, behind: int) -> Facts:
        """The repository with the commit, as an instance sees it that is so many commits behind without it."""
        if self._clone is None or self.written is None or self._wish is None:
            raise AssertionError("the commit is made first")
        self._clone.have(self.written.before, self.written.after)
        repository = Repository(Prepared(self._clone, self, self._wish.access), behind + 1)
        return facts_of(repository, behind=behind + 1, scan_secrets=self._wish.scan_secrets)

    def push(self) -> None:
        """Bring it to the repository; the error is the way's own."""
        if not self.due:
            return
        if self._clone is None or self.written is None:
            raise AssertionError("the commit is made first")
        try:
            self._clone.bring(self.written)
            self.pushed = True
        except AppsmithError as error:
            self.error, self.pushed = error, error.changed

    def close(self) -> None:
        self._stack.close()

    def as_result(self, *, check_mode: bool) -> dict[str, Any]:
        written = self.written
        return {
            "reverted_to": self.commit or None,
            "reverted_to_tag": self.found.get("tag") if self.found else None,
            # In check mode another run makes another one.
            "revert_commit": written.after if written and written.changed and not check_mode and self.pushed else None,
            "tip_before": written.before if written else None,
            "undone": [commit.as_result() for commit in written.commits] if written else [],
            "files": written.files.as_result() if written else None,
            "pushed": self.pushed or (check_mode and self.due),
        }


class Prepared(Copy):
    """The clone as the reading side knows one, at the commit that was made in it; its files are all at hand."""

    def __init__(self, clone: Clone, way: Way, access: Access) -> None:
        if way.written is None:
            raise AssertionError("the commit is made first")
        self._folder, self._url, self._branch, self._depth = Path(clone.repo.git_dir), way.remote_url, way.branch, 0
        self._access = access
        self._missing, self._looked = set(), set()
        self.filtered = False
        self.repo = clone.repo
        self.tip = way.written.after


class LookAhead(Look):
    """An application as if the commit of its way were in the repository already."""

    def __init__(self, options: Options, way: WayOf) -> None:
        super().__init__(options)
        self.way = way

    def __call__(self, git: Git, item: Item) -> None:
        way = self.way(item.target)
        if way.error:
            raise way.error
        self._say(item, way, 0)
        super().__call__(git, item)
        # The look thought that nothing was new, and blanked these.
        self._say(item, way, item.behind)

    @staticmethod
    def _say(item: Item, way: Way, behind: int) -> None:
        if way.due and way.facts:
            item.facts = way.facts_from(behind) if behind else replace(way.facts)
            item.plan = FULL
            changes = item.facts.changes
            item.changes = None if changes is None else changes.as_result()


class LookAgain(LookAhead):
    """An application when its way has been gone, or wasn't."""

    def __call__(self, git: Git, item: Item) -> None:
        way = self.way(item.target)
        if way.error:
            raise way.error
        Look.__call__(self, git, item)
        if way.due and not way.pushed:
            item.hold("held: not gone back, since another application failed before it")


class Returning(Promotion):
    """A promotion that looks in one of these ways."""

    def __init__(self, git: Git, targets: list[Target], options: Options, look: Look) -> None:
        super().__init__(git, targets, options)
        self._look = look


def key_of(remote_url: str, branch: str) -> tuple[Any, str]:
    """Equal for all that show the same branch of the same repository."""
    try:
        return parse(remote_url).identity, branch
    except AppsmithError:
        return remote_url, branch


def ways(targets: list[Target], branch: str | None) -> dict[tuple[Any, str], Way]:
    """One for each branch that is meant."""
    found: dict[tuple[Any, str], Way] = {}
    for target in targets:
        own = branch or target.branch
        if not target.remote_url or not own:
            raise InvalidInput(f"'{target.name}' has no repository or no branch", next_step="Connect it first.")
        found.setdefault(key_of(target.remote_url, own), Way(target.remote_url, own))
    return found
