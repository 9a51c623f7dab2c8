# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of a promotion: the lane, waves, what earlier runs have proven, faults, tests, records."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _promotion_module,
    _promotion_proofs,
    _promotion_waves,
    _rescue,
    _smoke,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_datasources import Credentials
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_gates import Gates
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import BEHIND, GateClosed, Item
from git_calls import WORKSPACE
from promotion_world import World

Run = Callable[..., dict[str, Any]]
ALL: dict[str, Any] = {"workspaces": [WORKSPACE], "tag": "never"}
WAIT = 20.0


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    with pytest.MonkeyPatch.context():
        opened = []

        def made(*names: str, behind: int = 0) -> World:
            world = World(*names, behind=behind)
            context = world.served()
            context.__enter__()
            opened.append(context)
            return world

        yield made
        for context in opened:
            context.__exit__(None, None, None)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ansible keeps the warnings of a process, and here all tests are one."""
    said: list[str] = []
    monkeypatch.setattr(AppsmithModule, "warn", lambda _self, text: said.append(text))
    return said


def states(result: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in result["applications"]}


def entry(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in result["applications"] if found["name"] == name)


def many(count: int) -> list[str]:
    return [f"app-{number:02d}" for number in range(1, count + 1)]


# -- the lane ----------------------------------------------------------------------------------------------------------
def test_one_is_proven_while_the_next_is_deployed(make: Callable[..., World], run_module: Run) -> None:
    world = make("one", "two", behind=1)
    looked = threading.Event()
    beside: list[bool] = []

    def deployed(name: str) -> None:
        other = "two" if name == "one" else "one"
        # Whichever was found to be due first goes first.
        if f"{other} discard" in world.calls:
            beside.append(looked.wait(WAIT))

    for name in ("one", "two"):
        world.hooks[f"{name} discard"] = lambda name=name: deployed(name)  # type: ignore[misc]
        world.hooks[f"{name} export"] = lambda name=name: looked.set() if f"{name} discard" in world.calls else None  # type: ignore[misc]
    assert set(states(run_module("promotion", ALL)).values()) == {"deployed"}
    assert beside == [True] and world.most_deploying == 1


def test_the_first_is_deployed_while_others_are_still_fetched(make: Callable[..., World], run_module: Run) -> None:
    names = many(16)
    world = make(*names)
    world.push("app-01", "app-02")
    deployed = threading.Event()
    world.hooks["app-02 discard"] = deployed.set
    early: list[bool] = []
    world.hooks["app-16 fetch"] = lambda: early.append(deployed.wait(WAIT))
    result = run_module("promotion", ALL)
    assert early == [True] and result["summary"]["deployed"] == 2


@pytest.mark.parametrize("options", [{"waves": [{"applications": ["app-01"]}, {}]}, {"stop_on_error": True}])
def test_nothing_is_deployed_before_all_is_looked_at_where_that_counts(
    make: Callable[..., World], run_module: Run, options: dict[str, Any]
) -> None:
    world = make(*many(4), behind=1)
    run_module("promotion", {**ALL, **options})
    last = max(number for number, call in enumerate(world.calls) if call.endswith("fetch"))
    assert min(number for number, call in enumerate(world.calls) if call.endswith("discard")) > last


@pytest.mark.parametrize("fault", ["conflict", "no transaction"])
def test_a_write_conflict_is_repeated_alone_after_the_others(
    make: Callable[..., World], run_module: Run, fault: str
) -> None:
    world = make("one", "two", behind=1)
    world["one"].faults = [fault]
    result = run_module("promotion", ALL)
    assert set(states(result).values()) == {"deployed"}
    assert sorted(world.deployments()) == ["one", "one", "two"] and world.deployments()[-1] == "one"


def test_lanes_side_by_side_repeat_what_they_broke(make: Callable[..., World], run_module: Run) -> None:
    world = make("one", "two", "three", behind=1)
    together = threading.Barrier(3)
    first = iter([True, True, True])
    world.hooks["deploying"] = lambda: together.wait(WAIT) if next(first, False) else None
    result = run_module("promotion", {**ALL, "deploy_width": 3, "waves": []})
    assert world.most_deploying == 3 and set(states(result).values()) == {"deployed"}
    assert len(world.deployments()) > 3


# -- proof, whatever the answer ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["no answer but done", "connection broken but done", "proxy gave up but done"])
def test_no_answer_but_deployed_is_a_success_with_a_warning(
    make: Callable[..., World], run_module: Run, fault: str
) -> None:
    world = make("one", behind=1)
    world["one"].faults = [fault]
    result = run_module("promotion", ALL)
    assert states(result) == {"one": "deployed"} and "the content was deployed" in entry(result, "one")["warnings"][0]
    assert world.deployments() == ["one"]


@pytest.mark.parametrize("fault", ["no answer and nothing done", "no answer and half done"])
def test_no_answer_is_waited_out_and_never_repeated(make: Callable[..., World], run_module: Run, fault: str) -> None:
    world = make("one", "two", behind=1)
    world["one"].faults = [fault]
    result = run_module("promotion", {**ALL, "appsmith_git_lock_timeout": 9})
    assert states(result) == {"one": "failed", "two": "deployed"}
    assert entry(result, "one")["error"]["title"] == "RequestTimeout" and entry(result, "one")["changed"]
    assert sorted(world.deployments()) == ["one", "two"]


@pytest.mark.parametrize("strategy", ["discard", "pull"])
def test_400_but_deployed_is_a_success_with_a_warning(
    make: Callable[..., World], run_module: Run, strategy: str
) -> None:
    world = make("one", behind=1)
    world["one"].faults = ["refused but done"]
    result = run_module("promotion", {**ALL, "strategy": strategy})
    assert states(result) == {"one": "deployed"} and "the content was deployed" in entry(result, "one")["warnings"][0]


def test_400_and_not_deployed_is_what_the_server_said(make: Callable[..., World], run_module: Run) -> None:
    world = make("one", behind=1)
    world["one"].faults = ["refused and half done"]
    result = run_module("promotion", ALL)
    assert states(result) == {"one": "failed"} and entry(result, "one")["error"]["code"] == "AE-GIT-4031"


@pytest.mark.parametrize("fault", ["accepted but nothing done", "accepted but half done"])
def test_200_but_not_deployed_is_a_failure(make: Callable[..., World], run_module: Run, fault: str) -> None:
    world = make("one", "two", behind=1)
    world["one"].faults = [fault]
    result = run_module("promotion", ALL)
    assert result["failed"] and states(result) == {"one": "failed", "two": "deployed"}
    assert entry(result, "one")["error"]["title"] == "ProofFailed"
    # The next run finds it, whatever was left.
    result = run_module("promotion", ALL)
    assert states(result) == {"one": "deployed", "two": "current"}


# -- what is done before an application is deployed, and after it ------------------------------------------------------
def test_a_persons_changes_are_rescued_in_the_lane(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make("one", "two", behind=1)
    world["one"].dirty = True
    seen: list[Any] = []

    def rescue(git: Any, saved: Target, branch: str, message: str, author: Any, *, directory: str | None) -> Any:
        seen.append((saved.name, branch, author, list(world.deployments())))
        return {"rescued_to": branch, "warnings": ["look there"]}

    monkeypatch.setattr(_rescue, "rescue", rescue)
    options = {"drift": "rescue", "rescue_branch": "saved", "strategy": "pull", "width": 1}
    result = run_module("promotion", {**ALL, **options})
    one = entry(result, "one")
    assert (one["state"], one["rescued_to"], one["discarded"]) == ("deployed", "saved", [])
    assert "look there" in one["warnings"] and seen == [("one", "saved", None, [])]
    # A pull might find changes that the rescue left on the parent.
    assert "discard" in world.of("one") and "pull" in world.of("two")


def test_what_can_not_be_rescued_is_not_deployed(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rescue(*_arguments: Any, **_options: Any) -> Any:
        raise GateClosed("drift", "nowhere to save them")

    world = make("one", "two", behind=1)
    world["one"].dirty = True
    monkeypatch.setattr(_rescue, "rescue", rescue)
    result = run_module("promotion", {**ALL, "drift": "rescue"})
    one = entry(result, "one")
    assert (one["state"], one["gate"], one["changed"]) == ("refused", "drift", False)
    assert world.deployments() == ["two"]


GIVEN = {"datasources": [{"name": "new_api", "plugin": "restapi-plugin", "url": "https://api.example.com"}]}


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What got its credentials, each time."""
    seen: list[tuple[str, ...]] = []

    def apply(self: Credentials, workspace_id: str, names: Any) -> list[dict[str, Any]]:
        seen.append(tuple(names))
        return [{"name": name, "changed": True} for name in names]

    monkeypatch.setattr(Credentials, "apply", apply)
    return seen


