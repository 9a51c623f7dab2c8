# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that connects must do when it can't: one line, one attempt, nothing written."""

from __future__ import annotations

import pytest

PASSWORD = "Correct-Horse-1"
CREDENTIALS = {
    "appsmith_session": None,
    "appsmith_username": "admin@example.com",
    "appsmith_password": PASSWORD,
}
DATASOURCE = {"name": "x", "plugin": "restapi-plugin", "url": "https://api.example.com"}
# Module, its options, and whether its first call comes from nobody (then the password comes second).
MODULES = [
    pytest.param("login", {}, False, id="login"),
    pytest.param("super_user", {}, True, id="super_user"),
    pytest.param("workspace", {"name": "x"}, False, id="workspace"),
    pytest.param("workspace_info", {}, False, id="workspace_info"),
    pytest.param("application", {"workspace": "x", "name": "y"}, False, id="application"),
    pytest.param("application_info", {}, False, id="application_info"),
    pytest.param("publish", {"workspace": "x"}, False, id="publish"),
    pytest.param("datasource", {"workspace": "x", **DATASOURCE}, False, id="datasource"),
    pytest.param("datasources", {"workspace": "x", "datasources": [DATASOURCE]}, False, id="datasources"),
    pytest.param("datasource_info", {"workspace": "x"}, False, id="datasource_info"),
    pytest.param("smoke_test", {"workspace": "x", "tests": [{"application": "y"}] * 2}, False, id="smoke_test"),
]


def first(api, anonymous, **answer):
    basic = None if anonymous else ("admin@example.com", PASSWORD)
    api.expect("GET", "/users/me", basic=basic, session=None, **answer)


def check(result, title, text):
    assert result["failed"] and not result["changed"]
    assert result["error"]["title"] == title and result["error"]["next_step"]
    assert text in result["msg"] and "\n" not in result["msg"]
    assert PASSWORD not in str(result)


@pytest.mark.parametrize(("module", "options", "anonymous"), MODULES)
class TestNoWayIn:
    def test_wrong_address(self, api, run_module, module, options, anonymous):
        result = run_module(module, {**CREDENTIALS, **options, "appsmith_url": "appsmith.example.com"})
        check(result, "InvalidInput", "'appsmith.example.com' is no address of an instance")

    def test_refused_connection(self, api, run_module, sleeps, module, options, anonymous):
        first(api, anonymous, raises=api.refused())
        check(run_module(module, {**CREDENTIALS, **options}), "ConnectionFailed", "Connection refused")
        assert sleeps == []

    def test_another_server(self, api, run_module, module, options, anonymous):
        first(api, anonymous, text="<html><title>Welcome</title></html>")
        check(run_module(module, {**CREDENTIALS, **options}), "NotAppsmith", "answers, but not as Appsmith does")

    def test_wrong_password(self, api, run_module, module, options, anonymous):
        if anonymous:
            first(api, True, data={"isAnonymous": True, "emptyInstance": False})
        api.expect_refused_password()
        if anonymous:
            # Whether the account may wait for its sign-up; not on an instance that knows no administrators.
            api.expect("GET", "/tenants/current", session=None, data={})
        check(run_module(module, {**CREDENTIALS, **options}), "AuthenticationFailed", "was refused")

    def test_still_starting(self, api, run_module, sleeps, module, options, anonymous):
        for _attempt in range(5):
            first(api, anonymous, status=502, text="502 Bad Gateway")
        check(run_module(module, {**CREDENTIALS, **options}), "NotReady", "is not ready (HTTP 502)")


def test_logout_without_a_way_in(api, run_module, sleeps):
    api.expect("GET", "/users/me", raises=api.refused())
    check(run_module("logout"), "ConnectionFailed", "Connection refused")
    api.expect("GET", "/users/me", text="<html>")
    check(run_module("logout"), "NotAppsmith", "not as Appsmith does")
    check(run_module("logout", {"appsmith_url": "x"}), "InvalidInput", "is no address")
