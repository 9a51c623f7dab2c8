# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""upgrade.yml and rollback.yml on a real engine: another image on the same data, and back, whatever happens to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Instances
from plays import Plays
from stage import ansible_environment

WANTED = ("-e", "appsmith_version=v1.91")
SIDES = ("staging", "production")


def images(instances: Instances) -> dict[str, str]:
    return {side: instances.inspect(side)["Config"]["Image"].rpartition(":")[2] for side in SIDES}


def until(holds: Callable[[], bool], seconds: float = 900.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


# -- refused before harm, and noticed at once --------------------------------------------------------------------------
@pytest.fixture(scope="module")
def missing(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    before = [instances.identity(side) for side in SIDES]
    run = plays.run("upgrade", "-e", "appsmith_version=v1.92", code=2)
    return {"run": run, "before": before, "after": [instances.identity(side) for side in SIDES]}


def test_an_image_that_is_not_there_is_told_before_anything_is_stopped(missing: dict[str, Any]) -> None:
    assert "v1.92" in missing["run"].messages[0] and missing["after"] == missing["before"]
    assert missing["run"].changes == 0


def test_a_container_that_ends_again_and_again_is_noticed_with_its_log(
    missing: dict[str, Any], plays: Plays, instances: Instances
) -> None:
    instances.engine.docker("stop", "staging")
    instances.fault("staging", "container-ends", "--times", "0")
    try:
        run = plays.run(instances.playbook("start"), "--limit", "staging", code=2)
    finally:
        instances.mend("staging")
    # It would have waited for ten minutes.
    assert "fcv-probe.log" in run.messages[-1]
    plays.run(instances.playbook("start"), "--limit", "staging")


# -- a migration that never ends ---------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def hung(missing: dict[str, Any], plays: Plays, instances: Instances) -> Iterator[dict[str, Any]]:
    instances.fault("staging", "endless-migration", "--release", "v1.91", "--times", "0")
    before = instances.identity("production")
    try:
        run = plays.run("upgrade", *WANTED, "-e", "upgrade_wait_timeout=20", code=2)
    finally:
        instances.mend("staging")
    yield {"run": run, "after": images(instances), "production": (before, instances.identity("production"))}


def test_staging_is_put_back_and_production_is_not_touched(hung: dict[str, Any]) -> None:
    assert hung["after"] == {"staging": "v1.60", "production": "v1.60"}
    assert hung["production"][0] == hung["production"][1]
    assert any("v1.91" in message and "staging" in message for message in hung["run"].messages)


# -- killed in the middle ----------------------------------------------------------------------------------------------
def family(pid: int) -> list[int]:
    """A process and all that it has started; Ansible's workers have sessions of their own."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


@pytest.fixture(scope="module")
def killed(hung: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    """The upgrade of production, its container too, while the database is half migrated."""
    instances.fault("production", "endless-migration", "--release", "v1.91", "--times", "0")
    log = instances.file("production", "stacks") / "logs" / "backend" / "backend.log"
    done = log.read_text().count("APPLIED - ")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    with (plays.folder / "killed.log").open("wb") as output:
        upgrade = subprocess.Popen(
            [program, "-i", str(plays.inventory), "stagecraft.appsmith.upgrade", *WANTED],
            cwd=plays.folder,
            env=ansible_environment(plays.folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            until(lambda: log.read_text().count("APPLIED - ") == done + 8 or upgrade.poll() is not None)
            assert upgrade.poll() is None, (plays.folder / "killed.log").read_text()[-6000:]
        finally:
            for pid in family(upgrade.pid):
                os.kill(pid, signal.SIGKILL)
            upgrade.wait()
    during = images(instances)
    instances.engine.docker("kill", "production")
    instances.engine.docker("rm", "production")
    instances.mend("production")
    return {"during": during, "there": instances.there()}


@pytest.fixture(scope="module")
def rolled_back(killed: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    return {"run": plays.run("rollback", "--limit", "production"), "after": images(instances)}


def test_one_command_goes_back_from_half_a_migration_without_a_container(
    killed: dict[str, Any], rolled_back: dict[str, Any], plays: Plays
) -> None:
    assert killed["during"] == {"staging": "v1.91", "production": "v1.91"} and "production" not in killed["there"]
    assert rolled_back["after"] == {"staging": "v1.91", "production": "v1.60"}
    # Applications, datasources and their credentials are as they were.
    assert plays.run("provision", "--limit", "production").changes == 0


# -- and at last -------------------------------------------------------------------------------------------------------
NOTICE = "We are back in a minute"
BROWSER = """
import json, os, urllib.request
answer = urllib.request.urlopen(os.environ["BASE_URL"] + "/info", timeout=10)
assert json.load(answer)["version"] == os.environ["APPSMITH_VERSION"]
with open("/tests/passed", "a") as passed:
    print(os.environ["APPSMITH_HOST"], os.environ["WHO"], file=passed)
"""


class Visitor(threading.Thread):
    """Looks at the instance's address all the time, as people do."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.saw, self.ends = url, False, threading.Event()

    def run(self) -> None:
        while not self.ends.wait(0.1):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.saw |= NOTICE.encode() in urllib.request.urlopen(self.url, timeout=2).read()


@pytest.fixture(scope="module")
def upgraded(rolled_back: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    """With a page in production's place while it is down, and a test of one's own in a container."""
    tests = instances.folder / "browser"
    tests.mkdir()
    (tests / "look.py").write_text(BROWSER)
    visitor = Visitor(plays.variable("production", "appsmith_url"))
    browser = {
        "image": instances.engine.system,
        "directory": str(tests),
        "command": ["python3", "look.py"],
        # Which engine to ask, and what the test is to know.
        "environment": {**instances.engine.environment, "WHO": "a made-up person"},
    }
    instances.write(
        appsmith_tests=[{"name": "In a browser", "playwright": browser}],
        appsmith_maintenance_image=instances.engine.system,
        appsmith_maintenance_command=[
            "sh", "-c", f"mkdir /page; cd /page; echo {NOTICE} > index.html; exec python3 -m http.server 80",
        ],
    )  # fmt: skip
    visitor.start()
    try:
        # The tests' engine has no network of its own.
        run = plays.run("upgrade", *WANTED, "-e", json.dumps({"upgrade_maintenance_networks": [instances.network]}))
    finally:
        visitor.ends.set()
        instances.write()
    return {
        "run": run,
        "after": images(instances),
        "passed": (tests / "passed").read_text().splitlines(),
        "saw": visitor.saw,
        "there": instances.there(),
    }


def test_both_run_the_image_of_the_release(upgraded: dict[str, Any], instances: Instances) -> None:
    # Each passed its smoke tests: the credentials of its own database can still be read.
    assert set(upgraded["after"].values()) == {"v1.91"}
    assert not [one for one in instances.secrets() if one in upgraded["run"].output]


def test_a_test_in_a_container_knows_whom_to_look_at(upgraded: dict[str, Any]) -> None:
    # Staging was upgraded by the run that was killed; it is looked at again.
    assert set(upgraded["passed"]) == {f"{side}.example.com a made-up person" for side in SIDES}


def test_there_was_a_page_while_production_was_down(upgraded: dict[str, Any]) -> None:
    assert upgraded["saw"] and not [one for one in upgraded["there"] if "maintenance" in one]


def test_every_backup_knows_keys_and_image(upgraded: dict[str, Any], instances: Instances) -> None:
    manifests = [json.loads(one.read_text()) for one in Path(instances.stage.root / "backups").rglob("*.json")]
    assert all(one["keys_fingerprint"] and one["keys_file"] and one["image"] for one in manifests)
    ways = [one for one in manifests if one["reason"] == "upgrade" and one["upgrade"]["finished"]]
    # The instance with a database of its own is another test's.
    ways = [one for one in ways if one["database"] == "embedded"]
    assert len(ways) == 2 and {one["method"] for one in ways} == {"cold"}
