# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules instance_proof and free_port_info."""

from __future__ import annotations

import socket
from typing import Any

import pytest

PAGE = {"layouts": [{"dsl": {"widgetName": "MainContainer"}}]}
POSTGRES, REST = {"id": "p1", "packageName": "postgres-plugin"}, {"id": "p2", "packageName": "restapi-plugin"}


def datasource(name: str, plugin: str = "p1", authentication: Any = True, configured: bool = True) -> dict[str, Any]:
    configuration: dict[str, Any] = {"url": "http://api"}
    if authentication:
        configuration["authentication"] = {"authenticationType": "dbAuth", "username": name}
    storage = {"id": f"s-{name}", "isConfigured": configured, "datasourceConfiguration": configuration}
    return {"id": f"d-{name}", "name": name, "pluginId": plugin, "datasourceStorages": {"unused_env": storage}}


def workspace(api: Any, *datasources: dict[str, Any], applications: tuple[str, ...] = ()) -> None:
    api.expect("GET", "/workspaces/home", data=[{"id": "w1", "name": "Operations"}])
    listed = [{"id": name, "name": name} for name in applications]
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=listed)
    for name in applications:
        pages = [{"id": f"{name}-2", "name": "Other"}, {"id": f"{name}-1", "name": "Home", "isDefault": True}]
        api.expect("GET", "/pages", params={"applicationId": name, "mode": "PUBLISHED"}, data={"pages": pages})
        api.expect("GET", f"/pages/{name}-1/view", params={"migrateDsl": "true"}, data=PAGE)
    api.expect("GET", "/datasources", params={"workspaceId": "w1"}, data=list(datasources))
    if datasources:
        api.expect("GET", "/plugins", params={"workspaceId": "w1"}, data=[POSTGRES, REST])


def asked(api: Any, name: str, **answer: Any) -> None:
    configuration = {"url": "http://api", "authentication": {"authenticationType": "dbAuth", "username": name}}
    body = {
        "environmentId": "unused_env",
        "pluginId": "p1",
        "workspaceId": "w1",
        "datasourceConfiguration": configuration,
        "id": f"s-{name}",
        "datasourceId": f"d-{name}",
        "isConfigured": True,
    }
    api.expect("POST", "/datasources/test", json=body, **answer)


def run(run_module: Any, **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = run_module("instance_proof", {"width": 1, **options}, check_mode=True)
    assert not result.get("changed")
    return result


def test_applications_open_and_one_datasource_is_enough(api, run_module):
    workspace(api, datasource("crm", "p2"), datasource("orders"), datasource("stock"), applications=("orders", "desk"))
    asked(api, "orders", data={"success": True})
    result = run(run_module)
    assert [one["name"] for one in result["applications"]] == ["orders", "desk"]
    assert result["secrets"] == {
        "state": "proven",
        "reason": "datasource 'orders' (postgres-plugin) works with its stored credentials",
    }


def test_a_datasource_out_of_reach_is_not_called_proven(api, run_module):
    workspace(api, datasource("orders"), datasource("stock"))
    asked(api, "orders", data={"success": False, "invalids": ["Unknown host db"]})
    asked(api, "stock", error=(504, "AE-APP-5040", "Timeout"))
    result = run(run_module)
    assert not result["failed"] and result["secrets"]["state"] == "not_proven"
    assert "'orders': Unknown host db | 'stock': Timeout" in result["secrets"]["reason"]


def test_the_second_one_proves_where_the_first_is_out_of_reach(api, run_module):
    workspace(api, datasource("orders"), datasource("stock"))
    asked(api, "orders", data={"success": False, "invalids": ["Unknown host db"]})
    asked(api, "stock", data={"success": True})
    assert run(run_module)["secrets"]["state"] == "proven"


def test_wrong_keys_are_noticed(api, run_module):
    workspace(api, datasource("orders"))
    asked(api, "orders", error=(500, "AE-APP-5000", "Internal server error while processing request"))
    result = run(run_module)
    assert result["failed"] and result["error"]["title"] == "SecretsUnreadable"
    assert "'orders'" in result["msg"] and "other encryption keys" in result["msg"]


@pytest.mark.parametrize(
    ("there", "state", "said"),
    [
        ([], "nothing_to_prove", "no datasource has credentials"),
        ([datasource("open", authentication=False)], "nothing_to_prove", "no datasource has credentials"),
        ([datasource("new", configured=False)], "nothing_to_prove", "no datasource has credentials"),
        ([datasource("crm", "p2")], "not_proven", "call nothing (restapi-plugin)"),
    ],
)
def test_where_nothing_can_be_proven_that_is_said(api, run_module, there, state, said):
    workspace(api, *there)
    result = run(run_module)
    assert not result["failed"] and result["secrets"]["state"] == state and said in result["secrets"]["reason"]


def test_an_application_that_does_not_open_is_a_failure(api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": "w1", "name": "Operations"}])
    listed = [{"id": name, "name": name} for name in ("orders", "desk", "new")]
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=listed)
    pages = {"pages": [{"id": "p", "name": "Home"}]}
    api.expect("GET", "/pages", params={"applicationId": "orders", "mode": "PUBLISHED"}, data=pages)
    api.expect("GET", "/pages/p/view", params={"migrateDsl": "true"}, data={"layouts": []})
    api.expect("GET", "/pages", params={"applicationId": "desk", "mode": "PUBLISHED"}, data={"pages": []})
    api.expect("GET", "/pages", params={"applicationId": "desk", "mode": "EDIT"}, data=pages)
    api.expect("GET", "/pages", params={"applicationId": "new", "mode": "PUBLISHED"}, error=(500, "AE-APP-5000", "no"))
    result = run(run_module)
    assert result["failed"] and "2 of 3 applications do not open: orders: its page Home has no layout" in result["msg"]
    assert [one["view"] for one in result["applications"]] == ["published", "edit", "published"]


def test_only_some_are_opened_where_asked(api, run_module):
    api.expect("GET", "/workspaces/home", data=[{"id": "w1", "name": "Operations"}])
    listed = [{"id": name, "name": name} for name in ("orders", "desk")]
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=listed)
    api.expect("GET", "/pages", params={"applicationId": "orders", "mode": "PUBLISHED"}, data={"pages": []})
    api.expect("GET", "/pages", params={"applicationId": "orders", "mode": "EDIT"}, data={"pages": [{"id": "p"}]})
    api.expect("GET", "/datasources", params={"workspaceId": "w1"}, data=[datasource("orders")])
    api.expect("GET", "/plugins", params={"workspaceId": "w1"}, data=[POSTGRES])
    result = run(run_module, applications=1, tries=0)
    assert len(result["applications"]) == 1 and result["datasources"] == []


def test_nonsense_is_refused(run_module):
    assert run(run_module, width=0)["failed"]


def test_a_free_port_is_the_same_until_it_is_taken(run_module):
    first = run_module("free_port_info", {"name": "one"})["port"]
    assert 20000 <= first <= 29999 and run_module("free_port_info", {"name": "two"})["port"] != first
    assert run_module("free_port_info", {"name": "one"})["port"] == first
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first))
        listener.listen()
        assert run_module("free_port_info", {"name": "one"})["port"] != first
        taken = {"name": "one", "first": first, "last": first}
        assert "No port" in run_module("free_port_info", taken)["msg"]


def test_no_range_of_ports(run_module):
    assert run_module("free_port_info", {"name": "one", "first": 9, "last": 8})["failed"]
