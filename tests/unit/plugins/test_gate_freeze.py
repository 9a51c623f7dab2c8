# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freeze windows: when they are on, what is said of them, and what is no window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._gate_freeze import frozen, windows

WEEKEND = {"name": "weekend", "weekdays": ["fri"], "from": "16:00", "to": "24:00", "timezone": "Europe/Berlin"}
REST = {"name": "rest", "weekdays": ["sat", "sun"], "timezone": "Europe/Berlin"}
YEAR_END = {"name": "year end", "start": "2026-12-20", "end": "2027-01-06", "timezone": "Europe/Berlin"}
NIGHT = {"name": "night", "weekdays": ["mon", "tue"], "from": "22:00", "to": "06:00", "timezone": "America/New_York"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def said(text: str, *given: dict[str, Any]) -> str | None:
    return frozen(windows(given), at(text))


@pytest.mark.parametrize(
    ("moment", "window", "on"),
    [
        # Friday the 20th of November 2026, 16:00 in Berlin is 15:00 UTC.
        ("2026-11-20T14:59:59", WEEKEND, False),
        ("2026-11-20T15:00", WEEKEND, True),
        ("2026-11-20T22:59:59", WEEKEND, True),
        ("2026-11-20T23:00", WEEKEND, False),
        # In summer it is 14:00 UTC.
        ("2026-07-03T14:00", WEEKEND, True),
        ("2026-07-03T13:59", WEEKEND, False),
        # A day alone is frozen to its end, in its own zone.
        ("2026-12-19T22:59:59", YEAR_END, False),
        ("2026-12-19T23:00", YEAR_END, True),
        ("2027-01-06T22:59:59", YEAR_END, True),
        ("2027-01-06T23:00", YEAR_END, False),
        # Over midnight: from Monday 22:00 to Tuesday 06:00 in New York, and no more on Wednesday night.
        ("2026-11-24T02:59", NIGHT, False),
        ("2026-11-24T03:00", NIGHT, True),
        ("2026-11-24T10:59", NIGHT, True),
        ("2026-11-24T11:00", NIGHT, False),
        ("2026-11-25T10:59", NIGHT, True),
        ("2026-11-26T05:00", NIGHT, False),
    ],
)
def test_a_window_is_on(moment: str, window: dict[str, Any], on: bool) -> None:
    assert (said(moment, window) is not None) is on


def test_over_the_change_of_the_clock() -> None:
    """The night to Sunday the 25th of October 2026 has 02:30 twice in Berlin; the window holds both."""
    window = {"name": "n", "weekdays": ["sun"], "from": "02:00", "to": "03:00", "timezone": "Europe/Berlin"}
    assert [said(f"2026-10-25T{clock}", window) is not None for clock in ("00:30", "01:30", "02:30")] == [
        True,
        True,
        False,
    ]


def test_the_message_says_which_and_until_when() -> None:
    assert said("2026-11-20T16:00", WEEKEND) == (
        "freeze 'weekend' is on until 2026-11-20 23:00 UTC (2026-11-21 00:00 Europe/Berlin)"
    )
    assert said("2026-11-20T16:00", {"name": "x", "start": "2026-11-20", "end": "2026-11-20"}) == (
        "freeze 'x' is on until 2026-11-21 00:00 UTC"
    )


def test_windows_that_touch_are_one_freeze() -> None:
    text = said("2026-11-20T16:00", WEEKEND, REST)
    assert text == "freeze 'weekend' is on until 2026-11-22 23:00 UTC (2026-11-23 00:00 Europe/Berlin)"


def test_a_freeze_without_an_end_says_so() -> None:
    every = {"name": "for ever", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    assert said("2026-11-20T16:00", every) == "freeze 'for ever' is on, and no end of it is in sight"


def test_a_time_may_say_its_own_zone() -> None:
    window = {"name": "x", "start": "2026-11-20T10:00+01:00", "end": "2026-11-20 12:00", "timezone": "UTC"}
    assert said("2026-11-20T09:00", window) and said("2026-11-20T11:59", window)
    assert not said("2026-11-20T08:59", window) and not said("2026-11-20T12:00", window)


def test_without_windows_nothing_is_frozen() -> None:
    assert frozen(windows(None), at("2026-11-20T16:00")) is None


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ({"name": "w", "start": "2026-12-20"}, "'w' has no end"),
        ({"name": "w", "end": "2026-12-20"}, "'w' has no start"),
        ({"name": "w", "start": "2026-12-20", "end": "2026-12-19"}, "ends (2026-12-19) before it starts (2026-12-20)"),
        ({"name": "w", "start": "20.12.2026", "end": "2026-12-24"}, "start '20.12.2026' is no date"),
        ({"name": "w", "start": "2026-02-30", "end": "2026-12-24"}, "start '2026-02-30' is no date"),
        ({"name": "w"}, "neither start and end nor weekdays"),
        ({"name": ""}, "no name"),
        ({"name": "w", "weekdays": ["fri"], "start": "2026-12-20"}, "both dates (start) and days (weekdays)"),
        ({"name": "w", "weekdays": ["friday"]}, "friday is no weekday"),
        ({"name": "w", "weekdays": ["fri"], "from": "25:00"}, "from '25:00' is no time of day"),
        # What YAML makes of 16:00 without quotes.
        ({"name": "w", "weekdays": ["fri"], "from": "960"}, "from '960' is no time of day"),
        ({"name": "w", "weekdays": ["fri"], "to": "24:30"}, "to '24:30' is no time of day"),
        ({"name": "w", "weekdays": ["fri"], "from": "16:00", "to": "16:00"}, "lasts no time"),
        ({"name": "w", "weekdays": ["fri"], "timezone": "Europe/Berln"}, "time zone 'Europe/Berln' is not known"),
        ({"name": "w", "weekdays": ["fri"], "timezone": "../etc/passwd"}, "is not known here"),
    ],
)
def test_what_is_no_window_is_told(window: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        windows([window])
    assert text in str(refused.value)
