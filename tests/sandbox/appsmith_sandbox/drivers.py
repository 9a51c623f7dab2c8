# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL, Redis and OAuth2 behind the datasources, with the words of a real v1.91.

A listener that answers HTTP stands for a service that nobody runs (as in the demo): it is taken for one that works.
"""

from __future__ import annotations

import re
import socket
from typing import Any

import pymysql
import redis
import requests
from pymysql.cursors import DictCursor

from .store import Document

_REDIS_WORDS = re.compile(r"\"[^\"]+\"|'[^']+'|[\S]+")
STALE = ("PE-STC-5000", "Connection is stale")
REDIS = ("PE-RDS-5000", "Query execution error")


def address(configuration: Document, port: int) -> tuple[str, int]:
    endpoint = (configuration.get("endpoints") or [{}])[0]
    return str(endpoint.get("host")), int(endpoint.get("port") or port)


def stand_in(host: str, port: int) -> bool:
    """Whether what listens there answers HTTP, which neither database does."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


# -- MySQL ------------------------------------------------------------------------------------------------------------
def _mysql(configuration: Document) -> pymysql.connections.Connection[Any]:
    host, port = address(configuration, 3306)
    authentication = configuration.get("authentication") or {}
    return pymysql.connect(
        host=host,
        port=port,
        user=authentication.get("username") or "",
        password=authentication.get("password") or "",
        database=authentication.get("databaseName") or None,
        connect_timeout=5,
        cursorclass=DictCursor,
    )


def mysql_words(error: pymysql.err.MySQLError, configuration: Document) -> str:
    number, said = (*error.args, "", "")[:2]
    if number in (2003, 2013):
        host, port = address(configuration, 3306)
        return f"finishConnect(..) failed: Connection refused: /{host}:{port}"
    return str(said)


def mysql_problem(configuration: Document) -> list[str]:
    if stand_in(*address(configuration, 3306)):
        return []
    try:
        _mysql(configuration).close()
    except pymysql.err.MySQLError as error:
        return [mysql_words(error, configuration).removesuffix(" (using password: YES)")]
    return []


def mysql_rows(configuration: Document, statement: str) -> list[Document]:
    with _mysql(configuration) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()
        return list(cursor.fetchall()) if cursor.description else [{"affectedRows": cursor.rowcount}]


# -- Redis ------------------------------------------------------------------------------------------------------------
def _redis(configuration: Document) -> redis.Redis:
    host, port = address(configuration, 6379)
    authentication = configuration.get("authentication") or {}
    password = authentication.get("password") or None
    return redis.Redis(
        host=host,
        port=port,
        db=int(authentication.get("databaseName") or 0),
        # Without a password the plugin leaves the name away too.
        username=(authentication.get("username") or None) if password else None,
        password=password,
        socket_timeout=5,
        decode_responses=True,
    )


def redis_problem(configuration: Document) -> list[str]:
    if stand_in(*address(configuration, 6379)):
        return []
    try:
        with _redis(configuration) as connection:
            connection.ping()
    except redis.AuthenticationError as error:
        # One that wasn't given is another word than one that is wrong.
        given = (configuration.get("authentication") or {}).get("password")
        said = str(error)
        return (
            [f"WRONGPASS {said}" if given and not said.startswith("WRONGPASS") else said]
            if given
            else ["Unable to validate object"]
        )
    except redis.RedisError:
        return ["Failed to connect to any host resolved for DNS name."]
    return []


def redis_rows(configuration: Document, command: str) -> list[Document]:
    with _redis(configuration) as connection:
        words = [word.strip("\"'") for word in _REDIS_WORDS.findall(command)]
        found = connection.execute_command(*words)
    listed = found if isinstance(found, (list, set)) else [found]
    return [{"result": "OK" if one is True and words[0].upper() == "SET" else _word(one)} for one in listed]


def _word(value: Any) -> Any:
    return "PONG" if value is True else value


# -- OAuth2 -----------------------------------------------------------------------------------------------------------
def token(authentication: Document) -> str:
    """By client credentials. Like the real one it takes any answer; a refusal becomes the token "null"."""
    form = {"grant_type": "client_credentials"}
    basic = None
    if authentication.get("isAuthorizationHeader"):
        basic = (authentication.get("clientId") or "", authentication.get("clientSecret") or "")
    else:
        form.update(client_id=authentication.get("clientId"), client_secret=authentication.get("clientSecret"))
    if authentication.get("scope"):
        form["scope"] = " ".join(authentication["scope"])
    given = requests.post(authentication["accessTokenUrl"], data=form, auth=basic, timeout=10).json()
    return str(given.get("access_token") or "null")
