# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor of what comes after an upgrade: a bare client with the calls that the same promise needs, and no others.

Applications are worked on side by side at the width, with a session a thread; discards wait for each other.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from floor import CONTENT


class Floor:
    def __init__(self, url: str, username: str, password: str, work: str, width: int) -> None:
        self.api = f"{url}/api/v1"
        self.credentials = {"username": username, "password": password}
        self.work = work
        self.width = width
        self.cookie = ""
        self._own = threading.local()
        self._lane = threading.Lock()

    def call(self, method: str, path: str, **options: Any) -> Any:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        headers = {"X-Requested-By": "Appsmith", "Cookie": f"SESSION={self.cookie}"}
        answer = self._own.session.request(
            method, f"{self.api}{path}", headers=headers, allow_redirects=False, **options
        )
        answer.raise_for_status()
        return answer

    def run(self) -> int:
        said = self.call("POST", "/login", data=self.credentials)
        if said.headers["Location"] != "/applications":
            raise SystemExit("refused")
        self.cookie = said.cookies["SESSION"]
        applications = [
            application["id"]
            for workspace in self.call("GET", "/workspaces/home").json()["data"]
            for application in self.call("GET", f"/applications/home?workspaceId={workspace['id']}").json()["data"]
        ]
        if self.work in ("sweep_commit", "sweep_clean"):
            self.call("GET", "/git/artifacts/profile/default")
        one = self.verify if self.work == "verify" else self.sweep
        with ThreadPoolExecutor(max_workers=self.width) as pool:
            list(pool.map(one, applications))
        self.call("POST", "/logout")
        return len(applications)

    def sweep(self, application: str) -> None:
        """Which branches there are, what is uncommitted, whose it is; then what clears it, and whether it did."""
        git = f"/git/applications/{application}"
        self.call("GET", f"{git}/refs?refType=branch")
        status = self.call("GET", f"{git}/status").json()["data"]
        if status["isClean"]:
            return
        self._published(application)
        if self.work == "sweep_discard":
            with self._lane:
                self.call("PUT", f"{git}/discard")
            self._clean(f"{git}/status?compareRemote=false")
            self._published(application)
            return
        self.call("GET", f"{git}/protected-branches")
        if self.call("GET", f"{git}/fetch/remote").json()["data"]["behindCount"]:
            raise SystemExit(f"{application}: behind")
        self.call("POST", f"{git}/commit", json={"message": "Migrate"})
        self._clean(f"{git}/status")

    def verify(self, application: str) -> None:
        """Every published page, as a browser asks for it."""
        found = self.call("GET", f"/pages?applicationId={application}&mode=PUBLISHED").json()["data"]["pages"]
        for page in found:
            shown = self.call("GET", f"/pages/{page['id']}/view?migrateDsl=true").json()["data"]
            if not shown["layouts"]:
                raise SystemExit(f"{application}: no layout")

    def _clean(self, path: str) -> None:
        if not self.call("GET", path).json()["data"]["isClean"]:
            raise SystemExit(f"{path}: not clean")

    def _published(self, application: str) -> None:
        export = self.call("GET", f"/applications/export/{application}").json()
        for items, kind, content in CONTENT:
            for item in export[items]:
                edit, published = item[f"unpublished{kind}"], item[f"published{kind}"]
                if any(edit.get(key) != published.get(key) for key in ("name", content)):
                    raise SystemExit(f"{application}: not published")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", choices=["sweep_commit", "sweep_discard", "sweep_clean", "verify"], required=True)
    parser.add_argument("--width", type=int, default=4)
    for name in ("url", "username", "password"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    began = time.time()
    done = Floor(given.url, given.username, given.password, given.work, given.width).run()
    json.dump({"began": began, "ended": time.time(), "applications": done}, sys.stdout)


if __name__ == "__main__":
    main()
