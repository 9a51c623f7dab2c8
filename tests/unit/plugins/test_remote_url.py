# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repository addresses."""

from __future__ import annotations

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitInvalidUrl
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse, same_repository


@pytest.mark.parametrize(
    ("text", "host", "port", "owner", "name"),
    [
        ("git@git.example.com:acme/orders.git", "git.example.com", 22, "acme", "orders"),
        ("git@git.example.com:acme/orders", "git.example.com", 22, "acme", "orders"),
        ("git@git.example.com:/acme/orders.git", "git.example.com", 22, "acme", "orders"),
        ("ssh://git@git.example.com/acme/orders.git", "git.example.com", 22, "acme", "orders"),
        ("ssh://git.example.com/acme/orders.git", "git.example.com", 22, "acme", "orders"),
        ("ssh://git@git.example.com:2222/acme/orders.git", "git.example.com", 2222, "acme", "orders"),
        ("ssh://git@git.example.com:2222//acme/orders.git", "git.example.com", 2222, "acme", "orders"),
        ("ssh://git@git.example.com:/acme/orders", "git.example.com", 22, "acme", "orders"),
        ("org-1234@git.example.com:group/sub/orders.git", "git.example.com", 22, "group/sub", "orders"),
        # In this form the number is part of the path.
        ("git@git.example.com:2222/orders.git", "git.example.com", 22, "2222", "orders"),
        (" git@git.example.com:orders.git ", "git.example.com", 22, "", "orders"),
        ("git@git.example.com:acme/orders.git/", "git.example.com", 22, "acme", "orders"),
    ],
)
def test_parts_of_an_address(text: str, host: str, port: int, owner: str, name: str) -> None:
    found = parse(text)
    assert (found.host, found.port, found.owner, found.name) == (host, port, owner, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        "https://git.example.com/acme/orders.git",
        "http://git.example.com/acme/orders.git",
        "git://git.example.com/acme/orders.git",
        "file:///srv/orders.git",
        "/srv/orders.git",
        # The user needs two characters and a lower-case first one.
        "g@git.example.com:acme/orders.git",
        "Git@git.example.com:acme/orders.git",
        "git.example.com:acme/orders.git",
        "ssh://git@git.example.com:99999/acme/orders.git",
        "ssh://git@git.example.com/",
        "git@git.example.com:/",
    ],
)
def test_an_address_the_server_would_refuse_is_refused_before(text: str) -> None:
    with pytest.raises(GitInvalidUrl) as caught:
        parse(text)
    assert "git@git.example.com:owner/repository.git" in str(caught.value)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(GitInvalidUrl) as caught:
        parse("https://dev:hunter22@git.example.com/acme/orders.git")
    assert "hunter22" not in str(caught.value)


SPELLINGS = [
    "git@git.example.com:acme/orders.git",
    "git@git.example.com:/acme/orders",
    "ssh://git@git.example.com/acme/orders.git",
    "ssh://git@git.example.com:22//acme/orders",
    "ssh://git@GIT.example.com/acme/Orders.git",
    "ssh://git.example.com/acme/orders.git",
    "ssh://deploy@git.example.com./acme/orders.git",
]


@pytest.mark.parametrize("first", SPELLINGS)
@pytest.mark.parametrize("second", SPELLINGS)
def test_all_spellings_are_one_repository(first: str, second: str) -> None:
    assert same_repository(first, second)


@pytest.mark.parametrize(
    "other",
    [
        "git@git.example.com:acme/orders2.git",
        "git@git2.example.com:acme/orders.git",
        "git@git.example.com:other/orders.git",
        "ssh://git@git.example.com:2222/acme/orders.git",
        "https://git.example.com/acme/orders.git",
        "",
        None,
    ],
)
def test_another_repository_is_another(other: str | None) -> None:
    assert not same_repository(SPELLINGS[0], other)


def test_the_same_text_is_the_same_even_if_no_release_takes_it() -> None:
    assert same_repository("file:///srv/orders.git", "file:///srv/orders.git")


@pytest.mark.parametrize(
    ("door", "same"),
    [
        ("ssh://git@ssh.github.com:443/acme/orders.git", "git@github.com:acme/orders.git"),
        ("ssh://git@altssh.gitlab.com:443/acme/orders.git", "git@gitlab.com:acme/orders"),
        ("ssh://git@altssh.bitbucket.org:443/acme/orders.git", "git@bitbucket.org:acme/orders.git"),
    ],
)
def test_the_other_door_of_a_public_host_is_the_same_host(door: str, same: str) -> None:
    assert same_repository(door, same)
    assert not same_repository(door.replace(":443", ":444"), same)


@pytest.mark.parametrize(
    ("text", "key_type"),
    [
        ("git@ssh.dev.azure.com:v3/acme/apps/orders", "RSA"),
        ("acme@vs-ssh.visualstudio.com:v3/acme/apps/orders", "RSA"),
        ("ssh://APKA@git-codecommit.eu-west-1.amazonaws.com/v1/repos/orders", "RSA"),
        ("git@github.com:acme/orders.git", "ECDSA"),
        ("git@dev.azure.com.example.com:acme/orders.git", "ECDSA"),
    ],
)
def test_rsa_where_the_host_needs_it(text: str, key_type: str) -> None:
    assert parse(text.replace("APKA", "apka")).key_type == key_type


def test_the_page_that_appsmith_asks_has_no_port() -> None:
    assert parse("ssh://git@git.example.com:2222/acme/orders.git").page == "https://git.example.com/acme/orders"
