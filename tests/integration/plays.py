# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks and reads what they said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _session
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import detect
from stage import ansible_environment

_TASK = re.compile(r"^TASK \[(?:[\w.]+ : )?(?P<name>.*)\] \**$")
_RESULT = re.compile(r"^(?P<what>ok|changed|fatal|failed): \[(?P<host>[^\] ]+)[^\]]*\]:? ?(?P<rest>.*)$")
_RECAP = re.compile(r"^(?P<host>\S+) +: (?P<counts>ok=.*)$")


@dataclass
class Run:
    """One run of ansible-playbook."""

    playbook: str
    code: int
    output: str
    began: float
    ended: float
    writes: bool | None

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        found = filter(None, map(_RECAP.match, self.output.splitlines()))
        return {
            one["host"]: {key: int(value) for key, value in (pair.split("=") for pair in one["counts"].split())}
            for one in found
        }

    @property
    def changes(self) -> int:
        return sum(counts["changed"] for counts in self.recap.values())

    @property
    def changed(self) -> set[tuple[str, str]]:
        """Host and name of every task that changed something."""
        return {(host, task) for what, host, task, _rest in self._results() if what == "changed"}

    @property
    def messages(self) -> list[str]:
        """What failed tasks said."""
        said = []
        for what, _host, _task, rest in self._results():
            if what in ("fatal", "failed") and "{" in rest:
                said.append(str(json.loads(rest[rest.index("{") :]).get("msg")))
        return said

    def _results(self) -> list[tuple[str, str, str, str]]:
        task, found = "", []
        for line in self.output.splitlines():
            if named := _TASK.match(line):
                task = named["name"]
            elif result := _RESULT.match(line):
                found.append((result["what"], result["host"], task, result["rest"]))
        return found


class Plays:
    """ansible-playbook with one inventory; remembers every run."""

    def __init__(self, folder: Path, inventory: Path) -> None:
        self.folder = folder
        self.inventory = inventory
        self.runs: list[Run] = []
        self._hosts: dict[str, Any] = {}

    def run(self, playbook: str, *arguments: str, code: int = 0, writes: bool | None = None) -> Run:
        """writes False: no instance may see a write meanwhile (test_sandbox_requests looks at the request logs)."""
        name = playbook if playbook.endswith(".yml") else f"stagecraft.appsmith.{playbook}"
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        began = time.time()
        done = subprocess.run(
            [program, "-i", str(self.inventory), name, *arguments],
            cwd=self.folder,
            env=ansible_environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        run = Run(f"{playbook} {' '.join(arguments)}", done.returncode, done.stdout, began, time.time(), writes)
        self.runs.append(run)
        (self.folder / f"{len(self.runs):02}-{Path(playbook).stem}.log").write_text(run.output)
        assert run.code == code, f"{run.playbook} ended with {run.code}\n{run.output[-6000:]}"
        assert "Traceback" not in run.output
        return run

    # -- the inventory's own words ------------------------------------------------------------------------------------
    def host(self, group: str) -> dict[str, Any]:
        """The variables of a group's first host, as Ansible sees them."""
        if group not in self._hosts:
            program = str(Path(sys.executable).with_name("ansible"))
            done = subprocess.run(
                [program, "-i", str(self.inventory), f"{group}[0]", "-m", "ansible.builtin.debug", "-a", "var=vars"],
                cwd=self.folder,
                env=ansible_environment(self.folder),
                capture_output=True,
                text=True,
                check=True,
            )
            self._hosts[group] = json.loads(done.stdout[done.stdout.index("{") :])["vars"]
        return self._hosts[group]

    def variable(self, group: str, name: str, default: Any = None) -> Any:
        return self.host(group).get(name, default)

    @contextmanager
    def client(self, group: str) -> Any:
        """Signed in to the instance of a group's first host."""
        client = Client(
            self.variable(group, "appsmith_url"),
            validate_certs=self.variable(group, "appsmith_validate_certs", True),
            ca_path=self.variable(group, "appsmith_ca_path"),
        )
        _session.sign_in(client, self.variable(group, "appsmith_username"), self.variable(group, "appsmith_password"))
        try:
            yield client
        finally:
            _session.sign_out(client)
            client.close()

    def releases(self) -> dict[str, str]:
        """What runs on each side."""
        found = {}
        for group in ("staging", "production"):
            client = Client(
                self.variable(group, "appsmith_url"),
                validate_certs=self.variable(group, "appsmith_validate_certs", True),
            )
            found[group] = str(detect(client, self.variable(group, "appsmith_version")))
            client.close()
        return found
