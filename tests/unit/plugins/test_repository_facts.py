# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of repositories that real servers wrote, and how they are fetched: filters, refusals, histories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _promotion_facts, _repository, _secret_scan
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import Facts, read_facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import (
    Access,
    RepositoryUnreadable,
    open_branch,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_fetch import failure

BUNDLES = Path(__file__).resolve().parents[2] / "fixtures" / "apps"
SCHEMA = json.dumps({"serverSchemaVersion": 12, "clientSchemaVersion": 2, "fileFormatVersion": 5})
FILTERS = ("uploadpack.allowFilter", "true")


@dataclass(frozen=True)
class Traced(Access):
    """Reads from folders, writes down what goes over the wire, and may ask in an older protocol."""

    protocols: str = "file"
    trace: str = ""
    protocol: str = "2"

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "GIT_TRACE": self.trace,
            "GIT_TRACE_PACKET": self.trace,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "protocol.version",
            "GIT_CONFIG_VALUE_0": self.protocol,
        }

    @property
    def packets(self) -> str:
        return Path(self.trace).read_text(encoding="utf-8", errors="replace")

    @property
    def requests(self) -> int:
        """Connections to the server, which by SSH are what costs time."""
        return sum("run_command:" in line and "git-upload-pack" in line for line in self.packets.splitlines())


@pytest.fixture
def access(tmp_path: Path) -> Traced:
    return Traced(trace=str(tmp_path / "trace"))


def run(folder: Path, *arguments: str, hours: int = 0, stream: str | None = None) -> str:
    date = f"{1_700_000_000 + 3600 * hours} +0000"
    person = {"NAME": "Dana Dev", "EMAIL": "dana@example.com", "DATE": date}
    environment = {
        **os.environ,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in person.items()},
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        input=stream,
    )
    return done.stdout.strip()


@pytest.fixture
def served(tmp_path: Path) -> Callable[..., str]:
    """A bundle as a bare repository; options are settings of its server."""

    def serve(bundle: str, *settings: tuple[str, str]) -> str:
        folder = tmp_path / bundle.replace("/", "-")
        run(tmp_path, "clone", "--quiet", "--mirror", str(BUNDLES / bundle), str(folder))
        for name, value in settings:
            run(folder, "config", name, value)
        return f"file://{folder}"

    return serve


