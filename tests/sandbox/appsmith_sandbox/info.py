# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health, organization settings, environment: what an instance says about itself."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from typing import Any

from starlette.responses import Response

from . import secrets, users
from .app import AppError, Context, Route, bad_request

_NAMES = (
    "INSTANCE_NAME DB_URL REDIS_URL MAIL_ENABLED MAIL_FROM REPLY_TO MAIL_HOST MAIL_PORT MAIL_SMTP_AUTH MAIL_USERNAME "
    "MAIL_PASSWORD MAIL_SMTP_TLS_ENABLED SIGNUP_ALLOWED_DOMAINS ADMIN_EMAILS RECAPTCHA_SITE_KEY RECAPTCHA_SECRET_KEY "
    "DISABLE_TELEMETRY OAUTH2_GOOGLE_CLIENT_ID OAUTH2_GOOGLE_CLIENT_SECRET OAUTH2_GITHUB_CLIENT_ID "
    "OAUTH2_GITHUB_CLIENT_SECRET CUSTOM_DOMAIN ALLOWED_FRAME_ANCESTORS DISABLE_IFRAME_WIDGET_SANDBOX "
    "NEW_RELIC_ACCOUNT_ENABLE VERBOSE_LOGGING_ENABLED"
)
WHITELIST = tuple(f"APPSMITH_{name}" for name in _NAMES.split())
# Variables until v1.65; a migration of v1.66 copies them to the organization once.
MOVED = {"APPSMITH_SIGNUP_DISABLED": "isSignupDisabled", "APPSMITH_FORM_LOGIN_DISABLED": "isFormLoginEnabled"}
_ORGANIZATION = (
    "isSignupDisabled",
    "isFormLoginEnabled",
    "isStrongPasswordPolicyEnabled",
    "isAtomicPushAllowed",
    "instanceName",
    "emailVerificationEnabled",
    "googleMapsKey",
)
_MASK = "********"
_SECRET_NAME = re.compile(r"SECRET|_PASSWORD$|_TOKEN$|_DB_URL$|_REDIS_URL$")


async def health(ctx: Context) -> Response:
    return ctx.ok("All systems are up")


def organization(ctx: Context) -> dict[str, Any]:
    is_super = bool(ctx.user and ctx.user["isSuper"])
    newer = ctx.release.organizations
    set_here = ctx.store.setting("organization", {})
    admins = _admins(ctx)
    domain = admins[0].split("@")[-1] if admins else ""
    values: dict[str, Any] = {}
    if newer:
        values["googleMapsKey"] = ""
    values["isFormLoginEnabled"] = True
    if newer:
        values["isSignupDisabled"] = False
    if ctx.release.sign_up_in_organization:
        values["isSignupDisabled"] = _variable(ctx, "APPSMITH_SIGNUP_DISABLED") == "true"
    values.update(
        instanceName="Appsmith",
        license={"plan": "FREE"},
        emailVerificationEnabled=False,
        thirdPartyAuths=None,
        migrationStatus="COMPLETED",
    )
    # Newer servers have this member from their second start on.
    if not newer or ctx.store.setting("starts") > 1:
        values["featuresWithPendingMigration"] = {}
    values["isAtomicPushAllowed"] = False
    values.update(set_here)
    answer: dict[str, Any] = {"id": ctx.store.setting("tenantId")} if newer else {}
    answer["userPermissions"] = ["manage:organizations" if newer else "manage:tenants"] if is_super else []
    answer["instanceId"] = ctx.store.setting("instanceId")
    answer["adminEmailDomainHash"] = hashlib.sha256(domain.encode()).hexdigest()
    answer["organizationConfiguration" if newer else "tenantConfiguration"] = values
    return answer


def _variable(ctx: Context, name: str) -> str:
    """The process environment wins over docker.env."""
    return ctx.instance.environment.get(name) or secrets.read_env(ctx.root).get(name, "")


def sign_up_is_disabled(ctx: Context) -> bool:
    if ctx.release.sign_up_in_organization:
        return bool(organization(ctx)["organizationConfiguration"]["isSignupDisabled"])
    return _variable(ctx, "APPSMITH_SIGNUP_DISABLED") == "true"


def _whitelist(ctx: Context) -> tuple[str, ...]:
    return WHITELIST if ctx.release.sign_up_in_organization else (*WHITELIST, *MOVED)


def _admins(ctx: Context) -> list[str]:
    return [one.strip() for one in _variable(ctx, "APPSMITH_ADMIN_EMAILS").split(",") if one.strip()]


async def tenant(ctx: Context) -> Response:
    return ctx.ok(organization(ctx))


