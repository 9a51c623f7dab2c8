# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of backups: whole files or none, refusals with a cause, retention, and the modules that look and tidy up."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _store, _store_keep, _store_proof, _store_s3
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore, StoreFailed, store_of
from ansible_collections.stagecraft.appsmith.plugins.modules.backup_info import BackupInfo
from ansible_collections.stagecraft.appsmith.plugins.modules.backup_prune import BackupPrune
from ansible_collections.stagecraft.appsmith.plugins.modules.backup_record import BackupRecord
from backup_world import hurry, make_backup, make_volume

PHRASE = "made-up passphrase"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "backups" / "production")


def backup(
    store: DirectoryStore, days: float = 0, content: bytes = b"archive", instance: str = "production", **more: Any
) -> Manifest:
    """A backup of so many days ago."""
    name = manifests.new_name(store.names(), instance, NOW - timedelta(days=days))
    given: dict[str, Any] = {
        "name": name,
        "instance": instance,
        "archive": f"{name}.tar.gz.gpg",
        "keys_file": f"{name}.keys.gpg",
        "method": "cold",
        "reason": "manual",
        "created": manifests.created_of(name),
        "version": "v1.91",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "encrypted": True,
        "database": "embedded",
        "files": 1,
        "bytes": 7,
        "members": {"data/mongodb": 7},
        **more,
        "proven": {"checksum": "", "drill": "", "rehearsal": "", **more.get("proven", {})},
    }
    made = Manifest(**given)
    store.put(made.archive, io.BytesIO(content))
    store.put(f"{name}.keys.gpg", io.BytesIO(b"keys"))
    manifests.write(store, made)
    return made


def upgrade(finished: str = "", taken_back: str = "") -> dict[str, Any]:
    return {"reason": "upgrade", "upgrade": {"from": "v1.60", "to": "v1.91", "finished": finished,
                                             "taken_back": taken_back}}  # fmt: skip


# --- a folder ------------------------------------------------------------------------------------------------------


def test_files_are_whole_and_only_their_owner_reads_them(store):
    store.check()
    store.put("one", io.BytesIO(b"x" * 3_000_000))
    assert store.names() == {"one": 3_000_000}
    assert _store.sha256_of(store, "one") == (3_000_000, hashlib.sha256(b"x" * 3_000_000).hexdigest())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (store.root, store.root / "one")] == [0o700, 0o600]
    store.put("one", io.BytesIO(b"again"))
    assert store.names() == {"one": 5} and os.listdir(store.root) == ["one"]
    store.delete("one")
    store.delete("one")
    with pytest.raises(NotFound, match="one is not there"), store.open("one"):
        pass


class Breaking:
    """A source that gives something and then fails."""

    def __init__(self, error: BaseException) -> None:
        self.error, self.given = error, False

    def read(self, size: int) -> bytes:
        if self.given:
            raise self.error
        self.given = True
        return b"x" * size


@pytest.mark.parametrize("error", [AppsmithError("tar failed"), OSError(errno.EIO, "no disk"), KeyboardInterrupt()])
def test_a_source_that_fails_leaves_nothing_and_keeps_its_cause(store, error):
    store.put("one", io.BytesIO(b"old"))
    with pytest.raises(type(error)) as raised:
        store.put("one", Breaking(error))
    assert raised.value is error
    assert os.listdir(store.root) == ["one"] and store.names() == {"one": 3}


def test_a_full_disk_says_so_and_leaves_nothing(store, monkeypatch):
    store.check()

    def full(_sink: Any, _chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_store, "_write", full)
    with pytest.raises(StoreFailed, match=r"can't take one: No space left on device\. Make room there"):
        store.put("one", io.BytesIO(b"x"))
    assert os.listdir(store.root) == []


def test_what_is_being_written_is_not_swept_and_not_written_twice(store):
    store.check()
    with (store.root / ".one.part").open("wb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        assert store.sweep() == []
        with pytest.raises(StoreFailed, match="being written by another run"):
            store.put("one", io.BytesIO(b"x"))
    # Its writer is gone, as after a kill.
    assert store.sweep(dry=True) == [".one.part"] == store.sweep() and store.sweep() == []


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("")
    for wanted in (tmp_path / "file", tmp_path / "file" / "below"):
        for write in (True, False):
            with pytest.raises(StoreFailed, match=r"file is no folder\. Name another folder"):
                DirectoryStore(wanted).check(write=write)


def test_a_folder_that_can_not_be_written_is_refused_before(store, monkeypatch):
    store.check()
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK)
    for write in (True, False):
        with pytest.raises(StoreFailed, match=r"can't be written .*Permission denied\. Let the user"):
            store.check(write=write)
    assert store.names() == {}


