# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups in a bucket of a real S3 server, which checks signatures: streamed, whole or not at all, and proven there."""

from __future__ import annotations

import getpass
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _store_s3
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import StoreFailed, sha256_of, store_of
from http_service import HttpService
from plays import Plays
from s3_server import SECRET, S3Server, certificate
from stage import ADMIN, COLLECTIONS, Stage, free_port
from worlds import World, execute

PREFIX = "appsmith/production"
PHRASE = "made-up backup phrase"
# The least that S3 takes for a part, so that little data is many parts.
PART = 5 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3") / "server", free_port())
    (server.buckets / "backups").mkdir()
    yield server
    server.stop()


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    return f"appsmith/{request.node.name.partition('[')[0]}"


@pytest.fixture
def store(server: S3Server, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(_store_s3, "PART_BYTES", PART)
    # Nobody's settings but the options'.
    monkeypatch.setenv("AWS_PROFILE", "of-somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSOMEBODY")
    return store_of({"s3": server.options(prefix=f"/{prefix}/")})


class Stream:
    """A source that can't seek and gives as little at a time as a pipe does."""

    def __init__(self, size: int, error: BaseException | None = None) -> None:
        self.left, self.error = size, error
        self.digest = hashlib.sha256()
        self._block = os.urandom(1 << 16)

    def read(self, size: int) -> bytes:
        if not self.left and self.error:
            raise self.error
        given = self._block[: min(size, self.left, len(self._block))]
        self.left -= len(given)
        self.digest.update(given)
        return given


def uploads(store: Any) -> list[str]:
    answer = store._client.list_multipart_uploads(Bucket=store.bucket, Prefix=store.prefix)
    return [item["Key"] for item in answer.get("Uploads", ())]


def test_what_is_put_there_is_read_back(store: Any, server: S3Server, prefix: str) -> None:
    store.check()
    large = Stream(3 * PART + 12_345)
    store.put("large", large)
    store.put("small", io.BytesIO(b"1"))
    store.put("nothing", io.BytesIO())
    assert store.names() == {"large": 3 * PART + 12_345, "small": 1, "nothing": 0}
    assert sha256_of(store, "large") == (3 * PART + 12_345, large.digest.hexdigest())
    assert store.describe() == f"s3://backups/{prefix}" and store.free_bytes() is None
    assert uploads(store) == []
    # Neither what lies below nor what begins alike is of this instance.
    for other in (f"{prefix}/below", f"{prefix}-2"):
        store_of({"s3": server.options(prefix=other)}).put("other", io.BytesIO(b"x"))
    assert len(store.names()) == 3
    store.put("small", io.BytesIO(b"22"))
    assert store.names()["small"] == 2
    for name in ("small", "small"):
        store.delete(name)
    assert sorted(store.names()) == ["large", "nothing"]
    with pytest.raises(NotFound, match="NoSuchKey"), store.open("small"):
        pass


@pytest.mark.parametrize("error", [AppsmithError("tar failed"), OSError("gone"), KeyboardInterrupt()])
def test_a_source_that_fails_leaves_nothing(store: Any, error: BaseException) -> None:
    with pytest.raises(type(error)) as raised:
        store.put("broken", Stream(2 * PART, error))
    assert raised.value is error
    assert store.names() == {} and uploads(store) == []


BOUNDED = """
import resource, sys, json
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _store, _store_s3
_store_s3.PART_BYTES = {part}
class Zeros:
    left = {size}
    def read(self, size):
        given = min(size, self.left, 1 << 16)
        self.left -= given
        return bytes(given)
store = _store.store_of({{"s3": json.loads(sys.argv[1])}})
store.check()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.put("large", Zeros())
size, _sha256 = _store.sha256_of(store, "large")
store.delete("large")
print(json.dumps([size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10]))
"""


def test_memory_does_not_grow_with_the_backup(server: S3Server, prefix: str) -> None:
    size = 16 * PART
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED.format(part=PART, size=size), json.dumps(server.options(prefix=prefix))],
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read, grown = json.loads(done.stdout)
    assert read == size and grown < size / 2, f"{grown >> 20} MiB more for {size >> 20} MiB"


