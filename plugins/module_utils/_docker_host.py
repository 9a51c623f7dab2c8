# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is to run Appsmith in Docker: what it is asked, and what may be wrong with it; private to the collection.

Nothing here writes. Each check returns the error that it found, so that a person hears of all of them at once.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import KEY_NAMES, read_env_file, same_keys
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput

Keys = tuple[str, str]
# Runs a command: exit code, output, errors.
Run = Callable[[list[str]], tuple[int, str, str]]


class HostNotReady(AppsmithError):
    """Something has to be put right on the host first; nothing was touched."""


class KeysChanged(AppsmithError):
    """Appsmith would start, and could read no credential any more."""

    default_next_step = (
        "Put the keys back that the instance was started with (APPSMITH_ENCRYPTION_PASSWORD and _SALT); it was not "
        "touched."
    )


@dataclass
class Container:
    """What Docker says of a container."""

    running: bool = False
    image: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    # Ports of the host that it holds when it runs.
    ports: set[int] = field(default_factory=set)

    @property
    def keys(self) -> Keys | None:
        found = (self.environment.get(KEY_NAMES[0], ""), self.environment.get(KEY_NAMES[1], ""))
        return found if any(found) else None


def read_container(text: str) -> Container:
    """The answer of `docker container inspect`."""
    found = json.loads(text)[0]
    bindings = (found.get("HostConfig") or {}).get("PortBindings") or {}
    numbers = {str(one.get("HostPort") or "") for many in bindings.values() for one in many or []}
    return Container(
        running=bool(found["State"]["Running"]),
        image=str(found["Config"]["Image"]),
        environment={
            name: value for name, _equals, value in (one.partition("=") for one in found["Config"].get("Env") or [])
        },
        ports={int(number) for number in numbers if number.isdigit()},
    )


class Docker:
    """The command-line program on the host, which needs no Python library there."""

    def __init__(self, program: str, run: Run) -> None:
        self.program = program
        self._run = run

    def _ask(self, *arguments: str) -> tuple[int, str, str]:
        code, out, errors = self._run([self.program, *arguments])
        return code, out.strip(), " ".join(errors.split())

    def engine(self) -> str:
        """The engine's release."""
        code, out, errors = self._ask("version", "--format", "{{.Server.Version}}")
        if code == 0 and out:
            return out
        if "permission denied" in errors.lower():
            raise HostNotReady(
                f"Docker does not let this user in ({errors})",
                next_step="Use become, or put the user into the group docker.",
            )
        raise HostNotReady(
            f"Docker's engine does not answer ({errors or out or 'it said nothing'})",
            next_step="Start it (systemctl enable --now docker); a remote one needs DOCKER_HOST in "
            "appsmith_docker_environment.",
        )

    def compose(self) -> str:
        """The release of the plugin `docker compose`."""
        code, out, errors = self._ask("compose", "version", "--short")
        if code != 0 or not out:
            raise HostNotReady(
                f"There is no docker compose ({errors or 'it said nothing'})",
                next_step="Install the plugin (docker-compose-plugin, docker-compose-v2); docker-compose 1 won't do.",
            )
        return out.removeprefix("v")

    def container(self, name: str) -> Container | None:
        code, out, errors = self._ask("container", "inspect", name)
        if code == 0:
            return read_container(out)
        if "no such container" in errors.lower():
            return None
        raise HostNotReady(f"Docker said nothing about the container {name} ({errors})")

    def volume_path(self, volume: str) -> Path | None:
        """Where a volume, by its name or as a folder, lies on the host; None while there is no such volume."""
        if volume.startswith("/"):
            return Path(volume)
        code, out, _errors = self._ask("volume", "inspect", "--format", "{{.Mountpoint}}", volume)
        return Path(out) if code == 0 and out else None

    def root(self) -> Path:
        """Where Docker keeps volumes and images."""
        code, out, _errors = self._ask("info", "--format", "{{.DockerRootDir}}")
        return Path(out if code == 0 and out.startswith("/") else "/var/lib/docker")

    def names(self, *filters: str) -> list[str]:
        """Running containers that fit."""
        arguments = [part for one in filters for part in ("--filter", one)]
        code, out, _errors = self._ask("ps", "--format", "{{.Names}}", *arguments)
        return out.split() if code == 0 else []


# -- releases of Docker ------------------------------------------------------------------------------------------------
def too_old(what: str, found: str, least: str) -> HostNotReady | None:
    numbers = re.match(r"\d+(\.\d+)*", found)
    if numbers is None or LooseVersion(numbers[0]) >= LooseVersion(least):
        return None
    return HostNotReady(f"{what} is {found}, older than {least}", next_step="Upgrade Docker on the host.")


# -- the machine -------------------------------------------------------------------------------------------------------
def existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def disk_problem(path: Path, least_mb: int) -> HostNotReady | None:
    place = existing(path)
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize >> 20
    if free >= least_mb:
        return None
    return HostNotReady(
        f"Only {free} MiB are free at {place}, Appsmith needs {least_mb} MiB",
        next_step="Make room, or lower driver_docker_minimum_free_mb.",
    )


def memory_problem(meminfo: str, least_mb: int) -> HostNotReady | None:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.M) or re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.M)
    free = int(found[1]) >> 10 if found else least_mb
    if free >= least_mb:
        return None
    return HostNotReady(
        f"Only {free} MiB of memory are available, Appsmith needs {least_mb} MiB",
        next_step="Give the host more memory, or lower driver_docker_minimum_memory_mb.",
    )


