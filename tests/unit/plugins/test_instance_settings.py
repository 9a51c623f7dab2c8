# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module instance_settings: every call it makes. The answers are those of real v1.60 and v1.91 servers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

DEFAULT = {"isFormLoginEnabled": True, "instanceName": "Appsmith", "emailVerificationEnabled": False}
ENV = {"APPSMITH_DISABLE_TELEMETRY": "true", "APPSMITH_ADMIN_EMAILS": "admin@example.com"}
OLD, NEW = "v1.60", "v1.91"


def shows(api: Any, env: dict[str, str] | None = None, **configuration: Any) -> None:
    api.expect("GET", "/tenants/current", data={"organizationConfiguration": {**DEFAULT, **configuration}})
    if env is not None:
        api.expect("GET", "/admin/env", data=env)


def settings(run_module: Any, version: str = NEW, **params: Any) -> dict[str, Any]:
    modes = {key: params.pop(key) for key in ("check_mode", "diff") if key in params}
    return run_module("instance_settings", {"appsmith_version": version, **params}, **modes)


@pytest.fixture(autouse=True)
def believed_version(monkeypatch):
    from ansible_collections.stagecraft.appsmith.plugins.module_utils import _module
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

    monkeypatch.setattr(_module, "detect", lambda client, given: Version.parse(given))


def test_sign_up_stands_in_the_organization(api, run_module):
    shows(api, isSignupDisabled=False)
    api.expect("PUT", "/tenants", json={"isSignupDisabled": True}, data={})
    shows(api, isSignupDisabled=True)
    shows(api, isSignupDisabled=True)
    result = settings(run_module, signup=False, diff=True)
    assert result["changed"] and result["written"] == ["isSignupDisabled"] and not result["restarted"]
    assert result["diff"] == {"before": {"isSignupDisabled": False}, "after": {"isSignupDisabled": True}}


def test_on_an_older_release_it_stands_in_docker_env(api, run_module):
    shows(api, env=ENV)
    api.expect("PUT", "/admin/env", json={"APPSMITH_SIGNUP_DISABLED": "true"})
    for _look in range(2):
        shows(api, env={**ENV, "APPSMITH_SIGNUP_DISABLED": "true"})
    result = settings(run_module, OLD, signup=False)
    assert result["changed"] and result["restart_needed"] == []
    assert result["settings"] == {"APPSMITH_SIGNUP_DISABLED": "true"}


def test_nothing_to_do(api, run_module):
    shows(api, env={**ENV, "APPSMITH_SIGNUP_ALLOWED_DOMAINS": "example.com, Example.org"}, isSignupDisabled=False)
    domains = ["example.org", "example.com"]
    result = settings(
        run_module, signup=True, telemetry=False, signup_allowed_domains=domains, instance_name="Appsmith"
    )
    assert not result["changed"] and result["written"] == []


def test_a_switch_that_was_never_set_is_off(api, run_module):
    shows(api)
    assert not settings(run_module, strong_password_policy=False)["changed"]


def test_check_mode_predicts_and_writes_nothing(api, run_module):
    shows(api, env=ENV, isSignupDisabled=False)
    result = settings(run_module, signup=False, custom_domain="app.example.com", check_mode=True, diff=True)
    assert result["changed"] and result["restarted"] and result["restart_needed"] == ["APPSMITH_CUSTOM_DOMAIN"]
    assert result["diff"]["after"] == {"isSignupDisabled": True, "APPSMITH_CUSTOM_DOMAIN": "app.example.com"}


MAIL = {"host": "smtp.example.com", "port": 587, "password": "made-up-mail"}
MAIL_ENV = {
    "APPSMITH_MAIL_HOST": "smtp.example.com",
    "APPSMITH_MAIL_PORT": "587",
    "APPSMITH_MAIL_PASSWORD": "made-up-mail",
}


def test_mail_and_no_secret_in_the_result(api, run_module):
    shows(api, env=ENV)
    api.expect("PUT", "/admin/env", json=MAIL_ENV)
    for _look in range(2):
        shows(api, env={**ENV, **MAIL_ENV, "APPSMITH_MAIL_ENABLED": "true"})
    result = settings(run_module, mail=MAIL, diff=True)
    assert result["changed"] and result["settings"]["APPSMITH_MAIL_PASSWORD"] == "(hidden)"
    assert "made-up-mail" not in json.dumps(result)


def test_a_masked_secret_is_left_alone_when_nothing_else_differs(api, run_module):
    shows(api, env={**ENV, **MAIL_ENV, "APPSMITH_MAIL_PASSWORD": "********"})
    assert not settings(run_module, mail=MAIL)["changed"]


@pytest.mark.parametrize("params", [{"mail": MAIL, "update_secrets": "always"}, {"mail": {**MAIL, "port": 25}}])
def test_a_masked_secret_is_written_and_said_not_to_be_proven(api, run_module, params):
    masked = {**ENV, **MAIL_ENV, "APPSMITH_MAIL_PASSWORD": "********"}
    port = str(params["mail"]["port"])
    change = {"APPSMITH_MAIL_PASSWORD": "made-up-mail", **({"APPSMITH_MAIL_PORT": port} if port == "25" else {})}
    shows(api, env=masked)
    api.expect("PUT", "/admin/env", json=change)
    for _look in range(2):
        shows(api, env={**masked, "APPSMITH_MAIL_PORT": port})
    result = settings(run_module, **params)
    assert result["changed"] and result["not_proven"] == ["APPSMITH_MAIL_PASSWORD"]


