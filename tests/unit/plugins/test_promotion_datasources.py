# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasources of an application on its way: the exact calls, what is told of each, and credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AlreadyExists, NotFound, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_datasources import (
    Credentials,
    Landscape,
    collisions,
    foreign,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import Facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import BEHIND, DEPLOYED, Item
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import DatasourceUse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

URL = "http://appsmith.example.com"
WORKSPACE, APPLICATION = "w1", "a1"
TARGET = Target(
    "desk", APPLICATION, APPLICATION, WORKSPACE, "Operations", "git@git.example.com:acme/desk.git", "master"
)
PLUGINS = [
    {"id": "p-pg", "packageName": "postgres-plugin", "pluginName": None, "type": "DB"},
    {"id": "p-my", "packageName": "mysql-plugin", "pluginName": None, "type": "DB"},
    {"id": "p-rest", "packageName": "restapi-plugin", "pluginName": None, "type": "API"},
    {"id": "p-gs", "packageName": "google-sheets-plugin", "pluginName": "google-sheets-plugin", "type": "SAAS"},
    {"id": "p-tw", "packageName": "saas-plugin", "pluginName": "Twilio", "type": "REMOTE"},
    {"id": "p-aws", "packageName": "aws-lambda-plugin", "pluginName": "AWS Lambda", "type": "REMOTE"},
    {"id": "p-ai", "packageName": "openai-plugin", "pluginName": "Open AI", "type": "AI"},
]
BY_CODE = {"authentication": {"authenticationType": "oAuth2", "grantType": "authorization_code"}}
AUTHORISED = {"authentication": {**BY_CODE["authentication"], "isAuthorized": True}}


def listed(name: str, plugin: str = "p-pg", *, configured: bool = True, configuration: Any = None) -> dict[str, Any]:
    storage = {"id": f"s-{name}", "isConfigured": configured, "datasourceConfiguration": configuration or {}}
    return {"id": f"d-{name}", "name": name, "pluginId": plugin, "datasourceStorages": {"unused_env": storage}}


def use(name: str, plugin: str = "postgres-plugin", sync: str | None = None, page: str = "Order") -> DatasourceUse:
    return DatasourceUse(name, plugin, sync or f"w0_{name}", [page], [f"{page}/q"])


def item(*uses: DatasourceUse, facts: bool = True, **more: Any) -> Item:
    found = Item(TARGET, state=BEHIND, behind=1, status=Status(True, 0, 1))
    if facts:
        found.facts = Facts(schema=(12, 2), commit_after="c0ffee", datasources=list(uses))
    for name, value in more.items():
        setattr(found, name, value)
    return found


@pytest.fixture
def client() -> Client:
    return Client(URL, session="s")


class Calls:
    def __init__(self, api: Any) -> None:
        self.api = api

    def used(self, *found: dict[str, Any]) -> None:
        path = f"/applications/import/{WORKSPACE}/datasources"
        self.api.expect("GET", path, params={"defaultApplicationId": APPLICATION}, data=list(found))

    def plugins(self) -> None:
        self.api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)

    def workspace(self, *found: dict[str, Any]) -> None:
        self.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=list(found))

    def export(self, **sync_ids: str) -> None:
        datasources = [{"name": name, "gitSyncId": sync} for name, sync in sync_ids.items()]
        text = json.dumps({"pageList": [], "datasourceList": datasources})
        headers = {"Content-Type": "application/json"}
        self.api.expect("GET", f"/applications/export/{APPLICATION}", text=text, answer_headers=headers)

    def pages(self) -> None:
        found = [
            {"id": "g0", "slug": "other", "name": "Other"},
            {"id": "g1", "baseId": "g1b", "slug": "desk", "name": "Desk", "isDefault": True},
        ]
        params = {"applicationId": APPLICATION, "mode": "EDIT"}
        self.api.expect("GET", "/pages", params=params, data={"pages": found})


@pytest.fixture
def calls(api: Any) -> Calls:
    return Calls(api)


