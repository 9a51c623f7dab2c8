# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""upgrade.yml and rollback.yml on a real engine: another image on the same data, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Instances
from plays import Plays

WANTED = ("-e", "appsmith_version=v1.91")


def images(instances: Instances) -> dict[str, str]:
    return {side: instances.inspect(side)["Config"]["Image"].partition(":")[2] for side in ("staging", "production")}


@pytest.fixture(scope="module")
def upgraded(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    before = images(instances)
    first = plays.run("upgrade", *WANTED)
    return {"before": before, "first": first, "after": images(instances)}


@pytest.fixture(scope="module")
def rolled_back(upgraded: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    """Production, which is down: its container is gone."""
    instances.engine.docker("rm", "--force", "production")
    return {"run": plays.run("rollback", "--limit", "production"), "after": images(instances)}


def test_both_run_the_image_of_the_release(upgraded: dict[str, Any]) -> None:
    # Each passed its smoke tests: the credentials of its own database can still be read.
    assert set(upgraded["before"].values()) == {"v1.60"}
    assert set(upgraded["after"].values()) == {"v1.91"}


def test_the_backup_knows_the_keys_that_were_made(upgraded: dict[str, Any], instances: Instances) -> None:
    records = Path(instances.stage.root / "backups").glob("*/*.stagecraft.json")
    described = [json.loads(one.read_text())["keys_fingerprint"] for one in records]
    assert len(described) == 2 and all(described)


def test_a_second_run_changes_nothing(upgraded: dict[str, Any], plays: Plays) -> None:
    assert plays.run("upgrade", *WANTED).changes == 0


def test_an_instance_that_is_down_goes_back(rolled_back: dict[str, Any], plays: Plays) -> None:
    assert rolled_back["after"] == {"staging": "v1.91", "production": "v1.60"}
    assert plays.run("provision", "--limit", "production").changes == 0
