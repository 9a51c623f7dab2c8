# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion promises, against an instance of either release: each gate, policy and misbehaviour has its test.

| what | test |
|---|---|
| selection | test_applications_are_named_by_name_workspace_repository_or_not_at_all |
| cost of an unchanged application | test_an_unchanged_application_costs_a_fetch |
| results, plan, degraded plan | test_the_plan_..., test_without_the_repository_the_plan_has_counts |
| strategy pull | test_a_target_that_people_edit_is_pulled |
| gate branches | test_gate_branches |
| gate freeze | test_gate_freeze, test_a_freeze_stops_no_look |
| gate drift: fail, discard, rescue, migration | test_gate_drift_..., test_a_migration_is_no_drift |
| gate version_skew | test_gate_version_skew_..., test_without_the_repository_the_releases_are_compared |
| gate unconfigured_datasources: fail, warn, credentials | test_gate_unconfigured_... |
| the same for new ones | test_gate_new_datasource_needs_credentials |
| gate datasource_clash | test_gate_datasource_clash |
| gate manual_datasources | test_gate_manual_datasources |
| gate secrets | test_gate_secrets |
| locks: taken, held, leaked | test_a_lock_... |
| 400 but deployed | test_refused_but_deployed_is_a_success_with_a_warning |
| 200 but not deployed | test_accepted_but_not_deployed_is_a_failure |
| time-out, connection lost, 502 | test_a_lost_answer_is_looked_at_and_never_repeated |
| WriteConflict, NoSuchTransaction, lanes | test_a_conflict_..., test_lanes_side_by_side_... |
| published view lost | test_a_lost_view_comes_back |
| killed run, killed server | test_a_killed_run_..., test_a_killed_server_... |
| half done | test_a_half_done_deployment_is_finished |
| one failing, stop_on_error | test_one_that_fails_does_not_stop_the_others |
| waves, tests, held | test_waves_..., test_more_than_ten_have_a_canary |
| records | test_a_promotion_leaves_records |
| way back | test_the_way_back_... |
| merge by Git | test_a_merge_by_git |
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from appsmith_sandbox import process
from stage import CHECKOUT, ansible_environment
from worlds import AUTHOR, Application, World, entry, git, wait_until, written


@pytest.fixture(params=["v1.60", "v1.91"])
def world(request: pytest.FixtureRequest, world_of: Callable[[str], World]) -> Iterator[World]:
    world = world_of(request.param)
    yield world
    world.no_faults()


