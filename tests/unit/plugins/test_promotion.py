# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion: the exact calls, the gates, and what Appsmith answers wrongly."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _promotion_facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import Facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Commit, RepositoryUnreadable
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import Changes, Part
from git_calls import (
    BASE,
    CONFLICT,
    EDITED,
    INCOMPATIBLE,
    LOCKED,
    MIGRATED,
    NEW,
    NO_AUTHOR,
    OLD,
    STAGING,
    UNEVEN,
    WORKSPACE,
    GitCalls,
    application,
    export,
    status,
)

Run = Callable[..., dict[str, Any]]
ALL = {"workspaces": [WORKSPACE]}
DESK = "6b0297179da452369c779aaa"
TIMEOUT = requests.exceptions.ReadTimeout("read timed out")
CLASH = {
    "modified": ["pages/Order/queries/get_order/metadata.json"],
    "added": ["datasources/shared_db #1.json"],
    "removed": ["datasources/shared_db.json"],
}


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


@pytest.fixture
def new(api: Any) -> GitCalls:
    return GitCalls(api, NEW)


@pytest.fixture
def run_module(api: Any, run_module: Run) -> Run:
    """The looks at what is due are made side by side, and so are those that prove a deployment."""

    def run(*arguments: Any, **options: Any) -> dict[str, Any]:
        beside(api)
        deployments = [
            number
            for number, step in enumerate(api._steps, 1)
            if any(re.search("/(discard|pull)(/|$)", call.path) for call in step)
        ]
        if deployments and len(api._steps) > deployments[-1]:
            looks = [call for step in api._steps[deployments[-1] :] for call in step]
            del api._steps[deployments[-1] :]
            api.expect_any_order(looks)
        return run_module(*arguments, **options)

    return run


def beside(api: Any) -> None:
    """Looks at status, export and datasources that are expected one after the other may come in any order."""
    looks = re.compile("/status|/export/|/datasources$")
    steps: list[list[Any]] = []
    before = False
    for step in api._steps:
        here = all(call.method == "GET" and looks.search(call.path) for call in step)
        if here and before:
            steps[-1] += step
        else:
            steps.append(list(step))
        before = here
    api._steps[:] = steps


def begin(calls: GitCalls, *applications: dict[str, Any]) -> None:
    calls.info()
    calls.workspaces()
    calls.home(*(applications or (application(),)))


def one(result: dict[str, Any]) -> dict[str, Any]:
    assert len(result["applications"]) == 1
    entry: dict[str, Any] = result["applications"][0]
    return entry


def behind(
    calls: GitCalls, count: int = 1, found: dict[str, Any] | None = None, *unconfigured: str, plan: bool = False
) -> None:
    """Up to the gates, for one application; what is shown before is only wanted where something is deployed."""
    begin(calls)
    calls.fetch(behind=count)
    calls.status(found, remote=False)
    calls.workspace_datasources(*unconfigured)
    if not plan:
        calls.export()


def proven(calls: GitCalls, *unconfigured: str, id: str = BASE) -> None:
    calls.status(id=id, remote=False)
    calls.export(id=id)
    calls.workspace_datasources(*unconfigured, id=id)


def side_by_side(calls: GitCalls, fetch: Callable[[str], None], *, due: bool = True) -> None:
    """The looks at two applications, which may come in any order."""
    start = len(calls.api._steps)
    for identifier in (BASE, DESK):
        fetch(identifier)
        calls.status(remote=False, id=identifier)
        if due:
            calls.workspace_datasources(id=identifier, listed=identifier == BASE)
            calls.export(id=identifier)
        else:
            calls.published(id=identifier)
    any_order(calls, start)


def deployed_beside(calls: GitCalls, *ids: str) -> None:
    """The first is deployed while the second one is looked at, and proven while that is deployed; the datasources
    of their workspace are looked at after both."""
    start = len(calls.api._steps) - 1
    for identifier in ids:
        calls.discard(id=identifier)
        calls.status(id=identifier, remote=False)
        calls.export(id=identifier)
    calls.workspace_datasources()
    any_order(calls, start)


