# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no instance may have seen: a write in a run that was to change nothing, a password tried twice."""

from __future__ import annotations

from typing import Any

import pytest
from plays import Plays
from stage import SIDES, Stage


@pytest.fixture(scope="module")
def requests(stage: Stage, provisioned: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**request, "instance": side} for side in SIDES for request in stage.requests(side)]


def test_the_log_knows_writes(requests: list[dict[str, Any]]) -> None:
    assert any(request["write"] for request in requests)


def test_runs_that_change_nothing_write_nothing(plays: Plays, requests: list[dict[str, Any]]) -> None:
    quiet = [run for run in plays.runs if run.writes is False]
    assert len(quiet) >= 2
    for run in quiet:
        seen = [request for request in requests if run.began <= request["time"] <= run.ended]
        written = [(one["instance"], one["method"], one["path"]) for one in seen if one["write"]]
        assert written == [], run.playbook


def test_a_refused_password_is_not_tried_by_a_login(plays: Plays, requests: list[dict[str, Any]]) -> None:
    wrong = [run for run in plays.runs if '"appsmith_password"' in run.playbook]
    for run in wrong:
        logins = [
            request
            for request in requests
            if run.began <= request["time"] <= run.ended and request["path"].endswith("/login")
        ]
        assert len(logins) <= 1, run.playbook
