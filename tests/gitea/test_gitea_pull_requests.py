# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module pull_request against a real Gitea: every way that a request can go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _forge_flow, _wait
from gitea_server import Gitea

Run = Callable[..., dict[str, Any]]
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """What somebody else does while the module waits for the first time."""

    def plan(action: Callable[[], object]) -> None:
        todo = [action]

        def sleep(seconds: float) -> None:
            while todo:
                todo.pop()()
            time.sleep(seconds)

        monkeypatch.setattr(_wait, "sleep", sleep)

    return plan


def only(result: dict[str, Any]) -> dict[str, Any]:
    (entry,) = result["results"]
    found: dict[str, Any] = entry
    return found


def assert_merged(result: dict[str, Any]) -> None:
    assert only(result)["state"] == "merged", result


def requests_of(gitea: Gitea, repository: str, state: str = "all") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gitea.api("GET", f"/repos/{repository}/pulls?state={state}")
    return found


def status(gitea: Gitea, repository: str, state: str, context: str = "ci/test", branch: str = "staging") -> None:
    sha = gitea.branch(repository, branch)
    gitea.api("POST", f"/repos/{repository}/statuses/{sha}", {"state": state, "context": context}, status=201)


def review(gitea: Gitea, repository: str, user: str, event: str, number: int = 1) -> None:
    body = {"event": event, "body": "words"}
    gitea.api("POST", f"/repos/{repository}/pulls/{number}/reviews", body, user=user, status=200)


def protect(gitea: Gitea, repository: str, **rules: Any) -> None:
    gitea.api("POST", f"/repos/{repository}/branch_protections", {"rule_name": "master", **rules}, status=201)


def test_open_twice_then_merge_twice(gitea: Gitea, repository: str, pull_request: Run) -> None:
    predicted = pull_request(repository, check_mode=True)
    assert predicted["changed"] and not requests_of(gitea, repository)
    first = pull_request(repository, title="Week 47", body="One change.")
    entry = only(first)
    assert (first["changed"], entry["opened"], entry["state"], entry["commits"]) == (True, True, "open", 1)
    assert entry["url"] == f"{gitea.url}/{repository}/pulls/1" and entry["head"] == gitea.branch(repository, "staging")
    again = pull_request(repository, title="Week 47", body="One change.")
    assert (again["changed"], only(again)["number"]) == (False, 1)
    edited = pull_request(repository, title="Week 48")
    assert (edited["changed"], only(edited)["updated"], only(edited)["opened"]) == (True, True, False)
    assert edited["diff"]["before"]["title"] == "Week 47" and edited["diff"]["after"]["title"] == "Week 48"
    (there,) = requests_of(gitea, repository)
    assert (there["title"], there["body"]) == ("Week 48", "One change.")
    would = pull_request(repository, state="merged", check_mode=True)
    assert would["changed"] and requests_of(gitea, repository)[0]["state"] == "open"
    merged = pull_request(repository, state="merged")
    entry = only(merged)
    assert (merged["changed"], entry["state"], entry["opened"]) == (True, "merged", False)
    assert entry["merge_commit"] == gitea.branch(repository, "master")
    twice = pull_request(repository, state="merged")
    assert (twice["changed"], only(twice)["number"], only(twice)["state"]) == (False, None, "none")
    assert len(requests_of(gitea, repository)) == 1
    # Back to staging there is only the merge commit, which changes nothing.
    back = pull_request(repository, source="master", target="staging", state="merged")
    assert not back["changed"] and only(back)["commits"] == 0


def test_merged_in_one_go(gitea: Gitea, repository: str, pull_request: Run) -> None:
    merged = pull_request(f"{gitea.url}/{repository}.git", state="merged")
    entry = only(merged)
    assert (merged["changed"], entry["opened"], entry["state"], entry["name"]) == (
        True,
        True,
        "merged",
        repository,
    )
    assert gitea.branch(repository, "master") == entry["merge_commit"]


@pytest.mark.parametrize("method", ["squash", "rebase"])
def test_other_methods_are_done_once_as_well(gitea: Gitea, repository: str, pull_request: Run, method: str) -> None:
    gitea.commit(repository, "master", "README.md", "meanwhile")
    gitea.commit(repository, "staging", "pages/Other.json")
    assert_merged(pull_request(repository, state="merged", merge_method=method))
    assert gitea.api("GET", f"/repos/{repository}/contents/pages/Other.json?ref=master")["type"] == "file"


def test_a_squash_leaves_nothing_to_bring(gitea: Gitea, repository: str, pull_request: Run) -> None:
    assert pull_request(repository, state="merged", merge_method="squash")["changed"]
    assert not pull_request(repository, state="merged", merge_method="squash")["changed"]
    assert len(requests_of(gitea, repository)) == 1


def test_closed_twice(gitea: Gitea, repository: str, pull_request: Run) -> None:
    assert not pull_request(repository, state="closed")["changed"]
    pull_request(repository)
    assert pull_request(repository, state="closed", check_mode=True)["changed"]
    closed = pull_request(repository, state="closed")
    assert closed["changed"] and only(closed)["state"] == "closed"
    assert requests_of(gitea, repository)[0]["state"] == "closed"
    assert not pull_request(repository, state="closed")["changed"]
    assert only(pull_request(repository))["number"] == 2


