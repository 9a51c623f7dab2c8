# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy keys at GitHub and GitLab: the exact calls, with the answers that their documentation shows.

U(https://docs.github.com/en/rest/deploy-keys/deploy-keys?apiVersion=2022-11-28)
U(https://docs.gitlab.com/api/deploy_keys/)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import About
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import GitHostError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import DeployKey, GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from forge_calls import TOKEN, Host

KEY = "ecdsa-sha2-nistp256 AAAAE2VjZHNh appsmith"
# Hosts keep type and content, and leave the comment out.
KEPT = "ecdsa-sha2-nistp256 AAAAE2VjZHNh"
OTHER = "ssh-rsa AAAAB3Nz"
PAGE = {"per_page": "50", "page": "1"}


def github_key(number: int = 1, key: str = KEPT, title: str = "appsmith", read_only: bool = True) -> dict[str, Any]:
    return {
        "id": number,
        "key": key,
        "url": f"https://api.github.com/repos/acme/orders/keys/{number}",
        "title": title,
        "verified": True,
        "created_at": "2014-12-10T15:53:42Z",
        "read_only": read_only,
        "added_by": "octocat",
        "last_used": "2022-01-10T15:53:42Z",
        "enabled": True,
    }


def gitlab_key(number: int = 1, key: str = KEPT, title: str = "appsmith", can_push: bool = False) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "key": key,
        "fingerprint": "4a:9d:64:15:ed:3a:e6:07:6e:89:36:b3:3b:03:05:d9",
        "fingerprint_sha256": "SHA256:Jrs3LD1Ji30xNLtTVf9NDCj7kkBgPBb2pjvTZ3HfIgU",
        "created_at": "2013-10-02T10:12:29Z",
        "expires_at": None,
        "can_push": can_push,
    }


# -- GitHub ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def github() -> Iterator[Host]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(Host.mocked("https://api.github.com", "github"))


REPOSITORY = parse("git@github.com:acme/orders.git")
KEYS = "/repos/acme/orders/keys"


def at_github(**more: Any) -> GitHost:
    return GitHost({"type": "github", "token": TOKEN}, **more)


def test_a_key_is_registered_with_its_right_at_github(github: Host) -> None:
    github.expect("GET", KEYS, [github_key(7, OTHER, "somebody's")], **PAGE)
    github.expect("POST", KEYS, github_key(8), body={"title": "t", "key": KEY, "read_only": True}, status=201)
    github.expect("GET", KEYS, [github_key(7, OTHER, "somebody's"), github_key(8, title="t")], **PAGE)
    assert at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=True)
    assert all(sent["Authorization"] == f"Bearer {TOKEN}" for sent in github.headers)


def test_a_key_that_is_there_is_left_alone_at_github(github: Host) -> None:
    github.expect("GET", KEYS, [github_key(title="by hand")], **PAGE)
    assert not at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=True)


@pytest.mark.parametrize("read_only", [True, False])
def test_any_right_is_fine_when_none_is_asked_for(github: Host, read_only: bool) -> None:
    github.expect("GET", KEYS, [github_key(read_only=read_only)], **PAGE)
    assert not at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=None)


def test_a_new_key_may_only_read_when_no_right_is_asked_for(github: Host) -> None:
    github.expect("GET", KEYS, [], **PAGE)
    github.expect("POST", KEYS, github_key(8), body={"title": "t", "key": KEY, "read_only": True}, status=201)
    github.expect("GET", KEYS, [github_key(8, title="t")], **PAGE)
    assert at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=None)


def test_a_right_to_write_is_given_and_taken_at_github(github: Host) -> None:
    github.expect("GET", KEYS, [github_key(8)], **PAGE)
    github.expect("DELETE", f"{KEYS}/8", status=204)
    github.expect("POST", KEYS, github_key(9), body={"title": "t", "key": KEY, "read_only": False}, status=201)
    github.expect("GET", KEYS, [github_key(9, title="t", read_only=False)], **PAGE)
    assert at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=False)


def test_a_key_that_can_not_be_replaced_is_put_back(github: Host) -> None:
    """Such as by a rule of the organization that forbids keys with the right to write."""
    said = {"message": "Validation Failed", "errors": [{"message": "Deploy keys are disabled for this repository"}]}
    github.expect("GET", KEYS, [github_key(8)], **PAGE)
    github.expect("DELETE", f"{KEYS}/8", status=204)
    github.expect("POST", KEYS, said, body={"title": "t", "key": KEY, "read_only": False}, status=422)
    github.expect("POST", KEYS, github_key(9), body={"title": "appsmith", "key": KEPT, "read_only": True}, status=201)
    with pytest.raises(GitHostError, match="Deploy keys are disabled") as caught:
        at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=False)
    assert caught.value.changed


