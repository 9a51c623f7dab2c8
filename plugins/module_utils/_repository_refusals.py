# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Git host says no to, in the field's words; private to the collection."""

from __future__ import annotations

import re

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitActionFailed,
    GitError,
    GitKeyRefused,
    GitProtectedBranch,
    GitRemoteNotFound,
    GitTimeout,
    GitUpstreamAhead,
)

# What Git and ssh say whatever the cause is.
_NOISE = re.compile(
    r"fatal: could not read from remote|please make sure you have the correct access|and the repository exists"
    r"|error: failed to push some refs|hint:|warning:|done$|to (ssh|file):|processing \d+ references"
    r"|fatal: the remote end hung up|-*$|see: https?:|create a pull request|connection to .* closed",
    re.I,
)
_MOVED = (
    "stale info",
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
    "reference already exists",
)
_PROTECTED = ("protected branch", "protected tag", "is protected", "gh006", "gh013", "rule violations")
# Gitea and Forgejo, GitHub, GitLab, Bitbucket, in this order.
_READ_ONLY = (
    "not authorized to write",
    "read only",
    "read-only",
    "denied to deploy key",
    "write access to repository not granted",
    "does not have write access",
    "not allowed to push code to this project",
    "not allowed to upload code",
    "push not permitted",
)
_UNKNOWN_KEY = ("permission denied (", "not authorized to read", "too many authentication failures")
_NO_REPOSITORY = (
    "repository not found",
    "cannot find repository",
    "does not appear to be a git repository",
    "does not exist",
    "could not be found",
)


def reason(text: str) -> str:
    """The lines of Git's answer that say why, on one line and without what a terminal would obey."""
    lines = []
    for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r", "\n").splitlines():
        # GitPython puts stderr into quotes.
        line = line.removeprefix("  stderr: '").strip().removeprefix("remote:").strip()
        line = "".join(char for char in line if char.isprintable()).rstrip("'").strip()
        if line and not _NOISE.match(line) and line not in lines:
            lines.append(line)
    return "; ".join(lines[:5]) or "git said nothing"


def cannot_read(remote_url: str, text: str, *, what: str = "read") -> AppsmithError:
    """A repository that can't be read, or written to for a reason that isn't writing's own."""
    why, lower = reason(text), text.lower()
    message = f"The controller can't {what} {remote_url}: {why}"
    if "host key verification failed" in lower:
        return GitError(message, next_step="Make the Git host's key known, or set git_accept_new_host_key.")
    if any(part in lower for part in _NO_REPOSITORY):
        return GitRemoteNotFound(message)
    if any(part in lower for part in _UNKNOWN_KEY):
        return GitKeyRefused(message, next_step="Give a key of the repository's as git_ssh_key_file.")
    if "did not complete in" in lower or "timed out" in lower:
        return GitTimeout(message, next_step="See whether the Git host can be reached from the controller.")
    return GitError(
        message,
        next_step="Check git_ssh_key_file, and that the Git host's key is known (or git_accept_new_host_key).",
    )


def push_failed(remote_url: str, ref: str, text: str) -> tuple[AppsmithError, bool]:
    """Why a push failed, and whether it is certain that nothing was pushed."""
    lower, why = text.lower(), reason(text)
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    if any(part in lower for part in _PROTECTED):
        return (
            GitProtectedBranch(
                f"{remote_url}: {name} is protected at the Git host, nothing was pushed: {why}",
                next_step="Let this key push to it in the Git host's settings, or go by a pull request "
                "(stagecraft.appsmith.pull_request).",
            ),
            True,
        )
    if any(part in lower for part in _READ_ONLY):
        return (
            GitKeyRefused(
                f"{remote_url}: the key may read, but not write; nothing was pushed: {why}",
                next_step="Give a key that may write to the repository as git_ssh_key_file.",
            ),
            True,
        )
    if any(part in lower for part in _MOVED):
        return (
            GitUpstreamAhead(
                f"{remote_url}: {name} was changed by somebody else in the meantime, nothing was pushed",
                next_step="Look at what came in, then run again.",
            ),
            True,
        )
    if "hook declined" in lower:
        return (
            GitActionFailed(
                f"{remote_url}: a check of the Git host refused the push to {name}: {why}",
                next_step="Do what the check wants (such as another author or message), or go by a pull request.",
            ),
            True,
        )
    error = cannot_read(remote_url, text, what="push to")
    return error, isinstance(error, (GitKeyRefused, GitRemoteNotFound))
