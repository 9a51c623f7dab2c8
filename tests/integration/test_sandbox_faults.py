# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a backup, a restore or an upgrade: one line that says what, before harm is done.

Before harm: nothing of the instances, their data or the backups is another one afterwards, and nothing was stopped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chaos"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))

import compare
from appsmith_sandbox import faults, process
from plays import Plays, Run
from stage import SIDES, Stage
from worlds import execute

NEW = "v1.91"


def _facts(stage: Stage) -> dict[str, Any]:
    """Who runs, since when, what the instances hold, and every file of theirs and of the backups."""
    roots = {side: stage.instance_root(side) for side in SIDES}
    passing = ("logs", "run")
    files = {
        side: sorted(
            str(one.relative_to(root))
            for one in root.rglob("*")
            if one.relative_to(root).parts[0] not in passing and not one.name.endswith(("-wal", "-shm", ".lock"))
        )
        for side, root in roots.items()
    }
    backups = {
        str(one): (one.stat().st_size, one.stat().st_mtime_ns)
        for one in (stage.root / "backups").rglob("*")
        if one.is_file() and one.name != ".lock"
    }
    running = {side: process.status(root.resolve())["pid"] for side, root in roots.items()}
    return {
        "running": running,
        "files": files,
        "backups": backups,
        "refs": compare.refs(stage.root / "git/repositories"),
    }


@contextmanager
def untouched(stage: Stage) -> Iterator[None]:
    before = _facts(stage)
    held = {side: compare.held(stage.instance_root(side)) for side in SIDES}
    assert all(before["running"].values())
    yield
    after = _facts(stage)
    assert {name: after[name] for name in after if after[name] != before[name]} == {}
    for side in SIDES:
        assert compare.different(held[side], compare.held(stage.instance_root(side))) == []


def refused(run: Run, *parts: str) -> str:
    """One line on every host that failed, with these parts; the last of them."""
    assert run.messages, run.output[-3000:]
    for message in run.messages:
        assert "\n" not in message
    said = " ".join(run.messages)
    for part in parts:
        assert part in said, said
    return run.messages[-1]


@dataclass
class Backup:
    """A hot backup of production, in the folder where the role keeps it."""

    manifest: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def archive(self) -> Path:
        return self.folder / str(self.manifest["archive"])

    @contextmanager
    def spoilt(self, damage: str) -> Iterator[None]:
        whole = self.archive.read_bytes()
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        self.archive.write_bytes({"short": whole[:-100], "changed": changed}[damage])
        try:
            yield
        finally:
            self.archive.write_bytes(whole)


@pytest.fixture(scope="module")
def backup(plays: Plays, stage: Stage, promoted: dict[str, Any]) -> Backup:
    plays.run("backup", "--limit", "production")
    port = plays.variable("production", "appsmith_url").rpartition(":")[2]
    found = [Backup(json.loads(path.read_text()), path.parent) for path in (stage.root / "backups").rglob("*.json")]
    return max((one for one in found if port in one.manifest["instance"]), key=lambda one: one.manifest["created"])


# -- of a backup -------------------------------------------------------------------------------------------------------
def test_an_archive_that_was_changed_is_refused_before_the_instance_is_stopped(
    plays: Plays, stage: Stage, backup: Backup
) -> None:
    given = ("--limit", "production", "-e", f"restore_backup={backup.name}")
    with backup.spoilt("changed"), untouched(stage):
        run = plays.run("restore", *given, code=2, writes=False)
    refused(run, backup.name, "changed")


CHECKS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "short": ({}, ("bytes",)),
    "changed": ({}, ("changed",)),
    "another passphrase": ({"passphrase": "not that of the backup"}, ("passphrase",)),
    "other keys": ({"encryption_password": "another", "encryption_salt": "salt"}, ("keys",)),
    "another release": ({"version": NEW}, ("v1.60", NEW)),
    "no room": ({"minimum_free_mb": 10**9}, ("free",)),
    "nobody took it": ({"backup": "appsmith-nowhere-20200101T000000Z"}, ("appsmith-nowhere-20200101T000000Z",)),
}


@pytest.mark.parametrize("fault", CHECKS)
def test_what_speaks_against_a_restore_is_found_while_the_instance_runs(
    plays: Plays, stage: Stage, backup: Backup, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = plays.host("production")
    for name, value in host["appsmith_instance_environment"].items():
        monkeypatch.setenv(name, value)
    changed, parts = CHECKS[fault]
    usual = {
        "exec": host["appsmith_instance_exec"],
        "directory": host["appsmith_instance_directory"],
        "store_directory": str(backup.folder),
        "backup": backup.name,
        "passphrase": host["appsmith_backup_passphrase"],
        "state": "checked",
    }
    assert not execute("restore", usual)["failed"]
    with backup.spoilt(fault) if fault in ("short", "changed") else nullcontext(), untouched(stage):
        result = execute("restore", {**usual, **changed})
    assert result["failed"] and "\n" not in result["msg"]
    assert all(part in result["msg"] for part in parts), result["msg"]
    assert "not that of the backup" not in json.dumps(result)


# -- of an upgrade -----------------------------------------------------------------------------------------------------
def _upgrade(plays: Plays, *arguments: str, writes: bool | None = False, **extra: Any) -> Run:
    given = ("-e", json.dumps({"appsmith_version": NEW, **extra}), *arguments)
    return plays.run("upgrade", *given, code=2, writes=writes)


def test_all_that_speaks_against_an_upgrade_is_said_at_once(plays: Plays, stage: Stage, backup: Backup) -> None:
    """A full disk, a release that is not to be had, no passphrase for the backup: on both hosts."""
    with untouched(stage):
        run = _upgrade(
            plays,
            upgrade_minimum_free_mb=10**9,
            appsmith_instance_fetch=["sh", "-c", "echo no such image >&2; exit 1"],
            appsmith_backup_passphrase="",
        )
    said = [one for one in run.messages if one.endswith("Nothing was touched.")]
    assert len(said) == 2
    for one in said:
        assert "MiB free" in one and "no such image" in one and "appsmith_backup_passphrase" in one
    refused(run, NEW)


def test_a_store_that_does_not_answer(plays: Plays, stage: Stage, backup: Backup) -> None:
    away = {
        "bucket": "backups",
        "endpoint_url": "http://127.0.0.1:9",
        "region": "eu-central-1",
        "access_key": "AKIAEXAMPLE",
        "secret_key": "not-a-secret",
    }
    with untouched(stage):
        run = _upgrade(plays, appsmith_backup_s3=away)
    refused(run, "127.0.0.1:9")


# -- what only shows when it is under way --------------------------------------------------------------
def test_a_migration_that_never_ends_is_put_back(plays: Plays, stage: Stage, backup: Backup) -> None:
    before = {side: compare.held(stage.instance_root(side)) for side in SIDES}
    releases = plays.releases()
    staging = stage.instance_root("staging")
    faults.add(staging, "endless-migration", release=NEW, times=0)
    try:
        run = _upgrade(plays, "--limit", "staging", "--skip-tags", "backup", writes=None, upgrade_wait_timeout=6)
    finally:
        faults.remove(staging)
    refused(run, NEW, "back at", "Production was not touched")
    assert plays.releases() == releases
    for side in SIDES:
        assert compare.different(before[side], compare.held(stage.instance_root(side))) == []
