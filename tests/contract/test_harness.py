# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of the contract tests must be able to fail."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import RECORDINGS, Answer, Listener, World


@pytest.fixture
def world() -> World:
    """One that is not started: only its memory is used."""
    made = object.__new__(World)
    made.ids, made.database, made.git_host = {}, {"port": 5432}, {"ssh_port": 2222}
    made.closed_port, made.listener = 3306, Listener()
    return made


def _recorded(step: str) -> dict[str, Any]:
    for line in (RECORDINGS / "v1.91.jsonl").read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        if found["step"] == step:
            return dict(found["response"])
    raise KeyError(step)


def _answer(recorded: dict[str, Any]) -> Answer:
    return Answer(recorded["status"], recorded["location"], [], copy.deepcopy(recorded["body"]))


@pytest.mark.parametrize("step", ["me", "workspace.home", "plugins", "git.status_dirty", "application.export"])
def test_the_recorded_answer_itself_has_no_difference(world: World, step: str) -> None:
    recorded = _recorded(step)
    assert world.compare(recorded, _answer(recorded)) == []


def test_status_and_location_count(world: World) -> None:
    recorded = _recorded("login.wrong")
    wrong = _answer(recorded)
    wrong.status, wrong.location = 200, "/applications"
    assert len(world.compare(recorded, wrong)) == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("responseMeta", "success"), False),
        (("data", "isClean"), True),
        (("data", "behindCount"), 7),
        (("data", "queriesAdded"), []),
        (("data", "remoteBranch"), None),
        (("data", "remoteBranch"), "refs/remotes/origin/other"),
    ],
)
def test_values_that_mean_something_count(world: World, path: tuple[str, str], value: Any) -> None:
    recorded = _recorded("git.status_dirty")
    wrong = _answer(recorded)
    wrong.body[path[0]][path[1]] = value
    assert len(world.compare(recorded, wrong)) == 1


def test_members_count(world: World) -> None:
    recorded = _recorded("me")
    wrong = _answer(recorded)
    del wrong.body["data"]["isSuperUser"]
    wrong.body["data"]["more"] = 1
    assert world.compare(recorded, wrong) == [".data: missing ['isSuperUser'], too much ['more']"]


def test_an_id_keeps_its_role(world: World) -> None:
    recorded = _recorded("workspace.get")
    first, second = _answer(recorded), _answer(recorded)
    first.body["data"]["id"] = "a" * 24
    second.body["data"]["id"] = "b" * 24
    assert world.compare(recorded, first) == []
    assert len(world.compare(recorded, second)) == 1


def test_an_answer_where_the_real_one_never_gave_one_counts(world: World) -> None:
    recorded = _recorded("git.import_denied")
    assert world.compare(recorded, Answer(None, timed_out=True)) == []
    assert world.compare(recorded, Answer(400)) != []
