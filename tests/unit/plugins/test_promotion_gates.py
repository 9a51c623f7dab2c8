# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each gate: closed, open with a warning, open; and what is said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from ansible_collections.stagecraft.appsmith.plugins.doc_fragments._datasource import ModuleDocFragment as OfDatasources
from ansible_collections.stagecraft.appsmith.plugins.doc_fragments._promotion_gates import ModuleDocFragment
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _secret_scan
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitConflict, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_datasources import Present
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import Facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_gates import GATE_OPTIONS, Gates
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import (
    BEHIND,
    CURRENT,
    DRIFTED,
    INTERRUPTED,
    GateClosed,
    Item,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import DatasourceUse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._secret_scan import Finding
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

V = Version.parse
NOW = datetime(2026, 11, 22, 11, 15, tzinfo=UTC)
TARGET = Target("orders", "a1", "a1", "w1", "Operations", "git@git.example.com:acme/orders.git", "master")
CLEAN = Status(True, 0, 1)
EDITED = Status(False, 0, 1, modified=("pages/Order/Order.json",))
DB = {"name": "orders_db", "plugin": "postgres-plugin", "host": "db", "database": "orders", "username": "a"}
SHEET = {"name": "sheet", "plugin": "google-sheets-plugin", "pages": ["Plan"], "why": "consent"}
TODO = "a person finishes it at http://x"


def gates(version: str = "v1.91", **params: Any) -> Gates:
    return Gates.of(params, target_version=V(version), now=NOW)


def item(**more: Any) -> Item:
    found = Item(TARGET, state=BEHIND, behind=1, status=CLEAN)
    for name, value in more.items():
        setattr(found, name, value)
    return found


def facts(*uses: DatasourceUse, schema: tuple[int, int] = (12, 2), **more: Any) -> Facts:
    return Facts(schema=schema, commit_after="c0ffee", datasources=list(uses), **more)


def use(name: str = "orders_db", plugin: str = "postgres-plugin", sync: str = "w0_1") -> DatasourceUse:
    return DatasourceUse(name, plugin, sync, ["Order"], ["Order/get_order"])


def there(name: str = "orders_db", plugin: str = "postgres-plugin", **more: Any) -> Present:
    return Present(name, plugin, f"id of {name}", **{"configured": True, **more})


def closed(of: Gates, one: Item, *, pull: bool = False) -> GateClosed:
    with pytest.raises(GateClosed) as refused:
        of.check(one, pull=pull)
    return refused.value


# -- options ---------------------------------------------------------------------------------------------------------
def test_every_option_is_documented_as_it_is() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(documented) == set(GATE_OPTIONS)

    def compare(spec: dict[str, Any], docs: dict[str, Any]) -> None:
        for name, option in spec.items():
            for key in ("type", "elements", "choices", "default", "required"):
                assert option.get(key) == docs[name].get(key), (name, key)
            assert set(option.get("options") or {}) == set(docs[name].get("suboptions") or {}), name
            compare(option.get("options") or {}, docs[name].get("suboptions") or {})

    compare(GATE_OPTIONS, documented)
    of_datasources = yaml.safe_load(OfDatasources.LIST)["options"]["datasources"]["suboptions"]
    # A promotion takes it and leaves it alone, which is said in words of its own.
    mine = documented["datasources"]["suboptions"]
    assert {**mine, "proof_query": None} == {**of_datasources, "proof_query": None}


def test_every_gate_is_closed_by_default_but_two_that_warn() -> None:
    defaults = {name: option["default"] for name, option in GATE_OPTIONS.items() if "default" in option}
    assert {name for name, value in defaults.items() if value == "warn"} == {"manual", "secrets"}
    assert {name for name, value in defaults.items() if value == "fail"} == {
        *("drift", "skew", "unconfigured", "clash", "freeze", "branches")
    }
    assert gates() == gates(**defaults)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"freeze_windows": [{"name": "w", "start": "2026-12-20"}]}, "'w' has no end"),
        ({"source_version": "latest"}, "'latest' is no release"),
        ({"datasources": [DB, DB]}, "'orders_db' is given twice"),
        ({"datasources": [{"name": "x", "plugin": "postgres"}]}, "'x' (postgres-plugin): it has no configuration"),
        ({"git_author_name": "Release"}, "git_author_email is missing"),
        ({"rescue_branch": "origin/x"}, "'origin/x' is no name of a branch"),
    ],
)
def test_wrong_options_are_told_before_anything_is_done(params: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        gates(**params)
    assert text in str(refused.value)


def test_where_a_rescue_goes() -> None:
    assert gates().rescue_branch(TARGET) == "rescue/master-20261122T111500Z"
    assert gates(rescue_branch="kept").rescue_branch(TARGET) == "kept"
    assert gates().rescue_directory is None
    assert gates(ledger_directory="/var/ledger").rescue_directory == "/var/ledger/rescued"
    assert gates(ledger_directory="/var/ledger", rescue_directory="/var/r").rescue_directory == "/var/r"
    assert gates(git_author_name="A", git_author_email="a@x").author == Author("A", "a@x")


# -- the run ---------------------------------------------------------------------------------------------------------
FROZEN = [{"name": "sunday", "weekdays": ["sun"]}]


def test_a_freeze_closes_the_run() -> None:
    with pytest.raises(GateClosed) as refused:
        gates(freeze_windows=FROZEN).check_run()
    assert refused.value.gate == "freeze"
    assert str(refused.value) == (
        "Freeze 'sunday' is on until 2026-11-23 00:00 UTC. Run again after it, or override it by freeze: warn."
    )


def test_a_freeze_can_be_overridden_and_ends() -> None:
    assert gates(freeze_windows=FROZEN, freeze="warn").check_run() == [
        "Freeze 'sunday' is on until 2026-11-23 00:00 UTC; deployed all the same (freeze: warn)"
    ]
    monday = Gates.of({"freeze_windows": FROZEN}, target_version=V("v1.91"), now=NOW.replace(day=23))
    assert monday.check_run() == [] and gates().check_run() == []


def test_without_a_fixed_time_it_is_now() -> None:
    always = [{"name": "x", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}]
    with pytest.raises(GateClosed):
        Gates.of({"freeze_windows": always}, target_version=V("v1.91")).check_run()


# -- branches --------------------------------------------------------------------------------------------------------
def test_branches_of_an_instance() -> None:
    error = closed(gates(allowed_branches=["release/*", "main"]), item())
    assert (error.gate, "at branch master" in error.message) == ("branches", True)
    assert "allowed: release/*, main" in error.message
    assert gates(allowed_branches=["release/*", "mast?r"]).check(item(), pull=False) == []
    assert "at branch master" in gates(allowed_branches=["main"], branches="warn").check(item(), pull=False)[0]


def test_a_branch_that_is_not_allowed_may_stay_as_it_is() -> None:
    assert gates(allowed_branches=["main"]).check(item(state=CURRENT), pull=False) == []


# -- drift -----------------------------------------------------------------------------------------------------------
def test_a_persons_changes_are_named() -> None:
    error = closed(gates(), item(status=EDITED, drift="changes"))
    assert error.gate == "drift" and "pages/Order/Order.json" in error.message
    assert error.details == {"files": ["pages/Order/Order.json"]}
    assert "drift: rescue" in str(error) and "drift: discard" in str(error)


@pytest.mark.parametrize(
    ("policy", "pull", "open_"),
    [("discard", False, True), ("discard", True, False), ("rescue", False, True), ("rescue", True, True)],
)
def test_what_becomes_of_a_persons_changes(policy: str, pull: bool, open_: bool) -> None:
    one = item(status=EDITED, drift="changes")
    if open_:
        assert gates(drift=policy).check(one, pull=pull) == []
    else:
        assert closed(gates(drift=policy), one, pull=pull).gate == "drift"


def test_a_migrations_traces_stop_a_pull_only() -> None:
    one = item(status=EDITED, drift="migration")
    assert gates().check(one, pull=False) == []
    assert "strategy: discard" in str(closed(gates(), one, pull=True))


def test_an_interrupted_deployment_is_no_drift() -> None:
    assert gates().check(item(state=INTERRUPTED, status=EDITED, drift="changes"), pull=False) == []


def test_drift_where_nothing_is_due_is_a_warning() -> None:
    (text,) = gates().check(item(state=DRIFTED, status=EDITED, drift="changes"), pull=False)
    assert text == "'orders' has uncommitted changes: pages/Order/Order.json"


def test_histories_that_went_apart_are_refused() -> None:
    with pytest.raises(GitConflict):
        gates().check(item(status=Status(True, 1, 1)), pull=False)


# -- version skew ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "schema", "first", "way"),
    [
        ("v1.60", (12, 2), "v1.73", ""),
        ("v1.91", (13, 2), "v2.5.0", "v1.99, v2.3"),
        ("v1.50", (11, 2), "v1.56", ""),
        ("v1.40", (11, 1), "v1.41", ""),
    ],
)
def test_a_newer_format_is_refused_with_the_way_out(
    version: str, schema: tuple[int, int], first: str, way: str
) -> None:
    error = closed(gates(version), item(facts=facts(schema=schema)))
    assert error.gate == "version_skew" and f"has format {schema[0]}/{schema[1]}" in error.message
    by_way = f", by way of {way}" if way else ""
    assert str(error).endswith(
        f"{first} is the first release that reads it: upgrade the instance to it or a newer one{by_way}, then promote."
    )