async def update_tenant(ctx: Context) -> Response:
    _need_super(ctx)
    if ctx.json.get("emailVerificationEnabled") and not _variable(ctx, "APPSMITH_MAIL_HOST"):
        raise AppError(
            400,
            "AE-APP-4099",
            "Your SMTP configuration is invalid. Please configure SMTP to enable to proceed",
            title="Invalid SMTP configuration",
        )
    values = ctx.store.setting("organization", {})
    # An older server answers 200 to the switches that it keeps in docker.env, and does nothing.
    mute = set() if ctx.release.sign_up_in_organization else set(MOVED.values())
    taken = [key for key in _ORGANIZATION if key not in mute and ctx.json.get(key) is not None]
    values.update({key: ctx.json[key] for key in taken})
    ctx.store.set_setting("organization", values)
    return ctx.ok(organization(ctx))


async def consolidated(ctx: Context) -> Response:
    def part(data: Any) -> dict[str, Any]:
        return {"responseMeta": {"status": 200, "success": True}, "data": data, "errorDisplay": ""}

    name = "organizationConfig" if ctx.release.organizations else "tenantConfig"
    return ctx.ok(
        {
            "userProfile": part(users.profile(ctx)),
            "featureFlags": part({}),
            name: part(organization(ctx)),
            "productAlert": part({}),
        }
    )


def _need_super(ctx: Context) -> None:
    if not (ctx.user and ctx.user["isSuper"]):
        raise AppError(
            403, "AE-ACL-4003", "Unauthorized access", title="AUTHENTICATION_ERROR", error_type="Unauthorized access"
        )


async def read_env(ctx: Context) -> Response:
    _need_super(ctx)
    values = {}
    for name, value in secrets.read_env(ctx.root).items():
        if value and name in _whitelist(ctx):
            values[name] = _MASK if ctx.release.masks_env and _SECRET_NAME.search(name) else value
    return ctx.ok(values)


async def write_env(ctx: Context) -> Response:
    _need_super(ctx)
    ctx.need_origin("InstanceAdminController.saveEnvChanges")
    changes = dict(ctx.form or ctx.json)
    if any(name not in _whitelist(ctx) and name not in _ORGANIZATION for name in changes):
        # It doesn't say which.
        raise bad_request("{0}")
    if "APPSMITH_ADMIN_EMAILS" in changes:
        assert ctx.user
        emails = [one.strip().lower() for one in str(changes["APPSMITH_ADMIN_EMAILS"]).split(",") if one.strip()]
        if ctx.user["email"] not in emails:
            raise bad_request("Removing own email from Admin Email is not allowed")
        set_admins(ctx.store, emails)
    wanted = {key: str(value) for key, value in changes.items() if key in _whitelist(ctx) and value != _MASK}
    if wanted.get("APPSMITH_MAIL_HOST"):
        wanted["APPSMITH_MAIL_ENABLED"] = "true"
    if "APPSMITH_MAIL_USERNAME" in wanted:
        wanted["APPSMITH_MAIL_SMTP_AUTH"] = "true"
    secrets.write_env(ctx.root, wanted)
    values = ctx.store.setting("organization", {})
    values.update({key: value for key, value in changes.items() if key in _ORGANIZATION})
    ctx.store.set_setting("organization", values)
    if wanted.get("APPSMITH_MAIL_HOST") == "" or wanted.get("APPSMITH_MAIL_PORT") == "":
        # All is written when it stumbles over the empty port.
        raise AppError(
            500, "AE-APP-5000", "Internal server error while processing request", title="INTERNAL_SERVER_ERROR"
        )
    return ctx.ok()


def set_admins(store: Any, emails: list[str]) -> None:
    """Exactly these are instance administrators; unknown ones are made as disabled users (contract 1.2)."""
    with store.tx():
        for user in store.find("users"):
            if user["isSuper"] != (user["email"] in emails):
                store.update("users", user["id"], isSuper=user["email"] in emails)
        for email in emails:
            if store.one("users", email=email) is None:
                users.make_user(store, email, is_super=True)


async def restart(ctx: Context) -> Response:
    """The server ends itself after its answer; the process that minds it starts it anew."""
    _need_super(ctx)
    os.kill(os.getpid(), signal.SIGHUP)
    return ctx.ok(True)


async def alert(ctx: Context) -> Response:
    return ctx.ok({})


ROUTES = [
    Route("GET", "/api/v1/health", health, anonymous=True),
    Route("GET", "/api/v1/tenants/current", tenant, anonymous=True),
    Route("PUT", "/api/v1/tenants", update_tenant, write=True),
    Route("GET", "/api/v1/consolidated-api/view", consolidated, anonymous=True),
    Route("GET", "/api/v1/consolidated-api/edit", consolidated, anonymous=True),
    Route("GET", "/api/v1/product-alert/alert", alert, anonymous=True),
    Route("GET", "/api/v1/admin/env", read_env),
    Route("PUT", "/api/v1/admin/env", write_env, write=True),
    Route("POST", "/api/v1/admin/restart", restart, write=True),
]
