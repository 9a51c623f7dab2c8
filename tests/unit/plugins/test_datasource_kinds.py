# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each plugin's friendly options become: the forms that real servers took, and the plugins' own forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.stagecraft.appsmith.plugins.doc_fragments._datasource import ModuleDocFragment
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _datasource_config as config
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _datasource_kinds as kinds
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import (
    DATASOURCE_OPTIONS,
    ENSURE_OPTIONS,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

SERVER = {"host": "127.0.0.1", "username": "u", "password": "made-up"}
API = {"url": "https://api.example.com"}

CASES = {
    "postgres": (
        {**SERVER, "database": "orders", "ssl_mode": "REQUIRE", "read_only": True},
        {
            "connection": {"mode": "READ_ONLY", "ssl": {"authType": "REQUIRE"}},
            "endpoints": [{"host": "127.0.0.1", "port": 5432}],
            "authentication": {
                "authenticationType": "dbAuth",
                "username": "u",
                "password": "made-up",
                "databaseName": "orders",
            },
        },
    ),
    "mysql": (
        {**SERVER, "database": "legacy"},
        {
            "connection": {"mode": "READ_WRITE", "ssl": {"authType": "DEFAULT"}},
            "endpoints": [{"host": "127.0.0.1", "port": 3306}],
            "authentication": {
                "authenticationType": "dbAuth",
                "username": "u",
                "password": "made-up",
                "databaseName": "legacy",
            },
        },
    ),
    # Its plugin knows two modes, and fails on DEFAULT (MssqlPlugin.addSslOptionsToUrlBuilder).
    "mssql": (
        {**SERVER, "database": "erp"},
        {
            "connection": {"mode": "READ_WRITE", "ssl": {"authType": "NO_VERIFY"}},
            "endpoints": [{"host": "127.0.0.1", "port": 1433}],
            "authentication": {
                "authenticationType": "dbAuth",
                "username": "u",
                "password": "made-up",
                "databaseName": "erp",
            },
        },
    ),
    "mongo": (
        {"host": "127.0.0.1", "database": "events"},
        {
            "connection": {"mode": "READ_WRITE", "type": "DIRECT", "ssl": {"authType": "DEFAULT"}},
            "endpoints": [{"host": "127.0.0.1", "port": 27017}],
            "authentication": {"authenticationType": "dbAuth", "authType": "SCRAM_SHA_1", "databaseName": "events"},
            "properties": [],
        },
    ),
    "mongo replica": (
        {
            "host": "c0.example.net",
            "database": "events",
            "replica_set": True,
            "auth_database": "admin",
            "username": "u",
            "password": "made-up",
            "ssl_mode": "ENABLED",
        },
        {
            "connection": {
                "mode": "READ_WRITE",
                "type": "REPLICA_SET",
                "ssl": {"authType": "ENABLED"},
                "defaultDatabaseName": "events",
            },
            "endpoints": [{"host": "c0.example.net"}],
            "authentication": {
                "authenticationType": "dbAuth",
                "authType": "SCRAM_SHA_1",
                "username": "u",
                "password": "made-up",
                "databaseName": "admin",
            },
            "properties": [],
        },
    ),
    "redis": (
        {"host": "127.0.0.1", "port": 6381},
        {
            "endpoints": [{"host": "127.0.0.1", "port": 6381}],
            "authentication": {"authenticationType": "dbAuth", "databaseName": "0"},
        },
    ),
    "smtp": (
        {**SERVER, "port": 1025},
        {
            "endpoints": [{"host": "127.0.0.1", "port": 1025}],
            "authentication": {"authenticationType": "dbAuth", "username": "u", "password": "made-up"},
        },
    ),
    "amazons3": (
        {"provider": "minio", "access_key": "k", "secret_key": "made-up", "endpoint": "http://minio.example.com:9000"},
        {
            "authentication": {"authenticationType": "dbAuth", "username": "k", "password": "made-up"},
            "properties": [None, {"key": "s3Provider", "value": "minio"}, {"key": "customRegion", "value": ""}],
            "endpoints": [{"host": "http://minio.example.com:9000"}],
        },
    ),
    "restapi basic": (
        {**API, "authentication": "basic", "username": "svc", "password": "made-up", "headers": {"X-V": 2}},
        {
            "url": "https://api.example.com",
            "headers": [{"key": "X-V", "value": "2"}],
            "queryParameters": [],
            "authentication": {"authenticationType": "basic", "username": "svc", "password": "made-up"},
        },
    ),
    "restapi bearer": (
        {**API, "authentication": "bearer", "bearer_token": "made-up"},
        {
            "url": "https://api.example.com",
            "headers": [],
            "queryParameters": [],
            "authentication": {"authenticationType": "bearerToken", "bearerToken": "made-up"},
        },
    ),
    "graphql api_key": (
        {**API, "authentication": "api_key", "api_key": "made-up", "api_key_name": "X-Key"},
        {
            "url": "https://api.example.com",
            "headers": [],
            "queryParameters": [],
            "authentication": {"authenticationType": "apiKey", "addTo": "header", "label": "X-Key", "value": "made-up"},
        },
    ),
    "restapi oauth2": (
        {
            **API,
            "authentication": "oauth2_client_credentials",
            "client_id": "cid",
            "client_secret": "made-up",
            "token_url": "https://api.example.com/token",
            "scopes": ["read", "write"],
        },
        {
            "url": "https://api.example.com",
            "headers": [],
            "queryParameters": [],
            "authentication": {
                "authenticationType": "oAuth2",
                "grantType": "client_credentials",
                "clientId": "cid",
                "clientSecret": "made-up",
                "accessTokenUrl": "https://api.example.com/token",
                "scopeString": "read,write",
                "isTokenHeader": True,
                "headerPrefix": "Bearer",
            },
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_friendly_options_become_the_plugins_form(case):
    given, wanted = CASES[case]
    assert kinds.build_configuration({"name": "x", "plugin": case.split()[0], **given}) == wanted


@pytest.mark.parametrize("case", CASES)
def test_no_secret_is_seen_and_all_are_known(case):
    _given, wanted = CASES[case]
    if "made-up" in json.dumps(wanted):
        assert config.secret_values(wanted) == ["made-up"]
    assert "made-up" not in json.dumps(config.visible(wanted))
    assert config.hide("it said made-up", wanted) == (
        "it said (hidden)" if "made-up" in json.dumps(wanted) else "it said made-up"
    )


@pytest.mark.parametrize("case", CASES)
def test_what_was_written_is_no_difference_when_read_back(case):
    _given, wanted = CASES[case]
    assert config.differences(wanted, config.visible(wanted)) == []
    changed = {**config.visible(wanted), "authentication": {"authenticationType": "other"}}
    assert config.differences(wanted, changed)


def test_the_recorded_configurations_read_back_are_no_difference():
    """Every kind that a real v1.91 took: what it answered to a save is what was asked for."""
    recording = Path(__file__).parents[2] / "contract" / "recordings" / "v1.91-datasources.jsonl"
    compared = 0
    for line in recording.read_text().splitlines():
        step = json.loads(line)
        if step["step"].startswith("reconnect.save."):
            wanted = step["request"]["json"]["datasourceConfiguration"]
            storage = step["response"]["body"]["data"]["datasourceStorages"]["unused_env"]
            assert config.differences(wanted, storage["datasourceConfiguration"]) == [], step["step"]
            compared += 1
    assert compared == 12


def test_the_options_are_documented_alike_for_one_and_for_several():
    one = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    several = yaml.safe_load(ModuleDocFragment.LIST.replace("datasources[].", ""))["options"]
    items = several.pop("datasources")["suboptions"]
    assert one == {**several, **items} and set(items) == set(DATASOURCE_OPTIONS) and set(several) == set(ENSURE_OPTIONS)


def test_raw_configuration_lies_over_the_friendly_options():
    item = {
        "name": "x",
        "plugin": "postgres-plugin",
        **SERVER,
        "database": "orders",
        "configuration": {"connection": {"ssl": {"authType": "VERIFY_FULL"}}, "sshProxyEnabled": True},
    }
    built = kinds.build_configuration(item)
    assert built["connection"] == {"mode": "READ_WRITE", "ssl": {"authType": "VERIFY_FULL"}}
    assert built["sshProxyEnabled"] is True and built["authentication"]["password"] == "made-up"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"plugin": "postgres"}, "no configuration"),
        ({"plugin": "amazons3", "access_key": "k", "provider": "minio"}, "needs endpoint"),
        ({"plugin": "amazons3", "access_key": "k", "provider": "google-cloud-storage"}, "needs bucket, endpoint"),
        ({"plugin": "mongo", "host": "h", "database": "d", "replica_set": True, "port": 1}, "takes no port"),
        ({"plugin": "postgres", "host": "h", "database": "d"}, "needs username"),
        ({"plugin": "restapi", **API, "authentication": "api_key"}, "needs api_key_name"),
        ({"plugin": "restapi", **API, "password": "x"}, "password has no use with authentication none"),
        ({"plugin": "databricks", "host": "x"}, "give configuration instead"),
    ],
)
def test_what_a_plugin_needs_is_checked(item, said):
    with pytest.raises(InvalidInput, match=said):
        kinds.build_configuration({"name": "x", **item})


