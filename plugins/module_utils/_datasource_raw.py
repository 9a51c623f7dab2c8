# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appsmith's own form of a datasource: its members, and what each plugin needs of them; private to the collection.

A wrong member is no error to the server, it is left out in silence; and a plugin says what it lacks only after it was
saved. So both are checked before anything is sent. Read in the source of v1.91: the models of the configuration, and
validateDatasource() and form.json of each plugin. docs/datasources.md has an example for each.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import Json

_TEXT, _NUMBER, _BOOL, _ANY = "text", "number", "true or false", "anything"

_FILE: Json = {"name": _TEXT, "base64Content": _TEXT}
_ENDPOINTS: list[Any] = [{"host": _TEXT, "port": _NUMBER}]
_PAIRS: list[Any] = [{"key": _TEXT, "value": _ANY}]
_AUTH_STATE: Json = {
    "authenticationType": _TEXT,
    "authenticationStatus": _TEXT,
    "isAuthorized": _BOOL,
    "customAuthenticationParameters": _PAIRS,
}
_DB_AUTH: Json = {
    "authType": ("SCRAM_SHA_1", "SCRAM_SHA_256", "MONGODB_CR", "USERNAME_PASSWORD"),
    "username": _TEXT,
    "password": _TEXT,
    "databaseName": _TEXT,
}
_AUTHENTICATION: dict[str, Json] = {
    "dbAuth": _DB_AUTH,
    # AWS Lambda's own two; the server takes them for dbAuth.
    "accessKey": _DB_AUTH,
    "instanceRole": _DB_AUTH,
    "basic": {"username": _TEXT, "password": _TEXT},
    "bearerToken": {"bearerToken": _TEXT},
    "apiKey": {"addTo": ("header", "queryParams"), "label": _TEXT, "headerPrefix": _TEXT, "value": _TEXT},
    "oAuth2": {
        "grantType": ("client_credentials", "authorization_code"),
        "clientId": _TEXT,
        "clientSecret": _TEXT,
        "accessTokenUrl": _TEXT,
        "authorizationUrl": _TEXT,
        "expiresIn": _TEXT,
        "scopeString": _TEXT,
        "scope": [_TEXT],
        "audience": _TEXT,
        "resource": _TEXT,
        "isTokenHeader": _BOOL,
        "isAuthorizationHeader": _BOOL,
        "headerPrefix": _TEXT,
        "sendScopeWithRefreshToken": _BOOL,
        "refreshTokenClientCredentialsLocation": ("HEADER", "BODY"),
        "customTokenParameters": _PAIRS,
        "useSelfSignedCert": _BOOL,
    },
    "snowflakeKeyPairAuth": {"username": _TEXT, "privateKey": _FILE, "passphrase": _TEXT},
}
_SHAPE: Json = {
    "connection": {
        "mode": ("READ_ONLY", "READ_WRITE"),
        "type": ("DIRECT", "REPLICA_SET"),
        "defaultDatabaseName": _TEXT,
        "ssl": {
            "authType": (
                *("DEFAULT", "NO_SSL", "ENABLED", "ALLOW", "PREFER", "REQUIRE", "DISABLE", "VERIFY_CA", "VERIFY_FULL"),
                *("PREFERRED", "REQUIRED", "DISABLED", "CA_CERTIFICATE", "SELF_SIGNED_CERTIFICATE", "NO_VERIFY"),
            ),
            "caCertificateType": ("NONE", "FILE", "BASE64_STRING"),
            "certificateType": _TEXT,
            "keyFile": _FILE,
            "certificateFile": _FILE,
            "caCertificateFile": _FILE,
            "clientCACertificateFile": _FILE,
            "clientKeyCertificateFile": _FILE,
            "serverCACertificateFile": _FILE,
            "pemCertificate": {"file": _FILE, "password": _TEXT},
        },
    },
    "endpoints": _ENDPOINTS,
    "url": _TEXT,
    "headers": _PAIRS,
    "queryParameters": _PAIRS,
    "properties": _PAIRS,
    "sshProxyEnabled": _BOOL,
    "sshProxy": {
        "host": _TEXT,
        "port": _NUMBER,
        "endpoints": _ENDPOINTS,
        "username": _TEXT,
        "authType": ("IDENTITY_FILE", "PASSWORD"),
        "privateKey": {"keyFile": _FILE, "password": _TEXT},
    },
    "authentication": _ANY,
}