def test_looking_makes_no_folder(store):
    store.check(write=False)
    assert store.names() == {} and store.sweep() == [] and store.free_bytes() > 0
    with store.alone() as alone:
        assert alone
    assert not store.root.parent.exists()


@pytest.mark.parametrize("name", ["../x", "/x", ".x", "", "a/b"])
def test_names_stay_in_the_store(store, name):
    with pytest.raises(InvalidInput):
        store.put(name, io.BytesIO(b""))
    with pytest.raises(InvalidInput), store.open(name):
        pass


def test_what_root_writes_is_of_the_folders_owner(store, monkeypatch):
    store.check()
    given = []
    owner = os.stat_result((0o40700, 1, 1, 1, 1000, 1001, 0, 0, 0, 0))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.fchown", lambda _file, uid, gid: given.append((uid, gid)))
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **more: owner if self == store.root else real(self, **more))
    store.put("one", io.BytesIO(b"x"))
    assert given == [(1000, 1001)]


def test_a_store_is_named():
    with pytest.raises(InvalidInput, match="No place"):
        store_of({})


def test_s3_without_its_library_and_without_an_address(monkeypatch):
    options = {"bucket": "b", "access_key": "a", "secret_key": "s", "endpoint_url": "s3.example.com"}
    with pytest.raises(InvalidInput, match="is no address"):
        store_of({"s3": options})
    with pytest.raises(InvalidInput, match=r"ca_path .* is not there"):
        store_of({"s3": {**options, "endpoint_url": "https://s3.example.com", "ca_path": "/nowhere"}})
    monkeypatch.setattr(_store_s3, "HAS_BOTO3", False)
    with pytest.raises(InvalidInput, match="boto3 is not on this host"):
        store_of({"s3": options})


# --- what stays ----------------------------------------------------------------------------------------------------


def staying(store: DirectoryStore, **rules: Any) -> list[str]:
    """Ages in days of those that stay."""
    listed = manifests.listed(store)
    found = _store_keep.kept(listed, store.names(), _store_keep.Rules(**rules), NOW)
    return [str((NOW - datetime.fromisoformat(one.created)).days) for one in listed if one.name in found]


def test_count_and_age_each_keep(store):
    for days in (1, 2, 10, 20, 30):
        backup(store, days)
    assert staying(store) == ["1", "2", "10", "20", "30"]
    assert staying(store, keep=2) == ["1", "2"]
    assert staying(store, keep_days=15) == ["1", "2", "10"]
    assert staying(store, keep=1, keep_days=15) == ["1", "2", "10"]
    assert staying(store, keep=4, keep_days=5) == ["1", "2", "10", "20"]


def test_instances_do_not_take_each_others_places(store):
    for days in (1, 2):
        backup(store, days)
    for days in (3, 4):
        backup(store, days, instance="staging")
    assert staying(store, keep=1) == ["1", "3"]


def test_one_that_can_not_be_relied_on_takes_no_place(store):
    kept = [backup(store, days) for days in (1, 2, 3, 4)]
    store.delete(kept[0].archive)
    store.put(kept[1].archive, io.BytesIO(b"short"))
    assert staying(store, keep=1) == ["1", "2", "3"]


def test_the_newest_proven_ones_stay(store):
    for days, proven in ((1, {}), (5, {"checksum": "x"}), (6, {"drill": "x"}), (7, {"rehearsal": "x"}), (8, {})):
        backup(store, days, proven=proven)
    assert staying(store, keep=1) == ["1", "5", "6"]
    assert staying(store, keep=1, proven=False) == ["1"]


def test_the_ways_back_of_upgrades_stay(store):
    backup(store, 1)
    backup(store, 2, **upgrade())
    backup(store, 3, **upgrade())
    backup(store, 4, **upgrade(finished="x"))
    backup(store, 5, **upgrade())
    assert staying(store, keep=1, proven=False) == ["1", "2", "3"]
    assert staying(store, keep=1, proven=False, upgrade=False) == ["1"]


def test_the_last_way_back_stays_after_its_upgrade(store):
    backup(store, 1)
    backup(store, 4, **upgrade(finished="x"))
    backup(store, 5, **upgrade(taken_back="x"))
    assert staying(store, keep=1, proven=False) == ["1", "4"]


# --- backup_prune --------------------------------------------------------------------------------------------------


def prune(run_module: Any, store: DirectoryStore, **more: Any) -> dict[str, Any]:
    check_mode = more.pop("check_mode", False)
    return run_module(BackupPrune, {"store_directory": str(store.root), **more}, check_mode=check_mode, diff=True)