def test_a_key_of_another_repository_is_refused_by_github(github: Host) -> None:
    said = {"message": "Validation Failed", "errors": [{"message": "key is already in use"}]}
    github.expect("GET", KEYS, [], **PAGE)
    github.expect("POST", KEYS, said, body={"title": "t", "key": KEY, "read_only": True}, status=422)
    with pytest.raises(GitHostError, match="key is already in use") as caught:
        at_github().ensure_key(REPOSITORY, KEY, title="t", read_only=True)
    assert not caught.value.changed


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (403, PermissionDenied)])
def test_who_is_no_administrator_is_told(github: Host, status: int, error: type[Exception]) -> None:
    github.expect("GET", KEYS, {"message": "Not Found"}, **PAGE, status=status)
    with pytest.raises(error) as caught:
        at_github().keys(REPOSITORY)
    assert "administrator" in str(caught.value)


def test_about_a_repository_of_github(github: Host) -> None:
    answer = {"id": 1296269, "full_name": "acme/orders", "private": True, "default_branch": "main", "archived": False}
    github.expect("GET", "/repos/acme/orders", answer)
    assert at_github().about(REPOSITORY) == About("main", None, True, False)


# -- GitLab ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def gitlab() -> Iterator[Host]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(Host.mocked("https://git.example.com/api/v4", "gitlab"))


NESTED = parse("ssh://git@git.example.com:2222/acme/apps/orders.git")
DEPLOY_KEYS = "/projects/acme%2Fapps%2Forders/deploy_keys"


def at_gitlab(**more: Any) -> GitHost:
    return GitHost({"type": "gitlab", "url": "https://git.example.com", "token": TOKEN}, **more)


def test_a_key_is_registered_with_its_right_at_gitlab(gitlab: Host) -> None:
    gitlab.expect("GET", DEPLOY_KEYS, [gitlab_key(3, OTHER, "t", True)], **PAGE)
    gitlab.expect("DELETE", f"{DEPLOY_KEYS}/3", status=204)
    gitlab.expect("POST", DEPLOY_KEYS, gitlab_key(12), body={"title": "t", "key": KEY, "can_push": False}, status=201)
    gitlab.expect("GET", DEPLOY_KEYS, [gitlab_key(12, title="t")], **PAGE)
    assert at_gitlab().ensure_key(NESTED, KEY, title="t", read_only=True)


def test_the_right_of_a_key_is_known_at_gitlab(gitlab: Host) -> None:
    gitlab.expect("GET", DEPLOY_KEYS, [gitlab_key(can_push=True)], **PAGE)
    assert at_gitlab().keys(NESTED) == [DeployKey(1, "appsmith", KEPT, False)]


def test_check_mode_writes_nothing_at_gitlab(gitlab: Host) -> None:
    gitlab.expect("GET", DEPLOY_KEYS, [gitlab_key(can_push=True)], **PAGE)
    assert at_gitlab(check_mode=True).ensure_key(NESTED, KEY, title="t", read_only=True)


def test_a_key_is_removed_by_its_content_at_gitlab(gitlab: Host) -> None:
    gitlab.expect("GET", DEPLOY_KEYS, [gitlab_key(5)], **PAGE)
    gitlab.expect("DELETE", f"{DEPLOY_KEYS}/5", status=204)
    assert at_gitlab().remove_key(NESTED, KEY)


def test_a_key_that_is_taken_and_not_listed_is_a_failure(gitlab: Host) -> None:
    gitlab.expect("GET", DEPLOY_KEYS, [], **PAGE)
    gitlab.expect("POST", DEPLOY_KEYS, gitlab_key(12), body={"title": "t", "key": KEY, "can_push": True}, status=201)
    gitlab.expect("GET", DEPLOY_KEYS, [gitlab_key(12, can_push=False)], **PAGE)
    with pytest.raises(ProofFailed) as caught:
        at_gitlab().ensure_key(NESTED, KEY, title="t", read_only=False)
    assert caught.value.changed


def test_about_a_project_of_gitlab(gitlab: Host) -> None:
    answer = {"id": 3, "visibility": "internal", "default_branch": None, "empty_repo": True, "archived": True}
    gitlab.expect("GET", "/projects/acme%2Fapps%2Forders", answer)
    assert at_gitlab().about(NESTED) == About(None, True, True, True)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_password_is_no_way_to_these_apis(kind: str) -> None:
    with pytest.raises(InvalidInput, match="password"):
        GitHost({"type": kind, "username": "bot", "password": "x"})


def test_a_repository_of_another_host_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"github\.com"):
        at_gitlab().keys(REPOSITORY)
