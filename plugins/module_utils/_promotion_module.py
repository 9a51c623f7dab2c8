# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules promotion and promotion_info share; private to the collection."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _repository, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import LOCK_TIMEOUT, GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion import Options, Promotion
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_gates import Gates
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse, same_repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

PROMOTION: dict[str, Any] = {
    **LOCK_TIMEOUT,
    "workspaces": {"type": "list", "elements": "str", "required": True, "aliases": ["workspace"]},
    "applications": {"type": "list", "elements": "str", "aliases": ["application"]},
    "repositories": {"type": "list", "elements": "str"},
    "branch": {"type": "str"},
    "strategy": {"type": "str", "choices": ["discard", "pull"], "default": "discard"},
    "drift": {"type": "str", "choices": ["fail", "discard"], "default": "fail"},
    "skew": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    "source_version": {"type": "str"},
    "unconfigured": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    "verify": {"type": "str", "choices": ["fetch", "status", "content"], "default": "status"},
    "assume_behind": {"type": "list", "elements": "str"},
    "width": {"type": "int", "default": 4},
    "read_repositories": {"type": "bool"},
    "git_ssh_key_file": {"type": "path", "no_log": False},
    "git_known_hosts_file": {"type": "path"},
    "git_accept_new_host_key": {"type": "bool", "default": False, "no_log": False},
}


class PromotingModule(GitModule):
    """Selection, plan and report."""

    def plan(self, *, stop_on_error: bool = False) -> Promotion:
        self.result.update(applications=[], summary={})
        options = self.options(stop_on_error)
        promotion = Promotion(self.git, self.selected(), options)
        promotion.survey()
        promotion.judge()
        return promotion

    def options(self, stop_on_error: bool) -> Options:
        if not 1 <= self.params["width"] <= 32:
            raise InvalidInput("width must be 1 to 32")
        source = self.params["source_version"]
        gates = Gates(
            target_version=self.version,
            source_version=Version.parse(source) if source else None,
            drift=self.params["drift"],
            skew=self.params["skew"],
            unconfigured=self.params["unconfigured"],
        )
        return Options(
            gates,
            branch=self.params["branch"],
            strategy=self.params["strategy"],
            verify=self.params["verify"],
            width=self.params["width"],
            stop_on_error=stop_on_error,
            assume_behind=frozenset(self.params["assume_behind"] or ()) if self.check_mode else frozenset(),
            access=self.access(),
        )

    def access(self) -> _repository.Access | None:
        wanted = self.params["read_repositories"]
        if wanted is False or (wanted is None and not self.params["git_ssh_key_file"]):
            return None
        self.require(_repository.HAS_GITPYTHON, "GitPython")
        access = _repository.Access(
            self.params["git_ssh_key_file"], self.params["git_known_hosts_file"], self.params["git_accept_new_host_key"]
        )
        # An unreadable key file is told before anything else is done.
        access.environment()
        return access

    def selected(self) -> list[Target]:
        """The Git-connected applications that are meant, in the order in which the instance lists them."""
        names, repositories = self.params["applications"], self.params["repositories"]
        for text in repositories or ():
            parse(text)
        workspaces = _workspaces.list_workspaces(self.client)
        listed: list[Target] = []
        for name in dict.fromkeys(self.params["workspaces"]):
            workspace = _workspaces.select(workspaces, name) or _workspaces.get(self.client, name)
            applications = _applications.list_applications(self.client, workspace["id"])
            listed += [Target.read(item, name) for item in applications]
        connected = [target for target in listed if target.remote_url]
        if names is None and repositories is None:
            return connected
        self._refuse_missing(listed, connected, names or [], repositories or [])
        return [
            target
            for target in connected
            if target.name in (names or ())
            or any(same_repository(target.remote_url, text) for text in repositories or ())
        ]

    @staticmethod
    def _refuse_missing(
        listed: list[Target], connected: list[Target], names: list[str], repositories: list[str]
    ) -> None:
        alone = sorted({target.name for target in listed if target.name in names} - {found.name for found in connected})
        if alone:
            raise InvalidInput(
                f"Not connected to a repository: {', '.join(alone)}",
                next_step="Connect or import them first (stagecraft.appsmith.git_import).",
            )
        missing = [name for name in names if all(target.name != name for target in connected)]
        missing += [
            text for text in repositories if not any(same_repository(target.remote_url, text) for target in connected)
        ]
        if missing:
            there = ", ".join(sorted(target.name for target in connected)) or "none"
            raise NotFound(
                f"Not in these workspaces: {', '.join(missing)} (connected are: {there})",
                next_step="Check the names, or import them first (stagecraft.appsmith.git_import).",
            )

    def report(self, promotion: Promotion, *, info: bool = False) -> None:
        results = promotion.results()
        counted = Counter(entry["state"] for entry in results)
        self.result["applications"] = results
        self.result["summary"] = {
            "total": len(results),
            "changed": sum(entry["changed"] for entry in results),
            "failed": sum(entry["failed"] for entry in results),
            **{state: count for state, count in sorted(counted.items()) if state != "failed"},
        }
        if info:
            return
        for entry in results:
            for text in entry["warnings"]:
                self.warn(text)
            if entry["changed"]:
                self.changed()
                self.diff(
                    {"commit": entry["commit_before"], "behind": entry["behind"], "uncommitted": entry["discarded"]},
                    {"commit": entry["commit_after"], "behind": 0, "uncommitted": []},
                    f"{entry['workspace']}/{entry['name']} {entry['branch']}",
                )
