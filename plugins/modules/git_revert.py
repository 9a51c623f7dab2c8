#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_revert
short_description: Bring applications back to an earlier promotion
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Makes one new commit on top of the branch that this instance shows, with the content of an earlier commit, pushes
    it, deploys it as M(stagecraft.appsmith.promotion) does, and proves that this is what is published.
  - No history is rewritten. What is taken back stays in the repository, and can be brought forth again in the same way.
  - Before the repository is touched the way is looked at as a whole. The earlier commit must be in the branch's history
    and hold an Appsmith application of a format that this release knows, the key must be one that may write, and the
    gates of a promotion must be open.
  - If somebody pushes at the same time, this module's push is refused, and says so.
  - Which applications are meant must be said, by O(applications) or O(repositories).
  - A second run changes nothing. One that was broken off after the push is finished by the next one.
  - All instances that show the branch get the commit with their next promotion.
  - The way back doesn't reach beyond applications. Data of the databases stays as it is, and so do the credentials on
    the instance.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git
  - stagecraft.appsmith._promotion
  - stagecraft.appsmith._promotion_gates
  - stagecraft.appsmith._promotion.deploying
  - stagecraft.appsmith._repository.author
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  to:
    description:
      - What to go back to. A commit (seven digits of its hash at least) or a tag of the branch's history.
      - V(previous) is what this instance showed before its last promotion, by the record that was left of it, the tags
        in the repository first and the ledger (O(ledger_directory)) second. It must have been deployed, and its smoke
        tests must not have failed.
    type: str
    default: previous
  deploy:
    description: Whether to deploy the new commit. Otherwise it is only pushed, and the gates are not asked.
    type: bool
    default: true
  commit_message:
    description: Message of the new commit. Default names what it goes back to.
    type: str
requirements:
  - C(git), C(ssh) and the Python library C(GitPython) where the module runs
