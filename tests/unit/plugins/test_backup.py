# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backup: cold and hot, of a database here and elsewhere, refused, broken off, killed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _archive,
    _backup_archive,
    _backup_manifest,
    _backup_take,
    _database,
    _host_lock,
    _stacks,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore
from ansible_collections.stagecraft.appsmith.plugins.modules.backup import Backup
from backup_world import ENV, KEYS, PASSPHRASE, SECRETS, add_socket, hurry, make_volume, state_of

FAKE = Path(__file__).parent / "hosts" / "backed_up.py"
OLD = "appsmith-backup-1.tar.gz"


class Host:
    """The host of an instance, its folder, and the folder for its backups."""

    def __init__(self, root: Path, run_module: Any) -> None:
        self.place = root
        self.root = make_volume(root / "stacks")
        self.folder = root / "store"
        self.store = DirectoryStore(self.folder)
        self.env = self.root / "configuration" / "docker.env"
        self._run = run_module
        self.behave()

    def behave(self, version: str = "v1.91", **more: Any) -> None:
        (self.place / "behaviour.json").write_text(json.dumps({"version": version, **more}))

    def params(self, **more: Any) -> dict[str, Any]:
        return {
            "exec": [sys.executable, str(FAKE), str(self.root)],
            "directory": str(self.root),
            "timeout": 30,
            "minimum_free_mb": 1,
            "instance": "production",
            "passphrase": PASSPHRASE,
            "store_directory": str(self.folder),
            **more,
        }

    def hot(self, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        result: dict[str, Any] = self._run(Backup, self.params(**more), check_mode=check_mode)
        text = json.dumps(result)
        assert not [secret for secret in (*SECRETS, *more.get("secrets", ())) if secret in text], "a secret is said"
        return result

    def cold(self, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        return self.hot(check_mode, **{"method": "cold", "version": "v1.91", **more})

    @property
    def called(self) -> list[str]:
        log = self.place / "called.txt"
        return log.read_text().splitlines() if log.exists() else []

    def manifest(self, result: dict[str, Any]) -> _backup_manifest.Manifest:
        return _backup_manifest.read(self.store, result["backup"]["name"])

    def contents(self, result: dict[str, Any], passphrase: str | None = PASSPHRASE) -> dict[str, bytes | None]:
        found = {}
        with _backup_archive.open_archive(self.store, self.manifest(result), passphrase) as tar:
            for member in _backup_archive.members(tar):
                file = tar.extractfile(member) if member.isreg() else None
                found[member.name] = file.read() if file else None
        return found

    def state(self) -> dict[str, Any]:
        """Of everything, but what the instance was called for, and what is there to be locked."""
        left_out = ("called.txt", ".lock")
        return {name: what for name, what in state_of(self.place).items() if not name.endswith(left_out)}


def warnings(result: dict[str, Any]) -> str:
    return json.dumps(result.get("warnings"))


@pytest.fixture
def host(tmp_path: Path, run_module: Any, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "tmp").mkdir()
    hurry(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return Host(tmp_path / "host", run_module)


# --- what is taken -------------------------------------------------------------------------------------------------


def test_a_cold_one_has_the_files_the_keys_and_the_manifest(host):
    content = {"users": {"count": 1, "digest": "d"}}
    image = {"image": "appsmith/appsmith-ce:v1.60", "image_digest": "sha256:1"}
    result = host.cold(
        version="v1.60", reason="upgrade", upgrade_from="v1.60", upgrade_to="v1.91", content=content, **image
    )
    assert result["changed"] and not result["failed"] and result["database"] == "embedded"
    backup = result["backup"]
    assert host.manifest(result).as_dict() == backup
    name = backup["name"]
    assert result["files"] == [str(host.folder / f"{name}{end}") for end in (".json", ".tar.gz.gpg", ".keys.gpg")]
    assert {stat.S_IMODE(Path(path).stat().st_mode) for path in result["files"]} == {0o600}
    assert sorted(host.store.names()) == sorted(Path(path).name for path in result["files"])
    expected = {
        "format": 2,
        "instance": "production",
        "method": "cold",
        "reason": "upgrade",
        "version": "v1.60",
        "schema": {"server": 11, "client": 2},
        "encrypted": True,
        "database": "embedded",
        "content": content,
        "upgrade": {"from": "v1.60", "to": "v1.91", "finished": "", "taken_back": ""},
        **image,
    }
    assert {key: backup[key] for key in expected} == expected
    assert backup["proven"]["checksum"] >= backup["created"] and not backup["proven"]["drill"]
    assert backup["sha256"] == hashlib.sha256((host.folder / backup["archive"]).read_bytes()).hexdigest()
    assert _archive.same_keys(KEYS, backup["keys_fingerprint"])
    assert _backup_archive.read_keys(host.store, host.manifest(result), PASSPHRASE) == KEYS
    found = host.contents(result)
    about = json.loads(found["about.json"] or b"")
    assert next(iter(found)) == "about.json"
    assert about == {key: backup[key] for key in ("name", "instance", "version", "method", "created")}
    assert found["volume/configuration/docker.env"] == ENV.encode()
    assert found["volume/data/mongodb/WiredTiger"] == (host.root / "data/mongodb/WiredTiger").read_bytes()
    assert not [one for one in found if "data/backup" in one or "logs" in one or ".stagecraft" in one]
    assert host.called == ["env"], "a stopped instance is not called for work"


def test_a_cold_one_needs_no_instance_that_answers(host):
    host.behave(fail="stopped")
    assert not host.cold()["failed"]
    assert not host.cold(exec=["/no/such/command"])["failed"]


def test_a_hot_one_has_appsmithctls_archive_and_leaves_none(host):
    before = state_of(host.root)
    result = host.hot()
    assert result["backup"]["method"] == "hot" and result["backup"]["version"] == "v1.91"
    assert host.called == ["env", "appsmithctl version", "appsmithctl backup --non-interactive"]
    found = host.contents(result)
    (inner,) = [name for name in found if name.startswith("appsmithctl/")]
    (host.place / "inner.tar.gz").write_bytes(found[inner] or b"")
    assert _archive.read_archive(host.place / "inner.tar.gz").version == "v1.91"
    tops = {name.split("/")[1] for name in found if name.startswith("volume/")}
    assert tops == {"configuration", "ssl", "ca-certs", "data"} and "volume/data/caddy/certificates/a.key" in found
    assert not [name for name in found if "mongodb" in name or "git-storage" in name]
    assert set(result["backup"]["members"]) == {"appsmithctl", "configuration", "ssl", "ca-certs", "data/caddy"}
    after = state_of(host.root)
    del after[".stagecraft.lock"]
    assert after == before, "appsmithctl's archive is gone, those of people are there"


def test_what_appsmithctl_itself_removes_is_told(host):
    for number in (2, 3, 4):
        (host.root / "data/backup" / f"appsmith-backup-{number}.tar.gz").touch()
    result = host.hot()
    assert f"removed {OLD}" in warnings(result)


@pytest.mark.parametrize("where", ["docker.env", "environment"])
def test_a_database_elsewhere_is_backed_up_by_appsmithctl_with_the_back_end_stopped(host, where):
    address = "mongodb+srv://appsmith:made-up-mongo@db1.example.com,db2.example.com/appsmith"
    if where == "docker.env":
        host.env.write_text(ENV + f"APPSMITH_DB_URL={address}\n")
    host.behave(environment={"APPSMITH_MONGODB_URI": "x"} if where == "docker.env" else {"APPSMITH_DB_URL": address})
    result = host.cold()
    assert (result["database"], result["backup"]["database"], result["backup"]["method"]) == (*["external"] * 2, "cold")
    work = ["supervisorctl stop backend rts", "appsmithctl backup --non-interactive", "supervisorctl start backend rts"]
    assert host.called[2:] == work
    assert [name for name in host.contents(result) if name.startswith("appsmithctl/")]


@pytest.mark.parametrize(
    ("address", "external"),
    [
        ("mongodb://localhost:27017/appsmith", False),
        ("mongodb://u:p@127.0.0.1/appsmith?x=y", False),
        ("mongodb://u:p@localhost:27017,localhost:27018/a", False),
        ("mongodb://u:p@db.example.com:27017/appsmith", True),
        ("mongodb+srv://u:p@cluster.example.com/appsmith", True),
        ("mongodb://u:p@localhost,db.example.com/appsmith", True),
        ("postgresql://u:p@db.example.com/appsmith", True),
        ("", None),
    ],
)
def test_where_a_database_is(address, external):
    assert _database.is_external({"APPSMITH_DB_URL": "", "APPSMITH_MONGODB_URI": address}) is external


@pytest.mark.parametrize("method", ["hot", "cold"])
def test_one_that_is_not_encrypted_lacks_secrets_and_says_so(host, method):
    (host.env.parent / "docker.env.appsmith-backup-7").write_text(ENV)
    result = host.hot(method=method, version="v1.91", passphrase=None, encrypt=False)
    backup = result["backup"]
    assert (backup["encrypted"], backup["keys_file"]) == (False, None) and backup["archive"].endswith(".tar.gz")
    assert "not encrypted" in warnings(result)
    for name, content in host.contents(result, None).items():
        assert not [secret for secret in SECRETS if secret.encode() in (content or b"")], name
    assert host.contents(result, None)["volume/configuration/docker.env"].endswith(
        b"APPSMITH_MAIL_HOST=mail.example.com\n"
    )


def test_sockets_are_left_out_and_told(host):
    add_socket(host.root / "data/mongodb/mongodb.sock")
    result = host.cold()
    assert "data/mongodb/mongodb.sock" in warnings(result)


def test_two_within_a_second_have_two_names(host):
    names = [host.cold()["backup"]["name"] for _number in (1, 2)]
    assert len(set(names)) == 2 and len(_backup_manifest.listed(host.store)) == 2


# --- the keys ------------------------------------------------------------------------------------------------------


def test_keys_that_only_the_container_was_given_are_kept(host):
    host.env.write_text("APPSMITH_A=b\n")
    host.behave(environment={"APPSMITH_ENCRYPTION_PASSWORD": KEYS[0], "APPSMITH_ENCRYPTION_SALT": KEYS[1]})
    assert _backup_archive.read_keys(host.store, host.manifest(host.hot()), PASSPHRASE) == KEYS


def test_the_containers_keys_win_over_docker_envs(host):
    others = ("made-up-1", "made-up-2")
    host.behave(environment={"APPSMITH_ENCRYPTION_PASSWORD": others[0], "APPSMITH_ENCRYPTION_SALT": others[1]})
    assert _backup_archive.read_keys(host.store, host.manifest(host.hot()), PASSPHRASE) == others
    result = host.hot(encryption_password=KEYS[0], encryption_salt=KEYS[1])
    assert result["failed"] and "not those that the instance runs with" in result["msg"]


def test_unknown_keys_are_refused_before_anything(host):
    host.env.write_text("APPSMITH_A=b\n")
    result = host.cold()
    assert result["failed"] and "Give encryption_password" in result["msg"] and not host.store.names()
    given = host.cold(encryption_password=KEYS[0], encryption_salt=KEYS[1])
    assert _backup_archive.read_keys(host.store, host.manifest(given), PASSPHRASE) == KEYS


def test_fingerprints_of_the_same_keys_differ():
    assert _archive.fingerprint(KEYS) != _archive.fingerprint(KEYS)
    assert not _archive.same_keys((KEYS[0], "other"), _archive.fingerprint(KEYS))


def test_the_way_back_of_an_upgrade_needs_known_keys_encrypted_or_not(host):
    host.env.write_text("APPSMITH_A=b\n")
    bare = {"passphrase": None, "encrypt": False}
    for check_mode in (True, False):
        assert "Give encryption_password" in host.cold(check_mode=check_mode, reason="upgrade", **bare)["msg"]
    assert host.cold(**bare)["backup"]["keys_fingerprint"] is None


# --- refused before anything is touched ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"passphrase": None}, "no passphrase was given"),
        ({"passphrase": ""}, "no passphrase was given"),
        ({"passphrase": "two\nlines"}, "neither line ends"),
        ({"instance": "a/b"}, "can't be part of a file's name"),
        ({"minimum_free_mb": 1 << 30}, "MiB are free at"),
        ({"directory": "/no/such/folder"}, "is no folder of an Appsmith instance"),
        ({"store_directory": None}, "one of the following is required"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_can_not_be_is_refused(host, more, said, check_mode):
    before = host.state()
    for method in ("hot", "cold"):
        result = host.hot(check_mode, method=method, version="v1.91", **more)
        assert result["failed"] and said in result["msg"] and not result.get("changed")
    host.folder.rmdir() if host.folder.is_dir() else None
    assert host.state() == before and not [call for call in host.called if "backup" in call]


def test_the_room_where_appsmithctl_writes_counts_as_well(host, monkeypatch):
    monkeypatch.setattr(_stacks.Stacks, "free_bytes", lambda self: 100)
    assert "where appsmithctl writes" in host.hot()["msg"]
    assert not host.cold()["failed"]


def test_the_folder_for_backups_is_not_backed_up(host):
    result = host.cold(store_directory=str(host.root / "git-storage" / "backups"))
    assert result["failed"] and "in the folder that is backed up" in result["msg"]
    assert not host.cold(store_directory=str(host.root / "data" / "backup" / "ours"))["failed"]


def test_without_gpg_it_is_refused(host, monkeypatch):
    monkeypatch.setenv("PATH", str(host.place))
    result = host.cold()
    assert result["failed"] and "gpg is not on this host" in result["msg"] and not host.folder.exists()


def test_a_cold_one_needs_the_version(host):
    assert "Give version" in host.cold(version=None)["msg"]


def test_what_a_restore_left_half_done_is_not_backed_up(host):
    (host.root / ".stagecraft-restore").mkdir(exist_ok=True)
    (host.root / ".stagecraft-restore" / "state.json").write_text("{}")
    for result in (host.cold(), host.hot()):
        assert result["failed"] and "restore" in result["msg"] and "was broken off" in result["msg"]


def test_a_docker_env_that_only_root_may_read_is_said(host, monkeypatch):
    real = Path.read_text

    def refuse(path, **more):
        if path == host.env:
            raise PermissionError(13, "Permission denied")
        return real(path, **more)

    monkeypatch.setattr(Path, "read_text", refuse)
    result = host.cold()
    assert result["failed"] and "docker.env can't be read: Permission denied. Use become" in result["msg"]


def test_what_appsmithctls_restore_left_half_done_is_not_backed_up(host):
    host.env.rename(f"{host.env}.appsmith-backup-7")
    result = host.cold()
    assert result["failed"] and "docker.env.appsmith-backup-7" in result["msg"]
    assert "Don't start the instance without it" in result["msg"]


def test_a_running_database_is_no_cold_one(host):
    lock = host.root / "data/mongodb/mongod.lock"
    lock.write_text("1\n")
    code = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        result = host.cold()
        assert result["failed"] and "its database in" in result["msg"] and not host.store.names()
        assert not host.cold(check_mode=True)["failed"], "the checks come before it is stopped"
        process.communicate("\n")


def test_one_at_a_time(host, monkeypatch):
    real = _host_lock.host_lock
    monkeypatch.setattr(_backup_take, "host_lock", lambda root: real(root, patience=0))
    with (host.root / ".stagecraft.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = host.cold()
        assert result["failed"] and "Another backup or restore is at work" in result["msg"]
    assert not host.cold()["failed"]


# --- check mode and the estimate -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["hot", "cold"])
def test_check_mode_estimates_and_touches_nothing(host, method):
    before = host.state()
    with (host.root / "data/mongodb/large.wt").open("wb") as file:
        file.truncate(80 << 20)
    before = state_of(host.root)
    result = host.hot(check_mode=True, method=method, version="v1.91", expected_rate=20)
    assert result["changed"] and result["backup"] is None and result["files"] == []
    estimate = result["estimate"]
    assert 80 << 20 < estimate["bytes"] == estimate["archive_bytes"] < 81 << 20 and estimate["seconds"] == 4
    assert state_of(host.root) == before and not host.folder.exists()
    assert "appsmithctl backup --non-interactive" not in host.called


def test_the_estimate_of_a_database_elsewhere_is_what_there_was(host):
    host.behave(environment={"APPSMITH_DB_URL": "mongodb://u:p@db.example.com/a"})
    (host.root / "data/mongodb/WiredTiger").unlink()
    (host.root / "data/mongodb/collection-0.wt").unlink()
    first = host.hot()
    assert host.hot(check_mode=True)["estimate"]["bytes"] == first["backup"]["bytes"]


# --- what goes wrong meanwhile -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("backup", "Not enough space"),
        ("nothing new", "there is no new archive"),
        ("short archive", "can't be read to its end"),
        ("short dump", "can't be read to its end"),
        ("no git", "lacks git-storage"),
        ("other version", "says it is of v1.1"),
        ("version", "told no version"),
        ("stopped", "told no version"),
    ],
)
def test_a_hot_one_that_is_none_is_a_failure_and_leaves_nothing(host, fail, said):
    host.behave(fail=fail)
    result = host.hot()
    assert result["failed"] and said in result["msg"]
    assert not host.store.names(), "nothing of it is left"
    assert os.listdir(host.root / "data/backup") == [OLD], "nor of appsmithctl's"
    assert not (host.root / ".stagecraft-backup.json").exists()


def test_the_back_end_is_started_again_whatever_happened(host):
    host.env.write_text(ENV + "APPSMITH_DB_URL=mongodb://u:p@db.example.com/a\n")
    host.behave(fail="backup")
    assert "Not enough space" in host.cold()["msg"] and host.called[-1] == "supervisorctl start backend rts"
    host.behave(fail="stop")
    assert "could not be stopped" in host.cold()["msg"] and host.called[-1] == "supervisorctl start backend rts"
    host.behave(fail="start")
    assert "could not be started again" in host.cold()["msg"]
    host.behave(fail="already")
    assert not host.cold()["failed"]


@pytest.mark.parametrize("method", ["hot", "cold"])
def test_a_full_disk_leaves_nothing(host, method, monkeypatch):
    def full(self, name, source):
        while source.read(100_000):
            if name.endswith(broken):
                raise AppsmithError(f"no room for {name}")

    real = DirectoryStore.put
    for broken in (".tar.gz.gpg", ".keys.gpg", ".json"):

        def put(self, name, source, broken=broken):
            full(self, name, source) if name.endswith(broken) else real(self, name, source)

        monkeypatch.setattr(DirectoryStore, "put", put)
        result = host.hot(method=method, version="v1.91")
        assert result["failed"] and f"{broken}." in result["msg"] and "no room for" in result["msg"]
        assert not host.store.names() and os.listdir(host.root / "data/backup") == [OLD]
    assert not list((host.place.parent / "tmp").iterdir())


def test_an_instance_that_writes_meanwhile_is_found_out(host, monkeypatch):
    real = _backup_take.write_archive

    def write(*arguments):
        written = real(*arguments)
        (host.root / "git-storage/ws/app/new").touch()
        return written

    monkeypatch.setattr(_backup_take, "write_archive", write)
    result = host.cold()
    assert result["failed"] and "The instance wrote meanwhile: git-storage" in result["msg"]
    assert not host.store.names()


@pytest.mark.parametrize("spoil", ["short", "changed"])
def test_an_archive_that_did_not_arrive_as_it_was_sent_is_none(host, monkeypatch, spoil):
    real = DirectoryStore.put

    def put(self, name, source):
        real(self, name, source)
        path = self.root / name
        if name.endswith(".tar.gz.gpg"):
            content = bytearray(path.read_bytes())
            content[5000] ^= 1
            path.write_bytes(content[:-1] if spoil == "short" else content)

    monkeypatch.setattr(DirectoryStore, "put", put)
    result = host.cold()
    assert result["failed"] and ("is short" if spoil == "short" else "its checksum differs") in result["msg"]
    assert not host.store.names()


# --- killed --------------------------------------------------------------------------------------------------------


def run_alone(host: Host, **more: Any) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which may be killed."""
    code = (
        "import json, sys\n"
        "from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_take import Taking\n"
        "taking = Taking(json.loads(sys.argv[1]), False, print)\n"
        "taking.look()\n"
        "taking.take()\n"
    )
    defaults = {name: option.get("default") for name, option in Backup.spec().items()}
    params = json.dumps({**defaults, **host.params(**more)})
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(host.place.parent / "tmp")}
    return subprocess.run([sys.executable, "-c", code, params], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("external", [False, True])
def test_what_a_killed_one_left_the_next_one_removes(host, external):
    environment = {"APPSMITH_DB_URL": "mongodb://u:p@db.example.com/a"} if external else {}
    host.behave(fail="killed", environment=environment)
    assert run_alone(host, method="cold" if external else "hot").returncode == -9
    assert len(os.listdir(host.root / "data/backup")) == 2 and (host.root / ".stagecraft-backup.json").exists()
    orphan = "appsmith-production-20250101T000000Z.tar.gz.gpg"
    other = "appsmith-other-20250101T000000Z.tar.gz.gpg"
    for name in (orphan, other, f".{orphan}.part"):
        (host.folder / name).touch()
    host.behave(environment=environment)
    calls = len(host.called)
    result = host.hot()
    assert not result["failed"]
    assert os.listdir(host.root / "data/backup") == [OLD] and not (host.root / ".stagecraft-backup.json").exists()
    assert "not encrypted" in warnings(result)
    assert (host.called[calls:][2] == "supervisorctl start backend rts") is external
    assert sorted(host.store.names()) == sorted([other, *(Path(path).name for path in result["files"])])
    assert not list(host.folder.glob(".*.part")) and not list((host.place.parent / "tmp").iterdir())


def test_a_backup_of_people_is_not_taken_for_a_killed_ones(host):
    journal = host.root / ".stagecraft-backup.json"
    journal.write_text(json.dumps({"before": [OLD], "started": 1000.0, "archive": None, "stopped": False}))
    (host.root / "data/backup/appsmith-backup-2.tar.gz").touch()
    assert not host.cold()["failed"] and not journal.exists()
    journal.write_text('{"before": [')
    assert not host.cold()["failed"] and not journal.exists()
    assert sorted(os.listdir(host.root / "data/backup")) == [OLD, "appsmith-backup-2.tar.gz"]
