# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git by the routes of releases before v1.61, still served by later ones; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitNotConfigured, IncompatibleVersion
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
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

# Up to v1.34 the id in the path is the first branch's and a header picks the branch: another interface altogether.
OLDEST = Version.parse("v1.35")


def require(version: Version) -> None:
    if version < OLDEST:
        raise IncompatibleVersion(
            f"Git work needs Appsmith {OLDEST} or newer, this instance is {version}",
            next_step="Upgrade the instance first.",
        )


class GitOld(GitApi):
    """C(/git/ACTION/app/ID)."""

    generation = "old"

    def metadata(self, base_id: str) -> dict[str, Any]:
        return self.client.get(f"/git/metadata/app/{base_id}") or {}

    def status(self, application_id: str, *, compare_remote: bool = True) -> Status:
        params = None if compare_remote else {"compareRemote": "false"}
        return Status.read(self.client.get(f"/git/status/app/{application_id}", params=params) or {})

    def fetch(self, application_id: str) -> Ahead:
        found = read_ahead(self.client.get(f"/git/fetch/remote/app/{application_id}"))
        if found is None:
            status = self.status(application_id)
            found = Ahead(status.ahead, status.behind)
        return found

    def branches(self, application_id: str, *, prune: bool = False) -> Branches:
        params = {"pruneBranches": "true"} if prune else None
        return Branches.read(self.client.get(f"/git/branch/app/{application_id}", params=params), "branchName")

    def merge_status(self, application_id: str, source: str, destination: str) -> MergeCheck:
        body = {"sourceBranch": source, "destinationBranch": destination}
        return read_merge_check(
            self.client.post(f"/git/merge/status/app/{application_id}", body, writes=False, safe_to_repeat=True)
        )

    def protected(self, base_id: str) -> list[str]:
        return list(self.client.get(f"/git/branch/app/{base_id}/protected") or ())

    def read_key(self, application_id: str) -> str | None:
        try:
            return (self.client.get(f"/applications/ssh-keypair/{application_id}") or {}).get("publicKey")
        except GitNotConfigured:
            return None

    def default_profile(self) -> Author:
        return read_author(self.client.get("/git/profile/default"))

    def commit(self, application_id: str, message: str, author: Author | None = None) -> str:
        # This generation has no author in the body: the saved profile is used.
        body = {"commitMessage": message, "doPush": True}
        return str(self.client.post(f"/git/commit/app/{application_id}", body) or "")

    def pull(self, application_id: str) -> dict[str, Any]:
        return self.client.get(f"/git/pull/app/{application_id}", writes=True) or {}

    def discard(self, application_id: str) -> dict[str, Any]:
        return self.client.put(f"/git/discard/app/{application_id}") or {}

    def create_branch(self, application_id: str, name: str) -> dict[str, Any]:
        return self.client.post(f"/git/create-branch/app/{application_id}", {"branchName": name}) or {}

    def checkout(self, application_id: str, name: str) -> dict[str, Any]:
        # A branch that is on the instance is only looked up; one of the remote is brought in.
        return (
            self.client.get(
                f"/git/checkout-branch/app/{application_id}",
                params={"branchName": name},
                writes=name.startswith("origin/"),
            )
            or {}
        )

    def delete_branch(self, base_id: str, name: str) -> dict[str, Any]:
        return self.client.delete(f"/git/branch/app/{base_id}", params={"branchName": name}) or {}

    def merge(self, application_id: str, source: str, destination: str) -> str:
        body = {"sourceBranch": source, "destinationBranch": destination}
        return read_merge(self.client.post(f"/git/merge/app/{application_id}", body))

    def connect(self, base_id: str, remote_url: str, author: Author | None) -> dict[str, Any]:
        body = {"remoteUrl": remote_url, "gitProfile": profile(author)}
        return self.client.post(f"/git/connect/app/{base_id}", body) or {}

    def disconnect(self, base_id: str) -> dict[str, Any]:
        return self.client.post(f"/git/disconnect/app/{base_id}") or {}

    def protect(self, base_id: str, names: list[str]) -> list[str]:
        return list(self.client.post(f"/git/branch/app/{base_id}/protected", {"branchNames": names}) or ())

    def make_key(self, application_id: str, key_type: str = "ECDSA") -> str:
        data = self.client.post(f"/applications/ssh-keypair/{application_id}", params={"keyType": key_type})
        return str((data or {}).get("publicKey") or "")

    def make_import_key(self, key_type: str = "ECDSA") -> str:
        # A GET that writes: each call replaces the user's key.
        data = self.client.get("/git/import/keys", params={"keyType": key_type}, writes=True)
        return str((data or {}).get("publicKey") or "")

    def save_default_profile(self, author: Author) -> None:
        self.client.post("/git/profile/default", author.as_profile())
