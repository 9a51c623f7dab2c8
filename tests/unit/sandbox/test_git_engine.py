# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's Git half does, and fails, as observed.md says of the real one; numbers are that file's."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from appsmith_sandbox.githost import GitHost, free_port
from appsmith_sandbox.store import Document

sys.path.insert(0, str(Path(__file__).parent))
from git_world import APPS, PROFILE, Checkout, Server, server

ORDERS = "acme/orders"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    with GitHost(tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture(autouse=True)
def repositories(host: GitHost) -> Iterator[None]:
    """Each test has its own acme/orders and acme/empty."""
    host.repositories.import_bundle(ORDERS, APPS / "v1.91" / "orders.bundle")
    host.repositories.create("acme/empty")
    yield
    for folder in (host.repositories.folder / "acme").iterdir():
        host.repositories.delete(f"acme/{folder.name.removesuffix('.git')}")


@pytest.fixture
def prod(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path / "production") as running:
        yield running


@pytest.fixture
def app(prod: Server, host: GitHost) -> Document:
    return prod.import_app(host, ORDERS)


@pytest.fixture
def person(host: GitHost, tmp_path: Path) -> Checkout:
    return Checkout(host, ORDERS, tmp_path / "person")


def connected(dev: Server, host: GitHost, name: str = "acme/empty") -> Document:
    """A new application with one query, connected."""
    app = dev.data("POST", "applications", {"workspaceId": dev.workspace, "name": "Orders"})
    plugin = next(
        p for p in dev.data("GET", f"plugins?workspaceId={dev.workspace}") if p["packageName"] == "restapi-plugin"
    )
    dev.data(
        "POST",
        "actions",
        {
            "name": "q",
            "pageId": app["pages"][0]["id"],
            "applicationId": app["id"],
            "pluginId": plugin["id"],
            "pluginType": "API",
            "datasource": {
                "name": "DEFAULT_REST_DATASOURCE",
                "pluginId": plugin["id"],
                "datasourceConfiguration": {"url": "https://example.com"},
            },
            "actionConfiguration": {"httpMethod": "GET", "path": "/one", "body": "one"},
        },
    )
    dev.save_profile()
    key = dev.data("POST", f"applications/ssh-keypair/{app['id']}")["publicKey"]
    host.repositories.add_key(name, "app", key, False)
    result: Document = dev.data(
        "POST", f"git/connect/app/{app['id']}", {"remoteUrl": host.ssh_url(name), "gitProfile": PROFILE}
    )
    return result


# Import ---------------------------------------------------------------------------------------------------------------


def test_import_publishes_the_default_branch_without_lastDeployedAt(prod: Server, app: Document) -> None:
    assert app["name"] == "orders" and "lastDeployedAt" not in app
    assert prod.published(app["id"]) == {"list_orders", "get_order", "set_status", "sum"}
    assert prod.status(app["id"])["isClean"] is True


def test_the_same_repository_twice_gives_two_applications(prod: Server, app: Document, host: GitHost) -> None:
    assert prod.import_app(host, ORDERS)["name"] == "orders (1)"
    datasources = prod.data("GET", f"datasources?workspaceId={prod.workspace}")
    assert [one["name"] for one in datasources] == ["orders_db"]
    assert datasources[0]["datasourceStorages"]["unused_env"]["isConfigured"] is False


@pytest.mark.parametrize("repository", [ORDERS, "acme/empty"])
def test_the_new_import_route_never_answers_what_the_old_one_refuses(
    repository: str, prod: Server, host: GitHost
) -> None:
    key = prod.data("GET", "git/import/keys")["publicKey"]
    if repository != ORDERS:
        host.repositories.add_key(repository, "import", key, False)
    body = {"remoteUrl": host.ssh_url(repository), "gitProfile": PROFILE}
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{prod.url}/api/v1/git/artifacts/import?workspaceId={prod.workspace}",
            json=body,
            auth=prod.http.auth,
            headers=dict(prod.http.headers),
            timeout=1.5,
        )
    code = "AE-GIT-4032" if repository == ORDERS else "AE-GIT-4044"
    assert prod.error("POST", f"git/import/{prod.workspace}", body)[:2] == (400, code)
    assert prod.data("GET", f"applications/home?workspaceId={prod.workspace}") == []
    assert list((prod.root / "git-storage").rglob("*.json")) == []


def test_import_without_a_key_and_with_a_wrong_address(prod: Server, host: GitHost) -> None:
    path = f"git/import/{prod.workspace}"
    assert prod.error("POST", path, {"remoteUrl": host.ssh_url(ORDERS), "gitProfile": PROFILE})[1] == "AE-GIT-4031"
    prod.data("GET", "git/import/keys")
    # A key of another repository, and no such repository, are told as a wrong address by every release.
    host.repositories.add_key("acme/empty", "import", prod.data("GET", "git/import/keys")["publicKey"], False)
    for name in (ORDERS, "acme/missing"):
        refused = prod.error("POST", path, {"remoteUrl": host.ssh_url(name), "gitProfile": PROFILE})
        assert refused[1:] == ("AE-APP-4000", "Please enter a valid parameter remote url.")
    for url in ("https://git.example.com/acme/orders.git", "git@host", "", "file:///srv/orders"):
        assert prod.error("POST", path, {"remoteUrl": url, "gitProfile": PROFILE})[1] == "AE-GIT-4031"


def test_a_key_serves_the_repository_that_it_was_imported_with(prod: Server, app: Document) -> None:
    metadata = prod.git("GET", app["id"], "metadata")
    prod.data("GET", "git/artifacts/import/keys")
    assert prod.git("GET", app["id"], "metadata")["publicKey"] == metadata["publicKey"]
    assert prod.git("GET", app["id"], "fetch/remote")["behindCount"] == 0


# Connect --------------------------------------------------------------------------------------------------------------


