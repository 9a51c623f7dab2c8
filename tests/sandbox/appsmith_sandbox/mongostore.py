# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on a real mongod, for images that carry one: what is copied, killed and restored there is its files.

SANDBOX_MONGODB is the address; the database must be a replica set, because several operations in one are a transaction.
A document is kept as its text, with the top-level scalars beside it for searching.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure, PyMongoError

from .store import Document, Store, new_id

DATABASE = "appsmith"
_SCALARS = (str, int, float, bool, type(None))


class MongoStore(Store):
    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        address = os.environ["SANDBOX_MONGODB"]
        self._lock = threading.RLock()
        self._depth = 0
        self._session: ClientSession | None = None
        self._client: pymongo.MongoClient[Any] = pymongo.MongoClient(address, serverSelectionTimeoutMS=20000)
        self._database = self._client[DATABASE]
        self._number = time.time_ns()

    def close(self) -> None:
        with self._lock:
            self._client.close()

    @contextmanager
    def tx(self) -> Iterator[None]:
        with self._lock:
            if self._depth == 0:
                self._session = self._client.start_session()
                self._session.start_transaction()
            session = self._session
            assert session is not None
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    session.abort_transaction()
                    session.end_session()
                    self._session = None
                raise
            self._depth -= 1
            if self._depth == 0:
                self._session = None
                session.commit_transaction()
                session.end_session()

    def _kept(self, doc: Document) -> Document:
        scalars = {key: value for key, value in doc.items() if isinstance(value, _SCALARS) and key.isidentifier()}
        return {"body": json.dumps(doc), "scalars": scalars}

    def insert(self, coll: str, doc: Document) -> Document:
        stored = copy.deepcopy(doc)
        stored.setdefault("id", new_id())
        with self._lock:
            self._number += 1
            kept = {"_id": stored["id"], "number": self._number, **self._kept(stored)}
            self._database[coll].insert_one(kept, session=self._session)
        return stored

    def get(self, coll: str, doc_id: str | None) -> Document | None:
        with self._lock:
            found = self._database[coll].find_one({"_id": doc_id}, session=self._session)
        return json.loads(found["body"]) if found else None

    def find(self, coll: str, **equal: Any) -> list[Document]:
        wanted = {f"scalars.{field}": value for field, value in equal.items()}
        with self._lock:
            rows = list(self._database[coll].find(wanted, session=self._session).sort("number"))
        return [json.loads(row["body"]) for row in rows]

    def replace(self, coll: str, doc: Document) -> Document:
        with self._lock:
            self._number += 1
            change = {"$set": self._kept(doc), "$setOnInsert": {"number": self._number}}
            self._database[coll].update_one({"_id": doc["id"]}, change, upsert=True, session=self._session)
        return doc

    def delete(self, coll: str, doc_id: str) -> bool:
        with self._lock:
            return self._database[coll].delete_one({"_id": doc_id}, session=self._session).deleted_count > 0

    def dump(self) -> list[tuple[str, str]]:
        with self._lock:
            rows = [
                (row["number"], coll, row["body"])
                for coll in self._database.list_collection_names()
                for row in self._database[coll].find()
            ]
        return [(coll, body) for _number, coll, body in sorted(rows)]

    def restore(self, rows: list[tuple[str, str]], *, drop: bool) -> tuple[int, int]:
        made = 0
        with self._lock:
            if drop:
                for coll in {coll for coll, _body in rows}:
                    self._database.drop_collection(coll)
            for coll, body in rows:
                doc = json.loads(body)
                if drop or self.get(coll, doc["id"]) is None:
                    self.insert(coll, doc)
                    made += 1
        return made, len(rows) - made

    def drop_database(self, but: tuple[str, ...]) -> None:
        with self._lock:
            for coll in set(self._database.list_collection_names()) - set(but):
                self._database.drop_collection(coll)


def wait(address: str, seconds: float) -> None:
    """Until the server is the primary of its replica set, which is made where there is none."""
    deadline = time.monotonic() + seconds
    host = address.split("/")[2]
    with pymongo.MongoClient(host, directConnection=True, serverSelectionTimeoutMS=500) as client:
        while True:
            try:
                said = client.admin.command("hello")
                if said.get("isWritablePrimary"):
                    return
                if "setName" not in said:
                    members = [{"_id": 0, "host": host}]
                    client.admin.command("replSetInitiate", {"_id": "mr1", "members": members})
            except OperationFailure:
                # Another one was faster, or it is still at work.
                pass
            except PyMongoError as error:
                if time.monotonic() >= deadline:
                    raise SystemExit(f"mongod does not answer: {error}") from error
            if time.monotonic() >= deadline:
                raise SystemExit("mongod did not become the primary of its replica set")
            time.sleep(0.05)


if __name__ == "__main__":
    wait(sys.argv[1], float(sys.argv[2]))
