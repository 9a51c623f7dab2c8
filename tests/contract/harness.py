# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recordings of real servers against sandboxes, and say where the answers differ.

`World` starts two instances, a Git host and a PostgreSQL; `World.replay` sends the requests of a recording in order and
compares status, redirect, session cookie, error and body. Recorded ids, hosts and ports become those of the sandbox:
an id is learned where the recorded one stands in the recorded answer, and must stand for the same thing ever after.

What was done beside HTTP in the course (repositories, deploy keys, bundles) is in outofband.py:
`prepare(world)` once, `before(index, step, world)` (may change step["request"]), `after(index, step, answer, world)`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests
from appsmith_sandbox import process

HERE = Path(__file__).resolve().parent
RECORDINGS = HERE / "recordings"
# 20 s of waiting for a lock become 1 s.
TIME_SCALE = 0.05
GIT_HOST = "git.example.com:2222"
ADMIN = {"email": "admin@example.com", "password": "Sup3rSecret!", "name": "Admin"}
_BY_SCRIPT = {"X-Requested-By": "Appsmith"}

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
# By these an item of a list is found again, whatever its place: the order of the real one is not a promise.
_NAMES = ("packageName", "name", "refName", "branchName", "username", "dataType", "key")
# Not compared by value: they differ from run to run.
_VOLATILE = {"requestedAt", "port", "deletedAt", "hash"}
# Strings that mean something to a client; others count by their type only.
_MEANT = {
    *("code", "errorType", "title", "message", "errorDisplay", "status", "name", "slug", "branchName", "refName"),
    *("refType", "defaultBranchName", "repoName", "email", "username", "type", "pluginType", "packageName"),
    *("runBehaviour", "autoCommitResponse", "authenticationType", "modifiedBy", "remoteBranch", "referenceDoc", "url"),
    *("entityType", "artifactType", "discardDocUrl", "body", "authorName", "authorEmail", "publicAccess", "docUrl"),
    *("protocolName", "environmentId", "description", "websiteurl", "displayName", "pluginName", "migrationMessage"),
}

POSTGRES_INIT = """
CREATE ROLE dev_user LOGIN PASSWORD 'devsecret';
CREATE ROLE prod_user LOGIN PASSWORD 'prodsecret';
CREATE DATABASE orders_dev OWNER dev_user;
CREATE DATABASE orders_prod OWNER prod_user;
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Listener:
    """What stands for a Redis here: it answers as HTTP, which the sandbox takes for a service that works."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.recv(64)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    def close(self) -> None:
        self._socket.close()


@dataclass
class Answer:
    """What a server said; `timed_out` when it said nothing in time."""

    status: int | None
    location: str | None = None
    cookies: list[str] = field(default_factory=list)
    body: Any = ""
    timed_out: bool = False


@dataclass
class Running:
    """One instance of the world. Sessions are kept per user, as the recorder did ("staging as qa")."""

    name: str
    root: Path
    version: str
    port: int = 0
    sessions: dict[str, requests.Session] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, admin_emails: str = "") -> None:
        """Start it, or start it again with another release. The recorded servers had no administrators in their
        environment and no rate limit before them."""
        environment = {
            "APPSMITH_ADMIN_EMAILS": admin_emails,
            "APPSMITH_RATE_LIMIT": "disabled",
            "APPSMITH_DB_URL": "mongodb://localhost:27017/appsmith",
        }
        facts = process.start(
            self.root, self.port, self.version, name=self.name, time_scale=TIME_SCALE, environment=environment
        )
        self.port = facts["port"]

    def stop(self) -> None:
        process.stop(self.root)

    def session(self, label: str) -> requests.Session:
        if label not in self.sessions:
            self.sessions[label] = requests.Session()
            self.sessions[label].trust_env = False
        return self.sessions[label]


