# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance of one release with applications from Git, made by API, and modules run against it in this process.

What the playbooks do in minutes takes a second here, so that every gate and every misbehaviour can have a test of its
own: C(world.application()) makes one, C(application.edit()) is somebody's push, C(world.promote()) the module.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version
from stage import ADMIN, SANDBOX, Stage

sys.path.insert(0, str(SANDBOX))

from appsmith_sandbox import faults, process
from appsmith_sandbox.githost import Repositories
from appsmith_sandbox.store import Document, Store

BUNDLES = Path(__file__).parents[1] / "fixtures" / "apps"
AUTHOR = {"name": "Release Manager", "email": "release@example.com"}
MODULES = "ansible_collections.stagecraft.appsmith.plugins.modules"
_GIT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Grace Developer",
    "GIT_AUTHOR_EMAIL": "grace@example.com",
    "GIT_COMMITTER_NAME": "Grace Developer",
    "GIT_COMMITTER_EMAIL": "grace@example.com",
    # The host's own protection of branches is for those who come by SSH.
    "GIT_HOST_ADMIN": "1",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**_GIT, "HOME": str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {arguments[0]}: {done.stderr}"
    return done.stdout.strip()


def execute(name: str, params: dict[str, Any], *, check: bool = False, diff: bool = False) -> dict[str, Any]:
    """Run a module in this process; C(failed) says how it ended."""
    module = importlib.import_module(f"{MODULES}.{name}")
    arguments = {key: value for key, value in params.items() if value is not None}
    arguments |= {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
    output = io.StringIO()
    # Another test may have loaded Ansible's own side, and warnings would then go to the terminal, not into the result.
    aside = mock.patch("ansible.module_utils._internal.is_controller", False)
    with aside, patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit) as stop:
        module.main()
    result: dict[str, Any] = json.loads(output.getvalue().strip().splitlines()[-1])
    result.pop("invocation", None)
    result.setdefault("failed", stop.value.code != 0)
    return result


def connects(name: str) -> bool:
    module = importlib.import_module(f"{MODULES}.{name}")
    shapes = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, AppsmithModule)]
    return next(one for one in shapes if one.__module__ == module.__name__).needs_connection


