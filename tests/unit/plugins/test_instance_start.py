# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module instance_start_info: what it makes of containers, commands and logs."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FAKE = Path(__file__).parent / "hosts" / "docker.py"
SERVES = "[2026-11-22 08:00:05,000] [main] requestId= - Started ServerApplication in 29.061 seconds (process running)"
BEGINS = "[2026-11-22 08:00:01,000] [main] requestId= - Application started with build version v1.91, and commitSha x"
FATAL = "[2026-11-22 08:00:03,000] [main] - Error in mongock process. ABORTED MIGRATION"


def container(*, running: bool = True, restarting: bool = False, restarts: int = 0, code: int = 0) -> str:
    state = {"Running": running, "Restarting": restarting, "ExitCode": code, "StartedAt": "2026-11-22T08:00:00.5Z"}
    return json.dumps({"State": state, "RestartCount": restarts})


class Host:
    def __init__(self, folder: Path, run_module: Any) -> None:
        self.folder, self.run_module = folder, run_module
        program = folder / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {FAKE} "$@"\n')
        program.chmod(0o755)
        self.answers: dict[str, tuple[int, str, str]] = {
            "container inspect": (0, container(), ""),
            "logs": (0, BEGINS, ""),
        }
        self.log = folder / "logs" / "backend.log"
        self.log.parent.mkdir()
        self.log.write_text(f"{FATAL}\n")

    def look(self, **params: Any) -> dict[str, Any]:
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        result: dict[str, Any] = self.run_module("instance_start_info", params)
        assert not result.get("changed")
        return result

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked.txt").read_text().splitlines()


@pytest.fixture
def host(tmp_path: Path, run_module: Any, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("FAKE_DOCKER", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return Host(tmp_path, run_module)


@pytest.fixture
def api_that_answers() -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"responseMeta": {"status": 200, "success": True}}).encode()
            self.send_response(200 if self.path == "/api/v1/health" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_log_of_this_start_and_no_older_one(host: Host) -> None:
    pattern = str(host.log.parent / "*.log")
    before = host.look(log_paths=[pattern])
    assert before["problem"], "the old log tells of a failed start"
    with host.log.open("a") as log:
        log.write(f"{BEGINS}\nmongodb://root:hidden@localhost\n")
    found = host.look(container="appsmith", log_paths=[pattern], positions=before["positions"], restarts=0)
    assert found["running"] and found["problem"] == "" and found["progress"]
    assert "mongodb://***@localhost" in found["text"] and "hidden" not in json.dumps(found)
    assert host.asked[-1] == "logs --tail 200 --since 2026-11-22T08:00:00.5Z appsmith"


def test_a_file_that_is_shorter_than_before_is_another_one(host: Host) -> None:
    assert host.look(log_paths=[str(host.log)], positions={str(host.log): 10_000})["problem"]


def test_a_fatal_line_ends_the_wait(host: Host, sleeps: list[float]) -> None:
    host.answers["logs"] = (0, BEGINS, FATAL)
    found = host.look(container="appsmith", wait=600)
    assert found["problem"] and found["next_step"] and sleeps == [1.0]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (container(running=False, code=137), "The instance ended with exit code 137"),
        (container(restarting=True, restarts=4, code=1), "started again, 4 times by now (exit code 1)"),
    ],
)
def test_a_container_that_ended_or_restarts_over_and_over_ends_the_wait(
    host: Host, sleeps: list[float], state: str, said: str
) -> None:
    host.answers["container inspect"] = (0, state, "")
    found = host.look(container="appsmith", wait=600, restarts=0)
    assert said in found["problem"] and not found["running"] and len(sleeps) == 1


def test_what_the_starts_before_the_last_one_said_is_read(host: Host) -> None:
    """The last of them has said nothing yet."""
    host.answers["container inspect"] = (0, container(restarts=3), "")
    host.look(container="appsmith", restarts=0, since="2026-11-22T07:59:00Z")
    assert host.asked[-1] == "logs --tail 200 --since 2026-11-22T07:59:00Z appsmith"


def test_a_container_that_is_gone_has_ended(host: Host) -> None:
    host.answers["container inspect"] = (1, "[]", "Error: No such container: appsmith")
    assert host.look(container="appsmith")["problem"] == "The instance ended"


def test_earlier_restarts_do_not_count(host: Host) -> None:
    host.answers["container inspect"] = (0, container(restarts=4), "")
    found = host.look(container="appsmith", restarts=4)
    assert found["problem"] == "" and found["restarts"] == 4


def test_a_command_tells_and_the_log_of_another_one_is_read(host: Host, sleeps: list[float]) -> None:
    found = host.look(command=["sh", "-c", "exit 3"], log_command=["echo", "it broke"], wait=9)
    assert found["problem"] == "The instance ended" and found["text"] == "it broke" and sleeps == [1.0]
    assert host.look(command=["true"])["problem"] == ""


def test_it_ends_early_when_the_api_answers(host: Host, api_that_answers: str, sleeps: list[float]) -> None:
    host.answers["logs"] = (0, SERVES, "")
    found = host.look(container="appsmith", wait=600, urls=["http://127.0.0.1:9", api_that_answers])
    assert found["answers"] and found["problem"] == "" and sleeps == []


def test_it_watches_as_long_as_it_is_told(host: Host, sleeps: list[float]) -> None:
    found = host.look(container="appsmith", wait=30, urls=["http://127.0.0.1:9"])
    assert not found["answers"] and found["problem"] == "" and sum(sleeps) == 30


def test_docker_that_does_not_answer_is_an_error(host: Host) -> None:
    host.answers["container inspect"] = (1, "", "permission denied while trying to connect")
    found = host.look(container="appsmith")
    assert found["failed"] and "Docker said nothing about the container appsmith" in found["msg"]


def test_nonsense_is_refused(host: Host) -> None:
    assert host.look(lines=0)["failed"]
