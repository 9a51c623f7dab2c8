# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appsmith's releases as data, with a source and a date per line; private to the collection.

Sources: tag = read in the Community Edition's source of that tag; release page = the vendor's; docs = the vendor's
manual; pull request, issue = of the vendor's repository; observed = seen on real servers; inferred = a conclusion,
nobody ran it. The date is the day on which the line was last compared with its source.

To bring it up to date: read the release pages since NEWEST and the two pages on upgrades of the vendor's manual
(Upgrade Appsmith versions, Upgrade checkpoints), add what is new, set the date of each line that was read again, and
DATA_DATE when all were.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

V = Version.parse

# On this day the whole of this file was compared with its sources.
DATA_DATE = date(2026, 11, 22)
# About six months: the vendor makes a release or two a month, and a checkpoint now and then.
STALE_AFTER_DAYS = 183

# Tags and release pages, read on 2026-11-22 to v2.7.1 (of 2026-11-18). There are no v1.6.24, v1.9.59; hotfixes of four
# parts are not listed.
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

# Releases that harmed instances with an embedded MongoDB (issues 27362, 27405 and 27890; 2026-11-22).
AVOIDED: dict[Version, str] = {
    V(name): "its image came with MongoDB 6, which does not start on the data of the releases before it"
    for name in ("v1.9.38", "v1.9.39")
}

# From this release on an application's files carry (server schema, client schema); all 2026-11-22.
SCHEMA_NUMBERS: tuple[tuple[Version, int, int, str], ...] = (
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

CE, EE = "ce", "ee"
EMBEDDED, EXTERNAL = "embedded", "external"


@dataclass(frozen=True)
class Checkpoint:
    """Data older than C(first) must run on a release of C(first) to C(last) before C(needed_from) or newer.

    C(since): data of releases before it does not have what the checkpoint is about. C(database) and C(offline): only
    for instances with this MongoDB, only for hosts without a way to the internet. C(wait_for): the line of progress
    (start_log) that shows that the release has done its part, beyond being ready.
    """

    first: Version
    last: Version
    stop: Version
    needed_from: Version
    reason: str
    source: str
    date: str
    since: Version | None = None
    database: str | None = None
    offline: bool = False
    wait_for: str = ""


@dataclass(frozen=True)
class Advice:
    """A sentence for everybody whose upgrade comes from before C(since) and ends at it or later."""

    since: Version
    text: str
    source: str
    date: str
    edition: str | None = None
    database: str | None = None
    offline: bool | None = None
    only_from: Version | None = None


_FIXED = "mongodb-fixer: Done"

CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint(
        first=V("v1.9.2"),
        last=V("v1.9.2"),
        stop=V("v1.9.2"),
        needed_from=V("v1.9.3"),
        reason="it makes the schema that every later release demands at its start",
        source="docs (Upgrade to checkpoint version); tag v1.9.16; an older page says v1.9.0",
        date="2026-11-22",
    ),
    Checkpoint(
        first=V("v1.29"),
        last=V("v1.30"),
        stop=V("v1.30"),
        needed_from=V("v1.31"),
        # Before it there was no embedded PostgreSQL.
        since=V("v1.9.14"),
        offline=True,
        reason="it has PostgreSQL 13 and 14 in its image; a later one fetches 13 from the internet at its start",
        source="tags v1.29 and v1.31; pull requests 34317 and 34740; that it matters offline is inferred",
        date="2026-11-22",
    ),
    Checkpoint(
        first=V("v1.9.43"),
        last=V("v1.69"),
        stop=V("v1.69"),
        needed_from=V("v1.70"),
        database=EMBEDDED,
        reason="the embedded MongoDB's data must leave version 4.4 before MongoDB 6",
        source="tags v1.9.43 and v1.70",
        date="2026-11-22",
        wait_for=_FIXED,
    ),
    Checkpoint(
        first=V("v1.96"),
        last=V("v1.99"),
        stop=V("v1.99"),
        needed_from=V("v2.0"),
        database=EMBEDDED,
        reason="it raises the embedded MongoDB's data to version 6 before MongoDB 7",
        source="docs (Upgrade Appsmith versions: any of v1.96 to v1.99); the reason from pull requests 41534 and 41743",
        date="2026-11-22",
        wait_for=_FIXED,
    ),
    Checkpoint(
        first=V("v2.2"),
        last=V("v2.3"),
        stop=V("v2.3"),
        needed_from=V("v2.4"),
        database=EMBEDDED,
        reason="it raises the embedded MongoDB's data to version 7 before MongoDB 8",
        source="pull requests 41922 (merged) and 42153; that v2.4 has MongoDB 8 is inferred",
        date="2026-11-22",
        wait_for=_FIXED,
    ),
    Checkpoint(
        first=V("v2.5.0"),
        last=V("v2.5.1"),
        stop=V("v2.5.1"),
        needed_from=V("v2.6.0"),
        reason="the vendor declared a checkpoint on it (the workflow engine's transition), which v2.6.0 asks for",
        source="release page v2.6.0; docs (Upgrade checkpoints); that the Community Edition asks as well is not known",
        date="2026-11-22",
    ),
)

