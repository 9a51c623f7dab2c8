# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a repository with GitPython, from a folder instead of by SSH."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import git
import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitError, GitInvalidUrl, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import (
    Access,
    RepositoryUnreadable,
    open_branch,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import text_digest

FILE = Access(protocols="file")
FILES = {
    "metadata.json": json.dumps({"serverSchemaVersion": 12, "clientSchemaVersion": 2, "fileFormatVersion": 5}),
    "pages/Order/Order.json": "{}",
    "pages/Order/widgets/Text.json": "{}",
    "pages/Order/queries/get_order/metadata.json": json.dumps(
        {"pluginType": "DB", "unpublishedAction": {"name": "get_order"}}
    ),
    "pages/Order/queries/get_order/get_order.txt": "select 1",
    "pages/Order/queries/Totals-sum/metadata.json": json.dumps({"pluginType": "JS"}),
    "pages/Order/jsobjects/Totals/Totals.js": "export default {}",
    "pages/Order/jsobjects/Totals/metadata.json": "{}",
}


@pytest.fixture
def origin(tmp_path: Path) -> Any:
    repository = git.Repo.init(tmp_path / "origin", initial_branch="master")
    with repository.config_writer() as config:
        config.set_value("user", "name", "Dana Dev").set_value("user", "email", "dana@example.com")
        config.set_value("commit", "gpgsign", "false")
    commit(repository, FILES, "first")
    return repository


def commit(repository: Any, files: dict[str, str], message: str) -> str:
    for name, text in files.items():
        path = Path(repository.working_tree_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        repository.index.add([name])
    return str(repository.index.commit(message).hexsha)


def address(repository: Any) -> str:
    return f"file://{repository.working_tree_dir}"


def view(**more: Any) -> View:
    content: dict[str, Any] = {
        "pages": {"Order": "d"},
        "queries": {"Order/get_order": "d", "Order/Totals.sum": "d"},
        "js_objects": {"Order/Totals": "d"},
        "bodies": {"Order/get_order": "select 1"},
    }
    return View(**{**content, **more})


def test_schema_numbers_and_content(origin: Any) -> None:
    with open_branch(address(origin), "master", FILE) as repository:
        assert repository.schema_numbers() == (12, 2)
        content = repository.content()
        assert content.pages == {"Order"}
        assert content.queries == {"Order/get_order": text_digest("select 1")}
        assert content.js_objects == {"Order/Totals"}
        assert repository.tip == origin.head.commit.hexsha


def test_commits_to_come_and_the_one_before(origin: Any) -> None:
    first = origin.head.commit.hexsha
    second = commit(origin, {"a": "1"}, "second")
    third = commit(origin, {"a": "2"}, "third")
    with open_branch(address(origin), "master", FILE, behind=2) as repository:
        assert [found.id for found in repository.commits(2)] == [third, second]
        assert repository.commits(2)[0].as_result()["subject"] == "third"
        assert repository.commits(2)[0].author == "Dana Dev"
        assert [repository.commit_before(count) for count in (0, 1, 2)] == [third, second, first]


def test_the_commit_before_a_merge_is_found_on_the_branch(origin: Any) -> None:
    before = origin.head.commit.hexsha
    origin.git.checkout("-b", "staging")
    one = commit(origin, {"a": "1"}, "one")
    commit(origin, {"a": "2"}, "two")
    origin.git.checkout("master")
    origin.git.merge("staging", "--no-ff", "-m", "merge")
    with open_branch(address(origin), "master", FILE, behind=3) as repository:
        assert repository.commit_before(3) == before
        # Not on the branch's own line, but the only one that is two behind: the branch was moved forward to it once.
        assert repository.commit_before(2) == one
        assert repository.commit_before(9) is None


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ({}, []),
        ({"pages": {}}, ["page Order"]),
        ({"pages": {"Order": "d", "Old": "d"}}, ["page Old"]),
        ({"queries": {}}, ["query Order/get_order"]),
        ({"queries": {"Order/get_order": "d", "Order/gone": "d"}}, ["query Order/gone"]),
        ({"bodies": {"Order/get_order": "select 0"}}, ["query Order/get_order"]),
        ({"bodies": {"Order/get_order": "select 1\n"}}, []),
        ({"js_objects": {}}, ["JS object Order/Totals"]),
    ],
)
def test_what_a_view_does_not_show(origin: Any, shown: dict[str, Any], found: list[str]) -> None:
    with open_branch(address(origin), "master", FILE) as repository:
        assert repository.differences(view(**shown)) == found


def test_a_repository_without_an_application_is_told(origin: Any) -> None:
    commit(origin, {"metadata.json": "{}"}, "no application")
    with open_branch(address(origin), "master", FILE) as repository, pytest.raises(GitError) as caught:
        repository.schema_numbers()
    assert "no Appsmith application" in str(caught.value)


def test_broken_metadata_is_told(origin: Any) -> None:
    commit(origin, {"metadata.json": "{"}, "broken")
    with open_branch(address(origin), "master", FILE) as repository, pytest.raises(GitError) as caught:
        repository.schema_numbers()
    assert "no JSON" in str(caught.value)


def test_a_branch_that_is_not_there_is_one_line(origin: Any) -> None:
    with pytest.raises(RepositoryUnreadable) as caught, open_branch(address(origin), "nope", FILE):
        pass
    assert "can't read" in str(caught.value) and "\n" not in str(caught.value)


def test_only_ssh_is_read_unless_told_otherwise(origin: Any) -> None:
    with pytest.raises(GitInvalidUrl), open_branch(address(origin), "master", Access()):
        pass


def test_how_ssh_is_called(tmp_path: Path) -> None:
    key = tmp_path / "a key"
    key.write_text("x")
    environment = Access(str(key), str(tmp_path / "known"), True).environment()
    command = environment["GIT_SSH_COMMAND"]
    assert f"-i '{key}'" in command and "IdentitiesOnly=yes" in command and "BatchMode=yes" in command
    assert "StrictHostKeyChecking=accept-new" in command and f"UserKnownHostsFile={tmp_path}/known" in command
    assert "StrictHostKeyChecking=yes" in Access(str(key)).environment()["GIT_SSH_COMMAND"]
    assert environment["GIT_ALLOW_PROTOCOL"] == "ssh"


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        Access(str(tmp_path / "missing")).environment()
