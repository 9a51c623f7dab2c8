# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy keys (of applications, and of users before an import) and author profiles."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.responses import Response

from . import applications
from .app import AppError, Context, Route, internal_error, invalid_parameter
from .git_clone import Author
from .secrets import WrongKeys
from .store import Document
from .workspaces import DEVELOPER

KEY_DOC = (
    "https://docs.appsmith.com/core-concepts/version-control-with-git/"
    "connecting-to-git-repository#generating-a-deploy-key"
)
KEY_TYPES = [
    {"protocolName": "ECDSA", "platFormSupported": "", "keySize": 256},
    {"protocolName": "RSA", "platFormSupported": "Azure Devops", "keySize": 4096},
]


def invalid_configuration(details: str) -> AppError:
    return AppError(
        400,
        "AE-GIT-4031",
        f"Git configuration is invalid. Details: {details}",
        title="GIT_CONFIGURATION_ERROR",
        error_type="Invalid Git configuration",
    )


def not_configured() -> AppError:
    return invalid_configuration(
        "Unable to find the git configuration, please configure your application with git to use version control "
        "service"
    )


def key_refused(ctx: Context) -> AppError:
    """AE-GIT-4032; the two recorded releases say it in different words."""
    old = (
        "SSH key is not configured correctly. Did you forget to add the SSH key to your remote repository? Please try "
        "again by reconfiguring the SSH key with write access."
    )
    new = (
        "Appsmith couldn't connect to this app's Git repository. You may need to update the deploy key in the app's "
        "Git settings and add the new key to your Git repository"
    )
    return AppError(
        400,
        "AE-GIT-4032",
        new if ctx.release.since("v1.61") else old,
        title="GIT_CONFIGURATION_ERROR",
        error_type="SSH key not configured",
        reference=KEY_DOC,
    )


# Keys: documents of `gitKeys` {applicationId (base) or userId, keyType, publicKey, privateKey (encrypted)} -----------


def _make(ctx: Context) -> Document:
    kind = ctx.query.get("keyType") or "ECDSA"
    if kind not in ("ECDSA", "RSA"):
        raise invalid_parameter("keyType")
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "ECDSA":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=4096)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    secret = ctx.instance.secrets.encrypt(private.decode())
    return {"keyType": kind, "publicKey": f"{public.decode()} appsmith", "privateKey": secret}


def _replace(ctx: Context, owner: dict[str, str], key: Document) -> bool:
    """True when the owner had one before."""
    with ctx.store.tx():
        before = ctx.store.find("gitKeys", **owner)
        for old in before:
            ctx.store.delete("gitKeys", old["id"])
        ctx.store.insert("gitKeys", {**owner, **key})
    return bool(before)


def application_key(ctx: Context, base_id: str) -> Document | None:
    return ctx.store.one("gitKeys", applicationId=base_id)


def import_key(ctx: Context) -> Document | None:
    assert ctx.user
    return ctx.store.one("gitKeys", userId=ctx.user["id"])


def give_to_application(ctx: Context, key: Document, base_id: str) -> None:
    members = {name: key[name] for name in ("keyType", "publicKey", "privateKey")}
    _replace(ctx, {"applicationId": base_id}, members)


def forget(ctx: Context, base_id: str) -> None:
    for key in ctx.store.find("gitKeys", applicationId=base_id):
        ctx.store.delete("gitKeys", key["id"])


def private_key(ctx: Context, key: Document) -> str:
    try:
        return ctx.instance.secrets.decrypt(key["privateKey"])
    except WrongKeys as error:
        raise internal_error() from error


def _key_answer(ctx: Context, key: Document, regenerated: bool, status: int = 201) -> Response:
    said = {"publicKey": key["publicKey"], "docUrl": KEY_DOC}
    return ctx.ok({**said, "isRegeneratedKey": regenerated, "regeneratedKey": regenerated}, status=status)


def make_key(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.path["id"], DEVELOPER)
    key = _make(ctx)
    return _key_answer(ctx, key, _replace(ctx, {"applicationId": app["baseId"]}, key))


def read_key(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.path["id"], DEVELOPER)
    key = application_key(ctx, app["baseId"])
    if key is None:
        # The new routes have their own word for it.
        thing = "artifact" if "/git/applications/" in ctx.request.url.path else "application"
        raise invalid_configuration(f"Can't find valid SSH key. Please configure the {thing} with git")
    said = {"publicKey": key["publicKey"], "docUrl": KEY_DOC, "gitSupportedSSHKeyType": KEY_TYPES}
    return ctx.ok(said, status=201)


def make_import_key(ctx: Context) -> Response:
    """A GET with a side effect: the user's one key is replaced by every call."""
    assert ctx.user
    key = _make(ctx)
    _replace(ctx, {"userId": ctx.user["id"]}, key)
    return _key_answer(ctx, key, False, 200)


def copy_import_key(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.path["id"], DEVELOPER)
    key = import_key(ctx)
    if key is None:
        raise invalid_configuration("Unable to find the SSH key. Please generate one first.")
    give_to_application(ctx, key, app["baseId"])
    return _key_answer(ctx, key, False)


async def key_types(ctx: Context) -> Response:
    return ctx.ok(KEY_TYPES)


