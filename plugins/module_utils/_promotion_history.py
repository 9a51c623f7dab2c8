# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was promoted when, from tags and the ledger; private to the collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_record import (
    DEPLOYED,
    PREFIX,
    instance_name,
    read_message,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import same_repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import TREES, Clone, open_clone

PROMOTION, REVERT = "promotion", "revert"
Entry = dict[str, Any]
# Name, kind of object, the commit behind it, its time, its message.
_FORMAT = "%00".join(
    ("%(refname:short)", "%(objecttype)", "%(*objectname)", "%(creatordate:iso8601-strict)", "%(contents)", "%01")
)


@dataclass(frozen=True)
class Wanted:
    """Which entries are meant; what is empty means all."""

    applications: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def covers(self, entry: Entry) -> bool:
        plain = (
            (self.applications, "application"),
            (self.workspaces, "workspace"),
            (self.branches, "branch"),
            (self.kinds, "kind"),
            (self.states, "state"),
        )
        if any(given and entry.get(member) not in given for given, member in plain):
            return False
        if self.instances:
            name = instance_name(str(entry.get("instance") or ""))
            if name not in {instance_name(url) for url in self.instances}:
                return False
        return not self.repositories or any(same_repository(entry.get("repository"), url) for url in self.repositories)


def tags_of(clone: Clone, address: str) -> list[Entry]:
    """The entries of the promotion tags that a clone has; tags of somebody else's making are left out."""
    found = []
    for part in clone.read("for-each-ref", f"--format={_FORMAT}", f"refs/tags/{PREFIX}").split("\x01"):
        fields = part.lstrip("\n").split("\0")
        if len(fields) < 5 or fields[1] != "tag" or not fields[2]:
            continue
        entry = read_message(fields[4])
        if entry["kind"] not in (PROMOTION, REVERT) or not entry["instance"]:
            continue
        # What the tag is on counts, whatever its message says.
        entry |= {"commit_after": fields[2], "tag": fields[0], "repository": address}
        entry["ended"] = entry["ended"] or fields[3]
        found.append(entry)
    return found


def read_tags(address: str, access: Access) -> list[Entry]:
    """The entries of a repository, by one fetch of its tags and their commits alone."""
    with open_clone(address, access) as clone:
        clone.fetch(f"refs/tags/{PREFIX}*", depth=1, without=TREES)
        return tags_of(clone, address)


def history(ledger: Ledger | None, tags: Iterable[Entry], wanted: Wanted, limit: int | None = None) -> list[Entry]:
    """The entries of both, newest first; what both have is one entry."""
    entries: list[Entry] = []
    known: dict[str, list[Entry]] = {}
    for entry in ledger.read() if ledger else ():
        if wanted.covers(entry):
            entries.append({**entry, "sources": ["ledger"]})
            if entry.get("tag"):
                known.setdefault(entry["tag"], []).append(entries[-1])
    for entry in tags:
        if wanted.covers(entry):
            twins = [
                one for one in known.get(entry["tag"], ()) if same_repository(one["repository"], entry["repository"])
            ]
            for one in twins:
                one["sources"] = ["ledger", "tag"]
            if not twins:
                entries.append({**entry, "sources": ["tag"]})
    # Of the same time the one that was written last comes first.
    entries.reverse()
    newest = sorted(entries, key=lambda entry: str(entry.get("ended") or ""), reverse=True)
    return newest[:limit] if limit else newest


def before_last(entries: list[Entry], what: str) -> Entry:
    """What was deployed before the last promotion: newest first, of one repository, branch and instance.

    The last one counts also if it failed, since it may have come half-way; the one to go back to must have been
    deployed, and all must have been well with it. What the way back itself left is no promotion, so that going
    back twice doesn't go back further, but it may be what the last promotion replaced.
    """
    tried = [
        index
        for index, entry in enumerate(entries)
        if entry.get("kind") == PROMOTION and entry.get("state") in (DEPLOYED, "failed") and entry.get("commit_after")
    ]
    if tried:
        last = entries[tried[0]]
        for entry in entries[tried[0] + 1 :]:
            bad = entry.get("failed") or (entry.get("tests") or {}).get("failed")
            if (
                entry.get("state") == DEPLOYED
                and not bad
                and entry.get("commit_after") not in (None, "", last["commit_after"])
            ):
                return entry
    raise NotFound(
        f"{what}: no earlier promotion is recorded, neither by a tag nor in the ledger",
        next_step="Say the commit or the tag to go back to (to).",
    )