def test_a_format_that_no_known_release_reads() -> None:
    error = closed(gates(), item(facts=facts(schema=(99, 2))))
    assert "No release that this collection knows" in str(error) and "update the collection" in str(error)


@pytest.mark.parametrize("schema", [(12, 2), (11, 2), (11, 1), (6, 1)])
def test_the_same_and_older_formats_pass(schema: tuple[int, int]) -> None:
    assert gates().check(item(facts=facts(schema=schema)), pull=False) == []


def test_without_the_repository_the_source_tells() -> None:
    error = closed(gates("v1.60", source_version="v1.91"), item())
    assert "the source instance (v1.91) has format 12/2, but v1.60 knows 11/2 at most" in error.message
    assert gates("v1.60").check(item(), pull=False) == []
    # The repository knows better.
    assert gates("v1.60", source_version="v1.91").check(item(facts=facts(schema=(11, 2))), pull=False) == []


def test_a_target_newer_than_all_that_is_known_is_not_guessed_at() -> None:
    one = item(facts=facts(schema=(14, 2)))
    error = closed(gates("v9.0"), one)
    assert "whether v9.0 reads it this collection doesn't know" in error.message and "skew: warn" in str(error)
    assert gates("v9.0", source_version="v9.0").check(one, pull=False) == []
    assert "doesn't know" in gates("v9.0", skew="warn").check(one, pull=False)[0]
    assert gates("v9.0").check(item(facts=facts(schema=(13, 2))), pull=False) == []


