# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases: parsing, order, schema numbers, paths, and how an instance tells its own."""

from __future__ import annotations

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import IncompatibleVersion, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._releases import known, schema_numbers, upgrade_path
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version, detect

URL = "http://appsmith.example.com"


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