KILLED = """
import os, signal, sys, json
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _store, _store_s3
_store_s3.PART_BYTES = {part}
store = _store.store_of({{"s3": json.loads(sys.argv[1])}})
class Source:
    given = 0
    def read(self, size):
        self.given += size
        if self.given > {part} and store._client.list_multipart_uploads(Bucket=store.bucket).get("Uploads"):
            os.kill(os.getpid(), signal.SIGKILL)
        return bytes(size)
store.put("killed", Source())
"""


def test_what_a_killed_run_left_is_swept_after_a_day(
    store: Any, server: S3Server, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(part=PART), json.dumps(server.options(prefix=prefix))],
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -9
    assert uploads(store) == [f"{prefix}/killed"] and store.names() == {}
    assert store.sweep() == []
    monkeypatch.setattr(_store_s3, "ABANDONED_SECONDS", -60)
    planned = store.sweep(dry=True)
    assert planned[0].startswith("killed (begun ") and uploads(store)
    assert store.sweep() == planned and uploads(store) == []


def test_a_connection_that_breaks_is_taken_up_where_it_broke(store: Any, server: S3Server) -> None:
    source = Stream(4 * PART)
    store.put("large", source)
    digest = hashlib.sha256()
    with store.open("large") as stream:
        digest.update(stream.read(1000))
        server.restart()
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    assert digest.hexdigest() == source.digest.hexdigest()
    with pytest.raises(StoreFailed, match="was refused"), store.open("large") as stream:
        stream.read(1000)
        # What is read on must not be another backup's end.
        store.put("large", Stream(4 * PART))
        server.restart()
        while stream.read(1 << 20):
            pass


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"secret_key": "another"}, "SignatureDoesNotMatch .* Check s3.access_key and s3.secret_key"),
        ({"access_key": "AKIDNOBODY"}, "XAdminUserNotFound .* Check s3.access_key and s3.secret_key"),
        ({"bucket": "nowhere"}, "NoSuchBucket .* Make the bucket"),
        ({"endpoint_url": "http://127.0.0.1:1"}, "127.0.0.1:1 can't be reached: .* Check s3.endpoint_url"),
        ({"endpoint_url": "https://name.invalid"}, "name.invalid can't be reached: .* Check s3.endpoint_url"),
    ],
)
@pytest.mark.parametrize("write", [False, True])
def test_what_is_wrong_is_said(
    server: S3Server, options: dict[str, Any], said: str, write: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_store_s3, "RETRIES", 1)
    store = store_of({"s3": server.options(prefix=PREFIX, **options)})
    with pytest.raises(StoreFailed, match=said):
        store.check(write=write)


def test_something_else_answers(api: HttpService, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_store_s3, "RETRIES", 1)
    store = store_of({"s3": server.options(endpoint_url=api.url)})
    with pytest.raises(StoreFailed, match="nothing that speaks S3 answers there"):
        store.check()


def test_a_ca_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_store_s3, "RETRIES", 1)
    pair = certificate(tmp_path)
    server = S3Server(tmp_path / "server", free_port(), pair)
    (server.buckets / "backups").mkdir()
    try:
        with pytest.raises(StoreFailed, match=r"is not trusted: .* Give s3.ca_path"):
            store_of({"s3": server.options()}).check()
        for trusted in ({"ca_path": str(pair[0])}, {"validate_certs": False}):
            store = store_of({"s3": server.options(**trusted)})
            store.check()
            store.put("one", io.BytesIO(b"x"))
            assert store.names() == {"one": 1}
    finally:
        server.stop()


