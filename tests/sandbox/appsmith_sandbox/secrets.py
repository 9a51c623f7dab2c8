# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption of datasource secrets and private keys, with the keys of configuration/docker.env."""

from __future__ import annotations

import base64
import functools
import hashlib
import secrets as random
import shlex
import string
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

_PREFIX = "enc:"


class WrongKeys(Exception):
    """The keys in docker.env are not those that the value was encrypted with."""


def env_path(root: Path) -> Path:
    return root / "configuration" / "docker.env"


def read_env(root: Path) -> dict[str, str]:
    """docker.env as a dict; quotes removed."""
    values: dict[str, str] = {}
    path = env_path(root)
    if not path.exists():
        return values
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#") and "=" in line:
            name, _equals, value = line.partition("=")
            try:
                values[name.strip()] = "".join(shlex.split(value))
            except ValueError:
                values[name.strip()] = value
    return values


def write_env(root: Path, changes: dict[str, str]) -> None:
    """Set variables in docker.env; other lines stay as they are."""
    path = env_path(root)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    left = dict(changes)
    for index, line in enumerate(lines):
        name = line.partition("=")[0].strip()
        if name in left:
            lines[index] = f"{name}={shlex.quote(left.pop(name))}"
    lines += [f"{name}={shlex.quote(value)}" for name, value in left.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def random_text(length: int = 13) -> str:
    return "".join(random.choice(string.ascii_letters + string.digits) for _number in range(length))


def make_env(root: Path) -> None:
    """The file of a first boot: random secrets."""
    if env_path(root).exists():
        return
    mongo = random_text()
    write_env(
        root,
        {
            "APPSMITH_DB_URL": f"mongodb://appsmith:{mongo}@localhost:27017/appsmith",
            "APPSMITH_MONGODB_USER": "appsmith",
            "APPSMITH_MONGODB_PASSWORD": mongo,
            "APPSMITH_REDIS_URL": "redis://127.0.0.1:6379",
            "APPSMITH_ENCRYPTION_PASSWORD": random_text(),
            "APPSMITH_ENCRYPTION_SALT": random_text(),
            "APPSMITH_SUPERVISOR_USER": "appsmith",
            "APPSMITH_SUPERVISOR_PASSWORD": random_text(),
            "APPSMITH_MAIL_ENABLED": "",
            "APPSMITH_DISABLE_TELEMETRY": "",
        },
    )


class Secrets:
    def __init__(self, password: str, salt: str) -> None:
        # Few rounds: the values of a sandbox are made up, and every start would pay for them.
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 1000)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    @classmethod
    def of(cls, root: Path, environment: Mapping[str, str] | None = None) -> Secrets:
        """The keys of docker.env; what the process was given wins, as in the container."""
        values = {**read_env(root), **(environment or {})}
        return _cached(values.get("APPSMITH_ENCRYPTION_PASSWORD", ""), values.get("APPSMITH_ENCRYPTION_SALT", ""))

    def encrypt(self, text: str) -> str:
        return _PREFIX + self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, text: str) -> str:
        if not text.startswith(_PREFIX):
            return text
        try:
            return self._fernet.decrypt(text.removeprefix(_PREFIX).encode()).decode()
        except InvalidToken as error:
            raise WrongKeys("the encryption keys of docker.env do not fit this value") from error


@functools.lru_cache(maxsize=8)
def _cached(password: str, salt: str) -> Secrets:
    return Secrets(password, salt)
