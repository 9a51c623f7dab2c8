# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that run: changed inventories, stops and starts, and what is refused before anything is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Instances
from plays import Plays, Run

STAGING = ("--limit", "staging")
FILES = {"compose": "Write the compose file", "secrets": "Write the secret variables"}


def changed(run: Run) -> set[str]:
    return {task for _host, task in run.changed}


def refusal(plays: Plays, playbook: str, *arguments: str) -> str:
    run = plays.run(playbook, *arguments, code=2)
    [message] = run.messages
    assert "\n" not in message and run.changes == 0
    return message


# -- a changed inventory ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def more_memory(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    """Staging gets another limit of memory."""
    before = {name: instances.identity(name) for name in instances.there()}
    instances.hosts["staging"]["staging.example.com"]["appsmith_instance_memory"] = "640m"
    instances.write()
    predicted = plays.run("provision", "--check", "--diff", *STAGING)
    untouched = {name: instances.identity(name) for name in instances.there()}
    first = plays.run("provision")
    after = {name: instances.identity(name) for name in instances.there()}
    second = plays.run("provision", *STAGING)
    return {
        "before": before, "predicted": predicted, "untouched": untouched, "first": first, "after": after,
        "second": second, "in the end": {name: instances.identity(name) for name in instances.there()},
    }  # fmt: skip


def test_check_mode_tells_a_change_and_makes_none(more_memory: dict[str, Any]) -> None:
    expected = {("staging.example.com", FILES["compose"]), ("staging.example.com", "Start the instance")}
    assert more_memory["predicted"].changed == expected == more_memory["first"].changed
    assert "mem_limit: 640m" in more_memory["predicted"].output
    assert more_memory["untouched"] == more_memory["before"]


def test_a_change_makes_that_container_anew_and_only_once(more_memory: dict[str, Any], instances: Instances) -> None:
    assert instances.inspect("staging")["HostConfig"]["Memory"] == 640 << 20
    assert more_memory["after"]["staging"][0] != more_memory["before"]["staging"][0]
    assert more_memory["after"]["production"] == more_memory["before"]["production"]
    assert more_memory["second"].changes == 0
    assert more_memory["in the end"] == more_memory["after"]


def test_a_changed_secret_is_told_and_not_shown(
    provisioned: dict[str, Any], plays: Plays, instances: Instances
) -> None:
    before = instances.identity("staging")
    variables = instances.hosts["staging"]["staging.example.com"]["appsmith_environment"]
    variables["APPSMITH_MAIL_PASSWORD"] = "made-up-and-new"
    instances.write()
    predicted = plays.run("provision", "--check", "--diff", *STAGING)
    first = plays.run("provision", "--diff", *STAGING)
    assert changed(predicted) == changed(first) == {FILES["secrets"], "Start the instance"}
    for run in (predicted, first):
        assert "The secret variables of staging change" in run.output and "APPSMITH_MAIL_PASSWORD" in run.output
        assert "made-up-and-new" not in run.output and not [one for one in instances.secrets() if one in run.output]
    assert instances.environment("staging")["APPSMITH_MAIL_PASSWORD"] == "made-up-and-new"
    assert instances.identity("staging")[0] != before[0]


