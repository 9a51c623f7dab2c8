# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as a tree of exceptions; private to the collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


class AppsmithError(Exception):
    """One line for a person (cause, code, what to do) and the parts of it for a program."""

    default_next_step: str | None = None
    # Whether something had been written when it went wrong: a module says "changed" then, failed or not.
    changed: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        http_status: int | None = None,
        next_step: str | None = None,
        details: Any = None,
    ) -> None:
        self.message = " ".join(str(message).split())
        self.code = code
        self.http_status = http_status
        self.next_step = next_step or NEXT_STEPS.get(code or "") or self.default_next_step
        self.details = details
        super().__init__(self.message)

    def __str__(self) -> str:
        line = self.message.rstrip(".")
        if self.code:
            line += f" [{self.code}]"
        return f"{line}. {self.next_step}" if self.next_step else f"{line}."

    def as_dict(self) -> dict[str, Any]:
        """What a module returns as C(error)."""
        return {
            "title": type(self).__name__,
            "code": self.code,
            "http_status": self.http_status,
            "message": self.message,
            "next_step": self.next_step,
            "details": self.details,
        }


@contextlib.contextmanager
def after_writing(written: bool = True) -> Iterator[None]:
    """What goes wrong from here on went wrong after something was written."""
    try:
        yield
    except AppsmithError as error:
        error.changed = error.changed or written
        raise


class ConnectionFailed(AppsmithError):
    """No connection; nothing was sent."""

    default_next_step = "Check appsmith_url, and that the instance runs and can be reached from here."


class RequestTimeout(AppsmithError):
    """The request was sent and no answer came; the server may still be at work on it."""

    default_next_step = "The server may still be at work: look before trying again, or raise appsmith_timeout."


class NotAppsmith(AppsmithError):
    """An answer came, but not Appsmith's."""

    default_next_step = "Check that appsmith_url is the address of an Appsmith instance, without a path."


class NotReady(AppsmithError):
    """Appsmith is starting or its back end is down."""

    default_next_step = "Wait until it has started (stagecraft.appsmith.instance_info with wait: true)."


class RateLimited(AppsmithError):
    default_next_step = "Send less at once, or raise APPSMITH_RATE_LIMIT on the instance."


class AuthenticationFailed(AppsmithError):
    default_next_step = "Check appsmith_username and appsmith_password."


class AccountSuspended(AuthenticationFailed):
    default_next_step = "Reset the password by e-mail, or wait 24 hours from the first refused attempt."


class PermissionDenied(AppsmithError):
    default_next_step = "Give the user the right (a workspace's Administrator or Developer, or instance admin)."


class NotFound(AppsmithError):
    pass


class AlreadyExists(AppsmithError):
    pass


class InvalidInput(AppsmithError):
    pass


class CheckModeWrite(AppsmithError):
    """A module was about to write in check mode; the client refused it."""

    default_next_step = "Nothing was sent. This is a bug of the module, please report it."


class ProofFailed(AppsmithError):
    """The server said yes, but what it said yes to can't be seen."""


class IncompatibleVersion(AppsmithError):
    default_next_step = "Upgrade this instance to the release that wrote the content, or a newer one."


class CloudServicesError(AppsmithError):
    default_next_step = "Let the instance reach the vendor's cloud services (it asks there for the repository limit)."


class GitError(AppsmithError):
    pass


class GitKeyRefused(GitError):
    default_next_step = "Register the instance's deploy key with the repository, with the right to write if it must."


class GitNotConfigured(GitError):
    default_next_step = "Check the application's connection to its repository (stagecraft.appsmith.git_connection)."


class GitProfileMissing(GitNotConfigured):
    default_next_step = "Save a Git author profile first (stagecraft.appsmith.git_profile)."


class GitRepositoryNotEmpty(GitError):
    pass


class GitPrivateLimit(GitError):
    pass


class GitActionFailed(GitError):
    pass


class GitConflict(GitError):
    pass


class GitUpstreamAhead(GitError):
    default_next_step = "Bring in the remote's commits first (discard or pull), then commit."


