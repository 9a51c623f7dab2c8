# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Git calls of both generations, for the tests that say which are made."""

from __future__ import annotations

import json
from typing import Any

WORKSPACE = "Operations"
WORKSPACE_ID = "6b0297139da452369c7797fe"
BASE = "6b0297179da452369c779805"
STAGING = "6b0297249da452369c779814"
REMOTE = "ssh://git@git.example.com:2222/acme/orders.git"
KEY = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAA= appsmith"
PROTECTED = (400, "AE-GIT-4044", "git commit failed. \nDetails: Cannot commit to protected branch master")
NO_AUTHOR = (400, "AE-GIT-4031", "Git configuration is invalid. Details: Unable to find git author configuration")
CONFLICT = (
    400,
    "AE-GIT-4044",
    "git discard failed. Details: Command failed with error 112 (WriteConflict). Please retry",
)
NO_TRANSACTION = (400, "AE-GIT-4044", "git discard failed. Details: error 251 (NoSuchTransaction)")
# The same on a release of the old generation, which has no words for it.
UNNAMED = (500, "AE-APP-5000", "Internal server error while processing request")
LOCKED = (500, "AE-GIT-5020", "We were unable to place a lock on the file system to perform status command.")
STATUS_LOCKED = (400, "AE-GIT-5016", "Git command execution error: We were unable to place a lock on the file system")
CHECKOUT = (
    400,
    "AE-GIT-4044",
    "git fetch failed. \nDetails: Checkout conflict with files: \npages/Page1/queries/q/metadata.json",
)
# What a push with a read-only deploy key says; the commit, the merge or the pull before it was done.
READ_ONLY_OLD = (
    400,
    "AE-GIT-4032",
    "SSH key is not configured correctly. Did you forget to add the SSH key to your remote repository? Please try "
    "again by reconfiguring the SSH key with write access.",
)
READ_ONLY_NEW = (
    400,
    "AE-GIT-4044",
    "git commit failed. \nDetails: Appsmith couldn't connect to this app's Git repository. You may need to update the "
    "deploy key in the app's Git settings and add the new key to your Git repository",
)
REFUSED_KEY = (400, "AE-GIT-4032", "SSH key is not configured correctly.")
INCOMPATIBLE = (400, "AE-JSN-4045", "The file is not compatible with the current version of the instance.")

OLD, NEW = "v1.60", "v1.91"
MIGRATED = ["metadata.json", "pages/Order/queries/get_order/metadata.json"]
# What stays for ever of a repository whose files disagree (a commit by hand to the text of a query alone).
UNEVEN = ["pages/Order/queries/get_order/metadata.json"]
EDITED = ["pages/Order/queries/get_order/get_order.txt", "pages/Order/queries/get_order/metadata.json"]


def application(
    name: str = "orders", *, id: str = BASE, remote: str | None = REMOTE, branch: str = "master"
) -> dict[str, Any]:
    git = {"branchName": branch, "refName": branch, "defaultBranchName": "master", "remoteUrl": remote}
    git |= {"defaultApplicationId": BASE if id == STAGING else id}
    return {
        "id": id,
        "baseId": git["defaultApplicationId"],
        "name": name,
        "workspaceId": WORKSPACE_ID,
        **({"gitApplicationMetadata": git} if remote else {}),
    }


def status(
    *,
    ahead: int = 0,
    behind: int = 0,
    modified: Any = (),
    added: Any = (),
    removed: Any = (),
    clean: bool | None = None,
) -> dict[str, Any]:
    return {
        "isClean": not (modified or added or removed) if clean is None else clean,
        "aheadCount": ahead,
        "behindCount": behind,
        "modified": list(modified),
        "added": list(added),
        "removed": list(removed),
        "conflicting": [],
    }


def export(body: str = "select 1", published: str | None = None, *, page: str = "Order") -> dict[str, Any]:
    """An application with one page and one query; O(published) where the published view has another body."""

    def action(text: str) -> dict[str, Any]:
        return {"name": "get_order", "pageId": page, "actionConfiguration": {"body": text}, "runBehaviour": "MANUAL"}

    pages = {"name": page, "slug": "order", "layouts": [{"dsl": {"widgetName": "MainContainer"}}]}
    return {
        "exportedApplication": {"pages": [{"id": page}], "publishedPages": [{"id": page}]},
        "pageList": [{"unpublishedPage": pages, "publishedPage": pages}],
        "actionList": [
            {"unpublishedAction": action(body), "publishedAction": action(body if published is None else published)}
        ],
        "actionCollectionList": [],
        "editModeTheme": {"name": "Default"},
        "publishedTheme": {"name": "Default"},
    }