def test_waits_for_the_checks(gitea: Gitea, repository: str, pull_request: Run, meanwhile: Meanwhile) -> None:
    none = pull_request(repository, state="merged", checks=True, timeout=0)
    assert none["failed"] and "no check was reported" in none["msg"] and only(none)["number"] == 1
    assert none["changed"], "it was opened all the same"
    status(gitea, repository, "pending")
    status(gitea, repository, "success", "ci/lint")
    late = pull_request(repository, state="merged", checks=True, timeout=0)
    assert late["failed"] and "checks are not done: ci/test" in late["msg"] and not late["changed"]
    would = pull_request(repository, state="merged", checks=True, check_mode=True)
    assert not would["failed"] and "checks are not done: ci/test" in only(would)["waits_for"]
    meanwhile(lambda: status(gitea, repository, "success"))
    merged = pull_request(repository, state="merged", checks=True, timeout=60)
    assert only(merged)["state"] == "merged", merged
    assert only(merged)["checks"] == {"passed": ["ci/lint", "ci/test"], "pending": [], "failed": []}


@pytest.mark.parametrize("state", ["failure", "error"])
def test_red_checks_stop_it_at_once(gitea: Gitea, repository: str, pull_request: Run, state: str) -> None:
    status(gitea, repository, state)
    red = pull_request(repository, state="merged", checks=True, timeout=600)
    assert red["failed"] and red["error"]["title"] == "ChecksFailed" and "ci/test" in red["msg"]
    assert requests_of(gitea, repository)[0]["state"] == "open"
    # What was tested again counts, not what it said before.
    status(gitea, repository, "success")
    assert_merged(pull_request(repository, state="merged", checks=True))


def test_waits_for_approvals_of_the_last_commit(
    gitea: Gitea, repository: str, pull_request: Run, meanwhile: Meanwhile
) -> None:
    pull_request(repository)
    review(gitea, repository, "rosa", "APPROVED")
    few = pull_request(repository, state="merged", approvals=2, timeout=0)
    assert few["failed"] and "1 of 2 approvals" in few["msg"]
    assert only(few)["approved_by"] == ["rosa"]
    gitea.commit(repository, "staging")
    stale = pull_request(repository, state="merged", approvals=1, timeout=0)
    assert stale["failed"] and "0 of 1 approvals" in stale["msg"]
    review(gitea, repository, "rosa", "APPROVED")
    meanwhile(lambda: review(gitea, repository, "karl", "APPROVED"))
    merged = pull_request(repository, state="merged", approvals=2, timeout=60)
    assert only(merged)["state"] == "merged", merged
    assert only(merged)["approved_by"] == ["karl", "rosa"]


def test_strangers_do_not_approve(gitea: Gitea, repository: str, pull_request: Run) -> None:
    gitea.api("PATCH", f"/repos/{repository}", {"private": False}, status=200)
    pull_request(repository)
    review(gitea, repository, "guest", "APPROVED")
    assert "0 of 1 approvals" in pull_request(repository, state="merged", approvals=1, timeout=0)["msg"]
    review(gitea, repository, "rosa", "APPROVED")
    assert_merged(pull_request(repository, state="merged", approvals=1))


def test_a_review_that_asks_for_changes_stops_it(gitea: Gitea, repository: str, pull_request: Run) -> None:
    pull_request(repository)
    review(gitea, repository, "rosa", "REQUEST_CHANGES")
    refused = pull_request(repository, state="merged", approvals=1, timeout=600)
    assert refused["failed"] and "rosa asked for changes" in refused["msg"]
    info = only(pull_request(repository, module="pull_request_info"))
    assert (info["refused_by"], info["approved_by"], info["state"]) == (["rosa"], [], "open")
    review(gitea, repository, "rosa", "APPROVED")
    assert_merged(pull_request(repository, state="merged", approvals=1))


def test_commits_that_come_while_it_waits_are_not_merged(
    gitea: Gitea, repository: str, pull_request: Run, meanwhile: Meanwhile
) -> None:
    status(gitea, repository, "pending")
    master = gitea.branch(repository, "master")
    meanwhile(lambda: gitea.commit(repository, "staging"))
    moved = pull_request(repository, state="merged", checks=True, timeout=60)
    assert moved["failed"] and moved["error"]["title"] == "SourceMoved"
    assert gitea.branch(repository, "master") == master


def test_conflicts(gitea: Gitea, repository: str, pull_request: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_forge_flow, "UNCLEAR", 3)
    gitea.commit(repository, "master", text="one")
    gitea.commit(repository, "staging", text="two")
    conflict = pull_request(repository, state="merged")
    assert conflict["failed"] and conflict["error"]["title"] == "MergeConflict" and "conflicts" in conflict["msg"]
    assert "solve the conflict" in conflict["msg"] and requests_of(gitea, repository)[0]["state"] == "open"


