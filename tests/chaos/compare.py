# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pair of instances and a Git host hold, read past the collection: straight from the documents and the refs.

The collection compares too, by the manifest (instance_content_info). Were it to overlook something, this would not.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What a start, a sign-in or a look leaves.
_PASSING = ("sessions", "loginAttempts", "config")
# Of documents: who was there, and when. Not what is in them.
_UNSAID = {"updatedAt", "recentWorkspaces", "lastActive", "lastLogin"}
_KEYS = re.compile(r"^APPSMITH_ENCRYPTION_(?:PASSWORD|SALT)=.*$", re.MULTILINE)


@dataclass(frozen=True)
class Held:
    """collection -> id -> document, and the encryption keys without which they can't be read."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    release: str = ""


def held(root: Path) -> Held:
    """What an instance's folder holds; nothing where there is no database."""
    path = root / "data" / "mongodb" / "state.db"
    if not path.exists():
        return Held()
    documents: dict[str, dict[str, Any]] = {}
    release = ""
    connection = sqlite3.connect(path)
    try:
        for collection, number, body in connection.execute("SELECT coll, id, body FROM docs"):
            document = json.loads(body)
            if collection == "config" and number == "release":
                release = document["value"]
            if collection not in _PASSING:
                kept = {name: value for name, value in document.items() if name not in _UNSAID}
                documents.setdefault(collection, {})[number] = kept
    finally:
        connection.close()
    env = root / "configuration" / "docker.env"
    text = env.read_text(encoding="utf-8") if env.exists() else ""
    clones = sorted(str(one.parent.relative_to(root)) for one in root.glob("git-storage/**/.git"))
    return Held(documents, tuple(sorted(_KEYS.findall(text))), tuple(clones), release)


def lost(before: Held, now: Held) -> list[str]:
    """What was there before and is not there now; what came to it is no loss."""
    said = [
        f"{len(gone)} of {len(documents)} {collection} lost: {', '.join(sorted(gone)[:3])}"
        for collection, documents in before.documents.items()
        if (gone := set(documents) - set(now.documents.get(collection, {})))
    ]
    if before.keys != now.keys:
        said.append("the encryption keys are others")
    if gone_clones := set(before.repositories) - set(now.repositories):
        said.append(f"{len(gone_clones)} repositories of git-storage lost: {', '.join(sorted(gone_clones)[:3])}")
    return said


def different(before: Held, now: Held) -> list[str]:
    """What isn't exactly as it was: of an instance that went back."""
    said = lost(before, now)
    for collection in sorted({*before.documents, *now.documents}):
        old, new = before.documents.get(collection, {}), now.documents.get(collection, {})
        if more := set(new) - set(old):
            said.append(f"{len(more)} {collection} too many: {', '.join(sorted(more)[:3])}")
        for number in sorted(set(old) & set(new)):
            if old[number] != new[number]:
                names = [
                    name for name in {**old[number], **new[number]} if old[number].get(name) != new[number].get(name)
                ]
                said.append(f"{collection} {number}: {', '.join(sorted(names))} changed")
    if before.release != now.release:
        said.append(f"the data are of {now.release or 'no release'}, not of {before.release}")
    return said


def refs(repositories: Path) -> dict[str, dict[str, str]]:
    """repository -> ref -> commit, of every repository of the Git host."""
    found = {}
    for repository in sorted(repositories.glob("*/*.git")):
        lines = _git(repository, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        found[str(repository.relative_to(repositories))] = dict(line.split() for line in lines)
    return found


def lost_refs(repositories: Path, before: dict[str, dict[str, str]]) -> list[str]:
    """Commits that a branch had and has no more; more commits are no loss."""
    said, now = [], refs(repositories)
    for repository, were in before.items():
        for ref, commit in were.items():
            tip = now.get(repository, {}).get(ref)
            if tip is None:
                said.append(f"{repository}: {ref} is gone")
            elif tip != commit and not _is_ancestor(repositories / repository, commit, tip):
                said.append(f"{repository}: {ref} lost {commit[:8]}")
    return said


def _is_ancestor(repository: Path, old: str, new: str) -> bool:
    command = ["git", "-C", str(repository), "merge-base", "--is-ancestor", old, new]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True)
    return done.stdout
