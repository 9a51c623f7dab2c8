# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-up, sign-in and users."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import Response

from . import applications, auth, info, secrets, workspaces
from .app import AppError, Context, Route, invalid_parameter, not_readable
from .store import Document, Store

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_NO_ROLES = "Upgrade to business plan to access roles and groups for conditional business logic"
_SUSPENDED = "Your+account+is+suspended+for+24+hours.+Please+reset+your+password+to+continue"


def is_empty(store: Store) -> bool:
    return store.one("users") is None


def profile(ctx: Context) -> dict[str, object]:
    """What users/me says."""
    user = ctx.user
    answer: dict[str, object] = {"email": user["email"] if user else "anonymousUser"}
    if user is None:
        answer["workspaceIds"] = []
    answer["username"] = answer["email"]
    if user is None:
        answer["name"] = "anonymousUser"
    elif user.get("name") and user.get("signedUpAs") != "invited":
        answer["name"] = user["name"]
    answer.update(
        enableTelemetry=False,
        roles=[_NO_ROLES],
        groups=[_NO_ROLES],
        accountNonExpired=True,
        accountNonLocked=True,
        credentialsNonExpired=True,
        emptyInstance=is_empty(ctx.store),
        isAnonymous=user is None,
        isEnabled=True,
        isSuperUser=bool(user and user["isSuper"]),
        isConfigurable=True,
        adminSettingsVisible=False,
        isIntercomConsentGiven=False,
    )
    return answer


async def me(ctx: Context) -> Response:
    return ctx.ok(profile(ctx))


async def features(ctx: Context) -> Response:
    return ctx.ok({})


def _password_problem(ctx: Context, password: str) -> str | None:
    return None if 8 <= len(password) <= 48 else "Password length should be between 8 and 48"


def _refused_signup(ctx: Context, text: str, default: str) -> Response:
    base = ctx.headers.get("referer") or default
    return ctx.redirect(f"{base}?error={quote(text)}")


def make_user(
    store: Store, email: str, *, name: str | None = None, password: str | None = None, is_super: bool = False
) -> Document:
    """A user; without a password an invited one, disabled until he signs up."""
    return store.insert(
        "users",
        {
            "email": email.lower(),
            "name": name,
            "password_hash": auth.hash_password(password) if password else None,
            "isEnabled": password is not None,
            "isSuper": is_super,
            "signedUpAs": "self" if password else "invited",
        },
    )


async def create_super_user(ctx: Context) -> Response:
    origin = ctx.need_origin("UserController.createSuperUserFromFormData")
    default = "https://app.appsmith.com"
    if not is_empty(ctx.store):
        return _refused_signup(ctx, "Unauthorized access", default)
    email, password = ctx.form.get("email", ""), ctx.form.get("password", "")
    if not _EMAIL.match(email):
        return _refused_signup(ctx, "Please enter a valid parameter email.", default)
    problem = _password_problem(ctx, password)
    if problem:
        return _refused_signup(ctx, problem, default)
    with ctx.store.tx():
        ctx.user = make_user(ctx.store, email, name=ctx.form.get("name"), password=password, is_super=True)
        first_name = (ctx.form.get("name") or email.split("@")[0]).split(" ")[0]
        target = ctx.query.get("redirectUrl")
        if not target:
            workspace = workspaces.create(ctx, f"{first_name}'s apps", automatic=True)
            app = applications.create(ctx, workspace["id"], "My first application")
            page_id = app["pages"]["edit"][0]["id"]
            target = f"{origin}/applications/{app['id']}/pages/{page_id}/edit"
        token = auth.open_session(ctx.store, ctx.user)
    telemetry = ctx.form.get("allowCollectingAnonymousData") == "true"
    changes = {"APPSMITH_ADMIN_EMAILS": email.lower(), "APPSMITH_DISABLE_TELEMETRY": str(not telemetry).lower()}
    secrets.write_env(ctx.root, changes)
    ctx.set_cookie(auth.session_cookie(token))
    return ctx.redirect(f"/signup-success?redirectUrl={quote(target, safe='')}&enableFirstTimeUserExperience=true")


async def sign_up(ctx: Context) -> Response:
    email, password = ctx.form.get("email", "").lower(), ctx.form.get("password", "")
    default = "/user/signup"
    if not _EMAIL.match(email):
        return _refused_signup(ctx, "Please enter a valid parameter email.", default)
    user = auth.user_by_email(ctx.store, email)
    if user and user["isEnabled"]:
        text = f"There is already an account registered with this email {email}. Please sign in instead."
        return _refused_signup(ctx, text, default)
    if user is None and info.sign_up_is_disabled(ctx):
        return _refused_signup(ctx, "Signup is restricted on this instance of Appsmith.", default)
    problem = _password_problem(ctx, password)
    if problem:
        return _refused_signup(ctx, problem, default)
    with ctx.store.tx():
        if user:
            ctx.user = ctx.store.update("users", user["id"], password_hash=auth.hash_password(password), isEnabled=True)
        else:
            ctx.user = make_user(ctx.store, email, name=ctx.form.get("name"), password=password)
            first_name = (ctx.form.get("name") or email.split("@")[0]).split(" ")[0]
            workspaces.create(ctx, f"{first_name}'s apps", automatic=True)
        token = auth.open_session(ctx.store, ctx.user)
    ctx.set_cookie(auth.session_cookie(token))
    return ctx.redirect(
        f"/signup-success?redirectUrl={quote(ctx.query.get('redirectUrl') or '/applications', safe='')}"
    )


