# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a promotion fast and leaves it safe: the workers, the lock of an instance, fewer calls, fewer imports."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _promotion_lock, _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, GitLocked
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import Item
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_lock import InstanceLock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_pool import Workers
from git_calls import NEW, WORKSPACE, GitCalls, application
from promotion_world import World

Run = Callable[..., dict[str, Any]]
ALL: dict[str, Any] = {"workspaces": [WORKSPACE], "tag": "never"}
URL = "http://appsmith.example.com"
USERNAME, PASSWORD, SESSION = "admin@example.com", "Correct-Horse-1", "11111111-aaaa-bbbb-cccc-222222222222"
ME = {"email": USERNAME, "isAnonymous": False, "emptyInstance": False, "isSuperUser": True, "name": "Admin"}
WAIT = 20.0


class Connection:
    """A Git whose clones are counted."""

    def __init__(self) -> None:
        self.clones = 0
        self.closed = 0
        self.client = SimpleNamespace(close=self._close)

    def clone(self) -> Connection:
        self.clones += 1
        return self

    def _close(self) -> None:
        self.closed += 1


@pytest.fixture
def connection() -> Connection:
    return Connection()


@pytest.fixture
def workers(connection: Connection) -> Iterator[Workers]:
    made = Workers(connection, 1)  # type: ignore[arg-type]
    yield made
    made.close()


def item(name: str) -> Item:
    return Item(Target.read(application(name), WORKSPACE))


# -- the workers -------------------------------------------------------------------------------------------------------
def test_what_is_under_way_goes_before_the_next_application(workers: Workers) -> None:
    begun, go = threading.Event(), threading.Event()
    order: list[str] = []

    def first(_git: Any, _item: Item) -> None:
        begun.set()
        assert go.wait(WAIT)

    waiting = [workers.submit(first, item("first"))]
    assert begun.wait(WAIT)
    waiting.append(workers.submit(lambda _git, one: order.append(one.target.name), item("next")))
    waiting.append(workers.submit(lambda _git, one: order.append(one.target.name), item("proof"), urgent=True))
    look = workers.call(lambda _git: order.append("look"))
    go.set()
    workers.wait(waiting)
    look()
    assert order == ["proof", "look", "next"]


def test_a_look_that_nobody_has_begun_is_made_by_who_waits_for_it(workers: Workers) -> None:
    """The only thread waits for a look that it would have to make itself."""
    found: list[str] = []
    workers.each(lambda _git, _item: found.append(workers.call(lambda _own: "seen")()), [item("one")])
    assert found == ["seen"]


def test_the_errors_of_a_look_come_up_where_it_is_waited_for(workers: Workers) -> None:
    def fail(_git: Any) -> None:
        raise AppsmithError("no")

    look = workers.call(fail)
    with pytest.raises(AppsmithError, match="no"):
        look()


def test_an_applications_error_is_its_own_and_a_bug_is_everybodys(workers: Workers) -> None:
    def fail(_git: Any, _item: Item) -> None:
        raise AppsmithError("refused")

    one = item("one")
    workers.each(fail, [one])
    assert "refused" in str(one.error)

    def bug(_git: Any, _item: Item) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        workers.each(bug, [item("two")])


def test_what_was_not_begun_is_left_at_the_end(connection: Connection) -> None:
    workers = Workers(connection, 1)  # type: ignore[arg-type]
    begun, go = threading.Event(), threading.Event()
    done: list[str] = []

    def slow(_git: Any, one: Item) -> None:
        begun.set()
        assert go.wait(WAIT)
        done.append(one.target.name)

    workers.submit(slow, item("begun"))
    assert begun.wait(WAIT)
    left = workers.submit(slow, item("left"))
    closing = threading.Thread(target=workers.close)
    closing.start()
    with contextlib.suppress(BaseException):
        left.exception(WAIT)
    go.set()
    closing.join()
    assert done == ["begun"] and left.cancelled()
    assert connection.clones == connection.closed == 1
    with pytest.raises(RuntimeError):
        workers.submit(slow, item("late"))


