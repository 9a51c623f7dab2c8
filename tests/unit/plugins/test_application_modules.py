# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules application, application_info and publish: every call they make."""

from __future__ import annotations

import json

import pytest

WORKSPACE = {"id": "w1", "name": "Operations"}
ORDERS = {
    "id": "a1",
    "baseId": "a1",
    "name": "Orders",
    "slug": "orders",
    "workspaceId": "w1",
    "isPublic": False,
    "color": "#ECECEC",
    "modifiedAt": "2026-11-22T07:17:43.405Z",
}
GIT = {
    "branchName": "master",
    "refName": "master",
    "defaultBranchName": "master",
    "remoteUrl": "git@git.example.com:acme/desk.git",
    "isRepoPrivate": True,
    "defaultApplicationId": "a2",
    "lastCommittedAt": "2026-11-22T07:18:45Z",
}
DESK = {**ORDERS, "id": "a2", "baseId": "a2", "name": "Desk", "slug": "desk", "gitApplicationMetadata": GIT}
SHOWN = {
    "id": "a1",
    "base_id": "a1",
    "name": "Orders",
    "slug": "orders",
    "workspace_id": "w1",
    "public": False,
    "color": "#ECECEC",
    "icon": None,
    "last_deployed_at": None,
    "modified_at": "2026-11-22T07:17:43.405Z",
    "git": None,
}
WANTED = {"workspace": "Operations", "name": "Orders"}


def workspaces(api, *found):
    api.expect("GET", "/workspaces/home", data=list(found) or [WORKSPACE, {"id": "w2", "name": "Other"}])


def listed(api, *applications, workspace="w1"):
    api.expect("GET", "/applications/home", params={"workspaceId": workspace}, data=list(applications))


def exported(edited="select 1", published="select 1", **more):
    """An application's export, as it comes: JSON without an envelope."""
    return json.dumps(
        {
            "exportedApplication": {"pages": [{"id": "Page1"}], "publishedPages": [{"id": "Page1"}]},
            "pageList": [{"unpublishedPage": {"name": "Page1"}, "publishedPage": {"name": "Page1"}}],
            "actionList": [
                {
                    "unpublishedAction": {
                        "name": "list_orders",
                        "pageId": "Page1",
                        "actionConfiguration": {"body": edited},
                    },
                    "publishedAction": {
                        "name": "list_orders",
                        "pageId": "Page1",
                        "actionConfiguration": {"body": published},
                    },
                }
            ],
            "actionCollectionList": [],
            "editModeTheme": {"name": "Default"},
            "publishedTheme": {"name": "Default"},
            **more,
        }
    )


# -- application -----------------------------------------------------------------------------------------------------
def test_create(api, run_module):
    workspaces(api)
    listed(api, DESK)
    api.expect("POST", "/applications", json={"workspaceId": "w1", "name": "Orders"}, status=201, data=ORDERS)
    listed(api, ORDERS, DESK)
    result = run_module("application", WANTED, diff=True)
    assert result["changed"] and result["application"] == SHOWN
    assert result["diff"] == {"before": {}, "after": {"name": "Orders"}}


def test_create_with_everything(api, run_module):
    made = {**ORDERS, "color": "#AABBCC", "icon": "bag"}
    workspaces(api)
    listed(api)
    api.expect(
        "POST",
        "/applications",
        json={"workspaceId": "w1", "name": "Orders", "color": "#AABBCC", "icon": "bag"},
        status=201,
        data=made,
    )
    listed(api, made)
    assert run_module("application", {**WANTED, "color": "#AABBCC", "icon": "bag"})["application"]["icon"] == "bag"


def test_create_in_check_mode(api, run_module):
    workspaces(api)
    listed(api)
    result = run_module("application", WANTED, check_mode=True)
    assert result["changed"] and result["application"]["id"] is None and result["application"]["name"] == "Orders"


