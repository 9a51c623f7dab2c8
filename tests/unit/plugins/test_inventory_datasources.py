# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a configuration and back: what is exported makes the same datasource."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import differences, visible
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import (
    FRIENDLY_OPTIONS,
    build_configuration,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_datasources import _READERS, options_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_vault import Vault

SERVER = {"host": "db.example.com", "port": 1234, "username": "orders", "password": "x"}
API = {"url": "https://api.example.com"}
SECRET = "x"
FRIENDLY: list[dict[str, Any]] = [
    {"plugin": "postgres", **SERVER, "database": "orders"},
    {"plugin": "postgres", **SERVER, "database": "orders", "ssl_mode": "REQUIRE", "read_only": True},
    {"plugin": "mysql", **SERVER, "database": "orders", "ssl_mode": "PREFERRED"},
    {"plugin": "mssql", **SERVER, "database": "orders"},
    {"plugin": "redshift", **SERVER, "database": "orders"},
    {"plugin": "mongo", **SERVER, "database": "events", "auth_mechanism": "SCRAM_SHA_256"},
    {"plugin": "mongo", "host": "db.example.com", "port": 27017, "database": "events"},
    {"plugin": "redis", "host": "cache.example.com", "port": 6379, "password": "x"},
    {"plugin": "redis", "host": "cache.example.com", "port": 6379, "database": "3", "password": "x"},
    {"plugin": "smtp", **SERVER},
    {"plugin": "smtp", "host": "mail.example.com", "port": 25},
    {"plugin": "amazons3", "access_key": "AKIA", "secret_key": "x"},
    {
        "plugin": "amazons3",
        "provider": "minio",
        "endpoint": "https://s3.example.com",
        "region": "eu",
        "access_key": "AKIA",
        "secret_key": "x",
    },
    {"plugin": "restapi", **API, "authentication": "none"},
    {
        "plugin": "restapi",
        **API,
        "headers": {"X-Version": "2"},
        "query_parameters": {"a": "b"},
        "authentication": "none",
    },
    {"plugin": "restapi", **API, "authentication": "basic", "username": "svc", "password": "x"},
    {"plugin": "graphql", **API, "authentication": "bearer", "bearer_token": "x"},
    {"plugin": "graphql", **API, "authentication": "api_key", "api_key_name": "X-Key", "api_key": "x"},
    {
        "plugin": "restapi",
        **API,
        "authentication": "api_key",
        "api_key_name": "key",
        "api_key_in": "query",
        "api_key_prefix": "Token",
        "api_key": "x",
    },
    {
        "plugin": "restapi",
        **API,
        "authentication": "oauth2_client_credentials",
        "client_id": "desk",
        "client_secret": "x",
        "token_url": "https://api.example.com/token",
        "scopes": ["read", "write"],
        "audience": "people",
    },
    {
        "plugin": "restapi",
        **API,
        "authentication": "oauth2_authorization_code",
        "client_id": "desk",
        "client_secret": "x",
        "token_url": "https://api.example.com/token",
        "authorization_url": "https://api.example.com/consent",
    },
]
DB_AUTH = {"authenticationType": "dbAuth", "username": "orders", "password": "x", "databaseName": "orders"}
RAW: list[dict[str, Any]] = [
    # Options and what they don't say.
    {
        "plugin": "postgres",
        **SERVER,
        "database": "orders",
        "configuration": {
            "sshProxyEnabled": True,
            "sshProxy": {
                "endpoints": [{"host": "jump.example.com", "port": 22}],
                "username": "jump",
                "authType": "IDENTITY_FILE",
                "privateKey": {"keyFile": {"name": "id_rsa", "base64Content": "x"}},
            },
            "connection": {"ssl": {"caCertificateFile": {"name": "ca.pem", "base64Content": "x"}}},
        },
    },
    {
        "plugin": "restapi",
        **API,
        "authentication": "none",
        "configuration": {"headers": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]},
    },
    {"plugin": "restapi", **API, "configuration": {"authentication": {"authenticationType": "dbAuth"}}},
    # Plugins that only have the raw form.
    {
        "plugin": "oracle",
        "configuration": {
            "connection": {"ssl": {"authType": "DISABLE"}},
            "endpoints": [{"host": "db.example.com", "port": 1521}],
            "authentication": DB_AUTH,
            "sshProxyEnabled": True,
            "sshProxy": {"username": "jump", "authType": "PASSWORD", "privateKey": {"password": "x"}},
        },
    },
    {
        "plugin": "snowflake",
        "configuration": {
            "url": "acme",
            "properties": [
                {"key": "warehouse", "value": "W"},
                {"key": "db", "value": "D"},
                {"key": "schema", "value": "S"},
            ],
            "authentication": {
                "authenticationType": "snowflakeKeyPairAuth",
                "username": "svc",
                "privateKey": {"name": "key.p8", "base64Content": "x"},
                "passphrase": "x",
            },
        },
    },
    {
        "plugin": "openai",
        "configuration": {
            "url": "https://api.openai.com",
            "authentication": {"authenticationType": "bearerToken", "bearerToken": "x"},
        },
    },
    {
        "plugin": "anthropic",
        "configuration": {
            "url": "https://api.anthropic.com",
            "authentication": {"authenticationType": "apiKey", "label": "x-api-key", "value": "x"},
        },
    },
    {
        "plugin": "dynamo",
        "configuration": {"authentication": {**DB_AUTH, "databaseName": "eu-west-1"}},
    },
    {
        "plugin": "google-sheets",
        "configuration": {"authentication": {"authenticationType": "oAuth2", "scopeString": "drive"}},
    },
]


