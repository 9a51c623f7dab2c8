# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that promote share: options, selection, plan, work, report, record; private to the collection."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _promotion_waves,
    _session,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import configuration_secrets
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_module import LOCK_TIMEOUT, GitModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion import Promotion
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_datasources import Credentials, Landscape
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_gates import GATE_OPTIONS, Gates
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_lock import InstanceLock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_look import Options
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_proofs import Proofs
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_record import check_record, record
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_report import report
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_select import Selection
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_waves import WAVE_OPTIONS
from ansible_collections.stagecraft.appsmith.plugins.module_utils._smoke_options import TEST_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access

# Documented in doc_fragments/_promotion.py.
READING: dict[str, Any] = {
    "read_repositories": {"type": "bool"},
    "git_ssh_key_file": {"type": "path", "no_log": False},
    "git_known_hosts_file": {"type": "path"},
    "git_accept_new_host_key": {"type": "bool", "default": False, "no_log": False},
}
SELECTION: dict[str, Any] = {
    "workspaces": {"type": "list", "elements": "str", "aliases": ["workspace"]},
    "applications": {"type": "list", "elements": "str", "aliases": ["application"]},
    "repositories": {"type": "list", "elements": "str"},
    "branch": {"type": "str"},
}
PROMOTION: dict[str, Any] = {
    **LOCK_TIMEOUT,
    **SELECTION,
    **READING,
    **GATE_OPTIONS,
    "strategy": {"type": "str", "choices": ["discard", "pull"], "default": "discard"},
    "verify": {"type": "str", "choices": ["auto", "fetch", "status", "content"], "default": "auto"},
    "proof_max_age": {"type": "int", "default": 168},
    "ledger_directory": {"type": "path"},
    "assume_behind": {"type": "list", "elements": "str"},
    "waves": {"type": "list", "elements": "dict", "options": WAVE_OPTIONS},
    "width": {"type": "int", "default": 4},
    "deploy_width": {"type": "int", "default": 1},
}
DEPLOYING: dict[str, Any] = {
    "stop_on_error": {"type": "bool", "default": False},
    "smoke_tests": {"type": "list", "elements": "dict", "options": TEST_OPTIONS},
    "test_unchanged": {"type": "bool", "default": False},
    "tag": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "promoted_by": {"type": "str"},
}
WIDEST = 32


