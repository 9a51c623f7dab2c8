# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pull_request at GitLab, and what all hosts share: addresses, options, and the refusals of the options."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import repository_path
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitea import Gitea
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_github import GitHub
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitlab import GitLab
from forge_calls import BASE, HEAD, OTHER, TOKEN, Host

URL = "https://gitlab.example.com"
PROJECT = "/projects/tools%2Fappsmith%2Forders"
OPTIONS = {
    "forge": "gitlab",
    "forge_url": URL,
    "forge_token": TOKEN,
    "repository": "git@gitlab.example.com:tools/appsmith/orders.git",
    "source": "staging",
    "target": "master",
}
DONE = {"state": "merged", "merge_commit_sha": OTHER}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def gitlab() -> Iterator[Host]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(Host.mocked(f"{URL}/api/v4", "gitlab"))


@pytest.fixture
def pull_request(run_module: Run) -> Run:
    def run(check_mode: bool = False, module: str = "pull_request", **params: Any) -> dict[str, Any]:
        result = run_module(module, {**OPTIONS, **params}, check_mode)
        assert TOKEN not in json.dumps(result)
        return result

    return run


def branch(host: Host, name: str, sha: str) -> None:
    found = host.of("branch", name=name)
    found["commit"]["id"] = sha
    host.expect("GET", f"{PROJECT}/repository/branches/{name}", found)


def branches(host: Host) -> None:
    branch(host, "master", BASE)
    branch(host, "staging", HEAD)
    compare = f"{PROJECT}/repository/compare"
    host.expect("GET", compare, host.of("compare"), from_=BASE, to=HEAD)
    host.expect("GET", compare, host.of("compare"), from_=BASE, to=HEAD, straight="true")


def listed(host: Host, *found: dict[str, Any]) -> None:
    query = {"source_branch": "staging", "target_branch": "master", "per_page": "50", "state": "opened"}
    host.expect("GET", f"{PROJECT}/merge_requests", list(found), **query)


def found(host: Host, **changes: Any) -> None:
    branches(host)
    listed(host, host.of("merge_request", source_project_id=9), host.of("merge_request"))
    host.expect("GET", f"{PROJECT}/merge_requests/5", host.of("merge_request", **changes))


def look(host: Host, **changes: Any) -> None:
    host.expect("GET", f"{PROJECT}/merge_requests/5", host.of("merge_request", **changes))


def merges(host: Host, squash: bool = False, head_is_there: bool = True) -> None:
    path, body = f"{PROJECT}/merge_requests/5/merge", {"sha": HEAD, "squash": squash}
    host.expect("PUT", path, host.of("merge_request", **DONE), body=body)
    look(host, **DONE)
    branch(host, "master", OTHER)
    lacking = host.of("same" if head_is_there else "compare")
    host.expect("GET", f"{PROJECT}/repository/compare", lacking, from_=OTHER, to=HEAD)


def only(result: dict[str, Any]) -> dict[str, Any]:
    (entry,) = result["results"]
    return dict(entry)


def test_opens_what_is_not_open_but_for_a_fork(gitlab: Host, pull_request: Run) -> None:
    branches(gitlab)
    listed(gitlab, gitlab.of("merge_request", source_project_id=9))
    body = {"source_branch": "staging", "target_branch": "master", "title": "Week 47", "description": "Text"}
    answer = gitlab.of("merge_request", title="Week 47", description="Text")
    gitlab.expect("POST", f"{PROJECT}/merge_requests", answer, status=201, body=body)
    entry = only(pull_request(title="Week 47", body="Text"))
    assert entry["opened"] and (entry["number"], entry["name"]) == (5, "tools/appsmith/orders")
    assert gitlab.headers[0]["Authorization"] == f"Bearer {TOKEN}"


def test_title_and_body(gitlab: Host, pull_request: Run) -> None:
    found(gitlab)
    body = {"title": "Week 47", "description": "Text"}
    gitlab.expect("PUT", f"{PROJECT}/merge_requests/5", {}, body=body)
    look(gitlab, title="Week 47", description="Text")
    assert only(pull_request(title="Week 47", body="Text"))["updated"]
    found(gitlab)
    assert not pull_request()["changed"]


def test_the_same_content_is_nothing(gitlab: Host, pull_request: Run) -> None:
    branch(gitlab, "master", BASE)
    branch(gitlab, "staging", HEAD)
    compare = f"{PROJECT}/repository/compare"
    gitlab.expect("GET", compare, gitlab.of("compare"), from_=BASE, to=HEAD)
    gitlab.expect("GET", compare, gitlab.of("same"), from_=BASE, to=HEAD, straight="true")
    result = pull_request(state="merged")
    assert not result["changed"] and only(result)["number"] is None


