# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules backup, backup_info and restore, against an appsmithctl that asks in the words of the real one."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _appsmithctl, _archive, _stacks

FAKE = Path(__file__).parent / "hosts" / "instance.py"
KEYS = ("made-up-pass", "made-up-salt")
PASSWORD = "made-up archive $ecret"


class Host:
    """An instance's host: its folder, and how the modules are called there."""

    def __init__(self, root: Path, run_module: Any) -> None:
        self.root = root
        self.run_module = run_module
        (root / "configuration").mkdir(parents=True)
        (root / "data" / "backup").mkdir(parents=True)
        (root / "git-storage" / "old").mkdir(parents=True)
        self.env = root / "configuration" / "docker.env"
        self.env.write_text(
            f"APPSMITH_ENCRYPTION_PASSWORD={KEYS[0]}\nAPPSMITH_ENCRYPTION_SALT={KEYS[1]}\nAPPSMITH_A=b\n"
        )
        self.behave()

    def behave(self, version: str = "v1.91", **more: Any) -> None:
        (self.root / "behaviour.json").write_text(json.dumps({"version": version, **more}))

    def params(self, **more: Any) -> dict[str, Any]:
        prefix = [sys.executable, str(FAKE), str(self.root)]
        return {"exec": prefix, "directory": str(self.root), "timeout": 30, "minimum_free_mb": 1, **more}

    def backup(self, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        return self._run("backup", self.params(**more), check_mode)

    def restore(self, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        params = {"archive": "newest", **self.params(**more)}
        del params["minimum_free_mb"]
        return self._run("restore", params, check_mode)

    def info(self, **more: Any) -> list[dict[str, Any]]:
        return self._run("backup_info", {"directory": str(self.root), **more}, False)["backups"]

    def _run(self, name: str, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        result = self.run_module(name, params, check_mode=check_mode)
        text = json.dumps(result)
        assert not [secret for secret in (*KEYS, PASSWORD) if secret in text], "a secret is in the result"
        return result

    @property
    def archives(self) -> list[Path]:
        return _archive.list_archives(self.root / "data" / "backup")

    @property
    def called(self) -> list[str]:
        log = self.root / "called.txt"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def answers(self) -> list[str]:
        return json.loads((self.root / "answers.json").read_text())

    def state(self) -> dict[str, Any]:
        """What a refusal must leave as it was."""
        files = sorted(path for path in self.root.rglob("*") if path.is_file() and path.name != "called.txt")
        return {str(path): path.read_bytes() for path in files}


@pytest.fixture
def host(tmp_path: Path, run_module: Any, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr("sys.stdin", None)
    from ansible_collections.stagecraft.appsmith.plugins.modules import backup, backup_info, restore

    # The runner gives the connection to modules that it knows by name; these have none.
    classes = {"backup": backup.Backup, "backup_info": backup_info.BackupInfo, "restore": restore.Restore}
    return Host(tmp_path / "stacks", lambda name, *args, **more: run_module(classes[name], *args, **more))


# --- restore -------------------------------------------------------------------------------------------------------


def test_restore_finds_the_archive_by_name_and_keeps_the_keys(host):
    host.backup()
    host.backup()
    wanted = host.archives[0].name
    result = host.restore(archive=wanted)
    assert (
        result["changed"] and result["dialogue"] == "terminal" and result["proven"] == ["contents", "checksum", "keys"]
    )
    assert host.called[-1] == "restore" and host.answers == ["0", ""]
    assert (host.root / "git-storage" / "ws" / "app").is_dir()
    assert len(result["put_aside"]) == 2 and all(Path(path).exists() for path in result["put_aside"])
    assert _archive.read_env_file(host.env)["APPSMITH_ENCRYPTION_PASSWORD"] == KEYS[0]


def test_restore_twice_moves_what_the_first_left_out_of_the_way(host):
    host.backup()
    first = host.restore()
    second = host.restore()
    assert not second["failed"] and second["put_aside"] == first["put_aside"]
    name = _archive.list_archives(host.root / "data" / "backup")[0].name.removesuffix(".tar.gz")
    assert len(list(host.root.glob(f"git-storage-{name}*"))) == 2


def test_restore_with_other_keys_gives_them(host):
    host.backup()
    host.env.write_text("APPSMITH_ENCRYPTION_PASSWORD=x\nAPPSMITH_ENCRYPTION_SALT=y\n")
    result = host.restore(encryption_password=KEYS[0], encryption_salt=KEYS[1])
    assert not result["failed"] and host.answers == ["0", "n", *KEYS]
    assert _archive.read_env_file(host.env)["APPSMITH_ENCRYPTION_SALT"] == KEYS[1]


def test_restore_into_an_instance_without_keys_gives_them(host):
    host.backup()
    host.env.write_text("APPSMITH_A=b\n")
    assert "Give encryption_password" in host.restore()["msg"]
    assert not host.restore(encryption_password=KEYS[0], encryption_salt=KEYS[1])["failed"]
    assert host.answers == ["0", *KEYS]


def test_keys_that_only_docker_env_has_are_given_when_asked_for(host):
    """An empty variable in the container's environment hides docker.env's; it asks after the database is replaced."""
    host.backup()
    host.behave(environment={"APPSMITH_ENCRYPTION_PASSWORD": "", "APPSMITH_ENCRYPTION_SALT": ""})
    assert not host.restore()["failed"]
    assert host.answers == ["0", *KEYS]


def test_other_keys_from_the_containers_environment_are_found_out(host):
    host.backup()
    host.behave(environment={"APPSMITH_ENCRYPTION_PASSWORD": "un-like-1", "APPSMITH_ENCRYPTION_SALT": "un-like-2"})
    result = host.restore()
    assert result["failed"] and "are not those that the archive was taken with" in result["msg"]


def broken_off(host: Host, old: bool) -> Path:
    """A restore killed where it writes docker.env; returns the archive."""
    host.backup()
    host.behave(fail="killed", **{"old words": old})
    result = host.restore()
    assert result["failed"] and "broke off half-way (exit 137" in result["msg"]
    assert not host.env.exists() or not host.env.read_text()
    host.behave()
    return host.archives[0]


@pytest.mark.parametrize("old", [False, True])
def test_a_restore_after_one_that_broke_off_puts_docker_env_back(host, old):
    before = host.env.read_text()
    aside = host.env.with_name(f"docker.env.{broken_off(host, old).name.removesuffix('.tar.gz')}")
    state = host.state()
    planned = host.restore(check_mode=True)
    assert planned["put_back"] == str(aside) and host.state() == state
    assert any("Don't start the instance without it" in str(warning) for warning in planned["warnings"])
    result = host.restore()
    assert not result["failed"] and result["put_back"] == str(aside)
    kept = host.env.parent.glob(f"{aside.name}*")
    assert [path.read_text() for path in kept] == [before, before] and "APPSMITH_A=b" in host.env.read_text()
    assert host.restore()["put_back"] is None


def test_other_modules_name_what_to_do_when_docker_env_is_gone(host):
    broken_off(host, True)
    for result in (host.backup(), host._run("backup_info", {"directory": str(host.root)}, False)):
        assert "A restore broke off" in result["msg"] and "Restore again" in result["msg"]


def test_several_that_docker_env_may_have_been(host):
    """None is guessed, unless the restore of this very archive left one, or all say the same."""
    archive = broken_off(host, True)
    own = host.env.with_name(f"docker.env.{archive.name.removesuffix('.tar.gz')}")
    other = host.env.with_name("docker.env.appsmith-backup-0")
    other.write_text(own.read_text())
    assert host.restore(check_mode=True)["put_back"] == str(own)
    own.rename(own.with_name(f"{own.name}.20261122T000000Z"))
    assert not host.restore(check_mode=True)["failed"]
    other.write_text("APPSMITH_ENCRYPTION_PASSWORD=x\nAPPSMITH_ENCRYPTION_SALT=y\n")
    result = host.restore()
    assert "there are several that it may have been" in result["msg"] and not host.env.exists()


def test_new_keys_after_a_start_without_docker_env_are_told_from_the_old(host):
    """The container made a docker.env of its own meanwhile."""
    broken_off(host, True)
    host.env.write_text("APPSMITH_ENCRYPTION_PASSWORD=x\nAPPSMITH_ENCRYPTION_SALT=y\n")
    message = host.restore()["msg"]
    assert "other encryption keys" in message and "they are in docker.env.appsmith-backup-" in message


def test_restore_of_an_encrypted_one(host):
    host.backup(archive_password=PASSWORD)
    result = host.restore(archive_password=PASSWORD)
    assert not result["failed"] and host.answers == ["0", PASSWORD] and result["proven"] == ["contents", "checksum"]


def test_an_encrypted_one_is_compared_with_keys_from_outside(host):
    """The container's environment wins over the keys that the archive brings."""
    host.backup(archive_password=PASSWORD)
    more = {"archive_password": PASSWORD, "encryption_password": "un-like-1", "encryption_salt": "un-like-2"}
    assert "other encryption keys than the given ones" in host.restore(**more)["msg"]
    more = {"archive_password": PASSWORD, "encryption_password": KEYS[0], "encryption_salt": KEYS[1]}
    assert host.restore(**more)["proven"] == ["contents", "checksum", "keys"]


def test_restore_wants_space(host, monkeypatch):
    host.backup()
    monkeypatch.setattr(_stacks.Stacks, "free_bytes", lambda self: 1)
    result = host.restore()
    assert (
        result["failed"] and "the restore needs about" in result["msg"] and host.called == ["backup --non-interactive"]
    )


def test_restore_without_a_git_storage_makes_one_to_be_put_aside(host):
    host.backup()
    shutil.rmtree(host.root / "git-storage")
    assert not host.restore()["failed"]


def test_restore_is_unattended_where_the_release_can(host):
    host.behave("v2.4.1", unattended=True)
    host.backup()
    result = host.restore()
    assert result["dialogue"] == "unattended" and not result["failed"]
    assert host.called[-1] == f"restore --backup-file={host.archives[0].name} --non-interactive"
    assert not (host.root / "answers.json").exists()


def test_restore_in_a_terminal_names_the_archive_where_the_release_can(host):
    host.behave("v2.4.1", unattended=True)
    host.backup()
    assert host.restore(dialogue="terminal")["dialogue"] == "terminal"
    assert host.called[-1] == f"restore --backup-file={host.archives[0].name}" and host.answers == [""]


def test_restore_in_check_mode_checks_all_and_touches_nothing(host):
    host.backup()
    before = host.state()
    result = host.restore(check_mode=True)
    assert result["changed"] and result["proven"] == ["contents", "checksum", "keys"] and host.state() == before
    assert host.restore(check_mode=True, archive="appsmith-backup-x.tar.gz")["failed"]


def spoil(host: Host, how: str) -> dict[str, Any]:
    """Make the restore impossible; returns further options."""
    archive = host.archives[0]
    content = archive.read_bytes()
    if how == "short":
        archive.write_bytes(content[: len(content) // 2])
    elif how == "byte":
        archive.write_bytes(content[:4] + bytes([content[4] ^ 1]) + content[5:])
    elif how == "grown":
        archive.write_bytes(content + b"\0")
    elif how == "missing":
        return {"archive": "appsmith-backup-2020.tar.gz"}
    elif how == "version":
        host.behave("v1.60")
    elif how == "keys":
        host.env.write_text("APPSMITH_ENCRYPTION_PASSWORD=x\nAPPSMITH_ENCRYPTION_SALT=y\n")
    elif how == "sidecar":
        _archive.sidecar_path(archive).write_text("{")
    elif how == "unattended":
        return {"dialogue": "unattended"}
    elif how == "down":
        host.behave(fail="version")
    return {}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("short", "can't be read to its end"),
        ("byte", "its checksum differs"),
        ("grown", "bytes, it had"),
        ("missing", "There is no backup"),
        ("version", "The archive is of v1.91, the instance runs v1.60"),
        ("keys", "other encryption keys"),
        ("sidecar", "can't be read"),
        ("unattended", "v1.91 can't do it"),
        ("down", "told no version"),
    ],
)
def test_restore_refuses_before_anything_is_touched(host, how, said):
    host.backup()
    more = spoil(host, how)
    before = host.state()
    result = host.restore(**more)
    assert result["failed"] and not result["changed"] and said in result["msg"]
    assert host.state() == before and not any(call.startswith("restore") for call in host.called)


def test_restore_of_another_version_when_allowed(host):
    host.backup()
    host.behave("v1.92")
    assert host.restore(allow_other_version=True)["archive_version"] == "v1.91"
    assert host.answers == ["0", "", ""]


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("index", "restored nothing"),
        ("database", "broke off half-way"),
        ("git", "broke off half-way"),
        ("silent", "broke off half-way"),
        ("keys", "encryption keys in docker.env are not those"),
    ],
)
def test_an_exit_of_0_is_not_believed(host, fail, said):
    host.backup()
    host.behave(fail=fail)
    result = host.restore()
    assert result["failed"] and said in result["msg"] and result["changed"] == (fail != "index")


@pytest.mark.parametrize("old", [False, True])
def test_a_refused_archive_password_is_not_tried_again(host, old):
    """Ctrl-C would be a letter of the password: appsmithctl is led to its own end."""
    host.backup(archive_password=PASSWORD)
    host.behave(fail="password", **{"old words": old})
    result = host.restore(archive_password=PASSWORD)
    assert result["failed"] and "the archive's password is wrong" in result["msg"] and not result["changed"]
    assert host.answers == ["0", PASSWORD, "", ""] and "Aborting the restore process" in result["msg"]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("noise", [False, True])
def test_questions_are_known_among_echoes_and_control_codes(host, noise, old):
    host.behave("v1.40", noise=noise, **{"old words": old})
    host.backup(archive_password=PASSWORD)
    assert not host.restore(archive_password=PASSWORD)["failed"]
    assert host.answers == ["0", PASSWORD]
    host.behave("v1.41", noise=noise, **{"old words": old})
    host.backup()
    host.behave("v1.40", noise=noise, **{"old words": old})
    more = {"encryption_password": KEYS[0], "encryption_salt": KEYS[1], "allow_other_version": True}
    assert not host.restore(**more)["failed"]
    assert host.answers == ["1", "", "n", *KEYS]


def test_a_question_without_an_answer_is_given_up_by_itself(host):
    """Before anything was stopped; with "c" and a wrong index appsmithctl ends, and says so."""
    host.backup()
    host.behave("v1.92")
    control = _appsmithctl.AppsmithCtl(host.params()["exec"], timeout=30)
    with pytest.raises(_appsmithctl.ProofFailed, match="of another version"):
        control.restore_in_terminal(host.archives[0].name, name_archive=False)
    assert host.answers == ["0", "c"]
    with pytest.raises(_appsmithctl.ProofFailed, match="does not list gone"):
        control.restore_in_terminal("gone.tar.gz", name_archive=False)
    assert host.answers == ["none"]


def test_a_backup_password_that_is_not_taken_is_given_up(host):
    host.behave(fail="password")
    result = host.backup(archive_password=PASSWORD)
    assert result["failed"] and "did not take the password" in result["msg"] and not host.archives
    assert host.answers == [PASSWORD, PASSWORD, "", "", "", ""]


def test_without_a_terminal_the_cause_is_named(host):
    """`docker exec` without -t: appsmithctl reads nothing and ends with 0."""
    host.backup()
    wrapper = [sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:], stdin=-3))"]
    result = host.restore(exec_terminal=[*wrapper, sys.executable, str(FAKE), str(host.root)])
    assert result["failed"] and "restored nothing" in result["msg"]


