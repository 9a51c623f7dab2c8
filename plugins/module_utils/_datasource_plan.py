# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done for a datasource, and the options that say what is wanted; private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import (
    Json,
    secret_values,
    visible,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import (
    FRIENDLY_OPTIONS,
    Kind,
    needs_browser,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_raw import lacking
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

# The only environment that the Community Edition has.
ENVIRONMENT = "unused_env"

# Runs the proof_query of an item against the datasource of an id, and says how that proves it; see _datasource_proof.
Prover = Callable[[Json, str], str]

# Options of the modules; documented in doc_fragments/_datasource.py.
DATASOURCE_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "plugin": {"type": "str", "required": True},
    "configuration": {"type": "dict"},
    **FRIENDLY_OPTIONS,
    "proof_query": {
        "type": "dict",
        "options": {
            "application": {"type": "str", "required": True},
            "query": {"type": "str", "required": True},
            "page": {"type": "str"},
            "branch": {"type": "str"},
            "expect": {"type": "str"},
            "equals": {"type": "raw"},
        },
    },
}
ENSURE_OPTIONS: dict[str, dict[str, Any]] = {
    "workspace": {"type": "str", "required": True},
    "update_secrets": {
        "type": "str",
        "choices": ["auto", "always", "on_create"],
        "default": "auto",
        "no_log": False,
    },
    "test": {"type": "bool", "default": True},
}


@dataclass
class Plan:
    """What is to be done for one datasource, and why."""

    name: str
    kind: Kind
    plugin: Json
    wanted: Json
    found: Json | None
    reasons: list[str] = field(default_factory=list)
    send_secrets: bool = True
    # What a query said of it, where one was asked already.
    answered: str = ""

    @property
    def storage(self) -> Json:
        return storage_of(self.found) if self.found else {}

    @property
    def current(self) -> Json:
        return self.storage.get("datasourceConfiguration") or {}

    @property
    def configured(self) -> bool:
        return bool(self.storage.get("isConfigured"))

    @property
    def payload(self) -> Json:
        """What is sent when it is written."""
        return self.wanted if self.send_secrets or not self.configured else visible(self.wanted)

    @property
    def stands_alone(self) -> bool:
        """Whether the payload can be tried without the secrets that the server has stored."""
        authentication = self.payload.get("authentication")
        if not self.configured or not authentication:
            return True
        return bool(secret_values(authentication, ("authentication",)))

    @property
    def needs_browser(self) -> bool:
        return needs_browser(self.kind.plugin, self.plugin.get("type"), self.wanted)

    @property
    def test_proves(self) -> bool:
        return self.kind.test_proves and not self.needs_browser


def need_all(item: Json, plan: Plan) -> None:
    """Nothing is stored, so all that the plugin needs has to be given."""
    missing = lacking(plan.kind.plugin, plan.wanted)
    if missing:
        raise InvalidInput(
            f"Datasource '{item['name']}' ({plan.kind.plugin}) has no configuration yet, and its plugin needs "
            f"{', '.join(missing)} as well",
            next_step="Give it; nothing was sent for this datasource.",
        )


def storage_of(datasource: Json) -> Json:
    """The configuration of a datasource; its own C(isValid) tells nothing."""
    return (datasource.get("datasourceStorages") or {}).get(ENVIRONMENT) or {}


def authorised(storage: Json) -> bool:
    authentication = (storage.get("datasourceConfiguration") or {}).get("authentication") or {}
    return authentication.get("isAuthorized") is True or authentication.get("authenticationStatus") == "SUCCESS"