def test_skew_as_a_warning() -> None:
    assert "12/2" in gates("v1.60", skew="warn").check(item(facts=facts()), pull=False)[0]


# -- datasources -----------------------------------------------------------------------------------------------------
def test_unconfigured_and_new_datasources_are_refused() -> None:
    one = item(facts=facts(use(), use("mail", "smtp-plugin")), unconfigured=["orders_db"], new_datasources=["mail"])
    error = closed(gates(), one)
    assert error.gate == "unconfigured_datasources"
    assert error.message == (
        "'orders': datasources without configuration on the target: orders_db; new datasources, which the target "
        "doesn't have yet: mail; nothing was deployed"
    )
    assert "by datasources" in str(error)
    assert gates(unconfigured="warn").check(one, pull=False) == [
        "'orders': datasources without configuration on the target: orders_db; new datasources, which the target "
        "doesn't have yet: mail"
    ]


def test_credentials_open_the_gate_and_say_when_they_are_applied() -> None:
    mail = {"name": "mail", "plugin": "smtp", "host": "mail.example.com"}
    of = gates(datasources=[DB, mail])
    one = item(facts=facts(use(), use("mail", "smtp-plugin")), unconfigured=["orders_db"], new_datasources=["mail"])
    assert of.check(one, pull=False) == []
    assert of.to_configure(one) == (["orders_db"], ["mail"])
    # Of another plugin they are none.
    assert gates(datasources=[{**DB, "plugin": "mysql"}]).to_configure(one) == ([], [])


