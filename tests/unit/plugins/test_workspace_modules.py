# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules workspace and workspace_info: every call they make."""

from __future__ import annotations

import pytest

OPERATIONS = {
    "id": "w1",
    "name": "Operations",
    "slug": "operations",
    "email": "admin@example.com",
    "userPermissions": ["manage:workspaces", "create:applications"],
}
OTHER = {"id": "w2", "name": "Other", "slug": "other", "email": "admin@example.com", "userPermissions": []}
SHOWN = {
    "id": "w1",
    "name": "Operations",
    "slug": "operations",
    "website": None,
    "email": "admin@example.com",
    "permissions": ["create:applications", "manage:workspaces"],
}


def listed(api, *workspaces):
    api.expect("GET", "/workspaces/home", data=list(workspaces))


def test_create(api, run_module):
    listed(api, OTHER)
    api.expect(
        "POST",
        "/workspaces",
        json={"name": "Operations"},
        status=201,
        data={**OPERATIONS, "userPermissions": []},
    )
    listed(api, OTHER, OPERATIONS)
    result = run_module("workspace", {"name": "Operations"}, diff=True)
    assert result["changed"] and result["workspace"] == SHOWN
    assert result["diff"] == {"before": {}, "after": {"name": "Operations"}}


def test_create_with_everything(api, run_module):
    wanted = {"name": "Operations", "website": "https://example.com", "email": "ops@example.com"}
    listed(api)
    api.expect("POST", "/workspaces", json=wanted, status=201, data={**OPERATIONS, **wanted})
    listed(api, {**OPERATIONS, **wanted})
    assert run_module("workspace", wanted)["workspace"]["website"] == "https://example.com"


def test_create_in_check_mode(api, run_module):
    listed(api, OTHER)
    result = run_module("workspace", {"name": "Operations"}, check_mode=True)
    assert result["changed"] and result["workspace"]["id"] is None and result["workspace"]["name"] == "Operations"


def test_create_that_can_not_be_seen(api, run_module):
    listed(api)
    api.expect("POST", "/workspaces", json={"name": "Operations"}, status=201, data=OPERATIONS)
    listed(api, OTHER)
    assert run_module("workspace", {"name": "Operations"})["error"]["title"] == "ProofFailed"


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_second_run_changes_nothing(api, run_module, check_mode):
    listed(api, OTHER, OPERATIONS)
    result = run_module(
        "workspace",
        {"name": "Operations", "email": "admin@example.com", "website": ""},
        check_mode=check_mode,
        diff=True,
    )
    assert not result["changed"] and result["workspace"] == SHOWN
    assert result["diff"]["before"] == result["diff"]["after"]


def test_update(api, run_module):
    changed = {**OPERATIONS, "website": "https://example.com"}
    listed(api, OPERATIONS)
    api.expect("PUT", "/workspaces/w1", json={"website": "https://example.com"}, data=changed)
    listed(api, changed)
    result = run_module("workspace", {"name": "Operations", "website": "https://example.com"}, diff=True)
    assert result["changed"] and result["workspace"] == {**SHOWN, "website": "https://example.com"}
    assert result["diff"] == {
        "before": {"name": "Operations", "website": None, "email": "admin@example.com"},
        "after": {"name": "Operations", "website": "https://example.com", "email": "admin@example.com"},
    }


def test_update_in_check_mode(api, run_module):
    listed(api, OPERATIONS)
    result = run_module("workspace", {"name": "Operations", "website": "https://example.com"}, check_mode=True)
    assert result["changed"] and result["workspace"]["website"] == "https://example.com"


def test_update_without_effect(api, run_module):
    listed(api, OPERATIONS)
    api.expect("PUT", "/workspaces/w1", json={"website": "https://example.com"}, data=OPERATIONS)
    listed(api, OPERATIONS)
    result = run_module("workspace", {"name": "Operations", "website": "https://example.com"})
    assert result["error"]["title"] == "ProofFailed" and "website" in result["msg"]


