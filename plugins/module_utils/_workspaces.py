# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workspaces; private to the collection. Their names are not unique, so every look-up says so."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AlreadyExists, NotFound, ProofFailed


def list_workspaces(client: Client) -> list[dict[str, Any]]:
    """The workspaces that the user sees."""
    return client.get("/workspaces/home") or []


def select(workspaces: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The one of that name; two of them are an error, since nobody can know which is meant."""
    found = [workspace for workspace in workspaces if workspace.get("name") == name]
    if len(found) > 1:
        ids = ", ".join(workspace["id"] for workspace in found)
        raise AlreadyExists(
            f"{len(found)} workspaces are named '{name}': {ids}",
            next_step="Rename or delete all but one (stagecraft.appsmith.workspace with its id).",
        )
    return found[0] if found else None


def get(client: Client, name: str) -> dict[str, Any]:
    """The workspace of that name; the error lists those that exist."""
    workspaces = list_workspaces(client)
    found = select(workspaces, name)
    if found is None:
        names = ", ".join(sorted(f"'{workspace.get('name')}'" for workspace in workspaces)) or "none"
        raise NotFound(
            f"There is no workspace '{name}' that this user can see (there are: {names})",
            next_step="Check the name, or create it (stagecraft.appsmith.workspace).",
        )
    return found


def by_id(workspaces: list[dict[str, Any]], workspace_id: str) -> dict[str, Any] | None:
    return next((workspace for workspace in workspaces if workspace.get("id") == workspace_id), None)


def create(client: Client, name: str, **fields: Any) -> dict[str, Any]:
    made = client.post("/workspaces", {"name": name, **fields})
    return _proven(client, made["id"], {"name": name, **fields})


def update(client: Client, workspace_id: str, **fields: Any) -> dict[str, Any]:
    client.put(f"/workspaces/{workspace_id}", fields)
    return _proven(client, workspace_id, fields)


def delete(client: Client, workspace_id: str) -> None:
    client.delete(f"/workspaces/{workspace_id}")
    if by_id(list_workspaces(client), workspace_id) is not None:
        raise ProofFailed(f"The workspace {workspace_id} was deleted, but it is still there")


def _proven(client: Client, workspace_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The workspace as the list shows it (the answers of create and update lack the permissions)."""
    found = by_id(list_workspaces(client), workspace_id)
    missing = [key for key, value in fields.items() if (found or {}).get(key) != value]
    if found is None or missing:
        raise ProofFailed(
            f"The workspace {workspace_id} was written, but afterwards "
            + (f"{missing} differ" if found else "is not there")
        )
    return found


def represent(workspace: dict[str, Any]) -> dict[str, Any]:
    """What modules return of a workspace."""
    return {
        "id": workspace.get("id"),
        "name": workspace.get("name"),
        "slug": workspace.get("slug"),
        "website": workspace.get("website"),
        "email": workspace.get("email"),
        "permissions": sorted(workspace.get("userPermissions") or []),
    }
