# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module repository_merge: merges by plain Git on the controller, against real repositories in a folder."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _repository_module
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import revert_to
from git_remotes import FILE, PROTECTED, Remote, by_ssh, read_only

Run = Callable[..., dict[str, Any]]
PAGE = "pages/Order/Order.json"
QUERY = "pages/Order/queries/get_order/get_order.txt"


@pytest.fixture(autouse=True)
def from_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repository_module, "Access", functools.partial(Access, protocols="file"))


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    made = Remote(tmp_path)
    made.commit({QUERY: "select 2"}, "on staging", "staging")
    return made


def params(*remotes: Remote, **more: Any) -> dict[str, Any]:
    return {"repositories": [one.url for one in remotes], "source": "staging", "destination": "master", **more}


def one(result: dict[str, Any]) -> dict[str, Any]:
    assert len(result["results"]) == 1
    entry: dict[str, Any] = result["results"][0]
    return entry


def test_a_branch_is_moved_forward(remote: Remote, run_module: Run) -> None:
    result = run_module("repository_merge", params(remote), diff=True)
    entry = one(result)
    assert result["changed"] and (entry["result"], entry["repository"]) == ("fast_forward", remote.url)
    assert remote.tip() == remote.tip("staging") == entry["commit_after"] and entry["commit_before"] == remote.first
    assert [commit["subject"] for commit in entry["commits"]] == ["on staging"]
    assert entry["files"] == {"added": [], "changed": [QUERY], "removed": []}
    assert result["diff"]["after"]["commit"] == remote.tip()


def test_what_is_merged_already_is_left_alone(remote: Remote, run_module: Run) -> None:
    run_module("repository_merge", params(remote))
    result = run_module("repository_merge", params(remote))
    assert not result["changed"] and one(result)["result"] == "up_to_date"


@pytest.mark.parametrize("message", [None, "Release 7"])
def test_a_merge_commit_is_made_where_it_must_or_shall(remote: Remote, run_module: Run, message: str | None) -> None:
    entry = one(
        run_module(
            "repository_merge",
            params(remote, no_ff=True, commit_message=message, author_name="Rel", author_email="r@example.com"),
        )
    )
    made = remote.bare.commit("master")
    assert entry["result"] == "merge" and made.hexsha == entry["commit_after"]
    assert [parent.hexsha for parent in made.parents] == [remote.first, remote.tip("staging")]
    assert made.message == (message or "Merge branch 'staging' into master") + "\n"
    assert (made.author.name, made.author.email) == ("Rel", "r@example.com")
    assert not run_module("repository_merge", params(remote, no_ff=True))["changed"]


def test_branches_that_both_went_on_are_merged(remote: Remote, run_module: Run) -> None:
    remote.commit({PAGE: '{\n  "a": 2\n}\n'}, "on master")
    entry = one(run_module("repository_merge", params(remote, commit_message="both")))
    assert entry["result"] == "merge" and entry["files"]["changed"] == [QUERY]
    assert remote.bare.git.show(f"master:{QUERY}") == "select 2"
    assert json.loads(remote.bare.git.show(f"master:{PAGE}")) == {"a": 2}
    assert remote.bare.commit("master").message == "both\n"
    remote.bare.git.fsck("--strict", "--connectivity-only")


def test_a_conflict_names_the_files_and_changes_nothing(remote: Remote, run_module: Run) -> None:
    before = remote.commit({QUERY: "select 3"}, "on master")
    result = run_module("repository_merge", params(remote))
    assert result["failed"] and not result["changed"] and remote.tip() == before
    assert result["error"]["details"] == {"conflicting_files": [QUERY]}
    assert f"conflicts in {QUERY}" in result["msg"] and "Nothing was merged" in result["msg"]


def test_a_file_that_one_side_removed_is_a_conflict(remote: Remote, run_module: Run) -> None:
    remote.commit({QUERY: None}, "on master")
    assert QUERY in run_module("repository_merge", params(remote))["msg"]


