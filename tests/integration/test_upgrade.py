# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""upgrade.yml and rollback.yml: staging first, back when that fails, back by one command."""

from __future__ import annotations

from typing import Any

import pytest
from plays import Plays

pytestmark = pytest.mark.live


def test_a_failure_on_staging_puts_it_back_and_leaves_production_alone(plays: Plays, upgraded: dict[str, Any]) -> None:
    run = upgraded["failed"]
    assert upgraded["after_failure"] == upgraded["before"]
    last = run.messages[-1]
    assert "\n" not in last
    assert upgraded["target"] in last and "Production was not touched" in last and "A page that nobody made" in last
    production = plays.variable("production", "inventory_hostname")
    # Backed up with all others, before anything was moved.
    assert {task for host, task in run.changed if host == production} == {"Take a backup and prove it"}


def test_after_a_failure_everything_still_works(upgraded: dict[str, Any]) -> None:
    # The upgrade that followed signs in, runs the smoke tests and deploys.
    assert upgraded["first"].code == 0


def test_both_run_the_release(upgraded: dict[str, Any]) -> None:
    assert set(upgraded["after"].values()) == {upgraded["target"]}


def test_check_mode_tells_the_moves(upgraded: dict[str, Any]) -> None:
    moves = {"Take a backup and prove it", "Stop the instance", "Start the instance"}
    expected = {(host, task) for host, task in upgraded["first"].changed if task in moves}
    assert len(expected) == 6
    assert upgraded["predicted"].changed == expected


def test_a_second_run_changes_nothing(upgraded: dict[str, Any]) -> None:
    assert upgraded["second"].recap
    assert upgraded["second"].changes == 0


def test_no_application_is_left_dirty_for_the_next_promotion(upgraded: dict[str, Any]) -> None:
    assert upgraded["promotion"].changes == 0


def test_one_command_goes_back(rolled_back: dict[str, Any], upgraded: dict[str, Any]) -> None:
    assert rolled_back["after"] == {
        "staging": upgraded["target"],
        "production": upgraded["before"]["production"],
    }


def test_the_same_command_does_not_go_back_twice(rolled_back: dict[str, Any]) -> None:
    assert rolled_back["second"].changes == 0
    assert "taken back already" in rolled_back["second"].messages[0]


def test_commits_of_a_newer_release_are_not_deployed(
    plays: Plays, rolled_back: dict[str, Any], upgraded: dict[str, Any]
) -> None:
    """Staging is ahead by a release now: what it migrated would break production."""
    run = plays.run("promote", "-e", f"appsmith_version={upgraded['target']}", code=2)
    assert any("version_skew" in message and "upgrade the instance to it" in message for message in run.messages)
    assert {host for host, _task in run.changed} <= {host for host in run.recap if host.startswith("staging")}


def test_production_alone_follows_staging_step_by_step(
    plays: Plays, rolled_back: dict[str, Any], upgraded: dict[str, Any]
) -> None:
    """With --limit and tags: a backup in the afternoon, the upgrade at night, a look in the morning."""
    production = ("-e", f"appsmith_version={upgraded['target']}", "--limit", "production")
    backup = plays.run("upgrade", *production, "--tags", "backup")
    assert "Take a backup and prove it" in {task for _host, task in backup.changed}
    assert plays.releases() == rolled_back["after"]
    upgrade = plays.run("upgrade", *production, "--tags", "upgrade")
    # The way back of the upgrade itself is a cold one, from when it was stopped.
    assert {"Stop the instance", "Take a backup and prove it"} <= {task for _host, task in upgrade.changed}
    assert set(plays.releases().values()) == {upgraded["target"]}
    assert plays.run("upgrade", *production, "--tags", "verify", writes=False).changes == 0