def test_connect_makes_the_first_commits_and_refuses_what_it_should(
    prod: Server, host: GitHost, tmp_path: Path
) -> None:
    app = prod.data("POST", "applications", {"workspaceId": prod.workspace, "name": "Orders"})

    def connect(repository: str, url: str | None = None) -> tuple[int, str, str]:
        body = {"remoteUrl": url or host.ssh_url(repository), "gitProfile": PROFILE}
        return prod.git_error("POST", app["id"], "connect", body)

    assert connect("acme/empty")[1] == "AE-GIT-4032"
    key = prod.git("POST", app["id"], "ssh-keypair?keyType=RSA")["publicKey"]
    assert key.startswith("ssh-rsa ") and key.endswith(" appsmith")
    assert connect("acme/empty")[1] == "AE-GIT-4032"
    host.repositories.add_key("acme/empty", "app", key, False)
    host.repositories.add_key(ORDERS, "app", key, False)
    assert connect("acme/missing")[1:] == ("AE-APP-4000", "Please enter a valid parameter remote url.")
    assert connect("", f"ssh://git@127.0.0.1:{free_port()}/acme/empty.git")[1] == "AE-GIT-4032"
    assert connect(ORDERS)[1] == "AE-GIT-4033"
    # A key that the host knows for another repository is told as a wrong address.
    host.repositories.create("acme/other")
    assert connect("acme/other")[:2] == (400, "AE-APP-4000")
    old = {"remoteUrl": host.ssh_url("acme/other"), "gitProfile": PROFILE}
    refused = prod.error("POST", f"git/connect/app/{app['id']}", old)
    assert refused[1] == "AE-GIT-4031" and "Invalid remote: origin" in refused[2]
    body = {"remoteUrl": host.ssh_url("acme/empty"), "gitProfile": PROFILE}
    git = prod.git("POST", app["id"], "connect", body)["gitApplicationMetadata"]
    assert (git["branchName"], git["repoName"]) == ("master", "empty")
    assert connect("acme/empty")[1] == "AE-GIT-4033"
    person = Checkout(host, "acme/empty", tmp_path / "person")
    assert person.log("origin/master", 2) == [
        "Dana Dev <dana@example.com> System generated commit, initial commit",
        "Dana Dev <dana@example.com> System added readme file",
    ]
    assert (person.folder / "pages" / "Page1" / "Page1.json").exists()


def test_a_read_only_key_loses_the_connection_and_the_key(prod: Server, host: GitHost) -> None:
    app = prod.data("POST", "applications", {"workspaceId": prod.workspace, "name": "Orders"})
    key = prod.git("POST", app["id"], "ssh-keypair")["publicKey"]
    host.repositories.add_key("acme/empty", "app", key, True)
    body = {"remoteUrl": host.ssh_url("acme/empty"), "gitProfile": PROFILE}
    assert prod.git_error("POST", app["id"], "connect", body)[1] == "AE-GIT-4044"
    assert "remoteUrl" not in prod.git("GET", app["id"], "metadata")
    assert prod.git_error("GET", app["id"], "ssh-keypair")[1] == "AE-GIT-4031"


def test_disconnect_forgets_branches_and_clone(prod: Server, host: GitHost) -> None:
    app = connected(prod, host)
    branch = prod.git("POST", app["id"], "create-ref", {"refName": "develop", "refType": "branch"})
    assert "gitApplicationMetadata" not in prod.git("POST", app["id"], "disconnect")
    assert prod.store.get("applications", branch["id"]) is None
    assert list((prod.root / "git-storage" / prod.workspace).iterdir()) == []


# Commit, branches -----------------------------------------------------------------------------------------------------


def test_commit_by_both_routes(prod: Server, host: GitHost, tmp_path: Path) -> None:
    app = connected(prod, host)
    person = Checkout(host, "acme/empty", tmp_path / "person")
    prod.change(app["id"], "q", "two")
    status = prod.status(app["id"])
    assert sorted(status["modified"]) == ["pages/Page1/queries/q/metadata.json", "pages/Page1/queries/q/q.txt"]
    assert (status["queriesModified"], status["modifiedQueries"], status["isClean"]) == (["Page1/q"], 1, False)
    # 10: commitMessage is unknown to the new route.
    said = prod.git("POST", app["id"], "commit", {"commitMessage": "lost"})
    assert said == "Commit Result : Committed successfully!.\nPush Result : Pushed successfully with status : OK"
    assert person.log("origin/master") == ["Dana Dev <dana@example.com> System generated commit, initial commit"]
    assert "UP_TO_DATE" in prod.git("POST", app["id"], "commit", {"message": "nothing"})
    prod.change(app["id"], "q", "three")
    author = {"name": "Rel Ease", "email": "release@example.com"}
    prod.git("POST", app["id"], "commit", {"message": "third", "author": author})
    assert person.log("origin/master") == ["Rel Ease <release@example.com> third"]
    prod.change(app["id"], "q", "four")
    prod.data("POST", f"git/commit/app/{app['id']}", {"commitMessage": "fourth", "doPush": False})
    assert prod.status(app["id"])["aheadCount"] == 1
    assert prod.data("POST", f"git/push/app/{app['id']}") == "Pushed successfully with status : OK"
    assert person.log("origin/master") == ["Dana Dev <dana@example.com> fourth"]


def test_create_ref_takes_uncommitted_changes_along(prod: Server, host: GitHost) -> None:
    app = connected(prod, host)
    prod.change(app["id"], "q", "uncommitted")
    branch = prod.git("POST", app["id"], "create-ref", {"refName": "develop", "refType": "branch"})
    assert branch["baseId"] == app["id"] != branch["id"]
    assert prod.actions(app["id"])["q"]["actionConfiguration"]["body"] == "one"
    assert prod.actions(branch["id"])["q"]["actionConfiguration"]["body"] == "uncommitted"
    # Nothing was committed: the new branch is the parent's last commit, at the remote too.
    assert prod.status(app["id"])["isClean"] and not prod.status(branch["id"])["isClean"]
    prod.save_profile()
    assert "Committed" in prod.git("POST", branch["id"], "commit", {"message": "moved"})
    assert prod.status(branch["id"])["isClean"]
    # By the old route the parent keeps them as well.
    prod.change(app["id"], "q", "once more")
    other = prod.data("POST", f"git/create-branch/app/{app['id']}", {"branchName": "other"})
    for one in (app, other):
        assert prod.actions(one["id"])["q"]["actionConfiguration"]["body"] == "once more"
    assert prod.status(app["id"])["isClean"] is False and prod.status(other["id"])["isClean"] is True
    again = prod.git_error("POST", app["id"], "create-ref", {"refName": "develop", "refType": "branch"})
    assert again[1] == "AE-GIT-4044" and "already exists" in again[2]
    refs = [ref["refName"] for ref in prod.git("GET", app["id"], "refs")]
    assert refs == ["develop", "master", "other", "origin/develop", "origin/master", "origin/other"]


