# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""provision.yml: from an inventory to instances with applications that answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _members, _workspaces
from plays import Plays

pytestmark = pytest.mark.live


def test_check_mode_predicts_what_changes(provisioned: dict[str, Any]) -> None:
    assert provisioned["first"].changed
    assert provisioned["predicted"].changed == provisioned["first"].changed


def test_a_second_run_changes_nothing(provisioned: dict[str, Any]) -> None:
    assert provisioned["second"].recap
    assert provisioned["second"].changes == 0


@pytest.mark.parametrize("side", ["staging", "production"])
def test_applications_are_in_their_workspace(plays: Plays, provisioned: dict[str, Any], side: str) -> None:
    with plays.client(side) as client:
        workspaces = {one["name"]: one["id"] for one in client.get("/workspaces/home")}
        workspace = workspaces[plays.variable(side, "appsmith_workspace")]
        found = {one["name"] for one in client.get("/applications/home", params={"workspaceId": workspace})}
    assert found == {one["name"] for one in plays.variable(side, "appsmith_applications")}


@pytest.mark.parametrize("side", ["staging", "production"])
def test_people_have_their_roles(plays: Plays, provisioned: dict[str, Any], side: str) -> None:
    with plays.client(side) as client:
        workspace = _workspaces.get(client, plays.variable(side, "appsmith_workspace"))
        found = {member.email: member.role for member in _members.list_members(client, workspace["id"]).values()}
    wanted = {one["email"]: one["role"] for one in plays.variable(side, "appsmith_members", [])}
    assert found == {plays.variable(side, "appsmith_username"): "administrator", **wanted}


def test_verify_agrees_and_changes_nothing(plays: Plays, provisioned: dict[str, Any]) -> None:
    assert plays.run("verify", writes=False).changes == 0


def test_verify_fails_where_an_answer_is_another(plays: Plays, provisioned: dict[str, Any]) -> None:
    wrong = '{"appsmith_smoke_tests": [{"application": "orders", "pages": ["A page that nobody made"]}]}'
    run = plays.run("verify", "--limit", "staging", "-e", wrong, code=2, writes=False)
    assert any("A page that nobody made" in message for message in run.messages)