class World:
    """One instance; its applications stand in the workspace C(Production) unless another one is named."""

    def __init__(self, stage: Stage, release: str, folder: Path) -> None:
        self.stage, self.release, self.folder = stage, release, folder
        self.name = f"world-{release}"
        self.root = stage.instance_root(self.name)
        self.repositories = Repositories(stage.root / "git")
        self.ledger = folder / "ledger"
        # May read every repository of this world, and may write to every one.
        self.read_key = folder / "read_key"
        self.write_key = Path(stage.git["admin_key"])
        self.known_hosts = folder / "known_hosts"
        self._numbers = itertools.count(1)
        self._workspaces: set[str] = set()

    def start(self) -> None:
        self.folder.mkdir()
        said = json.loads(
            self.stage.sandbox(
                "instance", "start", "--root", self.root, "--version", self.release, "--name", self.name,
                "--time-scale", str(self.stage.time_scale),
            )
        )  # fmt: skip
        self.port = int(said["port"])
        self.url = f"http://127.0.0.1:{self.port}"
        execute("super_user", {"appsmith_url": self.url, **self.credentials, "name": "Ada Admin"})
        login = execute("login", {"appsmith_url": self.url, **self.credentials})
        self.connection = {key: value for key, value in login["connection"].items() if value is not None}
        self.module("git_profile", author_name=AUTHOR["name"], author_email=AUTHOR["email"])
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", str(self.read_key)], check=True
        )

    @property
    def credentials(self) -> dict[str, str]:
        return {"appsmith_username": ADMIN["username"], "appsmith_password": ADMIN["password"]}

    # -- what is done -------------------------------------------------------------------------------------------------
    def module(self, module: str, /, *, check: bool = False, diff: bool = False, **params: Any) -> dict[str, Any]:
        """A module's result; one that isn't asked about has to succeed."""
        result = self.run(module, check=check, diff=diff, **params)
        assert not result["failed"], result
        return result

    def run(self, name: str, /, *, check: bool = False, diff: bool = False, **params: Any) -> dict[str, Any]:
        connection = {**self.connection, **params} if connects(name) else params
        return execute(name, connection, check=check, diff=diff)

    def promote(self, *applications: Application, info: bool = False, **options: Any) -> dict[str, Any]:
        """The promotion of these applications, without the controller's look into the repositories unless asked."""
        given = {"applications": [one.name for one in applications], "workspaces": [applications[0].workspace]}
        return self.run("promotion_info" if info else "promotion", **{**given, **options})

    @property
    def reading(self) -> dict[str, Any]:
        """Options with which the controller reads the repositories."""
        return self._access(self.read_key)

    @property
    def writing(self) -> dict[str, Any]:
        return self._access(self.write_key)

    def _access(self, key: Path) -> dict[str, Any]:
        hosts = {"git_known_hosts_file": str(self.known_hosts), "git_accept_new_host_key": True}
        return {"git_ssh_key_file": str(key), **hosts}

    def credentials_of(self, *names: str) -> list[dict[str, Any]]:
        return [one for one in self.stage.datasources("production") if one["name"] in names]

    # -- what there is ------------------------------------------------------------------------------------------------
    def workspace(self, name: str) -> str:
        if name not in self._workspaces:
            self.module("workspace", name=name)
            self._workspaces.add(name)
        return name

    def application(
        self,
        name: str = "",
        *,
        workspace: str = "Production",
        bundle: str = "orders",
        of: str = "",
        write: bool = False,
        configured: bool = True,
        branch: str = "master",
    ) -> Application:
        """A new repository, imported; with a read-only deploy key, as production has it, unless it may write."""
        name = name or f"orders-{next(self._numbers)}"
        repository = f"{self.name}/{name}"
        path = self.repositories.import_bundle(
            repository, BUNDLES / (of or self.release) / f"{bundle}.bundle", ["master"]
        )
        self.repositories.add_key(repository, "reader", self.read_key.with_suffix(".pub").read_text(), read_only=True)
        application = Application(self, name, self.workspace(workspace), repository, path)
        if branch != "master":
            git(path, "branch", branch, "master")
        self._import(application, write=write, configured=configured, branch=branch)
        return application

    def _import(self, application: Application, *, write: bool, configured: bool, branch: str) -> None:
        found = self.module(
            "git_imports",
            workspace=application.workspace,
            applications=[{"remote_url": application.remote_url, "name": application.name}],
            branch=branch if branch != "master" else None,
            git_host={"type": "gitea", "url": self.stage.git["url"], "token": self.stage.git["token"]},
            author=AUTHOR,
            key_write=write,
        )["applications"][0]
        application.id = found["id"]
        missing = found["unconfigured_datasources"]
        if configured and missing:
            given = self.credentials_of(*missing)
            self.module("datasources", workspace=application.workspace, datasources=given, test=False)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        client = Client(self.url, session=self.connection["appsmith_session"])
        try:
            yield client
        finally:
            client.close()

    def documents(self, collection: str, **wanted: Any) -> list[Document]:
        store = Store(process.store_path(self.root))
        try:
            return list(store.find(collection, **wanted))
        finally:
            store.close()

    # -- what happened ------------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def watched(self, *, until: str = "") -> Iterator[Watched]:
        """The requests that come in meanwhile; C(until) is in the path of one that ends later at the server."""
        seen = Watched([])
        before = len(self.stage.requests(self.name))
        yield seen
        end = time.monotonic() + 60
        while True:
            found = self.stage.requests(self.name)[before:]
            if until in " ".join(one["path"] for one in found) or time.monotonic() > end:
                break
            time.sleep(0.1)
        seen.requests += found

    def fault(self, kind: str, application: Application | None = None, **more: Any) -> int:
        return faults.add(self.root, kind, application=application.name if application else None, **more)

    def wait_for(self, number: int) -> None:
        faults.wait(self.root, number)

    def no_faults(self) -> None:
        faults.remove(self.root)


@dataclass
class Watched:
    requests: list[dict[str, Any]]

    @property
    def writes(self) -> list[str]:
        return [f"{one['method']} {one['path']}" for one in self.requests if one["write"]]

    def of(self, application: Application, verb: str = "") -> list[str]:
        """Git requests for an application, by what their path ends with."""
        return [
            one["path"] for one in self.requests if application.id in one["path"] and re.search(f"{verb}$", one["path"])
        ]


