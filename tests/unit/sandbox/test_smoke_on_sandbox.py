# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of smoke test, passing and failing, against both releases of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _session, _smoke
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version
from appsmith_sandbox import faults
from git_world import EMAIL, PASSWORD, Server

VIEWER, SECRET = "viewer@example.com", "a-viewers-password"


@pytest.fixture(scope="module", params=["v1.60", "v1.91"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two applications with two pages and a query that calls the instance itself."""
    with Server(tmp_path_factory.mktemp("instance"), request.param) as made:
        plugins = made.data("GET", f"plugins?workspaceId={made.workspace}")
        (rest,) = (one["id"] for one in plugins if one["packageName"] == "restapi-plugin")
        for name in ("orders", "desk"):
            app = made.data("POST", "applications", {"workspaceId": made.workspace, "name": name})
            made.data("POST", "pages", {"applicationId": app["id"], "name": "Second"})
            source = {
                "name": "self",
                "pluginId": rest,
                "datasourceConfiguration": {"url": made.url, "headers": [{"key": "X-Own", "value": name}]},
            }
            query = {"name": "about", "pageId": app["pages"][0]["id"], "pluginId": rest, "datasource": source}
            made.data("POST", "actions", {**query, "actionConfiguration": {"httpMethod": "GET", "path": "/info"}})
            made.data("POST", f"applications/publish/{app['id']}")
        roles = made.data("GET", f"workspaces/{made.workspace}/permissionGroups")
        made.data("POST", "users/invite", {"usernames": [VIEWER], "permissionGroupId": roles[2]["id"]})
        form, headers = {"email": VIEWER, "password": SECRET}, dict(made.http.headers)
        requests.post(f"{made.url}/api/v1/users", data=form, headers=headers, timeout=5, allow_redirects=False)
        yield made


def run(server: Server, *tests: dict[str, Any]) -> list[dict[str, Any]]:
    for test in tests:
        _smoke.check(test)
    client = Client(server.url, check_mode=True)
    _session.sign_in(client, EMAIL, PASSWORD)
    listed = _applications.list_applications(client, server.workspace)
    targets = [Target.read(application, "Operations") for application in listed]
    try:
        return _smoke.run_tests(client, Git.of(client, Version.parse(server.version)), targets, tests)
    finally:
        _session.quiet_sign_out(client)
        client.close()


def test_all_kinds_pass(server: Server) -> None:
    before = server.store.find("sessions")
    results = run(
        server,
        {"health": True, "version": server.version},
        {"application": "orders"},
        {"application": "Operations/desk", "query": "about", "expect": "version", "equals": server.version},
        {"application": "desk", "username": VIEWER, "password": SECRET, "query": "about"},
        {"username": VIEWER, "password": SECRET},
    )
    assert [(entry["name"], entry["msg"]) for entry in results if entry["failed"]] == []
    assert results[1]["loaded"] == ["Page1", "Second"] and results[3]["username"] == VIEWER
    # Every session was ended.
    assert server.store.find("sessions") == before


def test_what_fails_says_why(server: Server) -> None:
    results = run(
        server,
        {"application": "orders", "pages": ["Third"]},
        {"application": "orders", "query": "about", "expect": "version", "equals": "v0.1"},
        {"application": "orders", "anonymous": True},
        {"application": "orders", "username": VIEWER, "password": "wrong"},
        {"version": "v1.70"},
        {"application": "nobody's"},
    )
    assert [entry["failed"] for entry in results] == [True] * 6
    said = [entry["msg"] for entry in results]
    for text, part in zip(
        said,
        (
            "Page Third is not published",
            "expected v0.1",
            "no published page that anybody may see",
            "was refused",
            f"The instance runs {server.version}, expected v1.70",
            "There is no application",
        ),
        strict=True,
    ):
        assert part in text


def test_a_page_that_is_listed_and_does_not_load(server: Server) -> None:
    faults.add(server.root, "gateway", call="page", application="desk", status=500, times=0, done=False)
    try:
        orders, desk = run(server, {"application": "orders"}, {"application": "desk"})
    finally:
        faults.remove(server.root)
    assert orders["passed"] and "Page Page1 is listed, but does not load" in desk["msg"]