def test_a_merge_that_would_be_no_json_is_a_conflict(remote: Remote, run_module: Run) -> None:
    lines = ["{", '"a": 1,', '"b": 1,', '"c": 1,', '"d": 1,', '"e": 1', "}"]
    remote.commit({PAGE: "\n".join(lines)}, "long")
    remote.work.git.checkout("staging")
    remote.work.git.merge("master")
    # Each side alone is well-formed: one takes the last member away, the other adds one at the start.
    ours = [*lines[:4], '"d": 1', "}"]
    theirs = ["{", '"z": {', '"a": 1,', '"b": 1,', '"c": 1,', '"d": 1,', '"e": 1}', "}"]
    remote.commit({PAGE: "\n".join(theirs)}, "theirs", "staging")
    before = remote.commit({PAGE: "\n".join(ours)}, "ours")
    result = run_module("repository_merge", params(remote))
    assert result["failed"] and PAGE in result["msg"] and remote.tip() == before


def test_check_mode_finds_conflicts_and_pushes_nothing(remote: Remote, run_module: Run) -> None:
    result = run_module("repository_merge", params(remote), check_mode=True)
    assert result["changed"] and one(result)["commit_after"] == remote.tip("staging") and remote.tip() == remote.first
    assert one(run_module("repository_merge", params(remote, no_ff=True), check_mode=True))["commit_after"] is None
    remote.commit({QUERY: "select 3"}, "on master")
    assert "conflicts in" in run_module("repository_merge", params(remote), check_mode=True)["msg"]


def test_several_repositories_of_which_one_fails(tmp_path: Path, run_module: Run) -> None:
    remotes = []
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        remotes.append(Remote(tmp_path / name))
        remotes[-1].commit({QUERY: "select 2"}, "on staging", "staging")
    remotes[1].refuse(PROTECTED)
    result = run_module("repository_merge", params(*remotes, width=2))
    assert result["failed"] and result["changed"]
    assert [entry["changed"] for entry in result["results"]] == [True, False, True]
    assert [one.tip() == one.tip("staging") for one in remotes] == [True, False, True]
    assert result["results"][1]["error"]["title"] == "GitProtectedBranch" and "protected" in result["msg"]


def test_a_key_that_may_only_read_is_told_in_check_mode_as_well(
    remote: Remote, run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ansible_collections.stagecraft.appsmith.plugins.modules.repository_merge.access_of",
        lambda params: read_only(tmp_path),
    )
    for check_mode in (True, False):
        result = run_module("repository_merge", {**params(), "repositories": [by_ssh(remote)]}, check_mode=check_mode)
        assert result["error"]["title"] == "GitKeyRefused" and not result["changed"] and remote.tip() == remote.first


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"source": "nope"}, "no branch or tag nope"),
        ({"source": "master"}, "into itself"),
        ({"source": "-x"}, "no name of a branch"),
        ({"destination": "a b"}, "no name of a branch"),
        ({"author_name": " "}, "name and an e-mail address"),
        ({"author_email": "nobody"}, "name and an e-mail address"),
        ({"width": 0}, "width must be"),
        ({"git_ssh_key_file": "/nonexistent/key"}, "can't be read"),
    ],
)
def test_what_is_wrong_is_told(remote: Remote, run_module: Run, more: dict[str, Any], text: str) -> None:
    result = run_module("repository_merge", params(remote, **more))
    assert result["failed"] and text in result["msg"] and not result["changed"] and remote.tip() == remote.first


def test_a_repository_given_twice_is_refused(remote: Remote, run_module: Run) -> None:
    assert "Given twice" in run_module("repository_merge", params(remote, remote))["msg"]


def test_branches_without_a_common_history_are_told(remote: Remote, run_module: Run) -> None:
    remote.work.git.checkout("--orphan", "other")
    remote.work.git.commit("--allow-empty", "-m", "alone")
    remote.push("other")
    result = run_module("repository_merge", params(remote, source="other"))
    assert "unrelated histories" in result["msg"] and remote.tip() == remote.first


