# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members, applications and pages of the sandbox, where the recordings say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from git_world import EMAIL, Server

VIEWER = "viewer@example.com"
PASSWORD = "a-made-up-password"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("instance"), "v1.91") as made:
        yield made


@pytest.fixture
def app(server: Server) -> dict[str, Any]:
    return dict(server.data("POST", "applications", {"workspaceId": server.workspace, "name": "App"}))


def _code(answer: requests.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["responseMeta"].get("error", {}).get("code")


def _pages(server: Server, app: dict[str, Any], mode: str = "EDIT") -> list[tuple[str, bool]]:
    said = server.data("GET", f"pages?applicationId={app['id']}&mode={mode}")
    return [(page["name"], page["isDefault"]) for page in said["pages"]]


def test_the_last_administrator_stays(server: Server) -> None:
    place = f"workspaces/{server.workspace}/permissionGroup"
    roles = server.data("GET", f"workspaces/{server.workspace}/permissionGroups")
    assert [role["name"].split(" - ")[0] for role in roles] == ["Administrator", "Developer", "App Viewer"]
    for body in ({"username": EMAIL}, {"username": EMAIL, "newPermissionGroupId": roles[0]["id"]}):
        assert _code(server.call("PUT", place, body)) == (400, "AE-APP-4038")
    assert _code(server.call("PUT", place, {"username": "nobody@example.com"})) == (404, "AE-USR-4004")


def test_a_viewer_may_look_only(server: Server, app: dict[str, Any]) -> None:
    roles = server.data("GET", f"workspaces/{server.workspace}/permissionGroups")
    server.data("POST", "users/invite", {"usernames": [VIEWER], "permissionGroupId": roles[2]["id"]})
    form = {"email": VIEWER, "password": PASSWORD}
    requests.post(
        f"{server.url}/api/v1/users", data=form, headers=dict(server.http.headers), timeout=5, allow_redirects=False
    )

    def call(method: str, path: str, body: Any = None) -> requests.Response:
        headers = dict(server.http.headers)
        return requests.request(
            method, f"{server.url}/api/v1/{path}", json=body, headers=headers, auth=(VIEWER, PASSWORD), timeout=5
        )

    assert len(call("GET", f"applications/home?workspaceId={server.workspace}").json()["data"]) >= 1
    assert _code(call("POST", "applications", {"workspaceId": server.workspace, "name": "No"})) == (404, "AE-APP-4027")
    assert _code(call("POST", f"applications/publish/{app['id']}")) == (403, "AE-ACL-4007")
    assert _code(call("GET", f"applications/export/{app['id']}")) == (404, "AE-ACL-4004")
    assert _code(call("DELETE", f"applications/{app['id']}")) == (404, "AE-ACL-4004")
    assert call("GET", f"datasources?workspaceId={server.workspace}").json()["data"] == []
    offered = call("GET", f"workspaces/{server.workspace}/permissionGroups").json()["data"]
    assert [role["name"].split(" - ")[0] for role in offered] == ["App Viewer"]


def test_names_of_workspaces_are_not_unique(server: Server) -> None:
    ids = {server.data("POST", "workspaces", {"name": "Twice"})["id"] for _time in range(2)}
    assert len(ids) == 2
    listed = server.data("GET", "workspaces/home")
    assert ids <= {one["id"] for one in listed if one["name"] == "Twice"}


def test_pages_are_published_by_publish_only(server: Server, app: dict[str, Any]) -> None:
    made = server.data("POST", "pages", {"applicationId": app["id"], "name": "Second"})
    assert _pages(server, app) == [("Page1", True), ("Second", False)]
    assert _pages(server, app, "PUBLISHED") == [("Page1", True)]
    assert _code(server.call("POST", "pages", {"applicationId": app["id"], "name": "Second"}))[0] == 409
    server.data("POST", f"applications/publish/{app['id']}")
    server.data("PUT", f"pages/{made['id']}", {"name": "Other"})
    assert _pages(server, app)[1][0] == "Other" and _pages(server, app, "PUBLISHED")[1][0] == "Second"
    page = server.store.get("pages", made["id"])
    assert page is not None and list(page["edit"]["files"]) == ["Other.json"]
    server.data("DELETE", f"pages/{app['pages'][0]['id']}")
    assert _pages(server, app) == [("Other", True)]
    assert _pages(server, app, "PUBLISHED") == [("Page1", True), ("Second", False)]
    assert _code(server.call("DELETE", f"pages/{made['id']}")) == (400, "AE-APP-4007")
    server.data("POST", f"applications/publish/{app['id']}")
    assert _pages(server, app, "PUBLISHED") == [("Other", True)]


def test_a_page_is_viewed_as_it_was_published(server: Server, app: dict[str, Any]) -> None:
    made = server.data("POST", "pages", {"applicationId": app["id"], "name": "Second"})
    assert _code(server.call("GET", f"pages/{made['id']}/view")) == (404, "AE-ACL-4004")
    server.data("POST", f"applications/publish/{app['id']}")
    server.data("PUT", f"pages/{made['id']}", {"name": "Other"})
    page = server.data("GET", f"pages/{made['id']}/view?migrateDsl=true")
    assert page["name"] == "Second" and page["layouts"][0]["dsl"]["widgetName"] == "MainContainer"
    # Of a private application it is nobody's.
    assert requests.get(f"{server.url}/api/v1/pages/{made['id']}/view", timeout=5).status_code == 404


def test_a_query_that_goes_stays_published_until_publish(server: Server, app: dict[str, Any]) -> None:
    plugins = server.data("GET", f"plugins?workspaceId={server.workspace}")
    rest = next(one["id"] for one in plugins if one["packageName"] == "restapi-plugin")
    body = {"name": "call", "pageId": app["pages"][0]["id"], "pluginId": rest, "datasource": {"name": "D"}}
    made = server.data("POST", "actions", body)
    assert server.data("GET", f"actions/view?applicationId={app['id']}") == []
    server.data("POST", f"applications/publish/{app['id']}")
    server.data("DELETE", f"actions/{made['id']}")
    assert server.data("GET", f"actions?applicationId={app['id']}") == []
    assert [one["name"] for one in server.data("GET", f"actions/view?applicationId={app['id']}")] == ["call"]
    server.data("POST", f"applications/publish/{app['id']}")
    assert server.data("GET", f"actions/view?applicationId={app['id']}") == []


def test_a_listed_query_sent_back_changes_nothing(server: Server, app: dict[str, Any]) -> None:
    plugins = server.data("GET", f"plugins?workspaceId={server.workspace}")
    rest = next(one["id"] for one in plugins if one["packageName"] == "restapi-plugin")
    body = {"name": "same", "pageId": app["pages"][0]["id"], "pluginId": rest, "datasource": {"name": "D"}}
    made = server.data("POST", "actions", {**body, "actionConfiguration": {"httpMethod": "GET"}})
    before = server.store.get("actions", made["id"])
    listed = server.data("GET", f"actions?applicationId={app['id']}")[0]
    server.data("PUT", f"actions/{made['id']}", listed)
    after = server.store.get("actions", made["id"])
    assert before is not None and after is not None
    before["edit"].pop("updatedAt"), after["edit"].pop("updatedAt")
    assert after == before


def test_public_applications_are_open(server: Server, app: dict[str, Any]) -> None:
    view = f"{server.url}/api/v1/applications/view/{app['id']}"
    assert requests.get(view, timeout=5).status_code == 404
    server.data("PUT", f"applications/{app['id']}/changeAccess", {"publicAccess": True})
    assert requests.get(view, timeout=5).json()["data"]["isPublic"] is True


def test_a_workspace_with_applications_is_not_deleted(server: Server) -> None:
    workspace = server.data("POST", "workspaces", {"name": "To go"})["id"]
    app = server.data("POST", "applications", {"workspaceId": workspace, "name": "A"})
    assert _code(server.call("DELETE", f"workspaces/{workspace}")) == (400, "AE-APP-4007")
    assert "deletedAt" in server.data("DELETE", f"applications/{app['id']}")
    assert server.call("DELETE", f"workspaces/{workspace}").ok
    gone = server.call("GET", f"workspaces/{workspace}")
    assert (gone.status_code, gone.text) == (200, "")