def fill(value: Any) -> Any:
    """What Ansible makes of it when every variable of the vault is x."""
    if isinstance(value, dict):
        return {key: fill(item) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item) for item in value]
    return SECRET if isinstance(value, str) and re.fullmatch(r"\{\{ vault_\w+ \}\}", value) else value


def as_the_server_has_it(item: dict[str, Any]) -> dict[str, Any]:
    """Without secrets, with what it adds."""
    found = {key: value for key, value in visible(build_configuration(item)).items() if value is not None}
    if found.get("authentication", {}).get("authenticationType") == "oAuth2":
        added = {
            "isAuthorizationHeader": False,
            "isTokenHeader": False,
            "useSelfSignedCert": False,
            "isAuthorized": True,
        }
        found["authentication"] = {**added, "scope": ["any"], **found["authentication"]}
    return found


def exported(item: dict[str, Any]) -> tuple[dict[str, Any], Vault]:
    vault = Vault()
    plugin = f"{item['plugin']}-plugin"
    found = options_of("one", plugin, as_the_server_has_it({"name": "one", **item}), vault, "live")
    assert found is not None
    return found, vault


@pytest.mark.parametrize("item", FRIENDLY, ids=lambda item: f"{item['plugin']}-{item.get('authentication', '')}")
def test_options_come_back_as_they_were(item):
    found, _vault = exported(item)
    assert fill(found) == {"name": "one", **item}


@pytest.mark.parametrize("item", RAW, ids=lambda item: item["plugin"])
def test_what_options_do_not_say_comes_back_in_the_raw_form(item):
    found, vault = exported(item)
    assert build_configuration(fill(found)) == build_configuration({"name": "one", **item})
    assert len(vault.variables) == len({variable.name for variable in vault.variables}) == str(item).count("'x'")


