# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups stay in a store, and what in it belongs to none; private to the collection."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_manifest import (
    ARCHIVE_SUFFIX,
    ENCRYPTED_SUFFIX,
    KEYS_SUFFIX,
    NAME,
    SUFFIX,
    Manifest,
    iso,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import ABANDONED_SECONDS, Store
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store_proof import missing_of

UPGRADE = "upgrade"


@dataclass(frozen=True)
class Rules:
    """C(keep) and C(keep_days) of 0 are no rule; a backup stays if one of them keeps it."""

    keep: int = 0
    keep_days: int = 0
    proven: bool = True
    upgrade: bool = True


def kept(backups: Sequence[Manifest], names: Mapping[str, int], rules: Rules, now: datetime) -> dict[str, str]:
    """Names of those that stay, with the reason. C(backups) newest first; each instance is looked at by itself."""
    found: dict[str, str] = {}
    for instance in dict.fromkeys(one.instance for one in backups):
        found.update(_kept_of([one for one in backups if one.instance == instance], names, rules, now))
    return found


def _kept_of(backups: list[Manifest], names: Mapping[str, int], rules: Rules, now: datetime) -> dict[str, str]:
    if not rules.keep and not rules.keep_days:
        return {one.name: "all are kept" for one in backups}
    found: dict[str, str] = {}
    # One that can't be relied on takes no other's place.
    sound = [one for one in backups if not missing_of(one, names)]
    if rules.keep:
        oldest = sound[rules.keep - 1].created if len(sound) >= rules.keep else ""
        found.update({one.name: f"one of the newest {rules.keep}" for one in backups if one.created >= oldest})
    if rules.keep_days:
        since = iso(now.astimezone(UTC) - timedelta(days=rules.keep_days))
        for one in backups:
            if one.created >= since:
                found.setdefault(one.name, f"younger than {rules.keep_days} days")
    if rules.proven:
        for proofs, what in ((("drill", "rehearsal"), "restored"), (("checksum",), "proven")):
            newest = next((one for one in sound if any(one.proven.get(proof) for proof in proofs)), None)
            if newest is not None:
                found.setdefault(newest.name, f"the newest that was {what}")
    if rules.upgrade:
        for one in _ways_back(backups):
            found.setdefault(one.name, "the way back of an upgrade")
    return found


def _ways_back(backups: list[Manifest]) -> list[Manifest]:
    """The newest from before an upgrade, and those of upgrades that have not ended since the last one that has."""
    found: list[Manifest] = []
    for one in backups:
        if one.reason != UPGRADE:
            continue
        ended = (one.upgrade or {}).get("finished") or (one.upgrade or {}).get("taken_back")
        if not ended or not found:
            found.append(one)
        if ended:
            break
    return found


def leftovers(store: Store, *, known_alone: bool) -> list[str]:
    """Files of backups that have no manifest: the run that took them was killed, or their removal was.

    Whoever doesn't know that nobody is taking a backup now takes only old ones for left over.
    """
    entries = store.entries()
    found = []
    for name, entry in entries.items():
        for suffix in (ENCRYPTED_SUFFIX, ARCHIVE_SUFFIX, KEYS_SUFFIX):
            backup = name.removesuffix(suffix)
            if backup != name and NAME.fullmatch(backup) and backup + SUFFIX not in entries:
                if known_alone or time.time() - entry.changed > ABANDONED_SECONDS:
                    found.append(name)
                break
    return sorted(found)
