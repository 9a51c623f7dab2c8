# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each datasource plugin takes: friendly options to Appsmith's configuration; private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_raw import without_password, wrong_members
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

GOOGLE_SHEETS = "google-sheets-plugin"

# The module options that describe a datasource without Appsmith's raw form.
FRIENDLY_OPTIONS: dict[str, dict[str, Any]] = {
    "host": {"type": "str"},
    "port": {"type": "int"},
    "database": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "ssl_mode": {"type": "str"},
    "read_only": {"type": "bool"},
    "replica_set": {"type": "bool"},
    "auth_mechanism": {"type": "str", "choices": ["SCRAM_SHA_1", "SCRAM_SHA_256", "MONGODB_CR"]},
    "auth_database": {"type": "str"},
    "url": {"type": "str"},
    "headers": {"type": "dict"},
    "query_parameters": {"type": "dict"},
    "authentication": {
        "type": "str",
        "choices": ["none", "basic", "bearer", "api_key", "oauth2_client_credentials", "oauth2_authorization_code"],
    },
    "bearer_token": {"type": "str", "no_log": True},
    "api_key": {"type": "str", "no_log": True},
    "api_key_name": {"type": "str", "no_log": False},
    "api_key_in": {"type": "str", "choices": ["header", "query"]},
    "api_key_prefix": {"type": "str", "no_log": False},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "client_authentication": {"type": "str", "choices": ["body", "header"]},
    "token_url": {"type": "str", "no_log": False},
    "authorization_url": {"type": "str"},
    "scopes": {"type": "list", "elements": "str"},
    "audience": {"type": "str"},
    "provider": {
        "type": "str",
        "choices": [
            "amazon-s3",
            "upcloud",
            "digital-ocean-spaces",
            "wasabi",
            "dream-objects",
            "minio",
            "google-cloud-storage",
            "other",
        ],
    },
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "bucket": {"type": "str"},
}

