# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's inventory and commands are real: provision plans with them, and every playbook takes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from plays import Plays
from stage import CHECKOUT

README = (CHECKOUT / "README.md").read_text()
COMMANDS = re.findall(r"^\| `ansible-playbook stagecraft\.appsmith\.([^`]+)` \|", README, re.MULTILINE)
SECRETS = ("vault_appsmith_password", "vault_git_token", "vault_staging_db", "vault_production_db")
GUIDE = (CHECKOUT / "docs" / "upgrade.md").read_text()


def _inventories(page: str = README) -> list[str]:
    return re.findall(r"^```yaml\n(appsmith:\n.*?)^```$", page, re.MULTILINE | re.DOTALL)


def _inventory() -> dict[str, Any]:
    return dict(yaml.safe_load(_inventories()[0]))


@pytest.fixture(scope="module")
def readme(folder: Path) -> Plays:
    home = folder / "readme"
    home.mkdir()
    inventory = _inventory()
    # What the README leaves to the driver's own page: here nothing is installed yet, so nothing runs.
    inventory["appsmith"]["vars"] |= {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "appsmith_instance_start": ["false"],
        "appsmith_instance_stop": ["false"],
        "appsmith_instance_status": ["sh", "-c", "exit 3"],
        **dict.fromkeys(SECRETS, "not-a-secret"),
    }
    path = home / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory))
    return Plays(home, path)


def test_variables_are_those_of_the_roles() -> None:
    known = set(re.findall(r"appsmith_\w+", "".join(path.read_text() for path in CHECKOUT.glob("roles/*/[td]*/*.yml"))))
    used = set(re.findall(r"^\s+(appsmith_\w+):", yaml.safe_dump(_inventory()), re.MULTILINE))
    assert len(used) > 10
    assert used - known == set()


def test_a_pair_is_upgraded_with_ten_lines_and_one_command(folder: Path) -> None:
    """The instances are named only, so all that is left to refuse is that they can't be reached."""
    home = folder / "pair"
    home.mkdir()
    lines = _inventories()[1]
    assert len(lines.splitlines()) <= 10 and lines in _inventories(GUIDE)
    inventory = yaml.safe_load(lines)
    inventory["appsmith"]["vars"] |= {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "appsmith_instance_driver": "command",
        "appsmith_instance_exec": ["true"],
        "appsmith_instance_status": ["sh", "-c", 'echo \'{"version": "v1.91"}\'; exit 3'],
        "appsmith_backup_directory": str(home / "backups"),
    }
    path = home / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory))
    (command,) = set(re.findall(r"^ansible-playbook stagecraft\.appsmith\.(upgrade .*)$", README, re.MULTILINE))
    run = Plays(home, path).run(*command.split(), code=2)
    said = "The instance is stopped: start it with stagecraft.appsmith.provision. Nothing was touched."
    assert run.messages == [said, said]
    assert run.changes == 0


def test_provision_plans_both_sides(readme: Plays) -> None:
    run = readme.run("provision", "--check")
    assert {host for host, _task in run.changed} == {"staging.example.com", "production.example.com"}
    assert "Import the applications from Git" in {task for _host, task in run.changed}


def test_commands_name_every_playbook() -> None:
    assert {command.split()[0] for command in COMMANDS} == {
        path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(readme: Plays, command: str) -> None:
    playbook, *arguments = command.replace("HOST", "production.example.com").split()
    readme.run(playbook, *arguments, "--syntax-check")
