# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion leaves behind, and the module promotion_history_info that lists it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import (
    _promotion_record,
    _repository_module,
    _repository_write,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    GitKeyRefused,
    GitProtectedBranch,
    InvalidInput,
    NotFound,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_history import before_last, read_tags
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_record import (
    RecordFailed,
    author_of,
    check_record,
    instance_name,
    message,
    read_message,
    record,
    tag_name,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from git_remotes import FILE, PROTECTED, Remote, by_ssh, entry, read_only

Run = Callable[..., dict[str, Any]]
PRODUCTION = "https://production.example.com"
RUN: dict[str, Any] = {
    "instance": PRODUCTION,
    "version": "v1.91",
    "who": "Release Manager",
    "began": "2026-11-22T11:15:00Z",
    "ended": "2026-11-22T11:16:30Z",
}


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


@pytest.fixture(autouse=True)
def from_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repository_module, "Access", functools.partial(Access, protocols="file"))


def of(remote: Remote, commit: str | None = None, **more: Any) -> dict[str, Any]:
    return entry(repository=remote.url, commit_after=commit or remote.tip(), **more)


def lines(directory: Path) -> list[dict[str, Any]]:
    return list(Ledger(directory).read())


# -- the record -------------------------------------------------------------------------------------------------------
def test_what_was_done_is_in_the_ledger_and_nothing_else(tmp_path: Path) -> None:
    results = [
        entry(
            changes={"pages": {"added": ["New"], "changed": [], "removed": ["a", "b"]}, "theme": True},
            wave="canary",
            seconds=1.5,
        ),
        entry(name="desk", state="refused", gate="drift", msg="has uncommitted changes", changed=False),
        entry(name="stock", state="failed", msg="no", error={"code": "AE-GIT-4044"}),
        entry(name="quiet", state="current", changed=False),
        entry(name="later", state="held", changed=False),
    ]
    tests = [
        {"name": "orders are there", "application": "orders", "failed": False},
        {"name": "the menu opens", "application": None, "failed": True, "msg": "secret-looking answer"},
        {"name": "desk", "application": "desk", "failed": False},
    ]
    kept, warnings = record(results, **RUN, tests=tests, waves=[{}, {}], outcome="held", ledger_directory=str(tmp_path))
    assert warnings == [] and [one["application"] for one in kept] == ["orders", "desk", "stock"]
    first, second, third = lines(tmp_path)
    assert first["changes"] == {"pages": 3, "theme": True}
    assert first["tests"] == {"passed": 1, "failed": 1, "failed_names": ["the menu opens"]}
    assert "secret-looking" not in (tmp_path / "promotions.jsonl").read_text()
    assert (first["began"], first["ended"], first["by"]) == (RUN["began"], RUN["ended"], "Release Manager")
    assert (first["instance"], first["version"], first["kind"]) == (PRODUCTION, "v1.91", "promotion")
    assert (first["commit_before"], first["commit_after"]) == ("b" * 40, "a" * 40)
    assert (first["waves"], first["outcome"], first["wave"], first["seconds"]) == (2, "held", "canary", 1.5)
    assert (second["state"], second["gate"], second["msg"]) == ("refused", "drift", "has uncommitted changes")
    assert (third["code"], third["tag"]) == ("AE-GIT-4044", None)
    assert len({one["run"] for one in (first, second, third)}) == 1


def test_nothing_done_leaves_nothing(tmp_path: Path) -> None:
    assert record([entry(state="current")], **RUN, ledger_directory=str(tmp_path / "x")) == ([], [])
    assert not (tmp_path / "x").exists()


def test_parts_of_a_run_share_its_name(tmp_path: Path) -> None:
    for name in ("orders", "desk"):
        record([entry(name=name)], **RUN, ledger_directory=str(tmp_path), run="r1")
    assert [one["run"] for one in lines(tmp_path)] == ["r1", "r1"]


def test_times_are_utc_whatever_their_zone(tmp_path: Path) -> None:
    began = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    record([entry()], **{**RUN, "began": began, "ended": "2026-11-22T12:30:00+01:00"}, ledger_directory=str(tmp_path))
    assert (lines(tmp_path)[0]["began"], lines(tmp_path)[0]["ended"]) == (
        "2026-11-22T11:00:00Z",
        "2026-11-22T11:30:00Z",
    )
    with pytest.raises(InvalidInput):
        record([entry()], **{**RUN, "began": "yesterday"})


