# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git by the routes of releases before v1.61, still served by later ones; private to the collection."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import IncompatibleVersion
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, Branches, GitApi
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
    paths: ClassVar[dict[str, str]] = {
        "metadata": "/git/metadata/app/{}",
        "status": "/git/status/app/{}",
        "fetch": "/git/fetch/remote/app/{}",
        "merge_status": "/git/merge/status/app/{}",
        "pull": "/git/pull/app/{}",
        "discard": "/git/discard/app/{}",
        "merge": "/git/merge/app/{}",
        "connect": "/git/connect/app/{}",
        "disconnect": "/git/disconnect/app/{}",
        "protected": "/git/branch/app/{}/protected",
        "key": "/applications/ssh-keypair/{}",
        "import_key": "/git/import/keys",
        "profile": "/git/profile/default",
    }

    def branches(self, application_id: str, *, prune: bool = False) -> Branches:
        params = {"pruneBranches": "true"} if prune else None
        return Branches.read(self.client.get(f"/git/branch/app/{application_id}", params=params), "branchName")

    def commit(self, application_id: str, message: str, author: Author | None = None) -> str:
        # This generation has no author in the body: the saved profile is used.
        body = {"commitMessage": message, "doPush": True}
        return str(self.client.post(f"/git/commit/app/{application_id}", body) or "")

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
