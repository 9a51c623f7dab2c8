# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module smoke_test, call by call."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _smoke

WORKSPACE = "6b0285f39f36537a747a52c1"
APPLICATION = {"id": "a1", "baseId": "a1", "name": "orders", "workspaceId": WORKSPACE}
PAGES = [{"id": "p1", "name": "Orders"}, {"id": "p2", "name": "Customers"}]
ACTIONS = [
    {"id": "q1", "name": "who_am_i", "pageId": "p1", "pluginType": "DB"},
    {"id": "q2", "name": "list", "pageId": "p1", "pluginType": "DB"},
    {"id": "q3", "name": "list", "pageId": "p2", "pluginType": "DB"},
    {"id": "q4", "name": "format", "pageId": "p1", "pluginType": "JS"},
]


class Server:
    """Expectations in the words of this module."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def look(self, *applications: dict[str, Any]) -> None:
        self.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
        self.api.expect(
            "GET", "/applications/home", params={"workspaceId": WORKSPACE}, data=list(applications) or [APPLICATION]
        )

    def pages(self, mode: str = "PUBLISHED", *, application: str = "a1", pages: Any = None) -> None:
        shown = {"pages": PAGES if pages is None else pages}
        self.api.expect("GET", "/pages", params={"applicationId": application, "mode": mode}, data=shown)

    def query(self, action: str, application: str = "a1", **answer: Any) -> None:
        self.find(application)
        wanted = ['name="executeActionDTO"', f'{{"actionId": "{action}", "viewMode": true}}']
        data = {"isExecutionSuccess": True, **answer}
        self.api.expect("POST", "/actions/execute", multipart=wanted, data=data)

    def find(self, application: str = "a1") -> None:
        self.api.expect("GET", "/actions", params={"applicationId": application}, data=ACTIONS)
        self.pages("EDIT", application=application)


@pytest.fixture
def server(api: Any) -> Server:
    return Server(api)


def run(run_module: Any, *tests: dict[str, Any], check_mode: bool = False, **more: Any) -> dict[str, Any]:
    tests = tuple({"application": "orders", **test} for test in tests)
    return run_module("smoke_test", {"workspace": "Operations", "tests": list(tests), **more}, check_mode=check_mode)


def test_pages_are_looked_up_in_the_published_view(server, run_module):
    server.look()
    server.pages()
    result = run(run_module, {"pages": ["Orders", "Customers"]})
    assert not result["failed"] and not result["changed"] and result["passed"] == 1
    assert result["results"][0]["pages"] == ["Orders", "Customers"] and result["results"][0]["passed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_query_runs_in_view_mode_and_its_answer_is_compared(server, run_module, check_mode):
    server.look()
    server.pages()
    server.query("q1", body=[{"current_user": "prod_user"}])
    test = {"query": "who_am_i", "expect": "[0].current_user", "equals": "prod_user"}
    result = run(run_module, test, check_mode=check_mode)
    assert result["results"][0]["found"] == "prod_user" and result["results"][0]["name"] == "orders: who_am_i"


def test_all_tests_are_run_and_the_summary_names_those_that_failed(server, run_module):
    server.look()
    server.pages()
    server.pages()
    server.query("q1", body=[{"current_user": "dev_user"}])
    server.pages()
    server.query("q1", isExecutionSuccess=False, pluginErrorDetails={"downstreamErrorMessage": "no such host"})
    result = run(
        run_module,
        {"name": "pages", "pages": ["Orders", "Reports"]},
        {"name": "user", "query": "who_am_i", "expect": "[0].current_user", "equals": "prod_user"},
        {"name": "works", "query": "who_am_i"},
    )
    assert result["failed"] and "3 of 3 failed" in result["msg"] and result["passed"] == 0
    said = [entry["msg"] for entry in result["results"]]
    assert "Page Reports is not published (published: Orders, Customers)" in said[0]
    assert "[0].current_user is dev_user, expected prod_user" in said[1] and "no such host" in said[2]


def test_one_failing_test_says_why(server, run_module):
    server.look()
    server.pages(pages=[])
    result = run(run_module, {})
    assert result["failed"] and "no published page" in result["msg"]


def test_the_page_settles_which_query_is_meant(server, run_module):
    server.look()
    server.pages()
    server.find()
    assert "2 queries are named 'list', on Customers, Orders" in run(run_module, {"query": "list"})["msg"]
    server.look()
    server.pages()
    server.query("q3", body=[])
    assert run(run_module, {"query": "list", "page": "Customers"})["results"][0]["found"] == []


@pytest.mark.parametrize(
    ("query", "said"), [("other", "There is no query 'other'"), ("format", "runs in browsers only")]
)
def test_a_query_that_is_none(server, run_module, query, said):
    server.look()
    server.pages()
    server.find()
    assert said in run(run_module, {"query": query})["msg"]


def test_an_unknown_application_lists_those_there_are(server, run_module):
    server.look()
    assert "it has: 'orders'" in run(run_module, {"application": "odrers"})["msg"]


def test_the_branch_of_the_instance_is_looked_up(server, run_module):
    git = {"branchName": "master", "refName": "master", "remoteUrl": "git@git.example.com:acme/orders.git"}
    server.look({**APPLICATION, "gitApplicationMetadata": git})
    server.pages()
    assert not run(run_module, {}, branch="master")["failed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_another_branch_is_tested_at_its_own_document(server, run_module, check_mode):
    git = {"branchName": "master", "refName": "master", "remoteUrl": "git@git.example.com:acme/orders.git"}
    server.look({**APPLICATION, "gitApplicationMetadata": git})
    server.api.expect("GET", "/info", root=True, text='{"version": "v1.91"}')
    refs = [{"refName": "master", "default": True}, {"refName": "staging", "default": False}]
    server.api.expect("GET", "/git/applications/a1/refs", params={"refType": "branch"}, data=refs)
    server.api.expect(
        "POST",
        "/git/applications/a1/checkout-ref",
        json={"refName": "staging", "refType": "branch"},
        data={**APPLICATION, "id": "a2"},
    )
    server.pages(application="a2")
    server.query("q1", application="a2", body=[])
    server.pages(application="a2")
    server.query("q1", application="a2", body=[])
    # Looked up once, however many tests there are.
    tests = [{"query": "who_am_i"}, {"query": "who_am_i", "equals": []}]
    assert run(run_module, *tests, branch="staging", check_mode=check_mode)["passed"] == 2


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"expect": "[0]"}, "no query"),
        ({"query": "x", "expect": "[0"}, "no JMESPath expression"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_said_before_anything_is_sent(api, run_module, test, said):
    assert said in run(run_module, test)["msg"] and api.made == []


def test_without_jmespath_an_expectation_is_refused(api, run_module, monkeypatch):
    monkeypatch.setattr(_smoke, "HAS_JMESPATH", False)
    assert "jmespath" in run(run_module, {"query": "x", "expect": "[0]"})["msg"] and api.made == []


@pytest.mark.parametrize(
    ("test", "body", "passes"),
    [
        ({"expect": "length(@)", "equals": "2"}, [1, 2], True),
        ({"expect": "[0].n", "equals": 2}, [{"n": "2"}], True),
        ({"equals": [1]}, [1], True),
        ({"equals": "[1]"}, [1], False),
        ({"expect": "[0]"}, [], False),
        ({"expect": "length(@)"}, [], True),
        ({"expect": "[0].ok"}, [{"ok": False}], False),
    ],
)
def test_comparisons(test, body, passes):
    if passes:
        _smoke.compare(test, body)
    else:
        with pytest.raises(_smoke.SmokeTestFailed):
            _smoke.compare(test, body)