notes:
  - The module itself reads and writes the repositories by SSH, with O(git_ssh_key_file), which must be a key that may
    write. The instance's own deploy key may be one that only reads.
  - The branch that the commits came from still has what was taken back. A later merge of it takes the way back for a
    change of production's and leaves away what was taken back, but for what is changed once more.
    M(stagecraft.appsmith.repository_merge) minds that, and prepares merges of Appsmith or a Git host for it
    (O(stagecraft.appsmith.repository_merge#module:way_back)).
seealso:
  - module: stagecraft.appsmith.promotion
  - module: stagecraft.appsmith.promotion_history_info
  - module: stagecraft.appsmith.repository_merge
"""

EXAMPLES = r"""
- name: Bring an application back to what production showed before the last promotion
  stagecraft.appsmith.git_revert:
    workspaces: [Operations]
    applications: [orders]
    git_ssh_key_file: ~/.ssh/write_repositories
    ledger_directory: ~/.local/state/stagecraft.appsmith

- name: Bring two applications back to a named state
  stagecraft.appsmith.git_revert:
    workspaces: [Operations]
    applications: [orders, support-desk]
    to: release/2026-11
    commit_message: Back to November's release, see incident 4711
    author_name: Release Manager
    author_email: release@example.com
    git_ssh_key_file: ~/.ssh/write_repositories
"""

RETURN = r"""
applications:
  description:
    - An entry for each application, with all that M(stagecraft.appsmith.promotion) returns, and what is named here.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the application.
      type: str
    state:
      description:
        - As of a promotion. With O(deploy=false), V(pushed) or V(current) (the branch has that content already).
      type: str
    changed:
      description: Whether something was pushed or deployed, or would be.
      type: bool
    reverted_to:
      description: The commit whose content the branch has now.
      type: str
    reverted_to_tag:
      description: The promotion's tag by which it was found, if it was.
      type: str
    revert_commit:
      description: The new commit. V(null) in check mode, and where none was needed.
      type: str
    tip_before:
      description: The branch's commit before.
      type: str
    undone:
      description: The commits that were taken back, newest first, a hundred at most.
      type: list
      elements: dict
    files:
      description: The files that the branch has differently now (C(added), C(changed), C(removed)).
      type: dict
    pushed:
      description: Whether a commit was pushed, or would be.
      type: bool
    failed:
      description: Whether it failed.
      type: bool
    msg:
      description: Why.
      type: str
    error:
      description: The error's parts.
      type: dict
summary:
  description: How many applications there are, by what happened to them.
  returned: always
  type: dict
tests:
  description: Results of the smoke tests, as of M(stagecraft.appsmith.promotion).
  returned: when something is deployed
  type: list
  elements: dict
waves:
  description: The waves, as of M(stagecraft.appsmith.promotion).
  returned: when something is deployed
  type: list
  elements: dict
records:
  description: What was recorded.
  returned: when something was deployed, refused or failed
  type: list
  elements: dict
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion import Promotion
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import DEPLOYED, Item
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_look import Options
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_module import (
    DEPLOYING,
    PROMOTION,
    PromotingModule,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_select import Selection
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_module import (
    AUTHOR,
    access_of,
    author_of,
    side_by_side,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import HAS_GITPYTHON
from ansible_collections.stagecraft.appsmith.plugins.module_utils._revert import (
    PREVIOUS,
    LookAgain,
    LookAhead,
    Returning,
    Way,
    Wish,
    key_of,
    ways,
)


class GitRevert(PromotingModule):
    argument_spec = {
        **PROMOTION,
        **DEPLOYING,
        **AUTHOR,
        "to": {"type": "str", "default": PREVIOUS},
        "deploy": {"type": "bool", "default": True},
        "commit_message": {"type": "str"},
    }
    # Nobody takes back everything by leaving something out.
    required_one_of = [("applications", "repositories")]

    def run(self) -> None:
        self.began = datetime.now(UTC)
        self.result.update(applications=[], summary={})
        author = author_of(self.params)
        options = replace(self.options(self.check_mode), must_read=True)
        selection = Selection(self.client, self.params["workspaces"], width=self.params["width"])
        targets = selection.pick(self.params["applications"], self.params["repositories"])
        self._check_tests(options, selection)
        self.ways = ways(targets, self.params["branch"])
        ledger = self.params["ledger_directory"]
        wish = Wish(
            to=self.params["to"],
            instance=self.client.url,
            author=author,
            access=self.access(),
            ledger=Ledger(ledger) if ledger else None,
            message=self.params["commit_message"],
            scan_secrets=options.gates.scan_secrets,
        )
        try:
            self._for_all(lambda way: way.prepare(wish))
            if self.params["deploy"]:
                self._go_back(targets, options)
            else:
                self._only_push(targets)
        finally:
            for way in self.ways.values():
                way.close()

    def access(self) -> Access:
        if self.params["read_repositories"] is False:
            raise InvalidInput(
                "Without the repositories there is no way back", next_step="Leave read_repositories out."
            )
        self.require(HAS_GITPYTHON, "GitPython")
        return access_of(self.params)

    def _for_all(self, work: Callable[[Way], None]) -> None:
        done = side_by_side(list(self.ways), lambda key: work(self.ways[key]), self.params["width"])
        for future in done.values():
            future.result()

    def way(self, target: Target) -> Way:
        return self.ways[key_of(target.remote_url or "", self.params["branch"] or target.branch or "")]

    # -- with the instance ------------------------------------------------------------------------------------------
    def _go_back(self, targets: list[Target], options: Options) -> None:
        """The gates see the commit before it is pushed; afterwards it is promoted like any other."""
        promotion: Promotion | None = None
        if any(way.due for way in self.ways.values()):
            promotion = self._look_ahead(targets, options)
            if not self.check_mode:
                promotion.close()
                self._push(promotion)
                promotion = None
        self.deploy(promotion or self._look(targets, options), kind="revert")

    def _look_ahead(self, targets: list[Target], options: Options) -> Promotion:
        """The plan, as if the commits were there."""
        assumed = tuple(way.remote_url for way in self.ways.values() if way.due)
        blind = replace(options, access=None, assume_behind=(*options.assume_behind, *assumed))
        return self._surveyed(Returning(self.git, targets, blind, LookAhead(blind, self.way)))

    def _look(self, targets: list[Target], options: Options) -> Promotion:
        """What a promotion has to do now."""
        look = LookAgain(options, self.way)
        return self._surveyed(Returning(self.git, targets, options, look))

    @staticmethod
    def _surveyed(promotion: Promotion) -> Promotion:
        try:
            promotion.survey()
        except BaseException:
            promotion.close()
            raise
        return promotion

    def _push(self, promotion: Promotion) -> None:
        """Each branch whose applications are all allowed to; a refused one's error is that of its branch."""
        for item in promotion.items:
            way = self.way(item.target)
            way.error = way.error or item.error
        if not (self.params["stop_on_error"] and promotion.failed):
            self._for_all(Way.push)

    def report(self, promotion: Promotion, *, info: bool = False) -> None:
        super().report(promotion, info=info)
        results = self.result["applications"]
        for item, entry in zip(promotion.items, results, strict=True):
            way = self.way(item.target)
            entry.update(way.as_result(check_mode=self.check_mode))
            entry["changed"] = entry["changed"] or way.pushed
            if self.check_mode and way.due:
                # The run itself makes another one.
                entry["commit_after"] = None
                entry["behind"] += 1
            for text in self._words(item, way):
                entry["warnings"].append(text)
                self.warn(text)
        self.result["summary"]["changed"] = sum(entry["changed"] for entry in results)
        self.changed(any(entry["changed"] for entry in results))

    @staticmethod
    def _words(item: Item, way: Way) -> list[str]:
        texts = list(way.written.warnings) if way.written else []
        if way.written and item.state == DEPLOYED and item.commit_after not in (None, "", way.written.after):
            texts.append(
                f"'{item.target.name}': somebody pushed after it went back; commit {str(item.commit_after)[:10]} is "
                "what is deployed"
            )
        return texts

    # -- without it -------------------------------------------------------------------------------------------------
    def _only_push(self, targets: list[Target]) -> None:
        if not self.check_mode:
            self._for_all(Way.push)
        for target in targets:
            way = self.way(target)
            entry = self._entry(target, way)
            self.result["applications"].append(entry)
            self.changed(entry["changed"])
            if way.written and way.due:
                self.diff(
                    {"commit": way.written.before},
                    {"content_of": way.commit, "undone": entry["undone"], "files": entry["files"]},
                    f"{target.workspace}/{target.name} {way.branch}",
                )
        entries = self.result["applications"]
        states = Counter(entry["state"] for entry in entries)
        changed = sum(entry["changed"] for entry in entries)
        failed = [entry for entry in entries if entry["failed"]]
        self.result["summary"] = {"total": len(entries), "changed": changed, "failed": len(failed), **states}
        if failed:
            raise AppsmithError(
                f"{len(failed)} of {len(entries)} applications did not go back. First: {failed[0]['msg']}",
                details=[{"name": entry["name"], **(entry["error"] or {})} for entry in failed],
            )

    def _entry(self, target: Target, way: Way) -> dict[str, Any]:
        error, found = way.error, way.as_result(check_mode=self.check_mode)
        for text in way.written.warnings if way.written else ():
            self.warn(text)
        return {
            **target.as_result(),
            "workspace": target.workspace,
            "repository": target.remote_url,
            "branch": way.branch,
            "state": "failed" if error else "pushed" if found["pushed"] else "current",
            "changed": bool(found["pushed"]),
            "failed": error is not None,
            "msg": str(error) if error else "",
            "error": error.as_dict() if error else None,
            "warnings": list(way.written.warnings) if way.written else [],
            **found,
        }


def main() -> None:
    GitRevert.main()


if __name__ == "__main__":
    main()