class PromotingModule(GitModule):
    """Selection, plan, work and report."""

    began: datetime

    def _sign_in(self, client: Client) -> None:
        # The list of the workspaces is the first that is asked for, and is refused to nobody.
        _session.sign_in(client, *self.credentials(), prove=False)

    def plan(
        self, *, targets: list[Target] | None = None, plan_only: bool | None = None, early: bool = False
    ) -> Promotion:
        """Look at what is selected (or at O(targets)), and decide; C(deploy()) or C(close()) comes after it.

        O(plan_only) says that nothing is deployed afterwards, which is so in check mode. O(early) says that C(deploy())
        follows in any case, so that the first applications may be deployed while others are still looked at.
        """
        self.began = datetime.now(UTC)
        self.result.update(applications=[], summary={}, waves=[], tests=[])
        options = self.options(self.check_mode if plan_only is None else plan_only, early)
        if targets is None:
            selection = Selection(self.client, self.params["workspaces"], width=self.params["width"])
            targets = selection.pick(self.params["applications"], self.params["repositories"])
            self._check_tests(options, selection)
        _promotion_waves.check(options.waves, targets)
        promotion = Promotion(self.git, targets, options)
        try:
            promotion.survey()
        except BaseException:
            promotion.close()
            raise
        return promotion

    def deploy(self, promotion: Promotion, *, kind: str = "promotion") -> None:
        """Do what the plan says (not in check mode), report it, keep a record of it; raises what went wrong."""
        unrecorded: AppsmithError | None = None
        try:
            if not self.check_mode:
                promotion.deploy()
        finally:
            promotion.close()
            self.report(promotion)
            unrecorded = None if self.check_mode else self._recorded(promotion, kind)
        failure = promotion.failure()
        if failure and unrecorded:
            self.warn(str(unrecorded))
        if failure or unrecorded:
            raise failure or unrecorded  # type: ignore[misc]

    # -- options ----------------------------------------------------------------------------------------------------
    def options(self, plan_only: bool, early: bool = False) -> Options:
        params = self.params
        for name, most in (("width", WIDEST), ("deploy_width", WIDEST), ("proof_max_age", 10 * 8760)):
            if not 1 <= params[name] <= most:
                raise InvalidInput(f"{name} must be 1 to {most}")
        self.ansible.no_log_values.update(configuration_secrets(params["datasources"] or []))
        access = self.access()
        tests = params.get("smoke_tests") or []
        if tests:
            self._check_options_of(tests)
        if not plan_only:
            check_record(ledger_directory=params["ledger_directory"], tag=params["tag"], access=access)
        return Options(
            gates=Gates.of(params, target_version=self.version),
            proofs=Proofs(
                self.client.url,
                params["ledger_directory"],
                max_age=params["proof_max_age"],
                warn=self.warn,
                read_only=plan_only,
            ),
            lock=lambda: InstanceLock(self.client.url, params["ledger_directory"], warn=self.warn),
            credentials=Credentials(self.client, self.version, params["datasources"]),
            landscape=Landscape(),
            branch=params["branch"],
            strategy=params["strategy"],
            verify=params["verify"],
            width=params["width"],
            deploy_width=params["deploy_width"],
            stop_on_error=bool(params.get("stop_on_error")),
            plan_only=plan_only,
            early=early,
            assume_behind=tuple(params["assume_behind"] or ()) if self.check_mode else (),
            access=access,
            must_read=params["read_repositories"] is True,
            waves=params["waves"],
            smoke_tests=tests,
            test_unchanged=bool(params.get("test_unchanged")),
        )

    def access(self) -> Access | None:
        wanted = self.params["read_repositories"]
        if wanted is False or (wanted is None and not self.params["git_ssh_key_file"]):
            return None
        from ansible_collections.stagecraft.appsmith.plugins.module_utils import _repository

        self.require(_repository.HAS_GITPYTHON, "GitPython")
        access = _repository.Access(
            self.params["git_ssh_key_file"], self.params["git_known_hosts_file"], self.params["git_accept_new_host_key"]
        )
        # An unreadable key file is told before anything else is done.
        access.environment()
        return access

    def _check_options_of(self, tests: list[dict[str, Any]]) -> None:
        from ansible_collections.stagecraft.appsmith.plugins.module_utils import _smoke

        if any(test.get("expect") for test in tests):
            self.require(_smoke.HAS_JMESPATH, "jmespath")
        for test in tests:
            _smoke.check(test)

    @staticmethod
    def _check_tests(options: Options, selection: Selection) -> None:
        """A test of an application that isn't there would never be run, and nobody would know."""
        named = {str(test["application"]) for test in options.smoke_tests if test.get("application")}
        missing = sorted(named - {name for target in selection.listed for name in _promotion_waves.names_of(target)})
        if missing:
            raise InvalidInput(
                f"Smoke tests name applications that are not there: {', '.join(missing)}",
                next_step="Correct smoke_tests, or select the workspace of these applications.",
            )

    # -- report -----------------------------------------------------------------------------------------------------
    def report(self, promotion: Promotion, *, info: bool = False) -> None:
        results = promotion.results()
        counted = Counter(entry["state"] for entry in results)
        self.result["applications"] = results
        self.result["summary"] = {
            "total": len(results),
            "changed": sum(entry["changed"] for entry in results),
            "failed": sum(entry["failed"] for entry in results),
            **{state: count for state, count in sorted(counted.items()) if state != "failed"},
            "causes": promotion.causes(),
        }
        self.result["waves"] = [wave.as_result() for wave in promotion.waves]
        self.result["tests"] = promotion.tests
        for text in promotion.warnings:
            self.warn(text)
        if info:
            return
        for text in (text for entry in results for text in entry["warnings"]):
            self.warn(text)
        self.changed(any(entry["changed"] for entry in results))
        if self.result["changed"] or promotion.failed:
            self._diff.prepare(report(self.result, "table"))

    def _recorded(self, promotion: Promotion, kind: str) -> AppsmithError | None:
        try:
            self.record(promotion, kind)
        except AppsmithError as error:
            return error
        return None

    def record(self, promotion: Promotion, kind: str) -> None:
        """Leave word of what was done; the last thing of a run, since it may fail by itself."""
        params = self.params
        failure = promotion.failure()
        kept = params["ledger_directory"] or (params["tag"] != "never" and promotion.options.access)
        results = self.result["applications"]
        if not kept or not any(entry["state"] in ("deployed", "refused", "failed") for entry in results):
            self.result["records"] = []
            return
        self.result["records"], warnings = record(
            results,
            instance=self.client.url,
            version=str(self.version),
            who=params["promoted_by"] or self._user(),
            began=self.began,
            ended=datetime.now(UTC),
            waves=self.result["waves"],
            tests=promotion.tests,
            outcome="failed" if failure else "succeeded",
            ledger_directory=params["ledger_directory"],
            tag=params["tag"],
            access=promotion.options.access,
            kind=kind,
            width=params["width"],
        )
        for text in warnings:
            self.warn(text)

    def _user(self) -> str | None:
        """The account that did it; with a session alone the server knows."""
        if self.params["appsmith_username"]:
            return str(self.params["appsmith_username"])
        try:
            return str(_session.whoami(self.client).get("email") or "") or None
        except AppsmithError:
            # No reason to leave no word at all.
            return None
