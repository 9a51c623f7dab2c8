# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sweep after an upgrade: the exact calls of both generations, and whose changes are never touched."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _sweep
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import DeployKey
from ansible_collections.stagecraft.appsmith.plugins.modules import migration_sweep
from git_calls import (
    BASE,
    CONFLICT,
    EDITED,
    KEY,
    LOCKED,
    MIGRATED,
    NEW,
    OLD,
    READ_ONLY_NEW,
    READ_ONLY_OLD,
    REMOTE,
    STAGING,
    UNEVEN,
    GitCalls,
    application,
    export,
    status,
)

Run = Callable[..., dict[str, Any]]
MESSAGE = "Migrate to v1.91"
# One thread, so that the calls come in one order.
COMMIT = {"action": "commit", "commit_message": MESSAGE, "width": 1}
DISCARD = {"action": "discard", "width": 1}
TIMEOUT = requests.exceptions.ReadTimeout("read timed out")
# What auto-commit leaves: metadata.json is committed, a page's file is not (observed 15).
LEFTOVER = ["pages/Order/Order.json"]
JSON = {"Content-Type": "application/json"}
WAIT = 20.0
HOST = {"url": "https://git.example.com", "token": "made-up"}


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


class Course:
    """The calls of a sweep, branch by branch."""

    def __init__(self, calls: GitCalls) -> None:
        self.calls = calls

    def start(self, *applications: dict[str, Any], commits: bool = True, author: str = "dora@example.com") -> None:
        self.calls.start(*applications)
        if commits:
            self.calls.profile("Dora", author)

    def look(self, data: dict[str, Any], *, id: str = BASE, shown: dict[str, Any] | None = None) -> None:
        """Files that a migration could have written are compared with the published view."""
        self.calls.status(data, id=id)
        modified = data["modified"]
        only_json = modified and all(path.endswith(".json") for path in modified)
        if only_json and "metadata.json" in modified and not data["added"] and not data["removed"]:
            self.calls.export(shown, id=id)

    def commit(self, *, id: str = BASE, after: dict[str, Any] | None = None, **more: Any) -> None:
        self.calls.fetch(id=id)
        self.calls.commit(MESSAGE, id=id, **more)
        if "error" not in more:
            self.calls.status(after, id=id)


@pytest.fixture
def course(calls: GitCalls) -> Course:
    return Course(calls)


def one(result: dict[str, Any]) -> dict[str, Any]:
    assert len(result["applications"]) == 1
    entry: dict[str, Any] = result["applications"][0]
    return entry


def states(result: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(entry["branch"], entry["before"], entry["action"], entry["after"]) for entry in result["applications"]]


# -- commit ------------------------------------------------------------------------------------------------------------
def test_every_branch_of_the_instance_gets_its_commit(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "staging", "origin/master", "origin/staging", "origin/only-at-the-remote")
    calls.checkout("staging")
    course.look(status(modified=MIGRATED))
    calls.protected()
    course.look(status(modified=MIGRATED), id=STAGING)
    calls.protected()
    course.commit()
    course.commit(id=STAGING)
    result = run_module("migration_sweep", COMMIT, diff=True)
    assert result["changed"] and not result["failed"] and result["left"] == []
    assert states(result) == [
        ("master", "migration", "committed", "clean"),
        ("staging", "migration", "committed", "clean"),
    ]
    assert [entry["id"] for entry in result["applications"]] == [BASE, STAGING]
    assert {entry["commit"] for entry in result["applications"]} == {MESSAGE}
    assert result["summary"] == {
        "none": 0, "committed": 2, "pushed": 0, "discarded": 0, "left": 0, "failed": 0
    }  # fmt: skip
    assert "metadata.json" in str(result["diff"])


def test_clean_branches_cost_a_look_each(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "staging", "origin/master")
    calls.checkout("staging")
    course.look(status(behind=3))
    course.look(status(), id=STAGING)
    result = run_module("migration_sweep", COMMIT)
    assert not result["changed"] and result["summary"]["none"] == 2