class GitRemoteNotFound(GitError):
    default_next_step: str = "Check the repository's address, and that the deploy key may read it."


class GitInvalidUrl(GitError):
    default_next_step: str = "Give the SSH address, such as git@git.example.com:owner/repository.git."


class GitLocked(GitError):
    default_next_step = "Another Git operation holds the lock, or left it behind: it ends after about 120 seconds."


class GitWriteConflict(GitError):
    default_next_step = "Two Git operations ran at once on the instance: repeat this one alone."


class GitUncommittedChanges(GitError):
    default_next_step = "Commit the changes or discard them, then try again."


class GitProtectedBranch(GitError):
    default_next_step = "Deploy by fetch and discard, which needs no commit, or unprotect the branch."


class GitTimeout(GitError):
    pass


# What to do, by the server's code. Codes that need nothing but the class's own advice are not listed.
NEXT_STEPS: dict[str, str] = {
    "AE-APP-4038": "Make another member Administrator first.",
    "AE-APP-5007": "Choose another slug.",
    "AE-APP-5015": "Try again; if it stays, look into the instance's log.",
    "AE-APP-5019": "Make docker.env readable and writable for the server.",
    "AE-APP-5022": "The instance skipped a release that must be passed: see stagecraft.appsmith.upgrade_path.",
    "AE-DTS-4030": "Delete the queries that use the datasource first.",
    "AE-GIT-4033": "Connect an empty repository, or import this one (stagecraft.appsmith.git_import).",
    "AE-GIT-4036": "Bring in the remote's commits first (discard or pull), then merge.",
    "AE-GIT-4037": "Commit or discard the changes on the branch first, then merge.",
    "AE-GIT-4040": "Check the branch out first, then name it without origin/.",
    "AE-GIT-4043": "Use a public repository, or an edition with more private ones.",
    "AE-GIT-4046": "Solve the conflict in the repository, then merge again.",
    "AE-GIT-4047": "Solve the conflict in the repository, or discard the local changes, then try again.",
    "AE-GIT-4048": "Bring in the remote's commits first (discard or pull), then push.",
    "AE-GIT-4052": "Push a first commit to the repository's default branch.",
    "AE-GIT-5014": "The Git host is slow: try again later.",
    "AE-JSN-4049": "Check the file: it is no application this release can read.",
    "AE-SGN-4033": "Allow sign-up, or the address's domain, on the instance.",
    "AE-TMR-4029": "Wait, then try again.",
    "AE-TMR-4030": "Wait five minutes, then test again.",
}

_BY_CODE: dict[str, type[AppsmithError]] = {
    "AE-ACL-4003": PermissionDenied,
    "AE-ACL-4004": NotFound,
    "AE-ACL-4005": PermissionDenied,
    "AE-ACL-4006": PermissionDenied,
    "AE-ACL-4007": PermissionDenied,
    "AE-APP-4000": InvalidInput,
    "AE-APP-4005": AlreadyExists,
    "AE-APP-4021": AlreadyExists,
    "AE-APP-4023": AuthenticationFailed,
    "AE-APP-4025": AlreadyExists,
    "AE-APP-4026": PermissionDenied,
    "AE-APP-4027": NotFound,
    "AE-APP-4028": InvalidInput,
    "AE-APP-4052": NotFound,
    "AE-APP-4080": NotReady,
    "AE-APP-4091": AlreadyExists,
    "AE-APP-5007": AlreadyExists,
    "AE-APP-5012": CloudServicesError,
    "AE-APP-5024": NotReady,
    "AE-APP-5040": RequestTimeout,
    "AE-BAD-4000": InvalidInput,
    "AE-BAD-4001": InvalidInput,
    "AE-DTS-4011": InvalidInput,
    "AE-DTS-4013": InvalidInput,
    "AE-FRK-4034": PermissionDenied,
    "AE-GIT-4031": GitNotConfigured,
    "AE-GIT-4032": GitKeyRefused,
    "AE-GIT-4033": GitRepositoryNotEmpty,
    "AE-GIT-4036": GitUpstreamAhead,
    "AE-GIT-4037": GitUncommittedChanges,
    "AE-GIT-4043": GitPrivateLimit,
    "AE-GIT-4044": GitActionFailed,
    "AE-GIT-4046": GitConflict,
    "AE-GIT-4047": GitConflict,
    "AE-GIT-4048": GitUpstreamAhead,
    "AE-GIT-4050": GitInvalidUrl,
    "AE-GIT-4051": GitRemoteNotFound,
    "AE-GIT-4052": GitActionFailed,
    "AE-GIT-5014": GitTimeout,
    "AE-GIT-5020": GitLocked,
    "AE-JSN-4045": IncompatibleVersion,
    "AE-LGN-4000": AuthenticationFailed,
    "AE-PLG-4001": NotFound,
    "AE-SGN-4033": PermissionDenied,
    "AE-TMR-4029": RateLimited,
    "AE-TMR-4030": RateLimited,
    "AE-USR-4004": NotFound,
}

