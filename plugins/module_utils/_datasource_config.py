# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of datasources: what differs, what is secret, what may be shown; private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._diff import HIDDEN

Json = dict[str, Any]

# Members of a configuration that the server takes and never gives back.
_SECRET_MEMBERS = frozenset(
    {"password", "bearerToken", "clientSecret", "privateKey", "passphrase", "base64Content", "secretKey"}
)
_SECRET_HEADER = re.compile(r"authorization|secret|token|pass|api-?_?key|credential|cookie", re.I)


def is_secret(path: tuple[str, ...], key: str) -> bool:
    return key in _SECRET_MEMBERS or (key == "value" and path[-1:] == ("authentication",))


def secret_values(value: Any, path: tuple[str, ...] = ()) -> list[str]:
    """All secrets in a configuration, longest first."""
    return sorted(set(_secrets(value, path)), key=len, reverse=True)


def _secrets(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _secrets(item, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            if is_secret(path, key) and isinstance(item, (str, int)) and str(item):
                yield str(item)
            else:
                yield from _secrets(item, (*path, key))


def visible(value: Any, path: tuple[str, ...] = ()) -> Any:
    """Without the secrets, as the server gives it back."""
    if isinstance(value, dict):
        return {
            key: visible(item, (*path, key))
            for key, item in value.items()
            if isinstance(item, (dict, list)) or not is_secret(path, key)
        }
    if isinstance(value, list):
        return [visible(item, path) for item in value]
    return value


def shown(value: Any) -> Any:
    """For a diff: without the secrets, and without values of headers and parameters that look like one."""
    value = visible(value)

    def soften(item: Any) -> Any:
        if isinstance(item, list):
            return [soften(one) for one in item]
        if not isinstance(item, dict):
            return item
        if set(item) >= {"key", "value"} and _SECRET_HEADER.search(str(item["key"])):
            return {**item, "value": HIDDEN}
        return {key: soften(one) for key, one in item.items()}

    return soften(value)


def hide(text: str, configuration: Json) -> str:
    for secret in secret_values(configuration):
        if len(secret) > 2:
            text = text.replace(secret, HIDDEN)
    return text


def to_send(configuration: Json) -> Json:
    """C(authentication: null) says that none is wanted; the server is told by leaving it out."""
    if configuration.get("authentication", ...) is None:
        return {key: value for key, value in configuration.items() if key != "authentication"}
    return configuration


def expected(wanted: Any, current: Any) -> Any:
    """What will be there after an update: the server merges members, and replaces lists."""
    if isinstance(wanted, dict) and isinstance(current, dict):
        merged = {**current, **{key: expected(item, current.get(key)) for key, item in wanted.items()}}
        return {key: item for key, item in merged.items() if not (key in wanted and wanted[key] is None)}
    return wanted


def differences(wanted: Any, current: Any, path: tuple[str, ...] = ()) -> list[str]:
    """Paths of what was asked for and isn't there. What was not asked for, and what can't be seen, is left alone."""
    if isinstance(wanted, dict):
        found: list[str] = []
        current = current if isinstance(current, dict) else {}
        for key, item in wanted.items():
            if item is None:
                if path == () and key == "authentication" and current.get(key):
                    found.append(key)
            elif is_secret(path, key) and key not in current:
                continue
            else:
                found += differences(item, current.get(key), (*path, key))
        return found
    name = ".".join(path)
    if isinstance(wanted, list):
        there = current if isinstance(current, list) else []
        if len(wanted) != len(there):
            return [name]
        changed = any(differences(one, other, path) for one, other in zip(wanted, there, strict=True))
        return [name] if changed else []
    if wanted is None or (not wanted and not current):
        return []
    return [] if _plain(wanted) == _plain(current) else [name]


def _plain(value: Any) -> str:
    """Numbers come back as 5432, "5432" or 5432.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
