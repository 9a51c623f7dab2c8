# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GnuPG with a passphrase: no keys, no agent, no files; the passphrase goes by a descriptor that nobody else has."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._scratch import scratch

ENCRYPT = (
    *("--symmetric", "--cipher-algo", "AES256", "--compress-algo", "none"),
    *("--s2k-mode", "3", "--s2k-digest-algo", "SHA512", "--s2k-count", "65011712"),
)
DECRYPT = ("--decrypt",)
# The passphrase must fit into a pipe before anyone reads it.
_LONGEST = 4096
# And so must a text that is given to crypt().
LONGEST_TEXT = 32768


class GpgFailed(AppsmithError):
    """gpg ended with an error; the caller knows what it means."""


class Gpg:
    """A running gpg: write to C(stdin) and close it, read C(stdout) to its end, then C(finish)."""

    def __init__(self, process: subprocess.Popen[bytes], complaints: Path) -> None:
        self._process = process
        self._complaints = complaints

    @property
    def stdin(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdout)

    def finish(self) -> None:
        """Wait for its end; GpgFailed unless it ended well."""
        code = self._process.wait()
        if code == 0:
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit {code}"
        raise GpgFailed(f"gpg {how}: {self.said()}")

    def said(self) -> str:
        lines = self._complaints.read_text(errors="replace").splitlines()
        # What it says always, of its folder and of what it reads.
        noise = ("keybox", "AES256", "encrypted with", "block_filter", "pending bytes", "gpg-agent")
        told = [line.removeprefix("gpg: ") for line in lines if line and not any(part in line for part in noise)]
        return " / ".join(told[-3:]) or "it said nothing"


def need_gpg() -> None:
    """InvalidInput when gpg is not there: asked before anything is touched."""
    if shutil.which("gpg") is None:
        raise InvalidInput("gpg is not on this host", next_step="Install GnuPG there (package gnupg).")


def check_passphrase(passphrase: str) -> None:
    """gpg reads one line."""
    if not passphrase:
        raise InvalidInput("The passphrase is empty", next_step="Give one of at least a few words.")
    if "\n" in passphrase or "\0" in passphrase or len(passphrase.encode()) > _LONGEST:
        raise InvalidInput(
            f"A passphrase can have neither line ends nor more than {_LONGEST} bytes",
            next_step="Take another one; a file that is read for it may end with a line end.",
        )


@contextlib.contextmanager
def running(options: tuple[str, ...], passphrase: str) -> Iterator[Gpg]:
    """C(ENCRYPT) or C(DECRYPT). At the end of the block it no longer runs, whatever happened."""
    need_gpg()
    check_passphrase(passphrase)
    with scratch() as home:
        complaints = home / "stderr"
        with complaints.open("wb") as stderr, _by_descriptor(passphrase) as descriptor:
            command = ["gpg", "--batch", "--no-tty", "--homedir", str(home), "--pinentry-mode", "loopback"]
            # No agent: it would outlive gpg, and there is nothing to ask it.
            command += ["--no-symkey-cache", "--no-autostart", "--passphrase-fd", str(descriptor), *options]
            # Ansible's run_command() would hold all of it in memory.
            process: subprocess.Popen[bytes] = subprocess.Popen(  # pylint: disable=ansible-bad-function
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                pass_fds=(descriptor,),
                env=_environment(home),
            )
        try:
            yield Gpg(process, complaints)
        finally:
            process.kill()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError, ValueError):
                    if stream is not None:
                        stream.close()
            process.wait()


def crypt(options: tuple[str, ...], passphrase: str, data: bytes) -> bytes:
    """For small things, in memory; GpgFailed as above."""
    if len(data) > LONGEST_TEXT:
        raise ValueError("more than fits into the pipes: use running()")
    with running(options, passphrase) as gpg:
        with contextlib.suppress(BrokenPipeError):
            write_all(gpg.stdin, data)
        gpg.stdin.close()
        result: bytes = gpg.stdout.read()
        gpg.finish()
        return result


def write_all(sink: IO[bytes], data: Any) -> None:
    """A raw file may take less than it was given."""
    view = memoryview(data)
    while view:
        view = view[sink.write(view) or 0 :]


@contextlib.contextmanager
def _by_descriptor(passphrase: str) -> Iterator[int]:
    reader, writer = os.pipe()
    try:
        try:
            os.write(writer, passphrase.encode() + b"\n")
        finally:
            os.close(writer)
        yield reader
    finally:
        os.close(reader)


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's environment matters to it, nor should it see secrets that are there."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(home)}
