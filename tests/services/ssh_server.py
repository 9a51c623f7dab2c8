# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SSH server on this machine, for a host that is another one to Ansible.

`python ssh_server.py FOLDER` prints its port. FOLDER gets C(key), which may sign in, and C(log), a line per command and
per file.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncssh


class Files(asyncssh.SFTPServer):
    folder: Path

    def open(self, path: bytes, *arguments: Any) -> Any:
        _note(self.folder, f"file {path.decode()}")
        return super().open(path, *arguments)


def _note(folder: Path, line: str) -> None:
    with (folder / "log").open("a") as log:
        log.write(line.replace("\n", " ")[:300] + "\n")


async def serve(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    host_key, key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    (folder / "key").touch(mode=0o600)
    key.write_private_key(folder / "key")
    key.write_public_key(folder / "authorized_keys")
    Files.folder = folder

    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        _note(folder, f"command {process.command}")
        child = subprocess.Popen(
            ["sh", "-c", process.command or "true"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        code = await asyncio.to_thread(child.wait)
        await process.stdout.drain()
        process.exit(code)

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(folder / "authorized_keys"),
        process_factory=run,
        sftp_factory=Files,
        encoding=None,
    )
    print(server.get_port(), flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
