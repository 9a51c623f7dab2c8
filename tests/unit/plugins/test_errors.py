# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which exception a refusal of the server becomes, and the line that a person reads."""

from __future__ import annotations

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _errors as errors


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (400, "AE-APP-4005", "already exists", errors.AlreadyExists),
        (400, "AE-APP-4028", "Validation Failure(s): {name=Name is mandatory}", errors.InvalidInput),
        (403, "AE-ACL-4003", "Unauthorized access", errors.PermissionDenied),
        (404, "AE-ACL-4004", "Unable to find application 0", errors.NotFound),
        (409, "AE-APP-4091", "Duplicate key error", errors.AlreadyExists),
        (500, "AE-APP-5024", "Server is not ready", errors.NotReady),
        (429, "AE-TMR-4030", "Too many requests", errors.RateLimited),
        (400, "AE-APP-5012", "Cloud services", errors.CloudServicesError),
        (500, "AE-APP-5000", "Internal server error while processing request", errors.AppsmithError),
        (400, "AE-JSN-4045", "incompatible", errors.IncompatibleVersion),
        (
            503,
            "AE-GIT-5013",
            "Provided file is incompatible, please upgrade your instance",
            errors.IncompatibleVersion,
        ),
        (503, "AE-GIT-5013", "Error while accessing the file system", errors.GitError),
        (400, "AE-GIT-4031", "Git configuration is invalid", errors.GitNotConfigured),
        (400, "AE-GIT-4031", "Unable to find git author configuration for logged-in user.", errors.GitProfileMissing),
        (400, "AE-GIT-4044", "You may need to update the deploy key in the app's Git settings", errors.GitKeyRefused),
        (400, "AE-GIT-4032", "SSH key is not configured correctly", errors.GitKeyRefused),
        (400, "AE-GIT-4033", "The remote repository is not empty", errors.GitRepositoryNotEmpty),
        (406, "AE-GIT-4036", "remote is ahead", errors.GitUpstreamAhead),
        (406, "AE-GIT-4037", "local changes", errors.GitUncommittedChanges),
        (402, "AE-GIT-4043", "limit", errors.GitPrivateLimit),
        (
            400,
            "AE-GIT-4044",
            "git import failed. \nDetails: Cannot import app from an empty repo",
            errors.GitActionFailed,
        ),
        (400, "AE-GIT-4044", "git pull failed. Details: WriteConflict ... Please retry", errors.GitWriteConflict),
        (400, "AE-GIT-4044", "Command failed with error 251 (NoSuchTransaction)", errors.GitWriteConflict),
        (400, "AE-GIT-4044", "There are uncommitted changes present in your local", errors.GitUncommittedChanges),
        (400, "AE-GIT-4044", "Cannot commit to protected branch master", errors.GitProtectedBranch),
        (400, "AE-GIT-4044", "Looks like there are pending upstream changes.", errors.GitUpstreamAhead),
        (
            400,
            "AE-GIT-4044",
            "Please create a new branch and resolve conflicts in the remote repository before proceeding.",
            errors.GitConflict,
        ),
        (400, "AE-GIT-4040", "This operation is not supported for remote branch origin/feature", errors.GitError),
        (400, "AE-GIT-4046", "conflicts", errors.GitConflict),
        (400, "AE-GIT-4047", "Merge conflicts found", errors.GitConflict),
        (400, "AE-GIT-4048", "upstream", errors.GitUpstreamAhead),
        (400, "AE-GIT-4050", "invalid", errors.GitInvalidUrl),
        (404, "AE-GIT-4051", "not found", errors.GitRemoteNotFound),
        (504, "AE-GIT-5014", "timeout", errors.GitTimeout),
        (
            400,
            "AE-GIT-5016",
            "Git command execution error: We were unable to place a lock on the file system to perform status command.",
            errors.GitLocked,
        ),
        (400, "AE-GIT-5016", "Git command execution error: other", errors.GitError),
        (500, "AE-GIT-5020", "We were unable to place a lock", errors.GitLocked),
        (500, "AE-GIT-9999", "something new", errors.GitError),
        (403, None, "", errors.PermissionDenied),
        (418, "AE-NEW-1234", "something new", errors.AppsmithError),
        # Releases before v1.9.9 send the bare number.
        (400, 4044, "Cannot commit to protected branch", errors.GitProtectedBranch),
        (400, 4031, "", errors.GitNotConfigured),
        (404, 4027, "", errors.NotFound),
        (400, 9999, "", errors.AppsmithError),
    ],
)
def test_the_class(status, code, message, expected):
    assert errors.error_from_answer(status, code, message).__class__ is expected


def test_the_line():
    error = errors.error_from_answer(400, "AE-GIT-4032", "SSH key is not\n  configured correctly.")
    assert str(error) == (
        "SSH key is not configured correctly [AE-GIT-4032]. "
        "Register the instance's deploy key with the repository, with the right to write if it must."
    )
    assert error.as_dict() == {
        "title": "GitKeyRefused",
        "code": "AE-GIT-4032",
        "http_status": 400,
        "message": "SSH key is not configured correctly.",
        "next_step": "Register the instance's deploy key with the repository, with the right to write if it must.",
        "details": None,
    }


def test_an_own_next_step_wins():
    assert str(errors.GitLocked("Busy", code="AE-GIT-5020", next_step="Go home.")) == "Busy [AE-GIT-5020]. Go home."
    assert str(errors.AppsmithError("Busy")) == "Busy."


@pytest.mark.parametrize(
    ("code", "message", "step"),
    [
        ("AE-APP-4000", "Please enter a valid parameter remote url.", "Check the repository's address"),
        ("AE-APP-4000", "Please enter a valid parameter browserSupportedRemoteUrl.", "Give the SSH address"),
        ("AE-GIT-4031", "Git configuration is invalid. Details: Remote URL is incorrect.", "Give the SSH address"),
        ("AE-GIT-4031", "Git configuration is invalid. Details: Invalid remote: origin", "Check the repository's"),
        ("AE-GIT-4031", "Unable to find git author configuration for logged-in user.", "Save a Git author profile"),
        ("AE-GIT-4031", "Unable to find the git configuration", "Check the application's connection"),
        ("AE-GIT-4044", "git import failed. Details: Cannot import app from an empty repo", "Push a first commit"),
        ("AE-GIT-4044", "remotes/origin/develop already exists. Please use a different branchName", "Choose another"),
    ],
)
def test_what_to_do_by_text(code, message, step):
    error = errors.error_from_answer(400, code, message)
    assert error.next_step.startswith(step)
    assert errors.error_from_answer(400, code, message, next_step="Mine.").next_step == "Mine."