def test_one_branch_needs_no_list_of_branches(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    course.look(status(modified=MIGRATED))
    calls.protected()
    course.commit()
    result = run_module("migration_sweep", {**COMMIT, "branches": ["master"]})
    assert states(result) == [("master", "migration", "committed", "clean")]


def test_an_application_without_the_branch_is_passed_over(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    result = run_module("migration_sweep", {**COMMIT, "branches": ["staging"]})
    assert not result["changed"] and result["applications"] == []


def test_check_mode_sends_no_write_and_predicts_the_same(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    result = run_module("migration_sweep", COMMIT, check_mode=True)
    assert result["changed"] and states(result) == [("master", "migration", "committed", "clean")]


# -- a person's changes ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("params", [COMMIT, DISCARD], ids=["commit", "discard"])
@pytest.mark.parametrize(
    ("dirt", "shown"),
    [
        (status(modified=EDITED), None),
        (status(modified=[*MIGRATED, *EDITED]), None),
        (status(modified=MIGRATED, added=["pages/New/New.json"]), None),
        # A query's text is in its metadata.json as well: only the published view tells.
        (status(modified=MIGRATED), export("select 2", "select 1")),
        (status(modified=[*MIGRATED, "pages/Order/Order.json"]), export("select 2", "select 1")),
        (status(modified=LEFTOVER), None),
    ],
    ids=["text", "both", "added", "unpublished", "unpublished page", "page"],
)
def test_what_a_person_changed_is_left_and_told(
    calls: GitCalls, course: Course, run_module: Run, params: Any, dirt: Any, shown: Any
) -> None:
    course.start(commits=params is COMMIT)
    calls.branches("master", "origin/master")
    course.look({**dirt, "behindCount": 1}, shown=shown)
    result = run_module("migration_sweep", params)
    assert not result["changed"] and not result["failed"]
    assert states(result) == [("master", "changes", "left", "changes")]
    assert "somebody's uncommitted changes are left as they are" in result["left"][0]


def test_what_was_a_persons_before_the_upgrade_is_a_persons_still(
    calls: GitCalls, course: Course, run_module: Run
) -> None:
    course.start()
    calls.branches("master", "origin/master")
    # Deployed without a commit, it looks like a migration's, so nothing else is asked.
    calls.status(status(modified=MIGRATED))
    before = [{"base_id": BASE, "branch": "master", "before": "changes"}]
    result = run_module("migration_sweep", {**COMMIT, "before": before})
    assert not result["changed"] and states(result) == [("master", "changes", "left", "changes")]


def test_files_that_disagree_for_ever_are_told(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    calls.status(status(modified=UNEVEN))
    calls_left = run_module("migration_sweep", COMMIT)["left"]
    assert "disagree" in calls_left[0]


def test_somebody_who_edits_meanwhile_is_not_committed(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    course.commit(after=status(modified=EDITED))
    result = run_module("migration_sweep", COMMIT)
    assert states(result) == [("master", "migration", "committed", "changes")]
    assert "which came meanwhile" in result["left"][0] and not result["failed"]


# -- auto-commit -------------------------------------------------------------------------------------------------------
def test_what_auto_commit_left_is_committed_where_it_was_clean_before(
    calls: GitCalls, course: Course, run_module: Run
) -> None:
    course.start()
    calls.branches("master", "origin/master")
    calls.status(status(modified=LEFTOVER))
    calls.export()
    calls.protected()
    course.commit()
    before = [{"base_id": BASE, "branch": "master", "before": "clean"}]
    result = run_module("migration_sweep", {**COMMIT, "before": before})
    assert states(result) == [("master", "migration", "committed", "clean")]


def test_auto_commit_amid_the_sweep_costs_another_commit(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    course.commit(after=status(modified=LEFTOVER))
    calls.export()
    course.commit()
    result = run_module("migration_sweep", COMMIT)
    assert states(result) == [("master", "migration", "committed", "clean")] and not result["failed"]


def test_what_comes_back_twice_is_an_error(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    for _attempt in range(_sweep.COMMITS):
        course.commit(after=status(modified=LEFTOVER))
        calls.export()
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and result["changed"] and "still left: pages/Order/Order.json" in result["msg"]


def test_the_lock_of_auto_commit_is_waited_out(
    calls: GitCalls, course: Course, run_module: Run, sleeps: list[float]
) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    calls.fetch()
    calls.commit(MESSAGE, error=LOCKED)
    calls.commit(MESSAGE)
    calls.status()
    result = run_module("migration_sweep", COMMIT)
    assert not result["failed"] and len(sleeps) == 1


# -- refusals ----------------------------------------------------------------------------------------------------------
def test_a_branch_behind_the_remote_is_never_committed_on(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=2))
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and not result["changed"] and "2 commits behind the remote" in result["msg"]
    assert one(result)["after"] == "migration" and result["summary"]["failed"] == 1


def test_what_an_upgrade_committed_that_was_taken_back_is_brought_in(
    calls: GitCalls, course: Course, run_module: Run
) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=1))
    calls.discard()
    calls.status(remote=False)
    calls.export()
    result = run_module("migration_sweep", COMMIT)
    assert result["changed"] and states(result) == [("master", "migration", "discarded", "clean")]


def test_without_strict_what_others_pushed_is_told(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=2))
    result = run_module("migration_sweep", {**COMMIT, "strict": False})
    assert not result["failed"] and not result["changed"] and one(result)["action"] == "left"
    assert "2 commits behind the remote" in result["left"][0]


def test_a_push_that_came_meanwhile_is_seen_before_the_commit(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    calls.fetch(behind=1)
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and not result["changed"] and "1 commit behind" in result["msg"]


def test_protected_branches_are_told(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected("master")
    result = run_module("migration_sweep", COMMIT)
    assert not result["changed"] and not result["failed"] and one(result)["protected"]
    assert "protected on this instance" in result["left"][0]


def test_one_that_fails_does_not_stop_the_others(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(application("orders"), application("support", id=STAGING + "5"))
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=2))
    calls.branches("master", "origin/master", id=STAGING + "5")
    course.look(status(modified=MIGRATED), id=STAGING + "5")
    calls.protected(id=STAGING + "5")
    course.commit(id=STAGING + "5")
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and result["changed"]
    assert [entry["action"] for entry in result["applications"]] == ["none", "committed"]


def test_an_instance_that_goes_away_ends_the_run(api: Any, run_module: Run) -> None:
    calls = GitCalls(api, NEW)
    course = Course(calls)
    course.start(application("orders"), application("support", id=STAGING + "5"))
    api.expect("GET", f"/git/applications/{BASE}/refs", params={"refType": "branch"}, raises=api.refused())
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and result["summary"]["failed"] == 2 and "2 of 2 branches failed" in result["msg"]
    assert result["msg"].count("Check appsmith_url") == 1


def test_without_an_author_nothing_is_begun(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(author="")
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and "has no author" in result["msg"] and "git_profile" in result["msg"]


def test_an_author_is_sent_where_the_release_takes_one(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    params = {**COMMIT, "author": {"name": "Release", "email": "release@example.com"}, "branches": ["master"]}
    if calls.old:
        result = run_module("migration_sweep", params)
        assert result["failed"] and "can't take an author" in result["msg"]
        return
    course.look(status(modified=MIGRATED))
    calls.protected()
    calls.fetch()
    body = {"message": MESSAGE, "author": {"name": "Release", "email": "release@example.com"}}
    calls.api.expect("POST", f"/git/applications/{BASE}/commit", json=body, status=201, data="Committed")
    calls.status()
    assert run_module("migration_sweep", params)["changed"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"action": "commit"}, "commit_message"),
        ({**COMMIT, "commit_message": " "}, "need a message"),
        ({**DISCARD, "bring_in": ["master"]}, "bring_in is for action: commit"),
        ({**DISCARD, "width": 0}, "at least 1"),
        ({**DISCARD, "incoming": 0}, "at least 1"),
    ],
)
def test_options_that_make_no_sense(api: Any, run_module: Run, params: Any, said: str) -> None:
    result = run_module("migration_sweep", params)
    assert result["failed"] and said in result["msg"]


# -- keys and pushes ---------------------------------------------------------------------------------------------------
class Host:
    """The Git host's API, with the keys that it has."""

    def __init__(self, keys: list[DeployKey]) -> None:
        self._keys = keys

    def keys(self, repository: Any) -> list[DeployKey]:
        assert repository.text == REMOTE
        return self._keys


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def have(*keys: DeployKey) -> None:
        monkeypatch.setattr(migration_sweep, "GitHost", lambda *_given, **_options: Host(list(keys)))

    return have


OTHER_KEY = DeployKey(1, "other", "ssh-ed25519 AAAAother x", False)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([OTHER_KEY, DeployKey(2, "mine", f"{KEY} again", True)], "may only read"),
        ([OTHER_KEY], "does not have its deploy key"),
    ],
)
def test_a_key_that_may_not_write_is_refused_before_anything(
    calls: GitCalls, course: Course, run_module: Run, host: Any, keys: Any, said: str
) -> None:
    host(*keys)
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    calls.read_key()
    result = run_module("migration_sweep", {**COMMIT, "git_host": HOST})
    assert result["failed"] and not result["changed"]
    assert said in result["msg"] and "Nothing was committed" in result["msg"] and "git_deploy_key" in result["msg"]


def test_a_key_that_may_not_write_is_told_where_that_will_do(
    calls: GitCalls, course: Course, run_module: Run, host: Any
) -> None:
    host(DeployKey(2, "mine", KEY, True))
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    calls.read_key()
    result = run_module("migration_sweep", {**COMMIT, "git_host": HOST, "strict": False})
    assert not result["failed"] and not result["changed"]
    assert states(result) == [("master", "migration", "left", "migration")] and "may only read" in result["left"][0]


@pytest.mark.parametrize("read_only", [True, False])
def test_check_mode_looks_at_every_key_though_nothing_is_due(
    calls: GitCalls, course: Course, run_module: Run, host: Any, read_only: bool
) -> None:
    host(DeployKey(2, "mine", KEY, read_only))
    course.start()
    calls.branches("master", "origin/master")
    course.look(status())
    calls.read_key()
    result = run_module("migration_sweep", {**COMMIT, "git_host": HOST}, check_mode=True)
    assert result["failed"] is read_only and not result["changed"]


def test_a_key_of_a_clean_application_is_not_looked_at(
    calls: GitCalls, course: Course, run_module: Run, host: Any
) -> None:
    host()
    course.start()
    calls.branches("master", "origin/master")
    course.look(status())
    assert not run_module("migration_sweep", {**COMMIT, "git_host": HOST})["failed"]


def test_a_push_that_is_refused_leaves_a_commit_that_the_next_run_pushes(
    calls: GitCalls, course: Course, run_module: Run
) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    course.commit(error=READ_ONLY_OLD if calls.old else READ_ONLY_NEW)
    result = run_module("migration_sweep", COMMIT)
    assert result["failed"] and result["changed"] and "could not be pushed" in result["msg"]

    course.start()
    calls.branches("master", "origin/master")
    course.look(status(ahead=1))
    calls.protected()
    course.commit()
    result = run_module("migration_sweep", COMMIT)
    assert states(result) == [("master", "clean", "pushed", "clean")] and result["changed"]
    assert one(result)["commit"] is None


def test_commits_on_both_sides_are_told(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(ahead=1, behind=1))
    result = run_module("migration_sweep", COMMIT)
    assert not result["changed"] and "1 commit only here and 1 only at the remote" in result["left"][0]


def test_a_commit_without_an_answer_is_looked_for(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED))
    calls.protected()
    calls.fetch()
    calls.commit(MESSAGE, raises=TIMEOUT)
    calls.status(status(modified=MIGRATED))
    calls.status()
    calls.status()
    result = run_module("migration_sweep", COMMIT)
    assert states(result) == [("master", "migration", "committed", "clean")]
    assert "committed and pushed all the same" in one(result)["warnings"][0]


