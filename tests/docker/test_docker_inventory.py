# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of docs/docker.md as it stands, with a real Docker engine, a real Gitea and a real PostgreSQL.

Only how the machines are reached, addresses and secrets are filled in.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from appsmith_sandbox import postgres
from docker_engine import GATEWAY, Engine
from docker_forwarder import Forwarder
from plays import Plays, Run
from stage import CHECKOUT, Stage, free_port

sys.path.insert(0, str(CHECKOUT / "tests" / "gitea"))
from gitea_run import execute
from gitea_server import ADMIN, PASSWORD, Gitea

GUIDE = (CHECKOUT / "docs" / "docker.md").read_text()
BUNDLES = CHECKOUT / "tests" / "fixtures" / "apps" / "v1.91"
REPOSITORIES = ("acme/orders", "acme/support-desk")
STAGING, PRODUCTION, BERLIN = HOSTS = [f"{name}.example.com" for name in ("staging", "production", "berlin")]
# Database users beside the two of the stage: that of the third instance, and one that takes another's place.
USERS = ("orders_berlin", "orders_production_2")


def guide(first: str) -> str:
    """The guide's YAML that begins with a line."""
    [block] = re.findall(rf"^```yaml\n({first}:\n.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return str(block)


def container(host: str) -> str:
    return f"guide-{host.partition('.')[0]}"


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Gitea]:
    """With two repositories that hold an application each, reachable from containers."""
    with Gitea(tmp_path_factory.mktemp("gitea")) as running:
        forwarder = Forwarder((GATEWAY, running.ssh_port), ("127.0.0.1", running.ssh_port))
        running.api("POST", "/orgs", {"username": "acme"}, status=201)
        for name in REPOSITORIES:
            short = name.partition("/")[2]
            wanted = {"name": short, "private": True, "default_branch": "master"}
            running.api("POST", "/orgs/acme/repos", wanted, status=201)
            clone = running.root / short
            address = f"http://{ADMIN}:{PASSWORD}@127.0.0.1:{running.http_port}/{name}.git"
            for command in (
                ["git", "clone", "--quiet", "--mirror", str(BUNDLES / f"{short}.bundle"), str(clone)],
                ["git", "-C", str(clone), "push", "--quiet", address, "master", "staging"],
            ):
                subprocess.run(command, check=True, capture_output=True)
            # Gitea looks at what was pushed a moment later.
            deadline = time.monotonic() + 60
            while running.api("GET", f"/repos/{name}")["empty"] or not running.branch(name, "staging"):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield running
        forwarder.close()