def test_create_ref_with_a_read_only_key_moves_nothing(prod: Server, host: GitHost) -> None:
    app = prod.import_app(host, ORDERS, read_only=True)
    prod.save_profile()
    prod.change(app["id"], "list_orders", "ours")
    body = {"refName": "rescue", "refType": "branch"}
    refused = prod.git_error("POST", app["id"], "create-ref", body)
    assert refused[:2] == (400, "AE-GIT-4044") and refused[2].endswith("push not permitted")
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "ours"
    assert prod.status(app["id"])["isClean"] is False
    # What it leaves: a local branch, so that the name is taken.
    assert "already exists" in prod.git_error("POST", app["id"], "create-ref", body)[2]
    refs = [ref["refName"] for ref in prod.git("GET", app["id"], "refs")]
    assert "rescue" in refs and "origin/rescue" not in refs
    assert len(prod.store.find("applications", baseId=app["id"])) == 1
    # By the old route the changes are copied and committed before the push is refused, and the lock leaks.
    refused = prod.error("POST", f"git/create-branch/app/{app['id']}", {"branchName": "old-rescue"})
    assert refused[1] == "AE-GIT-4032"
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "ours"
    assert prod.git_error("GET", app["id"], "status")[1] == "AE-GIT-5020"


def test_create_ref_deploys_what_was_behind(prod: Server, app: Document, person: Checkout) -> None:
    person.change_query("master", "Dashboard", "list_orders", "theirs")
    prod.change(app["id"], "get_order", "ours")
    branch = prod.git("POST", app["id"], "create-ref", {"refName": "rescue", "refType": "branch"})
    status = prod.status(app["id"])
    assert (status["isClean"], status["behindCount"]) == (True, 0)
    parent, moved = prod.actions(app["id"]), prod.actions(branch["id"])
    assert parent["list_orders"]["actionConfiguration"]["body"] == "theirs"
    assert parent["get_order"]["actionConfiguration"]["body"] != "ours"
    assert moved["list_orders"]["actionConfiguration"]["body"] != "theirs"
    assert moved["get_order"]["actionConfiguration"]["body"] == "ours"


def test_delete_ref(prod: Server, host: GitHost) -> None:
    app = connected(prod, host)
    branch = prod.git("POST", app["id"], "create-ref", {"refName": "develop", "refType": "branch"})
    delete = "ref?refType=branch&refName="
    default = prod.git_error("DELETE", app["id"], f"{delete}master")
    assert default == (400, "AE-GIT-4044", "git delete ref failed. \nDetails:  Cannot delete default branch")
    # What was last worked on is checked out: status, fetch, commit, checkout of the one branch or the other.
    checkout = {"refName": "develop", "refType": "branch"}
    into_develop = {"sourceBranch": "master", "destinationBranch": "develop"}
    for work in (
        lambda: prod.status(branch["id"]),
        lambda: prod.git("GET", branch["id"], "fetch/remote"),
        lambda: prod.git("POST", branch["id"], "commit", {"message": "x"}),
        lambda: prod.git("POST", app["id"], "checkout-ref", checkout),
        lambda: prod.git("GET", branch["id"], "refs?pruneRefs=true"),
        lambda: prod.git("POST", branch["id"], "merge/status", into_develop),
    ):
        work()
        refused = prod.git_error("DELETE", app["id"], f"{delete}develop")
        assert refused[1] == "AE-GIT-4044"
        assert refused[2] == "git delete branch failed. \nDetails: Cannot delete current checked out branch"
        prod.git("GET", app["id"], "status?compareRemote=false")
    assert prod.git("DELETE", app["id"], f"{delete}develop")["id"] == branch["id"]
    assert prod.git_error("DELETE", app["id"], f"{delete}develop")[1] == "AE-APP-4027"
    assert "origin/develop" in [ref["refName"] for ref in prod.git("GET", app["id"], "refs?pruneRefs=true")]


def test_commit_when_behind_gets_stuck(prod: Server, app: Document, person: Checkout) -> None:
    prod.save_profile()
    person.change_query("master", "Dashboard", "list_orders", "theirs")
    prod.change(app["id"], "list_orders", "ours")
    error = prod.git_error("POST", app["id"], "commit", {"message": "ours"})
    assert error[1] == "AE-GIT-4044" and "pending upstream changes" in error[2]
    prod.git("GET", app["id"], "fetch/remote")
    for _attempt in range(2):
        status = prod.status(app["id"])
        assert (status["isClean"], status["aheadCount"], status["behindCount"]) == (True, 1, 1)
        assert prod.git_error("GET", app["id"], "pull")[1] == "AE-GIT-4047"
        assert prod.git_error("PUT", app["id"], "discard")[1] == "AE-GIT-4044"
    old = prod.error("POST", f"git/commit/app/{app['id']}", {"commitMessage": "again", "doPush": True})
    assert old[1] == "AE-GIT-4048"


# Pull and discard -----------------------------------------------------------------------------------------------------


def test_pull_without_an_author_fails_after_its_work(prod: Server, app: Document, person: Checkout) -> None:
    person.change_query("master", "Dashboard", "list_orders", "new")
    assert prod.git_error("GET", app["id"], "pull")[:2] == (400, "AE-GIT-4031")
    status = prod.status(app["id"])
    assert (status["isClean"], status["behindCount"]) == (True, 0)
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "new"
    home = prod.data("GET", f"applications/home?workspaceId={prod.workspace}")
    assert "lastDeployedAt" not in home[0]
    prod.save_profile()
    prod.git("GET", app["id"], "pull")
    home = prod.data("GET", f"applications/home?workspaceId={prod.workspace}")
    assert "lastDeployedAt" in home[0]


def test_the_first_saved_default_profile_is_the_users_own(prod: Server) -> None:
    wanted = {"authorName": "Release Bot", "authorEmail": "bot@example.com"}
    own = {"authorName": "Dana Dev", "authorEmail": "dana@example.com"}
    assert prod.data("POST", "git/artifacts/profile/default", wanted) == {"default": own}
    assert prod.data("POST", "git/artifacts/profile/default", wanted) == {"default": wanted}
    assert prod.data("GET", "git/profile/default") == wanted


def test_a_look_at_the_default_profile_saves_the_users_own(prod: Server) -> None:
    """Seen in the database of both real releases, though a GET: so the first POST after it sticks."""
    wanted = {"authorName": "Release Bot", "authorEmail": "bot@example.com"}
    own = {"authorName": "Dana Dev", "authorEmail": "dana@example.com"}
    for _time in range(2):
        assert prod.data("GET", "git/artifacts/profile/default") == own
    log = (prod.root / "logs" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["write"] for line in log[-2:]] == [True, False]
    said = prod.data("POST", "git/artifacts/profile/default", {**wanted, "useGlobalProfile": False})
    assert said == {"default": wanted}
    assert prod.data("GET", "git/profile/default") == wanted