@pytest.mark.parametrize(
    ("plugin", "plugin_type", "authentication", "expected"),
    [
        ("google-sheets-plugin", "SAAS", {}, True),
        ("restapi-plugin", "API", {"authenticationType": "oAuth2", "grantType": "authorization_code"}, True),
        ("restapi-plugin", "API", {"authenticationType": "oAuth2", "grantType": "client_credentials"}, False),
        ("hubspot-plugin", "REMOTE", {"authenticationType": "oAuth2"}, True),
        ("aws-lambda-plugin", "REMOTE", {"authenticationType": "dbAuth"}, False),
        ("postgres-plugin", "DB", {"authenticationType": "dbAuth"}, False),
    ],
)
def test_who_needs_a_browser(plugin, plugin_type, authentication, expected):
    assert kinds.needs_browser(plugin, plugin_type, {"authentication": authentication}) is expected


@pytest.mark.parametrize(
    ("wanted", "current", "found"),
    [
        ({"endpoints": [{"port": 5432}]}, {"endpoints": [{"port": "5432", "host": "x"}]}, []),
        ({"endpoints": [{"port": 5432}]}, {"endpoints": [{"port": 5432.0}]}, []),
        ({"headers": []}, {}, []),
        ({"headers": []}, {"headers": [{"key": "a", "value": "b"}]}, ["headers"]),
        ({"authentication": {"isTokenHeader": False}}, {"authentication": {}}, []),
        ({"authentication": {"isTokenHeader": True}}, {"authentication": {}}, ["authentication.isTokenHeader"]),
        ({"url": None}, {"url": "x"}, []),
        ({"authentication": None}, {}, []),
        ({"authentication": None}, {"authentication": {"username": "u"}}, ["authentication"]),
        ({"authentication": {"password": "x"}}, {"authentication": {}}, []),
    ],
)
def test_differences(wanted, current, found):
    assert config.differences(wanted, current) == found
