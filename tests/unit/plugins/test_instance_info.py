# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module instance_info: what it asks, when it waits, and when it gives up."""

from __future__ import annotations

import pytest
import requests

URL = "http://appsmith.example.com"
NOBODY = {"email": "anonymousUser", "isAnonymous": True, "emptyInstance": True}
TENANT = {
    "instanceId": "6b0285a7aa785c57005b53b9",
    "organizationConfiguration": {
        "isFormLoginEnabled": True,
        "instanceName": "Appsmith",
        "license": {"plan": "FREE"},
    },
}
FACTS = {
    "url": URL,
    "ready": True,
    "problem": None,
    "version": "v1.91",
    "version_source": "instance",
    "empty": True,
    "instance_id": "6b0285a7aa785c57005b53b9",
    "name": "Appsmith",
    "plan": "FREE",
    "form_login": True,
    "signup": True,
}
WAIT = {"wait": True, "wait_timeout": 10, "wait_interval": 4}


def ready(api, version="v1.91", tenant=None):
    api.expect("GET", "/health", session=None, data="All systems are up")
    api.expect("GET", "/users/me", session=None, data=NOBODY)
    api.expect("GET", "/info", root=True, session=None, text=f'{{"version": "{version}"}}')
    api.expect("GET", "/tenants/current", session=None, data=tenant or TENANT)


def silent(api):
    """An instance that does not tell its release."""
    api.expect("GET", "/health", data="All systems are up")
    api.expect("GET", "/users/me", data=NOBODY)
    api.expect("GET", "/info", root=True, status=404, text="")
    api.expect("GET", "/users/me", error=(400, "AE-BAD-4002", "mismatch"), error_data={"serverVersion": "UNKNOWN"})
    api.expect("GET", "/tenants/current", data=TENANT)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("wait", [False, True])
def test_a_ready_instance(api, run_module, check_mode, wait):
    ready(api)
    result = run_module("instance_info", {"wait": wait}, check_mode=check_mode, diff=True)
    assert result["instance"] == FACTS
    assert not result["changed"] and not result["failed"] and result["waited"] == 0 and "diff" not in result


def test_the_older_name_of_the_settings(api, run_module):
    configuration = {**TENANT["organizationConfiguration"], "isSignupDisabled": True}
    ready(api, "v1.60", {"instanceId": "x", "tenantConfiguration": configuration})
    instance = run_module("instance_info")["instance"]
    assert instance["name"] == "Appsmith" and instance["signup"] is False and instance["version"] == "v1.60"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"status": 502, "text": "502 Bad Gateway"}, "is not ready (HTTP 502)"),
        ({"text": "<title>Appsmith is starting</title>"}, "is not ready"),
        ({"error": (408, "AE-APP-4080", "Health check timed out")}, "Health check timed out"),
        ({"error": (500, "AE-APP-5000", "Internal server error")}, "Internal server error"),
        ({"raises": requests.exceptions.ReadTimeout()}, "No answer to GET"),
    ],
)
def test_one_that_is_not_ready_is_no_failure(api, run_module, sleeps, answer, problem):
    api.expect("GET", "/health", **answer)
    result = run_module("instance_info")
    assert not result["failed"] and not result["instance"]["ready"]
    assert problem in result["instance"]["problem"]
    assert sleeps == []


def test_one_that_can_not_be_reached_is_no_failure(api, run_module):
    api.expect("GET", "/health", raises=api.refused())
    result = run_module("instance_info")
    assert not result["failed"]
    assert result["instance"] == {
        **dict.fromkeys(FACTS),
        "url": URL,
        "ready": False,
        "problem": "No connection to http://appsmith.example.com: Connection refused",
    }


def test_another_server_is_a_failure(api, run_module):
    api.expect("GET", "/health", text="<html>It works!</html>")
    result = run_module("instance_info")
    assert result["failed"] and result["error"]["title"] == "NotAppsmith"


def test_no_address_is_a_failure(api, run_module):
    result = run_module("instance_info", {"appsmith_url": "appsmith", "wait": True})
    assert result["failed"] and "is no address of an instance" in result["msg"]


def test_waiting(api, run_module, sleeps):
    api.expect("GET", "/health", raises=api.refused())
    api.expect("GET", "/health", text="<title>Appsmith is starting</title>")
    api.expect("GET", "/health", data="All systems are up")
    api.expect("GET", "/users/me", status=502, text="502 Bad Gateway")
    ready(api)
    result = run_module("instance_info", {**WAIT, "wait_timeout": 60})
    assert result["instance"]["ready"] and result["waited"] == 12
    assert sleeps == [4, 4, 4]


def test_waiting_ends(api, run_module, sleeps):
    for _attempt in range(4):
        api.expect("GET", "/health", status=502, text="502 Bad Gateway")
    result = run_module("instance_info", WAIT)
    assert result["failed"] and result["error"]["title"] == "NotReady"
    assert result["msg"].startswith(
        f"{URL} was not ready after 10 seconds: Appsmith at {URL} is not ready (HTTP 502). Check appsmith_url"
    )
    assert result["instance"]["ready"] is False
    assert sleeps == [4, 4, 2]


def test_waiting_for_a_release(api, run_module, sleeps):
    ready(api, "v1.60")
    ready(api, "v1.91")
    result = run_module("instance_info", {**WAIT, "expect_version": "1.91"})
    assert result["instance"]["version"] == "v1.91" and sleeps == [4]


def test_waiting_for_a_release_that_does_not_come(api, run_module):
    for _attempt in range(4):
        ready(api, "v1.60")
    result = run_module("instance_info", {**WAIT, "expect_version": "v1.91"})
    assert result["failed"] and result["msg"].startswith("http://appsmith.example.com runs v1.60, not v1.91")
    assert result["instance"]["version"] == "v1.60"


def test_another_release_without_waiting(api, run_module):
    ready(api, "v1.60")
    result = run_module("instance_info", {"expect_version": "v1.91"})
    assert result["failed"] and result["error"]["title"] == "IncompatibleVersion"


def test_what_is_no_release_is_refused_before_anything_is_sent(api, run_module):
    result = run_module("instance_info", {**WAIT, "expect_version": "latest"})
    assert result["failed"] and result["msg"].startswith("'latest' is no release of Appsmith")


def test_an_untold_release(api, run_module):
    silent(api)
    assert run_module("instance_info")["instance"]["version"] is None
    silent(api)
    instance = run_module("instance_info", {"appsmith_version": "v1.91"})["instance"]
    assert (instance["version"], instance["version_source"]) == ("v1.91", "option")


def test_an_untold_release_is_believed_with_a_warning(api, run_module, sleeps):
    silent(api)
    result = run_module("instance_info", {"appsmith_version": "v1.91", "expect_version": "v1.91"})
    assert not result["failed"] and "was believed" in str(result["warnings"])
    silent(api)
    result = run_module("instance_info", {**WAIT, "expect_version": "v1.91"})
    assert sleeps == []
    assert result["failed"] and "does not say which release it is" in result["msg"]
