# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: whole lines, one after the other, whatever became of the one who wrote them."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _ledger, _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import FILE, Ledger, LedgerError


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger")


def numbers(ledger: Ledger) -> list[int]:
    return [entry["n"] for entry in ledger.read()]


def test_lines_are_added_and_read_in_order(ledger: Ledger) -> None:
    assert numbers(ledger) == [] and ledger.warnings == []
    ledger.append([{"n": 1, "by": "Zoë\n"}, {"n": 2}])
    ledger.append([{"n": 3}])
    ledger.append([])
    assert numbers(ledger) == [1, 2, 3]
    lines = ledger.path.read_text().splitlines()
    assert len(lines) == 3 and json.loads(lines[0]) == {"format": 1, "n": 1, "by": "Zoë\n"}


def test_nobody_else_may_read_it(ledger: Ledger) -> None:
    ledger.append([{"n": 1}])
    ledger.path.chmod(0o644)
    ledger.append([{"n": 2}])
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(ledger.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("torn", ['{"format": 1, "n": 2, "by', "\x00\x00", '"text"', '{"n"'])
def test_a_torn_line_is_left_out_and_said(ledger: Ledger, torn: str) -> None:
    ledger.append([{"n": 1}])
    with open(ledger.path, "a") as file:
        file.write(torn)
    assert numbers(ledger) == [1] and "1 line that can't be read" in ledger.warnings[0]
    ledger.append([{"n": 3}])
    assert numbers(ledger) == [1, 3] and ledger.broken == 1
    assert ledger.path.read_text().splitlines()[1] == torn


def test_bytes_that_are_no_text_are_a_torn_line(ledger: Ledger) -> None:
    ledger.append([{"n": 1}])
    with open(ledger.path, "ab") as file:
        file.write(b"\xff\xfe\n")
    assert numbers(ledger) == [1] and ledger.broken == 1


def test_many_may_write_at_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wait, "sleep", lambda seconds: time.sleep(0.001))
    monkeypatch.setattr(_wait, "now", time.monotonic)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Ledger(ledger.directory).append([{"n": n, "text": "x" * 5000}] * 3), range(40)))
    found = numbers(ledger)
    assert sorted(found) == sorted([*range(40)] * 3) and ledger.broken == 0
    # The lines of one call stay together.
    assert all(found[start] == found[start + 1] == found[start + 2] for start in range(0, 120, 3))


def test_a_lock_that_does_not_end_is_told(ledger: Ledger, sleeps: list[float]) -> None:
    ledger.append([{"n": 1}])
    with open(ledger.path) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LedgerError, match="locked by another run"):
            ledger.append([{"n": 2}])
    assert sum(sleeps) >= _ledger.LOCK_TIMEOUT and numbers(ledger) == [1]


def test_a_full_disk_leaves_no_torn_line(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.append([{"n": 1}])
    write = os.write

    def full(handle: int, data: Any) -> int:
        if len(data) < 12:
            raise OSError(28, "No space left on device")
        return write(handle, data[:10])

    monkeypatch.setattr(_ledger.os, "write", full)
    with pytest.raises(LedgerError, match="No space left"):
        ledger.append([{"n": 2}])
    assert ledger.path.read_text().count("\n") == 1 and numbers(ledger) == [1] and ledger.broken == 0


def test_a_link_is_not_followed(ledger: Ledger, tmp_path: Path) -> None:
    ledger.directory.mkdir(parents=True)
    (tmp_path / "other").write_text("theirs\n")
    ledger.path.symlink_to(tmp_path / "other")
    with pytest.raises(LedgerError):
        ledger.append([{"n": 1}])
    assert (tmp_path / "other").read_text() == "theirs\n"


def test_what_can_hold_no_ledger_is_refused_beforehand(tmp_path: Path, ledger: Ledger) -> None:
    ledger.check()
    assert not ledger.directory.exists(), "a check makes nothing"
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / FILE).mkdir(parents=True)
    for directory in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "taken"):
        with pytest.raises(InvalidInput, match="No ledger can be written"):
            Ledger(directory).check()
    ledger.append([{"n": 1}])
    ledger.check()


def test_a_directory_without_rights_is_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ledger.os, "access", lambda path, mode: False)
    with pytest.raises(InvalidInput):
        ledger.check()


def test_a_ledger_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(LedgerError, match="can't be read"):
        list(Ledger(tmp_path).read())
