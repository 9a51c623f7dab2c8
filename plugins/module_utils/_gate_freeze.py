# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freeze windows: dates and weekly ones, in time zones; private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"^([01]?\d|2[0-4]):([0-5]\d)$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
# Windows that touch are one freeze to the reader; a longer chain than this has no end worth naming.
_CHAIN = 100


@dataclass(frozen=True)
class Span:
    """One stretch of time in which nothing is deployed; both ends in UTC, the second no longer part of it."""

    name: str
    begins: datetime
    ends: datetime
    zone: str

    def text(self, ends: datetime | None) -> str:
        """What a person is told; C(ends) is when the freeze is over, None when no end is in sight."""
        if ends is None:
            return f"freeze '{self.name}' is on, and no end of it is in sight"
        local = ends.astimezone(_zone(self.name, self.zone))
        text = f"freeze '{self.name}' is on until {ends:%Y-%m-%d %H:%M} UTC"
        return text if self.zone == "UTC" else f"{text} ({local:%Y-%m-%d %H:%M} {self.zone})"


@dataclass(frozen=True)
class Window:
    """A window as it was given: from one moment to another, or every week."""

    name: str
    zone: str
    start: datetime | None = None
    end: datetime | None = None
    weekdays: frozenset[int] = frozenset()
    first: tuple[int, int] = (0, 0)
    last: tuple[int, int] = (24, 0)

    @classmethod
    def of(cls, given: dict[str, Any]) -> Window:
        name, zone = str(given.get("name") or ""), str(given.get("timezone") or "UTC")
        if not name:
            raise _bad("A freeze window has no name")
        place = _zone(name, zone)
        dated = [key for key in ("start", "end") if given.get(key) is not None]
        weekly = [key for key in ("weekdays", "from", "to") if given.get(key) is not None]
        if dated and weekly:
            raise _bad(f"Freeze window '{name}' has both dates ({', '.join(dated)}) and days ({', '.join(weekly)})")
        if dated:
            if len(dated) != 2:
                raise _bad(f"Freeze window '{name}' has no {'end' if dated == ['start'] else 'start'}")
            start = _moment(name, "start", str(given["start"]), place)
            end = _moment(name, "end", str(given["end"]), place)
            if end <= start:
                raise _bad(f"Freeze window '{name}' ends ({given['end']}) before it starts ({given['start']})")
            return cls(name, zone, start, end)
        days = {str(day).lower() for day in given.get("weekdays") or ()}
        if not days:
            raise _bad(f"Freeze window '{name}' has neither start and end nor weekdays")
        if days - set(WEEKDAYS):
            raise _bad(f"Freeze window '{name}': {', '.join(sorted(days - set(WEEKDAYS)))} is no weekday")
        first = _clock(name, "from", given.get("from") or "00:00")
        last = _clock(name, "to", given.get("to") or "24:00")
        if first == last or first == (24, 0):
            raise _bad(f"Freeze window '{name}' lasts no time (from {first[0]:02}:{first[1]:02})")
        return cls(name, zone, weekdays=frozenset(WEEKDAYS.index(day) for day in days), first=first, last=last)

    def at(self, now: datetime) -> Span | None:
        """The stretch that holds this moment."""
        if self.start is not None and self.end is not None:
            return Span(self.name, self.start, self.end, self.zone) if self.start <= now < self.end else None
        place = _zone(self.name, self.zone)
        today = now.astimezone(place).date()
        # One over midnight began yesterday.
        for day in (today - timedelta(days=1), today):
            if day.weekday() in self.weekdays:
                begins = _on(day, self.first, place)
                ends = _on(day if self.last > self.first else day + timedelta(days=1), self.last, place)
                if begins <= now < ends:
                    return Span(self.name, begins, ends, self.zone)
        return None


def windows(given: Iterable[dict[str, Any]] | None) -> tuple[Window, ...]:
    """The windows; InvalidInput says what is wrong with which."""
    return tuple(Window.of(one) for one in given or ())


def frozen(given: Iterable[Window], now: datetime) -> str | None:
    """Why nothing may be deployed at this moment, and until when; None when it may."""
    known = tuple(given)
    spans = [span for window in known if (span := window.at(now))]
    if not spans:
        return None
    longest = max(spans, key=lambda span: span.ends)
    ends: datetime | None = longest.ends
    for _link in range(_CHAIN):
        moment = ends
        following = [span.ends for window in known if moment and (span := window.at(moment))]
        if not following:
            break
        ends = max(following)
    else:
        ends = None
    return longest.text(ends)


def _on(day: date, clock: tuple[int, int], place: tzinfo) -> datetime:
    """A time of day as a moment; 24:00 is the next day's beginning."""
    hour, minute = clock
    if hour == 24:
        day, hour = day + timedelta(days=1), 0
    return datetime.combine(day, time(hour, minute), place).astimezone(UTC)


def _moment(name: str, key: str, text: str, place: tzinfo) -> datetime:
    try:
        if _DATE.match(text.strip()):
            # The last day is part of the freeze.
            day = date.fromisoformat(text.strip())
            return _on(day, (24, 0) if key == "end" else (0, 0), place)
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _bad(f"Freeze window '{name}': {key} '{text}' is no date or time in ISO form") from error
    return (found if found.tzinfo else found.replace(tzinfo=place)).astimezone(UTC)


def _clock(name: str, key: str, text: str) -> tuple[int, int]:
    found = _CLOCK.match(str(text).strip())
    if not found or (found.group(1) == "24" and found.group(2) != "00"):
        raise _bad(f"Freeze window '{name}': {key} '{text}' is no time of day such as 16:00")
    return int(found.group(1)), int(found.group(2))


def _zone(name: str, zone: str) -> tzinfo:
    if zone.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            f"Freeze window '{name}': the time zone '{zone}' is not known here",
            next_step="Give it as Europe/Berlin or UTC; a machine without time zones needs the package tzdata.",
        ) from error


def _bad(message: str) -> InvalidInput:
    return InvalidInput(
        message,
        next_step="Give start and end (2026-12-20 or 2026-12-20T18:00), or weekdays (fri, sat) with from and to "
        "('16:00', in quotes).",
    )