class Origin:
    """A repository that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        run(folder, "init", "--quiet", "--initial-branch=master")
        run(folder, "config", *FILTERS)
        self.count = 0

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def commit(self, files: dict[str, Any], message: str = "work") -> str:
        """Each an hour after the other; None removes a file, anything but text is JSON."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2, sort_keys=True))
        run(self.folder, "add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        self.count += 1
        return run(self.folder, *arguments, hours=self.count)


def query(name: str, page: str = "Order", **more: Any) -> dict[str, Any]:
    action = {"name": name, "pageId": page, "runBehaviour": "MANUAL", "actionConfiguration": {"body": "select 1"}}
    return {"pluginId": "postgres-plugin", "pluginType": "DB", "unpublishedAction": {**action, **more}}


def page(name: str, version: int = 94, columns: int = 64, **more: Any) -> dict[str, Any]:
    dsl = {"version": version, "snapColumns": columns, "bottomRow": 20 * columns, "widgetName": "MainContainer"}
    return {"unpublishedPage": {"name": name, "slug": name.lower(), "layouts": [{"dsl": {**dsl, **more}}]}}


FILES: dict[str, Any] = {
    "metadata.json": SCHEMA,
    "application.json": {"pages": [{"id": "Order", "isDefault": True}], "color": "#FFF", "unpublishedAppLayout": {}},
    "theme.json": {"name": "Default-New"},
    "README.md": "hello",
    "datasources/orders_db.json": {"name": "orders_db", "pluginId": "postgres-plugin", "gitSyncId": "a_1"},
    "jslibs/moment.json": {"name": "moment", "version": "2.29.4"},
    "pages/Order/Order.json": page("Order"),
    "pages/Order/widgets/Text.json": {"text": "Orders", "version": 1, "topRow": 3},
    "pages/Order/queries/get_order/metadata.json": query("get_order", datasource={"id": "orders_db"}),
    "pages/Order/queries/get_order/get_order.txt": "select 1",
    "pages/Order/queries/Totals-sum/metadata.json": {
        "pluginType": "JS",
        "unpublishedAction": {"name": "sum", "fullyQualifiedName": "Totals.sum", "runBehaviour": "MANUAL"},
    },
    "pages/Order/jsobjects/Totals/Totals.js": "export default {}",
    "pages/Order/jsobjects/Totals/metadata.json": {"unpublishedCollection": {"name": "Totals", "pageId": "Order"}},
}


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = Origin(tmp_path / "origin")
    made.commit(FILES, "first")
    return made


def listed(facts: Facts) -> dict[str, Any]:
    """What changed, without what did not."""
    assert facts.changes is not None
    found: dict[str, Any] = {}
    for kind, part in facts.changes.as_result().items():
        if isinstance(part, dict):
            part = {way: names for way, names in part.items() if names}
        if part:
            found[kind] = part
    return found


def changed(origin: Origin, files: dict[str, Any], access: Access) -> dict[str, Any]:
    origin.commit(files, "change")
    return listed(read_facts(origin.url, "master", access, behind=1, scan_secrets=False))


# -- repositories of real servers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [(), (FILTERS,)], ids=["plain", "filtered"])
@pytest.mark.parametrize(
    ("bundle", "branch", "behind", "found"),
    [
        ("v1.60/orders.bundle", "staging", 1, {"queries": {"added": ["Dashboard/count_open"]}}),
        ("v1.91/support-desk.bundle", "staging", 1, {"queries": {"added": ["Tickets/count_open"]}}),
        # What v1.91 made of v1.60's: each query rewritten, and nobody changed anything.
        ("v1.60/orders.bundle", "migrated-by-v1.91", 1, {"migration": True}),
        # The same with a finer grid and members that widgets did not have; and back again by the next commit.
        ("v1.60/support-desk.bundle", "migrated-by-v1.91", 2, {"migration": True}),
        ("orders-across-upgrade.bundle", "master", 1, {"migration": True}),
        (
            "orders-across-upgrade.bundle",
            "master",
            2,
            {"migration": True, "queries": {"changed": ["Page1/list_orders"]}},
        ),
        (
            "orders-across-upgrade.bundle",
            "master",
            3,
            {"migration": True, "queries": {"added": ["Page1/count_orders"], "changed": ["Page1/list_orders"]}},
        ),
    ],
)
def test_what_a_promotion_changes(
    served: Callable[..., str],
    access: Traced,
    settings: tuple[tuple[str, str], ...],
    bundle: str,
    branch: str,
    behind: int,
    found: dict[str, Any],
) -> None:
    facts = read_facts(served(bundle, *settings), branch, access, behind=behind, scan_secrets=False)
    assert listed(facts) == found
    assert len(facts.commits) == behind
    assert facts.commit_after == facts.commits[0].id


def test_the_finer_grid_of_a_page_is_the_migrations(served: Callable[..., str], access: Traced) -> None:
    url = served("v1.60/support-desk.bundle", FILTERS)
    with open_branch(url, "migrated-by-v1.91", access, behind=2) as repository:
        middle = repository.commits(2)[1].id
        staging = repository.commit_before(2)
        assert staging is not None
    # The commit of the automatic migration alone.
    run(Path(url.removeprefix("file://")), "update-ref", "refs/heads/middle", middle)
    facts = read_facts(url, "middle", access, behind=1, scan_secrets=False)
    assert (facts.commit_before, listed(facts)) == (staging, {"migration": True})


def test_datasources_by_page(served: Callable[..., str], access: Traced) -> None:
    facts = read_facts(served("v1.91/support-desk.bundle"), "staging", access, behind=1, scan_secrets=False)
    sheet = next(found for found in facts.datasources if found.name == "planning_sheet")
    assert sheet.as_result() == {
        "name": "planning_sheet",
        "plugin": "google-sheets-plugin",
        "git_sync_id": "6b0289ecc84d146fb2491588_916afe9d-9cd9-470e-ad55-7ede23dd143c",
        "pages": ["Planning"],
        "used_by": ["Planning/read_week"],
    }
    assert [found.name for found in facts.datasources] == sorted(found.name for found in facts.datasources)
    assert len(facts.datasources) == 11
    mysql = next(found for found in facts.datasources if found.name == "legacy_mysql")
    assert mysql.used_by == ["Tickets/count_open", "Tickets/list_tickets"]


def test_facts_hold_the_proof(served: Callable[..., str], access: Traced) -> None:
    facts = read_facts(served("v1.91/orders.bundle"), "staging", access, behind=1, scan_secrets=False)
    names = ["Dashboard/count_open", "Dashboard/list_orders", "Order/get_order", "Order/set_status"]
    shown = View(
        {"Dashboard": "d", "Order": "d"},
        {**dict.fromkeys(names, "d"), "Dashboard/Totals.sum": "d"},
        {"Dashboard/Totals": "d"},
        bodies={"Dashboard/list_orders": "SELECT id, customer, total, status FROM orders ORDER BY id\n"},
    )
    assert facts.differences(shown) == []
    shown.bodies["Dashboard/list_orders"] = "SELECT 1"
    del shown.queries["Dashboard/count_open"]
    assert facts.differences(shown) == ["query Dashboard/count_open", "query Dashboard/list_orders"]


# -- how much is asked of the server -----------------------------------------------------------------------------------


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """As many files as the largest application that was seen; two of its pages are changed afterwards."""
    files: dict[str, Any] = dict(FILES)
    for number in range(60):
        files |= {f"pages/P{number}/P{number}.json": page(f"P{number}")}
        files |= {f"pages/P{number}/widgets/W{part}.json": {"text": f"{number} {part}"} for part in range(40)}
        for part in range(10):
            name = f"pages/P{number}/queries/q{part}"
            files |= {
                f"{name}/metadata.json": query(f"q{part}", f"P{number}"),
                f"{name}/q{part}.txt": f"select {number}",
            }
    changes = {"pages/P7/widgets/W1.json": {"text": "new"}, "pages/P9/queries/q1/q1.txt": "select now()"}
    stream = []
    for number, written in enumerate((files, changes)):
        stream.append(f"commit refs/heads/master\ncommitter Dana <d@example.com> {1_700_000_000 + number} +0000\n")
        stream.append("data 4\nwork\n")
        for name, content in written.items():
            text = content if isinstance(content, str) else json.dumps(content)
            stream.append(f"M 100644 inline {name}\ndata {len(text.encode())}\n{text}\n")
    run(tmp_path, "init", "--quiet", "--bare", "large")
    run(tmp_path / "large", "config", *FILTERS)
    run(tmp_path / "large", "symbolic-ref", "HEAD", "refs/heads/master")
    run(tmp_path / "large", "fast-import", "--quiet", stream="".join(stream))
    return tmp_path / "large"


def test_a_filter_asks_twice_and_leaves_widgets_out(large: Path, access: Traced) -> None:
    facts = read_facts(f"file://{large}", "master", access, behind=1, scan_secrets=False)
    assert listed(facts) == {"pages": {"changed": ["P7"]}, "queries": {"changed": ["P9/q1"]}}
    assert len(facts.content.queries) == 601
    # The branch, and all the files that matter at once.
    assert access.requests == 2
    assert "filter blob:none" in access.packets
    widgets = run(large, "ls-tree", "HEAD", "pages/P7/widgets/").splitlines()
    wanted = [line.split()[2] for line in widgets if f"want {line.split()[2]}" in access.packets]
    assert [line.split()[2] for line in widgets if line.endswith("/W1.json")] == wanted


def test_what_is_scanned_for_secrets_comes_with_the_rest(
    large: Path, access: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def scan(texts: Any) -> list[Any]:
        seen.update(texts)
        return [_secret_scan.Finding("pages/P9/queries/q1/q1.txt", 1, "Basic Auth", "abc")]

    monkeypatch.setattr(_secret_scan, "HAS_SCANNER", True)
    monkeypatch.setattr(_secret_scan, "scan", scan)
    facts = read_facts(f"file://{large}", "master", access, behind=1, scan_secrets=True)
    assert sorted(seen) == ["pages/P7/widgets/W1.json", "pages/P9/queries/q1/q1.txt"]
    assert seen["pages/P9/queries/q1/q1.txt"] == "select now()"
    assert facts.secrets is not None and facts.secrets[0].kind == "Basic Auth"
    assert access.requests == 2


def test_no_scanner_is_not_the_same_as_no_secrets(
    origin: Origin, access: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_promotion_facts._secret_scan, "HAS_SCANNER", False)
    assert read_facts(origin.url, "master", access, behind=0, scan_secrets=True).secrets is None


@pytest.mark.parametrize(
    ("settings", "protocol", "requests"),
    [
        # It ignores a filter that it doesn't know, and sends all at once.
        ([("uploadpack.allowFilter", "false")], "2", 1),
        ([("uploadpack.allowFilter", "false")], "0", 1),
        # It knows filters, but not this one.
        ([("uploadpackfilter.allow", "false")], "2", 2),
        # It filters, but gives single objects to nobody: as ssh without protocol version 2.
        ([], "0", 3),
        ([("uploadpack.allowAnySHA1InWant", "true")], "0", 2),
    ],
    ids=["unknown", "unknown-v0", "refused", "no-objects", "objects-v0"],
)
def test_servers_that_filter_otherwise(
    large: Path, tmp_path: Path, settings: list[tuple[str, str]], protocol: str, requests: int
) -> None:
    for name, value in settings:
        run(large, "config", name, value)
    access = Traced(trace=str(tmp_path / "trace"), protocol=protocol)
    facts = read_facts(f"file://{large}", "master", access, behind=1, scan_secrets=False)
    assert listed(facts) == {"pages": {"changed": ["P7"]}, "queries": {"changed": ["P9/q1"]}}
    assert access.requests == requests


def test_odd_addresses_and_environments(origin: Origin, access: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = origin.folder.rename(origin.folder.with_name('a "b" #c;d \\e'))
    # As in a hook of another repository.
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(origin.folder / "elsewhere"))
    facts = read_facts(f"file://{odd}", "master", access, behind=0, scan_secrets=False)
    assert facts.schema == (12, 2)
    assert not (origin.folder / "elsewhere").exists()


def test_an_address_brings_no_settings(tmp_path: Path, access: Traced) -> None:
    with pytest.raises(RepositoryUnreadable) as caught:
        read_facts(
            f'file://{tmp_path}"\n[remote "origin"]\nuploadpack = touch {tmp_path}/x;',
            "master",
            access,
            behind=0,
            scan_secrets=False,
        )
    assert "is no address" in str(caught.value)


# -- histories ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", ["true", "false"])
def test_a_branch_that_was_moved_forward_to_a_merge(origin: Origin, access: Traced, filters: str) -> None:
    """Production's commit is the merge's second parent: the hotfix was merged back to staging, then all went on."""
    run(origin.folder, "config", "uploadpack.allowFilter", filters)
    origin.git("checkout", "--quiet", "-b", "staging")
    origin.commit({"a": "1"}, "one")
    origin.commit({"a": "2"}, "two")
    origin.git("checkout", "--quiet", "master")
    fixed = origin.commit({"b": "1"}, "hotfix")
    origin.git("checkout", "--quiet", "staging")
    origin.git("merge", "--quiet", "--no-edit", "master")
    origin.git("checkout", "--quiet", "master")
    origin.git("merge", "--quiet", "--ff-only", "staging")
    facts = read_facts(origin.url, "master", access, behind=3, scan_secrets=False)
    assert facts.commit_before == fixed
    assert access.requests == (2 if filters == "true" else 1)


@pytest.mark.parametrize("filters", ["true", "false"])
def test_a_long_side_branch_needs_more_history(
    origin: Origin, access: Traced, filters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in what a short fetch brings, the commits of the side branch's beginning would be too many."""
    monkeypatch.setattr(_repository, "MORE_COMMITS", 5)
    run(origin.folder, "config", "uploadpack.allowFilter", filters)
    origin.git("checkout", "--quiet", "-b", "staging")
    for number in range(5):
        origin.commit({"a": str(number)}, f"early {number}")
    origin.git("checkout", "--quiet", "master")
    origin.git("merge", "--quiet", "--no-ff", "-m", "first", "staging")
    for number in range(12):
        before = origin.commit({"b": str(number)}, f"fix {number}")
    origin.git("checkout", "--quiet", "staging")
    origin.commit({"a": "late"}, "late")
    origin.git("checkout", "--quiet", "master")
    origin.git("merge", "--quiet", "--no-ff", "-m", "second", "staging")
    facts = read_facts(origin.url, "master", access, behind=2, scan_secrets=False)
    assert facts.commit_before == before
    assert [found.subject for found in facts.commits] == ["second", "late"]
    # The branch, its history, and files where they did not come with the branch.
    assert access.requests == (3 if filters == "true" else 2)


def test_a_commit_that_nobody_can_tell_leaves_the_changes_open(origin: Origin, access: Traced) -> None:
    facts = read_facts(origin.url, "master", access, behind=5, scan_secrets=False)
    assert (facts.commit_before, facts.changes) == (None, None)
    assert facts.datasources[0].used_by == ["Order/get_order"]


def test_nothing_to_bring_in(origin: Origin, access: Traced) -> None:
    facts = read_facts(origin.url, "master", access, behind=0, scan_secrets=False)
    assert facts.commit_before == facts.commit_after
    assert not facts.changes and facts.commits == []


# -- changes by name ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"README.md": "new", "notes/x.json": "{}"}, {}),
        # The server spaces and orders JSON in its own way.
        ({"pages/Order/widgets/Text.json": '{"version":1,"topRow":3,"text":"Orders"}'}, {}),
        (
            {"pages/Order/widgets/Text.json": {"text": "New", "version": 1, "topRow": 3}},
            {"pages": {"changed": ["Order"]}},
        ),
        ({"pages/Order/widgets/More.json": {"text": "More"}}, {"pages": {"changed": ["Order"]}}),
        ({"pages/Order/Order.json": page("Order", bottomRow=9)}, {"pages": {"changed": ["Order"]}}),
        (
            {"pages/New/New.json": page("New"), "pages/New/queries/q/metadata.json": query("q", "New")},
            {"pages": {"added": ["New"]}, "queries": {"added": ["New/q"]}},
        ),
        (
            {"pages/Order/queries/get_order/metadata.json": None, "pages/Order/queries/get_order/get_order.txt": None},
            {"queries": {"removed": ["Order/get_order"]}},
        ),
        ({"pages/Order/queries/get_order/get_order.txt": "select 2"}, {"queries": {"changed": ["Order/get_order"]}}),
        (
            {"pages/Order/queries/get_order/metadata.json": query("get_order", runBehaviour="ON_PAGE_LOAD")},
            {"queries": {"changed": ["Order/get_order"]}},
        ),
        (
            {"pages/Order/jsobjects/Totals/Totals.js": "export default {a: 1}"},
            {"js_objects": {"changed": ["Order/Totals"]}},
        ),
        # A setting of a function.
        (
            {
                "pages/Order/queries/Totals-sum/metadata.json": {
                    "pluginType": "JS",
                    "unpublishedAction": {
                        "name": "sum",
                        "fullyQualifiedName": "Totals.sum",
                        "runBehaviour": "AUTOMATIC",
                    },
                }
            },
            {"js_objects": {"changed": ["Order/Totals"]}},
        ),
        (
            {
                "pages/Order/jsobjects/Totals/Totals.js": None,
                "pages/Order/jsobjects/Totals/metadata.json": None,
                "pages/Order/queries/Totals-sum/metadata.json": None,
            },
            {"js_objects": {"removed": ["Order/Totals"]}},
        ),
        (
            {"datasources/crm.json": {"name": "crm", "pluginId": "restapi-plugin"}, "datasources/orders_db.json": None},
            {"datasources": {"added": ["crm"], "removed": ["orders_db"]}},
        ),
        (
            {"jslibs/moment.json": None, "jslibs/lodash.json": {"name": "lodash", "version": "4.17.21"}},
            {"libraries": {"added": ["lodash 4.17.21"], "removed": ["moment 2.29.4"]}},
        ),
        ({"theme.json": {"name": "Classic"}}, {"theme": True}),
        ({"application.json": {**FILES["application.json"], "color": "#000"}}, {"settings": True}),
        # A member that is empty where it was not says nothing.
        ({"application.json": {"pages": [{"id": "Order", "isDefault": True}], "color": "#FFF", "icon": None}}, {}),
        ({"application.json": {**FILES["application.json"], "pages": [{"id": "Order"}]}}, {"settings": True}),
        # A page that came is told as a page.
        (
            {
                "application.json": {
                    **FILES["application.json"],
                    "pages": [{"id": "New"}, {"id": "Order", "isDefault": True}],
                },
                "pages/New/New.json": page("New"),
            },
            {"pages": {"added": ["New"]}},
        ),
        ({"metadata.json": SCHEMA.replace("12", "13")}, {"migration": True}),
        # No JSON, however that came: changed, and no reason to stop here.
        ({"pages/Order/widgets/Text.json": "{"}, {"pages": {"changed": ["Order"]}}),
        ({"pages/Order/queries/ünï/metadata.json": query("ünï")}, {"queries": {"added": ["Order/ünï"]}}),
    ],
)
def test_changes_by_name(origin: Origin, access: Traced, files: dict[str, Any], found: dict[str, Any]) -> None:
    assert changed(origin, files, access) == found


def moved(files: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A page renamed, as Appsmith writes it: other folders, and the page's name in all its files."""
    text = {name: content for name, content in files.items() if name.startswith(f"pages/{old}/")}
    gone: dict[str, Any] = dict.fromkeys(text)
    for name, content in text.items():
        if isinstance(content, dict):
            content = json.loads(json.dumps(content).replace(f'"pageId": "{old}"', f'"pageId": "{new}"'))
        if name == f"pages/{old}/{old}.json":
            content = {**content, "unpublishedPage": {**content["unpublishedPage"], "name": new, "slug": new.lower()}}
        gone[
            name.replace(f"pages/{old}/{old}.json", f"pages/{new}/{new}.json").replace(f"pages/{old}/", f"pages/{new}/")
        ] = content
    return gone


def test_a_page_with_another_name_is_the_same_page(origin: Origin, access: Traced) -> None:
    known = {**FILES, "pages/Order/Order.json": {**page("Order"), "gitSyncId": "a_1"}}
    more = "pages/Order/queries/old/metadata.json"
    origin.commit({"pages/Order/Order.json": known["pages/Order/Order.json"], more: query("old")})
    files = {
        **moved({**known, more: query("old")}, "Order", "Orders"),
        "application.json": {**FILES["application.json"], "pages": [{"id": "Orders", "isDefault": True}]},
    }
    assert changed(origin, files, access) == {"pages": {"changed": ["Orders (was Order)"]}}
    # What else happened to it is told by its new name.
    again = moved({name: text for name, text in files.items() if text is not None}, "Orders", "Start")
    del again["pages/Start/queries/old/metadata.json"]
    again |= {
        "pages/Start/queries/get_order/get_order.txt": "select 2",
        "pages/Start/queries/new/metadata.json": query("new", "Start"),
        "pages/Start/jsobjects/Totals/Totals.js": "export default {a: 2}",
    }
    assert changed(origin, again, access) == {
        "pages": {"changed": ["Start (was Orders)"]},
        "queries": {"added": ["Start/new"], "changed": ["Start/get_order"], "removed": ["Start/old"]},
        "js_objects": {"changed": ["Start/Totals"]},
    }


OLD_QUERY = query("old")
del OLD_QUERY["unpublishedAction"]["runBehaviour"]
OLD_QUERY["unpublishedAction"]["executeOnLoad"] = True


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"pages/Order/queries/old/metadata.json": OLD_QUERY}, "ON_PAGE_LOAD", {"migration": True}),
        ({"pages/Order/queries/old/metadata.json": OLD_QUERY}, "AUTOMATIC", {"migration": True}),
        # It ran on load, and a person turned that off.
        ({"pages/Order/queries/old/metadata.json": OLD_QUERY}, "MANUAL", {"queries": {"changed": ["Order/old"]}}),
    ],
)
def test_when_a_query_runs_in_other_words(
    origin: Origin, access: Traced, before: dict[str, Any], after: str, found: dict[str, Any]
) -> None:
    origin.commit(before)
    new = query("old", runBehaviour=after)
    assert changed(origin, {"pages/Order/queries/old/metadata.json": new}, access) == found


