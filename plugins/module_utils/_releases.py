# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of Appsmith's releases, with a source per line; private to the collection.

Sources: tag = read in the Community Edition's source of that tag; release page = the vendor's; docs = the vendor's
upgrade checkpoints; observed = seen on real servers; inferred = a conclusion, nobody ran it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

V = Version.parse

# The Git routes below /git/applications and /git/artifacts are whole from here on (tag v1.61; v1.60 has parts of them).
GIT_API_NEW_SINCE = V("v1.61")

# appsmithctl restore --backup-file=NAME --non-interactive (pull request appsmith#42147; the release is inferred).
UNATTENDED_RESTORE_SINCE = V("v2.4.1")

# Sign-up and form login: docker.env before, the organization's configuration from here on (tag v1.66, a migration moves
# them once; observed on v1.60 and v1.91).
SIGN_UP_IN_ORGANIZATION_SINCE = V("v1.66")

# Tags and release pages. There are no v1.6.24, v1.9.59; hotfixes of four parts are not listed.
_NAMES: tuple[str, ...] = (
    *(f"v1.6.{patch}" for patch in range(26) if patch != 24),
    *(f"v1.7.{patch}" for patch in range(15)),
    *(f"v1.8.{patch}" for patch in range(16)),
    *(f"v1.9.{patch}" for patch in range(62) if patch != 59),
    *(f"v1.{minor}" for minor in range(10, 100)),
    *("v1.22.1", "v1.24.1", "v1.31.1", "v1.36.1", "v1.38.1", "v1.46.1", "v1.53.1"),
    *("v2.0", "v2.1", "v2.2", "v2.3", "v2.4", "v2.4.1", "v2.4.2", "v2.4.3"),
    *("v2.5.0", "v2.5.1", "v2.6.0", "v2.7.0", "v2.7.1"),
)
RELEASES: tuple[Version, ...] = tuple(sorted(V(name) for name in _NAMES))
OLDEST, NEWEST = RELEASES[0], RELEASES[-1]

# From this release on an application's files carry (server schema, client schema).
_SCHEMA_NUMBERS: tuple[tuple[Version, int, int, str], ...] = (
    (V("v1.6.8"), 1, 1, "tag v1.6.8"),
    (V("v1.6.15"), 2, 1, "tag v1.6.15"),
    (V("v1.6.17"), 3, 1, "tag v1.6.17"),
    (V("v1.6.22"), 4, 1, "tag v1.6.22"),
    (V("v1.7.4"), 5, 1, "tag v1.7.4"),
    (V("v1.7.7"), 6, 1, "tag v1.7.7"),
    (V("v1.9.43"), 7, 1, "tag v1.9.43"),
    (V("v1.35"), 9, 1, "tag v1.35"),
    (V("v1.40"), 10, 1, "tag v1.40"),
    (V("v1.41"), 11, 1, "tag v1.41"),
    (V("v1.56"), 11, 2, "tag v1.56; observed on v1.60"),
    (V("v1.73"), 12, 2, "tag v1.73; observed on v1.91"),
    (V("v2.5.0"), 13, 2, "release page v2.5.0 (server); client inferred"),
)


@dataclass(frozen=True)
class Checkpoint:
    """Data older than C(first) must run on a release of C(first) to C(last) before C(needed_from) or newer."""

    first: Version
    last: Version
    stop: Version
    needed_from: Version
    reason: str
    source: str


CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint(
        V("v1.9.2"),
        V("v1.9.2"),
        V("v1.9.2"),
        V("v1.9.3"),
        "it makes the schema that every later release demands at its start",
        "docs (upgrade checkpoints); tag v1.9.16",
    ),
    Checkpoint(
        V("v1.9.43"),
        V("v1.69"),
        V("v1.69"),
        V("v1.70"),
        "the embedded MongoDB's data must leave version 4.4 before MongoDB 6",
        "tags v1.9.43 and v1.70",
    ),
    Checkpoint(
        V("v1.96"),
        V("v1.99"),
        V("v1.99"),
        V("v2.0"),
        "it raises the embedded MongoDB's data to version 6 before MongoDB 7",
        "docs (upgrade checkpoints)",
    ),
    Checkpoint(
        V("v2.2"),
        V("v2.3"),
        V("v2.3"),
        V("v2.4"),
        "it raises the embedded MongoDB's data to version 7 before MongoDB 8",
        "inferred from pull requests appsmith#41922 and #42153",
    ),
    Checkpoint(
        V("v2.5.0"),
        V("v2.5.1"),
        V("v2.5.1"),
        V("v2.6.0"),
        "the vendor's checkpoint before v2.6.0, and the new form of applications (schema 13)",
        "release pages v2.5.0 and v2.6.0",
    ),
)


@dataclass(frozen=True)
class Hop:
    """One stop of an upgrade."""

    version: Version
    reason: str
    source: str

    def as_dict(self) -> dict[str, str]:
        return {**asdict(self), "version": str(self.version)}


def schema_numbers(version: Version) -> tuple[int, int]:
    """The newest (server, client) schema that a release can read, and the one it writes."""
    numbers = (0, 0)
    for since, server, client, _source in _SCHEMA_NUMBERS:
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
    found = (since for since, server, client, _source in _SCHEMA_NUMBERS if server >= numbers[0])
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
            next_step=f"{hint}. Check it, or update the collection.",
        )
    return version


def upgrade_path(current: Version | str, wanted: Version | str) -> list[Hop]:
    """The releases to install one after the other; empty when there is nothing to do. Refuses a downgrade."""
    start, end = known(str(current)), known(str(wanted))
    if end < start:
        raise InvalidInput(
            f"{start} can't be moved to {end}: Appsmith's data knows no way back to an older release",
            next_step="Restore a backup that was made on the older release.",
        )
    if end == start:
        return []
    stops = [
        Hop(point.stop, point.reason, point.source)
        for point in CHECKPOINTS
        if start < point.first and end >= point.needed_from and point.stop != end
    ]
    return [*sorted(stops, key=lambda hop: hop.version), Hop(end, "the wanted release", "given")]


def has_unattended_restore(version: Version | str) -> bool:
    """Whether appsmithctl can restore without a terminal; a version that can't be read has not."""
    try:
        return V(str(version)) >= UNATTENDED_RESTORE_SINCE
    except InvalidInput:
        return False


def keeps_sign_up_in_organization(version: Version) -> bool:
    """Whether the switches for sign-up and form login stand in the organization's configuration."""
    return version >= SIGN_UP_IN_ORGANIZATION_SINCE