class Guide:
    """The guide's inventory in a folder, with its vault, and with what only these tests' machines need."""

    def __init__(self, folder: Path, engine: Engine, stage: Stage, gitea: Gitea) -> None:
        self.folder, self.engine, self.stage, self.gitea = folder, engine, stage, gitea
        self.inventory = folder / "inventory"
        (self.inventory / "group_vars" / "appsmith").mkdir(parents=True)
        self.ports = {host: free_port() for host in HOSTS}
        self.vault = {
            "vault_appsmith_password": "made-up-admin-42",
            "vault_mail_password": "made-up-mail",
            "vault_git_token": gitea.token,
            "vault_database_passwords": {
                "orders_staging": "db-staging",
                "orders_production": "db-production",
                **{user: f"made-up-{user}" for user in USERS},
            },
            "vault_crm_tokens": {host: f"made-up-crm-{host}" for host in HOSTS},
        }
        self.vault_password = folder / "vault-password"
        self.vault_password.write_text("made-up-vault-password\n")
        self.make_users()
        self.write("hosts.yml", self.filled_in())
        self.write("tests.yml", yaml.safe_dump(self.reached(STAGING, PRODUCTION)))
        secret = VaultSecret(self.vault_password.read_bytes().strip())
        encrypted = VaultLib([("default", secret)]).encrypt(yaml.safe_dump(self.vault))
        self.write("group_vars/appsmith/vault.yml", encrypted.decode())
        self.plays = Plays(folder, self.inventory)

    def write(self, name: str, text: str) -> None:
        (self.inventory / name).write_text(text)

    def filled_in(self) -> str:
        """The guide's addresses become those of this machine."""
        text = guide("appsmith")
        [host_key] = self.gitea.root.glob("**/host.ed25519")
        for written, here in {
            "git.example.com:2222": f"{GATEWAY}:{self.gitea.ssh_port}",
            "https://git.example.com": self.gitea.url,
            "SHA256:uNiVztksCsDhcc0u9e8BrBlOv9UHJ4zTVnd4cp2jYYs": asyncssh.read_private_key(host_key).get_fingerprint(),
            "host: db.example.com": f"host: {GATEWAY}",
            "port: 5432": f"port: {self.stage.database_port}",
        }.items():
            assert written in text, f"the guide does not say {written} any more"
            text = text.replace(written, here)
        return text

    def reached(self, *hosts: str) -> dict[str, Any]:
        """All instances are on this machine, and small."""
        return {
            "all": {
                "hosts": {
                    host: {
                        "ansible_connection": "local",
                        "ansible_become": False,
                        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                        "appsmith_url": f"http://127.0.0.1:{self.ports[host]}",
                        "appsmith_instance_ports": [f"127.0.0.1:{self.ports[host]}:80"],
                        "appsmith_instance_name": container(host),
                        "appsmith_instance_directory": str(self.folder / host),
                        "appsmith_docker_environment": self.engine.environment,
                        "driver_docker_minimum_memory_mb": 256,
                        "driver_docker_minimum_free_mb": 256,
                        "driver_docker_stop_timeout": 20,
                        "driver_docker_pull": "never",
                    }
                    for host in hosts
                }
            }
        }

    def make_users(self) -> None:
        facts = postgres.status(self.stage.root / "postgres")
        assert facts is not None
        with postgres.connect(facts, "orders_production") as connection:
            for user in USERS:
                connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'made-up-{user}'".encode())
                connection.execute(f"GRANT SELECT ON orders TO {user}".encode())

    def change(self) -> None:
        """A member more, another variable of the container, another credential; and the guide's third instance."""
        inventory = yaml.safe_load(self.filled_in())
        staging, production = (inventory["appsmith"]["children"][side] for side in ("staging", "production"))
        staging["vars"]["appsmith_members"].append({"email": "quality@example.com", "role": "developer"})
        staging["hosts"][STAGING]["appsmith_environment"] = {
            **inventory["appsmith"]["vars"]["appsmith_environment"],
            "APPSMITH_MAIL_FROM": "appsmith@example.com",
        }
        production["hosts"][PRODUCTION]["orders_user"] = "orders_production_2"
        self.write("hosts.yml", yaml.safe_dump(inventory))
        self.write("one-more.yml", guide("production"))
        self.write("tests.yml", yaml.safe_dump(self.reached(*HOSTS)))

    def provision(self, *arguments: str) -> Run:
        return self.plays.run("provision", "--diff", "--vault-password-file", str(self.vault_password), *arguments)

    # -- what there is ------------------------------------------------------------------------------------------------
    def containers(self) -> dict[str, str]:
        """Host to the container that runs."""
        found = self.engine.docker("ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}").stdout.splitlines()
        there = dict(line.split() for line in found)
        return {host: there[container(host)] for host in HOSTS if container(host) in there}

    def module(self, name: str, host: str, **options: Any) -> dict[str, Any]:
        account = {
            "appsmith_url": f"http://127.0.0.1:{self.ports[host]}",
            "appsmith_username": "admin@example.com",
            "appsmith_password": self.vault["vault_appsmith_password"],
        }
        return execute(name, {**account, "workspace": "Operations", **options})

    def who_asks(self, host: str) -> str:
        """The database user that an application's query has, by what a smoke test says that expects another."""
        branch = "staging" if host == STAGING else "master"
        query = {"application": "orders", "page": "Dashboard", "query": "list_orders", "expect": "[0].customer"}
        result = self.module("smoke_test", host, branch=branch, tests=[{**query, "equals": "nobody"}])
        assert result["failed"], result
        [user] = set(re.findall(r"orders_\w+", result["msg"])) - {"list_orders"}
        return str(user)

    def members(self, host: str) -> dict[str, str]:
        return {one["email"]: one["role"] for one in self.module("workspace_members_info", host)["members"]}

    def keys(self) -> dict[tuple[str, str], bool]:
        """Repository and host of the instance to whether its deploy key only reads, as Gitea says."""
        urls = {f"127.0.0.1:{port}": host for host, port in self.ports.items()}
        return {
            (name, urls[key["title"].split()[1]]): key["read_only"]
            for name in REPOSITORIES
            for key in self.gitea.api("GET", f"/repos/{name}/keys")
        }

    def secrets(self) -> list[str]:
        """What may stand in no output."""
        found = [self.vault_password.read_text().strip()]
        for value in self.vault.values():
            found += value.values() if isinstance(value, dict) else [value]
        for host in self.containers():
            environment = self.engine.inspect(container(host))["Config"]["Env"]
            found += [one.partition("=")[2] for one in environment if re.match("APPSMITH_ENCRYPTION_", one)]
        return found + [json.dumps(one)[1:-1] for one in found]


@pytest.fixture(scope="module")
def world(folder: Path, engine: Engine, stage: Stage, gitea: Gitea) -> Guide:
    home = folder / "guide"
    home.mkdir()
    return Guide(home, engine, stage, gitea)


