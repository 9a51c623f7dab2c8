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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chaos"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))

import compare
from appsmith_sandbox import faults, process
from plays import Plays, Run
from stage import SIDES, Stage

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


@pytest.fixture(scope="module")
def backup(plays: Plays, stage: Stage, promoted: dict[str, Any]) -> Path:
    """A hot backup of production: its archive."""
    plays.run("backup", "--limit", "production")
    manifests = [json.loads(path.read_text()) for path in (stage.root / "backups").rglob("*.json")]
    port = plays.variable("production", "appsmith_url").rpartition(":")[2]
    own = [one for one in manifests if port in one["instance"]]
    newest = max(own, key=lambda one: one["created"])
    return next((stage.root / "backups").rglob(newest["archive"]))


def _restore(plays: Plays, backup: Path, **extra: Any) -> Run:
    given = {"restore_backup": backup.name.partition(".")[0], **extra}
    return plays.run("restore", "--limit", "production", "-e", json.dumps(given), code=2, writes=False)


def _upgrade(plays: Plays, *, writes: bool | None = False, **extra: Any) -> Run:
    return plays.run("upgrade", "-e", json.dumps({"appsmith_version": NEW, **extra}), code=2, writes=writes)


# -- of a backup -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("damage", ["short", "changed"])
def test_an_archive_that_is_not_what_was_backed_up(plays: Plays, stage: Stage, backup: Path, damage: str) -> None:
    whole = backup.read_bytes()
    middle = len(whole) // 2
    try:
        if damage == "short":
            backup.write_bytes(whole[:-100])
        else:
            backup.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with untouched(stage):
            run = _restore(plays, backup)
    finally:
        backup.write_bytes(whole)
    refused(run, backup.name)


def test_another_passphrase(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _restore(plays, backup, appsmith_backup_passphrase="not that of the backup")
    message = refused(run, "passphrase")
    assert "not that of the backup" not in message


def test_other_encryption_keys(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _restore(plays, backup, appsmith_encryption_password="another", appsmith_encryption_salt="salt")
    refused(run, "keys")


def test_a_backup_that_nobody_took(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _restore(plays, backup.with_name("appsmith-nowhere-20200101T000000Z.json"))
    refused(run, "appsmith-nowhere-20200101T000000Z", backup.name.partition(".")[0])


def test_no_room_for_a_restore(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _restore(plays, backup, restore_minimum_free_mb=10**9)
    refused(run, "free")


# -- of an upgrade -----------------------------------------------------------------------------------------------------
def test_no_room_for_a_backup(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _upgrade(plays, upgrade_minimum_free_mb=10**9)
    refused(run, "free")


def test_no_passphrase(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _upgrade(plays, appsmith_backup_passphrase="")
    refused(run, "appsmith_backup_passphrase")


def test_a_release_that_is_not_to_be_had(plays: Plays, stage: Stage, backup: Path) -> None:
    with untouched(stage):
        run = _upgrade(plays, appsmith_instance_fetch=["sh", "-c", "echo no such image >&2; exit 1"])
    refused(run, NEW, "no such image")


def test_a_store_that_does_not_answer(plays: Plays, stage: Stage, backup: Path) -> None:
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
def test_a_migration_that_never_ends_is_put_back(plays: Plays, stage: Stage, backup: Path) -> None:
    before = {side: compare.held(stage.instance_root(side)) for side in SIDES}
    releases = plays.releases()
    staging = stage.instance_root("staging")
    faults.add(staging, "endless-migration", release=NEW, times=0)
    try:
        run = _upgrade(plays, writes=None, upgrade_wait_timeout=6)
    finally:
        faults.remove(staging)
    refused(run, NEW, "back at", "Production was not touched")
    assert plays.releases() == releases
    for side in SIDES:
        assert compare.different(before[side], compare.held(stage.instance_root(side))) == []
