# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appsmith's own form of a datasource: what is documented is complete, and what is wrong is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _datasource_config as config
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _datasource_kinds as kinds
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _datasource_raw as raw
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "datasources.md").read_text()
EXAMPLES = [item for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) for item in yaml.safe_load(block)]
NAMES = [item["name"] for item in EXAMPLES]


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_what_is_documented_is_all_that_the_plugin_needs(item):
    plugin = kinds.plugin_name(item["plugin"])
    built = kinds.build_configuration(item)
    assert raw.wrong_members(plugin, built) == [] and raw.lacking(plugin, built) == []


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_no_secret_of_the_documented_ones_is_shown(item):
    built = kinds.build_configuration(item)
    assert ("vault_" in json.dumps(item)) == bool(config.secret_values(built))
    assert "vault_" not in json.dumps(config.shown(built))


def test_every_plugin_of_the_image_is_documented():
    listed = json.loads((ROOT / "tests" / "sandbox" / "appsmith_sandbox" / "plugins.json").read_text())
    documented = {kinds.plugin_name(item["plugin"]) for item in EXAMPLES}
    # JS objects are no datasources.
    assert {plugin["packageName"] for plugin in listed} - {"js-plugin"} == documented


def test_the_recorded_configurations_have_no_wrong_members():
    recording = ROOT / "tests" / "contract" / "recordings" / "v1.91-datasources.jsonl"
    seen = 0
    for line in recording.read_text().splitlines():
        step = json.loads(line)
        if step["step"].startswith("reconnect.save."):
            plugin = step["step"].split(".")[2]
            assert raw.wrong_members(plugin, step["request"]["json"]["datasourceConfiguration"]) == [], step["step"]
            seen += 1
    assert seen == 12


@pytest.mark.parametrize(
    ("plugin", "configuration", "said"),
    [
        ("postgres", {"conection": {}}, "configuration has no 'conection', but connection"),
        ("postgres", {"endpoints": {"host": "x"}}, "configuration.endpoints must be a list"),
        ("postgres", {"endpoints": [{"host": "x", "port": "many"}]}, r"endpoints\[0\].port must be number"),
        ("postgres", {"connection": {"mode": "READ"}}, "mode is 'READ', which is none of READ_ONLY, READ_WRITE"),
        ("postgres", {"authentication": {"user_name": "x"}}, "has no 'user_name', but username"),
        ("postgres", {"authentication": "secret"}, "authentication must be a dictionary"),
        ("postgres", {"authentication": {"authenticationType": "basic"}}, "is basic, this plugin takes dbAuth"),
        ("restapi", {"authentication": {"authenticationType": "bearer"}}, "is bearer, this plugin takes"),
        ("graphql", {"sshProxyEnabled": "perhaps"}, "sshProxyEnabled must be true or false"),
    ],
)
def test_what_is_wrong_is_named(plugin, configuration, said):
    with pytest.raises(InvalidInput, match=said):
        kinds.build_configuration({"name": "x", "plugin": plugin, "configuration": configuration})


def test_a_member_that_nobody_knows_is_passed_on_for_later_releases():
    given = {"poolSizeOfTomorrow": 5, "authentication": {"username": "u", "rotation": "weekly"}}
    item = {"name": "x", "plugin": "postgres", "configuration": given}
    assert kinds.build_configuration(item) == given


@pytest.mark.parametrize(
    ("plugin", "configuration", "missing"),
    [
        ("postgres-plugin", {"endpoints": [{"host": "x"}], "authentication": {"username": "u", "password": "p"}},
         ["authentication.databaseName"]),
        ("mysql-plugin", {"endpoints": [{"host": "x"}], "authentication": {"username": "u", "databaseName": "d"}},
         ["connection.ssl.authType"]),
        ("amazons3-plugin", {"properties": [None, {"key": "s3Provider", "value": "minio"}],
                             "authentication": {"username": "u", "password": "p"}}, ["endpoints.0.host"]),
        ("restapi-plugin", {"url": "https://x", "authentication": {"authenticationType": "bearerToken"}},
         ["authentication.bearerToken"]),
        ("restapi-plugin", {"url": "https://x"}, []),
        ("snowflake-plugin", {"url": "x", "properties": [{"value": "w"}]},
         ["properties.1.value", "properties.2.value", "authentication.username", "authentication.password"]),
        ("databricks-plugin", {"properties": [{"value": "JDBC_URL_CONFIGURATION"}],
                               "authentication": {"bearerToken": "t"}}, ["properties.5.value"]),
        ("mongo-plugin", {"properties": [{"value": "Yes"}]}, ["properties.1.value", "authentication.databaseName"]),
        ("somebody-plugin", {}, []),
    ],
)  # fmt: skip
def test_what_is_missing_is_known_where_nothing_is_stored(plugin, configuration, missing):
    assert raw.lacking(plugin, configuration) == missing


def test_the_password_leaves_the_connection_string_as_on_the_server():
    properties: list[Any] = [
        {"key": "Use mongo connection string URI", "value": "Yes"},
        {"key": "Connection string URI", "value": "mongodb://u:p%40ss:w@a.example.com,b.example.com/orders?w=1"},
    ]
    item = {"name": "x", "plugin": "mongo", "configuration": {"properties": properties}}
    built = kinds.build_configuration(item)
    assert built["properties"][1]["value"] == "mongodb://u:p%40ss:****@a.example.com,b.example.com/orders?w=1"
    # The plugin's own expression takes the last colon for the one before the password.
    assert built["authentication"] == {
        "authenticationType": "dbAuth", "username": "u:p%40ss", "password": "w", "databaseName": "orders",
    }  # fmt: skip
    assert properties[1]["value"].startswith("mongodb://u:p%40ss:w@")
    again = {"name": "x", "plugin": "mongo", "configuration": built}
    assert kinds.build_configuration(again) == built
