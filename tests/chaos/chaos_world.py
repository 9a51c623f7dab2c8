# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of instances that can be put back to what they were, playbooks that can be killed, and the look at the end."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.testing import patch_module_args

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent / "callback"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))

import compare
import kill_at
from appsmith_sandbox import faults, process
from stage import ADMIN, COLLECTIONS, SIDES, Stage, ansible_environment, free_port, link_collection

link_collection()
if str(COLLECTIONS) not in sys.path:
    sys.path.insert(0, str(COLLECTIONS))

HERE = Path(__file__).resolve().parent
MODULES = "ansible_collections.stagecraft.appsmith.plugins.modules"
NEW = "v1.91"
HOSTS = {side: f"{side}.example.com" for side in SIDES}
# A playbook that takes longer hangs.
PATIENCE = 900
_RECAP = re.compile(r"^(?P<host>\S+) +: ok=\d+ +changed=(?P<changed>\d+) .*failed=(?P<failed>\d+)", re.MULTILINE)
_MESSAGE = re.compile(r'"msg": "((?:[^"\\]|\\.)*)"')


class Failed(Exception):
    """A point did not end as it has to."""


@dataclass
class Run:
    """One run of ansible-playbook; killed ones have no recap."""

    name: str
    code: int
    output: str
    log: Path

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def changed(self) -> int:
        return sum(int(one["changed"]) for one in _RECAP.finditer(self.output))

    @property
    def reason(self) -> str:
        """The last thing that a failed task said."""
        fatal = [line for line in self.output.splitlines() if line.startswith(("fatal:", "failed:", "[ERROR]"))]
        said = [json.loads(f'"{one}"') for line in fatal for one in _MESSAGE.findall(line)]
        return str(said[-1] if said else fatal[-1] if fatal else self.output[-300:])


@dataclass
class Was:
    """What a state of the world held."""

    releases: dict[str, str]
    held: dict[str, compare.Held]
    refs: dict[str, dict[str, str]]
    content: dict[str, Any]
    backups: set[str]


