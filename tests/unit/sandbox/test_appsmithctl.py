# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""appsmithctl of the sandbox: archives, the dialogue on a terminal, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import requests
from appsmith_sandbox import process
from appsmith_sandbox.secrets import env_path, read_env
from appsmith_sandbox.store import Store

SANDBOX = Path(process.__file__).resolve().parent.parent
SUCCESS = "Appsmith instance successfully restored."
KEYS = "Press Enter to continue with existing encryption keys"


class Instance:
    """A running instance with a document and a file in its Git storage."""

    def __init__(self, root: Path, version: str) -> None:
        self.root = root
        self.start(version)
        self.environment = env_path(root).read_bytes()
        self.archive: tuple[str, bytes] | None = None
        self.reset()

    def reset(self) -> None:
        """As it was in the beginning, without archives and what restores have put aside; the backend runs."""
        folder = self.root / "data" / "backup"
        aside = [*self.root.glob("git-storage*"), *env_path(self.root).parent.glob("docker.env.*")]
        for path in [*folder.iterdir(), *(self.root / "data" / "restore").iterdir(), *aside]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        (self.root / "git-storage" / "ws").mkdir(parents=True)
        (self.root / "git-storage" / "ws" / "file").write_text("first", encoding="utf-8")
        self.set("first")
        env_path(self.root).write_bytes(self.environment)
        process.set_backend(self.root, True)
        assert self.healthy()

    def back_up(self) -> None:
        """A real archive of the beginning; made once, where a test is about what comes after."""
        if self.archive is None:
            assert self.ctl("backup").returncode == 0
            (made,) = self.archives()
            self.archive = (made.name, made.read_bytes())
        name, content = self.archive
        (self.root / "data" / "backup" / name).write_bytes(content)

    def start(self, version: str) -> None:
        self.url = f"http://127.0.0.1:{process.start(self.root, 0, version)['port']}"

    def set(self, text: str) -> None:
        store = Store(process.store_path(self.root))
        store.set_setting("note", text)
        store.close()

    @property
    def state(self) -> tuple[str, str]:
        store = Store(process.store_path(self.root))
        note = store.setting("note")
        store.close()
        return note, (self.root / "git-storage" / "ws" / "file").read_text(encoding="utf-8")

    def spoil(self) -> None:
        self.set("second")
        (self.root / "git-storage" / "ws" / "file").write_text("second", encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "appsmith_sandbox", "exec", "--root", str(self.root), "--", *arguments]

    def ctl(self, *arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Without a terminal: a session of its own has none."""
        return subprocess.run(
            self.command("appsmithctl", *arguments),
            env={**os.environ, "PYTHONPATH": str(SANDBOX), **environment},
            input=stdin or "",
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=60,
            check=False,
        )

    def terminal(self, *arguments: str, **environment: str) -> pexpect.spawn:
        command = self.command("appsmithctl", *arguments)
        env = {**os.environ, "PYTHONPATH": str(SANDBOX), **environment}
        return pexpect.spawn(command[0], command[1:], env=env, encoding="utf-8", timeout=30)

    def archives(self) -> list[Path]:
        return sorted((self.root / "data" / "backup").iterdir())

    def healthy(self) -> bool:
        return requests.get(f"{self.url}/api/v1/health", timeout=5).status_code == 200


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = Instance(tmp_path_factory.mktemp("instance"), "v1.91")
    yield made
    process.stop(made.root)


@pytest.fixture
def instance(shared: Instance) -> Instance:
    shared.reset()
    return shared


@pytest.fixture
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    """An instance of another release (the parameter), of this test's own."""
    made = Instance(tmp_path, request.param)
    yield made
    process.stop(made.root)


def _end(child: pexpect.spawn) -> int:
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus is not None
    return int(child.exitstatus)


def test_version_and_help(instance: Instance) -> None:
    assert instance.ctl("version").stdout == "v1.91\n"
    unknown = instance.ctl("no-such-command")
    assert unknown.returncode == 0 and "Usage" in unknown.stdout


def test_archive(instance: Instance) -> None:
    done = instance.ctl("backup")
    assert done.returncode == 0, done.stderr
    (archive,) = instance.archives()
    assert (
        archive.name.startswith("appsmith-backup-20") and archive.name.endswith("Z.tar.gz") and ":" not in archive.name
    )
    with tarfile.open(archive) as tar:
        names = set(tar.getnames())
        assert {"manifest.json", "mongodb-data.gz", "docker.env", "git-storage", "git-storage/ws/file"} <= names
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
        env = tar.extractfile("docker.env").read().decode()  # type: ignore[union-attr]
    assert manifest == {"appsmithVersion": "v1.91", "dbName": "appsmith"}
    assert "ENCRYPTION" not in env and "MONGODB" not in env and "DB_URL" not in env
    assert "APPSMITH_REDIS_URL" in env


def test_four_archives_are_kept(instance: Instance) -> None:
    folder = instance.root / "data" / "backup"
    for number in range(5):
        (folder / f"appsmith-backup-2020-01-0{number + 1}T00-00-00.000Z.tar.gz").write_bytes(b"x")
    assert instance.ctl("backup").returncode == 0
    assert [path.name[16:26] for path in instance.archives()][:3] == ["2020-01-03", "2020-01-04", "2020-01-05"]
    assert len(instance.archives()) == 4
    assert instance.ctl("backup", APPSMITH_BACKUP_ARCHIVE_LIMIT="1").returncode == 0
    assert len(instance.archives()) == 1


def test_restore_without_a_terminal_changes_nothing(instance: Instance) -> None:
    instance.back_up()
    instance.spoil()
    done = instance.ctl("restore", stdin="0\n\n")
    assert done.returncode == 1 and "TTY" in done.stdout + done.stderr
    assert SUCCESS not in done.stdout
    assert instance.state == ("second", "second")
    assert instance.healthy()


def test_restore_on_a_terminal(instance: Instance) -> None:
    instance.back_up()
    name = instance.archives()[0].name.removesuffix(".tar.gz")
    keys = read_env(instance.root)["APPSMITH_ENCRYPTION_SALT"]
    instance.spoil()
    child = instance.terminal("restore")
    child.expect("1 Appsmith backup file")
    child.expect("Please enter the backup file index: ")
    child.sendline("0")
    child.expect("is compatible")
    child.expect(KEYS)
    assert requests.get(f"{instance.url}/api/v1/health", timeout=5).status_code == 502
    child.sendline("")
    child.expect(SUCCESS)
    assert _end(child) == 0
    assert instance.state == ("first", "first")
    assert (instance.root / f"git-storage-{name}" / "ws" / "file").read_text(encoding="utf-8") == "second"
    assert (instance.root / "configuration" / f"docker.env.{name}").exists()
    assert read_env(instance.root)["APPSMITH_ENCRYPTION_SALT"] == keys
    assert instance.healthy()


def test_other_keys_can_be_given(instance: Instance) -> None:
    instance.back_up()
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline("0")
    child.expect("Or Type")
    child.sendline("n")
    child.expect("Enter the APPSMITH_ENCRYPTION_PASSWORD: ")
    child.sendline("given-password")
    child.expect("Enter the APPSMITH_ENCRYPTION_SALT: ")
    child.sendline("given-salt")
    child.expect(SUCCESS)
    assert "given-password" not in child.before
    assert _end(child) == 0
    assert read_env(instance.root)["APPSMITH_ENCRYPTION_PASSWORD"] == "given-password"


@pytest.mark.parametrize("answer", ["7", "x", ""])
def test_a_bad_index_is_exit_0_and_nothing_restored(instance: Instance, answer: str) -> None:
    instance.back_up()
    instance.spoil()
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline(answer)
    child.expect("Invalid input")
    assert _end(child) == 0
    assert instance.state == ("second", "second")


def test_no_archive_is_exit_0(instance: Instance) -> None:
    done = instance.ctl("restore")
    assert done.returncode == 0 and "0 Appsmith backup file(s) found" in done.stdout


def test_encrypted_archive(instance: Instance) -> None:
    child = instance.terminal("backup")
    child.expect("Enter a password to encrypt the backup archive: ")
    child.sendline("one")
    child.expect("again: ")
    child.sendline("two")
    child.expect("do not match")
    for _time in range(2):
        child.expect(": ")
        child.sendline("archive-password")
    assert _end(child) == 0
    (archive,) = instance.archives()
    assert archive.name.endswith(".tar.gz.enc") and archive.read_bytes().startswith(b"Salted__")
    instance.spoil()
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline("0")
    for _time in range(3):
        child.expect("Enter the password to decrypt the backup archive: ")
        child.sendline("wrong")
    child.expect("incorrect password multiple times")
    assert _end(child) == 0
    assert instance.state == ("second", "second") and instance.archives() == [archive]
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline("0")
    child.expect("decrypt the backup archive: ")
    child.sendline("archive-password")
    assert child.expect([SUCCESS, KEYS]) == 0
    assert _end(child) == 0
    assert instance.state == ("first", "first") and instance.archives() == [archive]


@pytest.mark.parametrize("other", ["v1.99"], indirect=True)
def test_other_version_asks_and_can_be_cancelled(instance: Instance, other: Instance) -> None:
    instance.back_up()
    shutil.copy(instance.archives()[0], other.root / "data" / "backup")
    instance = other
    instance.spoil()
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline("0")
    child.expect("WARNING")
    child.expect('Or Type "c"')
    child.sendline("c")
    assert _end(child) == 0
    assert instance.state == ("second", "second") and instance.healthy()


@pytest.mark.parametrize("other", ["v1.99"], indirect=True)
def test_a_newer_archive_stops_an_older_server(other: Instance) -> None:
    """Only warned about: the database is ahead of the code then, and the backend does not come back."""
    instance = other
    instance.ctl("backup")
    process.stop(instance.root)
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (instance.root / "data" / "mongodb" / name).unlink(missing_ok=True)
    instance.start("v1.91")
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline("0")
    child.expect('Or Type "c"')
    child.sendline("")
    child.expect(KEYS)
    child.sendline("")
    child.expect(SUCCESS)
    assert _end(child) == 0
    assert requests.get(f"{instance.url}/api/v1/health", timeout=5).status_code == 502
    log = (instance.root / "logs" / "backend" / "backend.log").read_text(encoding="utf-8")
    assert "start refused" in log


def test_a_database_of_another_name_leaves_this_one_alone(instance: Instance) -> None:
    instance.back_up()
    instance.spoil()
    for options in (["--backup-db-name=other", "--backup-db-name"], ["--backup-db-name"]):
        child = instance.terminal("restore", *options)
        child.expect("index: ")
        child.sendline("0")
        child.expect("Backup Database Name: (other|undefined)")
        child.expect(KEYS)
        child.sendline("")
        child.expect(SUCCESS)
        assert _end(child) == 0
        assert instance.state[0] == "second"


def test_a_broken_archive_is_exit_1_and_the_backend_comes_back(instance: Instance) -> None:
    (instance.root / "data" / "backup" / "appsmith-backup-2020-01-01T00-00-00.000Z.tar.gz").write_bytes(b"rubbish")
    child = instance.terminal("restore")
    child.expect("index: ")
    child.sendline("0")
    assert _end(child) == 1
    assert instance.state == ("first", "first") and instance.healthy()


@pytest.mark.parametrize("other", ["v2.4.1"], indirect=True)
def test_unattended_restore_of_new_releases(other: Instance) -> None:
    instance = other
    instance.ctl("backup")
    name = instance.archives()[0].name
    unattended = ("restore", "--non-interactive")
    instance.spoil()
    for wrong in ([], ["--backup-file=../x.tar.gz"], ["--backup-file=no.tar.gz"]):
        done = instance.ctl(*unattended, *wrong)
        assert done.returncode == 1 and SUCCESS not in done.stdout
    assert instance.state == ("second", "second")
    done = instance.ctl(*unattended, f"--backup-file={name}")
    assert done.returncode == 0 and SUCCESS in done.stdout, done.stderr
    assert instance.state == ("first", "first")
    instance.spoil()
    process.stop(instance.root)
    instance.start("v2.5.0")
    refused = instance.ctl(*unattended, f"--backup-file={name}")
    assert refused.returncode == 1 and "--force" in refused.stderr and instance.state[0] == "second"
    forced = instance.ctl(*unattended, "--force", f"--backup-file={name}")
    assert forced.returncode == 0 and SUCCESS in forced.stdout
    deadline = time.monotonic() + 5
    while not instance.healthy():
        assert time.monotonic() < deadline
    assert instance.state[0] == "first"


def test_unattended_restore_is_no_option_before(instance: Instance) -> None:
    instance.back_up()
    done = instance.ctl("restore", "--non-interactive", f"--backup-file={instance.archives()[0].name}")
    assert done.returncode == 1 and SUCCESS not in done.stdout


def test_supervisorctl(instance: Instance) -> None:
    def supervisorctl(*arguments: str) -> int:
        command = instance.command("supervisorctl", *arguments)
        env = {**os.environ, "PYTHONPATH": str(SANDBOX)}
        return subprocess.run(command, env=env, capture_output=True, check=False).returncode

    assert supervisorctl("status") == 0
    assert supervisorctl("stop", "backend", "rts") == 0
    assert not instance.healthy() and supervisorctl("status") == 3
    assert requests.get(instance.url, timeout=5).status_code == 200
    assert supervisorctl("start", "backend", "rts") == 0
    assert instance.healthy()
