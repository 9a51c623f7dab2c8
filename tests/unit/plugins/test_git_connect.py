# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections, keys, authors, imports: the exact calls of both generations."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _git_imports
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_connect import one_at_a_time
from git_calls import (
    BASE,
    EDITED,
    KEY,
    NEW,
    NO_AUTHOR,
    OLD,
    REFUSED_KEY,
    REMOTE,
    STAGING,
    WORKSPACE,
    GitCalls,
    application,
    status,
)

Run = Callable[..., dict[str, Any]]
AUTHOR = {"name": "Release Bot", "email": "bot@example.com"}
PROFILE = {"authorName": "Release Bot", "authorEmail": "bot@example.com", "useGlobalProfile": False}
NO_PROFILE = {"authorName": "", "authorEmail": "", "useGlobalProfile": True}
EMPTY = (400, "AE-GIT-4044", "git import failed. Details: Cannot import app from an empty repo")
TIMEOUT = requests.exceptions.ReadTimeout("read timed out")
# The same answer for a repository that isn't there and a key that may not read it: releases from v1.61 on, v1.60.
NO_SUCH_REPOSITORY = [
    (400, "AE-APP-4000", "Please enter a valid parameter remote url."),
    (400, "AE-GIT-4031", "Git configuration is invalid. Details: Invalid remote: origin"),
]
CONNECT = {"workspace": WORKSPACE, "application": "orders", "remote_url": REMOTE, "author": AUTHOR}
IMPORT = {"workspace": WORKSPACE, "remote_url": REMOTE, "author": AUTHOR}
ALONE = application(remote=None)
METADATA = {"remoteUrl": REMOTE, "defaultBranchName": "master", "branchName": "master", "publicKey": KEY}
ME = {"email": "admin@example.com", "name": "Admin", "isAnonymous": False}


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


# -- git_profile -------------------------------------------------------------------------------------------------------
PROFILE_OPTIONS = {"author_name": "Release Bot", "author_email": "bot@example.com"}


@pytest.mark.parametrize("saved", [("Release Bot", "bot@example.com"), ("Admin", "admin@example.com")])
def test_what_is_shown_is_saved_and_left(calls: GitCalls, run_module: Run, saved: tuple[str, str]) -> None:
    """The account's own name as well: looking has saved it (seen on real servers of both generations)."""
    calls.info()
    calls.profile(*saved)
    assert not run_module("git_profile", {"author_name": saved[0], "author_email": saved[1]})["changed"]