@pytest.fixture(scope="module")
def brought_up(world: Guide) -> dict[str, Any]:
    first = world.provision()
    there = {
        "containers": world.containers(),
        "keys": world.keys(),
        "members": {host: world.members(host) for host in (STAGING, PRODUCTION)},
        "who asks": {host: world.who_asks(host) for host in (STAGING, PRODUCTION)},
    }
    return {"first": first, "there": there, "second": world.provision(), "containers": world.containers()}


@pytest.fixture(scope="module")
def changed(brought_up: dict[str, Any], world: Guide) -> dict[str, Any]:
    world.change()
    predicted = world.provision("--check")
    untouched = (world.containers(), world.keys(), world.members(STAGING), world.who_asks(PRODUCTION))
    return {"predicted": predicted, "untouched": untouched, "done": world.provision()}


def tasks(run: Run, host: str) -> set[str]:
    return {task for one, task in run.changed if one == host}


# -- from nothing ------------------------------------------------------------------------------------------------------
def test_each_environment_asks_as_its_own_database_user(brought_up: dict[str, Any]) -> None:
    assert brought_up["there"]["who asks"] == {STAGING: "orders_staging", PRODUCTION: "orders_production"}
    assert "Run the smoke tests" in brought_up["first"].output


def test_people_are_where_the_guide_says(brought_up: dict[str, Any]) -> None:
    admin = {"admin@example.com": "administrator"}
    builders = {"dora@example.com": "developer", "quentin@example.com": "developer"}
    assert brought_up["there"]["members"] == {
        STAGING: admin | builders,
        PRODUCTION: admin | {"vera@example.com": "viewer"},
    }


def test_the_keys_of_staging_write_and_those_of_production_read(brought_up: dict[str, Any]) -> None:
    assert brought_up["there"]["keys"] == {
        (name, host): host == PRODUCTION for name in REPOSITORIES for host in (STAGING, PRODUCTION)
    }
    assert "Check the repositories" in brought_up["first"].output


def test_a_second_run_changes_nothing(brought_up: dict[str, Any]) -> None:
    assert set(brought_up["second"].recap) == {STAGING, PRODUCTION}
    assert brought_up["second"].changes == 0
    assert brought_up["containers"] == brought_up["there"]["containers"]


# -- a changed inventory -----------------------------------------------------------------------------------------------
def test_check_mode_shows_what_would_change(changed: dict[str, Any]) -> None:
    predicted = changed["predicted"]
    assert tasks(predicted, STAGING) == {
        "Write the compose file", "Start the instance", "Bring the members to the list",
    }  # fmt: skip
    assert tasks(predicted, PRODUCTION) == {"Fill in the credentials of the datasources"}
    for shown in ("appsmith@example.com", "quality@example.com", "orders_production_2"):
        assert shown in predicted.output
    assert {"Start the instance", "Create the workspace", "Import the applications from Git"} <= tasks(
        predicted, BERLIN
    )


def test_check_mode_changes_nothing(changed: dict[str, Any], brought_up: dict[str, Any]) -> None:
    there = brought_up["there"]
    assert changed["untouched"] == (
        there["containers"], there["keys"], there["members"][STAGING], there["who asks"][PRODUCTION],
    )  # fmt: skip


def test_the_run_does_what_check_mode_said(changed: dict[str, Any], world: Guide) -> None:
    for host in (STAGING, PRODUCTION):
        assert tasks(changed["done"], host) == tasks(changed["predicted"], host)
    assert world.members(STAGING)["quality@example.com"] == "developer"
    assert world.who_asks(PRODUCTION) == "orders_production_2"


def test_an_instance_more_is_a_host_more(changed: dict[str, Any], brought_up: dict[str, Any], world: Guide) -> None:
    before, after = brought_up["containers"], world.containers()
    assert set(after) == set(HOSTS) and after[PRODUCTION] == before[PRODUCTION]
    assert world.who_asks(BERLIN) == "orders_berlin"
    assert world.members(BERLIN) == world.members(PRODUCTION)
    assert {world.keys()[name, BERLIN] for name in REPOSITORIES} == {True}, "it only reads"


def test_in_the_end_nothing_is_left_to_do(changed: dict[str, Any], world: Guide) -> None:
    last = world.provision("--check")
    assert set(last.recap) == set(HOSTS) and last.changes == 0


def test_no_output_holds_a_secret(changed: dict[str, Any], world: Guide) -> None:
    for run in world.plays.runs:
        assert [one for one in world.secrets() if one in run.output] == [], run.playbook
    for kept in (world.inventory / ".appsmith-keys").iterdir():
        assert kept.read_text().startswith("$ANSIBLE_VAULT;"), kept
