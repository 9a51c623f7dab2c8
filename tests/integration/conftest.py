# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks against instances that an inventory names: the sandbox's, or with --inventory-file real ones.

Tests marked live know nothing but the inventory. The files test_sandbox_* look into the sandbox as well. The tests are
one story, told in the order of ORDER; each chapter is a session fixture, so that any test can be run by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))

from plays import Plays
from stage import SIDES, Stage, ansible_environment, free_port, link_collection
from worlds import World

ORDER = (
    "test_readme",
    "test_provision",
    "test_promote",
    "test_user_errors",
    "test_sandbox_faults",
    "test_upgrade",
    "test_sandbox_two_workspaces",
    "test_sandbox_drill",
    "test_sandbox_waves",
    "test_sandbox_export",
    "test_sandbox_repositories",
    "test_sandbox_promotion",
    "test_sandbox_promotion_ways",
    "test_sandbox_requests",
    "test_sandbox_chaos",
)
HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--inventory-file", type=Path, help="inventory of real instances; see README, make live")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.index(item.module.__name__))  # type: ignore[attr-defined]
    given: Path | None = config.getoption("--inventory-file")
    if given is not None and not any("appsmith_upgrade_to" in host for host in _hosts(given).values()):
        # Instances whose inventory names no release to go to are not moved: these tests aren't meant for them.
        moving = [item for item in items if "upgraded" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=moving)
        items[:] = [item for item in items if item not in moving]


def _hosts(inventory: Path) -> dict[str, dict[str, Any]]:
    """The variables of each host of an inventory."""
    with tempfile.TemporaryDirectory() as folder:
        listed = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(inventory), "--list"],
            env=ansible_environment(Path(folder)),
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, dict[str, Any]] = json.loads(listed.stdout)["_meta"]["hostvars"]
    return found


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--inventory-file") is not None


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    link_collection()
    return tmp_path_factory.mktemp("integration")


@pytest.fixture(scope="session")
def stage(folder: Path) -> Iterator[Stage]:
    """The sandbox's Git host and database; its instances are started by the playbooks."""
    stage = Stage(folder / "stage", time_scale=0.05)
    try:
        stage.start()
        yield stage
    finally:
        stage.stop()


@pytest.fixture(scope="session")
def plays(request: pytest.FixtureRequest, folder: Path) -> Iterator[Plays]:
    """ansible-playbook with the inventory."""
    given: Path | None = request.config.getoption("--inventory-file")
    if given is not None:
        path = _own_workspaces(given.resolve(), folder)
    else:
        stage: Stage = request.getfixturevalue("stage")
        hosts = {side: {f"{side}.example.com": stage.host(side, free_port())} for side in SIDES}
        path = folder / "inventory.yml"
        stage.write_inventory(path, stage.inventory(hosts, appsmith_upgrade_to="v1.91"))
    plays = Plays(folder, path)
    yield plays
    if given is not None:
        # Real instances live on: what the tests made goes away again.
        plays.run(str(HERE / "clean_up.yml"))


def _own_workspaces(given: Path, folder: Path) -> Path:
    """The inventory as it is, but with workspaces of the tests' own."""
    mark = f"stagecraft test {uuid.uuid4().hex[:6]}"
    own = {
        name: {
            "appsmith_workspace": f"{variables.get('appsmith_workspace', 'Workspace')} {mark}",
            "appsmith_ledger_directory": str(folder / "ledger"),
        }
        for name, variables in _hosts(given).items()
        if "appsmith_url" in variables
    }
    together = folder / "inventory"
    together.mkdir()
    (together / f"1-{given.name}").symlink_to(given)
    # Read last, so it counts most.
    (together / "2-workspaces.yml").write_text(yaml.safe_dump({"all": {"hosts": own}}))
    return together


@pytest.fixture(scope="session")
def world_of(stage: Stage, folder: Path) -> Callable[[str], World]:
    """An instance of a release, with applications made by API; started when it is first asked for."""
    worlds: dict[str, World] = {}

    def world(release: str) -> World:
        if release not in worlds:
            worlds[release] = World(stage, release, folder / f"world-{release}")
            worlds[release].start()
        return worlds[release]

    return world


# -- the chapters ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def provisioned(plays: Plays) -> dict[str, Any]:
    return {
        "predicted": plays.run("provision", "--check", writes=False),
        "first": plays.run("provision"),
        "second": plays.run("provision", writes=False),
    }


@pytest.fixture(scope="session")
def promoted(plays: Plays, provisioned: dict[str, Any]) -> dict[str, Any]:
    return {
        "predicted": plays.run("promote", "--check", writes=False),
        "first": plays.run("promote"),
        "second": plays.run("promote", writes=False),
    }


@pytest.fixture(scope="session")
def upgraded(plays: Plays, promoted: dict[str, Any]) -> dict[str, Any]:
    """First a failure on staging, then the upgrade, twice, then the promotion that follows it."""
    target = plays.variable("staging", "appsmith_upgrade_to")
    wanted = ("-e", f"appsmith_version={target}")
    before = plays.releases()
    impossible = [{"application": "orders", "pages": ["A page that nobody made"]}]
    failed = plays.run("upgrade", *wanted, "-e", json.dumps({"upgrade_smoke_tests": impossible}), code=2)
    after_failure = plays.releases()
    return {
        "target": target,
        "before": before,
        "failed": failed,
        "after_failure": after_failure,
        "predicted": plays.run("upgrade", *wanted, "--check", writes=False),
        "first": plays.run("upgrade", *wanted),
        "after": plays.releases(),
        "second": plays.run("upgrade", *wanted, writes=False),
        "promotion": plays.run("promote", *wanted, writes=False),
    }


@pytest.fixture(scope="session")
def rolled_back(plays: Plays, upgraded: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    first = plays.run("rollback", "--limit", "production")
    return {
        "first": first,
        "seconds": time.monotonic() - started,
        "after": plays.releases(),
        "second": plays.run("rollback", "--limit", "production", code=2, writes=False),
    }