def test_a_name_that_somebody_took_meanwhile(api, run_module):
    workspaces(api)
    listed(api)
    made = {**ORDERS, "id": "a3", "name": "Orders (1)"}
    api.expect("POST", "/applications", json={"workspaceId": "w1", "name": "Orders"}, status=201, data=made)
    listed(api, ORDERS, made)
    result = run_module("application", WANTED)
    assert result["error"]["title"] == "ProofFailed" and "was made as 'Orders (1)' (a3)" in result["msg"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_second_run_changes_nothing(api, run_module, check_mode):
    workspaces(api)
    listed(api, DESK, ORDERS)
    result = run_module("application", {**WANTED, "color": "#ECECEC"}, check_mode=check_mode, diff=True)
    assert not result["changed"] and result["application"] == SHOWN
    assert result["diff"]["before"] == result["diff"]["after"]


def test_update(api, run_module):
    changed = {**ORDERS, "icon": "bag"}
    workspaces(api)
    listed(api, ORDERS)
    api.expect("PUT", "/applications/a1", json={"icon": "bag"}, data=changed)
    listed(api, changed)
    result = run_module("application", {**WANTED, "icon": "bag"}, diff=True)
    assert result["changed"] and result["application"]["icon"] == "bag"
    assert result["diff"]["before"]["icon"] is None and result["diff"]["after"]["icon"] == "bag"


def test_update_in_check_mode(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    result = run_module("application", {**WANTED, "icon": "bag"}, check_mode=True)
    assert result["changed"] and result["application"]["icon"] == "bag"


def test_update_without_effect(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    api.expect("PUT", "/applications/a1", json={"icon": "bag"}, data=ORDERS)
    listed(api, ORDERS)
    assert run_module("application", {**WANTED, "icon": "bag"})["error"]["title"] == "ProofFailed"


def test_delete(api, run_module):
    workspaces(api)
    listed(api, ORDERS, DESK)
    api.expect("DELETE", "/applications/a1", data={**ORDERS, "deletedAt": 1.0})
    listed(api, DESK)
    result = run_module("application", {**WANTED, "state": "absent"}, diff=True)
    assert result["changed"] and result["application"] is None and result["diff"]["after"] == {}


def test_delete_in_check_mode(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    assert run_module("application", {**WANTED, "state": "absent"}, check_mode=True)["changed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_delete_of_what_is_not_there(api, run_module, check_mode):
    workspaces(api)
    listed(api, DESK)
    result = run_module("application", {**WANTED, "state": "absent"}, check_mode=check_mode)
    assert not result["changed"] and not result["failed"]


def test_delete_that_left_it_there(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    api.expect("DELETE", "/applications/a1", data=ORDERS)
    listed(api, ORDERS)
    assert run_module("application", {**WANTED, "state": "absent"})["error"]["title"] == "ProofFailed"


def test_two_of_a_name(api, run_module):
    workspaces(api)
    listed(api, ORDERS, {**DESK, "name": "Orders"})
    result = run_module("application", WANTED)
    assert result["failed"] and "named 'Orders': a1, a2" in result["msg"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": " "}, "has 1 to 99 characters"),
        ({"name": "x" * 100}, "has 1 to 99 characters"),
        ({"color": "#abcdef"}, "'#abcdef' is no colour"),
        ({"color": "red"}, "'red' is no colour"),
    ],
)
def test_options_are_checked_before_anything_is_sent(api, run_module, options, text):
    assert text in run_module("application", {**WANTED, **options})["msg"]


# -- every module that takes a workspace -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("application", {"name": "Orders"}),
        ("application", {"name": "Orders", "state": "absent"}),
        ("application_info", {}),
        ("publish", {}),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_unknown_workspace_lists_those_that_exist(api, run_module, module, options, check_mode):
    workspaces(api)
    result = run_module(module, {"workspace": "Nowhere", **options}, check_mode=check_mode)
    assert result["failed"] and not result["changed"] and result["error"]["title"] == "NotFound"
    assert "no workspace 'Nowhere' that this user can see (there are: 'Operations', 'Other')" in result["msg"]


@pytest.mark.parametrize(
    ("module", "options"), [("application", {"name": "Orders"}), ("application_info", {}), ("publish", {})]
)
def test_two_workspaces_of_a_name(api, run_module, module, options):
    workspaces(api, WORKSPACE, {"id": "w2", "name": "Operations"})
    result = run_module(module, {"workspace": "Operations", **options})
    assert result["failed"] and "2 workspaces are named 'Operations': w1, w2" in result["msg"]


# -- application_info ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("check_mode", [False, True])
def test_info_of_all_workspaces(api, run_module, check_mode):
    workspaces(api)
    listed(api, ORDERS)
    listed(api, DESK, workspace="w2")
    result = run_module("application_info", check_mode=check_mode)
    assert not result["changed"]
    assert result["applications"][0] == {**SHOWN, "workspace": "Operations"}
    assert result["applications"][1]["workspace"] == "Other"
    assert result["applications"][1]["git"] == {
        "remote_url": "git@git.example.com:acme/desk.git",
        "branch": "master",
        "default_branch": "master",
        "private": True,
        "last_committed_at": "2026-11-22T07:18:45Z",
    }


def test_info_of_one_with_details(api, run_module):
    workspaces(api)
    listed(api, ORDERS, DESK)
    api.expect(
        "GET", "/pages", params={"applicationId": "a1", "mode": "EDIT"}, data={"pages": [{"name": "A"}, {"name": "B"}]}
    )
    api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "PUBLISHED"}, data={"pages": [{"name": "A"}]})
    api.expect("GET", "/applications/export/a1", text=exported("select 2"))
    found = run_module("application_info", {"workspace": "Operations", "name": "Orders", "details": True})
    assert found["applications"] == [
        {
            **SHOWN,
            "workspace": "Operations",
            "pages": ["A", "B"],
            "published_pages": ["A"],
            "unpublished": ["query Page1/list_orders"],
        }
    ]


def test_info_of_nothing(api, run_module):
    workspaces(api)
    listed(api, DESK)
    assert run_module("application_info", {"workspace": "Operations", "name": "Orders"})["applications"] == []


# -- publish ---------------------------------------------------------------------------------------------------------
def test_publish(api, run_module):
    workspaces(api)
    listed(api, ORDERS, DESK)
    api.expect("GET", "/applications/export/a1", text=exported("select 2"))
    api.expect("POST", "/applications/publish/a1", data=True)
    api.expect("GET", "/applications/export/a1", text=exported("select 2", "select 2"))
    result = run_module("publish", {"workspace": "Operations", "application": "Orders"}, diff=True)
    assert result["changed"]
    assert result["applications"] == [
        {"name": "Orders", "id": "a1", "branch": None, "changed": True, "unpublished": ["query Page1/list_orders"]}
    ]
    assert result["diff"] == {
        "before": {"unpublished": ["query Page1/list_orders"]},
        "after": {"unpublished": []},
        "before_header": "Orders",
        "after_header": "Orders",
    }


def test_publish_in_check_mode(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    api.expect("GET", "/applications/export/a1", text=exported("select 2"))
    result = run_module("publish", {"workspace": "Operations"}, check_mode=True)
    assert result["changed"] and result["applications"][0]["unpublished"] == ["query Page1/list_orders"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_publish_of_what_is_published(api, run_module, check_mode):
    workspaces(api)
    listed(api, ORDERS, DESK)
    api.expect("GET", "/applications/export/a1", text=exported())
    api.expect("GET", "/applications/export/a2", text=exported())
    result = run_module("publish", {"workspace": "Operations"}, check_mode=check_mode, diff=True)
    assert not result["changed"] and "diff" not in result
    assert [entry["changed"] for entry in result["applications"]] == [False, False]


@pytest.mark.parametrize(
    ("difference", "named"),
    [
        ({"actionList": [{"unpublishedAction": {"name": "new", "pageId": "A"}}]}, ["query A/new"]),
        ({"actionList": [{"publishedAction": {"name": "gone", "pageId": "A"}}]}, ["query A/gone"]),
        (
            {"pageList": [{"unpublishedPage": {"name": "A", "isHidden": True}, "publishedPage": {"name": "A"}}]},
            ["page A"],
        ),
        (
            {"actionCollectionList": [{"unpublishedCollection": {"name": "Utils", "pageId": "A"}}]},
            ["JS object A/Utils"],
        ),
        ({"editModeTheme": {"name": "Other"}}, ["application theme"]),
        ({"exportedApplication": {"pages": [{"id": "A"}], "publishedPages": []}}, ["application pages"]),
        ({"exportedApplication": {"unpublishedCustomJSLibs": ["x"]}}, ["application libraries"]),
        ({"exportedApplication": {"unpublishedApplicationDetail": {"a": 1}}}, ["application settings"]),
    ],
)
def test_whatever_differs_is_seen(api, run_module, difference, named):
    workspaces(api)
    listed(api, ORDERS)
    api.expect("GET", "/applications/export/a1", text=exported(**difference))
    result = run_module("publish", {"workspace": "Operations"}, check_mode=True)
    assert result["applications"][0]["unpublished"] == named


NEVER = {**ORDERS, "modifiedAt": "2026-11-22T07:17:43.405Z"}
BEFORE = {**NEVER, "lastDeployedAt": "2026-11-22T07:17:00.000Z"}
AFTER = {**NEVER, "lastDeployedAt": "2026-11-22T07:18:00.000Z"}
PAGES = [{"name": "A", "slug": "a"}]


def without_export(api, error, application, published=None):
    """A user who may not export sees the pages' names of both views, and the times."""
    api.expect("GET", "/applications/export/a1", error=error)
    api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "EDIT"}, data={"pages": PAGES})
    shown = PAGES if published is None else published
    api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "PUBLISHED"}, data={"pages": shown})
    if shown == PAGES:
        api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "EDIT"}, data={"application": application})


