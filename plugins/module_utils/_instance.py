# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance says to anybody, and when it is ready; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    ConnectionFailed,
    IncompatibleVersion,
    NotAppsmith,
    NotReady,
    RateLimited,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version, look

# What facts() returns of an instance that isn't ready.
UNKNOWN: dict[str, Any] = {
    "url": None,
    "ready": False,
    "problem": None,
    "version": None,
    "version_source": None,
    "empty": None,
    "instance_id": None,
    "name": None,
    "plan": None,
    "form_login": None,
    "signup": None,
}


def facts(client: Client, given_version: str | None = None) -> dict[str, Any]:
    """The instance, ready; raises why it isn't.

    First the health call (an envelope, not the loading page), then the API itself.
    """
    client.get("/health")
    me = whoami(client)
    version = look(client)
    source = "instance" if version else None
    if version is None and given_version:
        version, source = Version.parse(given_version), "option"
    tenant = client.get("/tenants/current") or {}
    # Releases up to v1.62 call it tenantConfiguration.
    settings = tenant.get("organizationConfiguration") or tenant.get("tenantConfiguration") or {}
    return {
        "url": client.url,
        "ready": True,
        "problem": None,
        "version": str(version) if version else None,
        "version_source": source,
        "empty": bool(me.get("emptyInstance")),
        "instance_id": tenant.get("instanceId"),
        "name": settings.get("instanceName"),
        "plan": (settings.get("license") or {}).get("plan"),
        "form_login": settings.get("isFormLoginEnabled"),
        "signup": not settings.get("isSignupDisabled", False),
    }


def is_passing(error: AppsmithError, *, waiting: bool) -> bool:
    """Whether an error belongs to an instance that is down or starting, rather than to a wrong option."""
    if isinstance(error, ConnectionFailed):
        return not (error.details or {}).get("certificate")
    if isinstance(error, (NotReady, RequestTimeout, RateLimited)) or (error.http_status or 0) >= 500:
        return True
    # While it starts, proxies and half-started servers answer all sorts of things.
    return waiting and isinstance(error, (NotAppsmith, IncompatibleVersion))
