# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""provision.yml on a real engine: from nothing to applications, and then nothing more."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import KEYS, MAIL_PASSWORD, Instances
from docker_engine import IMAGE, WITH_MONGOD

SIDES = ("staging", "production")


def test_check_mode_makes_nothing(provisioned: dict[str, Any]) -> None:
    assert provisioned["left by the prediction"] == ([], False, False)


def test_check_mode_tells_what_will_be_made(provisioned: dict[str, Any]) -> None:
    for side in SIDES:
        tasks = {task for host, task in provisioned["predicted"].changed if host == f"{side}.example.com"}
        assert {"Write the compose file", "Start the instance", "Create the workspace"} <= tasks
    assert "image: appsmith/appsmith-ce:v1.60" in provisioned["predicted"].output


def test_both_run_with_their_own_applications_and_credentials(
    provisioned: dict[str, Any], instances: Instances
) -> None:
    # The smoke test of provision asks a query who reads: each side's own database user.
    assert instances.there() == ["production", "staging"]
    assert provisioned["first"].changes > 0


def test_a_second_run_changes_nothing(provisioned: dict[str, Any]) -> None:
    assert set(provisioned["second"].recap) == {f"{side}.example.com" for side in SIDES}
    assert provisioned["second"].changes == 0


@pytest.mark.parametrize("side", SIDES)
def test_the_container_is_as_the_inventory_says(provisioned: dict[str, Any], instances: Instances, side: str) -> None:
    found = instances.inspect(side)
    assert found["Config"]["Image"] == f"{IMAGE if side == 'staging' else WITH_MONGOD}:v1.60"
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert found["HostConfig"]["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "5", "max-size": "50m"}}
    assert found["HostConfig"]["Memory"] == 512 << 20
    assert found["Config"]["StopTimeout"] == 20
    assert found["Config"]["Labels"]["com.example.side"] == side
    [mount] = found["Mounts"]
    assert (mount["Source"], mount["Destination"]) == (str(instances.file(side, "stacks")), "/appsmith-stacks")
    [port] = found["HostConfig"]["PortBindings"]["80/tcp"]
    assert port["HostIp"] == "127.0.0.1"


def test_variables_arrive_as_they_were_written(provisioned: dict[str, Any], instances: Instances) -> None:
    found = instances.environment("staging")
    assert found["APPSMITH_ADMIN_EMAILS"] == "admin@example.com"
    assert found["APPSMITH_MAIL_ENABLED"] == "true"
    assert found["APPSMITH_MAIL_FROM"] == "cost is $5"
    assert found["APPSMITH_MAIL_PASSWORD"] == MAIL_PASSWORD
    assert instances.keys("staging") == KEYS


@pytest.mark.parametrize("side", SIDES)
def test_only_the_env_file_holds_secrets(provisioned: dict[str, Any], instances: Instances, side: str) -> None:
    compose = instances.file(side, "compose.yml").read_text()
    assert "APPSMITH_MAIL_FROM" in yaml.safe_load(compose)["services"]["appsmith"]["environment"]
    assert not [one for one in instances.secrets() if one in compose]
    for file in ("appsmith.env", "encryption-keys.fingerprint", "compose.yml"):
        assert stat.S_IMODE(instances.file(side, file).stat().st_mode) == 0o600
    fingerprint = instances.file(side, "encryption-keys.fingerprint").read_text()
    assert not [one for one in instances.secrets() if one in fingerprint]


def test_no_output_holds_a_secret(provisioned: dict[str, Any], instances: Instances) -> None:
    for name in ("predicted", "first", "second"):
        output = provisioned[name].output
        assert [one for one in instances.secrets() if one in output] == [], name


def test_keys_that_nobody_gave_are_made_once(provisioned: dict[str, Any], instances: Instances) -> None:
    folder = instances.path.parent / ".appsmith-keys"
    assert [one.name for one in folder.iterdir()] == ["production.yml"], "staging's stand in the inventory"
    kept = folder / "production.yml"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert yaml.safe_load(kept.read_text()) == instances.keys("production")
    assert "NOT ENCRYPTED" in provisioned["first"].output, "without a vault password it is said aloud"
    assert not {"Keep the encryption keys on the controller"} & {task for _host, task in provisioned["second"].changed}


def test_healthy_is_not_what_was_waited_for(provisioned: dict[str, Any], instances: Instances) -> None:
    """The image's check comes after 15 seconds and is content with the loading page; the API was asked."""
    assert "Look whether it is ready" in provisioned["first"].output
    assert "healthcheck.sh" in str(instances.inspect("staging")["Config"]["Healthcheck"])


def test_the_folder_is_that_of_the_official_image(provisioned: dict[str, Any], instances: Instances) -> None:
    stacks = Path(instances.file("staging", "stacks"))
    assert (stacks / "configuration" / "docker.env").is_file()
    assert (stacks / "git-storage").is_dir() and (stacks / "data" / "backup").is_dir()
