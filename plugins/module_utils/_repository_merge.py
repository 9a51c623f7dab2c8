# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging branches of a repository on the controller; private to the collection."""

from __future__ import annotations

import json
import os
import re
import tempfile

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitConflict, GitError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_refusals import reason
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import (
    CONTENT_OF,
    Clone,
    Written,
    identity,
    of_repository,
    open_clone,
)

UP_TO_DATE = "up_to_date"
FAST_FORWARD = "fast_forward"
MERGE = "merge"
# What a merge does about ways back on the destination that the source doesn't know of.
UNDO, FAIL, PREPARE = "undo", "fail", "prepare"
_CONTENT_OF = re.compile(rf"^{CONTENT_OF}: [0-9a-f]{{40,64}}$", re.M)
_UNDOES = re.compile(r"^Undoes: ([0-9a-f]{40,64})$", re.M)
_SOLVE = "Merge {destination} into {source}, solve it there, then run again. Nothing was merged."


def merge(
    remote_url: str,
    source: str,
    destination: str,
    author: Author,
    access: Access,
    *,
    message: str | None = None,
    no_ff: bool = False,
    way_back: str = UNDO,
    check_mode: bool = False,
) -> Written:
    """Merge one branch into another, and push it; O(no_ff) makes a commit even where none is needed.

    In check mode all is done but the push, so that conflicts and a key that may only read are found.

    What went back on the destination, and the source doesn't know of, is undone first. The merge would leave away what
    was taken back otherwise, wherever the source didn't change it once more. With O(way_back=prepare) that goes to the
    source, so that whoever merges afterwards merges all of it.
    """
    if source == destination:
        raise InvalidInput("A branch can't be merged into itself")
    # A name that Git would take for an option or for several branches.
    for name in (source, destination):
        if not name or name.startswith(("-", "/")) or any(char in name for char in " ~^:?*[\\"):
            raise InvalidInput(f"'{name}' is no name of a branch")
    with open_clone(remote_url, access, f"refs/heads/{source}", f"refs/heads/{destination}") as clone:
        ours, theirs = clone.tip(destination), clone.tip(source)
        backs = ways_back(clone, theirs, ours)
        into, old = (source, theirs) if way_back == PREPARE else (destination, ours)
        if clone.is_ancestor(theirs, ours) if way_back != PREPARE else not backs:
            return Written(False, into, old, old, UP_TO_DATE)
        if backs and way_back == FAIL:
            raise GitConflict(
                f"{remote_url}: {destination} went back ({backs[0][:10]}), and {source} doesn't know of it: a merge "
                "would leave away what was taken back",
                next_step="Allow it to be undone (way_back: undo, or prepare for a merge of somebody else's).",
            )
        text = (message or f"Merge branch '{source}' into {destination}").strip()
        result = MERGE
        if way_back == PREPARE:
            text = f"Merge {destination} into {source}, without what went back there"
            after = _merge_in_files(clone, ours, theirs, source, destination, text, author, backs, first=theirs)
        elif clone.is_ancestor(ours, theirs):
            result = MERGE if no_ff else FAST_FORWARD
            after = clone.commit(clone.tree(theirs), [ours, theirs], text, author) if no_ff else theirs
        else:
            after = _merge_in_files(clone, ours, theirs, source, destination, text, author, backs)
        commits = clone.commits(old, ours if way_back == PREPARE else theirs)
        written = Written(True, into, old, after, result, commits, clone.files(old, after), undone=backs)
        written.warnings = clone.push(after, f"refs/heads/{into}", old, dry_run=check_mode)
        return written


def ways_back(clone: Clone, known: str, tip: str) -> list[str]:
    """Commits of a way back that are on one branch only and were not undone there, newest first."""
    found, undone = [], set()
    for entry in clone.read("log", "-z", "--topo-order", "--format=%H%n%B", f"{known}..{tip}", "--").split("\0"):
        commit, _newline, text = entry.strip().partition("\n")
        undone |= {match[1] for match in _UNDOES.finditer(text)}
        if _CONTENT_OF.search(text) and commit not in undone:
            found.append(commit)
    return found


def _merge_in_files(
    clone: Clone,
    ours: str,
    theirs: str,
    source: str,
    destination: str,
    message: str,
    author: Author,
    backs: list[str],
    *,
    first: str | None = None,
) -> str:
    """The merge as Git does it, which needs the files, in a folder of their own.

    O(ours) with its ways back undone, and O(theirs) merged into it; or the other way round, with O(theirs) as O(first).
    """
    with tempfile.TemporaryDirectory(prefix="stagecraft-appsmith-", ignore_cleanup_errors=True) as folder:
        tree = os.path.join(folder, "tree")
        clone.read("worktree", "add", "--quiet", "--detach", "--no-checkout", tree, ours)
        env = {**of_repository(str(clone.repo.git_dir), tree=tree, name="tree"), **identity(author)}
        clone.read("-C", tree, "reset", "--quiet", "--hard", env=env)

        def work(*command: str, what: str) -> None:
            status, out, err = clone.run("-C", tree, *command, env=env)
            if status:
                listed = clone.read("-C", tree, "diff", "--name-only", "--diff-filter=U", "-z", env=env)
                files = sorted({path for path in listed.split("\0") if path})
                if not files:
                    raise GitError(
                        f"{clone.remote_url}: {source} can't be merged into {destination}: {reason(f'{err}{out}')}",
                        next_step="See both branches in the repository. Nothing was merged.",
                    )
                raise _conflict(clone, source, destination, files, what)

        for commit in backs:
            text = f"Bring forth again what {commit[:10]} took back\n\nUndoes: {commit}"
            work("revert", "--no-commit", commit, what=f"the way back {commit[:10]} can't be undone for")
            work("commit", "--quiet", "--allow-empty", "-m", text, what="")
        merged = theirs
        if first:
            merged = clone.read("-C", tree, "rev-parse", "HEAD", env=env).strip()
            clone.read("-C", tree, "checkout", "--quiet", "--detach", first, env=env)
        work("merge", "--quiet", "--no-ff", "--no-edit", "-m", message, merged, what="conflicts in")
        after = clone.read("-C", tree, "rev-parse", "HEAD", env=env).strip()
    broken = _broken(clone, ours, theirs, after)
    if broken:
        raise _conflict(clone, source, destination, broken, "the merge would be no JSON in")
    return after


def _broken(clone: Clone, ours: str, theirs: str, after: str) -> list[str]:
    """Files that Git put together of both sides, line by line, and that Appsmith couldn't read."""
    both = set(clone.files(ours, after).changed) & set(clone.files(theirs, after).changed)
    broken = []
    for path in sorted(both):
        if path.endswith(".json"):
            try:
                json.loads(clone.text(after, path) or "")
            except ValueError:
                broken.append(path)
    return broken


def _conflict(clone: Clone, source: str, destination: str, files: list[str], what: str) -> GitConflict:
    return GitConflict(
        f"{clone.remote_url}: {source} can't be merged into {destination}, {what} {named(files)}",
        next_step=_SOLVE.format(source=source, destination=destination),
        details={"conflicting_files": files},
    )
