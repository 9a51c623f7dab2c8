# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cold backup of a volume with a real mongod and files of real size, on another host, and in a rehearsal."""

from __future__ import annotations

import json
import shutil
import socket
import stat
from typing import Any

import pytest
from conftest import Instances
from docker_engine import WITH_MONGOD
from docker_files import fill, tree, unpack
from plays import Plays

PRODUCTION = ("--limit", "production")
MEGABYTES = 180


@pytest.fixture(scope="module")
def backed_up(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    """Production with large files, which stays stopped, so that its volume is what the backup is of."""
    stacks = instances.file("production", "stacks")
    fill(stacks / "git-storage" / "large", MEGABYTES)
    run = plays.run("backup", *PRODUCTION, "-e", json.dumps({"backup_method": "cold", "backup_leave_stopped": True}))
    [manifest] = (instances.stage.root / "backups").rglob("*.json")
    return {
        "run": run,
        "state": instances.inspect("production")["State"],
        "tree": tree(stacks),
        "folder": manifest.parent,
        "manifest": json.loads(manifest.read_text()),
    }


def test_the_backup_says_what_it_is_of(backed_up: dict[str, Any], instances: Instances) -> None:
    manifest = backed_up["manifest"]
    assert (manifest["method"], manifest["version"], manifest["encrypted"]) == ("cold", "v1.60", True)
    assert manifest["image"] == f"{WITH_MONGOD}:v1.60"
    assert manifest["content"]["applications"]["count"] == 1
    assert manifest["bytes"] > MEGABYTES << 20 and manifest["proven"]["checksum"]
    # Nothing of it could be compressed, so it lies there as large as it was.
    assert manifest["size"] > MEGABYTES << 20
    assert {stat.S_IMODE(one.stat().st_mode) for one in backed_up["folder"].iterdir()} == {0o600}
    assert [one for one in instances.secrets() if one in backed_up["run"].output] == []
    assert [one for one in instances.secrets() if one in json.dumps(manifest)] == []


def test_mongod_ended_in_order_before_its_files_were_copied(backed_up: dict[str, Any], instances: Instances) -> None:
    assert not backed_up["state"]["Running"] and backed_up["state"]["ExitCode"] == 0
    log = (instances.file("production", "stacks") / "logs" / "mongodb" / "db.log").read_text()
    assert '"msg":"Shutting down","attr":{"exitCode":0}' in log.splitlines()[-1]
    assert "data/mongodb/WiredTiger.wt" in backed_up["tree"]


def test_the_archive_holds_every_file_as_it_was(backed_up: dict[str, Any], instances: Instances) -> None:
    place = instances.folder / "unpacked"
    archive = backed_up["folder"] / backed_up["manifest"]["archive"]
    content = unpack(archive, instances.passphrase, place)
    assert tree(content / "volume") == backed_up["tree"]
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def elsewhere(backed_up: dict[str, Any], plays: Plays, instances: Instances) -> Instances:
    """Another container, folder and port; whoever restores there has the keys from the vault."""
    host = instances.host("spare", "master", side="production")
    host |= {"appsmith_image": WITH_MONGOD, **instances.keys("production")}
    instances.hosts["spare"] = {"spare.example.com": host}
    instances.write()
    return instances


@pytest.fixture(scope="module")
def restored(elsewhere: Instances, backed_up: dict[str, Any], plays: Plays) -> dict[str, Any]:
    manifest = backed_up["manifest"]
    named = {"restore_backup": manifest["name"], "backup_instance": manifest["instance"]}
    plays.run("restore", "--limit", "spare", "-e", json.dumps(named))
    return {"spare": tree(elsewhere.file("spare", "stacks")), "source": tree(elsewhere.file("production", "stacks"))}


def test_another_host_comes_up_with_all_of_it(restored: dict[str, Any], backed_up: dict[str, Any]) -> None:
    """Its content was compared with the manifest; the database lives since then, everything else is as it was."""

    names = {*restored["spare"], *backed_up["tree"]}
    other = {name for name in names if restored["spare"].get(name) != backed_up["tree"].get(name)}
    # The keys that the data are encrypted with stand in it now.
    assert {name for name in other if not name.startswith("data/mongodb")} == {"configuration/docker.env"}
    assert "data/mongodb/WiredTiger.wt" in restored["spare"]
    assert restored["source"] == backed_up["tree"]


@pytest.fixture(scope="module")
def rehearsed(restored: dict[str, Any], backed_up: dict[str, Any], plays: Plays, instances: Instances) -> Any:
    """The spare one is gone, production runs again; then the way to v2.0 by way of a checkpoint, on a clone."""
    instances.engine.docker("rm", "--force", "spare")
    del instances.hosts["spare"]
    instances.write()
    plays.run("provision", *PRODUCTION)
    before = (instances.there(), instances.identity("production"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = plays.run("drill", *PRODUCTION, "-e", f"drill_port={port}", code=2)
    report = instances.folder / "rehearsal.json"
    wanted = {"drill_to": "v2.0", "drill_report_file": str(report)}
    run = plays.run("rehearse", *PRODUCTION, "-e", json.dumps(wanted))
    return {
        "before": before,
        "port": str(port),
        "refused": refused,
        "run": run,
        "report": report.read_text(),
        "after": (instances.there(), instances.identity("production")),
        "manifest": json.loads(next(backed_up["folder"].glob("*.json")).read_text()),
    }


def test_a_port_that_is_taken_is_told(rehearsed: dict[str, Any]) -> None:
    assert all(rehearsed["port"] in message for message in rehearsed["refused"].messages)
    assert rehearsed["refused"].changes == 0


def test_the_rehearsal_took_every_release_on_the_way(rehearsed: dict[str, Any]) -> None:
    for release in ("v1.60", "v1.99", "v2.0"):
        assert release in rehearsed["report"], release
    assert rehearsed["manifest"]["proven"]["rehearsal"]


def test_nothing_is_left_of_it(rehearsed: dict[str, Any], instances: Instances) -> None:
    assert rehearsed["after"] == rehearsed["before"]
    assert not list(instances.folder.glob("*-drill"))
    assert "drill" not in instances.engine.docker("network", "ls", "--format", "{{.Name}}").stdout
