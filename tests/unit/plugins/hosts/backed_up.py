# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for `docker exec INSTANCE` of an instance that is backed up: appsmithctl, supervisorctl and env.

    python backed_up.py ROOT appsmithctl backup|version ...

behaviour.json beside ROOT: version; fail: what goes wrong; environment: the container's. called.txt: what was called.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(sys.argv[1])
BACKUPS = ROOT / "data" / "backup"
BEHAVIOUR = json.loads((ROOT.parent / "behaviour.json").read_text())
FAIL = BEHAVIOUR.get("fail", "")


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def backup() -> int:
    if FAIL == "backup":
        print("Not enough space available at /appsmith-stacks. Please ensure availability of at least 2GB.")
        return 1
    if FAIL != "nothing new":
        path = BACKUPS / f"appsmith-backup-{time.time_ns()}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            version = BEHAVIOUR["version"] if FAIL != "other version" else "v1.1"
            add(archive, "manifest.json", json.dumps({"appsmithVersion": version, "dbName": "appsmith"}).encode())
            add(archive, "mongodb-data.gz", gzip.compress(os.urandom(4000))[: 900 if FAIL == "short dump" else None])
            add(archive, "docker.env", b"APPSMITH_A=b\n")
            if FAIL != "no git":
                add(archive, "git-storage/ws/app/.git/HEAD", b"ref: refs/heads/master\n")
        if FAIL == "short archive":
            path.write_bytes(path.read_bytes()[:-300])
        print(f"Post-backup done. Final archive at {path}")
    for old in sorted(BACKUPS.glob("appsmith-backup-*"))[::-1][4:]:
        old.unlink()
    if FAIL == "killed":
        os.kill(os.getppid(), signal.SIGKILL)
    return 0


def main() -> int:
    program, *arguments = sys.argv[2:]
    if FAIL == "stopped":
        print("Error response from daemon: container is not running", file=sys.stderr)
        return 1
    with (ROOT.parent / "called.txt").open("a") as log:
        log.write(" ".join(sys.argv[2:]) + "\n")
    if program == "env":
        print("".join(f"{name}={value}\n" for name, value in BEHAVIOUR.get("environment", {}).items()), end="")
        return 0
    if program == "supervisorctl":
        done = {"stop": "stopped", "start": "started"}[arguments[0]]
        for one in arguments[1:]:
            if arguments[0] == FAIL:
                print(f"{one}: ERROR (spawn error)")
            elif FAIL == "already":
                print(f"{one}: ERROR ({'not running' if arguments[0] == 'stop' else 'already started'})")
            else:
                print(f"{one}: {done}")
        return 7 if FAIL in (arguments[0], "already") else 0
    if arguments[0] == "version":
        if FAIL == "version":
            print("supervisor is not running")
            return 1
        print(f"Appsmith version: {BEHAVIOUR['version']}")
        return 0
    return backup()


if __name__ == "__main__":
    sys.exit(main())