@pytest.mark.parametrize(
    ("version", "columns", "widget", "migrated"),
    [
        (94, 64, {"text": "Orders", "version": 2, "topRow": 12, "borderRadius": "0px"}, True),
        # The same grid: a widget that is elsewhere was moved by somebody.
        (94, 16, {"text": "Orders", "version": 2, "topRow": 12}, False),
        (94, 16, {"text": "Orders", "version": 2, "topRow": 3, "borderRadius": "0px"}, True),
        # The layout's version did not move, so no migration was here.
        (4, 16, {"text": "Orders", "version": 1, "topRow": 3, "borderRadius": "0px"}, False),
        # In all of these a person had a hand as well.
        (94, 64, {"text": "All orders", "version": 2, "topRow": 12}, False),
        (94, 64, {"text": "Orders", "version": 2, "topRow": 12, "onClick": "{{ remove.run() }}"}, False),
        (94, 64, {"version": 2, "topRow": 12}, False),
    ],
)
def test_a_migration_of_a_page_is_told_from_a_person(
    origin: Origin, access: Traced, version: int, columns: int, widget: dict[str, Any], migrated: bool
) -> None:
    origin.commit({"pages/Order/Order.json": page("Order", 4, 16)})
    after = {"pages/Order/Order.json": page("Order", version, columns), "pages/Order/widgets/Text.json": widget}
    found = changed(origin, after, access)
    assert found == ({"migration": True} if migrated else {"pages": {"changed": ["Order"]}})


