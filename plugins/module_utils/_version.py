# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases as values that can be compared; private to the collection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import IncompatibleVersion, InvalidInput

_FORM = re.compile(r"^[vV]?\.?(\d+)\.(\d+)(?:\.(\d+))?(-[0-9A-Za-z.]+)?$")


@dataclass(frozen=True, order=True)
class Version:
    """A release: C(v1.91), C(1.9.39) (as /info of older ones says), C(v2.4.1), C(v1.92-SNAPSHOT)."""

    major: int
    minor: int
    patch: int = 0
    parts: int = field(default=2, compare=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        found = _FORM.match(str(text).strip())
        if not found:
            raise InvalidInput(f"'{text}' is no release of Appsmith", next_step="Give it as v1.91 or v2.4.1.")
        major, minor, patch = found.group(1), found.group(2), found.group(3)
        return cls(int(major), int(minor), int(patch or 0), 3 if patch is not None else 2)

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}" + (f".{self.patch}" if self.parts == 3 or self.patch else "")


def detect(client: Client, given: str | None = None) -> Version:
    """The instance's release: /info, else what the server says to a wrong X-Appsmith-Version, else what was given."""
    found = look(client)
    if found is None and given:
        found = Version.parse(given)
    if found is None:
        raise IncompatibleVersion(
            f"{client.url} does not say which release it is", next_step="Give it by appsmith_version, such as v1.91."
        )
    return found


def look(client: Client) -> Version | None:
    """The release as the instance tells it, if it does."""
    answer = client.answer("GET", "/info", root=True)
    if answer.status == 200 and isinstance(answer.body, dict):
        try:
            return Version.parse(answer.body.get("version", ""))
        except InvalidInput:
            pass
    answer = client.answer("GET", "/users/me", headers={"X-Appsmith-Version": "v0"})
    if isinstance(answer.data, dict):
        try:
            return Version.parse(answer.data.get("serverVersion", ""))
        except InvalidInput:
            pass
    return None
