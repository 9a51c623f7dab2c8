# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module docker_preflight: each thing that may be wrong with a host, and keys that changed."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _docker_host
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import fingerprint, same_keys
from ansible_collections.stagecraft.appsmith.plugins.modules.docker_preflight import DockerPreflight

FAKE = Path(__file__).parent / "hosts" / "docker.py"
KEYS = {"encryption_password": "made-up-pass", "encryption_salt": "made-up-salt"}
OTHER = {"encryption_password": "another-pass", "encryption_salt": "made-up-salt"}
PAIR = (KEYS["encryption_password"], KEYS["encryption_salt"])
NO_CONTAINER = (1, "[]", "Error: No such container: appsmith")


def container(*, running: bool = True, keys: tuple[str, str] | None = PAIR, port: int | None = None) -> str:
    env = ["PATH=/usr/bin", "APPSMITH_A=b=c"]
    if keys:
        env += [f"APPSMITH_ENCRYPTION_PASSWORD={keys[0]}", f"APPSMITH_ENCRYPTION_SALT={keys[1]}"]
    bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]} if port else None
    return json.dumps(
        [
            {
                "State": {"Running": running},
                "Config": {"Image": "appsmith/appsmith-ce:v1.91", "Env": env},
                "HostConfig": {"PortBindings": bindings},
            }
        ]
    )


class Host:
    """A host that is fit for Appsmith, until a test takes something from it."""

    def __init__(self, folder: Path, run_module: Any) -> None:
        self.folder = folder
        self.run_module = run_module
        self.stacks = folder / "stacks"
        self.kept = folder / "encryption-keys.fingerprint"
        # Not by env: what is first on PATH may be slow to start.
        self.docker = folder / "docker"
        self.docker.write_text(f'#!/bin/sh\nexec {sys.executable} -S {FAKE} "$@"\n')
        self.docker.chmod(0o755)
        self.answers: dict[str, tuple[int, str, str]] = {
            "version": (0, "20.10.24+dfsg1", ""),
            "compose version": (0, "v2.26.1-4", ""),
            "container inspect appsmith": NO_CONTAINER,
            "ps": (0, "", ""),
        }

    def look(self, **params: Any) -> dict[str, Any]:
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        given = {
            "container": "appsmith",
            "volume": str(self.stacks),
            "docker": str(self.docker),
            "minimum_free_mb": 1,
            "minimum_memory_mb": 1,
            "embedded_database": False,
            "fingerprint_file": str(self.kept),
            **params,
        }
        result: dict[str, Any] = self.run_module(DockerPreflight, given)
        text = json.dumps(result)
        assert not [one for one in (*KEYS.values(), *OTHER.values()) if one in text], "a secret is in the result"
        assert not result.get("changed")
        return result

    def refusal(self, **params: Any) -> str:
        result = self.look(**params)
        assert result.get("failed"), result
        message: str = result["msg"]
        assert "\n" not in message
        return message

    def docker_env(self, keys: tuple[str, str]) -> None:
        file = self.stacks / "configuration" / "docker.env"
        file.parent.mkdir(parents=True)
        file.write_text(f"APPSMITH_ENCRYPTION_PASSWORD='{keys[0]}'\nAPPSMITH_ENCRYPTION_SALT={keys[1]}\n")

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked.txt").read_text().splitlines()


@pytest.fixture
def host(tmp_path: Path, run_module: Any, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("FAKE_DOCKER", str(tmp_path))
    return Host(tmp_path, run_module)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


# -- a host that will do ----------------------------------------------------------------------------------------------
def test_a_new_instance_without_keys(host: Host) -> None:
    result = host.look(controller_time=time.time())
    assert (result["engine"], result["compose"], result["running"]) == ("20.10.24+dfsg1", "2.26.1-4", False)
    assert result["encryption_keys"] == "new" and result["fingerprint"] is None
    assert not host.kept.exists() and not host.stacks.exists(), "it writes nothing"


def test_a_new_instance_with_keys_gets_a_fingerprint_to_keep(host: Host) -> None:
    result = host.look(**KEYS)
    assert result["encryption_keys"] == "given"
    assert same_keys(PAIR, result["fingerprint"])


def test_one_that_runs_is_asked_for_keys_and_new_ports_only(host: Host) -> None:
    host.answers["container inspect appsmith"] = (0, container(), "")
    host.kept.write_text(fingerprint(PAIR))
    result = host.look(**KEYS, minimum_free_mb=1 << 40, minimum_memory_mb=1 << 40, controller_time=1.0)
    assert result["running"] and result["encryption_keys"] == "given" and result["fingerprint"] is None
    assert [one for one in host.asked if one.startswith("ps")] == []


# -- the engine -------------------------------------------------------------------------------------------------------
def test_without_docker(host: Host) -> None:
    assert "There is no docker-that-nobody-has on the host. Install" in host.refusal(docker="docker-that-nobody-has")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "engine does not answer"),
        ("permission denied while trying to connect to the Docker daemon socket", "does not let this user in"),
    ],
)
def test_an_engine_that_can_not_be_asked(host: Host, said: str, expected: str) -> None:
    host.answers["version"] = (1, "", said)
    message = host.refusal()
    assert expected in message and said.rstrip(".") in message


