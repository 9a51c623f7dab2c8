# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance whose MongoDB is a server of its own: upgraded, and put back by one command.

Nothing of that database is in the instance's folder, so a start of the old release alone would find what the newer one
made of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Instances
from docker_engine import DATABASE_HOST, NETWORK, WITH_EXTERNAL
from plays import Plays
from worlds import execute

PASSWORD = "made-up-database-password"
HOST = ("--limit", "external")
GROUPS = {"appsmith_staging": "nobody", "appsmith_production": "external"}


@pytest.fixture(scope="module")
def external(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> Any:
    engine = instances.engine
    engine.docker(
        "run", "--detach", "--name", "database", "--network", NETWORK, "--ip", DATABASE_HOST, engine.system,
        "sh", "-c", "mkdir /data; exec mongod --dbpath /data --replSet mr1 --bind_ip_all --wiredTigerCacheSizeGB 0.25 "
        "--oplogSize 64 --setParameter shutdownTimeoutMillisForSignaledShutdown=100",
    )  # fmt: skip
    host = instances.host("external", "master", side="production")
    host |= {
        "appsmith_image": WITH_EXTERNAL,
        "appsmith_networks": [NETWORK],
        "appsmith_database_url": f"mongodb://appsmith:{PASSWORD}@{DATABASE_HOST}:27017/appsmith?replicaSet=mr1",
    }
    instances.hosts["external"] = {"external.example.com": host}
    instances.write()
    yield plays.run("provision", *HOST)
    engine.docker("rm", "--force", "--volumes", "external", "database")
    del instances.hosts["external"]
    instances.write()


def content(plays: Plays) -> dict[str, Any]:
    connection = {
        name: plays.variable("external", name) for name in ("appsmith_url", "appsmith_username", "appsmith_password")
    }
    found: dict[str, Any] = execute("instance_content_info", connection)["content"]
    return {kind: value for kind, value in found.items() if isinstance(value, dict)}


@pytest.fixture(scope="module")
def there_and_back(external: Any, plays: Plays, instances: Instances) -> dict[str, Any]:
    def image() -> str:
        return str(instances.inspect("external")["Config"]["Image"].rpartition(":")[2])

    before = content(plays)
    # Its application's branch is for a pair to sweep.
    wanted = {**GROUPS, "appsmith_version": "v1.91", "upgrade_sweep": False}
    # Without the hot backup beforehand: the cold one is a dump as well.
    upgrade = plays.run("upgrade", "-e", json.dumps(wanted), "--skip-tags", "backup")
    told: dict[str, Any] = {"before": before, "upgrade": upgrade, "upgraded": image()}
    # What nobody would want to find again.
    with plays.client("external") as client:
        client.post("/workspaces", {"name": "Made after the upgrade"})
    rollback = plays.run("rollback", *HOST, "-e", json.dumps({**GROUPS, "rollback_confirm": True}))
    return {**told, "rollback": rollback, "rolled_back": image(), "after": content(plays)}


def test_its_backup_is_a_dump(there_and_back: dict[str, Any], instances: Instances) -> None:
    root = Path(instances.stage.root / "backups")
    manifests = [json.loads(one.read_text()) for one in root.rglob("*.json")]
    ways = [one for one in manifests if one["database"] == "external" and one["reason"] == "upgrade"]
    assert [one["version"] for one in ways] == ["v1.60"] and ways[0]["upgrade"]["taken_back"]


def test_the_release_goes_up_and_back(there_and_back: dict[str, Any]) -> None:
    assert (there_and_back["upgraded"], there_and_back["rolled_back"]) == ("v1.91", "v1.60")


def test_what_would_be_lost_is_told_before(there_and_back: dict[str, Any]) -> None:
    assert "workspaces" in there_and_back["rollback"].output.partition("Lost is: ")[2].partition("What is in Git")[0]


def test_nothing_of_the_newer_release_survives(there_and_back: dict[str, Any], plays: Plays) -> None:
    assert there_and_back["after"] == there_and_back["before"]
    # Its smoke tests ran in the rollback: the credentials are those of before, and can be read.
    assert there_and_back["rollback"].recap["external.example.com"]["failed"] == 0


def test_the_password_of_the_database_is_in_no_output(there_and_back: dict[str, Any], plays: Plays) -> None:
    for run in plays.runs:
        assert PASSWORD not in run.output, run.playbook
