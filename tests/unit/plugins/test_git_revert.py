# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module git_revert, with real repositories and an instance that shows what was deployed of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _repository, _repository_module
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_record import record
from conftest import SESSION, URL, envelope
from git_calls import EDITED, WORKSPACE, application, export, status
from git_remotes import PROTECTED, Remote, by_script, read_only
from promotion_world import World

Run = Callable[..., dict[str, Any]]
QUERY = "pages/Order/queries/get_order/get_order.txt"
METADATA = "metadata.json"


class GitWorld(World):
    """An instance that shows commits of real repositories."""

    def __init__(self, folder: Path, *names: str) -> None:
        super().__init__(*names)
        (folder / "acme").mkdir()
        self.remotes = {name: Remote(folder / "acme", name=name) for name in names}
        self.shown = {name: remote.tip() for name, remote in self.remotes.items()}
        self.dirty: list[str] = []

    def address(self, name: str) -> str:
        return f"git@git.example.com:acme/{name}.git"

    def body(self, name: str) -> str:
        return str(self.remotes[name].bare.git.show(f"{self.shown[name]}:{QUERY}"))

    def _read(self, app: Any, kind: str, query: dict[str, str]) -> Any:
        if app:
            remote = self.remotes[app.name]
            app.behind = int(remote.bare.git.rev_list("--count", f"{self.shown[app.name]}..master"))
            if kind == "export":
                return export(self.body(app.name))
            if kind == "status" and app.name in self.dirty:
                return envelope(status(behind=app.behind, modified=EDITED))
        return super()._read(app, kind, query)

    def _deploy(self, app: Any) -> tuple[int, Any]:
        tip = self.remotes[app.name].tip()
        answer = super()._deploy(app)
        if app.behind == 0 and not app.half_done:
            self.shown[app.name] = tip
        return answer


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path, "orders", "desk")
    allow(monkeypatch, by_script(tmp_path))
    with made.served():
        yield made


def allow(monkeypatch: pytest.MonkeyPatch, access: Any) -> None:
    monkeypatch.setattr(_repository_module, "Access", lambda *given: access)
    monkeypatch.setattr(_repository, "Access", lambda *given: access)


@pytest.fixture
def remote(world: GitWorld) -> Remote:
    return world.remotes["orders"]


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return str(tmp_path / "ledger")


def promote(world: GitWorld, ledger: str, text: str, name: str = "orders", *, state: str = "deployed") -> str:
    """A commit of somebody's that was promoted, as the ledger has it."""
    remote = world.remotes[name]
    remote.work.git.pull("--ff-only", "origin", "master")
    before, after = remote.tip(), remote.commit({QUERY: text}, f"{name}: {text}")
    entry = {
        "name": name,
        "workspace": WORKSPACE,
        "repository": world.address(name),
        "branch": "master",
        "state": state,
        "commit_before": before,
        "commit_after": after,
    }
    count = len(list(remote.bare.iter_commits("master")))
    time = f"2026-11-{count:02d}T10:00:00Z"
    record([entry], instance=URL, version="v1.91", who="Dana", began=time, ended=time, ledger_directory=ledger)
    if state == "deployed":
        world.shown[name] = after
    return after


def revert(run_module: Run, ledger: str | None, *names: str, **more: Any) -> dict[str, Any]:
    modes = {key: more.pop(key) for key in ("check_mode", "diff") if key in more}
    params = {"applications": list(names or ("orders",)), "ledger_directory": ledger, "tag": "never", **more}
    return run_module("git_revert", params, **modes)


def one(result: dict[str, Any]) -> dict[str, Any]:
    assert len(result["applications"]) == 1
    entry: dict[str, Any] = result["applications"][0]
    return entry


def lines(ledger: str) -> list[dict[str, Any]]:
    return list(Ledger(ledger).read())