def test_a_500_after_the_work_was_done_is_a_success_with_a_warning(api, run_module):
    gone = {"APPSMITH_MAIL_HOST": ""}
    shows(api, env={**ENV, "APPSMITH_MAIL_HOST": "smtp.example.com"})
    api.expect("PUT", "/admin/env", json=gone, error=(500, "AE-APP-5000", "Internal server error"))
    for _look in range(3):
        shows(api, env=ENV)
    result = settings(run_module, mail={"host": ""})
    assert result["changed"] and "but the settings were written" in str(result["warnings"])


def test_a_variable_that_the_server_refuses(api, run_module):
    shows(api, env=ENV)
    api.expect("PUT", "/admin/env", json={"APPSMITH_NOPE": "x"}, error=(400, "AE-BAD-4000", "Bad request: {0}"))
    shows(api, env=ENV)
    result = settings(run_module, environment={"APPSMITH_NOPE": "x"})
    assert result["failed"] and not result["changed"]
    assert "takes one of these variables by no API: APPSMITH_NOPE [AE-BAD-4000]" in result["msg"]


def test_an_answer_of_200_that_did_nothing_is_a_failure(api, run_module):
    shows(api, isSignupDisabled=False)
    api.expect("PUT", "/tenants", json={"isSignupDisabled": True}, data={})
    shows(api, isSignupDisabled=False)
    result = settings(run_module, signup=False)
    assert result["failed"] and result["changed"] and "not as they should be: isSignupDisabled" in result["msg"]


def ready(api: Any) -> None:
    api.expect("GET", "/health", data="All systems are up")
    api.expect("GET", "/users/me", data={"email": "admin@example.com", "isAnonymous": False}, answer_headers={})
    version(api)
    api.expect("GET", "/tenants/current", data={"organizationConfiguration": DEFAULT})


def version(api: Any) -> None:
    api.expect(
        "GET", "/info", root=True, text='{"version": "v1.91"}', answer_headers={"Content-Type": "application/json"}
    )


def domain_written(api: Any) -> None:
    shows(api, env=ENV)
    api.expect("PUT", "/admin/env", json={"APPSMITH_CUSTOM_DOMAIN": "app.example.com"})
    shows(api, env={**ENV, "APPSMITH_CUSTOM_DOMAIN": "app.example.com"})


def test_a_restart_is_seen_to_go_and_to_come(api, run_module):
    domain_written(api)
    api.expect("POST", "/admin/restart", data=True)
    ready(api)
    api.expect("GET", "/health", raises=api.refused())
    api.expect("GET", "/health", status=502, text="bad gateway")
    ready(api)
    shows(api, env={**ENV, "APPSMITH_CUSTOM_DOMAIN": "app.example.com"})
    result = settings(run_module, custom_domain="app.example.com")
    assert result["changed"] and result["restarted"], result


def test_a_restart_that_does_not_come_back(api, run_module, sleeps):
    domain_written(api)
    api.expect("POST", "/admin/restart", raises=requests.exceptions.ConnectionError("Connection reset by peer"))
    for _look in range(2):
        api.expect("GET", "/health", raises=api.refused())
    result = settings(run_module, custom_domain="app.example.com", restart_timeout=0)
    assert result["failed"] and result["changed"] and "was not ready 0 seconds after its restart" in result["msg"]


def test_no_restart_when_it_is_not_wanted(api, run_module):
    domain_written(api)
    shows(api, env={**ENV, "APPSMITH_CUSTOM_DOMAIN": "app.example.com"})
    result = settings(run_module, custom_domain="app.example.com", restart=False)
    assert result["changed"] and not result["restarted"]
    assert "take effect after a restart" in str(result["warnings"])


def test_the_caller_stays_administrator(api, run_module):
    api.expect("GET", "/users/me", data={"email": "admin@example.com"})
    result = settings(run_module, admin_emails=["someone@example.com"])
    assert result["failed"] and "admin_emails lacks admin@example.com" in result["msg"]


def test_an_account_that_is_no_administrator(api, run_module):
    api.expect("GET", "/tenants/current", data={"organizationConfiguration": DEFAULT})
    api.expect("GET", "/admin/env", error=(403, "AE-ACL-4003", "Unauthorized access"))
    result = settings(run_module, telemetry=True)
    assert result["failed"] and "no administrator of the instance [AE-ACL-4003]" in result["msg"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "No setting is named"),
        ({"environment": {"PATH": "/"}}, "'PATH' is no variable of Appsmith"),
        ({"telemetry": False, "environment": {"APPSMITH_DISABLE_TELEMETRY": False}}, "is given twice"),
    ],
)
def test_bad_input_is_told_before_anything_is_asked(api, run_module, params, said):
    result = settings(run_module, **params)
    assert result["failed"] and said in result["msg"]