# Codes that say too little: the text decides (lower case; first match wins).
_BY_TEXT: dict[str, tuple[tuple[str, type[AppsmithError]], ...]] = {
    "AE-GIT-4031": (("author", GitProfileMissing), ("git profile", GitProfileMissing)),
    "AE-GIT-4044": (
        ("writeconflict", GitWriteConflict),
        ("write conflict", GitWriteConflict),
        ("nosuchtransaction", GitWriteConflict),
        ("uncommitted changes", GitUncommittedChanges),
        ("protected branch", GitProtectedBranch),
        ("pending upstream", GitUpstreamAhead),
        ("resolve conflicts in the remote repository", GitConflict),
        # A push that the key may not do.
        ("update the deploy key", GitKeyRefused),
    ),
    "AE-GIT-5013": (("incompatible", IncompatibleVersion),),
    "AE-GIT-5016": (("place a lock", GitLocked), ("lock", GitLocked)),
}

# Texts of codes whose class says too little about what to do.
_STEPS_BY_TEXT: tuple[tuple[str, str, str], ...] = (
    ("AE-APP-4000", "parameter remote url", GitRemoteNotFound.default_next_step),
    ("AE-APP-4000", "browsersupportedremoteurl", GitInvalidUrl.default_next_step),
    ("AE-GIT-4031", "remote url is incorrect", GitInvalidUrl.default_next_step),
    ("AE-GIT-4031", "invalid remote", GitRemoteNotFound.default_next_step),
    ("AE-GIT-4044", "empty repo", "Push a first commit of an application to the repository, or connect one to it."),
    ("AE-GIT-4044", "already exists", "Choose another name for the branch."),
)

_BY_STATUS: dict[int, type[AppsmithError]] = {
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: AlreadyExists,
    429: RateLimited,
}


def full_code(code: Any) -> str | None:
    """Releases before v1.9.9 send the bare number; Git's codes win over the others of the same number."""
    if code is None or code == "":
        return None
    text = str(code)
    if not text.isdigit():
        return text
    known = [name for name in (*_BY_CODE, *_BY_TEXT) if name.endswith(f"-{text}")]
    return next((name for name in known if name.startswith("AE-GIT-")), known[0] if known else text)


def error_from_answer(
    http_status: int, code: Any, message: str, *, next_step: str | None = None, details: Any = None
) -> AppsmithError:
    """The exception for a refusal of the server."""
    name = full_code(code)
    text = (message or "").lower()
    error: type[AppsmithError] | None = next(
        (found for part, found in _BY_TEXT.get(name or "", ()) if part in text), None
    )
    if error is None:
        error = _BY_CODE.get(name or "")
    if error is None:
        error = GitError if (name or "").startswith("AE-GIT-") else _BY_STATUS.get(http_status, AppsmithError)
    if next_step is None:
        next_step = next((step for of, part, step in _STEPS_BY_TEXT if of == name and part in text), None)
    return error(
        message or f"The server answered HTTP {http_status}",
        code=name,
        http_status=http_status,
        next_step=next_step,
        details=details,
    )
