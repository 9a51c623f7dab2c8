# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a datasource's configuration back to the options that make it; private to the collection.

Options are guessed from the configuration, built again, and compared: what they don't say is laid over them in the raw
form, and where that isn't possible the raw form says all. So what is exported makes the same configuration, whatever
options there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import (
    differences,
    visible,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import (
    FRIENDLY_OPTIONS,
    build_configuration,
    kind_of,
    lay_over,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_vault import (
    Template,
    Vault,
    address_holds_secret,
    looks_secret,
)

Json = dict[str, Any]

# What the server makes of a sign-in, rather than what it was given.
_STATE = frozenset({"scope", "isAuthorized", "authenticationStatus", "authenticationResponse", "isEncrypted"})
_FILES = frozenset(
    {
        "keyFile",
        "certificateFile",
        "caCertificateFile",
        "clientCACertificateFile",
        "clientKeyCertificateFile",
        "serverCACertificateFile",
        # Of MongoDB's pemCertificate.
        "file",
    }
)
# By the type of authentication: the members that the server takes and never shows.
_UNSEEN = {
    "dbAuth": ("password",),
    "accessKey": ("password",),
    "basic": ("password",),
    "bearerToken": ("bearerToken",),
    "apiKey": ("value",),
    "oAuth2": ("clientSecret",),
    "snowflakeKeyPairAuth": ("privateKey", "passphrase"),
}
_MASKED = re.compile(r"([a-z][\w+.-]*://[^/@:]*:)\*+(@.*)", re.DOTALL)
# Options that are written out even where they are what the plugin takes by default.
_SAID = frozenset({"host", "port", "url", "username", "authentication"})
_NO_USER = "redis-plugin"
_UNKNOWN = "unknown"


# -- reading options ---------------------------------------------------------------------------------------------------
def _auth(configuration: Json) -> Json:
    return configuration.get("authentication") or {}


def _auth_type(configuration: Json) -> str:
    found = _auth(configuration)
    return str(found.get("authenticationType") or "dbAuth") if found else ""


def _endpoint(configuration: Json, member: str) -> Any:
    endpoints = configuration.get("endpoints") or [{}]
    return (endpoints[0] or {}).get(member)


def _own_database(configuration: Json) -> Any:
    return (configuration.get("connection") or {}).get("defaultDatabaseName")


def _port(configuration: Json) -> int | None:
    found = _endpoint(configuration, "port")
    try:
        return int(float(found)) if found is not None else None
    except ValueError:
        return None


def _pairs(configuration: Json, member: str) -> dict[str, str] | None:
    pairs = [pair for pair in configuration.get(member) or [] if isinstance(pair, dict)]
    found = {str(pair.get("key")): str(pair.get("value") if pair.get("value") is not None else "") for pair in pairs}
    # Two of one name have no place in a dictionary.
    return found if len(found) == len(pairs) else None


def _api_kind(configuration: Json) -> str | None:
    kind = _auth_type(configuration)
    if kind == "oAuth2":
        kind = f"oauth2_{_auth(configuration).get('grantType')}"
    name = {"": "none", "bearerToken": "bearer", "apiKey": "api_key"}.get(kind, kind)
    # Appsmith's own form says dbAuth where there is none.
    return name if name in FRIENDLY_OPTIONS["authentication"]["choices"] else None


def _of(kind: str, member: str) -> Callable[[Json], Any]:
    """A member of the authentication, if it is of that type."""
    return lambda configuration: _auth(configuration).get(member) if _auth_type(configuration) == kind else None


def _scopes(configuration: Json) -> list[str]:
    text = str(_of("oAuth2", "scopeString")(configuration) or "")
    return [scope.strip() for scope in text.split(",") if scope.strip()]


def _property(key: str) -> Callable[[Json], Any]:
    def read(configuration: Json) -> Any:
        pairs = [pair for pair in configuration.get("properties") or [] if isinstance(pair, dict)]
        return next((pair.get("value") for pair in pairs if pair.get("key") == key), None)

    return read


_READERS: dict[str, Callable[[Json], Any]] = {
    "host": lambda configuration: _endpoint(configuration, "host"),
    "port": _port,
    # MongoDB may have one for the sign-in and another one to work on.
    "database": lambda configuration: _own_database(configuration) or _auth(configuration).get("databaseName"),
    "auth_database": lambda configuration: (
        _auth(configuration).get("databaseName") if _own_database(configuration) else None
    ),
    "username": lambda configuration: _auth(configuration).get("username"),
    "ssl_mode": lambda configuration: ((configuration.get("connection") or {}).get("ssl") or {}).get("authType"),
    "read_only": lambda configuration: (configuration.get("connection") or {}).get("mode") == "READ_ONLY",
    "replica_set": lambda configuration: (configuration.get("connection") or {}).get("type") == "REPLICA_SET",
    "auth_mechanism": lambda configuration: _auth(configuration).get("authType"),
    "url": lambda configuration: configuration.get("url"),
    "headers": lambda configuration: _pairs(configuration, "headers"),
    "query_parameters": lambda configuration: _pairs(configuration, "queryParameters"),
    "authentication": _api_kind,
    "api_key_name": _of("apiKey", "label"),
    "api_key_in": lambda configuration: {"queryParams": "query", "header": "header"}.get(
        str(_of("apiKey", "addTo")(configuration))
    ),
    "api_key_prefix": _of("apiKey", "headerPrefix"),
    "client_id": _of("oAuth2", "clientId"),
    "client_authentication": lambda configuration: (
        "header" if _of("oAuth2", "isAuthorizationHeader")(configuration) is True else None
    ),
    "token_url": _of("oAuth2", "accessTokenUrl"),
    "authorization_url": _of("oAuth2", "authorizationUrl"),
    "scopes": _scopes,
    "audience": _of("oAuth2", "audience"),
    "provider": _property("s3Provider"),
    "access_key": lambda configuration: _auth(configuration).get("username"),
    "region": _property("customRegion"),
    "endpoint": lambda configuration: _endpoint(configuration, "host"),
    "bucket": _property("defaultBucket"),
}


def _secret_options(plugin: str, configuration: Json) -> list[str]:
    """The secrets that go with it; that the server has them can't be seen."""
    options, kind, auth = kind_of(plugin).options, _auth_type(configuration), _auth(configuration)
    found = {
        "password": kind in ("dbAuth", "basic") and bool(auth.get("username") or plugin == _NO_USER),
        "bearer_token": kind == "bearerToken",
        "api_key": kind == "apiKey",
        "client_secret": kind == "oAuth2",
        "secret_key": kind == "dbAuth",
    }
    return [option for option, needed in found.items() if needed and option in options]


# -- what options don't say --------------------------------------------------------------------------------------------
def _is_nothing(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


def _pruned(value: Any) -> Any:
    """Without what is empty. Lists stay whole, since plugins read them by position."""
    if not isinstance(value, dict):
        return value
    pruned = {key: _pruned(item) for key, item in value.items()}
    return {key: item for key, item in pruned.items() if not _is_nothing(item)}


def _rest(stored: Json, built: Json) -> Json:
    """What has to be laid over O(built) to come to what is stored."""
    found: Json = {}
    for key, item in stored.items():
        other = built.get(key)
        if isinstance(item, dict) and isinstance(other, dict):
            below = _rest(item, other)
            if below:
                found[key] = below
        elif key in built and other is not None:
            if differences(item, other) or differences(other, item):
                found[key] = item
        elif not _is_nothing(pruned := _pruned(item)):
            found[key] = pruned
    return found


def _friendly(name: str, plugin: str, stored: Json) -> tuple[Json, Json] | None:
    """Options, and what is laid over them; none where options don't come to it."""
    kind = kind_of(plugin)
    if kind.build is None:
        return None
    readable = [option for option in FRIENDLY_OPTIONS if option in kind.options and option in _READERS]
    options = {option: value for option in readable if not _is_nothing(value := _READERS[option](stored))}
    secrets = dict.fromkeys(_secret_options(plugin, stored), _UNKNOWN)

    def build(given: Json) -> Any:
        return visible(build_configuration({"name": name, "plugin": plugin, **given, **secrets}))

    try:
        built = build(options)
    except InvalidInput:
        # A replica set, for one, has no port.
        options.pop("port", None)
        try:
            built = build(options)
        except InvalidInput:
            return None
    over = _rest(stored, built)
    whole = lay_over(built, over)
    if differences(whole, stored) or differences(_pruned(stored), whole):
        return None
    for option in [one for one in options if one not in _SAID]:
        less = {key: value for key, value in options.items() if key != option}
        try:
            if build(less) == built:
                options = less
        except InvalidInput:
            continue
    return options, over


# -- secrets -----------------------------------------------------------------------------------------------------------
@dataclass
class _Secrets:
    """Puts placeholders where secrets are, or must be."""

    vault: Vault
    host: str
    name: str
    # Redis is often given a password and no user.
    always: bool
    in_address: bool = False

    def of(self, *parts: str, what: str, readable: bool = False) -> Template:
        return self.vault.placeholder(
            self.host, self.name, *parts, what=f"{what} of datasource {self.name}", readable=readable
        )

    def options(self, given: Json) -> Json:
        found: Json = {}
        for option, value in given.items():
            if option in ("headers", "query_parameters"):
                what = "header" if option == "headers" else "query parameter"
                found[option] = {key: self._pair(key, item, what) for key, item in value.items()}
            else:
                found[option] = self._text(option, value)
        return found

    def raw(self, value: Any, path: tuple[str, ...] = (), *, whole: bool = True) -> Any:
        """C(whole): the raw form is all there is, so the sign-in's secrets belong into it."""
        if isinstance(value, list):
            return [self.raw(item, path, whole=whole) for item in value]
        if not isinstance(value, dict):
            return self._text("_".join(path), value)
        if set(value) >= {"key", "value"}:
            return {**value, "value": self._pair(str(value["key"]), value["value"], path[-1] if path else "property")}
        found = {key: self.raw(item, (*path, key), whole=whole) for key, item in value.items()}
        last = path[-1] if path else ""
        if last in _FILES | {"privateKey"} and "name" in found:
            found["base64Content"] = self.of(*path[-2:], what=f"{'.'.join(path[-2:])} (in base64)")
        if last == "pemCertificate":
            found["password"] = self.of("pem_password", what="password of pemCertificate, which may be empty")
        if not path and whole and found.get("authentication"):
            self._sign_in(found["authentication"])
        if path == ("sshProxy",) and found:
            self._ssh(found)
        return found

    def _pair(self, key: str, value: Any, what: str) -> Any:
        if looks_secret(key, value):
            return self.of(what, key, what=f"{what} {key}", readable=True)
        return self._text(key, value)

    def _text(self, name: str, value: Any) -> Any:
        masked = _MASKED.fullmatch(value) if isinstance(value, str) else None
        if masked and "{{" not in masked[0]:
            # MongoDB's connection string: its password belongs where the mask is.
            self.in_address = True
            return Template(masked[1] + self.of("password", what="password (encoded as in an address)") + masked[2])
        if isinstance(value, str) and "://" in value and address_holds_secret(value):
            return self.of(name, what=f"{name} (an address with a secret in it)", readable=True)
        return value

    def _sign_in(self, authentication: Json) -> None:
        kind = str(authentication.get("authenticationType") or "dbAuth")
        # With a vendor's service a person consents, and nothing is typed in; a database may be open to all.
        known = {"oAuth2": "clientId", "dbAuth": "username", "basic": "username", "accessKey": "username"}.get(kind)
        if known and not authentication.get(known) and not self.always:
            return
        for member in _UNSEEN.get(kind, ()):
            if member in authentication or (member == "password" and self.in_address):
                continue
            secret = self.of(member, what=member)
            authentication[member] = {"name": "key.p8", "base64Content": secret} if member == "privateKey" else secret

    def _ssh(self, proxy: Json) -> None:
        key: Json = proxy.setdefault("privateKey", {})
        if proxy.get("authType") == "PASSWORD":
            key["password"] = self.of("ssh_password", what="password of the SSH proxy")
        elif not key.get("keyFile"):
            content = self.of("ssh_key", what="private key of the SSH proxy (in base64)")
            key["keyFile"] = {"name": "id_key", "base64Content": content}


def options_of(name: str, plugin: str, configuration: Json, vault: Vault, host: str) -> Json | None:
    """An entry of the option O(datasources); none where there is nothing that could be given.

    Raises C(InvalidInput) for what the modules would refuse.
    """
    stored = visible(configuration)
    if isinstance(stored.get("authentication"), dict):
        sign_in = {key: value for key, value in stored["authentication"].items() if key not in _STATE}
        stored = {**stored, "authentication": sign_in}
    entry: Json = {"name": name, "plugin": plugin.removesuffix("-plugin")}
    found, raw = _friendly(name, plugin, stored), _pruned(stored)
    if found is None and not raw:
        return None
    secrets = _Secrets(vault, host, name, plugin == _NO_USER)
    if found is None:
        build_configuration({**entry, "configuration": raw})
        return {**entry, "configuration": secrets.raw(raw)}
    options, over = found
    needed = _secret_options(plugin, stored)
    entry |= secrets.options(options)
    for option in needed:
        perhaps = " (empty if there is none)" if plugin == _NO_USER else ""
        entry[option] = secrets.of(option, what=f"{option}{perhaps}")
    if over:
        whole = not needed and "authenticationType" in (over.get("authentication") or {})
        entry["configuration"] = secrets.raw(over, whole=whole)
    return entry