def _refusals() -> dict[str, list[re.Pattern[str]]]:
    """What docs/promotion.md quotes, by gate; an ellipsis stands for anything, and orders for the application."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for section in (CHECKOUT / "docs" / "promotion.md").read_text(encoding="utf-8").split("\n### ")[1:]:
        gate = section.splitlines()[0]
        for quoted in re.findall(r"^> (.*)$", section, re.MULTILINE):
            text = ".*".join(map(re.escape, re.sub(r"'(orders|Year end)'", "'…'", quoted).split("…")))
            found.setdefault(gate, []).append(re.compile(text, re.DOTALL))
    return found


REFUSALS = _refusals()


def documented(gate: str, message: str) -> bool:
    """Whether the guide has this refusal."""
    return any(pattern.search(message) for pattern in REFUSALS[gate])


def deployed(result: dict[str, Any], *applications: Application) -> None:
    assert not result["failed"], result["msg"]
    for application in applications:
        found = entry(result, application)
        assert (found["state"], found["changed"], found["failed"]) == ("deployed", True, False), found


def refused(result: dict[str, Any], application: Application, gate: str) -> dict[str, Any]:
    found = entry(result, application)
    assert result["failed"] and found["failed"], found
    assert (found["state"], found["gate"], found["changed"]) == ("refused", gate, False), found
    assert found["error"]["next_step"] and documented(gate, found["msg"]), found["msg"]
    return found


# -- selection, plan, results ------------------------------------------------------------------------------------------
def test_applications_are_named_by_name_workspace_repository_or_not_at_all(world: World) -> None:
    one = world.application("selected-one", workspace="Selected")
    two = world.application("selected-two", workspace="Selected")
    far = world.application("selected-far", workspace="Selected elsewhere")

    def found(**options: Any) -> set[str]:
        result = world.module("promotion_info", **options)
        return {application["name"] for application in result["applications"]}

    assert found(workspaces=["Selected"]) == {one.name, two.name}
    assert found(workspaces=["Selected"], applications=[two.name]) == {two.name}
    assert found(repositories=[far.remote_url.removesuffix(".git")]) == {far.name}
    assert found(applications=[one.name, far.name]) == {one.name, far.name}
    assert {one.name, two.name, far.name} <= found()
    wrong = world.run("promotion_info", workspaces=["Selected"], applications=["nowhere"])
    assert wrong["failed"] and "nowhere" in wrong["msg"] and one.name in wrong["msg"]


def test_an_unchanged_application_costs_a_fetch(world: World, tmp_path: Path) -> None:
    application = world.application()
    application.edit("SELECT 1")
    options = {"ledger_directory": str(tmp_path)}
    deployed(world.promote(application, **options), application)
    with world.watched() as seen:
        again = world.promote(application, **options)
    assert not again["changed"] and entry(again, application)["state"] == "current"
    assert len(seen.of(application)) == 1 and "fetch" in seen.of(application)[0]
    assert seen.writes == []


def test_the_plan_is_what_the_promotion_does(world: World) -> None:
    application, current = world.application(), world.application()
    before = application.tip()
    application.edit("SELECT 42", message="Answer with forty-two")
    with world.watched() as seen:
        plan = world.promote(application, current, info=True, **world.reading)
        predicted = world.promote(application, current, check=True, diff=True, **world.reading)
    assert seen.writes == []
    assert not plan["changed"] and predicted["changed"]
    for result in (plan, predicted):
        found = entry(result, application)
        assert (found["state"], found["plan"], found["behind"]) == ("behind", "full", 1)
        assert (found["commit_before"], found["commit_after"]) == (before, application.tip())
        assert [one["subject"] for one in found["commits"]] == ["Answer with forty-two"]
        assert found["commits"][0]["author"].startswith("Grace Developer")
        assert found["changes"]["queries"]["changed"] == ["Dashboard/list_orders"]
        assert entry(result, current)["state"] == "current"
    said = json.dumps(predicted["diff"])
    assert "Answer with forty-two" in said and application.name in said and "list_orders" in said
    done = world.promote(application, current, **world.reading)
    deployed(done, application)
    found = entry(done, application)
    assert (found["commit_before"], found["commit_after"]) == (before, application.tip())
    assert found["changes"]["queries"]["changed"] == ["Dashboard/list_orders"]
    assert found["seconds"] > 0 and application.published == "SELECT 42"
    assert (done["summary"]["total"], done["summary"]["changed"]) == (2, 1)


def test_without_the_repository_the_plan_has_counts(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    found = entry(world.promote(application, info=True), application)
    assert (found["plan"], found["behind"], found["commits"]) == ("counts", 1, [])
    done = world.promote(application)
    deployed(done, application)
    # What changed is known afterwards, from the views.
    assert entry(done, application)["changes"]["queries"]["changed"] == ["Dashboard/list_orders"]


def test_a_repository_that_can_not_be_read_degrades_the_plan(world: World, tmp_path: Path) -> None:
    application = world.application()
    application.edit("SELECT 1")
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    found = entry(
        world.promote(application, info=True, **{**world.reading, "git_ssh_key_file": str(stranger)}), application
    )
    assert (found["plan"], found["state"], found["failed"]) == ("counts", "behind", False)
    assert any("read" in text for text in found["warnings"])


def test_a_target_that_people_edit_is_pulled(world: World) -> None:
    application = world.application(write=True)
    application.edit("SELECT 1")
    deployed(world.promote(application, strategy="pull"), application)
    assert application.published == "SELECT 1"
    application.edit("SELECT 2")
    application.change("SELECT 3")
    refused(world.promote(application, strategy="pull", drift="discard"), application, "drift")


# -- gates -------------------------------------------------------------------------------------------------------------
def closed(world: World, application: Application, gate: str, **options: Any) -> dict[str, Any]:
    """The gate is closed in the plan and in the run; nothing was written, and users have what they had."""
    before = application.published
    with world.watched() as seen:
        planned = refused(world.promote(application, check=True, **options), application, gate)
        done = refused(world.promote(application, **options), application, gate)
    assert seen.writes == []
    assert planned["msg"] == done["msg"]
    assert application.published == before
    return done


def test_gate_branches(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    said = closed(world, application, "branches", allowed_branches=["release/*", "main"])
    assert "master" in said["msg"] and "release/*" in said["msg"]
    warned = world.promote(application, allowed_branches=["main"], branches="warn")
    deployed(warned, application)
    assert any("master" in text for text in entry(warned, application)["warnings"])
    application.edit("SELECT 2")
    deployed(world.promote(application, allowed_branches=["mas*"]), application)


def _window(name: str, begin: timedelta, end: timedelta) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "name": name,
        "start": (now + begin).strftime("%Y-%m-%dT%H:%M"),
        "end": (now + end).strftime("%Y-%m-%dT%H:%M"),
        "timezone": "UTC",
    }


OPEN = _window("Inventory week", timedelta(days=-1), timedelta(days=1))


def test_gate_freeze(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    before = application.published
    with world.watched() as seen:
        result = world.promote(application, freeze_windows=[OPEN])
    assert result["failed"] and "Inventory week" in result["msg"] and documented("freeze", result["msg"])
    assert seen.writes == [] and application.published == before
    past = _window("Last year", timedelta(days=-400), timedelta(days=-390))
    warned = world.promote(application, freeze_windows=[past, OPEN], freeze="warn")
    deployed(warned, application)
    assert "Inventory week" in json.dumps(warned["warnings"])


def test_a_freeze_stops_no_look(world: World) -> None:
    application = world.application()
    assert not world.promote(application, freeze_windows=[OPEN])["failed"]


def test_gate_drift_refuses_and_names_the_files(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    application.change("SELECT 'by hand'")
    said = closed(world, application, "drift")
    assert "list_orders" in said["msg"] and any("list_orders" in one for one in said["uncommitted"])


def test_gate_drift_discards_where_it_may(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    application.change("SELECT 'by hand'")
    result = world.promote(application, drift="discard")
    deployed(result, application)
    assert any("list_orders" in one for one in entry(result, application)["discarded"])
    assert application.published == "SELECT 1"


def test_gate_drift_rescues_to_a_branch_of_the_repository(world: World) -> None:
    application = world.application(write=True)
    application.edit("SELECT 1")
    application.change("SELECT 'by hand'")
    branch = f"rescued/{application.name}"
    options = {
        "drift": "rescue",
        "rescue_branch": branch,
        "git_author_name": "Ada",
        "git_author_email": "ada@example.com",
    }
    with world.watched() as seen:
        predicted = world.promote(application, check=True, **options)
    assert seen.writes == [] and predicted["changed"] and branch not in application.branches
    result = world.promote(application, **options)
    deployed(result, application)
    assert branch in (entry(result, application)["rescued_to"] or "")
    assert branch in application.branches
    rescued = application.read("pages/Dashboard/queries/list_orders/metadata.json", branch)
    assert rescued["unpublishedAction"]["actionConfiguration"]["body"] == "SELECT 'by hand'"
    assert application.published == "SELECT 1"
    assert not world.promote(application, **options)["changed"]


def test_gate_drift_rescues_to_a_file_where_the_key_may_not_write(world: World, tmp_path: Path) -> None:
    application = world.application()
    application.edit("SELECT 1")
    application.change("SELECT 'by hand'")
    saved = tmp_path / "rescued"
    result = world.promote(application, drift="rescue", rescue_directory=str(saved))
    deployed(result, application)
    file = Path(entry(result, application)["rescued_to"])
    assert file.is_relative_to(saved) and file.stat().st_mode & 0o777 == 0o600
    assert "SELECT 'by hand'" in file.read_text()
    assert application.published == "SELECT 1" and application.branches == ["master"]


def test_a_migration_is_no_drift(world: World) -> None:
    if world.release == "v1.60":
        # What an older release wrote does not exist here: a person's change stays one beside a clean application.
        application = world.application()
        application.change("SELECT 'by hand'")
        assert entry(world.promote(application), application)["drift"] == "changes"
        return
    application = world.application(of="v1.60")
    application.edit("SELECT 1")
    plan = entry(world.promote(application, info=True), application)
    assert (plan["drift"], plan["gate"]) == ("migration", None)
    deployed(world.promote(application), application)
    assert application.published == "SELECT 1"


def test_gate_version_skew_by_the_format_in_the_repository(world: World) -> None:
    application = world.application()
    metadata = {**application.read("metadata.json"), "serverSchemaVersion": 13, "clientSchemaVersion": 2}
    application.commit("Written by a newer release", {"metadata.json": written(metadata)})
    said = closed(world, application, "version_skew", **world.reading)
    assert "v2.5" in said["error"]["next_step"]
    # Override: the gate is open, and the server itself refuses.
    tried = entry(world.promote(application, skew="warn", appsmith_git_lock_timeout=1, **world.reading), application)
    assert tried["gate"] is None and any("newer" in text or "format" in text for text in tried["warnings"])


def test_without_the_repository_the_releases_are_compared(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    closed(world, application, "version_skew", source_version="v2.5")
    deployed(world.promote(application, source_version=world.release), application)


def test_gate_unconfigured_datasources(world: World) -> None:
    application = world.application(workspace=f"Unconfigured {world.release}", configured=False)
    application.edit("SELECT 1")
    said = closed(world, application, "unconfigured_datasources")
    assert "orders_db" in said["msg"]
    deployed(world.promote(application, unconfigured="warn"), application)
    assert application.published == "SELECT 1"


def test_gate_unconfigured_datasources_are_configured_with_the_credentials_given(world: World) -> None:
    application = world.application(workspace=f"Credentials {world.release}", configured=False)
    application.edit("SELECT 1")
    given = {"datasources": world.credentials_of("orders_db", "legacy_mysql")}
    with world.watched() as seen:
        predicted = world.promote(application, check=True, **given)
    assert seen.writes == [] and not predicted["failed"] and predicted["changed"]
    result = world.promote(application, **given)
    deployed(result, application)
    found = entry(result, application)
    assert [one["name"] for one in found["configured_datasources"]] == ["orders_db"]
    assert found["unconfigured_datasources"] == []
    assert "db-production" not in json.dumps(result)
    assert application.workspace_datasources == ["orders_db"]


SYNC_ID = "6b0300aac84d146fb2491588_5f0c1f0e-5d2b-4e0a-9f6c-0d6f0a1b2c3d"


def test_gate_new_datasource_needs_credentials(world: World) -> None:
    application = world.application(workspace=f"New {world.release}")
    application.use_datasource("billing_api", "restapi-plugin", SYNC_ID)
    said = closed(world, application, "unconfigured_datasources", **world.reading)
    assert "billing_api" in said["msg"]
    given = {**world.reading, "datasources": world.credentials_of("billing_api")}
    result = world.promote(application, **given)
    deployed(result, application)
    assert [one["name"] for one in entry(result, application)["configured_datasources"]] == ["billing_api"]
    assert not world.promote(application, **given)["changed"]
    assert application.workspace_datasources == ["billing_api", "orders_db"]


def test_gate_datasource_clash(world: World) -> None:
    workspace = f"Clash {world.release}"
    application = world.application(workspace=workspace)
    taken = {**world.credentials_of("orders_db")[0], "name": "billing_api"}
    world.module("datasources", workspace=workspace, datasources=[taken], test=False)
    application.use_datasource("billing_api", "restapi-plugin", SYNC_ID)
    options = {**world.reading, "datasources": world.credentials_of("billing_api")}
    said = closed(world, application, "datasource_clash", **options)
    assert "billing_api" in said["msg"]
    assert application.workspace_datasources == ["billing_api", "orders_db"]
    result = world.promote(application, clash="warn", unconfigured="warn", **world.reading)
    assert entry(result, application)["gate"] is None
    assert any("billing_api" in text for text in entry(result, application)["warnings"])


def test_gate_manual_datasources(world: World) -> None:
    application = world.application(workspace=f"Manual {world.release}")
    application.use_datasource("roster", "google-sheets-plugin", SYNC_ID)
    said = closed(world, application, "manual_datasources", manual="fail", unconfigured="warn", **world.reading)
    assert "roster" in said["msg"] and "Dashboard" in said["msg"]
    planned = entry(world.promote(application, info=True, unconfigured="warn", **world.reading), application)
    assert [(one["name"], one["pages"]) for one in planned["datasources_by_hand"]] == [("roster", ["Dashboard"])]
    assert planned["datasources_by_hand"][0]["done"]
    deployed(world.promote(application, unconfigured="warn", **world.reading), application)


# Made up, in the shape that a scanner looks for.
SECRET = "AKIA" + "Z7QWERTY2UIOP4AS"


def test_gate_secrets(world: World) -> None:
    application = world.application()
    application.edit(f"SELECT * FROM s3 WHERE aws_access_key_id = '{SECRET}'", message="Read from S3")
    said = closed(world, application, "secrets", secrets="fail", **world.reading)
    found = said["secrets"]
    assert len(found) == 1 and "list_orders" in found[0]["path"] and found[0]["fingerprint"]
    ignored = entry(world.promote(application, info=True, secrets="ignore", **world.reading), application)
    assert ignored["secrets"] is None
    known = [found[0]["fingerprint"]]
    allowed = world.promote(application, check=True, secrets="fail", secrets_allowed=known, **world.reading)
    assert not allowed["failed"], allowed["msg"]
    warned = world.promote(application, **world.reading)
    deployed(warned, application)
    assert any("list_orders" in text for text in entry(warned, application)["warnings"])
    assert SECRET not in json.dumps([said, ignored, allowed, warned])


# -- locks -------------------------------------------------------------------------------------------------------------
def test_a_lock_that_ends_is_waited_out(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    world.fault("locked", application, seconds=0.5)
    deployed(world.promote(application), application)


def test_a_lock_that_stays_is_reported(world: World) -> None:
    application, other = world.application(), world.application()
    for one in (application, other):
        one.edit("SELECT 1")
    world.fault("locked", application)
    result = world.promote(application, other, appsmith_git_lock_timeout=1)
    said = entry(result, application)
    assert result["failed"] and said["state"] == "failed" and "lock" in said["msg"].lower()
    assert said["error"]["code"] and said["error"]["next_step"]
    assert entry(result, other)["state"] == "deployed"
    world.no_faults()
    deployed(world.promote(application), application)


def test_a_lock_that_a_refused_call_left_is_waited_out(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    world.fault("lock-leaked", application)
    deployed(world.promote(application), application)


# -- misbehaviour ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("strategy", ["discard", "pull"])
def test_refused_but_deployed_is_a_success_with_a_warning(world: World, strategy: str) -> None:
    application = world.application(write=True)
    application.edit("SELECT 1")
    world.fault("refused-after", application, call=strategy)
    result = world.promote(application, strategy=strategy)
    deployed(result, application)
    assert entry(result, application)["warnings"] and application.published == "SELECT 1"


def test_accepted_but_not_deployed_is_a_failure(world: World) -> None:
    application = world.application()
    application.edit("SELECT 1")
    before = application.published
    world.fault("nothing", application)
    result = world.promote(application)
    found = entry(result, application)
    assert result["failed"] and found["failed"] and found["state"] == "failed"
    assert application.published == before
    deployed(world.promote(application), application)
    assert application.published == "SELECT 1"


@pytest.mark.parametrize(
    ("kind", "more"),
    [("no-answer", {}), ("reset", {}), ("gateway", {"status": 504})],
    ids=["no answer", "connection reset", "504 of a proxy"],
)
def test_a_lost_answer_is_looked_at_and_never_repeated(world: World, kind: str, more: dict[str, Any]) -> None:
    application = world.application()
    application.edit("SELECT 1")
    world.fault(kind, application, done=True, **more)
    with world.watched(until="discard") as seen:
        result = world.promote(application, appsmith_timeout=2)
    deployed(result, application)
    assert entry(result, application)["warnings"]
    assert len([path for path in seen.writes if "discard" in path]) == 1
    assert application.published == "SELECT 1"


@pytest.mark.parametrize("kind", ["write-conflict", "no-such-transaction"])
def test_a_conflict_in_the_database_is_not_taken_for_a_deployment(world: World, kind: str) -> None:
    application = world.application()
    application.edit("SELECT 1")
    world.fault(kind, application)
    world.promote(application)
    # Whether this run repeated it or the next one does: it ends up deployed.
    world.promote(application)
    assert application.published == "SELECT 1"
    assert entry(world.promote(application), application)["state"] == "current"


def test_lanes_side_by_side_repeat_alone_what_they_broke(world: World) -> None:
    applications = [world.application() for _one in range(4)]
    for one in applications:
        one.edit("SELECT 1")
    deployed(world.promote(*applications, deploy_width=4), *applications)
    assert [one.published for one in applications] == ["SELECT 1"] * 4


def test_a_half_done_deployment_is_finished(world: World, tmp_path: Path) -> None:
    application = world.application()
    application.edit("SELECT 1")
    application.half_deploy()
    assert application.published != "SELECT 1"
    with world.watched() as seen:
        plan = world.promote(application, info=True, ledger_directory=str(tmp_path))
    assert (entry(plan, application)["state"], entry(plan, application)["behind"]) == ("interrupted", 0)
    assert seen.writes == []
    deployed(world.promote(application, ledger_directory=str(tmp_path)), application)
    assert application.published == "SELECT 1"


def test_a_lost_view_comes_back(world: World) -> None:
    application = world.application()
    world.fault("view-lost", application)
    deployed(world.promote(application), application)
    assert application.published is not None


def test_a_killed_run_is_found_and_finished_by_the_next(world: World, tmp_path: Path) -> None:
    applications = [world.application() for _one in range(3)]
    options = {"ledger_directory": str(tmp_path), "applications": [one.name for one in applications]}
    for one in applications:
        one.edit("SELECT 1")
    deployed(world.promote(*applications, **options), *applications)
    for one in applications:
        one.edit("SELECT 2")
    late = world.fault("late", applications[1])
    arguments = {**world.connection, **options, "workspaces": ["Production"]}
    running = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("ansible")), "localhost", "-m", "stagecraft.appsmith.promotion",
            "-e", json.dumps({"ansible_python_interpreter": sys.executable}), "-a", json.dumps(arguments),
        ],
        cwd=tmp_path,
        env=ansible_environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        world.wait_for(late)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    world.no_faults()
    assert [one.published for one in applications].count("SELECT 1") >= 1
    result = world.promote(*applications, **options)
    assert not result["failed"], result["msg"]
    assert [one.published for one in applications] == ["SELECT 2"] * 3
    again = world.promote(*applications, **options)
    assert not again["changed"]


def test_a_killed_server_is_found_half_done_and_finished(world: World) -> None:
    application, other = world.application(), world.application()
    for one in (application, other):
        one.edit("SELECT 1")
    killed = world.fault("killed", application)

    def revive() -> None:
        world.wait_for(killed)
        wait_until(lambda: not process.status(world.root)["running"])
        process.start(world.root, world.port, world.release, time_scale=world.stage.time_scale)

    supervisor = threading.Thread(target=revive)
    supervisor.start()
    result = world.promote(application, other, appsmith_git_lock_timeout=3)
    supervisor.join()
    # Whatever this run could make of it, the next one leaves nothing half done.
    assert result["applications"]
    result = world.promote(application, other)
    assert not result["failed"], result["msg"]
    assert [application.published, other.published] == ["SELECT 1", "SELECT 1"]
    assert not world.promote(application, other)["changed"]


def test_one_that_fails_does_not_stop_the_others(world: World) -> None:
    bad, drifted, good = world.application(), world.application(), world.application()
    for one in (bad, drifted, good):
        one.edit("SELECT 1")
    drifted.change("SELECT 'by hand'")
    world.fault("nothing", bad, times=0)
    with world.watched() as seen:
        held = world.promote(bad, drifted, good, stop_on_error=True)
    assert held["failed"] and good.published != "SELECT 1"
    result = world.promote(bad, drifted, good)
    assert result["failed"]
    assert {one["name"]: one["state"] for one in result["applications"]} == {
        bad.name: "failed",
        drifted.name: "refused",
        good.name: "deployed",
    }
    assert "drift" in result["msg"] and bad.name in result["msg"] and good.name not in result["msg"]
    assert seen.requests


# -- waves and tests ---------------------------------------------------------------------------------------------------
def test_waves_stop_at_a_failing_test_and_go_on_when_it_passes(world: World, tmp_path: Path) -> None:
    first, second, third = (world.application() for _one in range(3))
    for one in (first, second, third):
        one.edit("SELECT 1")
    options: dict[str, Any] = {
        "ledger_directory": str(tmp_path),
        "waves": [{"name": "canary", "applications": [second.name]}, {"name": "rest"}],
    }
    failing = [{"application": second.name, "pages": ["Nowhere"]}]
    result = world.promote(first, second, third, smoke_tests=failing, **options)
    assert result["failed"] and "Nowhere" in json.dumps(result["tests"])
    states = {one["name"]: (one["state"], one["wave"]) for one in result["applications"]}
    assert states[second.name] == ("deployed", "canary")
    assert states[first.name][0] == states[third.name][0] == "held"
    # The next run does not go on as if nothing had been.
    with world.watched() as seen:
        again = world.promote(first, second, third, smoke_tests=failing, **options)
    assert again["failed"] and seen.writes == []
    passing = [{"application": second.name, "pages": ["Dashboard", "Order"]}, {"application": third.name}]
    result = world.promote(first, second, third, smoke_tests=passing, **options)
    deployed(result, first, third)
    assert all(not one["failed"] for one in result["tests"])
    assert not world.promote(first, second, third, smoke_tests=passing, **options)["changed"]


def test_waves_are_shares_of_what_is_due(world: World) -> None:
    applications = [world.application() for _one in range(4)]
    for one in applications[1:]:
        one.edit("SELECT 1")
    waves = [{"name": "a third", "percent": 34}, {"name": "rest"}]
    result = world.promote(*applications, waves=waves)
    deployed(result, *applications[1:])
    found = [entry(result, one)["wave"] for one in applications]
    assert found[0] is None and sorted(map(str, found[1:])) == ["a third", "a third", "rest"]


def test_more_than_ten_have_a_canary(world: World) -> None:
    applications = [world.application() for _one in range(11)]
    for one in applications:
        one.edit("SELECT 1")
    failing = [{"application": one.name, "pages": ["Nowhere"]} for one in applications]
    result = world.promote(*applications, smoke_tests=failing)
    assert result["failed"]
    states = [one["state"] for one in result["applications"]]
    assert (states.count("deployed"), states.count("held")) == (2, 9)
    deployed(world.promote(*applications), *[one for one in applications if one.published != "SELECT 1"][:0])
    assert {one.published for one in applications} == {"SELECT 1"}


# -- records and the way back ------------------------------------------------------------------------------------------
def _ledger(folder: Path) -> list[dict[str, Any]]:
    file = folder / "promotions.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_promotion_leaves_records(world: World, tmp_path: Path) -> None:
    application, drifted, current = world.application(), world.application(), world.application()
    before = application.tip()
    application.edit("SELECT 1")
    drifted.edit("SELECT 1")
    drifted.change("SELECT 'by hand'")
    options = {"ledger_directory": str(tmp_path), "promoted_by": "Ada", "tag": "always", **world.writing}
    world.promote(application, drifted, current, check=True, **options)
    assert not (tmp_path / "promotions.jsonl").exists() and application.tags == []
    world.promote(application, drifted, current, **options)
    lines = {one["application"]: one for one in _ledger(tmp_path)}
    assert set(lines) == {application.name, drifted.name}
    line = json.dumps(lines[application.name])
    assert before in line and application.tip() in line and "Ada" in line
    assert [tag for tag in application.tags if tag.startswith("promotion/") and "/master/" in tag] == application.tags
    assert len(application.tags) == 1 and drifted.tags == []
    told = world.run("promotion_history_info", ledger_directory=str(tmp_path))
    assert application.name in json.dumps(told) and not told["failed"]
    # Nothing to do leaves no record.
    world.promote(application, current, **options)
    assert len(_ledger(tmp_path)) == 2 and len(application.tags) == 1


def test_a_read_only_key_leaves_the_ledger_only(world: World, tmp_path: Path) -> None:
    application = world.application()
    application.edit("SELECT 1")
    deployed(world.promote(application, ledger_directory=str(tmp_path), **world.reading), application)
    assert len(_ledger(tmp_path)) == 1 and application.tags == []


def test_the_way_back_is_a_new_commit_with_the_earlier_content(world: World, tmp_path: Path) -> None:
    application = world.application()
    options = {"ledger_directory": str(tmp_path), **world.writing}
    for body in ("SELECT 'good'", "SELECT 'bad'"):
        application.edit(body)
        deployed(world.promote(application, **options), application)
    bad = application.tip()
    good = f"{bad}~1"
    back = {"workspaces": ["Production"], "applications": [application.name], "to": "previous", **options}
    author = {"author_name": AUTHOR["name"], "author_email": AUTHOR["email"]}
    with world.watched() as seen:
        predicted = world.module("git_revert", check=True, diff=True, **back, **author)
    assert predicted["changed"] and seen.writes == [] and application.tip() == bad
    result = world.module("git_revert", **back, **author)
    assert result["changed"] and application.published == "SELECT 'good'"
    # On top of what was there, with the earlier content: no history is rewritten.
    assert application.tree() == application.tree(good)
    assert application.tip() != bad and application.tip("master~1") == bad
    again = world.module("git_revert", **back, **author)
    assert not again["changed"] and application.tip("master~1") == bad
    assert "revert" in json.dumps(_ledger(tmp_path)[-1])


def test_the_way_back_to_a_commit_is_finished_after_a_kill(world: World, tmp_path: Path) -> None:
    application = world.application()
    options = {"ledger_directory": str(tmp_path), **world.writing}
    first = application.tip()
    application.edit("SELECT 'bad'")
    deployed(world.promote(application, **options), application)
    back = {"workspaces": ["Production"], "applications": [application.name], "to": first, **options}
    # Only the commit, as a run that was killed between the push and the deployment leaves it.
    world.module("git_revert", deploy=False, **back)
    pushed = application.tip()
    assert application.tree() == application.tree(first) and application.published == "SELECT 'bad'"
    result = world.module("git_revert", **back)
    assert result["changed"] and application.tip() == pushed
    assert application.published != "SELECT 'bad'"


def test_the_way_back_needs_a_key_that_writes_and_a_known_commit(world: World, tmp_path: Path) -> None:
    application = world.application()
    first = application.tip()
    application.edit("SELECT 'bad'")
    deployed(world.promote(application), application)
    tip = application.tip()
    back = {"workspaces": ["Production"], "applications": [application.name]}
    for to, access in ((first, world.reading), ("0" * 40, world.writing), ("previous", world.writing)):
        result = world.run("git_revert", to=to, ledger_directory=str(tmp_path), **back, **access)
        assert result["failed"] and application.tip() == tip and application.published == "SELECT 'bad'"


# -- merges by Git -----------------------------------------------------------------------------------------------------
def test_a_merge_by_git_is_pushed_or_says_what_conflicts(world: World) -> None:
    application = world.application(branch="staging")
    edited = application.edit("SELECT 1", branch="staging")
    merge = {"source": "staging", "destination": "master", "author_name": "Ada", "author_email": "ada@example.com"}
    one = {"repositories": [application.remote_url], **merge}
    before = application.tip()
    assert world.module("repository_merge", check=True, **one, **world.writing)["changed"]
    assert application.tip() == before
    refused_push = world.run("repository_merge", **one, **world.reading)
    assert refused_push["failed"] and application.tip() == before
    done = world.module("repository_merge", **one, **world.writing)
    assert done["changed"] and done["results"][0]["changed"] and edited in git_log(application)
    assert not world.module("repository_merge", **one, **world.writing)["changed"]
    application.edit("SELECT 2", branch="staging")
    application.edit("SELECT 3")
    tip = application.tip()
    conflict = world.run("repository_merge", **one, **world.writing)
    assert conflict["failed"] and "list_orders" in conflict["msg"] and application.tip() == tip


def git_log(application: Application) -> str:
    return git(application.path, "log", "--format=%H", "master")