# -- branches that the instance does not have --------------------------------------------------------------------------
def test_a_branch_is_brought_in_and_committed(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(application(branch="staging"))
    calls.branches("staging", "origin/staging", "origin/master")
    # ensure_branch looks for itself.
    calls.branches("staging", "origin/staging", "origin/master")
    calls.checkout("origin/master", found=STAGING)
    calls.branches("staging", "master", "origin/staging", "origin/master")
    calls.checkout("master", found=STAGING)
    course.look(status())
    course.look(status(modified=MIGRATED), id=STAGING)
    calls.protected()
    course.commit(id=STAGING)
    result = run_module("migration_sweep", {**COMMIT, "bring_in": ["master"]})
    assert states(result) == [("staging", "clean", "none", "clean"), ("master", "migration", "committed", "clean")]
    assert [entry["brought_in"] for entry in result["applications"]] == [False, True]


def test_check_mode_predicts_what_is_brought_in(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(application(branch="staging"))
    calls.branches("staging", "origin/staging", "origin/master")
    course.look(status())
    result = run_module("migration_sweep", {**COMMIT, "bring_in": ["master"]}, check_mode=True)
    assert result["changed"]
    assert states(result) == [("staging", "clean", "none", "clean"), ("master", "absent", "committed", "clean")]


def test_a_branch_that_nobody_has_is_passed_over(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start()
    calls.branches("master", "origin/master")
    calls.branches("master", "origin/master", prune=True)
    course.look(status())
    result = run_module("migration_sweep", {**COMMIT, "bring_in": ["production"]})
    assert not result["changed"] and states(result) == [("master", "clean", "none", "clean")]


# -- discard -----------------------------------------------------------------------------------------------------------
def test_discard_brings_in_the_commit_and_proves_it(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=1))
    calls.discard()
    calls.status(remote=False)
    calls.export()
    result = run_module("migration_sweep", DISCARD)
    assert result["changed"] and states(result) == [("master", "migration", "discarded", "clean")]


def test_discard_in_check_mode(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=1))
    result = run_module("migration_sweep", DISCARD, check_mode=True)
    assert result["changed"] and states(result) == [("master", "migration", "discarded", "clean")]


@pytest.mark.parametrize(
    ("found", "more", "said"),
    [
        ({"behind": 0}, {}, "has the older format"),
        ({"behind": 2}, {}, "more than the migration: promote"),
        ({"ahead": 1}, {}, "1 commit of this instance is not pushed"),
        ({"behind": 1}, {"swept": []}, "has the older format"),
        (
            {"behind": 1},
            {"swept": [{"remote_url": REMOTE, "branch": "master", "after": "migration"}]},
            "has the older format",
        ),
        ({"behind": 1}, {"swept": [{"remote_url": REMOTE, "branch": "staging", "after": "clean"}]}, "older format"),
    ],
)
def test_what_is_not_discarded(
    calls: GitCalls, course: Course, run_module: Run, found: Any, more: Any, said: str
) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, **found))
    result = run_module("migration_sweep", {**DISCARD, **more})
    assert not result["changed"] and not result["failed"] and said in result["left"][0]
    assert states(result) == [("master", "migration", "left", "migration")]


