# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sweep on two instances that were upgraded: all branches, auto-commit, a person's work, and a second run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_select import Selection
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import quiet_sign_out, sign_in
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep import Sweep
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep_entry import COMMIT, DISCARD, Entry, Options
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version
from appsmith_sandbox.githost import GitHost
from git_world import APPS, EMAIL, PASSWORD, Checkout, Server, server

MESSAGE = "Migrate to v1.91"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost(tmp_path / "host") as running:
        for name, bundle in (("acme/orders", "orders"), ("acme/desk", "support-desk")):
            running.repositories.import_bundle(name, APPS / "v1.60" / f"{bundle}.bundle", ["master", "staging"])
        yield running


@contextmanager
def git_of(instance: Server) -> Iterator[Git]:
    client = Client(instance.url)
    sign_in(client, EMAIL, PASSWORD)
    try:
        yield Git.of(client, Version.parse(instance.version))
    finally:
        quiet_sign_out(client)
        client.close()


def sweep(instance: Server, action: str, **more: Any) -> dict[tuple[str, str], Entry]:
    with git_of(instance) as git:
        targets = Selection(git.client, None).pick(None, None)
        entries = Sweep(git, Options(action=action, message=MESSAGE, **more)).run(targets)
    return {(entry.target.name, str(entry.target.branch)): entry for entry in entries}


def results(entries: dict[tuple[str, str], Entry]) -> tuple[dict[str, Any], ...]:
    return tuple(entry.as_result(MESSAGE) for entry in entries.values())


def told(entries: dict[tuple[str, str], Entry]) -> dict[tuple[str, str], tuple[str, str, str]]:
    return {place: (entry.before, entry.action, entry.after) for place, entry in entries.items()}


def everywhere(entries: dict[tuple[str, str], Entry]) -> set[tuple[str, str, str]]:
    return set(told(entries).values())


def test_both_sides_are_clean_after_an_upgrade(host: GitHost, tmp_path: Path) -> None:
    with server(tmp_path / "staging", "v1.60") as staging:
        orders, desk = (staging.import_app(host, f"acme/{name}")["id"] for name in ("orders", "desk"))
        branch = staging.data("GET", f"git/checkout-branch/app/{desk}?branchName=origin/staging")["id"]
        staging.data("PUT", f"git/discard/app/{branch}")
        staging.data("PUT", f"git/discard/app/{desk}")
        staging.save_profile()
        before = sweep(staging, COMMIT, check_mode=True)
        assert everywhere(before) == {("clean", "none", "clean")} and len(before) == 3
    with server(tmp_path / "production", "v1.60") as production:
        live = [production.import_app(host, f"acme/{name}", read_only=True)["id"] for name in ("orders", "desk")]
        # What somebody made on production, and did not commit.
        production.change(live[0], "list_orders", "SELECT 'a person'")
        at_production = sweep(production, DISCARD)
        assert told(at_production)["orders", "master"] == ("changes", "left", "changes")

    with server(tmp_path / "staging", "v1.91") as staging:
        # Somebody opens an application: the editor asks for an auto-commit (observed 15).
        assert staging.git("POST", branch, "auto-commit")["autoCommitResponse"] == "PUBLISHED"
        planned = sweep(staging, COMMIT, check_mode=True, before=results(before), bring_in=("staging",))
        swept = sweep(staging, COMMIT, before=results(before), bring_in=("staging",))
        assert everywhere(swept) == {("migration", "committed", "clean")}
        assert {place: entry.changed for place, entry in planned.items()} == dict.fromkeys(swept, True)
        assert sorted(swept) == [
            ("desk", "master"), ("desk", "staging"), ("orders", "master"), ("orders", "staging")
        ]  # fmt: skip
        assert swept["orders", "staging"].brought_in
        for one in (orders, desk, branch):
            assert staging.status(one)["isClean"] is True
        again = sweep(staging, COMMIT, bring_in=("staging",))
        assert everywhere(again) == {("clean", "none", "clean")} and not any(e.changed for e in again.values())
    for name in ("orders", "desk"):
        (newest,) = Checkout(host, f"acme/{name}", tmp_path / name).log("origin/master")
        assert newest.endswith(f"> {MESSAGE}")

    with server(tmp_path / "production", "v1.91") as production:
        seen = results(again)
        done = sweep(production, DISCARD, swept=seen, before=results(at_production))
        assert told(done) == {
            ("desk", "master"): ("migration", "discarded", "clean"),
            ("orders", "master"): ("changes", "left", "changes"),
        }
        assert production.actions(live[0])["list_orders"]["actionConfiguration"]["body"] == "SELECT 'a person'"
        assert production.status(live[1])["isClean"] is True
        assert everywhere({"x": sweep(production, DISCARD, swept=seen)["desk", "master"]}) == {  # type: ignore[dict-item]
            ("clean", "none", "clean")
        }


def test_work_that_was_not_promoted_stays_where_it_is(host: GitHost, tmp_path: Path) -> None:
    """A discard deploys what the remote has; more than the migration's commit is somebody's."""
    with server(tmp_path / "production", "v1.60") as production:
        app = production.import_app(host, "acme/orders", read_only=True)["id"]
    with server(tmp_path / "staging", "v1.91") as staging:
        staging.import_app(host, "acme/orders")
        staging.save_profile()
        Checkout(host, "acme/orders", tmp_path / "person").change_query(
            "master", "Dashboard", "list_orders", "SELECT 1"
        )
        # It comes in first, and stays under the migration's commit.
        assert everywhere(sweep(staging, COMMIT)) == {("migration", "committed", "clean")}
    with server(tmp_path / "production", "v1.91") as production:
        done = sweep(production, DISCARD)
        assert told(done) == {("orders", "master"): ("migration", "left", "migration")}
        assert "promote this application" in done["orders", "master"].reason
        assert production.status(app)["behindCount"] == 2