# -- what it costs ---------------------------------------------------------------------------------------------------
def test_while_all_are_configured_a_workspace_costs_one_call(calls: Calls, client: Client) -> None:
    landscape = Landscape()
    calls.workspace(listed("orders_db"), listed("mail"))
    for _application in range(3):
        one = item(facts=False)
        landscape.look(client, one)
        assert (one.unconfigured, one.new_datasources, one.datasources_by_hand) == ([], [], [])


def test_while_one_is_not_each_application_says_what_it_uses(calls: Calls, client: Client) -> None:
    landscape = Landscape()
    calls.workspace(listed("orders_db", configured=False), listed("mail"))
    calls.used(listed("orders_db", configured=False))
    one, other = item(facts=False), item(facts=False)
    landscape.look(client, one)
    calls.used(listed("mail"))
    landscape.look(client, other)
    assert (one.unconfigured, other.unconfigured) == (["orders_db"], [])


def test_with_the_repository_the_plugins_are_asked_for_once_a_run(calls: Calls, client: Client) -> None:
    landscape = Landscape()
    calls.plugins()
    calls.workspace(listed("orders_db"))
    for _application in range(3):
        one = item(use("orders_db"))
        landscape.look(client, one)
        assert (one.unconfigured, one.new_datasources) == ([], [])


def test_a_workspace_is_listed_again_when_it_is_forgotten(calls: Calls, client: Client) -> None:
    landscape = Landscape()
    calls.plugins()
    calls.workspace(listed("orders_db"))
    one = item(use("orders_db"))
    landscape.look(client, one)
    landscape.forget(WORKSPACE)
    calls.workspace()
    calls.used()
    landscape.look(client, one)
    assert one.new_datasources == ["orders_db"]


# -- new, renamed, taken ---------------------------------------------------------------------------------------------
def test_what_the_tip_uses_no_more_need_not_be_configured(calls: Calls, client: Client) -> None:
    landscape = Landscape()
    found = [listed("old_db", configured=False), listed("orders_db", configured=False)]
    calls.plugins()
    calls.workspace(*found)
    calls.used(*found)
    one = item(use("orders_db"))
    landscape.look(client, one)
    assert one.unconfigured == ["orders_db"]
    # After the deployment all that it uses counts.
    landscape.forget(WORKSPACE)
    calls.workspace(*found)
    calls.used(found[0])
    one.state = DEPLOYED
    landscape.look(client, one)
    assert (one.unconfigured, one.new_datasources) == (["old_db"], [])


def test_a_new_one_is_new(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("mail"))
    calls.used()
    one = item(use("orders_db"))
    Landscape().look(client, one)
    assert (one.new_datasources, one.unconfigured, collisions(one)) == (["orders_db"], [], [])


def test_a_new_one_beside_one_that_went_may_be_the_same_renamed(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("production_db"))
    calls.used(listed("production_db"))
    calls.export(production_db="w0_orders_db")
    one = item(use("orders_db"))
    Landscape().look(client, one)
    assert (one.new_datasources, one.unconfigured, collisions(one)) == ([], [], [])


def test_a_new_one_beside_one_that_went_may_be_new(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("old_db"))
    calls.used(listed("old_db"))
    calls.export(old_db="w0_old_db")
    one = item(use("orders_db"))
    Landscape().look(client, one)
    assert one.new_datasources == ["orders_db"]


def test_a_name_of_another_plugin_is_taken(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("orders_db", "p-my"))
    calls.used()
    calls.export()
    one = item(use("orders_db"))
    Landscape().look(client, one)
    assert one.new_datasources == ["orders_db"]
    (text,) = collisions(one)
    assert "is postgres-plugin in the repository and mysql-plugin on the target" in text


def test_another_identity_shows_as_a_changed_file(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("orders_db"))
    calls.used(listed("orders_db"))
    calls.export(orders_db="w9_7")
    one = item(use("orders_db"), status=Status(False, 0, 1, modified=("datasources/orders_db.json",)))
    Landscape().look(client, one)
    assert (foreign(one), collisions(one)) == (["orders_db"], [])


def test_without_the_right_to_export_names_must_do(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("orders_db", "p-my"))
    calls.used()
    error = (404, "AE-ACL-4004", "Unable to find application")
    calls.api.expect("GET", f"/applications/export/{APPLICATION}", error=error)
    one = item(use("orders_db"))
    Landscape().look(client, one)
    assert one.sync_ids is None and len(collisions(one)) == 1