# What a plugin must have, as paths; a number is a place in a list.
_SERVER = ("endpoints.0.host",)
_USER = ("authentication.username", "authentication.password")
_SQL = (*_SERVER, *_USER, "authentication.databaseName")
_TLS = ("connection.ssl.authType",)
_NEEDS: dict[str, tuple[str, ...]] = {
    "postgres-plugin": _SQL,
    "redshift-plugin": _SQL,
    # A user without a password is a user to MySQL.
    "mysql-plugin": (*_SERVER, "authentication.username", "authentication.databaseName", *_TLS),
    "mssql-plugin": (*_SERVER, *_USER, *_TLS),
    "oracle-plugin": (*_SQL, *_TLS),
    "arangodb-plugin": (*_SQL, *_TLS),
    "redis-plugin": _SERVER,
    "smtp-plugin": _SERVER,
    "elasticsearch-plugin": _SERVER,
    # The region stands where others have the name of the database.
    "dynamo-plugin": (*_USER, "authentication.databaseName"),
    # Project id and the service account's JSON.
    "firestore-plugin": ("url", *_USER),
    # Account; warehouse, database, schema.
    "snowflake-plugin": ("url", "properties.0.value", "properties.1.value", "properties.2.value"),
    "amazons3-plugin": (*_USER, "properties.1.value"),
    "restapi-plugin": ("url",),
    "graphql-plugin": ("url",),
    "databricks-plugin": ("properties.0.value", "authentication.bearerToken"),
    "openai-plugin": ("url", "authentication.bearerToken"),
    "anthropic-plugin": ("url", "authentication.value"),
    "googleai-plugin": ("url", "authentication.value"),
    "aws-lambda-plugin": ("authentication.authenticationType",),
}
# An API without authentication says dbAuth in Appsmith's own form.
_API_AUTH = frozenset({"basic", "bearerToken", "apiKey", "oAuth2", "dbAuth"})
# Kinds of authentication other than dbAuth.
_AUTH_OF: dict[str, frozenset[str]] = {
    "restapi-plugin": _API_AUTH,
    "graphql-plugin": _API_AUTH,
    "snowflake-plugin": frozenset({"dbAuth", "snowflakeKeyPairAuth"}),
    "databricks-plugin": frozenset({"bearerToken"}),
    "openai-plugin": frozenset({"bearerToken"}),
    "anthropic-plugin": frozenset({"apiKey"}),
    "googleai-plugin": frozenset({"apiKey"}),
    "aws-lambda-plugin": frozenset({"accessKey", "instanceRole"}),
    "google-sheets-plugin": frozenset({"oAuth2"}),
}
_AUTH_NEEDS: dict[str, tuple[str, ...]] = {
    "basic": ("username",),
    "bearerToken": ("bearerToken",),
    "apiKey": ("label", "value"),
    "oAuth2": ("grantType", "clientId", "clientSecret", "accessTokenUrl"),
    "accessKey": ("username", "password"),
    "snowflakeKeyPairAuth": ("username", "privateKey"),
    "dbAuth": ("username", "password"),
}
_WITH_OWN_NEEDS = frozenset({"restapi-plugin", "graphql-plugin", "aws-lambda-plugin", "snowflake-plugin"})

_MONGO_URI = re.compile(r"(mongodb(?:\+srv)?://)(?:(.+):(.+)@)?([^/?]+)(?:/([^?]+)?)?(?:\?.+)?")


# --- the members ---------------------------------------------------------------------------------------------------
def wrong_members(plugin: str, configuration: Json) -> list[str]:
    """Members that are misspelt or of the wrong type. One that nobody knows is passed on: a later release may."""
    problems = _compare(_SHAPE, configuration, "configuration")
    authentication = configuration.get("authentication")
    if not isinstance(authentication, dict):
        if authentication is not None:
            problems.append("configuration.authentication must be a dictionary")
        return problems
    kind = str(authentication.get("authenticationType") or "dbAuth")
    allowed = _AUTH_OF.get(plugin) or (frozenset({"dbAuth"}) if plugin in _NEEDS else frozenset(_AUTHENTICATION))
    if authentication.get("authenticationType") and kind not in allowed:
        names = " or ".join(sorted(allowed))
        problems.append(f"configuration.authentication.authenticationType is {kind}, this plugin takes {names}")
    shape = {**_AUTH_STATE, **_AUTHENTICATION.get(kind, {})}
    return problems + _compare(shape, authentication, "configuration.authentication")


