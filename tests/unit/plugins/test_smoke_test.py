# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module smoke_test, call by call."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _smoke
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

WORKSPACE = "6b0285f39f36537a747a52c1"
APPLICATION = {"id": "a1", "baseId": "a1", "name": "orders", "workspaceId": WORKSPACE}
OTHER = {"id": "b1", "baseId": "b1", "name": "desk", "workspaceId": WORKSPACE}
PAGES = [{"id": "p1", "baseId": "p1", "name": "Orders"}, {"id": "p2", "baseId": "p2", "name": "Customers"}]
QUERIES = [
    {"id": "q1", "name": "who_am_i", "pageId": "p1"},
    {"id": "q2", "name": "list", "pageId": "p1"},
    {"id": "q3", "name": "list", "pageId": "p2"},
]
VIEWER, PASSWORD, SESSION = "viewer@example.com", "Look-But-Dont-Touch-1", "33333333-aaaa-bbbb-cccc-444444444444"
PLUGINS = [{"id": "pg", "packageName": "postgres-plugin"}, {"id": "rest", "packageName": "restapi-plugin"}]


def datasource(name: str, plugin: str = "pg", *, configured: bool = True) -> dict[str, Any]:
    storage = {
        "id": f"s-{name}",
        "isConfigured": configured,
        "datasourceConfiguration": {"authentication": {"username": "orders"}},
    }
    return {"id": f"d-{name}", "name": name, "pluginId": plugin, "datasourceStorages": {"unused_env": storage}}