def test_who_it_was_is_known_without_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "dana")
    assert record([entry()], **{**RUN, "who": None})[0][0]["by"] == "dana"
    monkeypatch.setattr(_promotion_record.getpass, "getuser", lambda: {}["none"])
    assert record([entry()], **{**RUN, "who": ""})[0][0]["by"] == "unknown"


def test_a_ledger_that_can_not_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept, warnings = record([entry()], **RUN, ledger_directory=str(tmp_path / "file"))
    assert len(kept) == 1 and "left no line in it" in warnings[0]


def test_what_can_leave_no_record_is_refused_beforehand(tmp_path: Path) -> None:
    check_record(ledger_directory=str(tmp_path), tag="auto", access=None)
    check_record(ledger_directory=None, tag="always", access=FILE)
    with pytest.raises(InvalidInput, match="tag is always"):
        check_record(ledger_directory=None, tag="always", access=None)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="No ledger"):
        check_record(ledger_directory=str(tmp_path / "file"), tag="never", access=None)


# -- tags -------------------------------------------------------------------------------------------------------------
def test_a_deployed_commit_is_tagged(remote: Remote, tmp_path: Path) -> None:
    tests = [{"name": "one", "application": "orders"}, {"name": "two", "application": "orders", "failed": True}]
    results = [of(remote), entry(name="desk", state="failed", repository=remote.url, commit_after=remote.first)]
    kept, warnings = record(results, **RUN, tests=tests, access=FILE, ledger_directory=str(tmp_path / "l"))
    name = "promotion/production.example.com/master/20261122T111630Z"
    assert warnings == [] and remote.tags() == [name]
    assert [one["tag"] for one in kept] == [name, None] == [one["tag"] for one in lines(tmp_path / "l")]
    made = remote.bare.tag(name)
    assert made.commit.hexsha == remote.first and made.tag.tagger.name == "Release Manager"
    assert made.tag.message.splitlines()[:3] == [f"orders: promotion to {PRODUCTION}", "", "Kind: promotion"]
    read = read_tags(remote.url, FILE)[0]
    for member in ("application", "workspace", "instance", "version", "branch", "by", "began", "ended", "state", "run"):
        assert read[member] == kept[0][member], member
    assert read["tests"] == {"passed": 1, "failed": 1, "failed_names": []}
    assert (read["tag"], read["commit_after"], read["commit_before"]) == (name, remote.first, "b" * 40)


def test_an_application_in_two_workspaces_has_one_tag(remote: Remote) -> None:
    kept, warnings = record([of(remote), of(remote, workspace="Other")], **RUN, access=FILE)
    assert warnings == [] and len(remote.tags()) == 1 and kept[0]["tag"] == kept[1]["tag"]


@pytest.mark.parametrize("more", [{"tag": "never", "access": FILE}, {"access": None}, {"access": FILE, "commit": ""}])
def test_without_a_way_or_a_wish_nothing_is_tagged(remote: Remote, more: dict[str, Any]) -> None:
    result = of(remote)
    if "commit" in more:
        result["commit_after"] = None
        more = {"access": FILE}
    kept, warnings = record([result], **RUN, **more)
    assert (remote.tags(), warnings, kept[0]["tag"]) == ([], [], None)


def test_a_key_that_may_only_read_is_one_warning(tmp_path: Path) -> None:
    remotes = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        remotes.append(Remote(tmp_path / name))
    results = [entry(repository=by_ssh(one), commit_after=one.first, name=str(n)) for n, one in enumerate(remotes)]
    kept, warnings = record(results, **RUN, access=read_only(tmp_path), ledger_directory=str(tmp_path / "l"))
    assert len(warnings) == 1 and "may not write" in warnings[0] and all(by_ssh(one) in warnings[0] for one in remotes)
    assert [one["tag"] for one in kept] == [None, None] and len(lines(tmp_path / "l")) == 2


