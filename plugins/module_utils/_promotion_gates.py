# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before an application is deployed; private to the collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import DATASOURCE_OPTIONS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._gate_datasources import (
    FAIL,
    WARN,
    DatasourceGates,
    checked,
    judge,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import check_name
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import (
    CHANGES,
    CLASH_NEXT_STEP,
    NONE,
    clash_text,
    clashes,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    DRIFTED,
    INTERRUPTED,
    GateClosed,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import (
    reads,
    schema_numbers,
    way_to_read,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._gate_freeze import Window

WINDOW_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "start": {"type": "str"},
    "end": {"type": "str"},
    "weekdays": {"type": "list", "elements": "str", "choices": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
    "from": {"type": "str"},
    "to": {"type": "str"},
    "timezone": {"type": "str", "default": "UTC"},
}
_POLICY = {"type": "str", "choices": [FAIL, WARN]}

# Options of the modules; documented in doc_fragments/_promotion_gates.py.
GATE_OPTIONS: dict[str, Any] = {
    "drift": {"type": "str", "choices": [FAIL, "discard", "rescue"], "default": FAIL},
    "rescue_branch": {"type": "str"},
    "rescue_directory": {"type": "path"},
    "git_author_name": {"type": "str"},
    "git_author_email": {"type": "str"},
    "skew": {**_POLICY, "default": FAIL},
    "source_version": {"type": "str"},
    "unconfigured": {**_POLICY, "default": FAIL},
    "datasources": {"type": "list", "elements": "dict", "options": DATASOURCE_OPTIONS},
    "clash": {**_POLICY, "default": FAIL},
    "manual": {**_POLICY, "default": WARN},
    "secrets": {"type": "str", "choices": [FAIL, WARN, "ignore"], "default": WARN, "no_log": False},
    "secrets_allowed": {"type": "list", "elements": "str", "no_log": False},
    "freeze": {**_POLICY, "default": FAIL},
    "freeze_windows": {"type": "list", "elements": "dict", "options": WINDOW_OPTIONS},
    "branches": {**_POLICY, "default": FAIL},
    "allowed_branches": {"type": "list", "elements": "str"},
}


@dataclass(frozen=True, kw_only=True)
class Gates(DatasourceGates):
    """Each closes by its policy C(fail), and lets through with a warning by C(warn)."""

    target_version: Version
    source_version: Version | None = None
    drift: str = FAIL
    skew: str = FAIL
    secrets: str = WARN
    freeze: str = FAIL
    branches: str = FAIL
    secrets_allowed: frozenset[str] = frozenset()
    freeze_windows: tuple[Window, ...] = ()
    allowed_branches: tuple[str, ...] = ()
    # Where a person's changes are rescued to, and by whom.
    branch_for_rescue: str | None = None
    rescue_directory: str | None = None
    author: Author | None = None
    # Fixed by tests only.
    now: datetime | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any], *, target_version: Version, now: datetime | None = None) -> Gates:
        """From a module's options; everything that is wrong with them is told before anything is done."""
        policies = ("drift", "skew", "unconfigured", "clash", "manual", "secrets", "freeze", "branches")
        source, branch = params.get("source_version"), params.get("rescue_branch")
        directory, ledger = params.get("rescue_directory"), params.get("ledger_directory")
        if not directory and ledger:
            directory = os.path.join(ledger, "rescued")
        return cls(
            target_version=target_version,
            source_version=Version.parse(source) if source else None,
            datasources=checked(params.get("datasources") or []),
            secrets_allowed=frozenset(params.get("secrets_allowed") or ()),
            freeze_windows=_windows(params.get("freeze_windows")),
            allowed_branches=tuple(params.get("allowed_branches") or ()),
            branch_for_rescue=check_name(branch) if branch else None,
            rescue_directory=directory,
            author=_author(params.get("git_author_name"), params.get("git_author_email")),
            now=now,
            **{name: params[name] for name in policies if params.get(name)},
        )

    @property
    def scan_secrets(self) -> bool:
        """Whether the repository's texts are wanted for the scanner at all."""
        return self.secrets != "ignore"

    def time(self) -> datetime:
        return self.now or datetime.now(UTC)

    def rescue_branch(self, target: Target) -> str:
        """A branch for a person's uncommitted changes, of a name that is new each second."""
        return self.branch_for_rescue or f"rescue/{target.branch}-{self.time().astimezone(UTC):%Y%m%dT%H%M%SZ}"

    # -- the run ----------------------------------------------------------------------------------------------------
    def check_run(self) -> list[str]:
        """Whether anything may be deployed now; asked again before every wave."""
        if not self.freeze_windows:
            return []
        from ansible_collections.stagecraft.appsmith.plugins.module_utils._gate_freeze import frozen

        text = frozen(self.freeze_windows, self.time())
        if text is None:
            return []
        if self.freeze == WARN:
            return [f"{text[0].upper()}{text[1:]}; deployed all the same (freeze: warn)"]
        raise GateClosed(
            "freeze", f"{text[0].upper()}{text[1:]}", next_step="Run again after it, or override it by freeze: warn."
        )

    # -- one application --------------------------------------------------------------------------------------------
    def check(self, item: Item, *, pull: bool) -> list[str]:
        """Warnings of the gates that are open; raises C(GateClosed) at the first closed one."""
        name = item.target.name
        if item.due:
            warnings = self._check_branch(item)
        else:
            warnings = []
        taken = clashes(item.status)
        if taken:
            warnings += judge(
                self.clash, "datasource_clash", f"'{name}': {clash_text(taken)}", next_step=CLASH_NEXT_STEP
            )
        if item.state == DRIFTED and not item.clean_up:
            # Nothing is to be deployed, so nothing is in danger.
            return [*warnings, f"'{name}' has uncommitted changes: {named(item.status.files if item.status else ())}"]
        if not item.due:
            return warnings
        if item.status:
            Git.refuse_diverged(item.target, item.status)
        self._check_drift(item, pull=pull)
        warnings += self._check_skew(item)
        warnings += self._check_clash(item, pull=pull)
        warnings += self.check_datasources(item)
        return warnings + self._check_secrets(item)

    def _check_branch(self, item: Item) -> list[str]:
        branch = item.target.branch or ""
        if not self.allowed_branches or any(fnmatchcase(branch, pattern) for pattern in self.allowed_branches):
            return []
        return judge(
            self.branches,
            "branches",
            f"'{item.target.name}' is at branch {branch or '(none)'}, which this instance doesn't deploy "
            f"(allowed: {', '.join(self.allowed_branches)})",
            next_step="Promote the right branch, or add it to allowed_branches.",
        )

    def _check_drift(self, item: Item, *, pull: bool) -> None:
        files = item.status.files if item.status else ()
        if item.state == INTERRUPTED:
            return
        if item.drift == CHANGES and (self.drift == FAIL or (self.drift == "discard" and pull)):
            raise GateClosed(
                "drift",
                f"'{item.target.name}' has uncommitted changes on the target: {named(files)}",
                next_step="Commit them, save them to a branch first (drift: rescue), or throw them away "
                "(drift: discard with strategy: discard).",
                details={"files": list(files)},
            )
        # What is rescued is deployed by a discard whatever the strategy is.
        if pull and item.drift not in (NONE, CHANGES):
            raise GateClosed(
                "drift",
                f"'{item.target.name}' carries a migration's traces, with which no pull works",
                next_step="Deploy with strategy: discard.",
            )

    def _check_skew(self, item: Item) -> list[str]:
        """Content of a newer format breaks the application of an older release (observed 13)."""
        found, where = item.schema, "the repository"
        if found is None and self.source_version:
            found = schema_numbers(self.source_version)
            where = f"the source instance ({self.source_version})"
        if found is None:
            return []
        able = reads(self.target_version, found)
        if able or (able is None and self.source_version and self.source_version == self.target_version):
            return []
        text = f"'{item.target.name}': {where} has format {found[0]}/{found[1]}, "
        if able is None:
            text += f"and whether {self.target_version} reads it this collection doesn't know"
            next_step = (
                "Update the collection; or, if you know that it does, give the source_version that wrote it (the same "
                "release), or allow it by skew: warn."
            )
        else:
            known = schema_numbers(self.target_version)
            text += f"but {self.target_version} knows {known[0]}/{known[1]} at most"
            next_step = way_to_read(self.target_version, found)
        return judge(self.skew, "version_skew", text, next_step=next_step)

    # -- secrets ----------------------------------------------------------------------------------------------------
    def _check_secrets(self, item: Item) -> list[str]:
        if self.secrets == "ignore":
            return []
        name = item.target.name
        found = item.facts.secrets if item.facts else None
        if found is None:
            why = ""
            from ansible_collections.stagecraft.appsmith.plugins.module_utils import _secret_scan

            if not _secret_scan.HAS_SCANNER:
                why = "the Python library detect-secrets is missing"
            elif self.secrets == FAIL:
                why = "its repository can't be read from here (git_ssh_key_file)"
            if not why or (item.facts is None and self.secrets == WARN):
                # That the repository isn't read is told with the plan.
                return []
            return judge(
                self.secrets,
                "secrets",
                f"'{name}' was not scanned for secrets: {why}",
                next_step="Make the scan possible, or give it up by secrets: warn or ignore.",
            )
        new = [finding for finding in found if finding.fingerprint not in self.secrets_allowed]
        if not new:
            return []
        places = named([f"{one.path} line {one.line} ({one.kind}, {one.fingerprint})" for one in new])
        return judge(
            self.secrets,
            "secrets",
            f"'{name}': what looks like secrets is to be promoted: {places}",
            next_step="Move them to a datasource; what is none is allowed by its fingerprint in secrets_allowed.",
            details=[finding.as_result() for finding in new],
        )


def _author(name: str | None, email: str | None) -> Author | None:
    if bool(name) != bool(email):
        raise InvalidInput(
            f"{'git_author_email' if name else 'git_author_name'} is missing",
            next_step="Give both, or none: then the saved Git profile is used.",
        )
    return Author(name, email) if name and email else None


def _windows(given: list[dict[str, Any]] | None) -> tuple[Window, ...]:
    if not given:
        return ()
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._gate_freeze import windows

    return windows(given)
