# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Production of several instances, two at a time: one of the first wave fails its test, so the second doesn't begin."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from plays import Plays, Run
from stage import ADMIN, Stage, free_port
from worlds import execute

STAGING = "canary.example.com"
PRODUCTION = ["one.example.com", "two.example.com", "three.example.com"]
TARGET = ("-e", "appsmith_version=v1.91", "-e", "appsmith_serial=2")


@dataclass
class Fleet:
    """Instances without applications; each is told from the others by its test and by the notice in front of it."""

    stage: Stage
    home: Path
    addresses: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir()
        hosts = {"staging": {STAGING: self._host(STAGING)}, "production": {one: self._host(one) for one in PRODUCTION}}
        inventory = self.stage.inventory(
            hosts,
            appsmith_applications=[],
            # Each of the commands tells on which host's behalf it was run.
            appsmith_tests=[
                {"name": "People can work", "command": ["test", "!", "-e", f"{self.home}/{{{{ inventory_hostname }}}}"]}
            ],
            appsmith_maintenance_on=self._notice("on"),
            appsmith_maintenance_off=self._notice("off"),
        )
        self.plays = Plays(self.home, self.stage.write_inventory(self.home / "inventory.yml", inventory))

    def _notice(self, state: str) -> list[str]:
        return ["sh", "-c", f"echo {{{{ inventory_hostname }}}} {state} >> {self.home}/notices"]

    def _host(self, name: str) -> dict[str, Any]:
        side, instance, port = "staging" if name == STAGING else "production", name.partition(".")[0], free_port()
        self.addresses[name] = f"http://127.0.0.1:{port}"
        self.stage.sandbox(
            "instance", "start", "--root", self.stage.instance_root(instance), "--port", str(port), "--name", instance,
            "--version", "v1.60", "--time-scale", str(self.stage.time_scale),
        )  # fmt: skip
        made = execute(
            "super_user",
            {
                "appsmith_url": self.addresses[name],
                "appsmith_username": ADMIN["username"],
                "appsmith_password": ADMIN["password"],
                "name": "Ada Admin",
            },
        )
        assert not made["failed"], made
        empty: dict[str, Any] = {"appsmith_workspace": "", "appsmith_datasources": [], "appsmith_smoke_tests": []}
        return {**self.stage.host(side, port, instance=instance), **empty}

    def upgrade(self, code: int = 0) -> dict[str, Any]:
        """What became of it: the report, the releases, and who was behind a notice."""
        (self.home / "notices").write_text("")
        report = self.home / "report.json"
        run: Run = self.plays.run("upgrade", *TARGET, "-e", f"upgrade_report_file={report}", code=code)
        notices: dict[str, list[str]] = {}
        for line in (self.home / "notices").read_text().splitlines():
            host, state = line.split()
            notices.setdefault(host, []).append(state)
        return {
            "said": " ".join(run.messages),
            "outcomes": {one["host"]: one["outcome"] for one in json.loads(report.read_text())["hosts"]},
            "releases": {
                name: execute("instance_info", {"appsmith_url": url})["instance"]["version"]
                for name, url in self.addresses.items()
            },
            "notices": notices,
        }


@pytest.fixture(scope="module")
def fleet(stage: Stage, folder: Path) -> dict[str, Any]:
    fleet = Fleet(stage, folder / "fleet")
    (fleet.home / PRODUCTION[0]).touch()
    failed = fleet.upgrade(code=2)
    (fleet.home / PRODUCTION[0]).unlink()
    return {"failed": failed, "again": fleet.upgrade()}


def test_one_that_fails_is_put_back_and_the_next_wave_does_not_begin(fleet: dict[str, Any]) -> None:
    failed = fleet["failed"]
    one, two, three = PRODUCTION
    assert failed["outcomes"] == {STAGING: "upgraded", one: "put back", two: "upgraded", three: "left alone"}
    assert failed["releases"] == {STAGING: "v1.91", one: "v1.60", two: "v1.91", three: "v1.60"}
    assert "People can work" in failed["said"] and one in failed["said"]


def test_the_same_command_upgrades_the_rest(fleet: dict[str, Any]) -> None:
    again = fleet["again"]
    one, two, three = PRODUCTION
    assert again["outcomes"] == {STAGING: "nothing to do", one: "upgraded", two: "nothing to do", three: "upgraded"}
    assert set(again["releases"].values()) == {"v1.91"}


def test_a_notice_is_up_where_an_instance_is_down_and_nowhere_else(fleet: dict[str, Any]) -> None:
    one, two, three = PRODUCTION
    assert set(fleet["failed"]["notices"]) == {STAGING, one, two}
    assert {one, three} <= set(fleet["again"]["notices"])
    for run in fleet.values():
        for states in run["notices"].values():
            assert states[0] == "on" and states[-1] == "off", states