def test_options_and_the_rest_beside_each_other():
    found, _vault = exported(RAW[0])
    assert found == {
        "name": "one",
        "plugin": "postgres",
        "host": "db.example.com",
        "port": 1234,
        "database": "orders",
        "username": "orders",
        "password": "{{ vault_live_one_password }}",
        "configuration": {
            "connection": {
                "ssl": {
                    "caCertificateFile": {
                        "name": "ca.pem",
                        "base64Content": "{{ vault_live_one_ssl_cacertificatefile }}",
                    }
                }
            },
            "sshProxyEnabled": True,
            "sshProxy": {
                "endpoints": [{"host": "jump.example.com", "port": 22}],
                "username": "jump",
                "authType": "IDENTITY_FILE",
                "privateKey": {
                    "keyFile": {"name": "id_rsa", "base64Content": "{{ vault_live_one_privatekey_keyfile }}"}
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("configuration", "hidden"),
    [
        ({**API, "headers": [{"key": "Authorization", "value": "Bearer abc"}]}, "Bearer abc"),
        ({**API, "headers": [{"key": "X-Auth", "value": "abcdef"}, {"key": "x-auth", "value": "ghijkl"}]}, "ghijkl"),
        ({**API, "queryParameters": [{"key": "api_key", "value": "abcdef"}]}, "abcdef"),
        ({**API, "properties": [{"key": "sessionSignatureKey", "value": "abcdef"}]}, "abcdef"),
        ({"url": "https://user:abcdef@api.example.com"}, "abcdef"),
        ({"url": "https://api.example.com/?token=abcdef"}, "abcdef"),
    ],
)
def test_what_looks_like_a_secret_is_not_shown(configuration, hidden):
    vault = Vault()
    found = options_of("one", "restapi-plugin", configuration, vault, "live")
    assert hidden not in str(found) and vault.variables[0].readable
    assert f"{{{{ {vault.variables[0].name} }}}}" in str(found)


def _documented() -> list[dict[str, Any]]:
    text = (Path(__file__).parents[3] / "docs" / "datasources.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return [item for block in blocks if isinstance(block, list) for item in block if "plugin" in item]


@pytest.mark.parametrize("item", _documented(), ids=lambda item: item["name"])
def test_every_documented_form_comes_back(item):
    stored = {key: value for key, value in visible(build_configuration(item)).items() if value is not None}
    found = options_of(item["name"], f"{item['plugin'].removesuffix('-plugin')}-plugin", stored, Vault(), "live")
    again = visible(build_configuration(found))
    assert (differences(again, stored), differences(stored, again)) == ([], [])


def test_a_masked_connection_string_gets_its_password_back():
    authentication = {"authenticationType": "dbAuth", "username": "orders", "databaseName": "orders"}
    properties = [
        {"key": "Use mongo connection string URI", "value": "Yes"},
        {"key": "Connection string URI", "value": "mongodb+srv://orders:****@db.example.com/orders?w=majority"},
    ]
    vault = Vault()
    found = options_of(
        "one", "mongo-plugin", {"properties": properties, "authentication": authentication}, vault, "live"
    )
    assert found == {
        "name": "one",
        "plugin": "mongo",
        "configuration": {
            "properties": [
                properties[0],
                {
                    "key": "Connection string URI",
                    "value": "mongodb+srv://orders:{{ vault_live_one_password }}@db.example.com/orders?w=majority",
                },
            ],
            "authentication": authentication,
        },
    }
    assert [variable.name for variable in vault.variables] == ["vault_live_one_password"]


def test_a_switch_is_no_secret():
    properties = [{"key": "isSendSessionEnabled", "value": "N"}, {"key": "sessionSignatureKey", "value": ""}]
    found = options_of("one", "restapi-plugin", {**API, "properties": properties}, Vault(), "live")
    assert found["configuration"] == {"properties": properties}


def test_nothing_to_give():
    assert options_of("one", "appsmithai-plugin", {}, Vault(), "live") is None


def test_names_of_variables_are_unique_and_plain():
    vault = Vault()
    names = [vault.placeholder("live", name, "password", what="") for name in ("Büro 1", "buro_1", "数据库", "資料")]
    assert names == [
        "{{ vault_live_buro_1_password }}",
        "{{ vault_live_buro_1_password_2 }}",
        "{{ vault_live_password }}",
        "{{ vault_live_password_2 }}",
    ]


def test_every_option_can_be_read_back():
    """One that an export doesn't know would leave as raw configuration: add it to _READERS."""
    secret = {name for name, option in FRIENDLY_OPTIONS.items() if option.get("no_log")}
    assert set(FRIENDLY_OPTIONS) - secret <= set(_READERS)
    assert secret == {"password", "bearer_token", "api_key", "client_secret", "secret_key"}
