# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down about a backup, beside it: NAME.json. It is written last, so without it there is no backup."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, NotFound, ProofFailed

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import Store

FORMAT = 2
SUFFIX = ".json"
ARCHIVE_SUFFIX = ".tar.gz"
ENCRYPTED_SUFFIX = ".tar.gz.gpg"
KEYS_SUFFIX = ".keys.gpg"
METHODS = ("cold", "hot")
REASONS = ("manual", "schedule", "upgrade", "rehearsal")
DATABASES = ("embedded", "external")
NAME = re.compile(r"appsmith-(?P<instance>[A-Za-z0-9][A-Za-z0-9._-]*)-(?P<time>[0-9]{8}T[0-9]{6}Z)")
_INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_STAMP = "%Y%m%dT%H%M%SZ"
_DISTRUST = "Don't rely on this backup: use another one, or take a new one."
# Far more than one of a large instance has; more would be another kind of file.
_LONGEST = 16 << 20


def _not_proven() -> dict[str, str]:
    return {"checksum": "", "drill": "", "rehearsal": ""}


@dataclass(frozen=True)
class Manifest:
    """One backup. No field holds a secret. C(members) are bytes by part, C(bytes) is unpacked, C(size) as it lies."""

    name: str
    instance: str
    archive: str
    keys_file: str | None
    method: str
    reason: str
    created: str
    version: str
    size: int
    sha256: str
    encrypted: bool
    database: str
    files: int
    bytes: int
    members: dict[str, int]
    seconds: float = 0.0
    image: str = ""
    image_digest: str = ""
    schema: dict[str, int] = field(default_factory=dict)
    keys_fingerprint: str | None = None
    content: dict[str, Any] | None = None
    upgrade: dict[str, str] | None = None
    proven: dict[str, str] = field(default_factory=_not_proven)

    @property
    def file(self) -> str:
        """The manifest's own name in the store."""
        return self.name + SUFFIX

    @property
    def all_files(self) -> list[str]:
        """What belongs to it in the store; the manifest first, since without it there is no backup."""
        return [self.file, self.archive, *([self.keys_file] if self.keys_file else [])]

    def as_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, described: Any, where: str) -> Manifest:
        """ProofFailed when it is none, or one that can't be understood."""
        if not isinstance(described, dict):
            raise _no_manifest(where, "it is no object")
        if described.get("format") != FORMAT:
            raise ProofFailed(
                f"{where} has the format {described.get('format')!r}, this collection reads {FORMAT}",
                next_step="Use the release of the collection that took the backup.",
            )
        known = {one.name: described[one.name] for one in fields(cls) if one.name in described}
        _check(known, where)
        return cls(**known)


_TEXTS = ("name", "instance", "archive", "method", "reason", "created", "version", "sha256", "database")
_NUMBERS = ("size", "files", "bytes")
_OF_TEXTS = ("upgrade", "proven")


def _is_number(value: Any) -> bool:
    # A truth value is an int in Python.
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check(known: dict[str, Any], where: str) -> None:
    wanted = (*_TEXTS, *_NUMBERS, "encrypted", "keys_file", "members")
    missing = [name for name in wanted if name not in known]
    if missing:
        raise _no_manifest(where, f"it lacks {', '.join(missing)}")
    wrong = [name for name in (*_TEXTS, "image", "image_digest") if not isinstance(known.get(name, ""), str)]
    wrong += [name for name in _NUMBERS if not _is_number(known[name])]
    wrong += [name for name in ("keys_file", "keys_fingerprint") if not isinstance(known.get(name), (str, type(None)))]
    wrong += [name for name in ("members", "schema") if not _is_dict_of(known.get(name, {}), int)]
    wrong += [name for name in _OF_TEXTS if known.get(name) is not None and not _is_dict_of(known[name], str)]
    wrong += ["encrypted"] if not isinstance(known["encrypted"], bool) else []
    wrong += ["content"] if not isinstance(known.get("content"), (dict, type(None))) else []
    if wrong:
        raise _no_manifest(where, f"{', '.join(wrong)} can't be understood")
    name = known["name"]
    choices = (("method", METHODS), ("reason", REASONS), ("database", DATABASES))
    strange = [of for of, allowed in choices if known[of] not in allowed]
    if not NAME.fullmatch(name):
        strange.append("name")
    if known["archive"] not in (name + ARCHIVE_SUFFIX, name + ENCRYPTED_SUFFIX):
        strange.append("archive")
    if known["keys_file"] not in (None, name + KEYS_SUFFIX):
        strange.append("keys_file")
    if not _SHA256.fullmatch(known["sha256"]):
        strange.append("sha256")
    if strange:
        raise _no_manifest(where, f"{', '.join(strange)} is none that a backup has")
    known["proven"] = {**_not_proven(), **(known.get("proven") or {})}


