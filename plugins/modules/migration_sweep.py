#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: migration_sweep
short_description: Clear what an upgrade left uncommitted on all applications and branches
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - After an upgrade of an instance every Git-connected application is dirty on every branch, though nobody changed
    anything. The instance rewrites files into the new release's format.
  - Looks at all branches that the instance has of all applications. What a migration left is committed and pushed, or
    brought in from the remote and thrown away; each branch is looked at again afterwards.
  - What a person changed is neither committed nor thrown away, and is told.
  - It can be run again at any time. What an earlier run committed and could not push is pushed.
  - With O(git_host) and O(action=commit) the Git host is asked whether the deploy keys may write, before anything is
    committed. In check mode all keys are looked at, so that one that may only read is known before an upgrade. Without
    it such a key is noticed by the push that fails. Its commit stays on the instance, and the next run pushes it.
  - Looks and commits run side by side, discards one at a time, since they would break each other on the server.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._git.author
  - stagecraft.appsmith._git.host
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  workspaces:
    description: Names of the workspaces. Default is all that the user sees.
    type: list
    elements: str
  applications:
    description: Names of the applications. Default is all that are connected to a repository.
    type: list
    elements: str
  branches:
    description:
      - Names of the branches. Default is every branch that the instance has.
      - A branch that is at the remote only has nothing on the instance that could be dirty.
    type: list
    elements: str
  bring_in:
    description:
      - With O(action=commit), branches that are brought in from the remote where the instance does not have them, so
        that they get the new format as well. An application without such a branch is left as it is.
    type: list
    elements: str
    default: []
  action:
    description:
      - V(commit) commits and pushes the migration, on the instance that may write. It refuses a branch that is behind
        the remote, since Appsmith never gets out of a commit that the remote refused.
      - V(discard) fetches and discards, on an instance that is only deployed to. It does so only where the remote has
        new commits, not more than O(incoming), since traces of a migration come back at once as long as the repository
        has the older format.
    type: str
    choices: [commit, discard]
    required: true
  commit_message:
    description: The message of the commits. Needed with O(action=commit).
    type: str
  incoming:
    description:
      - With O(action=discard), how many commits of the remote may be deployed. The sweep of the instance that commits
        makes one on each branch, so more than one holds somebody's work, and is left for a promotion.
      - With O(action=commit), how many may be brought in by a discard before a branch that a migration made dirty is
        committed. After an upgrade that was taken back its own commit is at the remote already. A branch that is
        further behind is refused.
    type: int
    default: 1
  swept:
    description:
      - With O(action=discard), RV(applications) of the run on the instance that commits. Only branches that are clean
        there are discarded here.
    type: list
    elements: dict
  before:
    description:
      - RV(applications) of a run on this instance from before the upgrade (in check mode, for example). A branch that
        had a person's changes then is not touched now, and one that was clean may hold what auto-commit left.
    type: list
    elements: dict
    default: []
  strict:
    description:
      - Whether an application that can't be swept is a failure, such as one whose key may only read, or to whose branch
        others have pushed. If not, it is left as it is, and told.
    type: bool
    default: true
  width:
    description: How many applications are worked on side by side.
    type: int
    default: 4
  ledger_directory:
    description:
      - Folder on the controller that promotions use (see O(stagecraft.appsmith.promotion#module:ledger_directory)).
        With it the sweep and a promotion on the same instance wait for each other.
    type: path
seealso:
  - module: stagecraft.appsmith.git_status_info
  - module: stagecraft.appsmith.promotion
  - module: stagecraft.appsmith.upgrade_path
"""

EXAMPLES = r"""
- name: Give the repositories the new release's format
  stagecraft.appsmith.migration_sweep:
    action: commit
    commit_message: Migrate to v1.91
    bring_in: [master]
  register: staging

- name: Bring it to production
  stagecraft.appsmith.migration_sweep:
    appsmith_url: https://production.example.com
    action: discard
    swept: "{{ staging.applications }}"
  register: production

- name: Show what is still dirty
  ansible.builtin.debug:
    var: production.left
"""

RETURN = r"""
applications:
  description: An entry for each branch of each application.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the application.
      type: str
    id:
      description: Id of the branch's document on the instance.
      type: str
    base_id:
      description: Id of the application's first document.
      type: str
    workspace:
      description: Name of the workspace.
      type: str
    remote_url:
      description: Address of the repository.
      type: str
    branch:
      description: The branch.
      type: str
    before:
      description:
        - V(clean), V(migration) (only what an upgrade leaves) or V(changes) (somebody's work).
        - V(absent) for a branch that would be brought in, and for one that could not be looked at.
      type: str
    after:
      description: The same afterwards. In check mode what it would be.
      type: str
    ahead:
      description: Commits that the remote lacks.
      type: int
    behind:
      description: Commits that the instance lacks.
      type: int
    files:
      description: Files that were uncommitted.
      type: list
      elements: str
    protected:
      description: Whether the branch is protected on this instance, as far as that was looked at.
      type: bool
    brought_in:
      description: Whether the branch was brought in from the remote, or would be.
      type: bool
    action:
      description:
        - V(none), V(committed), V(pushed) (commits of an earlier run), V(discarded) or V(left).
      type: str
    commit:
      description: The message of the commit that was made.
      type: str
    reason:
      description: Why it was left, or what else is to be known.
      type: str
    changed:
      description: Whether this branch was changed, or would be.
      type: bool
    warnings:
      description: What the server said differently from what was found.
      type: list
      elements: str
    failed:
      description: Whether it failed.
      type: bool
    msg:
      description: Why it failed.
      type: str
    error:
      description: The error's parts (C(title), C(code), C(http_status), C(message), C(next_step), C(details)).
      type: dict
summary:
  description: How many branches there are of each RV(applications[].action), and RV(summary.failed).
  returned: always
  type: dict
  contains:
    none:
      description: Branches on which nothing was to be done.
      type: int
    committed:
      description: Branches whose migration was committed and pushed.
      type: int
    pushed:
      description: Branches whose commits of an earlier run were pushed.
      type: int
    discarded:
      description: Branches whose migration was brought in and thrown away.
      type: int
    left:
      description: Branches that were left as they are.
      type: int
    failed:
      description: Branches that failed.
      type: int
left:
  description: A sentence for each branch that is not clean at the end.
  returned: always
  type: list
  elements: str
  sample: ["'orders' at staging: somebody's uncommitted changes are left as they are: pages/Orders/Orders.json"]
"""

from collections import Counter
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GIT_HOST_OPTIONS, GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import AUTHOR, LOCK_TIMEOUT, GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_lock import InstanceLock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_select import Selection
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep import Sweep
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep_checks import check_author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep_entry import (
    CLEAN,
    COMMIT,
    COMMITTED,
    DISCARD,
    DISCARDED,
    LEFT,
    NOTHING,
    PUSHED,
    Entry,
    Options,
)


class MigrationSweep(GitModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **LOCK_TIMEOUT,
        **AUTHOR,
        "git_host": GIT_HOST_OPTIONS,
        "workspaces": {"type": "list", "elements": "str"},
        "applications": {"type": "list", "elements": "str"},
        "branches": {"type": "list", "elements": "str"},
        "bring_in": {"type": "list", "elements": "str", "default": []},
        "action": {"type": "str", "choices": [COMMIT, DISCARD], "required": True},
        "commit_message": {"type": "str"},
        "incoming": {"type": "int", "default": 1},
        "swept": {"type": "list", "elements": "dict"},
        "before": {"type": "list", "elements": "dict", "default": []},
        "strict": {"type": "bool", "default": True},
        "width": {"type": "int", "default": 4},
        "ledger_directory": {"type": "path"},
    }
    required_if = [("action", COMMIT, ["commit_message"])]

    def run(self) -> None:
        self.result.update(applications=[], left=[], summary={})
        lock = InstanceLock(self.client.url, self.params["ledger_directory"], warn=self.warn)
        options = self.options(lock)
        selection = Selection(self.client, self.params["workspaces"], width=options.width)
        targets = selection.pick(self.params["applications"], None)
        if options.action == COMMIT and targets:
            check_author(self.git, options)
        try:
            self.report(Sweep(self.git, options).run(targets))
        finally:
            lock.give_up()

    def options(self, lock: InstanceLock) -> Options:
        params = self.params
        action = params["action"]
        if action == COMMIT and not params["commit_message"].strip():
            # The server would commit under a message of its own.
            raise InvalidInput("The commits need a message")
        if action == DISCARD and params["bring_in"]:
            raise InvalidInput("bring_in is for action: commit; a discard has nothing to do on a new branch")
        if params["width"] < 1 or params["incoming"] < 1:
            raise InvalidInput("width and incoming are at least 1")
        return Options(
            action=action,
            message=params["commit_message"] or "",
            author=self.author(),
            branches=None if params["branches"] is None else tuple(params["branches"]),
            bring_in=tuple(dict.fromkeys(params["bring_in"])),
            incoming=params["incoming"],
            before=tuple(params["before"]),
            swept=None if params["swept"] is None else tuple(params["swept"]),
            strict=params["strict"],
            width=params["width"],
            check_mode=self.check_mode,
            host=(lambda: GitHost(params["git_host"], check_mode=self.check_mode)) if params["git_host"] else None,
            lock=lambda: lock,
        )

    def report(self, entries: list[Entry]) -> None:
        message = self.params["commit_message"] or ""
        self.result["applications"] = [entry.as_result(message) for entry in entries]
        counts = Counter("failed" if entry.error else entry.action for entry in entries)
        self.result["summary"] = {key: counts[key] for key in (NOTHING, COMMITTED, PUSHED, DISCARDED, LEFT, "failed")}
        self.result["left"] = [
            f"{entry.label}: {entry.reason}" for entry in entries if entry.after != CLEAN or entry.action == LEFT
        ]
        for entry in entries:
            self.changed(entry.changed)
            for text in entry.warnings:
                self.warn(text)
            if entry.changed and entry.files:
                self.diff({"uncommitted": list(entry.files)}, {"uncommitted": []}, entry.label)
        failures = [(entry.label, entry.error) for entry in entries if entry.error is not None]
        if len(failures) == 1:
            raise failures[0][1]
        if failures:
            # The same for all, such as an instance that has gone, is said once.
            told = list(dict.fromkeys(str(error) for _label, error in failures))
            raise AppsmithError(
                f"{len(failures)} of {len(entries)} branches failed: {' | '.join(told)}",
                details=[{"name": label, **error.as_dict()} for label, error in failures],
            )


def main() -> None:
    MigrationSweep.main()


if __name__ == "__main__":
    main()
