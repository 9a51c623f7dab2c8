# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules workspace_members and workspace_members_info: every call they make."""

from __future__ import annotations

from typing import Any

import pytest

ROLES = {"administrator": "Administrator", "developer": "Developer", "viewer": "App Viewer"}
ADMIN, DORA, VERA = "admin@example.com", "dora@example.com", "vera@example.com"
GROUPS = [{"id": f"g-{kind}", "name": f"{name} - Operations"} for kind, name in ROLES.items()]


def member(email: str, role: str) -> dict[str, Any]:
    name = email.split("@")[0]
    shown = {"id": f"g-{role}", "name": f"{ROLES[role]} - Operations", "entityType": "Workspace"}
    return {"userId": f"u-{name}", "username": email, "name": name, "roles": [shown]}


def listed(api: Any, **people: str) -> None:
    members = [member(f"{name}@example.com", role) for name, role in people.items()]
    api.expect("GET", "/workspaces/w1/members", data=members)


def workspace(api: Any) -> None:
    api.expect("GET", "/workspaces/home", data=[{"id": "w1", "name": "Operations"}])


def look(api: Any, caller: str = ADMIN, **people: str) -> None:
    workspace(api)
    listed(api, **people)
    api.expect("GET", "/users/me", data={"email": caller})


def groups(api: Any) -> None:
    api.expect("GET", "/workspaces/w1/permissionGroups", data=GROUPS)


def invite(api: Any, role: str, *emails: str, enabled: bool = False, **more: Any) -> None:
    answer = [{"email": email, "isEnabled": enabled} for email in emails]
    body = {"usernames": list(emails), "permissionGroupId": f"g-{role}"}
    api.expect("POST", "/users/invite", json=body, **{"data": answer, **more})


def wanted(**people: str) -> dict[str, Any]:
    members = [{"email": f"{name}@example.com", "role": role} for name, role in people.items()]
    return {"workspace": "Operations", "members": members}


def test_one_invitation_a_role_without_those_who_are_there(api, run_module):
    look(api, admin="administrator", otto="viewer")
    groups(api)
    invite(api, "administrator", "anna@example.com", enabled=True)
    invite(api, "developer", DORA, "quentin@example.com")
    people = {"otto": "viewer", "anna": "administrator", "dora": "developer", "quentin": "developer"}
    listed(api, admin="administrator", **people)
    result = run_module("workspace_members", wanted(**people), diff=True)
    assert result["changed"]
    assert result["invited"] == ["anna@example.com", DORA, "quentin@example.com"]
    # Whoever was invited and has no account yet is shown.
    assert result["not_signed_up"] == [DORA, "quentin@example.com"]
    known = {one["email"]: one["signed_up"] for one in result["members"]}
    assert known == {
        ADMIN: None,
        "anna@example.com": True,
        DORA: False,
        "otto@example.com": None,
        "quentin@example.com": False,
    }
    assert result["diff"]["before"] == {ADMIN: "administrator", "otto@example.com": "viewer"}
    assert result["diff"]["after"][DORA] == "developer"


def test_nothing_to_do(api, run_module):
    look(api, admin="administrator", dora="developer")
    result = run_module("workspace_members", wanted(dora="developer"))
    assert not result["changed"] and result["invited"] == result["removed"] == result["changed_roles"] == []
    assert [one["email"] for one in result["members"]] == [ADMIN, DORA]


def test_addresses_in_any_case_are_the_same_person(api, run_module):
    look(api, admin="administrator", dora="developer")
    params = {"workspace": "Operations", "members": [{"email": " Dora@Example.com ", "role": "developer"}]}
    assert not run_module("workspace_members", params)["changed"]


def test_a_role_changes(api, run_module):
    look(api, admin="administrator", dora="developer")
    groups(api)
    body = {"username": DORA, "newPermissionGroupId": "g-viewer"}
    api.expect("PUT", "/workspaces/w1/permissionGroup", json=body, data={"username": DORA})
    listed(api, admin="administrator", dora="viewer")
    result = run_module("workspace_members", wanted(dora="viewer"))
    assert result["changed"] and result["changed_roles"] == [DORA]


def test_nobody_is_removed_unasked(api, run_module):
    look(api, admin="administrator", vera="viewer", dora="developer")
    assert not run_module("workspace_members", wanted(dora="developer"))["changed"]


def test_exact_removes_the_others(api, run_module):
    look(api, admin="administrator", vera="viewer", dora="developer")
    groups(api)
    api.expect("PUT", "/workspaces/w1/permissionGroup", json={"username": VERA}, data={"username": VERA})
    listed(api, admin="administrator", dora="developer")
    params = {**wanted(admin="administrator", dora="developer"), "state": "exact"}
    result = run_module("workspace_members", params)
    assert result["changed"] and result["removed"] == [VERA]


