# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of every recording, against fresh sandboxes of that release."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from appsmith_sandbox import postgres

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import HERE, POSTGRES_INIT, RECORDINGS, World

NAMES = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))
NOT_COMPARED: dict[str, dict[int, dict[str, str]]] = (
    yaml.safe_load((HERE / "not_compared.yml").read_text(encoding="utf-8")) or {}
)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("postgres")
    init = folder / "init.sql"
    init.write_text(POSTGRES_INIT, encoding="utf-8")
    facts = postgres.start(folder, 0, init)
    try:
        yield facts
    finally:
        postgres.remove(folder)


def _steps(name: str) -> list[str]:
    import json

    lines = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.mark.parametrize("name", NAMES)
def test_recording(name: str, tmp_path: Path, database: dict[str, Any]) -> None:
    with World(name, tmp_path, database) as world:
        differences = world.replay()
        faults = [
            text
            for running in world.instances.values()
            for text in (running.root / "logs" / "backend" / "backend.log").read_text(encoding="utf-8").split("\n\n")
            if "SANDBOX FAULT" in text
        ]
    left_out = NOT_COMPARED.get(name, {})
    said = [
        f"{index} {world.steps[index]['step']} {world.steps[index]['instance']}: {line}"
        for index, lines in enumerate(differences)
        for line in lines
        if index not in left_out
    ]
    assert not faults, "\n\n".join(faults)
    assert not said, f"{len(said)} differences:\n" + "\n".join(said)


def test_all_recordings_are_replayed() -> None:
    assert NAMES == [
        "upgrade-v1.60-to-v1.91",
        "v1.60",
        "v1.91",
        "v1.91-datasources",
        "v1.91-more",
        "v1.91-old-routes",
    ]


def test_fewer_than_one_step_in_twenty_is_left_out() -> None:
    steps = sum(len(_steps(name)) for name in NAMES)
    assert sum(len(entries) for entries in NOT_COMPARED.values()) * 20 < steps


@pytest.mark.parametrize("name", sorted(NOT_COMPARED))
def test_steps_left_out_exist_and_have_a_reason(name: str) -> None:
    steps = _steps(name)
    for index, entry in NOT_COMPARED[name].items():
        assert steps[index] == entry["step"]
        assert len(entry["reason"]) > 20
