# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live instance's inventory, exported, makes the same instance: provision with it finds nothing to change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from plays import Plays, Run
from stage import ADMIN
from worlds import World, execute

MEMBERS = [
    {"email": "dora@example.com", "role": "developer"},
    {"email": "vera@example.com", "role": "viewer"},
]
SECRETS = {
    "billing_basic": "billing-secret-1",
    "billing_header": "billing-secret-2",
    "crm": "crm-secret-3",
    "catalog": "catalog-secret-4",
    "partner": "partner-secret-5",
    "mail": "mail-secret-6",
}
DATASOURCES: list[dict[str, Any]] = [
    {
        "name": "billing",
        "plugin": "restapi",
        "url": "https://billing.example.com",
        "headers": {"X-Api-Key": SECRETS["billing_header"], "X-Name": "{{ not.a.template }}"},
        "authentication": "basic",
        "username": "svc",
        "password": SECRETS["billing_basic"],
    },
    {
        "name": "crm",
        "plugin": "restapi",
        "url": "https://crm.example.com",
        "authentication": "bearer",
        "bearer_token": SECRETS["crm"],
        # Which no option says.
        "configuration": {"properties": [{"key": "isSendSessionEnabled", "value": "Y"}]},
    },
    {"name": "status", "plugin": "restapi", "url": "https://status.example.com", "authentication": "none"},
    {
        "name": "catalog",
        "plugin": "graphql",
        "url": "https://catalog.example.com/graphql",
        "query_parameters": {"tenant": "7"},
        "authentication": "api_key",
        "api_key_name": "X-Key",
        "api_key": SECRETS["catalog"],
    },
    {
        "name": "partner",
        "plugin": "restapi",
        "url": "https://partner.example.com",
        "authentication": "oauth2_client_credentials",
        "token_url": "https://partner.example.com/token",
        "client_id": "desk",
        "client_secret": SECRETS["partner"],
        "scopes": ["read", "write"],
    },
]


@dataclass
class Exported:
    """What was exported of a world, and what came of it."""

    world: World
    plays: Plays
    file: Path
    vault: Path
    runs: dict[str, Run]
    # Requests that wrote, by run.
    writes: dict[str, list[str]]

    @property
    def text(self) -> str:
        return self.file.read_text()


def _set_up(world: World) -> None:
    """By hand, as it were: two workspaces with people, applications and credentials, and settings."""
    for number, workspace in enumerate(("Export Finance", "Export Support"), 1):
        world.application(f"exported-{number}", workspace=workspace)
        world.module("workspace_members", workspace=workspace, members=MEMBERS[:number])
    world.module("git_branch", workspace="Export Finance", application="exported-1", name="master", protected=True)
    world.module("datasources", workspace="Export Finance", datasources=DATASOURCES)
    world.module("application", workspace="Export Support", name="sketch")
    world.module(
        "instance_settings",
        instance_name="Exported",
        signup=False,
        telemetry=False,
        signup_allowed_domains=["example.com", "example.org"],
        mail={"host": "smtp.example.com", "port": 587, "username": "appsmith", "password": SECRETS["mail"]},
    )


# What a person puts into the vault, by what the variables' names end with.
VAULT = {
    "appsmith_password": ADMIN["password"],
    "billing_password": SECRETS["billing_basic"],
    "header_x_api_key": SECRETS["billing_header"],
    "bearer_token": SECRETS["crm"],
    "catalog_api_key": SECRETS["catalog"],
    "client_secret": SECRETS["partner"],
    "mail_password": SECRETS["mail"],
}


def _vault(world: World, text: str) -> dict[str, str]:
    values = {**VAULT, "orders_db_password": world.credentials_of("orders_db")[0]["password"]}
    names = re.findall(r"^#   (vault_\w+):", text, re.MULTILINE)
    return {name: next(value for end, value in values.items() if name.endswith(end)) for name in names}