def test_after_the_deployment_credentials_are_no_excuse() -> None:
    of = gates(datasources=[DB])
    with pytest.raises(GateClosed) as refused:
        of.check_datasources(item(facts=facts(use()), unconfigured=["orders_db"]), deployed=True)
    assert "it was deployed all the same" in refused.value.message


@pytest.mark.parametrize(
    ("present", "sync_ids", "text"),
    [
        (there(plugin="mysql-plugin"), None, "is postgres-plugin in the repository and mysql-plugin on the target"),
        (there(plugin="mysql-plugin"), {}, "unconfigured 'orders_db #1'"),
    ],
)
def test_a_name_that_is_taken_is_refused_before_the_deployment(
    present: Present, sync_ids: dict[str, str] | None, text: str
) -> None:
    one = item(facts=facts(use()), workspace_datasources=[present], sync_ids=sync_ids)
    error = closed(gates(), one)
    assert error.gate == "datasource_clash" and text in error.message
    assert text in gates(clash="warn").check(one, pull=False)[0]


@pytest.mark.parametrize("sync_ids", [None, {"w0_1": "orders_db"}])
def test_the_same_name_and_plugin_do_no_harm(sync_ids: dict[str, str] | None) -> None:
    """An import takes it whatever identity it has (contract 5.4), and nothing tells of a difference."""
    one = item(facts=facts(use()), workspace_datasources=[there()], sync_ids=sync_ids)
    assert gates().check(one, pull=False) == []


def test_a_datasource_that_is_renamed_back_is_told() -> None:
    one = item(facts=facts(use()), workspace_datasources=[there("prod_db")], sync_ids={"w0_1": "prod_db"})
    assert gates().check(one, pull=False) == [
        "'orders': the deployment renames datasources of the workspace: prod_db to orders_db"
    ]


def test_a_datasource_that_cannot_have_its_name_back_is_a_clash() -> None:
    present = [there("prod_db"), there(plugin="mysql-plugin")]
    one = item(facts=facts(use()), workspace_datasources=present, sync_ids={"w0_1": "prod_db"})
    assert "is called 'prod_db' on the target, where its name is another's" in closed(gates(), one).message


@pytest.mark.parametrize(
    "one",
    [
        item(facts=facts(use()), workspace_datasources=[there()], sync_ids={"w9_7": "orders_db"}),
        # The server found it by name and plugin: its file differs, and nothing else does (contract 5.4).
        item(status=Status(False, 0, 1, modified=("datasources/orders_db.json",))),
    ],
)
def test_another_identity_is_told_and_stops_a_pull_only(one: Item) -> None:
    (text,) = gates().check(one, pull=False)
    assert "another gitSyncId (orders_db)" in text
    error = closed(gates(), one, pull=True)
    assert error.gate == "datasource_clash" and "strategy: discard" in str(error)
    assert gates(clash="warn").check(one, pull=True) == [text]


def test_another_identity_is_not_taken_for_something_else() -> None:
    # With a query's file it may be a person's work; and a migration rewrites datasources' files as well.
    edited = ("datasources/orders_db.json", "pages/Order/queries/get_order/metadata.json")
    one = item(status=Status(False, 0, 1, modified=edited), drift="changes")
    assert closed(gates(), one).gate == "drift"
    one = item(status=Status(False, 0, 1, modified=("datasources/orders_db.json", "metadata.json")), drift="migration")
    assert gates().check(one, pull=False) == []


def test_a_clash_of_an_earlier_deployment_is_told() -> None:
    status = Status(False, 0, 0, added=("datasources/shared_db #1.json",), removed=("datasources/shared_db.json",))
    one = item(state=CURRENT, status=status)
    assert closed(gates(), one).gate == "datasource_clash"
    assert "shared_db #1" in gates(clash="warn").check(one, pull=False)[0]


# -- what a person must do -------------------------------------------------------------------------------------------
def test_what_a_person_must_finish_is_listed_with_its_pages() -> None:
    one = item(datasources_by_hand=[{**SHEET, "done": TODO}])
    (text,) = gates().check(one, pull=False)
    assert text == (
        "'orders': datasources that a person must finish: sheet (google-sheets-plugin, used on Plan): consent, "
        "a person finishes it at http://x"
    )
    error = closed(gates(manual="fail"), one)
    assert error.gate == "manual_datasources" and "nothing was deployed" in error.message
    assert one.datasources_by_hand[0]["done"] == "refused"