def test_a_plugin_goes_by_the_name_that_repositories_use(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace(listed("ai", "p-ai"))
    one = item(use("ai", "Open AI"))
    Landscape().look(client, one)
    assert (one.new_datasources, one.datasources_by_hand) == ([], [])


# -- by hand ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("plugin", "reference", "configuration", "why"),
    [
        ("p-gs", "google-sheets-plugin", None, "consent in a browser"),
        ("p-tw", "Twilio", None, "vendor's cloud service"),
        ("p-rest", "restapi-plugin", BY_CODE, "OAuth2 sign-in (authorization code)"),
    ],
)
def test_what_a_person_must_set_up(
    calls: Calls, client: Client, plugin: str, reference: str, configuration: Any, why: str
) -> None:
    found = listed("x", plugin, configured=reference != "Twilio", configuration=configuration)
    calls.plugins()
    calls.workspace(found)
    calls.used(found)
    calls.pages()
    one = item(use("x", reference, page="Plan"))
    Landscape().look(client, one)
    (entry,) = one.datasources_by_hand
    assert (entry["name"], entry["plugin"], entry["pages"]) == ("x", reference, ["Plan"])
    assert why in entry["why"]
    assert entry["done"] == f"a person finishes it at {URL}/app/application/desk-g1b/edit/datasource/d-x"


@pytest.mark.parametrize(
    ("plugin", "reference", "configuration"),
    [
        ("p-gs", "google-sheets-plugin", AUTHORISED),
        ("p-rest", "restapi-plugin", AUTHORISED),
        # Where no consent is stored a configuration is all that there is to see.
        ("p-tw", "Twilio", {"authentication": {"authenticationType": "basic"}}),
    ],
)
def test_what_a_person_has_finished(
    calls: Calls, client: Client, plugin: str, reference: str, configuration: Any
) -> None:
    calls.plugins()
    calls.workspace(listed("x", plugin, configuration=configuration))
    one = item(use("x", reference))
    Landscape().look(client, one)
    assert [entry["done"] for entry in one.datasources_by_hand] == ["configured on the target"]


def test_a_new_one_has_no_address_yet(calls: Calls, client: Client) -> None:
    calls.plugins()
    calls.workspace()
    calls.used()
    one = item(use("x", "google-sheets-plugin"))
    Landscape().look(client, one)
    done = "a person finishes it in the application's editor, after the deployment"
    assert one.datasources_by_hand[0]["done"] == done


@pytest.mark.parametrize("reference", ["AWS Lambda", "restapi-plugin", "postgres-plugin", "Open AI"])
def test_what_keys_are_enough_for(calls: Calls, client: Client, reference: str) -> None:
    plugin = next(one["id"] for one in PLUGINS if reference in (one["pluginName"], one["packageName"]))
    calls.plugins()
    calls.workspace(listed("x", str(plugin)))
    one = item(use("x", reference))
    Landscape().look(client, one)
    assert one.datasources_by_hand == []


@pytest.mark.parametrize("reference", ["hubspot-1.0", "Airtable", "twilio", "google-sheets-plugin"])
def test_kinds_that_the_target_does_not_even_list(calls: Calls, client: Client, reference: str) -> None:
    calls.plugins()
    calls.workspace()
    calls.used()
    one = item(use("x", reference))
    Landscape().look(client, one)
    assert one.datasources_by_hand[0]["plugin"] == reference


def test_without_the_repository_what_the_target_shows_is_told(calls: Calls, client: Client) -> None:
    found = listed("crm", "p-rest", configuration=BY_CODE)
    calls.workspace(found)
    calls.used(found)
    calls.pages()
    one = item(facts=False)
    Landscape().look(client, one)
    assert [(entry["name"], entry["pages"]) for entry in one.datasources_by_hand] == [("crm", [])]


# -- credentials -----------------------------------------------------------------------------------------------------
DB = {
    "name": "orders_db",
    "plugin": "postgres",
    "host": "db",
    "database": "orders",
    "username": "a",
    "password": "pw-1",
}
STORED = {
    "connection": {"mode": "READ_WRITE", "ssl": {"authType": "DEFAULT"}},
    "endpoints": [{"host": "db", "port": 5432}],
    "authentication": {"authenticationType": "dbAuth", "username": "a", "databaseName": "orders"},
}


