# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in SQLite: what MongoDB is to the real server."""

from __future__ import annotations

import copy
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Document = dict[str, Any]

# Fields that are searched often enough, in collections large enough, to be worth an index.
_INDEXED = ("applicationId", "workspaceId", "baseId", "pageId")

_counter = int.from_bytes(os.urandom(3), "big")
_machine = os.urandom(5).hex()
_id_lock = threading.Lock()


def new_id() -> str:
    """24 hex digits: time, machine, counter, as an ObjectId, so that ids sort by age."""
    global _counter
    with _id_lock:
        _counter = (_counter + 1) & 0xFFFFFF
        return f"{int(time.time()):08x}{_machine}{_counter:06x}"


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """One file, one connection, one lock: every operation is atomic by itself; `tx` makes several of them one.

    Never await inside `tx`: the lock belongs to the thread, and another request on the event loop would slip in.
    With SANDBOX_MONGODB in the environment the documents are in that mongod instead (mongostore.py).
    """

    def __new__(cls, path: str | Path) -> Store:
        if cls is Store and os.environ.get("SANDBOX_MONGODB"):
            from .mongostore import MongoStore

            return object.__new__(MongoStore)
        return super().__new__(cls)

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # The process may be killed at any time, the machine not: no need to wait for the disk.
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS docs (number INTEGER PRIMARY KEY, coll TEXT NOT NULL, id TEXT NOT NULL, "
            "body TEXT NOT NULL, UNIQUE (coll, id))"
        )
        for field in _INDEXED:
            self._connection.execute(
                f"CREATE INDEX IF NOT EXISTS by_{field} ON docs (coll, json_extract(body, '$.{field}'))"
            )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def tx(self) -> Iterator[None]:
        """Everything inside is kept, or, when it raises, nothing. May be nested: the outermost decides."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def insert(self, coll: str, doc: Document) -> Document:
        """Store a new document; it gets an id unless it has one. Returns the stored document (a copy)."""
        stored = copy.deepcopy(doc)
        stored.setdefault("id", new_id())
        with self._lock:
            self._connection.execute(
                "INSERT INTO docs (coll, id, body) VALUES (?, ?, ?)", (coll, stored["id"], json.dumps(stored))
            )
        return stored

    def get(self, coll: str, doc_id: str | None) -> Document | None:
        with self._lock:
            row = self._connection.execute("SELECT body FROM docs WHERE coll = ? AND id = ?", (coll, doc_id)).fetchone()
        return json.loads(row[0]) if row else None

    def find(self, coll: str, **equal: Any) -> list[Document]:
        """All documents whose top-level fields equal the scalars (None also finds an absent field), oldest first."""
        where, values = ["coll = ?"], [coll]
        for field, value in equal.items():
            where.append(f"json_extract(body, '$.{field}') IS ?")
            values.append(value)
        with self._lock:
            rows = self._connection.execute(
                f"SELECT body FROM docs WHERE {' AND '.join(where)} ORDER BY number", values
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def one(self, coll: str, **equal: Any) -> Document | None:
        found = self.find(coll, **equal)
        return found[0] if found else None

    def update(self, coll: str, doc_id: str, **fields: Any) -> Document:
        """Set top-level fields of one document; returns the whole document. KeyError when there is none."""
        with self.tx():
            doc = self.get(coll, doc_id)
            if doc is None:
                raise KeyError(f"{coll}/{doc_id}")
            doc.update(copy.deepcopy(fields))
            self.replace(coll, doc)
        return doc

    def replace(self, coll: str, doc: Document) -> Document:
        """Write the whole document over the one with its id (or store it, when there is none)."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO docs (coll, id, body) VALUES (?, ?, ?) "
                "ON CONFLICT (coll, id) DO UPDATE SET body = excluded.body",
                (coll, doc["id"], json.dumps(doc)),
            )
        return doc

    def delete(self, coll: str, doc_id: str) -> bool:
        with self._lock:
            return self._connection.execute("DELETE FROM docs WHERE coll = ? AND id = ?", (coll, doc_id)).rowcount > 0

    # Single settings (schema, version, seeded, organization ...) live in the collection `config`, id = name.
    def setting(self, name: str, default: Any = None) -> Any:
        doc = self.get("config", name)
        return default if doc is None else doc["value"]

    def set_setting(self, name: str, value: Any) -> None:
        self.replace("config", {"id": name, "value": value})

    # What mongodump and mongorestore --drop are to the real one.
    def dump(self) -> list[tuple[str, str]]:
        with self._lock:
            return self._connection.execute("SELECT coll, body FROM docs ORDER BY number").fetchall()

    def restore(self, rows: list[tuple[str, str]], *, drop: bool) -> tuple[int, int]:
        """How many came in, and how many were there already. drop: the collections of the rows are emptied before."""
        made = 0
        with self.tx():
            if drop:
                for coll in {coll for coll, _body in rows}:
                    self._connection.execute("DELETE FROM docs WHERE coll = ?", (coll,))
            for coll, body in rows:
                made += self._connection.execute(
                    "INSERT OR IGNORE INTO docs (coll, id, body) VALUES (?1, json_extract(?2, '$.id'), ?2)",
                    (coll, body),
                ).rowcount
        return made, len(rows) - made

    def drop_database(self, but: tuple[str, ...]) -> None:
        with self.tx():
            self._connection.execute(f"DELETE FROM docs WHERE coll NOT IN ({', '.join('?' * len(but))})", but)
