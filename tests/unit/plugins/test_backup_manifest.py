# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of backups: written, read, listed, and refused where they can't be understood."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _backup_manifest as manifests
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound, ProofFailed

NAME = "appsmith-production-20261122T081500Z"


class MemoryStore:
    """What a store promises, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, name: str, source: BinaryIO) -> None:
        self.files[name] = source.read()

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        yield io.BytesIO(self.files[name])

    def names(self) -> dict[str, int]:
        return {name: len(content) for name, content in self.files.items()}

    def describe(self) -> str:
        return "memory"


def manifest(name: str = NAME, **more: Any) -> Manifest:
    found = manifests.NAME.fullmatch(name)
    assert found
    given: dict[str, Any] = {
        "name": name,
        "instance": found["instance"],
        "archive": f"{name}.tar.gz.gpg",
        "keys_file": f"{name}.keys.gpg",
        "method": "cold",
        "reason": "upgrade",
        "created": manifests.created_of(name),
        "version": "v1.60",
        "size": 123,
        "sha256": "0" * 64,
        "encrypted": True,
        "database": "embedded",
        "files": 3,
        "bytes": 456,
        "members": {"data/mongodb": 400, "git-storage": 56},
        "schema": {"server": 11, "client": 2},
    }
    return Manifest(**{**given, **more})


@pytest.fixture
def store() -> Any:
    return MemoryStore()


def test_what_is_written_is_read_again(store):
    one = manifest(content={"users": {"count": 2}}, upgrade={"from": "v1.60", "to": "v1.91"})
    manifests.write(store, one)
    assert list(store.files) == [f"{NAME}.json"]
    assert manifests.read(store, NAME) == manifests.read(store, f"{NAME}.json") == one
    described = json.loads(store.files[one.file])
    assert described["format"] == 2 and described["proven"] == {"checksum": "", "drill": "", "rehearsal": ""}
    assert one.created == "2026-11-22T08:15:00Z"


def test_writing_it_again_takes_its_place(store):
    manifests.write(store, manifest())
    proven = dataclasses.replace(manifest(), proven={"checksum": "2026-11-22T09:00:00Z", "drill": "", "rehearsal": ""})
    manifests.write(store, proven)
    assert manifests.listed(store) == [proven]


def test_an_unknown_one_is_not_found_and_the_others_are_named(store):
    manifests.write(store, manifest())
    with pytest.raises(NotFound, match=NAME):
        manifests.read(store, "appsmith-production-20200101T000000Z")


def test_all_are_listed_newest_first(store):
    names = [f"appsmith-{of}-2026112{day}T000000Z" for day, of in ((1, "b"), (3, "a"), (2, "c"))]
    for name in names:
        manifests.write(store, manifest(name))
    assert [one.name for one in manifests.listed(store)] == [names[1], names[2], names[0]]
    assert [one.name for one in manifests.listed(store, instance="c")] == [names[2]]


def test_a_damaged_one_does_not_hide_the_others(store):
    manifests.write(store, manifest())
    damaged = "appsmith-production-20261123T000000Z"
    store.files[f"{damaged}.json"] = b'{"format": 2, "na'
    # Neither is a manifest: nobody looks into it.
    store.files["notes.json"] = store.files["appsmith-production-20261124T000000Z.tar.gz.gpg"] = b""
    problems: dict[str, str] = {}
    assert [one.name for one in manifests.listed(store, problems=problems)] == [NAME]
    assert list(problems) == [damaged] and "perhaps short" in problems[damaged]


def _without(key: str) -> dict[str, Any]:
    described = manifest().as_dict()
    del described[key]
    return described


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ([], "no object"),
        ({}, "the format None"),
        ({**manifest().as_dict(), "format": 3}, "the format 3"),
        (_without("sha256"), "lacks sha256"),
        ({**manifest().as_dict(), "size": "123"}, "size can't be understood"),
        ({**manifest().as_dict(), "size": True}, "size can't be understood"),
        ({**manifest().as_dict(), "encrypted": 1}, "encrypted can't be understood"),
        ({**manifest().as_dict(), "proven": {"drill": None}}, "proven can't be understood"),
        ({**manifest().as_dict(), "members": []}, "members can't be understood"),
        ({**manifest().as_dict(), "content": "x"}, "content can't be understood"),
        ({**manifest().as_dict(), "method": "warm"}, "method is none"),
        ({**manifest().as_dict(), "sha256": "abc"}, "sha256 is none"),
        ({**manifest().as_dict(), "archive": "../../etc/passwd"}, "archive is none"),
        ({**manifest().as_dict(), "keys_file": "/etc/passwd"}, "keys_file is none"),
        ({**manifest().as_dict(), "name": "../x"}, "name, archive, keys_file is none"),
        (manifest("appsmith-other-20261122T081500Z").as_dict(), "it is that of appsmith-other"),
    ],
)
def test_what_can_not_be_understood_is_refused(store, described, why):
    store.files[f"{NAME}.json"] = json.dumps(described).encode()
    with pytest.raises(ProofFailed) as caught:
        manifests.read(store, NAME)
    assert why in str(caught.value) and "memory" in str(caught.value)


def test_a_name_that_is_taken_moves_on_by_a_second(store):
    now = datetime(2026, 11, 22, 8, 14, 59, 700000, tzinfo=UTC)
    assert manifests.new_name([], "production", now) == "appsmith-production-20261122T081459Z"
    # The archive of a run that ended before the manifest takes the name too.
    taken = ["appsmith-production-20261122T081459Z.tar.gz.gpg"]
    assert manifests.new_name(taken, "production", now) == NAME


@pytest.mark.parametrize("instance", ["", "a b", "../a", ".a", "a/b"])
def test_a_name_that_can_not_be_a_files_is_refused(instance):
    with pytest.raises(InvalidInput):
        manifests.new_name([], instance, datetime.now(UTC))
