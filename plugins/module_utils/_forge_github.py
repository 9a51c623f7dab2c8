# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull requests and deploy keys at GitHub and GitHub Enterprise; private to the collection.

U(https://docs.github.com/en/rest/pulls/pulls?apiVersion=2022-11-28)
U(https://docs.github.com/en/rest/deploy-keys/deploy-keys?apiVersion=2022-11-28)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import NotFound, PermissionDenied
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
    latest_reviews,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import ForgeHttp

# What a check says when it is done; success, neutral, and skipped let GitHub merge as well.
_PASSED = ("success", "neutral", "skipped")
_WORDS = {"APPROVED": "approved", "CHANGES_REQUESTED": "refused", "DISMISSED": "dismissed"}
# To a public repository everybody may write a review.
_STRANGERS = ("NONE", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN")
# States of mergeable_state that say why it can't be merged now; blocked names rules, behind wants the target's commits.
_BLOCKED = {
    "blocked": "the branch's protection asks for more reviews or checks",
    "behind": "the source branch lacks commits of the target branch, and the branch's protection wants them",
}


class GitHub(Forge):
    kind = "github"

    def __init__(self, params: dict[str, Any], **more: Any) -> None:
        url = (params.get("forge_url") or PUBLIC["github"]).rstrip("/")
        token = params["forge_token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        super().__init__(ForgeHttp(url, _api(url), headers=headers, secrets=(token,), **more))

    # -- branches ---------------------------------------------------------------------------------------------------
    def branch(self, repository: str, name: str) -> Branch | None:
        found = self.http.find(f"/repos/{repository}/branches/{escaped(name)}")
        if found is None:
            # A 404 may mean the branch, or that the repository is hidden from the token: which one is asked here.
            self.http.get(f"/repos/{repository}")
            return None
        return Branch(name, found["commit"]["sha"], found["commit"]["commit"]["tree"]["sha"])

    def ahead(self, repository: str, base: str, head: str) -> int:
        found = self.http.get(f"/repos/{repository}/compare/{escaped(base)}...{escaped(head)}", per_page=1)
        return int(found["ahead_by"])

    def same_content(self, repository: str, base: Branch, head: Branch) -> bool:
        return base.tree is not None and base.tree == head.tree

    def delete_branch(self, repository: str, name: str) -> None:
        with _writing():
            self.http.delete(f"/repos/{repository}/git/refs/heads/{escaped(name)}")

    # -- requests ---------------------------------------------------------------------------------------------------
    def opened(self, repository: str, source: str, target: str) -> Request | None:
        found = self._list(repository, source, target, state="open")
        return self.read(repository, found[0]["number"]) if found else None

    def last_merged(self, repository: str, source: str, target: str) -> Request | None:
        found = self._list(repository, source, target, state="closed", sort="updated", direction="desc")
        merged = [item for item in found if item.get("merged_at")]
        return _request(merged[0]) if merged else None

    def _list(self, repository: str, source: str, target: str, **params: str) -> list[dict[str, Any]]:
        # With the owner in front this is never the branch of a fork.
        head = f"{repository.split('/')[0]}:{source}"
        found = self.http.get(f"/repos/{repository}/pulls", head=head, base=target, per_page=50, **params)
        return [item for item in found if item["head"]["ref"] == source and item["base"]["ref"] == target]

    def read(self, repository: str, number: int) -> Request:
        return _request(self.http.get(f"/repos/{repository}/pulls/{number}"))

    def open(self, repository: str, source: str, target: str, title: str, body: str) -> Request:
        wanted = {"title": title, "body": body, "head": source, "base": target}
        with _writing():
            return _request(self.http.post(f"/repos/{repository}/pulls", wanted))

    def edit(self, repository: str, number: int, changes: dict[str, str]) -> None:
        with _writing():
            self.http.patch(f"/repos/{repository}/pulls/{number}", changes)

    def checks(self, repository: str, request: Request) -> Checks:
        checks, commit = Checks(), f"/repos/{repository}/commits/{request.head}"
        for status in self.http.pages(f"{commit}/status", items=lambda found: list(found["statuses"])):
            checks.add(status["context"], {"success": True, "pending": None}.get(status["state"], False))
        for run in self.http.pages(f"{commit}/check-runs", items=lambda found: list(found["check_runs"])):
            checks.add(run["name"], run["conclusion"] in _PASSED if run["status"] == "completed" else None)
        return checks

    def reviews(self, repository: str, request: Request) -> Reviews:
        return latest_reviews(
            (item["user"]["login"], _WORDS.get(item["state"], ""), item.get("commit_id") == request.head)
            for item in self.http.pages(f"/repos/{repository}/pulls/{request.number}/reviews")
            if item.get("user") and item.get("author_association") not in _STRANGERS
        )

    def merge(self, repository: str, request: Request, method: str) -> None:
        body = {"sha": request.head, "merge_method": method}
        with _writing():
            self.http.put(f"/repos/{repository}/pulls/{request.number}/merge", body)

    # -- deploy keys ------------------------------------------------------------------------------------------------
    def about(self, repository: str) -> About:
        found = self.http.get(f"/repos/{repository}")
        # Of a repository without a commit the branch is a name that it would have. The size lags behind by minutes.
        return About(found.get("default_branch"), None, bool(found.get("private")), bool(found.get("archived")))

    def keys(self, repository: str) -> list[dict[str, Any]]:
        return list(self.http.pages(f"/repos/{repository}/keys"))

    def add_key(self, repository: str, title: str, key: str, read_only: bool) -> None:
        self.http.post(f"/repos/{repository}/keys", {"title": title, "key": key, "read_only": read_only})

    def delete_key(self, repository: str, number: int) -> None:
        self.http.delete(f"/repos/{repository}/keys/{number}")


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """What was there a moment ago and is not found now is there: the token may look at it and not write."""
    try:
        yield
    except NotFound as error:
        raise PermissionDenied(
            error.message,
            http_status=error.http_status,
            next_step="The token needs the right to write contents and pull requests of this repository.",
        ) from error


def _api(url: str) -> str:
    """GitHub's API is at a host of its own, an Enterprise Server's below its address."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host in ("github.com", "www.github.com", "api.github.com"):
        return "https://api.github.com"
    if host.endswith(".ghe.com"):
        return f"https://{host if host.startswith('api.') else f'api.{host}'}"
    return "/api/v3" if not parts.path.endswith("/api/v3") else url


def _request(item: dict[str, Any]) -> Request:
    # The list has no merged, the single request has; merged_at is in both.
    state = MERGED if item.get("merged_at") else OPEN if item["state"] == "open" else CLOSED
    word = item.get("mergeable_state") or ""
    return Request(
        number=item["number"],
        title=item["title"],
        body=item.get("body") or "",
        url=item["html_url"],
        state=state,
        source=item["head"]["ref"],
        target=item["base"]["ref"],
        head=item["head"]["sha"],
        mergeable=False if word == "dirty" else item.get("mergeable"),
        draft=bool(item.get("draft")),
        blocked=_BLOCKED.get(word),
        merge_commit=item.get("merge_commit_sha") if state == MERGED else None,
    )