def test_prune_removes_whole_backups_and_says_why_the_others_stay(run_module, store):
    old, new = backup(store, 400), backup(store, 1)
    before = store.names()
    planned = prune(run_module, store, keep=1, check_mode=True)
    assert store.names() == before
    result = prune(run_module, store, keep=1)
    assert {**planned, "free_bytes": 0} == {**result, "free_bytes": 0} and result["changed"]
    assert result["removed"] == [old.name]
    assert result["kept"] == [{"name": new.name, "why": "one of the newest 1"}]
    assert sorted(store.names()) == sorted(new.all_files)
    assert not prune(run_module, store, keep=1)["changed"]


def test_prune_sweeps_what_killed_runs_left(run_module, store):
    whole = backup(store, 1)
    orphan = manifests.new_name(store.names(), "production", NOW)
    for name in (f"{orphan}.tar.gz.gpg", f"{orphan}.keys.gpg", "notes.txt"):
        store.put(name, io.BytesIO(b"x"))
    (store.root / ".appsmith-x.tar.gz.gpg.part").write_bytes(b"x")
    left = [f"{orphan}.keys.gpg", f"{orphan}.tar.gz.gpg", ".appsmith-x.tar.gz.gpg.part"]
    with store.hold():
        # A run that goes on will write its manifest yet.
        assert prune(run_module, store, check_mode=True)["swept"] == left[2:]
        for name in left[:2]:
            os.utime(store.root / name, (0, time.time() - 2 * 24 * 3600))
        assert prune(run_module, store, check_mode=True)["swept"] == left
        os.utime(store.root / left[0])
        os.utime(store.root / left[1])
    planned = prune(run_module, store, keep=0, check_mode=True)
    result = prune(run_module, store, keep=0)
    assert planned["swept"] == result["swept"] == left and result["changed"] and result["removed"] == []
    assert sorted(store.names()) == sorted([*whole.all_files, "notes.txt"])
    assert not prune(run_module, store)["changed"]


def test_prune_refuses_before_anything(run_module, store, tmp_path):
    assert "less than 0" in prune(run_module, store, keep=-1)["msg"]
    (tmp_path / "backups").write_text("a file")
    result = prune(run_module, store, writable=True)
    assert result["failed"] and "is no folder" in result["msg"] and not result["changed"]


# --- backup_info ---------------------------------------------------------------------------------------------------


def info(run_module: Any, store: DirectoryStore, **more: Any) -> list[dict[str, Any]]:
    result = run_module(BackupInfo, {"store_directory": str(store.root), **more})
    assert not result["changed"] and PHRASE not in json.dumps(result)
    return result.get("backups", result)


def test_info_lists_what_is_there_newest_first(run_module, store):
    old, new = backup(store, 3), backup(store, 1, proven={"checksum": "x", "drill": "2026-11-22T09:00:00Z"})
    backup(store, 2, instance="staging")
    found = info(run_module, store, instance="production")
    assert [one["name"] for one in found] == [new.name, old.name]
    assert found[0] == {**new.as_dict(), "problem": None, "paths": [f"{store.root}/{name}" for name in new.all_files]}
    assert found[0]["proven"]["drill"] and not found[1]["proven"]["drill"]
    assert [one["name"] for one in info(run_module, store, name=old.name)] == [old.name]
    assert len(info(run_module, store)) == 3


def test_info_of_nothing(run_module, store):
    assert info(run_module, store) == []
    assert "There is no backup nothing" in info(run_module, store, name="nothing")["msg"]


def test_info_of_another_instances_backup(run_module, store):
    one = backup(store, 3, instance="staging")
    assert "of staging, not of production" in info(run_module, store, name=one.name, instance="production")["msg"]


def test_info_says_what_can_not_be_relied_on(run_module, store):
    ages = dict(enumerate(("sound", "short", "gone", "no keys", "damaged"), start=1))
    found = {what: backup(store, days) for days, what in ages.items()}
    store.put(found["short"].archive, io.BytesIO(b"short"))
    store.delete(found["gone"].archive)
    store.delete(found["no keys"].file.replace(".json", ".keys.gpg"))
    store.put(found["damaged"].file, io.BytesIO(b"{"))
    told = {ages[days]: entry["problem"] for days, entry in enumerate(info(run_module, store), start=1)}
    assert told["sound"] is None
    assert "has 5 bytes, it had 7" in told["short"] and "tar.gz.gpg is not there" in told["gone"]
    assert "keys.gpg is not there" in told["no keys"] and "no JSON" in told["damaged"]


