# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules datasource, datasources and datasource_info, call by call."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

WORKSPACE = "6b0285f39f36537a747a52c1"
PLUGINS = [
    {"id": "p-pg", "packageName": "postgres-plugin", "type": "DB", "name": "PostgreSQL"},
    {"id": "p-rest", "packageName": "restapi-plugin", "type": "API", "name": "REST API"},
    {"id": "p-my", "packageName": "mysql-plugin", "type": "DB", "name": "MySQL"},
    {"id": "p-gs", "packageName": "google-sheets-plugin", "type": "SAAS", "name": "Google Sheets"},
]
PAGES = [{"id": "p0", "slug": "page0"}, {"id": "p1", "slug": "page1", "isDefault": True}]
SECRET = "made-up-Pa55"
POSTGRES = {
    "name": "orders_db",
    "plugin": "postgres-plugin",
    "host": "db.example.com",
    "database": "orders",
    "username": "prod_user",
    "password": SECRET,
}
CONFIGURATION = {
    "connection": {"mode": "READ_WRITE", "ssl": {"authType": "DEFAULT"}},
    "endpoints": [{"host": "db.example.com", "port": 5432}],
    "authentication": {
        "authenticationType": "dbAuth",
        "username": "prod_user",
        "password": SECRET,
        "databaseName": "orders",
    },
}


def without_secret(configuration: dict[str, Any] | None = None) -> dict[str, Any]:
    seen = copy.deepcopy(configuration or CONFIGURATION)
    for member in ("password", "bearerToken", "value", "clientSecret"):
        seen.get("authentication", {}).pop(member, None)
    return seen


def stored(
    name: str = "orders_db",
    plugin: str = "p-pg",
    configuration: dict[str, Any] | None = None,
    configured: bool = True,
    **storage: Any,
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": f"st-{name}",
        "datasourceId": f"ds-{name}",
        "environmentId": "unused_env",
        "isConfigured": configured,
        "invalids": [],
        "messages": [],
        **storage,
    }
    if configuration is not None:
        content["datasourceConfiguration"] = configuration
    return {
        "id": f"ds-{name}",
        "name": name,
        "pluginId": plugin,
        "workspaceId": WORKSPACE,
        "datasourceStorages": {"unused_env": content},
        "isValid": True,
    }


def test_body(configuration: dict[str, Any], plugin: str = "p-pg", name: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "environmentId": "unused_env",
        "pluginId": plugin,
        "workspaceId": WORKSPACE,
        "datasourceConfiguration": configuration,
    }
    if name:
        body |= {"id": f"st-{name}", "datasourceId": f"ds-{name}", "isConfigured": True}
    return body


test_body.__test__ = False  # type: ignore[attr-defined]


def save_body(configuration: dict[str, Any], plugin: str = "p-pg", name: str = "orders_db") -> dict[str, Any]:
    return {
        "id": f"st-{name}",
        "datasourceId": f"ds-{name}",
        "environmentId": "unused_env",
        "pluginId": plugin,
        "workspaceId": WORKSPACE,
        "isConfigured": True,
        "datasourceConfiguration": configuration,
    }


