# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: two applications from nothing to production, both instances from v1.60 to v1.91, and one back again."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from stage import ADMIN, CHECKOUT, OWNER, SIDES, Stage, ansible_environment, free_port, link_collection

TASK = re.compile(r"^TASK \[(?:[\w.]+ : )?(?P<name>.*)\] \**$")
PLAY = re.compile(r"^PLAY \[(?P<name>.*)\] \**$")
RESULT = re.compile(r"^(?P<what>ok|changed|fatal|failed): \[(?P<host>[\w-]+)[^\]]*\](?P<rest>.*)$")
MESSAGE = re.compile(r'^ +"msg": "(?P<text>.*)"$')
# A message of several lines, such as a report.
LINES = re.compile(r'^ +"msg": \[$')
LINE = re.compile(r'^ {8}(?P<text>".*"),?$')
RECAP = re.compile(r"^(?P<host>[\w-]+)\S* +: ok=\d+ +changed=(?P<changed>\d+) .*failed=(?P<failed>\d+)")
# With --diff it reports what it did.
PROMOTED = "Deploy what is new in Git"


class Failed(Exception):
    """A playbook or a check failed."""


class Narrator:
    """Shortens Ansible's output to what changed, what was said, and what failed; the whole of it goes to a file."""

    def __init__(self) -> None:
        self.task = ""
        self.host = ""
        self.changed: dict[str, None] = {}
        self.within = False

    def line(self, line: str) -> None:
        if self.within and (found := LINE.match(line)):
            print(f"        {json.loads(found['text'])}".rstrip())
        elif self.within or LINES.match(line):
            self.within = not self.within
            if self.within:
                print(f"      {self.host}:")
        elif found := PLAY.match(line):
            self.flush()
            print(f"    {found['name']}")
        elif found := TASK.match(line):
            self.flush()
            self.task = found["name"]
        elif found := RESULT.match(line):
            self.host = found["host"]
            if found["what"] == "changed":
                self.changed[self.host] = None
            elif found["what"] in ("fatal", "failed"):
                self.flush()
                print(f"      FAILED   {self.host}: {self.task}{found['rest']}")
        elif found := MESSAGE.match(line):
            print(f"      {self.host}: {json.loads(chr(34) + found['text'] + chr(34))}")
        elif line.startswith(("[ERROR]", "[WARNING]")):
            print(f"      {line}")
        elif found := RECAP.match(line):
            self.flush()
            print(f"    {found['host']}: {found['changed']} tasks changed something, {found['failed']} failed")
        elif self.task == PROMOTED and line.strip() and not line.startswith("PLAY RECAP"):
            print(f"      {line}")

    def flush(self) -> None:
        if self.changed:
            print(f"      changed  {self.task} ({', '.join(sorted(self.changed, reverse=True))})")
        self.changed = {}
        sys.stdout.flush()