@pytest.mark.parametrize(
    "more", [{"incoming": 2}, {"swept": [{"remote_url": REMOTE, "branch": "master", "after": "clean"}]}]
)
def test_what_may_be_discarded(calls: GitCalls, course: Course, run_module: Run, more: Any) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=2 if "incoming" in more else 1))
    calls.discard()
    calls.status(remote=False)
    calls.export()
    assert states(run_module("migration_sweep", {**DISCARD, **more})) == [("master", "migration", "discarded", "clean")]


def test_a_clean_branch_deploys_nothing_though_it_is_behind(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(behind=1))
    assert not run_module("migration_sweep", DISCARD)["changed"]


def test_a_write_conflict_is_repeated_alone(
    calls: GitCalls, course: Course, run_module: Run, sleeps: list[float]
) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=1))
    calls.discard(error=CONFLICT)
    calls.discard()
    calls.status(remote=False)
    calls.export()
    result = run_module("migration_sweep", DISCARD)
    assert states(result) == [("master", "migration", "discarded", "clean")] and len(sleeps) == 1


def test_traces_that_come_back_are_an_error(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=1))
    calls.discard()
    calls.status(status(modified=MIGRATED), remote=False)
    calls.export()
    result = run_module("migration_sweep", DISCARD)
    assert result["failed"] and result["changed"] and "came back after the discard" in result["msg"]
    assert one(result)["after"] == "migration"


