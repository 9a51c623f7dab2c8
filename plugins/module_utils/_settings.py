# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of an instance, each in the place where its release keeps it; private to the collection.

One place is the organization's configuration (C(/tenants)), the other the file docker.env (C(/admin/env)). A server
that keeps a setting in the other place answers 200 and does nothing (v1.60 for C(isSignupDisabled)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    NotReady,
    PermissionDenied,
    ProofFailed,
    RequestTimeout,
    after_writing,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._instance import facts, is_passing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import keeps_sign_up_in_organization
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

# Newer releases show this instead of a secret.
MASK = "********"
_SECRET_NAME = re.compile(r"SECRET|_PASSWORD$|_TOKEN$|_KEY$|_DB_URL$|_REDIS_URL$|_URI$")
_NAME = re.compile(r"APPSMITH_[A-Z0-9_]+")
# A restart is needed for everything else of docker.env.
_AT_ONCE = re.compile(
    r"APPSMITH_(SIGNUP_ALLOWED_DOMAINS|SIGNUP_DISABLED|ADMIN_EMAILS|MAIL_\w+|REPLY_TO|RECAPTCHA_\w+|DISABLE_TELEMETRY)"
)
_LISTS = ("APPSMITH_SIGNUP_ALLOWED_DOMAINS", "APPSMITH_ADMIN_EMAILS")
# Seconds within which a restart must be seen to have begun.
GOING_DOWN = 60.0

ORGANIZATION = {
    "instance_name": "instanceName",
    "strong_password_policy": "isStrongPasswordPolicyEnabled",
    "email_verification": "emailVerificationEnabled",
    "atomic_push": "isAtomicPushAllowed",
}
MAIL = {
    "enabled": "APPSMITH_MAIL_ENABLED",
    "host": "APPSMITH_MAIL_HOST",
    "port": "APPSMITH_MAIL_PORT",
    "from": "APPSMITH_MAIL_FROM",
    "reply_to": "APPSMITH_REPLY_TO",
    "username": "APPSMITH_MAIL_USERNAME",
    "password": "APPSMITH_MAIL_PASSWORD",
    "starttls": "APPSMITH_MAIL_SMTP_TLS_ENABLED",
}


def is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(str(item).strip() for item in value)
    return str(value)


@dataclass
class Wanted:
    """What is asked for, by the place where this release keeps it."""

    organization: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, params: dict[str, Any], version: Version) -> Wanted:
        wanted = cls()
        for option, member in ORGANIZATION.items():
            if params[option] is not None:
                wanted.organization[member] = params[option]
        newer = keeps_sign_up_in_organization(version)
        if params["signup"] is not None:
            wanted._switch(newer, "isSignupDisabled", "APPSMITH_SIGNUP_DISABLED", not params["signup"])
        if params["form_login"] is not None and newer:
            wanted.organization["isFormLoginEnabled"] = params["form_login"]
        elif params["form_login"] is not None:
            wanted.environment["APPSMITH_FORM_LOGIN_DISABLED"] = _text(not params["form_login"])
        for option, name in (
            ("signup_allowed_domains", "APPSMITH_SIGNUP_ALLOWED_DOMAINS"),
            ("admin_emails", "APPSMITH_ADMIN_EMAILS"),
            ("custom_domain", "APPSMITH_CUSTOM_DOMAIN"),
        ):
            if params[option] is not None:
                wanted.environment[name] = _text(params[option])
        if params["telemetry"] is not None:
            wanted.environment["APPSMITH_DISABLE_TELEMETRY"] = _text(not params["telemetry"])
        for option, name in MAIL.items():
            value = (params["mail"] or {}).get(option)
            if value is not None:
                wanted.environment[name] = _text(value)
        for name, value in (params["environment"] or {}).items():
            wanted._raw(str(name), value)
        return wanted

    def _switch(self, newer: bool, member: str, name: str, value: bool) -> None:
        if newer:
            self.organization[member] = value
        else:
            self.environment[name] = _text(value)

    def _raw(self, name: str, value: Any) -> None:
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"'{name}' is no variable of Appsmith", next_step="Name it as Appsmith does: APPSMITH_..."
            )
        text = _text("" if value is None else value)
        if self.environment.setdefault(name, text) != text:
            raise InvalidInput(
                f"{name} is given twice, by an option and in environment", next_step="Leave one of them out."
            )

    def __bool__(self) -> bool:
        return bool(self.organization or self.environment)