@pytest.mark.parametrize("generation", ["old", "new"])
def test_a_refused_pull_leaks_its_lock_on_the_old_route(
    generation: str, host: GitHost, person: Checkout, tmp_path: Path
) -> None:
    with server(tmp_path / "production", time_scale=0.02) as prod:
        app = prod.import_app(host, ORDERS)
        prod.change(app["id"], "list_orders", "ours")
        path = f"git/pull/app/{app['id']}" if generation == "old" else f"git/applications/{app['id']}/pull"
        error = prod.error("GET", path)
        assert error[1] == "AE-GIT-4044" and "uncommitted changes" in error[2]
        if generation == "new":
            assert prod.status(app["id"])["isClean"] is False
            return
        leaked = time.monotonic()
        busy = prod.git_error("GET", app["id"], "status")
        assert busy[:2] == (500, "AE-GIT-5020") and "another command pull" in busy[2]
        assert time.monotonic() - leaked > 20 * 0.02
        assert prod.error("GET", f"git/status/app/{app['id']}")[:2] == (400, "AE-GIT-5016")
        time.sleep(max(0.0, leaked + 120 * 0.02 - time.monotonic()))
        assert prod.status(app["id"])["isClean"] is False
        # Leaked again: a discard waits in vain as well, but its error path frees the lock.
        prod.error("GET", path)
        assert prod.git_error("PUT", app["id"], "discard")[1] == "AE-GIT-5020"
        prod.git("PUT", app["id"], "discard")
        assert prod.status(app["id"])["isClean"] is True


def test_discard_deploys_what_was_fetched(prod: Server, app: Document, person: Checkout) -> None:
    person.change_query("master", "Dashboard", "list_orders", "new")
    prod.git("PUT", app["id"], "discard")
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] != "new"
    prod.change(app["id"], "list_orders", "hotfix")
    assert prod.git("GET", app["id"], "fetch/remote") == {
        "remoteTrackingBranch": "refs/remotes/origin/master",
        "aheadCount": 0,
        "behindCount": 1,
    }
    assert "lastDeployedAt" in prod.git("PUT", app["id"], "discard")
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "new"
    status = prod.status(app["id"])
    assert (status["isClean"], status["behindCount"]) == (True, 0)


def test_a_read_only_key_is_enough_for_all_but_pull(prod: Server, host: GitHost, person: Checkout) -> None:
    app = prod.import_app(host, ORDERS, read_only=True)
    prod.save_profile()
    person.change_query("master", "Dashboard", "list_orders", "new")
    assert prod.status(app["id"])["behindCount"] == 1
    prod.git("GET", app["id"], "fetch/remote")
    prod.git("PUT", app["id"], "discard")
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "new"
    assert prod.git_error("GET", app["id"], "pull")[1] == "AE-GIT-4044"
    # The pull has deployed before its push was refused.
    person.change_query("master", "Dashboard", "list_orders", "newer")
    refused = prod.git_error("GET", app["id"], "pull")
    assert refused[1] == "AE-GIT-4044" and refused[2].startswith(
        "git commit failed. \nDetails: Appsmith couldn't connect"
    )
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "newer"
    # It has taken the published view away, too, and says nothing of it: only a discard brings it back (real v1.91).
    published = f"pages?applicationId={app['id']}&mode=PUBLISHED"
    status = prod.status(app["id"])
    assert (status["isClean"], status["behindCount"]) == (True, 0)
    assert prod.error("GET", published)[:2] == (404, "AE-ACL-4004")
    prod.git("PUT", app["id"], "discard")
    assert len(prod.data("GET", published)["pages"]) == 2
    # A refused commit stays, and so does a refused merge: it is not there to be merged again, only to be pushed.
    prod.change(app["id"], "list_orders", "ours")
    assert prod.git_error("POST", app["id"], "commit", {"message": "ours"})[1:] == refused[1:]
    status = prod.status(app["id"])
    assert (status["isClean"], status["aheadCount"]) == (True, 1)
    prod.git("POST", app["id"], "checkout-ref", {"refName": "origin/staging", "refType": "branch"})
    sides = {"sourceBranch": "staging", "destinationBranch": "master"}
    assert prod.git_error("POST", app["id"], "merge", sides)[1:] == refused[1:]
    assert prod.git("POST", app["id"], "merge/status", sides)["status"] == "ALREADY_UP_TO_DATE"
    assert prod.status(app["id"])["aheadCount"] > 1
    assert prod.error("GET", f"git/pull/app/{app['id']}")[1] == "AE-GIT-4032"


def test_a_protected_branch_refuses_the_pull_after_it_has_deployed(
    prod: Server, app: Document, person: Checkout
) -> None:
    prod.save_profile()
    assert prod.git_error("POST", app["id"], "protected-branches", {"branchNames": ["x"]})[1] == "AE-APP-4007"
    assert prod.git("POST", app["id"], "protected-branches", {"branchNames": ["master"]}) == ["master"]
    person.change_query("master", "Dashboard", "list_orders", "new")
    error = prod.git_error("GET", app["id"], "pull")
    assert error[1] == "AE-GIT-4044" and "Cannot commit to protected branch master" in error[2]
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "new"
    person.change_query("master", "Dashboard", "list_orders", "newer")
    prod.git("GET", app["id"], "fetch/remote")
    prod.git("PUT", app["id"], "discard")
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "newer"
    assert "protected" in prod.git_error("POST", app["id"], "commit", {"message": "x"})[2]


def test_who_opens_a_page_has_its_layout_in_the_newest_format(prod: Server, app: Document, person: Checkout) -> None:
    """Seen on a real v1.91: a viewer changes the published view alone, the editor makes the application dirty."""
    file = person.folder / "pages" / "Dashboard" / "Dashboard.json"
    content = json.loads(file.read_text())
    content["unpublishedPage"]["layouts"][0]["dsl"]["version"] = 92
    file.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False))
    person.git("commit", "-qam", "An older format")
    person.git("push", "-q")
    prod.git("GET", app["id"], "fetch/remote")
    prod.git("PUT", app["id"], "discard")
    page = next(one["id"] for one in app["pages"] if one["isDefault"])

    def formats() -> list[int]:
        exported = prod.call("GET", f"applications/export/{app['id']}").json()["pageList"]
        shown = next(one for one in exported if one["unpublishedPage"]["name"] == "Dashboard")
        return [int(shown[f"{view}Page"]["layouts"][0]["dsl"]["version"]) for view in ("unpublished", "published")]

    assert formats() == [92, 92]
    assert prod.data("GET", f"pages/{page}/view?migrateDsl=true")["layouts"][0]["dsl"]["version"] == 94
    assert formats() == [92, 94] and prod.status(app["id"])["isClean"]
    prod.data("GET", f"pages/{page}?migrateDsl=true")
    assert formats() == [94, 94] and prod.status(app["id"])["modified"] == ["pages/Dashboard/Dashboard.json"]


