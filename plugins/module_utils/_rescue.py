# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's uncommitted changes, saved before a deployment throws them away; private to the collection.

Seen on a real v1.91, on an application with uncommitted changes:

- new routes, key that may write: the changes move to the new branch's document and wait there for a commit; the parent
  is discarded, which deploys what the last fetch saw;
- new routes, read-only key: 400, the changes stay where they are, a local ref of the new name stays behind;
- old routes, key that may write: the new branch is pushed with the changes, the parent keeps them as well;
- old routes, read-only key: 400, the changes stay, and the lock is leaked for about 120 seconds.

So what is saved is proven by looking at the new branch's content, and where the key may not write the application's
export is kept in a file instead.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitTimeout,
    GitWriteConflict,
    ProofFailed,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import branches, check_name
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View, read_views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import GateClosed

DIRECTORY_NEXT_STEP = (
    "Give the instance's deploy key the right to write for it, or a directory for files (rescue_directory, "
    "ledger_directory); or commit the changes, or throw them away (drift: discard)."
)


def rescue(
    git: Git, target: Target, branch: str, message: str, author: Author | None = None, *, directory: str | None = None
) -> dict[str, Any]:
    """Save them to a new branch of the repository, else to a file in the directory, and prove it.

    Raises C(GateClosed) when neither can be done; then the changes are where they were, or on the new branch's document
    on the instance, as the error says.
    """
    check_name(branch)
    before = git.look(target)
    result: dict[str, Any] = {
        "rescued_to": None, "branch": None, "file": None, "files": list(before.files), "warnings": []
    }  # fmt: skip
    if before.clean:
        return result
    if git.client.check_mode:
        return {**result, "rescued_to": f"branch {branch}", "branch": branch}
    export = _export(git.client, target.id)
    # In the file first: whatever the server does with a branch that it can't push, nothing is lost.
    saved = _write(git.client, target, export, directory) if directory else None
    try:
        unlike = _to_branch(git, target, branch, message, author, read_views(export).edit)
    except AppsmithError as error:
        if saved is None:
            raise _not_saved(git, target, branch, error, before.files) from error
        return {
            **result,
            "rescued_to": saved,
            "file": saved,
            "warnings": [
                f"'{target.name}': its uncommitted changes could not be pushed to a branch ({error.message}); they are "
                f"saved in {saved}, which can be imported as an application of its own"
            ],
        }
    result |= {"rescued_to": f"branch {branch}", "branch": branch}
    if unlike:
        kept = f"; the application as it was is kept in {saved} as well" if saved else ""
        text = f"'{target.name}': branch {branch} shows its uncommitted changes, but not in every detail the same: "
        return {**result, "file": saved, "warnings": [f"{text}{named(unlike)}{kept}"]}
    if saved:
        with suppress(OSError):
            os.unlink(saved)
    return result


def _to_branch(git: Git, target: Target, branch: str, message: str, author: Author | None, wanted: View) -> list[str]:
    """Make the branch, commit where the server didn't, and prove that the remote has the changes.

    Returns what is there and yet not the same to the last detail: a server may write a widget or a setting anew.
    """
    try:
        # Never sent twice: a second one of the same name is refused, whatever became of the first.
        git.patiently(lambda: git.api.create_branch(target.id, branch))
    except (RequestTimeout, GitTimeout, GitWriteConflict):
        if not git.wait_until(lambda: branch in git.api.branches(target.id).local):
            raise
    document = target.at(git.patiently(lambda: git.api.checkout(target.id, branch)), branch)
    status = git.look(document)
    if not status.clean or status.ahead:
        git.commit(document, message, author)
        status = git.look(document)
    there = branches(git, document)
    if not status.clean or status.ahead or status.behind or branch not in there.remote:
        raise ProofFailed(f"branch {branch} can't be seen at the remote with nothing left over")
    found = read_views(_export(git.client, document.id)).edit
    unlike = wanted.differences(found)
    lost = [text for text in unlike if not text.startswith("application ") and not _holds(wanted, found, text)]
    if lost:
        raise ProofFailed(f"branch {branch} does not hold all of the changes: {named(lost)}")
    return unlike


def _holds(wanted: View, found: View, text: str) -> bool:
    """Whether a page or query is there on both sides or on none, and a query or JS object with the same text."""
    kind, name = text.removeprefix("JS ").split(" ", 1)
    if kind == "object":
        return wanted.js_objects.get(name) == found.js_objects.get(name)
    if kind == "page":
        return (name in wanted.pages) == (name in found.pages)
    return (name in wanted.queries) == (name in found.queries) and wanted.bodies.get(name) == found.bodies.get(name)


def _not_saved(git: Git, target: Target, branch: str, error: AppsmithError, files: tuple[str, ...]) -> GateClosed:
    """Say where the changes are: still on the application, or on the new branch's document."""
    where = "they are where they were"
    try:
        missing = set(files) - set(git.look(target).files)
        if missing and branch in branches(git, target).local:
            where = f"they are on the instance's branch {branch}, which is not at the remote"
        elif missing:
            where = f"look for them on the instance, {named(sorted(missing))} is not among its uncommitted changes"
    except AppsmithError as problem:
        where = f"where they are now could not be seen ({problem.message})"
    return GateClosed(
        "drift",
        f"'{target.name}' has uncommitted changes that could not be saved to branch {branch}; {where}, and nothing was "
        f"deployed: {error.message}",
        code=error.code,
        http_status=error.http_status,
        next_step=DIRECTORY_NEXT_STEP,
        details={"files": list(files)},
    )


# -- the file ---------------------------------------------------------------------------------------------------------
def _export(client: Client, application_id: str) -> dict[str, Any]:
    """The application's JSON, both views of it."""
    answer = client.answer("GET", f"/applications/export/{application_id}")
    if answer.status != 200 or answer.is_envelope or not isinstance(answer.body, dict):
        client.judge(answer, "/applications/export")
        raise ProofFailed("the application's export can't be read")
    return answer.body


def _write(client: Client, target: Target, export: dict[str, Any], directory: str) -> str:
    """Keep it for a person, readable by nobody else, and without what belongs to datasources."""
    # An application that is exported with its configuration has credentials in it, in the clear.
    content = {key: value for key, value in export.items() if key != "decryptedFields"}
    content["datasourceList"] = [
        {key: value for key, value in one.items() if key != "datasourceConfiguration"}
        for one in export.get("datasourceList") or ()
    ]
    parts = (urlsplit(client.url).hostname, target.workspace, target.name, target.branch)
    name = "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", str(part)).strip("-.") for part in parts if part)
    path = os.path.join(directory, f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise GateClosed(
            "drift",
            f"'{target.name}' has uncommitted changes, and they can't be saved to {directory}: {error.strerror}; "
            "nothing was deployed",
            next_step="Give a directory that may be written (rescue_directory).",
        ) from error
    return path