def processor_problem(cpuinfo: str) -> HostNotReady | None:
    """MongoDB from 5.0 on, as every image that is supported carries it, ends at once on x86 without AVX."""
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.M)
    if flags is None or "avx" in flags[1].split():
        return None
    return HostNotReady(
        "The processor has no AVX, which the MongoDB in the image needs",
        next_step="Let the hypervisor pass the processor through (CPU type host), or use an external MongoDB "
        "(appsmith_database_url).",
    )


def clock_problem(here: float, controller: float, most: float) -> HostNotReady | None:
    skew = here - controller
    if abs(skew) <= most:
        return None
    return HostNotReady(
        f"The host's clock is {abs(skew):.0f} seconds {'ahead of' if skew > 0 else 'behind'} the controller's",
        next_step="Let both follow a time server; sessions and certificates depend on it.",
    )


# -- ports -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Port:
    address: str
    number: int


_PORT = re.compile(r"^(?:(?P<address>\[[^\]]+\]|[\d.]+):)?(?P<host>\d+):(?P<inside>\d+)(?:/(?P<protocol>tcp|udp))?$")


def published(ports: Iterable[str]) -> list[Port]:
    """Ports of the host, from entries such as 80:80 and 127.0.0.1:8080:80."""
    found = []
    for one in ports:
        parts = _PORT.match(str(one))
        if parts is None:
            raise InvalidInput(
                f"'{one}' says no port of the host",
                next_step="Write ports like 80:80 or 127.0.0.1:8080:80, in quotes.",
            )
        if parts["protocol"] != "udp":
            found.append(Port((parts["address"] or "").strip("[]"), int(parts["host"])))
    return found


def port_is_free(port: Port) -> bool:
    family = socket.AF_INET6 if ":" in port.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((port.address or "0.0.0.0", port.number))
        except OSError:
            return False
    return True


def port_problems(docker: Docker, name: str, ports: list[Port], own: set[int]) -> list[HostNotReady]:
    problems = []
    for port in ports:
        if port.number in own or port_is_free(port):
            continue
        holders = [one for one in docker.names(f"publish={port.number}") if one != name]
        by = f"by the container {', '.join(holders)}" if holders else "by another program"
        problems.append(
            HostNotReady(
                f"Port {port.number} of the host is taken {by}",
                next_step=f"Stop it, or choose another port in appsmith_instance_ports (ss -ltnp 'sport = "
                f":{port.number}' names the program).",
            )
        )
    return problems


# -- the volume --------------------------------------------------------------------------------------------------------
def volume_problems(docker: Docker, name: str, volume: str, path: Path | None, owner: int) -> list[HostNotReady]:
    problems = []
    others = [one for one in docker.names(f"volume={volume}") if one != name]
    if others:
        problems.append(
            HostNotReady(
                f"The volume {volume} is used by the container {', '.join(others)}",
                next_step="Two instances on one volume destroy its databases: give each its own.",
            )
        )
    if path is None or not path.exists():
        return problems
    if not path.is_dir():
        return [*problems, HostNotReady(f"{path} is no folder", next_step="Choose another appsmith_instance_volume.")]
    if path.stat().st_uid not in (owner, os.geteuid()):
        problems.append(
            HostNotReady(
                f"{path} belongs to the user {path.stat().st_uid}, not to {owner}",
                next_step=f"Look whose it is; if it is Appsmith's, chown {owner} {path} (or set "
                "driver_docker_volume_owner).",
            )
        )
    # The mount as well as the permissions: root may write everywhere but on a mount that is read-only.
    if os.statvfs(path).f_flag & os.ST_RDONLY or not os.access(path, os.W_OK):
        problems.append(HostNotReady(f"Nothing can be written in {path}", next_step="Mount it for writing."))
    return problems


# -- encryption keys ---------------------------------------------------------------------------------------------------
def _docker_env(path: Path | None) -> dict[str, str]:
    file = path / "configuration" / "docker.env" if path is not None else None
    try:
        return read_env_file(file) if file is not None and file.is_file() else {}
    except PermissionError as error:
        raise HostNotReady(f"{file} can't be read", next_step="Use become.") from error


def keys_state(wanted: Keys | None, kept: str | None, container: Container | None, path: Path | None) -> str:
    """`given` (by the inventory), `volume` (the instance made its own) or `new` (nobody has made any yet).

    Raises KeysChanged where the instance would start with other keys than those that its secrets were encrypted with.
    """
    live = container.keys if container else None
    env = _docker_env(path)
    own = (env.get(KEY_NAMES[0], ""), env.get(KEY_NAMES[1], ""))
    if wanted is None:
        if live or kept:
            raise KeysChanged("The instance was started with encryption keys, and the inventory has none any more")
        return "volume" if all(own) else "new"
    if live is not None and live != wanted:
        raise KeysChanged("The encryption keys of the inventory are not those of the container")
    if kept is not None and not same_keys(wanted, kept):
        raise KeysChanged("The encryption keys of the inventory are not those that the instance was started with")
    # The container's environment wins over docker.env, which then holds keys that nothing was encrypted with.
    if live is None and kept is None and all(own) and own != wanted:
        raise KeysChanged(
            "The encryption keys of the inventory are not those in the volume's docker.env, which the instance worked "
            "with so far",
            next_step="Put those of docker.env into the inventory, or give none; it was not touched.",
        )
    return "given"
