# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an instance's database is: beside it in the image, or on a server of its own; private to the collection."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

EMBEDDED, EXTERNAL = "embedded", "external"
NAMES = ("APPSMITH_DB_URL", "APPSMITH_MONGODB_URI")
LOCAL = ("", "localhost", "127.0.0.1", "::1")
_WITHIN = 120


def is_external(env: Mapping[str, str]) -> bool | None:
    """As the entrypoint tells it: by the address. None where there is no address."""
    address = next((env[name] for name in NAMES if env.get(name)), "")
    if not address:
        return None
    hosts = re.sub(r"^[a-z+]+://([^@/]*@)?", "", address).split("/")[0].split(",")
    return any((urlsplit(f"//{host}").hostname or "") not in LOCAL for host in hosts)


def where(option: str, docker_env: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """What the option says; with C(auto) what the container was given, which wins over docker.env. None: unknown."""
    if option != "auto":
        return option
    external = is_external({**docker_env, **environment})
    return None if external is None else EXTERNAL if external else EMBEDDED


def environment_of(prefix: Sequence[str]) -> dict[str, str]:
    """What the container was given; empty where it can't be asked, such as when it is stopped."""
    try:
        # Ansible's run_command() knows no time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [*prefix, "env"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []
    pairs = (line.partition("=") for line in lines if line.startswith("APPSMITH_"))
    return {name: value for name, _equals, value in pairs}
