# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rescue: the exact calls of both generations, and that nothing is lost, whatever the server does."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import GateClosed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._rescue import rescue
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version
from git_calls import BASE, CONFLICT, LOCKED, NEW, OLD, PROTECTED, STAGING, GitCalls, application, export, status

BRANCH = "rescue/master-20261122T111500Z"
REMOTE = f"origin/{BRANCH}"
MESSAGE = "Uncommitted changes before a promotion"
DIRTY = status(modified=["pages/Order/queries/get_order/metadata.json"])
MINE = export("select 2 -- typed in on production", published="select 1")
PUSHED = export("select 2 -- typed in on production")
# As a real v1.91 said it, for a deploy key that may only read.
NO_PUSH_NEW = (
    400,
    "AE-GIT-4044",
    "git createRef failed. \nDetails: git ref creation preparation failed. \nDetails: origin: push not permitted",
)
NO_PUSH_OLD = (400, "AE-GIT-4032", "Appsmith couldn't connect to the remote repository.")
TIMEOUT = requests.exceptions.ReadTimeout("read timed out")


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


@pytest.fixture
def new(api: Any) -> GitCalls:
    return GitCalls(api, NEW)


def git(calls: GitCalls, *, check_mode: bool = False) -> Git:
    return Git.of(Client(calls.api.url, session="s", check_mode=check_mode), Version.parse(calls.version))


def target() -> Target:
    return Target.read(application(), "Operations")


def create(calls: GitCalls, **more: Any) -> None:
    body = {"branchName": BRANCH} if calls.old else {"refName": BRANCH, "refType": "branch"}
    path = f"/git/create-branch/app/{BASE}" if calls.old else f"/git/applications/{BASE}/create-ref"
    calls.api.expect("POST", path, json=body, **(more or {"status": 201, "data": application(id=STAGING)}))


def commit(calls: GitCalls, **more: Any) -> None:
    """By the module's commit: fetch, look, protection, commit, look."""
    calls.fetch(id=STAGING)
    calls.status(DIRTY, id=STAGING)
    calls.protected()
    calls.commit(MESSAGE, id=STAGING, **more)


def moved(calls: GitCalls, found: dict[str, Any] | None = None) -> None:
    """From the new document on, as it goes well: the old generation has committed already."""
    calls.checkout(BRANCH)
    if calls.old:
        calls.status(id=STAGING)
    else:
        calls.status(DIRTY, id=STAGING)
        commit(calls)
        calls.status(id=STAGING)
        calls.status(id=STAGING)
    calls.branches("master", BRANCH, "origin/master", REMOTE, id=STAGING)
    calls.export(found or PUSHED, id=STAGING)


def begin(calls: GitCalls, **more: Any) -> None:
    calls.status(DIRTY)
    calls.export(MINE)
    create(calls, **more)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*")) if folder.exists() else []


# -- as it should be -------------------------------------------------------------------------------------------------
def test_the_changes_are_on_a_branch_at_the_remote(calls: GitCalls, tmp_path: Path) -> None:
    begin(calls)
    moved(calls)
    result = rescue(git(calls), target(), BRANCH, MESSAGE, directory=str(tmp_path / "rescued"))
    assert result == {
        "rescued_to": f"branch {BRANCH}",
        "branch": BRANCH,
        "file": None,
        "files": ["pages/Order/queries/get_order/metadata.json"],
        "warnings": [],
    }
    # The file that was kept meanwhile is not needed any more.
    assert [path for path in files(tmp_path) if path.is_file()] == []


def test_the_author_is_the_one_that_was_given(new: GitCalls) -> None:
    begin(new)
    new.checkout(BRANCH)
    new.status(DIRTY, id=STAGING)
    new.fetch(id=STAGING)
    new.status(DIRTY, id=STAGING)
    new.protected()
    body = {"message": MESSAGE, "author": {"name": "Release", "email": "release@example.com"}}
    new.api.expect("POST", f"/git/applications/{STAGING}/commit", json=body, status=201, data="ok")
    new.status(id=STAGING)
    new.status(id=STAGING)
    new.branches("master", BRANCH, "origin/master", REMOTE, id=STAGING)
    new.export(PUSHED, id=STAGING)
    assert rescue(git(new), target(), BRANCH, MESSAGE, Author("Release", "release@example.com"))["branch"] == BRANCH


