# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the running instance can give to a backup: appsmithctl's archive, and its own view of the environment."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._appsmithctl import AppsmithCtl, Outcome
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import Contents, read_archive
from ansible_collections.stagecraft.appsmith.plugins.module_utils._database import environment_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._stacks import Stacks

# Says that appsmithctl is at work for a backup: what it leaves is not encrypted, and is to be found by the next run.
JOURNAL = ".stagecraft-backup.json"
SERVICES = ("backend", "rts")
_IN_STATE = {
    "stop": r"{}: (stopped|ERROR \(not running\))",
    "start": r"{}: (started|ERROR \(already started\))",
}


class Inside:
    """The running instance."""

    def __init__(self, stacks: Stacks, prefix: Sequence[str], timeout: int) -> None:
        self._stacks = stacks
        self._prefix = list(prefix)
        self._timeout = timeout
        self.control = AppsmithCtl(prefix, timeout=timeout)

    def environment(self) -> dict[str, str]:
        """What the container was given, which wins over docker.env; empty where it can't be asked."""
        return environment_of(self._prefix)

    # -- the archive ------------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def archive(self, version: str, *, still: bool) -> Iterator[tuple[Path, Contents]]:
        """appsmithctl's archive, proven; it goes again at the end, since it is not encrypted.

        C(still): with the back end stopped for as long as appsmithctl takes, and started again, come what may.
        """
        before = [path.name for path in self._stacks.archives()]
        note: dict[str, Any] = {"before": before, "started": time.time(), "archive": None, "stopped": still}
        self._write(note)
        path: Path | None = None
        try:
            try:
                if still:
                    self._supervisor("stop")
                outcome = self.control.call("backup", "--non-interactive")
            finally:
                if still:
                    self._supervisor("start")
                    note["stopped"] = False
            path = self._new_archive(before, outcome)
            note["archive"] = path.name
            self._write(note)
            with contextlib.suppress(PermissionError):
                path.chmod(0o600)
            yield path, self._prove(path, version)
        finally:
            if path is not None:
                path.unlink(missing_ok=True)
            self.journal.unlink(missing_ok=True)

    @property
    def journal(self) -> Path:
        return self._stacks.root / JOURNAL

    def tidy(self) -> list[str]:
        """What a run that was killed left, done: its archive removed, the back end started. Says what it did."""
        try:
            note = json.loads(self.journal.read_text())
        except FileNotFoundError:
            return []
        except ValueError:
            # It was killed while it wrote that, before appsmithctl was called.
            note = {"before": [], "started": 0.0, "archive": "", "stopped": False}
        done = []
        for path in self._left(note):
            path.unlink(missing_ok=True)
            done.append(f"The archive {path.name} of a backup that was killed is removed: it was not encrypted.")
        if note["stopped"]:
            self._supervisor("start")
            done.append("The back end, which a backup that was killed had stopped, is started.")
        self.journal.unlink(missing_ok=True)
        return done

    def _left(self, note: dict[str, Any]) -> list[Path]:
        new = [path for path in self._stacks.archives() if path.name not in note["before"]]
        if note["archive"] is not None:
            return [path for path in new if path.name == note["archive"]]
        # Nobody wrote down its name: it is the first that came, unless that came too late to be of that run.
        until = note["started"] + self._timeout
        return [path for path in new[:1] if note["started"] <= path.stat().st_mtime <= until]

    def _write(self, note: dict[str, Any]) -> None:
        temporary = self.journal.with_name(f"{JOURNAL}.new")
        temporary.write_text(json.dumps(note))
        os.replace(temporary, self.journal)

    def _new_archive(self, before: list[str], outcome: Outcome) -> Path:
        new = [path for path in self._stacks.archives() if path.name not in before]
        # A scheduled backup may have ended at the same time: the output names ours.
        named = [path for path in new if path.name in outcome.text]
        if outcome.code == 0 and new:
            return (named or new)[-1]
        said = f"(exit {outcome.code}, it said: {outcome.tail()})"
        if outcome.code != 0:
            raise AppsmithError(
                f"appsmithctl backup failed {said}",
                next_step="Look into /appsmith-stacks/logs/appsmithctl/backup.log; the instance goes on as it was.",
            )
        raise ProofFailed(
            f"appsmithctl backup ended well, but there is no new archive in {self._stacks.backup_folder} {said}",
            next_step="Check that `exec` and `directory` belong to the same instance.",
        )

    @staticmethod
    def _prove(path: Path, version: str) -> Contents:
        contents = read_archive(path)
        if contents.version.removeprefix("v") != version.removeprefix("v"):
            raise ProofFailed(
                f"{path.name} says it is of {contents.version}, the instance runs {version}",
                next_step="Check that `exec` and `directory` belong to the same instance.",
            )
        return contents

    # -- programs ---------------------------------------------------------------------------------------------------
    def _supervisor(self, verb: str) -> None:
        code, text = self._run("supervisorctl", verb, *SERVICES, timeout=self._timeout)
        # For what is in that state already it ends with an error.
        if code == 0 or all(re.search(_IN_STATE[verb].format(one), text) for one in SERVICES):
            return
        raise AppsmithError(
            f"The back end could not be {'stopped' if verb == 'stop' else 'started again'} (exit {code}, "
            f"it said: {' / '.join(text.split(chr(10))[-3:]) or 'nothing'})",
            next_step="Look at it with supervisorctl status inside the instance.",
        )

    def _run(self, *command: str, timeout: int) -> tuple[int, str]:
        try:
            # Ansible's run_command() knows no time limit.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                [*self._prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
        except OSError as error:
            return 127, str(error.strerror or error)
        except subprocess.TimeoutExpired:
            return 124, f"it was not done within {timeout} s"
        return done.returncode, done.stdout.decode("utf-8", "replace").strip()
