# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit, discard, pull, status: the exact calls of both generations, and what Appsmith answers wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from git_calls import (
    BASE,
    CHECKOUT,
    CONFLICT,
    EDITED,
    INCOMPATIBLE,
    LOCKED,
    MIGRATED,
    NEW,
    NO_AUTHOR,
    NO_TRANSACTION,
    OLD,
    PROTECTED,
    READ_ONLY_NEW,
    READ_ONLY_OLD,
    REMOTE,
    STAGING,
    STATUS_LOCKED,
    UNEVEN,
    UNNAMED,
    WORKSPACE,
    GitCalls,
    application,
    export,
    status,
)

Run = Callable[..., dict[str, Any]]
APP = {"workspace": WORKSPACE, "applications": ["orders"]}
COMMIT = {**APP, "commit_message": "Filter by customer"}
TIMEOUT = requests.exceptions.ReadTimeout("read timed out")


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


def one(result: dict[str, Any]) -> dict[str, Any]:
    assert len(result["applications"]) == 1
    entry: dict[str, Any] = result["applications"][0]
    return entry


# -- commit ------------------------------------------------------------------------------------------------------------
def test_commit_fetches_looks_commits_and_proves(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    calls.commit("Filter by customer")
    calls.status()
    result = run_module("git_commit", COMMIT, diff=True)
    assert result["changed"] and not result["failed"]
    entry = one(result)
    assert (entry["pushed"], entry["modified"], entry["branch"], entry["id"]) == (True, EDITED, "master", BASE)
    assert result["diff"]["before"] == {"uncommitted": EDITED}


def test_commit_with_nothing_to_commit_sends_nothing(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status()
    result = run_module("git_commit", COMMIT)
    assert not result["changed"] and one(result)["pushed"] is False


def test_commit_in_check_mode_only_looks(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(added=["pages/Order/queries/new/metadata.json"]))
    calls.protected()
    result = run_module("git_commit", COMMIT, check_mode=True)
    assert result["changed"] and one(result)["pushed"] is True


def test_commit_refuses_when_the_remote_is_ahead(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=2)
    result = run_module("git_commit", COMMIT)
    assert result["failed"] and result["error"]["title"] == "GitUpstreamAhead"
    assert "2 commits behind" in result["msg"] and "nothing was committed" in result["msg"]


def test_commit_refuses_on_a_protected_branch(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected("master")
    result = run_module("git_commit", COMMIT)
    assert result["failed"] and result["error"]["title"] == "GitProtectedBranch"


def test_a_commit_that_was_not_pushed_is_pushed(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(ahead=1)
    calls.status(status(ahead=1))
    calls.protected()
    calls.commit("Filter by customer")
    calls.status()
    assert run_module("git_commit", COMMIT)["changed"]


@pytest.mark.parametrize("refusal", [READ_ONLY_OLD, READ_ONLY_NEW])
def test_a_refused_push_says_where_the_commit_is(
    calls: GitCalls, run_module: Run, refusal: tuple[int, str, str]
) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    calls.commit("Filter by customer", error=refusal)
    result = run_module("git_commit", COMMIT)
    assert result["failed"] and result["error"]["title"] == "GitKeyRefused" and result["error"]["code"] == refusal[1]
    assert "stay on the instance" in result["msg"] and "read_only: false" in result["msg"]


def test_commit_answered_201_but_not_done_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    calls.commit("Filter by customer")
    calls.status(status(modified=EDITED))
    result = run_module("git_commit", COMMIT)
    assert result["failed"] and result["error"]["title"] == "ProofFailed"
    assert EDITED[0] in result["msg"]


def test_commit_overtaken_between_fetch_and_push_tells_the_way_out(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    text = "git commit failed. \nDetails: Looks like there are pending upstream changes."
    calls.commit("Filter by customer", error=(400, "AE-GIT-4044", text))
    result = run_module("git_commit", COMMIT)
    assert result["failed"] and result["error"]["title"] == "GitUpstreamAhead"
    assert "new branch" in result["msg"]


def test_a_commit_without_an_answer_is_looked_for_and_never_repeated(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    calls.commit("Filter by customer", raises=TIMEOUT)
    # It is still at work, then done.
    calls.status(error=LOCKED)
    calls.status()
    calls.status()
    result = run_module("git_commit", COMMIT)
    assert result["changed"] and not result["failed"]
    assert "committed and pushed all the same" in one(result)["warnings"][0]


def test_a_blank_message_is_refused_before_anything_is_sent(api: Any, run_module: Run) -> None:
    result = run_module("git_commit", {**APP, "commit_message": "  "})
    assert result["failed"] and "message" in result["msg"]


def test_the_new_generation_takes_an_author_with_the_commit(api: Any, run_module: Run) -> None:
    calls = GitCalls(api, NEW)
    calls.info()
    calls.workspaces()
    calls.home(application())
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    body = {"message": "Filter by customer", "author": {"name": "Dana Dev", "email": "dana@example.com"}}
    api.expect("POST", f"/git/applications/{BASE}/commit", json=body, status=201, data="Commit Result : ok")
    calls.status()
    assert run_module("git_commit", {**COMMIT, "author": body["author"]})["changed"]


def test_the_old_generation_refuses_another_author_than_the_saved_one(api: Any, run_module: Run) -> None:
    calls = GitCalls(api, OLD)
    calls.info()
    calls.profile("Admin", "admin@example.com")
    result = run_module("git_commit", {**COMMIT, "author": {"name": "Dana", "email": "dana@example.com"}})
    assert result["failed"] and "git_profile" in result["msg"]


def test_the_old_generation_commits_as_the_saved_author(api: Any, run_module: Run) -> None:
    calls = GitCalls(api, OLD)
    calls.info()
    calls.profile("Dana", "dana@example.com")
    calls.workspaces()
    calls.home(application())
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    calls.commit("Filter by customer")
    calls.status()
    assert run_module("git_commit", {**COMMIT, "author": {"name": "Dana", "email": "dana@example.com"}})["changed"]


def test_a_branch_is_found_before_the_work(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "staging", "origin/master", "origin/staging")
    calls.checkout("staging")
    calls.fetch(id=STAGING)
    calls.status(id=STAGING)
    result = run_module("git_commit", {**COMMIT, "branch": "staging"}, check_mode=True)
    assert (one(result)["id"], one(result)["branch"]) == (STAGING, "staging")


def test_a_branch_that_is_not_on_the_instance_is_an_error(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.branches("master", "origin/master", "origin/staging")
    result = run_module("git_commit", {**COMMIT, "branch": "staging"})
    assert result["failed"] and "git_branch" in result["msg"] and "the remote has it" in result["msg"]


def test_without_names_all_connected_applications_are_meant(calls: GitCalls, run_module: Run) -> None:
    other = "6b0297179da452369c779aaa"
    calls.start(
        application(), application("notes", id="6b0297179da452369c779bbb", remote=None), application("desk", id=other)
    )
    for identifier in (BASE, other):
        calls.fetch(id=identifier)
        calls.status(id=identifier)
    result = run_module("git_commit", {"workspace": WORKSPACE, "commit_message": "x"})
    assert [entry["name"] for entry in result["applications"]] == ["orders", "desk"]


def test_an_application_without_a_repository_is_refused_before_anything_is_done(api: Any, run_module: Run) -> None:
    calls = GitCalls(api, NEW)
    calls.workspaces()
    calls.home(application(), application("notes", id="6b0297179da452369c779bbb", remote=None))
    result = run_module(
        "git_commit", {"workspace": WORKSPACE, "application": ["orders", "notes"], "commit_message": "x"}
    )
    assert result["failed"] and "notes" in result["msg"] and "git_connection" in result["msg"]


def test_one_failing_application_does_not_stop_the_others(calls: GitCalls, run_module: Run) -> None:
    other = "6b0297179da452369c779aaa"
    calls.start(application(), application("desk", id=other))
    calls.fetch(behind=1)
    calls.fetch(id=other)
    calls.status(status(modified=EDITED), id=other)
    calls.protected(id=other)
    calls.commit("x", id=other)
    calls.status(id=other)
    result = run_module("git_commit", {"workspace": WORKSPACE, "commit_message": "x"})
    assert result["failed"] and result["changed"]
    assert [entry.get("failed", False) for entry in result["applications"]] == [True, False]
    assert "1 of 2 failed" in result["msg"]


# -- status ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (status(), "none"),
        (status(modified=EDITED), "changes"),
        (status(modified=MIGRATED[1:]), "changes"),
        (status(modified=MIGRATED, added=["pages/Order/queries/new/metadata.json"]), "changes"),
        (status(modified=MIGRATED, removed=["datasources/x.json"]), "changes"),
        (status(clean=False), "changes"),
    ],
)
def test_status_info_tells_drift_by_the_files(api: Any, run_module: Run, found: dict[str, Any], kind: str) -> None:
    calls = GitCalls(api, NEW)
    calls.start()
    calls.branches("master", "origin/master", "origin/staging")
    calls.status(found)
    calls.protected("master")
    entry = one(run_module("git_status_info", APP))
    assert (entry["drift"], entry["clean"]) == (kind, found["isClean"])
    assert entry["branches"] == ["master"] and entry["remote_branches"] == ["master", "staging"]
    assert (entry["protected_branches"], entry["default_branch"]) == (["master"], "master")
    assert entry["remote_url"] == REMOTE


@pytest.mark.parametrize(
    ("modified", "published", "kind"),
    [
        (MIGRATED, None, "migration"),
        # A person has changed a query's settings on top of it.
        (MIGRATED, "select 0", "changes"),
        # A migration over several releases rewrites pages, too.
        ([*MIGRATED, "pages/Order/Order.json", "pages/Order/widgets/Text.json"], None, "migration"),
        ([*MIGRATED, "pages/Order/Order.json"], "select 0", "changes"),
    ],
)
def test_status_info_looks_at_the_views_where_the_files_leave_it_open(
    calls: GitCalls, run_module: Run, modified: list[str], published: str | None, kind: str
) -> None:
    calls.start()
    calls.branches("master")
    calls.status(status(modified=modified))
    calls.export(export("select 1", published))
    calls.protected()
    assert one(run_module("git_status_info", APP))["drift"] == kind


# -- discard -----------------------------------------------------------------------------------------------------------
def test_discard_deploys_and_proves(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=2)
    calls.status(remote=False)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    result = run_module("git_discard", APP, diff=True)
    assert result["changed"] and one(result)["behind"] == 2 and one(result)["discarded"] == []
    assert result["diff"]["before"] == {"uncommitted": [], "behind": 2}


def test_discard_with_nothing_to_do_writes_nothing(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(remote=False)
    calls.published()
    assert not run_module("git_discard", APP)["changed"]


def test_a_discard_brings_a_published_view_back_that_is_gone(calls: GitCalls, run_module: Run) -> None:
    """What a pull with a read-only key leaves: clean, nothing behind, and 404 for the users."""
    calls.start()
    calls.fetch()
    calls.status(remote=False)
    calls.published(gone=True)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    assert run_module("git_discard", APP)["changed"]


def test_discard_does_not_throw_a_persons_work_away_unasked(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(status(modified=EDITED), remote=False)
    result = run_module("git_discard", APP)
    assert result["failed"] and result["error"]["title"] == "GitUncommittedChanges"
    assert EDITED[0] in result["msg"] and result["error"]["details"]["modified"] == EDITED


def test_discard_says_what_it_throws_away(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED), remote=False)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    result = run_module("git_discard", {**APP, "drift": "discard"})
    assert result["changed"] and one(result)["discarded"] == EDITED


def test_discard_in_check_mode_says_the_same(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED), remote=False)
    result = run_module("git_discard", {**APP, "drift": "discard"}, check_mode=True)
    assert result["changed"] and one(result)["discarded"] == EDITED


def test_a_migrations_traces_alone_are_left(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    result = run_module("git_discard", APP)
    assert not result["changed"] and one(result)["drift"] == "migration"


def test_a_migrations_traces_do_not_stop_a_deployment(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    calls.discard()
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    result = run_module("git_discard", APP)
    assert result["changed"] and not result["failed"] and one(result)["discarded"] == []


@pytest.mark.parametrize("failure", [CONFLICT, NO_TRANSACTION])
def test_a_write_conflict_is_repeated_alone(
    calls: GitCalls, run_module: Run, sleeps: list[float], failure: tuple[int, str, str]
) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(error=failure)
    calls.discard(error=failure)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    assert run_module("git_discard", APP)["changed"]
    assert sleeps == [1.0, 2.0]


def test_a_write_conflict_without_a_name_is_told_by_looking(
    calls: GitCalls, run_module: Run, sleeps: list[float]
) -> None:
    """As v1.60 says it: behind 0 and dirty, since the work tree has moved on and the documents are the old ones."""
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(error=UNNAMED)
    calls.status(status(modified=EDITED), remote=False)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    assert run_module("git_discard", APP)["changed"]
    assert sleeps == [1.0]


def test_an_internal_error_that_did_nothing_is_not_repeated(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(error=UNNAMED)
    for _look in ("what it was", "the proof"):
        calls.status(status(behind=1), remote=False)
    result = run_module("git_discard", APP)
    assert result["failed"] and result["error"]["code"] == "AE-APP-5000"


def test_an_internal_error_after_the_work_is_a_warning(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(error=UNNAMED)
    calls.status(remote=False)
    calls.status(remote=False)
    calls.export()
    result = run_module("git_discard", APP)
    assert result["changed"] and not result["failed"] and "was deployed" in one(result)["warnings"][0]


def test_write_conflicts_without_end_are_an_error(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    for _attempt in range(5):
        calls.discard(error=CONFLICT)
    result = run_module("git_discard", APP)
    assert result["failed"] and result["error"]["title"] == "GitWriteConflict"


def test_behind_0_with_leftovers_is_not_deployed(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard()
    calls.status(status(modified=EDITED), remote=False)
    result = run_module("git_discard", APP)
    assert result["failed"] and result["error"]["title"] == "ProofFailed" and "left over" in result["msg"]


def test_files_that_disagree_in_the_repository_are_deployed_and_told(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard()
    calls.status(status(modified=UNEVEN), remote=False)
    calls.export()
    result = run_module("git_discard", APP)
    assert result["changed"] and "disagree" in one(result)["warnings"][0]


def test_what_no_discard_changes_is_no_change(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=UNEVEN), remote=False)
    calls.discard()
    calls.status(status(modified=UNEVEN), remote=False)
    calls.export()
    result = run_module("git_discard", {**APP, "drift": "discard"})
    assert not result["changed"] and not result["failed"] and "disagree" in one(result)["warnings"][0]


def test_what_may_be_a_persons_setting_is_refused_with_both_ways_out(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=UNEVEN), remote=False)
    result = run_module("git_discard", APP)
    assert result["failed"] and "drift: discard" in result["msg"] and "disagree" in result["msg"]


def test_an_old_published_view_is_not_deployed(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard()
    calls.status(remote=False)
    calls.export(export("select 2", published="select 1"))
    result = run_module("git_discard", APP)
    assert result["failed"] and "published view" in result["msg"] and "query Order/get_order" in result["msg"]


def test_without_the_right_to_export_the_pages_are_compared(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard()
    calls.status(remote=False)
    refusal = (
        404,
        "AE-ACL-4004",
        "Unable to find application. Either the asset doesn't exist or you don't have permission",
    )
    calls.api.expect("GET", f"/applications/export/{BASE}", error=refusal)
    for mode, names in (("EDIT", ["Order", "New"]), ("PUBLISHED", ["Order"])):
        pages = [{"name": name, "slug": name.lower()} for name in names]
        calls.api.expect("GET", "/pages", params={"applicationId": BASE, "mode": mode}, data={"pages": pages})
    result = run_module("git_discard", APP)
    assert result["failed"] and "page New" in result["msg"]


def test_a_discard_without_an_answer_is_waited_for(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(raises=TIMEOUT)
    calls.status(error=LOCKED, remote=False)
    calls.status(status(behind=1), remote=False)
    calls.status(remote=False)
    calls.status(remote=False)
    calls.export()
    result = run_module("git_discard", APP)
    assert result["changed"] and "but the content was deployed" in one(result)["warnings"][0]


def test_a_server_that_went_away_in_the_middle_is_waited_for(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(status=502, text="<html>Bad Gateway</html>")
    calls.status(remote=False)
    calls.status(remote=False)
    calls.export()
    result = run_module("git_discard", APP)
    assert result["changed"] and "but the content was deployed" in one(result)["warnings"][0]


def test_a_discard_that_never_arrives_is_an_error_and_not_repeated(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(raises=TIMEOUT)
    for _look in range(5):
        calls.status(status(behind=1), remote=False)
    result = run_module("git_discard", {**APP, "appsmith_git_lock_timeout": 12})
    assert result["failed"] and result["error"]["title"] == "RequestTimeout"


def test_different_ways_are_refused_before_they_lock_the_application(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(ahead=1, behind=1)
    calls.status(remote=False)
    result = run_module("git_discard", APP)
    assert result["failed"] and result["error"]["title"] == "GitConflict" and "git_branch" in result["msg"]


def test_a_refused_fetch_of_a_shared_work_tree_is_got_around(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(error=CHECKOUT)
    calls.status(status(behind=1))
    calls.status(status(), remote=False)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    assert run_module("git_discard", APP)["changed"]


def test_content_of_a_newer_release_is_reported(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.discard(error=INCOMPATIBLE)
    result = run_module("git_discard", APP)
    assert result["failed"] and result["error"]["code"] == "AE-JSN-4045" and "Upgrade" in result["msg"]


# -- locks -------------------------------------------------------------------------------------------------------------
def test_a_lock_is_waited_out(calls: GitCalls, run_module: Run, sleeps: list[float]) -> None:
    calls.start()
    calls.fetch(error=LOCKED)
    calls.fetch(error=LOCKED)
    calls.fetch()
    calls.status(error=STATUS_LOCKED, remote=False)
    calls.status(remote=False)
    calls.published()
    assert not run_module("git_discard", APP)["failed"]
    assert sleeps == [3.0, 3.0, 3.0]


def test_a_lock_that_stays_is_an_error(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    for _attempt in range(3):
        calls.fetch(error=LOCKED)
    result = run_module("git_discard", {**APP, "appsmith_git_lock_timeout": 8})
    assert result["failed"] and result["error"]["title"] == "GitLocked"
    assert "8 seconds" in result["msg"] and "appsmith_git_lock_timeout" in result["msg"]


# -- pull --------------------------------------------------------------------------------------------------------------
def test_pull_deploys_and_proves(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull()
    calls.status(remote=False)
    calls.export()
    result = run_module("git_pull", APP, diff=True)
    assert result["changed"] and one(result)["behind"] == 1
    assert result["diff"]["before"] == {"behind": 1}


def test_pull_with_nothing_behind_is_not_made(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(remote=False)
    calls.published()
    assert not run_module("git_pull", APP)["changed"]


def test_a_pull_does_not_call_an_application_current_whose_published_view_is_gone(
    calls: GitCalls, run_module: Run
) -> None:
    calls.start()
    calls.fetch()
    calls.status(remote=False)
    calls.published(gone=True)
    result = run_module("git_pull", APP)
    assert result["failed"] and result["error"]["title"] == "ProofFailed" and "git_discard" in result["msg"]


@pytest.mark.parametrize("failure", [READ_ONLY_OLD, READ_ONLY_NEW])
def test_a_pull_with_a_read_only_key_is_mended_by_a_discard(
    calls: GitCalls, run_module: Run, failure: tuple[int, str, str]
) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull(error=failure)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    result = run_module("git_pull", APP)
    assert result["changed"] and not result["failed"]
    assert "by a discard instead" in one(result)["warnings"][0]


def test_pull_in_check_mode_only_looks(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    assert run_module("git_pull", APP, check_mode=True)["changed"]


@pytest.mark.parametrize("failure", [NO_AUTHOR, PROTECTED])
def test_400_but_deployed_is_success_with_a_warning(
    calls: GitCalls, run_module: Run, failure: tuple[int, str, str]
) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull(error=failure)
    calls.status(remote=False)
    calls.export()
    result = run_module("git_pull", APP)
    assert result["changed"] and not result["failed"]
    assert "but the content was deployed" in one(result)["warnings"][0]


def test_400_but_deployed_counts_for_files_that_disagree_as_well(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull(error=PROTECTED)
    calls.status(status(modified=UNEVEN), remote=False)
    calls.export()
    result = run_module("git_pull", APP)
    assert result["changed"] and not result["failed"]
    warnings = " ".join(one(result)["warnings"])
    assert "but the content was deployed" in warnings and "disagree" in warnings


@pytest.mark.parametrize("failure", [NO_AUTHOR, PROTECTED])
def test_400_and_not_deployed_is_the_error(calls: GitCalls, run_module: Run, failure: tuple[int, str, str]) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull(error=failure)
    calls.status(status(behind=1), remote=False)
    result = run_module("git_pull", APP)
    assert result["failed"] and result["error"]["code"] == failure[1]


def test_400_and_published_view_old_is_the_error(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull(error=NO_AUTHOR)
    calls.status(remote=False)
    calls.export(export("select 2", published="select 1"))
    result = run_module("git_pull", APP)
    assert result["failed"] and result["error"]["code"] == "AE-GIT-4031" and "git_profile" in result["msg"]


def test_200_but_still_behind_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull()
    calls.status(status(behind=1), remote=False)
    result = run_module("git_pull", APP)
    assert result["failed"] and result["error"]["title"] == "ProofFailed" and "1 commit behind" in result["msg"]


def test_a_pull_without_an_answer_is_waited_for(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(remote=False)
    calls.pull(raises=TIMEOUT)
    calls.status(remote=False)
    calls.status(remote=False)
    calls.export()
    assert run_module("git_pull", APP)["changed"]


def test_pull_refuses_with_local_changes_before_it_leaks_a_lock(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(status(modified=EDITED), remote=False)
    result = run_module("git_pull", APP)
    assert result["failed"] and result["error"]["title"] == "GitUncommittedChanges"


def test_pull_names_the_other_way_with_a_migrations_traces(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch(behind=1)
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    result = run_module("git_pull", APP)
    assert result["failed"] and "git_discard" in result["msg"]
