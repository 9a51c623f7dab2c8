# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door for faults: each kind once, and what it leaves behind."""

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
from appsmith_sandbox import faults, process
from appsmith_sandbox.githost import GitHost
from appsmith_sandbox.store import Document

sys.path.insert(0, str(Path(__file__).parent))
from git_world import APPS, EMAIL, PASSWORD, PROFILE, Checkout, Server, server

REPOSITORY = "acme/orders"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    with GitHost(tmp_path_factory.mktemp("faults-host")) as running:
        yield running


@pytest.fixture
def prod(tmp_path: Path, host: GitHost) -> Iterator[Server]:
    host.repositories.import_bundle(REPOSITORY, APPS / "v1.91" / "orders.bundle")
    with server(tmp_path / "production") as running:
        yield running
    host.repositories.delete(REPOSITORY)


@pytest.fixture
def behind(prod: Server, host: GitHost, tmp_path: Path) -> Document:
    """An application whose repository has a commit more, which was fetched."""
    app = prod.import_app(host, REPOSITORY)
    Checkout(host, REPOSITORY, tmp_path / "person").change_query("master", "Dashboard", "list_orders", "new")
    assert prod.git("GET", app["id"], "fetch/remote")["behindCount"] == 1
    return app


def is_new(prod: Server, app: Document) -> bool:
    return bool(prod.actions(app["id"])["list_orders"]["actionConfiguration"]["body"] == "new")


def soon_new(prod: Server, app: Document) -> bool:
    """For work that goes on after the client has given up."""
    deadline = time.monotonic() + 30
    while not is_new(prod, app) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_new(prod, app)


def deployed_at(prod: Server, app: Document) -> str | None:
    stored = prod.store.get("applications", app["id"])
    assert stored
    return stored.get("lastDeployedAt")


@pytest.mark.parametrize(
    ("kind", "said"), [("write-conflict", "(WriteConflict)"), ("no-such-transaction", "(NoSuchTransaction)")]
)
def test_a_conflict_leaves_a_deployment_half_done(prod: Server, behind: Document, kind: str, said: str) -> None:
    number = faults.add(prod.root, kind, application="orders")
    error = prod.git_error("PUT", behind["id"], "discard")
    assert error[:2] == (400, "AE-GIT-4044") and said in error[2]
    status = prod.status(behind["id"])
    assert (status["behindCount"], status["isClean"], is_new(prod, behind)) == (0, False, False)
    assert faults.hits(prod.root, number) == 1
    prod.git("PUT", behind["id"], "discard")
    assert prod.status(behind["id"])["isClean"] and is_new(prod, behind)
    logged = [json.loads(line) for line in (prod.root / "logs" / "requests.jsonl").read_text().splitlines()]
    assert [line.get("fault") for line in logged if line["path"].endswith("discard")] == [kind, None]


@pytest.mark.parametrize("verb", ["discard", "pull"])
def test_an_answer_that_says_done_and_did_nothing(prod: Server, behind: Document, verb: str) -> None:
    prod.save_profile()
    faults.add(prod.root, "nothing", call=verb)
    method = "PUT" if verb == "discard" else "GET"
    assert prod.git(method, behind["id"], verb)
    assert prod.status(behind["id"])["behindCount"] == 1 and not is_new(prod, behind)
    prod.git(method, behind["id"], verb)
    assert is_new(prod, behind)


@pytest.mark.parametrize("verb", ["discard", "pull"])
def test_a_refusal_after_the_work(prod: Server, behind: Document, verb: str) -> None:
    prod.save_profile()
    faults.add(prod.root, "refused-after", call=verb)
    assert prod.git_error("PUT" if verb == "discard" else "GET", behind["id"], verb)[:2] == (400, "AE-GIT-4031")
    assert is_new(prod, behind) and deployed_at(prod, behind) is None
    assert prod.status(behind["id"])["isClean"]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("kind", ["no-answer", "reset", "gateway"])
