# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasources: their one storage, its write-only secrets, the test of a connection."""

from __future__ import annotations

import copy
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
from starlette.responses import Response

from . import drivers, plugins, workspaces
from .app import AppError, Context, Route, internal_error, invalid_parameter, not_readable
from .applications import git_sync_id
from .secrets import Secrets
from .store import Document, Store, new_id, now_text
from .workspaces import DEVELOPER

ENVIRONMENT = "unused_env"
UNCONFIGURED = "No datasource configuration found. Please configure it and try again."
_LOCALHOST = (
    "You may not be able to access your localhost if Appsmith is running inside a docker container or on the cloud. "
    "To enable access to your localhost you may use ngrok to expose your local endpoint to the internet. Please check "
    "out Appsmith's documentation to understand more."
)
_NO_SSL = (
    "Appsmith server has failed to fetch SSL configuration from datasource configuration form. Please reach out to "
    "Appsmith customer support to resolve this."
)
_S3_ENDPOINT = (
    "Required parameter 'Endpoint URL' is empty. Did you forget to edit the 'Endpoint URL' field in the datasource "
    "creation form ? You need to fill it with the endpoint URL of your S3 instance."
)
_S3_PROVIDER = (
    "Appsmith has failed to fetch the 'S3 service provider' field properties. Please reach out to Appsmith customer "
    "support to resolve this."
)
_PERMISSIONS = ["execute:datasources", "delete:datasources", "manage:datasources", "read:datasources"]
# Never answered, encrypted in the store.
SECRET_MEMBERS = ("password", "bearerToken", "value", "clientSecret", "privateKey", "passphrase")
# Say success in a test without any call.
_NEVER_CALLED = ("restapi-plugin", "graphql-plugin", "openai-plugin", "anthropic-plugin", "googleai-plugin")
_NEED_SSL = ("postgres-plugin", "mysql-plugin", "mssql-plugin", "redshift-plugin")


def _configuration_error() -> AppError:
    return AppError(
        400,
        "AE-DTS-4011",
        UNCONFIGURED,
        title="DATASOURCE_CONFIGURATION_ERROR",
        error_type="Datasource configuration is invalid",
    )


def _messages(configuration: Document | None) -> list[str]:
    hosts = [str(one.get("host") or "") for one in (configuration or {}).get("endpoints") or []]
    hosts.append(str((configuration or {}).get("url") or ""))
    return [_LOCALHOST] if any("localhost" in host or "127.0.0.1" in host for host in hosts) else []


def _invalids(package: str, configuration: Document | None) -> list[str]:
    """What is wrong with a configuration, as far as the form goes."""
    if configuration is None:
        return [UNCONFIGURED]
    found = []
    authentication = configuration.get("authentication") or {}
    if package in ("restapi-plugin", "graphql-plugin"):
        return [] if configuration.get("url") else ["Missing URL."]
    if package == "amazons3-plugin":
        if not authentication.get("username") or not authentication.get("password"):
            found.append("Mandatory parameters 'Access Key' and/or 'Secret Key' are missing.")
        properties = configuration.get("properties") or []
        # The place counts, not the key: 0 is the token, 1 the provider, 2 the endpoint.
        if len(properties) < 2 or properties[1].get("key") != "s3Provider" or not properties[1].get("value"):
            found += [_S3_ENDPOINT, _S3_PROVIDER]
        return found
    if package in _NEED_SSL:
        if not configuration.get("endpoints"):
            found.append("Missing endpoint.")
        if not authentication:
            found.append("Missing authentication details.")
        else:
            for member, name in (("username", "username"), ("password", "password"), ("databaseName", "database name")):
                if not authentication.get(member) and member != "password":
                    found.append(f"Missing {name} for authentication." if name == "username" else f"Missing {name}.")
        if not ((configuration.get("connection") or {}).get("ssl") or {}).get("authType"):
            found.append(_NO_SSL)
    elif package in ("mongo-plugin", "redis-plugin", "smtp-plugin") and not configuration.get("endpoints"):
        found.append("Missing endpoint(s).")
    return found