def test_merges(gitlab: Host, pull_request: Run) -> None:
    found(gitlab)
    merges(gitlab)
    result = pull_request(state="merged")
    assert result["changed"] and (only(result)["state"], only(result)["merge_commit"]) == ("merged", OTHER)


def test_a_squash_is_proven_by_its_own_commit(gitlab: Host, pull_request: Run) -> None:
    found(gitlab)
    merges(gitlab, squash=True, head_is_there=False)
    assert only(pull_request(state="merged", merge_method="squash"))["state"] == "merged"


def test_waits_for_the_pipeline_and_the_approvals(gitlab: Host, pull_request: Run, sleeps: list[float]) -> None:
    approvals = f"{PROJECT}/merge_requests/5/approvals"
    running = {"id": 77, "sha": HEAD, "ref": "staging", "status": "running"}
    found(gitlab, detailed_merge_status="checking", head_pipeline=None)
    gitlab.expect("GET", approvals, gitlab.of("approvals", approved_by=[{"user": {"username": "karl"}}]))
    look(gitlab, detailed_merge_status="not_approved", head_pipeline={**running, "sha": OTHER})
    gitlab.expect("GET", approvals, gitlab.of("approvals", approved_by=[]))
    look(gitlab, detailed_merge_status="ci_still_running", head_pipeline=running)
    gitlab.expect("GET", approvals, gitlab.of("approvals"))
    look(gitlab)
    gitlab.expect("GET", approvals, gitlab.of("approvals"))
    merges(gitlab)
    entry = only(pull_request(state="merged", checks=True, approvals=1))
    assert entry["approved_by"] == ["rosa"] and entry["checks"]["passed"] == ["pipeline 77"]
    assert sleeps == [1.0, 1.5, 2.25]


def test_a_pipeline_of_the_merged_result_counts(gitlab: Host, pull_request: Run) -> None:
    found(gitlab, head_pipeline={"id": 78, "sha": OTHER, "ref": "refs/merge-requests/5/merge", "status": "success"})
    merges(gitlab)
    assert only(pull_request(state="merged", checks=True))["checks"]["passed"] == ["pipeline 78"]


@pytest.mark.parametrize("status", ["failed", "canceled", "skipped"])
def test_red_pipelines(gitlab: Host, pull_request: Run, status: str) -> None:
    found(gitlab, head_pipeline={"id": 77, "sha": HEAD, "ref": "staging", "status": status})
    result = pull_request(state="merged", checks=True)
    assert result["error"]["title"] == "ChecksFailed" and "pipeline 77" in result["msg"]


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"detailed_merge_status": "conflict", "has_conflicts": True}, "MergeConflict"),
        ({"detailed_merge_status": None, "merge_status": "cannot_be_merged"}, "MergeConflict"),
        ({"draft": True, "detailed_merge_status": "draft_status"}, "RequestRefused"),
        ({"state": "closed", "detailed_merge_status": "not_open"}, "RequestRefused"),
    ],
)
def test_what_waiting_does_not_mend(gitlab: Host, pull_request: Run, changes: dict[str, Any], title: str) -> None:
    found(gitlab, **changes)
    assert pull_request(state="merged")["error"]["title"] == title


def test_asked_for_changes(gitlab: Host, pull_request: Run) -> None:
    found(gitlab, detailed_merge_status="requested_changes")
    gitlab.expect("GET", f"{PROJECT}/merge_requests/5/approvals", gitlab.of("approvals", approved_by=[]))
    assert pull_request(state="merged", approvals=1)["error"]["title"] == "NotApproved"


@pytest.mark.parametrize(
    ("status", "answer", "after", "title", "text"),
    [
        (401, "unauthorized", None, "PermissionDenied", "does not let this account merge into master"),
        (405, "not_allowed", {"detailed_merge_status": "ci_must_pass"}, "RequestRefused", "405 Method Not Allowed"),
        (422, "cannot_be_merged", {"detailed_merge_status": "conflict"}, "MergeConflict", "cannot be merged"),
        (409, "sha_mismatch", {"sha": OTHER}, "SourceMoved", "other commits"),
    ],
)
def test_the_host_refuses_the_merge(
    gitlab: Host, pull_request: Run, status: int, answer: str, after: dict[str, Any] | None, title: str, text: str
) -> None:
    found(gitlab)
    body = {"sha": HEAD, "squash": False}
    gitlab.expect("PUT", f"{PROJECT}/merge_requests/5/merge", gitlab.of(answer), status=status, body=body)
    if after:
        look(gitlab, **after)
    result = pull_request(state="merged")
    assert result["error"]["title"] == title and text in result["msg"] and not result["changed"]