def test_nothing_to_rescue_is_nothing_to_do(calls: GitCalls) -> None:
    calls.status()
    assert rescue(git(calls), target(), BRANCH, MESSAGE)["rescued_to"] is None


def test_check_mode_predicts_it(calls: GitCalls, tmp_path: Path) -> None:
    calls.status(DIRTY)
    result = rescue(git(calls, check_mode=True), target(), BRANCH, MESSAGE, directory=str(tmp_path / "rescued"))
    assert result["rescued_to"] == f"branch {BRANCH}" and files(tmp_path) == []


def test_a_branch_has_a_name_without_origin(calls: GitCalls) -> None:
    with pytest.raises(InvalidInput):
        rescue(git(calls), target(), "origin/x", MESSAGE)


# -- a key that may not write ----------------------------------------------------------------------------------------
def refusal(calls: GitCalls) -> dict[str, Any]:
    return {"error": NO_PUSH_OLD if calls.old else NO_PUSH_NEW}


def test_with_a_read_only_key_they_are_kept_in_a_file(calls: GitCalls, tmp_path: Path) -> None:
    begin(calls, **refusal(calls))
    result = rescue(git(calls), target(), BRANCH, MESSAGE, directory=str(tmp_path / "rescued"))
    saved = Path(result["file"])
    assert result["rescued_to"] == result["file"] and result["branch"] is None
    assert saved.parent == tmp_path / "rescued"
    assert (stat.S_IMODE(saved.stat().st_mode), stat.S_IMODE(saved.parent.stat().st_mode)) == (0o600, 0o700)
    assert saved.name.startswith("appsmith.example.com-Operations-orders-master-")
    kept = json.loads(saved.read_text())
    assert kept["actionList"] == MINE["actionList"] and kept["pageList"] == MINE["pageList"]
    assert "could not be pushed" in result["warnings"][0] and str(saved) in result["warnings"][0]


def test_without_a_directory_the_gate_closes_and_nothing_is_lost(calls: GitCalls) -> None:
    begin(calls, **refusal(calls))
    calls.status(DIRTY)
    with pytest.raises(GateClosed) as refused:
        rescue(git(calls), target(), BRANCH, MESSAGE)
    assert refused.value.gate == "drift" and "they are where they were" in refused.value.message
    assert "nothing was deployed" in refused.value.message and "rescue_directory" in str(refused.value)
    assert refused.value.details == {"files": ["pages/Order/queries/get_order/metadata.json"]}


def test_no_credentials_get_into_the_file(new: GitCalls, tmp_path: Path) -> None:
    new.status(DIRTY)
    datasource = {"name": "crm", "gitSyncId": "w_1", "datasourceConfiguration": {"headers": [{"value": "s3cr3t-1"}]}}
    new.export({**MINE, "datasourceList": [datasource], "decryptedFields": {"crm": {"password": "s3cr3t-2"}}})
    create(new, error=NO_PUSH_NEW)
    result = rescue(git(new), target(), BRANCH, MESSAGE, directory=str(tmp_path))
    text = Path(result["file"]).read_text()
    assert "s3cr3t" not in text and json.loads(text)["datasourceList"] == [{"name": "crm", "gitSyncId": "w_1"}]


