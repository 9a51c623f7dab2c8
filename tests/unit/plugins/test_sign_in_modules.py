# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules login, logout and super_user: every call they make."""

from __future__ import annotations

import pytest

SESSION = "11111111-aaaa-bbbb-cccc-222222222222"
USERNAME = "admin@example.com"
PASSWORD = "Correct-Horse-1"
CREDENTIALS = {"appsmith_session": None, "appsmith_username": USERNAME, "appsmith_password": PASSWORD}
ME = {"email": USERNAME, "name": "Admin", "isAnonymous": False, "emptyInstance": False, "isSuperUser": True}
NOBODY = {"email": "anonymousUser", "isAnonymous": True, "emptyInstance": False, "isSuperUser": False}
LOGIN_FORM = {"username": USERNAME, "password": PASSWORD}


@pytest.mark.parametrize("check_mode", [False, True])
def test_login(api, run_module, check_mode):
    api.expect_sign_in()
    result = run_module(
        "login", {**CREDENTIALS, "appsmith_timeout": 60, "appsmith_version": "v1.91"}, check_mode=check_mode
    )
    assert not result["changed"] and not result["failed"]
    assert result["session"] == SESSION
    assert result["connection"] == {
        "appsmith_url": "http://appsmith.example.com",
        "appsmith_session": SESSION,
        "appsmith_validate_certs": True,
        "appsmith_connect_timeout": 10,
        "appsmith_timeout": 60,
        "appsmith_version": "v1.91",
    }
    assert result["user"] == {"email": USERNAME, "name": "Admin", "is_super_user": True}
    assert PASSWORD not in str(result)


def test_login_twice_is_never_a_change(api, run_module):
    for _attempt in range(2):
        api.expect_sign_in()
        assert not run_module("login", CREDENTIALS, diff=True)["changed"]


def test_login_ignores_a_session(api, run_module):
    api.expect_sign_in()
    assert run_module("login", {**CREDENTIALS, "appsmith_session": "older"})["session"] == SESSION


def test_a_wrong_password_is_one_basic_call(api, run_module):
    api.expect_refused_password()
    result = run_module("login", CREDENTIALS)
    assert result["failed"] and result["error"]["title"] == "AuthenticationFailed"
    assert "session" not in result


@pytest.mark.parametrize(
    ("location", "title", "text"),
    [
        ("http://appsmith.example.com/user/login?error=true", "AuthenticationFailed", "was refused"),
        ("//user/login?error=true", "AuthenticationFailed", "was refused"),
        (
            "/user/login?error=true&message=Your+account+is+suspended+for+24+hours.+Please+reset+your+password",
            "AccountSuspended",
            "is suspended after five refused logins",
        ),
        ("/user/login?error=true&message=Use+Google", "AuthenticationFailed", "admin@example.com: Use Google"),
        ("/user/verificationPending?email=admin%40example.com", "AuthenticationFailed", "is not verified"),
    ],
)
def test_the_location_decides(api, run_module, location, title, text):
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), data=ME)
    api.expect("POST", "/login", form=LOGIN_FORM, session=None, status=302, location=location)
    result = run_module("login", CREDENTIALS)
    assert result["error"]["title"] == title and text in result["msg"]


def test_where_basic_is_switched_off_the_login_is_the_one_attempt(api, run_module):
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), data=NOBODY)
    api.expect("POST", "/login", form=LOGIN_FORM, status=302, location="/user/login?error=true")
    assert run_module("login", CREDENTIALS)["error"]["title"] == "AuthenticationFailed"


def test_an_accepted_login_must_be_somebodys(api, run_module):
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), data=ME)
    api.expect("POST", "/login", form=LOGIN_FORM, status=302, location="/applications", cookie="dead")
    api.expect("GET", "/users/me", session="dead", data=NOBODY)
    api.expect("POST", "/logout", status=401, text="")
    result = run_module("login", CREDENTIALS)
    assert result["failed"] and "the session is nobody's" in result["msg"]


def test_a_login_that_is_not_appsmiths(api, run_module):
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), data=ME)
    api.expect("POST", "/login", form=LOGIN_FORM, text="<html>")
    assert run_module("login", CREDENTIALS)["error"]["title"] == "NotAppsmith"