def test_the_old_routes_have_no_words_for_a_write_conflict(prod: Server, app: Document, person: Checkout) -> None:
    """Seen on a real v1.60, with discards and pulls: 500, and the same half-done deployment."""
    person.change_query("master", "Dashboard", "list_orders", "new")
    prod.git("GET", app["id"], "fetch/remote")
    prod.instance.git["deploying"] = object()
    assert prod.error("PUT", f"git/discard/app/{app['id']}")[:2] == (500, "AE-APP-5000")
    status = prod.status(app["id"])
    assert (status["behindCount"], status["isClean"]) == (0, False)
    prod.instance.git["deploying"] = None
    prod.data("PUT", f"git/discard/app/{app['id']}")
    assert prod.status(app["id"])["isClean"]


def test_a_write_conflict_says_behind_0_and_has_not_deployed(prod: Server, app: Document, person: Checkout) -> None:
    person.change_query("master", "Dashboard", "list_orders", "new")
    prod.git("GET", app["id"], "fetch/remote")
    # Another deployment of this instance is under way.
    prod.instance.git["deploying"] = object()
    error = prod.git_error("PUT", app["id"], "discard")
    assert error[1] == "AE-GIT-4044" and ("WriteConflict" in error[2] or "NoSuchTransaction" in error[2])
    status = prod.status(app["id"])
    assert (status["behindCount"], status["isClean"]) == (0, False)
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] != "new"
    prod.instance.git["deploying"] = None
    prod.git("PUT", app["id"], "discard")
    assert prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "new"


def test_discards_at_the_same_time_break_each_other_and_recover_alone(prod: Server, host: GitHost) -> None:
    ids = [prod.import_app(host, ORDERS)["id"] for _number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda app_id: prod.call("PUT", f"git/applications/{app_id}/discard"), ids))
        fetches = list(pool.map(lambda app_id: prod.call("GET", f"git/applications/{app_id}/fetch/remote"), ids))
    refused = [app_id for app_id, answer in zip(ids, answers, strict=True) if answer.status_code == 400]
    assert 0 < len(refused) < 4
    assert all(answer.ok for answer in fetches)
    for app_id in refused:
        prod.git("PUT", app_id, "discard")


# Versions -------------------------------------------------------------------------------------------------------------


def test_an_older_server_refuses_newer_commits(host: GitHost, tmp_path: Path) -> None:
    host.repositories.import_bundle("acme/old", APPS / "v1.60" / "orders.bundle", ["master", "migrated-by-v1.91"])
    with server(tmp_path / "production", "v1.60", time_scale=0.01) as prod:
        key = prod.data("GET", "git/import/keys")["publicKey"]
        host.repositories.add_key(ORDERS, "import", key, False)
        error = prod.error(
            "POST", f"git/import/{prod.workspace}", {"remoteUrl": host.ssh_url(ORDERS), "gitProfile": PROFILE}
        )
        assert error[:2] == (503, "AE-GIT-5013") and "incompatible" in error[2]
        assert prod.data("GET", f"applications/home?workspaceId={prod.workspace}") == []
        app = prod.import_app(host, "acme/old")
        person = Checkout(host, "acme/old", tmp_path / "person")
        person.git("push", "--quiet", "origin", "origin/migrated-by-v1.91:refs/heads/master")
        assert prod.error("GET", f"git/pull/app/{app['id']}")[:2] == (400, "AE-JSN-4045")
        assert prod.error("GET", f"git/status/app/{app['id']}")[1] == "AE-GIT-5016"
        time.sleep(120 * prod.time_scale)
        # The repository has moved: files are modified that nobody touched.
        status = prod.data("GET", f"git/status/app/{app['id']}")
        assert "metadata.json" in status["modified"] and status["behindCount"] == 0
        assert "uncommitted" in prod.error("GET", f"git/pull/app/{app['id']}")[2]


def test_an_upgrade_makes_every_branch_dirty_and_a_commit_clears_it(host: GitHost, tmp_path: Path) -> None:
    host.repositories.import_bundle("acme/old", APPS / "v1.60" / "orders.bundle", ["master", "staging"])
    with server(tmp_path / "staging", "v1.60") as before:
        app_id = before.import_app(host, "acme/old")["id"]
        branch = before.data("GET", f"git/checkout-branch/app/{app_id}?branchName=origin/staging")["id"]
        for one in (branch, app_id):
            before.data("PUT", f"git/discard/app/{one}")
            assert before.data("GET", f"git/status/app/{one}")["isClean"] is True
        user = before.store.find("users")[0]["id"]
    with server(tmp_path / "staging", "v1.91") as after:
        assert after.store.find("users")[0]["id"] == user
        for one in (app_id, branch):
            status = after.status(one)
            assert status["modified"] and not status["added"] and not status["removed"]
            assert {path.rsplit("/", 1)[-1] for path in status["modified"]} == {"metadata.json"}
            assert "uncommitted" in after.git_error("GET", one, "pull")[2]
            after.git("PUT", one, "discard")
            assert after.status(one)["isClean"] is False
        # 15: auto-commit says PUBLISHED and does nothing here (there is a JS object).
        assert after.git("POST", branch, "auto-commit") == {"autoCommitResponse": "PUBLISHED", "progress": 0}
        assert after.status(branch)["isClean"] is False
        after.git("POST", branch, "commit", {"message": "Migrate to v1.91"})
        assert after.status(branch)["isClean"] is True
    person = Checkout(host, "acme/old", tmp_path / "person")
    bundle = tmp_path / "bundle"
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(APPS / "v1.60" / "orders.bundle"), str(bundle)], check=True
    )
    person.git("fetch", "--quiet", str(bundle), "migrated-by-v1.91")
    assert person.git("diff", "--stat", "FETCH_HEAD", "origin/staging") == ""