def test_a_directory_that_cannot_be_written_stops_before_anything_is_done(new: GitCalls, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    new.status(DIRTY)
    new.export(MINE)
    with pytest.raises(GateClosed) as refused:
        rescue(git(new), target(), BRANCH, MESSAGE, directory=str(tmp_path / "file" / "rescued"))
    assert "can't be saved to" in refused.value.message


def test_the_lock_that_the_old_generation_leaks_is_waited_out(api: Any, sleeps: list[float]) -> None:
    old = GitCalls(api, OLD)
    begin(old, error=NO_PUSH_OLD)
    for _try in range(3):
        old.status(error=LOCKED)
    old.status(DIRTY)
    with pytest.raises(GateClosed) as refused:
        rescue(git(old), target(), BRANCH, MESSAGE)
    assert "they are where they were" in refused.value.message and len(sleeps) == 3


# -- the server's moods ----------------------------------------------------------------------------------------------
def test_what_timed_out_is_waited_for_and_never_sent_again(calls: GitCalls) -> None:
    begin(calls, raises=TIMEOUT)
    calls.branches("master", "origin/master")
    calls.branches("master", BRANCH, "origin/master", REMOTE)
    moved(calls)
    assert rescue(git(calls), target(), BRANCH, MESSAGE)["branch"] == BRANCH


def test_a_write_conflict_came_after_the_branch_was_made(new: GitCalls) -> None:
    begin(new, error=CONFLICT)
    new.branches("master", BRANCH, "origin/master", REMOTE)
    moved(new)
    assert rescue(git(new), target(), BRANCH, MESSAGE)["branch"] == BRANCH


def test_changes_that_moved_and_could_not_be_pushed_are_told_where_they_are(new: GitCalls) -> None:
    """A rule at the remote that declines the branch: create-ref says yes, and the commit fails."""
    begin(new)
    new.checkout(BRANCH)
    new.status(DIRTY, id=STAGING)
    commit(new, error=PROTECTED)
    new.status()
    new.branches("master", BRANCH, "origin/master")
    with pytest.raises(GateClosed) as refused:
        rescue(git(new), target(), BRANCH, MESSAGE)
    assert f"they are on the instance's branch {BRANCH}, which is not at the remote" in refused.value.message


def test_changes_that_moved_are_in_the_file_as_well(new: GitCalls, tmp_path: Path) -> None:
    begin(new)
    new.checkout(BRANCH)
    new.status(DIRTY, id=STAGING)
    commit(new, error=PROTECTED)
    result = rescue(git(new), target(), BRANCH, MESSAGE, directory=str(tmp_path))
    assert json.loads(Path(result["file"]).read_text())["actionList"] == MINE["actionList"]


def test_a_branch_that_is_not_at_the_remote_is_no_rescue(calls: GitCalls) -> None:
    begin(calls)
    calls.checkout(BRANCH)
    calls.status(id=STAGING)
    calls.branches("master", BRANCH, "origin/master", id=STAGING)
    calls.status(DIRTY)
    with pytest.raises(GateClosed) as refused:
        rescue(git(calls), target(), BRANCH, MESSAGE)
    assert "can't be seen at the remote" in refused.value.message


def test_a_branch_without_the_changes_is_no_rescue(calls: GitCalls) -> None:
    begin(calls)
    moved(calls, export("select 1"))
    calls.status(DIRTY)
    with pytest.raises(GateClosed) as refused:
        rescue(git(calls), target(), BRANCH, MESSAGE)
    assert "does not hold all of the changes: query Order/get_order" in refused.value.message


def test_a_detail_that_the_server_writes_anew_is_told_and_the_file_kept(calls: GitCalls, tmp_path: Path) -> None:
    begin(calls)
    rewritten = json.loads(json.dumps(PUSHED))
    rewritten["pageList"][0]["unpublishedPage"]["layouts"] = [{"dsl": {"widgetName": "MainContainer", "version": 94}}]
    moved(calls, rewritten)
    result = rescue(git(calls), target(), BRANCH, MESSAGE, directory=str(tmp_path))
    assert result["branch"] == BRANCH and Path(result["file"]).exists()
    assert "not in every detail the same: page Order" in result["warnings"][0]


def test_where_they_are_may_be_impossible_to_see(new: GitCalls) -> None:
    begin(new, error=NO_PUSH_NEW)
    new.status(error=(404, "AE-ACL-4004", "Unable to find application"))
    with pytest.raises(GateClosed) as refused:
        rescue(git(new), target(), BRANCH, MESSAGE)
    assert "could not be seen" in refused.value.message