def test_an_engine_that_is_too_old(host: Host) -> None:
    host.answers["version"] = (0, "19.03.15", "")
    assert "Docker's engine is 19.03.15, older than 20.10" in host.refusal()


def test_without_compose(host: Host) -> None:
    host.answers["compose version"] = (1, "", "docker: 'compose' is not a docker command.")
    assert "There is no docker compose (docker: 'compose' is not a docker command.)" in host.refusal()


def test_a_compose_that_is_too_old(host: Host) -> None:
    host.answers["compose version"] = (0, "2.17.3", "")
    assert "docker compose is 2.17.3, older than 2.18" in host.refusal()


# -- the machine ------------------------------------------------------------------------------------------------------
def test_a_disk_that_is_full(host: Host) -> None:
    message = host.refusal(minimum_free_mb=1 << 40)
    assert f"MiB are free at {host.folder}, Appsmith needs" in message, "the nearest folder that is there"


def test_too_little_memory(host: Host) -> None:
    assert "MiB of memory are available, Appsmith needs" in host.refusal(minimum_memory_mb=1 << 40)


def test_memory_is_what_is_available() -> None:
    meminfo = "MemTotal:  8000000 kB\nMemAvailable:   2048000 kB\n"
    assert _docker_host.memory_problem(meminfo, 2000) is None
    assert "Only 2000 MiB" in str(_docker_host.memory_problem(meminfo, 2001))
    assert _docker_host.memory_problem("", 2001) is None, "a system that doesn't tell"


def test_a_processor_without_avx() -> None:
    assert _docker_host.processor_problem("flags\t\t: fpu sse2 avx avx2\n") is None
    assert "has no AVX" in str(_docker_host.processor_problem("flags\t\t: fpu sse2 avx512f\n"))
    assert _docker_host.processor_problem("Features\t: fp asimd\n") is None, "ARM needs none"


def test_an_external_database_needs_no_avx(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_docker_host, "processor_problem", lambda _text: _docker_host.HostNotReady("no AVX"))
    assert not host.look(embedded_database=False).get("failed")
    assert "no AVX" in host.refusal(embedded_database=True)


def test_a_clock_that_is_wrong(host: Host) -> None:
    assert "seconds ahead of the controller's" in host.refusal(controller_time=time.time() - 3600)
    assert "seconds behind the controller's" in host.refusal(controller_time=time.time() + 3600)
    assert not host.look(controller_time=time.time() - 3600, maximum_clock_skew=4000).get("failed")


# -- ports ------------------------------------------------------------------------------------------------------------
def test_a_port_that_another_program_has(host: Host, listener: int) -> None:
    assert f"Port {listener} of the host is taken by another program" in host.refusal(
        ports=[f"127.0.0.1:{listener}:80"]
    )
    assert f"Port {listener} of the host is taken" in host.refusal(ports=[f"{listener}:80"])


def test_a_port_that_another_container_has(host: Host, listener: int) -> None:
    host.answers["ps --format {{.Names}} --filter publish="] = (0, "grafana\n", "")
    assert "is taken by the container grafana" in host.refusal(ports=[f"127.0.0.1:{listener}:80"])


def test_a_port_that_the_instance_itself_has(host: Host, listener: int) -> None:
    host.answers["container inspect appsmith"] = (0, container(port=listener), "")
    host.kept.write_text(fingerprint(PAIR))
    assert not host.look(**KEYS, ports=[f"127.0.0.1:{listener}:80"]).get("failed")


