# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports that go wrong leave nothing, keys get the right that is wanted, branches are protected: on both releases."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _git_connect
from plays import Plays
from stage import ansible_environment
from worlds import AUTHOR, BUNDLES, World, wait_until

RELEASES = ["v1.60", "v1.91"]


@pytest.fixture(params=RELEASES)
def world(request: pytest.FixtureRequest, world_of: Callable[[str], World]) -> World:
    return world_of(request.param)


class Repository:
    """One with an application in it, which no instance knows."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, f"{world.name}/{name}"
        world.repositories.import_bundle(self.name, BUNDLES / world.release / "orders.bundle", ["master"])
        world.repositories.add_key(self.name, "reader", world.read_key.with_suffix(".pub").read_text(), read_only=True)

    @property
    def url(self) -> str:
        return self.world.stage.remote_url(self.name.split("/")[1], self.world.name)

    def deploy_keys(self) -> list[tuple[str, bool]]:
        listed = self.world.repositories.deploy_keys(self.name)
        return sorted((key["title"], key["read_only"]) for key in listed if key["title"] != "reader")

    def options(self, **more: Any) -> dict[str, Any]:
        return {"workspace": self.world.workspace("Imports"), "remote_url": self.url, "author": AUTHOR, **more}

    def run(self, **more: Any) -> dict[str, Any]:
        host = {"url": self.world.stage.git["url"], "token": self.world.stage.git["token"]}
        return self.world.run("git_import", **self.options(**{"git_host": host, **more}))


def applications(world: World) -> list[str]:
    with world.client() as client:
        workspaces = {one["name"]: one["id"] for one in client.get("/workspaces/home")}
        found = client.get("/applications/home", params={"workspaceId": workspaces["Imports"]})
    return [str(one["name"]) for one in found]


def test_an_import_that_hangs_ends_within_its_limit_and_leaves_nothing(world: World) -> None:
    repository = Repository(world, "hangs")
    world.fault("no-answer", call="import", done=False)
    result = repository.run(import_timeout=4)
    assert result["failed"] and not result["changed"] and "nothing of it is left" in result["msg"], result
    assert repository.deploy_keys() == [] and "hangs" not in applications(world)
    assert repository.run()["imported"] and [right for _title, right in repository.deploy_keys()] == [True]
    assert not repository.run()["changed"]


def test_an_import_whose_answer_is_lost_is_found(world: World) -> None:
    repository = Repository(world, "lost")
    world.fault("gateway", call="import", status=504)
    assert repository.run()["imported"]
    assert applications(world).count("lost") == 1 and not repository.run()["changed"]


def test_the_right_of_a_key_follows_the_inventory(world: World) -> None:
    repository = Repository(world, "rights")
    assert repository.run()["imported"]
    ((title, read_only),) = repository.deploy_keys()
    assert read_only
    changed = repository.run(key_write=True)
    assert changed["changed"] and changed["key_registered"] and repository.deploy_keys() == [(title, False)]
    assert not repository.run(key_write=True)["changed"]
    # Nothing was said about the right: it stays.
    assert not repository.run()["changed"] and repository.deploy_keys() == [(title, False)]
    made = world.run("git_branch", workspace="Imports", applications=["rights"], name="try")
    assert not made["failed"], made
    assert repository.run(key_write=False)["changed"] and repository.deploy_keys() == [(title, True)]


def test_a_key_that_a_person_registers_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_git_connect, "KEY_PAUSE", 0.2)
    repository = Repository(world, "by-hand")
    shown = repository.run(git_host=None)
    key = shown["error"]["details"]["public_key"]
    assert shown["failed"] and "by-hand" not in applications(world)
    log = world.root / "logs" / "requests.jsonl"
    before = log.read_text().count("/git/import/")

    def person() -> None:
        wait_until(lambda: log.read_text().count("/git/import/") > before)
        world.repositories.add_key(repository.name, "by a person", key, read_only=True)

    thread = threading.Thread(target=person)
    thread.start()
    result = repository.run(git_host=None, generate_key=False, key_timeout=60)
    thread.join()
    assert result.get("imported"), result
    assert not repository.run(git_host=None)["changed"]


def test_a_protected_branch_takes_no_commit_and_every_discard(world: World) -> None:
    application = world.application(write=True)
    on_branch = {"workspace": application.workspace, "applications": [application.name]}
    protected = {**on_branch, "name": "master", "protected": True}
    assert world.run("git_branch", check=True, **protected)["changed"]
    assert world.run("git_branch", **protected)["changed"]
    assert not world.run("git_branch", **protected)["changed"]
    application.edit("select 2")
    result = world.promote(application)
    assert not result["failed"] and result["changed"], result
    application.change("select 3")
    refused = world.run("git_commit", **on_branch, commit_message="x")
    assert refused["failed"] and "protected" in refused["msg"]
    assert world.run("git_branch", **{**protected, "protected": False})["changed"]
    assert world.run("git_commit", **on_branch, commit_message="x")["changed"]


def test_the_check_sees_what_the_instance_will_see(world: World) -> None:
    repository = Repository(world, "checked")
    options = {"repositories": [repository.url], "workspace": world.workspace("Imports"), **world.reading}
    result = world.run("git_check", **options)
    assert not result["failed"] and result["results"][0]["application"], result
    before = result["private_repositories"]
    assert before["new"] == 1
    assert repository.run()["imported"]
    after = world.run("git_check", **options)["private_repositories"]
    assert (after["used"], after["new"]) == (before["used"] + 1, 0)


def _inventory(world: World, *repositories: Repository, **variables: Any) -> dict[str, Any]:
    host = {
        "appsmith_url": world.url,
        **world.credentials,
        "appsmith_workspace": "By inventory",
        "appsmith_branch": "master",
        "appsmith_git_author": AUTHOR,
        "appsmith_applications": [{"remote_url": one.url} for one in repositories],
        **{f"appsmith_{name}": value for name, value in world.reading.items()},
        **variables,
    }
    return {"all": {"children": {"appsmith": {"hosts": {"production.example.com": host}}}}}


def test_a_playbook_checks_shows_the_key_waits_and_protects(world_of: Callable[[str], World], tmp_path: Path) -> None:
    world = world_of("v1.91")
    repository = Repository(world, "played")
    inventory, output = tmp_path / "inventory.yml", tmp_path / "output"
    variables = {"appsmith_git_check": True, "appsmith_protected": True, "provision_key_timeout": 60}
    inventory.write_text(yaml.safe_dump(_inventory(world, repository, **variables)))
    plays = Plays(tmp_path, inventory)
    protect = ("production.example.com", "Protect the branch")
    assert protect in plays.run("provision", "--check").changed
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    with output.open("w") as file:
        play = subprocess.Popen(
            [program, "-i", str(inventory), "stagecraft.appsmith.provision"],
            cwd=tmp_path,
            env=ansible_environment(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        shown: list[str] = []

        def key() -> bool:
            shown[:] = re.findall(r"within 60 seconds: (ecdsa\S+ \S+)", output.read_text())
            return bool(shown) or play.poll() is not None

        wait_until(key, 120)
        assert shown, output.read_text()[-3000:]
        world.repositories.add_key(repository.name, "by a person", shown[0], read_only=True)
        assert play.wait(120) == 0, output.read_text()[-3000:]
    protected = {"workspace": "By inventory", "applications": ["played"], "name": "master", "protected": True}
    assert not world.run("git_branch", **protected)["changed"]
    assert plays.run("provision").changes == 0
