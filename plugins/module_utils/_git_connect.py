# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing repositories and applications together: keys, connect, import, author; private to the collection."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    AuthenticationFailed,
    CloudServicesError,
    ConnectionFailed,
    GitActionFailed,
    GitInvalidUrl,
    GitKeyRefused,
    GitLocked,
    GitNotConfigured,
    GitPrivateLimit,
    GitProfileMissing,
    GitRemoteNotFound,
    GitTimeout,
    GitWriteConflict,
    IncompatibleVersion,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ProofFailed,
    RequestTimeout,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import CONFLICT_REPEATS, Git, Outcome, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import is_published
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import RemoteUrl, parse, same_repository

KEY_TYPES = ["ECDSA", "RSA"]
# Seconds between two looks whether somebody has registered a key; at most so many for a look after an import.
KEY_PAUSE, LOOKING = 10.0, 30.0


# -- author ------------------------------------------------------------------------------------------------------------
def ensure_profile(git: Git, author: Author, before: Author) -> Outcome:
    """Save the author of the signed-in user's commits.

    O(before) is what the server shows. Reading it saves the account's own name and address where nothing was saved yet,
    so what is shown is always what is saved. (A first save without such a read before it would be without effect.)
    """
    facts = {"author": {"name": author.name, "email": author.email}}
    if before == author:
        return Outcome(False, facts=facts)
    if not git.client.check_mode:
        git.api.save_default_profile(author)
        if git.api.default_profile() != author:
            raise ProofFailed(
                f"The author {author.name} <{author.email}> was saved, but the server shows another one",
                next_step="See whether somebody else works with this user, then run again.",
            )
    return Outcome(True, facts=facts)


# -- keys --------------------------------------------------------------------------------------------------------------
def key_title(url: str, label: str) -> str:
    """How a key is called on the Git host: by it an earlier key of the same application is found and replaced."""
    return f"appsmith {url.split('://', 1)[-1]} {label}"


def _key_or_address(error: AppsmithError) -> bool:
    """The refusals behind which a key that isn't registered may be.

    A key that signs in for another repository, and a repository that isn't there, are the same to the server.
    """
    text = error.message.lower()
    return isinstance(error, GitKeyRefused) or "parameter remote url" in text or "invalid remote" in text


def _explain_refusal(
    error: AppsmithError, repository: RemoteUrl, key: str, *, registered: bool, again: str
) -> AppsmithError:
    refusal = GitKeyRefused if isinstance(error, GitKeyRefused) else GitRemoteNotFound
    step = (
        f"Check the address, and add this deploy key to the repository, with write access unless it is only deployed "
        f"from: {key} - then {again}. With git_host the collection does it itself."
    )
    if registered:
        step = "The deploy key was registered with the Git host: check the address, with its host name and port."
    return refusal(
        f"There is no repository at {repository.text}, or it refused the instance's deploy key: {error.message}",
        code=error.code,
        http_status=error.http_status,
        next_step=step,
        details={"public_key": key, "remote_url": repository.text},
    )


# -- connect -----------------------------------------------------------------------------------------------------------
def connect(
    git: Git,
    target: Target,
    remote_url: str,
    author: Author | None,
    *,
    key_type: str | None = None,
    key_timeout: float = 0,
    host: GitHost | None = None,
) -> Outcome:
    """Connect an application to an empty repository."""
    repository = parse(remote_url)
    metadata = git.api.metadata(target.base_id)
    present = metadata.get("remoteUrl")
    title = key_title(git.client.url, f"{target.workspace} {target.name}".strip())
    if present and not same_repository(present, remote_url):
        raise InvalidInput(
            f"'{target.name}' is connected to {present}, not to {remote_url}",
            next_step="Disconnect it first (state: absent), if that is meant. All its other branches go with that.",
        )
    if present:
        key = metadata.get("publicKey") or git.api.read_key(target.id) or ""
        registered = bool(key and host and host.ensure_key(repository, key, title=title, read_only=False))
        return Outcome(registered, facts=_connected(metadata, key, registered))
    if git.client.check_mode:
        facts = {"remote_url": remote_url, "branch": None, "public_key": git.api.read_key(target.id)}
        return Outcome(True, facts={**facts, "key_registered": host is not None})
    if author is None:
        # The profile is used, and reading it saves one for a user who has none yet.
        git.api.default_profile()
    key = git.api.read_key(target.id) or git.api.make_key(target.id, key_type or repository.key_type)
    registered = bool(host and host.ensure_key(repository, key, title=title, read_only=False))
    warnings: list[str] = []
    try:
        _when_registered(
            lambda: git.alone(lambda: git.api.connect(target.base_id, remote_url, author)), key_timeout, new=registered
        )
    except (RequestTimeout, GitTimeout) as error:
        if not git.wait_until(lambda: same_repository(git.api.metadata(target.base_id).get("remoteUrl"), remote_url)):
            raise
        warnings.append(f"'{target.name}': {error.message}; it was connected all the same")
    except AppsmithError as error:
        if _key_or_address(error):
            known = host is not None
            raise _explain_refusal(error, repository, key, registered=known, again="run again") from error
        if isinstance(error, GitActionFailed) and "push" in error.message.lower():
            error.next_step = (
                "The deploy key needs write access and the branch must take pushes. The server has thrown the key "
                "away: run again, and register the new one."
            )
        raise
    metadata = git.api.metadata(target.base_id)
    if not same_repository(metadata.get("remoteUrl"), remote_url):
        raise ProofFailed(f"'{target.name}': the server said connected, but shows no such repository")
    return Outcome(True, warnings=warnings, facts=_connected(metadata, key, registered))