def test_views_tell_changes_where_the_repository_is_closed() -> None:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import between_views

    settings = {"pages": "1", "settings": "1", "layout": "1", "libraries": "1", "theme": "1"}
    before = View({"A": "1", "B": "1"}, {"A/q": "1", "A/J.f": "1"}, {"A/J": "1", "A/K": "1"}, settings)
    after = View(
        {"A": "2", "C": "1"}, {"A/q": "2", "A/J.f": "2", "C/new": "1"}, {"A/J": "1"}, {**settings, "theme": "2"}
    )
    found = between_views(before, after).as_result()
    assert found["pages"] == {"added": ["C"], "changed": ["A"], "removed": ["B"]}
    assert found["queries"] == {"added": ["C/new"], "changed": ["A/q"], "removed": []}
    assert found["js_objects"] == {"added": [], "changed": ["A/J"], "removed": ["A/K"]}
    assert (found["theme"], found["settings"], found["libraries"]["changed"]) == (True, False, [])
    other = between_views(
        before, View(before.pages, before.queries, before.js_objects, {**settings, "pages": "2", "libraries": "2"})
    )
    assert other.settings and len(other.libraries) == 1
    assert other.counts()["settings"] == 1 and other.counts()["pages"] == 0
    assert not between_views(before, before)


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stderr", "cause", "step"),
    [
        (
            "git@git.example.com: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\n"
            "Please make sure you have the correct access rights\nand the repository exists.",
            "git@git.example.com: Permission denied (publickey).",
            "the Git host must know the key",
        ),
        (
            "Warning: Permanently added 'x' (ED25519) to the list of known hosts.\nHost key verification failed.\n"
            "fatal: Could not read from remote repository.",
            "Host key verification failed.",
            "git_accept_new_host_key",
        ),
        (
            "Gitea: Cannot find repository: acme/x\nERROR: Repository not found.\nfatal: Could not read from remote.",
            "Gitea: Cannot find repository: acme/x; ERROR: Repository not found.",
            "Check the repository's address",
        ),
        ("error: \nerror: Cannot find repository: a/x\n", "read x: error: Cannot find", "repository's address"),
        ("fatal: couldn't find remote ref refs/heads/nope", "refs/heads/nope", "Check the branch's name"),
        ("ssh: Could not resolve hostname git.example.com", "resolve hostname", "must reach the Git host"),
        ("\x1b[31mremote: no\x1b[0m\n", "[31mremote: no", "git_ssh_key_file"),
        ("", "git failed", "git_ssh_key_file"),
    ],
)
def test_causes_are_told_without_what_git_always_says(stderr: str, cause: str, step: str) -> None:
    error = failure(
        type("Failed", (Exception,), {"stderr": f"\n  stderr: '{stderr}'"})(), "The controller can't read x"
    )
    assert cause in error.message and step in str(error.next_step)
    assert "correct access rights" not in error.message and "Could not read from remote repository" not in error.message


def test_a_repository_that_is_not_there(tmp_path: Path, access: Traced) -> None:
    with pytest.raises(RepositoryUnreadable):
        read_facts(f"file://{tmp_path}/none", "master", access, behind=0, scan_secrets=False)


def test_an_unreadable_repository_is_no_wrong_one(origin: Origin, access: Traced) -> None:
    origin.commit({"metadata.json": "{}"})
    with pytest.raises(GitError) as caught:
        read_facts(origin.url, "master", access, behind=1, scan_secrets=False)
    assert not isinstance(caught.value, RepositoryUnreadable)
