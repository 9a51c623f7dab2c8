# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pull request at the sandbox's Git host, by the collection's own code. That it answers as Gitea: tests/gitea."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _forge_flow
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import CLOSED, MERGED, OPEN
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_flow import Work
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitea import Gitea
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_look import Wanted, carry_out
from appsmith_sandbox.githost import PASSWORD, TOKEN, USERNAME, GitHost
from appsmith_sandbox.githost_pulls import REVIEWER, REVIEWER_PASSWORD, Pulls

ORDERS = Path(__file__).parents[2] / "fixtures" / "apps" / "v1.91" / "orders.bundle"
NAME = "acme/orders"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost(tmp_path) as running:
        running.repositories.import_bundle(NAME, ORDERS)
        change(running, "staging", "first")
        yield running


def change(host: GitHost, branch: str, text: str) -> None:
    """One more commit on a branch, with a file that says this."""
    pulls = Pulls(host.repositories.path(NAME), NAME)
    clone = host.root / f"{branch}-{text}"
    pulls.git("clone", "--quiet", "--branch", branch, str(pulls.path), str(clone))
    inside = (f"--git-dir={clone / '.git'}", f"--work-tree={clone}")
    (clone / "note.txt").write_text(text, encoding="utf-8")
    pulls.git(*inside, "add", str(clone / "note.txt"))
    pulls.git(*inside, "commit", "--quiet", "-m", f"Say {text}")
    pulls.git(*inside, "push", "--quiet", "origin", branch)


def work(host: GitHost, state: str = MERGED, **more: Any) -> Work:
    one = Work(
        Gitea({"forge_url": host.http_url, "forge_token": TOKEN}),
        host.ssh_url(NAME),
        Wanted("staging", "master", state=state, **more),
    )
    carry_out([one])
    return one


def call(host: GitHost, path: str, body: dict[str, Any], user: tuple[str, str] = (USERNAME, PASSWORD)) -> int:
    url = f"{host.http_url}/api/v1/repos/{NAME}/{path}"
    return requests.post(url, json=body, auth=user, timeout=10).status_code


def test_open_close_wait_and_merge(host: GitHost) -> None:
    first = work(host, OPEN, title="Week 47")
    assert first.error is None and (first.entry["opened"], first.entry["number"]) == (True, 1)
    assert work(host, OPEN).entry["changed"] is False
    assert work(host, CLOSED).entry["state"] == CLOSED
    late = work(host, checks=True, approvals=1, timeout=0)
    assert "no check was reported" in str(late.error) and "0 of 1 approvals" in str(late.error)
    assert call(host, "pulls/2/reviews", {"event": "APPROVED"}) == 422
    assert call(host, "pulls/2/reviews", {"event": "APPROVED"}, (REVIEWER, REVIEWER_PASSWORD)) == 200
    assert call(host, f"statuses/{late.entry['head']}", {"state": "success", "context": "ci/test"}) == 201
    done = work(host, checks=True, approvals=1)
    assert done.error is None and (done.entry["state"], done.entry["approved_by"]) == (MERGED, [REVIEWER])
    pulls = Pulls(host.repositories.path(NAME), NAME)
    assert pulls.branch("master") == done.entry["merge_commit"]
    assert work(host).entry["changed"] is False


def test_a_protected_branch_takes_requests_and_a_conflict_is_one(
    host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_forge_flow, "UNCLEAR", 0)
    host.repositories.protect(NAME, "master")
    assert work(host).entry["state"] == MERGED
    host.repositories.protect(NAME, "master", False)
    change(host, "staging", "one")
    change(host, "master", "two")
    conflict = work(host)
    assert type(conflict.error).__name__ == "MergeConflict" and conflict.entry["state"] == OPEN