class World:
    """stage, inventory: a pair that runs already; else one is made."""

    def __init__(self, folder: Path, stage: Stage | None = None, inventory: Path | None = None) -> None:
        self.folder = folder
        self.stage = stage or Stage(folder / "stage", time_scale=0.05)
        self.inventory = inventory or self.stage.root / "inventory.yml"
        self.temporary, self.logs = folder / "tmp", folder / "logs"
        self.ports: dict[str, int] = {}
        self.saved: dict[str, dict[str, str]] = {}
        self.was: dict[str, Was] = {}
        self.label = "world"
        self._runs = 0
        self._marks: list[str] = []
        self._sessions: dict[str, dict[str, Any]] = {}
        for one in (folder, self.temporary, self.logs):
            one.mkdir(parents=True, exist_ok=True)
        self._others = self._running()
        if stage is not None:
            self.ports = {side: int(process.status(self.root(side))["port"]) for side in SIDES}

    # -- beginning and end -------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Both instances at the old release with two applications, promoted once; and a backup made by hand of each."""
        self.stage.start()
        self.ports = {side: free_port() for side in SIDES}
        hosts = {side: {HOSTS[side]: self.stage.host(side, self.ports[side])} for side in SIDES}
        self.stage.write_inventory(self.inventory, self.stage.inventory(hosts))
        for playbook in ("provision", "promote", "backup"):
            self.need(self.play(playbook))
        self.save("base", look=True)

    def stop(self) -> None:
        for side in SIDES:
            self.kill_instance(side)
        self.stage.stop()

    # -- playbooks ---------------------------------------------------------------------------------------------------
    def play(self, playbook: str, *arguments: str, point: dict[str, Any] | None = None) -> Run:
        """Run it to its end, or until the point kills it; nothing of it lives on (unless it was killed alone)."""
        self._runs += 1
        # A restore ends every session.
        self._sessions.clear()
        log = self.logs / f"{self.label}-{self._runs:03}-{playbook}.log"
        mark, told = uuid.uuid4().hex, self.folder / "told"
        told.unlink(missing_ok=True)
        self._marks.append(mark)
        environment = {
            **ansible_environment(self.folder),
            "TMPDIR": str(self.temporary),
            "ANSIBLE_LOCAL_TEMP": str(self.temporary),
            "ANSIBLE_REMOTE_TEMP": str(self.temporary),
            # Half the time; and no options of modules in files.
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "CHAOS_MARK": mark,
        }
        if point is not None:
            environment["CHAOS_POINT"] = json.dumps({**point, "told": str(told)})
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        command = [program, "-i", str(self.inventory), f"stagecraft.appsmith.{playbook}", *arguments]
        begun, used = time.monotonic(), _used()
        with log.open("w") as output:
            print(f"$ {' '.join(command)}", file=output, flush=True)
            child = subprocess.Popen(
                command,
                cwd=self.stage.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                kill_at.kill_run(mark, child.pid)
                raise Failed(f"{playbook} did not end within {PATIENCE} s ({log})") from None
        run = Run(playbook, code, log.read_text(errors="replace"), log)
        with log.open("a") as output:
            print(f"{time.monotonic() - begun:.1f} s, {_used() - used:.1f} s of a processor", file=output)
        if point is not None and not told.exists():
            raise Failed(f"{playbook} never came to the task '{point['task']}' on {point['host']} ({log})")
        if not (point or {}).get("alone") and (left := kill_at.of_run(mark)):
            kill_at.kill_run(mark)
            raise Failed(f"{playbook} left {len(left)} processes behind ({log})")
        return run

    def need(self, run: Run) -> Run:
        if run.code:
            raise Failed(f"{run.name} failed: {run.reason} ({run.log})")
        return run

    # -- instances ---------------------------------------------------------------------------------------------------
    def root(self, side: str) -> Path:
        return self.stage.instance_root(side)

    def facts_path(self, side: str) -> Path:
        return process.facts_path(self.root(side).resolve())

    def kill_instance(self, side: str) -> str:
        """The release that ran, empty for none. No farewell: what is not in the files is lost."""
        said = process.status(self.root(side))
        if said["running"] and said["pid"]:
            os.kill(said["pid"], signal.SIGKILL)
            wait_until(lambda: not process.status(self.root(side))["running"])
        return str(said["version"] or "") if said["running"] else ""

    def start_instance(self, side: str, release: str) -> None:
        process.start(
            self.root(side),
            self.ports[side],
            release,
            name=side,
            time_scale=self.stage.time_scale,
            environment={"APPSMITH_ADMIN_EMAILS": ADMIN["username"]},
        )

    def releases(self) -> dict[str, str]:
        """What runs on each side; empty for what is down."""
        said = {side: process.status(self.root(side)) for side in SIDES}
        return {side: str(one["version"] or "") if one["running"] else "" for side, one in said.items()}

    def fault(self, side: str, kind: str, **more: Any) -> int:
        return faults.add(self.root(side), kind, **more)

    def no_faults(self) -> None:
        for side in SIDES:
            faults.remove(self.root(side))

    # -- states that can be put back -----------------------------------------------------------------------------------
    @property
    def _parts(self) -> list[Path]:
        root = self.stage.root
        instances = [self.root(side) for side in SIDES]
        return [*instances, root / "git" / "repositories", root / "backups", root / "ledger", self.temporary]

    def save(self, name: str, *, look: bool = False) -> None:
        """Everything that a playbook can change, by copies of folders; what ran runs again afterwards."""
        if look:
            self.was[name] = self.look()
        running = {side: self.kill_instance(side) for side in SIDES}
        place = self.folder / "saved" / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for part in self._parts:
            if part.exists():
                subprocess.run(["cp", "-a", str(part), str(place)], check=True)
        self.saved[name] = running
        self._run(running)

    def put_back(self, name: str) -> None:
        while self._marks:
            # A module that worked on without its playbook.
            kill_at.kill_run(self._marks.pop())
        for side in SIDES:
            self.kill_instance(side)
        place = self.folder / "saved" / name
        for part in self._parts:
            shutil.rmtree(part, ignore_errors=True)
            if (place / part.name).exists():
                subprocess.run(["cp", "-a", str(place / part.name), str(part.parent)], check=True)
        self._run(self.saved[name])

    def _run(self, running: dict[str, str]) -> None:
        self._sessions.clear()
        for side, release in running.items():
            if release:
                self.start_instance(side, release)

    # -- looks ---------------------------------------------------------------------------------------------------------
    def module(self, side: str, module: str, /, **options: Any) -> dict[str, Any]:
        """A module's result, on one side's instance, in this process."""
        if side not in self._sessions:
            who = {f"appsmith_{key}": value for key, value in ADMIN.items()}
            said = execute("login", {"appsmith_url": f"http://127.0.0.1:{self.ports[side]}", **who})
            if said.get("failed"):
                raise Failed(f"signing in to {side} failed: {said.get('msg')}")
            self._sessions[side] = {key: value for key, value in said["connection"].items() if value is not None}
        return execute(module, {**self._sessions[side], **options})

    def held(self) -> dict[str, compare.Held]:
        return {side: compare.held(self.root(side)) for side in SIDES}

    def look(self) -> Was:
        content = {side: self.module(side, "instance_content_info") for side in SIDES}
        for side, said in content.items():
            if said.get("failed"):
                raise Failed(f"{side} can't be counted: {said.get('msg')}")
        return Was(
            releases=self.releases(),
            held=self.held(),
            refs=compare.refs(self.repositories),
            content={side: said["content"] for side, said in content.items()},
            backups=self.backups(),
        )

    @property
    def repositories(self) -> Path:
        return self.stage.root / "git" / "repositories"

    def backups(self) -> set[str]:
        """The files in the store, by their path."""
        root = self.stage.root / "backups"
        return {str(one.relative_to(root)) for one in root.rglob("*") if one.is_file()}

    def _whole(self) -> set[str]:
        """The files of backups that have a manifest, and the store's lock, which stays."""
        root, found = self.stage.root / "backups", set()
        for path in root.rglob("*.json"):
            manifest = json.loads(path.read_text())
            names = (path.name, manifest["archive"], manifest["keys_file"], ".lock")
            found |= {str((path.parent / name).relative_to(root)) for name in names if name}
        return found

    def backup_names(self, side: str) -> list[str]:
        """Of one instance, oldest first."""
        found = []
        for path in (self.stage.root / "backups").rglob("*.json"):
            manifest = json.loads(path.read_text())
            if str(self.ports[side]) in manifest["instance"]:
                found.append((manifest["created"], manifest["name"]))
        return [name for _created, name in sorted(found)]

    # -- what has to be so at the end ----------------------------------------------------------------------------------
    def same_by_manifest(self, was: Was) -> list[str]:
        said = []
        for side in SIDES:
            result = self.module(side, "instance_content_info", expected=was.content[side])
            said += [f"{side}: {one}" for one in result.get("differences", [result.get("msg")])]
        return said

    def nothing_lost(self, was: Was) -> list[str]:
        now = self.held()
        said = [f"{side}: {one}" for side in SIDES for one in compare.lost(was.held[side], now[side])]
        return said + compare.lost_refs(self.repositories, was.refs)

    def as_before(self, side: str, was: Was) -> list[str]:
        return [f"{side}: {one}" for one in compare.different(was.held[side], compare.held(self.root(side)))]

    def smoke(self) -> list[str]:
        """The queries run with each side's own credentials: what was stored can be decrypted."""
        said = []
        for side, branch in SIDES.items():
            tests = self.stage.smoke_tests(side)
            result = self.module(side, "smoke_test", workspace="Operations", branch=branch, tests=tests)
            said += [f"{side}: {result.get('msg')}"] if result.get("failed") else []
        return said

    def dirty(self) -> list[str]:
        """Applications that differ from Git, on every branch that is worked on."""
        said = []
        for side, branches in {"staging": list(SIDES.values()), "production": [SIDES["production"]]}.items():
            for branch in branches:
                result = self.module(side, "git_status_info", workspace="Operations", branch=branch)
                said += [f"{side}: {result.get('msg')}"] if result.get("failed") else []
                said += [
                    f"{side}: {one['name']} is left {one['drift']} at {branch}"
                    for one in result.get("applications", [])
                    if one["drift"] not in ("", "none", None)
                ]
        return said

    def refused_promotion(self) -> list[str]:
        result = self.module("production", "promotion_info", workspaces=["Operations"], branch=SIDES["production"])
        said = [f"promotion: {result.get('msg')}"] if result.get("failed") else []
        found = result.get("applications", [])
        return said + [f"promotion of {one['name']}: {one['msg']}" for one in found if one["state"] == "refused"]

    def leftovers(self, *, store: bool = True) -> list[str]:
        """What a killed run left and the next one should have taken away."""
        said = []
        for side in SIDES:
            root = self.root(side)
            ours = [*root.rglob(".stagecraft*"), *root.rglob("*.unfinished-restore.*")]
            # A lock is a file that stays; what a restore replaced, or was itself when it was taken back whole,
            # is kept on purpose, and the playbook says so.
            ours += (root / ".stagecraft-restore").glob("*")
            kept = (".stagecraft.lock", ".stagecraft-restore", "kept", "after-1")
            said += [f"{side}: {one.relative_to(root)} is left" for one in ours if one.name not in kept]
            vendors = list((root / "data" / "backup").glob("*"))
            said += [f"{side}: data/backup holds {one.name}" for one in vendors]
        if store:
            said += [f"a half backup is left: {one}" for one in sorted(self.backups() - self._whole())]
        said += [f"{one.name} is left in TMPDIR" for one in self.temporary.glob(".stagecraft*")]
        said += self._secrets_in_temporary()
        return said + [f"an instance runs in {root}" for root in sorted(self._running() - self._others)]

    def _running(self) -> set[str]:
        """Folders of the instances of this world that run, beside the pair."""
        pair = {str(self.root(side).resolve()) for side in SIDES}
        commands = [command for _number, _parent, command, _environment in kill_at.processes()]
        roots = {one.split(" --root ")[1].split()[0] for one in commands if kill_at.is_instance(one)}
        return {root for root in roots if root.startswith((str(self.stage.root), str(self.folder)))} - pair

    def _secrets_in_temporary(self) -> list[str]:
        secrets = [
            str(self.stage.inventory({})["all"]["children"]["appsmith"]["vars"].get("appsmith_backup_passphrase"))
        ]
        secrets += [key.partition("=")[2] for side in SIDES for key in compare.held(self.root(side)).keys]
        said = []
        for path in self.temporary.rglob("*"):
            # Ansible writes a module's options beside the module, in a folder that is its user's alone.
            if path.is_file() and not path.name.startswith("AnsiballZ_") and "appsmithctl-" not in str(path):
                text = path.read_bytes()
                said += [f"a secret is left in {path.name}" for one in secrets if one and one.encode() in text]
        return said


def execute(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Run a module in this process; `failed` says how it ended."""
    module = importlib.import_module(f"{MODULES}.{name}")
    arguments = {key: value for key, value in params.items() if value is not None}
    arguments |= {"_ansible_check_mode": False, "_ansible_diff": False, "_ansible_remote_tmp": "/tmp"}
    output = io.StringIO()
    failed = False
    with patch_module_args(arguments), contextlib.redirect_stdout(output):
        try:
            module.main()
        except SystemExit as stop:
            failed = bool(stop.code)
    result: dict[str, Any] = json.loads(output.getvalue().strip().splitlines()[-1])
    result.setdefault("failed", failed)
    return result


def _used() -> float:
    """Seconds of a processor that children have used which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_until(holds: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Failed("an instance did not end")
        time.sleep(0.01)
