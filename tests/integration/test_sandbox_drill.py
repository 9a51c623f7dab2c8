# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that are proven in a throw-away instance, an upgrade that is rehearsed there, and a drill that fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from plays import Plays
from stage import ADMIN, Stage, free_port
from worlds import execute

HOST = "staging.example.com"


@pytest.fixture(scope="module")
def drilled(stage: Stage, folder: Path) -> dict[str, Any]:
    """A small instance, without Git: an application, and a datasource that a real PostgreSQL answers."""
    home = folder / "drilled"
    home.mkdir()
    port = free_port()
    variables = stage.host("staging", port, instance="drilled")
    # From here on the datasource is known by the instance alone.
    variables |= {"appsmith_applications": [], "appsmith_datasources": [], "appsmith_smoke_tests": []}
    root = stage.instance_root("drilled")
    stage.sandbox(
        "instance", "start", "--root", root, "--port", str(port), "--version", "v1.60", "--name", "drilled",
        "--time-scale", str(stage.time_scale),
    )  # fmt: skip
    credentials = {
        "appsmith_url": f"http://127.0.0.1:{port}",
        "appsmith_username": ADMIN["username"],
        "appsmith_password": ADMIN["password"],
    }
    execute("super_user", {**credentials, "name": "Ada Admin"})
    orders_db = next(one for one in stage.datasources("staging") if one["name"] == "orders_db")
    for module, options in (
        ("workspace", {"name": "Operations"}),
        ("application", {"workspace": "Operations", "name": "notes"}),
        ("datasources", {"workspace": "Operations", "datasources": [orders_db]}),
    ):
        made = execute(module, {**credentials, **options})
        assert not made["failed"], made
    plays = Plays(home, stage.write_inventory(home / "inventory.yml", stage.inventory({"staging": {HOST: variables}})))
    before = len(stage.requests("drilled"))
    wrong = {"appsmith_encryption_password": "not-the-password", "appsmith_encryption_salt": "not-the-salt"}
    told: dict[str, Any] = {
        "backup": plays.run("backup"),
        "predicted": plays.run("drill", "--check"),
        "drill": plays.run("drill", "-e", f"drill_report_file={home}/drill.json"),
        "rehearsal": plays.run(
            "rehearse", "-e", "appsmith_version=v1.91", "-e", f"drill_report_file={home}/rehearsal.md"
        ),
        "wrong_keys": plays.run("drill", "-e", json.dumps(wrong), code=2),
    }
    instance = execute("instance_info", {"appsmith_url": credentials["appsmith_url"]})["instance"]
    seen = [one for one in stage.requests("drilled")[before:] if one["write"]]
    manifests = [json.loads(path.read_text()) for path in (stage.root / "backups").glob(f"127.0.0.1_{port}/*.json")]
    return {**told, "home": home, "root": root, "writes": seen, "manifests": manifests, "release": instance["version"]}


def test_the_newest_backup_is_proven(drilled: dict[str, Any]) -> None:
    result = json.loads((drilled["home"] / "drill.json").read_text())["results"][0]
    assert result["state"] == "proven" and result["compared"] and result["applications"] > 0
    assert result["secrets"]["reason"] == "datasource 'orders_db' (postgres-plugin) works with its stored credentials"
    assert [one["step"] for one in result["steps"]][-1] == "throw it away"
    assert f"Proven on {result['finished']}: {result['backup']} (v1.60, hot" in drilled["drill"].output


def test_the_proof_is_written_down_in_the_backup(drilled: dict[str, Any]) -> None:
    proven = drilled["manifests"][0]["proven"]
    assert proven["checksum"] and proven["drill"] and proven["rehearsal"] > proven["drill"]


def test_the_rehearsal_says_how_long_the_window_is(drilled: dict[str, Any]) -> None:
    report = (drilled["home"] / "rehearsal.md").read_text()
    assert "v1.60 to v1.91" in report and "the instance is down for about" in report
    for step in ("stop", "back up", "start v1.91", "test v1.91"):
        assert f"\n| {step} | " in report
    assert "From v1.60 to v1.91 the instance is down for about" in drilled["rehearsal"].output


def test_wrong_encryption_keys_are_noticed(drilled: dict[str, Any]) -> None:
    said = drilled["wrong_keys"].messages[-1]
    assert f"The drill of {HOST} failed" in said and "encryption" in said and "was not touched" in said


def test_nothing_is_left_and_the_instance_itself_was_not_touched(drilled: dict[str, Any]) -> None:
    assert not drilled["root"].with_name("drilled-drill").exists()
    assert not drilled["root"].with_name("drilled-drill-spool").exists()
    assert drilled["writes"] == []
    assert drilled["release"] == "v1.60"


def test_a_check_says_what_would_be_done(drilled: dict[str, Any]) -> None:
    assert "would be brought up in" in drilled["predicted"].output and drilled["predicted"].changes == 0