def test_datasources_get_their_credentials_before_the_deployment_once_a_run(
    make: Callable[..., World], run_module: Run, applied: list[Any]
) -> None:
    world = make("one", "two", behind=1)
    world.unconfigured = ["new_api"]
    order: list[int] = []
    world.hooks["one discard"] = world.hooks["two discard"] = lambda: order.append(len(applied))
    world.hooks["one status"] = lambda: world.unconfigured.clear() if applied else None
    world.hooks["two status"] = world.hooks["one status"]
    result = run_module("promotion", {**ALL, **GIVEN})
    assert not result["failed"] and applied == [("new_api",)] and order == [1, 1]
    assert [len(found["configured_datasources"]) for found in result["applications"]].count(1) == 1


def test_a_datasource_that_comes_with_the_deployment_gets_them_after_it(
    make: Callable[..., World], run_module: Run, applied: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make("one", behind=1)
    world.hooks["one discard"] = lambda: world.unconfigured.append("new_api")
    plain = Credentials.apply

    def apply(self: Credentials, workspace_id: str, names: Any) -> list[dict[str, Any]]:
        world.unconfigured.clear()
        return plain(self, workspace_id, names)

    monkeypatch.setattr(Credentials, "apply", apply)
    result = run_module("promotion", {**ALL, **GIVEN})
    assert not result["failed"] and applied == [("new_api",)]
    assert entry(result, "one")["unconfigured_datasources"] == []


def test_check_mode_says_what_would_get_credentials(
    make: Callable[..., World], run_module: Run, applied: list[Any]
) -> None:
    world = make("one", behind=1)
    world.unconfigured = ["new_api"]
    result = run_module("promotion", {**ALL, **GIVEN}, check_mode=True)
    assert result["changed"] and applied == [("new_api",)] and not world.deployments()


def test_credentials_that_are_refused_stop_the_application_that_needs_them(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apply(self: Credentials, workspace_id: str, names: Any) -> list[dict[str, Any]]:
        raise InvalidInput("The test of 'new_api' failed")

    monkeypatch.setattr(Credentials, "apply", apply)
    world = make("one", behind=1)
    world.unconfigured = ["new_api"]
    result = run_module("promotion", {**ALL, **GIVEN})
    assert entry(result, "one")["state"] == "failed" and not result["changed"] and not world.deployments()


# -- what it costs -----------------------------------------------------------------------------------------------------
def test_the_calls_of_a_run_with_16_of_which_2_changed(
    make: Callable[..., World], run_module: Run, tmp_path: Path
) -> None:
    world = make(*many(16))
    kept = {**ALL, "ledger_directory": str(tmp_path)}
    run_module("promotion", kept)
    assert world.of("app-05") == ["fetch", "status", "pages"]
    world.push("app-03", "app-09")
    world.calls.clear()
    result = run_module("promotion", {**kept, "promoted_by": "Dana"})
    assert result["summary"]["deployed"] == 2 and result["summary"]["current"] == 14
    assert world.of("app-05") == ["fetch"]
    changed = world.of("app-03")
    assert (changed[0], sorted(changed[1:3]), changed[3]) == ("fetch", ["export", "status"], "discard")
    assert sorted(changed[4:]) == ["export", "status"]
    # Besides: the release, the workspaces, their applications and (before and after the deployments) their
    # datasources, and the applications again for the next run's sake.
    others = [call for call in world.calls if not call.startswith("app-")]
    listed = ["info", "workspaces/home", "applications/home", "datasources"]
    assert others[:4] == listed and sorted(others[4:]) == ["applications/home", "datasources"]
    assert len(world.calls) == 14 + 2 * 6 + 6


# -- what earlier runs have proven -------------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path: Path) -> dict[str, Any]:
    return {**ALL, "ledger_directory": str(tmp_path), "promoted_by": "Dana"}


def the_file(options: dict[str, Any]) -> Path:
    return next(Path(options["ledger_directory"]).glob("proofs-*.json"))


def rewrite(options: dict[str, Any], **members: Any) -> None:
    path = the_file(options)
    data = json.loads(path.read_text())
    for record in data["applications"].values():
        record.update(members)
    path.write_text(json.dumps(data))


def test_what_was_proven_costs_a_fetch_and_nothing_else(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any]
) -> None:
    world = make("one", behind=1)
    run_module("promotion", kept)
    world.calls.clear()
    assert not run_module("promotion", kept)["changed"] and world.of("one") == ["fetch"]
    assert stat.S_IMODE(the_file(kept).stat().st_mode) == 0o600
    assert "git.example.com" in the_file(kept).read_text()


@pytest.mark.parametrize("verify", ["status", "content"])
def test_a_closer_look_can_be_forced(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any], verify: str
) -> None:
    world = make("one")
    run_module("promotion", kept)
    world["one"].half_done = True
    assert not run_module("promotion", kept)["changed"]
    assert run_module("promotion", {**kept, "verify": verify})["changed"]


