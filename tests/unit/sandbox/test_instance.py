# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance as a process: start, start-up, versions, administrators, sign-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from appsmith_sandbox import process
from appsmith_sandbox.releases import UnknownRelease, release, start_refusal
from appsmith_sandbox.store import Store

ADMIN = {"email": "admin@example.com", "name": "Ada Admin", "password": "a-made-up-password"}
SCRIPT = {"X-Requested-By": "Appsmith"}
SANDBOX = Path(process.__file__).resolve().parent.parent


def cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appsmith_sandbox", *arguments],
        env={**os.environ, "PYTHONPATH": str(SANDBOX), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Server:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = ""

    def start(self, version: str, admins: str = "", **more: Any) -> None:
        before = os.environ.get("APPSMITH_ADMIN_EMAILS")
        os.environ["APPSMITH_ADMIN_EMAILS"] = admins
        try:
            self.url = f"http://127.0.0.1:{process.start(self.root, 0, version, **more)['port']}"
        finally:
            if before is None:
                del os.environ["APPSMITH_ADMIN_EMAILS"]
            else:
                os.environ["APPSMITH_ADMIN_EMAILS"] = before

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> requests.Response:
        return requests.post(
            f"{self.url}/api/v1/{path}",
            data=form,
            headers={"Origin": self.url, **SCRIPT, **headers},
            allow_redirects=False,
            timeout=10,
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(f"{self.url}/api/v1/{path}", timeout=10, **options)

    def me(self) -> dict[str, Any]:
        return dict(self.get("users/me", auth=(ADMIN["email"], ADMIN["password"])).json()["data"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "instance")
    yield made
    process.stop(made.root)


@pytest.fixture(scope="module")
def v1_91(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("v1.91"))
    made.start("v1.91")
    assert made.post("users/super", ADMIN).headers["location"].startswith("/signup-success")
    yield made
    process.stop(made.root)


def test_command_line(tmp_path: Path) -> None:
    root = ("--root", str(tmp_path))
    assert cli("instance", "status", *root).returncode == 3
    unknown = cli("instance", "start", *root, "--version", "v1.999")
    assert (unknown.returncode, unknown.stdout) == (2, "") and "v1.999" in unknown.stderr
    started = cli("instance", "start", *root, "--version", "v1.60", "--name", "staging")
    try:
        facts = json.loads(started.stdout)
        assert (started.returncode, facts["version"], facts["name"]) == (0, "v1.60", "staging")
        assert requests.get(f"http://127.0.0.1:{facts['port']}/info", timeout=5).json()["version"] == "v1.60"
        status = cli("instance", "status", *root)
        assert status.returncode == 0 and json.loads(status.stdout)["pid"] == facts["pid"]
        again = cli("instance", "start", *root, "--version", "v1.91")
        assert again.returncode == 1 and "already" in again.stderr
        assert cli("exec", *root, "--", "appsmithctl", "version").stdout == "v1.60\n"
        assert cli("exec", *root, "--", "ls").returncode == 127
    finally:
        assert cli("instance", "stop", *root).returncode == 0
    assert cli("instance", "status", *root).returncode == 3
    assert cli("instance", "stop", *root).returncode == 0
    assert cli("exec", *root, "--", "appsmithctl", "version").returncode == 1


def test_comes_up_slowly(server: Server) -> None:
    server.start("v1.91", startup_seconds=1.0)
    assert (server.get("health").status_code, server.get("health").text) == (502, "502 Bad Gateway")
    page = requests.get(server.url, timeout=5)
    assert page.status_code == 200 and "Appsmith is starting" in page.text
    assert requests.get(f"{server.url}/info", timeout=5).json()["version"] == "v1.91"
    deadline = time.monotonic() + 10
    while server.get("health").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.get("health").json()["data"] == "All systems are up"


def test_a_killed_one_is_not_running(server: Server) -> None:
    server.start("v1.91")
    os.kill(process.status(server.root)["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 5
    while process.status(server.root)["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    server.start("v1.91")
    assert server.get("health").status_code == 200


def test_upgrade_keeps_state_and_downgrade_is_refused(server: Server) -> None:
    server.start("v1.60")
    server.post("users/super", ADMIN)
    process.stop(server.root)
    server.start("v1.91", admins=ADMIN["email"])
    assert server.me()["isSuperUser"] is True
    process.stop(server.root)
    # The container runs, its backend does not come up.
    assert cli("instance", "start", "--root", str(server.root), "--version", "v1.60").returncode == 0
    assert "start refused" in (server.root / "logs" / "backend" / "backend.log").read_text(encoding="utf-8")
    assert process.status(server.root)["running"] and process.supervised(server.root) != "RUNNING"
    process.stop(server.root)
    assert process.status(server.root) == {"running": False, "pid": None, "port": None, "version": "v1.60"}
    server.start("v1.91")
    assert server.me()["email"] == ADMIN["email"]


def test_queries_are_migrated(server: Server) -> None:
    server.start("v1.60")
    process.stop(server.root)
    store = Store(process.store_path(server.root))
    version = {"name": "q", "actionConfiguration": {}, "executeOnLoad": True}
    store.insert("actions", {"id": "a" * 24, "edit": version, "published": {**version, "executeOnLoad": False}})
    store.close()
    server.start("v1.91")
    store = Store(process.store_path(server.root))
    migrated = store.get("actions", "a" * 24)
    store.close()
    assert migrated is not None
    assert [migrated[one].get("runBehaviour") for one in ("edit", "published")] == ["ON_PAGE_LOAD", "MANUAL"]
    assert "executeOnLoad" not in migrated["edit"]


def test_versions() -> None:
    assert (release("v1.60").server_schema, release("v1.60").client_schema) == (11, 2)
    assert (release("1.91").server_schema, release("v2.5.0").server_schema) == (12, 13)
    assert release("v2.4.0") == release("v2.4") and release("v2.4").name == "v2.4"
    assert [one for one in ("v1.60", "v1.61", "v1.91", "v2.7.1") if release(one).checked] == ["v1.60", "v1.91"]
    for wrong in ("v3.0", "banana", "v1.9.39"):
        with pytest.raises(UnknownRelease):
            release(wrong)
    assert start_refusal(release("v1.91"), release("v1.99")) is None
    assert "CHECKPOINT MISSED" in (start_refusal(release("v1.91"), release("v2.7.1")) or "")
    assert start_refusal(release("v1.99"), release("v2.7.1")) is None


def test_restart_without_admin_emails_takes_the_super_user_away(server: Server) -> None:
    server.start("v1.91")
    server.post("users/super", ADMIN)
    assert server.me()["isSuperUser"] is True
    process.stop(server.root)
    server.start("v1.91")
    assert server.me()["isSuperUser"] is False
    assert server.get("admin/env", auth=(ADMIN["email"], ADMIN["password"])).status_code == 403
    process.stop(server.root)
    server.start("v1.91", admins=ADMIN["email"])
    assert server.me()["isSuperUser"] is True


def test_admin_emails_on_a_fresh_instance_stand_in_the_way_of_the_super_user(server: Server) -> None:
    server.start("v1.91", admins=ADMIN["email"])
    assert server.get("users/me").json()["data"]["emptyInstance"] is False
    assert "error=Unauthorized" in server.post("users/super", ADMIN).headers["location"]
    assert server.post("users", ADMIN).headers["location"].startswith("/signup-success")
    assert server.me()["isSuperUser"] is True


def test_the_fifth_wrong_password_suspends_and_basic_costs_nothing(v1_91: Server) -> None:
    user = {"email": "suspended@example.com", "name": "Sue", "password": "another-password"}
    v1_91.post("users", user)
    right = {"username": user["email"], "password": user["password"]}
    for _attempt in range(8):
        assert v1_91.get("users/me", auth=(user["email"], "wrong")).status_code == 401
    assert v1_91.post("login", right).headers["location"] == f"{v1_91.url}/applications"
    for _attempt in range(5):
        wrong = v1_91.post("login", {**right, "password": "wrong"})
        assert wrong.status_code == 302 and wrong.headers["location"].endswith("/user/login?error=true")
    assert "suspended" in v1_91.post("login", right).headers["location"]
    assert v1_91.get("users/me", auth=(user["email"], user["password"])).status_code == 200


def test_session_and_logout(v1_91: Server) -> None:
    session = requests.Session()
    session.headers.update(SCRIPT)
    form = {"username": ADMIN["email"], "password": ADMIN["password"]}
    session.post(f"{v1_91.url}/api/v1/login", data=form, allow_redirects=False, timeout=5)
    assert session.get(f"{v1_91.url}/api/v1/users/me", timeout=5).json()["data"]["isAnonymous"] is False
    session.post(f"{v1_91.url}/api/v1/logout", timeout=5)
    assert session.get(f"{v1_91.url}/api/v1/users/me", timeout=5).json()["data"]["isAnonymous"] is True


def test_csrf_of_new_releases(v1_91: Server) -> None:
    url = f"{v1_91.url}/api/v1/login"
    form = {"username": "x@example.com", "password": "x"}
    assert requests.post(url, data=form, allow_redirects=False, timeout=5).status_code == 403
    session = requests.Session()
    session.get(f"{v1_91.url}/api/v1/users/me", timeout=5)
    token = session.cookies["XSRF-TOKEN"]
    form = {**form, "_csrf": token}
    assert session.post(url, data=form, allow_redirects=False, timeout=5).status_code == 302


def test_csrf_of_old_releases(server: Server) -> None:
    server.start("v1.60")
    form = {"username": "x@example.com", "password": "x"}
    url = f"{server.url}/api/v1"
    assert requests.post(f"{url}/login", data=form, allow_redirects=False, timeout=5).status_code == 302
    assert requests.post(f"{url}/logout", timeout=5).status_code == 403
    assert requests.post(f"{url}/logout", headers=SCRIPT, timeout=5).status_code == 200


def test_version_probe(v1_91: Server) -> None:
    answer = v1_91.get("users/me", headers={"X-Appsmith-Version": "v0"})
    body = answer.json()
    assert (answer.status_code, body["responseMeta"]["error"]["code"]) == (400, "AE-BAD-4002")
    assert body["data"]["serverVersion"] == "v1.91"
    assert v1_91.get("users/me", headers={"X-Appsmith-Version": "v1.91"}).status_code == 200


def test_unknown_routes_and_content_types(v1_91: Server) -> None:
    basic = {"auth": (ADMIN["email"], ADMIN["password"]), "timeout": 5}
    unknown = requests.get(f"{v1_91.url}/api/v1/environments", **basic)  # type: ignore[arg-type]
    assert unknown.status_code == 404 and "No static resource" in unknown.json()["responseMeta"]["message"]
    assert v1_91.get("environments").status_code == 401
    text = requests.post(
        f"{v1_91.url}/api/v1/workspaces", data="x", headers={**SCRIPT, "Content-Type": "text/plain"}, **basic
    )  # type: ignore[arg-type]
    assert text.status_code == 400 and text.json()["responseMeta"]["message"] == "Unsupported Content-Type"


def test_request_log_tells_writes(v1_91: Server) -> None:
    basic = (ADMIN["email"], ADMIN["password"])
    name = {"name": "Logged"}
    requests.post(f"{v1_91.url}/api/v1/workspaces", json=name, auth=basic, timeout=5).raise_for_status()
    v1_91.get("workspaces/home", auth=basic)
    lines = (v1_91.root / "logs" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    last = [json.loads(line) for line in lines[-2:]]
    assert [(one["method"], one["path"], one["write"], one["status"]) for one in last] == [
        ("POST", "/api/v1/workspaces", True, 201),
        ("GET", "/api/v1/workspaces/home", False, 200),
    ]
    assert last[0]["user"] == ADMIN["email"]


def test_environment(v1_91: Server) -> None:
    basic = (ADMIN["email"], ADMIN["password"])
    url = f"{v1_91.url}/api/v1/admin/env"
    headers = {**SCRIPT, "Origin": v1_91.url}
    more = {"auth": basic, "headers": headers, "timeout": 5}
    assert (
        requests.put(url, json={"APPSMITH_MAIL_HOST": "mail"}, auth=basic, headers=SCRIPT, timeout=5).status_code == 400
    )
    unknown = requests.put(url, json={"APPSMITH_MAIL_HOST": "mail", "PATH": "/"}, **more)  # type: ignore[arg-type]
    assert unknown.status_code == 400 and "APPSMITH_MAIL_HOST" not in v1_91.get("admin/env", auth=basic).json()["data"]
    parts = {"APPSMITH_MAIL_HOST": (None, "mail example"), "instanceName": (None, "Tools")}
    assert requests.put(url, files=parts, **more).json()["responseMeta"]["success"] is True  # type: ignore[arg-type]
    values = v1_91.get("admin/env", auth=basic).json()["data"]
    assert (values["APPSMITH_MAIL_HOST"], values["APPSMITH_MAIL_ENABLED"]) == ("mail example", "true")
    assert "APPSMITH_ENCRYPTION_PASSWORD" not in values
    tenant = v1_91.get("tenants/current").json()["data"]
    assert tenant["organizationConfiguration"]["instanceName"] == "Tools"
    without_me = requests.put(url, json={"APPSMITH_ADMIN_EMAILS": "other@example.com"}, **more)  # type: ignore[arg-type]
    assert without_me.status_code == 400
    # A switch that this release keeps in the organization; it doesn't say which variable it refuses.
    moved = requests.put(url, json={"APPSMITH_SIGNUP_DISABLED": "true"}, **more)  # type: ignore[arg-type]
    assert moved.json()["responseMeta"]["error"]["message"] == "Bad request: {0}"
    # An empty host is written, and then it stumbles.
    empty = requests.put(url, json={"APPSMITH_MAIL_HOST": ""}, **more)  # type: ignore[arg-type]
    assert empty.status_code == 500 and "APPSMITH_MAIL_HOST" not in v1_91.get("admin/env", auth=basic).json()["data"]


def test_an_older_release_keeps_sign_up_in_docker_env(server: Server) -> None:
    server.start("v1.60", admins=ADMIN["email"])
    assert server.post("users", ADMIN).headers["location"].startswith("/signup-success")
    more: dict[str, Any] = {
        "auth": (ADMIN["email"], ADMIN["password"]),
        "headers": {**SCRIPT, "Origin": server.url},
        "timeout": 5,
    }
    stranger = {"email": "stranger@example.com", "password": "Stranger-2026!"}
    said = requests.put(f"{server.url}/api/v1/tenants", json={"isSignupDisabled": True}, **more)
    assert said.status_code == 200 and "isSignupDisabled" not in said.json()["data"]["tenantConfiguration"]
    requests.put(f"{server.url}/api/v1/admin/env", json={"APPSMITH_SIGNUP_DISABLED": "true"}, **more)
    assert "restricted" in server.post("users", stranger).headers["location"]
    requests.put(f"{server.url}/api/v1/admin/env", json={"APPSMITH_SIGNUP_DISABLED": "false"}, **more)
    assert server.post("users", stranger).headers["location"].startswith("/signup-success")


def test_anonymous_readers_get_404_or_401(v1_91: Server) -> None:
    nobody = "0" * 24
    assert v1_91.get(f"applications/home?workspaceId={nobody}").status_code == 404
    assert v1_91.get(f"pages?applicationId={nobody}").status_code == 404
    assert v1_91.get(f"workspaces/{nobody}").status_code == 401


def test_rate_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPSMITH_RATE_LIMIT", "5")
    server.start("v1.91")
    codes = [server.get("health").status_code for _request in range(8)]
    assert codes.count(200) == 5 and codes[-1] == 429


def test_admin_restart_keeps_port_and_sessions(server: Server) -> None:
    server.start("v1.91")
    server.post("users/super", ADMIN)
    pid = process.status(server.root)["pid"]
    basic = (ADMIN["email"], ADMIN["password"])
    answer = requests.post(f"{server.url}/api/v1/admin/restart", headers=SCRIPT, auth=basic, timeout=5)
    assert answer.json()["data"] is True
    deadline = time.monotonic() + 10
    starts: list[str] = []
    while len(starts) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        log = (server.root / "logs" / "backend" / "backend.log").read_text(encoding="utf-8")
        starts = [line for line in log.splitlines() if line.endswith("started")]
    while True:
        try:
            if server.get("health").status_code == 200:
                break
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    # exec keeps the process, so whoever minds it by its pid still does.
    assert process.status(server.root)["pid"] == pid