def test_another_author_is_saved_and_proven(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.profile("Dana", "dana@example.com")
    calls.save_profile("Release Bot", "bot@example.com")
    calls.profile("Release Bot", "bot@example.com")
    result = run_module("git_profile", PROFILE_OPTIONS, diff=True)
    assert result["changed"] and result["diff"]["before"] == {"name": "Dana", "email": "dana@example.com"}


def test_an_author_that_is_not_kept_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.profile("Admin", "admin@example.com")
    calls.save_profile("Release Bot", "bot@example.com")
    calls.profile("Admin", "admin@example.com")
    result = run_module("git_profile", PROFILE_OPTIONS)
    assert result["failed"] and result["error"]["title"] == "ProofFailed"


def test_a_profile_in_check_mode_is_only_looked_at(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.profile("Dana", "dana@example.com")
    assert run_module("git_profile", PROFILE_OPTIONS, check_mode=True)["changed"]


def test_a_user_without_a_profile_gets_one_for_the_work(calls: GitCalls, run_module: Run) -> None:
    """Refused for want of an author: reading the profile saves the account's own, and all is looked at anew."""
    calls.start()
    for answer in ({"error": NO_AUTHOR}, {}):
        calls.fetch()
        calls.status(status(modified=EDITED))
        calls.protected()
        calls.commit("Filter by customer", **answer)
        if answer:
            calls.profile("Admin", "admin@example.com")
    calls.status()
    options = {"workspace": WORKSPACE, "applications": ["orders"], "commit_message": "Filter by customer"}
    assert run_module("git_commit", options)["changed"]


def test_a_user_without_a_name_is_told_to_save_a_profile(calls: GitCalls, run_module: Run) -> None:
    calls.start()
    calls.fetch()
    calls.status(status(modified=EDITED))
    calls.protected()
    calls.commit("Filter by customer", error=NO_AUTHOR)
    calls.profile("", "")
    options = {"workspace": WORKSPACE, "applications": ["orders"], "commit_message": "Filter by customer"}
    result = run_module("git_commit", options)
    assert result["error"]["title"] == "GitProfileMissing" and "git_profile" in result["msg"]


# -- git_connection ----------------------------------------------------------------------------------------------------
def start(calls: GitCalls, found: dict[str, Any]) -> None:
    calls.workspaces()
    calls.home(found)
    calls.info()


def test_connect_makes_a_key_connects_and_proves(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({"defaultArtifactId": BASE})
    calls.read_key(None)
    calls.make_key()
    calls.connect(PROFILE)
    calls.metadata(METADATA)
    result = run_module("git_connection", CONNECT)
    assert result["changed"] and (result["branch"], result["public_key"], result["remote_url"]) == (
        "master",
        KEY,
        REMOTE,
    )


def test_connect_uses_the_key_that_is_there(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    # Without an author the saved profile is used: looking at it saves one.
    calls.profile("Admin", "admin@example.com")
    calls.read_key()
    calls.connect(NO_PROFILE)
    calls.metadata(METADATA)
    assert run_module("git_connection", {**CONNECT, "author": None})["changed"]


@pytest.mark.parametrize("spelling", [REMOTE, "ssh://git@git.example.com:2222//acme/orders"])
def test_a_connected_application_is_left(calls: GitCalls, run_module: Run, spelling: str) -> None:
    start(calls, application())
    calls.metadata(METADATA)
    assert not run_module("git_connection", {**CONNECT, "remote_url": spelling})["changed"]


def test_an_application_of_another_repository_is_refused(calls: GitCalls, run_module: Run) -> None:
    start(calls, application())
    calls.metadata({**METADATA, "remoteUrl": "git@git.example.com:acme/other.git"})
    result = run_module("git_connection", CONNECT)
    assert result["failed"] and "acme/other" in result["msg"]


def test_connect_in_check_mode_only_looks(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key(None)
    assert run_module("git_connection", CONNECT, check_mode=True)["changed"]


def test_a_refused_key_is_in_the_error(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE, error=REFUSED_KEY)
    result = run_module("git_connection", CONNECT)
    assert result["failed"] and KEY in result["msg"] and result["error"]["details"]["public_key"] == KEY
    assert result["error"]["code"] == "AE-GIT-4032"


@pytest.mark.parametrize("failure", NO_SUCH_REPOSITORY)
def test_a_repository_that_is_not_there_is_named(
    calls: GitCalls, run_module: Run, failure: tuple[int, str, str]
) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE, error=failure)
    result = run_module("git_connection", CONNECT)
    assert result["failed"] and f"no repository at {REMOTE}" in result["msg"] and KEY in result["msg"]


def test_a_repository_with_content_points_to_the_import(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE, error=(400, "AE-GIT-4033", "The remote repository is not empty."))
    result = run_module("git_connection", CONNECT)
    assert result["failed"] and "git_import" in result["msg"]


def test_a_refused_push_tells_that_the_key_is_gone(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE, error=(400, "AE-GIT-4044", "git push failed. Details: push rejected"))
    result = run_module("git_connection", CONNECT)
    assert result["failed"] and "write access" in result["msg"] and "thrown the key away" in result["msg"]


def test_a_connect_without_an_answer_is_looked_for(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE, raises=TIMEOUT)
    calls.metadata({})
    calls.metadata(METADATA)
    calls.metadata(METADATA)
    assert run_module("git_connection", CONNECT)["changed"]


def test_connected_by_answer_but_not_by_sight_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE)
    calls.metadata({})
    assert run_module("git_connection", CONNECT)["error"]["title"] == "ProofFailed"


def test_a_malformed_address_is_told_before_anything_is_sent(api: Any, run_module: Run) -> None:
    result = run_module("git_connection", {**CONNECT, "remote_url": "https://git.example.com/acme/orders.git"})
    assert result["failed"] and result["error"]["title"] == "GitInvalidUrl"


def test_disconnect_proves(calls: GitCalls, run_module: Run) -> None:
    start(calls, application())
    calls.metadata(METADATA)
    calls.disconnect()
    calls.metadata({})
    options = {"workspace": WORKSPACE, "application": "orders", "state": "absent"}
    assert run_module("git_connection", options)["changed"]


def test_a_disconnected_application_is_left(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.metadata({})
    options = {"workspace": WORKSPACE, "application": "orders", "state": "absent"}
    assert not run_module("git_connection", options)["changed"]


# -- git_deploy_key ----------------------------------------------------------------------------------------------------
KEY_OPTIONS = {"workspace": WORKSPACE, "application": "orders"}


def test_the_key_is_read(calls: GitCalls, run_module: Run) -> None:
    start(calls, application())
    calls.read_key()
    result = run_module("git_deploy_key", KEY_OPTIONS)
    assert not result["changed"] and result["public_key"] == KEY


def test_a_missing_key_is_made(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.read_key(None)
    calls.make_key(kind="RSA")
    result = run_module("git_deploy_key", {**KEY_OPTIONS, "key_type": "RSA"})
    assert result["changed"] and result["made"]


def test_a_missing_key_is_predicted(calls: GitCalls, run_module: Run) -> None:
    start(calls, ALONE)
    calls.read_key(None)
    result = run_module("git_deploy_key", KEY_OPTIONS, check_mode=True)
    assert result["changed"] and result["public_key"] is None


def test_a_key_for_an_import(calls: GitCalls, run_module: Run) -> None:
    calls.api.expect("GET", "/users/me", data=ME)
    calls.info()
    calls.make_import_key()
    result = run_module("git_deploy_key", {"for_import": True})
    assert result["changed"] and result["public_key"] == KEY


def test_a_key_for_an_import_is_not_made_in_check_mode(calls: GitCalls, run_module: Run) -> None:
    result = run_module("git_deploy_key", {"for_import": True}, check_mode=True)
    assert result["changed"] and result["public_key"] is None


def test_a_key_may_be_made_anew(calls: GitCalls, run_module: Run) -> None:
    start(calls, application())
    calls.read_key()
    calls.make_key("ecdsa-sha2-nistp256 BBBB appsmith")
    result = run_module("git_deploy_key", {**KEY_OPTIONS, "regenerate": True})
    assert result["changed"] and result["public_key"].split()[1] == "BBBB"


# -- git_import --------------------------------------------------------------------------------------------------------
def test_import_looks_everywhere_imports_and_proves(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces({"id": "other", "name": "Development"})
    calls.home()
    calls.home(application(id="6b0297179da452369c779aaa"), workspace="other")
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(PROFILE)
    calls.home(application())
    calls.datasources("orders_db")
    result = run_module("git_import", IMPORT, diff=True)
    assert result["changed"] and result["imported"]
    assert (result["id"], result["also_in"], result["unconfigured_datasources"]) == (
        BASE,
        ["Development"],
        ["orders_db"],
    )


@pytest.mark.parametrize(
    "spelling", [REMOTE, "ssh://git@git.example.com:2222/acme/orders/", "ssh://git@GIT.example.com:2222//acme/orders"]
)
def test_a_repository_is_never_imported_twice(calls: GitCalls, run_module: Run, spelling: str) -> None:
    calls.info()
    calls.workspaces()
    calls.home(application("renamed by somebody"))
    calls.datasources()
    result = run_module("git_import", {**IMPORT, "remote_url": spelling})
    assert not result["changed"] and result["name"] == "renamed by somebody"


def test_a_repository_imported_twice_by_somebody_is_an_error(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home(application(), application("orders (1)", id="6b0297179da452369c779aaa"))
    result = run_module("git_import", IMPORT)
    assert result["failed"] and "'orders (1)'" in result["msg"]


def test_an_import_found_elsewhere_may_be_an_error(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces({"id": "other", "name": "Development"})
    calls.home()
    calls.home(application(), workspace="other")
    result = run_module("git_import", {**IMPORT, "elsewhere": "fail"})
    assert result["failed"] and "Development" in result["msg"]


def test_import_in_check_mode_only_looks(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home()
    result = run_module("git_import", IMPORT, check_mode=True)
    assert result["changed"] and result["id"] is None and result["name"] == "orders"


def test_import_renames_and_brings_the_branch(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home(application())
    calls.api.expect("PUT", f"/applications/{BASE}", json={"name": "Orders"}, data=application("Orders"))
    calls.home(application("Orders"))
    calls.branches("master", "origin/master", "origin/staging")
    calls.checkout("origin/staging")
    calls.branches("master", "staging", "origin/master", "origin/staging")
    calls.checkout("staging")
    calls.datasources(id=STAGING)
    result = run_module("git_import", {**IMPORT, "name": "Orders", "branch": "staging"})
    assert result["changed"] and not result["imported"]
    assert (result["id"], result["base_id"], result["name"]) == (STAGING, BASE, "Orders")


def test_a_refused_import_key_is_replaced_and_shown(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(PROFILE, error=REFUSED_KEY)
    calls.make_import_key()
    result = run_module("git_import", IMPORT)
    assert result["failed"] and KEY in result["msg"] and "generate_key: false" in result["msg"]


@pytest.mark.parametrize("failure", NO_SUCH_REPOSITORY)
def test_a_repository_to_import_that_is_not_there_may_lack_the_key(
    calls: GitCalls, run_module: Run, failure: tuple[int, str, str]
) -> None:
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(PROFILE, error=failure)
    calls.make_import_key()
    result = run_module("git_import", IMPORT)
    assert result["failed"] and f"no repository at {REMOTE}" in result["msg"] and KEY in result["msg"]


class FakeHost:
    """A Git host that takes every key."""

    done: ClassVar[list[str]] = []

    @classmethod
    def of(cls, module: Any) -> FakeHost:
        cls.done.clear()
        return cls()

    def ensure_key(self, repository: Any, key: str, *, title: str, read_only: bool) -> bool:
        self.done.append(f"add {title}")
        return True

    def remove_key(self, repository: Any, key: str) -> bool:
        self.done.append("remove")
        raise NotFound("no such key")


@pytest.mark.parametrize("failure", [REFUSED_KEY, EMPTY, *NO_SUCH_REPOSITORY])
def test_the_key_of_a_refused_import_is_taken_away_again(
    calls: GitCalls, run_module: Run, monkeypatch: pytest.MonkeyPatch, failure: tuple[int, str, str]
) -> None:
    monkeypatch.setattr(_git_imports, "GitHost", FakeHost)
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.make_import_key()
    # A host may tell its SSH server a little later: a key that was registered just now is tried twice.
    for _try in range(2 if failure == REFUSED_KEY else 1):
        calls.import_repository(PROFILE, error=failure)
    host = {"url": "https://git.example.com", "token": "t0"}
    result = run_module("git_import", {**IMPORT, "git_host": host})
    assert result["failed"] and result["error"]["code"] == failure[1] and KEY not in result["msg"]
    assert FakeHost.done == [f"add appsmith appsmith.example.com {WORKSPACE} orders", "remove"]


def test_imports_of_one_user_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with one_at_a_time("http://a", "bot"), one_at_a_time("http://b", "bot"):
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        held = 0
        for path in folder.iterdir():
            with path.open() as file, pytest.raises(BlockingIOError):
                held += 1
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert held == 2
    with one_at_a_time("http://a", "bot"):
        assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("planted", ["link", "open to all", "file"])
def test_a_folder_that_others_may_have_made_holds_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"stagecraft-appsmith-{os.getuid()}"
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    if planted == "link":
        folder.symlink_to(other)
    elif planted == "file":
        folder.touch(mode=0o600)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    with pytest.raises(InvalidInput, match="TMPDIR"), one_at_a_time("http://a", "bot"):
        pass
    assert not list(other.iterdir())


def test_an_empty_repository_is_told(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(
        PROFILE, error=(400, "AE-GIT-4044", "git import failed. Details: Cannot import app from an empty repo")
    )
    result = run_module("git_import", IMPORT)
    assert result["failed"] and "Push an application" in result["msg"]


def test_content_of_a_newer_release_is_told(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    text = "Provided file is incompatible, please upgrade your instance"
    calls.import_repository(PROFILE, error=(503, "AE-GIT-5013", text))
    result = run_module("git_import", IMPORT)
    assert result["failed"] and result["error"]["title"] == "IncompatibleVersion"


def begin(calls: GitCalls) -> None:
    """What comes before an import."""
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()


def test_an_import_without_an_answer_is_looked_for(calls: GitCalls, run_module: Run, sleeps: list[float]) -> None:
    begin(calls)
    calls.import_repository(PROFILE, raises=TIMEOUT)
    calls.home()
    calls.home(application())
    calls.published(gone=True)
    calls.home(application())
    calls.published()
    calls.datasources()
    assert run_module("git_import", IMPORT)["imported"]
    assert sleeps == [5.0, 5.0]


def test_an_import_that_hangs_for_ever_ends(calls: GitCalls, run_module: Run, sleeps: list[float]) -> None:
    """Within the user's limit, of which the last part is for the look."""
    begin(calls)
    calls.import_repository(PROFILE, raises=TIMEOUT)
    for _look in range(3):
        calls.home()
    calls.home()
    result = run_module("git_import", {**IMPORT, "import_timeout": 40})
    assert result["failed"] and "no application appeared" in result["msg"] and "40 seconds" in result["msg"]
    assert sum(sleeps) == 10


def test_half_an_application_is_removed(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.import_repository(PROFILE, raises=TIMEOUT)
    for _look in range(3):
        calls.home(application())
        calls.published(gone=True)
    calls.home(application())
    calls.published(gone=True)
    calls.api.expect("DELETE", f"/applications/{BASE}", data=application())
    calls.home()
    result = run_module("git_import", {**IMPORT, "import_timeout": 40})
    assert result["failed"] and "nothing of it is left" in result["msg"] and not result["changed"]


def test_half_an_application_that_stays_is_told(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.import_repository(PROFILE, error=(500, "AE-APP-5000", "Internal server error"))
    for _look in range(2):
        calls.home(application())
        calls.published(gone=True)
    calls.api.expect("DELETE", f"/applications/{BASE}", error=(500, "AE-APP-5000", "Internal server error"))
    result = run_module("git_import", IMPORT)
    assert result["failed"] and result["changed"] and "half of the application 'orders'" in result["msg"]


def test_an_error_after_the_work_is_no_failure(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.import_repository(PROFILE, error=(500, "AE-APP-5000", "Internal server error"))
    calls.home(application())
    calls.published()
    calls.datasources()
    assert run_module("git_import", IMPORT)["imported"]


def test_an_import_that_met_another_write_is_looked_for_before_it_is_sent_again(
    calls: GitCalls, run_module: Run
) -> None:
    conflict = (400, "AE-GIT-4044", "git import failed. Details: error 112 (WriteConflict). Please retry")
    begin(calls)
    calls.import_repository(PROFILE, error=conflict)
    calls.home()
    calls.home()
    calls.import_repository(PROFILE, error=conflict)
    calls.home(application())
    calls.published()
    calls.home(application())
    calls.datasources()
    assert run_module("git_import", IMPORT)["imported"]


def test_a_key_is_waited_for(calls: GitCalls, run_module: Run, sleeps: list[float]) -> None:
    begin(calls)
    calls.import_repository(PROFILE, error=REFUSED_KEY)
    calls.import_repository(PROFILE, error=NO_SUCH_REPOSITORY[0])
    calls.import_repository(PROFILE)
    calls.home(application())
    calls.datasources()
    assert run_module("git_import", {**IMPORT, "generate_key": False, "key_timeout": 60})["imported"]
    assert sleeps == [10.0, 10.0]


def test_a_key_is_not_waited_for_without_an_end(calls: GitCalls, run_module: Run, sleeps: list[float]) -> None:
    begin(calls)
    for _try in range(3):
        calls.import_repository(PROFILE, error=REFUSED_KEY)
    result = run_module("git_import", {**IMPORT, "key_timeout": 25})
    assert result["error"]["title"] == "GitKeyRefused" and sleeps == [10.0, 10.0]
    assert "within 25 seconds" in result["msg"]


def test_a_connection_waits_for_its_key(calls: GitCalls, run_module: Run, sleeps: list[float]) -> None:
    start(calls, ALONE)
    calls.metadata({})
    calls.read_key()
    calls.connect(PROFILE, error=REFUSED_KEY)
    calls.connect(PROFILE)
    calls.metadata(METADATA)
    assert run_module("git_connection", {**CONNECT, "key_timeout": 10})["changed"]
    assert sleeps == [10.0]


def test_an_import_without_an_author_has_a_profile_saved(calls: GitCalls, run_module: Run) -> None:
    begin(calls)
    calls.profile("Admin", "admin@example.com")
    calls.import_repository(NO_PROFILE)
    calls.home(application())
    calls.datasources()
    assert run_module("git_import", {**IMPORT, "author": None})["imported"]


@pytest.mark.parametrize("option", [{"import_timeout": 0}, {"key_timeout": -1}])
def test_limits_are_seconds(calls: GitCalls, run_module: Run, option: dict[str, int]) -> None:
    calls.info()
    assert "are seconds" in run_module("git_import", {**IMPORT, **option})["msg"]


class KnownHost:
    """A Git host with one key, and what is asked of it."""

    asked: ClassVar[list[Any]] = []
    changes = True

    @classmethod
    def of(cls, module: Any) -> KnownHost:
        cls.asked.clear()
        return cls()

    def ensure_key(self, repository: Any, key: str, *, title: str, read_only: bool | None) -> bool:
        self.asked.append((key, title, read_only))
        return self.changes


@pytest.mark.parametrize(("write", "read_only"), [(None, None), (True, False), (False, True)])
@pytest.mark.parametrize("changes", [True, False])
def test_the_right_of_a_key_that_is_there_is_put_right(
    calls: GitCalls,
    run_module: Run,
    monkeypatch: pytest.MonkeyPatch,
    write: bool | None,
    read_only: bool | None,
    changes: bool,
) -> None:
    monkeypatch.setattr(_git_imports, "GitHost", KnownHost)
    monkeypatch.setattr(KnownHost, "changes", changes)
    calls.info()
    calls.workspaces()
    calls.home(application())
    calls.read_key()
    calls.datasources()
    host = {"url": "https://git.example.com", "token": "t0-made-up"}
    result = run_module("git_import", {**IMPORT, "git_host": host, "key_write": write})
    assert (result["changed"], result["key_registered"], result["imported"]) == (changes, changes, False)
    assert KnownHost.asked == [(KEY, f"appsmith appsmith.example.com {WORKSPACE} orders", read_only)]


def test_imported_by_answer_but_not_by_sight_is_a_failure(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(PROFILE)
    calls.home()
    assert run_module("git_import", IMPORT)["error"]["title"] == "ProofFailed"


def test_an_unknown_workspace_lists_those_that_exist(calls: GitCalls, run_module: Run) -> None:
    calls.info()
    calls.workspaces()
    calls.workspaces()
    result = run_module("git_import", {**IMPORT, "workspace": "Nowhere"})
    assert result["failed"] and WORKSPACE in result["msg"]


# -- git_imports -------------------------------------------------------------------------------------------------------
DESK = "ssh://git@git.example.com:2222/acme/desk.git"


def test_imports_share_one_look_and_go_on_after_a_failure(calls: GitCalls, run_module: Run) -> None:
    desk = application("desk", id="6b0297179da452369c779aaa", remote=DESK)
    calls.info()
    calls.workspaces({"id": "other", "name": "Development"})
    calls.home()
    calls.home(workspace="other")
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(
        PROFILE, error=(400, "AE-GIT-4044", "git import failed. Details: Cannot import app from an empty repo")
    )
    calls.home()
    calls.api.expect("GET", "/users/me", data=ME)
    calls.home()
    calls.import_repository(PROFILE, remote=DESK)
    calls.home(desk)
    calls.datasources("crm", id=desk["id"])
    items = [{"remote_url": REMOTE}, {"remote_url": DESK}]
    result = run_module("git_imports", {"workspace": WORKSPACE, "author": AUTHOR, "applications": items})
    assert result["failed"] and result["changed"]
    assert [entry.get("failed", False) for entry in result["applications"]] == [True, False]
    assert result["unconfigured_datasources"] == ["crm"]


def test_imports_refuse_a_repository_given_twice(api: Any, run_module: Run) -> None:
    items = [{"remote_url": REMOTE}, {"remote_url": REMOTE.removesuffix(".git")}]
    result = run_module("git_imports", {"workspace": WORKSPACE, "applications": items})
    assert result["failed"] and "twice" in result["msg"]