Options = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One plugin: how its configuration is built, and whether its test proves anything."""

    plugin: str
    build: Callable[[Options], dict[str, Any]] | None = None
    options: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    port: int | None = None
    ssl_modes: frozenset[str] | None = None
    # Measured: REST and GraphQL say success without a call, Google Sheets says nothing at all.
    test_proves: bool = False


# --- builders ------------------------------------------------------------------------------------------------------


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _db_auth(options: Options, database: Any = None, **more: Any) -> dict[str, Any]:
    return _present(
        authenticationType="dbAuth",
        **more,
        username=options.get("username"),
        password=options.get("password"),
        databaseName=database,
    )


def _connection(options: Options) -> dict[str, Any]:
    return {
        "mode": "READ_ONLY" if options.get("read_only") else "READ_WRITE",
        "ssl": {"authType": options.get("ssl_mode") or "DEFAULT"},
    }


def _endpoints(options: Options) -> list[dict[str, Any]]:
    return [{"host": options["host"], "port": options["port"]}]


def _database(options: Options) -> dict[str, Any]:
    return {
        "connection": _connection(options),
        "endpoints": _endpoints(options),
        "authentication": _db_auth(options, options.get("database")),
    }


def _mssql(options: Options) -> dict[str, Any]:
    # Its plugin takes two modes and refuses any other, the usual DEFAULT included.
    return _database({**options, "ssl_mode": options.get("ssl_mode") or "NO_VERIFY"})


def _mongo(options: Options) -> dict[str, Any]:
    kind = "REPLICA_SET" if options.get("replica_set") else "DIRECT"
    mechanism = options.get("auth_mechanism") or "SCRAM_SHA_1"
    home = options.get("auth_database")
    # Of a replica set the plugin takes the name whose SRV record has the members, and no port.
    return {
        "connection": {
            **_connection(options),
            "type": kind,
            **_present(defaultDatabaseName=options.get("database") if home else None),
        },
        "endpoints": [{"host": options["host"]}] if options.get("replica_set") else _endpoints(options),
        "authentication": _db_auth(options, home or options.get("database"), authType=mechanism),
        "properties": [],
    }


def _redis(options: Options) -> dict[str, Any]:
    number = options.get("database") or "0"
    return {"endpoints": _endpoints(options), "authentication": _db_auth(options, str(number))}


def _smtp(options: Options) -> dict[str, Any]:
    return {"endpoints": _endpoints(options), "authentication": _db_auth(options)}


def _pairs(values: dict[str, Any] | None) -> list[dict[str, str]]:
    return [{"key": str(key), "value": str(value)} for key, value in (values or {}).items()]


def _api(options: Options) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "url": options["url"],
        "headers": _pairs(options.get("headers")),
        "queryParameters": _pairs(options.get("query_parameters")),
    }
    kind = options.get("authentication")
    if kind == "none":
        # Said aloud: whatever is stored is to go.
        configuration["authentication"] = None
    elif kind:
        configuration["authentication"] = _api_auth(kind, options)
    return configuration


def _api_auth(kind: str, options: Options) -> dict[str, Any]:
    if kind == "basic":
        return _present(authenticationType="basic", username=options.get("username"), password=options.get("password"))
    if kind == "bearer":
        return _present(authenticationType="bearerToken", bearerToken=options.get("bearer_token"))
    if kind == "api_key":
        return _present(
            authenticationType="apiKey",
            addTo="queryParams" if options.get("api_key_in") == "query" else "header",
            label=options.get("api_key_name"),
            headerPrefix=options.get("api_key_prefix"),
            value=options.get("api_key"),
        )
    scopes = options.get("scopes")
    return _present(
        authenticationType="oAuth2",
        grantType="client_credentials" if kind == "oauth2_client_credentials" else "authorization_code",
        clientId=options.get("client_id"),
        clientSecret=options.get("client_secret"),
        accessTokenUrl=options.get("token_url"),
        authorizationUrl=options.get("authorization_url"),
        scopeString=",".join(scopes) if scopes else None,
        audience=options.get("audience"),
        isTokenHeader=True,
        isAuthorizationHeader=True if options.get("client_authentication") == "header" else None,
        headerPrefix="Bearer",
    )


# Beyond C(authentication) itself: what each way of signing in to an API must be given, and what it may be given.
_API_AUTH: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "none": (frozenset(), frozenset()),
    "basic": (frozenset({"username"}), frozenset({"password"})),
    "bearer": (frozenset(), frozenset({"bearer_token"})),
    "api_key": (frozenset({"api_key_name"}), frozenset({"api_key", "api_key_in", "api_key_prefix"})),
    "oauth2_client_credentials": (
        frozenset({"client_id", "token_url"}),
        frozenset({"client_secret", "client_authentication", "scopes", "audience"}),
    ),
    "oauth2_authorization_code": (
        frozenset({"client_id", "token_url", "authorization_url"}),
        frozenset({"client_secret", "client_authentication", "scopes", "audience"}),
    ),
}
_API_OPTIONS = frozenset({"url", "headers", "query_parameters", "authentication"})
_API_AUTH_OPTIONS = frozenset().union(*(needed | more for needed, more in _API_AUTH.values()))


def _s3(options: Options) -> dict[str, Any]:
    provider = options.get("provider") or "amazon-s3"
    configuration: dict[str, Any] = {
        "authentication": _present(
            authenticationType="dbAuth", username=options["access_key"], password=options.get("secret_key")
        ),
        # The plugin reads by position; the first place is no longer used and the form leaves it null.
        "properties": [
            None,
            {"key": "s3Provider", "value": provider},
            {"key": "customRegion", "value": options.get("region") or ""},
            *([{"key": "defaultBucket", "value": options["bucket"]}] if options.get("bucket") else []),
        ],
    }
    if provider != "amazon-s3":
        configuration["endpoints"] = [{"host": options["endpoint"]}]
    return configuration


# --- the table -----------------------------------------------------------------------------------------------------

_SERVER = frozenset({"host", "port", "username", "password"})
_SQL = _SERVER | {"database", "ssl_mode", "read_only"}
_HOST = frozenset({"host"})


def _modes(*names: str) -> frozenset[str]:
    return frozenset(names)


_KINDS = (
    Kind(
        "postgres-plugin", _database, _SQL, _HOST | {"database", "username"}, 5432,
        _modes("DEFAULT", "ALLOW", "PREFER", "REQUIRE", "DISABLE", "VERIFY_CA", "VERIFY_FULL"), test_proves=True,
    ),
    Kind(
        "mysql-plugin", _database, _SQL, _HOST | {"database", "username"}, 3306,
        _modes("DEFAULT", "PREFERRED", "REQUIRED", "DISABLED"), test_proves=True,
    ),
    Kind(
        "mssql-plugin", _mssql, _SQL, _HOST | {"database", "username"}, 1433,
        _modes("NO_VERIFY", "DISABLE"), test_proves=True,
    ),
    Kind(
        "redshift-plugin", _database, _SQL, _HOST | {"database", "username"}, 5439,
        _modes("NO_SSL", "DEFAULT", "ALLOW", "PREFER", "REQUIRE", "DISABLE", "VERIFY_CA", "VERIFY_FULL"),
        test_proves=True,
    ),
    Kind(
        "mongo-plugin", _mongo, _SQL | {"replica_set", "auth_mechanism", "auth_database"}, _HOST | {"database"}, 27017,
        _modes("DEFAULT", "ENABLED", "DISABLED"), test_proves=True,
    ),
    Kind("redis-plugin", _redis, _SERVER | {"database"}, _HOST, 6379, test_proves=True),
    Kind("smtp-plugin", _smtp, _SERVER, _HOST, 587, test_proves=True),
    Kind(
        "amazons3-plugin", _s3, frozenset({"provider", "access_key", "secret_key", "region", "endpoint", "bucket"}),
        frozenset({"access_key"}), test_proves=True,
    ),
    Kind("restapi-plugin", _api, _API_OPTIONS | _API_AUTH_OPTIONS, frozenset({"url"})),
    Kind("graphql-plugin", _api, _API_OPTIONS | _API_AUTH_OPTIONS, frozenset({"url"})),
    # By C(configuration) only. These open a connection in their test, or make a call that needs the key.
    Kind("oracle-plugin", test_proves=True),
    Kind("arangodb-plugin", test_proves=True),
    Kind("snowflake-plugin", test_proves=True),
    Kind("elasticsearch-plugin", test_proves=True),
    Kind("dynamo-plugin", test_proves=True),
    Kind("firestore-plugin", test_proves=True),
    Kind("databricks-plugin", test_proves=True),
    Kind("aws-lambda-plugin", test_proves=True),
    Kind("openai-plugin", test_proves=True),
    Kind("anthropic-plugin", test_proves=True),
    Kind("googleai-plugin", test_proves=True),
)  # fmt: skip
_BY_NAME = {kind.plugin: kind for kind in _KINDS}


def plugin_name(name: str) -> str:
    """C(postgres) is short for C(postgres-plugin)."""
    return name if name.endswith("-plugin") else f"{name}-plugin"


def kind_of(plugin: str) -> Kind:
    """A plugin that the table doesn't know takes the raw configuration, and its test proves nothing."""
    return _BY_NAME.get(plugin, Kind(plugin))