# Author profiles: one document of `profiles` a user, {userId, profiles {default or base id: profile}} ----------------


def profiles(ctx: Context) -> dict[str, Document]:
    assert ctx.user
    stored = ctx.store.one("profiles", userId=ctx.user["id"])
    return dict(stored["profiles"]) if stored else {}


def _own(ctx: Context) -> Document:
    assert ctx.user
    return {"authorName": ctx.user.get("name") or ctx.user["email"].split("@")[0], "authorEmail": ctx.user["email"]}


def save_profile(ctx: Context, name: str, profile: Document) -> dict[str, Document]:
    """As the real one: whenever there was no default yet, the default becomes the user's own name and address, even if
    a default is what was to be saved. The first POST of a default is so without effect; the second one sticks."""
    assert ctx.user
    members = ("authorName", "authorEmail", "useGlobalProfile")
    with ctx.store.tx():
        saved = profiles(ctx)
        had_default = "default" in saved
        saved[name] = {key: profile[key] for key in members if profile.get(key) is not None}
        if name == "default":
            saved[name].pop("useGlobalProfile", None)
        if not had_default:
            saved["default"] = _own(ctx)
        _save(ctx, saved)
    return saved


def _save(ctx: Context, saved: dict[str, Document]) -> None:
    assert ctx.user
    with ctx.store.tx():
        stored = ctx.store.one("profiles", userId=ctx.user["id"])
        if stored:
            ctx.store.update("profiles", stored["id"], profiles=saved)
        else:
            ctx.store.insert("profiles", {"userId": ctx.user["id"], "profiles": saved})


def no_author() -> AppError:
    return invalid_configuration(
        "Unable to find git author configuration for logged-in user. You can set up a git profile from the user "
        "profile section."
    )


def author(ctx: Context, base_id: str) -> Author:
    """Who commits: the profile for the application, else the default, else AE-GIT-4031."""
    saved = profiles(ctx)
    own = saved.get(base_id) or {}
    if not own.get("authorName") or own.get("useGlobalProfile"):
        own = saved.get("default") or {}
    if not own.get("authorName") or not own.get("authorEmail"):
        raise no_author()
    return Author(own["authorName"], own["authorEmail"])


def _has_default(saved: dict[str, Document]) -> bool:
    default = saved.get("default") or {}
    return bool(default.get("authorName") and default.get("authorEmail"))


async def read_default_profile(ctx: Context) -> Response:
    """A GET that writes: where no default is saved, the user's own name and address become it."""
    saved = profiles(ctx)
    if not _has_default(saved):
        saved["default"] = _own(ctx)
        _save(ctx, saved)
    return ctx.ok(saved["default"])


def _will_save_default(ctx: Context) -> bool:
    return ctx.user is not None and not _has_default(profiles(ctx))


async def save_default_profile(ctx: Context) -> Response:
    return ctx.ok(save_profile(ctx, "default", _checked(ctx.json)))


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("useGlobalProfile"):
        for name in ("authorName", "authorEmail"):
            if not body.get(name):
                raise invalid_parameter(name.replace("author", "Author "))
    return body


async def read_profile(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.path["id"])
    empty = {"authorName": "", "authorEmail": "", "useGlobalProfile": True}
    return ctx.ok(profiles(ctx).get(app["baseId"]) or empty)


async def write_profile(ctx: Context) -> Response:
    app = applications.need(ctx, ctx.path["id"])
    return ctx.ok(save_profile(ctx, app["baseId"], _checked(ctx.json)), status=202)


_OLD, _NEW = "/api/v1/git", "/api/v1/git/artifacts"
ROUTES = [
    Route("POST", "/api/v1/applications/ssh-keypair/{id}", make_key, write=True),
    Route("GET", "/api/v1/applications/ssh-keypair/{id}", read_key),
    Route("POST", "/api/v1/git/applications/{id}/ssh-keypair", make_key, write=True, since="v1.61"),
    Route("GET", "/api/v1/git/applications/{id}/ssh-keypair", read_key, since="v1.61"),
    Route("GET", f"{_OLD}/import/keys", make_import_key, write=True),
    Route("GET", f"{_NEW}/import/keys", make_import_key, write=True, since="v1.56"),
    Route("POST", _NEW + "/{id}/ssh-keypair", copy_import_key, write=True, since="v1.91"),
    Route("GET", f"{_OLD}/protocol/key-types", key_types),
    Route("GET", f"{_NEW}/protocol/key-types", key_types, since="v1.56"),
    Route("GET", f"{_OLD}/profile/default", read_default_profile, write=_will_save_default),
    Route("POST", f"{_OLD}/profile/default", save_default_profile, write=True),
    Route("GET", _OLD + "/profile/app/{id}", read_profile),
    Route("PUT", _OLD + "/profile/app/{id}", write_profile, write=True),
    Route("GET", f"{_NEW}/profile/default", read_default_profile, write=_will_save_default, since="v1.61"),
    Route("POST", f"{_NEW}/profile/default", save_default_profile, write=True, since="v1.61"),
    Route("GET", _NEW + "/{id}/profile", read_profile, since="v1.61"),
    Route("PUT", _NEW + "/{id}/profile", write_profile, write=True, since="v1.61"),
]