@dataclass
class Settings:
    """What the instance says of its settings."""

    organization: dict[str, Any]
    environment: dict[str, str]

    @classmethod
    def look(cls, client: Client, *, environment: bool = True) -> Settings:
        found = client.get("/tenants/current") or {}
        organization = found.get("organizationConfiguration") or found.get("tenantConfiguration") or {}
        try:
            values = (client.get("/admin/env") or {}) if environment else {}
        except PermissionDenied as error:
            raise PermissionDenied(
                "This user is no administrator of the instance",
                code=error.code,
                http_status=error.http_status,
                next_step="Use an account that stands in APPSMITH_ADMIN_EMAILS.",
            ) from error
        return cls(organization, {str(name): str(value) for name, value in values.items()})

    def different(self, wanted: Wanted, *, secrets: bool) -> Wanted:
        """What is to be written. A masked secret counts as different only if O(secrets) says so."""
        result = Wanted()
        for member, value in wanted.organization.items():
            # A switch that was never set is left out of the answer.
            if (self.organization.get(member) or False) != value:
                result.organization[member] = value
        for name, text in wanted.environment.items():
            present = self.environment.get(name, "")
            if present == MASK and text:
                different = secrets
            else:
                different = _comparable(name, present) != _comparable(name, text)
            if different:
                result.environment[name] = text
        return result

    def shown(self, wanted: Wanted) -> dict[str, Any]:
        """The members that are asked for, without secrets."""
        environment = {name: self.environment.get(name, "") for name in wanted.environment}
        return {
            **{member: self.organization.get(member) for member in wanted.organization},
            **{name: hidden(name, value) for name, value in environment.items()},
        }


def hidden(name: str, value: str) -> str:
    return "(hidden)" if value and is_secret(name) else value


def _comparable(name: str, text: str) -> Any:
    if name in _LISTS:
        return {part.strip().lower() for part in text.split(",") if part.strip()}
    return text


def needs_restart(written: Wanted) -> list[str]:
    return sorted(name for name in written.environment if not _AT_ONCE.fullmatch(name))


def apply(client: Client, change: Wanted) -> tuple[list[str], list[str]]:
    """Write what differs and prove it; returns warnings, and what can't be proven (masked secrets)."""
    warnings: list[str] = []
    written = False
    if change.environment:
        try:
            client.put("/admin/env", change.environment)
        except AppsmithError as error:
            # An empty mail port is a 500 after everything was written, for one.
            if Settings.look(client).different(Wanted(environment=change.environment), secrets=False).environment:
                raise _explained(error, change) from error
            warnings.append(f"The server answered '{error.message}', but the settings were written")
        written = True
    if change.organization:
        with after_writing(written):
            client.put("/tenants", change.organization)
    with after_writing():
        after = Settings.look(client, environment=bool(change.environment))
        left = after.different(change, secrets=False)
        wrong = sorted([*left.organization, *left.environment])
        if wrong:
            raise ProofFailed(
                f"The settings were written, but afterwards these are not as they should be: {', '.join(wrong)}",
                next_step="This release may not know them, or a variable of the container stands against them.",
            )
    masked = sorted(name for name, text in change.environment.items() if text and after.environment.get(name) == MASK)
    return warnings, masked


def _explained(error: AppsmithError, change: Wanted) -> AppsmithError:
    if error.code == "AE-BAD-4000" and "{0}" in error.message:
        # The server doesn't say which of them it refuses; nothing is written then.
        error = InvalidInput(
            f"This release takes one of these variables by no API: {', '.join(sorted(change.environment))}",
            code=error.code,
            http_status=error.http_status,
            next_step="Set it in the container's environment instead; nothing was changed.",
        )
    return error


def restart(client: Client, timeout: float) -> float:
    """Restart the server's processes and wait until it is ready again; returns the seconds.

    C(admin/restart) answers before anything happens, so the server must first be seen to go.
    """
    began = _wait.now()
    try:
        client.post("/admin/restart")
    except RequestTimeout:
        # The server may be gone before it has answered.
        pass
    retries, client.retries = client.retries, 0
    try:

        def gone() -> bool | None:
            return None if _ready(client) else True

        if _wait.poll(gone, timeout=min(timeout, GOING_DOWN), interval=0.5) is None:
            raise ProofFailed(
                f"The restart was accepted, but {client.url} was not seen to go down",
                next_step="Restart the container, and look into the log.",
            )
        if _wait.poll(lambda: _ready(client) or None, timeout=timeout, interval=2) is None:
            raise NotReady(
                f"{client.url} was not ready {timeout:g} seconds after its restart",
                next_step="Look into the instance's log; settings were written and stay so.",
            )
    finally:
        client.retries = retries
    return _wait.now() - began


def _ready(client: Client) -> bool:
    try:
        facts(client)
    except AppsmithError as error:
        if not is_passing(error, waiting=True):
            raise
        return False
    return True
