# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications of a workspace, their pages and what is published; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AlreadyExists,
    NotFound,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import views


def list_applications(client: Client, workspace_id: str) -> list[dict[str, Any]]:
    """The applications of a workspace: one a Git application, whatever branches it has (its base)."""
    return client.get("/applications/home", params={"workspaceId": workspace_id}) or []


def select(applications: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    found = [application for application in applications if application.get("name") == name]
    if len(found) > 1:
        ids = ", ".join(application["id"] for application in found)
        raise AlreadyExists(
            f"{len(found)} applications of the workspace are named '{name}': {ids}", next_step="Rename all but one."
        )
    return found[0] if found else None


def find(client: Client, workspace_id: str, name: str) -> dict[str, Any] | None:
    return select(list_applications(client, workspace_id), name)


def pick(applications: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The application of that name; the error lists those that exist."""
    found = select(applications, name)
    if found is None:
        names = ", ".join(sorted(f"'{application.get('name')}'" for application in applications)) or "none"
        raise NotFound(f"The workspace has no application '{name}' (it has: {names})", next_step="Check the name.")
    return found


def get(client: Client, workspace_id: str, name: str) -> dict[str, Any]:
    return pick(list_applications(client, workspace_id), name)


def git_data(application: dict[str, Any]) -> dict[str, Any]:
    """The application's Git data; empty when it isn't connected (the member may be there without an address)."""
    data = application.get("gitApplicationMetadata") or {}
    return data if data.get("remoteUrl") else {}


def base_id(application: dict[str, Any]) -> str:
    return str(git_data(application).get("defaultApplicationId") or application.get("baseId") or application["id"])


def pages(client: Client, application_id: str, mode: str = "EDIT") -> dict[str, Any]:
    """C(GET /pages): C(application) and C(pages) in the edit or the published view."""
    return client.get("/pages", params={"applicationId": application_id, "mode": mode}) or {}


def create(client: Client, workspace_id: str, name: str, **fields: Any) -> dict[str, Any]:
    """Make an application; look for the name before, for the server makes 'name (1)' of one that is taken."""
    made = client.post("/applications", {"workspaceId": workspace_id, "name": name, **fields})
    found = next((item for item in list_applications(client, workspace_id) if item.get("id") == made["id"]), None)
    if found is None or found.get("name") != name:
        raise ProofFailed(f"The application '{name}' was made as '{made.get('name')}' ({made['id']})")
    return found


def update(client: Client, workspace_id: str, application_id: str, **fields: Any) -> dict[str, Any]:
    client.put(f"/applications/{application_id}", fields)
    found = next((item for item in list_applications(client, workspace_id) if item.get("id") == application_id), None)
    missing = [key for key, value in fields.items() if (found or {}).get(key) != value]
    if found is None or missing:
        raise ProofFailed(f"The application {application_id} was written, but {', '.join(missing)} did not change")
    return found


def delete(client: Client, workspace_id: str, application_id: str) -> None:
    client.delete(f"/applications/{application_id}")
    if any(item.get("id") == application_id for item in list_applications(client, workspace_id)):
        raise ProofFailed(f"The application {application_id} was deleted, but it is still there")


def unpublished(client: Client, application_id: str) -> list[str]:
    """What of an application's edit view isn't published, such as C(query Page1/list_orders); empty when all is.

    The export holds both views whole; it needs the Administrator's right. Without it the times of the last edit and of
    the last deployment decide, which may call for one publication too many, never for one too few.
    """
    found = views(client, application_id)
    if found.complete or found.unpublished:
        return found.unpublished
    application = pages(client, application_id).get("application") or {}
    edited, deployed = application.get("modifiedAt"), application.get("lastDeployedAt")
    return [] if edited and deployed and edited <= deployed else ["edited after the last deployment"]


def publish(client: Client, application_id: str) -> None:
    client.post(f"/applications/publish/{application_id}")


def represent(application: dict[str, Any]) -> dict[str, Any]:
    """What modules return of an application."""
    git = git_data(application)
    return {
        "id": application.get("id"),
        "base_id": base_id(application) if application.get("id") else None,
        "name": application.get("name"),
        "slug": application.get("slug"),
        "workspace_id": application.get("workspaceId"),
        "public": bool(application.get("isPublic")),
        "color": application.get("color"),
        "icon": application.get("icon"),
        "last_deployed_at": application.get("lastDeployedAt"),
        "modified_at": application.get("modifiedAt"),
        "git": {
            "remote_url": git["remoteUrl"],
            "branch": git.get("branchName") or git.get("refName"),
            "default_branch": git.get("defaultBranchName"),
            "private": git.get("isRepoPrivate"),
            "last_committed_at": git.get("lastCommittedAt"),
        }
        if git
        else None,
    }
