# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases: parsing, order, schema numbers, paths, and how an instance tells its own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _releases
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import IncompatibleVersion, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._release_data import (
    ADVICE,
    CHECKPOINTS,
    DATA_DATE,
    NEWEST,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import (
    known,
    plan,
    schema_numbers,
    upgrade_path,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version, detect

URL = "http://appsmith.example.com"


@pytest.fixture(autouse=True)
def soon_after_the_data(monkeypatch):
    monkeypatch.setattr(_releases, "today", lambda: DATA_DATE + timedelta(days=10))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("v1.91", "v1.91"),
        ("1.9.39", "v1.9.39"),
        ("v2.4.1", "v2.4.1"),
        ("v1.92-SNAPSHOT", "v1.92"),
        ("V1.22", "v1.22"),
        ("v2.5.0", "v2.5.0"),
        ("v.1.6.23", "v1.6.23"),
    ],
)
def test_parse(text, shown):
    assert str(Version.parse(text)) == shown


@pytest.mark.parametrize("text", ["latest", "", "UNKNOWN", "1", "v1.9.20.2", "v1.x", "release"])
def test_what_is_no_release(text):
    with pytest.raises(InvalidInput, match="no release of Appsmith"):
        Version.parse(text)


def test_order_and_equality():
    names = ["v1.9.61", "v1.10", "v1.60", "v1.91", "v2.0", "v2.4", "v2.4.1", "v2.5.0"]
    assert sorted(map(Version.parse, reversed(names))) == [Version.parse(name) for name in names]
    assert Version.parse("v2.4") == Version.parse("v2.4.0")


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("v1.6.7", (0, 0)),
        ("v1.9.43", (7, 1)),
        ("v1.55", (11, 1)),
        ("v1.60", (11, 2)),
        ("v1.91", (12, 2)),
        ("v2.7.1", (13, 2)),
    ],
)
def test_schema_numbers(version, numbers):
    assert schema_numbers(Version.parse(version)) == numbers


@pytest.mark.parametrize(
    ("current", "wanted", "path"),
    [
        ("v1.60", "v1.91", ["v1.91"]),
        ("v1.91", "v1.91", []),
        ("v1.91", "v1.97", ["v1.97"]),
        ("v1.91", "v2.0", ["v1.99", "v2.0"]),
        ("v1.96", "v2.1", ["v2.1"]),
        ("v1.91", "v2.7.1", ["v1.99", "v2.3", "v2.5.1", "v2.7.1"]),
        ("v1.91", "v2.3", ["v1.99", "v2.3"]),
        ("v2.2", "v2.4.1", ["v2.4.1"]),
        ("v1.8.3", "v1.91", ["v1.9.2", "v1.69", "v1.91"]),
        ("v1.9.10", "v1.70", ["v1.69", "v1.70"]),
        ("v1.8.3", "v1.9.2", ["v1.9.2"]),
        ("v1.8.3", "v1.8.4", ["v1.8.4"]),
    ],
)
def test_upgrade_path(current, wanted, path):
    hops = upgrade_path(current, wanted)
    assert [str(hop.version) for hop in hops] == path
    assert all(hop.reason and hop.source for hop in hops)


@pytest.mark.parametrize(
    ("current", "wanted", "options", "path"),
    [
        # MongoDB's stops are those of the embedded one.
        ("v1.8.3", "v2.7.1", {"database": "external"}, ["v1.9.2", "v2.5.1", "v2.7.1"]),
        ("v1.60", "v2.4", {"database": "external"}, ["v2.4"]),
        ("v2.3", "v2.6.0", {"edition": "ee"}, ["v2.5.1", "v2.6.0"]),
        ("v2.5.0", "v2.7.0", {"edition": "ee"}, ["v2.7.0"]),
        # PostgreSQL 13 has to be moved where it is at hand, and one stop serves two checkpoints.
        ("v1.28", "v1.69", {"offline": True}, ["v1.30", "v1.69"]),
        ("v1.28", "v1.91", {"offline": True, "database": "external"}, ["v1.30", "v1.91"]),
        ("v1.9.20", "v1.91", {"offline": True}, ["v1.30", "v1.91"]),
        ("v1.29", "v1.91", {"offline": True}, ["v1.91"]),
        ("v1.9.13", "v1.69", {"offline": True}, ["v1.69"]),
        ("v1.28", "v1.30", {"offline": True}, ["v1.30"]),
        # What the data does not know, when asked for.
        ("v1.91", "v2.9.0", {"allow_unknown": True}, ["v1.99", "v2.3", "v2.5.1", "v2.9.0"]),
        ("v2.6.0", "v3.1", {"allow_unknown": True}, ["v3.1"]),
        ("v2.4.9", "v2.6.0", {"allow_unknown": True}, ["v2.5.1", "v2.6.0"]),
        ("v2.8.0", "v2.9.0", {"allow_unknown": True}, ["v2.9.0"]),
    ],
)
def test_what_the_instance_is_changes_the_path(current, wanted, options, path):
    assert [str(hop.version) for hop in plan(current, wanted, **options).hops] == path


def test_every_line_has_a_source_and_a_date_not_later_than_the_data():
    for line in (*CHECKPOINTS, *ADVICE):
        assert line.source and date.fromisoformat(line.date) <= DATA_DATE
    for point in CHECKPOINTS:
        assert point.first <= point.stop <= point.last < point.needed_from <= NEWEST
        assert known(str(point.stop))


