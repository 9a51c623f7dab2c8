#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks whether a host can run an Appsmith instance in Docker."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_preflight
short_description: Look whether a host can run an Appsmith instance in Docker
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Looks at Docker's engine and its compose plugin, and at the instance's encryption keys. Where the container does not
    run yet, it looks at disk, memory, processor, ports, volume and clock as well.
  - Says all that is wrong at once, each with what to do. It writes nothing.
  - Encryption keys that changed would make every credential of the instance unreadable. They are compared with those
    of the container, with a fingerprint that was kept at the first start, and with C(docker.env) in the volume.
options:
  container:
    description: Name of the instance's container.
    type: str
    required: true
  volume:
    description: Folder of the host, or name of the Docker volume, that is the instance's C(/appsmith-stacks).
    type: str
    required: true
  ports:
    description: Ports that are published, such as V(80:80) or V(127.0.0.1:8080:80).
    type: list
    elements: str
    default: []
  docker:
    description: Docker's program on the host.
    type: str
    default: docker
  minimum_engine:
    description: Oldest release of the engine that will do.
    type: str
    default: "20.10"
  minimum_compose:
    description: Oldest release of the compose plugin that will do.
    type: str
    default: "2.18"
  minimum_free_mb:
    description: Disk space that has to be free at the volume, in MiB.
    type: int
    default: 5120
  minimum_memory_mb:
    description: Memory that has to be available, in MiB.
    type: int
    default: 2048
  embedded_database:
    description: Whether the instance uses the MongoDB in the image, which needs a processor with AVX.
    type: bool
    default: true
  volume_owner:
    description: Number of the user that has to own the volume. The user that the module runs as will do as well.
    type: int
    default: 0
  controller_time:
    description: The controller's clock, in seconds since 1970. The clocks are not compared when not given.
    type: float
  maximum_clock_skew:
    description: Seconds by which the clocks may differ.
    type: float
    default: 60
  encryption_password:
    description: E(APPSMITH_ENCRYPTION_PASSWORD) that the instance is to be started with. It is never returned.
    type: str
  encryption_salt:
    description: E(APPSMITH_ENCRYPTION_SALT) that the instance is to be started with. It is never returned.
    type: str
  fingerprint_file:
    description: File on the host with the fingerprint of the keys that the instance was started with.
    type: path
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
notes:
  - Runs on the host of the instance, and does not connect to it by HTTP.
seealso:
  - module: stagecraft.appsmith.instance_info
"""

EXAMPLES = r"""
- name: Look whether the host will do
  stagecraft.appsmith.docker_preflight:
    container: appsmith
    volume: /srv/appsmith/stacks
    ports: ["80:80", "443:443"]
    controller_time: "{{ now().timestamp() }}"
  become: true
"""

RETURN = r"""
engine:
  description: Release of Docker's engine.
  returned: success
  type: str
  sample: 20.10.24
compose:
  description: Release of the compose plugin.
  returned: success
  type: str
  sample: 2.26.1
running:
  description: Whether the container runs.
  returned: success
  type: bool
encryption_keys:
  description:
    - V(given) are keys that were given and fit.
    - V(volume) says that none were given, and that the instance works with those that it made itself.
    - V(new) says that none were given, and that the instance has none yet.
  returned: success
  type: str
fingerprint:
  description: What to keep in O(fingerprint_file); V(null) when it is kept already, or when no keys were given.
  returned: success
  type: str
problems:
  description: Everything that has to be put right first.
  returned: failure
  type: list
  elements: str
