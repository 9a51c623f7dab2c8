# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One point of the kill campaign (make chaos), so that it can't rot; last, as it moves both instances."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chaos"))

import run
from campaign import survive
from chaos_world import World
from plays import Plays
from points import POINTS
from stage import Stage

BEYOND = "v1.93"


def test_a_killed_upgrade_is_finished_by_the_same_command(
    plays: Plays, stage: Stage, folder: Path, upgraded: dict[str, Any]
) -> None:
    world = World(folder / "chaos", stage, plays.inventory)
    world.save("base", look=True)
    point = next(one for one in POINTS if one.name == "stopped")
    outcome = survive(world, replace(point, target=BEYOND, answers=("upgrade",), twice=False))
    assert outcome.survived, outcome.failed
    assert set(plays.releases().values()) == {BEYOND}


def test_every_point_has_a_name_of_its_own_and_a_row() -> None:
    assert len({point.name for point in POINTS}) == len(POINTS) >= 20
    assert set(run.DOCUMENT.read_text(encoding="utf-8").split()) >= {point.name for point in POINTS}
