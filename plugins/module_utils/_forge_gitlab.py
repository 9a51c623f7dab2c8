# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge requests and deploy keys at GitLab; private to the collection.

U(https://docs.gitlab.com/api/merge_requests/) U(https://docs.gitlab.com/api/deploy_keys/)
"""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AuthenticationFailed,
    PermissionDenied,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import (
    CLOSED,
    MERGED,
    OPEN,
    PUBLIC,
    About,
    Branch,
    Checks,
    Forge,
    Request,
    Reviews,
    escaped,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import ForgeHttp

_STATES = {"opened": OPEN, "merged": MERGED, "closed": CLOSED, "locked": OPEN}
# detailed_merge_status while GitLab is still at work on it.
_LOOKING = ("unchecked", "checking", "preparing", "approvals_syncing")
_CONFLICT = ("conflict", "broken_status", "cannot_be_merged")
_FINE = ("mergeable", "can_be_merged", "draft_status", "not_open", *_LOOKING, *_CONFLICT)
_PIPELINES = {"success": True, "failed": False, "canceled": False, "canceling": False, "skipped": False}


class GitLab(Forge):
    kind = "gitlab"
    noun = "merge request"
    # Whether it rebases is the project's own setting there.
    methods = ("merge", "squash")
    nested = True

    def __init__(self, params: dict[str, Any], **more: Any) -> None:
        token = params["forge_token"]
        # Taken for every kind of access token, where PRIVATE-TOKEN is not.
        headers = {"Authorization": f"Bearer {token}"}
        url = params.get("forge_url") or PUBLIC["gitlab"]
        super().__init__(ForgeHttp(url, "/api/v4", headers=headers, secrets=(token,), **more))

    # -- branches ---------------------------------------------------------------------------------------------------
    def branch(self, repository: str, name: str) -> Branch | None:
        found = self.http.find(f"{_project(repository)}/repository/branches/{escaped(name)}")
        if found is None:
            self.http.get(_project(repository))
            return None
        return Branch(name, found["commit"]["id"])

    def ahead(self, repository: str, base: str, head: str) -> int:
        return len(self.http.get(f"{_project(repository)}/repository/compare", **{"from": base, "to": head})["commits"])

    def same_content(self, repository: str, base: Branch, head: Branch) -> bool:
        straight = {"from": base.sha, "to": head.sha, "straight": "true"}
        found = self.http.get(f"{_project(repository)}/repository/compare", **straight)
        return not found["diffs"] and not found.get("compare_timeout")

    def delete_branch(self, repository: str, name: str) -> None:
        self.http.delete(f"{_project(repository)}/repository/branches/{escaped(name)}")

    # -- requests ---------------------------------------------------------------------------------------------------
    def opened(self, repository: str, source: str, target: str) -> Request | None:
        found = self._list(repository, source, target, state="opened")
        return self.read(repository, found[0]["iid"]) if found else None

    def last_merged(self, repository: str, source: str, target: str) -> Request | None:
        found = self._list(repository, source, target, state="merged", order_by="updated_at", sort="desc")
        return _request(found[0]) if found else None

    def _list(self, repository: str, source: str, target: str, **params: str) -> list[dict[str, Any]]:
        found = self.http.get(
            f"{_project(repository)}/merge_requests", source_branch=source, target_branch=target, per_page=50, **params
        )
        return [item for item in found if item["source_project_id"] == item["target_project_id"]]

    def read(self, repository: str, number: int) -> Request:
        return _request(self.http.get(f"{_project(repository)}/merge_requests/{number}"))

    def open(self, repository: str, source: str, target: str, title: str, body: str) -> Request:
        wanted = {"source_branch": source, "target_branch": target, "title": title, "description": body}
        return _request(self.http.post(f"{_project(repository)}/merge_requests", wanted))

    def edit(self, repository: str, number: int, changes: dict[str, str]) -> None:
        names = {"title": "title", "body": "description"}
        body = {names[key]: value for key, value in changes.items() if key in names}
        if changes.get("state") == CLOSED:
            body["state_event"] = "close"
        self.http.put(f"{_project(repository)}/merge_requests/{number}", body)

    def checks(self, repository: str, request: Request) -> Checks:
        """The pipeline of the head; statuses of other systems are part of it."""
        checks, pipeline = Checks(), request.raw.get("head_pipeline") or {}
        merged_result = str(pipeline.get("ref") or "").startswith(f"refs/merge-requests/{request.number}/")
        # One of an earlier commit says nothing about this one.
        if pipeline and (pipeline.get("sha") == request.head or merged_result):
            checks.add(f"pipeline {pipeline['id']}", _PIPELINES.get(pipeline["status"]))
        return checks

    def reviews(self, repository: str, request: Request) -> Reviews:
        found = self.http.get(f"{_project(repository)}/merge_requests/{request.number}/approvals")
        # Projects may let people approve what is their own; that is no second pair of eyes.
        author = (request.raw.get("author") or {}).get("username")
        approved = sorted({item["user"]["username"] for item in found.get("approved_by") or []} - {author})
        asked = request.raw.get("detailed_merge_status") == "requested_changes"
        return Reviews(approved, ["a reviewer"] if asked else [])

    def merge(self, repository: str, request: Request, method: str) -> None:
        body = {"sha": request.head, "squash": method == "squash"}
        try:
            self.http.put(f"{_project(repository)}/merge_requests/{request.number}/merge", body)
        except AuthenticationFailed as error:
            # The token was good for all that came before: this is how GitLab says that it may not merge.
            raise PermissionDenied(
                f"The Git host {self.http.url} does not let this account merge into {request.target} of {repository}",
                http_status=error.http_status,
                next_step="Give the account the right to merge into the branch (protected branches of the project).",
            ) from error

    # -- deploy keys ------------------------------------------------------------------------------------------------
    def about(self, repository: str) -> About:
        found = self.http.get(_project(repository))
        private = found.get("visibility") != "public"
        return About(found.get("default_branch"), found.get("empty_repo"), private, bool(found.get("archived")))

    def keys(self, repository: str) -> list[dict[str, Any]]:
        listed = self.http.pages(f"{_project(repository)}/deploy_keys")
        return [{**item, "read_only": not item.get("can_push")} for item in listed]

    def add_key(self, repository: str, title: str, key: str, read_only: bool) -> None:
        body = {"title": title, "key": key, "can_push": not read_only}
        self.http.post(f"{_project(repository)}/deploy_keys", body)

    def delete_key(self, repository: str, number: int) -> None:
        self.http.delete(f"{_project(repository)}/deploy_keys/{number}")


def _project(repository: str) -> str:
    return f"/projects/{escaped(repository)}"


def _request(item: dict[str, Any]) -> Request:
    word = item.get("detailed_merge_status") or item.get("merge_status") or ""
    draft = bool(item.get("draft", item.get("work_in_progress", False)))
    conflict = word in _CONFLICT or bool(item.get("has_conflicts"))
    mergeable = False if conflict else None if word in _LOOKING else True
    blocked = None if word in _FINE or not word else word.replace("_", " ")
    return Request(
        number=item["iid"],
        title=item["title"],
        body=item.get("description") or "",
        url=item["web_url"],
        state=_STATES.get(item["state"], OPEN),
        source=item["source_branch"],
        target=item["target_branch"],
        head=item["sha"],
        mergeable=mergeable,
        draft=draft,
        blocked=blocked,
        # A fast-forward makes no commit of its own.
        merge_commit=item.get("merge_commit_sha") or item.get("squash_commit_sha"),
        raw=item,
    )