@pytest.mark.parametrize(("application", "wanted"), [(NEVER, True), (BEFORE, True), (AFTER, False)])
@pytest.mark.parametrize("error", [(404, "AE-ACL-4004", "Unable to find application"), (403, "AE-ACL-4003", "No")])
def test_without_the_right_to_export_the_times_decide(api, run_module, application, wanted, error):
    workspaces(api)
    listed(api, application)
    without_export(api, error, application)
    if wanted:
        api.expect("POST", "/applications/publish/a1", data=True)
        without_export(api, error, AFTER)
    result = run_module("publish", {"workspace": "Operations"})
    assert result["changed"] is wanted and not result["failed"]


def test_without_the_right_to_export_a_second_run_changes_nothing(api, run_module):
    """As the servers tell it: publishing sets the time of the deployment, and not that of the edit."""
    refusal = (404, "AE-ACL-4004", "Unable to find application")
    published = {**NEVER, "lastDeployedAt": NEVER["modifiedAt"]}
    workspaces(api)
    listed(api, NEVER)
    without_export(api, refusal, NEVER)
    api.expect("POST", "/applications/publish/a1", data=True)
    without_export(api, refusal, published)
    assert run_module("publish", {"workspace": "Operations"})["changed"]
    workspaces(api)
    listed(api, published)
    without_export(api, refusal, published)
    assert not run_module("publish", {"workspace": "Operations"})["changed"]