@pytest.mark.parametrize(
    "members",
    [
        {"at": (datetime.now(UTC) - timedelta(hours=169)).isoformat()},
        {"at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()},
        {"at": "yesterday"},
        {"branch": "staging"},
        {"repository": "git@git.example.com:acme/other.git"},
        {"deployed_at": "2026-11-02T00:00:00Z"},
        {"state": "begun"},
        {"state": "something else"},
    ],
)
def test_a_proof_that_does_not_fit_is_not_believed(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any], members: dict[str, Any]
) -> None:
    world = make("one")
    run_module("promotion", kept)
    rewrite(kept, **members)
    world.calls.clear()
    run_module("promotion", kept)
    assert world.of("one")[:2] == ["fetch", "status"]
    # ... and made anew.
    world.calls.clear()
    run_module("promotion", kept)
    assert world.of("one") == ["fetch"]


def test_a_deployment_by_somebody_else_is_looked_at(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any]
) -> None:
    world = make("one")
    run_module("promotion", kept)
    world["one"].deployed_at, world["one"].half_done = "2026-11-22T10:00:00Z", True
    assert states(run_module("promotion", kept)) == {"one": "deployed"}


def test_a_killed_run_is_found_by_the_next_one(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any]
) -> None:
    world = make("one", "two")
    run_module("promotion", kept)
    world.push("one")
    world["one"].faults = ["killed"]
    with pytest.raises(KeyboardInterrupt):
        run_module("promotion", kept)
    assert world["one"].half_done and world["one"].deployed_at == "2026-11-01T00:00:00Z"
    world.calls.clear()
    result = run_module("promotion", kept)
    assert states(result) == {"one": "deployed", "two": "current"} and world.of("two") == ["fetch"]
    assert "left half done by an earlier run" in " ".join(entry(result, "one")["warnings"])


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99, "applications": {}}', '{"format": 1, "applications": 3}'])
def test_a_damaged_file_is_a_warning_and_everything_is_looked_at(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any], text: str, warned: list[str]
) -> None:
    world = make("one")
    run_module("promotion", kept)
    the_file(kept).write_text(text)
    world.calls.clear()
    run_module("promotion", kept)
    assert world.of("one") == ["fetch", "status", "pages"]
    assert len(warned) == 1 and "can't be read" in warned[0]


