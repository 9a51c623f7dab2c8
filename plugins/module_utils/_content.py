# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance holds, as counts and digests that a backup keeps; private to the collection.

Calls: C(GET /users/me), C(GET /workspaces/home), and three for each workspace, side by side; none for an application.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._applications import git_data, list_applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import storage_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._members import list_members
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami
from ansible_collections.stagecraft.appsmith.plugins.module_utils._workspaces import list_workspaces

Json = dict[str, Any]

# What is counted, with its word for one and for several.
KINDS = {
    "workspaces": ("workspace", "workspaces"),
    "applications": ("application", "applications"),
    "datasources": ("datasource", "datasources"),
    "users": ("user", "users"),
    "repositories": ("repository", "repositories"),
}


def summary(ids: Iterable[str]) -> Json:
    """C(count) and C(digest) of a set: in whatever order the server lists it, the same set has the same digest."""
    found = sorted(set(ids))
    return {"count": len(found), "digest": hashlib.sha256("\n".join(found).encode()).hexdigest()}


def content_of(details: Json, by: str) -> Json:
    return {
        "by": by,
        **{kind: summary(one["id"] for one in details[kind]) for kind in ("workspaces", "applications", "datasources")},
        "users": summary(details["users"]),
        "repositories": summary(details["repositories"]),
    }


def look(client: Client, width: int = 4) -> tuple[Json, Json]:
    """The content that the account sees, and its details."""
    by = str(whoami(client).get("email") or "").lower()
    workspaces = list_workspaces(client)
    reader = _Reader(client)
    jobs = [(read, one) for one in workspaces for read in (_applications, _datasources, _members)]
    try:
        with ThreadPoolExecutor(max_workers=max(1, min(width, len(jobs)))) as pool:
            found = list(pool.map(reader.call, jobs))
    finally:
        reader.close()
    details = {
        "workspaces": [{"id": str(one["id"]), "name": one.get("name")} for one in workspaces],
        "applications": [application for part in found[0::3] for application in part],
        "datasources": [datasource for part in found[1::3] for datasource in part],
        "users": sorted({email for part in found[2::3] for email in part}),
    }
    details["repositories"] = sorted({one["remote_url"] for one in details["applications"] if one["remote_url"]})
    return content_of(details, by), details


class _Reader:
    """A client of its own for each thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own = threading.local()
        self._clones: list[Client] = []

    def call(self, job: tuple[Any, Json]) -> list[Any]:
        read, workspace = job
        if not hasattr(self._own, "client"):
            self._own.client = self._client.clone()
            self._clones.append(self._own.client)
        found: list[Any] = read(self._own.client, workspace)
        return found

    def close(self) -> None:
        for clone in self._clones:
            clone.close()


def _applications(client: Client, workspace: Json) -> list[Json]:
    return [
        {
            "id": str(one["id"]),
            "name": one.get("name"),
            "workspace": workspace.get("name"),
            "remote_url": git_data(one).get("remoteUrl"),
            "modified_at": one.get("modifiedAt"),
            "last_deployed_at": one.get("lastDeployedAt"),
        }
        for one in list_applications(client, workspace["id"])
    ]


def _datasources(client: Client, workspace: Json) -> list[Json]:
    found = client.get("/datasources", params={"workspaceId": workspace["id"]}) or []
    return [
        {
            "id": str(one["id"]),
            "name": one.get("name"),
            "workspace": workspace.get("name"),
            "configured": bool(storage_of(one).get("isConfigured")),
        }
        for one in found
    ]


def _members(client: Client, workspace: Json) -> list[str]:
    try:
        return [email for email in list_members(client, workspace["id"]) if email]
    except (NotFound, PermissionDenied):
        # A viewer doesn't get to see the others; the same account won't see them later either.
        return []


def check(expected: Json) -> None:
    """Raises where that is no content of an instance."""
    parts = [expected.get(kind) for kind in KINDS]
    if not all(isinstance(part, dict) and {"count", "digest"} <= part.keys() for part in parts):
        raise InvalidInput(
            f"expected is no content of an instance (it needs {', '.join(KINDS)}, each with count and digest)",
            next_step="Give what stagecraft.appsmith.instance_content_info returned, or the content of a backup.",
        )


def differences(expected: Json, found: Json) -> list[str]:
    """Sentences about what is not as it was; none when both hold the same."""
    sentences = []
    for kind, (one, several) in KINDS.items():
        before, now = expected[kind], found[kind]
        if before["digest"] == now["digest"]:
            continue
        count = f"{now['count']} {one if now['count'] == 1 else several}"
        same = int(before["count"]) == now["count"]
        sentences.append(f"{count} as before, but not the same" if same else f"{count}, before {before['count']}")
    if sentences and expected.get("by") != found["by"]:
        sentences.append(f"counted by {found['by'] or 'nobody'}, before by {expected.get('by') or 'nobody'}")
    return sentences