def credentials(client: Client, *wanted: dict[str, Any]) -> Credentials:
    return Credentials(client, Version.parse("v1.91"), wanted or [DB])


def test_what_credentials_cover(client: Client) -> None:
    of = credentials(client)
    assert of.covers("orders_db") and of.covers("orders_db", "postgres-plugin") and of.covers("orders_db", "PostgreSQL")
    assert not of.covers("orders_db", "mysql-plugin") and not of.covers("mail")


def configured(calls: Calls, *, works: bool = True) -> None:
    """The calls of the module datasources for one that has no configuration."""
    wanted = {**STORED, "authentication": {**STORED["authentication"], "password": "pw-1"}}
    storage = {"environmentId": "unused_env", "isConfigured": True, "datasourceConfiguration": wanted}
    at = {"pluginId": "p-pg", "workspaceId": WORKSPACE}
    test = {"environmentId": "unused_env", "datasourceConfiguration": wanted, **at}
    answer = {"success": True} if works else {"success": False, "invalids": ["no such host"]}
    calls.api.expect("POST", "/datasources/test", json=test, data=answer)
    if not works:
        return
    ids = {"id": "s-orders_db", "datasourceId": "d-orders_db"}
    after = listed("orders_db", configuration=STORED)
    calls.api.expect("PUT", "/datasources/datasource-storages", json={**ids, **at, **storage}, data=after)
    stored = {**test, "datasourceConfiguration": STORED, **ids, "isConfigured": True}
    calls.api.expect("POST", "/datasources/test", json=stored, data={"success": True})


def test_credentials_are_applied_and_proven(calls: Calls, client: Client) -> None:
    calls.workspace(listed("orders_db", configured=False), listed("mail"))
    calls.plugins()
    configured(calls)
    (result,) = credentials(client).apply(WORKSPACE, ["orders_db", "mail"])
    assert (result["name"], result["action"], result["proof"]) == ("orders_db", "updated", "tested")
    assert "pw-1" not in str(result) and "diff" not in result


def test_credentials_that_do_not_work_are_an_error(calls: Calls, client: Client) -> None:
    calls.workspace(listed("orders_db", configured=False))
    calls.plugins()
    configured(calls, works=False)
    with pytest.raises(ProofFailed) as refused:
        credentials(client).apply(WORKSPACE, ["orders_db"])
    assert "no such host" in str(refused.value)


def test_none_is_ever_made(calls: Calls, client: Client) -> None:
    calls.workspace()
    with pytest.raises(NotFound) as refused:
        credentials(client).apply(WORKSPACE, ["orders_db"])
    assert "under another name" in str(refused.value)


def test_check_mode_predicts_a_new_one(calls: Calls) -> None:
    calls.workspace()
    calls.plugins()
    wanted = {**STORED, "authentication": {**STORED["authentication"], "password": "pw-1"}}
    body = {
        **{"environmentId": "unused_env", "datasourceConfiguration": wanted, "pluginId": "p-pg"},
        "workspaceId": WORKSPACE,
    }
    calls.api.expect("POST", "/datasources/test", json=body, data={"success": True})
    (result,) = credentials(Client(URL, session="s", check_mode=True)).apply(WORKSPACE, ["orders_db"])
    assert (result["action"], result["changed"]) == ("created", True)


def test_another_plugins_datasource_is_not_touched(calls: Calls, client: Client) -> None:
    calls.workspace(listed("orders_db", "p-my"))
    calls.plugins()
    with pytest.raises(AlreadyExists):
        credentials(client).apply(WORKSPACE, ["orders_db"])


def test_one_that_is_configured_is_never_changed(calls: Calls, client: Client) -> None:
    calls.workspace(listed("orders_db", configuration={"endpoints": [{"host": "other", "port": 1}]}))
    calls.plugins()
    assert credentials(client).apply(WORKSPACE, ["orders_db"]) == []


def test_names_without_credentials_cost_nothing(client: Client) -> None:
    assert credentials(client).apply(WORKSPACE, ["mail"]) == []
