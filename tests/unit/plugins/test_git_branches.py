# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches and merges: the exact calls of both generations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from git_calls import (
    BASE,
    EDITED,
    MIGRATED,
    NEW,
    OLD,
    READ_ONLY_NEW,
    READ_ONLY_OLD,
    STAGING,
    WORKSPACE,
    GitCalls,
    application,
    status,
)

Run = Callable[..., dict[str, Any]]
APP = {"workspace": WORKSPACE, "applications": ["orders"]}
BRANCH = {**APP, "name": "staging"}
MERGE = {**APP, "source": "staging", "destination": "master"}
BOTH = ("master", "staging", "origin/master", "origin/staging")
TIMEOUT = requests.exceptions.ReadTimeout("read timed out")


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


def one(result: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = result["applications"][0]
    return entry


# -- git_branch --------------------------------------------------------------------------------------------------------
def test_a_branch_that_is_there_is_only_looked_up(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.checkout("staging")
    result = run_module("git_branch", BRANCH)
    assert not result["changed"] and (one(result)["id"], one(result)["origin"]) == (STAGING, "instance")


def test_the_first_branch_needs_no_look_up(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    result = run_module("git_branch", {**BRANCH, "name": "master"})
    assert not result["changed"] and one(result)["id"] == BASE


def test_a_branch_of_the_remote_is_brought_in_and_proven(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master", "origin/staging")
    calls.checkout("origin/staging")
    calls.branches(*BOTH)
    calls.checkout("staging")
    result = run_module("git_branch", BRANCH, diff=True)
    assert result["changed"] and (one(result)["id"], one(result)["origin"]) == (STAGING, "remote")
    assert result["diff"]["after"] == {"branch": "staging"}


def test_a_branch_of_the_remote_is_predicted(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master", "origin/staging")
    result = run_module("git_branch", BRANCH, check_mode=True)
    assert result["changed"] and one(result)["id"] is None


def test_a_new_branch_is_made_after_the_remote_was_asked(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master")
    calls.branches("master", "origin/master", prune=True)
    calls.status()
    calls.create_branch("staging")
    calls.branches(*BOTH)
    calls.checkout("staging")
    result = run_module("git_branch", BRANCH)
    assert result["changed"] and one(result)["origin"] == "new"


def test_a_new_branch_would_take_uncommitted_changes_with_it(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master")
    calls.branches("master", "origin/master", prune=True)
    calls.status(status(modified=EDITED))
    result = run_module("git_branch", BRANCH)
    assert result["failed"] and "move_changes" in result["msg"]


def test_a_new_branch_takes_them_when_asked_to(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master")
    calls.branches("master", "origin/master", prune=True)
    calls.status(status(modified=EDITED))
    calls.create_branch("staging")
    calls.branches(*BOTH)
    calls.checkout("staging")
    assert run_module("git_branch", {**BRANCH, "move_changes": True})["changed"]


def test_a_branch_that_does_not_appear_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master", "origin/staging")
    calls.checkout("origin/staging")
    calls.branches("master", "origin/master", "origin/staging")
    result = run_module("git_branch", BRANCH)
    assert result["failed"] and result["error"]["title"] == "ProofFailed"


@pytest.mark.parametrize("name", ["origin/staging", "", "a b", "-x"])
def test_a_name_with_origin_is_refused(calls: GitCalls, run_module: Run, name: str) -> None:
    calls.start()
    result = run_module("git_branch", {**BRANCH, "name": name})
    assert result["failed"] and "without origin/" in result["msg"]


def test_a_branch_is_taken_from_the_instance(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.branches(*BOTH)
    calls.checkout("staging")
    calls.status(id=STAGING)
    # Away from it in the shared work tree, for a checked-out branch can't be deleted.
    calls.status()
    calls.delete_branch("staging")
    calls.branches("master", "origin/master", "origin/staging")
    assert run_module("git_branch", {**BRANCH, "state": "absent"})["changed"]


def test_a_branch_that_is_not_there_needs_no_deletion(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master", "origin/staging")
    assert not run_module("git_branch", {**BRANCH, "state": "absent"})["changed"]


@pytest.mark.parametrize("found", [status(modified=EDITED), status(ahead=1)])
def test_a_branch_with_work_is_not_deleted(calls: GitCalls, run_module: Run, found: dict[str, Any]) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.branches(*BOTH)
    calls.checkout("staging")
    calls.status(found, id=STAGING)
    result = run_module("git_branch", {**BRANCH, "state": "absent"})
    assert result["failed"] and "not in the repository" in result["msg"]


def test_the_default_branch_is_not_deleted(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    result = run_module("git_branch", {**BRANCH, "name": "master", "state": "absent"})
    assert result["failed"] and "default branch" in result["msg"]


@pytest.mark.parametrize("there", [(), ("release",)])
def test_a_branch_is_protected_beside_others(calls: GitCalls, run_module: Run, there: tuple[str, ...]) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.protected(*there)
    calls.protect(*there, "master")
    calls.protected(*there, "master")
    result = run_module("git_branch", {**BRANCH, "name": "master", "protected": True}, diff=True)
    assert result["changed"] and one(result)["protected"]
    assert result["diff"]["after"] == {"protected": True}


@pytest.mark.parametrize("check_mode", [True, False])
def test_protection_that_is_as_wanted_is_left_alone(calls: GitCalls, run_module: Run, check_mode: bool) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.protected("release")
    result = run_module("git_branch", {**BRANCH, "name": "master", "protected": False}, check_mode=check_mode)
    assert not result["changed"] and one(result)["protected"] is False


def test_check_mode_predicts_the_protection(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.protected("master")
    assert run_module("git_branch", {**BRANCH, "name": "master", "protected": False}, check_mode=True)["changed"]


def test_protection_is_taken_away(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.protected("master")
    calls.protect()
    calls.protected()
    assert run_module("git_branch", {**BRANCH, "name": "master", "protected": False})["changed"]


def test_an_edition_that_protects_one_branch_only_is_told(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.checkout("staging")
    calls.protected()
    calls.protect("staging", error=(400, "AE-APP-4007", "Unsupported operation"))
    result = run_module("git_branch", {**BRANCH, "protected": True})
    assert result["failed"] and "default branch and no other" in result["msg"] and "staging" in result["msg"]


def test_protection_that_can_not_be_seen_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.protected()
    calls.protect("master")
    calls.protected()
    result = run_module("git_branch", {**BRANCH, "name": "master", "protected": True})
    assert result["error"]["title"] == "ProofFailed"


# -- git_merge ---------------------------------------------------------------------------------------------------------
def look_at_both(calls: GitCalls, source: Any = None, destination: Any = None) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.branches(*BOTH)
    calls.checkout("staging")
    calls.status(source, id=STAGING)
    if destination is not False:
        calls.status(destination)


def test_merge_checks_merges_and_proves_from_the_source(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge()
    calls.merge_status("ALREADY_UP_TO_DATE")
    calls.status()
    result = run_module("git_merge", MERGE)
    assert result["changed"] and one(result)["result"] == "FAST_FORWARD"


def test_merge_with_nothing_to_merge_writes_nothing(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("ALREADY_UP_TO_DATE")
    assert not run_module("git_merge", MERGE)["changed"]


def test_merge_in_check_mode_only_checks(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    assert run_module("git_merge", MERGE, check_mode=True)["changed"]


def test_a_conflict_names_the_files_and_nothing_is_merged(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("CONFLICTING", possible=False, conflictingFiles=["pages/Page1/queries/q/metadata.json"])
    result = run_module("git_merge", MERGE)
    assert result["failed"] and result["error"]["title"] == "GitConflict"
    assert "pages/Page1/queries/q/metadata.json" in result["msg"]


def test_a_conflict_that_is_answered_with_200_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge("CONFLICTING")
    result = run_module("git_merge", MERGE)
    assert result["failed"] and "CONFLICTING" in result["msg"]


def test_merged_by_answer_but_not_by_sight_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge()
    calls.merge_status("CONFLICTING", possible=False)
    calls.status()
    result = run_module("git_merge", MERGE)
    assert result["failed"] and result["error"]["title"] == "ProofFailed"


def test_a_check_that_does_not_tell_is_settled_by_a_second_merge(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge()
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.status()
    calls.merge("ALREADY_UP_TO_DATE")
    assert run_module("git_merge", MERGE)["changed"]


def test_a_merge_without_an_answer_is_looked_for(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge(raises=TIMEOUT)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.merge_status("ALREADY_UP_TO_DATE")
    calls.merge_status("ALREADY_UP_TO_DATE")
    calls.status()
    result = run_module("git_merge", MERGE)
    assert result["changed"] and "merged all the same" in one(result)["warnings"][0]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_protected_destination_is_refused_before_the_server_merges(
    calls: GitCalls, run_module: Run, check_mode: bool
) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected("master")
    result = run_module("git_merge", MERGE, check_mode=check_mode)
    assert result["failed"] and result["error"]["title"] == "GitProtectedBranch" and "pull request" in result["msg"]


@pytest.mark.parametrize("refusal", [READ_ONLY_OLD, READ_ONLY_NEW])
def test_a_merge_whose_push_is_refused_says_where_the_commits_are(
    calls: GitCalls, run_module: Run, refusal: tuple[int, str, str]
) -> None:
    look_at_both(calls)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge(error=refusal)
    result = run_module("git_merge", MERGE)
    assert result["failed"] and result["error"]["title"] == "GitKeyRefused" and result["error"]["code"] == refusal[1]
    assert "stay on the instance" in result["msg"] and "read_only: false" in result["msg"]


def look_at_unpushed(calls: GitCalls, *, source: int = 0, destination: int = 0) -> None:
    look_at_both(calls, status(ahead=source), status(ahead=destination))
    for identifier, ahead in ((STAGING, source), (BASE, destination)):
        if ahead:
            calls.fetch(ahead=ahead, id=identifier)
            calls.status(status(ahead=ahead), id=identifier)
            calls.protected()


def test_a_merge_that_was_never_pushed_is_pushed_by_the_next_run(calls: GitCalls, run_module: Run) -> None:
    look_at_unpushed(calls, destination=2)
    calls.commit("Merge staging into master")
    calls.status()
    calls.merge_status("ALREADY_UP_TO_DATE")
    result = run_module("git_merge", MERGE)
    assert result["changed"] and one(result)["pushed"] == ["master"]


def test_what_was_never_pushed_of_the_source_is_pushed_before_the_merge(calls: GitCalls, run_module: Run) -> None:
    look_at_unpushed(calls, source=1)
    calls.commit("Merge staging into master", id=STAGING)
    calls.status(id=STAGING)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge()
    calls.merge_status("ALREADY_UP_TO_DATE")
    calls.status()
    result = run_module("git_merge", MERGE)
    assert result["changed"] and (one(result)["pushed"], one(result)["result"]) == (["staging"], "FAST_FORWARD")


def test_a_push_to_come_is_predicted(calls: GitCalls, run_module: Run) -> None:
    look_at_unpushed(calls, destination=2)
    result = run_module("git_merge", MERGE, check_mode=True)
    assert result["changed"] and one(result)["pushed"] == ["master"]


@pytest.mark.parametrize("refusal", [READ_ONLY_OLD, READ_ONLY_NEW])
def test_a_push_that_is_refused_again_is_the_error(
    calls: GitCalls, run_module: Run, refusal: tuple[int, str, str]
) -> None:
    look_at_unpushed(calls, destination=2)
    calls.commit("Merge staging into master", error=refusal)
    result = run_module("git_merge", MERGE)
    assert result["failed"] and result["error"]["title"] == "GitKeyRefused" and "read_only: false" in result["msg"]


def test_a_push_that_can_not_be_seen_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    look_at_unpushed(calls, destination=2)
    calls.commit("Merge staging into master")
    calls.status(status(ahead=2))
    result = run_module("git_merge", MERGE)
    assert result["failed"] and result["error"]["title"] == "ProofFailed" and "2 commits not pushed" in result["msg"]


def test_a_dirty_source_is_refused(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls, status(modified=EDITED), False)
    result = run_module("git_merge", MERGE)
    assert result["failed"] and result["error"]["title"] == "GitUncommittedChanges"


def test_a_dirty_source_in_check_mode_is_a_change_with_a_warning(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls, status(modified=EDITED), False)
    result = run_module("git_merge", MERGE, check_mode=True)
    assert result["changed"] and "unless they are committed before" in one(result)["warnings"][0]


def test_a_branch_behind_the_remote_is_refused(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls, None, status(behind=3))
    result = run_module("git_merge", MERGE)
    assert (
        result["failed"] and result["error"]["title"] == "GitUpstreamAhead" and "master is 3 commits" in result["msg"]
    )


def test_a_destination_of_the_remote_is_brought_in_first(calls: GitCalls, run_module: Run) -> None:
    here = ("staging", "origin/master", "origin/staging")
    application_on_staging = application(id=BASE, branch="staging")
    calls.start(application_on_staging)
    calls.branches(*here)
    calls.branches(*here)
    calls.checkout("origin/master", found=STAGING)
    calls.branches(*BOTH)
    calls.checkout("master", found=STAGING)
    calls.branches(*BOTH)
    calls.checkout("master", found=STAGING)
    calls.status()
    calls.status(id=STAGING)
    calls.merge_status("MERGED_NOT_COMMITTED", id=BASE)
    calls.protected()
    calls.merge(id=BASE)
    calls.merge_status("ALREADY_UP_TO_DATE", id=BASE)
    calls.status(id=STAGING)
    result = run_module("git_merge", MERGE)
    assert result["changed"] and one(result)["brought_in"] == ["master"]


def test_a_branch_that_nobody_has_is_an_error(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master")
    calls.branches("master", "origin/master", prune=True)
    result = run_module("git_merge", MERGE)
    assert result["failed"] and "no branch staging" in result["msg"]


def test_a_migration_is_an_error_unless_it_may_be_committed(calls: GitCalls, run_module: Run) -> None:
    look_at_both(calls, status(modified=MIGRATED), False)
    calls.export(id=STAGING)
    result = run_module("git_merge", MERGE)
    assert result["failed"] and "commit_migration" in result["msg"]


def test_a_migration_is_committed_on_both_branches_first(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches(*BOTH)
    calls.branches(*BOTH)
    calls.checkout("staging")
    for identifier in (STAGING, BASE):
        calls.status(status(modified=MIGRATED), id=identifier)
        calls.export(id=identifier)
        calls.fetch(id=identifier)
        calls.status(status(modified=MIGRATED), id=identifier)
        calls.protected()
        calls.commit("Format of v1.91", id=identifier)
        calls.status(id=identifier)
    calls.merge_status("MERGED_NOT_COMMITTED")
    calls.protected()
    calls.merge("MERGED")
    calls.merge_status("ALREADY_UP_TO_DATE")
    calls.status()
    result = run_module("git_merge", {**MERGE, "commit_migration": "Format of v1.91"})
    assert one(result)["committed_migration"] == ["staging", "master"]


def test_a_branch_is_not_merged_into_itself(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    assert run_module("git_merge", {**MERGE, "destination": "staging"})["failed"]