def _walk_secrets(configuration: Document, change: Any) -> Document:
    """A copy in which every secret is what `change` makes of it; None leaves it out."""
    result = copy.deepcopy(configuration)
    for holder in (result.get("authentication"), (result.get("sshProxy") or {}).get("privateKey")):
        for member in SECRET_MEMBERS:
            if holder and holder.get(member) is not None:
                changed = change(holder.pop(member))
                if changed is not None:
                    holder[member] = changed
    return result


def _encrypted(configuration: Document, secrets: Secrets) -> Document:
    def change(value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return text if text.startswith("enc:") else secrets.encrypt(text)

    return _walk_secrets(configuration, change)


def decrypted(configuration: Document, secrets: Secrets) -> Document:
    return _walk_secrets(configuration, lambda value: secrets.decrypt(value) if isinstance(value, str) else value)


def storage_answer(ctx: Context, datasource: Document) -> Document:
    storage = datasource["storage"]
    configuration = storage.get("datasourceConfiguration")
    plugin = plugins.by_id(ctx.store, datasource["pluginId"])
    invalids = _invalids(plugin["packageName"] if plugin else "", configuration)
    said: Document = {"id": storage["id"], "datasourceId": datasource["id"], "environmentId": ENVIRONMENT}
    if configuration is not None:
        said["datasourceConfiguration"] = _walk_secrets(configuration, lambda _value: None)
    said.update(
        isConfigured=storage["isConfigured"],
        invalids=invalids,
        messages=_messages(configuration),
        isValid=not invalids,
    )
    return said


def answer(
    ctx: Context, datasource: Document, *, permissions: bool = True, created: bool = False, recent: bool = False
) -> Document:
    """A datasource as lists have it; `created` is where the answer to its creation differs."""
    said: Document = {
        "id": datasource["id"],
        "userPermissions": _PERMISSIONS if permissions else [],
        "name": datasource["name"],
        "pluginId": datasource["pluginId"],
    }
    if created:
        plugin = plugins.by_id(ctx.store, datasource["pluginId"])
        said["pluginName"] = plugin["name"] if plugin else None
    said.update(
        workspaceId=datasource["workspaceId"],
        datasourceStorages={ENVIRONMENT: storage_answer(ctx, datasource)},
        invalids=[],
    )
    if not created:
        said["messages"] = []
        if recent:
            said["isRecentlyCreated"] = True
    said["isValid"] = True
    return said


def listed(ctx: Context, found: list[Document], *, permissions: bool = True) -> list[Document]:
    """A list of them; the three newest are marked, which counts for the order in the editor."""
    newest = {one["id"] for one in sorted(found, key=lambda one: one["id"])[-3:]}
    return [answer(ctx, one, permissions=permissions, recent=one["id"] in newest) for one in found]


def of_application(store: Store, app_id: str | None) -> list[Document]:
    """The datasources that the queries of an application use."""
    ids: list[str] = []
    for action in store.find("actions", applicationId=app_id):
        used = (action["edit"].get("datasource") or {}).get("id")
        if used and used not in ids and not action.get("deletedAt"):
            ids.append(used)
    found = [store.get("datasources", one) for one in ids]
    return [one for one in found if one]


def new_datasource(
    store: Store, workspace_id: str, name: str, plugin_id: str, *, sync_id: str | None = None, automatic: bool = False
) -> Document:
    """An unconfigured datasource, as an import makes it."""
    return store.insert(
        "datasources",
        {
            "workspaceId": workspace_id,
            "name": name,
            "pluginId": plugin_id,
            "gitSyncId": sync_id or git_sync_id(workspace_id),
            "isAutoGenerated": automatic,
            "storage": {"id": new_id(), "isConfigured": False},
            "createdAt": now_text(),
        },
    )


def for_import(ctx: Context, workspace_id: str, wanted: Document) -> Document:
    """The datasource of the workspace that stands for one of an imported file (contract 5.4)."""
    store = ctx.store
    plugin = plugins.by_reference(store, wanted.get("pluginId") or "")
    if plugin is None:
        raise AppError(400, "AE-APP-4052", f"Unknown plugin reference {wanted.get('pluginId')}")
    here = store.find("datasources", workspaceId=workspace_id)
    for one in here:
        if one["gitSyncId"] == wanted.get("gitSyncId"):
            return one
    for one in here:
        if one["name"] == wanted["name"] and one["pluginId"] == plugin["id"]:
            return one
    name, number = wanted["name"], 1
    while name in {one["name"] for one in here}:
        name, number = f"{wanted['name']} #{number}", number + 1
    made = new_datasource(store, workspace_id, name, plugin["id"], sync_id=wanted.get("gitSyncId"))
    configuration = wanted.get("datasourceConfiguration")
    if configuration is not None:
        made["storage"]["datasourceConfiguration"] = configuration
        made["storage"]["isConfigured"] = bool(configuration.get("authentication"))
        store.replace("datasources", made)
    return made


def exported(ctx: Context, datasource: Document) -> Document:
    """Without authentication, sshProxy and properties; url, headers and endpoints stay."""
    plugin = plugins.by_id(ctx.store, datasource["pluginId"])
    configuration = datasource["storage"].get("datasourceConfiguration")
    said: Document = {}
    if configuration is not None:
        said["datasourceConfiguration"] = {
            key: value
            for key, value in configuration.items()
            if key not in ("authentication", "sshProxy", "properties")
        }
    said.update(
        name=datasource["name"],
        pluginId=plugins.reference(plugin) if plugin else None,
        messages=_messages(configuration),
        isAutoGenerated=datasource["isAutoGenerated"],
        gitSyncId=datasource["gitSyncId"],
        deleted=False,
    )
    return said


def decrypted_fields(ctx: Context, app_id: str) -> Document:
    """With exportWithConfiguration the secrets leave in clear."""
    fields = {}
    for datasource in of_application(ctx.store, app_id):
        configuration = datasource["storage"].get("datasourceConfiguration")
        if configuration and configuration.get("authentication"):
            fields[datasource["name"]] = decrypted(configuration, ctx.instance.secrets)["authentication"]
    return fields


def _completed(configuration: Document) -> Document:
    """Members that the server adds by itself."""
    result = copy.deepcopy(configuration)
    authentication = result.get("authentication")
    if authentication:
        authentication.setdefault("authenticationType", "dbAuth")
    if authentication and authentication.get("authenticationType") == "oAuth2":
        for member in ("isTokenHeader", "isAuthorizationHeader", "useSelfSignedCert"):
            authentication.setdefault(member, False)
        if authentication.get("scopeString") is not None:
            authentication["scope"] = [one.strip() for one in authentication["scopeString"].split(",") if one.strip()]
    return result


def _merged(old: Any, new: Any) -> Any:
    """Non-null members of the new win; what it does not name stays."""
    if isinstance(old, dict) and isinstance(new, dict):
        result = dict(old)
        for key, value in new.items():
            if value is not None:
                result[key] = _merged(old.get(key), value)
        return result
    return new


def need(ctx: Context, datasource_id: str | None) -> Document:
    datasource = ctx.store.get("datasources", datasource_id)
    if datasource is None or not workspaces.at_least(ctx, datasource["workspaceId"], DEVELOPER):
        raise not_readable("datasource", datasource_id)
    return datasource


async def list_datasources(ctx: Context) -> Response:
    workspace_id = ctx.need_query("workspaceId")
    workspaces.need(ctx, workspace_id)
    found = ctx.store.find("datasources", workspaceId=workspace_id)
    visible = [one for one in found if workspaces.at_least(ctx, workspace_id, DEVELOPER) and not one["isAutoGenerated"]]
    return ctx.ok(listed(ctx, visible))


async def create(ctx: Context) -> Response:
    body = ctx.json
    if not body.get("workspaceId"):
        raise invalid_parameter("workspaceId")
    workspace = workspaces.need(ctx, body["workspaceId"], DEVELOPER)
    plugin = plugins.by_id(ctx.store, body.get("pluginId"))
    if plugin is None:
        raise AppError(400, "AE-PLG-4001", f"Plugin {body.get('pluginId')} not installed", title="Plugin not installed")
    name = body.get("name") or _untitled(ctx, workspace["id"])
    if ctx.store.one("datasources", workspaceId=workspace["id"], name=name):
        raise _duplicate()
    storage = (body.get("datasourceStorages") or {}).get(ENVIRONMENT) or {}
    with ctx.store.tx():
        datasource = new_datasource(ctx.store, workspace["id"], name, plugin["id"])
        if storage.get("datasourceConfiguration") is not None:
            configuration = _completed(storage["datasourceConfiguration"])
            datasource["storage"]["datasourceConfiguration"] = _encrypted(configuration, ctx.instance.secrets)
        datasource["storage"]["isConfigured"] = bool(storage.get("isConfigured"))
        ctx.store.replace("datasources", datasource)
    return ctx.ok(answer(ctx, datasource, created=True), 201)


def _untitled(ctx: Context, workspace_id: str) -> str:
    taken = {one["name"] for one in ctx.store.find("datasources", workspaceId=workspace_id)}
    number = 1
    while f"Untitled datasource {number}" in taken:
        number += 1
    return f"Untitled datasource {number}"


def _duplicate() -> AppError:
    return AppError(
        409,
        "AE-APP-4091",
        "Duplicate key error: An object with the name null already exists. Please use a different name or reach out "
        "to Appsmith customer support to resolve this.",
        title="Duplicate key",
        error_type="BAD_REQUEST",
    )


async def rename(ctx: Context) -> Response:
    datasource = need(ctx, ctx.path["id"])
    name = ctx.json.get("name")
    if name and name != datasource["name"]:
        if ctx.store.one("datasources", workspaceId=datasource["workspaceId"], name=name):
            raise _duplicate()
        datasource = ctx.store.update("datasources", datasource["id"], name=name)
    said = answer(ctx, datasource)
    said["datasourceStorages"] = {}
    return ctx.ok(said)


async def save_storage(ctx: Context) -> Response:
    body = ctx.json
    datasource = ctx.store.get("datasources", body.get("datasourceId"))
    if datasource is None:
        return ctx.empty()
    datasource = need(ctx, datasource["id"])
    storage = datasource["storage"]
    new = body.get("datasourceConfiguration")
    if new is not None:
        old = storage.get("datasourceConfiguration") or {}
        if ctx.release.since("v2.5.0"):
            _need_credentials_again(old, new)
        result = _merged(old, _completed(_encrypted(new, ctx.instance.secrets)))
        if "authentication" not in new:
            result.pop("authentication", None)
        elif (old.get("authentication") or {}).get("authenticationType") != result["authentication"].get(
            "authenticationType"
        ):
            result["authentication"] = _completed(_encrypted(new, ctx.instance.secrets))["authentication"]
        storage["datasourceConfiguration"] = result
    if body.get("isConfigured") is not None:
        storage["isConfigured"] = bool(body["isConfigured"])
    datasource = ctx.store.update("datasources", datasource["id"], storage=storage)
    return ctx.ok(answer(ctx, datasource))


def _need_credentials_again(old: Document, new: Document) -> None:
    """From v2.5.0 a changed connection wants its credentials again (not checked on a server)."""
    changed = any(
        new.get(member) is not None and old.get(member) is not None and new[member] != old[member]
        for member in ("endpoints", "url", "connection", "sshProxy")
    )
    given = new.get("authentication") or {}
    had = [name for name in SECRET_MEMBERS if (old.get("authentication") or {}).get(name) is not None]
    if changed and any(given.get(name) is None for name in had):
        raise AppError(
            400,
            "AE-DTS-4013",
            "The connection settings changed: enter the credentials again",
            title="Datasource configuration is invalid",
        )


def test(ctx: Context) -> Response:
    """200 also when the connection fails."""
    body = ctx.json
    plugin = plugins.by_id(ctx.store, body.get("pluginId"))
    if plugin is None:
        raise internal_error()
    configuration = body.get("datasourceConfiguration")
    secrets = ctx.instance.secrets
    if body.get("datasourceId"):
        datasource = need(ctx, body["datasourceId"])
        stored = datasource["storage"].get("datasourceConfiguration")
        if body.get("id") and (configuration or {}).get("authentication"):
            if stored is None:
                raise _configuration_error()
            configuration = _merged(decrypted(stored, secrets), configuration)
    elif not body.get("workspaceId"):
        raise invalid_parameter("workspaceId")
    else:
        workspaces.need(ctx, body["workspaceId"], DEVELOPER)
    if configuration is None:
        raise _configuration_error()
    if plugin["type"] in ("SAAS", "REMOTE"):
        return ctx.empty()
    invalids = _invalids(plugin["packageName"], configuration) or connection_problem(
        plugin["packageName"], configuration
    )
    return ctx.ok({"invalids": invalids, "messages": body.get("messages") or [], "success": not invalids})


def postgres_arguments(configuration: Document) -> dict[str, Any]:
    """How psycopg connects, from a configuration in clear."""
    endpoint = (configuration.get("endpoints") or [{}])[0]
    authentication = configuration.get("authentication") or {}
    modes = {"DISABLE": "disable", "REQUIRE": "require", "PREFER": "prefer", "ALLOW": "allow"}
    ssl = ((configuration.get("connection") or {}).get("ssl") or {}).get("authType", "DEFAULT")
    return {
        "host": endpoint.get("host"),
        "port": endpoint.get("port") or 5432,
        "dbname": authentication.get("databaseName"),
        "user": authentication.get("username"),
        # An empty password must not make libpq look for one in the environment of this process.
        "password": authentication.get("password") or " ",
        "sslmode": modes.get(ssl, "prefer"),
        "connect_timeout": 5,
        "autocommit": True,
    }


def connection_problem(package: str, configuration: Document) -> list[str]:
    """Really connect: PostgreSQL, MySQL, Redis by their protocols, others as far as that something listens."""
    if package in _NEVER_CALLED:
        return []
    if package == "postgres-plugin":
        arguments = postgres_arguments(configuration)
        try:
            psycopg.connect(**arguments).close()
        except psycopg.OperationalError as error:
            return postgres_problem(error, arguments)
        return []
    if package == "mysql-plugin":
        return drivers.mysql_problem(configuration)
    if package == "redis-plugin":
        return drivers.redis_problem(configuration)
    endpoints = configuration.get("endpoints") or []
    if not endpoints:
        # Nothing to connect to (S3, Snowflake ...): there is no driver here, and no guess is made.
        return ["The sandbox has no driver for this plugin and can't test it."]
    host, port = endpoints[0].get("host"), endpoints[0].get("port") or 0
    if "://" in str(host):
        # The endpoint of an S3 provider other than Amazon is an address.
        host, port = urlsplit(host).hostname, urlsplit(host).port or 443
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        if package == "smtp-plugin":
            return ["Unable to connect to SMTP server. Please check your host/port settings."]
        return [f"finishConnect(..) failed: Connection refused: /{host}:{port}"]
    return []


def postgres_problem(error: psycopg.Error, arguments: dict[str, Any]) -> list[str]:
    text = str(error)
    if "FATAL:" in text:
        said = text[text.rindex("FATAL:") :].replace("FATAL:  ", "FATAL: ").strip().splitlines()[0]
        return [
            said,
            "An exception occurred while creating connection pool. One or more arguments in the datasource "
            "configuration may be invalid.",
        ]
    return [
        f"Connection to {arguments['host']}:{arguments['port']} refused. Check that the hostname and port are correct "
        "and that the postmaster is accepting TCP/IP connections.",
        "Please check the host and port.",
    ]


async def delete(ctx: Context) -> Response:
    datasource = need(ctx, ctx.path["id"])
    used = 0
    for app in ctx.store.find("applications", workspaceId=datasource["workspaceId"]):
        for action in ctx.store.find("actions", applicationId=app["id"]):
            if (action["edit"].get("datasource") or {}).get("id") == datasource["id"] and not action.get("deletedAt"):
                used += 1
    if used:
        raise AppError(
            409,
            "AE-DTS-4030",
            f"Cannot delete datasource since it has {used} {'query' if used == 1 else 'queries'} using it.",
            title="BAD_REQUEST",
            error_type="Datasource cannot be deleted",
        )
    said = answer(ctx, datasource)
    ctx.store.delete("datasources", datasource["id"])
    return ctx.ok({**said, "deletedAt": time.time()})


_COLUMNS = """
SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.column_default
FROM information_schema.columns c
WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema')
ORDER BY c.table_schema, c.table_name, c.ordinal_position
"""


def structure(ctx: Context) -> Response:
    datasource = need(ctx, ctx.path["id"])
    plugin = plugins.by_id(ctx.store, datasource["pluginId"])
    configuration = datasource["storage"].get("datasourceConfiguration")
    if configuration is not None and plugin and plugin["type"] == "API":
        _connect_api(ctx, datasource, decrypted(configuration, ctx.instance.secrets))
        return ctx.ok({})
    if configuration is None or not plugin or plugin["packageName"] != "postgres-plugin":
        return ctx.ok({"tables": []})
    arguments = postgres_arguments(decrypted(configuration, ctx.instance.secrets))
    try:
        with psycopg.connect(**arguments) as connection:
            rows = connection.execute(_COLUMNS).fetchall()
    except psycopg.Error as error:
        return ctx.ok({"tables": [], "error": {"message": postgres_problem(error, arguments)[0]}})
    tables: dict[str, Document] = {}
    for schema, table, column, kind, default in rows:
        entry = tables.setdefault(
            f"{schema}.{table}",
            {
                "type": "TABLE",
                "schema": schema,
                "name": f"{schema}.{table}",
                "columns": [],
                "keys": [],
                "templates": [],
            },
        )
        entry["columns"].append(
            {"name": column, "type": kind, "isAutogenerated": bool(default and default.startswith("nextval"))}
        )
    return ctx.ok({"tables": list(tables.values())})


def _connect_api(ctx: Context, datasource: Document, configuration: Document) -> None:
    """A connection is made for the structure of an API, though it has none; OAuth2's first token comes with it."""
    authentication = configuration.get("authentication") or {}
    if authentication.get("grantType") == "client_credentials":
        try:
            datasource["storage"]["token"] = drivers.token(authentication)
        except (requests.RequestException, ValueError):
            return
        ctx.store.update("datasources", datasource["id"], storage=datasource["storage"])


ROUTES = [
    Route("GET", "/api/v1/datasources", list_datasources),
    Route("POST", "/api/v1/datasources", create, write=True),
    Route("PUT", "/api/v1/datasources/datasource-storages", save_storage, write=True),
    Route("POST", "/api/v1/datasources/test", test),
    Route("PUT", "/api/v1/datasources/{id}", rename, write=True),
    Route("DELETE", "/api/v1/datasources/{id}", delete, write=True),
    Route("GET", "/api/v1/datasources/{id}/structure", structure),
]
