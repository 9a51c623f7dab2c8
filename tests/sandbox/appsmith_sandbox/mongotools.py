# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mongodump, mongorestore and mongosh as far as a backup needs them, on the sandbox's database.

The archive is the sandbox's own (one JSON line a document, of gzip with --gzip); what the options do is what the real
ones' do: mongorestore --drop drops the collections that are in the archive and leaves all others.
"""

from __future__ import annotations

import contextlib
import fnmatch
import gzip
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from .store import Store

DATABASE = "appsmith"
# What Redis holds at the real one, and the database's own users, which are in another database.
NOT_IN_DUMP = ("sessions", "loginAttempts", "system.users")
_COUNT = re.compile(
    r"""db\.(?:getCollection\(\s*["']([\w.]+)["']\s*\)|(\w+))\.(?:countDocuments|estimatedDocumentCount)"""
    r"""\(\s*(?:\{\s*\})?\s*\)"""
)


class ToolError(Exception):
    """The tool ends with 1; the text is its last line."""


def dump(store: Store, out: IO[bytes]) -> int:
    number = 0
    for coll, body in store.dump():
        if coll not in NOT_IN_DUMP:
            out.write(json.dumps([coll, body]).encode() + b"\n")
            number += 1
    return number


def load(store: Store, lines: IO[bytes], *, drop: bool, wanted: str = "*") -> tuple[int, int]:
    """How many documents came in, and how many were there already."""
    rows: list[tuple[str, str]] = []
    for line in lines:
        try:
            coll, body = json.loads(line)
        except ValueError as error:
            raise ToolError("Failed: stream or file does not appear to be a mongodump archive") from error
        if fnmatch.fnmatchcase(f"{DATABASE}.{coll}", wanted):
            rows.append((coll, body))
    return store.restore(rows, drop=drop)


def _options(arguments: Sequence[str], values: Sequence[str], flags: Sequence[str]) -> dict[str, str | None]:
    """Of the form --name=value or --name value; a flag's value is None, and so is that of --archive alone."""
    found: dict[str, str | None] = {}
    left = list(arguments)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if not name.startswith("--"):
            found.setdefault("--uri", word)
        elif name in flags or (name == "--archive" and not equals):
            found[name] = None
        elif name in values:
            if not equals and not left:
                raise ToolError(f"error parsing command line options: expected argument for flag `{name}'")
            found[name] = value if equals else left.pop(0)
        else:
            raise ToolError(f'error parsing command line options: unknown option "{name.lstrip("-")}"')
    return found


def _sign_in(store: Store, uri: str | None) -> None:
    """The user's password, when the address has one, has to be that of the database."""
    parts = urlsplit(uri or "")
    user = store.get("system.users", "user")
    if user is not None and (parts.username or "", parts.password or "") != (user["name"], user["password"]):
        raise ToolError(
            "Failed: can't create session: could not connect to server: connection() error occurred during connection "
            'handshake: auth error: sasl conversation error: unable to authenticate using mechanism "SCRAM-SHA-1": '
            "(AuthenticationFailed) Authentication failed."
        )


def _gzip_or_error(stream: IO[bytes]) -> IO[bytes]:
    try:
        return io.BytesIO(gzip.decompress(stream.read()))
    except (OSError, EOFError) as error:
        raise ToolError(f"Failed: stream or file does not appear to be a mongodump archive: {error}") from error


def mongodump(store: Store, arguments: Sequence[str]) -> int:
    options = _options(arguments, ("--uri", "--db", "--archive"), ("--gzip", "--quiet", "--dumpDbUsersAndRoles"))
    _sign_in(store, options.get("--uri"))
    if "--archive" not in options:
        raise ToolError("Failed: the sandbox's mongodump writes an --archive only")
    target = options["--archive"]
    with contextlib.ExitStack() as stack:
        plain: IO[bytes] = sys.stdout.buffer if target is None else stack.enter_context(Path(target).open("wb"))
        if "--gzip" in options:
            with gzip.GzipFile(fileobj=plain, mode="wb") as packed:
                number = dump(store, packed)
        else:
            number = dump(store, plain)
        plain.flush()
    print(f"done dumping {DATABASE} ({number} documents)", file=sys.stderr)
    return 0


def mongorestore(store: Store, arguments: Sequence[str]) -> int:
    options = _options(
        arguments,
        ("--uri", "--archive", "--nsInclude", "--nsFrom", "--nsTo", "--db"),
        ("--gzip", "--drop", "--quiet", "--stopOnError", "--noIndexRestore", "--preserveUUID"),
    )
    _sign_in(store, options.get("--uri"))
    if "--archive" not in options:
        raise ToolError("Failed: the sandbox's mongorestore reads an --archive only")
    source = options["--archive"]
    if source is not None and not Path(source).exists():
        raise ToolError(f"Failed: open {source}: no such file or directory")
    with contextlib.ExitStack() as stack:
        plain: IO[bytes] = sys.stdin.buffer if source is None else stack.enter_context(Path(source).open("rb"))
        lines = _gzip_or_error(plain) if "--gzip" in options else plain
        wanted = options.get("--nsInclude") or "*"
        made, failed = load(store, lines, drop="--drop" in options, wanted=wanted)
    for _number in range(min(failed, 3)):
        print("continuing through error: E11000 duplicate key error collection", file=sys.stderr)
    print(f"{made} document(s) restored successfully. {failed} document(s) failed to restore.", file=sys.stderr)
    return 1 if failed and "--stopOnError" in options else 0


def evaluate(store: Store, script: str) -> str:
    """What mongosh prints of the last of several statements."""
    said = ""
    for statement in filter(None, (one.strip() for one in script.split(";"))):
        said = _statement(store, statement)
    return said


def _statement(store: Store, statement: str) -> str:
    for wrapper in ("print", "printjson", "JSON.stringify"):
        if statement.startswith(f"{wrapper}(") and statement.endswith(")"):
            return _statement(store, statement[len(wrapper) + 1 : -1].strip())
    plain = re.sub(r"""^db\.getSiblingDB\(\s*["']appsmith["']\s*\)""", "db", statement)
    if plain == "db.dropDatabase()":
        store.drop_database(NOT_IN_DUMP)
        return f"{{ ok: 1, dropped: '{DATABASE}' }}"
    if plain == "db.getCollectionNames()":
        return json.dumps(sorted({coll for coll, _body in store.dump()} - set(NOT_IN_DUMP)))
    if plain in ("db.adminCommand({ping: 1})", "db.runCommand({ping: 1})", "db.adminCommand('ping')"):
        return "{ ok: 1 }"
    if plain == "db.getName()":
        return DATABASE
    found = _COUNT.fullmatch(plain)
    if found:
        return str(len(store.find(found[1] or found[2])))
    raise ToolError(f"SyntaxError: the sandbox's mongosh does not know: {statement}")


def mongosh(store: Store, arguments: Sequence[str]) -> int:
    options = _options(arguments, ("--eval", "--file"), ("--quiet", "--norc", "--json"))
    _sign_in(store, options.get("--uri"))
    print(evaluate(store, options.get("--eval") or ""))
    return 0


TOOLS = {"mongodump": mongodump, "mongorestore": mongorestore, "mongosh": mongosh}


def run(store: Store, program: str, arguments: Sequence[str]) -> int:
    try:
        return TOOLS[program](store, arguments)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1


def mongo_eval(store: Store, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """`appsmithctl mongo-eval [--pretty] SCRIPT`"""
    scripts = [one for one in arguments if one != "--pretty"]
    try:
        _sign_in(store, environment.get("APPSMITH_DB_URL"))
        print(evaluate(store, scripts[0] if scripts else ""))
    except ToolError as error:
        print("Error evaluating the mongo query", error, file=sys.stderr)
        return 1
    return 0
