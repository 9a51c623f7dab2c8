# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of datasources that a person has to set up, with a source per line; private to the collection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _git_view
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import needs_browser
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import used_by_application
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import NotFound, PermissionDenied


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


class Editor:
    """Where a person finishes a datasource: Appsmith shows it in the editor of an application only."""

    def __init__(self, client: Client, workspace_id: str) -> None:
        self.client, self.workspace_id = client, workspace_id

    @cached_property
    def _applications(self) -> list[dict[str, Any]]:
        return _applications.list_applications(self.client, self.workspace_id)

    @cached_property
    def _used(self) -> dict[str, set[str]]:
        """Ids of the datasources that each application uses."""
        return {one["id"]: self._of(one["id"]) for one in self._applications}

    def _of(self, application_id: str) -> set[str]:
        try:
            used = used_by_application(self.client, self.workspace_id, application_id)
        except (NotFound, PermissionDenied):
            return set()
        return {str(one["id"]) for one in used}

    def address(self, datasource_id: str) -> str:
        """In an application that uses it, else in any; else the page where one can be made."""
        first = sorted(self._applications, key=lambda one: datasource_id not in self._used[one["id"]])
        for application in first:
            try:
                found = _git_view.pages(self.client, application["id"], "EDIT")
            except (NotFound, PermissionDenied):
                continue
            page = next((one for one in found if one.get("isDefault")), found[0] if found else None)
            if page:
                slug, identifier = page.get("slug") or "page", page.get("baseId") or page.get("id")
                name = application.get("slug") or "application"
                return f"{self.client.url}/app/{name}/{slug}-{identifier}/edit/datasource/{datasource_id}"
        return f"{self.client.url}/applications"
