# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for `docker exec INSTANCE`: an appsmithctl that asks in the words of the real one, and can misbehave.

    python instance.py ROOT appsmithctl backup|restore|version ...

ROOT/behaviour.json: version; fail: what goes wrong; unattended: knows --backup-file; noise: control codes; old words:
of releases before v1.50; environment: the container's. ROOT/answers.json: the answers.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import termios
import time
from pathlib import Path

ROOT = Path(sys.argv[1])
BACKUPS = ROOT / "data" / "backup"
ENV = ROOT / "configuration" / "docker.env"
BEHAVIOUR = json.loads((ROOT / "behaviour.json").read_text())
FAIL = BEHAVIOUR.get("fail", "")
ANSWERS: list[str] = []


def ask(question: str, hidden: bool = False) -> str:
    """As readline-sync does: only from a terminal, which echoes what isn't hidden; a hidden letter shows as a star.

    While it asks for something hidden the terminal is raw, so that Ctrl-C is a letter, and is dropped like all such.
    """
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
    (ROOT / "answers.json").write_text(json.dumps(ANSWERS))
    return answer


def decrypt(name: str, plain: Path) -> bool:
    """Three tries, in the words of v1.91 or of those before v1.50."""
    old = BEHAVIOUR.get("old words")
    for attempt in (1, 2, 3):
        if old and attempt == 1:
            print("Enter the password to decrypt the backup archive:")
        elif not old and attempt > 1:
            print("Retry attempt", attempt)
        password = ask("" if old else "Enter the password to decrypt the backup archive: ", hidden=True)
        if FAIL != "password" and not openssl("-d", "-in", str(BACKUPS / name), "-out", str(plain), password=password):
            return True
        print("Invalid password. Please try again:")
    print("You have entered the incorrect password multiple times. Aborting the restore process.")
    return False


def env() -> dict[str, str]:
    lines = ENV.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def openssl(*arguments: str, password: str) -> int:
    command = ["openssl", "enc", *arguments, "-aes-256-cbc", "-pbkdf2", "-iter", "100000", "-k", password]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def archives() -> list[Path]:
    return sorted(path for path in BACKUPS.iterdir() if path.name.endswith((".tar.gz", ".enc")))


def backup(arguments: list[str]) -> int:
    password = ""
    if "--non-interactive" not in arguments and sys.stdout.isatty():
        for _attempt in (1, 2, 3):
            password = ask("Enter a password to encrypt the backup archive: ", hidden=True)
            if ask("Enter the above password again: ", hidden=True) == password and password and FAIL != "password":
                break
            print("The passwords do not match, please try again.")
        else:
            return 1
    if FAIL == "backup":
        print("Not enough space available at /appsmith-stacks. Please ensure availability of at least 2GB.")
        return 1
    if FAIL != "nothing new":
        make_archive(password)
    limit = int(env().get("APPSMITH_BACKUP_ARCHIVE_LIMIT", 4))
    for old in archives()[::-1][limit:]:
        old.unlink()
    return 0


def make_archive(password: str) -> None:
    path = BACKUPS / f"appsmith-backup-{time.time_ns()}.tar.gz"
    kept = [line for line in ENV.read_text().splitlines() if password or not line.startswith("APPSMITH_ENCRYPTION")]
    with tarfile.open(path, "w:gz") as archive:
        version = BEHAVIOUR["version"] if FAIL != "other version" else "v1.1"
        add(archive, "manifest.json", json.dumps({"appsmithVersion": version, "dbName": "appsmith"}).encode())
        add(archive, "mongodb-data.gz", gzip.compress(os.urandom(4000))[: 900 if FAIL == "short dump" else None])
        add(archive, "docker.env", "\n".join(kept).encode())
        if FAIL != "no git":
            add(archive, "git-storage/ws/app/.git/HEAD", b"ref: refs/heads/master\n")
    if FAIL == "short archive":
        path.write_bytes(path.read_bytes()[:-300])
    if password:
        openssl("-in", str(path), "-out", f"{path}.enc", password=password)
        path.unlink()
        path = path.with_name(f"{path.name}.enc")
    print(f"Post-backup done. Final archive at {path}")


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
    plain = BACKUPS / name.removesuffix(".enc")
    if name.endswith(".enc") and not decrypt(name, plain):
        return 0
    with tarfile.open(plain) as archive:
        manifest = json.loads(archive.extractfile("./manifest.json").read())  # type: ignore[union-attr]
        content = archive.extractfile("./docker.env").read().decode()  # type: ignore[union-attr]
        archive.extractall(ROOT / "extracted", filter="data")
    if manifest["appsmithVersion"] != BEHAVIOUR["version"]:
        print("**************************** WARNING ****************************")
        if ask('Press Enter to continue \nOr Type "c" to cancel the restore process.\n').lower() == "c":
            return 0
    print("Restoring database...")
    if FAIL == "database":
        print("Error: mongorestore exited with code 1")
        return 1
    put_aside = plain.name.removesuffix(".tar.gz")
    if FAIL == "killed":
        # Up to v1.40 it was moved; later ones copy it, and are in danger only while they write.
        if BEHAVIOUR.get("old words"):
            ENV.rename(f"{ENV}.{put_aside}")
        else:
            shutil.copy(ENV, f"{ENV}.{put_aside}")
            ENV.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    shutil.copy(ENV, f"{ENV}.{put_aside}")
    if not name.endswith(".enc"):
        content += keys(unattended)
    if FAIL == "keys":
        content = content.replace("ENCRYPTION_SALT", "ENCRYPTION_PEPPER")
    ENV.write_text(content)
    if FAIL == "git":
        print("Error: mv: cannot move")
        return 1
    (ROOT / "git-storage").rename(ROOT / f"git-storage-{put_aside}")
    (ROOT / "extracted" / "git-storage").rename(ROOT / "git-storage")
    if name.endswith(".enc"):
        plain.unlink()
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


def main() -> int:
    command = sys.argv[3]
    if FAIL == "version":
        print("supervisor is not running")
        return 1
    if command == "version":
        print(f"Appsmith version: {BEHAVIOUR['version']}")
        return 0
    with (ROOT / "called.txt").open("a") as log:
        log.write(" ".join(sys.argv[3:]) + "\n")
    return {"backup": backup, "restore": restore}[command](sys.argv[4:])


if __name__ == "__main__":
    sys.exit(main())
