# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module restore, on real folders with real tar and gpg; its appsmithctl asks in the words of the real one."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _appsmithctl,
    _archive,
    _backup_archive,
    _backup_manifest,
    _gpg,
    _restore_place,
    _restore_unpack,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import HOT_PARTS, pack
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import Disk
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_swap import Swap
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore
from backup_world import ENV, KEYS, NAME, PASSPHRASE, SECRETS, make_backup, make_volume, state_of

FAKE = Path(__file__).parent / "hosts" / "restoring.py"
OTHER = ("un-like-1", "un-like-2")
VENDOR = "appsmith-backup-2026-11-22T08-15-00.000Z.tar.gz"
EXTERNAL = ENV.replace("@localhost:27017", "@mongo-1.example.com,mongo-2.example.com")


class Host:
    """An instance's host with one backup of it, and what the instance became since."""

    def __init__(self, folder: Path, run_module: Callable[..., dict[str, Any]]) -> None:
        self.folder = folder
        self.root = folder / "stacks"
        self.store_folder = folder / "store"
        self.run_module = run_module
        self.manifest: _backup_manifest.Manifest
        self.behave()

    # -- what there is ------------------------------------------------------------------------------------------------
    def take(self, method: str = "cold", *, passphrase: str | None = None, env: str = ENV, **more: Any) -> None:
        """A backup of an instance at v1.91, which then goes on to v1.92 and other content."""
        make_volume(self.root)
        for ours in self.root.glob(".stagecraft*"):
            shutil.rmtree(ours)
        self.env.write_text(env)
        given = {"keys_fingerprint": _archive.fingerprint(KEYS), **more}
        if method == "cold":
            _store, self.manifest = make_backup(self.store_folder, self.root, passphrase=passphrase, **given)
        else:
            self._take_hot(passphrase, given)
        self.backup = without_ours(state_of(self.root))
        (self.root / "configuration/docker.env").write_text(env + "APPSMITH_LATER=1\n")
        (self.root / "data/mongodb/WiredTiger").write_bytes(b"newer")
        (self.root / "data/mongodb/db").write_text("newer")
        (self.root / "git-storage/ws/app/newer").write_text("newer")
        (self.root / "later").mkdir()
        self.now = state_of(self.root)

    def _take_hot(self, passphrase: str | None, given: dict[str, Any]) -> None:
        store = DirectoryStore(self.store_folder)
        archive = f"{NAME}.tar.gz.gpg" if passphrase else f"{NAME}.tar.gz"

        def fill(packer: _backup_archive.Packer) -> None:
            packer.add_bytes(f"appsmithctl/{VENDOR}", self._vendor())
            pack(packer, self.root, HOT_PARTS, secrets=bool(passphrase))

        written = _backup_archive.write_archive(store, archive, {"name": NAME}, fill, passphrase)
        keys = _backup_archive.write_keys(store, NAME, KEYS, passphrase) if passphrase else None
        self.manifest = _backup_manifest.Manifest(
            **{
                "name": NAME,
                "instance": "production",
                "archive": archive,
                "keys_file": keys,
                "method": "hot",
                "reason": "manual",
                "created": _backup_manifest.created_of(NAME),
                "version": "v1.91",
                "size": written.size,
                "sha256": written.sha256,
                "encrypted": bool(passphrase),
                "database": "embedded",
                "files": written.tally.files,
                "bytes": written.tally.bytes,
                "members": written.tally.members,
                **given,
            }
        )
        _backup_manifest.write(store, self.manifest)

    def _vendor(self) -> bytes:
        kept = "".join(
            f"{line}\n"
            for line in self.env.read_text().splitlines()
            if not line.startswith(("APPSMITH_ENCRYPTION", "APPSMITH_MONGODB", "APPSMITH_DB_URL="))
        )
        members = {
            "manifest.json": json.dumps({"appsmithVersion": "v1.91", "dbName": "appsmith"}).encode(),
            "mongodb-data.gz": gzip.compress(b"the database of the backup"),
            "docker.env": kept.encode(),
            "git-storage/ws/app/.git/HEAD": b"ref: refs/heads/master\n",
        }
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return packed.getvalue()

    def rewrite(self, **changes: Any) -> None:
        self.manifest = replace(self.manifest, **changes)
        _backup_manifest.write(DirectoryStore(self.store_folder), self.manifest)

    def behave(self, version: str = "v1.91", **more: Any) -> None:
        (self.folder / "behaviour.json").write_text(json.dumps({"version": version, **more}))

    @property
    def env(self) -> Path:
        return self.root / "configuration" / "docker.env"

    @property
    def archive(self) -> Path:
        return self.store_folder / self.manifest.archive

    @property
    def database(self) -> str:
        return (self.root / "data/mongodb/db").read_text()

    @property
    def called(self) -> list[str]:
        log = self.folder / "called.txt"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def answers(self) -> list[str]:
        return json.loads((self.folder / "answers.json").read_text())

    def state(self) -> dict[str, Any]:
        state = state_of(self.root)
        state.pop(".stagecraft.lock", None)
        return state

    # -- what is done -------------------------------------------------------------------------------------------------
    def run(self, state: str, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        params: dict[str, Any] = {
            "exec": [sys.executable, str(FAKE), str(self.root)],
            "directory": str(self.root),
            "timeout": 30,
            "state": state,
            "minimum_free_mb": 1,
        }
        if state in ("checked", "placed"):
            params |= {"store_directory": str(self.store_folder), "backup": NAME, "passphrase": PASSPHRASE}
        result = self.run_module("restore", {**params, **more}, check_mode=check_mode)
        text = json.dumps(result)
        assert not [secret for secret in (*SECRETS, *OTHER) if secret in text], "a secret is in the result"
        return result

    def ok(self, state: str, **more: Any) -> dict[str, Any]:
        result = self.run(state, **more)
        assert not result["failed"], result["msg"]
        return result


@pytest.fixture
def host(tmp_path: Path, run_module: Any, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr("sys.stdin", None)
    # The whole machine's disks; what it is for needs a power failure.
    monkeypatch.setattr(Disk, "flush", lambda self: None)
    # What makes guessing slow would make these tests slow.
    monkeypatch.setattr(_archive, "_ROUNDS", 1)
    quick = tuple("65536" if option == "65011712" else option for option in _gpg.ENCRYPT)
    monkeypatch.setattr(_gpg, "ENCRYPT", quick)
    return Host(tmp_path, run_module)


def without_ours(state: dict[str, Any]) -> dict[str, Any]:
    return {name: what for name, what in state.items() if not name.startswith(".stagecraft")}


def unlike(found: dict[str, Any], wanted: dict[str, Any]) -> set[str]:
    return {name for name in {*found, *wanted} if found.get(name) != wanted.get(name)}


# --- cold ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_a_cold_backup_is_exact(host: Host, passphrase: str | None) -> None:
    host.take(passphrase=passphrase)
    looked = host.ok("checked", version="v1.91")
    assert not looked["changed"] and looked["proven"] == ["checksum", "contents", "keys"]
    assert looked["backup"]["name"] == NAME and looked["steps"] == ["placed", "confirmed"]
    assert host.state() == host.now
    placed = host.ok("placed", version="v1.91")
    assert placed["changed"] and placed["steps"] == ["confirmed"] and placed["unfinished"] is None
    assert unlike(without_ours(host.state()), host.backup) <= (
        {"configuration/docker.env"} if not passphrase else set()
    )
    assert _archive.read_env_file(host.env) == _archive.parse_env(ENV)
    # A hard link is one still, and times are those of then.
    assert (host.root / "git-storage/ws/app/.git/HEAD").stat().st_nlink == 2
    assert not host.ok("restored")["changed"]
    done = host.ok("confirmed", keep_before=False)
    assert done["changed"] and done["left_over"] == [] and not (host.root / ".stagecraft-restore").exists()
    assert not host.ok("confirmed")["changed"] and not host.ok("undone")["changed"]


def test_undone_is_exact_too(host: Host) -> None:
    host.take()
    host.ok("placed")
    (host.root / "data/mongodb/made-by-the-instance").write_text("x")
    assert host.ok("undone")["changed"] and host.state() == host.now
    assert not host.ok("undone")["changed"]


def test_what_was_there_can_be_kept(host: Host) -> None:
    host.take()
    host.ok("placed")
    (kept,) = host.ok("confirmed")["left_over"]
    assert (Path(kept) / "data/mongodb/db").read_text() == "newer"


def test_check_mode_does_all_checks_and_touches_nothing(host: Host) -> None:
    host.take()
    result = host.ok("placed", check_mode=True)
    assert result["changed"] and result["proven"] == ["checksum", "contents", "keys"] and host.state() == host.now
    host.ok("placed")
    placed = host.state()
    assert host.ok("confirmed", check_mode=True)["changed"] and host.ok("undone", check_mode=True)["changed"]
    assert host.state() == placed


def test_newest_is_the_newest_that_there_is(host: Host) -> None:
    host.take()
    assert host.ok("checked", backup="newest")["backup"]["name"] == NAME
    assert "There is no backup" in host.run("checked", backup="newest", instance="other")["msg"]
    (host.store_folder / "appsmith-production-20261123T081500Z.json").write_text("{")
    result = host.run("checked", backup="newest")
    assert "The newest backup can't be used" in result["msg"] and "20261123" in result["msg"]


def test_into_an_empty_folder(host: Host) -> None:
    """A drill's clone, or a new host."""
    host.take(passphrase=PASSPHRASE)
    host.root = host.folder / "clone"
    host.root.mkdir()
    host.ok("placed", own_database=True)
    assert unlike(without_ours(host.state()), host.backup) == {
        *("data/backup", "data/backup/appsmith-backup-1.tar.gz", "data/restore", "logs", "logs/backend"),
        *("data/restore/appsmith-data.archive", "logs/backend/backend.log"),
    }


def test_without_encryption_the_secrets_are_those_that_are_there(host: Host) -> None:
    host.take(passphrase=None, env=ENV + "APPSMITH_THEN=1\n")
    assert host.ok("placed")["proven"] == ["checksum", "contents", "keys"]
    values = _archive.read_env_file(host.env)
    assert values == {**_archive.parse_env(ENV), "APPSMITH_THEN": "1"}


def test_without_encryption_a_database_whose_password_is_gone_is_refused(host: Host) -> None:
    host.take(passphrase=None)
    host.root = host.folder / "clone"
    host.root.mkdir()
    result = host.run("placed", encryption_password=KEYS[0], encryption_salt=KEYS[1])
    assert "could not be opened" in result["msg"] and not result["changed"]
    assert host.state() == {}


def test_a_clone_does_not_come_near_the_databases_of_its_original(host: Host) -> None:
    redis = "APPSMITH_REDIS_URL=redis://:made-up-redis@redis.example.com\n"
    host.take("hot", passphrase=PASSPHRASE, env=EXTERNAL + redis, database="external")
    host.root = host.folder / "clone"
    host.root.mkdir()
    assert host.ok("placed", own_database=True)["steps"] == ["restored", "confirmed"]
    values = _archive.read_env_file(host.env)
    assert values["APPSMITH_DB_URL"].endswith("@localhost:27017/appsmith") and "mongo-1" not in host.env.read_text()
    assert values["APPSMITH_REDIS_URL"] == "redis://127.0.0.1:6379"
    host.ok("restored")
    assert not [call for call in host.called if "mongo-eval" in call]


# --- refused before anything is touched ------------------------------------------------------------------------------


def spoil(host: Host, how: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Make the restore impossible; returns further options."""
    host.take(passphrase=PASSPHRASE if how in ("passphrase", "no passphrase", "keys file", "gpg") else None)
    content = host.archive.read_bytes()
    middle = len(content) // 2
    if how == "short":
        host.archive.write_bytes(content[:-1])
    elif how == "byte":
        host.archive.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif how == "gone":
        host.archive.unlink()
    elif how == "manifest":
        host.rewrite(bytes=host.manifest.bytes + 1)
    elif how == "keys file":
        host.env.write_text(f"APPSMITH_ENCRYPTION_PASSWORD={OTHER[0]}\nAPPSMITH_ENCRYPTION_SALT={OTHER[1]}\n")
        monkeypatch.setattr(_restore_place, "keys_in", lambda env: None)
        (host.store_folder / f"{NAME}.keys.gpg").unlink()
    elif how == "disk":
        return {"minimum_free_mb": 1 << 40}
    elif how == "gpg":
        monkeypatch.setenv("PATH", str(host.folder))
    elif how == "external":
        host.env.write_text(EXTERNAL)
    elif how == "mount":
        monkeypatch.setattr(Swap, "_elsewhere", lambda self, path, device: path == "git-storage")
    return {
        "name": {"backup": "appsmith-production-20200101T000000Z"},
        "passphrase": {"passphrase": "made-up but wrong"},
        "no passphrase": {"passphrase": None},
        "version": {"version": "v1.92"},
        "keys": {"encryption_password": OTHER[0], "encryption_salt": OTHER[1]},
        "folder": {"directory": str(host.folder / "none")},
    }.get(how, {})


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("short", "is short"),
        ("byte", "its checksum differs"),
        ("gone", "is not in"),
        ("manifest", "its manifest says"),
        ("name", f"There is: {NAME}"),
        ("passphrase", "the passphrase is wrong"),
        ("no passphrase", "no passphrase was given"),
        ("version", "is of v1.91, and v1.92 is to run on it"),
        ("keys", "other encryption keys than those that are given"),
        ("keys file", f"{NAME}.keys.gpg, is missing"),
        ("disk", "the restore of"),
        ("gpg", "gpg is not on this host"),
        ("external", "The instance has an external database"),
        ("mount", "git-storage in"),
        ("folder", "is no folder"),
    ],
)
@pytest.mark.parametrize("state", ["checked", "placed"])
def test_refused_before_anything_is_touched(
    host: Host, how: str, said: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = spoil(host, how, monkeypatch)
    before = host.state()
    result = host.run(state, **more)
    assert result["failed"] and not result["changed"] and said in result["msg"], result["msg"]
    assert "\n" not in result["msg"] and host.state() == before and host.called == []


def test_a_missing_keys_file_is_no_harm_where_the_keys_are_known(host: Host) -> None:
    host.take(passphrase=PASSPHRASE)
    (host.store_folder / f"{NAME}.keys.gpg").unlink()
    assert "keys" in host.ok("checked")["proven"]


def test_keys_that_nobody_printed_are_warned_about(host: Host) -> None:
    host.take(keys_fingerprint=None)
    result = host.ok("checked")
    assert "keys" not in result["proven"] and any("is not known" in str(text) for text in result["warnings"])


def test_the_keys_of_the_backup_come_into_docker_env(host: Host) -> None:
    """Where the container's environment gave them, docker.env has others, or none."""
    host.take(passphrase=PASSPHRASE, env=ENV.replace(KEYS[0], OTHER[0]))
    host.ok("placed")
    assert _archive.read_env_file(host.env)["APPSMITH_ENCRYPTION_PASSWORD"] == KEYS[0]


def test_a_running_database_is_not_moved_away(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.take()
    monkeypatch.setattr(_restore_place, "database_runs", lambda root: True)
    assert "the instance runs" in host.run("placed")["msg"] and host.state() == host.now


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fills_up_meanwhile(host: Host, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    host.take()
    whole = _restore_unpack._Target._file

    def full(self: Any, tar: Any, name: str, member: Any) -> None:
        if name == "git-storage/ws/app/.git/HEAD":
            raise OSError(code, os.strerror(code))
        whole(self, tar, name, member)

    monkeypatch.setattr(_restore_unpack._Target, "_file", full)
    result = host.run("placed")
    assert os.strerror(code) in result["msg"] and ("Make room" in result["msg"]) == (code == errno.ENOSPC)
    assert host.state() == host.now


# --- an archive from elsewhere ---------------------------------------------------------------------------------------


def member_of(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "bad",
    [
        [member_of("volume/../outside")],
        [member_of("volume//outside")],
        [member_of("volume/a", tarfile.SYMTYPE, "/etc"), member_of("volume/a/passwd")],
        [member_of("volume/data", tarfile.SYMTYPE, "/etc")],
        [member_of("volume/a", tarfile.LNKTYPE, "/etc/passwd")],
        [member_of("volume/a", tarfile.LNKTYPE, "volume/../../x")],
        [member_of("volume/a", tarfile.CHRTYPE)],
        [member_of("volume/a"), member_of("volume/a")],
        [member_of("appsmithctl/../x")],
    ],
)
def test_nothing_is_unpacked_outside(host: Host, bad: list[tarfile.TarInfo], monkeypatch: pytest.MonkeyPatch) -> None:
    host.take()
    store = DirectoryStore(host.store_folder)

    def fill(packer: _backup_archive.Packer) -> None:
        pack(packer, host.root, secrets=True)
        for member in bad:
            packer._add(member, io.BytesIO())

    name = f"{NAME}.tar.gz"
    written = _backup_archive.write_archive(store, name, {"name": NAME}, fill, None)
    host.rewrite(
        archive=name,
        encrypted=False,
        size=written.size,
        sha256=written.sha256,
        files=written.tally.files,
        bytes=written.tally.bytes,
        members=written.tally.members,
    )
    result = host.run("placed")
    assert "does not belong to an instance" in result["msg"], result
    assert host.state() == host.now and not (host.folder / "outside").exists()


# --- hot -------------------------------------------------------------------------------------------------------------


def test_a_hot_backup_begins_with_an_empty_database(host: Host) -> None:
    host.take("hot", passphrase=PASSPHRASE)
    placed = host.ok("placed")
    assert placed["steps"] == ["restored", "confirmed"] and (host.root / "data/backup" / VENDOR).is_file()
    assert [*(host.root / "data/mongodb").iterdir(), *(host.root / "git-storage").iterdir()] == []
    assert "APPSMITH_LATER" not in host.env.read_text() and (host.root / "later").is_dir()
    assert "is not whole" in host.run("confirmed")["msg"]
    restored = host.ok("restored")
    assert restored["changed"] and restored["dialogue"] == "terminal" and host.answers == ["1", ""]
    assert host.database == "the database of the backup" and (host.root / "git-storage/ws/app/.git/HEAD").exists()
    assert not (host.root / "data/backup" / VENDOR).exists(), "it is not encrypted"
    assert not list(host.root.glob("git-storage-*")) and not list(host.env.parent.glob("docker.env.*"))
    assert not host.ok("restored")["changed"]
    host.ok("confirmed", keep_before=False)
    assert not (host.root / ".stagecraft-restore").exists()


def test_a_hot_one_is_undone_as_well(host: Host) -> None:
    host.take("hot")
    host.ok("placed")
    assert host.ok("undone")["changed"] and host.state() == host.now
    host.ok("placed")
    host.ok("restored")
    host.ok("undone")
    assert host.state() == host.now


def test_unattended_where_the_release_can(host: Host) -> None:
    host.behave("v2.4.1", unattended=True)
    host.take("hot", version="v2.4.1")
    host.ok("placed")
    result = host.run("restored")
    # The archive of this test says v1.91 inside.
    assert result["failed"] and host.called[-1] == f"appsmithctl restore --backup-file={VENDOR} --non-interactive"
    assert not (host.folder / "answers.json").exists()
    host.behave("v1.91")
    assert "can't restore unattended" in retried(host)["msg"]


def retried(host: Host) -> dict[str, Any]:
    host.ok("undone")
    host.rewrite(version="v1.91")
    host.ok("placed")
    return host.run("restored", dialogue="unattended")


@pytest.mark.parametrize(
    ("fail", "said", "touched"),
    [
        ("index", "restored nothing", False),
        ("database", "broke off half-way", True),
        ("git", "broke off half-way", True),
        ("silent", "broke off half-way", True),
        ("killed", "broke off half-way (exit 137", True),
        ("keys", "encryption keys in docker.env are not those", True),
        ("version", "told no version", False),
    ],
)
def test_an_exit_of_0_is_not_believed(host: Host, fail: str, said: str, touched: bool) -> None:
    host.take("hot")
    host.ok("placed")
    host.behave(fail=fail)
    result = host.run("restored")
    assert result["failed"] and said in result["msg"] and (touched <= result["changed"])
    host.ok("undone")
    assert host.state() == host.now


def test_another_release_inside_is_refused(host: Host) -> None:
    host.take("hot")
    host.ok("placed")
    host.behave("v1.60")
    placed = host.state()
    assert "is of v1.91, the instance runs v1.60" in host.run("restored")["msg"] and host.state() == placed


def test_steps_that_have_no_beginning(host: Host) -> None:
    host.take("hot")
    assert "No restore has begun" in host.run("restored")["msg"]
    assert not host.ok("confirmed")["changed"]
    host.ok("placed")
    (host.root / "data/backup" / VENDOR).unlink()
    assert "is gone" in host.run("restored")["msg"]
    host.ok("undone")
    (host.root / "data/backup" / VENDOR).write_text("somebody's")
    before = host.state()
    assert "is there already" in host.run("placed")["msg"] and host.state() == before


# --- a run that was killed -------------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def kill_at(monkeypatch: pytest.MonkeyPatch, method: str, count: int) -> None:
    """The process ends at the C(count)th call of a step."""
    done = getattr(Disk, method)
    calls = iter(range(1000))

    def step(self: Disk, *arguments: Any, **more: Any) -> None:
        if next(calls) == count:
            raise Killed
        done(self, *arguments, **more)

    monkeypatch.setattr(Disk, method, step)


@pytest.mark.parametrize("method", ["cold", "hot"])
def test_a_killed_run_is_taken_back_and_begun_anew(host: Host, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host.take(method)
    count = 0
    while True:
        with monkeypatch.context() as patched, pytest.raises((Killed, AssertionError)):
            kill_at(patched, "rename", count)
            host.run("placed")
            raise AssertionError("done")
        count += 1
        unfinished = host.ok("checked")["unfinished"]
        assert unfinished["backup"] == NAME and unfinished["version"] == "v1.91"
        if unfinished["state"] == "placed":
            break
        assert host.ok("undone")["unfinished"] == unfinished
        assert host.state() == host.now
    assert count > 5
    # Begun anew over one that is in place: what was there before all of it would be put back.
    again = host.ok("placed")
    assert again["unfinished"]["state"] == "placed"
    assert [Path(path).name for path in again["left_over"]] == (["after-1"] if method == "cold" else [])
    host.ok("undone")
    state = host.state()
    assert {name: state[name] for name in host.now} == host.now


def test_what_people_did_on_an_unconfirmed_restore_is_kept(host: Host) -> None:
    host.take()
    host.ok("placed")
    (host.root / "data/mongodb/days-of-work").write_text("x")
    (after,) = host.ok("placed")["left_over"]
    assert (Path(after) / "data/mongodb/days-of-work").exists()
    assert len(host.ok("confirmed")["left_over"]) == 2
    host.ok("placed")
    assert [Path(path).name for path in host.ok("confirmed")["left_over"]] == ["kept"]
    host.ok("placed")
    assert [Path(path).name for path in host.ok("confirmed", keep_before=False)["left_over"]] == ["kept"]


def test_two_at_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils import _host_lock
    from ansible_collections.stagecraft.appsmith.plugins.modules import restore

    host.take()
    monkeypatch.setattr(restore, "host_lock", lambda root: _host_lock.host_lock(root, patience=0))
    with _host_lock.host_lock(host.root):
        assert "Another backup or restore is at work" in host.run("placed")["msg"]


# --- an external database --------------------------------------------------------------------------------------------


def external(host: Host, **more: Any) -> Path:
    host.take("hot", env=EXTERNAL, database="external")
    database = host.folder / "external"
    database.write_text("newer, and not in the folder")
    host.behave(database=str(database), **more)
    return database


def test_an_external_database_is_emptied_first(host: Host) -> None:
    database = external(host)
    host.ok("placed", version_before="v1.92")
    host.ok("restored")
    assert [call.split()[1] for call in host.called] == ["stop", "backup", "mongo-eval", "restore"]
    assert database.read_text() == "the database of the backup"
    host.ok("confirmed", keep_before=False)
    assert not (host.root / ".stagecraft-restore").exists()
    assert os.listdir(host.root / "data/backup") == ["appsmith-backup-1.tar.gz"]


@pytest.mark.parametrize("fail", ["", "database", "git", "drop"])
def test_an_external_database_comes_back(host: Host, fail: str) -> None:
    database = external(host, fail=fail)
    host.ok("placed", version_before="v1.92")
    assert host.run("restored")["failed"] == bool(fail)
    assert host.ok("undone")["steps"] == ["undone"]
    looked = host.ok("checked")["unfinished"]
    assert looked["state"] == "database" and looked["ran"] == "v1.92"
    host.behave("v1.92", database=str(database))
    host.ok("undone")
    assert database.read_text() == "newer, and not in the folder" and host.state() == host.now
    assert not host.ok("undone")["changed"]


@pytest.mark.parametrize("how", ["environment", "option"])
def test_where_the_database_is_told_by_more_than_docker_env(host: Host, how: str) -> None:
    """The real server's docker.env names the image's own database whatever the container was given."""
    host.take("hot", database="external")
    assert "its own database" in host.run("checked")["msg"]
    if how == "environment":
        host.behave(environment=dict(line.split("=", 1) for line in EXTERNAL.splitlines()))
    result = host.run("checked", **({"database": "external"} if how == "option" else {}))
    assert not result["failed"] and result["database"] == "external"


def test_an_external_database_that_could_not_be_saved_is_not_touched(host: Host) -> None:
    database = external(host, fail="backup")
    host.ok("placed")
    assert "could not be saved" in host.run("restored")["msg"]
    assert database.exists() and host.called[-1] == "supervisorctl start backend rts"
    assert host.ok("undone")["steps"] == [] and host.state() == host.now


def test_a_killed_one_keeps_what_was_saved_of_the_database(host: Host) -> None:
    """Begun anew, it must not take the emptied database for the one that was there."""
    database = external(host, fail="database")
    host.ok("placed", version_before="v1.92")
    assert host.run("restored")["failed"]
    host.behave(database=str(database))
    assert host.ok("placed", version_before="v1.91")["unfinished"]["emptied"]
    host.ok("restored")
    assert len([call for call in host.called if call == "appsmithctl backup --non-interactive"]) == 1
    host.ok("undone")
    host.behave("v1.92", database=str(database))
    host.ok("undone")
    assert database.read_text() == "newer, and not in the folder" and host.state() == host.now


# --- the dialogue ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [False, True])
def test_questions_are_known_among_echoes_and_control_codes(host: Host, noise: bool) -> None:
    host.take("hot")
    host.ok("placed")
    host.behave(noise=noise)
    host.ok("restored")
    assert host.answers == ["1", ""]


def test_keys_that_only_docker_env_has_are_given_when_asked_for(host: Host) -> None:
    """An empty variable in the container's environment hides docker.env's; it asks after the database is replaced."""
    host.take("hot")
    host.ok("placed")
    host.behave(environment={"APPSMITH_ENCRYPTION_PASSWORD": "", "APPSMITH_ENCRYPTION_SALT": ""})
    host.ok("restored")
    assert host.answers == ["1", *KEYS]


def test_other_keys_from_the_containers_environment_are_found_out(host: Host) -> None:
    host.take("hot")
    host.ok("placed")
    host.behave(environment={"APPSMITH_ENCRYPTION_PASSWORD": OTHER[0], "APPSMITH_ENCRYPTION_SALT": OTHER[1]})
    assert "are not those that the backup was taken with" in host.run("restored")["msg"]


def test_keys_that_docker_env_cannot_hold_stay_in_the_environment(host: Host) -> None:
    odd = ("made-up-$pass'word\\\"1", KEYS[1])
    given = {"encryption_password": odd[0], "encryption_salt": odd[1]}
    for method in ("cold", "hot"):
        host.take(method, keys_fingerprint=_archive.fingerprint(odd))
        assert "keys" in host.ok("checked", **given)["proven"]
        host.ok("placed", **given)
        host.behave(environment={f"APPSMITH_{name.upper()}": value for name, value in given.items()})
        host.ok("restored", **given)
        assert "made-up-$" not in host.env.read_text()
        host.ok("undone")
        shutil.rmtree(host.root)
        shutil.rmtree(host.store_folder)


def test_a_question_without_an_answer_is_given_up_by_itself(host: Host) -> None:
    """Before anything was stopped; with "c" and a wrong index appsmithctl ends, and says so."""
    host.take("hot")
    host.ok("placed")
    host.behave("v1.92")
    control = _appsmithctl.AppsmithCtl([sys.executable, str(FAKE), str(host.root)], timeout=30)
    with pytest.raises(_appsmithctl.ProofFailed, match="of another version"):
        control.restore_in_terminal(VENDOR, name_archive=False)
    assert host.answers == ["1", "c"]
    with pytest.raises(_appsmithctl.ProofFailed, match="does not list gone"):
        control.restore_in_terminal("gone.tar.gz", name_archive=False)
    assert host.answers == ["none"]


def test_without_a_terminal_the_cause_is_named(host: Host) -> None:
    """`docker exec` without -t: appsmithctl reads nothing and ends with 0."""
    host.take("hot")
    host.ok("placed")
    wrapper = [sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:], stdin=-3))"]
    result = host.run("restored", exec_terminal=[*wrapper, sys.executable, str(FAKE), str(host.root)])
    assert result["failed"] and "restored nothing" in result["msg"]


def test_without_pexpect_it_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.take("hot")
    host.ok("placed")
    monkeypatch.setattr(_appsmithctl, "pexpect", None)
    assert "pexpect" in host.run("restored")["msg"] and host.called == []


@pytest.mark.parametrize("text", ["ok: 0", "{ ok: 0.5 }", ""])
def test_a_database_is_empty_only_when_it_was_said(text: str) -> None:
    control = _appsmithctl.AppsmithCtl(["echo", text, "#"])
    with pytest.raises(AppsmithError, match="could not be emptied"):
        control.drop_database()


def test_services_that_are_as_wanted_are_no_error() -> None:
    _appsmithctl.AppsmithCtl(["sh", "-c", "echo backend: ERROR '(not running)'; exit 1"]).services("stop")
    with pytest.raises(AppsmithError, match="refused connection"):
        _appsmithctl.AppsmithCtl(["sh", "-c", "echo refused connection; exit 1"]).services("stop")


def test_a_time_out_is_said() -> None:
    slow = [sys.executable, "-c", "import time; time.sleep(60)"]
    control = _appsmithctl.AppsmithCtl(slow, timeout=1)
    with pytest.raises(AppsmithError, match="not done within 1 s"):
        control.call("backup")
    with pytest.raises(AppsmithError, match="not done within 1 s") as error:
        control.restore_in_terminal("x", name_archive=False)
    assert error.value.changed, "it may have got far"


def test_what_appsmithctl_said_last_of_the_work_is_named() -> None:
    """Real v1.91: the services are started again after a failure, which would push its cause out of the message."""
    said = "\n".join(
        [
            "Error: EROFS: read-only file system, mkdtemp '/tmpkzXMtl'",
            "Starting [ 'backend', 'rts' ]",
            "backend: started",
            "rts: started",
            "Started [ 'backend', 'rts' ]",
        ]
    )
    assert _appsmithctl.Outcome(1, said).tail() == "Error: EROFS: read-only file system, mkdtemp '/tmpkzXMtl'"
    assert _appsmithctl.Outcome(1, "backend: started").tail() == "backend: started"
    assert _appsmithctl.Outcome(1, "").tail() == "nothing"
