# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks around a promotion, on both releases: every command of docs/promotion.md is run here, and does it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from plays import Plays, Run
from stage import ADMIN, CHECKOUT
from worlds import AUTHOR, World, git

GUIDE = (CHECKOUT / "docs" / "promotion.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ansible-playbook stagecraft\.appsmith\.(.+)$", GUIDE, re.MULTILINE)
VARIABLES = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)]
QUERY = "SELECT id, customer, total, status FROM orders ORDER BY id -- "
HOTFIX = "hotfix/late-fee"


class Ways:
    """Staging and production as two workspaces of an instance, the application orders in both."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.commands: set[str] = set()
        self.at_staging = world.application("orders", workspace="Development", write=True, branch="staging")
        self.at_production = self.at_staging.also_in("Operations")
        self.plays = Plays(folder, self._inventory())

    def _inventory(self) -> Path:
        stage, world = self.world.stage, self.world
        hosts = {
            "staging": {"appsmith_workspace": "Development", "appsmith_branch": "staging"},
            "production": {
                "appsmith_workspace": "Operations",
                "appsmith_branch": "master",
                "appsmith_datasources": world.credentials_of("orders_db"),
                "appsmith_smoke_tests": [
                    {"application": "orders", "pages": ["Dashboard", "Order"]},
                    {"application": "orders", "page": "Dashboard", "query": "list_orders",
                     "expect": "[0].customer", "equals": "orders_production"},
                ],
            },
        }  # fmt: skip
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "appsmith_url": world.url,
            "appsmith_username": ADMIN["username"],
            "appsmith_password": ADMIN["password"],
            "appsmith_production_branch": "master",
            "appsmith_git_author": AUTHOR,
            "appsmith_git_host": {"type": "gitea", "url": stage.git["url"], "token": stage.git["token"]},
            "appsmith_git_ssh_key_file": str(world.read_key),
            "appsmith_git_write_key_file": str(world.write_key),
            "appsmith_git_known_hosts_file": str(world.known_hosts),
            "appsmith_git_accept_new_host_key": True,
            "appsmith_ledger_directory": str(self.folder / "ledger"),
        }
        groups = {side: {"hosts": {f"{side}.example.com": found}} for side, found in hosts.items()}
        path = self.folder / "inventory.yml"
        return stage.write_inventory(path, {"all": {"children": {"appsmith": {"vars": variables, "children": groups}}}})

    def guide(self, *words: str, code: int = 0, check: bool = False, **extra: Any) -> Run:
        """The one command of the guide with these words; in check mode, or with more variables."""
        playbook, *wanted = words
        found = [one for one in COMMANDS if one.split()[0] == playbook and one.split()[1:] == " ".join(wanted).split()]
        assert len(found) == 1, f"{words} is {len(found)} commands of the guide"
        self.commands.add(found[0])
        more = (["--check"] if check else []) + (["-e", json.dumps(extra)] if extra else [])
        return self.plays.run(*found[0].split(), *more, code=code, writes=False if check else None)

    def edit_at_staging(self, mark: str) -> str:
        """Somebody works on staging and leaves it uncommitted."""
        self.at_staging.change(f"{QUERY}{mark}")
        return f"{QUERY}{mark}"

    def edit_master(self, mark: str) -> str:
        self.at_production.edit(f"{QUERY}{mark}", message=f"Orders: {mark}")
        return f"{QUERY}{mark}"

    def as_predicted(self, run: Callable[..., Run]) -> Run:
        """Check mode says what the run changes; a second run changes nothing."""
        predicted = run(check=True)
        done = run()
        assert predicted.changed == done.changed, (predicted.output, done.output)
        assert done.changes > 0
        return done


@pytest.fixture(scope="module")
def ways_of(world_of: Callable[[str], World], folder: Path) -> Callable[[str], Ways]:
    found: dict[str, Ways] = {}

    def ways(release: str) -> Ways:
        if release not in found:
            home = folder / f"ways-{release}"
            home.mkdir()
            found[release] = Ways(world_of(release), home)
        return found[release]

    return ways


@pytest.fixture(params=["v1.60", "v1.91"])
def ways(request: pytest.FixtureRequest, ways_of: Callable[[str], Ways]) -> Ways:
    return ways_of(request.param)


@pytest.fixture
def newest(ways_of: Callable[[str], Ways]) -> Ways:
    """For what the controller and the Git host do, whatever the release of the instances."""
    return ways_of("v1.91")


def test_the_plan_is_a_table_and_a_file(newest: Ways) -> None:
    newest.edit_master("planned")
    shown = newest.guide("plan")
    assert "Orders: planned" in shown.output and "list_orders" in shown.output
    assert shown.changes == 0
    newest.guide("plan", "-e plan_file=plan.md")
    newest.guide("plan", "-e plan_file=plan.json")
    text = (newest.folder / "plan.md").read_text()
    assert "Orders: planned" in text and "orders" in text
    plan = json.loads((newest.folder / "plan.json").read_text())
    assert "Orders: planned" in json.dumps(plan["production.example.com"])
    assert newest.at_production.published != f"{QUERY}planned"


def test_production_alone_deploys_what_its_branch_has(newest: Ways) -> None:
    body = newest.edit_master("alone")
    alone = "--limit production"
    run = newest.as_predicted(lambda **more: newest.guide("promote", alone, "-e promote_applications=orders", **more))
    assert {task for _host, task in run.changed} == {"Deploy what is new in Git"}
    assert newest.at_production.published == body
    assert newest.guide("promote", alone).changes == 0
    _back_to_staging(newest)


def _back_to_staging(ways: Ways, commit: str = "master") -> None:
    """What went into production's branch by itself goes to staging as well, as people do it."""
    world, folder = ways.world, ways.at_staging.checkout("staging")
    git(folder, "merge", "--quiet", "-m", "From production", "origin/master" if commit == "master" else commit)
    git(folder, "push", "--quiet", "origin", "staging")
    world.module("git_discard", workspace="Development", applications=["orders"], branch="staging")


