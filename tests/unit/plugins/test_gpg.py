# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real gpg behind the wrapper, and the temporary folders that it and others leave or don't."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _gpg, _scratch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from backup_world import hurry

PASSPHRASE = "made-up päss $ecret 'quoted' "


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """So that nothing of other tests is looked at."""
    hurry(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("passphrase", [PASSPHRASE, "x", "y" * 4096])
def test_what_is_encrypted_is_decrypted(temporary, passphrase):
    secret = _gpg.crypt(_gpg.ENCRYPT, passphrase, b"content\n")
    assert b"content" not in secret
    assert _gpg.crypt(_gpg.DECRYPT, passphrase, secret) == b"content\n"
    assert not list(temporary.iterdir()), "its folder is gone"


def test_each_time_it_is_another_text():
    assert _gpg.crypt(_gpg.ENCRYPT, "x", b"1") != _gpg.crypt(_gpg.ENCRYPT, "x", b"1")


def test_what_is_not_whole_is_an_error():
    secret = _gpg.crypt(_gpg.ENCRYPT, PASSPHRASE, b"c" * 5000)
    changed = secret[:2000] + bytes([secret[2000] ^ 1]) + secret[2001:]
    for passphrase, data in (("wrong", secret), (PASSPHRASE, secret[:-1]), (PASSPHRASE, changed), (PASSPHRASE, b"")):
        with pytest.raises(_gpg.GpgFailed, match="ended with exit 2"):
            _gpg.crypt(_gpg.DECRYPT, passphrase, data)


@pytest.mark.parametrize("passphrase", ["", "two\nlines", "nul\0", "y" * 4097])
def test_a_passphrase_that_gpg_would_cut_is_refused(passphrase):
    with pytest.raises(InvalidInput):
        _gpg.crypt(_gpg.ENCRYPT, passphrase, b"")


def test_without_gpg_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInput, match="Install GnuPG"):
        _gpg.crypt(_gpg.ENCRYPT, "x", b"")


def test_the_passphrase_is_neither_in_argv_nor_in_the_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET_OF_THE_CALLER", "x")
    with _gpg.running(_gpg.ENCRYPT, PASSPHRASE) as gpg:
        process = Path("/proc") / str(gpg._process.pid)
        # It has begun, and waits for more.
        _gpg.write_all(gpg.stdin, b"x" * 50_000)
        gpg.stdout.read(1)
        seen = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
        assert b"--passphrase-fd" in seen and b"--no-autostart" in seen
        assert PASSPHRASE.strip().encode() not in seen and b"A_SECRET_OF_THE_CALLER" not in seen


def test_a_block_that_breaks_off_leaves_no_process_and_no_folder(temporary):
    with pytest.raises(ZeroDivisionError), _gpg.running(_gpg.ENCRYPT, "x") as gpg:
        raise ZeroDivisionError
    assert gpg._process.returncode == -signal.SIGKILL and not list(temporary.iterdir())


def test_what_a_killed_process_left_is_removed_and_what_lives_is_not(temporary):
    code = (
        "import sys, time\n"
        "from ansible_collections.stagecraft.appsmith.plugins.module_utils._scratch import scratch\n"
        "with scratch(sys.argv[1]) as folder:\n"
        "    (folder / 'file').touch()\n"
        "    print(folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(temporary)]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        folder = Path(process.stdout.readline().strip())
        assert folder.is_dir() and _scratch.sweep(temporary) == []
        process.kill()
        process.wait()
        assert (folder / "file").is_file()
        assert _scratch.sweep(temporary) == [folder] and not folder.exists()


def test_the_folder_is_for_its_owner_only(temporary):
    with _scratch.scratch() as folder:
        assert folder.parent == temporary and folder.stat().st_mode & 0o777 == 0o700