def test_absent_removes_those_of_the_list(api, run_module):
    look(api, admin="administrator", vera="viewer")
    groups(api)
    api.expect("PUT", "/workspaces/w1/permissionGroup", json={"username": VERA}, data={"username": VERA})
    listed(api, admin="administrator")
    result = run_module("workspace_members", {**wanted(vera="viewer", dora="viewer"), "state": "absent"})
    assert result["changed"] and result["removed"] == [VERA]


def test_check_mode_predicts_and_writes_nothing(api, run_module):
    look(api, admin="administrator", vera="viewer")
    params = {**wanted(admin="administrator", dora="developer"), "state": "exact"}
    result = run_module("workspace_members", params, check_mode=True, diff=True)
    assert result["changed"] and result["invited"] == [DORA] and result["removed"] == [VERA]
    assert {one["email"]: one["role"] for one in result["members"]} == {ADMIN: "administrator", DORA: "developer"}
    assert result["diff"]["after"] == {ADMIN: "administrator", DORA: "developer"}


def test_the_account_that_signs_in_stays_administrator(api, run_module):
    look(api, admin="administrator", anna="administrator")
    params = {**wanted(anna="administrator"), "state": "exact"}
    result = run_module("workspace_members", params)
    assert not result["changed"] and ADMIN in [one["email"] for one in result["members"]]
    assert f"{ADMIN} is the account that this is done with; it stays Administrator" in str(result["warnings"])


def test_the_last_administrator_is_never_touched(api, run_module):
    look(api, caller="root@example.com", anna="administrator", dora="developer")
    result = run_module("workspace_members", {**wanted(anna="viewer")})
    assert result["failed"] and not result["changed"]
    assert "Nobody would be left as Administrator" in result["msg"]


def test_the_last_administrator_may_go_when_another_comes(api, run_module):
    look(api, caller="root@example.com", anna="administrator")
    groups(api)
    invite(api, "administrator", DORA)
    api.expect("PUT", "/workspaces/w1/permissionGroup", json={"username": "anna@example.com"}, data={})
    listed(api, dora="administrator")
    result = run_module("workspace_members", {**wanted(dora="administrator"), "state": "exact"})
    assert result["removed"] == ["anna@example.com"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"members": [{"email": "no address"}]}, "'no address' is no e-mail address"),
        ({"members": [{"email": "a@example.com, b@example.com"}]}, "is no e-mail address"),
        ({"members": [{"email": DORA}, {"email": DORA.upper(), "role": "developer"}]}, "stands twice"),
        ({"members": [{"email": DORA}], "state": "exact"}, "names nobody as administrator"),
        ({"members": [], "state": "exact"}, "names nobody as administrator"),
    ],
)
def test_bad_input_is_told_before_anything_is_asked(api, run_module, params, said):
    result = run_module("workspace_members", {"workspace": "Operations", **params})
    assert result["failed"] and said in result["msg"] and not result["changed"]


def test_a_role_that_may_not_be_handed_out(api, run_module):
    look(api, caller=DORA, admin="administrator", dora="developer")
    api.expect("GET", "/workspaces/w1/permissionGroups", data=GROUPS[1:])
    result = run_module("workspace_members", wanted(anna="administrator"))
    assert result["failed"] and "may not hand out the role administrator" in result["msg"] and not result["changed"]


def test_what_was_written_before_a_failure_is_a_change(api, run_module):
    look(api, admin="administrator")
    groups(api)
    invite(api, "administrator", "anna@example.com")
    invite(api, "developer", DORA, error=(400, "AE-APP-4000", "Please enter a valid parameter usernames."))
    result = run_module("workspace_members", wanted(anna="administrator", dora="developer"))
    assert result["failed"] and result["changed"] and "AE-APP-4000" in result["msg"]


def test_what_the_list_does_not_show_is_not_believed(api, run_module):
    look(api, admin="administrator")
    groups(api)
    invite(api, "developer", DORA)
    listed(api, admin="administrator")
    result = run_module("workspace_members", wanted(dora="developer"))
    assert result["failed"] and result["changed"] and f"not as they should be: {DORA}" in result["msg"]


def test_an_unknown_workspace(api, run_module):
    workspace(api)
    result = run_module("workspace_members", {**wanted(dora="developer"), "workspace": "Sales"})
    assert result["failed"] and "There is no workspace 'Sales'" in result["msg"]


def test_info(api, run_module):
    workspace(api)
    odd = {**member("otto@example.com", "viewer"), "roles": [{"id": "g9", "name": "Auditor"}]}
    api.expect("GET", "/workspaces/w1/members", data=[odd, member(ADMIN, "administrator")])
    result = run_module("workspace_members_info", {"workspace": "Operations"})
    assert [(one["email"], one["role"]) for one in result["members"]] == [
        (ADMIN, "administrator"),
        ("otto@example.com", None),
    ]
