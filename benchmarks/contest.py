# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one contestant against a stand-in instance, and says how long it took and what it asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shapes import EMAIL, PASSWORD

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
WORKSPACE_NAME = "Operations"
PLAYBOOKS = {
    "playbook": "stagecraft.appsmith.promote",
    "as_module": "stagecraft.appsmith.promote",
    "module": str(HERE / "plays" / "module.yml"),
    "uri": str(HERE / "plays" / "uri.yml"),
    "empty": str(HERE / "plays" / "empty.yml"),
    "start": str(HERE / "plays" / "start.yml"),
    "sweep_commit": str(HERE / "plays" / "sweep.yml"),
    "sweep_discard": str(HERE / "plays" / "sweep.yml"),
    "sweep_clean": str(HERE / "plays" / "sweep.yml"),
    "verify": str(HERE / "plays" / "verify.yml"),
}
# Floors: the mode, and whether deployments wait until all is fetched.
FLOORS = {
    "floor": ("--mode", "proving"),
    "floor_trusting": ("--mode", "trusting"),
    "observed_discard": ("--mode", "trusting", "--after"),
    "observed_pull": ("--mode", "pull", "--after"),
}
# Those of the work after an upgrade, each with the same promise as its playbook.
AFTER_UPGRADE = {f"floor_{work}": work for work in ("sweep_commit", "sweep_discard", "sweep_clean", "verify")}
# Variables that a contestant gets.
EXTRA: dict[str, dict[str, Any]] = {
    "as_module": {"appsmith_in_process": False},
    "sweep_commit": {"bench_action": "commit"},
    "sweep_discard": {"bench_action": "discard"},
    "sweep_clean": {"bench_action": "commit"},
}


@dataclass
class Run:
    """One run of a contestant."""

    # From the start of the command to its end; and from its first play (a client: first call) to the end of its work.
    whole: float
    work: float
    # Seconds of processor time, of all processes that it started; megabytes of the largest of them.
    cpu: float
    largest_mb: float
    tasks: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return sum(sum(report["calls"].values()) for report in self.reports)


class Failed(Exception):
    """A contestant did not do its work: no figure is worth anything then."""


class Standin:
    """The stand-in's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "standin.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def order(self, what: str, **options: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": what, **options}) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said

    def open(self, instances: int, applications: int, scale: float) -> list[str]:
        return list(self.order("open", instances=instances, applications=applications, scale=scale)["urls"])

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


class Ring:
    """Where the contestants run: a folder, an environment, the stand-in."""

    def __init__(self, folder: Path, collections: Path) -> None:
        self.folder = folder
        self.standin = Standin()
        self._collections = collections
        self._settings = folder / "ansible.cfg"
        self._settings.write_text("[defaults]\n")
        self._number = 0

    def close(self) -> None:
        self.standin.close()

    def run(
        self,
        contestant: str,
        urls: list[str],
        *,
        changed: int,
        half_done: int = 0,
        migrated: int = 0,
        forks: int = 5,
        variables: dict[str, Any] | None = None,
    ) -> Run:
        """Bring commits to so many applications of each instance, let the contestant deploy them, look if it did."""
        for url in urls:
            self.standin.order("prepare", url=url, changed=changed, half_done=half_done, migrated=migrated)
        if contestant in FLOORS:
            run = self._floor("floor.py", FLOORS[contestant], urls[0])
        elif contestant in AFTER_UPGRADE:
            run = self._floor("floor_upgrade.py", ("--work", AFTER_UPGRADE[contestant]), urls[0])
        else:
            run = self._play(contestant, urls, forks, variables or {})
        run.reports = [self.standin.order("report", url=url) for url in urls]
        if contestant in ("empty", "start"):
            return run
        for report in run.reports:
            if report["not_deployed"] or report["unknown"] or report["migrated"]:
                raise Failed(f"{contestant}: {report}")
        return run

    # -- commands ----------------------------------------------------------------------------------------------------
    def _floor(self, program: str, options: tuple[str, ...], url: str) -> Run:
        command = [sys.executable, str(HERE / program), "--url", url, "--username", EMAIL, "--password", PASSWORD]
        output = self._command([*command, *options], dict(os.environ))
        said = json.loads(output.pop("text"))
        return Run(work=said["ended"] - said["began"], **output)

    def _play(self, contestant: str, urls: list[str], forks: int, variables: dict[str, Any]) -> Run:
        self._number += 1
        clock = self.folder / f"clock-{self._number}.json"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "APPSMITH_"))}
        environment = {
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_CONFIG": str(self._settings),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "bench_clock",
            "ANSIBLE_NOCOLOR": "true",
            "BENCH_CLOCK": str(clock),
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        inventory = self._inventory(contestant, urls, variables)
        command = [program, "-i", str(inventory), "--forks", str(forks), PLAYBOOKS[contestant]]
        output = self._command(command, environment)
        output.pop("text")
        said = json.loads(clock.read_text())
        return Run(work=said["ended"] - said["began"], tasks=said["tasks"], **output)

    def _inventory(self, contestant: str, urls: list[str], more: dict[str, Any]) -> Path:
        """As in the README, with nothing but what is needed."""
        name = f"{contestant}-{urls[0].rsplit(':', 1)[-1]}-{len(urls)}"
        variables = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        production = {
            "appsmith_username": EMAIL,
            "appsmith_password": PASSWORD,
            "appsmith_workspace": WORKSPACE_NAME,
            "appsmith_branch": "master",
            "appsmith_ledger_directory": str(self.folder / f"ledger-{name}"),
            **EXTRA.get(contestant, {}),
            **more,
        }
        hosts = {f"production{number}.example.com": {"appsmith_url": url} for number, url in enumerate(urls)}
        path = self.folder / f"{name}.json"
        groups = {"production": {"hosts": hosts, "vars": {**variables, **production}}}
        path.write_text(json.dumps({"all": {"children": groups}}))
        return path

    def _command(self, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
        log = self.folder / "log"
        with log.open("w") as output:
            began = time.time()
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE if command[0] == sys.executable else output,
            )
            _pid, status, used = os.wait4(process.pid, 0)
            whole = time.time() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        text = log.read_text()
        if process.returncode:
            said = process.stderr.read().decode() if process.stderr else ""
            raise Failed(f"{' '.join(command)}\n{text}{said}")
        return {"whole": whole, "cpu": used.ru_utime + used.ru_stime, "largest_mb": used.ru_maxrss / 1024, "text": text}