def _when_registered(work: Callable[[], Any], seconds: float, *, new: bool) -> None:
    """Do it; as long as somebody may still register the key, a refusal for it is no end. It comes before any work.

    C(new): it was registered just now, by a host's API; some of them tell their SSH server a few seconds later.
    """
    end = _wait.now() + seconds
    while True:
        try:
            work()
            return
        except AppsmithError as error:
            once_more = new and isinstance(error, GitKeyRefused)
            if not once_more and (not _key_or_address(error) or _wait.now() + KEY_PAUSE > end):
                raise
            new = False
        _wait.sleep(KEY_PAUSE)


def _connected(metadata: dict[str, Any], key: str, registered: bool) -> dict[str, Any]:
    return {
        "remote_url": metadata.get("remoteUrl"),
        "branch": metadata.get("defaultBranchName") or metadata.get("branchName"),
        "public_key": key,
        "key_registered": registered,
    }


def disconnect(git: Git, target: Target) -> Outcome:
    """Take an application from its repository; the repository stays as it is."""
    metadata = git.api.metadata(target.base_id)
    if not metadata.get("remoteUrl"):
        return Outcome(False, facts={"remote_url": None})
    if not git.client.check_mode:
        git.alone(lambda: git.api.disconnect(target.base_id))
        if git.api.metadata(target.base_id).get("remoteUrl"):
            raise ProofFailed(f"'{target.name}': the server said disconnected, but still shows the repository")
    return Outcome(True, facts={"remote_url": None, "was_connected_to": metadata["remoteUrl"]})


# -- import ------------------------------------------------------------------------------------------------------------
def _own_folder() -> str:
    """A folder for locks in which nobody else can put anything."""
    folder = os.path.join(tempfile.gettempdir(), f"stagecraft-appsmith-{os.getuid()}")
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise InvalidInput(
            f"{folder} is not a folder of this user alone",
            next_step="See who made it and remove it, or set TMPDIR to another folder.",
        )
    return folder


