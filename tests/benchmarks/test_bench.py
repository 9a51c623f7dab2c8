# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark itself works: every contestant does its work, every figure is there. No time is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from report import with_section

CHECKOUT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- after an upgrade: begin -->", "<!-- after an upgrade: end -->"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "benchmarks.md"


def measured(case: str, page: Path) -> dict[str, Any]:
    command = [sys.executable, str(CHECKOUT / "benchmarks" / "bench.py"), "--quick", "--case", case]
    done = subprocess.run([*command, "--output", str(page)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def figures(page: Path) -> dict[str, Any]:
    """One case after the other, as somebody does who has time for one only; each keeps the other's part of the page."""
    found = measured("upgrade", page)
    assert "ratio_to_floor_6" not in found and found["conflicts_after_upgrade"] == 0
    alone = page.read_text(encoding="utf-8")
    found |= measured("promotion", page)
    whole = page.read_text(encoding="utf-8")
    assert part(whole) == part(alone) and whole.startswith("<!-- Written by")
    return found


def part(text: str) -> str:
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def test_every_figure_is_there(figures: dict[str, Any]) -> None:
    wanted = {
        *("ratio_to_floor_6", "times_faster_than_uri_6", "ratio_to_trusting_floor_6", "ratio_to_floor_6_whole"),
        *("ratio_per_app_20_to_6", "peak_mb_20", "ratio_2_instances", "limit_2_instances"),
        *("ratio_sweep_commit_8", "ratio_sweep_discard_8", "ratio_sweep_clean_8", "ratio_verify_8"),
    }
    assert wanted <= figures.keys()
    assert all(figures[name] > 0 for name in wanted)


def test_the_calls_are_counted(figures: dict[str, Any]) -> None:
    calls = figures["calls"]
    # What is not behind, and was proven before, costs a fetch and nothing else.
    assert calls["unchanged"] == {"fetch": 1}
    assert {"fetch": 1, "discard": 1}.items() <= calls["changed"].items()
    assert calls["in_all"]["floor_trusting"] == 3 + 6 + 2
    assert calls["in_all"]["floor"] == 3 + 2 + 6 + 2 * 4 + 1
    assert calls["in_all"]["uri"] == 3 + 6
    assert calls["conflicts"] == 0


def test_one_part_of_the_page_is_written_anew(figures: dict[str, Any], page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "sweep of production" in part(text)
    other = with_section(text, "another")
    assert part(other) == "another" and other.replace("another", part(text)) == text


def test_the_page_is_written(figures: dict[str, Any], page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "# Benchmarks" in text and "{" not in text.replace("{{", "")
    assert str(CHECKOUT) not in text and str(Path.home()) not in text
