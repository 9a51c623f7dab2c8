# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules share that work on repositories from the controller; private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import same_repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import DEFAULT_AUTHOR

T = TypeVar("T")
R = TypeVar("R")

ACCESS: dict[str, Any] = {
    "git_ssh_key_file": {"type": "path", "no_log": False},
    "git_known_hosts_file": {"type": "path"},
    "git_accept_new_host_key": {"type": "bool", "default": False, "no_log": False},
}
AUTHOR: dict[str, Any] = {
    "author_name": {"type": "str", "default": DEFAULT_AUTHOR.name},
    "author_email": {"type": "str", "default": DEFAULT_AUTHOR.email},
}
WIDTH: dict[str, Any] = {"width": {"type": "int", "default": 4}}


def access_of(params: dict[str, Any]) -> Access:
    access = Access(params["git_ssh_key_file"], params["git_known_hosts_file"], params["git_accept_new_host_key"])
    # An unreadable key file is told before anything else is done.
    access.environment()
    return access


def author_of(params: dict[str, Any]) -> Author:
    name, email = params["author_name"].strip(), params["author_email"].strip()
    if not name or "@" not in email or any(char in name + email for char in "<>\n"):
        raise InvalidInput("The author needs a name and an e-mail address")
    return Author(name, email)


def refuse_twice(repositories: Iterable[str]) -> None:
    seen: list[str] = []
    for address in repositories:
        if any(same_repository(address, other) for other in seen):
            raise InvalidInput(f"Given twice: {address}")
        seen.append(address)


def side_by_side(items: Iterable[T], work: Callable[[T], R], width: int) -> dict[T, Future[R]]:
    """Do the work for all, so many at a time; the results are those of C(.result()), which raises what went wrong."""
    if not 1 <= width <= 32:
        raise InvalidInput("width must be 1 to 32")
    with ThreadPoolExecutor(max_workers=width) as pool:
        return {item: pool.submit(work, item) for item in items}