def _is_dict_of(value: Any, kind: type) -> bool:
    return isinstance(value, dict) and all(isinstance(one, kind) for one in value.values())


def _no_manifest(where: str, why: str) -> ProofFailed:
    return ProofFailed(f"{where} is no manifest of a backup: {why}", next_step=_DISTRUST)


# --- in a store ----------------------------------------------------------------------------------------------------


def read(store: Store, name: str) -> Manifest:
    """The manifest of the backup C(name), given with or without C(.json)."""
    name = name.removesuffix(SUFFIX)
    there = store.names()
    if name + SUFFIX not in there:
        names = sorted(_backups(there), key=_newest_first, reverse=True)
        listed = ", ".join(names[:5]) or "none"
        raise NotFound(f"There is no backup {name} in {store.describe()}", next_step=f"There is: {listed}.")
    return _load(store, name)


def write(store: Store, manifest: Manifest) -> None:
    """Put it into the store, in the place of the one that was there."""
    text = json.dumps(manifest.as_dict(), indent=2, sort_keys=False) + "\n"
    store.put(manifest.file, io.BytesIO(text.encode()))


def listed(store: Store, *, instance: str | None = None, problems: dict[str, str] | None = None) -> list[Manifest]:
    """All backups that there are, newest first.

    One damaged manifest must not hide the others: it is left out, and C(problems) gets the reason by its name.
    """
    found = []
    for name in sorted(_backups(store.names()), key=_newest_first, reverse=True):
        try:
            manifest = _load(store, name)
        except (ProofFailed, NotFound) as error:
            if problems is not None:
                problems[name] = str(error)
            continue
        if instance is None or manifest.instance == instance:
            found.append(manifest)
    return found


def _load(store: Store, name: str) -> Manifest:
    where = f"{name}{SUFFIX} in {store.describe()}"
    with store.open(name + SUFFIX) as source:
        text = source.read(_LONGEST + 1)
    try:
        described = json.loads(text)
    except ValueError as error:
        raise _no_manifest(where, "it is no JSON, perhaps short") from error
    manifest = Manifest.from_dict(described, where)
    if manifest.name != name:
        raise _no_manifest(where, f"it is that of {manifest.name}")
    return manifest


def _backups(names: Iterable[str]) -> list[str]:
    return [
        name.removesuffix(SUFFIX)
        for name in names
        if name.endswith(SUFFIX) and NAME.fullmatch(name.removesuffix(SUFFIX))
    ]


def _newest_first(name: str) -> tuple[str, str]:
    found = NAME.fullmatch(name)
    return (found["time"] if found else "", name)


# --- new ones ------------------------------------------------------------------------------------------------------


def new_name(names: Iterable[str], instance: str, now: datetime) -> str:
    """A name that nothing in the store begins with: on a collision one second later."""
    if not _INSTANCE.fullmatch(instance):
        raise InvalidInput(
            f"The name '{instance}' of the instance can't be part of a file's name",
            next_step="Use letters, digits, '.', '_' and '-'.",
        )
    taken = set(names)
    stamp = now.astimezone(UTC).replace(microsecond=0)
    while True:
        name = f"appsmith-{instance}-{stamp.strftime(_STAMP)}"
        if not any(one.startswith(f"{name}.") for one in taken):
            return name
        stamp += timedelta(seconds=1)


def created_of(name: str) -> str:
    """The time in a backup's name, as ISO 8601."""
    found = NAME.fullmatch(name)
    if not found:
        raise InvalidInput(f"'{name}' is no name of a backup")
    return iso(datetime.strptime(found["time"], _STAMP).replace(tzinfo=UTC))


def iso(when: datetime | None = None) -> str:
    return (when or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