def test_without_the_right_to_export_a_new_page_is_seen(api, run_module):
    workspaces(api)
    listed(api, AFTER)
    without_export(api, (404, "AE-ACL-4004", "Unable to find application"), AFTER, published=[])
    result = run_module("publish", {"workspace": "Operations"}, check_mode=True)
    assert result["applications"][0]["unpublished"] == ["page A"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_publish_a_branch(api, run_module, check_mode):
    """Each branch is an application of its own; Orders has no repository, hence no branch."""
    workspaces(api)
    listed(api, DESK, ORDERS)
    api.expect("GET", "/info", root=True, text='{"version": "v1.91"}')
    api.expect(
        "GET",
        "/git/applications/a2/refs",
        params={"refType": "branch"},
        data=[{"refName": "master", "default": True}, {"refName": "staging"}, {"refName": "origin/staging"}],
    )
    api.expect(
        "POST",
        "/git/applications/a2/checkout-ref",
        json={"refName": "staging", "refType": "branch"},
        data={**DESK, "id": "a9"},
    )
    api.expect("GET", "/applications/export/a9", text=exported("select 2"))
    if not check_mode:
        api.expect("POST", "/applications/publish/a9", data=True)
        api.expect("GET", "/applications/export/a9", text=exported("select 2", "select 2"))
    api.expect("GET", "/applications/export/a1", text=exported())
    result = run_module("publish", {"workspace": "Operations", "branch": "staging"}, check_mode=check_mode)
    assert result["changed"]
    assert [(entry["id"], entry["branch"], entry["changed"]) for entry in result["applications"]] == [
        ("a9", "staging", True),
        ("a1", None, False),
    ]


def test_publish_without_effect(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    api.expect("GET", "/applications/export/a1", text=exported("select 2"))
    api.expect("POST", "/applications/publish/a1", data=True)
    api.expect("GET", "/applications/export/a1", text=exported("select 2"))
    result = run_module("publish", {"workspace": "Operations"})
    assert result["error"]["title"] == "ProofFailed" and "still differs: query Page1/list_orders" in result["msg"]
    assert result["changed"] and result["applications"][0]["changed"], "it was published, whatever came of it"


def test_publish_goes_on_after_a_failure(api, run_module):
    workspaces(api)
    listed(api, ORDERS, DESK)
    api.expect("GET", "/applications/export/a1", text=exported("select 2"))
    api.expect("POST", "/applications/publish/a1", error=(403, "AE-ACL-4007", "No permission to deploy"))
    api.expect("GET", "/applications/export/a2", text=exported("select 2"))
    api.expect("POST", "/applications/publish/a2", data=True)
    api.expect("GET", "/applications/export/a2", text=exported("select 2", "select 2"))
    result = run_module("publish", {"workspace": "Operations", "applications": ["Orders", "Gone", "Desk", "Orders"]})
    assert result["failed"] and result["changed"]
    assert [bool(entry.get("failed")) for entry in result["applications"]] == [True, True, False]
    assert "2 of 3 failed: Orders: No permission to deploy [AE-ACL-4007]" in result["msg"]
    assert "no application 'Gone' (it has: 'Desk', 'Orders')" in result["msg"]


def test_an_export_that_is_none(api, run_module):
    workspaces(api)
    listed(api, ORDERS)
    api.expect("GET", "/applications/export/a1", text="<html>")
    assert run_module("publish", {"workspace": "Operations"})["error"]["title"] == "NotAppsmith"
