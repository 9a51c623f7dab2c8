# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker.env of a restored instance, and the encryption keys that belong to its data; private to the collection."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._archive import KEY_NAMES, parse_env, same_keys
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import Manifest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import without_secrets
from ansible_collections.stagecraft.appsmith.plugins.module_utils._database import LOCAL, is_external
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    NotFound,
    ProofFailed,
)

Keys = tuple[str, str]
_PLAIN = re.compile(r"[A-Za-z0-9_./+=:@%,-]*")
_UNWRITABLE = re.compile(r"['\n]")
_GIVE_KEYS = "Give encryption_password and encryption_salt of the instance that it was taken from; nothing was touched."


def keys_in(env: Mapping[str, str]) -> Keys | None:
    found = (env.get(KEY_NAMES[0], ""), env.get(KEY_NAMES[1], ""))
    return found if all(found) else None


def choose_keys(
    manifest: Manifest,
    *,
    given: Keys | None,
    archived: Keys | None,
    own: Keys | None,
    from_store: Callable[[], Keys],
    warn: Callable[[str], None],
) -> tuple[Keys, bool]:
    """The keys that the backup's data are encrypted with, and whether that is proven.

    C(given): what the container's environment gives, which wins over docker.env; C(archived): in the archive's
    docker.env; C(own): in the instance's; C(from_store): reads the file of the backup.
    """
    printed = manifest.keys_fingerprint
    if given:
        if printed and not same_keys(given, printed):
            raise ProofFailed(
                f"{manifest.name} was taken with other encryption keys than those that are given, which the instance's "
                "environment would use",
                next_step=_GIVE_KEYS,
            )
        if not printed:
            warn(_unknown(manifest))
        return given, bool(printed)
    if printed:
        for keys in (archived, own):
            if keys and same_keys(keys, printed):
                return keys, True
    kept, why = _kept(manifest, from_store)
    if not printed:
        found = archived or kept or own
        if not found:
            raise InvalidInput(
                f"{manifest.name} holds no encryption keys, nor has the instance any", next_step=_GIVE_KEYS
            )
        warn(_unknown(manifest))
        return found, False
    if kept and same_keys(kept, printed):
        return kept, True
    raise ProofFailed(
        f"{manifest.name} was taken with other encryption keys than this instance's"
        + (f", and its own can't be had: {why.rstrip('.')}" if why else ", and holds none of its own"),
        next_step=_GIVE_KEYS,
    )


def _kept(manifest: Manifest, from_store: Callable[[], Keys]) -> tuple[Keys | None, str]:
    if not manifest.keys_file:
        return None, ""
    try:
        return from_store(), ""
    except NotFound:
        return None, f"The file of its encryption keys, {manifest.keys_file}, is missing."
    except (ProofFailed, InvalidInput) as error:
        return None, f"{error.message}."


def _unknown(manifest: Manifest) -> str:
    return (
        f"Which encryption keys {manifest.name} was taken with is not known: if they are not the instance's, the "
        "credentials in it can't be read."
    )


def complete(text: str, manifest: Manifest, *, keys: Keys | None, own: str, given: bool = False) -> str:
    """docker.env of the archive with the keys, and with the secrets that an archive without encryption lacks.

    C(given): the keys come by the container's environment, which wins; those that the file can't hold stay out of it.
    """
    values = parse_env(text)
    if not manifest.encrypted:
        missing = {name: value for name, value in parse_env(_secrets_of(own)).items() if name not in values}
        text = set_lines(text, missing)
        values = parse_env(text)
        # Without the password the database that lies in the archive can't be opened; others are made anew.
        if manifest.method == "cold" and manifest.database == "embedded" and is_external(values) is None:
            raise InvalidInput(
                f"{manifest.name} is not encrypted and holds no passwords, and the instance's docker.env has none for "
                "its database: it could not be opened",
                next_step="Restore it into the instance that it was taken from, or use a backup that is encrypted; "
                "nothing was touched.",
            )
    wanted = dict(zip(KEY_NAMES, keys, strict=True)) if keys else {}
    if given:
        wanted = {name: value for name, value in wanted.items() if not _UNWRITABLE.search(value)}
    return set_lines(text, {name: value for name, value in wanted.items() if values.get(name) != value})


def _secrets_of(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not without_secrets(line.encode()))


def without_unwritable(text: str, keys: Keys) -> str:
    """Without lines that appsmithctl wrote and that no shell could read; the environment has them."""
    bad = [name for name, value in zip(KEY_NAMES, keys, strict=True) if _UNWRITABLE.search(value)]
    return "".join(line for line in text.splitlines(keepends=True) if line.partition("=")[0].strip() not in bad)


def own_database(text: str) -> str:
    """docker.env of an instance that must not come near the services of the one that the backup is of."""
    values = parse_env(text)
    if not is_external(values):
        return text
    password = secrets.token_hex(16)
    lines = {
        "APPSMITH_MONGODB_USER": "appsmith",
        "APPSMITH_MONGODB_PASSWORD": password,
        "APPSMITH_DB_URL": f"mongodb://appsmith:{password}@localhost:27017/appsmith",
    }
    if values.get("APPSMITH_MONGODB_URI"):
        lines["APPSMITH_MONGODB_URI"] = lines["APPSMITH_DB_URL"]
    return set_lines(text, lines)


def own_redis(text: str) -> str:
    """The same for sessions and caches."""
    address = parse_env(text).get("APPSMITH_REDIS_URL", "")
    if not address or (urlsplit(address.split(",")[0]).hostname or "") in LOCAL:
        return text
    return set_lines(text, {"APPSMITH_REDIS_URL": "redis://127.0.0.1:6379"})


def set_lines(text: str, lines: Mapping[str, str]) -> str:
    """Each name once, with this value."""
    if not lines:
        return text
    names = "|".join(re.escape(name) for name in lines)
    mine = re.compile(rf"\s*(export\s+)?({names})\s*=")
    kept = [line for line in text.splitlines() if not mine.match(line)]
    return "\n".join([*kept, *(f"{name}={_quoted(name, value)}" for name, value in lines.items())]) + "\n"


def _quoted(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if not _UNWRITABLE.search(value):
        return f"'{value}'"
    raise AppsmithError(
        f"The value of {name} can't be written into docker.env: it has an apostrophe or a line end",
        next_step="Give it by the container's environment, and restore by hand; nothing was touched.",
    )
