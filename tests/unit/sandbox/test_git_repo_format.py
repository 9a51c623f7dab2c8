# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox writes applications exactly as the servers did that wrote the bundles."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from appsmith_sandbox import repo_format
from appsmith_sandbox.releases import release
from appsmith_sandbox.store import Document, Store

APPS = Path(__file__).parents[2] / "fixtures" / "apps"
PLUGINS = Path(repo_format.__file__).with_name("plugins.json")


def files_at(bundle: str, branch: str, tmp_path: Path) -> repo_format.Files:
    clone = tmp_path / bundle.replace("/", "-")
    if not clone.exists():
        subprocess.run(["git", "clone", "--quiet", "--bare", str(APPS / bundle), str(clone)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(clone), "ls-tree", "-r", "-z", "--name-only", branch], capture_output=True, check=True
    )
    paths = listed.stdout.decode().strip("\0").split("\0")
    return {
        path: subprocess.run(
            ["git", "-C", str(clone), "show", f"{branch}:{path}"], capture_output=True, check=True
        ).stdout
        for path in paths
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "state.db")
    names = {plugin["packageName"] for plugin in json.loads(PLUGINS.read_text(encoding="utf-8"))}
    for name in sorted(names):
        store.insert("plugins", {"packageName": name})
    return store


def empty_application(store: Store, workspace: str = "w" * 24) -> Document:
    pages: dict[str, list[Document]] = {"edit": [], "published": []}
    application = store.insert(
        "applications", {"workspaceId": workspace, "name": "x", "detail": {}, "pages": pages, "theme": "{}"}
    )
    return store.update("applications", application["id"], baseId=application["id"])


WRITTEN = [
    ("v1.60/orders.bundle", "master", "v1.60"),
    ("v1.60/orders.bundle", "staging", "v1.60"),
    ("v1.60/orders.bundle", "migrated-by-v1.91", "v1.91"),
    ("v1.60/support-desk.bundle", "master", "v1.60"),
    ("v1.60/support-desk.bundle", "staging", "v1.60"),
    ("v1.60/support-desk.bundle", "migrated-by-v1.91", "v1.91"),
    ("v1.91/orders.bundle", "master", "v1.91"),
    ("v1.91/orders.bundle", "staging", "v1.91"),
    ("v1.91/support-desk.bundle", "master", "v1.91"),
    ("v1.91/support-desk.bundle", "staging", "v1.91"),
    ("orders-across-upgrade.bundle", "master", "v1.91"),
    ("orders-across-upgrade.bundle", "master~1", "v1.60"),
]


@pytest.mark.parametrize(("bundle", "branch", "writer"), WRITTEN)
def test_what_a_release_wrote_it_writes_again(
    bundle: str, branch: str, writer: str, store: Store, tmp_path: Path
) -> None:
    files = files_at(bundle, branch, tmp_path)
    application = repo_format.load(store, release(writer), empty_application(store), files)
    assert repo_format.serialise(store, release(writer), application) == files


@pytest.mark.parametrize("name", ["orders", "support-desk"])
def test_a_newer_release_makes_the_known_changes_of_an_older_application(
    name: str, store: Store, tmp_path: Path
) -> None:
    """Loaded by v1.60, written by v1.91: what the real v1.91 committed after its upgrade; only metadata.json files."""
    before = files_at(f"v1.60/{name}.bundle", "staging", tmp_path)
    application = repo_format.load(store, release("v1.60"), empty_application(store), before)
    after = repo_format.serialise(store, release("v1.91"), application)
    assert after == files_at(f"v1.60/{name}.bundle", "migrated-by-v1.91", tmp_path)
    changed = {path for path in after if after[path] != before.get(path)}
    assert after.keys() == before.keys()
    assert changed and {path.rsplit("/", 1)[-1] for path in changed} == {"metadata.json"}


def test_an_older_application_imported_by_a_newer_release_is_dirty_in_the_same_files(
    store: Store, tmp_path: Path
) -> None:
    before = files_at("v1.60/orders.bundle", "staging", tmp_path)
    application = repo_format.load(store, release("v1.91"), empty_application(store), before)
    assert repo_format.serialise(store, release("v1.91"), application) == files_at(
        "v1.60/orders.bundle", "migrated-by-v1.91", tmp_path
    )


