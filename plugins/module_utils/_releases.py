# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of Appsmith's releases; private to the collection. The data with its sources is in _release_data.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._release_data import (
    ADVICE,
    AVOIDED,
    CE,
    CHECKPOINTS,
    DATA_DATE,
    EMBEDDED,
    NEWEST,
    OLDEST,
    RELEASES,
    SCHEMA_NUMBERS,
    STALE_AFTER_DAYS,
    Checkpoint,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

V = Version.parse

# The Git routes below /git/applications and /git/artifacts are whole from here on (tag v1.61; v1.60 has parts of them).
GIT_API_NEW_SINCE = V("v1.61")

# appsmithctl restore --backup-file=NAME --non-interactive (pull request appsmith#42147; the release is inferred).
UNATTENDED_RESTORE_SINCE = V("v2.4.1")

# Sign-up and form login: docker.env before, the organization's configuration from here on (tag v1.66, a migration moves
# them once; observed on v1.60 and v1.91).
SIGN_UP_IN_ORGANIZATION_SINCE = V("v1.66")


def schema_numbers(version: Version) -> tuple[int, int]:
    """The newest (server, client) schema that a release can read, and the one it writes."""
    numbers = (0, 0)
    for since, server, client, _source in SCHEMA_NUMBERS:
        if version >= since:
            numbers = (server, client)
    return numbers


def reads(version: Version, numbers: tuple[int, int]) -> bool | None:
    """Whether a release can read files of these (server, client) numbers; None where nothing here tells."""
    known_numbers = schema_numbers(version)
    if numbers[0] <= known_numbers[0] and numbers[1] <= known_numbers[1]:
        return True
    return None if version > NEWEST else False


def first_reader(numbers: tuple[int, int]) -> Version | None:
    """The oldest release that can read files of these numbers; None where none is known."""
    found = (since for since, server, client, _source in SCHEMA_NUMBERS if server >= numbers[0])
    return next((since for since in found if reads(since, numbers)), None)


def way_to_read(version: Version, numbers: tuple[int, int]) -> str:
    """What to do so that an instance can read files of these numbers."""
    first = first_reader(numbers)
    if first is None:
        return (
            f"No release that this collection knows (to {NEWEST}) reads it: upgrade the instance to the release that "
            "wrote it, and update the collection."
        )
    try:
        hops = [str(hop.version) for hop in upgrade_path(version, first)]
    except InvalidInput:
        # A hotfix or a build of one's own stands in no list.
        hops = [str(first)]
    way = f", by way of {', '.join(hops[:-1])}" if len(hops) > 1 else ""
    return f"{first} is the first release that reads it: upgrade the instance to it or a newer one{way}, then promote."


def known(text: str) -> Version:
    """A release that exists; names such as C(latest) and unknown ones are refused."""
    version = Version.parse(text)
    if version not in RELEASES:
        near = [
            str(release) for release in RELEASES if release.major == version.major and release.minor == version.minor
        ]
        hint = f"Of that line there are {', '.join(near)}" if near else f"Known are {OLDEST} to {NEWEST}"
        raise InvalidInput(
            f"{version} is no release that this collection knows",
            next_step=f"{hint}. Check it, or update the collection (its list is of {DATA_DATE}).",
        )
    return version


@dataclass(frozen=True)
class Hop:
    """One stop of an upgrade."""

    version: Version
    reason: str
    source: str
    date: str = ""
    wait_for: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "version": str(self.version),
            "reason": self.reason,
            "source": self.source,
            "date": self.date,
            "wait_for": self.wait_for,
        }


@dataclass(frozen=True)
class Plan:
    """The way from a release to another."""

    current: Version
    wanted: Version
    hops: list[Hop] = field(default_factory=list)
    advice: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def today() -> date:
    return datetime.now(UTC).date()


def plan(
    current: Version | str,
    wanted: Version | str,
    *,
    edition: str = CE,
    database: str = EMBEDDED,
    offline: bool = False,
    allow_unknown: bool = False,
) -> Plan:
    """The releases to install one after the other, what else to know, and how far all that can be relied on."""
    warnings: list[str] = []
    found = []
    for text in (str(current), str(wanted)):
        try:
            found.append(known(text))
        except InvalidInput as error:
            # What can't be read as a release, such as latest, stays refused.
            found.append(Version.parse(text))
            if not allow_unknown:
                raise InvalidInput(
                    error.message, next_step=f"{error.next_step} Or say allow_unknown, without checks of that release."
                ) from error
            warnings.append(
                f"{found[-1]} is no release that this collection knows (its list is of {DATA_DATE}, to {NEWEST}): a "
                "stop that it demands may be missing; read its release page first."
            )
    start, end = found
    if end < start:
        raise InvalidInput(
            f"{start} can't be moved to {end}: Appsmith's data knows no way back to an older release",
            next_step="Restore a backup that was made on the older release.",
        )
    if (today() - DATA_DATE).days > STALE_AFTER_DAYS:
        warnings.append(
            f"What is known of releases is of {DATA_DATE}: update the collection, or read the pages of later releases."
        )
    if end == start:
        return Plan(start, end, warnings=warnings)
    if end in AVOIDED and database == EMBEDDED:
        warnings.append(f"Avoid {end}: {AVOIDED[end]}.")
    needed = [
        point
        for point in CHECKPOINTS
        if start < point.first
        and end >= point.needed_from
        and point.database in (None, database)
        and (offline or not point.offline)
        and (point.since is None or start >= point.since)
    ]
    advice = [
        {"text": item.text, "source": item.source, "date": item.date}
        for item in ADVICE
        if (start < item.since or item.since == OLDEST)
        and end >= item.since
        and item.edition in (None, edition)
        and item.database in (None, database)
        and item.offline in (None, offline)
        and (item.only_from is None or start >= item.only_from)
    ]
    return Plan(start, end, [*_stops(needed), Hop(end, "the wanted release", "given")], advice, warnings)


def _stops(needed: list[Checkpoint]) -> list[Hop]:
    """As few releases as will do: one that lies in several checkpoints serves them all."""
    stops: dict[Version, list[Checkpoint]] = {}
    for point in sorted(needed, key=lambda point: point.last):
        shared = next((stop for stop in stops if point.first <= stop <= point.last), point.stop)
        stops.setdefault(shared, []).append(point)
    return [
        Hop(
            stop,
            "; ".join(point.reason for point in points),
            "; ".join(point.source for point in points),
            min(point.date for point in points),
            next((point.wait_for for point in points if point.wait_for), ""),
        )
        for stop, points in sorted(stops.items(), key=lambda item: item[0])
    ]


def upgrade_path(current: Version | str, wanted: Version | str) -> list[Hop]:
    """The releases to install one after the other; empty when there is nothing to do. Refuses a downgrade."""
    return plan(current, wanted).hops


def has_unattended_restore(version: Version | str) -> bool:
    """Whether appsmithctl can restore without a terminal; a version that can't be read has not."""
    try:
        return V(str(version)) >= UNATTENDED_RESTORE_SINCE
    except InvalidInput:
        return False


def keeps_sign_up_in_organization(version: Version) -> bool:
    """Whether the switches for sign-up and form login stand in the organization's configuration."""
    return version >= SIGN_UP_IN_ORGANIZATION_SINCE