def test_sides_that_went_different_ways(calls: GitCalls, course: Course, run_module: Run) -> None:
    course.start(commits=False)
    calls.branches("master", "origin/master")
    course.look(status(modified=MIGRATED, behind=1, ahead=1))
    result = run_module("migration_sweep", DISCARD)
    assert result["failed"] and "went different ways" in result["msg"]


# -- side by side ------------------------------------------------------------------------------------------------------
IDS = [f"{number:024x}" for number in range(4)]


def four(api: Any, *, more: dict[str, Any], answers: tuple[tuple[str, str, dict[str, Any]], ...]) -> None:
    """Four applications, whose calls come in any order."""
    calls = GitCalls(api, NEW)
    calls.start(*(application(f"app{number}", id=identifier) for number, identifier in enumerate(IDS)))
    if more["action"] == "commit":
        calls.profile("Dora", "dora@example.com")
    api.expect_any_order(
        api.call(method, path.format(identifier), **answer) for identifier in IDS for method, path, answer in answers
    )


EXPORT = ("GET", "/applications/export/{}", {"text": json.dumps(export()), "answer_headers": JSON})


def test_looks_and_commits_run_side_by_side(monkeypatch: pytest.MonkeyPatch, api: Any, run_module: Run) -> None:
    # Each falls when four are under way at once.
    looks, commits = threading.Barrier(4, timeout=WAIT), threading.Barrier(4, timeout=WAIT)
    look, send = _sweep.Sweep._look, _sweep.Sweep._send
    monkeypatch.setattr(_sweep.Sweep, "_look", lambda self, entry: (looks.wait(), look(self, entry)))
    monkeypatch.setattr(_sweep.Sweep, "_send", lambda self, git, entry: (commits.wait(), send(self, git, entry)))
    git = "/git/applications/{}"
    answers = (
        ("GET", f"{git}/status", {"data": status(modified=MIGRATED)}),
        EXPORT,
        ("GET", f"{git}/protected-branches", {"data": []}),
        ("GET", f"{git}/fetch/remote", {"data": {"aheadCount": 0, "behindCount": 0}}),
        ("POST", f"{git}/commit", {"json": {"message": MESSAGE}, "status": 201, "data": "Committed"}),
        ("GET", f"{git}/status", {"data": status()}),
    )
    four(api, more=COMMIT, answers=answers)
    result = run_module("migration_sweep", {**COMMIT, "width": 4, "branches": ["master"]})
    assert [entry["name"] for entry in result["applications"]] == ["app0", "app1", "app2", "app3"]
    assert result["summary"]["committed"] == 4


def test_discards_run_one_at_a_time(monkeypatch: pytest.MonkeyPatch, api: Any, run_module: Run) -> None:
    together = threading.Barrier(4, timeout=WAIT)
    look, send, deploying = _sweep.Sweep._look, _sweep.send, threading.Lock()
    monkeypatch.setattr(_sweep.Sweep, "_look", lambda self, entry: (together.wait(), look(self, entry)))

    def sending(*given: Any) -> Any:
        assert deploying.acquire(blocking=False), "two discards at once"
        try:
            return send(*given)
        finally:
            deploying.release()

    monkeypatch.setattr(_sweep, "send", sending)
    git = "/git/applications/{}"
    answers = (
        ("GET", f"{git}/status", {"data": status(modified=MIGRATED, behind=1)}),
        EXPORT,
        ("PUT", f"{git}/discard", {"data": application()}),
        ("GET", f"{git}/status", {"params": {"compareRemote": "false"}, "data": status()}),
        EXPORT,
    )
    four(api, more=DISCARD, answers=answers)
    result = run_module("migration_sweep", {**DISCARD, "width": 4, "branches": ["master"]})
    assert result["summary"]["discarded"] == 4
