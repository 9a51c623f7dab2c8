# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of an instance's start says; private to the collection.

Sources of the patterns: tag = read in the Community Edition's source of that tag; source of 2026 = read in a later
state of its container scripts; docs, issue, pull request = the vendor's; MongoDB, Mongock, Spring, supervisor = what
these print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

_WIDTH = 200
# Times further on in a line are of something else.
_STAMP = 48
# A checkpoint's text is a page at most.
_PAGE = 60

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# What appsmith_supervisor_stdout.py puts before a program's lines in the container's log (tag v1.91).
_PROGRAM = re.compile(r"^\w+ std(?:out|err) \| ")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_ASSIGNED = re.compile(
    r"""(?ix)\b([\w.-]*(?:password|passwd|pwd|secret|salt|token|api[_-]?key|credential)s?)(["']?\s*[=:]\s*["']?)[^\s"',;}]+"""
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?(Z|[+-]\d\d:?\d\d)?")
_VERSION = re.compile(r"\bv\d+\.\d+(?:\.\d+)?\b")


def masked(text: str) -> str:
    """A line without what only its owner may know, and short."""
    clean = _CONTROL.sub("", _ANSI.sub("", text)).strip()
    clean = _ASSIGNED.sub(r"\1\2***", _USERINFO.sub("***@", clean))
    return clean if len(clean) <= _WIDTH else f"{clean[: _WIDTH - 3]}..."


@dataclass(frozen=True)
class Cause:
    """Why a start came to nothing, and the way out."""

    fatal: str
    next_step: str


@dataclass(frozen=True)
class Sign:
    """A line that says that a start has come to nothing."""

    pattern: re.Pattern[str]
    tell: Callable[[re.Match[str], list[str]], Cause | None]


def _sign(pattern: str, fatal: str, next_step: str) -> Sign:
    return Sign(re.compile(pattern, re.IGNORECASE), lambda _found, _after: Cause(fatal, next_step))


def _checkpoint(found: re.Match[str], after: list[str]) -> Cause:
    # The text's exact form was not seen: it names the release to go back to, what comes after it in order, and the
    # variable of the override, which holds the one that blocks (docs, upgrade checkpoints).
    page = after[:_PAGE]
    override = [version for line in page if "CHECKPOINT_OVERRIDE" in line for version in _VERSION.findall(line)]
    same = re.search(
        r"(?i)(?:run|install|start|return to|go back to) (v.*?)(?:\bbefore\b|$)", found.string[found.end() :]
    )
    named = _VERSION.findall(same.group(1)) if same else []
    named += [
        version
        for line in page
        if re.search(r"(?i)checkpoint|return|go back|install|mandatory|then|^\W*(\d+\W+)?v\d", line)
        and not re.search(r"(?i)running|current|attempted|this (?:version|release|build)|\[main\]", line)
        for version in _VERSION.findall(line)
    ]
    order = list(dict.fromkeys([*override, *named]))
    first = order[0] if order else "the release that the log names"
    rest = f" Later ones are {', '.join(order[1:])}." if order[1:] else ""
    return Cause(
        f"The checkpoint {first} was missed, so the backend does not start.",
        f"Put the backup back, upgrade to {first}, let an administrator finish the checkpoint in Admin settings > "
        f"Admin central, and go on from there.{rest}",
    )


def _schema(found: re.Match[str], after: list[str]) -> Cause:
    text = " ".join([found.string, *after[:3]])
    if re.search(r"(?i)downgrade", text):
        return Cause(
            "The database is of a newer release than this one.",
            "Put back the backup of this release, or start the release that the database is of.",
        )
    path = re.search(r"upgrade path \[?(v[\d.]*\d)", text)
    stop = path.group(1) if path else "v1.9.2"
    return Cause(
        f"A release that can't be skipped was skipped: {stop} (schema mismatch).",
        f"Put the backup back and upgrade to {stop} first; upgrade_path tells the order.",
    )


def _environment(found: re.Match[str], _after: list[str]) -> Cause:
    where = masked(found.group(1) or "").strip(" .:;")
    return Cause(
        f"A line of docker.env was refused{': ' + where if where else ''}.",
        "Since v2.5.1 docker.env is no shell script: give literal values, in single quotes, and JVM options in the "
        "container's environment.",
    )


def _compatibility(found: re.Match[str], after: list[str]) -> Cause:
    text = " ".join([found.string, *after[:6]])
    level = re.search(r'version[\\": ]+(\d\.\d)\b', text)
    stop = {"4.4": "v1.69", "5.0": "v1.99", "6.0": "v2.3"}.get(level.group(1) if level else "")
    return Cause(
        "The data of the embedded MongoDB has too old a format for this release"
        f"{f' (feature compatibility {level.group(1)})' if level else ''}; nothing was migrated.",
        f"Put the backup back and start {stop or 'the release before it that upgrade_path names'} first, until its log "
        "says that mongodb-fixer is done.",
    )


def _probe(_found: re.Match[str], _after: list[str]) -> Cause:
    return Cause(
        "The embedded MongoDB does not start on the data that is there, most likely since its feature compatibility "
        "version is too low; nothing was migrated.",
        "Start the release that ran before, then upgrade by way of v1.99 and, before MongoDB 8, v2.3; "
        "data/mongodb/fcv-probe.log has the reason.",
    )


_NO_AVX = Cause(
    "The processor lacks AVX, without which the embedded MongoDB does not run.",
    "Use a host or a virtual machine's processor type with AVX, or an external MongoDB.",
)


def _migration(found: re.Match[str], after: list[str]) -> Cause | None:
    text = " ".join([found.string, *after[:12]])
    unit = re.search(r'"class"="([^"]{1,120})"|Error in method\[([\w.]{1,160})', text)
    name = next((group for group in unit.groups() if group), "") if unit else ""
    if re.search(r"bad padding|BadPadding|Unable to invoke Cipher", text):
        # Issue 32588: a migration that reads credentials with another key.
        return Cause(
            f"The migration {name or 'of the database'} can't read the credentials: the encryption keys are others "
            "than those that the data was written with.",
            "Put the backup back and start with the APPSMITH_ENCRYPTION_PASSWORD and _SALT that belong to it.",
        )
    return Cause(
        f"The migration {name or 'of the database'} failed.",
        "Put the backup back; the reason stands in logs/backend.",
    )


def _gave_up(found: re.Match[str], _after: list[str]) -> Cause | None:
    program = found.group(1)
    if program not in ("backend", "mongodb", "redis", "rts", "editor"):
        # Without PostgreSQL only the sample data is missing (tag v1.91, safe_init_postgres).
        return None
    return Cause(
        f"The program {program} ended again and again, and was given up.",
        f"logs/{program} of the instance has the reason.",
    )


# The first of this list that is found counts: what explains most stands first.
_SIGNS: tuple[Sign, ...] = (
    # docs (upgrade checkpoints): "APPSMITH BACKEND START ABORTED - CHECKPOINT MISSED".
    Sign(re.compile(r"BACKEND START ABORTED|CHECKPOINT MISSED"), _checkpoint),
    # Pull request 41906, release page v2.2. Its words were not seen.
    _sign(
        r"community edition.{0,160}enterprise edition|enterprise edition.{0,160}community edition|"
        r"unsupported EE\W{1,4}CE|previously (?:operated|used|run|managed) by .{0,40}\b(?:enterprise|EE)\b",
        "The database was used by the Enterprise Edition, on which the Community Edition does not start; nothing was "
        "migrated.",
        "Start the Enterprise Edition's image of that release, or restore a backup that the Community Edition made.",
    ),
    # Tag v1.91, AppsmithError: AE-APP-5022 and 5023; since v1.9.5.
    Sign(re.compile(r"skipped some required update|AE-APP-502[23]|mandatory instance schema version"), _schema),
    # Source of 2026, entrypoint.sh: two ways for the probe to end; the container exits with 1.
    Sign(
        re.compile(r"Embedded MongoDB .{0,40}failed to start on the existing data|Pre-flight mongod probe started but"),
        _probe,
    ),
    # MongoDB, id 20573; issues 27362 and 27890.
    Sign(re.compile(r"Wrong mongod version|UPGRADE PROBLEM|Invalid featureCompatibilityVersion"), _compatibility),
    # Source of 2026, env-file.py of v2.5.1.
    Sign(re.compile(r"Unable to load environment configuration[:;]?(.*)"), _environment),
    # Tag v1.91, entrypoint.sh.
    _sign(
        r"MongoDB Replica Set is not enabled",
        "The database of APPSMITH_DB_URL is no replica set, or its user may not ask.",
        "Make the MongoDB a replica set and give its user the role readWrite.",
    ),
    # Linux and what runs on it.
    _sign(
        r"No space left on device|ENOSPC\b|disk quota exceeded",
        "The disk is full.",
        "Make room where /appsmith-stacks and Docker's data lie, then start again.",
    ),
    _sign(
        r"java\.lang\.OutOfMemoryError|insufficient memory for the Java Runtime|\(terminated by SIGKILL|oom-kill|"
        r"Out of memory: Killed",
        "A program of the instance ran out of memory, or was killed for it.",
        "Give the host or the container more memory (4 GiB are the vendor's minimum), then start again.",
    ),
    # supervisor, when MongoDB 5 or newer meets such a processor.
    _sign(
        r"\(terminated by SIGILL|Illegal instruction|MongoDB 5\.0\+ requires a CPU with AVX",
        _NO_AVX.fatal,
        _NO_AVX.next_step,
    ),
    # Caddy, MongoDB, Redis, Spring; and Docker, which says it when it starts the container.
    _sign(
        r"address already in use|port is already allocated|Port \d+ was already in use",
        "A port that the instance needs is taken.",
        "Stop what listens there (ss -ltnp), or give the instance another port.",
    ),
    # Mongock; tag v1.91, AE-APP-5043.
    Sign(re.compile(r"FAILED OVER - |ABORTED MIGRATION|AE-APP-5043|MongockException"), _migration),
    # supervisor.
    Sign(re.compile(r"gave up: (\w+) entered FATAL state"), _gave_up),
)

# Tag v1.91, entrypoint.sh: it is said for an external database, which does not need it; so it counts beside a local one
# only.
_AVX_HINT = "AVX instruction not found in your CPU"
_LOCAL = "Detected local DB"

# After one of these nothing before it is a reason any more: Spring, when the backend serves.
_SERVES = re.compile(r"Started ServerApplication in ([\d.]+) seconds")


def _applied(found: re.Match[str]) -> str:
    entry = dict(re.findall(r'"(\w+)"="([^"]*)"', found.group(2)))
    if entry.get("type", "execution") != "execution":
        return ""
    verb = (
        "failed" if found.group(1) == "FAILED OVER" else "rolled back" if found.group(1) == "ROLLED BACK" else "applied"
    )
    return f"migration {verb}: {entry.get('class', '')} {entry.get('id', '')}".replace("  ", " ").rstrip()


_PROGRESS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    # Mongock 5.1, whose entries are also written as ChangeEntry{, "id"=...}.
    (re.compile(r"(APPLIED|FAILED OVER|ROLLED BACK) - (?:ChangeEntry)?(\{.*)"), _applied),
    (re.compile(r"Mongock starting the data migration sequence"), lambda _found: "migrations begin"),
    (re.compile(r"Mongock skipping the data migration"), lambda _found: "no migration to do"),
    (re.compile(r"Mongock has finished\b(?! the system)"), lambda _found: "migrations are done"),
    (
        re.compile(r"Mongock (?:trying to acquire|is going to sleep to wait for) the lock"),
        lambda _found: "migrations wait for their lock",
    ),
    # Tag v1.91: what the migrations over all documents say themselves.
    (
        re.compile(r"- (Migrating policies to policyMap in \w+|Adding empty policyMap for empty policies \w+)"),
        lambda found: found[1],
    ),
    # Tag v1.91, ServerApplication.
    (re.compile(r"Application started with build version ([\w.-]+)"), lambda found: f"backend {found[1]} begins"),
    (_SERVES, lambda found: f"backend serves after {found[1]} s"),
    # Tag v1.91 and source of 2026: mongodb-fixer.sh puts its name before each line.
    (
        re.compile(r"(mongodb-fixer: ).*?((?:MongoDB|Ensuring|Recording|warning|Done).*)"),
        lambda found: found[1] + found[2],
    ),
    # Tag v1.91 and source of 2026, entrypoint.sh, run-java.sh, pg-upgrade.sh; pg_upgrade itself.
    (
        re.compile(
            r"(?:Z |^)(Generating default configuration file|Initializing MongoDB|"
            r"Initializing Replica Set for local database|MongoDB ReplicaSet is enabled|No MongoDB FCV marker found.*|"
            r"Pre-flight probe succeeded.*|Waiting for RTS to start.*|RTS started\.|"
            r"init_postgres (?:succeeded|failed).*|Initializing local Postgres data folder|"
            r"Stale postmaster\.pid found.*|Waiting for PostgreSQL .*|Performing Upgrade$|Upgrade Complete$)"
        ),
        lambda found: found[1],
    ),
)


