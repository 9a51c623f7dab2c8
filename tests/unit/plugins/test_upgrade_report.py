# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter upgrade_report: how an upgrade went, for people and for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.stagecraft.appsmith.plugins.filter.upgrade_report import upgrade_report
from ansible_collections.stagecraft.appsmith.plugins.module_utils._upgrade_report import duration, promotions


def host(name: str, side: str, now: str, outcome: str = "upgraded", **more: Any) -> dict[str, Any]:
    return {"host": name, "side": side, "from": "v1.60", "to": "v1.91", "now": now, "outcome": outcome, **more}


def swept(name: str, branch: str, action: str) -> dict[str, Any]:
    return {"name": name, "branch": branch, "action": action, "before": "migration", "after": "clean"}


STAGING = host(
    "staging",
    "staging",
    "v1.91",
    seconds={"down": 74.2, "backup": 12.4},
    hops=[{"version": "v1.69", "seconds": 40.2}, {"version": "v1.91", "seconds": 421.0}],
    backup="appsmith-staging-20261122T081500Z",
    tests=["2 smoke tests", "In a browser"],
    swept=[
        swept("orders", "staging", "committed"),
        swept("orders", "master", "committed"),
        swept("desk", "staging", "none"),
    ],
    left=["'desk' at mine: somebody's uncommitted changes are left as they are"],
)
BROKEN = host("production", "production", "v1.60", "put back", reason="v1.91 | does not start.", resumed=True)


def told(*hosts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"to": "v1.91", "hosts": list(hosts), "lost": [], "check_mode": False, **more}


def test_the_table_has_the_worst_first_and_tells_what_matters() -> None:
    assert upgrade_report(told(STAGING, BROKEN)).splitlines() == [
        "Upgrade to v1.91, 2 hosts: 1 put back, 1 upgraded",
        "",
        "OUTCOME   HOST        FROM   NOW    DOWN  HOPS",
        "put back  production  v1.60  v1.60",
        "upgraded  staging     v1.60  v1.91  74 s  v1.69 40 s, v1.91 7 min 1 s",
        "",
        "production",
        "  reason          v1.91 | does not start.",
        "  resumed         an upgrade that was broken off was ended; the times are those of this run",
        "",
        "staging",
        "  way back        appsmith-staging-20261122T081500Z (took 12 s)",
        "  passed          2 smoke tests, In a browser",
        "  committed       orders (staging), orders (master)",
        "  left as it is   'desk' at mine: somebody's uncommitted changes are left as they are",
        "",
        "Promotions are held where production can't read staging's format: staging answered with v1.91,",
        "production answered with v1.60.",
    ]


def test_markdown_is_a_table_in_which_text_stays_text() -> None:
    text = upgrade_report(told(STAGING, BROKEN), "markdown")
    assert text.splitlines()[:4] == [
        "## Upgrade to v1.91, 2 hosts: 1 put back, 1 upgraded",
        "",
        "| Outcome | Host | From | Now | Down | Hops |",
        "|---|---|---|---|---|---|",
    ]
    assert "- reason: v1.91 \\| does not start." in text


def test_json_is_for_programs() -> None:
    found = json.loads(upgrade_report(told(STAGING, lost=["far"]), "json"))
    assert [one["host"] for one in found["hosts"]] == ["staging", "far"]
    assert found["hosts"][1]["outcome"] == "lost"
    assert found["hosts"][0]["seconds"] == {"down": 74.2, "backup": 12.4}
    assert found["to"] == "v1.91" and found["check_mode"] is False


@pytest.mark.parametrize(
    ("staging", "production", "says"),
    [
        (["v1.91"], ["v1.91", "v1.91"], "free: "),
        (["v1.91"], ["v1.91", "v1.60"], "held "),
        # Nothing is proven by who did not answer.
        (["v1.91"], ["UNKNOWN"], ""),
        (["v1.91"], ["v1.91", ""], ""),
        (["v1.91"], [], ""),
        ([], ["v1.91"], ""),
    ],
    ids=str,
)
def test_promotions_are_called_free_only_when_both_sides_answered_alike(
    staging: list[str], production: list[str], says: str
) -> None:
    hosts = [host("s", "staging", now) for now in staging] + [host("p", "production", now) for now in production]
    found = promotions(hosts)
    assert found.startswith(says) and bool(found) == bool(says)


def test_check_mode_promises_no_times_and_nothing_about_promotions() -> None:
    would = host("s", "staging", "v1.60", "would be upgraded", hops=[{"version": "v1.91"}])
    text = upgrade_report(told(would, host("p", "production", "v1.60", "nothing to do"), check_mode=True))
    assert text.splitlines()[3] == "would be upgraded  s     v1.60  v1.60        v1.91"
    assert "Promotions" not in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (119.2, "119 s"), (120, "2 min 0 s"), (3723.9, "62 min 4 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("wrong", [None, [], {"to": "v1.91"}], ids=str)
def test_what_is_none_is_refused_in_one_line(wrong: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="list 'hosts'"):
        upgrade_report(wrong)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="table, markdown, json"):
        upgrade_report(told(), "html")