# -- one run at a time -------------------------------------------------------------------------------------------------
def locked(folder: Path) -> list[int]:
    """The locks of an instance, held by somebody else."""
    handles = []
    for path in folder.glob("deploying-*.lock"):
        handles.append(os.open(path, os.O_RDWR))
        fcntl.flock(handles[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handles


def test_a_lock_holds_for_a_run_and_for_its_instance_alone(tmp_path: Path, sleeps: list[float]) -> None:
    warned: list[str] = []
    mine = InstanceLock(URL, str(tmp_path / "ledger"), warn=warned.append)
    assert not mine.take() and not mine.take()
    other = InstanceLock("http://other.example.com", str(tmp_path / "ledger"), warn=warned.append)
    assert not other.take()
    with pytest.raises(BlockingIOError):
        locked(tmp_path / "ledger")
    for one in (mine, other):
        one.release()
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "ledger").iterdir()] == [0o600, 0o600]
    assert not sleeps and not warned


def test_another_run_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = InstanceLock(URL, str(tmp_path), warn=pytest.fail)
    first.take()
    monkeypatch.setattr(_wait, "sleep", lambda _seconds: first.release())
    second = InstanceLock(f"{URL}/", str(tmp_path), warn=pytest.fail)
    assert second.take() and second.take()
    second.release()
    # The next wave has nobody to wait for.
    assert not second.take()
    second.release()


def test_one_that_never_ends_is_told(tmp_path: Path, sleeps: list[float]) -> None:
    first = InstanceLock(URL, str(tmp_path), warn=pytest.fail)
    first.take()
    with pytest.raises(GitLocked, match="more than 3600 seconds"):
        InstanceLock(URL, str(tmp_path), warn=pytest.fail).take()
    assert sum(sleeps) == pytest.approx(_promotion_lock.PATIENCE)
    first.release()


def test_a_run_that_ends_waits_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (InstanceLock(URL, str(tmp_path), warn=pytest.fail) for _number in range(2))
    first.take()
    waits = threading.Event()
    monkeypatch.setattr(_wait, "sleep", lambda _seconds: waits.set())
    monkeypatch.setattr(_wait, "now", lambda: 0.0)
    failed: list[AppsmithError] = []

    def take() -> None:
        try:
            second.take()
        except AppsmithError as error:
            failed.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    assert waits.wait(WAIT)
    second.give_up()
    thread.join(WAIT)
    assert failed
    first.release()


def test_without_a_folder_there_is_no_lock() -> None:
    assert not InstanceLock(URL, None, warn=pytest.fail).take()


def test_a_folder_that_can_not_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    warned: list[str] = []
    lock = InstanceLock(URL, str(tmp_path / "file"), warn=warned.append)
    assert not lock.take() and not lock.take()
    assert len(warned) == 1 and "no other run" in warned[0]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(AppsmithModule, "warn", lambda _self, _text: None)
    world = World("one", "two", behind=1)
    with world.served():
        yield world


def test_the_lock_is_held_while_something_is_deployed_and_free_after_it(
    world: World, run_module: Run, tmp_path: Path
) -> None:
    seen: list[bool] = []

    def look() -> None:
        try:
            handles = locked(tmp_path)
        except BlockingIOError:
            seen.append(True)
        else:
            seen.append(bool(handles))
            for handle in handles:
                os.close(handle)

    world.hooks["one discard"] = look
    assert not run_module("promotion", {**ALL, "ledger_directory": str(tmp_path)})["failed"]
    assert seen == [True]
    for handle in locked(tmp_path):
        os.close(handle)


def test_a_plan_and_a_run_with_nothing_to_do_wait_for_nobody(run_module: Run, tmp_path: Path, world: World) -> None:
    other = InstanceLock(URL, str(tmp_path), warn=pytest.fail)
    other.take()
    options = {**ALL, "ledger_directory": str(tmp_path)}
    assert run_module("promotion", options, check_mode=True)["changed"]
    assert run_module("promotion_info", {"workspaces": [WORKSPACE], "ledger_directory": str(tmp_path)})["summary"]
    other.release()
    run_module("promotion", options)
    other.take()
    assert not run_module("promotion", options)["changed"]
    other.release()


