# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy keys at Gitea, by themselves and with the modules."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AuthenticationFailed,
    ConnectionFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_http import GitHostError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost, key_material
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse

HOST = "https://git.example.com"
OPTIONS = {"url": f"{HOST}/", "username": "bot", "password": "Röt-secret"}
REPOSITORY = parse("git@git.example.com:acme/orders.git")
KEYS = f"{HOST}/api/v1/repos/acme/orders/keys"
KEY = "ssh-rsa AAAA appsmith"


class Gitea:
    """The part of the API that is used, with a list of what was done."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.keys: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.authorization: set[str] = set()
        self.forgets = False
        mock.add_callback("GET", KEYS, self.list)
        mock.add_callback("POST", KEYS, self.add)
        for number in range(1, 100):
            mock.add_callback("DELETE", f"{KEYS}/{number}", self.delete)

    def have(self, key: str, title: str = "old", read_only: bool = True) -> None:
        self.keys.append({"id": len(self.keys) + 1, "title": title, "key": key, "read_only": read_only})

    def list(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.authorization.add(request.headers["Authorization"])
        page, limit = int(request.params["page"]), int(request.params["limit"])
        return 200, {}, json.dumps(self.keys[(page - 1) * limit : page * limit])

    def add(self, request: Any) -> tuple[int, dict[str, str], str]:
        body = json.loads(request.body)
        self.done.append(f"add {body['title']} {'read' if body['read_only'] else 'write'}")
        if not self.forgets:
            self.keys.append({"id": 99, **body})
        return 201, {}, json.dumps(body)

    def delete(self, request: Any) -> tuple[int, dict[str, str], str]:
        number = int(request.url.rsplit("/", 1)[-1])
        self.keys = [key for key in self.keys if key["id"] != number]
        self.done.append(f"delete {number}")
        return 204, {}, ""


@pytest.fixture
def gitea() -> Iterator[Gitea]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Gitea(mock)


def test_a_key_is_registered_once(gitea: Gitea) -> None:
    host = GitHost(OPTIONS)
    assert host.ensure_key(REPOSITORY, KEY, title="appsmith staging", read_only=False)
    assert not host.ensure_key(REPOSITORY, "ssh-rsa AAAA another comment", title="another title", read_only=False)
    assert gitea.done == ["add appsmith staging write"]
    assert gitea.authorization == {"Basic " + base64.b64encode("bot:Röt-secret".encode()).decode()}


def test_a_key_with_another_right_is_replaced(gitea: Gitea) -> None:
    gitea.have(KEY, read_only=True)
    assert GitHost(OPTIONS).ensure_key(REPOSITORY, KEY, title="t", read_only=False)
    assert gitea.done == ["delete 1", "add t write"]


def test_an_earlier_key_of_the_same_title_is_replaced_and_others_stay(gitea: Gitea) -> None:
    gitea.have("ssh-rsa OLD appsmith", title="t")
    gitea.have("ssh-rsa OTHER", title="somebody else's")
    assert GitHost(OPTIONS).ensure_key(REPOSITORY, KEY, title="t", read_only=True)
    assert gitea.done == ["delete 1", "add t read"]
    assert [key["title"] for key in gitea.keys] == ["somebody else's", "t"]


def test_check_mode_writes_nothing(gitea: Gitea) -> None:
    gitea.have("ssh-rsa OLD", title="t")
    host = GitHost(OPTIONS, check_mode=True)
    assert host.ensure_key(REPOSITORY, KEY, title="t", read_only=True)
    assert host.remove_key(REPOSITORY, "ssh-rsa OLD")
    assert gitea.done == []


def test_a_key_is_removed_by_its_content(gitea: Gitea) -> None:
    gitea.have(KEY)
    host = GitHost(OPTIONS)
    assert host.remove_key(REPOSITORY, "ssh-rsa AAAA")
    assert not host.remove_key(REPOSITORY, "ssh-rsa AAAA")


def test_all_pages_are_read(gitea: Gitea) -> None:
    for number in range(60):
        gitea.have(f"ssh-rsa K{number}", title=f"t{number}")
    assert len(GitHost(OPTIONS).keys(REPOSITORY)) == 60


def test_a_key_that_is_not_kept_is_a_failure(gitea: Gitea) -> None:
    gitea.forgets = True
    with pytest.raises(ProofFailed):
        GitHost(OPTIONS).ensure_key(REPOSITORY, KEY, title="t", read_only=True)


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthenticationFailed), (403, PermissionDenied), (404, NotFound), (500, GitHostError)]
)
def test_refusals_name_the_cause(status: int, error: type[Exception]) -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", KEYS, status=status, json={"message": "because"})
        with pytest.raises(error) as caught:
            GitHost({"url": HOST, "token": "t0"}).keys(REPOSITORY)
        assert mock.calls[0].request.headers["Authorization"] == "token t0"
    assert "because" in str(caught.value)


def test_no_answer_is_told_without_a_trace() -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", KEYS, body=responses.ConnectionError("refused"))
        with pytest.raises(ConnectionFailed):
            GitHost(OPTIONS).keys(REPOSITORY)


@pytest.mark.parametrize("url", ["git.example.com", "ssh://git.example.com", "https://bot:x@git.example.com"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        GitHost({"url": url, "token": "x"})


@pytest.mark.parametrize("remote", ["git@git.example.com:orders.git", "git@git.example.com:a/b/orders.git"])
def test_a_repository_without_one_owner_is_refused(remote: str) -> None:
    with pytest.raises(InvalidInput):
        GitHost(OPTIONS).keys(parse(remote))


def test_only_type_and_content_make_a_key() -> None:
    assert key_material("ssh-rsa AAAA a b") == key_material("  ssh-rsa   AAAA") != key_material("ssh-rsa AAAB")


def test_the_module_registers_with_the_git_host(
    monkeypatch: pytest.MonkeyPatch, run_module: Callable[..., Any]
) -> None:
    """Both servers at once: the instance's key goes to the Git host, and a second run changes nothing."""
    appsmith = "http://appsmith.example.com"
    application = {
        "id": "a1",
        "name": "orders",
        "gitApplicationMetadata": {"remoteUrl": REPOSITORY.text, "branchName": "master"},
    }
    answers = {
        "/api/v1/workspaces/home": [{"id": "w1", "name": "Operations"}],
        "/api/v1/applications/home": [application],
        "/api/v1/git/applications/a1/ssh-keypair": {"publicKey": KEY},
    }
    with responses.RequestsMock() as mock:
        mock.add("GET", f"{appsmith}/info", json={"version": "v1.91"})
        for path, data in answers.items():
            mock.add("GET", appsmith + path, json={"responseMeta": {"status": 200, "success": True}, "data": data})
        gitea = Gitea(mock)
        mock.assert_all_requests_are_fired = False
        options = {"workspace": "Operations", "application": "orders", "read_only": True, "git_host": OPTIONS}
        first = run_module("git_deploy_key", options)
        second = run_module("git_deploy_key", options)
        removed = run_module("git_deploy_key", {**options, "state": "absent"})
    assert (first["changed"], first["registered"], second["changed"]) == (True, True, False)
    assert gitea.done == ["add appsmith appsmith.example.com Operations orders read", "delete 99"]
    assert removed["changed"] and "Röt" not in json.dumps([first, second, removed])