def test_staging_s_work_comes_to_production(ways: Ways) -> None:
    body = ways.edit_at_staging("merged by the application")
    planned = ways.guide("promote", "--check --diff")
    run = ways.guide("promote")
    assert planned.changed == run.changed
    assert {"Commit and push what is uncommitted", "Merge on the instance", "Deploy what is new in Git"} <= {
        task for _host, task in run.changed
    }
    assert ways.at_production.published == body
    assert ways.guide("promote").changes == 0


@pytest.mark.parametrize(
    ("how", "task"), [("repository", "Merge in the repository"), ("request", "Merge by a pull request")]
)
def test_the_branch_is_merged_elsewhere(newest: Ways, how: str, task: str) -> None:
    body = newest.edit_at_staging(f"merged by {how}")
    run = newest.as_predicted(lambda **more: newest.guide("promote", f"-e promote_merge={how}", **more))
    assert ("staging.example.com", task) in run.changed
    assert newest.at_production.published == body
    _back_to_staging(newest)


def test_a_request_is_opened_today_and_merged_tomorrow(newest: Ways) -> None:
    before, body = newest.at_production.published, newest.edit_at_staging("opened")
    opening = ("promote", "--limit staging -e promote_merge=request -e promote_request_state=present")
    newest.guide(*opening)
    assert newest.guide(*opening).changes == 0
    assert (
        newest.plays.run("promote", "--limit", "production").changes == 0 and newest.at_production.published == before
    )
    newest.guide("promote", "-e promote_merge=request")
    assert newest.at_production.published == body
    _back_to_staging(newest)


def test_a_conflict_stops_before_production(newest: Ways) -> None:
    before = newest.edit_master("theirs")
    newest.guide("promote", "--limit production")
    newest.edit_at_staging("ours")
    run = newest.guide("promote", "-e promote_merge=repository", code=2)
    assert "list_orders" in run.messages[-1] and "production.example.com" not in {host for host, _task in run.changed}
    assert newest.at_production.published == before
    # Somebody solves it: staging takes production's.
    folder = newest.at_staging.checkout("staging")
    git(folder, "merge", "--quiet", "-X", "theirs", "-m", "Solve it", "origin/master")
    git(folder, "push", "--quiet", "origin", "staging")
    newest.world.module("git_discard", workspace="Development", applications=["orders"], branch="staging")


def test_an_application_goes_back(ways: Ways) -> None:
    good = ways.edit_master("good")
    ways.guide("promote", "--limit production")
    ways.edit_master("bad")
    ways.guide("promote", "--limit production")
    bad = ways.at_production.tip()
    ways.as_predicted(lambda **more: ways.guide("revert", "-e promote_applications=orders", **more))
    assert ways.at_production.published == good
    assert ways.at_production.tip("master~1") == bad
    assert ways.guide("revert", "-e promote_applications=orders").changes == 0
    refused = ways.plays.run("revert", code=2, writes=False)
    assert "promote_applications" in refused.messages[-1]
    # Staging had the bad one as well, mends it, and all of it comes to production.
    _back_to_staging(ways, bad)
    body = ways.edit_at_staging("mended")
    planned = ways.guide("promote", "--check --diff")
    assert planned.changed == ways.guide("promote").changed
    assert ways.at_production.published == body


