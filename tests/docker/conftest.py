# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks on a real Docker engine: one story, whose chapters are session fixtures, as in tests/integration.

The images carry the sandbox. A query in a container reaches the PostgreSQL of this machine, and its Git the Git host,
at the address that the machine has in the containers' network.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from docker_engine import GATEWAY, NETWORK, WITH_MONGOD, Engine
from docker_forwarder import Forwarder
from docker_tools import community
from plays import Plays
from stage import SIDES, Stage, free_port, link_collection

KEYS = {"appsmith_encryption_password": "made-up-$password'1", "appsmith_encryption_salt": 'made-up-"salt\\2'}
MAIL_PASSWORD = "made-up-mail-password"


ORDER = (
    "test_docker_provision",
    "test_docker_life",
    "test_docker_backup",
    "test_docker_external",
    "test_docker_upgrade",
    "test_docker_inventory",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.index(item.module.__name__))  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    link_collection()
    community()
    return tmp_path_factory.mktemp("docker")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine()
    try:
        engine.start()
        engine.make_images()
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def stage(folder: Path, engine: Engine) -> Iterator[Stage]:
    """PostgreSQL and a Git host, on 127.0.0.1 and on the address that containers reach."""
    stage = Stage(folder / "stage", time_scale=0.05)
    forwarders: list[Forwarder] = []
    try:
        stage.start()
        for port in (stage.git["ssh_port"], stage.database_port):
            forwarders.append(Forwarder((GATEWAY, port), ("127.0.0.1", port)))
        yield stage
    finally:
        for forwarder in forwarders:
            forwarder.close()
        stage.stop()


class Instances:
    """The inventory, and what Docker made of it."""

    def __init__(self, folder: Path, engine: Engine, stage: Stage) -> None:
        self.folder, self.engine, self.stage = folder, engine, stage
        self.path = folder / "inventory" / "hosts.yml"
        self.path.parent.mkdir()
        self.hosts = {side: {f"{side}.example.com": self.host(side, SIDES[side])} for side in SIDES}
        # Staging's keys stand in the inventory; those of production are made at its first start.
        self.hosts["staging"]["staging.example.com"].update(KEYS)
        # What people work with has a real mongod; the other gets by with what starts faster.
        self.hosts["production"]["production.example.com"]["appsmith_image"] = WITH_MONGOD
        self.write()

    def host(self, name: str, branch: str, side: str = "") -> dict[str, Any]:
        """The variables of an instance with the credentials of a side."""
        side = side or name
        port = free_port()
        database = next(one for one in self.stage.datasources(side) if one["name"] == "orders_db")
        return {
            "appsmith_url": f"http://127.0.0.1:{port}",
            "appsmith_workspace": "Operations",
            "appsmith_branch": branch,
            "appsmith_git_key_write": side == "staging",
            "appsmith_members": [{"email": "dora@example.com", "role": "developer"}],
            "appsmith_settings": {"signup": False},
            "appsmith_datasources": [{**database, "host": GATEWAY}],
            "appsmith_smoke_tests": self.stage.smoke_tests(side)[:1],
            "appsmith_instance_name": name,
            "appsmith_instance_directory": str(self.folder / name),
            "appsmith_instance_ports": [f"127.0.0.1:{port}:80"],
            "appsmith_environment": {
                "APPSMITH_MAIL_ENABLED": True,
                "APPSMITH_MAIL_FROM": "cost is $5",
                "APPSMITH_MAIL_PASSWORD": MAIL_PASSWORD,
            },
            "appsmith_labels": {"com.example.side": side},
            "appsmith_instance_memory": "512m",
        }

    def write(self, **changed: Any) -> None:
        """The inventory as it is, with variables of all hosts changed."""
        orders = f"ssh://git@{GATEWAY}:{self.stage.git['ssh_port']}/acme/orders.git"
        inventory = self.stage.inventory(
            copy.deepcopy(self.hosts),
            appsmith_instance_driver="docker",
            appsmith_applications=[{"name": "orders", "remote_url": orders}],
            appsmith_docker_environment=self.engine.environment,
            driver_docker_minimum_memory_mb=256,
            driver_docker_minimum_free_mb=256,
            driver_docker_stop_timeout=20,
            driver_docker_pull="never",
            **changed,
        )
        del inventory["all"]["children"]["appsmith"]["vars"]["appsmith_instance_environment"]
        self.passphrase = str(inventory["all"]["children"]["appsmith"]["vars"]["appsmith_backup_passphrase"])
        self.stage.write_inventory(self.path, inventory)

    def playbook(self, entry_point: str) -> str:
        """A playbook that calls an entry point of the role instance."""
        path = self.folder / f"{entry_point}.yml"
        role = {"name": "stagecraft.appsmith.instance"}
        tasks = [
            {"name": entry, "ansible.builtin.include_role": {**role, "tasks_from": entry}}
            for entry in ("facts", entry_point)
        ]
        path.write_text(yaml.safe_dump([{"hosts": "appsmith", "gather_facts": False, "tasks": tasks}]))
        return str(path)

    network = NETWORK

    # -- what there is ------------------------------------------------------------------------------------------------
    def there(self) -> list[str]:
        return sorted(self.engine.docker("ps", "--all", "--format", "{{.Names}}").stdout.split())

    def inspect(self, name: str) -> dict[str, Any]:
        return self.engine.inspect(name)

    def identity(self, name: str) -> tuple[str, str]:
        """Which container it is, and since when it runs: what neither a new one nor a restart leaves as it was."""
        found = self.inspect(name)
        return found["Id"], found["State"]["StartedAt"]

    def environment(self, name: str) -> dict[str, str]:
        return dict(one.split("=", 1) for one in self.inspect(name)["Config"]["Env"])

    def file(self, name: str, file: str) -> Path:
        return self.folder / name / file

    def keys(self, name: str) -> dict[str, str]:
        """Those that the container has."""
        found = self.environment(name)
        return {one.lower(): found[one.upper()] for one in KEYS}

    # -- how its start is made to go wrong ----------------------------------------------------------------------------
    def fault(self, name: str, kind: str, *more: str) -> None:
        """See faults.py of the sandbox; outlives containers, for it stands beside their logs."""
        self.stage.sandbox("fault", "add", "--root", self.file(name, "stacks"), kind, *more)

    def mend(self, name: str) -> None:
        self.stage.sandbox("fault", "remove", "--root", self.file(name, "stacks"))

    def secrets(self) -> list[str]:
        """What may stand in no output."""
        found = [MAIL_PASSWORD, self.passphrase, *KEYS.values(), "db-staging", "db-production"]
        for name in self.there():
            found += self.keys(name).values()
        return found + [json.dumps(one)[1:-1] for one in found]


@pytest.fixture(scope="session")
def instances(folder: Path, engine: Engine, stage: Stage) -> Instances:
    return Instances(folder, engine, stage)


@pytest.fixture(scope="session")
def plays(folder: Path, instances: Instances) -> Plays:
    return Plays(folder, instances.path.parent)


# -- the chapters ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def provisioned(plays: Plays, instances: Instances) -> dict[str, Any]:
    predicted = plays.run("provision", "--check", "--diff")
    left = (
        instances.there(),
        instances.file("staging", "").exists(),
        (instances.path.parent / ".appsmith-keys").exists(),
    )
    return {
        "predicted": predicted,
        "left by the prediction": left,
        "first": plays.run("provision", "--diff"),
        "second": plays.run("provision", "--diff"),
    }
