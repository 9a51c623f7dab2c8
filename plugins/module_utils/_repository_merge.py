# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging branches of a repository on the controller; private to the collection."""

from __future__ import annotations

import json
import os
import tempfile

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitConflict, GitError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_refusals import reason
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import (
    Clone,
    Written,
    identity,
    of_repository,
    open_clone,
)

UP_TO_DATE = "up_to_date"
FAST_FORWARD = "fast_forward"
MERGE = "merge"
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
    check_mode: bool = False,
) -> Written:
    """Merge one branch into another, and push it; O(no_ff) makes a commit even where none is needed.

    In check mode all is done but the push, so that conflicts and a key that may only read are found.
    """
    if source == destination:
        raise InvalidInput("A branch can't be merged into itself")
    # A name that Git would take for an option or for several branches.
    for name in (source, destination):
        if not name or name.startswith(("-", "/")) or any(char in name for char in " ~^:?*[\\"):
            raise InvalidInput(f"'{name}' is no name of a branch")
    with open_clone(remote_url, access, f"refs/heads/{source}", f"refs/heads/{destination}") as clone:
        ours, theirs = clone.tip(destination), clone.tip(source)
        if clone.is_ancestor(theirs, ours):
            return Written(False, destination, ours, ours, UP_TO_DATE)
        text = (message or f"Merge branch '{source}' into {destination}").strip()
        result, after = MERGE, ""
        if clone.is_ancestor(ours, theirs):
            result, after = (MERGE, "") if no_ff else (FAST_FORWARD, theirs)
            after = after or clone.commit(clone.tree(theirs), [ours, theirs], text, author)
        else:
            after = _merge_in_files(clone, ours, theirs, source, destination, text, author)
        written = Written(True, destination, ours, after, result, clone.commits(ours, theirs), clone.files(ours, after))
        written.warnings = clone.push(after, f"refs/heads/{destination}", ours, dry_run=check_mode)
        return written


def _merge_in_files(
    clone: Clone, ours: str, theirs: str, source: str, destination: str, message: str, author: Author
) -> str:
    """The merge as Git does it, which needs the files, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="stagecraft-appsmith-", ignore_cleanup_errors=True) as folder:
        tree = os.path.join(folder, "tree")
        clone.read("worktree", "add", "--quiet", "--detach", "--no-checkout", tree, ours)
        here = of_repository(str(clone.repo.git_dir), tree=tree, name="tree")
        clone.read("-C", tree, "reset", "--quiet", "--hard", env=here)
        command = ("-C", tree, "merge", "--quiet", "--no-ff", "--no-edit", "-m", message, theirs)
        status, out, err = clone.run(*command, env={**here, **identity(author)})
        if status:
            listed = clone.read("-C", tree, "diff", "--name-only", "--diff-filter=U", "-z", env=here)
            files = sorted({path for path in listed.split("\0") if path})
            if not files:
                raise GitError(
                    f"{clone.remote_url}: {source} can't be merged into {destination}: {reason(f'{err}{out}')}",
                    next_step="See both branches in the repository. Nothing was merged.",
                )
            raise _conflict(clone, source, destination, files, "conflicts in")
        after = clone.read("-C", tree, "rev-parse", "HEAD", env=here).strip()
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
