# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module instance_content_info: every call it makes, and what it finds different."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

ORDERS = "git@git.example.com:acme/orders.git"


def digest(*ids: str) -> dict[str, Any]:
    return {"count": len(ids), "digest": hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()}


CONTENT = {
    "by": "admin@example.com",
    "workspaces": digest("w1", "w2"),
    "applications": digest("a1", "a2", "a3"),
    "datasources": digest("d1"),
    "users": digest("admin@example.com", "vera@example.com"),
    "repositories": digest(ORDERS),
}


def application(identity: str, name: str, remote: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"id": identity, "name": name, "modifiedAt": "2026-11-22T08:00:00Z"}
    return found | ({"gitApplicationMetadata": {"remoteUrl": remote}} if remote else {})


def instance(api: Any, second: list[dict[str, Any]] | None = None, email: str = "Admin@example.com") -> None:
    """Two workspaces; all calls of the workspaces may come in any order."""
    api.expect("GET", "/users/me", data={"email": email})
    api.expect("GET", "/workspaces/home", data=[{"id": "w2", "name": "Support"}, {"id": "w1", "name": "Operations"}])
    two = second if second is not None else [application("a3", "desk")]
    people = [{"username": "Vera@example.com"}, {"username": "admin@example.com"}]
    storage = {"datasourceStorages": {"unused_env": {"isConfigured": True}}}
    api.expect_any_order(
        [
            api.call("GET", "/workspaces/w1/members", data=people),
            api.call("GET", "/workspaces/w2/members", data=people[1:]),
            api.call(
                "GET",
                "/applications/home",
                params={"workspaceId": "w1"},
                data=[application("a2", "notes"), application("a1", "orders", ORDERS)],
            ),
            api.call("GET", "/applications/home", params={"workspaceId": "w2"}, data=two),
            api.call(
                "GET", "/datasources", params={"workspaceId": "w1"}, data=[{"id": "d1", "name": "orders_db", **storage}]
            ),
            api.call("GET", "/datasources", params={"workspaceId": "w2"}, data=[]),
        ]
    )


def test_counts_and_digests_of_all_workspaces(api, run_module):
    instance(api)
    result = run_module("instance_content_info")
    assert result["content"] == CONTENT
    assert not result["changed"] and result["differences"] == []
    assert result["details"]["users"] == ["admin@example.com", "vera@example.com"]
    assert result["details"]["repositories"] == [ORDERS]
    assert result["details"]["applications"][2] == {
        "id": "a1",
        "name": "orders",
        "workspace": "Operations",
        "remote_url": ORDERS,
        "modified_at": "2026-11-22T08:00:00Z",
        "last_deployed_at": None,
    }
    assert result["details"]["datasources"] == [
        {"id": "d1", "name": "orders_db", "workspace": "Operations", "configured": True}
    ]


def test_the_same_content_in_another_order_is_the_same(api, run_module):
    instance(api)
    result = run_module("instance_content_info", {"expected": CONTENT, "fail_on_difference": True}, check_mode=True)
    assert not result["failed"] and result["differences"] == []


def test_what_is_missing_is_said_and_fails_where_asked(api, run_module):
    instance(api, [])
    result = run_module("instance_content_info", {"expected": CONTENT})
    assert not result["failed"] and result["differences"] == ["2 applications, before 3"]
    instance(api, [])
    result = run_module("instance_content_info", {"expected": CONTENT, "fail_on_difference": True})
    assert result["failed"] and "does not hold what was expected: 2 applications, before 3" in result["msg"]
    assert result["content"]["applications"]["count"] == 2


def test_others_of_the_same_number_are_no_match(api, run_module):
    instance(api, [application("a9", "desk")], email="other@example.com")
    result = run_module("instance_content_info", {"expected": CONTENT})
    assert result["differences"] == [
        "3 applications as before, but not the same",
        "counted by other@example.com, before by admin@example.com",
    ]


def test_an_account_that_may_not_see_members_counts_none(api, run_module):
    api.expect("GET", "/users/me", data={"email": "vera@example.com"})
    api.expect("GET", "/workspaces/home", data=[{"id": "w1", "name": "Operations"}])
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=[])
    api.expect("GET", "/datasources", params={"workspaceId": "w1"}, data=[])
    api.expect("GET", "/workspaces/w1/members", error=(404, "AE-ACL-4004", "Unable to find workspace w1"))
    result = run_module("instance_content_info", {"width": 1})
    assert not result["failed"] and result["content"]["users"] == digest()


def test_an_empty_instance(api, run_module):
    api.expect("GET", "/users/me", data={"email": "admin@example.com"})
    api.expect("GET", "/workspaces/home", data=[])
    result = run_module("instance_content_info", {"expected": {**CONTENT, "by": "admin@example.com"}})
    assert result["content"]["workspaces"]["count"] == 0
    assert "0 workspaces, before 2" in result["differences"]


@pytest.mark.parametrize("options", [{"expected": {"workspaces": 3}}, {"expected": {}}, {"width": 0}])
def test_nonsense_is_refused_before_the_first_call(run_module, options):
    assert run_module("instance_content_info", options)["failed"]