class Server:
    """Expectations in the words of this module."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def look(self, *applications: dict[str, Any]) -> None:
        self.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
        self.api.expect(
            "GET", "/applications/home", params={"workspaceId": WORKSPACE}, data=list(applications) or [APPLICATION]
        )

    def pages(self, *, application: str = "a1", pages: Any = None, **more: Any) -> None:
        shown = {"pages": PAGES if pages is None else pages}
        more = {"data": shown, **more}
        self.api.expect("GET", "/pages", params={"applicationId": application, "mode": "PUBLISHED"}, **more)

    def load(self, *ids: str, **more: Any) -> None:
        """Side by side, where there are several."""
        shown = {"layouts": [{"id": "l", "dsl": {"widgetName": "MainContainer"}}]}
        self.api.expect_any_order(
            self.api.call(
                "GET", f"/pages/{one}/view", params={"migrateDsl": "true"}, **(more or {"data": {"id": one, **shown}})
            )
            for one in ids
        )

    def find(self, application: str = "a1") -> None:
        self.api.expect("GET", "/actions/view", params={"applicationId": application}, data=QUERIES)

    def execute(self, action: str, **answer: Any) -> None:
        wanted = ['name="executeActionDTO"', f'{{"actionId": "{action}", "viewMode": true}}']
        data = {"isExecutionSuccess": True, **answer}
        self.api.expect("POST", "/actions/execute", multipart=wanted, data=data)

    def query(self, action: str, application: str = "a1", **answer: Any) -> None:
        self.find(application)
        self.execute(action, **answer)

    def datasources(self, *found: dict[str, Any]) -> None:
        params = {"workspaceId": WORKSPACE}
        self.api.expect("GET", "/datasources", params=params, data=list(found))
        self.api.expect("GET", "/plugins", params=params, data=PLUGINS)

    def test(self, name: str, **answer: Any) -> None:
        body = {
            "environmentId": "unused_env",
            "pluginId": "pg",
            "workspaceId": WORKSPACE,
            "datasourceConfiguration": {"authentication": {"username": "orders"}},
            "id": f"s-{name}",
            "datasourceId": f"d-{name}",
            "isConfigured": True,
        }
        self.api.expect("POST", "/datasources/test", json=body, data=answer)


@pytest.fixture
def server(api: Any) -> Server:
    return Server(api)


def run(run_module: Any, *tests: dict[str, Any], check_mode: bool = False, **more: Any) -> dict[str, Any]:
    tests = tuple({"application": "orders", **test} for test in tests)
    params = {"workspace": "Operations", "tests": list(tests), **more}
    return run_module("smoke_test", params, check_mode=check_mode)


def of_instance(run_module: Any, *tests: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    return run_module("smoke_test", {"tests": list(tests)}, check_mode=check_mode)


# -- pages -------------------------------------------------------------------------------------------------------------
def test_wanted_pages_are_loaded_as_a_browser_does(server, run_module):
    server.look()
    server.pages()
    server.load("p2")
    result = run(run_module, {"pages": ["Customers"]})
    assert not result["failed"] and not result["changed"] and result["passed"] == 1
    entry = result["results"][0]
    assert entry.pop("seconds") >= 0
    assert entry == {
        "name": "orders",
        "application": "orders",
        "pages": ["Orders", "Customers"],
        "loaded": ["Customers"],
        "passed": True,
        "failed": False,
        "msg": "",
        "error": None,
    }


@pytest.mark.parametrize("check_mode", [False, True])
def test_without_a_word_on_what_is_meant_every_page_is_loaded(server, run_module, check_mode):
    server.look()
    server.pages()
    server.load("p1", "p2")
    assert run(run_module, {}, check_mode=check_mode)["results"][0]["loaded"] == ["Orders", "Customers"]


def test_of_several_pages_that_do_not_load_the_first_is_named(server, run_module):
    server.look()
    server.pages()
    server.load("p1", "p2", error=(500, "AE-APP-5000", "Internal server error"))
    result = run(run_module, {})
    assert result["failed"] and "Page Orders is listed, but does not load" in result["msg"]


def test_with_one_thread_pages_are_loaded_one_after_the_other(server, run_module):
    server.look()
    server.pages()
    server.load("p1")
    server.load("p2")
    result = run(run_module, {}, width=1)
    assert result["results"][0]["loaded"] == ["Orders", "Customers"]


def test_a_page_that_is_listed_but_does_not_load(server, run_module):
    server.look()
    server.pages()
    server.load("p1", error=(500, "AE-APP-5000", "Internal server error while processing request"))
    result = run(run_module, {}, width=1)
    assert result["failed"] and "Page Orders is listed, but does not load: Internal server" in result["msg"]
    assert result["error"]["code"] == "AE-APP-5000"


def test_a_page_without_a_layout_shows_nothing(server, run_module):
    server.look()
    server.pages()
    server.load("p1", data={"id": "p1", "layouts": [{"id": "l"}]})
    assert "Page Orders loads without a layout" in run(run_module, {}, width=1)["msg"]


def test_one_failing_test_says_why(server, run_module):
    server.look()
    server.pages(pages=[])
    result = run(run_module, {})
    assert result["failed"] and "no published page" in result["msg"] and result["passed"] == 0


def test_an_application_that_lost_its_published_view(server, run_module):
    server.look()
    server.pages(error=(404, "AE-ACL-4004", "Unable to find deployed application a1."))
    assert "The application has no published page" in run(run_module, {})["msg"]


# -- queries -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_query_runs_in_view_mode_and_its_answer_is_compared(server, run_module, check_mode):
    server.look()
    server.pages()
    server.query("q1", body=[{"current_user": "prod_user"}])
    test = {"query": "who_am_i", "expect": "[0].current_user", "equals": "prod_user"}
    entry = run(run_module, test, check_mode=check_mode)["results"][0]
    assert entry["found"] == "prod_user" and entry["name"] == "orders: who_am_i" and entry["loaded"] == []


def test_all_tests_are_run_and_the_summary_names_those_that_failed(server, run_module):
    server.look()
    server.pages()
    server.query("q1", body=[{"current_user": "dev_user"}])
    server.execute("q1", isExecutionSuccess=False, pluginErrorDetails={"downstreamErrorMessage": "no such host"})
    # The lists are asked for once, however many tests there are.
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
    assert all(entry["failed"] and not entry["passed"] for entry in result["results"])


def test_the_page_settles_which_query_is_meant(server, run_module):
    server.look()
    server.pages()
    server.find()
    assert "2 queries are named 'list', on Customers, Orders" in run(run_module, {"query": "list"})["msg"]
    server.look()
    server.pages()
    server.query("q3", body=[])
    assert run(run_module, {"query": "list", "page": "Customers"})["results"][0]["found"] == []


def test_a_query_that_is_not_published(server, run_module):
    server.look()
    server.pages()
    server.find()
    said = run(run_module, {"query": "format"})["msg"]
    assert "There is no published query 'format' (there are: list, who_am_i)" in said and "browsers only" in said


# -- which application -------------------------------------------------------------------------------------------------
def test_an_unknown_application_lists_those_there_are(server, run_module):
    server.look()
    assert "there are: 'orders'" in run(run_module, {"application": "odrers"})["msg"]


def test_an_application_by_workspace_and_name(server, run_module):
    server.look()
    server.pages()
    server.load("p1", "p2")
    assert run(run_module, {"application": "Operations/orders"})["passed"] == 1


def test_applications_are_tested_side_by_side(server, run_module):
    server.look(APPLICATION, OTHER)
    calls = []
    for application, page in (("a1", "p1"), ("b1", "p9")):
        params = {"applicationId": application, "mode": "PUBLISHED"}
        shown = {"pages": [{"id": page, "name": "Home"}]}
        calls.append(server.api.call("GET", "/pages", params=params, data=shown))
        answer = {"id": page, "layouts": [{"dsl": {}}]}
        calls.append(server.api.call("GET", f"/pages/{page}/view", params={"migrateDsl": "true"}, data=answer))
    server.api.expect_any_order(calls)
    result = run(run_module, {"application": "desk"}, {"application": "orders"}, width=2)
    assert [(entry["name"], entry["passed"]) for entry in result["results"]] == [("desk", True), ("orders", True)]


def test_the_branch_of_the_instance_is_looked_up(server, run_module):
    git = {"branchName": "master", "refName": "master", "remoteUrl": "git@git.example.com:acme/orders.git"}
    server.look({**APPLICATION, "gitApplicationMetadata": git})
    server.pages()
    server.load("p1", "p2")
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
    server.execute("q1", body=[])
    # Looked up once, however many tests there are.
    tests = [{"query": "who_am_i"}, {"query": "who_am_i", "equals": []}]
    assert run(run_module, *tests, branch="staging", check_mode=check_mode)["passed"] == 2


# -- accounts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_account_looks_with_its_own_session(server, run_module, check_mode):
    server.look()
    server.api.expect_sign_in(VIEWER, PASSWORD, SESSION)
    server.pages(session=SESSION)
    server.load("p1", "p2")
    server.api.expect("POST", "/logout", session=SESSION, data=True)
    test = {"username": VIEWER, "password": PASSWORD}
    result = run(run_module, test, check_mode=check_mode)
    assert result["results"][0]["username"] == VIEWER and result["passed"] == 1
    assert PASSWORD not in str(result)


def test_what_an_account_may_not_see(server, run_module):
    server.look()
    server.api.expect_sign_in(VIEWER, PASSWORD, SESSION)
    server.pages(session=SESSION, error=(404, "AE-ACL-4004", "Unable to find application a1."))
    server.api.expect_sign_out()
    said = run(run_module, {"username": VIEWER, "password": PASSWORD})["msg"]
    assert f"no published page that {VIEWER} may see" in said


def test_a_refused_password_is_tried_once_for_all_tests(server, run_module):
    server.look()
    server.api.expect_refused_password(VIEWER, PASSWORD)
    account = {"username": VIEWER, "password": PASSWORD}
    result = run(run_module, account, {**account, "query": "who_am_i"}, {**account, "application": None})
    assert [entry["failed"] for entry in result["results"]] == [True] * 3
    assert "was refused" in result["results"][2]["msg"] and result["results"][2]["name"] == f"sign-in of {VIEWER}"


def test_a_public_application_is_open_to_anybody(server, run_module):
    server.look()
    server.pages(session=None)
    server.load("p1", "p2", session=None, data={"layouts": [{"dsl": {}}]})
    assert run(run_module, {"anonymous": True})["passed"] == 1


# -- datasources -------------------------------------------------------------------------------------------------------
def test_datasources_are_tested_where_the_test_means_something(server, run_module):
    server.look()
    server.pages()
    server.datasources(datasource("orders_db"), datasource("api", "rest"), datasource("unused"))
    server.test("orders_db", success=True)
    entry = run(run_module, {"datasources": ["orders_db", "api"]})["results"][0]
    assert entry["loaded"] == []
    assert [(one["name"], one["plugin"], one["proven"], one["proof"]) for one in entry["datasources"]] == [
        ("orders_db", "postgres-plugin", True, "tested"),
        ("api", "restapi-plugin", False, "saved, not proven (the plugin's test calls nothing)"),
    ]


def test_a_broken_and_an_unconfigured_datasource_of_the_application(server, run_module):
    server.look()
    server.pages()
    used = [datasource("orders_db"), datasource("new", configured=False)]
    path = f"/applications/import/{WORKSPACE}/datasources"
    server.api.expect("GET", path, params={"defaultApplicationId": "a1"}, data=used)
    server.api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    server.test("orders_db", success=False, invalids=["password authentication failed"])
    result = run(run_module, {"datasources": ["*"]})
    assert "'orders_db' does not work: password authentication failed" in result["msg"]
    assert "'new' has no configuration" in result["msg"]


def test_a_datasource_that_is_none(server, run_module):
    server.look()
    server.pages()
    server.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[datasource("orders_db")])
    assert "no datasource nope (there are: orders_db)" in run(run_module, {"datasources": ["nope"]})["msg"]


# -- the instance ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("check_mode", [False, True])
def test_health_version_and_sign_in(api, run_module, check_mode):
    api.expect("GET", "/health", data="All systems are up")
    api.expect("GET", "/info", root=True, text='{"version": "v1.91"}')
    api.expect_sign_in(VIEWER, PASSWORD, SESSION)
    api.expect_sign_out()
    test = {"health": True, "version": "1.91", "username": VIEWER, "password": PASSWORD}
    entry = of_instance(run_module, test, check_mode=check_mode)["results"][0]
    assert entry["name"] == f"health, version 1.91, sign-in of {VIEWER}" and entry["application"] is None
    assert entry["health"] and entry["version"] == "v1.91" and entry["username"] == VIEWER


def test_another_release(api, run_module):
    api.expect("GET", "/info", root=True, text='{"version": "v1.90"}')
    assert "The instance runs v1.90, expected v1.91" in of_instance(run_module, {"version": "v1.91"})["msg"]


def test_a_release_that_is_not_told_passes(api, run_module):
    api.expect("GET", "/info", root=True, status=404, text="")
    api.expect("GET", "/users/me", headers={"X-Appsmith-Version": "v0"}, data={"serverVersion": "UNKNOWN"})
    assert of_instance(run_module, {"version": "v1.91"})["results"][0]["version"] is None


# -- what is wrong with a test -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"expect": "[0]"}, "no query"),
        ({"query": "x", "expect": "[0"}, "no JMESPath expression"),
        ({"application": None}, "tests nothing"),
        ({"application": None, "health": True, "pages": ["Orders"]}, "has pages, but no application"),
        ({"username": "viewer@example.com"}, "belong together"),
        ({"username": "viewer@example.com", "password": "x", "anonymous": True}, "not to an anonymous test"),
        ({"version": "newest"}, "no release"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_said_before_anything_is_sent(api, run_module, test, said):
    assert said in run(run_module, test)["msg"] and api.made == []


@pytest.mark.parametrize(("more", "said"), [({"workspace": None}, "workspace"), ({"width": 0}, "width")])
def test_options_that_do_not_do(api, run_module, more, said):
    assert said in run(run_module, {}, **more)["msg"] and api.made == []


def test_without_jmespath_an_expectation_is_refused(api, run_module, monkeypatch):
    monkeypatch.setattr(_smoke, "HAS_JMESPATH", False)
    assert "jmespath" in run(run_module, {"query": "x", "expect": "[0]"})["msg"] and api.made == []
    with pytest.raises(InvalidInput, match="jmespath"):
        _smoke.check({"application": "orders", "query": "x", "expect": "[0]"})


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
        # The expression is right, the answer isn't what it is for.
        ({"expect": "length(@)"}, 7, False),
    ],
)
def test_comparisons(test, body, passes):
    if passes:
        _smoke.compare(test, body)
    else:
        with pytest.raises(_smoke.SmokeTestFailed):
            _smoke.compare(test, body)
