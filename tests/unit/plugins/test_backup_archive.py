# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives written into a folder and read again, with the real tar, gzip and gpg; and the ways in which that fails."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_archive as archives
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_stream
from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import fingerprint
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import (
    compare,
    database_runs,
    pack,
    survey,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    NotFound,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore, StoreFailed
from backup_world import KEYS, NAME, PASSPHRASE, add_socket, hurry, make_backup, make_volume, state_of


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return make_volume(tmp_path / "stacks")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    hurry(monkeypatch)
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir()), "something is left"


def unpack(store, manifest, target, passphrase=PASSPHRASE):
    with archives.open_archive(store, manifest, passphrase) as tar:
        for member in archives.members(tar):
            tar.extract(member, target, numeric_owner=True, filter="fully_trusted")
    return target / "volume"


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_what_comes_out_is_what_went_in(tmp_path, volume, passphrase):
    store, manifest = make_backup(tmp_path / "store", volume, passphrase=passphrase)
    found = state_of(unpack(store, manifest, tmp_path / "out", passphrase))
    left_out = ("data/backup", "data/restore", "logs", ".stagecraft")
    expected = {name: what for name, what in state_of(volume).items() if not name.startswith(left_out)}
    if passphrase is None:
        mode, env = found.pop("configuration/docker.env")
        assert mode == expected.pop("configuration/docker.env")[0]
        assert env == b"APPSMITH_MONGODB_USER=appsmith\nAPPSMITH_MAIL_HOST=mail.example.com\n"
    assert found == expected
    head = tmp_path / "out/volume/git-storage/ws/app/.git/HEAD"
    assert head.samefile(head.with_name("ORIG")), "a hard link stays one"
    assert manifest.files == 10 and manifest.members["data/mongodb"] == 500_000
    assert sum(manifest.members.values()) == manifest.bytes


def test_the_archive_is_one_that_other_tools_read(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    command = (
        'gpg --batch --quiet --homedir "$1" --pinentry-mode loopback --passphrase-fd 3 --decrypt "$2" '
        '3<<<"$3" | tar --list --gzip --numeric-owner --verbose'
    )
    (tmp_path / "home").mkdir(mode=0o700)
    arguments = [str(tmp_path / "home"), store.path_of(manifest.archive), PASSPHRASE]
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command, "-", *arguments], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0].endswith("about.json") and f"-rw-r----- {os.getuid()}/{os.getgid()}" in done.stdout


def test_owners_modes_and_times_are_kept_by_number(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    with archives.open_archive(store, manifest, PASSPHRASE) as tar:
        found = {member.name: member for member in archives.members(tar)}
    env = found["volume/configuration/docker.env"]
    assert (env.uid, env.gid, env.uname, env.gname, env.mode) == (os.getuid(), os.getgid(), "", "", 0o640)
    assert env.mtime == int((volume / "configuration/docker.env").stat().st_mtime)


def test_sockets_are_skipped_and_told(tmp_path, volume):
    add_socket(volume / "data/mongodb/mongodb.sock")
    os.mkfifo(volume / "git-storage/pipe")
    assert survey(volume).skipped == ["data/mongodb/mongodb.sock", "git-storage/pipe"]
    store, manifest = make_backup(tmp_path / "store", volume)
    assert manifest.files == survey(volume).files == 10
    assert not (unpack(store, manifest, tmp_path / "out") / "git-storage/pipe").exists()


# --- read to the end, or the cause is named ------------------------------------------------------------------------


def _spoil(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "shorter":
        del content[-1:]
    elif how == "longer":
        content += b"x"
    elif how == "first":
        content[0] ^= 1
    elif how == "late":
        content[-1000] ^= 1
    elif how == "middle":
        content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("shorter", "is short"),
        ("longer", "was changed: it has"),
        ("first", "its checksum differs"),
        ("middle", "its checksum differs"),
        ("late", "its checksum differs"),
    ],
)
def test_a_spoilt_archive_is_found_out(tmp_path, volume, how, why, passphrase):
    store, manifest = make_backup(tmp_path / "store", volume, passphrase=passphrase)
    _spoil(Path(store.path_of(manifest.archive)), how)
    with pytest.raises(ProofFailed, match=why):
        archives.prove(store, manifest, passphrase)