def test_an_answer_that_gets_lost(prod: Server, behind: Document, kind: str, done: bool) -> None:
    number = faults.add(prod.root, kind, done=done, status=504)
    url = f"{prod.url}/api/v1/git/applications/{behind['id']}/discard"

    def discard(timeout: float) -> requests.Response:
        return requests.put(url, auth=prod.http.auth, headers=dict(prod.http.headers), timeout=timeout)

    if kind == "no-answer":
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(discard, 1.5)
            faults.wait(prod.root, number)
            assert isinstance(asked.exception(), requests.ReadTimeout)
    elif kind == "reset":
        with pytest.raises(requests.ConnectionError, match="reset"):
            discard(60)
    else:
        answer = discard(60)
        assert answer.status_code == 504 and "<title>504 Gateway Timeout</title>" in answer.text
    assert soon_new(prod, behind) if done else not is_new(prod, behind)
    assert prod.status(behind["id"])["behindCount"] == (0 if done else 1)


def test_what_is_late_holds_its_lock_and_is_done_in_the_end(prod: Server, behind: Document) -> None:
    number = faults.add(prod.root, "late", application=behind["id"])
    with ThreadPoolExecutor() as pool:
        work = pool.submit(prod.git, "PUT", behind["id"], "discard")
        faults.wait(prod.root, number)
        assert prod.git_error("GET", behind["id"], "status")[:2] == (500, "AE-GIT-5020")
        assert not is_new(prod, behind) and not work.done()
        faults.remove(prod.root, number)
        assert work.result()["id"] == behind["id"]
    assert is_new(prod, behind)


def test_what_is_late_is_done_though_nobody_waits_for_it(prod: Server, behind: Document) -> None:
    number = faults.add(prod.root, "late")
    url = f"{prod.url}/api/v1/git/applications/{behind['id']}/discard"
    with pytest.raises(requests.ReadTimeout):
        requests.put(url, auth=prod.http.auth, headers=dict(prod.http.headers), timeout=0.5)
    faults.wait(prod.root, number)
    faults.remove(prod.root)
    assert soon_new(prod, behind) and prod.status(behind["id"])["isClean"]


@pytest.mark.parametrize("call", ["status", "pages"])
def test_any_call_may_be_late_some_seconds(prod: Server, behind: Document, call: str) -> None:
    faults.add(prod.root, "late", call=call, seconds=0.3)
    path = {"status": f"git/applications/{behind['id']}/status", "pages": f"pages?applicationId={behind['id']}"}[call]
    began = time.monotonic()
    assert prod.data("GET", path)
    assert time.monotonic() - began >= 0.3


def test_faults_wait_for_their_call_and_end(prod: Server, behind: Document) -> None:
    faults.add(prod.root, "gateway", application="support-desk", call="status")
    number = faults.add(prod.root, "gateway", application="orders", call="status", skip=1, times=2, status=503)
    path = f"git/applications/{behind['id']}/status"
    prod.git("GET", behind["id"], "fetch/remote")
    assert [prod.call("GET", path).status_code for _time in range(4)] == [200, 503, 503, 200]
    assert [rule.hits for rule in faults.listed(prod.root)] == [0, 2]
    faults.remove(prod.root, number)
    assert [rule.application for rule in faults.listed(prod.root)] == ["support-desk"]


def test_a_lock_of_somebody_else(prod: Server, behind: Document) -> None:
    number = faults.add(prod.root, "locked", application="orders")
    error = prod.git_error("GET", behind["id"], "status")
    assert error[:2] == (500, "AE-GIT-5020") and "another command commit" in error[2]
    assert prod.git_error("PUT", behind["id"], "discard")[1] == "AE-GIT-5020"
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(prod.status, behind["id"])
        faults.remove(prod.root, number)
        assert waiting.result()["isClean"]
    faults.add(prod.root, "locked", application="orders", seconds=0.2)
    assert prod.status(behind["id"])["isClean"]