def test_dirt_ends_on_production_when_the_branch_has_the_new_format(
    prod: Server, host: GitHost, tmp_path: Path
) -> None:
    """15 and 28: importing an older format makes the dirt of an upgrade; the merge of a migrated branch ends it."""
    host.repositories.import_bundle("acme/old", APPS / "v1.60" / "orders.bundle", ["master", "migrated-by-v1.91"])
    app = prod.import_app(host, "acme/old")
    prod.save_profile()
    assert "metadata.json" in prod.status(app["id"])["modified"]
    assert "uncommitted" in prod.git_error("GET", app["id"], "pull")[2]
    prod.git("PUT", app["id"], "discard")
    assert prod.status(app["id"])["isClean"] is False
    person = Checkout(host, "acme/old", tmp_path / "person")
    person.git("push", "--quiet", "origin", "origin/migrated-by-v1.91:refs/heads/master")
    assert prod.git("GET", app["id"], "fetch/remote")["behindCount"] == 2
    prod.git("PUT", app["id"], "discard")
    assert prod.status(app["id"])["isClean"] is True
    prod.git("GET", app["id"], "pull")
    assert "count_open" in prod.published(app["id"])


def test_auto_commit_pushes_what_the_real_one_pushed(host: GitHost, tmp_path: Path) -> None:
    bundle = APPS / "v1.60" / "support-desk.bundle"
    host.repositories.import_bundle("acme/desk", bundle, ["master", "staging"])
    with server(tmp_path / "staging") as dev:
        app = dev.import_app(host, "acme/desk")
        dev.save_profile()
        branch = dev.git("POST", app["id"], "checkout-ref", {"refName": "origin/staging", "refType": "branch"})["id"]
        dev.git("PUT", app["id"], "discard")
        committed = dev.actions(branch)["list_tickets"]["actionConfiguration"]["body"]
        dev.change(branch, "list_tickets", "somebody's uncommitted change")
        assert dev.git("POST", branch, "auto-commit") == {"autoCommitResponse": "PUBLISHED", "progress": 0}
        assert dev.status(branch)["queriesModified"] == ["Tickets/list_tickets"]
        dev.change(branch, "list_tickets", committed)
        person = Checkout(host, "acme/desk", tmp_path / "person")
        clone = tmp_path / "bundle"
        subprocess.run(["git", "clone", "--quiet", "--bare", str(bundle), str(clone)], check=True)
        person.git("fetch", "--quiet", str(clone), "migrated-by-v1.91")
        # The commit before the last one of that branch is auto-commit's; the last one took its pages back.
        assert person.git("diff", "--stat", "FETCH_HEAD~1", "origin/staging") == ""
        message = "System generated commit, to support new features in Appsmith UNKNOWN"
        assert person.log("origin/staging") == [f"Release Bot <bot@example.com> {message}"]
        status = dev.status(branch)
        assert status["pagesModified"] == ["Customer", "Planning", "Tickets"] and status["modifiedPages"] == 3
        dev.git("POST", branch, "commit", {"message": "Migrate to v1.91"})
        person.git("fetch", "--quiet")
        person.git("fetch", "--quiet", str(clone), "migrated-by-v1.91")
        assert person.git("diff", "--stat", "FETCH_HEAD", "origin/staging") == ""
        assert dev.git("POST", branch, "auto-commit") == {"autoCommitResponse": "IDLE", "progress": 0}


def test_auto_commit_toggle_flips(prod: Server, app: Document) -> None:
    assert prod.data("PATCH", f"git/applications/{app['id']}/auto-commit/toggle") is False
    assert prod.git("GET", app["id"], "metadata")["autoCommitConfig"] == {"enabled": False}
    assert prod.data("PATCH", f"git/auto-commit/toggle/app/{app['id']}") is True


def test_refusals_of_the_old_routes_that_leave_their_lock(host: GitHost, tmp_path: Path) -> None:
    """R1. A checkout of a branch that is there frees it."""
    host.repositories.import_bundle("acme/old", APPS / "v1.60" / "orders.bundle", ["master", "staging"])
    with server(tmp_path / "staging", "v1.60", time_scale=0.01) as dev:
        app_id = dev.import_app(host, "acme/old")["id"]
        dev.data("POST", f"git/create-branch/app/{app_id}", {"branchName": "develop"})
        delete = f"git/branch/app/{app_id}?branchName="
        current = dev.error("DELETE", f"{delete}develop")
        assert current[2] == "git delete branch failed. \nDetails: Cannot delete current checked out branch"
        # That one leaves no lock, these two do.
        again = ("POST", f"git/create-branch/app/{app_id}", {"branchName": "develop"})
        for refused, command in ((again, "createBranch"), (("DELETE", f"{delete}master", None), "delete")):
            assert dev.error(*refused)[1] == "AE-GIT-4044"
            locked = dev.error("GET", f"git/fetch/remote/app/{app_id}")
            assert locked[:2] == (500, "AE-GIT-5020") and f"another command {command}," in locked[2]
            assert dev.error(*again)[1:] == (
                "AE-GIT-4044",
                "git branch failed. \nDetails: git checkout failed. \nDetails: Unable to find master",
            )
            dev.data("GET", f"git/checkout-branch/app/{app_id}?branchName=develop")
            assert dev.data("GET", f"git/fetch/remote/app/{app_id}")["behindCount"] == 0
        # S5: here a checkout of a remote branch is in nobody's way.
        dev.data("GET", f"git/checkout-branch/app/{app_id}?branchName=origin/staging")
        assert dev.data("GET", f"git/fetch/remote/app/{app_id}")["behindCount"] == 0


def test_a_new_branch_is_answered_with_the_time_of_its_origin(host: GitHost, tmp_path: Path) -> None:
    """lastDeployedAt of create and checkout is copied from where the branch comes from."""
    host.repositories.import_bundle("acme/old", APPS / "v1.60" / "orders.bundle", ["master", "staging"])
    with server(tmp_path / "old", "v1.60") as dev:
        app_id = dev.import_app(host, "acme/old")["id"]
        made = dev.data("POST", f"git/create-branch/app/{app_id}", {"branchName": "one"})
        assert "lastDeployedAt" not in made
        path = f"git/checkout-branch/app/{app_id}?branchName="
        # The old route deploys the new branch, the new one its origin.
        assert "lastDeployedAt" in dev.data("GET", f"{path}one")
        assert "lastDeployedAt" not in dev.data("GET", f"{path}origin/staging")
        deployed = dev.data("PUT", f"git/discard/app/{app_id}")["lastDeployedAt"]
        made = dev.data("POST", f"git/create-branch/app/{app_id}", {"branchName": "two"})
        assert made["lastDeployedAt"] == deployed != dev.data("GET", f"{path}two")["lastDeployedAt"]
    with server(tmp_path / "new") as dev:
        app_id = dev.import_app(host, ORDERS)["id"]
        dev.save_profile()
        for name in ("one", "two"):
            made = dev.git("POST", app_id, "create-ref", {"refName": name, "refType": "branch"})
            assert ("lastDeployedAt" in made) is (name == "two")
            seen = dev.git("POST", app_id, "checkout-ref", {"refName": name, "refType": "branch"})
            assert seen.get("lastDeployedAt") == made.get("lastDeployedAt")
        staging = dev.git("POST", app_id, "checkout-ref", {"refName": "origin/staging", "refType": "branch"})
        assert "lastDeployedAt" in staging


