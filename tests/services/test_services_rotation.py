# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/rotate.yml: one user of a real PostgreSQL, used by two instances of two releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import Queried
from plays import Plays
from stage import Stage
from worlds import World

WORKSPACE = "Rotation"
USER, DATABASE = "orders_staging", "orders_staging"


def works(stage: Stage, password: str) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=stage.database_port, dbname=DATABASE, user=USER, password=password
        ).close()
    except psycopg.OperationalError:
        return False
    return True


class Rotation:
    """Two instances with one datasource each, and a query that proves it."""

    def __init__(self, stage: Stage, worlds: dict[str, World], queried: Queried, folder: Path) -> None:
        self.stage, self.worlds, self.folder = stage, worlds, folder
        folder.mkdir()
        self.password = "db-staging"
        self.applications: dict[str, str] = {}
        for name, world in worlds.items():
            world.workspace(WORKSPACE)
            world.module("datasources", workspace=WORKSPACE, datasources=[self.item()])
            self.applications[name] = queried(world, WORKSPACE, "orders_db", {"body": "SELECT session_user AS who"})

    def item(self, name: str = "", **more: Any) -> dict[str, Any]:
        item = {
            **{"name": "orders_db", "plugin": "postgres", "host": "127.0.0.1", "port": self.stage.database_port},
            **{"database": DATABASE, "username": USER, "password": self.password},
        }
        if name:
            wanted = {"query": "who", "expect": "[0].who", "equals": USER}
            item["proof_query"] = {"application": self.applications[name], **wanted}
        return {**item, **more}

    def run(self, new: str, *arguments: str, code: int = 0, of: dict[str, dict[str, Any]] | None = None, **more: Any):
        hosts = {}
        for name, world in self.worlds.items():
            side = self.stage.host("staging", world.port, instance=world.name, workspace=WORKSPACE)
            changed = (of or {}).get(name, {})
            hosts[name.replace(".", "-")] = {**side, "appsmith_datasources": [{**self.item(name), **changed}]}
        given = self.stage.inventory({"staging": hosts}, appsmith_version="")
        plays = Plays(self.folder, self.stage.write_inventory(self.folder / "inventory.yml", given))
        values = json.dumps({"rotate_datasource": "orders_db", "rotate_password": new, **more})
        found = plays.run("rotate", "-e", values, *arguments, code=code)
        assert new not in found.output and self.password not in found.output
        return found

    def proven(self) -> bool:
        """Whether every instance reads with what it has stored."""
        results = [
            world.run("datasource", workspace=WORKSPACE, **self.item(name), check=True)
            for name, world in self.worlds.items()
        ]
        return all(not one["failed"] and not one["changed"] and one["datasource"]["proven"] for one in results)


@pytest.fixture(scope="module")
def rotation(stage: Stage, worlds: dict[str, World], queried: Queried, tmp_path_factory: Any) -> Rotation:
    return Rotation(stage, worlds, queried, tmp_path_factory.mktemp("rotation") / "plays")


def test_check_mode_changes_nothing(rotation: Rotation) -> None:
    found = rotation.run("new-word-1 it's", "--check", "--diff")
    assert "would be changed on 127.0.0.1" in found.output
    assert works(rotation.stage, "db-staging") and rotation.proven()


def test_a_password_goes_to_the_database_and_to_every_instance(rotation: Rotation) -> None:
    new = "new-word-1 it's"
    rotation.run(new)
    assert works(rotation.stage, new) and not works(rotation.stage, rotation.password)
    rotation.password = new
    assert rotation.proven()


def test_an_instance_that_fails_takes_all_back(rotation: Rotation) -> None:
    """One instance doesn't answer the save; the other one has the new password by then."""
    rotation.worlds["v1.60"].fault("gateway", call="save-storage", status=504, done=False, times=1)
    found = rotation.run("new-word-2", code=2)
    assert "The new password did not work on v1-60: " in found.output
    assert "The old one is back everywhere, and was proven." in found.output
    assert works(rotation.stage, rotation.password) and rotation.proven()


def test_a_proof_that_fails_before_stops_it(rotation: Rotation) -> None:
    name = "v1.60"
    broken = {"proof_query": {**rotation.item(name)["proof_query"], "equals": "somebody else"}}
    found = rotation.run("new-word-7", code=2, of={name: broken})
    assert "query failed with the stored secret" in found.output and "Nothing was changed" in found.output
    assert works(rotation.stage, rotation.password) and rotation.proven()


def test_a_new_password_that_the_database_did_not_take_goes_back(rotation: Rotation) -> None:
    """The user's command says that it is done, and has done nothing: no instance works with it."""
    found = rotation.run("new-word-3", code=2, rotate_command=["true"])
    assert "The new password did not work on" in found.output and "password authentication failed" in found.output
    assert "The old one is back everywhere, and was proven." in found.output
    assert works(rotation.stage, rotation.password) and rotation.proven()


def test_a_database_that_refuses_is_said(rotation: Rotation) -> None:
    found = rotation.run("new-word-4", code=2, rotate_admin_username="nobody", rotate_admin_password="wrong")
    assert "The database refused the new password" in found.output and "nobody" in found.output
    assert works(rotation.stage, rotation.password) and rotation.proven()


def test_an_old_password_that_is_not_the_stored_one_stops_it(rotation: Rotation) -> None:
    found = rotation.run("new-word-5", code=2, of={"v1.60": {"password": "something-old"}})
    assert "password authentication failed" in found.output and "Change it on the database" not in found.output
    assert works(rotation.stage, rotation.password) and rotation.proven()


def test_hosts_of_different_users_are_refused(rotation: Rotation) -> None:
    found = rotation.run("new-word-6", code=2, of={"v1.60": {"username": "orders_production"}})
    assert "The hosts use different users of the database" in found.output