def test_a_password_other_than_ascii(api, run_module):
    api.expect_sign_in(password="Grüße-€-1")
    assert not run_module("login", {**CREDENTIALS, "appsmith_password": "Grüße-€-1"})["failed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_logout(api, run_module, check_mode):
    api.expect("GET", "/users/me", session=SESSION, data=ME)
    api.expect("POST", "/logout", session=SESSION, data=True)
    api.expect("GET", "/users/me", session=SESSION, data=NOBODY)
    result = run_module("logout", check_mode=check_mode)
    assert result["ended"] and not result["changed"] and not result["failed"]


def test_logout_of_an_ended_session(api, run_module):
    api.expect("GET", "/users/me", session=SESSION, data=NOBODY)
    result = run_module("logout")
    assert not result["ended"] and not result["failed"]


def test_logout_that_did_nothing(api, run_module):
    api.expect("GET", "/users/me", data=ME)
    api.expect("POST", "/logout", data=True)
    api.expect("GET", "/users/me", data=ME)
    assert run_module("logout")["error"]["title"] == "ProofFailed"


def test_logout_without_a_session(api, run_module):
    assert run_module("logout", CREDENTIALS)["msg"].startswith("No session to end")


SUPER_FORM = {
    "name": "Operations",
    "email": USERNAME,
    "password": PASSWORD,
    "allowCollectingAnonymousData": "false",
    "signupForNewsletter": "false",
}
FIRST = {**CREDENTIALS, "name": "Operations"}


def test_the_first_user_is_made(api, run_module):
    api.expect("GET", "/users/me", session=None, data={**NOBODY, "emptyInstance": True})
    api.expect("POST", "/users/super", form=SUPER_FORM, status=302, location="/signup-success?x=y", cookie=SESSION)
    api.expect("GET", "/users/me", session=SESSION, data=ME)
    api.expect_sign_out()
    result = run_module("super_user", FIRST, diff=True)
    assert result["changed"]
    assert result["user"] == {"email": USERNAME, "name": "Admin", "is_super_user": True}
    assert result["diff"] == {
        "before": {},
        "after": {"email": USERNAME, "name": "Operations", "is_super_user": True},
    }
    assert PASSWORD not in str(result)


def test_consent_is_the_users(api, run_module):
    form = {**SUPER_FORM, "allowCollectingAnonymousData": "true", "signupForNewsletter": "true"}
    api.expect("GET", "/users/me", data={**NOBODY, "emptyInstance": True})
    api.expect("POST", "/users/super", form=form, status=302, location="/signup-success", cookie=SESSION)
    api.expect("GET", "/users/me", data=ME)
    api.expect_sign_out()
    assert run_module("super_user", {**FIRST, "allow_telemetry": True, "newsletter": True})["changed"]


def test_the_first_user_in_check_mode(api, run_module):
    api.expect("GET", "/users/me", data={**NOBODY, "emptyInstance": True})
    result = run_module("super_user", FIRST, check_mode=True)
    assert result["changed"] and result["user"]["email"] == USERNAME


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_second_run_changes_nothing(api, run_module, check_mode):
    api.expect("GET", "/users/me", session=None, data=NOBODY)
    api.expect_sign_in()
    api.expect_sign_out()
    result = run_module("super_user", FIRST, check_mode=check_mode)
    assert not result["changed"] and not result["failed"]


def test_somebody_elses_instance(api, run_module):
    """Its administrators are of another domain, or none is known: nothing is sent."""
    for tenant in ({}, {"adminEmailDomainHash": ""}, {"adminEmailDomainHash": "0" * 64}):
        api.expect("GET", "/users/me", session=None, data=NOBODY)
        api.expect_refused_password()
        api.expect("GET", "/tenants/current", session=None, data=tenant)
        result = run_module("super_user", FIRST)
        assert result["failed"] and not result["changed"] and result["error"]["title"] == "AuthenticationFailed"


# sha256 of example.com, as observed.
DOMAIN = {"adminEmailDomainHash": "a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947"}
SIGN_UP_FORM = {"name": "Operations", "email": USERNAME, "password": PASSWORD}


def announced(api, **answer):
    """An instance that made an account of APPSMITH_ADMIN_EMAILS, up to the sign-up and its answer."""
    api.expect("GET", "/users/me", session=None, data=NOBODY)
    api.expect_refused_password()
    api.expect("GET", "/tenants/current", session=None, data=DOMAIN)
    if answer:
        api.expect("POST", "/users", session=None, form=SIGN_UP_FORM, status=302, **answer)


ACCEPTED = {"location": "/signup-success?redirectUrl=%2Fapplications", "cookie": SESSION}


@pytest.mark.parametrize("telemetry", [False, True])
def test_an_announced_administrator_is_signed_up(api, run_module, telemetry):
    announced(api, **ACCEPTED)
    nameless = {key: value for key, value in ME.items() if key != "name"}
    api.expect("GET", "/users/me", session=SESSION, data=nameless)
    api.expect("PUT", "/users", session=SESSION, json={"name": "Operations"}, data={})
    api.expect("GET", "/users/me", session=SESSION, data={**ME, "name": "Operations"})
    api.expect("GET", "/admin/env", session=SESSION, data={"APPSMITH_DISABLE_TELEMETRY": "false"})
    if not telemetry:
        api.expect("PUT", "/admin/env", session=SESSION, json={"APPSMITH_DISABLE_TELEMETRY": "true"})
    api.expect_sign_out()
    result = run_module("super_user", {**FIRST, "allow_telemetry": telemetry}, diff=True)
    wanted = {"email": USERNAME, "name": "Operations", "is_super_user": True}
    assert result["changed"] and not result["failed"] and result["user"] == wanted
    assert result["diff"] == {"before": {}, "after": wanted} and PASSWORD not in str(result)


def test_a_sign_up_in_check_mode_is_predicted_and_not_made(api, run_module):
    announced(api)
    result = run_module("super_user", FIRST, check_mode=True)
    assert result["changed"] and result["user"]["is_super_user"]
    assert "only if nobody signed in yet" in str(result["warnings"])


def test_a_sign_up_can_be_forbidden(api, run_module):
    api.expect("GET", "/users/me", session=None, data=NOBODY)
    api.expect_refused_password()
    result = run_module("super_user", {**FIRST, "sign_up": False})
    assert result["error"]["title"] == "AuthenticationFailed" and not result["changed"]


@pytest.mark.parametrize(
    ("error", "title", "text"),
    [
        (
            "There%20is%20already%20an%20account%20registered",
            "AuthenticationFailed",
            "password of admin@example.com was",
        ),
        ("Signup%20is%20restricted", "InvalidInput", "could not be signed up: Signup is restricted"),
    ],
)
def test_a_refused_sign_up_changes_nothing(api, run_module, error, title, text):
    """The first is that of an account that has a password: the given one is wrong."""
    announced(api, location=f"/user/signup?error={error}")
    result = run_module("super_user", FIRST, diff=True)
    assert result["error"]["title"] == title and text in result["msg"]
    assert not result["changed"] and "diff" not in result and "user" not in result


def test_a_sign_up_that_waits_for_an_e_mail(api, run_module):
    announced(api, location=f"/user/verificationPending?email={USERNAME}")
    result = run_module("super_user", FIRST)
    assert result["changed"] and "Follow the link" in result["msg"]


def test_a_sign_up_that_made_an_ordinary_user_says_so(api, run_module):
    announced(api, **ACCEPTED)
    api.expect("GET", "/users/me", session=SESSION, data={**ME, "isSuperUser": False})
    api.expect_sign_out()
    result = run_module("super_user", FIRST)
    assert result["error"]["title"] == "ProofFailed" and "does not hold this address" in result["msg"]
    assert result["changed"] and not result["user"]["is_super_user"]


def test_a_sign_up_whose_session_is_somebody_elses(api, run_module):
    announced(api, **ACCEPTED)
    api.expect("GET", "/users/me", session=SESSION, data=NOBODY)
    api.expect_sign_out()
    result = run_module("super_user", FIRST)
    assert result["error"]["title"] == "ProofFailed" and result["changed"]


def test_a_suspended_account_is_not_signed_up(api, run_module):
    """Where HTTP Basic is switched off the login says it."""
    api.expect("GET", "/users/me", data=NOBODY)
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), data=NOBODY)
    location = "/user/login?error=true&message=Your+account+is+suspended+for+24+hours"
    api.expect("POST", "/login", form=LOGIN_FORM, status=302, location=location)
    assert run_module("super_user", FIRST)["error"]["title"] == "AccountSuspended"