def play(stage: Stage, number: int, playbook: str, why: str, *arguments: str) -> None:
    command = ["ansible-playbook", "-i", "inventory.yml", f"stagecraft.appsmith.{playbook}", *arguments]
    print(f"\n{number}. {why}\n   $ {' '.join(command)}")
    started, narrator = time.monotonic(), Narrator()
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    with (stage.root / f"{number}-{playbook}.log").open("w") as log:
        child = subprocess.Popen(
            [program, *command[1:]],
            cwd=stage.root,
            env=ansible_environment(stage.root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert child.stdout is not None
        for line in child.stdout:
            log.write(line)
            narrator.line(line.rstrip())
    narrator.flush()
    if child.wait():
        raise Failed(f"{playbook} ended with {child.returncode}; its whole output is in {log.name}")
    print(f"    took {time.monotonic() - started:.0f} s")


def release(url: str) -> str:
    with urllib.request.urlopen(f"{url}/info", timeout=10) as answer:
        return str(json.load(answer)["version"])


def commits(stage: Stage, application: str, branch: str) -> list[str]:
    repository = next((stage.root / "git").rglob(f"{application}.git"))
    log = ["git", "--git-dir", str(repository), "log", "--format=%s", branch]
    return subprocess.run(log, capture_output=True, text=True, check=True).stdout.splitlines()


def ways_back(stage: Stage) -> list[dict[str, Any]]:
    """The manifests of the backups that the upgrade can be undone with."""
    manifests = [json.loads(path.read_text()) for path in (stage.root / "backups").glob("*/*.json")]
    return [
        one
        for one in manifests
        if one["reason"] == "upgrade" and one["method"] == "cold" and one["encrypted"] and one["keys_file"]
    ]


def expect(proven: list[str], text: str, holds: bool) -> None:
    if not holds:
        raise Failed(f"not so: {text}")
    proven.append(text)


def show(stage: Stage, urls: dict[str, str]) -> list[str]:
    proven: list[str] = []
    play(stage, 1, "provision", "Two new instances at v1.60, with the applications orders and support-desk from Git")
    expect(
        proven, "Both instances were made from nothing at v1.60.", {release(url) for url in urls.values()} == {"v1.60"}
    )
    # The playbook's smoke tests compare it and would have failed.
    proven.append("On each side the queries of orders ran as that side's own database user.")
    before = {name: len(commits(stage, name, "master")) for name in ("orders", "support-desk")}
    play(stage, 2, "promote", "What staging has goes to production", "--diff")
    for name, count in before.items():
        expect(
            proven,
            f"{name}: production's branch got staging's commit, and production shows it.",
            len(commits(stage, name, "master")) > count,
        )
    play(stage, 3, "upgrade", "Both instances to v1.91, staging first", "-e", "appsmith_version=v1.91")
    expect(proven, "Both instances run v1.91.", {release(url) for url in urls.values()} == {"v1.91"})
    expect(
        proven,
        "Each left an encrypted backup of its stopped v1.60, with its keys in a file of their own.",
        sorted(one["version"] for one in ways_back(stage)) == ["v1.60", "v1.60"],
    )
    for name in before:
        expect(
            proven,
            f"{name}: the migration is committed under its own name on both branches.",
            all(any("v1.91" in subject for subject in commits(stage, name, branch)) for branch in SIDES.values()),
        )
    play(stage, 4, "rollback", "Production back to what it was before the upgrade", "--limit", "production")
    expect(
        proven,
        "Production runs v1.60 again with its data of before, staging still v1.91.",
        (release(urls["production"]), release(urls["staging"])) == ("v1.60", "v1.91"),
    )
    return proven


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running, and say where")
    parser.add_argument("--stop", type=Path, metavar="FOLDER", help="end what --keep left running")
    arguments = parser.parse_args()
    if arguments.stop:
        Stage(arguments.stop).stop()
        shutil.rmtree(arguments.stop)
        return 0
    started = time.monotonic()
    link_collection()
    stage = Stage(Path(tempfile.mkdtemp(prefix="appsmith-demo-")))
    ports = {side: free_port() for side in SIDES}
    urls = {side: f"http://127.0.0.1:{port}" for side, port in ports.items()}
    code = 1
    try:
        print("Starting PostgreSQL (a database for each side) and a Git host with two repositories ...")
        stage.start()
        hosts = {side: {f"{side}.example.com": stage.host(side, ports[side])} for side in SIDES}
        stage.write_inventory(stage.root / "inventory.yml", stage.inventory(hosts))
        proven = show(stage, urls)
        print(f"\nDone in {time.monotonic() - started:.0f} s. Proven:")
        for line in proven:
            print(f"  - {line}")
        code = 0
    except (Failed, RuntimeError, OSError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nBroken off.", file=sys.stderr)
    finally:
        if arguments.keep or code:
            tell(stage, urls, running=arguments.keep)
        if not arguments.keep:
            stage.stop()
            if not code:
                shutil.rmtree(stage.root)
                print(
                    "\nEverything is stopped and gone. make demo KEEP=1 leaves it running and says where to look.\n"
                    "The inventory is made by tests/demo/stage.py, the playbooks are in playbooks/. Again: make demo"
                )
    return code


def tell(stage: Stage, urls: dict[str, str], *, running: bool) -> None:
    print(f"\nThe inventory, the output of each playbook and the backups are in {stage.root}")
    if not running:
        return
    for side, url in urls.items():
        print(f"  {side:<11} {url}  ({ADMIN['username']} / {ADMIN['password']}), files in {stage.instance_root(side)}")
    print(f"  Git host    {stage.git['url']}  ({stage.git['username']} / {stage.git['password']}), owner {OWNER}")
    print(f"  PostgreSQL  127.0.0.1:{stage.database_port}")
    program = Path(sys.executable)
    program = program.relative_to(CHECKOUT) if program.is_relative_to(CHECKOUT) else program
    print(
        f"A playbook by hand:  cd {stage.root} && ANSIBLE_COLLECTIONS_PATH={CHECKOUT}/.cache/collections"
        f" {sys.executable.replace('/python', '/ansible-playbook')} -i inventory.yml stagecraft.appsmith.verify"
        " --limit production\n"
        f"Stop it all:         {program} tests/demo/run.py --stop {stage.root}"
    )


if __name__ == "__main__":
    sys.exit(main())