def test_check_mode_and_the_plan_believe_the_notes_and_write_none(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any]
) -> None:
    world = make("one", "two")
    run_module("promotion", kept, check_mode=True)
    assert not list(Path(kept["ledger_directory"]).iterdir())
    run_module("promotion", {**kept, "applications": ["one"]})
    before = the_file(kept).read_text()
    world.calls.clear()
    run_module("promotion_info", {"ledger_directory": kept["ledger_directory"]})
    assert world.of("one") == ["fetch"] and world.of("two") == ["fetch", "status", "pages"]
    assert the_file(kept).read_text() == before


def target(name: str = "one") -> Target:
    return Target(name, f"id-{name}", f"id-{name}", "w", "Operations", "git@git.example.com:acme/one.git", "master")


def proofs(folder: Path, said: list[str], **options: Any) -> _promotion_proofs.Proofs:
    return _promotion_proofs.Proofs(
        "https://a.example.com/", str(folder), max_age=options.pop("max_age", 1), warn=said.append, **options
    )


def test_what_another_run_has_begun_is_its_own_to_prove(tmp_path: Path) -> None:
    said: list[str] = []
    mine, other = proofs(tmp_path, said), proofs(tmp_path, said)
    other.begin([target()])
    mine.prove([(target(), None), (target("two"), None)])
    third = proofs(tmp_path, said)
    assert third.begun(target()) and third.trusted(target("two"), None)
    # It was there when the third one looked.
    third.prove([(target(), None)])
    assert proofs(tmp_path, said).trusted(target(), None) and not said