def test_a_hotfix_passes_staging_by(ways: Ways) -> None:
    started = ("hotfix", "-e hotfix_step=start -e hotfix_name=late-fee -e promote_applications=orders")
    finished = ("hotfix", "-e hotfix_step=finish -e hotfix_name=late-fee -e promote_applications=orders")
    # Production has to show its branch, or the hotfix would bring more than itself.
    ways.edit_master("not deployed")
    refused = ways.guide(*started, code=2)
    assert "does not show all of master" in refused.messages[-1] and HOTFIX not in ways.at_staging.branches
    ways.guide("promote", "--limit production")
    _back_to_staging(ways)
    unready = ways.at_staging.rename_page("Order", "Orders, unready")
    ways.as_predicted(lambda **more: ways.guide(*started, **more))
    assert HOTFIX in ways.at_staging.branches
    body = f"{QUERY}late fee"
    ways.at_staging.change(body, branch=HOTFIX)
    ways.as_predicted(lambda **more: ways.guide(*finished, **more))
    assert ways.at_production.published == body
    assert unready not in ways.at_production.pages
    staged = ways.at_staging.read("pages/Dashboard/queries/list_orders/metadata.json", "staging")
    assert staged["unpublishedAction"]["actionConfiguration"]["body"] == body
    assert unready in ways.at_staging.pages and ways.at_staging.edited == body
    assert HOTFIX in ways.at_staging.branches and HOTFIX not in ways.at_staging.branches_on_instance


def test_the_guide_s_variables_are_taken(newest: Ways) -> None:
    """All blocks at once, with this instance's files instead of the page's."""
    given: dict[str, Any] = {name: value for block in VARIABLES for name, value in block.items()}
    known = set(
        re.findall(
            r"(?:appsmith|promote)_\w+", "".join(one.read_text() for one in CHECKOUT.glob("roles/*/[td]*/*.yml"))
        )
    )
    assert len(given) >= 10 and set(given) - known == set()
    own = {
        "appsmith_git_ssh_key_file": str(newest.world.read_key),
        "appsmith_git_write_key_file": str(newest.world.write_key),
        "appsmith_git_known_hosts_file": str(newest.world.known_hosts),
        "appsmith_ledger_directory": str(newest.folder / "ledger"),
    }
    extra = newest.folder / "guide.json"
    extra.write_text(json.dumps(given | own, default=str))
    assert newest.plays.run("plan", "-e", f"@{extra}", writes=False).changes == 0
    assert newest.plays.run("promote", "--limit", "production", "--check", "-e", f"@{extra}", writes=False).changes == 0


def test_a_freeze_in_the_inventory_holds_production(newest: Ways) -> None:
    before = newest.at_production.published
    newest.edit_master("frozen")
    frozen = {"appsmith_freeze_windows": [{"name": "Year end", "start": "2000-01-01", "end": "2999-12-31"}]}
    run = newest.plays.run("promote", "--limit", "production", "-e", json.dumps(frozen), code=2, writes=False)
    assert "Year end" in run.messages[-1] and newest.at_production.published == before
    # The override that the guide names.
    newest.plays.run("promote", "--limit", "production", "-e", json.dumps(frozen), "-e", "promote_freeze=warn")
    assert newest.at_production.published == f"{QUERY}frozen"


def _told(ways_of: Callable[[str], Ways]) -> list[Ways]:
    return [ways_of(release) for release in ("v1.60", "v1.91")]


def test_no_run_shows_a_secret(ways_of: Callable[[str], Ways]) -> None:
    loud = ways_of("v1.91").plays.run("promote", "--check", "--diff", "-vvv", writes=False)
    assert "Deploy what is new in Git" in loud.output
    for ways in _told(ways_of):
        secrets = {ADMIN["password"], ways.world.stage.git["token"], "db-production"}
        for run in ways.plays.runs:
            assert [secret for secret in secrets if secret in run.output] == [], run.playbook


def test_runs_that_only_look_write_nothing(ways_of: Callable[[str], Ways]) -> None:
    for ways in _told(ways_of):
        quiet = [run for run in ways.plays.runs if run.writes is False]
        requests = ways.world.stage.requests(ways.world.name)
        assert len(quiet) >= 4 and any(one["write"] for one in requests)
        for run in quiet:
            seen = [one for one in requests if run.began <= one["time"] <= run.ended]
            assert [f"{one['method']} {one['path']}" for one in seen if one["write"]] == [], run.playbook


def test_every_command_of_the_guide_was_run(ways_of: Callable[[str], Ways]) -> None:
    assert len(COMMANDS) >= 10
    assert set(COMMANDS) - {command for ways in _told(ways_of) for command in ways.commands} == set()