async def login(ctx: Context) -> Response:
    """302 in every case; only the location tells."""
    username, password = ctx.form.get("username", ""), ctx.form.get("password", "")
    if not auth.take_attempt(ctx.store, username):
        return ctx.redirect(f"/user/login?error=true&message={_SUSPENDED}")
    user = auth.user_by_password(ctx.store, username, password)
    if user is None:
        return ctx.redirect(f"{ctx.origin or '/'}/user/login?error=true")
    auth.refill_attempts(ctx.store, username)
    ctx.set_cookie(auth.session_cookie(auth.open_session(ctx.store, user)))
    base = ctx.headers.get("x-redirect-url") or f"{ctx.origin or ''}/applications"
    return ctx.redirect(ctx.query.get("redirectUrl") or base)


async def logout(ctx: Context) -> Response:
    if ctx.session:
        ctx.store.delete("sessions", ctx.session["id"])
    return ctx.ok(True)


async def update_profile(ctx: Context) -> Response:
    assert ctx.user
    if ctx.json.get("name"):
        ctx.user = ctx.store.update("users", ctx.user["id"], name=ctx.json["name"], signedUpAs="self")
    return ctx.ok(user_answer(ctx, ctx.user))


def user_answer(ctx: Context, user: Document) -> dict[str, object]:
    enabled = user["isEnabled"]
    tenant = "organizationId" if ctx.release.organizations else "tenantId"
    verification = {"emailVerificationRequired": False} if enabled else {}
    return {
        "id": user["id"],
        "userPermissions": [],
        "email": user["email"],
        "source": "FORM",
        "isEnabled": enabled,
        **verification,
        "isAnonymous": False,
        tenant: ctx.store.setting("tenantId"),
        "enabled": enabled,
        "username": user["email"],
        "accountNonExpired": enabled,
        "accountNonLocked": enabled,
        "credentialsNonExpired": enabled,
        "claims": {},
        "address": {},
    }


async def invite(ctx: Context) -> Response:
    ctx.need_origin("UserController.inviteUsers")
    names = [str(name).strip().lower() for name in ctx.json.get("usernames") or []]
    if not names or not all(_EMAIL.match(name) for name in names):
        raise invalid_parameter("usernames")
    role_id = ctx.json.get("permissionGroupId")
    role = ctx.store.get("roles", role_id)
    if role is None or not workspaces.may_hand_out(ctx, role):
        raise not_readable("role", role_id)
    members = {
        user_id: other for other in workspaces.roles(ctx.store, role["workspaceId"]) for user_id in other["users"]
    }
    found = [(name, auth.user_by_email(ctx.store, name)) for name in names]
    for name, user in found:
        if user and user["id"] in members:
            raise AppError(
                400,
                "AE-APP-4021",
                f"The user {name} has already been added to the workspace with role "
                f"{members[user['id']]['name']}. To change the role, please navigate to `Manage users` page.",
                title="BAD_REQUEST",
                error_type="User already exists in this workspace",
            )
    with ctx.store.tx():
        users = [user or make_user(ctx.store, name) for name, user in found]
        ctx.store.update("roles", role["id"], users=role["users"] + [user["id"] for user in users])
    return ctx.ok([user_answer(ctx, user) for user in users])


async def leave(ctx: Context) -> Response:
    assert ctx.user
    workspaces.set_role(ctx, ctx.path["id"], ctx.user, None)
    return ctx.ok(user_answer(ctx, ctx.user))


async def forgot_password(ctx: Context) -> Response:
    ctx.need_origin("UserController.forgotPasswordRequest")
    return ctx.ok(True)


ROUTES = [
    Route("GET", "/api/v1/users/me", me, anonymous=True),
    Route("GET", "/api/v1/users/features", features, anonymous=True),
    Route("POST", "/api/v1/users/super", create_super_user, write=True, anonymous=True),
    Route("POST", "/api/v1/users", sign_up, write=True, anonymous=True),
    Route("PUT", "/api/v1/users", update_profile, write=True),
    Route("POST", "/api/v1/users/invite", invite, write=True),
    Route("PUT", "/api/v1/users/leaveWorkspace/{id}", leave, write=True),
    Route("POST", "/api/v1/users/forgotPassword", forgot_password, anonymous=True),
    Route("POST", "/api/v1/login", login, anonymous=True),
    Route("POST", "/api/v1/logout", logout, anonymous=True),
]