@contextmanager
def one_at_a_time(url: str, username: str | None) -> Iterator[None]:
    """One import by one user on one instance at a time, across the forks of a play.

    The import key belongs to the user and every new one replaces the last: key, registration and import are one
    sequence.
    """
    name = hashlib.sha256(f"{url}|{username}".encode()).hexdigest()[:16]
    path = os.path.join(_own_folder(), f"{name}.lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@dataclass(frozen=True)
class ImportTerms:
    """How a repository is imported."""

    author: Author | None
    timeout: float
    generate_key: bool
    key_type: str | None = None
    # None: a new key may only read, one that is registered keeps its right.
    key_write: bool | None = None
    key_timeout: float = 0
    host: GitHost | None = None

    @property
    def read_only(self) -> bool | None:
        return None if self.key_write is None else not self.key_write


def import_repository(
    git: Git,
    workspace_id: str,
    remote_url: str,
    find: Callable[[], Target | None],
    terms: ImportTerms,
    *,
    label: str = "",
) -> Target:
    """Import a repository that is known not to be in the workspace; O(find) looks there for it.

    When it fails nothing is left behind: neither the key at the Git host nor half an application.
    """
    repository = parse(remote_url)
    key, registered = "", False
    if terms.author is None:
        # Without an author the profile is used, and reading it saves one for a user who has none yet.
        git.api.default_profile()
    if terms.generate_key:
        key = git.api.make_import_key(terms.key_type or repository.key_type)
    if terms.host and key:
        title = key_title(git.client.url, label)
        registered = terms.host.ensure_key(repository, key, title=title, read_only=terms.read_only)
    try:
        return _import(git, workspace_id, remote_url, find, terms, new=registered)
    except AppsmithError as error:
        if terms.host and registered:
            # Nobody will use it: the next attempt makes a new one. What the server said matters more than this.
            with suppress(AppsmithError):
                terms.host.remove_key(repository, key)
        if terms.key_timeout and not key and _key_or_address(error):
            # Somebody was shown the key, and may be about to register it: another one would be worth nothing to them.
            error.next_step = (
                f"No key was accepted within {terms.key_timeout:g} seconds. Check the address, register the key that "
                "was shown, then run again with generate_key: false."
            )
            raise
        if _keyless(error) or _key_or_address(error):
            key = key or git.api.make_import_key(terms.key_type or repository.key_type)
            again = "run again with generate_key: false"
            raise _explain_refusal(error, repository, key, registered=registered, again=again) from error
        text = error.message.lower()
        if "empty repo" in text:
            error.next_step = "Push an application to its default branch first (git_connection makes the first commit)."
        elif isinstance(error, GitActionFailed) and "already exists with the same name" in text:
            error.next_step = "A datasource of that name but another kind is in the workspace: rename one of them."
        raise


def _keyless(error: AppsmithError) -> bool:
    """Without a key of the user the server says 'not configured', as it does without an author."""
    return isinstance(error, GitNotConfigured) and not isinstance(error, GitProfileMissing)


def _import(
    git: Git, workspace_id: str, remote_url: str, find: Callable[[], Target | None], terms: ImportTerms, *, new: bool
) -> Target:
    """One import; a refusal for the key is asked for again as long as somebody may still register it."""
    # The last part of the time is for a look at what an import without an answer has left.
    looking = min(LOOKING, terms.timeout / 4)
    limit = terms.timeout - looking

    def send() -> None:
        git.patiently(lambda: git.api.import_repository(workspace_id, remote_url, terms.author, timeout=limit))

    try:
        _when_registered(lambda: _without_conflict(git, send, find), terms.key_timeout, new=new)
    except (RequestTimeout, GitTimeout) as error:
        found = _settle(git, find, looking)
        if found is None:
            raise GitTimeout(
                f"The import of {remote_url} had no answer within {terms.timeout:g} seconds, and no application "
                "appeared that would be whole; nothing of it is left",
                next_step="Check the repository (stagecraft.appsmith.git_check): its address, the deploy key, and that "
                "it holds an application; a large one may need a longer import_timeout.",
            ) from error
        return found
    except AppsmithError as error:
        # An error may come after the work, or after a part of it.
        found = None if _refused_before_work(error) else _settle(git, find, 0)
        if found is None:
            raise
        return found
    found = find()
    if found is None:
        raise ProofFailed(f"The server said {remote_url} is imported, but no application of the workspace shows it")
    return found


def _without_conflict(git: Git, send: Callable[[], None], find: Callable[[], Target | None]) -> None:
    """What the database calls a write conflict was rolled back and works alone; only a look makes that sure."""
    for attempt in range(CONFLICT_REPEATS):
        try:
            send()
            return
        except GitWriteConflict:
            if _settle(git, find, 0):
                return
            if attempt == CONFLICT_REPEATS - 1:
                raise
        _wait.sleep(float(2**attempt))


def _refused_before_work(error: AppsmithError) -> bool:
    """Refusals that leave nothing behind, as was seen on real servers."""
    before = (AuthenticationFailed, CloudServicesError, GitInvalidUrl, GitLocked, GitPrivateLimit, IncompatibleVersion)
    text = error.message.lower()
    words = ("empty repo", "already exists with the same name")
    return (
        isinstance(error, (*before, ConnectionFailed, NotFound, PermissionDenied))
        or _keyless(error)
        or _key_or_address(error)
        or any(part in text for part in words)
    )


def _settle(git: Git, find: Callable[[], Target | None], seconds: float) -> Target | None:
    """The application, once it is whole. Half of one is removed when the time is over: it was not there before."""

    def whole() -> Target | None:
        found = find()
        return found if found and is_published(git.client, found.id) else None

    found = _wait.poll(whole, timeout=seconds, interval=5.0)
    half = None if found else find()
    if half is None:
        return found
    if is_published(git.client, half.id):
        return half
    try:
        _applications.delete(git.client, half.workspace_id, half.base_id)
    except AppsmithError as error:
        failure = ProofFailed(
            f"The import left half of the application '{half.name}', which can't be removed: {error.message}",
            next_step="Delete it on the instance, then run again.",
        )
        failure.changed = True
        raise failure from error
    return None