# -- after a way back -------------------------------------------------------------------------------------------------
@pytest.fixture
def gone_back(remote: Remote) -> Remote:
    """Production took X and went back; a hotfix of its own came before, and another one after it."""
    remote.commit({"hotfix/before": "1"}, "hotfix before", "master")
    remote.work.git.checkout("staging")
    remote.commit({QUERY: "select bad", PAGE: '{"x": 1}', "pages/X/X.json": "{}"}, "X", "staging")
    remote.work.git.checkout("master")
    remote.work.git.merge("staging", "--no-ff", "-m", "merge X")
    remote.push()
    revert_to(
        remote.url, "master", remote.bare.commit("master~1").hexsha, "Go back", Author("R", "r@example.com"), FILE
    )
    remote.work.git.pull("--ff-only", "origin", "master")
    remote.commit({"hotfix/after": "1"}, "hotfix after", "master")
    remote.commit({QUERY: "select mended"}, "Y", "staging")
    return remote


def content(remote: Remote, branch: str = "master") -> dict[str, str]:
    names = remote.bare.git.ls_tree("-r", "--name-only", branch).splitlines()
    return {name: remote.bare.git.show(f"{branch}:{name}") for name in names if name != "metadata.json"}


def whole(remote: Remote, branch: str = "master") -> bool:
    """All of staging, and what was production's own."""
    found = content(remote, branch)
    assert (found[QUERY], found[PAGE], found["pages/X/X.json"]) == ("select mended", '{"x": 1}', "{}")
    return (found["hotfix/before"], found["hotfix/after"]) == ("1", "1")


def test_a_merge_after_a_way_back_brings_all_of_the_source(gone_back: Remote, run_module: Run) -> None:
    planned = run_module("repository_merge", params(gone_back), check_mode=True)
    entry = one(run_module("repository_merge", params(gone_back), diff=True))
    assert whole(gone_back) and entry["result"] == "merge" and len(entry["undone"]) == 1
    assert one(planned)["files"] == entry["files"] and one(planned)["undone"] == entry["undone"]
    assert f"Undoes: {entry['undone'][0]}" in gone_back.bare.git.log("--format=%B", "master")
    assert not run_module("repository_merge", params(gone_back))["changed"]
    # Undone once is undone.
    gone_back.commit({QUERY: "select newer"}, "Z", "staging")
    assert one(run_module("repository_merge", params(gone_back)))["undone"] == []
    assert content(gone_back)[QUERY] == "select newer"


def test_a_merge_of_somebody_elses_can_be_prepared(gone_back: Remote, run_module: Run) -> None:
    before, staging = gone_back.tip(), gone_back.tip("staging")
    entry = one(run_module("repository_merge", params(gone_back, way_back="prepare")))
    assert entry["changed"] and (entry["commit_before"], entry["commit_after"]) == (staging, gone_back.tip("staging"))
    assert gone_back.tip() == before and whole(gone_back, "staging")
    assert not run_module("repository_merge", params(gone_back, way_back="prepare"))["changed"]
    # Now it is a matter of moving forward, whoever does it.
    assert one(run_module("repository_merge", params(gone_back)))["result"] == "fast_forward" and whole(gone_back)


def test_without_a_way_back_there_is_nothing_to_prepare(remote: Remote, run_module: Run) -> None:
    remote.commit({PAGE: "{}"}, "on master")
    entry = one(run_module("repository_merge", params(remote, way_back="prepare")))
    assert not entry["changed"] and entry["result"] == "up_to_date"


def test_a_merge_after_a_way_back_can_be_refused(gone_back: Remote, run_module: Run) -> None:
    before = gone_back.tip()
    result = run_module("repository_merge", params(gone_back, way_back="fail"))
    assert "went back" in result["msg"] and gone_back.tip() == before


def test_a_way_back_that_can_not_be_undone_is_a_conflict(gone_back: Remote, run_module: Run) -> None:
    before = gone_back.commit({QUERY: "select other"}, "over it")
    result = run_module("repository_merge", params(gone_back))
    assert "can't be undone for" in result["msg"] and QUERY in result["msg"] and gone_back.tip() == before