def test_a_draft(gitea: Gitea, repository: str, pull_request: Run) -> None:
    draft = pull_request(repository, state="merged", title="WIP: not yet")
    assert draft["failed"] and "is a draft" in draft["msg"]


def test_protection_says_what_it_lacks(gitea: Gitea, repository: str, pull_request: Run) -> None:
    protect(gitea, repository, required_approvals=1)
    lacks = pull_request(repository, state="merged")
    assert lacks["failed"] and "Does not have enough approvals" in lacks["msg"] and lacks["changed"]
    review(gitea, repository, "rosa", "APPROVED")
    assert_merged(pull_request(repository, state="merged", approvals=1))


def test_protection_that_lets_only_others_merge(gitea: Gitea, repository: str, pull_request: Run) -> None:
    protect(gitea, repository, enable_merge_whitelist=True, merge_whitelist_usernames=["karl"])
    refused = pull_request(repository, state="merged", forge_token=gitea.make_token("rosa"))
    assert refused["failed"] and "User not allowed to merge PR" in refused["msg"]
    assert_merged(pull_request(repository, state="merged", forge_token=gitea.make_token("karl")))


def test_wrong_token_no_right_unknown_repository_and_branch(gitea: Gitea, repository: str, pull_request: Run) -> None:
    wrong = pull_request(repository, forge_token="0" * 40)
    assert wrong["failed"] and wrong["error"]["http_status"] == 401 and "Check forge_token" in wrong["msg"]
    little = gitea.make_token("rosa", "read:repository")
    refused = pull_request(repository, forge_token=little)
    assert refused["failed"] and refused["error"]["http_status"] == 403 and "needs the right" in refused["msg"]
    hidden = pull_request(repository, forge_token=gitea.make_token("guest"))
    assert hidden["failed"] and hidden["error"]["http_status"] == 404 and repository in hidden["msg"]
    unknown = pull_request("acme/nothing")
    assert unknown["failed"] and "does not know acme/nothing" in unknown["msg"]
    for params in ({"source": "nowhere"}, {"target": "nowhere"}, {"source": "nowhere", "state": "merged"}):
        assert f"{repository} has no branch 'nowhere'" in pull_request(repository, **params)["msg"]
    assert not requests_of(gitea, repository)


def test_a_hotfix_branch_is_deleted_after_the_merge(gitea: Gitea, repository: str, pull_request: Run) -> None:
    gitea.api("POST", f"/repos/{repository}/branches", {"new_branch_name": "fix/4711", "old_branch_name": "master"})
    gitea.commit(repository, "fix/4711", "pages/Fix.json")
    hotfix = {"source": "fix/4711", "state": "merged"}
    assert_merged(pull_request(repository, **hotfix))
    assert gitea.branch(repository, "fix/4711")
    # Merged by an earlier run that was ended before it deleted the branch.
    later = pull_request(repository, **hotfix, delete_source=True)
    assert later["changed"] and only(later)["source_deleted"]
    assert gitea.branch(repository, "fix/4711") is None
    again = pull_request(repository, **hotfix, delete_source=True)
    assert (again["changed"], only(again)["state"], only(again)["number"]) == (False, "merged", 1)
    gitea.api("POST", f"/repos/{repository}/branches", {"new_branch_name": "fix/4712", "old_branch_name": "master"})
    gitea.commit(repository, "fix/4712", "pages/Fix.json")
    once = only(pull_request(repository, source="fix/4712", state="merged", delete_source=True))
    assert (once["state"], once["source_deleted"]) == ("merged", True)
    assert gitea.branch(repository, "fix/4712") is None


def test_many_side_by_side_and_one_that_fails(gitea: Gitea, pull_request: Run) -> None:
    names = [f"many/orders-{number}" for number in range(6)]
    for name in names:
        gitea.make_repository(name, "staging")
        gitea.commit(name, "staging")
    status(gitea, names[3], "failure")
    for name in names[:3] + names[4:]:
        status(gitea, name, "success")
    result = pull_request(*names, "many/nothing", state="merged", checks=True)
    assert result["failed"] and result["changed"] and "2 of 7 failed" in result["msg"]
    states = [entry["state"] for entry in result["results"]]
    assert states == ["merged"] * 3 + ["open"] + ["merged"] * 2 + ["none"]
    failed = [entry["name"] for entry in result["results"] if entry.get("failed")]
    assert failed == [names[3], "many/nothing"]
    info = pull_request(*names, module="pull_request_info")
    assert [entry["commits"] for entry in info["results"]] == [0] * 3 + [1] + [0] * 2
    assert info["results"][3]["checks"]["failed"] == ["ci/test"] and not info["changed"]


def test_a_request_of_a_fork_is_not_ours(gitea: Gitea, repository: str, pull_request: Run) -> None:
    gitea.api("POST", f"/repos/{repository}/forks", {}, user="karl", status=202)
    fork = f"karl/{repository.split('/')[1]}"
    gitea.commit(fork, "staging", "pages/Fork.json")
    body = {"head": "karl:staging", "base": "master", "title": "From a fork"}
    gitea.api("POST", f"/repos/{repository}/pulls", body, user="karl", status=201)
    assert only(pull_request(repository))["number"] == 2