def test_after_the_deployment_it_is_said_anew_with_its_address() -> None:
    of, entry = gates(unconfigured="warn"), {**SHEET, "done": "a person finishes it in the application's editor"}
    one = item(
        facts=facts(use("sheet", "google-sheets-plugin")), new_datasources=["sheet"], datasources_by_hand=[entry]
    )
    one.warn("'orders': something else", *of.check(one, pull=False))
    assert len(one.warnings) == 3
    one.new_datasources, one.unconfigured, entry["done"] = [], ["sheet"], TODO
    one.warn(*of.check_datasources(one, deployed=True))
    assert [text.split(": ")[1] for text in one.warnings] == [
        "something else",
        "datasources without configuration on the target",
        "datasources that a person must finish",
    ]
    assert "http://x" in one.warnings[-1] and "editor" not in " ".join(one.warnings)


def test_what_is_finished_is_no_matter() -> None:
    one = item(datasources_by_hand=[{**SHEET, "done": "configured on the target"}])
    assert gates(manual="fail").check(one, pull=False) == []


def test_a_new_one_that_needs_a_person_is_refused_with_the_way() -> None:
    one = item(
        facts=facts(use("sheet", "google-sheets-plugin")),
        new_datasources=["sheet"],
        datasources_by_hand=[{**SHEET, "done": TODO}],
    )
    error = closed(gates(), one)
    assert error.gate == "unconfigured_datasources" and one.datasources_by_hand[0]["done"] == "refused"
    assert str(error).endswith(
        "sheet must be finished by a person: deploy with unconfigured: warn, and finish it then."
    )


def test_oauth2_by_code_is_known_from_the_credentials() -> None:
    given = {
        **{"name": "crm", "plugin": "restapi", "url": "https://crm.example.com", "client_id": "a"},
        **{
            "authentication": "oauth2_authorization_code",
            "token_url": "https://a/t",
            "authorization_url": "https://a/o",
        },
    }
    one = item(facts=facts(use("crm", "restapi-plugin")), unconfigured=["crm"])
    (text,) = gates(datasources=[given]).check(one, pull=False)
    assert "crm (restapi-plugin, used on Order)" in text and "authorization code" in text
    assert [(entry["name"], entry["pages"]) for entry in one.datasources_by_hand] == [("crm", ["Order"])]
    assert closed(gates(datasources=[given], manual="fail"), one).gate == "manual_datasources"


# -- secrets ---------------------------------------------------------------------------------------------------------
FOUND = Finding("pages/Order/queries/q/q.txt", 3, "AWS Access Key", "01234567-89ab")


def test_secrets_warn_by_default_with_their_place() -> None:
    one = item(facts=facts(secrets=[FOUND]))
    assert gates().check(one, pull=False) == [
        "'orders': what looks like secrets is to be promoted: pages/Order/queries/q/q.txt line 3 "
        "(AWS Access Key, 01234567-89ab)"
    ]
    error = closed(gates(secrets="fail"), one)
    assert error.gate == "secrets" and error.details == [FOUND.as_result()]


def test_known_findings_and_no_findings_pass() -> None:
    one = item(facts=facts(secrets=[FOUND]))
    assert gates(secrets="fail", secrets_allowed=["01234567-89ab"]).check(one, pull=False) == []
    assert gates(secrets="ignore").check(one, pull=False) == [] and not gates(secrets="ignore").scan_secrets
    assert gates(secrets="fail").check(item(facts=facts(secrets=[])), pull=False) == []


def test_what_could_not_be_scanned_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "can't be read" in closed(gates(secrets="fail"), item()).message
    # That the repository isn't read is said by the plan.
    assert gates().check(item(), pull=False) == []
    monkeypatch.setattr(_secret_scan, "HAS_SCANNER", False)
    one = item(facts=facts(secrets=None))
    assert gates().check(one, pull=False) == [
        "'orders' was not scanned for secrets: the Python library detect-secrets is missing"
    ]
    assert "detect-secrets is missing" in closed(gates(secrets="fail"), one).message
