# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module upgrade_path: offline, and refusing what can't be done."""

from __future__ import annotations

import pytest
from ansible_collections.stagecraft.appsmith.plugins.modules.upgrade_path import UpgradePath


def path(run_module, current, wanted, **options):
    return run_module(UpgradePath, {"current": current, "wanted": wanted, **options})


def test_without_a_stop_in_between(run_module):
    result = path(run_module, "v1.60", "v1.69")
    assert result["versions"] == ["v1.69"] and result["needed"] and not result["changed"]
    assert not result["crosses_schema"]


def test_stops_come_in_order_with_reason_and_source(run_module):
    result = path(run_module, "1.91", "v2.3")
    assert (result["current"], result["wanted"]) == ("v1.91", "v2.3")
    assert result["versions"] == ["v1.99", "v2.3"]
    assert all(hop["reason"] and hop["source"] for hop in result["hops"])
    assert result["hops"][0]["date"] == "2026-11-22" == result["data_date"]
    assert all(item["text"] and item["source"] and item["date"] for item in result["advice"])
    assert not result["crosses_schema"]


def test_a_new_form_of_applications_is_told(run_module):
    assert path(run_module, "v1.60", "v1.91")["crosses_schema"]


def test_what_the_instance_is_and_what_is_unknown(run_module):
    assert path(run_module, "v1.91", "v2.3", database="external")["versions"] == ["v2.3"]
    assert path(run_module, "v1.28", "v1.69", offline=True, edition="ee")["versions"] == ["v1.30", "v1.69"]
    result = path(run_module, "v2.7.1", "v2.8.0", allow_unknown=True)
    assert result["versions"] == ["v2.8.0"]
    assert "v2.8.0 is no release that this collection knows" in str(result["warnings"])


def test_nothing_to_do(run_module):
    result = path(run_module, "v1.91", "v1.91")
    assert result["versions"] == [] and result["hops"] == [] and not result["needed"]


@pytest.mark.parametrize(
    ("current", "wanted", "said"),
    [
        ("v1.91", "v1.60", "no way back"),
        ("v1.91", "latest", "another release tomorrow"),
        ("nightly", "v1.91", "another release tomorrow"),
        ("v1.91", "v1.100", "no release that this collection knows"),
        ("v1.91", "newest", "is no release of Appsmith"),
    ],
)
def test_what_is_refused(run_module, current, wanted, said):
    result = path(run_module, current, wanted)
    assert result["failed"] and said in result["msg"] and "hops" not in result
