# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sweep refuses before it commits anything; private to the collection."""

from __future__ import annotations

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitKeyRefused,
    GitNotConfigured,
    GitUpstreamAhead,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target, commits
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost, key_material
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._sweep_entry import Entry, Options


def key_problem(git: Git, host: GitHost, target: Target) -> str | None:
    """Why an application's commits could not be pushed, as far as the Git host's API tells.

    The instance itself tells only by a push that fails, whose commit stays.
    """
    try:
        mine = git.patiently(lambda: git.api.read_key(target.base_id))
        keys = host.keys(parse(target.remote_url or ""))
    except AppsmithError as error:
        return f"whether the deploy key of '{target.name}' may write could not be found out: {error.message}"
    if mine is None:
        return f"'{target.name}' has no deploy key"
    same = [key for key in keys if key_material(key.key) == key_material(mine)]
    if not same:
        return f"the repository of '{target.name}' does not have its deploy key"
    if all(key.read_only for key in same):
        return f"the deploy key of '{target.name}' may only read"
    return None


def refuse_keys(problems: list[str | None]) -> None:
    """Before anything is committed."""
    told = [problem for problem in problems if problem]
    if told:
        raise GitKeyRefused(
            f"Nothing was committed, since it could not be pushed: {'; '.join(told)}",
            next_step="Give these keys the right to write (stagecraft.appsmith.git_deploy_key with read_only: false).",
        )


def behind_error(entry: Entry, behind: int) -> GitUpstreamAhead:
    return GitUpstreamAhead(
        f"{entry.label} is {commits(behind)} behind the remote; nothing was committed",
        next_step="Bring them in (git_discard, or git_pull where people work), then run again.",
    )


def check_author(git: Git, options: Options) -> None:
    """Before anything: without an author a commit is refused, and an old release takes none with it."""
    saved = git.api.default_profile()
    if options.author is None:
        if not saved.email:
            raise GitNotConfigured(
                "The user has no author for commits; nothing was committed",
                next_step="Give author, or save one (stagecraft.appsmith.git_profile).",
            )
    elif git.api.generation == "old" and saved != options.author:
        raise GitNotConfigured(
            "This release can't take an author with a commit, and another one is saved; nothing was committed",
            next_step="Save the author before (stagecraft.appsmith.git_profile).",
        )
