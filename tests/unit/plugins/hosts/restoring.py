# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for `docker exec INSTANCE` in a restore: appsmithctl asks in the words of the real one, and can misbehave.

    python restoring.py ROOT appsmithctl restore|backup|version|mongo-eval ... | supervisorctl stop|start ... | env

ROOT/../behaviour.json: version; fail: what goes wrong; unattended: knows --backup-file; noise: control codes;
environment: the container's; database: its file, if that is not in ROOT. ROOT/../called.txt, answers.json: what was
said.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import signal
import sys
import tarfile
import termios
import time
from pathlib import Path

ROOT = Path(sys.argv[1])
BACKUPS = ROOT / "data" / "backup"
ENV = ROOT / "configuration" / "docker.env"
BEHAVIOUR = json.loads((ROOT.parent / "behaviour.json").read_text())
DATABASE = Path(BEHAVIOUR.get("database") or ROOT / "data" / "mongodb" / "db")
FAIL = BEHAVIOUR.get("fail", "")
ANSWERS: list[str] = []


def ask(question: str, hidden: bool = False) -> str:
    """As readline-sync does: only from a terminal, which echoes what isn't hidden; a hidden letter shows as a star."""
    if BEHAVIOUR.get("noise"):
        # A title, colours, the question in two pieces that break within a control code, and drawn anew.
        again = f"\x1b[0m\r\x1b[K{question}"
        for piece in ("\x1b]0;appsmithctl\x07\x1b[1", f"m{question[:9]}\x1b[3", f"8;5;12m{question[9:]}{again}"):
            print(piece, end="", flush=True)
            time.sleep(0.03)
        print("\x1b[?2004h", end="", flush=True)
    else:
        print(question, end="", flush=True)
    if not sys.stdin.isatty():
        print("no terminal")
        sys.exit(0)
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    mode = termios.tcgetattr(terminal)
    mode[3] = mode[3] & ~(termios.ECHO | termios.ICANON | termios.ISIG) if hidden else mode[3] | termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, mode)
    answer = ""
    while (letter := os.read(terminal, 1).decode()) not in "\r\n":
        if letter.isprintable():
            answer += letter
            if hidden:
                print("*", end="", flush=True)
    termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    if hidden:
        print()
    ANSWERS.append(answer)
    (ROOT.parent / "answers.json").write_text(json.dumps(ANSWERS))
    return answer


def env() -> dict[str, str]:
    return dict(line.split("=", 1) for line in ENV.read_text().splitlines() if "=" in line)


def archives() -> list[Path]:
    return sorted(path for path in BACKUPS.iterdir() if path.name.endswith(".tar.gz"))


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def backup(_arguments: list[str]) -> int:
    if FAIL == "backup":
        print("Not enough space available at /appsmith-stacks. Please ensure availability of at least 2GB.")
        return 1
    path = BACKUPS / f"appsmith-backup-{time.time_ns()}.tar.gz"
    kept = [line for line in ENV.read_text().splitlines() if not line.startswith("APPSMITH_ENCRYPTION")]
    with tarfile.open(path, "w:gz") as archive:
        add(
            archive,
            "manifest.json",
            json.dumps({"appsmithVersion": BEHAVIOUR["version"], "dbName": "appsmith"}).encode(),
        )
        add(archive, "mongodb-data.gz", gzip.compress(DATABASE.read_bytes() if DATABASE.exists() else b""))
        add(archive, "docker.env", ("\n".join(kept) + "\n").encode())
        archive.add(ROOT / "git-storage", "./git-storage")
    print(f"Post-backup done. Final archive at {path}")
    return 0


def choose(arguments: list[str]) -> str | None:
    files = [path.name for path in archives()]
    named = [argument.split("=", 1)[1] for argument in arguments if argument.startswith("--backup-file=")]
    if BEHAVIOUR.get("unattended") and named:
        return named[0]
    print(f"\n{len(files)} Appsmith backup file(s) found: [Sorted in ascending/chronological order]")
    print("-" * 64 + "\nIndex\t|\tAppsmith Backup Archive File\n" + "-" * 64)
    for index, name in enumerate(files):
        print(f"{index}\t|\t{name}" + (" <--Most recent backup" if index == len(files) - 1 else ""))
    print("-" * 64)
    answer = ask("Please enter the backup file index: ")
    if answer.isdigit() and int(answer) < len(files) and FAIL != "index":
        return files[int(answer)]
    print("Invalid input, please try the command again with a valid option")
    return None