def test_where_nothing_can_be_written_nothing_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    proofs(tmp_path, said).prove([(target(), None)])
    later = proofs(tmp_path, said)
    assert later.trusted(target(), None)

    def full(*_arguments: Any, **_options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_promotion_proofs.tempfile, "mkstemp", full)
    later.begin([target()])
    assert not later.kept and "No space left" in said[0]
    assert not proofs(tmp_path, said).trusted(target(), None)


def test_another_instance_has_its_own_notes(tmp_path: Path) -> None:
    said: list[str] = []
    proofs(tmp_path, said).prove([(target(), None)])
    other = _promotion_proofs.Proofs("https://b.example.com", str(tmp_path), max_age=1, warn=said.append)
    assert not other.trusted(target(), None)


def test_without_a_folder_every_application_is_looked_at(make: Callable[..., World], run_module: Run) -> None:
    world = make("one")
    run_module("promotion", ALL)
    run_module("promotion", ALL)
    assert world.of("one") == ["fetch", "status", "pages"] * 2


def test_a_datasource_that_came_unconfigured_is_told_until_it_works(
    make: Callable[..., World], run_module: Run, kept: dict[str, Any]
) -> None:
    world = make("one", behind=1)
    world.hooks["one discard"] = lambda: world.unconfigured.append("new_api")
    assert entry(run_module("promotion", kept), "one")["gate"] == "unconfigured_datasources"
    result = run_module("promotion", kept)
    assert result["failed"] and not result["changed"] and "new_api" in result["msg"]
    world.unconfigured.clear()
    assert not run_module("promotion", kept)["failed"]
    world.calls.clear()
    run_module("promotion", kept)
    assert world.of("one") == ["fetch"]


# -- waves -------------------------------------------------------------------------------------------------------------
def due(count: int) -> list[Item]:
    made = [Item(Target(name, name, name, "w", "Operations", None, "master")) for name in many(count)]
    for item in made:
        item.state = BEHIND
    return made