def test_an_archive_in_a_folder_of_its_name_is_read(host, tmp_path):
    """Releases before v1.50 put all into a folder."""
    import tarfile

    host.backup()
    with tarfile.open(host.archives[0]) as archive:
        archive.extractall(tmp_path / "appsmith-backup-x", filter="data")
    old = tmp_path / "appsmith-backup-x.tar.gz"
    with tarfile.open(old, "w:gz") as archive:
        archive.add(tmp_path / "appsmith-backup-x", "appsmith-backup-x")
    assert _archive.read_archive(old).version == "v1.91"


def test_docker_env_is_read_with_and_without_quotes(tmp_path):
    path = tmp_path / "docker.env"
    path.write_text("# A=1\nA=1\nA='2 3'\nB=\"x=y\"\nexport C=4\n\nbroken\n")
    assert _archive.read_env_file(path) == {"A": "2 3", "B": "x=y", "C": "4"}
    assert _archive.read_env_file(tmp_path / "none") == {}


def test_a_time_out_is_said(host):
    slow = [sys.executable, "-c", "import time; time.sleep(60)"]
    control = _appsmithctl.AppsmithCtl(slow, timeout=1)
    with pytest.raises(_appsmithctl.AppsmithError, match="not done within 1 s"):
        control.call("backup")
    with pytest.raises(_appsmithctl.AppsmithError, match="not done within 1 s") as error:
        control.restore_in_terminal("x", name_archive=False)
    assert error.value.changed, "it may have got far"


def test_openssl_missing_is_said(host, monkeypatch):
    host.backup(archive_password=PASSWORD)
    monkeypatch.setenv("PATH", str(Path(shutil.which("true") or "/bin/true").parent / "none"))
    assert "openssl is not on this host" in host.info(verify=True, archive_password=PASSWORD)[0]["problem"]


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