def restore(arguments: list[str]) -> int:
    unattended = bool(BEHAVIOUR.get("unattended")) and "--non-interactive" in arguments
    name = choose(arguments)
    if name is None:
        return 0
    extracted = ROOT.parent / "extracted"
    shutil.rmtree(extracted, ignore_errors=True)
    with tarfile.open(BACKUPS / name) as archive:
        archive.extractall(extracted, filter="data")
    if json.loads((extracted / "manifest.json").read_text())["appsmithVersion"] != BEHAVIOUR["version"]:
        print("**************************** WARNING ****************************")
        if unattended and "--force" not in arguments:
            return 1
        if (
            not unattended
            and ask('Press Enter to continue \nOr Type "c" to cancel the restore process.\n').lower() == "c"
        ):
            return 0
    print("Restoring database...")
    if FAIL == "database":
        print("Error: mongorestore exited with code 1")
        return 1
    DATABASE.write_bytes(gzip.decompress((extracted / "mongodb-data.gz").read_bytes()))
    put_aside = name.removesuffix(".tar.gz")
    shutil.copy(ENV, f"{ENV}.{put_aside}")
    if FAIL == "killed":
        ENV.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    content = (extracted / "docker.env").read_text() + keys(unattended)
    if FAIL == "keys":
        content = content.replace("ENCRYPTION_SALT", "ENCRYPTION_PEPPER")
    ENV.write_text(content)
    if FAIL == "git":
        print("Error: mv: cannot move")
        return 1
    shutil.move(ROOT / "git-storage", ROOT / f"git-storage-{put_aside}")
    shutil.move(extracted / "git-storage", ROOT / "git-storage")
    if FAIL != "silent":
        print("Appsmith instance successfully restored.")
    return 0


def keys(unattended: bool) -> str:
    # The container's environment wins over docker.env, an empty value too.
    process = {**env(), **BEHAVIOUR.get("environment", {})}
    password, salt = (process.get(f"APPSMITH_ENCRYPTION_{name}", "") for name in ("PASSWORD", "SALT"))
    answer = "N"
    if unattended:
        answer = ""
    elif password and salt:
        answer = ask(
            "If you are restoring to the same Appsmith deployment which generated the backup archive, you can use the "
            "existing encryption keys on the instance.\n"
            "      Press Enter to continue with existing encryption keys\n"
            '      Or Type "n"/"No" to provide encryption key & password corresponding to the original Appsmith '
            "instance that is being restored.\n"
        )
    if answer.upper() in ("N", "NO"):
        password = ask("Enter the APPSMITH_ENCRYPTION_PASSWORD: ", hidden=True)
        salt = ask("Enter the APPSMITH_ENCRYPTION_SALT: ", hidden=True)
    return f"\nAPPSMITH_ENCRYPTION_PASSWORD={password}\nAPPSMITH_ENCRYPTION_SALT={salt}\n"


def mongo_eval(arguments: list[str]) -> int:
    assert arguments == ["db.dropDatabase()"]
    if FAIL == "drop":
        print("MongoServerError: not authorized on appsmith to execute command { dropDatabase: 1 }")
        return 1
    DATABASE.unlink(missing_ok=True)
    if FAIL == "killed by drop":
        os.kill(os.getppid(), signal.SIGKILL)
    print('{ ok: 1, dropped: "appsmith" }')
    return 0


def main() -> int:
    program, *arguments = sys.argv[2:]
    if program == "env":
        # A look, as that for the version.
        print("".join(f"{name}={value}\n" for name, value in BEHAVIOUR.get("environment", {}).items()), end="")
        return 0
    if FAIL == "version":
        print("supervisor is not running")
        return 1
    if arguments == ["version"]:
        print(f"Appsmith version: {BEHAVIOUR['version']}")
        return 0
    with (ROOT.parent / "called.txt").open("a") as log:
        log.write(" ".join(sys.argv[2:]) + "\n")
    if program == "supervisorctl":
        print("\n".join(f"{name}: {'stopped' if arguments[0] == 'stop' else 'started'}" for name in arguments[1:]))
        return 0
    command = arguments[0]
    return {"backup": backup, "restore": restore, "mongo-eval": mongo_eval}[command](arguments[1:])


if __name__ == "__main__":
    sys.exit(main())
