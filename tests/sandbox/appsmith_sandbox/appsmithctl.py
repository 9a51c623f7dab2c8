# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`appsmithctl` and `supervisorctl` as they behave inside the container (api-contract.md, section 6).

The database dump of the sandbox is its own (gzip, one JSON line a document) under the real name mongodb-data.gz.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import termios
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from . import mongotools, process
from .mongotools import DATABASE
from .releases import Release, release
from .secrets import env_path, read_env
from .store import Store

_STRIPPED = ("APPSMITH_ENCRYPTION", "APPSMITH_MONGODB", "APPSMITH_DB_URL=")
_STRIPPED_SINCE_REDIS_PASSWORD = ("APPSMITH_REDIS_URL=", "APPSMITH_REDIS_PASSWORD=")
_OPENSSL = ("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "100000")
_LEAST_FREE = 2 * 1024**3
_HELP = """Usage: appsmithctl <command> [options]
Commands: backup, restore, version, check-replica-set, mongo-eval (the sandbox has no others)"""


class NoTerminal(Exception):
    """A question was to be asked and there is nobody to ask."""


def ask(question: str, *, hidden: bool = False) -> str:
    """Ask on the controlling terminal; what is piped into stdin is never read."""
    print(question, end="", flush=True)
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise NoTerminal("Error: The current environment doesn't support interactive reading from TTY.") from error
    before = None
    try:
        if hidden:
            before = termios.tcgetattr(terminal)
            quiet = termios.tcgetattr(terminal)
            quiet[3] &= ~termios.ECHO
            termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
        line = b""
        while not line.endswith((b"\n", b"\r")):
            char = os.read(terminal, 1)
            if not char:
                break
            line += char
    finally:
        if before is not None:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
            print(flush=True)
        os.close(terminal)
    return line.decode(errors="replace").rstrip("\r\n")


class Appsmithctl:
    def __init__(self, root: Path, version: Release) -> None:
        self.root = root
        self.version = version
        # The process environment wins over docker.env.
        self.environment = {**read_env(root), **os.environ}
        self.backups = root / "data" / "backup"

    def run(self, arguments: Sequence[str]) -> int:
        command, options = (arguments[0], list(arguments[1:])) if arguments else ("", [])
        if command in ("version", "appsmith-version", "appsmith_version"):
            print(self.version.name)
            return 0
        if command == "backup":
            return self.backup(options)
        if command == "restore":
            return self.restore(options)
        if command in ("check-replica-set", "check_replica_set", "crs"):
            return 0
        if command in ("mongo-eval", "mongo_eval", "mongoEval"):
            store = Store(process.store_path(self.root))
            try:
                return mongotools.mongo_eval(store, options, self.environment)
            finally:
                store.close()
        print(_HELP)
        return 0

    # Backup ---------------------------------------------------------------------------------------------------------

    def backup(self, options: list[str]) -> int:
        archive: Path | None = None
        code = 0
        self.backups.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="appsmithctl-backup-"))
        try:
            print("Checking free space")
            if shutil.disk_usage(self.root).free < _LEAST_FREE:
                raise RuntimeError(
                    "Not enough space available at /appsmith-stacks. Please ensure availability of at least 5GB to "
                    "backup successfully."
                )
            password = None
            if "--non-interactive" not in options and sys.stdout.isatty():
                password = self._new_password()
            print("Available free space at /appsmith-stacks is enough")
            print("Exporting database")
            self._dump(work / "mongodb-data.gz")
            print("Exporting database done.")
            print("Creating git-storage archive")
            shutil.copytree(self.root / "git-storage", work / "git-storage", symlinks=True)
            manifest = {"appsmithVersion": self.version.name, "dbName": DATABASE}
            (work / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            (work / "docker.env").write_text(self._env_for_archive(encrypted=password is not None), encoding="utf-8")
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            archive = self.backups / f"appsmith-backup-{stamp.replace(':', '-')}.tar.gz"
            print("Creating final archive")
            with tarfile.open(archive, "w:gz") as tar:
                for entry in sorted(work.iterdir()):
                    tar.add(entry, arcname=entry.name)
            if password is not None:
                plain, archive = archive, archive.with_name(archive.name + ".enc")
                try:
                    self._openssl(plain, archive, password)
                finally:
                    plain.unlink()
            print(f"Created final archive at {archive}")
            print("Finished taking a backup at", archive)
        except (OSError, RuntimeError, NoTerminal, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            if archive is not None:
                archive.unlink(missing_ok=True)
            code = 1
        finally:
            shutil.rmtree(work, ignore_errors=True)
            self._retain()
            self._log("backup", code)
        return code

    def _new_password(self) -> str:
        for attempt in (1, 2, 3):
            if attempt > 1:
                print("Retry attempt", attempt)
            first = ask("Enter a password to encrypt the backup archive: ", hidden=True)
            second = ask("Enter the above password again: ", hidden=True)
            if first != second:
                print("The passwords do not match, please try again.", file=sys.stderr)
            elif first:
                return first
            else:
                print("Invalid input. Empty password is not allowed, please try again.", file=sys.stderr)
        print("Aborting backup process, failed to obtain valid encryption password.", file=sys.stderr)
        raise RuntimeError(
            "Backup process aborted because a valid encryption password could not be obtained from the user"
        )

    def _dump(self, target: Path) -> None:
        store = Store(process.store_path(self.root))
        try:
            with gzip.open(target, "wb") as out:
                mongotools.dump(store, out)
        finally:
            store.close()

    def _env_for_archive(self, *, encrypted: bool) -> str:
        stripped = list(_STRIPPED)
        if self.version.since("v2.4"):
            stripped += _STRIPPED_SINCE_REDIS_PASSWORD
        if encrypted:
            stripped.remove("APPSMITH_ENCRYPTION")
        lines = env_path(self.root).read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if not line.startswith(tuple(stripped))) + "\n"

    def _openssl(self, source: Path, target: Path, password: str, *, decrypt: bool = False) -> None:
        subprocess.run(
            [*_OPENSSL, *(["-d"] if decrypt else []), "-in", source, "-out", target, "-pass", "env:ARCHIVE_PASSWORD"],
            env={**os.environ, "ARCHIVE_PASSWORD": password},
            check=True,
            capture_output=True,
        )

    def archives(self) -> list[str]:
        if not self.backups.is_dir():
            return []
        names = (entry.name for entry in self.backups.iterdir())
        return sorted(n for n in names if n.startswith("appsmith-backup-") and n.endswith((".tar.gz", ".tar.gz.enc")))

    def _retain(self) -> None:
        """After every run, a failed one too; the oldest by name go."""
        try:
            limit = int(self.environment.get("APPSMITH_BACKUP_ARCHIVE_LIMIT", "4"))
        except ValueError:
            limit = 4
        for name in self.archives()[: -(limit if limit > 0 else 4)]:
            (self.backups / name).unlink(missing_ok=True)

    def _log(self, command: str, code: int) -> None:
        folder = self.root / "logs" / "appsmithctl"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{command}.log").open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat()} {command} exit {code}\n")

    # Restore --------------------------------------------------------------------------------------------------------

    def restore(self, options: list[str]) -> int:
        """Exit 0 also when nothing was restored; backend and rts are started again in the end, whatever happened."""
        code = 0
        decrypted: Path | None = None
        unattended = self.version.unattended_restore and "--non-interactive" in options
        try:
            name = self._choose(options, unattended)
            if name is None:
                return 0
            archive = self.backups / name
            if name.endswith(".enc"):
                decrypted = self.backups / name.removesuffix(".enc")
                if not self._decrypt(archive, decrypted, unattended):
                    return 1 if self.version.unattended_restore else 0
                archive = decrypted
            elif unattended:
                self._need_keys()
            folder = Path(tempfile.mkdtemp(prefix="appsmithctl-restore-"))
            print(f"Extracting the Appsmith backup archive at {archive}")
            with tarfile.open(archive) as tar:
                # Debian's Python 3.11, which runs this in an image, has no filters yet.
                trust = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
                tar.extractall(folder, **trust)
            print("Extracting the backup archive completed")
            contents = self._contents(folder)
            if not self._version_fits(contents, options, unattended):
                return 0
            backup_name = archive.name.removesuffix(".tar.gz")
            print("*" * 64)
            print(f"Restoring Appsmith instance from the backup at {archive}")
            supervisorctl(self.root, ["stop", "backend", "rts"])
            self._restore_database(contents, options)
            self._restore_env(contents, backup_name, ask_keys=decrypted is None, unattended=unattended)
            self._restore_git(contents, backup_name)
            print("Appsmith instance successfully restored.")
            # Only here: an exception leaves the folder behind.
            shutil.rmtree(folder, ignore_errors=True)
        except Exception as error:
            print(error, file=sys.stderr if self.version.unattended_restore else sys.stdout)
            code = 1
        finally:
            if decrypted is not None:
                decrypted.unlink(missing_ok=True)
            supervisorctl(self.root, ["start", "backend", "rts"])
            self._log("restore", code)
        return code

    def _choose(self, options: list[str], unattended: bool) -> str | None:
        names = self.archives()
        if self.version.unattended_restore:
            wanted = next((one.partition("=")[2] for one in options if one.startswith("--backup-file=")), None)
            if wanted:
                if os.path.basename(wanted) != wanted:
                    raise RuntimeError("Invalid --backup-file value: it must be a file name, not a path.")
                if wanted not in names:
                    raise RuntimeError(f'Backup file "{wanted}" was not found in {self.backups}.')
                return wanted
            if unattended:
                raise RuntimeError(
                    "Non-interactive restore requires --backup-file=<name> to select the backup archive."
                )
        print(f"\n{len(names)} Appsmith backup file(s) found: [Sorted in ascending/chronological order]")
        if not names:
            return None
        line = "-" * 64
        print(line)
        print("Index\t|\tAppsmith Backup Archive File")
        print(line)
        for index, name in enumerate(names):
            print(f"{index}\t|\t{name}{' <--Most recent backup' if index == len(names) - 1 else ''}")
        print(line)
        answer = ask("Please enter the backup file index: ").strip()
        digits = answer[: len(answer) - len(answer.lstrip("0123456789"))]
        if digits and int(digits) < len(names):
            return names[int(digits)]
        print("Invalid input, please try the command again with a valid option")
        return None

    def _decrypt(self, archive: Path, target: Path, unattended: bool) -> bool:
        given = self.environment.get("APPSMITH_BACKUP_ARCHIVE_PASSWORD") if self.version.unattended_restore else None
        attempts = [given] if given or unattended else [None, None, None]
        for number, password in enumerate(attempts, 1):
            if password is None and unattended:
                print(
                    "The backup archive is encrypted. Set APPSMITH_BACKUP_ARCHIVE_PASSWORD to decrypt it in "
                    "non-interactive mode.",
                    file=sys.stderr,
                )
                break
            if number > 1:
                print("Retry attempt", number)
            if password is None:
                password = ask("Enter the password to decrypt the backup archive: ", hidden=True)
            try:
                self._openssl(archive, target, password, decrypt=True)
                if tarfile.is_tarfile(target):
                    return True
            except subprocess.CalledProcessError:
                pass
            print("Invalid password. Please try again:")
        if self.version.unattended_restore:
            print("Failed to decrypt the backup archive. Aborting the restore process.", file=sys.stderr)
        else:
            print("You have entered the incorrect password multiple times. Aborting the restore process.")
        return False

    def _need_keys(self) -> None:
        if not all(self.environment.get(f"APPSMITH_ENCRYPTION_{name}") for name in ("PASSWORD", "SALT")):
            raise RuntimeError(
                "Non-interactive restore of an unencrypted backup archive requires APPSMITH_ENCRYPTION_PASSWORD and "
                "APPSMITH_ENCRYPTION_SALT to be set."
            )

    @staticmethod
    def _contents(folder: Path) -> Path:
        for place in (folder, *sorted(one for one in folder.iterdir() if one.is_dir())):
            if (place / "manifest.json").exists() or (place / "mongodb-data.gz").exists():
                return place
        raise RuntimeError("Could not find the contents of the backup archive.")

    def _version_fits(self, contents: Path, options: list[str], unattended: bool) -> bool:
        manifest = json.loads((contents / "manifest.json").read_text(encoding="utf-8"))
        wanted = manifest.get("appsmithVersion")
        print(f"Current Appsmith Version: {self.version.name}")
        print(f"Restore Appsmith Version: {wanted}")
        if wanted == self.version.name:
            print("The restore instance is compatible with the current appsmith version")
            return True
        print("**************************** WARNING ****************************")
        print("The Appsmith instance to be restored is not compatible with the current version.")
        print(
            f"Please update your appsmith image to 'index.docker.io/appsmith/appsmith-ce:{wanted}' in the "
            "'docker-compose.yml' file\nand run the cmd: 'docker-compose restart' after the restore process is "
            "completed, to ensure the restored instance runs successfully."
        )
        if unattended:
            if "--force" in options:
                print("--force is set, continuing with the restore despite the version mismatch.")
                return True
            raise RuntimeError(
                "Restore aborted: the backup archive's Appsmith version does not match the current version. Re-run "
                "with --force to restore anyway."
            )
        return ask('Press Enter to continue \nOr Type "c" to cancel the restore process.\n').lower() != "c"

    def _restore_database(self, contents: Path, options: list[str]) -> None:
        print("Restoring database...")
        name = json.loads((contents / "manifest.json").read_text(encoding="utf-8")).get("dbName", DATABASE)
        if "--backup-db-name" in options:
            # The bare word switches it on, the form with "=" brings the value; alone the bare word means "undefined".
            for option in options:
                if option.startswith("--backup-db-name"):
                    name = option.partition("=")[2] or "undefined"
        print(f"Backup Database Name: {name}")
        print(f"Restoring database from {name} to {DATABASE}")
        if name == DATABASE:
            store = Store(process.store_path(self.root))
            try:
                with gzip.open(contents / "mongodb-data.gz", "rb") as lines:
                    # What a newer release has added stays: only collections of the dump are dropped.
                    mongotools.load(store, lines, drop=True)
            finally:
                store.close()
        # Else the dump went into a database of its own name, and this instance's stays as it was.
        print("Restoring database completed")

    def _restore_env(self, contents: Path, backup_name: str, *, ask_keys: bool, unattended: bool) -> None:
        print("Restoring docker environment file")
        path = env_path(self.root)
        shutil.copyfile(path, path.with_name(f"docker.env.{backup_name}"))
        password = self.environment.get("APPSMITH_ENCRYPTION_PASSWORD", "")
        salt = self.environment.get("APPSMITH_ENCRYPTION_SALT", "")
        added = []
        if ask_keys:
            wants_others = not (password and salt)
            if unattended:
                wants_others = False
                print(
                    "Restoring docker environment file with the encryption password & salt from the current environment"
                )
            elif not wants_others:
                answer = ask(
                    "If you are restoring to the same Appsmith deployment which generated the backup archive, you can "
                    "use the existing encryption keys on the instance.\n"
                    "      Press Enter to continue with existing encryption keys\n"
                    '      Or Type "n"/"No" to provide encryption key & password corresponding to the original '
                    "Appsmith instance that is being restored.\n"
                )
                wants_others = answer.upper() in ("N", "NO")
                if not wants_others:
                    print("Restoring docker environment file with existing encryption password & salt")
            if wants_others:
                password = ask("Enter the APPSMITH_ENCRYPTION_PASSWORD: ", hidden=True)
                salt = ask("Enter the APPSMITH_ENCRYPTION_SALT: ", hidden=True)
            added += [f"APPSMITH_ENCRYPTION_PASSWORD={password}", f"APPSMITH_ENCRYPTION_SALT={salt}"]
        kept = ["APPSMITH_DB_URL", "APPSMITH_MONGODB_USER", "APPSMITH_MONGODB_PASSWORD"]
        if self.version.since("v2.4"):
            kept += ["APPSMITH_REDIS_URL", "APPSMITH_REDIS_PASSWORD"]
        added += [f"{name}={self.environment[name]}" for name in kept if self.environment.get(name)]
        archived = (contents / "docker.env").read_text(encoding="utf-8")
        path.write_text(archived.rstrip("\n") + "\n" + "\n".join(added) + "\n", encoding="utf-8")
        print("Restoring docker environment file completed")

    def _restore_git(self, contents: Path, backup_name: str) -> None:
        print("Restoring git-storage archive")
        git_root = self.root / "git-storage"
        # mv, not a rename: into the folder where that exists already, as the real one does.
        subprocess.run(["mv", git_root, self.root / f"git-storage-{backup_name}"], check=True, capture_output=True)
        subprocess.run(["mv", contents / "git-storage", self.root], check=True, capture_output=True)
        print("Restoring git-storage archive completed")


