# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Git host's pull requests, statuses and reviews, in the words of Gitea 1.26.

`tests/gitea/test_gitea_sandbox.py` makes the same calls here and at a real Gitea and compares the answers. Two things
are simpler than there: a conflict is known at once, and there is no rebase.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]
# Another account, since nobody approves their own request.
REVIEWER, REVIEWER_PASSWORD = "reviewer", "reviewer-password"
_DRAFT = ("wip:", "[wip]")
_EVENTS = {"APPROVED": "APPROVED", "REQUEST_CHANGES": "REQUEST_CHANGES", "COMMENT": "COMMENT"}
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "gitadmin"), ("EMAIL", "gitadmin@example.com"))
}
_ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, **_IDENTITY}


class Refused(Exception):
    def __init__(self, status: int, message: str = "not found") -> None:
        self.status, self.message = status, message
        super().__init__(message)


class Home(Protocol):
    """What is needed of githost.Repositories."""

    def path(self, name: str) -> Path: ...


class Pulls:
    """The requests and statuses of a repository, in a file beside its objects; one at a time, as a database would."""

    lock = threading.RLock()

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._file = path / "pulls.json"
        self.data: dict[str, Any] = {"pulls": [], "statuses": [], "reviews": []}
        if self._file.exists():
            self.data = json.loads(self._file.read_text(encoding="utf-8"))

    def save(self) -> None:
        temporary = self._file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(self.data, indent=1), encoding="utf-8")
        temporary.replace(self._file)

    # -- Git --------------------------------------------------------------------------------------------------------
    def git(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            env={**os.environ, **_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in fine:
            raise RuntimeError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def commit(self, text: str) -> str | None:
        """The id of a branch's last commit, or of a commit."""
        for name in (f"refs/heads/{text}", text):
            found = self.git("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", fine=(0, 1, 128))
            if found:
                return found
        return None

    def branch(self, name: str) -> str:
        found = self.git("rev-parse", "--quiet", "--verify", f"refs/heads/{name}^{{commit}}", fine=(0, 1, 128))
        if not found:
            raise Refused(404)
        return found

    def has_branch(self, name: str) -> bool:
        try:
            return bool(self.branch(name))
        except Refused:
            return False

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; None where they conflict."""
        done = subprocess.run(
            ["git", "-C", str(self.path), "merge-tree", "--write-tree", base, head],
            env={**os.environ, **_ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split()[0] if done.returncode == 0 else None

    # -- requests ---------------------------------------------------------------------------------------------------
    def pull(self, number: int) -> dict[str, Any]:
        found = next((pull for pull in self.data["pulls"] if pull["number"] == number), None)
        if found is None:
            raise Refused(404)
        head = self.head(found)
        if not found["merged"]:
            self.git("update-ref", f"refs/pull/{number}/head", head)
        return dict(found)

    def change(self, number: int, **fields: Any) -> None:
        for pull in self.data["pulls"]:
            if pull["number"] == number:
                pull.update(fields)
        self.save()

    def head(self, pull: dict[str, Any]) -> str:
        if not pull["merged"] and self.has_branch(pull["source"]):
            return self.branch(pull["source"])
        return self.git("rev-parse", f"refs/pull/{pull['number']}/head")

    def draft(self, pull: dict[str, Any]) -> bool:
        return str(pull["title"]).lower().startswith(_DRAFT)

    def view(self, pull: dict[str, Any], base_url: str) -> dict[str, Any]:
        there, head = self.has_branch(pull["source"]), self.head(pull)
        target = self.branch(pull["target"])
        url = f"{base_url}{self.name}/pulls/{pull['number']}"
        number = self.path.stat().st_ino

        def side(label: str, ref: str, sha: str) -> dict[str, Any]:
            return {"label": label, "ref": ref, "sha": sha, "repo_id": number, "repo": {"full_name": self.name}}

        ref = pull["source"] if there else f"refs/pull/{pull['number']}/head"
        mergeable = not self.draft(pull) and (pull["merged"] or self.merged_tree(target, head) is not None)
        return {
            "id": pull["number"],
            "url": url,
            "number": pull["number"],
            "user": _user(pull["user"]),
            "title": pull["title"],
            "body": pull["body"],
            "state": pull["state"],
            "draft": self.draft(pull),
            "html_url": url,
            "mergeable": mergeable,
            "merged": pull["merged"],
            "merged_at": pull["merged_at"],
            "merge_commit_sha": pull["merge_commit_sha"],
            "base": side(pull["target"], pull["target"], target),
            "head": side(pull["source"], ref, head),
            "created_at": pull["created_at"],
            "updated_at": pull["updated_at"],
        }

    def open(self, user: str, body: dict[str, Any]) -> dict[str, Any]:
        title, source, target = (str(body.get(key) or "") for key in ("title", "head", "base"))
        for field, text in (("Head", source), ("Base", target), ("Title", title)):
            if not text:
                raise Refused(422, f"[{field}]: Required")
        if source == target:
            raise Refused(422, "Invalid PullRequest: There are no changes between the head and the base")
        self.branch(target)
        self.branch(source)
        for other in self.data["pulls"]:
            if (other["state"], other["source"], other["target"]) == ("open", source, target):
                where = f"head_branch: {source}, base_branch: {target}"
                number = other["number"]
                raise Refused(
                    409, f"pull request already exists for these targets [id: {number}, issue_id: {number}, {where}]"
                )
        pull = {
            "number": 1 + max((other["number"] for other in self.data["pulls"]), default=0),
            "user": user,
            "title": title,
            "body": str(body.get("body") or ""),
            "source": source,
            "target": target,
            "state": "open",
            "merged": False,
            "merged_at": None,
            "merge_commit_sha": None,
            "created_at": _now(),
            "updated_at": _now(),
        }
        self.data["pulls"].append(pull)
        self.save()
        return self.pull(pull["number"])

    def merge(self, number: int, body: dict[str, Any], base_url: str) -> None:
        pull, method = self.pull(number), str(body.get("Do") or body.get("do") or "")
        if method not in ("merge", "rebase", "rebase-merge", "squash", "fast-forward-only", "manually-merged"):
            raise Refused(422, "[Do]: In" if method else "[Do]: Required")
        if pull["merged"]:
            raise Refused(405, "The PR is already merged")
        if pull["state"] != "open":
            raise Refused(404)
        if self.draft(pull):
            raise Refused(405, "Work in progress PRs cannot be merged")
        head, target = self.head(pull), self.branch(pull["target"])
        tree = self.merged_tree(target, head)
        if tree is None:
            raise Refused(405, "Please try again later")
        if method not in ("merge", "squash"):
            raise Refused(405, f"{method} is not allowed an allowed merge style for this repository")
        if body.get("head_commit_id") not in (None, "", head):
            raise Refused(409, "head out of date")
        if method == "merge":
            parents, title = [target, head], f"Merge pull request '{pull['title']}' (#{number}) from {pull['source']}"
            title += f" into {pull['target']}"
        else:
            parents, title = [target], f"{pull['title']} (#{number})"
        message = f"{title}\n\nReviewed-on: {base_url}{self.name}/pulls/{number}\n"
        flags = [flag for parent in parents for flag in ("-p", parent)]
        merged = self.git("commit-tree", tree, *flags, "-m", message)
        self.git("update-ref", f"refs/heads/{pull['target']}", merged, target)
        self.change(number, state="closed", merged=True, merged_at=_now(), updated_at=_now(), merge_commit_sha=merged)


def routes(repositories: Home, guarded: Callable[[Handler], Handler], who: Callable[[Request], str]) -> list[Route]:
    """Guarded ones: who asks is known, and the repository is there."""

    def route(path: str, method: str, work: Callable[[Request, Pulls, dict[str, Any]], Response]) -> Route:
        async def handler(request: Request) -> Response:
            try:
                body = json.loads(await request.body() or b"{}")
            except ValueError:
                body = {}

            def run() -> Response:
                name = f"{request.path_params['owner']}/{request.path_params['repo']}"
                with Pulls.lock:
                    try:
                        return work(request, Pulls(repositories.path(name), name), body)
                    except Refused as refused:
                        answer: dict[str, Any] = {"message": refused.message, "url": "/api/swagger"}
                        return JSONResponse(
                            {"errors": None, **answer} if refused.status == 404 else answer, refused.status
                        )

            return await asyncio.to_thread(run)

        return Route(f"/api/v1/repos/{{owner}}/{{repo}}{path}", guarded(handler), methods=[method])

    def read_branch(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        name = request.path_params["branch"]
        sha = pulls.branch(name)
        message = pulls.git("show", "-s", "--format=%B", sha)
        file = pulls.path / "protected_refs"
        protected = file.exists() and f"refs/heads/{name}" in file.read_text(encoding="utf-8").splitlines()
        return JSONResponse({"name": name, "commit": {"id": sha, "message": f"{message}\n"}, "protected": protected})

    def delete_branch(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        name = request.path_params["branch"]
        pulls.branch(name)
        if pulls.git("symbolic-ref", "--short", "HEAD") == name:
            raise Refused(403, "can not delete default or pull request target branch")
        for pull in pulls.data["pulls"]:
            if pull["source"] == name and not pull["merged"]:
                pulls.pull(pull["number"])
        pulls.git("update-ref", "-d", f"refs/heads/{name}")
        return Response(status_code=204)

    def list_commits(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        head, base = pulls.commit(request.query_params.get("sha") or "HEAD"), request.query_params.get("not")
        if head is None:
            return Response(status_code=404)
        listed = pulls.git("rev-list", head, *([f"^{base}"] if base else [])).split()
        page, size = _paging(request, "limit", 30)
        shown = [{"sha": sha} for sha in listed[(page - 1) * size : page * size]]
        return JSONResponse(shown, headers={"X-Total-Count": str(len(listed))})

    def tree(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        sha = request.path_params["sha"]
        if not pulls.git("rev-parse", "--quiet", "--verify", f"{sha}^{{tree}}", fine=(0, 1, 128)):
            raise Refused(400, f"sha not found [{sha}]")
        entries = []
        for line in pulls.git("ls-tree", sha).splitlines():
            facts, _tab, path = line.partition("\t")
            mode, kind, found = facts.split()
            entries.append({"path": path, "mode": mode, "type": kind, "sha": found})
        page, size = _paging(request, "per_page", 1000)
        return JSONResponse({"sha": sha, "tree": entries[(page - 1) * size : page * size], "total_count": len(entries)})

    def list_pulls(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        state = request.query_params.get("state") or "open"
        base = request.query_params.get("base_branch")
        found = [
            pulls.view(pulls.pull(pull["number"]), str(request.base_url))
            for pull in reversed(pulls.data["pulls"])
            if state in ("all", pull["state"]) and base in (None, "", pull["target"])
        ]
        page, size = _paging(request, "limit", 30)
        shown = found[(page - 1) * size : page * size]
        return JSONResponse(shown, headers={"X-Total-Count": str(len(found))})

    def open_pull(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        return JSONResponse(pulls.view(pulls.open(who(request), body), str(request.base_url)), 201)

    def read_pull(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        return JSONResponse(pulls.view(pulls.pull(request.path_params["number"]), str(request.base_url)))

    def edit_pull(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        number = request.path_params["number"]
        pulls.pull(number)
        changes = {key: body[key] for key in ("title", "body", "state") if body.get(key)}
        if body.get("body") == "":
            changes["body"] = ""
        pulls.change(number, updated_at=_now(), **changes)
        return JSONResponse(pulls.view(pulls.pull(number), str(request.base_url)), 201)

    def merge_pull(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        pulls.merge(request.path_params["number"], body, str(request.base_url))
        return Response(status_code=200)

    def review_view(pulls: Pulls, review: dict[str, Any]) -> dict[str, Any]:
        pull = pulls.pull(review["number"])
        stale = pulls.head(pull) != review["commit_id"]
        return {
            "id": review["id"],
            "user": _user(review["user"]),
            "state": review["state"],
            "body": review["body"],
            "commit_id": review["commit_id"],
            "stale": stale,
            "official": not review["dismissed"] and review["state"] in ("APPROVED", "REQUEST_CHANGES"),
            "dismissed": review["dismissed"],
            "submitted_at": review["submitted_at"],
        }

    def list_reviews(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        number = pulls.pull(request.path_params["number"])["number"]
        found = [review_view(pulls, review) for review in pulls.data["reviews"] if review["number"] == number]
        page, size = _paging(request, "limit", 30)
        shown = found[(page - 1) * size : page * size]
        return JSONResponse(shown, headers={"X-Total-Count": str(len(found))})

    def add_review(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        pull, event = pulls.pull(request.path_params["number"]), str(body.get("event") or "")
        if who(request) == pull["user"] and event in ("APPROVED", "REQUEST_CHANGES"):
            word = "approve" if event == "APPROVED" else "reject"
            raise Refused(422, f"{word} your own pull is not allowed")
        review = {
            "id": len(pulls.data["reviews"]) + 1,
            "number": pull["number"],
            "user": who(request),
            "state": _EVENTS.get(event, "PENDING"),
            "body": str(body.get("body") or ""),
            "commit_id": body.get("commit_id") or pulls.head(pull),
            "submitted_at": _now(),
            "dismissed": False,
        }
        for earlier in pulls.data["reviews"]:
            # Somebody's new word takes the earlier one back.
            if (earlier["number"], earlier["user"]) == (pull["number"], who(request)) and event != "COMMENT":
                earlier["dismissed"] = True
        pulls.data["reviews"].append(review)
        pulls.save()
        return JSONResponse(review_view(pulls, review))

    def status_view(status: dict[str, Any]) -> dict[str, Any]:
        return {
            "status": status["state"],
            **{key: status[key] for key in ("id", "context", "description", "target_url")},
        }

    def add_status(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        sha = pulls.commit(request.path_params["sha"])
        if sha is None:
            raise Refused(500, "GetCommit: object does not exist")
        status = {
            "id": len(pulls.data["statuses"]) + 1,
            "sha": sha,
            "state": str(body.get("state") or ""),
            "context": str(body.get("context") or "default"),
            "description": str(body.get("description") or ""),
            "target_url": str(body.get("target_url") or ""),
        }
        pulls.data["statuses"].append(status)
        pulls.save()
        return JSONResponse(status_view(status), 201)

    def combined_status(request: Request, pulls: Pulls, body: dict[str, Any]) -> Response:
        sha = pulls.commit(request.path_params["ref"])
        if sha is None:
            raise Refused(404)
        latest = {status["context"]: status for status in pulls.data["statuses"] if status["sha"] == sha}
        states = {status["state"] for status in latest.values()}
        state = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
        page, size = _paging(request, "limit", 30)
        shown = [status_view(status) for status in latest.values()][(page - 1) * size : page * size]
        return JSONResponse({"state": state, "sha": sha, "total_count": len(latest), "statuses": shown or None})

    return [
        route("/branches/{branch:path}", "GET", read_branch),
        route("/branches/{branch:path}", "DELETE", delete_branch),
        route("/commits", "GET", list_commits),
        route("/git/trees/{sha}", "GET", tree),
        route("/pulls", "GET", list_pulls),
        route("/pulls", "POST", open_pull),
        route("/pulls/{number:int}", "GET", read_pull),
        route("/pulls/{number:int}", "PATCH", edit_pull),
        route("/pulls/{number:int}/merge", "POST", merge_pull),
        route("/pulls/{number:int}/reviews", "GET", list_reviews),
        route("/pulls/{number:int}/reviews", "POST", add_review),
        route("/statuses/{sha}", "POST", add_status),
        route("/commits/{ref:path}/status", "GET", combined_status),
    ]


def _user(name: str) -> dict[str, Any]:
    return {"login": name, "username": name}


def _paging(request: Request, size: str, default: int) -> tuple[int, int]:
    return int(request.query_params.get("page") or 1), int(request.query_params.get(size) or default)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