@dataclass
class Application:
    world: World
    name: str
    workspace: str
    repository: str
    path: Path
    id: str = ""

    @property
    def remote_url(self) -> str:
        owner, _slash, short = self.repository.partition("/")
        return self.world.stage.remote_url(short, owner)

    # -- what somebody does in the repository -------------------------------------------------------------------------
    def also_in(self, workspace: str) -> Application:
        """The same repository at its first branch in another workspace, with a key that only reads."""
        other = replace(self, workspace=self.world.workspace(workspace), id="")
        self.world._import(other, write=False, configured=True, branch="master")
        return other

    def checkout(self, branch: str = "master") -> Path:
        """Somebody's clone, at the tip of a branch."""
        folder = self.world.folder / "clones" / self.name
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            git(self.world.folder, "clone", "--quiet", str(self.path), str(folder))
        git(folder, "fetch", "--quiet", "origin")
        git(folder, "checkout", "--quiet", "-B", branch, f"origin/{branch}")
        return folder

    def commit(self, message: str, files: dict[str, str | None], branch: str = "master") -> str:
        """Write (or, with None, remove) files on a branch, commit, push; the new tip."""
        folder = self.checkout(branch)
        for name, text in files.items():
            place = folder / name
            if text is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", message)
        git(folder, "push", "--quiet", "origin", branch)
        return git(folder, "rev-parse", "HEAD")

    def read(self, name: str, branch: str = "master") -> Any:
        """A JSON file as it is at a branch's tip."""
        return json.loads(git(self.path, "show", f"{branch}:{name}"))

    def edit(self, body: str, branch: str = "master", message: str = "") -> str:
        """Somebody changes a query and pushes it."""
        place = "pages/Dashboard/queries/list_orders"
        metadata = self.read(f"{place}/metadata.json", branch)
        metadata["unpublishedAction"]["actionConfiguration"]["body"] = body
        return self.commit(
            message or f"Orders: {body[:40]}",
            {f"{place}/metadata.json": written(metadata), f"{place}/list_orders.txt": body},
            branch,
        )

    def use_datasource(self, name: str, plugin: str, sync_id: str) -> str:
        """Somebody adds a datasource and a query that uses it, and pushes both."""
        place = f"pages/Dashboard/queries/{name}_query"
        metadata = self.read("pages/Dashboard/queries/list_orders/metadata.json")
        metadata["gitSyncId"] = f"{sync_id}_query"
        metadata["id"] = f"Dashboard_{name}_query"
        metadata["pluginId"] = plugin
        action = metadata["unpublishedAction"]
        action["name"] = f"{name}_query"
        action["datasource"] |= {"id": name, "name": name, "pluginId": plugin}
        files: dict[str, str | None] = {
            f"{place}/metadata.json": written(metadata),
            f"{place}/{name}_query.txt": action["actionConfiguration"]["body"],
            f"datasources/{name}.json": written(
                {"gitSyncId": sync_id, "isAutoGenerated": False, "name": name, "pluginId": plugin}
            ),
        }
        return self.commit(f"Use {name}", files)

    def tip(self, branch: str = "master") -> str:
        return git(self.path, "rev-parse", branch)

    def tree(self, commit: str = "master") -> str:
        return git(self.path, "rev-parse", f"{commit}^{{tree}}")

    @property
    def branches(self) -> list[str]:
        return git(self.path, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    @property
    def tags(self) -> list[str]:
        return git(self.path, "for-each-ref", "--format=%(refname:short)", "refs/tags").splitlines()

    # -- what somebody does on the instance ---------------------------------------------------------------------------
    def change(self, body: str, branch: str = "") -> None:
        """Somebody edits the query in the browser and leaves it uncommitted."""
        with self.world.client() as client:
            listed = client.get("/actions", params={"applicationId": self._at(branch)})
            action = next(one for one in listed if one["name"] == "list_orders")
            action["actionConfiguration"]["body"] = body
            client.put(f"/actions/{action['id']}", action)

    def rename_page(self, old: str, new: str) -> str:
        """Somebody renames a page in the browser; the new name."""
        with self.world.client() as client:
            pages = client.get("/pages", params={"applicationId": self.id, "mode": "EDIT"})["pages"]
            page = next(one for one in pages if one["name"] == old)
            client.put(f"/pages/{page['id']}", {"name": new})
        return new

    def _at(self, branch: str) -> str:
        """The id of a branch's document."""
        if not branch:
            return self.id
        with self.world.client() as client:
            return Git.of(client, Version.parse(self.world.release)).api.checkout(self.id, branch)["id"]

    @property
    def branches_on_instance(self) -> list[str]:
        with self.world.client() as client:
            return list(Git.of(client, Version.parse(self.world.release)).api.branches(self.id).local)

    @property
    def edited(self) -> str:
        """The query as the people who edit the application have it."""
        with self.world.client() as client:
            listed = client.get("/actions", params={"applicationId": self.id})
        return str(next(one for one in listed if one["name"] == "list_orders")["actionConfiguration"]["body"])

    @property
    def pages(self) -> list[str]:
        """Names of the pages that the users of the application have."""
        with self.world.client() as client:
            found = client.get("/pages", params={"applicationId": self.id, "mode": "EDIT"})
        return [one["name"] for one in found["pages"]]

    def half_deploy(self) -> None:
        """What a killed run leaves: the repository has moved on, the application has not (observed 31)."""
        self.world.fault("write-conflict", self)
        with self.world.client() as client, contextlib.suppress(AppsmithError):
            Git.of(client, Version.parse(self.world.release)).api.fetch(self.id)
            Git.of(client, Version.parse(self.world.release)).api.discard(self.id)
        self.world.no_faults()

    @property
    def published(self) -> str | None:
        """The query as the users of the application have it."""
        found = self.world.documents("actions", applicationId=self.id)
        views = [one.get("published") or {} for one in found]
        bodies = [one["actionConfiguration"]["body"] for one in views if one.get("name") == "list_orders"]
        return bodies[0] if bodies else None

    @property
    def workspace_datasources(self) -> list[str]:
        with self.world.client() as client:
            workspaces = {one["name"]: one["id"] for one in client.get("/workspaces/home")}
            listed = client.get("/datasources", params={"workspaceId": workspaces[self.workspace]})
        return sorted(one["name"] for one in listed)


def written(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def entry(result: dict[str, Any], application: Application) -> dict[str, Any]:
    found = [one for one in result["applications"] if one["name"] == application.name]
    assert len(found) == 1, result
    return dict(found[0])


def wait_until(holds: Any, seconds: float = 20) -> None:
    """For what the server finishes by itself."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
