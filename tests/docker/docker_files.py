# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of real size in an instance's volume, and what a volume holds, file by file."""

from __future__ import annotations

import hashlib
import os
import random
import stat
import subprocess
import tarfile
from pathlib import Path

MIB = 1 << 20
# What no backup takes.
LEFT_OUT = ("data/backup", "data/restore", "logs", ".stagecraft")


def fill(folder: Path, megabytes: int) -> None:
    """Data that nothing can compress, in large files and many small ones, with what else a volume may hold."""
    folder.mkdir(parents=True)
    made = random.Random(20261122)
    for number, share in enumerate((5, 3, 1)):
        with (folder / f"pack-{number}.pack").open("wb") as out:
            for _block in range(megabytes * share // 9):
                out.write(made.randbytes(MIB))
    small = folder / "objects"
    small.mkdir(mode=0o700)
    for number in range(300):
        (small / f"{number:038x}").write_bytes(made.randbytes(number))
    (folder / "a name with blanks, ä and 'quotes'").write_bytes(b"")
    (folder / "private").write_bytes(b"made up")
    (folder / "private").chmod(0o400)
    (folder / "owned").write_bytes(b"by another user")
    os.chown(folder / "owned", 4711, 4712)
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("../nowhere/at-all")


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Kind, mode, owner and content of all that a backup takes."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder) / name
            inside = str(path.relative_to(root))
            if inside.startswith(LEFT_OUT):
                continue
            about = path.lstat()
            content: object = None
            if path.is_symlink():
                content = os.readlink(path)
            elif stat.S_ISREG(about.st_mode):
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            found[inside] = (stat.filemode(about.st_mode), about.st_uid, about.st_gid, content)
    return found


def unpack(archive: Path, passphrase: str, folder: Path) -> Path:
    """What is in an encrypted archive, by GnuPG and tar alone, as somebody without this collection would do it."""
    home = folder / "gnupg"
    home.mkdir(parents=True, mode=0o700)
    command = ["gpg", "--batch", "--no-tty", "--homedir", str(home), "--pinentry-mode", "loopback"]
    with subprocess.Popen(
        [*command, "--passphrase", passphrase, "--decrypt", str(archive)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as gpg:
        assert gpg.stdout is not None
        with tarfile.open(fileobj=gpg.stdout, mode="r|gz") as packed:
            packed.extractall(folder / "content", filter="fully_trusted")
    assert gpg.returncode == 0
    return folder / "content"
