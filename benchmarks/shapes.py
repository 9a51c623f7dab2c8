# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of an Appsmith with one application, taken from the sandbox (tests/sandbox), as templates for many.

`python benchmarks/shapes.py` takes them anew and writes shapes.json; a test compares that file with today's sandbox.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("shapes.json")
EMAIL, PASSWORD = "dana@example.com", "a-made-up-password"
APPLICATION, WORKSPACE, BRANCH = "@APPLICATION@", "@WORKSPACE@", "master"
_OLD, _NEW = "SELECT 'the old commit'", "SELECT 'the new commit'"
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TIMES = {"modifiedAt": "@MODIFIED@", "lastDeployedAt": "@DEPLOYED@", "lastCommittedAt": "@COMMITTED@"}
_BODIES = {"unpublishedAction": "@EDIT@", "publishedAction": "@PUBLISHED@"}


def load() -> dict[str, Any]:
    shapes: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return shapes


class _Templates:
    """What stands for the one application becomes a mark; other ids get short, lasting names."""

    def __init__(self, application: str, workspace: str) -> None:
        self._ids = {application: APPLICATION, workspace: WORKSPACE}

    def _id(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found.group(), f"5ca1ab1e{len(self._ids):016x}")

    def template(self, value: Any, inside: str = "") -> Any:
        if isinstance(value, dict):
            return {
                key: _TIMES.get(key) or self._named(key, item, inside if key not in _BODIES else key)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.template(item, inside) for item in value]
        if isinstance(value, str):
            text = _TIME.sub("2026-01-01T00:00:00.000Z", _ID.sub(self._id, value))
            return _UUID.sub("00000000-0000-4000-8000-000000000000", text)
        return value

    def _named(self, key: str, value: Any, inside: str) -> Any:
        if value == "orders" and key in ("name", "slug", "repoName"):
            return "@NAME@"
        if key == "remoteUrl" and value:
            return "ssh://git@git.example.com:2222/acme/@NAME@.git"
        if key == "browserSupportedRemoteUrl" and value:
            return "https://git.example.com/acme/@NAME@"
        if key == "publicKey":
            return "ecdsa-sha2-nistp256 AAAA appsmith"
        if key in ("aheadCount", "behindCount"):
            return f"@{key[:-5].upper()}@"
        if value in (_OLD, _NEW) and inside in _BODIES:
            return _BODIES[inside]
        return self.template(value, inside)