class GitCalls:
    """Expects the calls of one generation; in the order in which its methods are used."""

    def __init__(self, api: Any, version: str) -> None:
        self.api = api
        self.version = version
        self.old = version == OLD

    # -- the way there ----------------------------------------------------------------------------------------------
    def info(self) -> None:
        self.api.expect("GET", "/info", root=True, text=f'{{"version": "{self.version}"}}')

    def workspaces(self, *more: dict[str, Any]) -> None:
        self.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE_ID, "name": WORKSPACE}, *more])

    def home(self, *applications: dict[str, Any], workspace: str = WORKSPACE_ID) -> None:
        self.api.expect("GET", "/applications/home", params={"workspaceId": workspace}, data=list(applications))

    def start(self, *applications: dict[str, Any]) -> None:
        self.workspaces()
        self.home(*(applications or (application(),)))
        self.info()

    # -- reads ------------------------------------------------------------------------------------------------------
    def status(self, data: dict[str, Any] | None = None, *, id: str = BASE, remote: bool = True, **more: Any) -> None:
        path = f"/git/status/app/{id}" if self.old else f"/git/applications/{id}/status"
        params = None if remote else {"compareRemote": "false"}
        self.api.expect(
            "GET", path, params=params, **({"data": data or status()} if "error" not in more else {}), **more
        )

    def fetch(self, ahead: int = 0, behind: int = 0, *, id: str = BASE, **more: Any) -> None:
        path = f"/git/fetch/remote/app/{id}" if self.old else f"/git/applications/{id}/fetch/remote"
        data = {"remoteTrackingBranch": "refs/remotes/origin/master", "aheadCount": ahead, "behindCount": behind}
        self.api.expect("GET", path, **({"data": data} if "error" not in more else {}), **more)

    def branches(self, *names: str, id: str = BASE, prune: bool = False, default: str = "master") -> None:
        key = "branchName" if self.old else "refName"
        items = [{key: name, "default": name == default} for name in names]
        if self.old:
            params = {"pruneBranches": "true"} if prune else None
            self.api.expect("GET", f"/git/branch/app/{id}", params=params, data=items)
        else:
            params = {"refType": "branch", **({"pruneRefs": "true", "pruneBranches": "true"} if prune else {})}
            self.api.expect("GET", f"/git/applications/{id}/refs", params=params, data=items)

    def checkout(self, name: str, *, found: str = STAGING, id: str = BASE, **more: Any) -> None:
        more = more or {"data": application(id=found, branch=name.removeprefix("origin/"))}
        if self.old:
            self.api.expect("GET", f"/git/checkout-branch/app/{id}", params={"branchName": name}, **more)
        else:
            body = {"refName": name, "refType": "branch"}
            self.api.expect("POST", f"/git/applications/{id}/checkout-ref", json=body, **more)

    def protected(self, *names: str, id: str = BASE) -> None:
        path = f"/git/branch/app/{id}/protected" if self.old else f"/git/applications/{id}/protected-branches"
        self.api.expect("GET", path, data=list(names))

    def metadata(self, data: dict[str, Any], *, id: str = BASE) -> None:
        path = f"/git/metadata/app/{id}" if self.old else f"/git/applications/{id}/metadata"
        self.api.expect("GET", path, data=data)

    def merge_status(self, state: str, *, possible: bool = True, id: str = STAGING, **more: Any) -> None:
        path = f"/git/merge/status/app/{id}" if self.old else f"/git/applications/{id}/merge/status"
        body = {"sourceBranch": "staging", "destinationBranch": "master"}
        self.api.expect("POST", path, json=body, data={"status": state, "isMergeAble": possible, **more})

    def read_key(self, key: str | None = KEY, *, id: str = BASE) -> None:
        path = f"/applications/ssh-keypair/{id}" if self.old else f"/git/applications/{id}/ssh-keypair"
        if key is None:
            self.api.expect("GET", path, error=(400, "AE-GIT-4031", "Git configuration is invalid."))
        else:
            self.api.expect("GET", path, data={"publicKey": key})

    def profile(self, name: str, email: str) -> None:
        path = "/git/profile/default" if self.old else "/git/artifacts/profile/default"
        self.api.expect("GET", path, data={"authorName": name, "authorEmail": email})

    def export(self, data: dict[str, Any] | None = None, *, id: str = BASE) -> None:
        text = json.dumps(data or export())
        self.api.expect(
            "GET", f"/applications/export/{id}", text=text, answer_headers={"Content-Type": "application/json"}
        )

    def published(self, *, id: str = BASE, gone: bool = False) -> None:
        """The look at the published view; O(gone) is what a pull with a read-only key leaves on a real v1.91."""
        params = {"applicationId": id, "mode": "PUBLISHED"}
        if gone:
            text = f"Unable to find deployed application {id}"
            self.api.expect("GET", "/pages", params=params, error=(404, "AE-ACL-4004", text))
        else:
            self.api.expect("GET", "/pages", params=params, data={"pages": [{"name": "Order", "slug": "order"}]})

    def datasources(self, *unconfigured: str, id: str = BASE) -> None:
        items = [
            {"id": name, "name": name, "datasourceStorages": {"unused_env": {"isConfigured": False}}}
            for name in unconfigured
        ]
        self.api.expect(
            "GET",
            f"/applications/import/{WORKSPACE_ID}/datasources",
            params={"defaultApplicationId": id},
            data=[*items, {"id": "x", "name": "good", "datasourceStorages": {"unused_env": {"isConfigured": True}}}],
        )

    def workspace_datasources(self, *unconfigured: str, id: str = BASE, listed: bool = True) -> None:
        """As a promotion looks: the workspace's (unless they are known already), and while one of them has no
        configuration those of the application."""
        items = [
            {"id": name, "name": name, "datasourceStorages": {"unused_env": {"isConfigured": False}}}
            for name in unconfigured
        ]
        items.append({"id": "x", "name": "good", "datasourceStorages": {"unused_env": {"isConfigured": True}}})
        if listed:
            self.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE_ID}, data=items)
        if unconfigured:
            self.datasources(*unconfigured, id=id)

    # -- writes -----------------------------------------------------------------------------------------------------
    def commit(self, message: str, *, id: str = BASE, **more: Any) -> None:
        path = f"/git/commit/app/{id}" if self.old else f"/git/applications/{id}/commit"
        body = {"commitMessage": message, "doPush": True} if self.old else {"message": message}
        more = more or {"status": 201, "data": "Commit Result : Committed successfully!."}
        self.api.expect("POST", path, json=body, **more)

    def pull(self, *, id: str = BASE, **more: Any) -> None:
        path = f"/git/pull/app/{id}" if self.old else f"/git/applications/{id}/pull"
        self.api.expect(
            "GET", path, **(more or {"data": {"mergeStatus": {"status": "2 commits merged", "isMergeAble": True}}})
        )

    def discard(self, *, id: str = BASE, **more: Any) -> None:
        path = f"/git/discard/app/{id}" if self.old else f"/git/applications/{id}/discard"
        self.api.expect("PUT", path, **(more or {"data": application(id=id)}))

    def merge(self, state: str = "FAST_FORWARD", *, id: str = STAGING, **more: Any) -> None:
        path = f"/git/merge/app/{id}" if self.old else f"/git/applications/{id}/merge"
        body = {"sourceBranch": "staging", "destinationBranch": "master"}
        self.api.expect("POST", path, json=body, **(more or {"data": {"status": state, "isMergeAble": True}}))

    def protect(self, *names: str, id: str = BASE, **more: Any) -> None:
        path = f"/git/branch/app/{id}/protected" if self.old else f"/git/applications/{id}/protected-branches"
        self.api.expect("POST", path, json={"branchNames": list(names)}, **(more or {"data": list(names)}))

    def create_branch(self, name: str, *, id: str = BASE) -> None:
        if self.old:
            self.api.expect(
                "POST",
                f"/git/create-branch/app/{id}",
                json={"branchName": name},
                status=201,
                data=application(id=STAGING),
            )
        else:
            body = {"refName": name, "refType": "branch"}
            self.api.expect(
                "POST", f"/git/applications/{id}/create-ref", json=body, status=201, data=application(id=STAGING)
            )

    def delete_branch(self, name: str, *, id: str = BASE) -> None:
        if self.old:
            self.api.expect(
                "DELETE", f"/git/branch/app/{id}", params={"branchName": name}, data=application(id=STAGING)
            )
        else:
            params = {"refName": name, "refType": "branch"}
            self.api.expect("DELETE", f"/git/applications/{id}/ref", params=params, data=application(id=STAGING))

    def make_key(self, key: str = KEY, *, id: str = BASE, kind: str = "ECDSA") -> None:
        path = f"/applications/ssh-keypair/{id}" if self.old else f"/git/applications/{id}/ssh-keypair"
        self.api.expect("POST", path, params={"keyType": kind}, data={"publicKey": key})

    def make_import_key(self, key: str = KEY) -> None:
        path = "/git/import/keys" if self.old else "/git/artifacts/import/keys"
        self.api.expect("GET", path, params={"keyType": "ECDSA"}, data={"publicKey": key})

    def save_profile(self, name: str, email: str) -> None:
        path = "/git/profile/default" if self.old else "/git/artifacts/profile/default"
        body = {"authorName": name, "authorEmail": email}
        self.api.expect("POST", path, json=body, data={"default": body})

    def connect(self, profile: dict[str, Any], *, id: str = BASE, remote: str = REMOTE, **more: Any) -> None:
        path = f"/git/connect/app/{id}" if self.old else f"/git/applications/{id}/connect"
        self.api.expect(
            "POST", path, json={"remoteUrl": remote, "gitProfile": profile}, **(more or {"data": application()})
        )

    def disconnect(self, *, id: str = BASE) -> None:
        path = f"/git/disconnect/app/{id}" if self.old else f"/git/applications/{id}/disconnect"
        self.api.expect("POST", path, data=application(remote=None))

    def import_repository(self, profile: dict[str, Any], *, remote: str = REMOTE, **more: Any) -> None:
        """By the old route with both."""
        body = {"remoteUrl": remote, "gitProfile": profile}
        more = more or {"data": {"application": application(), "isPartialImport": True}}
        self.api.expect("POST", f"/git/import/{WORKSPACE_ID}", json=body, **more)
