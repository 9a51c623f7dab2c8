# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role says what it takes, and says it truly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (CHECKOUT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((CHECKOUT / "playbooks").glob("*.yml"))
OWN_ROLE = re.compile(r"stagecraft\.appsmith\.(?P<role>\w+)$")

every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def _entry_points(role: Path) -> dict[str, dict[str, Any]]:
    return {name: spec["options"] for name, spec in _load(role / "meta/argument_specs.yml")["argument_specs"].items()}


def _tasks(content: Any) -> list[dict[str, Any]]:
    """All tasks of a file or play, those within blocks included."""
    found = []
    for task in content or []:
        found.append(task)
        for part in ("block", "rescue", "always", "tasks"):
            found += _tasks(task.get(part))
    return found


def test_there_are_roles() -> None:
    assert {"backup", "driver_command", "instance", "promote", "provision", "restore", "upgrade", "verify"} <= {
        role.name for role in ROLES
    }


@every_role
def test_defaults_are_those_of_the_argument_specs(role: Path) -> None:
    defaults = _load(role / "defaults/main.yml")
    described: dict[str, Any] = {}
    for entry_point, options in _entry_points(role).items():
        for name, option in options.items():
            # The docs tools can't read a template as a list, a dictionary or a truth value.
            if "default" not in option:
                source = re.search(r"appsmith_\w+", str(defaults[name]))
                assert option["type"] not in ("str", "path"), f"{entry_point}: {name}"
                assert source and source[0] in option["description"], f"{entry_point}: {name}"
            else:
                assert option["default"] == defaults[name], f"{entry_point}: {name}"
            described[name] = option
    assert set(described) == set(defaults)


@every_role
def test_variables_carry_the_name_of_their_role(role: Path) -> None:
    assert [name for name in _load(role / "defaults/main.yml") if not name.startswith(f"{role.name}_")] == []
    for path in role.glob("tasks/*.yml"):
        for task in _tasks(_load(path)):
            made = [*task.get("ansible.builtin.set_fact", {}), task.get("register", f"__{role.name}_")]
            assert [name for name in made if not name.startswith(f"__{role.name}_")] == [], (
                f"{path.name}: {task['name']}"
            )


@every_role
def test_entry_points_are_task_files(role: Path) -> None:
    for entry_point in _entry_points(role):
        assert (role / "tasks" / f"{entry_point}.yml").is_file()


@every_role
def test_every_default_is_used(role: Path) -> None:
    # Drivers use what the instance role is given.
    used = "\n".join(path.read_text() for path in CHECKOUT.glob("roles/*/[tdv]*/*") if path.is_file())
    for name in _load(role / "defaults/main.yml"):
        assert len(re.findall(rf"\b{name}\b", used)) > 1, f"{name} is used nowhere"


@every_role
def test_role_belongs_to_the_collection_and_is_described(role: Path) -> None:
    assert _load(role / "meta/main.yml")["galaxy_info"]["standalone"] is False
    readme = (role / "README.md").read_text()
    assert [name for name in _load(role / "defaults/main.yml") if f"`{name}`" not in readme] == []
    assert [name for name in _entry_points(role) if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_hosts_of_a_playbook_are_a_variable_with_a_default(path: Path) -> None:
    for play in _load(path):
        assert re.search(r"\{\{ appsmith_\w+ \| default\('\w+'\) \}\}", play["hosts"]), play["name"]


@pytest.mark.parametrize(
    "path", [*PLAYBOOKS, *ROLES[0].parent.glob("*/tasks/*.yml")], ids=lambda path: str(path.relative_to(CHECKOUT))
)
def test_roles_are_called_by_entry_points_that_exist(path: Path) -> None:
    for task in _tasks(_load(path)):
        for action in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
            called = OWN_ROLE.match(task.get(action, {}).get("name", ""))
            if called:
                role = CHECKOUT / "roles" / called["role"]
                assert task[action].get("tasks_from", "main") in _entry_points(role), task["name"]
                given = set(task.get("vars", {}))
                assert given <= set(_load(role / "defaults/main.yml")), task["name"]
        included = task.get("ansible.builtin.include_tasks")
        assert included is None or (path.parent / included).is_file(), task["name"]


@every_role
def test_messages_are_one_line(role: Path) -> None:
    for path in role.glob("tasks/*.yml"):
        for task in _tasks(_load(path)):
            for action in ("ansible.builtin.assert", "ansible.builtin.debug", "ansible.builtin.fail"):
                for member in ("fail_msg", "msg"):
                    assert "\n" not in task.get(action, {}).get(member, ""), f"{path.name}: {task['name']}"


def test_a_plan_takes_the_options_of_the_promotion() -> None:
    """Written out twice, since a task that is left out costs a promotion time as well."""
    tasks = {name: _load(CHECKOUT / f"roles/promote/tasks/{name}.yml")[0] for name in ("plan", "target")}
    planned = tasks["plan"]["stagecraft.appsmith.promotion_info"]
    promoted = tasks["target"]["stagecraft.appsmith.promotion"]
    assert {name: promoted.get(name) for name in planned} == planned
    assert set(promoted) - set(planned) == {"stop_on_error", "smoke_tests", "test_unchanged", "tag", "promoted_by"}