@pytest.mark.parametrize("how", ["middle", "late"])
def test_what_was_written_damaged_is_told_from_what_was_changed(tmp_path, volume, how):
    """Its checksum is right, since it was taken of the damaged one."""
    store, manifest = make_backup(tmp_path / "store", volume)
    path = Path(store.path_of(manifest.archive))
    _spoil(path, how)
    manifest = dataclasses.replace(manifest, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(ProofFailed, match="is damaged, and was so when it was written"):
        archives.prove(store, manifest, PASSPHRASE)


def test_a_wrong_passphrase_is_told_from_damage(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    with pytest.raises(ProofFailed, match="the passphrase is wrong"):
        archives.prove(store, manifest, "other")
    with pytest.raises(InvalidInput, match="no passphrase was given"):
        archives.prove(store, manifest, None)


def test_a_missing_archive_is_said(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    store.delete(manifest.archive)
    with pytest.raises(NotFound, match=r"tar\.gz\.gpg is not in"):
        archives.prove(store, manifest, PASSPHRASE)


def test_an_archive_with_other_files_than_its_manifest_says_is_none(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    with pytest.raises(ProofFailed, match="its manifest says 11"):
        archives.prove(store, dataclasses.replace(manifest, files=11), PASSPHRASE)


def test_what_the_block_raises_comes_through(tmp_path, volume):
    """And is not waited for: a full disk while unpacking needs no checksum."""
    store, manifest = make_backup(tmp_path / "store", volume)
    with pytest.raises(ZeroDivisionError), archives.open_archive(store, manifest, PASSPHRASE):
        raise ZeroDivisionError


def test_what_the_block_leaves_is_read_all_the_same(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    _spoil(Path(store.path_of(manifest.archive)), "late")
    with pytest.raises(ProofFailed, match="checksum"), archives.open_archive(store, manifest, PASSPHRASE) as tar:
        assert tar.next().name == "about.json"


# --- the keys ------------------------------------------------------------------------------------------------------


def test_keys_are_kept_on_their_own(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume, keys_fingerprint=fingerprint(KEYS))
    assert archives.read_keys(store, manifest, PASSPHRASE) == KEYS
    assert b"made-up" not in Path(store.path_of(manifest.keys_file)).read_bytes()
    strange = (" a'b\"=c ", "'quoted'")
    archives.write_keys(store, NAME, strange, PASSPHRASE)
    assert archives.read_keys(store, dataclasses.replace(manifest, keys_fingerprint=None), PASSPHRASE) == strange
    with pytest.raises(ProofFailed, match="other encryption keys"):
        archives.prove(store, manifest, PASSPHRASE)


def test_keys_that_can_not_be_had_are_said(tmp_path, volume):
    store, manifest = make_backup(tmp_path / "store", volume)
    for passphrase, why in (("other", "can't be decrypted"), (None, "no passphrase")):
        with pytest.raises(AppsmithError, match=why):
            archives.read_keys(store, manifest, passphrase)
    with pytest.raises(NotFound, match="holds no encryption keys"):
        archives.read_keys(store, dataclasses.replace(manifest, keys_file=None), PASSPHRASE)


# --- writing that fails --------------------------------------------------------------------------------------------


def put(store, volume, passphrase=PASSPHRASE, fill=None):
    return archives.write_archive(
        store, f"{NAME}.tar.gz.gpg", {}, fill or (lambda packer: pack(packer, volume, secrets=True)), passphrase
    )


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_an_archive_whose_making_fails_is_not_left(tmp_path, volume, passphrase):
    def fill(packer):
        pack(packer, volume, secrets=True)
        raise ProofFailed("the instance wrote")

    store = DirectoryStore(tmp_path / "store")
    with pytest.raises(ProofFailed, match="the instance wrote"):
        put(store, volume, passphrase, fill)
    assert not list((tmp_path / "store").iterdir())


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_a_store_that_refuses_is_the_cause_that_is_named(tmp_path, volume, passphrase):
    class Full(DirectoryStore):
        def put(self, name, source):
            source.read(10)
            raise StoreFailed("it is full")

    with pytest.raises(StoreFailed, match="it is full"):
        put(Full(tmp_path / "store"), volume, passphrase)


def test_without_gpg_nothing_is_written(tmp_path, volume, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInput, match="gpg is not on this host"):
        put(DirectoryStore(tmp_path / "store"), volume)
    assert not (tmp_path / "store").exists()


def test_a_gpg_that_dies_is_named(tmp_path, volume, monkeypatch):
    (tmp_path / "gpg").write_text("#!/bin/sh\nhead -c 100000 >/dev/null; echo 'gpg: out of order' >&2; exit 2\n")
    (tmp_path / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(AppsmithError, match="gpg ended with exit 2: out of order"):
        put(DirectoryStore(tmp_path / "store"), volume)
    assert not list((tmp_path / "store").iterdir())


def test_a_file_that_can_not_be_read_is_named(tmp_path, volume, monkeypatch):
    real = os.open

    def refuse(path, *arguments, **more):
        if str(path).endswith("dump.rdb"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(AppsmithError, match=r"dump\.rdb can't be read: Permission denied"):
        put(DirectoryStore(tmp_path / "store"), volume)
    assert not list((tmp_path / "store").iterdir())


LIMITED = """
import resource, signal, sys
from pathlib import Path
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_archive
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore
sys.path.insert(0, sys.argv[1])
from backup_world import make_backup
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = getattr(resource, sys.argv[2])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
allowed = int(sys.argv[3]) + (used if limit == resource.RLIMIT_AS else 0)
resource.setrlimit(limit, (allowed, allowed))
store, manifest = make_backup(Path(sys.argv[4]), Path(sys.argv[5]))
_backup_archive.prove(store, manifest, "made-up passphrase")
print(manifest.bytes)
"""


def limited(limit, size, store, volume):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [str(Path(__file__).parent), limit, str(size), str(store), str(volume)]
    return subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments], env=env, capture_output=True, text=True, check=False
    )


def test_a_file_far_larger_than_the_memory_goes_through(tmp_path, volume):
    with (volume / "data/mongodb/large.wt").open("wb") as file:
        file.truncate(200 << 20)
    done = limited("RLIMIT_AS", 120 << 20, tmp_path / "store", volume)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200 << 20


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, volume):
    done = limited("RLIMIT_FSIZE", 100_000, tmp_path / "store", volume)
    assert done.returncode == 1 and "can't take appsmith-production" in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "store").iterdir())


# --- what is packed ------------------------------------------------------------------------------------------------


def test_what_was_written_meanwhile_is_found_by_its_part(volume):
    before = survey(volume)
    compare(before, survey(volume))
    with (volume / "data/mongodb/WiredTiger").open("r+b") as file:
        file.write(b"x")
    (volume / "git-storage/new").touch()
    with pytest.raises(ProofFailed, match="data/mongodb, git-storage"):
        compare(before, survey(volume))


def test_what_does_not_belong_to_it_may_be_written(volume):
    before = survey(volume)
    for name in ("logs/new", "data/backup/new", ".stagecraft.lock"):
        (volume / name).touch()
    compare(before, survey(volume))


def test_a_file_that_became_shorter_while_it_was_read_is_no_archive(tmp_path, volume):
    class Shrinking(archives.Packer):
        def describe(self, name, **more):
            found = super().describe(name, **more)
            if name.endswith("WiredTiger"):
                os.truncate(volume / "data/mongodb/WiredTiger", 10)
            return found

    with pytest.raises(ProofFailed, match=r"wrote meanwhile: .*WiredTiger"):
        put(DirectoryStore(tmp_path / "s"), volume, fill=lambda one: pack(Shrinking(one._tar), volume, secrets=True))


def test_a_live_folder_may_lose_files(tmp_path, volume, monkeypatch):
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: real(path) + (["gone"] if volume in Path(path).parents else []))
    store = DirectoryStore(tmp_path / "store")
    with pytest.raises(ProofFailed, match="wrote meanwhile"):
        put(store, volume)
    written = put(store, volume, fill=lambda packer: pack(packer, volume, ("ssl", "no"), secrets=True, live=True))
    assert written.tally.files == 1 and survey(volume, live=True).files == 10


@pytest.mark.parametrize("kind", ["flock", "lockf"])
def test_a_database_that_runs_is_known_by_its_lock(volume, kind):
    lock = volume / "data/mongodb/mongod.lock"
    assert not database_runs(volume)
    lock.write_text("1\n")
    assert not database_runs(volume)
    code = f"import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.{kind}(f, fcntl.LOCK_EX); print(flush=True); input()"
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        assert database_runs(volume)
        process.communicate("\n")
    assert not database_runs(volume)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("volume/data/mongodb/a/b", "data/mongodb"),
        ("volume/data/a", "data/a"),
        ("volume/data", "data"),
        ("volume/git-storage/a", "git-storage"),
        ("volume/file", "file"),
        ("appsmithctl/a.tar.gz", "appsmithctl"),
    ],
)
def test_parts(name, part):
    assert archives.part_of(name) == part


def test_reading_in_pieces_gives_whole_pieces(tmp_path):
    """Or a store with parts of a fixed size would take the first short one for the last."""

    def write(sink):
        for _number in range(1000):
            sink.write(b"x" * 777)

    with _backup_stream.outgoing(write, None) as stream:
        sizes = [len(stream.read(10_000)) for _number in range(79)]
    assert sizes == [10_000] * 77 + [7_000, 0] and stream.size == 777_000


def test_tar_is_not_taken_at_its_word_for_the_end(tmp_path, volume):
    """An archive that is cut at a member and gzipped and encrypted anew is whole for all of these tools."""
    store, manifest = make_backup(tmp_path / "store", volume)

    def fill(packer):
        pack(packer, volume, ("configuration",), secrets=True)

    written = put(store, volume, fill=fill)
    short = dataclasses.replace(manifest, size=written.size, sha256=written.sha256)
    with pytest.raises(ProofFailed, match=r"holds 1 files with \d+ bytes, its manifest says 10"):
        archives.prove(store, short, PASSPHRASE)
