# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts that take their time, fail, end or are refused, and what is told of them; the database's own tools."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from appsmith_sandbox import faults, process
from appsmith_sandbox.releases import release, start_refusal
from appsmith_sandbox.secrets import read_env, write_env
from appsmith_sandbox.store import Store

SANDBOX = Path(process.__file__).resolve().parent.parent
SCALE = 0.01


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Instance:
    """It has run v1.60 and is stopped, with a few queries to migrate."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.start("v1.60")
        process.stop(root)
        with self.store() as store:
            for number in range(30):
                version = {"name": "q", "actionConfiguration": {}, "executeOnLoad": True}
                store.insert("actions", {"id": f"{number:024x}", "edit": version, "published": dict(version)})

    def start(self, release: str) -> None:
        self.port = process.start(self.root, 0, release, time_scale=SCALE)["port"]

    def store(self) -> Any:
        return contextlib.closing(Store(process.store_path(self.root)))

    def health(self) -> int:
        return requests.get(f"http://127.0.0.1:{self.port}/api/v1/health", timeout=10).status_code

    def log(self) -> str:
        return (self.root / "logs" / "backend" / "backend.log").read_text(encoding="utf-8")

    def said(self) -> str:
        return (self.root / "logs" / "supervisor" / "process.log").read_text(encoding="utf-8")

    def migrated(self) -> int:
        with self.store() as store:
            return len([one for one in store.find("actions") if "runBehaviour" in one["edit"]])

    def exec(self, *command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        program = [sys.executable, "-m", "appsmith_sandbox", "exec", "--root", str(self.root), "--", *command]
        environment = {**os.environ, "PYTHONPATH": str(SANDBOX)}
        return subprocess.run(program, env=environment, input=stdin, capture_output=True, timeout=60, check=False)

    @property
    def address(self) -> str:
        return read_env(self.root)["APPSMITH_DB_URL"]

    @property
    def uri(self) -> str:
        return f"--uri={self.address}"

    def count(self) -> str:
        return self.exec("mongosh", self.address, "--eval", "db.actions.countDocuments({})").stdout.decode().strip()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path / "instance")
    yield made
    process.stop(made.root)


def test_a_slow_migration_is_told_line_by_line(instance: Instance) -> None:
    number = faults.add(instance.root, "slow-migration", release="v1.91", seconds=60)
    instance.start("v1.91")
    assert instance.health() == 502
    until(lambda: "Mongock acquired the lock" in instance.log())
    assert requests.get(f"http://127.0.0.1:{instance.port}", timeout=10).status_code == 200
    until(lambda: process.supervised(instance.root) == "RUNNING")
    faults.remove(instance.root, number)
    until(lambda: instance.health() == 200)
    assert instance.log().count("APPLIED - ") == 12 and instance.migrated() == 30
    assert "Started ServerApplication in" in instance.log()
    assert "backend stdout | [" in instance.said()


def test_one_that_never_ends_can_be_killed_and_is_taken_up_by_its_own_release_only(instance: Instance) -> None:
    faults.add(instance.root, "endless-migration")
    instance.start("v1.91")
    until(lambda: 0 < instance.migrated() < 30)
    until(lambda: instance.log().count("APPLIED - ") == 8)
    os.kill(process.status(instance.root)["pid"], signal.SIGKILL)
    until(lambda: not process.status(instance.root)["running"])
    instance.start("v1.60")
    assert instance.health() == 502 and "AE-APP-5022" in instance.log()
    process.stop(instance.root)
    # Once was enough for the fault.
    instance.start("v1.91")
    until(lambda: instance.health() == 200)
    assert instance.migrated() == 30


def test_one_that_fails_is_tried_again_and_given_up(instance: Instance) -> None:
    faults.add(instance.root, "migration-fails", release="v1.91", times=0)
    instance.start("v1.91")
    until(lambda: process.supervised(instance.root) == "FATAL")
    assert instance.log().count("Error in mongock process. ABORTED MIGRATION") == 4
    assert "gave up: backend entered FATAL state" in instance.said()
    assert instance.health() == 502 and process.status(instance.root)["running"]
    assert b"FATAL" in instance.exec("supervisorctl", "status", "backend").stdout
    faults.remove(instance.root)
    assert instance.exec("supervisorctl", "restart", "backend").returncode == 0
    until(lambda: instance.health() == 200)


def test_a_backend_that_ends_is_started_again(instance: Instance) -> None:
    number = faults.add(instance.root, "backend-ends", seconds=0.05, times=2)
    instance.start("v1.60")
    faults.wait(instance.root, number, times=2)
    until(lambda: instance.said().count("exited: backend") == 2)
    until(lambda: instance.health() == 200)


def test_a_container_that_ends_has_touched_nothing(instance: Instance) -> None:
    faults.add(instance.root, "container-ends", release="v1.91")
    with pytest.raises(RuntimeError, match="fcv-probe"):
        instance.start("v1.91")
    assert not process.status(instance.root)["running"] and instance.migrated() == 0
    instance.start("v1.60")
    assert instance.health() == 200


def test_a_checkpoint_of_a_test_s_choice(instance: Instance) -> None:
    faults.add(instance.root, "checkpoint", release="v1.75")
    instance.start("v1.91")
    assert instance.health() == 502
    assert "APPSMITH BACKEND START ABORTED \u2014 CHECKPOINT MISSED" in instance.log() and "v1.75" in instance.log()
    for hop in ("v1.75", "v1.91"):
        process.stop(instance.root)
        instance.start(hop)
        assert instance.health() == 200
    assert start_refusal(release("v1.75"), release("v1.91"), checkpoints=["v1.75"]) is None
    with pytest.raises(faults.BadFault):
        faults.add(instance.root, "checkpoint")


def test_the_database_s_password_belongs_to_its_files(instance: Instance) -> None:
    right = read_env(instance.root)["APPSMITH_DB_URL"]
    write_env(instance.root, {"APPSMITH_DB_URL": "mongodb://appsmith:other@localhost:27017/appsmith"})
    instance.start("v1.60")
    assert instance.health() == 502 and "Authentication failed" in instance.log()
    assert b"Authentication failed" in instance.exec("mongosh", instance.address, "--eval", "db.getName()").stderr
    write_env(instance.root, {"APPSMITH_DB_URL": right})
    instance.exec("supervisorctl", "restart", "backend")
    until(lambda: instance.health() == 200)


def test_dump_drop_and_restore(instance: Instance, tmp_path: Path) -> None:
    instance.start("v1.60")
    archive = tmp_path / "dump.gz"
    assert instance.exec("mongodump", instance.uri, f"--archive={archive}", "--gzip").returncode == 0
    streamed = instance.exec("mongodump", instance.uri, "--archive").stdout
    assert instance.count() == "30"
    # Without --drop what is there stays; with it only what is in the archive goes.
    again = instance.exec("mongorestore", instance.uri, "--archive", stdin=streamed)
    assert again.returncode == 0 and b"E11000" in again.stderr and b"0 document(s) restored" in again.stderr
    with instance.store() as store:
        store.insert("newer", {"a": 1})
        store.delete("actions", f"{1:024x}")
    assert instance.exec("mongorestore", instance.uri, f"--archive={archive}", "--gzip", "--drop").returncode == 0
    assert instance.count() == "30"
    assert b'"newer"' in instance.exec("mongosh", instance.address, "--eval", "db.getCollectionNames()").stdout
    dropped = instance.exec("appsmithctl", "mongo-eval", "--pretty", "db.dropDatabase()")
    assert dropped.returncode == 0 and b"ok: 1" in dropped.stdout and instance.count() == "0"
    assert instance.exec("mongorestore", instance.uri, "--archive", stdin=b"rubbish").returncode == 1
    assert instance.exec("mongosh", instance.address, "--eval", "db.dance()").returncode == 1


def test_the_environment_is_that_of_the_instance(instance: Instance) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APPSMITH_MADE_UP", "yes")
        instance.start("v1.60")
    assert b"APPSMITH_MADE_UP=yes\n" in instance.exec("env").stdout