def _compare(shape: Any, value: Any, path: str) -> list[str]:
    if value is None or shape == _ANY:
        return []
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{path} must be a dictionary"]
        problems = []
        for key, item in value.items():
            if key in shape:
                problems += _compare(shape[key], item, f"{path}.{key}")
            elif close := _close(key, shape):
                problems.append(f"{path} has no '{key}', but {close}")
        return problems
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path} must be a list"]
        return [problem for at, one in enumerate(value) for problem in _compare(shape[0], one, f"{path}[{at}]")]
    if isinstance(shape, tuple):
        return [] if value in shape else [f"{path} is '{value}', which is none of {', '.join(shape)}"]
    return [] if _fits(shape, value) else [f"{path} must be {shape}"]


def _close(key: str, shape: Json) -> str | None:
    """A member that was probably meant."""
    plain = {name.lower().replace("_", ""): name for name in shape}
    found = difflib.get_close_matches(str(key).lower().replace("_", ""), plain, n=1, cutoff=0.75)
    return plain[found[0]] if found else None


def _fits(shape: str, value: Any) -> bool:
    if shape == _BOOL:
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if shape == _NUMBER:
        return not isinstance(value, bool) and str(value).isdigit()
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


# --- what is needed ------------------------------------------------------------------------------------------------
def lacking(plugin: str, configuration: Json) -> list[str]:
    """What a plugin would find missing in a configuration that has to stand alone, as nothing is stored for it."""
    wanted = list(_NEEDS.get(plugin, ()))
    authentication = configuration.get("authentication") or {}
    kind = str(authentication.get("authenticationType") or "dbAuth")
    if plugin == "snowflake-plugin" or (plugin in _WITH_OWN_NEEDS and kind != "dbAuth"):
        wanted += [f"authentication.{name}" for name in _AUTH_NEEDS.get(kind, ())]
    if authentication.get("grantType") == "authorization_code" and plugin in _WITH_OWN_NEEDS:
        wanted.append("authentication.authorizationUrl")
    wanted += _conditional(plugin, configuration)
    return [path for path in wanted if _at(configuration, path) in (None, "", [], {})]


def _conditional(plugin: str, configuration: Json) -> list[str]:
    if plugin == "amazons3-plugin":
        provider = _at(configuration, "properties.1.value")
        return [
            *([] if provider in (None, "amazon-s3") else ["endpoints.0.host"]),
            *(["properties.3.value"] if provider == "google-cloud-storage" else []),
        ]
    if plugin == "databricks-plugin":
        by_url = _at(configuration, "properties.0.value") == "JDBC_URL_CONFIGURATION"
        return ["properties.5.value"] if by_url else ["endpoints.0.host", "properties.1.value"]
    if plugin == "mongo-plugin":
        if uses_uri(configuration):
            return ["properties.1.value", "authentication.databaseName"]
        return ["endpoints.0.host", "authentication.authType", "authentication.databaseName", *_TLS]
    return []


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


# --- MongoDB's connection string -----------------------------------------------------------------------------------
def uses_uri(configuration: Json) -> bool:
    return bool(_at(configuration, "properties.0.value") == "Yes")


def without_password(plugin: str, configuration: Json) -> Json:
    """As the server keeps it: the plugin takes the password out of MongoDB's connection string when it is saved."""
    if plugin != "mongo-plugin" or not uses_uri(configuration):
        return configuration
    uri = str(_at(configuration, "properties.1.value") or "")
    found = _MONGO_URI.fullmatch(uri)
    if not found or not found[3] or found[3] == "****":
        return configuration
    properties = [dict(one) if isinstance(one, dict) else one for one in configuration["properties"]]
    properties[1]["value"] = uri[: found.start(3)] + "****" + uri[found.end(3) :]
    own = {"username": found[2], "password": found[3], "databaseName": found[5]}
    given = configuration.get("authentication") or {}
    authentication = {
        "authenticationType": "dbAuth",
        **{key: value for key, value in own.items() if value is not None},
        **given,
    }
    return {**configuration, "properties": properties, "authentication": authentication}