def test_two_at_once_open_one(gitlab: Host, pull_request: Run) -> None:
    branches(gitlab)
    listed(gitlab)
    body = {"source_branch": "staging", "target_branch": "master", "title": "Promote staging to master"}
    refused = gitlab.of("exists")
    gitlab.expect("POST", f"{PROJECT}/merge_requests", refused, status=409, body={**body, "description": ""})
    listed(gitlab, gitlab.of("merge_request"))
    look(gitlab)
    result = pull_request()
    assert not result["changed"] and only(result)["number"] == 5


def test_closes(gitlab: Host, pull_request: Run) -> None:
    listed(gitlab, gitlab.of("merge_request"))
    look(gitlab)
    gitlab.expect("PUT", f"{PROJECT}/merge_requests/5", {}, body={"state_event": "close"})
    look(gitlab, state="closed")
    assert only(pull_request(state="closed"))["state"] == "closed"


def test_deletes_the_source(gitlab: Host, pull_request: Run) -> None:
    found(gitlab)
    merges(gitlab)
    branch(gitlab, "staging", HEAD)
    gone = gitlab.of("branch_not_found")
    gitlab.expect("DELETE", f"{PROJECT}/repository/branches/staging", status=204)
    gitlab.expect("GET", f"{PROJECT}/repository/branches/staging", gone, status=404)
    gitlab.expect("GET", PROJECT, gitlab.of("project"))
    assert only(pull_request(state="merged", delete_source=True))["source_deleted"]


@pytest.mark.parametrize(
    ("status", "answer", "title", "text"),
    [
        (401, "unauthorized", "AuthenticationFailed", "Check forge_token"),
        (403, "insufficient_scope", "PermissionDenied", "higher privileges"),
        (404, "not_found", "NotFound", "does not know tools/appsmith/orders"),
        (429, "rate_limit", "RateLimited", "no more requests"),
    ],
)
def test_refusals_name_the_cause(
    gitlab: Host, pull_request: Run, status: int, answer: str, title: str, text: str
) -> None:
    path = f"{PROJECT}/repository/branches/master"
    headers = {"Retry-After": "3600"} if status == 429 else {}
    gitlab.expect("GET", path, gitlab.of(answer), status=status, headers=headers)
    if status == 404:
        gitlab.expect("GET", PROJECT, gitlab.of(answer), status=status)
    result = pull_request()
    assert result["error"]["title"] == title and text in result["msg"]


def test_info(gitlab: Host, pull_request: Run) -> None:
    found(gitlab, detailed_merge_status="not_approved")
    gitlab.expect("GET", f"{PROJECT}/merge_requests/5/approvals", gitlab.of("approvals", approved_by=[]))
    entry = only(pull_request(module="pull_request_info"))
    assert (entry["blocked"], entry["mergeable"], entry["approved_by"]) == ("not approved", True, [])


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"merge_method": "rebase"}, "can't be asked for at gitlab"),
        ({"source": "master"}, "source and target are both 'master'"),
        ({"title": " "}, "title is empty"),
        ({"repository": ["a/b", "a/b"]}, "Given twice: a/b"),
        ({"repository": []}, "No repository was given"),
        ({"forge": "gitea", "forge_url": None}, "Where the Git host is was not said"),
        ({"forge_url": "git.example.com"}, "forge_url is no address"),
        ({"forge_url": f"https://bot:{TOKEN}@git.example.com"}, "forge_url is no address"),
        ({"forge": "github", "forge_url": "https://github.com"}, "has no owner and name"),
        ({"repository": "git@github.com:acme/orders.git"}, "is at github.com, and gitlab.example.com was to be asked"),
    ],
)
def test_options_that_cannot_be_meant(pull_request: Run, params: dict[str, Any], text: str) -> None:
    with responses.RequestsMock():
        result = pull_request(**params)
    assert result["failed"] and text in result["msg"] and not result["changed"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("acme/orders", "acme/orders"),
        ("ssh://git@git.example.com:2222/acme/orders.git", "acme/orders"),
        ("git@git.example.com:acme/orders.git", "acme/orders"),
        ("https://git.example.com/git/acme/orders.git", "acme/orders"),
        ("https://git.example.com/git/acme/orders/", "acme/orders"),
    ],
)
def test_any_address_of_a_repository_will_do(text: str, path: str) -> None:
    forge = Gitea({"forge_url": "https://git.example.com/git/", "forge_token": TOKEN})
    assert repository_path(text, forge) == path


@pytest.mark.parametrize("text", ["", "orders", "a/b/c", "acme/..", "ssh://git@git.example.com", "ftp://x/a/b"])
def test_what_is_no_repository(text: str) -> None:
    with pytest.raises(InvalidInput):
        repository_path(text, GitHub({"forge_token": TOKEN}))


def test_groups_within_groups_are_gitlabs_alone() -> None:
    assert repository_path("https://gitlab.com/a/b/c/d.git", GitLab({"forge_token": TOKEN})) == "a/b/c/d"