@pytest.mark.parametrize("changed", [False, True])
def test_who_had_to_wait_looks_again(
    run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """While the other run deployed, a person changed something that was clean at the first look."""
    other = InstanceLock(URL, str(tmp_path), warn=pytest.fail)
    other.take()
    world = World("one", behind=1)

    def meanwhile(_seconds: float) -> None:
        world["one"].dirty = changed
        other.release()

    monkeypatch.setattr(_wait, "sleep", meanwhile)
    with world.served():
        result = run_module("promotion", {**ALL, "ledger_directory": str(tmp_path)})
    (entry,) = result["applications"]
    assert entry["state"] == ("refused" if changed else "deployed") and entry["changed"] is not changed
    calls = world.of("one")
    assert (calls[0], sorted(calls[1:3]), calls[3]) == ("fetch", ["export", "status"], "status")
    assert ("discard" in calls) is not changed and world["one"].dirty is changed


# -- signing in --------------------------------------------------------------------------------------------------------
CREDENTIALS = {"appsmith_session": None, "appsmith_username": USERNAME, "appsmith_password": PASSWORD}


def sign_in(api: Any, me: dict[str, Any] | None = None) -> None:
    me = me or ME
    api.expect("GET", "/users/me", basic=(USERNAME, PASSWORD), session=None, data=me)
    form = {"username": USERNAME, "password": PASSWORD}
    api.expect("POST", "/login", form=form, status=302, location="/applications", cookie=SESSION)


@pytest.mark.parametrize("module", ["promotion", "promotion_info"])
def test_the_list_of_the_workspaces_proves_the_session(api: Any, run_module: Run, module: str) -> None:
    sign_in(api)
    calls = GitCalls(api, NEW)
    calls.info()
    calls.workspaces()
    calls.home()
    api.expect("POST", "/logout", session=SESSION, data=True)
    options = ALL if module == "promotion" else {"workspaces": [WORKSPACE]}
    assert not run_module(module, {**options, **CREDENTIALS})["failed"]


def test_a_session_of_nobody_is_refused_by_it(api: Any, run_module: Run) -> None:
    sign_in(api)
    GitCalls(api, NEW).info()
    api.expect("GET", "/workspaces/home", session=SESSION, status=401, text="")
    api.expect("POST", "/logout", status=401, text="")
    result = run_module("promotion", {**ALL, **CREDENTIALS})
    assert result["failed"] and result["error"]["title"] == "AuthenticationFailed"


def test_where_basic_tells_nothing_the_session_is_looked_at(api: Any, run_module: Run) -> None:
    sign_in(api, {**ME, "email": "anonymousUser", "isAnonymous": True})
    api.expect("GET", "/users/me", session=SESSION, data=ME)
    calls = GitCalls(api, NEW)
    calls.info()
    calls.workspaces()
    calls.home()
    api.expect("POST", "/logout", session=SESSION, data=True)
    assert not run_module("promotion", {**ALL, **CREDENTIALS})["failed"]


def test_a_refused_password_is_one_call(api: Any, run_module: Run) -> None:
    api.expect_refused_password(USERNAME, PASSWORD)
    assert run_module("promotion", {**ALL, **CREDENTIALS})["error"]["title"] == "AuthenticationFailed"


# -- imports -----------------------------------------------------------------------------------------------------------
def test_what_a_plain_promotion_does_not_use_is_not_imported() -> None:
    """Ansible compiles each file of a collection anew in every run."""
    code = (
        "import sys\n"
        "import ansible_collections.stagecraft.appsmith.plugins.action.promotion\n"
        "print(*(name.rsplit('.', 1)[1] for name in sys.modules if '.appsmith.plugins.module_utils._' in name),\n"
        "      *(name for name in ('git', 'detect_secrets', 'jmespath', 'zoneinfo') if name in sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    rare = {"_gate_freeze", "_promotion_facts", "_repository", "_repository_fetch", "_repository_write", "_rescue"}
    rare |= {"_secret_scan", "_smoke", "_smoke_calls", "git", "detect_secrets", "jmespath"}
    assert not rare & set(said.stdout.split())