# Merges and clashes ---------------------------------------------------------------------------------------------------


def test_merges(prod: Server, host: GitHost) -> None:
    app = connected(prod, host)
    branch = prod.git("POST", app["id"], "create-ref", {"refName": "feature", "refType": "branch"})["id"]
    sides = {"sourceBranch": "feature", "destinationBranch": "master"}
    prod.change(branch, "q", "feature")
    dirty = prod.git("POST", branch, "merge/status", sides)
    assert (dirty["status"], dirty["isMergeAble"]) == ("Merge check failed!", False)
    assert "uncommitted" in prod.git_error("POST", branch, "merge", sides)[2]
    old = prod.error("POST", f"git/merge/app/{branch}", sides)
    assert old[:2] == (406, "AE-GIT-4037")
    prod.git("POST", branch, "commit", {"message": "feature"})
    assert prod.git("POST", branch, "merge/status", sides)["status"] == "MERGED_NOT_COMMITTED"
    assert prod.git("POST", branch, "merge", sides) == {"status": "FAST_FORWARD", "isMergeAble": True}
    assert prod.actions(app["id"])["q"]["actionConfiguration"]["body"] == "feature"
    assert prod.status(app["id"])["isClean"] is True
    assert prod.git("POST", branch, "merge", sides)["status"] == "ALREADY_UP_TO_DATE"
    for one, body in ((branch, "theirs"), (app["id"], "ours")):
        prod.change(one, "q", body)
        prod.git("POST", one, "commit", {"message": body})
    check = prod.git("POST", branch, "merge/status", sides)
    assert (check["status"], check["isMergeAble"]) == ("CONFLICTING", False)
    assert "pages/Page1/queries/q/metadata.json" in check["conflictingFiles"]
    # 34: a conflict is told as a success, and nothing was merged.
    assert prod.git("POST", branch, "merge", sides) == {"status": "CONFLICTING", "isMergeAble": True}
    assert prod.actions(app["id"])["q"]["actionConfiguration"]["body"] == "ours"
    assert prod.status(app["id"])["isClean"] is True
    remote = {"sourceBranch": "origin/feature", "destinationBranch": "master"}
    assert prod.git_error("POST", branch, "merge/status", remote)[1] == "AE-GIT-4040"
    # A branch that is not there: as destination it is not found, as source it fails the look at the path's application.
    for path in ("merge/status", "merge"):
        absent = {"sourceBranch": "feature", "destinationBranch": "nope"}
        assert prod.git_error("POST", branch, path, absent)[:2] == (404, "AE-APP-4027")
    absent = {"sourceBranch": "nope", "destinationBranch": "master"}
    check = prod.git("POST", branch, "merge/status", absent)
    assert check["status"] == "Merge check failed!" and "Remote does not have refs/heads/nope" in check["message"]
    assert prod.git_error("POST", branch, "merge", absent)[1:] == ("AE-GIT-4044", check["message"])
    assert prod.error("POST", f"git/merge/status/app/{branch}", absent)[:2] == (500, "AE-APP-5000")
    # It leaves its lock as well.
    prod.data("GET", f"git/checkout-branch/app/{branch}?branchName=master")
    prod.change(app["id"], "q", "dirty")
    told = prod.data("POST", f"git/merge/status/app/{app['id']}", sides)
    # The changes are those of the path's application, whatever branch the text names.
    assert "local branch feature." in told["message"] and told["referenceDoc"].endswith("merging-branches")


def test_a_merge_of_what_does_not_touch_each_other(prod: Server, host: GitHost, person: Checkout) -> None:
    """Both sides moved: a merge commit, pushed."""
    app = prod.import_app(host, ORDERS)
    prod.save_profile()
    prod.git("POST", app["id"], "create-ref", {"refName": "feature", "refType": "branch"})
    person.git("fetch", "--quiet")
    branch = prod.git("POST", app["id"], "checkout-ref", {"refName": "feature", "refType": "branch"})["id"]
    prod.change(branch, "get_order", "feature")
    prod.git("POST", branch, "commit", {"message": "feature"})
    prod.change(app["id"], "list_orders", "master")
    prod.git("POST", app["id"], "commit", {"message": "master"})
    sides = {"sourceBranch": "feature", "destinationBranch": "master"}
    assert prod.git("POST", branch, "merge", sides)["status"] == "MERGED"
    actions = prod.actions(app["id"])
    assert actions["get_order"]["actionConfiguration"]["body"] == "feature"
    assert actions["list_orders"]["actionConfiguration"]["body"] == "master"
    status = prod.status(app["id"])
    assert (status["isClean"], status["aheadCount"], status["behindCount"]) == (True, 0, 0)


def test_checkout_of_a_remote_branch_is_in_the_way_of_fetch_until_a_discard(prod: Server, app: Document) -> None:
    def refused(name: str) -> list[tuple[int, str, str]]:
        """By the new route and by the old one."""
        return [
            prod.git_error("POST", app["id"], "checkout-ref", {"refName": name, "refType": "branch"}),
            prod.error("GET", f"git/checkout-branch/app/{app['id']}?branchName={name}"),
        ]

    new, old = refused("nope")
    assert (new[:2], old[:2]) == ((500, "AE-APP-5000"), (404, "AE-APP-4027"))
    begin = "git checkout branch failed. \nDetails: "
    assert refused("origin/nope") == [
        (400, "AE-GIT-4044", f"{begin}Remote does not have refs/heads/nope available for fetch."),
        (400, "AE-GIT-4044", f"{begin}Ref origin/nope cannot be resolved"),
    ]
    branch = prod.git("POST", app["id"], "checkout-ref", {"refName": "origin/staging", "refType": "branch"})
    assert refused("origin/staging") == [
        (400, "AE-GIT-4044", f"{begin}Ref staging already exists"),
        (400, "AE-GIT-4044", "git checkout failed. \nDetails: origin/staging already exists in local - staging"),
    ]
    assert branch["gitApplicationMetadata"]["branchName"] == "staging" and branch["baseId"] == app["id"]
    assert "count_open" in prod.published(branch["id"])
    error = prod.git_error("GET", app["id"], "fetch/remote")
    assert error[1] == "AE-GIT-4044" and "Checkout conflict with files" in error[2]
    assert prod.status(app["id"])["behindCount"] == 0
    prod.git("PUT", app["id"], "discard")
    assert prod.git("GET", app["id"], "fetch/remote")["behindCount"] == 0