def test_a_user_who_lost_the_right(api, run_module):
    me = {**ME, "isSuperUser": False}
    api.expect("GET", "/users/me", data=NOBODY)
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), data=me)
    api.expect("POST", "/login", form=LOGIN_FORM, status=302, location="/applications", cookie=SESSION)
    api.expect("GET", "/users/me", session=SESSION, data=me)
    api.expect_sign_out()
    result = run_module("super_user", FIRST)
    assert result["error"]["title"] == "PermissionDenied" and "APPSMITH_ADMIN_EMAILS" in result["msg"]


@pytest.mark.parametrize(
    ("location", "title", "text"),
    [
        ("https://app.appsmith.com?error=Unauthorized%20access", "AlreadyExists", "has users already"),
        (
            "https://app.appsmith.com?error=Password%20length%20should%20be%20between%208%20and%2048",
            "InvalidInput",
            "Password length should be between 8 and 48",
        ),
    ],
)
def test_a_refused_first_user(api, run_module, location, title, text):
    api.expect("GET", "/users/me", data={**NOBODY, "emptyInstance": True})
    api.expect("POST", "/users/super", form=SUPER_FORM, status=302, location=location)
    result = run_module("super_user", FIRST)
    assert result["error"]["title"] == title and text in result["msg"] and not result["changed"]


def test_a_first_user_who_is_not_there_afterwards(api, run_module):
    api.expect("GET", "/users/me", data={**NOBODY, "emptyInstance": True})
    api.expect("POST", "/users/super", form=SUPER_FORM, status=302, location="/signup-success", cookie=SESSION)
    api.expect("GET", "/users/me", data=NOBODY)
    api.expect_sign_out()
    assert run_module("super_user", FIRST)["error"]["title"] == "ProofFailed"


def test_a_first_user_without_the_right(api, run_module):
    api.expect("GET", "/users/me", data={**NOBODY, "emptyInstance": True})
    api.expect("POST", "/users/super", form=SUPER_FORM, status=302, location="/signup-success", cookie=SESSION)
    api.expect("GET", "/users/me", data={**ME, "isSuperUser": False})
    api.expect_sign_out()
    assert run_module("super_user", FIRST)["error"]["title"] == "ProofFailed"


@pytest.mark.parametrize("module", ["login", "super_user"])
def test_credentials_are_needed(api, run_module, module):
    result = run_module(module, {"appsmith_session": None})
    assert result["msg"].startswith("No credentials for the instance")