def test_loading_again_keeps_documents_and_drops_what_is_gone(store: Store, tmp_path: Path) -> None:
    writer = release("v1.91")
    application = repo_format.load(
        store, writer, empty_application(store), files_at("v1.91/orders.bundle", "staging", tmp_path)
    )
    first = {doc["edit"]["name"]: doc["id"] for doc in store.find("actions", applicationId=application["id"])}
    repo_format.load(store, writer, application, files_at("v1.91/orders.bundle", "master", tmp_path))
    second = {doc["edit"]["name"]: doc["id"] for doc in store.find("actions", applicationId=application["id"])}
    assert "count_open" in first and "count_open" not in second
    assert second == {name: first[name] for name in second}


def test_a_second_branch_has_its_own_documents_with_the_base_ids_of_the_first(store: Store, tmp_path: Path) -> None:
    writer = release("v1.91")
    files = files_at("v1.91/orders.bundle", "staging", tmp_path)
    base = repo_format.load(store, writer, empty_application(store), files)
    branch = empty_application(store)
    branch = store.update("applications", branch["id"], baseId=base["id"])
    repo_format.load(store, writer, branch, files)
    bases = {doc["gitSyncId"]: doc["id"] for doc in store.find("actions", applicationId=base["id"])}
    for doc in store.find("actions", applicationId=branch["id"]):
        assert doc["id"] != doc["baseId"] == bases[doc["gitSyncId"]]


def test_datasources_are_matched_and_a_clash_gets_a_number(store: Store, tmp_path: Path) -> None:
    writer = release("v1.91")
    files = files_at("v1.91/orders.bundle", "master", tmp_path)
    mysql = store.one("plugins", packageName="mysql-plugin")
    assert mysql is not None
    store.insert("datasources", {"workspaceId": "w" * 24, "name": "orders_db", "pluginId": mysql["id"], "storage": {}})
    application = repo_format.load(store, writer, empty_application(store), files)
    names = [doc["name"] for doc in store.find("datasources", workspaceId="w" * 24)]
    assert names == ["orders_db", "orders_db #1"]
    written = repo_format.serialise(store, writer, application)
    assert set(written) - set(files) == {"datasources/orders_db #1.json"}
    assert set(files) - set(written) == {"datasources/orders_db.json"}
    assert b'"name": "orders_db #1"' in written["pages/Dashboard/queries/list_orders/metadata.json"]
    # Again: the one with its gitSyncId can't get the name, so there is one more (by reading the sources).
    repo_format.load(store, writer, application, files)
    names = [doc["name"] for doc in store.find("datasources", workspaceId="w" * 24)]
    assert names == ["orders_db", "orders_db #1", "orders_db #2"]


def test_a_datasource_gets_the_name_that_the_repository_has_for_it(store: Store, tmp_path: Path) -> None:
    writer = release("v1.91")
    files = files_at("v1.91/orders.bundle", "master", tmp_path)
    application = repo_format.load(store, writer, empty_application(store), files)
    (before,) = store.find("datasources", workspaceId="w" * 24)
    store.update("datasources", before["id"], name="orders_database", storage={"isConfigured": True})
    assert "datasources/orders_database.json" in repo_format.serialise(store, writer, application)
    repo_format.load(store, writer, application, files)
    (after,) = store.find("datasources", workspaceId="w" * 24)
    assert (after["id"], after["name"], after["storage"]["isConfigured"]) == (before["id"], "orders_db", True)


def test_an_unknown_plugin_is_told(store: Store, tmp_path: Path) -> None:
    files = files_at("v1.91/orders.bundle", "master", tmp_path)
    files["datasources/orders_db.json"] = files["datasources/orders_db.json"].replace(b"postgres-plugin", b"no-plugin")
    with pytest.raises(repo_format.UnknownPlugin, match="no-plugin"):
        repo_format.load(store, release("v1.91"), empty_application(store), files)


@pytest.mark.parametrize(
    ("metadata", "schema"),
    [
        (b'{"serverSchemaVersion": 12, "clientSchemaVersion": 2}', (12, 2)),
        (b"{}", (1, 1)),
        (b"no JSON", None),
        (b"[]", None),
    ],
)
def test_schema(metadata: bytes, schema: tuple[int, int] | None) -> None:
    assert repo_format.schema_of({"metadata.json": metadata}) == schema
    assert repo_format.schema_of({}) is None