def test_a_stop_that_serves_two_checkpoints_says_both_reasons():
    stop = plan("v1.9.20", "v1.91", offline=True).hops[0].as_dict()
    assert "PostgreSQL 13" in stop["reason"] and "MongoDB 6" in stop["reason"]
    assert stop["wait_for"] == "mongodb-fixer: Done" and stop["date"] == "2026-11-22"


@pytest.mark.parametrize(
    ("current", "wanted", "options", "told", "untold"),
    [
        (
            "v1.91",
            "v2.7.1",
            {},
            ["docker.env is data", "Enterprise Edition has used", "whole backup"],
            ["Admin central"],
        ),
        ("v1.91", "v2.7.1", {"edition": "ee"}, ["Admin central"], ["Enterprise Edition has used"]),
        ("v1.91", "v2.3", {"database": "external"}, ["version 5.0 or newer"], ["whole backup", "docker.env is data"]),
        ("v1.60", "v1.91", {}, ["APPSMITH_SIGNUP_DISABLED"], ["version 5.0 or newer", "PostgreSQL"]),
        ("v1.28", "v1.40", {}, ["PostgreSQL 13 from the internet"], []),
        ("v1.28", "v1.40", {"offline": True}, [], ["PostgreSQL 13 from the internet"]),
    ],
)
def test_advice(current, wanted, options, told, untold):
    text = " ".join(item["text"] for item in plan(current, wanted, **options).advice)
    assert all(words in text for words in told) and not any(words in text for words in untold)


def test_nothing_to_do_needs_no_advice():
    assert plan("v1.91", "v1.91", database="external").advice == []


@pytest.mark.parametrize("days", [183, 184])
def test_old_data_warns(monkeypatch, days):
    monkeypatch.setattr(_releases, "today", lambda: DATA_DATE + timedelta(days=days))
    warnings = plan("v1.60", "v1.91").warnings
    assert (["update the collection" in text for text in warnings]) == ([] if days == 183 else [True])


def test_releases_to_avoid_warn_for_the_embedded_database():
    assert "Avoid v1.9.38" in plan("v1.9.30", "v1.9.38").warnings[0]
    assert plan("v1.9.30", "v1.9.38", database="external").warnings == []
    assert not any(str(point.stop) in ("v1.9.38", "v1.9.39") for point in CHECKPOINTS)


def test_an_unknown_release_warns_when_it_is_allowed():
    (warning,) = plan("v1.91", "v2.9.0", allow_unknown=True).warnings
    assert "v2.9.0 is no release that this collection knows" in warning and "read its release page" in warning
    with pytest.raises(InvalidInput, match=r"v2\.9\.0") as error:
        plan("v1.91", "v2.9.0")
    assert "allow_unknown" in error.value.next_step
    with pytest.raises(InvalidInput, match="no release of Appsmith"):
        plan("v1.91", "latest", allow_unknown=True)
    with pytest.raises(InvalidInput, match="can't be moved"):
        plan("v2.9.0", "v2.8.0", allow_unknown=True)


@pytest.mark.parametrize(
    ("current", "wanted", "message"),
    [
        ("v1.91", "v1.60", "can't be moved to v1.60"),
        ("v1.91", "latest", "'latest' is no release"),
        ("v1.91", "v1.9.59", "v1.9.59 is no release that this collection knows"),
        ("v1.91", "v9.9", "v9.9 is no release that this collection knows"),
        ("v0.9", "v1.91", "v0.9 is no release that this collection knows"),
    ],
)
def test_refused_paths(current, wanted, message):
    with pytest.raises(InvalidInput) as error:
        upgrade_path(current, wanted)
    assert message in str(error.value)
    assert error.value.next_step


def test_unknown_release_names_its_neighbours():
    with pytest.raises(InvalidInput, match=r"v2\.4\.9") as error:
        known("v2.4.9")
    assert "v2.4, v2.4.1, v2.4.2, v2.4.3" in str(error.value)


def test_info_tells_the_release(api):
    api.expect("GET", "/info", root=True, text='{"version": "v1.91", "commitSha": "x"}')
    assert detect(Client(URL), "v1.60") == Version.parse("v1.91")


@pytest.mark.parametrize("info", ['{"version": "UNKNOWN"}', "{}", "<html>loading</html>", "[]"])
def test_the_probe_tells_it_when_info_does_not(api, info):
    api.expect("GET", "/info", root=True, text=info)
    api.expect(
        "GET",
        "/users/me",
        headers={"X-Appsmith-Version": "v0"},
        error=(400, "AE-BAD-4002", "Appsmith version mismatch"),
        error_data={"serverVersion": "v1.60"},
    )
    assert detect(Client(URL)) == Version.parse("v1.60")


def test_what_was_given_is_the_last_resort(api):
    for _attempt in range(2):
        api.expect("GET", "/info", root=True, status=404, text="")
        api.expect("GET", "/users/me", error=(400, "AE-BAD-4002", "mismatch"), error_data={"serverVersion": "UNKNOWN"})
    assert detect(Client(URL), "1.91") == Version.parse("v1.91")
    with pytest.raises(IncompatibleVersion, match="does not say which release"):
        detect(Client(URL))