def _instant(text: str) -> datetime | None:
    """The time at which a line was written, at its beginning; without a zone it is UTC, as the backend writes it."""
    found = _TIME.search(text[:_STAMP])
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        when = datetime.fromisoformat(f"{day}T{clock}")
    except ValueError:
        return None
    offset = timedelta()
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    return when.replace(microsecond=int((fraction or "0").ljust(6, "0")), tzinfo=timezone(offset))


def _times(lines: Iterable[str]) -> list[datetime | None]:
    """When each line was written; one without a time of its own belongs to the one before it."""
    found: list[datetime | None] = []
    for line in lines:
        found.append(_instant(line) or (found[-1] if found else None))
    return found


def _newer(lines: list[str], begin: datetime | None) -> list[str]:
    """The lines from an instant on, and those at the beginning of which nothing tells the time."""
    if begin is None:
        return lines
    return [line for line, when in zip(lines, _times(lines), strict=True) if when is None or when >= begin]


def _cause(lines: list[str]) -> Cause | None:
    for sign in _SIGNS:
        for number, line in enumerate(lines):
            found = sign.pattern.search(line)
            if found:
                cause = sign.tell(found, lines[number + 1 :])
                if cause is not None:
                    return cause
    if any(_AVX_HINT in line for line in lines) and any(_LOCAL in line for line in lines):
        return _NO_AVX
    return None


def read(text: Any, since: str = "") -> dict[str, Any]:
    """What a log of a start tells: progress worth showing, and why it came to nothing, if it did."""
    lines = [str(line) for line in text] if isinstance(text, (list, tuple)) else str(text or "").splitlines()
    lines = [_PROGRAM.sub("", _CONTROL.sub("", _ANSI.sub("", line))) for line in lines]
    begin = _instant(since)
    if since and begin is None:
        raise ValueError(f"since is no time: {since}")
    lines = _newer(lines, begin)
    progress: list[str] = []
    serves = -1
    for number, line in enumerate(lines):
        if _SERVES.search(line):
            serves = number
        for pattern, tell in _PROGRESS:
            found = pattern.search(line)
            if found:
                told = masked(tell(found))
                # The container's log has what stands in a program's own as well.
                if told and told not in progress:
                    progress.append(told)
                break
    # Several logs stand one after the other: what a later one said before the backend served is no reason either.
    after = _newer(lines[serves + 1 :], _times(lines)[serves] if serves >= 0 else None)
    cause = _cause(after)
    return {
        "progress": progress,
        "fatal": masked(cause.fatal) if cause else "",
        "next_step": cause.next_step if cause else "",
    }
