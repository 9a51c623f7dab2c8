# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""promote.yml: what staging has comes to production, once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import detect
from plays import Plays

pytestmark = pytest.mark.live


def _tested_query(plays: Plays) -> dict[str, Any]:
    tests: list[dict[str, Any]] = plays.variable("staging", "appsmith_smoke_tests")
    return next(test for test in tests if test.get("query"))


def _query(plays: Plays, client: Any, side: str, test: dict[str, Any]) -> dict[str, Any]:
    """The query of a smoke test, as it is on one side's branch."""
    workspace = plays.variable(side, "appsmith_workspace")
    application = _applications.get(client, _workspaces.get(client, workspace)["id"], test["application"])
    version = detect(client, plays.variable(side, "appsmith_version"))
    target = at_branch(
        Git.of(client, version), Target.read(application, workspace), plays.variable(side, "appsmith_branch")
    )
    actions = client.get("/actions", params={"applicationId": target.id})
    pages = {page["name"]: page["id"] for page in _applications.pages(client, target.id)["pages"]}
    found = [one for one in actions if one["name"] == test["query"] and one["pageId"] == pages[test["page"]]]
    assert len(found) == 1
    return dict(found[0])


def test_staging_comes_to_production_as_check_mode_predicted(promoted: dict[str, Any]) -> None:
    assert len({host for host, _task in promoted["first"].changed}) == 2
    assert promoted["predicted"].changed == promoted["first"].changed


def test_a_second_run_changes_nothing(promoted: dict[str, Any]) -> None:
    assert promoted["second"].recap
    assert promoted["second"].changes == 0


def test_an_edit_on_staging_comes_to_production(plays: Plays, promoted: dict[str, Any]) -> None:
    test, mark = _tested_query(plays), f" -- {uuid.uuid4().hex[:8]}"
    with plays.client("staging") as client:
        query = _query(plays, client, "staging", test)
        query["actionConfiguration"]["body"] += mark
        client.put(f"/actions/{query['id']}", query)
    predicted = plays.run("promote", "--check", writes=False)
    run = plays.run("promote")
    assert predicted.changed == run.changed
    assert "Commit and push what is uncommitted" in {task for _host, task in run.changed}
    with plays.client("production") as client:
        assert _query(plays, client, "production", test)["actionConfiguration"]["body"].endswith(mark)


def test_production_alone_has_nothing_left_to_deploy(plays: Plays, promoted: dict[str, Any]) -> None:
    assert plays.run("promote", "--limit", "production", writes=False).changes == 0
