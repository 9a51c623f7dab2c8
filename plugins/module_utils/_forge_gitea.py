# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull requests and deploy keys at Gitea and Forgejo; private to the collection.

Tried against Gitea 1.26 (C(tests/gitea)); asks for nothing that came after 1.20. U(https://docs.gitea.com/api/)
"""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import (
    CLOSED,
    MERGED,
    OPEN,
    About,
    Branch,
    Checks,
    Forge,
    Request,
    Reviews,
    escaped,
    latest_reviews,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import ForgeHttp

# Gitea does not merge with a warning only where its rules name the status; then it refuses by itself.
_STATUSES = {"success": True, "warning": True, "skipped": True, "pending": None}
_WORDS = {"APPROVED": "approved", "REQUEST_CHANGES": "refused"}


class Gitea(Forge):
    kind = "gitea"
    tells_conflicts = False

    def __init__(self, params: dict[str, Any], **more: Any) -> None:
        if not params.get("forge_url"):
            raise InvalidInput("Where the Git host is was not said", next_step="Give forge_url.")
        token = params.get("forge_token")
        if token:
            more = {"headers": {"Authorization": f"token {token}"}, "secrets": (token,), **more}
        super().__init__(ForgeHttp(params["forge_url"], "/api/v1", **more))

    # -- branches ---------------------------------------------------------------------------------------------------
    def branch(self, repository: str, name: str) -> Branch | None:
        found = self.http.find(f"/repos/{_path(repository)}/branches/{escaped(name)}")
        if found is None:
            self.http.get(f"/repos/{_path(repository)}")
            return None
        return Branch(name, found["commit"]["id"])

    def ahead(self, repository: str, base: str, head: str) -> int:
        # Their compare takes the ids of commits only since 1.23, and Forgejo's may not.
        less = {"limit": "1", "stat": "false", "verification": "false", "files": "false"}
        return self.http.count(f"/repos/{_path(repository)}/commits", **{"sha": head, "not": base, **less})

    def same_content(self, repository: str, base: Branch, head: Branch) -> bool:
        return self._root(repository, base.sha) == self._root(repository, head.sha)

    def _root(self, repository: str, sha: str) -> list[tuple[str, str, str]]:
        """What the root folder holds; Gitea tells the commit's own id where the tree's should be."""
        path = f"/repos/{_path(repository)}/git/trees/{sha}"
        listed = self.http.pages(path, size="per_page", items=lambda found: list(found.get("tree") or []))
        return [(item["path"], item["mode"], item["sha"]) for item in listed]

    def delete_branch(self, repository: str, name: str) -> None:
        self.http.delete(f"/repos/{_path(repository)}/branches/{escaped(name)}")

    # -- requests ---------------------------------------------------------------------------------------------------
    def opened(self, repository: str, source: str, target: str) -> Request | None:
        return self._first(repository, source, target, {"state": "open"})

    def last_merged(self, repository: str, source: str, target: str) -> Request | None:
        return self._first(repository, source, target, {"state": "closed", "sort": "recentupdate"}, merged=True)

    def _first(
        self, repository: str, source: str, target: str, params: dict[str, Any], merged: bool = False
    ) -> Request | None:
        # Releases that do not know base_branch send the requests of all branches.
        listed = self.http.pages(f"/repos/{_path(repository)}/pulls", size="limit", base_branch=target, **params)
        for item in listed:
            ours = item["head"]["repo_id"] == item["base"]["repo_id"]
            # The label stays the branch's name when the branch is gone.
            if ours and item["head"]["label"] == source and item["base"]["ref"] == target:
                request = _request(item)
                if not merged or request.state == MERGED:
                    return request
        return None

    def read(self, repository: str, number: int) -> Request:
        return _request(self.http.get(f"/repos/{_path(repository)}/pulls/{number}"))

    def open(self, repository: str, source: str, target: str, title: str, body: str) -> Request:
        wanted = {"head": source, "base": target, "title": title, "body": body}
        return _request(self.http.post(f"/repos/{_path(repository)}/pulls", wanted))

    def edit(self, repository: str, number: int, changes: dict[str, str]) -> None:
        self.http.patch(f"/repos/{_path(repository)}/pulls/{number}", changes)

    def checks(self, repository: str, request: Request) -> Checks:
        checks = Checks()
        for status in self.http.pages(
            f"/repos/{_path(repository)}/commits/{request.head}/status",
            size="limit",
            items=lambda found: list(found.get("statuses") or []),
        ):
            checks.add(status["context"], _STATUSES.get(status["status"], False))
        return checks

    def reviews(self, repository: str, request: Request) -> Reviews:
        """Of those who may write, or whom the branch's protection names: that is what official says."""
        listed = self.http.pages(f"/repos/{_path(repository)}/pulls/{request.number}/reviews", size="limit")
        return latest_reviews(
            (
                item["user"]["login"],
                "dismissed" if item.get("dismissed") else _WORDS.get(item["state"], "") if item.get("official") else "",
                item.get("commit_id") == request.head and not item.get("stale"),
            )
            for item in listed
            if item.get("user")
        )

    def merge(self, repository: str, request: Request, method: str) -> None:
        body = {"Do": method, "head_commit_id": request.head}
        self.http.post(f"/repos/{_path(repository)}/pulls/{request.number}/merge", body)

    # -- deploy keys ------------------------------------------------------------------------------------------------
    def about(self, repository: str) -> About:
        found = self.http.get(f"/repos/{_path(repository)}")
        archived = bool(found.get("archived"))
        return About(found.get("default_branch"), found.get("empty"), bool(found.get("private")), archived)

    def keys(self, repository: str) -> list[dict[str, Any]]:
        return list(self.http.pages(f"/repos/{_path(repository)}/keys", size="limit"))

    def add_key(self, repository: str, title: str, key: str, read_only: bool) -> None:
        self.http.post(f"/repos/{_path(repository)}/keys", {"title": title, "key": key, "read_only": read_only})

    def delete_key(self, repository: str, number: int) -> None:
        self.http.delete(f"/repos/{_path(repository)}/keys/{number}")


def _path(repository: str) -> str:
    return "/".join(escaped(part) for part in repository.split("/"))


def _request(item: dict[str, Any]) -> Request:
    state = MERGED if item.get("merged") else OPEN if item["state"] == "open" else CLOSED
    # False is said of a conflict, of one that is still looked for, and of a draft.
    return Request(
        number=item["number"],
        title=item["title"],
        body=item.get("body") or "",
        url=item["html_url"],
        state=state,
        source=item["head"]["label"],
        target=item["base"]["ref"],
        head=item["head"]["sha"],
        mergeable=True if item.get("mergeable") else None,
        draft=bool(item.get("draft")),
        merge_commit=item.get("merge_commit_sha") or None,
    )