def test_a_new_port_of_one_that_runs_is_looked_at(host: Host, listener: int) -> None:
    host.answers["container inspect appsmith"] = (0, container(port=listener + 1), "")
    assert "is taken by" in host.refusal(**KEYS, ports=[f"127.0.0.1:{listener}:80"])


@pytest.mark.parametrize("port", ["80", "http:80", "127.0.0.1:80", "80:80:80:80", "8080-8090:80"])
def test_a_port_that_says_nothing(host: Host, port: str) -> None:
    assert f"'{port}' says no port of the host" in host.refusal(ports=[port])


def test_ports_are_read_as_compose_reads_them() -> None:
    found = _docker_host.published(["80:80", "127.0.0.1:8080:80/tcp", "[::1]:8443:443", "5353:53/udp"])
    assert [(one.address, one.number) for one in found] == [("", 80), ("127.0.0.1", 8080), ("::1", 8443)]


# -- the volume -------------------------------------------------------------------------------------------------------
def test_a_volume_that_another_container_uses(host: Host) -> None:
    host.answers[f"ps --format {{{{.Names}}}} --filter volume={host.stacks}"] = (0, "old-appsmith", "")
    assert f"The volume {host.stacks} is used by the container old-appsmith" in host.refusal()


def test_a_volume_of_somebody_else(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.stacks.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: host.stacks.stat().st_uid + 1)
    message = host.refusal(volume_owner=host.stacks.stat().st_uid + 2)
    assert f"belongs to the user {host.stacks.stat().st_uid}, not to" in message and "chown" in message


def test_a_volume_that_is_no_folder(host: Host) -> None:
    host.stacks.write_text("")
    assert f"{host.stacks} is no folder" in host.refusal()


def test_a_volume_that_is_mounted_for_reading_only(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.stacks.mkdir()
    monkeypatch.setattr(os, "access", lambda *_args: False)
    assert f"Nothing can be written in {host.stacks}" in host.refusal()


def test_a_named_volume_is_where_docker_says(host: Host) -> None:
    host.docker_env(PAIR)
    host.answers["volume inspect --format {{.Mountpoint}} stacks"] = (0, str(host.stacks), "")
    assert host.look(volume="stacks")["encryption_keys"] == "volume"


def test_a_named_volume_that_is_not_there_yet(host: Host) -> None:
    host.answers["volume inspect"] = (1, "", "Error: No such volume: stacks")
    host.answers["info"] = (0, str(host.folder), "")
    assert host.look(volume="stacks")["encryption_keys"] == "new"


def test_all_that_is_wrong_is_said_at_once(host: Host, listener: int) -> None:
    result = host.look(minimum_free_mb=1 << 40, controller_time=1.0, ports=[f"127.0.0.1:{listener}:80"])
    assert result["failed"] and len(result["problems"]) == 3
    assert all(f"({number}) " in result["msg"] for number in (1, 2, 3))


# -- encryption keys --------------------------------------------------------------------------------------------------
def test_keys_that_are_not_the_container_s(host: Host) -> None:
    host.answers["container inspect appsmith"] = (0, container(running=False), "")
    assert "The encryption keys of the inventory are not those of the container" in host.refusal(**OTHER)


def test_keys_that_are_not_those_of_the_first_start(host: Host) -> None:
    host.kept.write_text(fingerprint(PAIR) + "\n")
    message = host.refusal(**OTHER)
    assert "not those that the instance was started with" in message and "Put the keys back" in message


def test_keys_that_the_inventory_has_no_more(host: Host) -> None:
    host.kept.write_text(fingerprint(PAIR))
    assert "the inventory has none any more" in host.refusal()


def test_an_instance_that_made_its_own_keys_keeps_them(host: Host) -> None:
    host.docker_env(PAIR)
    assert host.look()["encryption_keys"] == "volume"
    assert "not those in the volume's docker.env" in host.refusal(**OTHER)
    assert host.look(**KEYS)["encryption_keys"] == "given"


def test_docker_env_does_not_count_where_the_container_was_given_keys(host: Host) -> None:
    """At the first boot docker.env gets keys of its own, which the container's environment overrides."""
    host.docker_env(("random", "random"))
    host.kept.write_text(fingerprint(PAIR))
    assert host.look(**KEYS)["encryption_keys"] == "given"


def test_half_a_pair_of_keys(host: Host) -> None:
    assert "parameters are required together" in host.refusal(encryption_salt="made-up-salt")
