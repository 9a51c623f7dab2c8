# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an instance's settings back to the options of instance_settings; private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_vault import (
    Vault,
    address_holds_secret,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import keeps_sign_up_in_organization
from ansible_collections.stagecraft.appsmith.plugins.module_utils._settings import (
    MAIL,
    ORGANIZATION,
    Settings,
    Wanted,
    is_secret,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

Json = dict[str, Any]

# How the instance is run, not how it is set up; Appsmith sets the last one by itself.
LEFT_OUT = ("APPSMITH_DB_URL", "APPSMITH_MONGODB_URI", "APPSMITH_REDIS_URL", "APPSMITH_MAIL_SMTP_AUTH")
_SWITCHES = {"true": True, "false": False}
_OPTIONS = (
    *ORGANIZATION,
    "signup",
    "form_login",
    "signup_allowed_domains",
    "admin_emails",
    "custom_domain",
    "telemetry",
    "mail",
    "environment",
)


def _switch(text: str) -> bool | None:
    return _SWITCHES.get(text.lower())


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _list(text: str) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] or None


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _read(settings: Settings, version: Version) -> Json:
    """Every option that the instance has a value for."""
    organization = settings.organization
    left = {name: text for name, text in settings.environment.items() if text and name not in LEFT_OUT}

    def take(name: str, reader: Callable[[str], Any] = str) -> Any:
        value = reader(left[name]) if name in left else None
        if value is not None:
            # What can't be read goes with the other variables, as it is.
            del left[name]
        return value

    found: Json = {option: organization.get(member) for option, member in ORGANIZATION.items()}
    disabled, form_login = (
        take("APPSMITH_SIGNUP_DISABLED", _switch),
        _not(take("APPSMITH_FORM_LOGIN_DISABLED", _switch)),
    )
    if keeps_sign_up_in_organization(version):
        disabled, form_login = organization.get("isSignupDisabled"), organization.get("isFormLoginEnabled")
    found |= {
        "signup": _not(disabled),
        "form_login": form_login,
        "signup_allowed_domains": take("APPSMITH_SIGNUP_ALLOWED_DOMAINS", _list),
        "admin_emails": take("APPSMITH_ADMIN_EMAILS", _list),
        "telemetry": _not(take("APPSMITH_DISABLE_TELEMETRY", _switch)),
        "custom_domain": take("APPSMITH_CUSTOM_DOMAIN"),
    }
    readers: dict[str, Callable[[str], Any]] = {"enabled": _switch, "starttls": _switch, "port": _number}
    mail = {option: take(name, readers.get(option, str)) for option, name in MAIL.items()}
    found["mail"] = {option: value for option, value in mail.items() if value is not None}
    found["environment"] = left
    return {option: value for option, value in found.items() if value not in (None, {})}


def options_of(settings: Settings, version: Version, caller: str, vault: Vault, host: str) -> tuple[Json, list[str]]:
    """Options of instance_settings that leave this instance as it is, and what has no place in them."""
    found, notes = _read(settings, version), []
    if caller not in [email.lower() for email in found.get("admin_emails") or [caller]]:
        del found["admin_emails"]
        notes.append(f"The administrators' addresses are left out: {caller}, which exported this, is not among them")
    for option in list(found):
        alone = {**dict.fromkeys(_OPTIONS), option: found[option]}
        if settings.different(Wanted.of(alone, version), secrets=False):
            # Written again it would not be the same: better not said than said wrongly.
            del found[option]
            notes.append(f"{option} can't be expressed as it is set")
    if "password" in found.get("mail", {}):
        what = "password at the SMTP server that the instance sends mail by"
        found["mail"]["password"] = vault.placeholder(host, "mail_password", what=what)
    for name, text in found.get("environment", {}).items():
        if is_secret(name) or address_holds_secret(text):
            found["environment"][name] = vault.placeholder(host, name, what=f"the instance's variable {name}")
    return found, notes
