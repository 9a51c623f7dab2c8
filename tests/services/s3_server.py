# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real S3 server, which checks signatures: the Versity gateway, built once from the Go module proxy."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import servers

MODULE, VERSION, GO = "github.com/versity/versitygw", "v1.8.0", "1.26"
CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / ".cache" / "versitygw" / VERSION
ACCESS, SECRET = "AKIDBACKUPS", "made-up-s3-secret"


def build() -> Path:
    """The program; whoever comes second waits for the first."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "s3gateway").exists():
            _build()
    return FOLDER / "s3gateway"


def _build() -> None:
    gitea = importlib.util.spec_from_file_location("gitea_build", CHECKOUT / "tests" / "gitea" / "build.py")
    assert gitea is not None and gitea.loader is not None
    tools = importlib.util.module_from_spec(gitea)
    gitea.loader.exec_module(tools)
    go = tools._go()
    module = FOLDER / "module"
    shutil.rmtree(module, ignore_errors=True)
    module.mkdir()
    shutil.copyfile(Path(__file__).parent / "s3gateway" / "main.go", module / "main.go")
    (module / "go.mod").write_text(f"module example.com/s3gateway\ngo {GO}\nrequire {MODULE} {VERSION}\n")
    source = json.loads(tools._run([go, "mod", "download", "-json", f"{MODULE}@{VERSION}"], module))["Dir"]
    shutil.copyfile(Path(source) / "go.sum", module / "go.sum")
    # Not optimised, which takes a third of the time; the standard library is as Gitea's build leaves it in Go's cache.
    flags = ["-mod=mod", "-trimpath", "-ldflags", "-s -w"]
    for pattern in ("github.com/...", "golang.org/...", "example.com/..."):
        flags.append(f"-gcflags={pattern}=-N -l")
    tools._run([go, "build", *flags, "-o", str(FOLDER / "building"), "."], module)
    shutil.rmtree(module)
    os.replace(FOLDER / "building", FOLDER / "s3gateway")


class S3Server(servers.Server):
    """Its buckets are folders of C(buckets)."""

    def __init__(self, folder: Path, port: int, certificate: tuple[Path, Path] | None = None) -> None:
        self.buckets = folder / "buckets"
        for name in ("buckets", "attributes"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        command = [str(build()), str(self.buckets), str(folder / "attributes"), f"127.0.0.1:{port}"]
        environment = {**os.environ, "S3_ACCESS": ACCESS, "S3_SECRET": SECRET}
        super().__init__([*command, *map(str, certificate or ())], port, folder, environment)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"

    def options(self, bucket: str = "backups", **more: object) -> dict[str, object]:
        return {"bucket": bucket, "endpoint_url": self.url, "access_key": ACCESS, "secret_key": SECRET, **more}


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key
