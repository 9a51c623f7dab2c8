# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that stand for the secrets of an exported inventory; private to the collection."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

# Of a header, parameter, property: its value may be a secret. Rather one too many than one in the clear.
_LOOKS_SECRET = re.compile(
    r"authorization|(^|[-_ ])auth$|secret|token|pass|pwd|key|credential|cookie|session|signature", re.I
)
_SWITCH = re.compile(r"y|n|yes|no|true|false|on|off|\d{0,3}", re.I)


class Template(str):
    """A text that Ansible is to fill in; every other one is to stay as it is."""

    __slots__ = ()


def slug(text: str, separator: str = "_") -> str:
    """Letters, digits and the separator; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", separator, plain.lower()).strip(separator)


@dataclass(frozen=True)
class Variable:
    name: str
    what: str
    # Whether Appsmith shows it to whoever may edit.
    readable: bool = False

    def as_result(self) -> dict[str, Any]:
        return {"name": self.name, "what": self.what, "readable": self.readable}


class Vault:
    """The variables of one file, in the order in which they are needed."""

    def __init__(self) -> None:
        self.variables: list[Variable] = []

    def placeholder(self, *parts: str, what: str, readable: bool = False) -> Template:
        name = "_".join(["vault", *filter(None, map(slug, parts))])
        taken = {variable.name for variable in self.variables}
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        self.variables.append(Variable(unique, what, readable))
        return Template("{{ " + unique + " }}")


def looks_secret(key: Any, value: Any) -> bool:
    """Whether the value of a header, parameter or property may be a secret, by its name."""
    if isinstance(value, (bool, dict, list)) or value is None:
        return False
    return bool(_LOOKS_SECRET.search(str(key))) and not _SWITCH.fullmatch(str(value))


def address_holds_secret(text: str) -> bool:
    """C(https://user:password@host) and C(https://host/?api_key=abc)."""
    try:
        parts = urlsplit(text)
        return bool(parts.password) or any(looks_secret(*pair) for pair in parse_qsl(parts.query))
    except ValueError:
        return True