def needs_browser(plugin: str, plugin_type: str | None, configuration: dict[str, Any]) -> bool:
    """Whether a person has to consent in a browser before it works (contract 5.5)."""
    authentication = configuration.get("authentication") or {}
    if plugin == GOOGLE_SHEETS or plugin_type == "SAAS":
        return True
    if authentication.get("authenticationType") != "oAuth2":
        return False
    return plugin_type == "REMOTE" or authentication.get("grantType") == "authorization_code"


def build_configuration(item: Options) -> dict[str, Any]:
    """The whole C(datasourceConfiguration) of a C(datasources) item; InvalidInput names everything that is wrong."""
    kind = kind_of(plugin_name(item["plugin"]))
    given = {name: item[name] for name in FRIENDLY_OPTIONS if item.get(name) is not None}
    raw = item.get("configuration")
    problems = _problems(kind, given, raw)
    if problems:
        raise InvalidInput(
            f"Datasource '{item['name']}' ({kind.plugin}): {'; '.join(problems)}",
            next_step="Correct the options of this datasource; nothing was sent for it.",
        )
    built: dict[str, Any] = {}
    if given and kind.build:
        built = kind.build({**given, "port": given.get("port") or kind.port})
    return without_password(kind.plugin, lay_over(built, raw or {}))


def _problems(kind: Kind, given: Options, raw: Any) -> list[str]:
    if not given and not raw:
        return ["it has no configuration"]
    problems = wrong_members(kind.plugin, raw or {})
    if not given:
        return problems
    if kind.build is None:
        return [*problems, f"{', '.join(sorted(given))} can't be used with this plugin, give configuration instead"]
    unknown = sorted(set(given) - kind.options)
    if unknown:
        problems.append(f"it takes no {', '.join(unknown)}")
    required, allowed = set(kind.required), set(kind.options)
    if kind.build is _api:
        needed, more = _API_AUTH[given.get("authentication") or "none"]
        required |= needed
        allowed = set(_API_OPTIONS) | needed | more
    if kind.build is _s3 and (given.get("provider") or "amazon-s3") != "amazon-s3":
        required |= {"endpoint", "bucket"} if given["provider"] == "google-cloud-storage" else {"endpoint"}
    missing = sorted(name for name in required if not given.get(name))
    if missing:
        problems.append(f"it needs {', '.join(missing)}")
    useless = sorted((set(given) & kind.options) - allowed)
    if useless:
        problems.append(f"{', '.join(useless)} has no use with authentication {given.get('authentication') or 'none'}")
    problems += _bad_values(kind, given)
    return problems


def _bad_values(kind: Kind, given: Options) -> list[str]:
    problems = []
    host = given.get("host", "")
    if "/" in host or (":" in host.strip("[]") and host.count(":") == 1):
        problems.append(f"host '{host}' must be a bare name, without scheme, port or path")
    if not 0 < given.get("port", 1) < 65536:
        problems.append(f"port {given['port']} is none")
    for name in ("url", "token_url", "authorization_url"):
        if name in given and not given[name].startswith(("http://", "https://")):
            problems.append(f"{name} '{given[name]}' must begin with http:// or https://")
    mode = given.get("ssl_mode")
    if mode and kind.ssl_modes and mode not in kind.ssl_modes:
        problems.append(f"ssl_mode {mode} is none of {', '.join(sorted(kind.ssl_modes))}")
    if given.get("replica_set") and given.get("port"):
        problems.append("a replica set takes no port: host is the name whose SRV record has its members")
    if kind.plugin == "redis-plugin" and not str(given.get("database", "0")).isdigit():
        problems.append("database is a number with Redis")
    return problems


def lay_over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """C(over) wins; dictionaries are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = lay_over(merged[key], value)
        else:
            merged[key] = value
    return merged
