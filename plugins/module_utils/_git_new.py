# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git by the routes of v1.61 and later; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitNotConfigured
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import (
    Ahead,
    Author,
    Branches,
    GitApi,
    MergeCheck,
    Status,
    profile,
    read_ahead,
    read_author,
    read_merge,
    read_merge_check,
)


class GitNew(GitApi):
    """C(/git/applications/ID/ACTION)."""

    generation = "new"

    def metadata(self, base_id: str) -> dict[str, Any]:
        return self.client.get(f"/git/applications/{base_id}/metadata") or {}

    def status(self, application_id: str, *, compare_remote: bool = True) -> Status:
        params = None if compare_remote else {"compareRemote": "false"}
        return Status.read(self.client.get(f"/git/applications/{application_id}/status", params=params) or {})

    def fetch(self, application_id: str) -> Ahead:
        found = read_ahead(self.client.get(f"/git/applications/{application_id}/fetch/remote"))
        if found is None:
            status = self.status(application_id)
            found = Ahead(status.ahead, status.behind)
        return found

    def branches(self, application_id: str, *, prune: bool = False) -> Branches:
        params = {"refType": "branch"}
        if prune:
            # The name of the query changed with v1.68; the server ignores the one it does not know.
            params |= {"pruneRefs": "true", "pruneBranches": "true"}
        return Branches.read(self.client.get(f"/git/applications/{application_id}/refs", params=params), "refName")

    def merge_status(self, application_id: str, source: str, destination: str) -> MergeCheck:
        body = {"sourceBranch": source, "destinationBranch": destination}
        path = f"/git/applications/{application_id}/merge/status"
        return read_merge_check(self.client.post(path, body, writes=False, safe_to_repeat=True))

    def protected(self, base_id: str) -> list[str]:
        return list(self.client.get(f"/git/applications/{base_id}/protected-branches") or ())

    def read_key(self, application_id: str) -> str | None:
        try:
            return (self.client.get(f"/git/applications/{application_id}/ssh-keypair") or {}).get("publicKey")
        except GitNotConfigured:
            return None

    def default_profile(self) -> Author:
        return read_author(self.client.get("/git/artifacts/profile/default"))

    def commit(self, application_id: str, message: str, author: Author | None = None) -> str:
        # The field is "message" here; "commitMessage" would be ignored without a word.
        body: dict[str, Any] = {"message": message}
        if author:
            body["author"] = {"name": author.name, "email": author.email}
        return str(self.client.post(f"/git/applications/{application_id}/commit", body) or "")

    def pull(self, application_id: str) -> dict[str, Any]:
        return self.client.get(f"/git/applications/{application_id}/pull", writes=True) or {}

    def discard(self, application_id: str) -> dict[str, Any]:
        return self.client.put(f"/git/applications/{application_id}/discard") or {}

    def create_branch(self, application_id: str, name: str) -> dict[str, Any]:
        body = {"refName": name, "refType": "branch"}
        return self.client.post(f"/git/applications/{application_id}/create-ref", body) or {}

    def checkout(self, application_id: str, name: str) -> dict[str, Any]:
        # A branch that is on the instance is only looked up; one of the remote is brought in.
        body = {"refName": name, "refType": "branch"}
        path = f"/git/applications/{application_id}/checkout-ref"
        return self.client.post(path, body, writes=name.startswith("origin/")) or {}

    def delete_branch(self, base_id: str, name: str) -> dict[str, Any]:
        params = {"refName": name, "refType": "branch"}
        return self.client.delete(f"/git/applications/{base_id}/ref", params=params) or {}

    def merge(self, application_id: str, source: str, destination: str) -> str:
        body = {"sourceBranch": source, "destinationBranch": destination}
        return read_merge(self.client.post(f"/git/applications/{application_id}/merge", body))

    def connect(self, base_id: str, remote_url: str, author: Author | None) -> dict[str, Any]:
        body = {"remoteUrl": remote_url, "gitProfile": profile(author)}
        return self.client.post(f"/git/applications/{base_id}/connect", body) or {}

    def disconnect(self, base_id: str) -> dict[str, Any]:
        return self.client.post(f"/git/applications/{base_id}/disconnect") or {}

    def protect(self, base_id: str, names: list[str]) -> list[str]:
        path = f"/git/applications/{base_id}/protected-branches"
        return list(self.client.post(path, {"branchNames": names}) or ())

    def make_key(self, application_id: str, key_type: str = "ECDSA") -> str:
        params = {"keyType": key_type}
        data = self.client.post(f"/git/applications/{application_id}/ssh-keypair", params=params)
        return str((data or {}).get("publicKey") or "")

    def make_import_key(self, key_type: str = "ECDSA") -> str:
        # A GET that writes: each call replaces the user's key.
        data = self.client.get("/git/artifacts/import/keys", params={"keyType": key_type}, writes=True)
        return str((data or {}).get("publicKey") or "")

    def save_default_profile(self, author: Author) -> None:
        self.client.post("/git/artifacts/profile/default", author.as_profile())
