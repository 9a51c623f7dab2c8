# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real services behind the datasources of sandbox instances."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import servers
from http_service import HttpService
from stage import Stage, free_port, link_collection
from worlds import World

MARIADB = """\
CREATE DATABASE legacy;
CREATE USER 'desk'@'127.0.0.1' IDENTIFIED BY 'mysql-made-up';
GRANT ALL ON legacy.* TO 'desk'@'127.0.0.1';
"""
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    link_collection()
    stage = Stage(tmp_path_factory.mktemp("services") / "stage", time_scale=0.05)
    try:
        stage.start()
        yield stage
    finally:
        stage.stop()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    server = servers.mariadb(tmp_path_factory.mktemp("m") / "mariadb", free_port(), MARIADB)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    server = servers.redis(tmp_path_factory.mktemp("r") / "redis", free_port(), "redis-made-up")
    yield server
    server.stop()


@pytest.fixture
def api() -> Iterator[HttpService]:
    service = HttpService()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def worlds(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Two instances, of two releases."""
    made = {}
    for release in ("v1.91", "v1.60"):
        made[release] = World(stage, release, tmp_path_factory.mktemp("worlds") / release)
        made[release].start()
    return made


@pytest.fixture(scope="session")
def world(worlds: dict[str, World]) -> World:
    return worlds["v1.91"]


Queried = Callable[..., str]


@pytest.fixture(scope="session")
def queried() -> Queried:
    """Publish a query of a datasource, in an application of its own; its name is the answer."""

    def make(world: World, workspace: str, datasource: str, settings: dict[str, Any]) -> str:
        name = f"proof-{next(_numbers)}"
        world.module("application", workspace=workspace, name=name)
        with world.client() as client:
            home = client.get("/workspaces/home")
            place = next(one["id"] for one in home if one["name"] == workspace)
            listed = client.get("/applications/home", params={"workspaceId": place})
            application = next(one["id"] for one in listed if one["name"] == name)
            pages = client.get("/pages", params={"applicationId": application, "mode": "EDIT"})["pages"]
            known = client.get("/datasources", params={"workspaceId": place})
            source = next(one for one in known if one["name"] == datasource)
            client.post(
                "/actions",
                json={
                    "name": "who",
                    "pageId": pages[0]["id"],
                    "pluginId": source["pluginId"],
                    "datasource": {"id": source["id"]},
                    "actionConfiguration": settings,
                },
            )
        world.module("publish", workspace=workspace, applications=[name])
        return name

    return make
