# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git by the routes of v1.61 and later; private to the collection."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, Branches, GitApi


class GitNew(GitApi):
    """C(/git/applications/ID/ACTION)."""

    generation = "new"
    paths: ClassVar[dict[str, str]] = {
        "metadata": "/git/applications/{}/metadata",
        "status": "/git/applications/{}/status",
        "fetch": "/git/applications/{}/fetch/remote",
        "merge_status": "/git/applications/{}/merge/status",
        "pull": "/git/applications/{}/pull",
        "discard": "/git/applications/{}/discard",
        "merge": "/git/applications/{}/merge",
        "connect": "/git/applications/{}/connect",
        "disconnect": "/git/applications/{}/disconnect",
        "protected": "/git/applications/{}/protected-branches",
        "key": "/git/applications/{}/ssh-keypair",
        "import_key": "/git/artifacts/import/keys",
        "profile": "/git/artifacts/profile/default",
    }

    def branches(self, application_id: str, *, prune: bool = False) -> Branches:
        params = {"refType": "branch"}
        if prune:
            # The name of the query changed with v1.68; the server ignores the one it does not know.
            params |= {"pruneRefs": "true", "pruneBranches": "true"}
        return Branches.read(self.client.get(f"/git/applications/{application_id}/refs", params=params), "refName")

    def commit(self, application_id: str, message: str, author: Author | None = None) -> str:
        # The field is "message" here; "commitMessage" would be ignored without a word.
        body: dict[str, Any] = {"message": message}
        if author:
            body["author"] = {"name": author.name, "email": author.email}
        return str(self.client.post(f"/git/applications/{application_id}/commit", body) or "")

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
