# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB and a Redis of the machine's own packages, in a folder and on ports of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = {"mariadbd": "mariadb-server-core", "mariadb-install-db": "mariadb-server", "redis-server": "redis-server"}


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if not found:
        raise RuntimeError(f"{name} is not on this machine: install {PROGRAMS[name]} (.ci/run does)")
    return found


class Server:
    """A process that listens on a port."""

    def __init__(self, command: list[str], port: int, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.port = port
        self.log = folder / "log"
        self._start = (command, environment)
        self.restart()

    def restart(self) -> None:
        if hasattr(self, "process"):
            self.stop()
        command, environment = self._start
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=environment
            )
        deadline = time.monotonic() + 60
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start: {self.log.read_text()[-500:]}")
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def mariadb(folder: Path, port: int, statements: str) -> Server:
    """The statements are run at the start, a line each."""
    folder.mkdir()
    data, init = folder / "data", folder / "init.sql"
    init.write_text(statements)
    user = ["--user=root"] if os.getuid() == 0 else []
    subprocess.run(
        [
            *(program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db"),
            *("--auth-root-authentication-method=normal", *user),
        ],
        check=True,
        capture_output=True,
    )
    command = [
        *(program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"),
        *(f"--socket={folder / 's'}", "--skip-name-resolve", f"--init-file={init}", "--skip-log-bin", *user),
    ]
    return Server(command, port, folder)


def redis(folder: Path, port: int, password: str) -> Server:
    folder.mkdir()
    settings = folder / "redis.conf"
    settings.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\ndir {folder}\n')
    return Server([program("redis-server"), str(settings)], port, folder)
