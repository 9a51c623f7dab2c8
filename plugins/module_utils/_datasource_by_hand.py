# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of datasources that a person has to set up, with a source per line; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import needs_browser


@dataclass(frozen=True)
class Plugin:
    """A plugin as an instance lists it; C(reference) is its name in the files of a repository."""

    id: str
    package: str
    reference: str
    type: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> Plugin:
        package = str(data.get("packageName") or "")
        return cls(str(data["id"]), package, str(data.get("pluginName") or package), str(data.get("type") or ""))


# Kinds that a promotion can't set up. They are known by the type that the target's list of plugins gives them, and by
# name where the target lists no such plugin.
_CONSENT = "its account is connected by a person's consent in a browser"
_VENDOR = "it belongs to the vendor's cloud service, and this collection doesn't know its configuration"
_TYPES_BY_HAND: dict[str, tuple[str, str]] = {
    "SAAS": (_CONSENT, "contract 5.5; observed 18 for Google Sheets"),
    "REMOTE": (_VENDOR, "contract 5.3 and 5.5, not observed"),
}
_NAMES_BY_HAND: tuple[tuple[str, str, str], ...] = (
    ("google-sheets", _CONSENT, "contract 5.5; observed 18"),
    ("google sheets", _CONSENT, "contract 5.5; observed 18"),
    ("hubspot", _VENDOR, "the vendor's pages on datasource environments"),
    ("airtable", _VENDOR, "the vendor's pages on datasource environments"),
    ("twilio", _VENDOR, "the vendor's pages on datasource environments"),
)
# Of a type above, and yet a key is all that they need (contract 5.3).
_NOT_BY_HAND = frozenset({"aws-lambda-plugin"})


def by_hand(reference: str, plugin: Plugin | None, configuration: dict[str, Any] | None = None) -> str | None:
    """Why a person has to set a datasource up, if one has; C(configuration) is the target's, where it has one.

    Whether OAuth2 is used, and how, stands in the configuration only, and that is in no repository (contract 9): it is
    known where the target has the datasource, or from the credentials that are given.
    """
    kind = plugin.type if plugin else None
    package = plugin.package if plugin else reference
    if package in _NOT_BY_HAND:
        kind = None
    elif kind in _TYPES_BY_HAND:
        return _TYPES_BY_HAND[kind][0]
    found = next((why for name, why, _source in _NAMES_BY_HAND if reference.lower().startswith(name)), None)
    if found is None and needs_browser(package, kind, configuration or {}):
        found = "its OAuth2 sign-in (authorization code) is consented to by a person in a browser"
    return found
