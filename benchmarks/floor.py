# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor: a bare client that makes only the calls that are needed, with a session a thread.

proving: what the collection promises. Look before (is anything behind, would anything be lost, do the datasources have
credentials), act, prove after (nothing left over, the new content is published, no datasource without credentials).
trusting: fetch, and discard what is behind, and believe the answers.
pull: the same with pull in place of discard, as a check against what a real server was seen to take.

Fetches and looks run at the width side by side, deployments in one lane beside them, each as soon as it can; with
--after (only for the two that trust) the deployments wait until all is fetched.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from queue import PriorityQueue
from typing import Any

import requests

# Lists of an export, what its items hold in an edit and a published version, and where the content of one stands.
CONTENT = (
    ("pageList", "Page", "layouts"),
    ("actionList", "Action", "actionConfiguration"),
    ("actionCollectionList", "Collection", "body"),
)


class Floor:
    def __init__(self, url: str, username: str, password: str, mode: str, width: int, *, after: bool = False) -> None:
        self.api = f"{url}/api/v1"
        self.credentials = {"username": username, "password": password}
        self.mode = mode
        self.width = width
        # Deployments only when all fetches are done, as in observed 32.
        self.after = after
        self._due: list[str] = []
        self.cookie = ""
        self.workspace = ""
        self.deployed = 0
        # (urgency, order, step, application): what is due goes before further fetches.
        self._work: PriorityQueue[tuple[int, int, str, str]] = PriorityQueue()
        self._lane: PriorityQueue[tuple[int, int, str, str]] = PriorityQueue()
        self._lock = threading.Lock()
        self._open = 0
        self._order = 0
        self._failed: list[BaseException] = []

    def call(self, session: requests.Session, method: str, path: str, **options: Any) -> Any:
        headers = {"X-Requested-By": "Appsmith", "Cookie": f"SESSION={self.cookie}"}
        answer = session.request(method, f"{self.api}{path}", headers=headers, allow_redirects=False, **options)
        answer.raise_for_status()
        return answer

    def run(self) -> None:
        with requests.Session() as session:
            said = self.call(session, "POST", "/login", data=self.credentials)
            if said.headers["Location"] != "/applications":
                raise SystemExit("refused")
            self.cookie = said.cookies["SESSION"]
            for workspace in self.call(session, "GET", "/workspaces/home").json()["data"]:
                self.workspace = workspace["id"]
                path = f"/applications/home?workspaceId={self.workspace}"
                for application in self.call(session, "GET", path).json()["data"]:
                    self._put(self._work, 1, "fetch", application["id"])
            if self.mode == "proving":
                self._configured(session)
            self._drain()
            for application in self._due:
                self.deploy(session, application)
            if self.mode == "proving":
                self._configured(session)
                self.call(session, "POST", "/logout")

    def _put(self, queue: Any, urgency: int, step: str, application: str) -> None:
        with self._lock:
            self._open += 1
            self._order += 1
            queue.put((urgency, self._order, step, application))

    def _drain(self) -> None:
        threads = [threading.Thread(target=self._worker, args=(self._work,)) for _number in range(self.width)]
        threads.append(threading.Thread(target=self._worker, args=(self._lane,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _worker(self, queue: Any) -> None:
        with requests.Session() as session:
            while True:
                _urgency, _order, step, application = queue.get()
                if not step:
                    return
                try:
                    getattr(self, step)(session, application)
                except BaseException as error:
                    self._failed.append(error)
                with self._lock:
                    self._open -= 1
                    if self._open == 0:
                        for _number in range(self.width):
                            self._work.put((9, 0, "", ""))
                        self._lane.put((9, 0, "", ""))

    # -- the steps ---------------------------------------------------------------------------------------------------
    def fetch(self, session: requests.Session, application: str) -> None:
        if self.call(session, "GET", f"/git/applications/{application}/fetch/remote").json()["data"]["behindCount"]:
            if self.after:
                self._due.append(application)
                return
            self._put(*((self._work, 0, "look") if self.mode == "proving" else (self._lane, 0, "deploy")), application)

    def look(self, session: requests.Session, application: str) -> None:
        """Before: nothing that would be thrown away."""
        self._clean(session, application)
        self._put(self._lane, 0, "deploy", application)

    def deploy(self, session: requests.Session, application: str) -> None:
        if self.mode == "pull":
            self.call(session, "GET", f"/git/applications/{application}/pull")
        else:
            self.call(session, "PUT", f"/git/applications/{application}/discard")
        self.deployed += 1
        if self.mode == "proving":
            self._put(self._work, 0, "prove", application)

    def prove(self, session: requests.Session, application: str) -> None:
        """After: nothing is left over, and what is published is what the edit view has."""
        self._clean(session, application)
        export = self.call(session, "GET", f"/applications/export/{application}").json()
        for items, kind, content in CONTENT:
            for item in export[items]:
                edit, published = item[f"unpublished{kind}"], item[f"published{kind}"]
                if any(edit.get(key) != published.get(key) for key in ("name", content)):
                    raise SystemExit(f"{application}: not published")

    def _clean(self, session: requests.Session, application: str) -> None:
        path = f"/git/applications/{application}/status?compareRemote=false"
        if not self.call(session, "GET", path).json()["data"]["isClean"]:
            raise SystemExit(f"{application}: not clean")

    def _configured(self, session: requests.Session) -> None:
        """Before and after the work, for all applications of the workspace at once."""
        for datasource in self.call(session, "GET", f"/datasources?workspaceId={self.workspace}").json()["data"]:
            if not datasource["datasourceStorages"]["unused_env"]["isConfigured"]:
                raise SystemExit(f"{datasource['name']}: not configured")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=["proving", "trusting", "pull"], required=True)
    parser.add_argument("--width", type=int, default=4)
    parser.add_argument("--after", action="store_true")
    for name in ("url", "username", "password"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    began = time.time()
    floor = Floor(given.url, given.username, given.password, given.mode, given.width, after=given.after)
    floor.run()
    json.dump({"began": began, "ended": time.time(), "deployed": floor.deployed}, sys.stdout)


if __name__ == "__main__":
    main()
