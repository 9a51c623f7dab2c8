# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks around a promotion, on both releases: every command of docs/promotion.md is run here, and does it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
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
def every(world_of: Callable[[str], World], folder: Path) -> Iterator[dict[str, Ways]]:
    yield {}


@pytest.fixture(scope="module", params=["v1.60", "v1.91"])
def ways(
    request: pytest.FixtureRequest, world_of: Callable[[str], World], folder: Path, every: dict[str, Ways]
) -> Ways:
    home = folder / f"ways-{request.param}"
    home.mkdir()
    every[request.param] = ways = Ways(world_of(request.param), home)
    return ways


def _up_to_date(ways: Ways) -> None:
    """Nothing is on its way when a test begins."""
    ways.plays.run("promote")


def test_the_plan_is_a_table_and_a_file(ways: Ways) -> None:
    ways.edit_master("planned")
    shown = ways.guide("plan")
    assert "Orders: planned" in shown.output and "list_orders" in shown.output
    assert shown.changes == 0
    ways.guide("plan", "-e plan_file=plan.md")
    ways.guide("plan", "-e plan_file=plan.json")
    text = (ways.folder / "plan.md").read_text()
    assert "Orders: planned" in text and "orders" in text
    plan = json.loads((ways.folder / "plan.json").read_text())
    assert "Orders: planned" in json.dumps(plan["production.example.com"])
    assert ways.at_production.published != f"{QUERY}planned"


def test_production_alone_deploys_what_its_branch_has(ways: Ways) -> None:
    body = ways.edit_master("alone")
    alone = "--limit production"
    run = ways.as_predicted(lambda **more: ways.guide("promote", alone, "-e promote_applications=orders", **more))
    assert {task for _host, task in run.changed} == {"Deploy what is new in Git"}
    assert ways.at_production.published == body
    assert ways.guide("promote", alone).changes == 0
    _back_to_staging(ways)


def _back_to_staging(ways: Ways) -> None:
    """What went into production's branch by itself goes to staging as well, as people do it."""
    application, world = ways.at_staging, ways.world
    merge = {"source": "master", "destination": "staging", "repositories": [application.remote_url]}
    world.module("repository_merge", **merge, **world.writing)
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
def test_the_branch_is_merged_elsewhere(ways: Ways, how: str, task: str) -> None:
    body = ways.edit_at_staging(f"merged by {how}")
    run = ways.as_predicted(lambda **more: ways.guide("promote", f"-e promote_merge={how}", **more))
    assert ("staging.example.com", task) in run.changed
    assert ways.at_production.published == body
    assert ways.guide("promote", f"-e promote_merge={how}").changes == 0
    _back_to_staging(ways)


def test_a_request_is_opened_today_and_merged_tomorrow(ways: Ways) -> None:
    before, body = ways.at_production.published, ways.edit_at_staging("opened")
    opening = ("promote", "--limit staging -e promote_merge=request -e promote_request_state=present")
    ways.guide(*opening)
    assert ways.guide(*opening).changes == 0
    assert ways.plays.run("promote", "--limit", "production").changes == 0 and ways.at_production.published == before
    ways.guide("promote", "-e promote_merge=request")
    assert ways.at_production.published == body
    _back_to_staging(ways)


def test_a_conflict_stops_before_production(ways: Ways) -> None:
    before = ways.edit_master("theirs")
    ways.guide("promote", "--limit production")
    ways.edit_at_staging("ours")
    for how in ("repository", "request"):
        run = ways.guide("promote", f"-e promote_merge={how}", code=2)
        assert "production.example.com" not in {host for host, _task in run.changed}
    assert ways.at_production.published == before
    # Somebody solves it: staging takes production's.
    folder = ways.at_staging.checkout("staging")
    git(folder, "merge", "--quiet", "-X", "theirs", "-m", "Solve it", "origin/master")
    git(folder, "push", "--quiet", "origin", "staging")
    ways.world.module("git_discard", workspace="Development", applications=["orders"], branch="staging")


def test_an_application_goes_back(ways: Ways) -> None:
    good = ways.edit_at_staging("good")
    _up_to_date(ways)
    ways.edit_at_staging("bad")
    _up_to_date(ways)
    bad = ways.at_production.tip()
    ways.as_predicted(lambda **more: ways.guide("revert", "-e promote_applications=orders", **more))
    assert ways.at_production.published == good
    assert ways.at_production.tip("master~1") == bad
    assert ways.guide("revert", "-e promote_applications=orders").changes == 0
    refused = ways.plays.run("revert", code=2, writes=False)
    assert "promote_applications" in refused.messages[-1]
    _back_to_staging(ways)