def test_verify_reads_to_the_end_and_decrypts(run_module, tmp_path, monkeypatch):
    hurry(monkeypatch)
    volume = make_volume(tmp_path / "volume")
    whole, _manifest = make_backup(tmp_path / "whole", volume, passphrase=PHRASE)
    changed, manifest = make_backup(tmp_path / "changed", volume, passphrase=PHRASE)
    path = changed.root / manifest.archive
    bytes_of = bytearray(path.read_bytes())
    bytes_of[-10] ^= 1
    path.write_bytes(bytes_of)
    more: dict[str, str]
    for more in ({}, {"passphrase": PHRASE}):
        assert info(run_module, whole, verify=True, **more)[0]["problem"] is None
        assert "its checksum differs" in info(run_module, changed, verify=True, **more)[0]["problem"]
    more = {"passphrase": "another"}
    assert "can't be decrypted" in info(run_module, whole, verify=True, **more)[0]["problem"]
    assert "its checksum differs" in info(run_module, changed, verify=True, **more)[0]["problem"]


def test_verify_compares_what_is_in_it_with_the_manifest(run_module, tmp_path, monkeypatch):
    hurry(monkeypatch)
    store, manifest = make_backup(tmp_path / "backups", make_volume(tmp_path / "volume"), passphrase=PHRASE)
    manifests.write(store, replace(manifest, files=manifest.files + 1))
    assert info(run_module, store, verify=True)[0]["problem"] is None
    assert "its manifest says" in info(run_module, store, verify=True, passphrase=PHRASE)[0]["problem"]


# --- backup_record -------------------------------------------------------------------------------------------------


def record(run_module: Any, store: DirectoryStore, name: str, **more: Any) -> dict[str, Any]:
    check_mode = more.pop("check_mode", False)
    params = {"store_directory": str(store.root), "name": name, **more}
    return run_module(BackupRecord, params, check_mode=check_mode, diff=True)


def test_record_merges_and_is_done_once(run_module, store):
    one = backup(store, 1, **upgrade())
    changes = {"upgrade": {"finished": "2026-11-22T09:00:00Z"}, "proven": {"drill": "x"}}
    planned = record(run_module, store, one.name, changes=changes, check_mode=True)
    assert planned["changed"] and manifests.read(store, one.name) == one
    assert record(run_module, store, one.name, changes=changes) == planned
    after = manifests.read(store, one.name)
    assert after.upgrade == {**one.upgrade, "finished": "2026-11-22T09:00:00Z"}
    assert after.proven == {**one.proven, "drill": "x"}
    assert not record(run_module, store, one.name, changes=changes)["changed"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "x", "size": 1}, "sha256, size of a backup can't be changed"),
        ({"proven": {"drill": 1}}, "proven can't be understood"),
        ({"reason": "whim"}, "reason is none that a backup has"),
    ],
)
def test_record_refuses_what_it_could_not_read_again(run_module, store, changes, said):
    one = backup(store, 1)
    result = record(run_module, store, one.name, changes=changes)
    assert result["failed"] and said in result["msg"] and not result["changed"]
    assert manifests.read(store, one.name) == one


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_backup_arrives_whole(run_module, store, tmp_path, monkeypatch, elsewhere):
    origin = DirectoryStore(tmp_path / "arriving")
    one = backup(origin, 1)
    if elsewhere:
        # Another file system.
        def adopt(self: Any, name: str, path: Path) -> None:
            error = OSError(errno.EXDEV, "Invalid cross-device link")
            raise StoreFailed("no") from error

        monkeypatch.setattr(DirectoryStore, "adopt", adopt)
    assert record(run_module, store, one.name, source=str(origin.root), check_mode=True)["changed"]
    assert sorted(origin.names()) == sorted(one.all_files) and store.names() == {}
    result = record(run_module, store, one.name, source=str(origin.root))
    assert result["changed"] and result["backup"]["proven"]["checksum"]
    assert sorted(store.names()) == sorted(one.all_files) and origin.names() == {}
    assert replace(manifests.read(store, one.name), proven=one.proven) == one
    assert {stat.S_IMODE((store.root / name).stat().st_mode) for name in one.all_files} == {0o600}
    # A run that was killed after it had arrived does it again.
    assert not record(run_module, store, one.name, source=str(origin.root))["changed"]


def test_a_backup_that_was_damaged_on_its_way_does_not_arrive(run_module, store, tmp_path):
    origin = DirectoryStore(tmp_path / "arriving")
    one = backup(origin, 1)
    origin.put(one.archive, io.BytesIO(b"Archive"))
    result = record(run_module, store, one.name, source=str(origin.root))
    assert result["failed"] and "did not arrive as it was sent" in result["msg"]
    assert store.names() == {} and manifests.listed(store) == []


def test_verify_names_what_is_missing(store):
    one = backup(store, 1)
    store.delete(one.archive)
    with pytest.raises(AppsmithError, match=r"tar\.gz\.gpg is not there"):
        _store_proof.verify(store, one)