# -- stopped, started, lost -------------------------------------------------------------------------------------------
def test_stop_and_start(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> None:
    before = instances.identity("staging")
    stop = instances.playbook("stop")
    assert changed(plays.run(stop, "--check", *STAGING)) == {"Stop the instance"}
    assert instances.inspect("staging")["State"]["Running"]
    assert changed(plays.run(stop, *STAGING)) == {"Stop the instance"}
    found = instances.inspect("staging")
    assert found["Id"] == before[0] and not found["State"]["Running"]
    assert found["State"]["ExitCode"] == 0, "it ended by itself, not killed"
    assert plays.run(stop, *STAGING).changes == 0
    assert changed(plays.run("provision", *STAGING)) == {"Start the instance"}
    after = instances.identity("staging")
    assert after[0] == before[0] and after[1] != before[1]


def test_a_lost_container_is_made_again_with_its_data(
    provisioned: dict[str, Any], plays: Plays, instances: Instances
) -> None:
    instances.engine.docker("rm", "--force", "staging")
    # Nothing is imported, created or saved again: all of it was in the volume.
    assert changed(plays.run("provision", *STAGING)) == {"Start the instance"}
    assert plays.run("provision", *STAGING).changes == 0


def test_a_command_is_run_inside(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> None:
    run = plays.run(
        instances.playbook("exec"), *STAGING, "-e", json.dumps({"instance_command": ["appsmithctl", "version"]}), "-v"
    )
    assert '"stdout": "v1.60"' in run.output


# -- what is refused ---------------------------------------------------------------------------------------------------
def test_a_changed_key_is_refused_before_the_container_starts(
    provisioned: dict[str, Any], plays: Plays, instances: Instances
) -> None:
    before = instances.identity("production")
    start = instances.playbook("start")
    other = {"appsmith_encryption_password": "made-up-and-wrong", "appsmith_encryption_salt": "made-up"}
    production = ("--limit", "production", "-e", json.dumps(other))
    message = refusal(plays, start, *production)
    assert "not those of the container" in message and "made-up" not in message
    assert instances.identity("production") == before
    # Without the container the fingerprint still knows.
    instances.engine.docker("rm", "--force", "production")
    assert "not those that the instance was started with" in refusal(plays, start, *production)
    assert "production" not in instances.there()
    # Nor is it started when its keys are gone from the controller.
    nothing = ("--limit", "production", "-e", f"appsmith_keys_file={instances.folder}/no-such-file.yml")
    assert "the inventory has none any more" in refusal(plays, start, *nothing)
    assert changed(plays.run("provision", "--limit", "production")) == {"Start the instance"}


def test_another_release_is_an_upgrade_s_work(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> None:
    before = instances.identity("staging")
    moved = (*STAGING, "-e", "appsmith_version=v1.91")
    assert "runs v1.60, the inventory names v1.91" in refusal(plays, "provision", *moved)
    assert instances.identity("staging") == before
    instances.engine.docker("stop", "staging")
    assert "is stopped and ran v1.60 last, the inventory names v1.91" in refusal(plays, "provision", *moved)
    instances.engine.docker("rm", "staging")
    assert "is stopped and ran v1.60 last, the inventory names v1.91" in refusal(plays, "provision", *moved)
    assert changed(plays.run("provision", *STAGING)) == {"Start the instance"}


# What is wrong with a host that has no instance yet, and what is said of it.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "release": ({"appsmith_version": ""}, "appsmith_version is empty"),
    "moving": ({"appsmith_version": "latest"}, "latest is another release tomorrow"),
    "tagged": ({"appsmith_image": "appsmith/appsmith-ce:v1.60"}, "names a tag or a digest itself"),
    "named": ({"appsmith_instance_name": "staging.example.com"}, "can't be the instance's name on Docker"),
    "keys": ({"appsmith_encryption_password": "x"}, "Only one of appsmith_encryption_password and"),
    "lines": ({"appsmith_environment": {"APPSMITH_A": "a\nb"}}, "APPSMITH_A has more than one line"),
    "image": ({"appsmith_version": "v1.98"}, "wrong-image did not start from appsmith/appsmith-ce:v1.98"),
    "digest": (
        {"appsmith_image_digests": {"v1.60": f"sha256:{'0' * 64}"}},
        f"wrong-digest did not start from appsmith/appsmith-ce:v1.60@sha256:{'0' * 64}",
    ),
    "disk": ({"driver_docker_minimum_free_mb": 1 << 30}, "MiB are free at"),
    "memory": ({"driver_docker_minimum_memory_mb": 1 << 30}, "MiB of memory are available"),
    "clock": ({"driver_docker_maximum_clock_skew": -1}, "clock is"),
    "old": ({"driver_docker_minimum_engine": "99.0"}, "older than 99.0"),
    "engine": ({"appsmith_docker_environment": {"DOCKER_HOST": "unix:///no/such.sock"}}, "Docker can't be asked on"),
    # Filled in by the fixture, which knows what is taken.
    "port": ({}, "is taken by the container staging"),
    "volume": ({}, "is used by the container staging"),
}


@pytest.fixture(scope="module")
def refused(provisioned: dict[str, Any], plays: Plays, instances: Instances) -> dict[str, Any]:
    """Hosts with one mistake each, all at once."""
    taken = instances.hosts["staging"]["staging.example.com"]
    WRONG["port"][0]["appsmith_instance_ports"] = taken["appsmith_instance_ports"]
    WRONG["volume"][0]["appsmith_instance_volume"] = str(instances.file("staging", "stacks"))
    instances.hosts["wrong"] = {
        f"{one}.example.com": {**instances.host(f"wrong-{one}", "staging", side="staging"), **mistake}
        for one, (mistake, _expected) in WRONG.items()
    }
    instances.write()
    run = plays.run(instances.playbook("start"), "--limit", "wrong", code=2)
    del instances.hosts["wrong"]
    instances.write()
    return {"messages": run.messages, "recap": run.recap, "there": instances.there()}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_told(refused: dict[str, Any], mistake: str) -> None:
    [message] = [one for one in refused["messages"] if WRONG[mistake][1] in one]
    assert "\n" not in message
    assert refused["recap"][f"{mistake}.example.com"]["failed"] == 1


def test_no_mistake_makes_a_container(refused: dict[str, Any]) -> None:
    assert len(refused["messages"]) == len(WRONG)
    assert not [one for one in refused["there"] if one.startswith("wrong")]


@pytest.fixture(scope="module")
def qa(instances: Instances) -> Instances:
    """A host more in the inventory: another edition, a named volume, a network of its own choice."""
    host = instances.host("qa", "staging", side="staging")
    host |= {
        "appsmith_image": "appsmith/appsmith-ee",
        "appsmith_instance_volume": "qa-stacks",
        "appsmith_networks": [instances.network],
        "appsmith_extra_hosts": {"database": "10.0.0.5"},
        "appsmith_service": {"ulimits": {"nofile": 4096}},
    }
    instances.hosts["qa"] = {"qa.example.com": host}
    instances.write()
    return instances


def test_an_instance_more_is_a_host_more(plays: Plays, qa: Instances) -> None:
    password = qa.folder / "vault-password"
    password.write_text("made-up-vault-password\n")
    vault = ("--limit", "qa", "--vault-password-file", str(password))
    first = plays.run("provision", *vault)
    found = qa.inspect("qa")
    assert found["Config"]["Image"] == "appsmith/appsmith-ee:v1.60"
    assert [one["Name"] for one in found["Mounts"]] == ["qa-stacks"]
    assert list(found["NetworkSettings"]["Networks"]) == [qa.network]
    assert found["HostConfig"]["ExtraHosts"] == ["database:10.0.0.5"]
    assert found["HostConfig"]["Ulimits"] == [{"Name": "nofile", "Hard": 4096, "Soft": 4096}]
    kept = (qa.path.parent / ".appsmith-keys" / "qa.yml").read_text()
    assert kept.startswith("$ANSIBLE_VAULT;1.1;AES256\n") and "encrypted with the vault password" in first.output
    assert plays.run("provision", *vault).changes == 0
