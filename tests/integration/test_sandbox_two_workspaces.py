# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Development and production as two workspaces of one instance, which is slow to start; and a release that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plays import Plays
from stage import SIDES, Stage, free_port

WORKSPACES = {"staging": "Development", "production": "Production"}
TARGET = ("-e", "appsmith_version=v1.91")


def _inventory(stage: Stage, port: int) -> dict[str, Any]:
    hosts: dict[str, Any] = {}
    for side in SIDES:
        variables = stage.host(side, port, instance="shared", workspace=WORKSPACES[side])
        variables["appsmith_datasources"] = [
            one for one in variables["appsmith_datasources"] if one["name"] == "orders_db"
        ]
        variables["appsmith_smoke_tests"] = [
            one for one in variables["appsmith_smoke_tests"] if one["application"] == "orders"
        ]
        hosts[side] = {f"{side}.example.com": variables}
    return stage.inventory(hosts, appsmith_applications=[{"remote_url": stage.remote_url("orders", "shared")}])


def _without(inventory: dict[str, Any], version: str) -> dict[str, Any]:
    """The same instance, on which one release does not start."""
    for group in inventory["all"]["children"]["appsmith"]["children"].values():
        for variables in group["hosts"].values():
            start = variables["appsmith_instance_start"]
            refuse = 'test "$0" != ' + version + ' || { echo "no image $0" >&2; exit 1; }; exec "$@"'
            variables["appsmith_instance_start"] = ["sh", "-c", refuse, "{{ instance_version }}", *start]
    return inventory


@pytest.fixture(scope="module")
def shared(stage: Stage, folder: Path) -> dict[str, Any]:
    home = folder / "shared"
    home.mkdir()
    port = free_port()
    stage.import_repository("shared/orders", Path(__file__).parents[1] / "fixtures/apps/v1.60/orders.bundle")
    stage.startup_seconds = 1.0
    plays = Plays(home, stage.write_inventory(home / "inventory.yml", _inventory(stage, port)))
    broken = Plays(home, stage.write_inventory(home / "broken.yml", _without(_inventory(stage, port), "v1.91")))
    told = {
        "provision": plays.run("provision"),
        "again": plays.run("provision", writes=False),
        "promote": plays.run("promote"),
        "refused": broken.run("upgrade", *TARGET, code=2),
        "put_back": plays.releases(),
        "upgrade": plays.run("upgrade", *TARGET),
        "released": plays.releases(),
    }
    return {**told, "log": (stage.instance_root("shared") / "logs/backend/backend.log").read_text()}


def test_each_workspace_gets_its_application_once(shared: dict[str, Any]) -> None:
    changed = shared["provision"].changed
    assert {host for host, task in changed if task == "Import the applications from Git"} == {
        "staging.example.com",
        "production.example.com",
    }
    assert len([1 for _host, task in changed if task == "Start the instance"]) == 1
    assert len([1 for _host, task in changed if task == "Create the first administrator"]) == 1
    assert shared["again"].changes == 0


def test_one_workspace_is_promoted_to_the_other(shared: dict[str, Any]) -> None:
    assert ("production.example.com", "Deploy what is new in Git") in shared["promote"].changed


def test_a_release_that_does_not_start_is_taken_back(shared: dict[str, Any]) -> None:
    assert set(shared["put_back"].values()) == {"v1.60"}
    last = shared["refused"].messages[-1]
    assert "no image v1.91" in last and "back at v1.60" in last and "Production was not touched" in last


def test_the_instance_is_moved_once(shared: dict[str, Any]) -> None:
    assert set(shared["released"].values()) == {"v1.91"}
    for task in ("Take a backup and prove it", "Stop the instance", "Start the instance"):
        assert len([1 for _host, one in shared["upgrade"].changed if one == task]) == 1, task
    assert shared["log"].count("backend v1.91") == 1
