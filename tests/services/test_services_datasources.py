# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasources against real services: what is right is proven, what is wrong is never called proven."""

from __future__ import annotations

import json
from typing import Any

import pytest
import servers
from conftest import Queried
from http_service import HttpService
from worlds import World

WORKSPACE = "Services"
GET = {"httpMethod": "GET", "path": ""}


def put(world: World, item: dict[str, Any], *, check: bool = False, **more: Any) -> dict[str, Any]:
    world.workspace(WORKSPACE)
    return world.run("datasource", check=check, diff=True, workspace=WORKSPACE, **item, **more)


def proof(application: str, **expected: Any) -> dict[str, Any]:
    return {"proof_query": {"application": application, "query": "who", **expected}}


def test_postgresql_is_proven_by_its_test_and_by_the_user_that_reads(world: World, queried: Queried) -> None:
    given = next(one for one in world.stage.datasources("production") if one["name"] == "orders_db")
    item = {**given, "name": "pg"}
    first = put(world, item)
    assert first["changed"] and first["datasource"]["proof"] == "tested"
    name = queried(world, WORKSPACE, "pg", {"body": "SELECT session_user AS who"})
    again = put(world, {**item, **proof(name, expect="[0].who", equals="orders_production")})
    assert not again["changed"] and again["datasource"]["proof"] == f"query 'who' of '{name}' answered"
    other = put(world, {**item, **proof(name, expect="[0].who", equals="orders_staging")})
    assert other["failed"] and "is orders_production, expected orders_staging" in other["msg"]
    wrong = put(world, {**item, "password": "wrong", "read_only": True})
    assert wrong["failed"] and not wrong["changed"] and "password authentication failed" in wrong["msg"]


def test_mysql(world: World, queried: Queried, mariadb: servers.Server) -> None:
    item = {
        **{"name": "my", "plugin": "mysql", "host": "127.0.0.1", "port": mariadb.port, "database": "legacy"},
        **{"username": "desk", "password": "mysql-made-up"},
    }
    wrong = put(world, {**item, "password": "wrong"})
    assert wrong["failed"] and not wrong["changed"] and "Access denied for user 'desk'" in wrong["msg"]
    assert put(world, item)["datasource"]["proof"] == "tested"
    name = queried(world, WORKSPACE, "my", {"body": "SELECT current_user() AS who"})
    again = put(world, {**item, **proof(name, expect="[0].who", equals="desk@127.0.0.1")})
    assert not again["changed"] and again["datasource"]["proven"]


def test_redis(world: World, queried: Queried, redis: servers.Server) -> None:
    item = {"name": "cache", "plugin": "redis", "host": "127.0.0.1", "port": redis.port, "password": "redis-made-up"}
    wrong = put(world, {**item, "password": "wrong"})
    assert wrong["failed"] and not wrong["changed"] and "WRONGPASS" in wrong["msg"]
    without = put(world, {**item, "password": None})
    assert without["failed"] and "Unable to validate object" in without["msg"]
    assert put(world, item)["datasource"]["proof"] == "tested"
    name = queried(world, WORKSPACE, "cache", {"body": 'SET who "cache"'})
    again = put(world, {**item, **proof(name, expect="[0].result", equals="OK")})
    assert not again["changed"] and again["datasource"]["proven"]


KINDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "none": ({"authentication": "none"}, "", ""),
    "basic": ({"authentication": "basic", "username": "appsmith"}, "password", "basic-made-up"),
    "bearer": ({"authentication": "bearer"}, "bearer_token", "bearer-made-up"),
    "key": ({"authentication": "api_key", "api_key_name": "X-Key"}, "api_key", "key-made-up"),
    "query": ({"authentication": "api_key", "api_key_name": "key", "api_key_in": "query"}, "api_key", "key-made-up"),
    "oauth2": ({"authentication": "oauth2_client_credentials", "client_id": "client"}, "client_secret",
               "client-made-up"),
    "graphql": ({"plugin": "graphql", "authentication": "api_key", "api_key_name": "X-Key"}, "api_key",
                "key-made-up"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_api_with_each_kind_of_authentication(kind: str, world: World, queried: Queried, api: HttpService) -> None:
    options, secret, right = KINDS[kind]
    item = {"name": f"api_{kind}", "plugin": "restapi", "url": f"{api.url}/{kind}", **options}
    if kind == "oauth2":
        item["token_url"] = f"{api.url}/token"
    given = {**item, secret: right} if secret else item
    first = put(world, given)
    # Its test calls nothing: without a query it is never called proven.
    assert first["changed"] and not first["datasource"]["proven"]
    assert first["datasource"]["proof"].startswith("saved, not proven")
    settings = GET if kind != "graphql" else {"body": "query { who }"}
    name = queried(world, WORKSPACE, item["name"], settings)
    who = {"none": "anybody"}.get(kind, kind)
    expected = proof(name, expect="data.who" if kind == "graphql" else "who", equals=who)
    again = put(world, {**given, **expected})
    assert not again["changed"] and again["datasource"]["proven"], again
    if not secret:
        return
    # The service gets a new secret; what is stored fails, so `auto` writes the new one.
    for holder in ("password", "bearer", "key", "client_secret"):
        setattr(api, holder, "new-made-up")
    api.tokens.clear()
    predicted = put(world, {**given, **expected, secret: "new-made-up"}, check=True)
    changed = put(world, {**given, **expected, secret: "new-made-up"})
    assert predicted["changed"] and changed["changed"], changed
    assert changed["datasource"]["reasons"] == ["query failed with the stored secret"]
    assert changed["datasource"]["proven"] and "made-up" not in json.dumps(changed)
    wrong = put(world, {**given, **expected, secret: "wrong"}, update_secrets="always")
    assert wrong["failed"] and wrong["changed"] and "doesn't prove it" in wrong["msg"]


def test_a_configuration_without_authentication_keeps_the_stored_one(
    world: World, queried: Queried, api: HttpService
) -> None:
    item = {"name": "kept", "plugin": "restapi", "url": f"{api.url}/bearer"}
    put(world, {**item, "authentication": "bearer", "bearer_token": api.bearer})
    name = queried(world, WORKSPACE, "kept", GET)
    changed = put(world, {**item, "headers": {"X-More": "1"}, **proof(name, expect="who", equals="bearer")})
    assert changed["changed"] and changed["datasource"]["proven"], changed
    dropped = put(world, {**item, "authentication": "none", **proof(name, expect="who", equals="bearer")})
    assert dropped["failed"] and dropped["changed"] and "401" in dropped["msg"]
