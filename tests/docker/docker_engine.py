# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker engine of the tests' own, and the images of a stand-in Appsmith on it.

Its own one, because the images carry the official one's names. It lives beside another engine: own socket, own data, no
rule in the machine's firewall, no bridge but those of the tests' networks, and nothing of it is left when it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from docker_tools import CACHE, CHECKOUT, compose_plugin, libraries, mongod, run, system

IMAGE = "appsmith/appsmith-ce"
# The same with a real mongod; its first start takes longer and its files are larger.
WITH_MONGOD = "appsmith/appsmith-ce-mongod"
# And one whose database is on another host.
WITH_EXTERNAL = "appsmith/appsmith-ce-external"
# The last two are the checkpoint and the release of a rehearsal.
RELEASES = ("v1.60", "v1.75", "v1.91", "v1.99", "v2.0")
BASE, STAND_IN = "stagecraft.test/system", "stagecraft.test/stand-in"
FILES = Path(__file__).parent / "image"
MONGODB = "ENV SANDBOX_MONGODB=mongodb://localhost:27017/?replicaSet=mr1"
# The machine's own address for containers: what listens on 127.0.0.1 is passed on from there.
NETWORK, SUBNET, GATEWAY = "stagecraft-tests", "172.30.251.0/24", "172.30.251.1"
DATABASE_HOST = "172.30.251.250"
EXTERNAL = f"ENV SANDBOX_MONGODB=mongodb://{DATABASE_HOST}:27017/?replicaSet=mr1"


class Engine:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="appsmith-docker-"))
        self.environment = {"DOCKER_HOST": f"unix://{self.folder}/sock", "DOCKER_CONFIG": str(compose_plugin())}
        # Debian with Python and mongod, for what is no Appsmith.
        self.system = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    # -- its life -----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        program = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/local/sbin")
        if program is None or os.geteuid() != 0:
            raise SystemExit("The Docker tests start an engine: install docker.io, and run them as root")
        # Images are kept for the next time; one engine can have them at a time.
        self._lock = (CACHE / "engine.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    program, "--data-root", str(CACHE / "data"), "--exec-root", str(self.folder / "exec"),
                    "--pidfile", str(self.folder / "pid"), "--host", self.environment["DOCKER_HOST"],
                    # Ports are published by a program, and containers of one network need no forwarding.
                    "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
                    "--exec-opt", "native.cgroupdriver=cgroupfs",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while self.docker("version", check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"dockerd did not start: {said[-2000:]}")
            time.sleep(0.05)
        self._remove_all()
        self.docker("network", "create", "--subnet", SUBNET, "--gateway", GATEWAY, NETWORK)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(subprocess.CalledProcessError):
                self._remove_all()
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._lock is not None:
            self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove_all(self) -> None:
        """Containers and networks, and with them the bridges; also those that a killed engine has left."""
        names = self.docker("ps", "--all", "--quiet").stdout.split()
        if names:
            self.docker("rm", "--force", "--volumes", *names)
        self.docker("network", "prune", "--force")
        self.docker("volume", "prune", "--force")

    def docker(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **self.environment, "DOCKER_BUILDKIT": "0"},
            capture_output=True, text=True, check=check,
        )  # fmt: skip

    # -- what is on it ------------------------------------------------------------------------------------------------
    def make_images(self) -> None:
        """One per release: they differ in the file that names it, as far as the sandbox is concerned."""
        self.system = base = self._base()
        with tempfile.TemporaryDirectory() as folder:
            context = Path(folder) / "all"
            shutil.copytree(FILES, context / "image")
            shutil.copytree(libraries(), context / "python")
            shutil.copytree(
                CHECKOUT / "tests" / "sandbox" / "appsmith_sandbox", context / "sandbox" / "appsmith_sandbox",
                ignore=shutil.ignore_patterns("__pycache__"),
            )  # fmt: skip
            self._build(STAND_IN, context, (FILES / "Dockerfile").read_text().replace("FROM system", f"FROM {base}"))
            for release in RELEASES:
                info = {"version": release, "commitSha": "0" * 40, "imageBuiltAt": "2025-01-01T00:00:00Z"}
                small = Path(folder) / release
                small.mkdir()
                (small / "info.json").write_text(json.dumps(info))
                self._build(f"{IMAGE}:{release}", small, f"FROM {STAND_IN}\nCOPY info.json /opt/appsmith/info.json\n")
                self.docker("tag", f"{IMAGE}:{release}", f"appsmith/appsmith-ee:{release}")
                self._build(f"{WITH_MONGOD}:{release}", small, f"FROM {IMAGE}:{release}\n{MONGODB}\n")
                self._build(f"{WITH_EXTERNAL}:{release}", small, f"FROM {IMAGE}:{release}\n{EXTERNAL}\n")
        self.docker("image", "prune", "--force")

    def _base(self) -> str:
        """The system and mongod; made once."""
        archive, program = system(), mongod()
        base = f"{BASE}:{archive.stem.removeprefix('system-')}-{program.stem.removeprefix('mongod-')}"
        if self.docker("image", "inspect", base, check=False).returncode:
            run(["docker", "import", str(archive), f"{BASE}:bare"], env={**os.environ, **self.environment})
            with tempfile.TemporaryDirectory() as folder:
                shutil.copy2(program, Path(folder) / "mongod")
                self._build(base, Path(folder), f"FROM {BASE}:bare\nCOPY mongod /usr/bin/mongod\n")
        return base

    def _build(self, name: str, context: Path, dockerfile: str) -> None:
        (context / "Dockerfile").write_text(dockerfile)
        done = self.docker("build", "--quiet", "--tag", name, str(context), check=False)
        if done.returncode:
            raise RuntimeError(f"docker build {name}: {done.stderr[-2000:]}")

    def inspect(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.docker("container", "inspect", name).stdout)[0]
        return found