"""

import time
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _docker_host as host
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import fingerprint
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class DockerPreflight(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "container": {"type": "str", "required": True},
        "volume": {"type": "str", "required": True},
        "ports": {"type": "list", "elements": "str", "default": []},
        "docker": {"type": "str", "default": "docker"},
        "minimum_engine": {"type": "str", "default": "20.10"},
        "minimum_compose": {"type": "str", "default": "2.18"},
        "minimum_free_mb": {"type": "int", "default": 5120},
        "minimum_memory_mb": {"type": "int", "default": 2048},
        "embedded_database": {"type": "bool", "default": True},
        "volume_owner": {"type": "int", "default": 0},
        "controller_time": {"type": "float"},
        "maximum_clock_skew": {"type": "float", "default": 60},
        "encryption_password": {"type": "str", "no_log": True},
        "encryption_salt": {"type": "str", "no_log": True},
        "fingerprint_file": {"type": "path"},
    }
    required_together = (("encryption_password", "encryption_salt"),)
    needs_connection = False

    def run(self) -> None:
        ports = host.published(self.params["ports"])
        docker = self._docker()
        container = docker.container(self.params["container"])
        running = container is not None and container.running
        path = docker.volume_path(self.params["volume"])
        state, kept = self._keys(container, path)
        problems = [] if running else self._problems(docker, path)
        # A port that is new is looked at even while the container runs: it holds only its old ones.
        own = container.ports if container is not None and running else set()
        problems += host.port_problems(docker, self.params["container"], ports, own)
        if problems:
            self.result["problems"] = [str(one) for one in problems]
            if len(problems) == 1:
                raise problems[0]
            raise host.HostNotReady(" ".join(f"({number}) {one}" for number, one in enumerate(problems, 1)))
        wanted = self._wanted()
        self.result.update(
            running=running,
            encryption_keys=state,
            fingerprint=fingerprint(wanted) if wanted is not None and not kept else None,
        )

    def _docker(self) -> host.Docker:
        """Without Docker nothing else can be asked."""
        program = self.ansible.get_bin_path(self.params["docker"])
        if program is None:
            raise host.HostNotReady(
                f"There is no {self.params['docker']} on the host",
                next_step="Install Docker's engine and its compose plugin (docs.docker.com/engine/install).",
            )
        docker = host.Docker(program, self.ansible.run_command)
        self.result.update(engine=docker.engine(), compose=docker.compose())
        for what, found, least in (
            ("Docker's engine", self.result["engine"], self.params["minimum_engine"]),
            ("docker compose", self.result["compose"], self.params["minimum_compose"]),
        ):
            problem = host.too_old(what, found, least)
            if problem:
                raise problem
        return docker

    def _wanted(self) -> host.Keys | None:
        password, salt = self.params["encryption_password"], self.params["encryption_salt"]
        return (password, salt) if password and salt else None

    def _keys(self, container: host.Container | None, path: Path | None) -> tuple[str, str | None]:
        kept = None
        if self.params["fingerprint_file"]:
            file = Path(self.params["fingerprint_file"])
            try:
                kept = file.read_text(encoding="utf-8").strip() if file.exists() else None
            except OSError as error:
                raise host.HostNotReady(f"{file} can't be read ({error.strerror})", next_step="Use become.") from error
        return host.keys_state(self._wanted(), kept, container, path), kept

    def _problems(self, docker: host.Docker, path: Path | None) -> list[AppsmithError]:
        problems: list[AppsmithError | None] = [
            host.disk_problem(path or docker.root(), self.params["minimum_free_mb"]),
            host.memory_problem(_read("/proc/meminfo"), self.params["minimum_memory_mb"]),
            host.processor_problem(_read("/proc/cpuinfo")) if self.params["embedded_database"] else None,
            *host.volume_problems(
                docker, self.params["container"], self.params["volume"], path, self.params["volume_owner"]
            ),
        ]
        if self.params["controller_time"] is not None:
            problems.append(
                host.clock_problem(time.time(), self.params["controller_time"], self.params["maximum_clock_skew"])
            )
        return [one for one in problems if one is not None]


def _read(path: str) -> str:
    """Empty where the system has no such file."""
    file = Path(path)
    return file.read_text(encoding="utf-8") if file.exists() else ""


def main() -> None:
    DockerPreflight.main()


if __name__ == "__main__":
    main()