def any_order(calls: GitCalls, start: int) -> None:
    looks = [call for step in calls.api._steps[start:] for call in step]
    del calls.api._steps[start:]
    calls.api.expect_any_order(looks)


# -- the way ---------------------------------------------------------------------------------------------------------
def test_an_application_that_is_behind_is_deployed_and_proven(calls: GitCalls, run_module: Run) -> None:
    behind(calls, 2)
    calls.discard()
    proven(calls)
    result = run_module("promotion", ALL, diff=True)
    assert result["changed"] and not result["failed"]
    entry = one(result)
    assert (entry["state"], entry["behind"], entry["changed"], entry["failed"]) == ("deployed", 2, True, False)
    assert (entry["workspace"], entry["branch"], entry["drift"]) == (WORKSPACE, "master", "none")
    assert result["summary"] == {"total": 1, "changed": 1, "failed": 0, "deployed": 1, "causes": {}}
    assert list(result["diff"]) == ["prepared"]


def test_an_application_that_is_not_behind_costs_a_fetch_and_a_look(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(remote=False)
    calls.published()
    result = run_module("promotion", ALL)
    assert not result["changed"] and one(result)["state"] == "current"


def test_an_application_without_a_published_view_is_deployed_again(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(remote=False)
    calls.published(gone=True)
    calls.workspace_datasources()
    calls.export()
    calls.discard()
    proven(calls)
    result = run_module("promotion", {**ALL, "strategy": "pull"})
    assert result["changed"] and one(result)["state"] == "deployed" and "half done" in one(result)["warnings"][0]


def test_with_verify_fetch_it_costs_a_fetch(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    assert not run_module("promotion", {**ALL, "verify": "fetch"})["changed"]


def test_check_mode_predicts_without_a_write(calls: GitCalls, run_module: Run) -> None:
    behind(calls, plan=True)
    result = run_module("promotion", ALL, check_mode=True)
    assert result["changed"] and one(result)["state"] == "behind" and one(result)["changed"]


def test_info_returns_the_plan(calls: GitCalls, run_module: Run) -> None:
    behind(calls, plan=True)
    result = run_module("promotion_info", ALL)
    assert not result["changed"] and one(result)["changed"] and result["summary"]["behind"] == 1


def test_info_does_not_fail_at_a_closed_gate(calls: GitCalls, run_module: Run) -> None:
    behind(calls, 1, None, "orders_db", plan=True)
    result = run_module("promotion_info", ALL)
    assert not result["failed"] and one(result)["gate"] == "unconfigured_datasources"


def test_many_are_fetched_side_by_side_and_deployed_in_one_lane(calls: GitCalls, run_module: Run) -> None:
    begin(calls, application(), application("desk", id=DESK))

    side_by_side(calls, lambda identifier: calls.fetch(behind=1, id=identifier))
    deployed_beside(calls, BASE, DESK)
    result = run_module("promotion", ALL)
    assert [entry["state"] for entry in result["applications"]] == ["deployed", "deployed"]


def test_another_branch_is_found_on_the_instance(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.branches("master", "staging", "origin/master", "origin/staging")
    calls.checkout("staging")
    calls.fetch(id=STAGING)
    calls.status(id=STAGING, remote=False)
    calls.published(id=STAGING)
    result = run_module("promotion", {**ALL, "branch": "staging"})
    assert (one(result)["branch"], one(result)["id"]) == ("staging", STAGING)


def test_pull_is_the_other_strategy(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.pull()
    proven(calls)
    assert one(run_module("promotion", {**ALL, "strategy": "pull"}))["state"] == "deployed"


def test_what_earlier_tasks_would_bring_is_predicted_in_check_mode(new: GitCalls, run_module: Run) -> None:
    behind(new, 0, plan=True)
    result = run_module("promotion", {**ALL, "assume_behind": ["orders"]}, check_mode=True)
    assert result["changed"] and one(result)["state"] == "behind"


def test_the_assumption_counts_in_check_mode_only(new: GitCalls, run_module: Run) -> None:
    begin(new)
    new.fetch()
    new.status(remote=False)
    new.published()
    assert not run_module("promotion", {**ALL, "assume_behind": ["orders"]})["changed"]


# -- selection ---------------------------------------------------------------------------------------------------------
def test_applications_are_selected_by_name_and_by_repository(new: GitCalls, run_module: Run) -> None:
    desk = application("desk", id=DESK, remote="git@git.example.com:acme/desk.git")
    other = application("other", id="6b0297179da452369c779bbb", remote="git@git.example.com:acme/other.git")
    begin(new, application(), desk, other)
    side_by_side(new, lambda identifier: new.fetch(id=identifier), due=False)
    options = {**ALL, "applications": ["orders"], "repositories": ["ssh://git@git.example.com/acme/desk"]}
    result = run_module("promotion", options)
    assert [entry["name"] for entry in result["applications"]] == ["desk", "orders"]


@pytest.mark.parametrize(
    "wanted", [{"applications": ["nope"]}, {"repositories": ["git@git.example.com:acme/nope.git"]}]
)
def test_an_application_that_is_not_there_is_an_error(new: GitCalls, run_module: Run, wanted: dict[str, Any]) -> None:
    begin(new)
    result = run_module("promotion", {**ALL, **wanted})
    assert result["failed"] and "nope" in result["msg"] and "orders" in result["msg"]


def test_an_application_without_a_repository_is_an_error_when_named(new: GitCalls, run_module: Run) -> None:
    begin(new, application("notes", remote=None))
    result = run_module("promotion", {**ALL, "applications": ["notes"]})
    assert result["failed"] and "Not connected" in result["msg"]


# -- gates -------------------------------------------------------------------------------------------------------------
def test_gate_drift_refuses_a_persons_work(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(behind=1)
    calls.status(status(modified=EDITED), remote=False)
    calls.export(export("select 2", published="select 1"))
    calls.workspace_datasources()
    result = run_module("promotion", ALL)
    entry = one(result)
    assert result["failed"] and (entry["state"], entry["gate"], entry["changed"]) == ("refused", "drift", False)
    assert entry["uncommitted"] == EDITED and "gate drift: orders" in result["msg"]


def test_gate_drift_may_be_told_to_discard(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(behind=1)
    calls.status(status(modified=EDITED), remote=False)
    calls.export(export("select 2", published="select 1"))
    calls.workspace_datasources()
    calls.discard()
    proven(calls)
    entry = one(run_module("promotion", {**ALL, "drift": "discard"}))
    assert (entry["state"], entry["discarded"]) == ("deployed", EDITED)


def test_gate_drift_holds_for_a_pull_whatever_it_was_told(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(behind=1)
    calls.status(status(modified=EDITED), remote=False)
    calls.export(export("select 2", published="select 1"))
    calls.workspace_datasources()
    assert one(run_module("promotion", {**ALL, "drift": "discard", "strategy": "pull"}))["gate"] == "drift"


def test_changes_where_nothing_is_to_be_deployed_are_a_warning(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(modified=EDITED), remote=False)
    calls.export(export("select 2", published="select 1"))
    result = run_module("promotion", ALL)
    assert not result["failed"] and not result["changed"]
    assert one(result)["state"] == "drifted" and EDITED[0] in one(result)["warnings"][0]


def test_such_changes_are_thrown_away_when_told_to(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(modified=EDITED), remote=False)
    calls.export(export("select 2", published="select 1"))
    calls.workspace_datasources()
    calls.discard()
    proven(calls)
    entry = one(run_module("promotion", {**ALL, "drift": "discard"}))
    assert entry["changed"] and entry["discarded"] == EDITED


def test_a_migrations_traces_are_no_drift(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(behind=1)
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    calls.workspace_datasources()
    calls.discard()
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    calls.workspace_datasources()
    entry = one(run_module("promotion", ALL))
    assert (entry["state"], entry["drift"], entry["discarded"]) == ("deployed", "migration", [])


def test_a_migrations_traces_alone_change_nothing(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    result = run_module("promotion", ALL)
    assert not result["changed"] and (one(result)["state"], one(result)["drift"]) == ("current", "migration")


def test_a_pull_is_refused_with_a_migrations_traces(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(behind=1)
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    calls.workspace_datasources()
    result = run_module("promotion", {**ALL, "strategy": "pull"})
    assert one(result)["gate"] == "drift" and "strategy: discard" in result["msg"]


def test_gate_datasources_refuses_before_anything_is_done(calls: GitCalls, run_module: Run) -> None:
    behind(calls, 1, None, "orders_db")
    result = run_module("promotion", ALL)
    assert one(result)["gate"] == "unconfigured_datasources" and "nothing was deployed" in result["msg"]


def test_a_datasource_that_came_with_the_deployment_is_told(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard()
    proven(calls, "new_api")
    result = run_module("promotion", ALL)
    entry = one(result)
    assert result["failed"] and result["changed"] and entry["state"] == "deployed"
    assert entry["unconfigured_datasources"] == ["new_api"] and "deployed all the same" in result["msg"]


def test_datasources_may_be_a_warning(calls: GitCalls, run_module: Run) -> None:
    behind(calls, 1, None, "orders_db")
    calls.discard()
    proven(calls, "orders_db")
    result = run_module("promotion", {**ALL, "unconfigured": "warn"})
    assert not result["failed"] and len(one(result)["warnings"]) == 1


def test_a_clash_of_datasources_is_refused(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(**CLASH), remote=False)
    calls.export()
    result = run_module("promotion", ALL)
    assert one(result)["gate"] == "datasource_clash" and "shared_db #1" in result["msg"]


def test_a_clash_that_came_with_the_deployment_is_named(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard()
    calls.status(status(**CLASH), remote=False)
    calls.export()
    calls.workspace_datasources()
    result = run_module("promotion", ALL)
    assert result["failed"] and "uses shared_db #1 instead" in result["msg"] and one(result)["state"] == "failed"


def test_different_ways_are_refused(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(ahead=1, behind=1)
    calls.status(remote=False)
    calls.workspace_datasources()
    calls.export()
    result = run_module("promotion", ALL)
    assert one(result)["error"]["title"] == "GitConflict" and one(result)["state"] == "failed"


@pytest.mark.parametrize(("source", "gate"), [("v2.5.0", "version_skew"), ("v1.91", None), ("v1.60", None)])
def test_gate_skew_by_the_version_of_the_source(new: GitCalls, run_module: Run, source: str, gate: str | None) -> None:
    behind(new, plan=True)
    result = run_module("promotion", {**ALL, "source_version": source}, check_mode=True)
    assert one(result)["gate"] == gate


def test_gate_skew_may_be_a_warning(new: GitCalls, run_module: Run) -> None:
    behind(new, plan=True)
    result = run_module("promotion", {**ALL, "source_version": "v2.5.0", "skew": "warn"}, check_mode=True)
    assert not result["failed"] and "13/2" in one(result)["warnings"][0]


# -- misbehaviour ------------------------------------------------------------------------------------------------------
def test_what_an_interrupted_run_left_is_finished(calls: GitCalls, run_module: Run) -> None:
    """Behind 0 and dirty, with the same old content in both views."""
    begin(calls)
    calls.fetch()
    calls.status(status(modified=EDITED), remote=False)
    calls.export()
    calls.workspace_datasources()
    calls.discard()
    proven(calls)
    result = run_module("promotion", ALL)
    entry = one(result)
    assert result["changed"] and (entry["state"], entry["discarded"]) == ("deployed", EDITED)
    assert "left half done by an earlier run" in entry["warnings"][0]


def test_files_that_disagree_in_the_repository_are_deployed_and_told(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard()
    calls.status(status(modified=UNEVEN), remote=False)
    calls.export()
    calls.workspace_datasources()
    result = run_module("promotion", ALL)
    assert result["changed"] and one(result)["state"] == "deployed"
    assert "disagree" in one(result)["warnings"][0] and UNEVEN[0] in one(result)["warnings"][0]


@pytest.mark.parametrize("check_mode", [False, True])
def test_files_that_disagree_in_the_repository_are_no_change_again(
    calls: GitCalls, run_module: Run, check_mode: bool
) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(modified=UNEVEN), remote=False)
    calls.export()
    calls.workspace_datasources()
    if not check_mode:
        calls.discard()
        calls.status(status(modified=UNEVEN), remote=False)
        calls.export()
        calls.workspace_datasources()
    result = run_module("promotion", ALL, check_mode=check_mode)
    entry = one(result)
    assert not result["changed"] and not result["failed"] and len(entry["warnings"]) == 1
    assert "disagree" in entry["warnings"][0] and entry["state"] == ("interrupted" if check_mode else "current")


def test_settings_that_an_interrupted_run_left_are_finished(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(modified=UNEVEN), remote=False)
    calls.export()
    calls.workspace_datasources()
    calls.discard()
    proven(calls)
    result = run_module("promotion", ALL)
    assert result["changed"] and one(result)["state"] == "deployed"


def test_an_unpublished_deployment_is_found_and_finished(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(remote=False)
    calls.export(export("select 2", published="select 1"))
    calls.workspace_datasources()
    calls.discard()
    proven(calls)
    assert run_module("promotion", {**ALL, "verify": "content"})["changed"]


def test_a_write_conflict_is_repeated(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard(error=CONFLICT)
    calls.discard()
    proven(calls)
    assert one(run_module("promotion", ALL))["state"] == "deployed"


def test_400_but_deployed_is_a_success_with_a_warning(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.pull(error=NO_AUTHOR)
    proven(calls)
    result = run_module("promotion", {**ALL, "strategy": "pull"})
    assert not result["failed"] and "was deployed" in one(result)["warnings"][0]


def test_200_but_not_deployed_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard()
    calls.status(status(modified=EDITED), remote=False)
    calls.export()
    calls.workspace_datasources()
    result = run_module("promotion", ALL)
    assert result["failed"] and one(result)["error"]["title"] == "ProofFailed" and one(result)["state"] == "failed"


def test_a_deployment_without_an_answer_is_looked_for(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard(raises=TIMEOUT)
    calls.status(error=LOCKED, remote=False)
    calls.status(remote=False)
    proven(calls)
    assert one(run_module("promotion", ALL))["state"] == "deployed"


def test_one_failure_does_not_stop_the_others(calls: GitCalls, run_module: Run) -> None:
    begin(calls, application(), application("desk", id=DESK))
    side_by_side(calls, lambda identifier: calls.fetch(behind=1, id=identifier))
    start = len(calls.api._steps) - 1
    calls.discard(error=INCOMPATIBLE)
    calls.discard(id=DESK)
    calls.status(id=DESK, remote=False)
    calls.export(id=DESK)
    calls.workspace_datasources(id=DESK)
    any_order(calls, start)
    result = run_module("promotion", ALL)
    assert result["failed"] and [entry["state"] for entry in result["applications"]] == ["deployed", "failed"]
    assert "IncompatibleVersion [AE-JSN-4045]: orders" in result["msg"]
    assert result["applications"][1]["error"]["code"] == "AE-JSN-4045"


def test_the_first_failure_may_stop_the_others(calls: GitCalls, run_module: Run) -> None:
    begin(calls, application(), application("desk", id=DESK))
    side_by_side(calls, lambda identifier: calls.fetch(behind=1, id=identifier))
    calls.discard(error=INCOMPATIBLE, id=DESK)
    result = run_module("promotion", {**ALL, "stop_on_error": True})
    second = result["applications"][1]
    assert (second["state"], second["changed"], second["failed"]) == ("held", False, False)
    assert "not deployed" in second["msg"] and "held: orders" in result["msg"]


def test_an_application_that_can_not_be_fetched_is_reported(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch(error=(404, "AE-GIT-4051", "Unable to find remote repository"))
    result = run_module("promotion", ALL)
    assert result["failed"] and one(result)["error"]["code"] == "AE-GIT-4051"


# -- with the repository -----------------------------------------------------------------------------------------------
class FakeFacts(Facts):
    """What the engine asks of the facts of a repository, and what it differs by."""

    found: ClassVar[list[str]] = []

    def differences(self, view: Any) -> list[str]:
        return self.found


class FakeRepository:
    """Answers for any repository; counts how often it was read."""

    def __init__(self) -> None:
        self.schema = (12, 2)
        self.tips = ["c" * 40]
        self.reads: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def read_facts(self, remote_url: str, branch: str, access: Any, **options: Any) -> Facts:
        self.reads.append(options)
        if self.error:
            raise self.error
        tip = self.tips[min(len(self.reads), len(self.tips)) - 1]
        commits = [Commit(tip, "Dana", "2026-11-22T07:00:00+00:00", "Filter")][: options["behind"]]
        changes = Changes(queries=Part(changed=["Order/get_order"]))
        return FakeFacts(self.schema, commits, "b" * 40, tip, changes)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> FakeRepository:
    fake = FakeRepository()
    monkeypatch.setattr(_promotion_facts, "read_facts", fake.read_facts)
    monkeypatch.setattr(FakeFacts, "found", [])
    return fake


READ = {**ALL, "read_repositories": True, "tag": "never"}
PLAN = {**ALL, "read_repositories": True}


def to_deploy(calls: GitCalls) -> None:
    """Up to the gates where the repository tells what changes, so that no export is wanted."""
    behind(calls, plan=True)


def test_the_plan_has_the_commits(new: GitCalls, run_module: Run, repository: FakeRepository) -> None:
    to_deploy(new)
    entry = one(run_module("promotion_info", PLAN))
    assert (entry["commit_before"], entry["commit_after"]) == ("b" * 40, "c" * 40)
    assert entry["commits"][0]["subject"] == "Filter" and entry["plan"] == "full"
    assert entry["changes"]["queries"]["changed"] == ["Order/get_order"]


def test_a_newer_format_is_refused_before_anything_is_done(
    calls: GitCalls, run_module: Run, repository: FakeRepository
) -> None:
    repository.schema = (13, 2)
    to_deploy(calls)
    result = run_module("promotion", READ)
    assert one(result)["gate"] == "version_skew" and "13/2" in result["msg"] and "upgrade the instance" in result["msg"]


def test_v160_refuses_the_format_of_v191(api: Any, run_module: Run, repository: FakeRepository) -> None:
    calls = GitCalls(api, OLD)
    to_deploy(calls)
    assert one(run_module("promotion", READ))["gate"] == "version_skew"


def test_what_is_published_is_the_commit(new: GitCalls, run_module: Run, repository: FakeRepository) -> None:
    to_deploy(new)
    new.discard()
    proven(new)
    assert one(run_module("promotion", READ))["commit_after"] == "c" * 40
    assert len(repository.reads) == 1


def test_what_is_published_is_compared_with_the_commit(
    new: GitCalls, run_module: Run, repository: FakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeFacts, "found", ["query Order/get_order"])
    to_deploy(new)
    new.discard()
    new.status(remote=False)
    new.export()
    new.fetch()
    new.workspace_datasources()
    result = run_module("promotion", READ)
    assert result["failed"] and "is not commit cccccccccc: query Order/get_order" in result["msg"]
    assert one(result)["state"] == "failed" and one(result)["changed"]


def test_a_commit_that_came_meanwhile_is_the_next_runs(
    new: GitCalls, run_module: Run, repository: FakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeFacts, "found", ["query Order/get_order"])
    to_deploy(new)
    new.discard()
    new.status(remote=False)
    new.export()
    new.fetch(behind=1)
    new.workspace_datasources()
    result = run_module("promotion", READ)
    assert not result["failed"] and "newer commit" in one(result)["warnings"][0]


def test_an_interrupted_deployment_has_no_commit_before(
    new: GitCalls, run_module: Run, repository: FakeRepository
) -> None:
    begin(new)
    new.fetch()
    new.status(status(modified=EDITED), remote=False)
    new.export()
    new.workspace_datasources()
    entry = one(run_module("promotion_info", PLAN))
    assert (entry["state"], entry["commit_before"], entry["changes"]) == ("interrupted", None, None)


def test_without_a_way_into_the_repository_the_plan_has_counts(
    new: GitCalls, run_module: Run, repository: FakeRepository, tmp_path: Path
) -> None:
    repository.error = RepositoryUnreadable("No way to ssh://git@git.example.com/acme/orders.git")
    (tmp_path / "key").write_text("no key")
    behind(new, plan=True)
    entry = one(run_module("promotion_info", {**ALL, "git_ssh_key_file": str(tmp_path / "key")}))
    assert not entry["failed"] and entry["plan"] == "counts" and "counts only" in entry["warnings"][0]


def test_where_it_was_asked_for_in_so_many_words_it_is_an_error(
    new: GitCalls, run_module: Run, repository: FakeRepository
) -> None:
    repository.error = RepositoryUnreadable("No way to ssh://git@git.example.com/acme/orders.git")
    begin(new)
    new.fetch(behind=1)
    new.status(remote=False)
    entry = one(run_module("promotion_info", PLAN))
    assert entry["failed"] and entry["error"]["title"] == "RepositoryUnreadable"


def test_without_the_repository_the_changes_come_from_what_was_shown(new: GitCalls, run_module: Run) -> None:
    behind(new)
    new.discard()
    new.status(remote=False)
    new.export(export("select 2"))
    new.workspace_datasources()
    entry = one(run_module("promotion", ALL))
    assert entry["plan"] == "counts" and entry["changes"]["queries"]["changed"] == ["Order/get_order"]


# -- a datasource of another identity ---------------------------------------------------------------------------------
STRANGER = {"modified": ["datasources/orders_db.json"]}


def test_another_gitsyncid_is_let_be_and_told(calls: GitCalls, run_module: Run) -> None:
    behind(calls, 1, status(**STRANGER))
    calls.discard()
    calls.status(status(**STRANGER), remote=False)
    calls.export()
    calls.workspace_datasources()
    result = run_module("promotion", ALL)
    assert (one(result)["state"], result["failed"]) == ("deployed", False)
    assert "another gitSyncId (orders_db)" in " ".join(one(result)["warnings"])


def test_with_another_gitsyncid_no_pull_works(calls: GitCalls, run_module: Run) -> None:
    behind(calls, 1, status(**STRANGER))
    result = run_module("promotion", {**ALL, "strategy": "pull"})
    assert one(result)["gate"] == "datasource_clash" and "strategy: discard" in result["msg"]


def test_another_gitsyncid_that_came_with_the_deployment_is_told(calls: GitCalls, run_module: Run) -> None:
    behind(calls)
    calls.discard(raises=TIMEOUT)
    calls.status(status(**STRANGER), remote=False)
    calls.status(status(**STRANGER), remote=False)
    calls.export()
    calls.workspace_datasources()
    result = run_module("promotion", ALL)
    assert not result["failed"] and "another gitSyncId (orders_db)" in " ".join(one(result)["warnings"])


def test_another_gitsyncid_alone_is_nothing_to_do(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.fetch()
    calls.status(status(**STRANGER), remote=False)
    calls.published()
    assert not run_module("promotion", ALL)["changed"]