def supervisorctl(root: Path, arguments: Sequence[str]) -> int:
    """start, stop, restart, status of the programs; only backend means something here."""
    verb, programs = (arguments[0], list(arguments[1:])) if arguments else ("status", [])
    backend = process.supervised(root)
    others = "STOPPED" if backend == "STOPPED" else "RUNNING"
    if verb == "status":
        asked = programs or ["backend", "editor", "mongodb", "postgres", "redis", "rts"]
        states = {"backend": backend, "rts": others}
        for program in asked:
            print(f"{program:<32} {states.get(program, 'RUNNING')}")
        return 0 if all(states.get(program, "RUNNING") == "RUNNING" for program in asked) else 3
    if verb not in ("start", "stop", "restart"):
        print(f"*** Unknown syntax: {verb}")
        return 1
    for program in programs:
        if program in ("backend", "all"):
            if verb in ("stop", "restart"):
                process.set_backend(root, False)
            if verb in ("start", "restart"):
                process.set_backend(root, True)
        print(f"{program}: {'stopped' if verb == 'stop' else 'started'}")
    time.sleep(0.01)
    return 0


def execute(root: Path, command: Sequence[str]) -> int:
    """`docker exec` of the sandbox: a command inside the running instance."""
    root = root.resolve()
    present = process.status(root)
    if not present["running"] or not present["version"]:
        print(f"{root}: the instance is not running", file=sys.stderr)
        return 1
    program, arguments = (os.path.basename(command[0]), command[1:]) if command else ("", [])
    if program in ("appsmithctl", "ctl"):
        return Appsmithctl(root, release(present["version"])).run(arguments)
    if program == "supervisorctl":
        return supervisorctl(root, arguments)
    if program == "env" and not arguments:
        # That of the container, whoever asks.
        found = Path(f"/proc/{present['pid']}/environ").read_bytes().split(b"\0")
        print("\n".join(one.decode(errors="replace") for one in found if one))
        return 0
    if program in mongotools.TOOLS:
        store = Store(process.store_path(root))
        try:
            return mongotools.run(store, program, arguments)
        finally:
            store.close()
    print(f"{program}: command not found", file=sys.stderr)
    return 127