class Server:
    """Expectations in the words of this module."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def look(self, *datasources: dict[str, Any]) -> None:
        self.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
        self.api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
        self.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=list(datasources))

    def test(self, body: dict[str, Any], *invalids: str) -> None:
        answer = {"success": not invalids, "invalids": list(invalids), "messages": []}
        self.api.expect("POST", "/datasources/test", json=body, data=answer)

    def places(self, used: dict[str, list[str]]) -> None:
        """The applications of the workspace, and which datasources each uses."""
        listed = [{"id": name, "name": name, "slug": name} for name in used]
        self.api.expect("GET", "/applications/home", params={"workspaceId": WORKSPACE}, data=listed)
        for name, datasources in used.items():
            self.api.expect(
                "GET",
                f"/applications/import/{WORKSPACE}/datasources",
                params={"defaultApplicationId": name},
                data=[stored(one, "p-gs") for one in datasources],
            )

    def query(self, body: Any, *, first: bool = True, uses: str = "ds-status", works: bool = True) -> None:
        """A published query is looked up, looked at, and run."""
        if first:
            listed = [{"id": "a1", "name": "orders", "workspaceId": WORKSPACE}]
            self.api.expect("GET", "/applications/home", params={"workspaceId": WORKSPACE}, data=listed)
            pages = {"pages": [{"id": "p1", "name": "Page1"}]}
            self.api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "PUBLISHED"}, data=pages)
            published = [{"id": "q1", "name": "status", "pageId": "p1"}]
            self.api.expect("GET", "/actions/view", params={"applicationId": "a1"}, data=published)
        actions = [{"id": "q1", "datasource": {"id": uses}}]
        self.api.expect("GET", "/actions", params={"applicationId": "a1"}, data=actions)
        if uses == "ds-status":
            error = {} if works else {"pluginErrorDetails": {"downstreamErrorMessage": "401 UNAUTHORIZED"}}
            sent = ['name="executeActionDTO"', '{"actionId": "q1", "viewMode": true}']
            answer = {"isExecutionSuccess": works, "body": body, **error}
            self.api.expect("POST", "/actions/execute", multipart=sent, data=answer)

    def save(self, body: dict[str, Any], answer: dict[str, Any], **more: Any) -> None:
        self.api.expect("PUT", "/datasources/datasource-storages", json=body, data=answer, **more)


@pytest.fixture
def server(api: Any) -> Server:
    return Server(api)


def one(run_module: Any, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    run = {key: more.pop(key) for key in ("check_mode", "diff") if key in more}
    return run_module("datasource", {"workspace": "Operations", **item, **more}, **run)


def many(run_module: Any, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    run = {key: more.pop(key) for key in ("check_mode", "diff") if key in more}
    return run_module("datasources", {"workspace": "Operations", "datasources": items, **more}, **run)


# --- create --------------------------------------------------------------------------------------------------------


def test_a_missing_one_is_tried_then_created_then_proven(server, run_module):
    server.look()
    server.test(test_body(CONFIGURATION))
    server.api.expect(
        "POST",
        "/datasources",
        json={
            "name": "orders_db",
            "pluginId": "p-pg",
            "workspaceId": WORKSPACE,
            "datasourceStorages": {
                "unused_env": {
                    "environmentId": "unused_env",
                    "isConfigured": True,
                    "datasourceConfiguration": CONFIGURATION,
                }
            },
        },
        status=201,
        data=stored(configuration=without_secret()),
    )
    server.test(test_body(without_secret(), name="orders_db"))
    result = one(run_module, POSTGRES, diff=True)
    found = result["datasource"]
    assert result["changed"] and found["action"] == "created" and found["reasons"] == ["missing"]
    assert found["proven"] and found["proof"] == "tested" and found["id"] == "ds-orders_db"
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["configuration"] == without_secret()
    assert SECRET not in json.dumps(result)


def test_check_mode_tries_but_sends_nothing(server, run_module):
    server.look()
    server.test(test_body(CONFIGURATION))
    result = one(run_module, POSTGRES, check_mode=True)
    assert result["changed"] and result["datasource"]["proof"] == "tested before saving"
    assert result["datasource"]["id"] is None


def test_wrong_credentials_are_never_saved(server, run_module):
    server.look()
    server.test(test_body(CONFIGURATION), f"FATAL: password authentication failed, {SECRET}")
    result = one(run_module, POSTGRES)
    assert result["failed"] and not result["changed"]
    assert "nothing was written" in result["msg"] and "password authentication failed" in result["msg"]
    assert SECRET not in json.dumps(result)


# --- reconnect after an import -------------------------------------------------------------------------------------


def test_an_imported_one_gets_the_whole_configuration_and_is_configured(server, run_module):
    server.look(stored(configured=False, invalids=["No datasource configuration found."]))
    # With the ids of an unconfigured storage the server answers AE-DTS-4011: it must be tried without them.
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    found = one(run_module, POSTGRES)["datasource"]
    assert found["reasons"] == ["unconfigured"] and found["action"] == "updated" and found["proven"]


def test_a_plain_api_is_configured_too_and_not_called_proven(server, run_module):
    item = {"name": "status", "plugin": "restapi", "url": "https://status.example.com"}
    configuration = {"url": "https://status.example.com", "headers": [], "queryParameters": []}
    server.look(stored("status", "p-rest", configured=False))
    server.save(save_body(configuration, "p-rest", "status"), stored("status", "p-rest", configuration))
    found = one(run_module, item)["datasource"]
    assert found["changed"] and not found["proven"]
    assert found["proof"].startswith("saved, not proven")


def test_saved_but_not_shown_as_configured_is_a_failure(server, run_module):
    server.look(stored(configured=False))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret(), configured=False))
    result = one(run_module, POSTGRES, test=False)
    assert result["failed"] and result["changed"] and "does not show it as configured" in result["msg"]


def test_what_fails_after_it_was_saved_says_changed(server, run_module):
    """It was written, failed or not: handlers and reports must know."""
    server.look(stored(configured=False))
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"), "FATAL: database is gone")
    result = one(run_module, POSTGRES)
    assert result["failed"] and result["changed"] and "(as it is stored): FATAL: database is gone" in result["msg"]


def test_a_refused_save_says_not_changed(server, run_module):
    server.look(stored(configured=False))
    server.test(test_body(CONFIGURATION))
    body = save_body(CONFIGURATION)
    server.api.expect("PUT", "/datasources/datasource-storages", json=body, error=(403, "AE-ACL-4003", "No"))
    result = one(run_module, POSTGRES)
    assert result["failed"] and not result["changed"]


def test_saved_with_invalids_is_a_failure(server, run_module):
    server.look(stored(configured=False))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret(), invalids=["Missing endpoint."]))
    result = one(run_module, POSTGRES, test=False)
    assert result["failed"] and "Missing endpoint." in result["msg"]


# --- second run, changes, secrets ----------------------------------------------------------------------------------


def test_second_run_proves_and_changes_nothing(server, run_module):
    server.look(stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    result = one(run_module, POSTGRES, diff=True)
    assert not result["changed"] and result["datasource"]["action"] == "unchanged" and result["datasource"]["proven"]
    assert result["diff"]["before"] == result["diff"]["after"]


def test_without_test_a_second_run_only_looks(server, run_module):
    server.look(stored(configuration=without_secret()))
    result = one(run_module, POSTGRES, test=False)
    assert not result["changed"] and not result["datasource"]["proven"]
    assert result["datasource"]["proof"] == "saved, not proven"


def test_auto_writes_the_secret_when_the_stored_one_is_refused(server, run_module):
    server.look(stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"), "FATAL: password authentication failed")
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    result = one(run_module, POSTGRES, diff=True)
    assert result["datasource"]["reasons"] == ["stored secret refused"] and result["datasource"]["secrets_written"]
    assert result["diff"]["after"]["unseen"] == "written"
    assert SECRET not in json.dumps(result)


def test_auto_takes_the_secret_along_when_the_rest_differs(server, run_module):
    old = without_secret()
    old["endpoints"][0]["host"] = "old.example.com"
    server.look(stored(configuration=old))
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    result = one(run_module, POSTGRES, diff=True)
    assert result["datasource"]["reasons"] == ["differs: endpoints"]
    assert result["diff"]["before"]["configuration"]["endpoints"][0]["host"] == "old.example.com"


def test_always_writes_in_every_run(server, run_module):
    server.look(stored(configuration=without_secret()))
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    assert one(run_module, POSTGRES, update_secrets="always")["datasource"]["reasons"] == ["secrets"]


def test_on_create_leaves_a_stored_secret_alone(server, run_module):
    old = without_secret()
    old["connection"]["mode"] = "READ_ONLY"
    server.look(stored(configuration=old))
    server.test(test_body(without_secret(), name="orders_db"))
    server.save(save_body(without_secret()), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    found = one(run_module, POSTGRES, update_secrets="on_create")["datasource"]
    assert found["reasons"] == ["differs: connection.mode"] and not found["secrets_written"]


def test_on_create_writes_secrets_to_an_unconfigured_one(server, run_module):
    server.look(stored(configured=False))
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    assert one(run_module, POSTGRES, update_secrets="on_create")["datasource"]["secrets_written"]


def test_a_refusal_for_want_of_secrets_says_to_give_them(server, run_module):
    old = without_secret()
    old["endpoints"][0]["host"] = "old.example.com"
    server.look(stored(configuration=old))
    server.api.expect(
        "PUT",
        "/datasources/datasource-storages",
        json=save_body(without_secret()),
        error=(400, "AE-DTS-4013", "Enter the credentials again."),
    )
    result = one(run_module, POSTGRES, update_secrets="on_create", test=False)
    assert result["failed"] and "from v2.5.0" in result["msg"] and result["error"]["code"] == "AE-DTS-4013"


def test_no_authentication_in_the_configuration_never_drops_the_stored_one(server, run_module):
    """Contract 5.2: a configuration without authentication would drop it."""
    old = {
        "url": "https://old.example.com",
        "headers": [],
        "queryParameters": [],
        "authentication": {"authenticationType": "bearerToken"},
    }
    new = {**old, "url": "https://crm.example.com"}
    server.look(stored("crm", "p-rest", old))
    server.save(save_body(new, "p-rest", "crm"), stored("crm", "p-rest", new))
    item = {"name": "crm", "plugin": "restapi-plugin", "url": "https://crm.example.com"}
    assert one(run_module, item)["datasource"]["reasons"] == ["differs: url"]


def test_authentication_none_takes_the_stored_one_away(server, run_module):
    plain = {"url": "https://crm.example.com", "headers": [], "queryParameters": []}
    old = {**plain, "authentication": {"authenticationType": "bearerToken"}}
    server.look(stored("crm", "p-rest", old))
    server.save(save_body(plain, "p-rest", "crm"), stored("crm", "p-rest", plain))
    item = {"name": "crm", "plugin": "restapi-plugin", "url": "https://crm.example.com", "authentication": "none"}
    result = one(run_module, item, diff=True)
    assert result["datasource"]["reasons"] == ["differs: authentication"]
    assert "authentication" not in result["diff"]["after"]["configuration"]


def test_what_the_server_adds_by_itself_is_no_difference(server, run_module):
    item = {
        "name": "partner",
        "plugin": "restapi-plugin",
        "url": "https://partner.example.com",
        "authentication": "oauth2_client_credentials",
        "client_id": "cid",
        "client_secret": SECRET,
        "token_url": "https://partner.example.com/token",
        "scopes": ["read"],
    }
    seen = {
        "authentication": {
            "authenticationType": "oAuth2",
            "grantType": "client_credentials",
            "isTokenHeader": True,
            "isAuthorizationHeader": False,
            "clientId": "cid",
            "accessTokenUrl": "https://partner.example.com/token",
            "scopeString": "read",
            "scope": ["read"],
            "headerPrefix": "Bearer",
            "useSelfSignedCert": False,
        },
        "url": "https://partner.example.com",
        "headers": [],
        "queryParameters": [],
    }
    server.look(stored("partner", "p-rest", seen))
    assert not one(run_module, item)["changed"]


def test_headers_that_look_secret_are_hidden_in_the_diff(server, run_module):
    old = {"url": "https://crm.example.com", "headers": [{"key": "X-Api-Key", "value": "old-made-up"}]}
    new = {**old, "headers": [{"key": "X-Api-Key", "value": "new-made-up"}], "queryParameters": []}
    server.look(stored("crm", "p-rest", old))
    server.save(save_body(new, "p-rest", "crm"), stored("crm", "p-rest", new))
    item = {
        "name": "crm",
        "plugin": "restapi-plugin",
        "url": "https://crm.example.com",
        "headers": {"X-Api-Key": "new-made-up"},
    }
    result = one(run_module, item, diff=True)
    assert result["changed"] and "made-up" not in json.dumps(result["diff"])


def test_secrets_of_a_raw_configuration_are_hidden_everywhere(server, run_module):
    raw = {
        "authentication": {"authenticationType": "apiKey", "label": "k", "value": SECRET},
        "url": "https://x.example.com",
    }
    server.look(stored("x", "p-rest", configured=False))
    server.save(save_body(raw, "p-rest", "x"), stored("x", "p-rest", without_secret(raw)), status=200)
    result = one(run_module, {"name": "x", "plugin": "restapi-plugin", "configuration": raw}, diff=True)
    assert result["changed"] and result["datasource"]["secrets_written"]
    assert SECRET not in json.dumps(result)


# --- what is refused -----------------------------------------------------------------------------------------------


def test_the_same_name_with_another_plugin_is_an_error(server, run_module):
    server.look(stored(plugin="p-my", configuration=without_secret()))
    result = one(run_module, POSTGRES)
    assert result["failed"] and "mysql-plugin, not of postgres-plugin" in result["msg"]


def test_an_unknown_plugin_is_an_error_that_lists_those_there_are(api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    result = one(run_module, {"name": "x", "plugin": "oracel-plugin", "configuration": {"url": "x"}})
    assert result["failed"] and "no plugin oracel-plugin" in result["msg"] and "mysql-plugin" in result["msg"]


def test_an_unknown_workspace_is_an_error(api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    result = run_module("datasource", {"workspace": "Opertaions", **POSTGRES})
    assert result["failed"] and "'Operations'" in result["msg"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"host": None}, "needs host"),
        ({"database": None}, "needs database"),
        ({"host": "https://db.example.com"}, "bare name"),
        ({"host": "db.example.com:5432"}, "bare name"),
        ({"port": 70000}, "port 70000"),
        ({"ssl_mode": "YES"}, "ssl_mode YES"),
        ({"url": "https://x.example.com"}, "takes no url"),
        ({"plugin": "redis-plugin", "database": "cache"}, "number"),
        ({"plugin": "snowflake-plugin"}, "give configuration instead"),
        ({"plugin": "restapi-plugin"}, "needs url"),
    ],
)
def test_wrong_options_are_found_before_anything_is_sent(api, run_module, change, said):
    result = one(run_module, {**POSTGRES, **change})
    assert result["failed"] and said in result["msg"] and api.made == []


def test_options_of_another_way_to_sign_in_are_refused(api, run_module):
    item = {
        "name": "crm",
        "plugin": "restapi-plugin",
        "url": "crm.example.com",
        "authentication": "bearer",
        "client_id": "x",
    }
    result = one(run_module, item)
    assert "client_id has no use with authentication bearer" in result["msg"]
    assert "must begin with http" in result["msg"] and api.made == []


# --- what needs a person -------------------------------------------------------------------------------------------


def test_google_sheets_is_saved_and_reported_as_needing_a_browser(server, run_module):
    raw = {"authentication": {"authenticationType": "oAuth2", "scopeString": "sheets"}, "properties": []}
    server.look(stored("sheet", "p-gs", configured=False))
    server.save(save_body(raw, "p-gs", "sheet"), stored("sheet", "p-gs", raw, invalids=["Not authorised"]))
    server.places({"a1": [], "a2": ["sheet"]})
    server.api.expect("GET", "/pages", params={"applicationId": "a2", "mode": "EDIT"}, data={"pages": PAGES})
    result = one(run_module, {"name": "sheet", "plugin": "google-sheets-plugin", "configuration": raw})
    assert result["datasource"]["needs_browser"] and not result["datasource"]["proven"]
    assert "browser" in result["datasource"]["proof"]
    place = "http://appsmith.example.com/app/a2/page1-p1/edit/datasource/ds-sheet"
    assert result["datasource"]["finish_at"] == place and place in str(result["warnings"])


def test_those_for_a_person_are_listed_with_their_address(server, run_module):
    raw = {"authentication": {"authenticationType": "oAuth2"}}
    server.look(stored("sheet", "p-gs", raw), stored("plan", "p-gs", raw))
    server.places({"a1": ["sheet"], "a2": []})
    server.api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "EDIT"}, data={"pages": PAGES})
    # Nobody uses the other one: any application's editor shows it.
    server.api.expect("GET", "/pages", params={"applicationId": "a1", "mode": "EDIT"}, data={"pages": PAGES})
    items = [{"name": name, "plugin": "google-sheets", "configuration": raw} for name in ("sheet", "plan")]
    result = many(run_module, items)
    assert not result["changed"] and result["need_browser"] == ["sheet", "plan"]
    assert result["by_hand"] == [
        {
            "name": name,
            "plugin": "google-sheets-plugin",
            "finish_at": f"http://appsmith.example.com/app/a1/page1-p1/edit/datasource/ds-{name}",
        }
        for name in ("sheet", "plan")
    ]


def test_once_authorised_it_needs_nobody(server, run_module):
    raw = {"authentication": {"authenticationType": "oAuth2", "scopeString": "sheets"}}
    seen = {"authentication": {**raw["authentication"], "isAuthorized": True}}
    server.look(stored("sheet", "p-gs", seen))
    result = one(run_module, {"name": "sheet", "plugin": "google-sheets-plugin", "configuration": raw})
    assert not result["changed"] and not result["datasource"]["needs_browser"]


# --- absent --------------------------------------------------------------------------------------------------------


def test_absent_removes_and_looks_again(server, run_module):
    item = {"name": "orders_db", "plugin": "postgres-plugin", "state": "absent"}
    server.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    server.api.expect(
        "GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[stored(configuration=without_secret())]
    )
    server.api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    server.api.expect("DELETE", "/datasources/ds-orders_db", data={})
    server.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[])
    assert one(run_module, item)["datasource"]["action"] == "removed"


def test_absent_twice_and_absent_in_use(server, run_module):
    item = {"name": "orders_db", "plugin": "postgres-plugin", "state": "absent"}
    server.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    server.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[])
    assert not one(run_module, item)["changed"]
    server.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    server.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[stored()])
    server.api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    server.api.expect("DELETE", "/datasources/ds-orders_db", error=(409, "AE-DTS-4030", "Cannot delete, in use"))
    result = one(run_module, item)
    assert result["failed"] and "Delete the queries" in result["msg"]


def test_absent_in_check_mode_sends_nothing(server, run_module):
    server.api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    server.api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[stored()])
    server.api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    item = {"name": "orders_db", "plugin": "postgres-plugin", "state": "absent"}
    assert one(run_module, item, check_mode=True)["changed"]


# --- several at once -----------------------------------------------------------------------------------------------

REST = {"name": "status", "plugin": "restapi-plugin", "url": "https://status.example.com"}
REST_CONFIGURATION = {"url": "https://status.example.com", "headers": [], "queryParameters": []}


def test_several_share_one_look_and_a_failing_one_stops_no_other(server, run_module):
    server.look(
        stored(configured=False),
        stored("status", "p-rest", configured=False),
        stored("other", "p-rest", configured=False),
    )
    server.test(test_body(CONFIGURATION), "FATAL: no such host")
    server.save(save_body(REST_CONFIGURATION, "p-rest", "status"), stored("status", "p-rest", REST_CONFIGURATION))
    result = many(run_module, [POSTGRES, REST], diff=True)
    assert result["failed"] and "1 of 2 failed" in result["msg"] and result["changed"]
    assert [entry.get("failed", False) for entry in result["results"]] == [True, False]
    assert result["not_proven"] == ["status"] and result["unconfigured"] == ["other"]
    assert result["diff"]["before_header"] == "status"
    assert SECRET not in json.dumps(result)


def test_of_several_each_says_for_itself_whether_it_was_written(server, run_module):
    server.look(stored(configured=False), stored("status", "p-rest", configured=False))
    server.test(test_body(CONFIGURATION))
    server.save(save_body(CONFIGURATION), stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"), "FATAL: database is gone")
    server.api.expect(
        "PUT",
        "/datasources/datasource-storages",
        json=save_body(REST_CONFIGURATION, "p-rest", "status"),
        error=(403, "AE-ACL-4003", "No"),
    )
    result = many(run_module, [POSTGRES, REST])
    assert result["failed"] and result["changed"]
    assert [(entry["failed"], entry["changed"]) for entry in result["results"]] == [(True, True), (True, False)]


def test_several_that_are_as_wanted_change_nothing(server, run_module):
    server.look(stored(configuration=without_secret()), stored("status", "p-rest", REST_CONFIGURATION))
    server.test(test_body(without_secret(), name="orders_db"))
    result = many(run_module, [POSTGRES, REST], diff=True)
    assert not result["changed"] and "diff" not in result and result["unconfigured"] == []


def test_check_mode_predicts_several(server, run_module):
    server.look(stored(configured=False), stored("status", "p-rest", REST_CONFIGURATION))
    server.test(test_body(CONFIGURATION))
    result = many(run_module, [POSTGRES, REST], check_mode=True)
    assert [entry["changed"] for entry in result["results"]] == [True, False]


def test_all_problems_of_all_are_named_before_anything_is_sent(api, run_module):
    result = many(run_module, [{**POSTGRES, "host": None}, REST, {**REST, "url": "status"}])
    assert result["failed"] and api.made == []
    assert "needs host" in result["msg"] and "must begin with http" in result["msg"]
    assert "'status' is given twice" in result["msg"]


# --- proof by a query ----------------------------------------------------------------------------------------------

BEARER = {
    "name": "status",
    "plugin": "restapi-plugin",
    "url": "https://status.example.com",
    "authentication": "bearer",
    "bearer_token": SECRET,
    "proof_query": {"application": "orders", "query": "status", "expect": "user", "equals": "prod"},
}
BEARER_CONFIGURATION = {
    "url": "https://status.example.com",
    "headers": [],
    "queryParameters": [],
    "authentication": {"authenticationType": "bearerToken", "bearerToken": SECRET},
}


def saved_bearer() -> dict[str, Any]:
    return stored("status", "p-rest", without_secret(BEARER_CONFIGURATION))


def test_an_api_is_proven_by_its_query(server, run_module):
    server.look(stored("status", "p-rest", configured=False))
    server.save(save_body(BEARER_CONFIGURATION, "p-rest", "status"), saved_bearer())
    server.query({"user": "prod"})
    found = one(run_module, BEARER)["datasource"]
    assert found["proven"] and found["proof"] == "query 'status' of 'orders' answered"


def test_the_query_tells_that_the_stored_secret_still_works(server, run_module):
    server.look(saved_bearer())
    server.query({"user": "prod"})
    result = one(run_module, BEARER)
    assert not result["changed"] and result["datasource"]["proven"]


def test_the_query_tells_that_the_secret_changed(server, run_module):
    server.look(saved_bearer())
    server.query(None, works=False)
    server.save(save_body(BEARER_CONFIGURATION, "p-rest", "status"), saved_bearer())
    server.query({"user": "prod"}, first=False)
    result = one(run_module, BEARER)
    assert result["datasource"]["reasons"] == ["query failed with the stored secret"] and result["datasource"]["proven"]


def test_check_mode_asks_the_query_of_what_is_stored_only(server, run_module):
    server.look(saved_bearer())
    server.query(None, works=False)
    result = one(run_module, BEARER, check_mode=True)
    assert result["changed"] and not result["datasource"]["proven"]


def test_another_environments_answer_is_a_failure_after_the_save(server, run_module):
    server.look(stored("status", "p-rest", configured=False))
    server.save(save_body(BEARER_CONFIGURATION, "p-rest", "status"), saved_bearer())
    server.query({"user": "staging"})
    result = one(run_module, BEARER)
    assert result["failed"] and result["changed"] and "user is staging, expected prod" in result["msg"]
    assert SECRET not in json.dumps(result)


def test_a_query_of_another_datasource_proves_nothing(server, run_module):
    server.look(saved_bearer())
    server.query(None, uses="ds-other")
    result = one(run_module, BEARER)
    assert result["failed"] and not result["changed"] and "doesn't use datasource 'status'" in result["msg"]


def test_without_test_the_query_is_not_run(server, run_module):
    server.look(saved_bearer())
    result = one(run_module, BEARER, test=False)
    assert not result["changed"] and result["datasource"]["proof"].startswith("saved, not proven")


OAUTH = {
    "name": "status",
    "plugin": "restapi-plugin",
    "url": "https://status.example.com",
    "authentication": "oauth2_client_credentials",
    "token_url": "https://status.example.com/token",
    "client_id": "c",
    "client_secret": SECRET,
    "client_authentication": "header",
}
OAUTH_CONFIGURATION = {
    "url": "https://status.example.com",
    "headers": [],
    "queryParameters": [],
    "authentication": {
        "authenticationType": "oAuth2",
        "grantType": "client_credentials",
        "clientId": "c",
        "clientSecret": SECRET,
        "accessTokenUrl": "https://status.example.com/token",
        "isTokenHeader": True,
        "isAuthorizationHeader": True,
        "headerPrefix": "Bearer",
    },
}


def test_client_credentials_are_used_once_after_the_save(server, run_module):
    server.look(stored("status", "p-rest", configured=False))
    seen = stored("status", "p-rest", without_secret(OAUTH_CONFIGURATION))
    server.save(save_body(OAUTH_CONFIGURATION, "p-rest", "status"), seen)
    server.api.expect("GET", "/datasources/ds-status/structure", data={})
    assert one(run_module, OAUTH)["changed"]


def test_no_token_is_a_failure_after_the_save(server, run_module):
    server.look(stored("status", "p-rest", configured=False))
    seen = stored("status", "p-rest", without_secret(OAUTH_CONFIGURATION))
    server.save(save_body(OAUTH_CONFIGURATION, "p-rest", "status"), seen)
    error = {"error": {"message": f"refused for {SECRET}"}}
    server.api.expect("GET", "/datasources/ds-status/structure", data=error)
    result = one(run_module, OAUTH)
    assert result["failed"] and result["changed"] and "got no OAuth2 token: refused for" in result["msg"]
    assert SECRET not in json.dumps(result)


def test_a_wrong_expectation_is_told_before_anything_is_sent(api, run_module):
    wrong = {**BEARER, "proof_query": {"application": "orders", "query": "status", "expect": "[user"}}
    assert "is no JMESPath expression" in one(run_module, wrong)["msg"]
    assert "is no JMESPath expression" in many(run_module, [wrong])["msg"]
    assert api.made == []


def test_nothing_stored_and_no_secret_given_is_told_before_the_save(server, run_module):
    server.look(stored(configured=False))
    result = one(run_module, {**POSTGRES, "password": None})
    assert result["failed"] and "needs authentication.password as well" in result["msg"]


def test_no_secret_is_needed_where_one_is_stored(server, run_module):
    server.look(stored(configuration=without_secret()))
    server.test(test_body(without_secret(), name="orders_db"))
    assert not one(run_module, {**POSTGRES, "password": None})["changed"]


# --- info ----------------------------------------------------------------------------------------------------------


def test_info_lists_what_can_be_seen(api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    listed = [stored("status", "p-rest", configured=False), stored(configuration=without_secret())]
    api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=listed)
    api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    result = run_module("datasource_info", {"workspace": "Operations"})
    assert [one["name"] for one in result["datasources"]] == ["orders_db", "status"]
    assert result["unconfigured"] == ["status"] and result["datasources"][0]["plugin"] == "postgres-plugin"
    assert result["need_browser"] == [] and "finish_at" not in result["datasources"][0]


def test_info_says_where_a_person_finishes(server, api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    sheet = stored("sheet", "p-gs", {"authentication": {"authenticationType": "oAuth2"}})
    api.expect("GET", "/datasources", params={"workspaceId": WORKSPACE}, data=[sheet])
    api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    server.places({})
    result = run_module("datasource_info", {"workspace": "Operations"})
    assert result["need_browser"] == ["sheet"]
    assert result["datasources"][0]["finish_at"] == "http://appsmith.example.com/applications"


def test_info_of_an_application_uses_the_reconnect_list(api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": WORKSPACE, "name": "Operations"}])
    api.expect("GET", "/applications/home", params={"workspaceId": WORKSPACE}, data=[{"id": "a1", "name": "orders"}])
    api.expect(
        "GET",
        f"/applications/import/{WORKSPACE}/datasources",
        params={"defaultApplicationId": "a1"},
        data=[stored(configured=False)],
    )
    api.expect("GET", "/plugins", params={"workspaceId": WORKSPACE}, data=PLUGINS)
    result = run_module("datasource_info", {"workspace": "Operations", "application": "orders"})
    assert result["unconfigured"] == ["orders_db"]
