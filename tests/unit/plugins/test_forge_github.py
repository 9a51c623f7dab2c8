# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pull_request at GitHub: every call, and every way it can go."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _forge_http
from forge_calls import BASE, HEAD, OTHER, TOKEN, TREE, Host

REPO = "/repos/acme/orders"
MERGE = "e5bd3914e2e596debea16f433f57875b5b90bcd6"
OPTIONS = {
    "forge": "github",
    "forge_token": TOKEN,
    "repository": "acme/orders",
    "source": "staging",
    "target": "master",
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def github() -> Iterator[Host]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(Host.mocked("https://api.github.com", "github"))


@pytest.fixture
def pull_request(run_module: Run) -> Run:
    def run(
        check_mode: bool = False, module: str = "pull_request", diff: bool = False, **params: Any
    ) -> dict[str, Any]:
        result = run_module(module, {**OPTIONS, **params}, check_mode, diff)
        assert TOKEN not in json.dumps(result)
        return result

    return run


def branches(host: Host, ahead: int = 3, source: str = HEAD) -> None:
    target = host.of("branch", name="master")
    target["commit"] = {"sha": BASE, "commit": {"message": "x", "tree": {"sha": OTHER}}}
    staging = host.of("branch")
    staging["commit"]["sha"] = source
    host.expect("GET", f"{REPO}/branches/master", target)
    host.expect("GET", f"{REPO}/branches/staging", staging)
    host.expect("GET", f"{REPO}/compare/{BASE}...{HEAD}", host.of("compare", ahead_by=ahead), per_page="1")


def listed(host: Host, *pulls: dict[str, Any]) -> None:
    query = {"head": "acme:staging", "base": "master", "per_page": "50", "state": "open"}
    host.expect("GET", f"{REPO}/pulls", list(pulls), **query)


def found(host: Host, **changes: Any) -> None:
    """The branches differ, and the request is open."""
    branches(host)
    listed(host, host.of("pull"))
    host.expect("GET", f"{REPO}/pulls/12", host.of("pull", **changes))


def merges(host: Host, target: str = MERGE) -> None:
    host.expect("PUT", f"{REPO}/pulls/12/merge", host.of("merged"), body={"sha": HEAD, "merge_method": "merge"})
    proof(host, target)


def proof(host: Host, target: str = MERGE) -> None:
    done = host.of("pull", state="closed", merged=True, merged_at="2026-11-22T11:00:00Z")
    host.expect("GET", f"{REPO}/pulls/12", done)
    master = host.of("branch", name="master")
    master["commit"]["sha"] = target
    host.expect("GET", f"{REPO}/branches/master", master)
    host.expect("GET", f"{REPO}/compare/{target}...{HEAD}", host.of("compare", ahead_by=0), per_page="1")


def only(result: dict[str, Any]) -> dict[str, Any]:
    (entry,) = result["results"]
    return dict(entry)


def test_opens_what_is_not_open(github: Host, pull_request: Run) -> None:
    branches(github)
    listed(github)
    body = {"title": "Promote staging to master", "body": "", "head": "staging", "base": "master"}
    github.expect("POST", f"{REPO}/pulls", github.of("pull", mergeable=None), status=201, body=body)
    result = pull_request(diff=True)
    entry = only(result)
    assert result["changed"] and entry["opened"] and (entry["number"], entry["state"]) == (12, "open")
    assert (entry["commits"], entry["head"], entry["url"]) == (3, HEAD, "https://github.com/acme/orders/pull/12")
    assert entry["merge_commit"] is None, "what GitHub tries out is no merge"
    assert result["diff"]["before"] == {"state": "none"} and result["diff"]["after"]["number"] == 12
    assert github.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert github.headers[0]["X-GitHub-Api-Version"] == "2022-11-28"


def test_what_is_open_stays(github: Host, pull_request: Run) -> None:
    found(github)
    assert not pull_request(title="Promote staging to master", body="")["changed"]


def test_title_and_body_are_brought_up_to_date(github: Host, pull_request: Run) -> None:
    found(github)
    github.expect("PATCH", f"{REPO}/pulls/12", {}, body={"title": "Week 47", "body": "a\nb"})
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull", title="Week 47", body="a\r\nb"))
    result = pull_request(title="Week 47", body="a\nb")
    assert result["changed"] and only(result)["updated"] and not only(result)["opened"]


def test_a_title_that_is_not_kept_is_a_failure(github: Host, pull_request: Run) -> None:
    found(github)
    github.expect("PATCH", f"{REPO}/pulls/12", {}, body={"title": "Week 47"})
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    assert pull_request(title="Week 47")["error"]["title"] == "ProofFailed"


def test_nothing_between_the_branches(github: Host, pull_request: Run) -> None:
    same = github.of("branch")
    github.expect("GET", f"{REPO}/branches/master", same)
    github.expect("GET", f"{REPO}/branches/staging", same)
    result = pull_request(state="merged")
    assert not result["changed"] and only(result)["number"] is None and only(result)["state"] == "none"


def test_commits_of_the_same_content_are_nothing(github: Host, pull_request: Run) -> None:
    master = github.of("branch", name="master")
    master["commit"] = {"sha": BASE, "commit": {"message": "squashed", "tree": {"sha": TREE}}}
    github.expect("GET", f"{REPO}/branches/master", master)
    github.expect("GET", f"{REPO}/branches/staging", github.of("branch"))
    github.expect("GET", f"{REPO}/compare/{BASE}...{HEAD}", github.of("compare"), per_page="1")
    result = pull_request(state="merged")
    assert not result["changed"] and only(result)["commits"] == 0


def test_merges_exactly_what_was_looked_at(github: Host, pull_request: Run) -> None:
    found(github)
    merges(github)
    result = pull_request(state="merged")
    assert result["changed"] and only(result)["state"] == "merged" and only(result)["merge_commit"] == MERGE


def test_waits_for_checks_of_both_kinds_and_for_approvals(github: Host, pull_request: Run, sleeps: list[float]) -> None:
    commit, runs = f"{REPO}/commits/{HEAD}", github.of("check_runs")
    running = json.loads(json.dumps(runs))
    running["check_runs"][0].update(status="in_progress", conclusion=None)
    first = [github.of("review", user={"login": "karl"}, state="CHANGES_REQUESTED")]
    later = [*first, github.of("review", user={"login": "karl"}), github.of("review", state="COMMENTED")]
    found(github, mergeable=None, mergeable_state="unknown")
    github.expect("GET", f"{commit}/status", github.of("no_status"), per_page="50", page="1")
    github.expect("GET", f"{commit}/check-runs", github.of("no_check_runs"), per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12/reviews", [], per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull", mergeable_state="blocked"))
    github.expect("GET", f"{commit}/status", github.of("status"), per_page="50", page="1")
    github.expect("GET", f"{commit}/check-runs", running, per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12/reviews", later, per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    github.expect("GET", f"{commit}/status", github.of("status"), per_page="50", page="1")
    github.expect("GET", f"{commit}/check-runs", runs, per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12/reviews", later, per_page="50", page="1")
    merges(github)
    entry = only(pull_request(state="merged", checks=True, approvals=1))
    assert entry["checks"] == {"passed": ["ci/deploy", "lint"], "pending": [], "failed": []}
    assert entry["approved_by"] == ["karl"] and sleeps == [1.0, 1.5]


@pytest.mark.parametrize(
    ("status", "conclusion", "red"),
    [("failure", "success", "ci/deploy"), ("error", "success", "ci/deploy"), ("success", "timed_out", "lint")],
)
def test_red_checks(github: Host, pull_request: Run, status: str, conclusion: str, red: str) -> None:
    answer, runs = github.of("status"), github.of("check_runs")
    answer["statuses"][0]["state"] = status
    runs["check_runs"][0]["conclusion"] = conclusion
    found(github)
    github.expect("GET", f"{REPO}/commits/{HEAD}/status", answer, per_page="50", page="1")
    github.expect("GET", f"{REPO}/commits/{HEAD}/check-runs", runs, per_page="50", page="1")
    result = pull_request(state="merged", checks=True)
    assert result["error"]["title"] == "ChecksFailed" and f"failed checks: {red}" in result["msg"]


def test_time_is_up(github: Host, pull_request: Run, sleeps: list[float]) -> None:
    found(github)
    stranger = github.of("review", user={"login": "guest"}, author_association="NONE")
    stale = [
        stranger,
        github.of("review", commit_id=OTHER),
        github.of("review", user={"login": "karl"}, state="DISMISSED"),
    ]
    github.expect("GET", f"{REPO}/pulls/12/reviews", stale, per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    github.expect("GET", f"{REPO}/pulls/12/reviews", stale, per_page="50", page="1")
    result = pull_request(state="merged", approvals=1, timeout=1)
    assert result["error"]["title"] == "WaitedTooLong" and "0 of 1 approvals" in result["msg"] and sum(sleeps) == 1
    assert only(result)["number"] == 12, "a failure says which request it was"


def test_asked_for_changes(github: Host, pull_request: Run) -> None:
    found(github)
    reviews = [github.of("review", state="CHANGES_REQUESTED")]
    github.expect("GET", f"{REPO}/pulls/12/reviews", reviews, per_page="50", page="1")
    result = pull_request(state="merged", approvals=1)
    assert result["error"]["title"] == "NotApproved" and "rosa asked for changes" in result["msg"]


@pytest.mark.parametrize(
    ("changes", "title", "text"),
    [
        ({"mergeable": False, "mergeable_state": "dirty"}, "MergeConflict", "solve the conflict"),
        ({"draft": True}, "RequestRefused", "is a draft"),
    ],
)
def test_what_waiting_does_not_mend(
    github: Host, pull_request: Run, changes: dict[str, Any], title: str, text: str
) -> None:
    found(github, **changes)
    result = pull_request(state="merged")
    assert result["error"]["title"] == title and text in result["msg"] and not result["changed"]


def test_closed_while_it_waits(github: Host, pull_request: Run) -> None:
    found(github)
    github.expect("GET", f"{REPO}/pulls/12/reviews", [], per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull", state="closed"))
    assert "was closed by somebody" in pull_request(state="merged", approvals=1)["msg"]


def test_merged_by_somebody_while_it_waits(github: Host, pull_request: Run) -> None:
    found(github)
    github.expect("GET", f"{REPO}/pulls/12/reviews", [], per_page="50", page="1")
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull", state="closed", merged_at="2026-11-22T11:00:00Z"))
    result = pull_request(state="merged", approvals=1)
    assert not result["changed"] and only(result)["state"] == "merged"


def test_the_source_moved_while_it_waits(github: Host, pull_request: Run) -> None:
    found(github)
    github.expect("GET", f"{REPO}/pulls/12/reviews", [], per_page="50", page="1")
    moved = github.of("pull")
    moved["head"]["sha"] = OTHER
    newer = github.of("branch")
    newer["commit"]["sha"] = OTHER
    github.expect("GET", f"{REPO}/pulls/12", moved)
    github.expect("GET", f"{REPO}/branches/staging", newer)
    assert pull_request(state="merged", approvals=1)["error"]["title"] == "SourceMoved"


def test_a_request_that_does_not_show_the_last_commit_yet_is_waited_for(github: Host, pull_request: Run) -> None:
    late = github.of("pull")["head"] | {"sha": OTHER}
    found(github, head=late)
    github.expect("GET", f"{REPO}/branches/staging", github.of("branch"))
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    merges(github)
    assert only(pull_request(state="merged"))["state"] == "merged"


def test_the_host_refuses_the_merge(github: Host, pull_request: Run) -> None:
    found(github)
    body = {"sha": HEAD, "merge_method": "squash"}
    github.expect("PUT", f"{REPO}/pulls/12/merge", github.of("not_mergeable"), status=405, body=body)
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    result = pull_request(state="merged", merge_method="squash")
    assert result["error"]["title"] == "RequestRefused" and result["error"]["http_status"] == 405
    assert "At least 1 approving review is required" in result["msg"] and "pull/12" in result["msg"]
    assert not result["changed"]


def test_a_base_that_moved_in_between_is_looked_at_again(github: Host, pull_request: Run) -> None:
    found(github)
    body = {"sha": HEAD, "merge_method": "merge"}
    github.expect("PUT", f"{REPO}/pulls/12/merge", github.of("base_modified"), status=405, body=body)
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    merges(github)
    assert only(pull_request(state="merged"))["state"] == "merged"


def test_a_head_that_moved_in_between_is_not_merged(github: Host, pull_request: Run) -> None:
    found(github)
    body = {"sha": HEAD, "merge_method": "merge"}
    github.expect("PUT", f"{REPO}/pulls/12/merge", github.of("head_modified"), status=409, body=body)
    moved = github.of("pull")
    moved["head"]["sha"] = OTHER
    github.expect("GET", f"{REPO}/pulls/12", moved)
    assert pull_request(state="merged")["error"]["title"] == "SourceMoved"


def test_a_merge_without_an_answer_is_looked_at_and_never_repeated(github: Host, pull_request: Run) -> None:
    found(github)
    body = {"sha": HEAD, "merge_method": "merge"}
    github.expect("PUT", f"{REPO}/pulls/12/merge", requests.exceptions.ReadTimeout(), body=body)
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    proof(github)
    result = pull_request(state="merged")
    assert result["changed"] and only(result)["state"] == "merged"


def test_a_merge_that_is_not_seen_is_a_failure(github: Host, pull_request: Run, sleeps: list[float]) -> None:
    found(github)
    github.expect("PUT", f"{REPO}/pulls/12/merge", github.of("merged"), body={"sha": HEAD, "merge_method": "merge"})
    for _look in range(31):
        github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    result = pull_request(state="merged")
    assert result["error"]["title"] == "ProofFailed" and result["changed"]


def test_two_at_once_open_one(github: Host, pull_request: Run) -> None:
    branches(github)
    listed(github)
    body = {"title": "Promote staging to master", "body": "", "head": "staging", "base": "master"}
    github.expect("POST", f"{REPO}/pulls", github.of("exists"), status=422, body=body)
    listed(github, github.of("pull"))
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    result = pull_request()
    assert not result["changed"] and only(result)["number"] == 12


def test_an_opening_without_an_answer_is_looked_for(github: Host, pull_request: Run) -> None:
    branches(github)
    listed(github)
    body = {"title": "Promote staging to master", "body": "", "head": "staging", "base": "master"}
    github.expect("POST", f"{REPO}/pulls", requests.exceptions.ReadTimeout(), body=body)
    listed(github, github.of("pull"))
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    result = pull_request()
    assert result["changed"] and only(result)["opened"]


def test_closes_once(github: Host, pull_request: Run) -> None:
    listed(github, github.of("pull"))
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
    github.expect("PATCH", f"{REPO}/pulls/12", {}, body={"state": "closed"})
    github.expect("GET", f"{REPO}/pulls/12", github.of("pull", state="closed"))
    listed(github)
    assert only(pull_request(state="closed"))["state"] == "closed"
    assert not pull_request(state="closed")["changed"]


def test_the_source_is_deleted_after_the_merge(github: Host, pull_request: Run) -> None:
    found(github)
    merges(github)
    github.expect("GET", f"{REPO}/branches/staging", github.of("branch"))
    github.expect("DELETE", f"{REPO}/git/refs/heads/staging", status=204)
    github.expect("GET", f"{REPO}/branches/staging", github.of("not_found"), status=404)
    github.expect("GET", REPO, {"full_name": "acme/orders"})
    assert only(pull_request(state="merged", delete_source=True))["source_deleted"]


def test_a_source_with_newer_commits_is_kept(github: Host, pull_request: Run) -> None:
    found(github)
    merges(github)
    newer = github.of("branch")
    newer["commit"]["sha"] = OTHER
    github.expect("GET", f"{REPO}/branches/staging", newer)
    result = pull_request(state="merged", delete_source=True)
    assert not result["failed"] and not only(result)["source_deleted"]


def test_a_source_that_was_deleted_after_its_merge(github: Host, pull_request: Run) -> None:
    def gone() -> None:
        github.expect("GET", f"{REPO}/branches/master", github.of("branch", name="master"))
        github.expect("GET", f"{REPO}/branches/staging", github.of("not_found"), status=404)
        github.expect("GET", REPO, {"full_name": "acme/orders"})

    query = {"head": "acme:staging", "base": "master", "per_page": "50", "state": "closed", "sort": "updated"}
    done = github.of("pull", state="closed", merged_at="2026-11-22T11:00:00Z")
    gone()
    github.expect("GET", f"{REPO}/pulls", [github.of("pull", state="closed"), done], direction="desc", **query)
    result = pull_request(state="merged")
    assert (result["changed"], only(result)["state"], only(result)["number"]) == (False, "merged", 12)
    gone()
    assert "acme/orders has no branch 'staging'" in pull_request()["msg"]


@pytest.mark.parametrize("there", [True, False])
def test_check_mode_sends_no_write_and_predicts(github: Host, pull_request: Run, there: bool) -> None:
    branches(github)
    if there:
        listed(github, github.of("pull"))
        github.expect("GET", f"{REPO}/pulls/12", github.of("pull"))
        github.expect("GET", f"{REPO}/pulls/12/reviews", [], per_page="50", page="1")
    else:
        listed(github)
    result = pull_request(check_mode=True, state="merged", approvals=1, title="Week 47", delete_source=True)
    entry = only(result)
    assert result["changed"] and (entry["state"], entry["source_deleted"], entry["opened"]) == (
        "merged",
        True,
        not there,
    )
    assert entry["title"] == "Week 47" and entry["updated"] is there
    assert entry.get("waits_for") == (["0 of 1 approvals of its last commit"] if there else None)


@pytest.mark.parametrize(
    ("status", "answer", "title", "text"),
    [
        (401, "bad_credentials", "AuthenticationFailed", "Check forge_token"),
        (403, "not_accessible", "PermissionDenied", "needs the right"),
        (404, "not_found", "NotFound", "does not know acme/orders, or hides it"),
        (301, "moved", "GitHostError", "as they are called now"),
        (500, "not_found", "GitHostError", "HTTP 500"),
    ],
)
def test_refusals_name_the_cause(
    github: Host, pull_request: Run, status: int, answer: str, title: str, text: str
) -> None:
    github.expect("GET", f"{REPO}/branches/master", github.of(answer), status=status)
    if status == 404:
        github.expect("GET", REPO, github.of(answer), status=status)
    result = pull_request()
    assert result["error"]["title"] == title and text in result["msg"] and result["error"]["http_status"] == status


def test_a_token_that_may_only_read(github: Host, pull_request: Run) -> None:
    found(github)
    body = {"sha": HEAD, "merge_method": "merge"}
    github.expect("PUT", f"{REPO}/pulls/12/merge", github.of("not_found"), status=404, body=body)
    result = pull_request(state="merged")
    assert result["error"]["title"] == "PermissionDenied" and "right to write contents" in result["msg"]


def test_a_short_rate_limit_is_waited_out(github: Host, pull_request: Run, sleeps: list[float]) -> None:
    limited = {"Retry-After": "7"}
    github.expect("GET", f"{REPO}/branches/master", github.of("rate_limit"), status=429, headers=limited)
    github.expect("GET", f"{REPO}/branches/master", github.of("branch"))
    github.expect("GET", f"{REPO}/branches/staging", github.of("branch"))
    assert not pull_request()["failed"] and sleeps == [7.0]


def test_a_long_rate_limit_is_told(
    github: Host, pull_request: Run, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    monkeypatch.setattr(_forge_http, "clock", lambda: 1000.0)
    limited = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2800"}
    github.expect("GET", f"{REPO}/branches/master", github.of("rate_limit"), status=403, headers=limited)
    result = pull_request()
    assert result["error"]["title"] == "RateLimited" and "in 30 minutes" in result["msg"] and not sleeps


def test_reads_are_repeated_when_the_host_stumbles(github: Host, pull_request: Run, sleeps: list[float]) -> None:
    github.expect("GET", f"{REPO}/branches/master", "<html>", status=502)
    github.expect("GET", f"{REPO}/branches/master", requests.exceptions.ConnectionError("reset"))
    github.expect("GET", f"{REPO}/branches/master", github.of("branch"))
    github.expect("GET", f"{REPO}/branches/staging", github.of("branch"))
    assert not pull_request()["failed"] and sleeps == [1.0, 3.0]


def test_an_answer_of_another_shape_is_no_trace(github: Host, pull_request: Run) -> None:
    github.expect("GET", f"{REPO}/branches/master", {"other": 1})
    result = pull_request()
    assert result["error"]["title"] == "GitHostError" and "shape that is not known" in result["msg"]


def test_the_host_repeats_the_token(github: Host, pull_request: Run) -> None:
    github.expect("GET", f"{REPO}/branches/master", {"message": f"Bad {TOKEN}"}, status=400)
    assert "(hidden)" in pull_request()["msg"]


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com/", "https://api.github.com"),
        ("https://api.github.com", "https://api.github.com"),
        ("https://github.example.com", "https://github.example.com/api/v3"),
        ("https://github.example.com/api/v3/", "https://github.example.com/api/v3"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
    ],
)
def test_where_the_api_is(pull_request: Run, url: str, api: str) -> None:
    with Host.mocked(api, "github") as host:
        host.expect("GET", f"{REPO}/branches/master", host.of("branch"))
        host.expect("GET", f"{REPO}/branches/staging", host.of("branch"))
        assert not pull_request(forge_url=url)["failed"]


def test_info_says_all_and_changes_nothing(github: Host, pull_request: Run) -> None:
    found(github, mergeable_state="blocked")
    reviews = [github.of("review"), github.of("review", user={"login": "karl"}, state="CHANGES_REQUESTED")]
    github.expect("GET", f"{REPO}/pulls/12/reviews", reviews, per_page="50", page="1")
    github.expect("GET", f"{REPO}/commits/{HEAD}/status", github.of("status"), per_page="50", page="1")
    github.expect("GET", f"{REPO}/commits/{HEAD}/check-runs", github.of("check_runs"), per_page="50", page="1")
    entry = only(pull_request(module="pull_request_info"))
    assert (entry["number"], entry["commits"], entry["mergeable"], entry["changed"]) == (12, 3, True, False)
    assert (entry["approved_by"], entry["refused_by"]) == (["rosa"], ["karl"]) and "reviews" in entry["blocked"]
    assert entry["checks"]["passed"] == ["ci/deploy", "lint"]
