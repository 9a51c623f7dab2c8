# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own rules: what is easy to forget when a module is added."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
MODULES = sorted((CHECKOUT / "plugins" / "modules").glob("*.py"))
UTILS = sorted((CHECKOUT / "plugins" / "module_utils").glob("*.py"))
CONNECTION_FRAGMENT = "stagecraft.appsmith._connection"


def constants(path: Path) -> dict[str, Any]:
    """The module-level string constants of a file (DOCUMENTATION, EXAMPLES, RETURN), parsed as YAML."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
            and node.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN")
        ):
            found[node.targets[0].id] = yaml.safe_load(node.value.value)
    return found


DOCUMENTED = {path.stem: constants(path) for path in MODULES}


def connecting() -> set[str]:
    return {
        name
        for name, documented in DOCUMENTED.items()
        if CONNECTION_FRAGMENT in documented["DOCUMENTATION"].get("extends_documentation_fragment", [])
    }


def test_the_action_group_holds_exactly_the_connecting_modules() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())
    assert set(runtime["action_groups"]["appsmith"]) == connecting()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_module_is_documented_whole(name: str) -> None:
    documented = DOCUMENTED[name]
    assert {"DOCUMENTATION", "EXAMPLES", "RETURN"} <= set(documented)
    fragments = documented["DOCUMENTATION"].get("extends_documentation_fragment", [])
    attributes = documented["DOCUMENTATION"].get("attributes", {})
    assert {"check_mode", "diff_mode"} <= set(attributes), "say what check mode and diff mode do"
    assert any(fragment.startswith("stagecraft.appsmith._attributes") for fragment in fragments)
    assert documented["RETURN"], "say what is returned"
    for task in documented["EXAMPLES"]:
        known = ("stagecraft.appsmith.", "ansible.builtin.", "block", "hosts")
        assert any(key.startswith(known) for key in task), task.get("name")
    assert f"stagecraft.appsmith.{name}" in str(documented["EXAMPLES"]), "show the module itself"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_module_has_a_unit_test(name: str) -> None:
    tests = "\n".join(path.read_text() for path in (CHECKOUT / "tests" / "unit" / "plugins").glob("test_*.py"))
    assert re.search(rf"""["'./ ]{name}["'),. ]""", tests), f"no unit test names the module {name}"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_module_is_importable_and_has_a_main(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.stagecraft.appsmith.plugins.modules.{name}")
    assert callable(module.main)


@pytest.mark.parametrize("path", UTILS, ids=lambda path: path.name)
def test_utils_are_private_and_short(path: Path) -> None:
    assert path.name.startswith("_")
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", [*MODULES, *UTILS], ids=lambda path: path.name)
def test_libraries_are_imported_only_where_they_are_used(path: Path) -> None:
    """A module whose library is missing must say so in the field's words instead of failing on import."""
    for node in ast.parse(path.read_text()).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] not in {"requests", "git", "jmespath", "pexpect", "detect_secrets", "boto3"}, (
                f"{path.name} imports {name} at its top"
            )


def test_releases_are_compared_only_where_releases_are_known() -> None:
    compares = re.compile(r"""(>=|<=|<|>) *\(?(Version\(|Version\.parse\(|["']v?\d\.\d)""")
    allowed = ("_git_", "_release", "_version")
    for path in [*MODULES, *UTILS]:
        if not path.name.startswith(allowed):
            assert not compares.search(path.read_text()), f"{path.name} compares releases"


def test_the_libraries_of_the_execution_environment_are_those_of_the_code() -> None:
    listed = {
        re.split(r"[<>=~! ]", line)[0].lower()
        for line in (CHECKOUT / "meta" / "ee-requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert listed == {"requests", "gitpython", "jmespath", "pexpect", "detect-secrets", "boto3"}