def test_rename_by_id(api, run_module):
    listed(api, OPERATIONS, OTHER)
    api.expect("PUT", "/workspaces/w2", json={"name": "Support"}, data={**OTHER, "name": "Support"})
    listed(api, OPERATIONS, {**OTHER, "name": "Support"})
    result = run_module("workspace", {"id": "w2", "name": "Support"})
    assert result["changed"] and result["workspace"]["name"] == "Support"


def test_rename_to_a_name_that_is_taken(api, run_module):
    listed(api, OPERATIONS, OTHER)
    result = run_module("workspace", {"id": "w2", "name": "Operations"})
    assert result["failed"] and "There is a workspace 'Operations' already" in result["msg"]


def test_an_unknown_id(api, run_module):
    listed(api, OPERATIONS)
    assert run_module("workspace", {"id": "w9", "name": "Operations"})["error"]["title"] == "NotFound"
    listed(api, OPERATIONS)
    result = run_module("workspace", {"id": "w9", "name": "Operations", "state": "absent"})
    assert not result["failed"] and not result["changed"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_of_a_name_are_an_error_with_both_ids(api, run_module, state):
    listed(api, OPERATIONS, {**OTHER, "name": "Operations"})
    result = run_module("workspace", {"name": "Operations", "state": state})
    assert result["failed"] and result["error"]["title"] == "AlreadyExists"
    assert "2 workspaces are named 'Operations': w1, w2" in result["msg"]


def test_one_of_two_is_deleted_by_id(api, run_module):
    second = {**OTHER, "name": "Operations"}
    listed(api, OPERATIONS, second)
    api.expect("GET", "/applications/home", params={"workspaceId": "w2"}, data=[])
    api.expect("DELETE", "/workspaces/w2", data=second)
    listed(api, OPERATIONS)
    result = run_module("workspace", {"name": "Operations", "id": "w2", "state": "absent"}, diff=True)
    assert result["changed"] and result["workspace"] is None
    assert result["diff"]["after"] == {} and result["diff"]["before"]["name"] == "Operations"


def test_delete_in_check_mode(api, run_module):
    listed(api, OPERATIONS)
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=[])
    assert run_module("workspace", {"name": "Operations", "state": "absent"}, check_mode=True)["changed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_delete_of_what_is_not_there(api, run_module, check_mode):
    listed(api, OTHER)
    result = run_module("workspace", {"name": "Operations", "state": "absent"}, check_mode=check_mode)
    assert not result["changed"] and not result["failed"] and result["workspace"] is None


def test_delete_with_applications_is_refused_before_it_is_tried(api, run_module):
    listed(api, OPERATIONS)
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=[{"id": "a1", "name": "Orders"}])
    result = run_module("workspace", {"name": "Operations", "state": "absent"})
    assert result["failed"] and not result["changed"] and "has applications: 'Orders'" in result["msg"]


def test_delete_that_left_it_there(api, run_module):
    listed(api, OPERATIONS)
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=[])
    api.expect("DELETE", "/workspaces/w1", data=OPERATIONS)
    listed(api, OPERATIONS)
    assert run_module("workspace", {"name": "Operations", "state": "absent"})["error"]["title"] == "ProofFailed"


def test_a_name_of_nothing(api, run_module):
    assert "can't be empty" in run_module("workspace", {"name": "  "})["msg"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_info(api, run_module, check_mode):
    listed(api, OPERATIONS, OTHER)
    result = run_module("workspace_info", check_mode=check_mode)
    assert [workspace["id"] for workspace in result["workspaces"]] == ["w1", "w2"]
    assert result["workspaces"][0] == SHOWN and not result["changed"]


def test_info_by_name(api, run_module):
    listed(api, OPERATIONS, OTHER, {**OTHER, "id": "w3"})
    found = run_module("workspace_info", {"name": "Other"})["workspaces"]
    assert [workspace["id"] for workspace in found] == ["w2", "w3"]
    listed(api, OPERATIONS)
    assert run_module("workspace_info", {"name": "Nothing"})["workspaces"] == []
