# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasources and queries of the sandbox, against a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from appsmith_sandbox import postgres
from git_world import Server

INIT = """
CREATE ROLE reader LOGIN PASSWORD 'reader-secret';
CREATE ROLE owner LOGIN PASSWORD 'owner-secret';
CREATE DATABASE shop OWNER owner;
\\connect shop
CREATE TABLE orders (id int PRIMARY KEY, total numeric, paid boolean, at date);
INSERT INTO orders VALUES (1, 9.50, true, '2026-01-02'), (2, 20, false, NULL);
GRANT SELECT ON orders TO reader;
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("postgres")
    (folder / "init.sql").write_text(INIT, encoding="utf-8")
    facts = postgres.start(folder, 0, folder / "init.sql")
    yield facts
    postgres.remove(folder)
    assert not Path(facts["data"]).exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("instance"), "v1.91") as made:
        yield made


def _plugin(server: Server, package: str) -> str:
    plugins = server.data("GET", f"plugins?workspaceId={server.workspace}")
    return str(next(one["id"] for one in plugins if one["packageName"] == package))


def _configuration(database: dict[str, Any], user: str, password: str | None) -> dict[str, Any]:
    secret = {} if password is None else {"password": password}
    return {
        "connection": {"mode": "READ_WRITE", "ssl": {"authType": "DEFAULT"}},
        "endpoints": [{"host": "127.0.0.1", "port": database["port"]}],
        "authentication": {"authenticationType": "dbAuth", "username": user, "databaseName": "shop", **secret},
    }


class Datasource:
    def __init__(
        self, server: Server, name: str, configuration: dict[str, Any], package: str = "postgres-plugin"
    ) -> None:
        self.server, self.plugin = server, _plugin(server, package)
        storage = {"environmentId": "unused_env", "isConfigured": True, "datasourceConfiguration": configuration}
        body = {"name": name, "pluginId": self.plugin, "workspaceId": server.workspace}
        self.said = server.data("POST", "datasources", {**body, "datasourceStorages": {"unused_env": storage}})
        self.id = self.said["id"]

    @property
    def storage(self) -> dict[str, Any]:
        listed = self.server.data("GET", f"datasources?workspaceId={self.server.workspace}")
        return dict(next(one for one in listed if one["id"] == self.id)["datasourceStorages"]["unused_env"])

    def save(self, **changes: Any) -> requests.Response:
        body = {"datasourceId": self.id, "environmentId": "unused_env", **changes}
        return self.server.call("PUT", "datasources/datasource-storages", body)

    def test(self) -> dict[str, Any]:
        body = {**self.storage, "pluginId": self.plugin, "workspaceId": self.server.workspace}
        return dict(self.server.data("POST", "datasources/test", body))


def test_secrets_are_encrypted_and_never_answered(server: Server, database: dict[str, Any]) -> None:
    source = Datasource(server, "encrypted", _configuration(database, "reader", "reader-secret"))
    assert "reader-secret" not in json.dumps(source.said) + json.dumps(source.storage)
    stored = json.dumps(server.store.get("datasources", source.id))
    assert "reader-secret" not in stored and "enc:" in stored
    assert source.test()["success"] is True


def test_a_test_needs_the_whole_storage_for_the_stored_password(server: Server, database: dict[str, Any]) -> None:
    source = Datasource(server, "tested", _configuration(database, "reader", "reader-secret"))
    full = {**source.storage, "pluginId": source.plugin, "workspaceId": server.workspace}
    without_id = {key: value for key, value in full.items() if key != "id"}
    assert server.data("POST", "datasources/test", full)["success"] is True
    refused = server.data("POST", "datasources/test", without_id)
    assert refused["success"] is False and "password authentication failed" in refused["invalids"][0]
    no_plugin = server.call("POST", "datasources/test", {**full, "pluginId": None})
    assert (no_plugin.status_code, no_plugin.json()["responseMeta"]["error"]["code"]) == (500, "AE-APP-5000")


def test_merge_rules(server: Server, database: dict[str, Any]) -> None:
    source = Datasource(server, "merged", _configuration(database, "reader", "reader-secret"))
    assert source.save(datasourceConfiguration=_configuration(database, "reader", None)).ok
    assert source.test()["success"] is True, "authentication without its password keeps the stored one"
    bare = _configuration(database, "reader", None)
    del bare["authentication"]
    source.save(datasourceConfiguration=bare)
    assert "authentication" not in source.storage["datasourceConfiguration"]
    assert source.storage["isValid"] is False
    source.save(isConfigured=False)
    assert source.storage["isConfigured"] is False and "endpoints" in source.storage["datasourceConfiguration"]
    missing = server.call("PUT", "datasources/datasource-storages", {"datasourceId": "0" * 24})
    assert (missing.status_code, missing.text) == (200, "")


def test_newer_releases_want_credentials_with_a_changed_connection(tmp_path: Path, database: dict[str, Any]) -> None:
    with Server(tmp_path, "v2.5.0") as newer:
        source = Datasource(newer, "strict", _configuration(database, "reader", "reader-secret"))
        changed = _configuration(database, "reader", None)
        assert source.save(datasourceConfiguration=changed).ok
        changed["endpoints"] = [{"host": "other.example.com", "port": 5432}]
        assert source.save(datasourceConfiguration=changed).status_code == 400
        changed["authentication"]["password"] = "reader-secret"
        assert source.save(datasourceConfiguration=changed).ok


def test_plugins_that_are_never_called(server: Server) -> None:
    rest = Datasource(server, "rest", {"url": "http://127.0.0.1:1"}, "restapi-plugin")
    assert rest.test()["success"] is True
    sheets = Datasource(server, "sheets", {"authentication": {"authenticationType": "oAuth2"}}, "google-sheets-plugin")
    body = {**sheets.storage, "pluginId": sheets.plugin, "workspaceId": server.workspace}
    said = server.call("POST", "datasources/test", body)
    assert (said.status_code, said.text) == (200, "")


def test_s3_properties_count_by_their_place(server: Server) -> None:
    keys = {"authentication": {"authenticationType": "dbAuth", "username": "AKIA", "password": "x"}}
    provider = {"key": "s3Provider", "value": "amazon-s3"}
    wrong = Datasource(server, "s3-wrong", {**keys, "properties": [provider]}, "amazons3-plugin")
    assert len(wrong.storage["invalids"]) == 2
    right = Datasource(server, "s3", {**keys, "properties": [{"key": "token"}, provider]}, "amazons3-plugin")
    assert right.storage["invalids"] == []


def test_queries_run_as_the_user_of_the_datasource(server: Server, database: dict[str, Any]) -> None:
    source = Datasource(server, "shop", _configuration(database, "reader", "reader-secret"))
    app = server.data("POST", "applications", {"workspaceId": server.workspace, "name": "Shop"})

    def query(name: str, text: str) -> dict[str, Any]:
        body = {
            "name": name,
            "pageId": app["pages"][0]["id"],
            "datasource": {"id": source.id},
            "pluginId": source.plugin,
            "actionConfiguration": {"body": text},
        }
        return dict(server.data("POST", "actions", body))

    def run(action: dict[str, Any], *, view: bool = False, **values: str) -> dict[str, Any]:
        wanted = {
            "actionId": action["id"],
            "viewMode": view,
            "params": [{"key": key, "value": value} for key, value in values.items()],
        }
        answer = requests.post(
            f"{server.url}/api/v1/actions/execute",
            files={"executeActionDTO": (None, json.dumps(wanted), "application/json")},
            auth=server.http.auth,
            headers={"X-Requested-By": "Appsmith"},
            timeout=10,
        )
        return dict(answer.json().get("data") or answer.json())

    who = query("who", "SELECT current_user")
    assert run(who)["body"] == [{"current_user": "reader"}]
    assert "error" in run(who, view=True)["responseMeta"], "not published yet"
    server.data("POST", f"applications/publish/{app['id']}")
    seen = run(who, view=True)
    assert seen["isExecutionSuccess"] is True and "request" not in seen
    rows = run(query("rows", "SELECT * FROM orders WHERE id = {{wanted}}::int"), wanted="1")
    assert rows["body"] == [{"id": 1, "total": 9.5, "paid": True, "at": "2026-01-02"}]
    written = run(query("write", "DELETE FROM orders"))
    assert written["isExecutionSuccess"] is False and "permission denied" in written["body"]
    source.save(datasourceConfiguration=_configuration(database, "owner", "owner-secret"))
    assert run(who, view=True)["body"] == [{"current_user": "owner"}]
    source.save(datasourceConfiguration=_configuration(database, "owner", "wrong"))
    failed = run(who, view=True)
    assert failed["isExecutionSuccess"] is False and "password authentication failed" in failed["body"]
    in_use = server.call("DELETE", f"datasources/{source.id}")
    assert (in_use.status_code, in_use.json()["responseMeta"]["error"]["code"]) == (409, "AE-DTS-4030")
    assert "3 queries" in in_use.text


def test_structure_is_that_of_the_database(server: Server, database: dict[str, Any]) -> None:
    source = Datasource(server, "structured", _configuration(database, "reader", "reader-secret"))
    tables = server.data("GET", f"datasources/{source.id}/structure")["tables"]
    assert [table["name"] for table in tables] == ["public.orders"]
    assert [column["name"] for column in tables[0]["columns"]] == ["id", "total", "paid", "at"]


def test_export_keeps_what_the_real_one_leaks_and_imports_again(server: Server) -> None:
    configuration = {
        "url": "https://api.example.com",
        "headers": [{"key": "X-Key", "value": "in-a-header"}],
        "authentication": {"authenticationType": "bearerToken", "bearerToken": "never-exported"},
    }
    source = Datasource(server, "leaky", configuration, "restapi-plugin")
    app = server.data("POST", "applications", {"workspaceId": server.workspace, "name": "Leaky"})
    body = {"name": "call", "pageId": app["pages"][0]["id"], "datasource": {"id": source.id}, "pluginId": source.plugin}
    server.data("POST", "actions", {**body, "actionConfiguration": {"httpMethod": "GET", "path": "/x"}})
    exported = server.call("GET", f"applications/export/{app['id']}")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert "in-a-header" in exported.text and "never-exported" not in exported.text

    def load(document: dict[str, Any], content_type: str = "application/json") -> requests.Response:
        return requests.post(
            f"{server.url}/api/v1/applications/import/{server.workspace}",
            files={"file": ("app.json", json.dumps(document), content_type)},
            auth=server.http.auth,
            headers={"X-Requested-By": "Appsmith"},
            timeout=10,
        )

    said = load(exported.json()).json()["data"]
    assert said["application"]["name"] == "Leaky (1)" and "lastDeployedAt" not in said["application"]
    actions = server.data("GET", f"actions?applicationId={said['application']['id']}")
    assert [(one["name"], one["datasource"]["id"]) for one in actions] == [("call", source.id)]
    assert load(exported.json(), "application/octet-stream").status_code == 400
    newer = load({**exported.json(), "serverSchemaVersion": 99})
    assert newer.json()["responseMeta"]["error"]["code"] == "AE-JSN-4045"


def test_postgres_keeps_its_data_over_a_stop(tmp_path: Path) -> None:
    (tmp_path / "init.sql").write_text("CREATE TABLE kept (x int);\nINSERT INTO kept VALUES (7);\n", encoding="utf-8")
    facts = postgres.start(tmp_path, 0, tmp_path / "init.sql")
    try:
        assert postgres.start(tmp_path, 0)["pid"] == facts["pid"]
        assert postgres.stop(tmp_path) is True and postgres.stop(tmp_path) is False
        again = postgres.start(tmp_path, 0)
        assert again["port"] == facts["port"]
        with postgres.connect(again) as connection:
            assert connection.execute("SELECT x FROM kept").fetchone() == (7,)
        with pytest.raises(psycopg.OperationalError):
            postgres.connect({**again, "password": "wrong"})
    finally:
        postgres.remove(tmp_path)
    assert postgres.status(tmp_path) is None


def test_store(tmp_path: Path) -> None:
    from appsmith_sandbox.store import Store

    store = Store(tmp_path / "state.db")
    first = store.insert("things", {"a": 1, "b": None})
    store.insert("things", {"a": 2})
    assert [one["a"] for one in store.find("things")] == [1, 2]
    assert store.find("things", a=1, b=None) == [first]
    with pytest.raises(ArithmeticError), store.tx():
        store.update("things", first["id"], a=9)
        with store.tx():
            store.insert("things", {"a": 3})
        raise ArithmeticError("on the way")
    assert [one["a"] for one in store.find("things")] == [1, 2]
    other = Store(tmp_path / "state.db")
    assert other.get("things", first["id"]) == first
    assert other.restore(store.dump(), drop=True) == (2, 0)
    assert [one["a"] for one in store.find("things")] == [1, 2]
    assert store.delete("things", first["id"]) is True and store.delete("things", first["id"]) is False
    with pytest.raises(KeyError):
        store.update("things", first["id"], a=1)
