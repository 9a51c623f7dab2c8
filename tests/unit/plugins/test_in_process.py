# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In Ansible's own process a module does and says what it does and says in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))

from ansible.plugins.action.normal import ActionModule as UsualAction
from ansible_collections.stagecraft.appsmith.plugins.action import promotion, promotion_info
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.plugin_utils import _in_process
from ansible_collections.stagecraft.appsmith.plugins.plugin_utils._in_process import InProcessAction
from shapes import EMAIL, PASSWORD
from standin import Desk

SECRET = "s3cret-of-the-orders"
HERE = {"ansible_python_interpreter": sys.executable}


# -- when -------------------------------------------------------------------------------------------------------------
class Sample(AppsmithModule):
    needs_connection: ClassVar[bool] = False
    argument_spec: ClassVar[dict[str, Any]] = {
        "name": {"type": "str", "required": True, "aliases": ["title"]},
        "count": {"type": "int", "default": 1},
        "token": {"type": "str", "no_log": True},
        "parts": {"type": "list", "elements": "dict", "options": {"key": {"type": "str", "no_log": True}}},
    }
    finished: ClassVar[int] = 0

    def run(self) -> None:
        self.result.update(name=self.params["name"], count=self.params["count"], check=self.check_mode, none=None)
        self.result["said"] = f"token {self.params['token']}"
        self.warn(f"used {self.params['token']}")
        self.changed()
        self.diff({"count": 0}, {"count": self.params["count"]}, "sample")
        if self.params["name"] == "missing":
            raise NotFound(f"not found with {self.params['token']}", next_step="Look elsewhere.")
        if self.params["name"] == "library":
            self.require(False, "somelib")
        if self.params["name"] == "crash":
            raise ValueError("a mistake of ours")

    def finish(self) -> None:
        type(self).finished += 1


class SampleAction(InProcessAction):
    module: ClassVar[type[AppsmithModule]] = Sample


def action(args: dict[str, Any] | None = None, **changed: Any) -> SampleAction:
    made = SampleAction.__new__(SampleAction)
    task = {
        "action": "stagecraft.appsmith.sample",
        "args": args or {},
        "async_val": 0,
        "timeout": 0,
        "environment": [],
        "become": False,
        "delegate_to": None,
        "check_mode": False,
        "diff": False,
    }
    made._task = SimpleNamespace(**{**task, **{key: value for key, value in changed.items() if key in task}})
    made._connection = SimpleNamespace(
        transport=changed.get("transport", "local"), become=changed.get("become_plugin"), _shell=None
    )
    made._templar = SimpleNamespace(template=lambda value: value)
    return made


@pytest.mark.parametrize(
    ("changed", "variables"),
    [
        ({"transport": "ssh"}, HERE),
        ({"become": True}, HERE),
        ({"become_plugin": object()}, HERE),
        ({"async_val": 60}, HERE),
        ({"timeout": 60}, HERE),
        ({"environment": [{"HTTPS_PROXY": "http://proxy.example.com"}]}, HERE),
        ({}, {**HERE, "appsmith_in_process": False}),
        ({}, {**HERE, "appsmith_in_process": "no"}),
        ({}, {"ansible_python_interpreter": "/usr/bin/some-python"}),
        ({}, {"ansible_python_interpreter": "auto"}),
        ({}, {}),
        ({"delegate_to": "localhost"}, HERE),
        ({"delegate_to": "localhost"}, {**HERE, "ansible_delegated_vars": {"localhost": {}}}),
    ],
)
def test_in_doubt_the_module_is_run_as_usual(
    changed: dict[str, Any], variables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UsualAction, "run", lambda self, tmp, task_vars: {"usual": task_vars})
    assert action({"name": "x"}, **changed).run(None, variables) == {"usual": variables}


def test_without_the_library_or_on_macos_the_module_is_run_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    assert action().refusal(HERE) is None
    monkeypatch.setattr(_client, "HAS_REQUESTS", False)
    assert action().refusal(HERE) == "there is no requests library"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert action().refusal(HERE) == "macOS"