def test_a_hotfix_passes_staging_by(ways: Ways) -> None:
    started = ("hotfix", "-e hotfix_step=start -e hotfix_name=late-fee -e promote_applications=orders")
    finished = ("hotfix", "-e hotfix_step=finish -e hotfix_name=late-fee -e promote_applications=orders")
    # Production has to show its branch, or the hotfix would bring more than itself.
    ways.edit_master("not deployed")
    refused = ways.guide(*started, code=2)
    assert "does not show all of master" in refused.messages[-1] and HOTFIX not in ways.at_staging.branches
    _up_to_date(ways)
    _back_to_staging(ways)
    unready = ways.at_staging.rename_page("Order", "Orders, unready")
    ways.as_predicted(lambda **more: ways.guide(*started, **more))
    assert HOTFIX in ways.at_staging.branches
    assert ways.guide(*started).changes == 0
    body = f"{QUERY}late fee"
    ways.at_staging.change(body, branch=HOTFIX)
    ways.as_predicted(lambda **more: ways.guide(*finished, **more))
    assert ways.at_production.published == body
    assert unready not in ways.at_production.pages
    staged = ways.at_staging.read("pages/Dashboard/queries/list_orders/metadata.json", "staging")
    assert staged["unpublishedAction"]["actionConfiguration"]["body"] == body
    assert unready in ways.at_staging.pages and ways.at_staging.edited == body
    assert HOTFIX in ways.at_staging.branches and HOTFIX not in ways.at_staging.branches_on_instance


def test_the_guide_s_variables_are_taken(ways: Ways) -> None:
    """All blocks at once, with this instance's files instead of the page's."""
    given: dict[str, Any] = {name: value for block in VARIABLES for name, value in block.items()}
    known = set(
        re.findall(
            r"(?:appsmith|promote)_\w+", "".join(one.read_text() for one in CHECKOUT.glob("roles/*/[td]*/*.yml"))
        )
    )
    assert len(given) >= 10 and set(given) - known == set()
    own = {
        "appsmith_git_ssh_key_file": str(ways.world.read_key),
        "appsmith_git_write_key_file": str(ways.world.write_key),
        "appsmith_git_known_hosts_file": str(ways.world.known_hosts),
        "appsmith_ledger_directory": str(ways.folder / "ledger"),
    }
    extra = ways.folder / "guide.json"
    extra.write_text(json.dumps(given | own, default=str))
    assert ways.plays.run("plan", "-e", f"@{extra}", writes=False).changes == 0
    assert ways.plays.run("promote", "--limit", "production", "--check", "-e", f"@{extra}", writes=False).changes == 0


def test_a_freeze_in_the_inventory_holds_production(ways: Ways) -> None:
    before = ways.at_production.published
    ways.edit_master("frozen")
    frozen = {"appsmith_freeze_windows": [{"name": "Year end", "start": "2000-01-01", "end": "2999-12-31"}]}
    run = ways.plays.run("promote", "--limit", "production", "-e", json.dumps(frozen), code=2, writes=False)
    assert "Year end" in run.messages[-1] and ways.at_production.published == before
    # The override that the guide names.
    ways.plays.run("promote", "--limit", "production", "-e", json.dumps(frozen), "-e", "promote_freeze=warn")
    assert ways.at_production.published == f"{QUERY}frozen"


def test_no_run_shows_a_secret(every: dict[str, Ways]) -> None:
    assert every
    for ways in every.values():
        secrets = {ADMIN["password"], ways.world.stage.git["token"], "db-production"}
        loud = ways.plays.run("promote", "--check", "--diff", "-vvv")
        assert "stagecraft.appsmith.promotion" in loud.output
        for run in ways.plays.runs:
            assert [secret for secret in secrets if secret in run.output] == [], run.playbook


def test_runs_that_only_look_write_nothing(every: dict[str, Ways]) -> None:
    for ways in every.values():
        quiet = [run for run in ways.plays.runs if run.writes is False]
        requests = ways.world.stage.requests(ways.world.name)
        assert len(quiet) >= 10 and any(one["write"] for one in requests)
        for run in quiet:
            seen = [one for one in requests if run.began <= one["time"] <= run.ended]
            assert seen, run.playbook
            assert [f"{one['method']} {one['path']}" for one in seen if one["write"]] == [], run.playbook


def test_every_command_of_the_guide_was_run(every: dict[str, Ways]) -> None:
    assert len(COMMANDS) >= 10
    for ways in every.values():
        assert set(COMMANDS) - ways.commands == set()
