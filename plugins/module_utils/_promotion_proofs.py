# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier runs have proven, so that an application with nothing new costs a fetch and nothing else; private.

A deployment that ended half-way is in no listing and in no fetch (observed 31): only a closer look finds it. What was
looked at, and not touched since, needs no second look. See docs/decisions/0007-what-was-proven.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target

# A deployment was begun; nothing is known of it until it is proven.
BEGUN = "begun"
# It was looked at, and is what the repository has.
PROVEN = "proven"
# It is deployed and proven, and the smoke tests of its wave didn't pass, or weren't run.
UNTESTED = "untested"

FORMAT = 1
Record = dict[str, Any]


class Proofs:
    """The notes on one instance's applications, in a file of its own; without a folder there are none.

    Never in the way: where the file can't be read or written, a warning is given and everything is looked at.
    """

    def __init__(
        self,
        url: str,
        directory: str | None,
        *,
        max_age: float,
        warn: Callable[[str], None],
        now: datetime | None = None,
        read_only: bool = False,
    ) -> None:
        self.path: Path | None = None
        self.max_age = max_age
        self.now = now or datetime.now(UTC)
        self.read_only = read_only
        self._warn = warn
        self._run = uuid.uuid4().hex[:12]
        self._known: dict[str, Record] = {}
        if directory:
            name = hashlib.sha256(url.rstrip("/").lower().encode()).hexdigest()[:16]
            self.path = Path(directory).expanduser() / f"proofs-{name}.json"
            self._known = self._read()
            # What can't be written can't be taken back either, so that nothing in it is to be trusted.
            if self._known and not read_only and not os.access(self.path.parent, os.W_OK):
                self._give_up("can't be written (no right to its folder)")

    @property
    def kept(self) -> bool:
        """Whether there is a place for them."""
        return self.path is not None

    def trusted(self, target: Target, deployed_at: str | None) -> bool:
        """Whether this very document was proven not too long ago and not deployed since, by anybody."""
        record = self._known.get(target.id)
        if record is None or record.get("state") not in (PROVEN, UNTESTED):
            return False
        same = (record.get("branch"), record.get("repository")) == (target.branch, target.remote_url)
        return same and record.get("deployed_at") == deployed_at and self._young(record)

    def _young(self, record: Record) -> bool:
        try:
            age = (self.now - datetime.fromisoformat(str(record["at"]))).total_seconds()
        except (KeyError, TypeError, ValueError):
            return False
        # A proof from the future comes from a clock that was wrong.
        return -300 <= age <= self.max_age * 3600

    def begun(self, target: Target) -> bool:
        """Whether a run began to deploy it, and left no word that it was all right."""
        return self._known.get(target.id, {}).get("state") == BEGUN

    def untested(self, target: Target) -> bool:
        return self._known.get(target.id, {}).get("state") == UNTESTED

    @property
    def any_untested(self) -> bool:
        return any(record.get("state") == UNTESTED for record in self._known.values())

    def begin(self, targets: Iterable[Target]) -> None:
        """Before the first request, so that a run that is killed leaves word of what it may have left."""
        self._note({target.id: self._record(target, BEGUN, None) for target in targets})

    def prove(self, proven: Iterable[tuple[Target, str | None]], *, state: str = PROVEN) -> None:
        self._note({target.id: self._record(target, state, deployed_at) for target, deployed_at in proven})

    def _record(self, target: Target, state: str, deployed_at: str | None) -> Record:
        return {
            "state": state,
            "at": self.now.isoformat(timespec="seconds"),
            "run": self._run,
            "name": target.name,
            "branch": target.branch,
            "repository": target.remote_url,
            "deployed_at": deployed_at,
        }

    # -- the file ---------------------------------------------------------------------------------------------------
    def _note(self, records: dict[str, Record]) -> None:
        if self.path is None or self.read_only or not records:
            return
        try:
            with self._locked(self.path):
                known = self._read(quiet=True)
                # What another run has begun since this one looked is that run's to prove.
                mine = {
                    key: record
                    for key, record in records.items()
                    if known.get(key, {}).get("state") != BEGUN or known[key] == self._known.get(key)
                }
                self._known.update(mine)
                self._write(self.path, {**known, **mine})
        except OSError as error:
            # Better no word of anything than an old proof of what is begun now.
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._give_up(f"can't be written ({error.strerror or error})")

    @staticmethod
    def _write(path: Path, known: dict[str, Record]) -> None:
        # mkstemp makes it 0600.
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"format": FORMAT, "applications": known}, file, indent=1, sort_keys=True)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    @staticmethod
    @contextlib.contextmanager
    def _locked(path: Path) -> Iterator[None]:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self, *, quiet: bool = False) -> dict[str, Record]:
        if self.path is None:
            raise AssertionError("asked only where notes are kept")
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise ValueError("another format")
            return {str(key): dict(value) for key, value in data["applications"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if not quiet:
                self._warn(
                    f"What was proven before can't be read from {self.path} ({error}): every application is looked "
                    "at, and the file is written anew"
                )
            return {}

    def _give_up(self, why: str) -> None:
        self._warn(f"What was proven {why}: {self.path}; every application is looked at")
        self.path, self._known = None, {}