def test_delegated_to_the_controller_it_is_not() -> None:
    variables = {"ansible_python_interpreter": "/elsewhere", "ansible_delegated_vars": {"localhost": HERE}}
    assert action(delegate_to="localhost", environment=[{}]).refusal(variables) is None


@pytest.mark.parametrize(("plugin", "name"), [(promotion, "promotion"), (promotion_info, "promotion_info")])
def test_each_action_runs_the_module_of_its_name(plugin: Any, name: str) -> None:
    assert plugin.ActionModule.module.__module__.rsplit(".", 1)[-1] == name


# -- what it says -----------------------------------------------------------------------------------------------------
@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(_in_process.display, "warning", texts.append)
    return texts


def test_result_warnings_and_diff_without_secrets(warned: list[str]) -> None:
    args = {"title": "x", "count": "3", "token": SECRET, "parts": [{"key": "another-secret"}]}
    said = action(args, check_mode=True, diff=True).run(None, HERE)
    assert (said["changed"], said["name"], said["count"], said["check"], said["none"]) == (True, "x", 3, True, None)
    assert said["said"] == "token ********"
    assert warned == ["used ********"]
    assert said["diff"]
    text = json.dumps(said)
    assert SECRET not in text and "another-secret" not in text
    assert said.get("invocation", {"module_args": {"count": 3}})["module_args"]["count"] == 3
    assert args["count"] == "3"


def test_without_diff_there_is_none(warned: list[str]) -> None:
    assert "diff" not in action({"name": "x", "token": SECRET}).run(None, HERE)


def test_a_failure_has_the_shape_of_a_modules(warned: list[str]) -> None:
    before = Sample.finished
    said = action({"name": "missing", "token": SECRET}).run(None, HERE)
    assert said["failed"] is True and said["changed"] is True
    assert said["msg"].startswith("not found with ********") and said["error"]["next_step"] == "Look elsewhere."
    assert Sample.finished == before + 1


def test_a_missing_library_is_told_as_by_a_module(warned: list[str]) -> None:
    before = Sample.finished
    said = action({"name": "library"}).run(None, HERE)
    assert said["failed"] is True and "somelib" in said["msg"]
    assert Sample.finished == before + 1


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"name": "x", "colour": "red"}, "Unsupported parameters for (stagecraft.appsmith.sample) module: colour."),
        ({}, "missing required arguments: name"),
        ({"name": "x", "count": "many"}, "argument 'count' is of type"),
    ],
)
def test_wrong_options_are_told_in_ansibles_words(args: dict[str, Any], text: str, warned: list[str]) -> None:
    said = action(args).run(None, HERE)
    assert said["failed"] is True and text in said["msg"]


def test_an_option_and_its_alias_are_warned_of(warned: list[str]) -> None:
    action({"name": "x", "title": "y", "token": SECRET}).run(None, HERE)
    assert warned[0] == "Both option name and its alias title are set."


def test_a_mistake_of_ours_ends_the_session_and_is_ansibles_to_tell() -> None:
    before = Sample.finished
    with pytest.raises(ValueError, match="a mistake of ours"):
        action({"name": "crash", "token": SECRET}).run(None, HERE)
    assert Sample.finished == before + 1


def test_nothing_is_left_behind_in_the_process(warned: list[str]) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGALRM]
    before = (dict(os.environ), [signal.getsignal(number) for number in numbers], Path.cwd())
    action({"name": "x", "token": SECRET}).run(None, HERE)
    assert before == (dict(os.environ), [signal.getsignal(number) for number in numbers], Path.cwd())


# -- both ways, by ansible-playbook -----------------------------------------------------------------------------------
ORDERS_DB = {"name": "orders_db", "plugin": "postgres", "host": "db", "database": "orders", "username": "orders"}
TASKS: dict[str, dict[str, Any]] = {
    "plan": {"promotion": {}, "check_mode": True, "diff": True},
    "info": {"promotion_info": {}},
    "first": {
        "promotion": {"applications": ["application-0000"], "source_version": "v2.7.1", "skew": "warn"},
        "diff": True,
    },
    "skewed": {"promotion": {"source_version": "v2.7.1"}},
    "secrets": {"promotion": {"datasources": [{**ORDERS_DB, "password": SECRET}]}},
    "unchanged": {"promotion": {}},
    "not_there": {"promotion": {"applications": ["nowhere"]}},
    "both_names": {"promotion": {"workspace": "Operations"}},
    "no_such_option": {"promotion": {"colour": "red"}},
    "no_such_choice": {"promotion": {"strategy": "hope"}},
    "refused": {"promotion": {"appsmith_password": f"wrong-{SECRET}"}},
}