def test_a_datasource_of_that_name_by_another_plugin(prod: Server, host: GitHost) -> None:
    mysql = next(
        p for p in prod.data("GET", f"plugins?workspaceId={prod.workspace}") if p["packageName"] == "mysql-plugin"
    )
    body = {"name": "orders_db", "workspaceId": prod.workspace, "pluginId": mysql["id"], "datasourceStorages": {}}
    prod.data("POST", "datasources", body)
    app = prod.import_app(host, ORDERS)
    status = prod.status(app["id"])
    assert (status["datasourcesAdded"], status["datasourcesRemoved"]) == (["orders_db #1"], ["orders_db"])
    assert status["modifiedDatasources"] == 2 and "Dashboard/list_orders" in status["queriesModified"]
    assert "uncommitted" in prod.git_error("GET", app["id"], "pull")[2]


def test_the_hosts_own_protection_undoes_the_commit(prod: Server, host: GitHost) -> None:
    app = connected(prod, host)
    host.repositories.protect("acme/empty", "master")
    prod.change(app["id"], "q", "two")
    assert prod.git_error("POST", app["id"], "commit", {"message": "x"})[1] == "AE-GIT-4044"
    status = prod.status(app["id"])
    assert (status["isClean"], status["aheadCount"]) == (False, 0)


def _refusals(server: Server, app_id: str) -> dict[str, str]:
    """Code, and the end of the message where codes are shared, of the calls that need a connection."""
    calls = {
        "status": ("GET", "status", None),
        "fetch": ("GET", "fetch/remote", None),
        "pull": ("GET", "pull", None),
        "refs": ("GET", "refs", None),
        "commit": ("POST", "commit", {"message": "x"}),
        "discard": ("PUT", "discard", None),
        "create": ("POST", "create-ref", {"refName": "x", "refType": "branch"}),
        "checkout": ("POST", "checkout-ref", {"refName": "x", "refType": "branch"}),
        "delete": ("DELETE", "ref?refName=x&refType=branch", None),
        "merge": ("POST", "merge", {"sourceBranch": "a", "destinationBranch": "b"}),
        "disconnect": ("POST", "disconnect", None),
        "protect": ("POST", "protected-branches", {"branchNames": ["x"]}),
    }
    said = {}
    for name, (method, verb, body) in calls.items():
        _status, code, message = server.git_error(method, app_id, verb, body)
        said[name] = f"{code} {message.split('. ')[1]}" if code == "AE-GIT-4031" else code
    return said


def test_not_connected_and_not_there(prod: Server, host: GitHost) -> None:
    """As real servers of both releases said; a deploy key alone makes a difference, a past connection none."""
    app_id = prod.data("POST", "applications", {"workspaceId": prod.workspace, "name": "Plain"})["id"]
    nothing = (
        "AE-GIT-4031 Details: Unable to find the git configuration, please configure your application with git to use "
        "version control service"
    )
    never = {
        **dict.fromkeys(("status", "fetch", "pull", "refs", "commit", "discard", "create", "checkout"), nothing),
        **{"delete": "AE-APP-4027", "merge": nothing, "protect": "AE-APP-5000"},
        "disconnect": "AE-GIT-4031 Details: Please reconfigure the artifact to connect to git repo",
    }
    assert _refusals(prod, app_id) == never
    assert set(prod.git("GET", app_id, "metadata")) == {"refType", "gitProfiles", "autoCommitConfig"}
    assert prod.git_error("GET", app_id, "protected-branches")[:2] == (500, "AE-APP-5000")
    assert prod.git("POST", app_id, "auto-commit")["autoCommitResponse"] == "NON_GIT_APP"
    assert "Can't find valid SSH key" in prod.git_error("GET", app_id, "ssh-keypair")[2]
    prod.git("POST", app_id, "ssh-keypair")
    assert _refusals(prod, app_id) == {
        **dict.fromkeys(("status", "fetch", "pull", "commit"), "AE-APP-4000"),
        **dict.fromkeys(("discard", "checkout", "disconnect", "protect"), "AE-APP-5000"),
        **dict.fromkeys(("delete", "merge"), "AE-APP-4027"),
        "refs": nothing,
        "create": ("AE-GIT-4031 Details: Unable to find the parent reference"),
    }
    metadata = prod.git("GET", app_id, "metadata")
    assert metadata["defaultApplicationId"] == metadata["defaultArtifactId"] == app_id and metadata["publicKey"]
    assert prod.git("GET", app_id, "protected-branches") == []
    assert prod.git_error("POST", app_id, "auto-commit")[1] == "AE-APP-4000"
    app = connected(prod, host)
    prod.git("POST", app["id"], "disconnect")
    assert _refusals(prod, app["id"]) == never
    assert prod.git_error("GET", "0" * 24, "status")[:2] == (404, "AE-ACL-4004")


def test_v1_60_has_the_old_routes_and_parts_of_the_new(host: GitHost, tmp_path: Path) -> None:
    host.repositories.import_bundle("acme/old", APPS / "v1.60" / "orders.bundle", ["master", "staging"])
    with server(tmp_path / "production", "v1.60") as prod:
        app = prod.import_app(host, "acme/old")
        assert "refName" not in app["gitApplicationMetadata"]
        assert prod.git("GET", app["id"], "branches")[0]["refName"] == "master"
        for verb in ("refs", "protected-branches", "ssh-keypair"):
            assert prod.call("GET", f"git/applications/{app['id']}/{verb}").status_code == 404
        assert prod.data("GET", f"git/branch/app/{app['id']}")[0]["branchName"] == "master"
        # The old import saves the author that it is given (26), so this pull has one.
        assert prod.data("GET", f"git/pull/app/{app['id']}")["mergeStatus"]["isMergeAble"] is True