@pytest.fixture(scope="module", params=["v1.60", "v1.91"])
def exported(request: pytest.FixtureRequest, world_of: Callable[[str], World], tmp_path_factory: Any) -> Exported:
    world = world_of(request.param)
    _set_up(world)
    folder = tmp_path_factory.mktemp(f"export-{world.release}")
    begin = folder / "begin.yml"
    begin.write_text(
        yaml.safe_dump({"appsmith": {"hosts": {"live": {"appsmith_url": world.url, **world.credentials}}}})
    )
    file, vault = folder / "live.exported.yml", folder / "vault.json"
    runs, writes = {}, {}
    with world.watched() as seen:
        runs["export"] = Plays(folder, begin).run("export", "-e", f"export_directory={folder}")
    writes["export"] = seen.writes
    vault.write_text(json.dumps(_vault(world, file.read_text())))
    plays = Plays(folder, file)
    with world.watched() as seen:
        runs["provision"] = plays.run("provision", "-e", f"@{vault}")
    writes["provision"] = seen.writes
    return Exported(world, plays, file, vault, runs, writes)


def test_the_file_is_of_its_owner_and_without_a_secret(exported: Exported) -> None:
    assert exported.file.stat().st_mode & 0o777 == 0o600
    assert exported.runs["export"].changes == 1
    passwords = {*VAULT.values(), exported.world.credentials_of("orders_db")[0]["password"]}
    for text in (exported.text, exported.runs["export"].output, exported.runs["provision"].output):
        assert [secret for secret in passwords if secret in text] == []


def test_what_can_not_be_exported_is_said(exported: Exported) -> None:
    assert "'sketch' is not connected to Git" in exported.text
    assert "'sketch' is not connected to Git" in exported.runs["export"].output


def test_an_export_writes_nothing_to_the_instance(exported: Exported) -> None:
    assert exported.writes["export"] == []


def test_provision_with_the_export_changes_nothing(exported: Exported) -> None:
    run = exported.runs["provision"]
    assert run.changes == 0 and exported.writes["provision"] == []
    assert {"live-export-finance", "live-export-support"} <= set(run.recap)


def test_a_second_export_finds_the_file_as_it_is(exported: Exported) -> None:
    options = {"path": str(exported.file), "name": "live"}
    assert not exported.world.module("inventory_export", **options)["changed"]
    before = exported.text
    exported.file.write_text(before + "# by hand\n")
    refused = exported.world.run("inventory_export", **options)
    assert refused["failed"] and "was edited" in refused["msg"]
    exported.file.write_text(before)


@pytest.mark.parametrize("exported", ["v1.91"], indirect=True)
def test_another_instance_is_made_from_it(exported: Exported) -> None:
    """The same inventory at another address: its export is the same, but for the address and what is not in Git."""
    world, stage = exported.world, exported.world.stage
    name = f"copy-{world.release}"
    said = json.loads(
        stage.sandbox(
            "instance", "start", "--root", stage.instance_root(name), "--version", world.release, "--name", name,
            "--time-scale", str(stage.time_scale),
        )
    )  # fmt: skip
    url = f"http://127.0.0.1:{said['port']}"
    changed = {
        "appsmith_url": url,
        "appsmith_git_host": {"type": "gitea", "url": stage.git["url"], "token": stage.git["token"]},
    }
    extra = exported.file.with_name("copy.json")
    extra.write_text(json.dumps(changed))
    exported.plays.run("provision", "-e", f"@{exported.vault}", "-e", f"@{extra}")
    found = execute("inventory_export", {"appsmith_url": url, **world.credentials, "name": "live"})
    assert not found["failed"], found["msg"]
    original = world.module("inventory_export", name="live")

    def plain(result: dict[str, Any]) -> dict[str, Any]:
        child = result["inventory"]["appsmith"]["children"]["live_instance"]
        assert child["vars"].pop("appsmith_url") in (url, world.url)
        return dict(child)

    assert plain(found) == plain(original)