@pytest.fixture(scope="module")
def urls() -> Iterator[list[str]]:
    """Two instances alike, each with three applications of which one, and then another, is behind."""
    desk, loop = Desk(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made = [asyncio.run_coroutine_threadsafe(desk.open(3, 0.001), loop).result(60) for _way in range(2)]
    for url in made:
        desk.instances[url].prepare(2, 0)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def play(folder: Path, url: str, in_process: bool) -> tuple[str, dict[str, Any]]:
    """The output at -vvv, and the registered results."""
    folder.mkdir()
    tasks: list[dict[str, Any]] = []
    for name, task in TASKS.items():
        (module, options) = next((key, value) for key, value in task.items() if key.startswith("promotion"))
        rest = {key: value for key, value in task.items() if key != module}
        tasks.append({"name": name, f"stagecraft.appsmith.{module}": options, "register": name, **rest})
        tasks[-1]["ignore_errors"] = True
    content = "{{ {" + ", ".join(f"'{name}': {name}" for name in TASKS) + "} | to_json }}"
    kept_in = {"content": content, "dest": str(folder / "results"), "mode": "0600"}
    tasks.append({"ansible.builtin.copy": kept_in, "no_log": True})
    connection = {
        "appsmith_url": url,
        "appsmith_username": EMAIL,
        "appsmith_password": PASSWORD,
        "workspaces": ["Operations"],
        "ledger_directory": str(folder / "ledger"),
        "tag": "never",
    }
    asked = {key: value for key, value in connection.items() if key != "tag"}
    defaults = {"stagecraft.appsmith.promotion": connection, "stagecraft.appsmith.promotion_info": asked}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "appsmith_in_process": in_process,
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        },
        "module_defaults": defaults,
        "tasks": tasks,
    }
    (folder / "ansible.cfg").write_text("[defaults]\n")
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    kept["ANSIBLE_COLLECTIONS_PATH"] = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-vvv", "-i", "localhost,", "play.yml"],
        cwd=folder,
        env={**kept, "ANSIBLE_NOCOLOR": "true", "ANSIBLE_CONFIG": str(folder / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4000:]
    results: dict[str, Any] = json.loads((folder / "results").read_text())
    return output, results


def plain(result: Any, folder: Path, url: str) -> Any:
    """Without what differs between two runs."""
    text = json.dumps(result, sort_keys=True).replace(url, "URL").replace(str(folder), "FOLDER")
    text = re.sub(r"[0-9a-f]{24}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "TIME", text)
    text = re.sub(r'"seconds": [\d.]+', '"seconds": 0', text)
    return json.loads(re.sub(r'"run": "[^"]+"', '"run": "RUN"', text))


def test_both_ways_say_the_same(urls: list[str], tmp_path: Path) -> None:
    found: list[dict[str, Any]] = []
    for url, in_process in zip(urls, (False, True), strict=True):
        folder = tmp_path / ("here" if in_process else "module")
        output, results = play(folder, url, in_process)
        assert bool(re.search(r"Using module file \S+/promotion(_info)?\.py", output)) is not in_process
        assert SECRET not in output and PASSWORD not in output
        assert SECRET not in json.dumps(results) and PASSWORD not in json.dumps(results)
        found.append(plain(results, folder, url))
    module, here = found
    for name in TASKS:
        assert here[name] == module[name], name
    assert module["plan"]["changed"] and module["plan"]["diff"] and module["first"]["changed"]
    assert module["first"]["warnings"] and module["both_names"]["warnings"]
    assert module["skewed"]["failed"] and module["skewed"]["error"]
    failed = {name for name, result in module.items() if result.get("failed")}
    assert failed == {"skewed", "not_there", "no_such_option", "no_such_choice", "refused"}