# -- the way back -----------------------------------------------------------------------------------------------------
def test_an_application_goes_back_to_the_promotion_before(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    first = promote(world, ledger, "select 2")
    second = promote(world, ledger, "select 3")
    result = revert(run_module, ledger, diff=True)
    assert result["changed"] and not result["failed"], result.get("msg")
    entry = one(result)
    tip = remote.tip()
    assert world.body("orders") == "select 2" and world.shown["orders"] == tip
    assert remote.tree() == remote.tree(first) and remote.bare.commit("master").parents[0].hexsha == second
    assert (entry["state"], entry["reverted_to"], entry["revert_commit"]) == ("deployed", first, tip)
    assert [commit["id"] for commit in entry["undone"]] == [second] and entry["files"]["changed"] == [QUERY]
    assert (entry["commit_before"], entry["commit_after"], entry["tip_before"]) == (second, tip, second)
    assert entry["changes"]["queries"]["changed"] == ["Order/get_order"] and entry["pushed"]
    assert remote.bare.commit("master").message.startswith(f"Go back to {first[:10]} (promoted 2026-11-")
    last = lines(ledger)[-1]
    assert (last["kind"], last["state"], last["reverted_to"], last["commit_after"]) == (
        "revert",
        "deployed",
        first,
        tip,
    )
    assert "prepared" in result["diff"]


def test_a_second_run_changes_nothing(world: GitWorld, remote: Remote, ledger: str, run_module: Run) -> None:
    promote(world, ledger, "select 2")
    promote(world, ledger, "select 3")
    revert(run_module, ledger)
    tip = remote.tip()
    world.calls.clear()
    result = revert(run_module, ledger)
    assert not result["changed"] and not result["failed"] and remote.tip() == tip
    assert one(result)["state"] == "current" and one(result)["revert_commit"] is None
    assert world.of("orders") == ["fetch"], "it was proven"
    assert not revert(run_module, ledger, check_mode=True)["changed"]


def test_after_a_new_promotion_the_way_back_leads_to_what_it_replaced(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    promote(world, ledger, "select 2")
    promote(world, ledger, "select 3")
    revert(run_module, ledger)
    promote(world, ledger, "select 4")
    # The line of the way back is of today, the others of November.
    data = [json.loads(line) for line in Path(ledger, "promotions.jsonl").read_text().splitlines()]
    for number, line in enumerate(data, 1):
        line["ended"] = f"2026-11-{number:02d}T10:00:00Z"
    Path(ledger, "promotions.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in data))
    assert revert(run_module, ledger)["changed"] and world.body("orders") == "select 2"


def test_check_mode_says_the_same_and_does_nothing(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    first = promote(world, ledger, "select 2")
    second = promote(world, ledger, "select 3")
    result = revert(run_module, ledger, check_mode=True, diff=True)
    assert result["changed"] and remote.tip() == second and len(lines(ledger)) == 2
    entry = one(result)
    assert (entry["state"], entry["changed"], entry["pushed"], entry["behind"]) == ("behind", True, True, 1)
    assert (entry["reverted_to"], entry["revert_commit"], entry["commit_after"]) == (first, None, None)
    assert entry["changes"]["queries"]["changed"] == ["Order/get_order"]
    assert [commit["id"] for commit in entry["undone"]] == [second]
    assert "get_order" in result["diff"]["prepared"] and world.deployments() == []


@pytest.mark.parametrize("how", ["commit", "short", "tag"])
def test_a_commit_or_a_tag_says_where_to(
    world: GitWorld, remote: Remote, run_module: Run, how: str, tmp_path: Path
) -> None:
    world.shown["orders"] = remote.commit({QUERY: "select 2"}, "second")
    remote.bare.create_tag("release/1", ref=remote.first)
    to = {"commit": remote.first, "short": remote.first[:8], "tag": "release/1"}[how]
    result = revert(
        run_module, None, to=to, commit_message="Incident 4711", author_name="Rel", author_email="rel@example.com"
    )
    assert result["changed"] and world.body("orders") == "select 1"
    made = remote.bare.commit("master")
    assert made.message.startswith("Incident 4711\n\nContent-Of: ") and made.author.name == "Rel"


def test_tags_of_the_instance_are_enough(world: GitWorld, remote: Remote, ledger: str, run_module: Run) -> None:
    for text in ("select 2", "select 3"):
        world.shown["orders"] = remote.commit({QUERY: text}, text)
        entry = {"name": "orders", "branch": "master", "state": "deployed", "commit_after": remote.tip()}
        time = f"2026-11-0{text[-1]}T10:00:00Z"
        access = _repository_module.Access()
        for instance in (URL, "https://other.example.com"):
            record(
                [{**entry, "repository": world.address("orders")}],
                instance=instance, version="v1.91", who="Dana", began=time, ended=time, access=access, tag="always",
            )  # fmt: skip
    result = revert(run_module, None, tag="auto")
    assert result["changed"] and world.body("orders") == "select 2"
    assert one(result)["reverted_to_tag"] == "promotion/appsmith.example.com/master/20261102T100000Z"
    assert len([name for name in remote.tags() if "appsmith.example.com" in name]) == 3


def test_several_go_back_in_one_call_and_one_that_can_not_stops_no_other(
    world: GitWorld, ledger: str, run_module: Run
) -> None:
    promote(world, ledger, "select 2")
    promote(world, ledger, "select 3")
    desk = world.remotes["desk"].tip()
    result = revert(run_module, ledger, "orders", "desk")
    assert result["failed"] and result["changed"] and "no earlier promotion is recorded" in result["msg"]
    by_name = {entry["name"]: entry for entry in result["applications"]}
    assert (by_name["orders"]["state"], by_name["desk"]["state"]) == ("deployed", "failed")
    assert world.body("orders") == "select 2" and world.remotes["desk"].tip() == desk
    assert result["summary"]["changed"] == 1 and world.of("desk") == []


def test_with_stop_on_error_nothing_is_pushed(world: GitWorld, remote: Remote, ledger: str, run_module: Run) -> None:
    promote(world, ledger, "select 2")
    second = promote(world, ledger, "select 3")
    result = revert(run_module, ledger, "orders", "desk", stop_on_error=True)
    assert result["failed"] and not result["changed"] and remote.tip() == second
    assert {entry["name"]: entry["state"] for entry in result["applications"]} == {"orders": "held", "desk": "failed"}


# -- half-way ---------------------------------------------------------------------------------------------------------
def test_a_run_that_was_killed_after_the_push_is_finished(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    first = promote(world, ledger, "select 2")
    promote(world, ledger, "select 3")
    # Only pushed.
    pushed = revert(run_module, ledger, deploy=False)
    tip = remote.tip()
    assert one(pushed)["state"] == "pushed" and pushed["changed"] and world.deployments() == []
    assert not revert(run_module, ledger, deploy=False)["changed"]
    result = revert(run_module, ledger)
    assert result["changed"] and remote.tip() == tip == world.shown["orders"]
    entry = one(result)
    assert (entry["state"], entry["pushed"], entry["reverted_to"]) == ("deployed", False, first)
    assert lines(ledger)[-1]["kind"] == "revert" and lines(ledger)[-1]["reverted_to"] == first


def test_a_deployment_that_failed_half_way_goes_back_to_what_was_there(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    """The branch is ahead of the instance by a commit that didn't come through."""
    second = promote(world, ledger, "select 2")
    promote(world, ledger, "select 3", state="failed")
    result = revert(run_module, ledger, check_mode=True)
    # What users see doesn't change.
    assert one(result)["reverted_to"] == second and one(result)["changes"]["queries"]["changed"] == []
    assert revert(run_module, ledger)["changed"] and world.body("orders") == "select 2"


# -- before anything is touched ---------------------------------------------------------------------------------------
def untouched(world: GitWorld, remote: Remote, tip: str) -> None:
    assert remote.tip() == tip and world.deployments() == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_closed_gate_is_told_before_the_push(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run, check_mode: bool
) -> None:
    promote(world, ledger, "select 2")
    second = promote(world, ledger, "select 3")
    world.dirty.append("orders")
    frozen = [{"name": "always", "start": "2020-01-01", "end": "2100-01-01"}]
    result = revert(run_module, ledger, freeze_windows=frozen, check_mode=check_mode)
    assert result["failed"] and not result["changed"] and one(result)["gate"] == "freeze"
    untouched(world, remote, second)
    result = revert(run_module, ledger, allowed_branches=["release/*"], check_mode=check_mode)
    assert one(result)["gate"] == "branches" and one(result)["state"] == "refused"
    untouched(world, remote, second)


def test_a_format_that_the_release_does_not_know_is_refused(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    newer = json.dumps({"serverSchemaVersion": 99, "clientSchemaVersion": 9, "fileFormatVersion": 5})
    to = remote.commit({METADATA: newer}, "by a newer release")
    tip = remote.commit({METADATA: json.dumps({"serverSchemaVersion": 11, "clientSchemaVersion": 2})}, "back")
    world.shown["orders"] = tip
    result = revert(run_module, ledger, to=to)
    assert one(result)["gate"] == "version_skew" and not result["changed"]
    untouched(world, remote, tip)


def test_a_newer_format_at_the_tip_is_no_reason_to_stay(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    newer = json.dumps({"serverSchemaVersion": 99, "clientSchemaVersion": 9, "fileFormatVersion": 5})
    remote.commit({METADATA: newer}, "by a newer release")
    result = revert(run_module, ledger, to=remote.first)
    assert result["changed"] and not result["failed"], result.get("msg")
    assert remote.tree() == remote.tree(remote.first)


def test_what_holds_no_application_is_refused(world: GitWorld, remote: Remote, ledger: str, run_module: Run) -> None:
    to = remote.commit({METADATA: "{}"}, "no application")
    tip = remote.commit({METADATA: json.dumps({"serverSchemaVersion": 11, "clientSchemaVersion": 2})}, "again")
    result = revert(run_module, ledger, to=to)
    assert "no Appsmith application" in result["msg"]
    untouched(world, remote, tip)


@pytest.mark.parametrize("deploy", [True, False])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_key_that_may_only_read_is_refused(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    deploy: bool, check_mode: bool,
) -> None:  # fmt: skip
    second = promote(world, ledger, "select 2")
    allow(monkeypatch, read_only(tmp_path))
    result = revert(run_module, ledger, to=remote.first, deploy=deploy, check_mode=check_mode)
    assert result["failed"] and not result["changed"] and "may read, but not write" in result["msg"]
    assert one(result)["error"]["title"] == "GitKeyRefused"
    untouched(world, remote, second)


def test_a_protected_branch_is_told_and_nothing_is_deployed(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    second = promote(world, ledger, "select 2")
    remote.refuse(PROTECTED)
    result = revert(run_module, ledger, to=remote.first)
    assert one(result)["error"]["title"] == "GitProtectedBranch" and one(result)["state"] == "failed"
    assert not result["changed"] and lines(ledger)[-1]["kind"] == "revert" and lines(ledger)[-1]["state"] == "failed"
    untouched(world, remote, second)


def test_a_push_in_between_is_kept_and_told(world: GitWorld, remote: Remote, ledger: str, run_module: Run) -> None:
    promote(world, ledger, "select 2")
    # While the instance is looked at.
    theirs: list[str] = []
    world.hooks["orders status"] = lambda: theirs or theirs.append(remote.commit({"other": "1"}, "theirs"))
    result = revert(run_module, ledger, to=remote.first)
    assert one(result)["error"]["title"] == "GitUpstreamAhead" and not result["changed"]
    untouched(world, remote, theirs[0])


def test_a_deployment_that_fails_is_a_change_all_the_same(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run
) -> None:
    promote(world, ledger, "select 2")
    promote(world, ledger, "select 3")
    world["orders"].faults.append("refused")
    result = revert(run_module, ledger)
    assert result["failed"] and result["changed"] and one(result)["pushed"] and one(result)["changed"]
    assert lines(ledger)[-1]["state"] == "failed"
    again = revert(run_module, ledger)
    assert again["changed"] and not again["failed"] and world.body("orders") == "select 2"


def test_smoke_tests_run_after_it(
    world: GitWorld, ledger: str, run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(world, ledger, "select 2")
    promote(world, ledger, "select 3")

    def failing(client: Any, git: Any, targets: Any, tests: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
        return [{"name": "t", "application": test["application"], "failed": True, "msg": "no"} for test in tests]

    monkeypatch.setattr("ansible_collections.stagecraft.appsmith.plugins.module_utils._smoke.run_tests", failing)
    result = revert(run_module, ledger, smoke_tests=[{"application": "orders"}])
    assert result["failed"] and world.body("orders") == "select 2"
    assert lines(ledger)[-1]["tests"]["failed"] == 1


# -- what is asked ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"applications": None}, "one of the following is required"),
        ({"read_repositories": False}, "there is no way back"),
        ({"to": "a b"}, "neither a tag nor a commit"),
        ({"to": "v9"}, "has no tag v9"),
        ({"author_email": "x"}, "name and an e-mail address"),
        ({"width": 0}, "width must be"),
        ({"applications": ["nope"]}, "Not in these workspaces: nope"),
    ],
)
def test_what_is_wrong_is_told(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run, more: dict[str, Any], text: str
) -> None:
    result = revert(run_module, ledger, **more)
    assert result["failed"] and text in result["msg"] and not result.get("changed")
    untouched(world, remote, remote.first)


def test_applications_that_show_the_same_branch_get_one_commit(
    world: GitWorld, remote: Remote, ledger: str, run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One repository in two workspaces, or twice in one."""
    promote(world, ledger, "select 2")
    world.remotes["desk"], world.shown["desk"] = remote, remote.tip()
    monkeypatch.setattr(world, "address", lambda name: "git@git.example.com:acme/orders.git")
    monkeypatch.setattr(
        "promotion_world.application",
        lambda name, **more: application(name, **{**more, "remote": "git@git.example.com:acme/orders.git"}),
    )
    count = len(list(remote.bare.iter_commits("master")))
    result = revert(run_module, ledger, "orders", "desk", to=remote.first)
    assert not result["failed"] and [entry["state"] for entry in result["applications"]] == ["deployed", "deployed"]
    assert len(list(remote.bare.iter_commits("master"))) == count + 1
    assert len({entry["revert_commit"] for entry in result["applications"]}) == 1


def test_no_session_is_shown(world: GitWorld, ledger: str, run_module: Run) -> None:
    promote(world, ledger, "select 2")
    assert SESSION not in json.dumps(revert(run_module, ledger, to=world.remotes["orders"].first))
