# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Git modules share: the applications they work on, the lock's time limit; private to the collection."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitProfileMissing, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

LOCK_TIMEOUT: dict[str, Any] = {"appsmith_git_lock_timeout": {"type": "int", "default": 150}}
APPLICATIONS: dict[str, Any] = {
    "workspace": {"type": "str", "required": True},
    "applications": {"type": "list", "elements": "str", "aliases": ["application"]},
    **LOCK_TIMEOUT,
}
BRANCH: dict[str, Any] = {"branch": {"type": "str"}}
AUTHOR: dict[str, Any] = {
    "author": {
        "type": "dict",
        "options": {"name": {"type": "str", "required": True}, "email": {"type": "str", "required": True}},
    }
}


class GitModule(AppsmithModule):
    """A module that works on Git-connected applications of a workspace."""

    # Whether a refusal for want of an author comes before the work (all but a pull's, observed 4).
    author_comes_first: ClassVar[bool] = True

    def __init__(self, ansible: Any) -> None:
        super().__init__(ansible)
        self._git: Git | None = None

    @property
    def git(self) -> Git:
        if self._git is None:
            limit = float(self.params["appsmith_git_lock_timeout"])
            self._git = Git.of(self.client, self.version, lock_timeout=limit, warn=self.warn)
        return self._git

    def targets(self, *, connected: bool = True) -> list[Target]:
        """The applications meant, at their first branch; without O(connected) also those without a repository."""
        workspace = _workspaces.get(self.client, self.params["workspace"])
        listed = _applications.list_applications(self.client, workspace["id"])
        wanted = self.params["applications"]
        if wanted is None:
            found = [item for item in listed if _applications.git_data(item)]
        else:
            twice = sorted({name for name in wanted if wanted.count(name) > 1})
            if twice:
                raise InvalidInput(f"Given twice: {', '.join(twice)}")
            found = [_applications.pick(listed, name) for name in wanted]
        targets = [Target.read(item, workspace["name"]) for item in found]
        alone = [target.name for target in targets if not target.remote_url]
        if connected and alone:
            raise InvalidInput(
                f"Not connected to a repository: {', '.join(alone)}",
                next_step="Connect them first (stagecraft.appsmith.git_connection).",
            )
        return targets

    def for_each(self, work: Any, *, connected: bool = True) -> None:
        """Run work(target) for every application at O(branch); its outcomes become O(applications) of the result."""

        def one(target: Target) -> dict[str, Any]:
            found = at_branch(self.git, target, self.params.get("branch"))
            try:
                outcome = work(found)
            except GitProfileMissing:
                # Reading the profile saves one for a user who never had any; all else is looked at anew.
                if not self.author_comes_first or not self.git.api.default_profile().email:
                    raise
                outcome = work(found)
            return self.entry(found, outcome)

        self.each(self.targets(connected=connected), one, label=lambda target: target.name, key="applications")

    def entry(self, target: Target, outcome: Outcome) -> dict[str, Any]:
        for text in outcome.warnings:
            self.warn(text)
        return {**target.as_result(), **outcome.as_result()}

    def author(self) -> Author | None:
        given = self.params.get("author")
        return self.read_author(given) if given else None

    @staticmethod
    def read_author(given: dict[str, str]) -> Author:
        if not given["name"].strip() or "@" not in given["email"]:
            raise InvalidInput("The author needs a name and an e-mail address")
        return Author(given["name"].strip(), given["email"].strip())
