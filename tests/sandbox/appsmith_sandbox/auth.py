# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords, sessions, and the five attempts a day that a user name has."""

from __future__ import annotations

import time
import uuid

import bcrypt

from .store import Document, Store

SESSION_SECONDS = 2592000
ATTEMPTS = 5
WINDOW_SECONDS = 24 * 3600


def new_token() -> str:
    return str(uuid.uuid4())


def hash_password(password: str) -> str:
    # The fewest rounds there are: passwords of a sandbox are made up, and a start or a test must not wait for them.
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds=4)).decode()


def password_fits(user: Document, password: str) -> bool:
    hashed: str | None = user.get("password_hash")
    return hashed is not None and bcrypt.checkpw(password.encode()[:72], hashed.encode())


def user_by_email(store: Store, email: str) -> Document | None:
    return store.one("users", email=email.lower())


def user_by_password(store: Store, email: str, password: str) -> Document | None:
    """HTTP Basic: no session, and no attempt is counted."""
    user = user_by_email(store, email)
    return user if user and user["isEnabled"] and password_fits(user, password) else None


def user_by_session(store: Store, token: str | None) -> tuple[Document | None, Document | None]:
    session = store.get("sessions", token) if token else None
    if session is None or session["expires"] < time.time():
        return None, None
    user = store.get("users", session["userId"])
    return (session, user) if user and user["isEnabled"] else (None, None)


def open_session(store: Store, user: Document) -> str:
    """Sessions live in Redis at the real one: a restart keeps them, a backup has none."""
    token = new_token()
    store.insert("sessions", {"id": token, "userId": user["id"], "expires": time.time() + SESSION_SECONDS})
    return token


def session_cookie(token: str) -> str:
    expires = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + SESSION_SECONDS))
    return f"SESSION={token}; Max-Age={SESSION_SECONDS}; Expires={expires}; Path=/; HTTPOnly; SameSite=Lax"


def take_attempt(store: Store, username: str) -> bool:
    """One of the attempts of this user name, as typed; False when there is none left."""
    with store.tx():
        bucket = store.get("loginAttempts", username)
        if bucket is None or bucket["until"] < time.time():
            bucket = {"id": username, "left": ATTEMPTS, "until": time.time() + WINDOW_SECONDS}
        allowed = bool(bucket["left"] > 0)
        bucket["left"] = max(0, bucket["left"] - 1)
        store.replace("loginAttempts", bucket)
    return allowed


def refill_attempts(store: Store, username: str) -> None:
    store.delete("loginAttempts", username)