def test_a_repository_is_tried_once_a_run(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refuse(address: str, access: Access) -> None:
        tried.append(address)
        raise GitKeyRefused("no")

    monkeypatch.setattr(_repository_write, "may_write", refuse)
    record([of(remote), of(remote, branch="staging"), of(remote, workspace="Other")], **RUN, access=FILE)
    assert tried == [remote.url]


def test_another_refusal_of_a_tag_is_told_with_its_cause(remote: Remote) -> None:
    remote.refuse(PROTECTED)
    _kept, warnings = record([of(remote)], **RUN, access=FILE)
    assert len(warnings) == 1 and "could not be tagged" in warnings[0] and "protected" in warnings[0]


def test_with_always_a_refusal_is_an_error_after_the_ledger(remote: Remote, tmp_path: Path) -> None:
    remote.refuse(PROTECTED)
    with pytest.raises(RecordFailed, match="Deployed, but not tagged") as caught:
        record([of(remote)], **RUN, access=FILE, tag="always", ledger_directory=str(tmp_path / "l"))
    assert caught.value.details[0]["title"] == GitProtectedBranch.__name__
    assert len(lines(tmp_path / "l")) == 1


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://production.example.com", "production.example.com"),
        ("https://Production.Example.com/", "production.example.com"),
        ("https://production.example.com:443", "production.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1-8080"),
        ("http://[::1]:8080", "1-8080"),
        ("https://a..b.lock", "a-b.lock-"),
        ("production.example.com", "production.example.com"),
    ],
)
def test_an_instance_as_part_of_a_tags_name(url: str, name: str, remote: Remote) -> None:
    assert instance_name(url) == name
    remote.bare.git.check_ref_format(f"refs/tags/{tag_name(url, 'feature/x', '2026-11-22T11:15:00Z')}")


def test_a_message_holds_no_line_of_somebody_elses_making() -> None:
    written = {**entry(application="orders\nTo: evil"), "kind": "promotion", "instance": PRODUCTION, "by": "a\nb: <c>"}
    read = read_message(message(written))
    assert read["application"] == "orders To: evil" and read["commit_after"] == "a" * 40 and read["by"] == "a b: <c>"
    author = author_of({"by": "Eve <x>\n", "instance": PRODUCTION})
    assert (author.name, author.email) == ("Eve x", "stagecraft.appsmith@production.example.com")
    assert author_of({"by": "dana@example.com", "instance": ""}).email == "dana@example.com"


def test_tags_of_others_are_left_out(remote: Remote) -> None:
    remote.bare.create_tag("promotion/x/master/1", ref=remote.first)
    remote.work.git.tag("-a", "-m", "hello", "promotion/x/master/2", remote.first)
    remote.work.git.push("origin", "--tags")
    assert read_tags(remote.url, FILE) == []


# -- the module -------------------------------------------------------------------------------------------------------
def history(remote: Remote, tmp_path: Path, access: Access | None = None) -> str:
    """Three promotions, of which the second failed, and one on another instance."""
    ledger = str(tmp_path / "ledger")
    second = remote.commit({"a": "1"}, "second")
    for minute, result, more in (
        (10, of(remote, remote.first), {}),
        (20, of(remote, second, state="failed"), {}),
        (30, of(remote, second), {"kind": "revert"}),
        (40, of(remote, second, name="desk"), {"instance": "https://staging.example.com"}),
    ):
        times = {"began": f"2026-11-22T11:{minute}:00Z", "ended": f"2026-11-22T11:{minute}:30Z"}
        record([result], **{**RUN, **times, **more}, ledger_directory=ledger, access=access)
    return ledger


def found(result: dict[str, Any]) -> list[tuple[str, list[str]]]:
    assert not result["failed"], result
    return [(one["ended"][14:16], one["sources"]) for one in result["promotions"]]


def test_the_history_is_newest_first_and_of_both_sources(remote: Remote, tmp_path: Path, run_module: Run) -> None:
    ledger = history(remote, tmp_path, FILE)
    both, alone, tags = ["ledger", "tag"], ["ledger"], ["tag"]
    by_file = run_module("promotion_history_info", {"ledger_directory": ledger})
    assert found(by_file) == [("40", alone), ("30", alone), ("20", alone), ("10", alone)]
    assert by_file["ledger"] == f"{ledger}/promotions.jsonl" and not by_file["changed"]
    by_tag = run_module("promotion_history_info", {"repositories": [remote.url]})
    assert found(by_tag) == [("40", tags), ("30", tags), ("10", tags)] and by_tag["ledger"] is None
    by_both = run_module("promotion_history_info", {"repository": [remote.url], "ledger_directory": ledger})
    assert found(by_both) == [("40", both), ("30", both), ("20", alone), ("10", both)]