def test_a_changed_byte_is_noticed_where_it_lies(store: Any, server: S3Server, prefix: str) -> None:
    store.put("one", Stream(PART))
    before = sha256_of(store, "one")
    path = server.buckets / "backups" / prefix / "one"
    with path.open("r+b") as file:
        file.seek(PART // 2)
        byte = file.read(1)
        file.seek(PART // 2)
        file.write(bytes([byte[0] ^ 1]))
    assert sha256_of(store, "one") != before


def play(world: World, stage: Stage, folder: Path, **more: Any) -> Plays:
    folder.mkdir(exist_ok=True)
    host = {**stage.host("production", world.port, instance=world.name), **more}
    given = stage.inventory({"production": {"shop": host}}, appsmith_version="")
    if "ansible_connection" in host:
        # It would be the controller's as well.
        del given["all"]["children"]["appsmith"]["vars"]["ansible_connection"]
    return Plays(folder, stage.write_inventory(folder / "inventory.yml", given))


def drill(plays: Plays, folder: Path) -> dict[str, Any]:
    """The newest backup, brought up beside the instance from where it lies."""
    report = folder / "drill.json"
    plays.run("drill", "-e", json.dumps({"drill_report_file": str(report), "drill_smoke_tests": []}))
    result: dict[str, Any] = json.loads(report.read_text())["results"][0]
    return result


def test_the_playbook_backs_up_to_a_bucket(world: World, stage: Stage, server: S3Server, tmp_path: Path) -> None:
    bucket = {**server.options(prefix="play"), "secret_key": "{{ made_up_secret }}"}
    plays = play(world, stage, tmp_path, appsmith_backup_s3=bucket, backup_instance="shop", made_up_secret=SECRET)
    assert SECRET not in plays.run("backup", "-vvv").output
    found = execute(
        "backup_info", {"s3": server.options(prefix="play/shop"), "verify": True, "passphrase": PHRASE}
    )["backups"]  # fmt: skip
    assert [one["problem"] for one in found] == [None]
    assert found[0]["proven"]["checksum"] and found[0]["content"]["by"] == ADMIN["username"]
    there = store_of({"s3": server.options(prefix="play/shop")}).names()
    assert sorted(there) == sorted(Path(path).name for path in found[0]["paths"])
    assert not list((stage.root / "backups").glob("shop*"))

    unreachable = server.options(endpoint_url="http://127.0.0.1:1")
    refused = play(world, stage, tmp_path / "2", appsmith_backup_s3=unreachable).run("backup", code=2)
    assert "127.0.0.1:1 can't be reached" in refused.output
    unset = plays.run("backup", "-e", "appsmith_backup_passphrase=", code=2)
    assert "no passphrase for the backup, and nothing was done" in unset.output
    assert store_of({"s3": server.options(prefix="play/shop")}).names() == there

    drilled = drill(plays, tmp_path)
    assert drilled["backup"] == found[0]["name"] and drilled["compared"] and drilled["state"] == "proven"
    # Written down where the backup lies.
    again = execute("backup_info", {"s3": server.options(prefix="play/shop")})["backups"]
    assert [one["proven"]["drill"] for one in again] == [drilled["finished"]]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """This machine, as another one that is reached by SSH."""
    command = [sys.executable, str(Path(__file__).with_name("ssh_server.py")), str(tmp_path / "ssh")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": int(process.stdout.readline()),
        "ansible_user": getpass.getuser(),
        "ansible_ssh_private_key_file": str(tmp_path / "ssh" / "key"),
        "ansible_python_interpreter": sys.executable,
    }
    process.terminate()
    process.wait()


def test_a_backup_comes_from_another_host(world: World, stage: Stage, host: dict[str, Any], tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    plays = play(
        world, stage, tmp_path / "play", **host, backup_instance="remote", appsmith_backup_spool_directory=str(spool)
    )
    run = plays.run("backup")
    assert ("shop", "Take it in, and prove it where it lies") in run.changed
    folder = stage.root / "backups" / "remote"
    found = execute("backup_info", {"store_directory": str(folder), "verify": True, "passphrase": PHRASE})["backups"]
    assert [(one["method"], one["problem"]) for one in found] == [("hot", None)]
    paths = sorted(path for path in folder.iterdir() if path.name != ".lock")
    assert paths == sorted(map(Path, found[0]["paths"]))
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert list(spool.iterdir()) == [], "it is removed on its host"
    # As files and not in a command's answer, which Ansible holds in memory.
    log = (tmp_path / "ssh" / "log").read_text().splitlines()
    sent = {line.rpartition("/")[2] for line in log if line.startswith(f"file {spool}/")}
    assert sent == {path.name for path in paths}
    drilled = drill(plays, tmp_path)
    assert drilled["backup"] == found[0]["name"] and drilled["compared"] and drilled["state"] != "failed"
    assert not list(stage.instance_root(world.name).parent.glob(f"{world.name}-drill*")), "it goes again with its spool"
