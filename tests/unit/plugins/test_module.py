# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the modules: sign-in, sign-out, errors, lists, check mode; and the runner's own strictness."""

from __future__ import annotations

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitLocked, InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

URL = "http://appsmith.example.com"
PASSWORD = "Correct-Horse-1"
CREDENTIALS = {
    "appsmith_session": None,
    "appsmith_username": "admin@example.com",
    "appsmith_password": PASSWORD,
}


class Reader(AppsmithModule):
    def run(self) -> None:
        self.result["workspaces"] = self.client.get("/workspaces/home")


class Writer(AppsmithModule):
    def run(self) -> None:
        self.changed()
        self.diff({"password": "old", "name": "a"}, {"password": "new", "name": "b"})
        self.client.post("/workspaces", {"name": "x"})


class Lister(AppsmithModule):
    argument_spec = {"names": {"type": "list", "elements": "str"}}

    def run(self) -> None:
        self.each(self.params["names"], self.one)

    def one(self, name: str) -> dict:
        if name == "missing":
            raise NotFound("No such thing", next_step="Look again.")
        if name == "locked":
            raise GitLocked("Busy", code="AE-GIT-5020", http_status=500)
        return {"changed": name == "new"}


class Offline(AppsmithModule):
    needs_connection = False
    argument_spec = {"text": {"type": "str"}}

    def run(self) -> None:
        raise InvalidInput(f"'{self.params['text']}' is wrong")


def test_a_given_session_is_used_and_left_open(api, run_module):
    api.expect("GET", "/workspaces/home", session="11111111-aaaa-bbbb-cccc-222222222222", data=[{"id": "1"}])
    result = run_module(Reader)
    assert result["workspaces"] == [{"id": "1"}]
    assert not result["changed"] and not result["failed"]


def test_credentials_sign_in_and_out(api, run_module):
    api.expect_sign_in()
    api.expect("GET", "/workspaces/home", data=[])
    api.expect_sign_out()
    assert not run_module(Reader, CREDENTIALS)["failed"]


def test_a_wrong_password_costs_no_login(api, run_module):
    api.expect_refused_password()
    result = run_module(Reader, CREDENTIALS)
    assert result["failed"]
    assert result["error"]["title"] == "AuthenticationFailed"
    assert result["msg"] == (
        "The user name or password of admin@example.com was refused. Check appsmith_username and appsmith_password."
    )
    assert PASSWORD not in str(result)


def test_no_credentials_send_nothing(api, run_module):
    result = run_module(Reader, {"appsmith_session": None})
    assert result["failed"] and result["msg"].startswith("No credentials")


def test_an_ended_session_says_so(api, run_module):
    api.expect("GET", "/workspaces/home", status=401, text="")
    result = run_module(Reader)
    assert result["msg"].startswith("Not signed in, or the session has ended")


def test_the_session_ends_after_a_failure_too(api, run_module):
    api.expect_sign_in()
    api.expect("GET", "/workspaces/home", error=(403, "AE-ACL-4003", "Unauthorized access"))
    api.expect("POST", "/logout", status=401, text="")
    result = run_module(Reader, CREDENTIALS)
    assert result["error"]["code"] == "AE-ACL-4003" and result["error"]["title"] == "PermissionDenied"


def test_check_mode_refuses_a_write_but_not_the_sign_in(api, run_module):
    api.expect_sign_in()
    api.expect_sign_out()
    result = run_module(Writer, CREDENTIALS, check_mode=True)
    assert result["error"]["title"] == "CheckModeWrite"


def test_diff_only_when_asked_and_without_secrets(api, run_module):
    api.expect("POST", "/workspaces", json={"name": "x"}, status=201, data={"id": "1"})
    api.expect("POST", "/workspaces", json={"name": "x"}, status=201, data={"id": "1"})
    assert "diff" not in run_module(Writer)
    diff = run_module(Writer, diff=True)["diff"]
    assert diff == {"before": {"password": "(hidden)", "name": "a"}, "after": {"password": "(hidden)", "name": "b"}}


def test_a_failing_item_stops_no_other(api, run_module):
    result = run_module(Lister, {"names": ["old", "missing", "locked", "new"]})
    assert result["failed"] and result["changed"]
    assert [entry["name"] for entry in result["results"]] == ["old", "missing", "locked", "new"]
    assert [bool(entry.get("failed")) for entry in result["results"]] == [False, True, True, False]
    assert result["results"][2]["error"]["code"] == "AE-GIT-5020"
    assert result["msg"].startswith("2 of 4 failed: missing: No such thing. Look again. | locked: Busy [AE-GIT-5020].")
    assert "\n" not in result["msg"]


def test_the_error_of_a_single_item_is_the_error(api, run_module):
    result = run_module(Lister, {"names": ["locked"]})
    assert result["error"]["title"] == "GitLocked" and result["error"]["http_status"] == 500


def test_offline_modules_have_no_connection_options(run_module):
    assert run_module(Offline, {"text": "x"})["msg"] == "'x' is wrong."
    assert "Unsupported parameters" in run_module(Offline, {"appsmith_url": URL})["msg"]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ({"path": "/workspaces"}, "another call"),
        ({"params": {"a": "b"}}, "query"),
        ({"json": {}}, "body null"),
        ({"form": {"a": "b"}}, "form"),
        ({"session": "other"}, "session"),
        ({"basic": ("a", "b")}, "Authorization"),
        ({"headers": {"X-Other": "1"}}, "header X-Other"),
        ({"method": "POST"}, "another call"),
    ],
)
def test_the_runner_refuses_other_calls(api, run_module, call, problem):
    call = {"method": "GET", "path": "/workspaces/home", **call}
    with pytest.raises(AssertionError, match=problem), type(api).mocked() as strict:
        strict.expect(call.pop("method"), call.pop("path"), data=[], **call)
        with pytest.raises(strict.unexpected, match=problem):
            run_module(Reader)


def test_the_runner_misses_calls_that_were_not_made(api):
    with pytest.raises(AssertionError, match="not made"), type(api).mocked() as strict:
        strict.expect("GET", "/workspaces/home")
