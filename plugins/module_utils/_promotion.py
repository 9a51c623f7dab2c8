# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion of many applications to one instance: survey, gates, waves, proof, tests; private to the collection."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _promotion_waves
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_deploy import PULL
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import CHANGES, UNEVEN, uneven
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    CURRENT,
    DEPLOYED,
    HELD,
    INTERRUPTED,
    GateClosed,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_lane import STOPPED, Lane
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_look import Look, Options
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_pool import Workers
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_proofs import PROVEN, UNTESTED
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_waves import Wave, names_of


class Promotion:
    """The engine: C(survey()) looks and decides (that is the plan), C(deploy()) acts and proves.

    Beside what C(Look) and C(Lane) say for each application a run costs the sign-in, one list of the workspaces and one
    of the applications of each; with notes on what was proven one more of those to which something was deployed.
    """

    def __init__(self, git: Git, targets: Iterable[Target], options: Options) -> None:
        self.git = git
        self.options = options
        self.items = [Item(target) for target in targets]
        self.waves: list[Wave] = []
        # What is no single application's.
        self.warnings: list[str] = []
        # The last result of each smoke test, by its place.
        self._tested: dict[int, dict[str, Any]] = {}
        self._workers = Workers(git, options.width)
        self._lane = Lane(git, options, self._workers, self._look_again)
        self._look = Look(options, self._workers)
        self._lock = threading.RLock()
        self._gate_of_run: list[GateClosed | None] = []
        # Those found to be due so far, of which the first were put into the lane already.
        self._found: list[Item] = []
        self._left = len(self.items)
        self._started = 0

    def close(self) -> None:
        self._lane.close()
        self._workers.close()

    # -- look and decide --------------------------------------------------------------------------------------------
    def survey(self) -> None:
        """Fetch all, look closer at those that need it, put what is due before the gates; side by side.

        Reads only, unless C(early) allows to deploy beside it what is in the first wave anyhow.
        """
        self._workers.each(self._look_and_judge, self.items)
        due = self._found[: self._started]
        due += [item for item in self.items if item.due and item not in due]
        self.waves = _promotion_waves.split(due, self.options.waves)

    def _look_and_judge(self, git: Git, item: Item) -> None:
        due = False
        try:
            self._look(git, item)
            self._judge(item)
            due = item.due
        finally:
            with self._lock:
                self._left -= 1
                self._found += [item] if due else []
                self._start_early()

    def _start_early(self) -> None:
        options = self.options
        if not options.early or options.plan_only or options.stop_on_error:
            return
        if options.smoke_tests and options.proofs.any_untested:
            # Something that an earlier run left may hold everything.
            return
        certain = _promotion_waves.certain(len(self._found), self._left, options.waves)
        for item in self._found[self._started : certain]:
            self._lane.start(item)
        self._started = max(self._started, certain)

    def _judge(self, item: Item) -> None:
        """Put it before the gates, and say what would change."""
        gates = self.options.gates
        if item.due:
            self._ask_gate_of_run()
        item.warn(*gates.check(item, pull=self.options.strategy == PULL))
        if item.resumed and self.options.plan_only:
            item.warn(*gates.check_datasources(item))
        if item.due and self.options.plan_only:
            self._lane.configure(item, gates.to_configure(item)[0])
        if item.due:
            self._predict(item)

    def _ask_gate_of_run(self) -> None:
        """Once before the first wave, whichever application is due first."""
        with self._lock:
            if not self._gate_of_run:
                try:
                    self._warn(*self.options.gates.check_run())
                    self._gate_of_run.append(None)
                except GateClosed as error:
                    self._gate_of_run.append(error)
            if self._gate_of_run[0]:
                raise self._gate_of_run[0]

    def _pass_gate_of_run(self, due: list[Item]) -> bool:
        """Again before every other wave."""
        self._gate_of_run.clear()
        try:
            self._ask_gate_of_run()
        except GateClosed as error:
            for item in due:
                item.changed = False
                item.fail(error)
            return False
        return True

    def _warn(self, *texts: str) -> None:
        self.warnings += [text for text in texts if text not in self.warnings]

    def _predict(self, item: Item) -> None:
        # Either a deployment of settings that ended half-way, or what no deployment changes: only trying tells.
        # The second is the usual one by far, and so it is what the plan says.
        item.changed = not (item.state == INTERRUPTED and item.status and uneven(item.status))
        if item.status and not item.changed:
            item.warn(f"'{item.target.name}': {UNEVEN}: {named(item.status.files)}")
        rescued = self.options.gates.drift == "rescue" and item.state != INTERRUPTED
        if item.drift == CHANGES and item.status and item.changed and not rescued:
            item.discarded = list(item.status.files)

    # -- act and prove ----------------------------------------------------------------------------------------------
    def deploy(self) -> None:
        """Wave by wave; after each its proof and the smoke tests, and nothing more after one that failed."""
        if self.options.stop_on_error and self.failed:
            self._hold(self.waves, STOPPED)
            return
        if not self._catch_up():
            self._hold(self.waves, "held: applications of an earlier run fail their smoke tests")
            return
        self._deploy_waves()
        resumed = [item for item in self.items if item.resumed and item.error is None]
        self._lane.datasources(resumed)
        self.options.proofs.prove((item.target, item.target.deployed_at) for item in resumed if item.error is None)

    def _deploy_waves(self) -> None:
        for position, wave in enumerate(self.waves):
            rest = self.waves[position + 1 :]
            if position and not self._pass_gate_of_run(
                [item for later in self.waves[position:] for item in later.items]
            ):
                return
            due = wave.items
            if position:
                self._workers.each(self._look_again, wave.items)
                due = [item for item in wave.items if item.error is None]
            times: dict[str, str | None] = {}
            self._lane.run(due, functools.partial(self._read_times, due, times))
            passed = self._test_wave(wave, times, last=not rest)
            if rest and (wave.failed or not passed):
                self._hold(rest, f"held: wave {wave.name} failed")
                return
        if not self.waves and self.options.test_unchanged:
            self._test(self.items, None)

    def _look_again(self, git: Git, item: Item) -> None:
        """Minutes may have gone by, and what a person did in them is not to be thrown away unseen."""
        if self._look.again(git, item):
            item.changed = False
            item.warn(*self.options.gates.check(item, pull=self.options.strategy == PULL))
            self._predict(item)

    def _hold(self, waves: list[Wave], reason: str) -> None:
        for wave in waves:
            for item in wave.items:
                if item.due:
                    item.hold(reason)

    def _catch_up(self) -> bool:
        """Note what was looked at, and run the smoke tests that an earlier run owes."""
        proofs = self.options.proofs
        seen = [
            item
            for item in self.items
            if item.looked_at and item.state == CURRENT and item.error is None and not item.resumed
        ]
        owing = {item.target.id for item in self.items if proofs.untested(item.target)}
        proofs.prove((item.target, item.target.deployed_at) for item in seen if item.target.id not in owing)
        untested = [item for item in self.items if item.target.id in owing and item.state == CURRENT]
        if not untested or not self._tests_of(untested):
            return True
        passed = self._test(untested, "before")
        if passed:
            proofs.prove((item.target, item.target.deployed_at) for item in untested)
        return passed

    # -- after a wave -----------------------------------------------------------------------------------------------
    def _test_wave(self, wave: Wave, times: dict[str, str | None], *, last: bool) -> bool:
        deployed = [item for item in wave.items if item.state == DEPLOYED]
        proven = [item for item in wave.items if item.error is None and item.state in (DEPLOYED, CURRENT)]
        noted = [(item.target, times[item.target.id]) for item in proven if item.target.id in times]
        everything = last and self.options.test_unchanged
        until = self.waves[: self.waves.index(wave) + 1]
        to_test = self.items if everything else [item for one in until for item in one.items if item.state == DEPLOYED]
        if not (deployed or everything) or not self._tests_of(to_test):
            self.options.proofs.prove(noted)
            return True
        # A run that is killed in its tests leaves word that they are still to be run.
        self.options.proofs.prove(noted, state=UNTESTED)
        passed = self._test(to_test, wave.name)
        if passed:
            self.options.proofs.prove(noted, state=PROVEN)
        return passed

    def _read_times(self, items: list[Item], times: dict[str, str | None], git: Git) -> None:
        """When these were deployed last, as the next run's list of applications will say it."""
        if not self.options.proofs.kept:
            return
        try:
            for workspace_id in dict.fromkeys(item.target.workspace_id for item in items):
                for application in _applications.list_applications(git.client, workspace_id):
                    times[str(application["id"])] = application.get("lastDeployedAt")
            for target in (item.target for item in items):
                if target.id not in times and target.branch:
                    # Another branch than the one that the list shows.
                    times[target.id] = git.api.checkout(target.base_id, target.branch).get("lastDeployedAt")
        except AppsmithError:
            # Then the next run looks at them.
            times.clear()

    def _tests_of(self, items: list[Item]) -> list[int]:
        names = {name for item in items for name in names_of(item.target)}
        return [
            position
            for position, test in enumerate(self.options.smoke_tests)
            if not test.get("application") or test["application"] in names
        ]

    def _test(self, items: list[Item], wave: str | None) -> bool:
        """Run the tests of these applications, and those of none; whether all passed."""
        positions = self._tests_of(items)
        tests = [self.options.smoke_tests[position] for position in positions]
        from ansible_collections.stagecraft.appsmith.plugins.module_utils import _smoke, _smoke_calls

        results = _smoke.run_tests(
            self.git.client, self.git, [item.target for item in items], tests, width=self.options.width
        )
        for position, test, result in zip(positions, tests, results, strict=True):
            self._tested[position] = {**result, "wave": wave}
            if not result.get("failed"):
                continue
            for item in items:
                if test.get("application") in names_of(item.target) and item.state == DEPLOYED and item.error is None:
                    item.fail(_smoke_calls.SmokeTestFailed(f"Smoke test '{result.get('name')}': {result.get('msg')}"))
        return not any(result.get("failed") for result in results)

    # -- report -----------------------------------------------------------------------------------------------------
    @property
    def failed(self) -> list[Item]:
        return [item for item in self.items if item.error]

    @property
    def tests(self) -> list[dict[str, Any]]:
        return [self._tested[position] for position in sorted(self._tested)]

    @property
    def failed_tests(self) -> list[str]:
        return [str(test.get("name")) for test in self.tests if test.get("failed")]

    def results(self) -> list[dict[str, Any]]:
        return [item.as_result() for item in self.items]

    def causes(self) -> dict[str, list[str]]:
        """Names of what failed, by cause."""
        causes: dict[str, list[str]] = {}
        for item in self.failed:
            error = item.error
            cause = f"gate {error.gate}" if isinstance(error, GateClosed) else type(error).__name__
            code = f" [{error.code}]" if error and error.code else ""
            causes.setdefault(f"{cause}{code}", []).append(item.target.name)
        if self.failed_tests:
            causes["smoke tests"] = self.failed_tests
        held = [item.target.name for item in self.items if item.state == HELD]
        if held:
            causes["held"] = held
        return dict(sorted(causes.items()))

    def failure(self) -> AppsmithError | None:
        """All that went wrong in one error, or none."""
        failed, held = self.failed, [item for item in self.items if item.state == HELD]
        if not (failed or held or self.failed_tests):
            return None
        parts = "; ".join(f"{cause}: {', '.join(names)}" for cause, names in self.causes().items())
        short = [item for item in self.items if item in held or (item in failed and item.state != DEPLOYED)]
        text = (
            f"{len(short)} of {len(self.items)} applications were not promoted ({parts})"
            if short
            else f"Promoted, but not all is well ({parts})"
        )
        first = failed[0].error if failed else None
        if first is None and self.failed_tests:
            test = next(test for test in self.tests if test.get("failed"))
            from ansible_collections.stagecraft.appsmith.plugins.module_utils._smoke_calls import SmokeTestFailed

            first = SmokeTestFailed(f"Smoke test '{test.get('name')}': {test.get('msg')}")
        return AppsmithError(
            f"{text}. First: {first}" if first else text, details=[item.as_result() for item in failed]
        )