def test_a_lock_that_leaked_ends_by_itself_or_by_a_discard(prod: Server, behind: Document) -> None:
    faults.add(prod.root, "lock-leaked", application="orders")
    assert prod.git_error("GET", behind["id"], "status")[1] == "AE-GIT-5020"
    assert prod.git_error("PUT", behind["id"], "discard")[1] == "AE-GIT-5020"
    prod.git("PUT", behind["id"], "discard")
    faults.add(prod.root, "lock-leaked", application="orders")
    path = f"git/applications/{behind['id']}/status"
    answers = [prod.call("GET", path).status_code]
    while answers[-1] != 200 and len(answers) < 12:
        answers.append(prod.call("GET", path).status_code)
    # 120 s of life are six waits of 20 s.
    assert 1 < len(answers) <= 7 and set(answers) == {500, 200}


def test_a_published_view_that_is_lost(prod: Server, behind: Document) -> None:
    faults.add(prod.root, "view-lost", application="orders")
    assert prod.error("GET", f"pages?applicationId={behind['id']}&mode=PUBLISHED")[:2] == (404, "AE-ACL-4004")
    assert prod.status(behind["id"])["isClean"]
    prod.git("PUT", behind["id"], "discard")
    assert len(prod.data("GET", f"pages?applicationId={behind['id']}&mode=PUBLISHED")["pages"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flood"], "no such fault"),
        (["killed", "--call", "status"], "deployments only"),
        (["locked"], "needs an application"),
        (["view-lost", "--application", "none"], "no such application"),
    ],
)
def test_faults_that_are_none(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = command("add", "--root", str(tmp_path), *arguments)
    assert done.returncode == 2 and said in done.stderr


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    package = Path(faults.__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-m", "appsmith_sandbox", "fault", *arguments],
        env={"PYTHONPATH": str(package), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_instance_leaves_a_half_done_application_and_a_lock(host: GitHost, tmp_path: Path) -> None:
    host.repositories.import_bundle(REPOSITORY, APPS / "v1.91" / "orders.bundle")
    root = tmp_path / "production"
    own: dict[str, str] = {"APPSMITH_RATE_LIMIT": "disabled"}
    running = process.start(root, 0, "v1.91", time_scale=0.02, environment=own)
    url = f"http://127.0.0.1:{running['port']}"
    headers = {"X-Requested-By": "Appsmith", "Origin": url}
    form = {"name": "Dana Dev", "email": EMAIL, "password": PASSWORD}
    requests.post(f"{url}/api/v1/users/super", data=form, headers=headers, timeout=60, allow_redirects=False)

    def call(method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(
            method, f"{url}/api/v1/{path}", json=body, auth=(EMAIL, PASSWORD), headers=headers, timeout=60
        )

    try:
        workspace = call("POST", "workspaces", {"name": "Operations"}).json()["data"]["id"]
        key = call("GET", "git/import/keys").json()["data"]["publicKey"]
        host.repositories.add_key(REPOSITORY, "import", key, True)
        body = {"remoteUrl": host.ssh_url(REPOSITORY), "gitProfile": PROFILE}
        app = call("POST", f"git/import/{workspace}", body).json()["data"]["application"]["id"]
        Checkout(host, REPOSITORY, tmp_path / "person").change_query("master", "Dashboard", "list_orders", "new")
        call("GET", f"git/applications/{app}/fetch/remote").raise_for_status()
        added = command("add", "--root", str(root), "killed", "--application", "orders")
        assert added.stdout == "1\n", added.stderr
        with pytest.raises(requests.ConnectionError):
            call("PUT", f"git/applications/{app}/discard")
        assert command("wait", "--root", str(root), "--number", "1", "--seconds", "5").returncode == 0
        while process.status(root)["running"]:
            time.sleep(0.01)
        process.start(root, running["port"], "v1.91", time_scale=0.02, environment=own)
        # It is still locked: the next status waits in vain, the discard after it frees what has leaked.
        assert call("GET", f"git/applications/{app}/status").status_code == 500
        assert '"kind": "lock-leaked"' in command("list", "--root", str(root)).stdout
        assert command("remove", "--root", str(root)).returncode == 0
        status = call("GET", f"git/applications/{app}/status").json()["data"]
        assert (status["behindCount"], status["isClean"]) == (0, False)
    finally:
        process.stop(root)
        host.repositories.delete(REPOSITORY)