class World:
    """Everything that a recording was made in, made anew under a folder."""

    def __init__(self, recording: str, folder: Path, database: dict[str, Any]) -> None:
        self.recording = recording
        self.folder = folder
        self.steps: list[dict[str, Any]] = [
            json.loads(line) for line in (RECORDINGS / f"{recording}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        self.version = "v1.60" if recording == "v1.60" else "v1.91"
        self.answers: list[Answer] = []
        self.ids: dict[str, str] = {}
        self.database = database
        self.listener = Listener()
        self.closed_port = free_port()
        self.instances = {
            name: Running(name, folder / name, self.version)
            for name in ("staging", "production")
            if any(step["instance"].split(" ")[0] == name for step in self.steps)
        }
        self.git_host_root = folder / "git-host"
        self.git_host: dict[str, Any] = {}

    # Life -----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._at_once(
            *(running.stop for running in self.instances.values()),
            lambda: self.sandbox("git-host", "stop", "--root", str(self.git_host_root)),
        )
        self.listener.close()

    @staticmethod
    def _at_once(*tasks: Callable[[], Any]) -> list[Any]:
        """Results of what mostly waits for other processes; the first error, once all are through."""
        with ThreadPoolExecutor(len(tasks)) as pool:
            begun = [pool.submit(task) for task in tasks]
        return [one.result() for one in begun]

    def sandbox(self, *arguments: str) -> str:
        """Run the sandbox's command line; its output. Errors of stopping are the caller's to judge."""
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "sandbox")}
        command = [sys.executable, "-m", "appsmith_sandbox", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode and "stop" not in arguments:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _start(self) -> None:
        import outofband

        begins_empty = self.steps[0]["step"] == "anon.me" and self.recording in ("v1.60", "v1.91")
        for running in self.instances.values():
            # The recorded servers ran beside, not in, a container: docker.env had nothing but what they wrote.
            (running.root / "configuration").mkdir(parents=True)
            (running.root / "configuration" / "docker.env").write_text(
                "APPSMITH_ENCRYPTION_PASSWORD=contract\nAPPSMITH_ENCRYPTION_SALT=contract\n", encoding="utf-8"
            )
            if self.recording.startswith("upgrade"):
                running.version = "v1.60"
        started = self._at_once(
            lambda: self.sandbox("git-host", "start", "--root", str(self.git_host_root)),
            *(running.start for running in self.instances.values()),
        )
        self.git_host = json.loads(started[0])
        if not begins_empty:
            self._at_once(*(partial(self._sign_up, running) for running in self.instances.values()))
        outofband.prepare(self)
        if self.recording.startswith("upgrade"):
            self._at_once(*(partial(self._upgrade, running) for running in self.instances.values()))
        elif self.recording == "v1.91-old-routes":
            self._earlier_courses()

    def _upgrade(self, running: Running) -> None:
        running.stop()
        running.version = self.version
        running.start()

    def _earlier_courses(self) -> None:
        """This recording began on instances that had seen other courses: workspaces, a second user, restarts."""
        staging, production = self.instances["staging"], self.instances["production"]
        lists = {step["step"]: step["response"]["body"]["data"] for step in self.steps if "home" in step["step"]}
        mine = [one["name"] for one in lists["qa.home"]][:-1]
        admin = {"auth": (ADMIN["email"], ADMIN["password"]), "headers": {"Origin": staging.url, **_BY_SCRIPT}}
        api = f"{staging.url}/api/v1"
        for known in lists["workspace.home"][:-1]:
            if known.get("isAutoGeneratedWorkspace"):
                continue
            body = {"name": known["name"], "website": known.get("website")}
            made = requests.post(f"{api}/workspaces", json=body, timeout=10, **admin).json()["data"]
            if known["name"] in mine:
                roles = requests.get(f"{api}/workspaces/{made['id']}/permissionGroups", timeout=10, **admin).json()
                invitation = {"usernames": ["qa@example.com"], "permissionGroupId": roles["data"][1]["id"]}
                requests.post(f"{api}/users/invite", json=invitation, timeout=10, **admin).raise_for_status()
        user = {"name": "QA", "email": "qa@example.com", "password": "QaSecret1!"}
        requests.post(f"{api}/users", data=user, headers=_BY_SCRIPT, allow_redirects=False, timeout=10)
        # The user name of the last steps had used up its attempts on the same day.
        for _attempt in range(5):
            form = {"username": "flood@example.com", "password": "nope"}
            requests.post(f"{api}/login", data=form, headers=_BY_SCRIPT, allow_redirects=False, timeout=10)
        # Staging had lost its administrator by a restart (observed 16), and its docker.env was another one.
        staging.stop()
        path = staging.root / "configuration" / "docker.env"
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if "ADMIN_EMAILS" not in line]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
        staging.start()
        production.stop()
        production.start(ADMIN["email"])

    @staticmethod
    def _sign_up(running: Running) -> None:
        """The first user, as the steps before this recording made him."""
        answer = requests.post(
            f"{running.url}/api/v1/users/super",
            data={**ADMIN, "allowCollectingAnonymousData": "false"},
            headers={"Origin": running.url, **_BY_SCRIPT},
            allow_redirects=False,
            timeout=10,
        )
        if "signup-success" not in answer.headers.get("location", ""):
            raise RuntimeError(f"no first user: {answer.status_code} {answer.headers.get('location')}")

    # Translation ----------------------------------------------------------------------------------------------------

    def translate(self, value: Any) -> Any:
        """A recorded request or answer with the ids, hosts and ports of this world."""
        if isinstance(value, dict):
            result = {self.translate(key): self.translate(item) for key, item in value.items()}
            if set(value) == {"host", "port"}:
                ports = {5432: self.database["port"], 3306: self.closed_port, 6381: self.listener.port}
                ports.update({1025: self.closed_port, 27017: self.closed_port})
                result["port"] = ports.get(value["port"], value["port"])
            return result
        if isinstance(value, list):
            return [self.translate(item) for item in value]
        if isinstance(value, str):
            text = _ID.sub(lambda match: self.ids.get(match.group(), match.group()), value)
            text = text.replace(GIT_HOST, f"127.0.0.1:{self.git_host['ssh_port']}")
            return text.replace("//git.example.com", "//127.0.0.1")
        return value

    # Replay ---------------------------------------------------------------------------------------------------------

    def replay(self) -> list[list[str]]:
        """The differences of each step, in order; [] where there are none."""
        import outofband

        differences = []
        for index, recorded in enumerate(self.steps):
            step = {**recorded, "request": self.translate(recorded["request"])}
            outofband.before(index, step, self)
            try:
                answer = self._send(index, step)
            except (KeyError, IndexError, TypeError) as error:
                # It needs what an earlier step should have answered.
                self.answers.append(Answer(None))
                differences.append([f"not sent: {error!r}"])
                continue
            self.answers.append(answer)
            outofband.after(index, step, answer, self)
            differences.append(self.compare(recorded["response"], answer))
        return differences

    def last(self, name: str, instance: str | None = None) -> Answer:
        """The newest answer to the step of that name."""
        for recorded, answer in zip(reversed(self.steps[: len(self.answers)]), reversed(self.answers), strict=True):
            if recorded["step"] == name and instance in (None, recorded["instance"]):
                return answer
        raise KeyError(name)

    def _send(self, index: int, step: dict[str, Any]) -> Answer:
        request, recorded = step["request"], step["response"]
        running = self.instances[step["instance"].split(" ")[0]]
        patience = recorded.get("timeout_after")
        try:
            response = running.session(step["instance"]).request(
                request["method"],
                running.url + request["path"],
                headers=request.get("headers") or {},
                params=request.get("params"),
                json=request.get("json"),
                data=request.get("form"),
                files=self._files(index, step),
                allow_redirects=False,
                timeout=patience * TIME_SCALE if patience else 60,
            )
        except requests.Timeout:
            return Answer(None, timed_out=True)
        try:
            body = response.json()
        except ValueError:
            body = response.text
        return Answer(response.status_code, response.headers.get("location"), response.cookies.keys(), body)

    def _files(self, index: int, step: dict[str, Any]) -> dict[str, Any] | None:
        """The recordings name the parts of a form only; what was in them follows from the course."""
        wanted = step["request"].get("files")
        if not wanted:
            return None
        if wanted == ["file"]:
            export = self.answers[index - 1].body
            return {"file": ("orders.json", json.dumps(export).encode(), "application/json")}
        if wanted == ["executeActionDTO"]:
            action = self.last("actions.list", step["instance"]).body["data"][0]
            execution = {"actionId": action["id"], "viewMode": step["step"].endswith("view")}
            return {"executeActionDTO": (None, json.dumps(execution).encode(), "application/json")}
        raise AssertionError(f"step {index}: no content known for the parts {wanted}")

    # Comparison -----------------------------------------------------------------------------------------------------

    def compare(self, recorded: dict[str, Any], answer: Answer) -> list[str]:
        if "timeout_after" in recorded and recorded.get("status") is None:
            return [] if answer.timed_out else [f"answered {answer.status}, the real one never did"]
        if answer.timed_out:
            return ["no answer"]
        found = []
        if recorded["status"] != answer.status:
            found.append(f"status {answer.status}, recorded {recorded['status']}: {str(answer.body)[:300]}")
        if self._location(recorded.get("location")) != self._location(answer.location):
            found.append(f"location {answer.location}, recorded {recorded.get('location')}")
        opens = any("SESSION" in cookie for cookie in recorded.get("set_cookie") or [])
        # Logout hands out a fresh, anonymous session at the real one; only sign-in's counts.
        if recorded["status"] == 302 and opens != ("SESSION" in answer.cookies):
            found.append(f"cookies {answer.cookies}, recorded {recorded.get('set_cookie')}")
        self._learn(recorded["body"], answer.body)
        self._compare(self.translate(recorded["body"]), answer.body, "", found)
        return found

    @staticmethod
    def _location(text: str | None) -> Any:
        """Path and query; hosts and ids are neither here nor there."""
        if text is None:
            return None
        parts = urllib.parse.urlsplit(text)
        query = {
            key: [_ID.sub("ID", re.sub(r"^https?://[^/]+", "", value)) for value in values]
            for key, values in urllib.parse.parse_qs(parts.query).items()
        }
        return parts.path, query, parts.netloc == "app.appsmith.com", text.startswith("//")

    def _pairs(self, recorded: list[Any], actual: list[Any]) -> list[tuple[Any, Any]]:
        """Items that belong together: by their names where both sides have the same ones, else by place."""
        for name in _NAMES:
            if all(isinstance(one, dict) and isinstance(one.get(name), str) for one in [*recorded, *actual]):
                left = sorted(recorded, key=lambda one: str(self.translate(one[name])))
                right = sorted(actual, key=lambda one: str(one[name]))
                if [self.translate(one[name]) for one in left] == [one[name] for one in right]:
                    return list(zip(left, right, strict=True))
        return list(zip(recorded, actual, strict=False))

    def _learn(self, recorded: Any, actual: Any) -> None:
        if isinstance(recorded, dict) and isinstance(actual, dict):
            for key in recorded:
                # Which two plugins a workspace begins with was different on every recorded server.
                if key in actual and key != "plugins":
                    self._learn(recorded[key], actual[key])
        elif isinstance(recorded, list) and isinstance(actual, list):
            for left, right in self._pairs(recorded, actual):
                self._learn(left, right)
        elif all(isinstance(one, str) and _OBJECT_ID.fullmatch(one) for one in (recorded, actual)):
            self.ids.setdefault(recorded, actual)

    def _compare(self, recorded: Any, actual: Any, path: str, found: list[str]) -> None:
        key = path.rsplit(".", 1)[-1]
        if isinstance(recorded, dict) and isinstance(actual, dict):
            missing, extra = sorted(set(recorded) - set(actual)), sorted(set(actual) - set(recorded))
            if extra and all(_OBJECT_ID.fullmatch(name) for name in [*missing, *extra]):
                # A map by ids (author profiles): ids that no answer told before have no counterpart to compare with.
                for name in missing:
                    self._compare(recorded[name], actual[extra[0]], f"{path}.{name}", found)
            elif missing or extra:
                found.append(f"{path or 'body'}: missing {missing}, too much {extra}")
            for name in recorded:
                if name in actual:
                    self._compare(recorded[name], actual[name], f"{path}.{name}", found)
        elif isinstance(recorded, list) and isinstance(actual, list):
            if all(isinstance(one, str) for one in [*recorded, *actual]):
                if sorted(map(_plain, recorded)) != sorted(map(_plain, actual)):
                    found.append(f"{path}: {sorted(actual)}, recorded {sorted(recorded)}")
                return
            if len(recorded) != len(actual):
                found.append(f"{path}: {len(actual)} items, recorded {len(recorded)}")
                return
            # The newest three of a list are marked; which ones they are after an import was chance.
            marked, recorded = _without(recorded, "isRecentlyCreated")
            marked_here, actual = _without(actual, "isRecentlyCreated")
            if marked != marked_here:
                found.append(f"{path}: {marked_here} marked as recently created, recorded {marked}")
            for number, (left, right) in enumerate(self._pairs(recorded, actual)):
                self._compare(left, right, f"{path}[{number}]", found)
        elif _kind(recorded) != _kind(actual):
            found.append(f"{path or 'body'}: {_kind(actual)} {str(actual)[:80]!r}, recorded {_kind(recorded)}")
        elif isinstance(recorded, str):
            means = _OBJECT_ID.fullmatch(recorded) or key in _MEANT or path == ""
            if means and ".plugins[" not in path and _plain(recorded) != _plain(actual):
                found.append(f"{path or 'body'}: {actual!r}, recorded {recorded!r}")
        elif recorded != actual and key not in _VOLATILE:
            found.append(f"{path}: {actual!r}, recorded {recorded!r}")


def _without(items: list[Any], name: str) -> tuple[int, list[Any]]:
    """How many items have a member, and the items without it."""
    has = [isinstance(one, dict) and name in one for one in items]
    return sum(has), [
        {key: one[key] for key in one if key != name} if found else one for one, found in zip(items, has, strict=True)
    ]


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def _plain(text: str) -> str:
    """Without what differs from run to run: ports, times, commit ids, made-up suffixes."""
    if _OBJECT_ID.fullmatch(text):
        return text
    return re.sub(r"\d+", "#", re.sub(r"[0-9a-f]{40}", "SHA", text))