@pytest.mark.parametrize(
    ("count", "given", "sizes"),
    [
        (10, None, {"all": 10}),
        (11, None, {"canary": 2, "rest": 9}),
        (20, None, {"canary": 2, "rest": 18}),
        (100, None, {"canary": 10, "rest": 90}),
        (100, [], {"all": 100}),
        (0, None, {}),
        (7, [{"percent": 10}, {"percent": 50}, {"name": "end"}], {"1": 1, "2": 4, "end": 2}),
        (3, [{"percent": 100}, {"name": "end"}], {"1": 3}),
        (4, [{"name": "first", "applications": ["app-03"]}, {"percent": 1}], {"first": 1, "2": 3}),
        (4, [{"percent": 25}, {"applications": ["app-01", "Operations/app-02"]}], {"1": 1, "2": 3}),
    ],
)
def test_the_waves_of_those_that_are_due(count: int, given: Any, sizes: dict[str, int]) -> None:
    items = due(count)
    waves = _promotion_waves.split(items, given)
    assert {wave.name: len(wave.items) for wave in waves} == sizes
    assert sum(len(wave.items) for wave in waves) == count and all(item.wave for item in items)


def test_a_named_application_keeps_its_wave(make: Callable[..., World], run_module: Run) -> None:
    waves = _promotion_waves.split(due(4), [{"percent": 50}, {"applications": ["app-01"]}])
    assert [[item.target.name for item in wave.items] for wave in waves] == [["app-02", "app-03"], ["app-01", "app-04"]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"applications": ["nope"]}, {}], "nope"),
        ([{"applications": ["app-01"], "percent": 5}], "applications and percent"),
        ([{}, {"percent": 5}], "neither"),
        ([{"percent": 0}], "1 to 100"),
        ([{"percent": 101}], "1 to 100"),
        ([{"applications": ["app-01"]}, {"applications": ["app-01"]}], "two waves"),
    ],
)
def test_waves_that_make_no_sense_are_refused(given: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        _promotion_waves.check(given, [item.target for item in due(2)])


def test_what_is_started_early_is_in_the_first_wave_however_many_follow() -> None:
    first = [len(waves[0].items) if waves else 0 for waves in (_promotion_waves.split(due(n), None) for n in range(60))]
    for found in range(30):
        for left in range(30):
            certain = _promotion_waves.certain(found, left, None)
            assert certain == min(found, *(first[found : found + left + 1]))


def test_a_failure_in_the_canary_holds_the_rest(make: Callable[..., World], run_module: Run) -> None:
    world = make(*many(12), behind=1)
    world["app-01"].faults = ["refused"]
    result = run_module("promotion", {**ALL, "width": 1})
    assert result["failed"] and result["summary"]["held"] == 10
    assert [wave["name"] for wave in result["waves"]] == ["canary", "rest"]
    held = entry(result, "app-12")
    assert (held["state"], held["changed"], held["failed"], held["wave"]) == ("held", False, False, "rest")
    assert "canary" in held["msg"] and "held: app-03" in result["msg"] and len(world.deployments()) == 2
    # The next run goes on with them.
    assert run_module("promotion", ALL)["summary"]["deployed"] == 11


def test_a_gate_that_refuses_one_holds_nobody(make: Callable[..., World], run_module: Run) -> None:
    world = make("one", "two", "three", behind=1)
    world["one"].half_done = True
    world.hooks["one export"] = lambda: setattr(world["one"], "version", 1)
    options = {"waves": [{"applications": ["two"]}, {}], "allowed_branches": ["master"]}
    assert run_module("promotion", {**ALL, **options})["summary"]["deployed"] == 3


def test_the_gate_of_the_run_is_asked_again_before_each_wave(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    asked: list[int] = []

    def check_run(self: Gates) -> list[str]:
        asked.append(1)
        if len(asked) > 1:
            raise GateClosed("freeze", "frozen since a minute ago")
        return ["soon frozen"]

    monkeypatch.setattr(Gates, "check_run", check_run)
    make("one", "two", behind=1)
    result = run_module("promotion", {**ALL, "waves": [{"applications": ["two"]}, {}]})
    assert states(result) == {"one": "refused", "two": "deployed"} and entry(result, "one")["gate"] == "freeze"
    assert warned == ["soon frozen"] and not entry(result, "one")["changed"]


def test_a_gate_of_the_run_that_is_closed_lets_nothing_through(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_run(self: Gates) -> list[str]:
        raise GateClosed("freeze", "frozen")

    monkeypatch.setattr(Gates, "check_run", check_run)
    world = make("one", "two")
    assert not run_module("promotion", ALL)["failed"]
    world.push("one")
    result = run_module("promotion", ALL)
    assert states(result) == {"one": "refused", "two": "current"} and not world.deployments()


def test_what_a_person_did_while_an_earlier_wave_was_deployed_is_seen(
    make: Callable[..., World], run_module: Run
) -> None:
    world = make("one", "two", "three", behind=1)
    world.hooks["one discard"] = lambda: setattr(world["two"], "dirty", True)
    result = run_module("promotion", {**ALL, "waves": [{"applications": ["one"]}, {}]})
    assert states(result) == {"one": "deployed", "two": "refused", "three": "deployed"}
    two = entry(result, "two")
    assert (two["gate"], two["changed"]) == ("drift", False) and world["two"].dirty
    three = world.of("three")
    assert (three[0], sorted(three[1:3]), three[3:5]) == ("fetch", ["export", "status"], ["status", "discard"])


def test_a_refused_password_is_not_tried_for_the_next_application(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def apply(self: Credentials, workspace_id: str, names: Any) -> list[dict[str, Any]]:
        tried.append(names)
        raise InvalidInput("The test of 'new_api' failed")

    monkeypatch.setattr(Credentials, "apply", apply)
    world = make("one", "two", behind=1)
    world.unconfigured = ["new_api"]
    result = run_module("promotion", {**ALL, **GIVEN})
    assert len(tried) == 1 and result["summary"]["failed"] == 2


def test_stop_on_error_touches_nothing_where_a_look_failed(make: Callable[..., World], run_module: Run) -> None:
    world = make("one", "two", behind=1)
    result = run_module("promotion", {**ALL, "stop_on_error": True, "source_version": "v9.9", "skew": "fail"})
    assert result["failed"] and not world.deployments()


# -- tests after a wave ------------------------------------------------------------------------------------------------
class FakeTests:
    """Stands in for the smoke tests; those of the names in C(failing) fail."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.ran: list[list[str]] = []

    def run(
        self, client: Any, git: Any, targets: list[Target], tests: list[dict[str, Any]], *, width: int
    ) -> list[dict[str, Any]]:
        self.ran.append([test["name"] for test in tests])
        return [
            {
                "name": test["name"],
                "application": test.get("application"),
                "failed": test["name"] in self.failing,
                "msg": "no" if test["name"] in self.failing else "",
            }
            for test in tests
        ]


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> FakeTests:
    made = FakeTests()
    monkeypatch.setattr(_smoke, "run_tests", made.run)
    return made


TESTS = [
    {"name": "t1", "application": "one", "pages": ["Order"]},
    {"name": "t2", "application": "two", "pages": ["Order"]},
    {"name": "all", "health": True},
]
TWO_WAVES = {"waves": [{"applications": ["one"]}, {}], "smoke_tests": TESTS}


def test_after_each_wave_its_tests_are_run(make: Callable[..., World], run_module: Run, tests: FakeTests) -> None:
    make("one", "two", "three", behind=1)
    result = run_module("promotion", {**ALL, **TWO_WAVES})
    assert tests.ran == [["t1", "all"], ["t1", "t2", "all"]]
    assert [(test["name"], test["wave"]) for test in result["tests"]] == [("t1", "2"), ("t2", "2"), ("all", "2")]


def test_nothing_due_means_no_tests_unless_asked_for(
    make: Callable[..., World], run_module: Run, tests: FakeTests
) -> None:
    make("one", "two")
    run_module("promotion", {**ALL, **TWO_WAVES})
    assert tests.ran == []
    tests.failing = {"t2"}
    result = run_module("promotion", {**ALL, **TWO_WAVES, "test_unchanged": True})
    assert tests.ran == [["t1", "t2", "all"]] and result["failed"] and "smoke tests: t2" in result["msg"]
    run_module("promotion", {**ALL, **TWO_WAVES, "test_unchanged": True}, check_mode=True)
    assert len(tests.ran) == 1


def test_a_failing_test_holds_the_rest(make: Callable[..., World], run_module: Run, tests: FakeTests) -> None:
    world = make("one", "two", behind=1)
    tests.failing = {"t1"}
    result = run_module("promotion", {**ALL, **TWO_WAVES})
    assert result["failed"] and states(result) == {"one": "deployed", "two": "held"}
    assert entry(result, "one")["error"]["title"] == "SmokeTestFailed" and world.deployments() == ["one"]
    assert "smoke tests: t1" in result["msg"] and "held: two" in result["msg"]


def test_a_failing_test_of_no_application_holds_the_rest_as_well(
    make: Callable[..., World], run_module: Run, tests: FakeTests
) -> None:
    make("one", "two", behind=1)
    tests.failing = {"all"}
    result = run_module("promotion", {**ALL, **TWO_WAVES})
    assert result["failed"] and states(result) == {"one": "deployed", "two": "held"}
    assert not entry(result, "one")["failed"]


def test_failed_tests_are_the_first_thing_of_the_next_run(
    make: Callable[..., World], run_module: Run, tests: FakeTests, kept: dict[str, Any]
) -> None:
    world = make("one", "two", behind=1)
    tests.failing = {"t1"}
    run_module("promotion", {**kept, **TWO_WAVES})
    tests.ran.clear()
    result = run_module("promotion", {**kept, **TWO_WAVES})
    assert result["failed"] and states(result) == {"one": "current", "two": "held"} and tests.ran == [["t1", "all"]]
    tests.failing = set()
    result = run_module("promotion", {**kept, **TWO_WAVES})
    assert not result["failed"] and states(result) == {"one": "current", "two": "deployed"}
    world.calls.clear()
    tests.ran.clear()
    run_module("promotion", {**kept, **TWO_WAVES})
    assert tests.ran == [] and world.of("one") == ["fetch"]


def test_a_test_of_an_application_that_is_not_there_is_refused(make: Callable[..., World], run_module: Run) -> None:
    world = make("one", behind=1)
    result = run_module("promotion", {**ALL, "smoke_tests": [{"application": "nope", "pages": ["Order"]}]})
    assert result["failed"] and "nope" in result["msg"] and not world.deployments()


# -- records -----------------------------------------------------------------------------------------------------------
def test_what_was_done_is_recorded(
    make: Callable[..., World], run_module: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warned: list[str]
) -> None:
    seen: list[dict[str, Any]] = []

    def record(results: Any, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
        seen.append({**options, "results": results})
        return [{"application": "one"}], ["not tagged"]

    monkeypatch.setattr(_promotion_module, "record", record)
    world = make("one", "two")
    kept = {**ALL, "ledger_directory": str(tmp_path)}
    run_module("promotion", kept)
    run_module("promotion", kept, check_mode=True)
    assert not seen
    world.push("one")
    world.calls.clear()
    result = run_module("promotion", {**kept, "appsmith_username": "robot@example.com"})
    assert result["records"] == [{"application": "one"}] and "not tagged" in warned
    assert (seen[0]["who"], seen[0]["kind"], seen[0]["outcome"]) == ("robot@example.com", "promotion", "succeeded")
    assert "users/me" not in world.calls and seen[0]["waves"][0]["name"] == "all"
    world.push("one")
    world["one"].faults = ["refused"]
    run_module("promotion", kept)
    # With a session alone the server knows whose it is.
    assert (seen[1]["who"], seen[1]["outcome"]) == ("robot@example.com", "failed") and "users/me" in world.calls


# -- selection ---------------------------------------------------------------------------------------------------------
def test_without_workspaces_every_workspace_is_meant(make: Callable[..., World], run_module: Run) -> None:
    make("one", "two")
    assert run_module("promotion_info", {})["summary"]["total"] == 2


def test_what_earlier_tasks_bring_may_be_named_by_the_repository(make: Callable[..., World], run_module: Run) -> None:
    make("one", "two")
    options = {**ALL, "assume_behind": ["ssh://git@git.example.com/acme/two"]}
    result = run_module("promotion", options, check_mode=True)
    assert states(result) == {"one": "current", "two": "behind"} and result["changed"]