def take() -> dict[str, Any]:
    """Run a sandbox instance at v1.91 through the states that an application of the benchmark has."""
    for folder in (CHECKOUT / "tests" / "sandbox", CHECKOUT / "tests" / "unit" / "sandbox"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    import git_world
    from appsmith_sandbox.githost import GitHost

    with (
        tempfile.TemporaryDirectory() as folder,
        GitHost(Path(folder) / "host") as host,
        git_world.server(Path(folder) / "instance") as server,
    ):
        host.repositories.import_bundle("acme/orders", git_world.APPS / "v1.91" / "orders.bundle")
        host.repositories.import_bundle("acme/old", git_world.APPS / "v1.60" / "orders.bundle", ["master"])
        person = git_world.Checkout(host, "acme/orders", Path(folder) / "person")
        person.change_query(BRANCH, "Dashboard", "list_orders", _OLD)
        application = server.import_app(host, "acme/orders")["id"]
        found = _course(server, person, application)
        return found | _migrated(server, server.import_app(host, "acme/old")["id"])


def _course(server: Any, person: Any, application: str) -> dict[str, Any]:
    git, templates = f"git/applications/{application}", _Templates(application, server.workspace)
    found: dict[str, Any] = {}

    def take(name: str, method: str, path: str, body: Any = None) -> Any:
        answer = server.call(method, path, body)
        content = answer.json() if answer.text else None
        found[name] = {"status": answer.status_code, "body": templates.template(content)}
        return content

    def publish() -> None:
        server.data("PUT", f"{git}/discard")

    datasource = server.data("GET", f"datasources?workspaceId={server.workspace}")[0]
    storage = {
        "datasourceId": datasource["id"],
        "environmentId": "unused_env",
        "isConfigured": True,
        "datasourceConfiguration": {
            "endpoints": [{"host": "db.example.com", "port": 5432}],
            "authentication": {"authenticationType": "dbAuth", "databaseName": "orders", "username": "orders"},
        },
    }
    server.data("PUT", "datasources/datasource-storages", storage)
    server.save_profile()
    publish()
    # Nothing new.
    take("fetch", "GET", f"{git}/fetch/remote")
    take("status", "GET", f"{git}/status")
    take("metadata", "GET", f"{git}/metadata")
    take("refs", "GET", f"{git}/refs?refType=branch")
    take("protected", "GET", f"{git}/protected-branches")
    take("workspaces", "GET", "workspaces/home")
    take("applications", "GET", f"applications/home?workspaceId={server.workspace}")
    take("pages_edit", "GET", f"pages?applicationId={application}&mode=EDIT")
    take("pages", "GET", f"pages?applicationId={application}&mode=PUBLISHED")
    take("export", "GET", f"applications/export/{application}")
    path = f"applications/import/{server.workspace}/datasources?defaultApplicationId={application}"
    take("application_datasources", "GET", path)
    take("datasources", "GET", f"datasources?workspaceId={server.workspace}")
    take("plugins", "GET", f"plugins?workspaceId={server.workspace}")
    take("profile", "GET", "git/artifacts/profile/default")
    take("me", "GET", "users/me")
    take("health", "GET", "health")
    take("tenant", "GET", "tenants/current")
    take("no_route", "GET", "no/such/route")
    # Something new, deployed by a pull, then by a discard.
    person.change_query(BRANCH, "Dashboard", "list_orders", _NEW)
    take("pull", "GET", f"{git}/pull")
    person.change_query(BRANCH, "Dashboard", "list_orders", _OLD)
    server.data("GET", f"{git}/fetch/remote")
    take("discard", "PUT", f"{git}/discard")
    # Two deployments at once: the repository moves, the documents don't.
    person.change_query(BRANCH, "Dashboard", "list_orders", _NEW)
    server.data("GET", f"{git}/fetch/remote")
    server.instance.git["deploying"] = object()
    take("conflict_1", "PUT", f"{git}/discard")
    take("conflict_2", "PUT", f"{git}/discard")
    server.instance.git["deploying"] = None
    take("status_half_done", "GET", f"{git}/status")
    take("pull_refused", "GET", f"{git}/pull")
    found["info"] = {"status": 200, "body": _json(server, "/info")}
    probe = _json(server, "/api/v1/users/me", {"X-Appsmith-Version": "v0"})
    found["probe"] = {"status": 400, "body": probe}
    found["nobody"] = {"status": 200, "body": _json(server, "/api/v1/users/me")}
    found["signed_out"] = {
        "status": 200,
        "body": {"responseMeta": {"status": 200, "success": True}, "errorDisplay": ""},
    }
    return found


def _migrated(server: Any, application: str) -> dict[str, Any]:
    """An application whose repository has an older format, as all have after an upgrade, and the way out."""
    git, templates = f"git/applications/{application}", _Templates(application, server.workspace)
    answer = server.call("GET", f"{git}/status")
    found = {"status_migrated": {"status": answer.status_code, "body": templates.template(answer.json())}}
    page = server.data("GET", f"pages?applicationId={application}&mode=PUBLISHED")["pages"][0]["id"]
    for name, method, path, body in (
        ("commit", "POST", f"{git}/commit", {"message": "Migrate"}),
        ("page_view", "GET", f"pages/{page}/view?migrateDsl=true", None),
    ):
        answer = server.call(method, path, body)
        found[name] = {"status": answer.status_code, "body": templates.template(answer.json())}
    return found


def _json(server: Any, path: str, headers: dict[str, str] | None = None) -> Any:
    import requests

    return requests.get(f"{server.url}{path}", headers=headers, timeout=60).json()


if __name__ == "__main__":
    FILE.write_text(json.dumps(take(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