ADVICE: tuple[Advice, ...] = (
    Advice(
        V("v1.9.0"),
        "From v1.9.0 on the embedded MongoDB needs a processor with AVX.",
        "tag v1.9.0; MongoDB's production notes",
        "2026-11-22",
        database=EMBEDDED,
    ),
    Advice(
        OLDEST,
        "The external MongoDB must be a replica set of version 5.0 or newer before the upgrade, and nobody but you "
        "raises its version and its feature compatibility version.",
        "docs (Upgrade Appsmith versions); tag v1.91",
        "2026-11-22",
        database=EXTERNAL,
    ),
    Advice(
        V("v1.31"),
        "From v1.31 on the image fetches PostgreSQL 13 from the internet at its first start, to move the embedded "
        "PostgreSQL's data to 14: let the host reach it, or say offline, for a stop at v1.30.",
        "tags v1.29 and v1.31; pull requests 34317 and 34740",
        "2026-11-22",
        offline=False,
        only_from=V("v1.9.14"),
    ),
    Advice(
        V("v1.66"),
        "From v1.66 on APPSMITH_SIGNUP_DISABLED and APPSMITH_FORM_LOGIN_DISABLED count no more: set both by "
        "instance_settings.",
        "tag v1.66; observed on v1.60 and v1.91",
        "2026-11-22",
    ),
    Advice(
        V("v2.0"),
        "By v2.0 the embedded Redis gets a password, which is written into docker.env: an APPSMITH_REDIS_URL without "
        "it in the container's environment must go.",
        "a state of entrypoint.sh of 2026; the release is not known (v1.92 to v2.0)",
        "2026-11-22",
    ),
    Advice(
        V("v2.2"),
        "From v2.2 on the Community Edition does not start on a database that the Enterprise Edition has used.",
        "release page v2.2; pull request 41906",
        "2026-11-22",
        edition=CE,
    ),
    Advice(
        V("v2.2"),
        "From v2.2 on the embedded MongoDB's data can't be read by v1.99 and older: the way back is the whole backup.",
        "pull request 41922",
        "2026-11-22",
        database=EMBEDDED,
    ),
    Advice(
        V("v2.5.0"),
        "From v2.5.0 on a change of a datasource's address needs its credentials again.",
        "release page v2.5.0",
        "2026-11-22",
    ),
    Advice(
        V("v2.5.1"),
        "From v2.5.1 on docker.env is data and no shell script: literal values in single quotes, and JVM options in "
        "the container's environment.",
        "release page v2.5.1; pull request 42225",
        "2026-11-22",
    ),
    Advice(
        V("v2.6.0"),
        "On v2.5.1 let the old workflow runs end, and confirm the checkpoint in Admin settings > Admin central, before "
        "v2.6.0.",
        "release page v2.6.0; docs (Native workflow engine)",
        "2026-11-22",
        edition=EE,
    ),
)
