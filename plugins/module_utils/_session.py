# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in and out; private to the collection."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Answer, Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AccountSuspended,
    AlreadyExists,
    AppsmithError,
    AuthenticationFailed,
    InvalidInput,
    NotAppsmith,
    ProofFailed,
    after_writing,
)


def whoami(client: Client) -> dict[str, Any]:
    """C(GET /users/me); answers for nobody as well (C(isAnonymous))."""
    return client.get("/users/me") or {}


def _me_by_basic(client: Client, username: str, password: str) -> dict[str, Any] | None:
    """What the server says to HTTP Basic; None = refused. A refusal costs none of the five attempts a day."""
    session, client.session = client.session, None
    answer = client.answer("GET", "/users/me", auth=(username, password))
    client.session = session
    if answer.status == 401 and not answer.text:
        return None
    return client.judge(answer, "/users/me") or {}


def _refused(username: str) -> AuthenticationFailed:
    return AuthenticationFailed(f"The user name or password of {username} was refused", http_status=401)


def sign_in(client: Client, username: str, password: str, *, prove: bool = True) -> dict[str, Any]:
    """Open a session; returns the user.

    Five refused logins suspend an account for a day, so the password is tried by HTTP Basic first, which isn't counted.
    Where Basic is switched off (the answer is that of nobody), the login itself is the one and only attempt.

    Without O(prove) the session isn't looked at where Basic has told who the user is: for those whose next call is
    refused to nobody (as C(GET /workspaces/home) is, with 401).
    """
    known = _me_by_basic(client, username, password)
    if known is None:
        raise _refused(username)
    client.session = None
    answer = client.answer(
        "POST", "/login", form={"username": username, "password": password}, writes=False, safe_to_repeat=False
    )
    if answer.status != 302:
        client.judge(answer, "/login")
        raise NotAppsmith(f"{client.url} did not answer the login as Appsmith does", http_status=answer.status)
    _raise_refusal(answer, username)
    if not prove and client.session and not known.get("isAnonymous", True):
        return known
    me = whoami(client)
    if me.get("isAnonymous", True):
        raise AuthenticationFailed(f"The login of {username} was accepted, but the session is nobody's")
    return me


def _query(answer: Answer) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(answer.location).query).items()}


def _raise_refusal(answer: Answer, username: str) -> None:
    query = _query(answer)
    if "verificationPending" in answer.location:
        raise AuthenticationFailed(
            f"The e-mail address of {username} is not verified",
            next_step="Follow the link in the e-mail from Appsmith first.",
        )
    if "error" not in query:
        return
    text = query.get("message", "")
    if "suspended" in text.lower():
        raise AccountSuspended(f"The account {username} is suspended after five refused logins")
    raise AuthenticationFailed(f"{username}: {text}") if text else _refused(username)


def sign_out(client: Client) -> None:
    client.post("/logout", writes=False)
    client.session = None


def create_super_user(
    client: Client, *, name: str, email: str, password: str, telemetry: bool = False, newsletter: bool = False
) -> None:
    """Make the first user, and be signed in as that user. Look at C(emptyInstance) before, at own_session() after."""
    form = {
        "name": name,
        "email": email,
        "password": password,
        "allowCollectingAnonymousData": "true" if telemetry else "false",
        "signupForNewsletter": "true" if newsletter else "false",
    }
    text = _register(client, "/users/super", form)
    if text == "Unauthorized access":
        raise AlreadyExists("The instance has users already", next_step="Sign in as its administrator.")
    if text is not None:
        raise InvalidInput(
            f"The first user was refused: {text}", next_step="Check the e-mail address and the password."
        )


def sign_up(client: Client, *, name: str, email: str, password: str) -> None:
    """Complete an account that was announced, and be signed in with it. Look before: an address that the instance does
    not know becomes a user, and no call takes a user away."""
    text = _register(client, "/users", {"name": name, "email": email, "password": password})
    if text is None:
        return
    if "already" in text.lower():
        raise _refused(email)
    raise InvalidInput(
        f"{email} could not be signed up: {text}", next_step="Check the e-mail address and the password."
    )


def _register(client: Client, path: str, form: dict[str, str]) -> str | None:
    """What the server objects to; None = accepted."""
    client.session = None
    answer = client.answer("POST", path, form=form, safe_to_repeat=False)
    if answer.status != 302:
        client.judge(answer, path)
        raise NotAppsmith(f"{client.url} did not answer as Appsmith does", http_status=answer.status)
    if "verificationPending" in answer.location:
        with after_writing():
            _raise_refusal(answer, form["email"])
    return _query(answer).get("error")


def own_session(client: Client, email: str) -> dict[str, Any]:
    """The user after a registration, proven to be the one that was asked for."""
    me = whoami(client)
    if str(me.get("email", "")).lower() != email.lower():
        raise ProofFailed(f"The server accepted the user {email}, but the session is {me.get('email')}'s")
    return me


def may_be_announced(client: Client, email: str) -> bool:
    """Whether APPSMITH_ADMIN_EMAILS can hold this address, as far as the instance tells anybody: it shows a hash of the
    domain of one of them."""
    shown = (client.get("/tenants/current") or {}).get("adminEmailDomainHash")
    domain = email.partition("@")[2]
    return bool(shown) and shown in [hashlib.sha256(one.encode()).hexdigest() for one in (domain, domain.lower())]


def represent(user: dict[str, Any]) -> dict[str, Any]:
    """What modules return of the user."""
    return {
        "email": user.get("email"),
        "name": user.get("name"),
        "is_super_user": bool(user.get("isSuperUser")),
    }


def quiet_sign_out(client: Client) -> None:
    """At the end of a task: a session that can't be ended any more is no reason to fail."""
    try:
        sign_out(client)
    except AppsmithError:
        client.session = None