@pytest.mark.parametrize(
    ("wanted", "minutes"),
    [
        ({"limit": 2}, ["40", "30"]),
        ({"limit": 0}, ["40", "30", "20", "10"]),
        ({"application": ["desk"]}, ["40"]),
        ({"instance": [f"{PRODUCTION}/"]}, ["30", "20", "10"]),
        ({"kinds": ["revert"]}, ["30"]),
        ({"states": ["failed"]}, ["20"]),
        ({"branch": ["staging"]}, []),
        ({"workspace": ["Operations"], "states": ["deployed"], "kinds": ["promotion"]}, ["40", "10"]),
    ],
)
def test_what_is_wanted_is_listed(
    remote: Remote, tmp_path: Path, run_module: Run, wanted: dict[str, Any], minutes: list[str]
) -> None:
    result = run_module("promotion_history_info", {"ledger_directory": history(remote, tmp_path), **wanted})
    assert [minute for minute, _sources in found(result)] == minutes


def test_no_ledger_yet_is_an_empty_one(tmp_path: Path, run_module: Run) -> None:
    assert found(run_module("promotion_history_info", {"ledger_directory": str(tmp_path / "none")})) == []


def test_a_torn_line_is_a_warning(tmp_path: Path, run_module: Run) -> None:
    record([entry()], **RUN, ledger_directory=str(tmp_path))
    with open(tmp_path / "promotions.jsonl", "a") as file:
        file.write('{"to')
    result = run_module("promotion_history_info", {"ledger_directory": str(tmp_path)})
    assert len(result["promotions"]) == 1 and "can't be read" in json.dumps(result["warnings"])


def test_one_of_both_must_be_given(run_module: Run) -> None:
    assert "one of the following is required" in run_module("promotion_history_info", {})["msg"]
    assert "negative" in run_module("promotion_history_info", {"ledger_directory": "/tmp", "limit": -1})["msg"]


# -- what was deployed before the last promotion ----------------------------------------------------------------------
def step(commit: str | None, state: str = "deployed", kind: str = "promotion", failed: int = 0) -> dict[str, Any]:
    return {"commit_after": commit, "state": state, "kind": kind, "tests": {"passed": 0, "failed": failed}}


@pytest.mark.parametrize(
    ("oldest_first", "expected"),
    [
        ([step("1"), step("2")], "1"),
        # Gone back already: still the same, so that doing it twice doesn't go back further.
        ([step("1"), step("2"), step("r", kind="revert")], "1"),
        # ... and after that a new promotion replaced what the way back had left.
        ([step("1"), step("2"), step("r", kind="revert"), step("4")], "r"),
        # The same commit deployed once more, such as to finish what was interrupted.
        ([step("1"), step("2"), step("2")], "1"),
        # The last one failed, perhaps half-way.
        ([step("1"), step("2"), step("3", "failed")], "2"),
        ([step("1"), step("2"), step(None, "failed"), step("3", "refused")], "1"),
        # What failed or didn't pass its tests is nothing to go back to.
        ([step("1"), step("2", failed=1), step("3")], "1"),
        ([step("1"), step("2", "failed"), step("3", failed=1)], "1"),
        ([step("1"), {**step("2"), "failed": True}, step("3")], "1"),
        ([step("2")], None),
        ([step("r", kind="revert"), step("r", kind="revert")], None),
        ([], None),
    ],
)
def test_the_one_before_the_last(oldest_first: list[dict[str, Any]], expected: str | None) -> None:
    newest_first = list(reversed(oldest_first))
    if expected is None:
        with pytest.raises(NotFound, match="no earlier promotion is recorded"):
            before_last(newest_first, "'orders'")
    else:
        assert before_last(newest_first, "'orders'")["commit_after"] == expected


def test_times_without_an_end_are_now() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    kept = record([entry()], **{**RUN, "ended": None})[0]
    assert before <= datetime.fromisoformat(kept[0]["ended"]) <= datetime.now(UTC)
