# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""git_check against the sandbox's Git host by SSH, and against servers that are none."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import responses
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _git_check
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_check import counts_as_private, fingerprint
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from appsmith_sandbox.githost import GitHost

Run = Callable[..., dict[str, Any]]
ORDERS = Path(__file__).parents[2] / "fixtures" / "apps" / "v1.91" / "orders.bundle"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    with GitHost(tmp_path_factory.mktemp("host")) as running:
        running.repositories.import_bundle("acme/orders", ORDERS)
        running.repositories.import_bundle("acme/other", ORDERS)
        running.repositories.create("acme/empty")
        yield running


def new_key(path: Path) -> str:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    path.chmod(0o600)
    return key.export_public_key().decode().strip()


@pytest.fixture(scope="module")
def reads(host: GitHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "reads"
    public = new_key(path)
    for name in ("acme/orders", "acme/empty"):
        host.repositories.add_key(name, "reads", public, True)
    return path


@pytest.fixture(scope="module")
def writes(host: GitHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "writes"
    public = new_key(path)
    for name in ("acme/orders", "acme/empty"):
        host.repositories.add_key(name, "writes", public, False)
    return path


@pytest.fixture
def check(host: GitHost, run_module: Run, reads: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run(*names: str, **params: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "repositories": [host.ssh_url(name) for name in names or ("acme/orders",)],
            "git_ssh_key_file": str(reads),
            "git_known_hosts_file": str(tmp_path / "known_hosts"),
            "git_accept_new_host_key": True,
            **params,
        }
        return run_module("git_check", given)

    return run


def one(result: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = result["results"][0]
    return entry


ALL = ["address", "name", "ssh", "host_key", "repository"]


def test_all_that_is_found_out(check: Run, host: GitHost) -> None:
    result = check(branch="staging")
    entry = one(result)
    assert not result["failed"] and not result["changed"], result
    assert entry["passed"] == ALL and entry["failed_check"] is None
    assert (entry["name"], entry["host"]) == ("acme/orders", "127.0.0.1")
    assert entry["addresses"] == ["127.0.0.1"] and entry["banner"].startswith("SSH-2.0-")
    assert (entry["key_accepted"], entry["readable"], entry["writable"]) == (True, True, None)
    assert (entry["empty"], entry["application"], entry["default_branch"]) == (False, True, "master")
    assert entry["branches"] == ["master", "staging"] and entry["host_key"] == "accepted"
    (shown,) = entry["host_keys"]
    assert shown["fingerprint"].startswith("SHA256:")


def test_a_pinned_host_key_needs_no_known_hosts(check: Run) -> None:
    pin = one(check(sign_in=False))["host_keys"][0]["fingerprint"]
    entry = one(check(host_keys=[pin], git_accept_new_host_key=False))
    assert entry["passed"] == ALL and entry["host_key"] == "pinned"


def test_another_host_key_than_the_pinned_one_stops_it(check: Run, tmp_path: Path) -> None:
    result = check(host_keys=[new_key(tmp_path / "strange")])
    entry = one(result)
    assert result["failed"] and entry["failed_check"] == "host_key" and entry["key_accepted"] is None
    assert entry["host_keys"][0]["fingerprint"] in result["msg"] and "in between" in result["msg"]


def test_a_host_key_that_nobody_knows_is_told(check: Run) -> None:
    result = check(git_accept_new_host_key=False)
    assert result["failed"] and "git_accept_new_host_key" in result["msg"]
    assert one(result)["key_accepted"] is None


def test_a_changed_host_key_is_told(check: Run, host: GitHost, tmp_path: Path) -> None:
    strange = new_key(tmp_path / "strange")
    known = tmp_path / "known_hosts"
    port = parse(host.ssh_url("acme/orders")).port
    known.write_text(f"[127.0.0.1]:{port} {strange}\n")
    result = check(git_accept_new_host_key=False)
    # The host has keys of one kind, and another of the same kind is known.
    assert result["failed"] and "another host key than the known one" in result["msg"], result["msg"]


def test_a_key_that_the_host_does_not_know(check: Run, tmp_path: Path) -> None:
    new_key(tmp_path / "mine")
    result = check(git_ssh_key_file=str(tmp_path / "mine"))
    assert result["error"]["title"] == "GitKeyRefused" and one(result)["key_accepted"] is False
    assert one(result)["passed"] == ALL[:-1]


def test_a_repository_that_another_key_is_for(check: Run) -> None:
    result = check("acme/other")
    assert result["failed"] and one(result)["key_accepted"] and one(result)["readable"] is False


def test_writing_is_tried_without_a_write(check: Run, host: GitHost, writes: Path) -> None:
    before = subprocess.check_output(["git", "for-each-ref"], cwd=host.repositories.path("acme/orders"))
    result = check(write=True)
    assert result["error"]["title"] == "GitKeyRefused" and "not write" in result["msg"]
    assert (one(result)["readable"], one(result)["writable"]) == (True, False)
    assert one(check(write=True, git_ssh_key_file=str(writes)))["writable"]
    assert one(check("acme/empty", write=True, content="empty", git_ssh_key_file=str(writes)))["writable"]
    assert subprocess.check_output(["git", "for-each-ref"], cwd=host.repositories.path("acme/orders")) == before


def test_an_empty_repository_is_right_for_a_connection_only(check: Run) -> None:
    result = check("acme/empty")
    assert result["failed"] and "empty" in result["msg"] and one(result)["failed_check"] == "repository"
    assert one(check("acme/empty", content="empty"))["empty"]
    result = check(content="empty")
    assert result["error"]["title"] == "GitRepositoryNotEmpty" and "application.json" in result["msg"]


def commit(host: GitHost, name: str, files: dict[str, str]) -> None:
    lines = ["commit refs/heads/master\ncommitter D <d@example.com> 1700000000 +0000\ndata 1\nx\n"]
    lines += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items()]
    folder = host.repositories.path(name)
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], input="".join(lines), text=True, cwd=folder, check=True
    )


@pytest.mark.parametrize(
    ("files", "empty", "application"),
    [
        ({"README.md": "x", ".github/ci.yml": "x", "LICENSE": "x"}, True, False),
        ({"src/main.py": "x"}, False, False),
        ({"metadata.json": "{}", "application.json": "{}"}, False, False),
        ({"metadata.json": "no json", "application.json": "{}"}, False, False),
        ({"metadata.json": '{"serverSchemaVersion": 12}', "application.json": "{}"}, False, True),
    ],
)
def test_what_a_repository_holds(
    check: Run, host: GitHost, reads: Path, files: dict[str, str], empty: bool, application: bool
) -> None:
    name = f"acme/holds-{abs(hash(tuple(files.items())))}"
    host.repositories.create(name)
    public = subprocess.check_output(["ssh-keygen", "-y", "-f", str(reads)], text=True).strip()
    host.repositories.add_key(name, "reads", public, True)
    commit(host, name, files)
    assert not check(name, content="any")["failed"]
    assert check(name, content="empty")["failed"] is not empty
    found = check(name)
    assert one(found)["application"] is application and found["failed"] is not application
    assert application or "no Appsmith application" in found["msg"]


def test_a_branch_that_is_not_there_is_told_with_those_that_are(check: Run) -> None:
    result = check(branch="production")
    assert result["error"]["title"] == "NotFound" and "master, staging" in result["msg"]


def test_each_repository_has_its_own_cause(check: Run, host: GitHost) -> None:
    result = check("acme/orders", "acme/other", "acme/empty")
    assert [entry.get("failed", False) for entry in result["results"]] == [False, True, True]
    assert result["failed"] and "2 of 3 failed" in result["msg"]


def test_a_malformed_address_stops_at_the_first_step(check: Run) -> None:
    result = check(repositories=["https://git.example.com/acme/orders.git"])
    assert result["error"]["title"] == "GitInvalidUrl"
    assert (one(result)["failed_check"], one(result)["passed"]) == ("address", [])


def test_a_repository_is_given_once(check: Run, host: GitHost) -> None:
    url = host.ssh_url("acme/orders")
    assert "Given twice" in check(repositories=[url, url.removesuffix(".git")])["msg"]


# -- the way there -----------------------------------------------------------------------------------------------------
def test_a_name_without_an_address(check: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(_git_check.socket, "getaddrinfo", unknown)
    result = check(repositories=["git@git.nowhere.example:acme/orders.git"])
    assert one(result)["failed_check"] == "name" and "git.nowhere.example" in result["msg"]


@contextlib.contextmanager
def server(greeting: bytes | None) -> Iterator[int]:
    """Says that and closes; None keeps silent until the other side goes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _address = listening.accept()
                with connection:
                    if greeting is None:
                        connection.recv(1)
                    else:
                        connection.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no SSH server: it said 'HTTP/1.1 400 Bad Request"),
        (b"", "closed the connection without a word"),
        (b"\x16\x03\x01\x02\x00", "is no SSH server"),
        (None, "gave no answer within 1 seconds"),
    ],
)
def test_a_port_of_something_else(check: Run, greeting: bytes | None, cause: str) -> None:
    with server(greeting) as port:
        result = check(repositories=[f"ssh://git@127.0.0.1:{port}/acme/orders.git"], connect_timeout=1)
    assert one(result)["failed_check"] == "ssh" and cause in result["msg"], result["msg"]


def test_a_port_where_nothing_listens(check: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = check(repositories=[f"ssh://git@127.0.0.1:{port}/acme/orders.git"])
    assert one(result)["failed_check"] == "ssh" and "Nothing listens" in result["msg"]


def test_lines_before_the_greeting_are_none_of_it() -> None:
    with server(b"Welcome to acme\r\nSSH-2.0-Go\r\n") as port:
        assert _git_check.banner("127.0.0.1", port, 5) == "SSH-2.0-Go"


def test_a_server_without_a_host_key(check: Run) -> None:
    with server(b"SSH-2.0-x\r\n") as port:
        result = check(repositories=[f"ssh://git@127.0.0.1:{port}/acme/orders.git"], connect_timeout=1)
    assert one(result)["failed_check"] == "host_key" and "no host key" in result["msg"]


def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    public = new_key(tmp_path / "key")
    (tmp_path / "key.pub").write_text(public)
    said = subprocess.check_output(["ssh-keygen", "-l", "-f", str(tmp_path / "key.pub")], text=True).split()[1]
    assert fingerprint(public) == fingerprint(said) == fingerprint(f" {said}= ") == said


@pytest.mark.parametrize("text", ["", "MD5:aa:bb", "ssh-ed25519", "ssh-ed25519 not/base64!", "SHA256:short"])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        fingerprint(text)


# -- the Git host's API ------------------------------------------------------------------------------------------------
@pytest.fixture
def api(host: GitHost) -> dict[str, Any]:
    return {"url": host.http_url, "token": host.credentials[2]}


@pytest.mark.parametrize(("write", "fine"), [(False, True), (True, False)])
def test_a_deploy_key_is_looked_up_without_signing_in(
    check: Run, reads: Path, api: dict[str, Any], write: bool, fine: bool
) -> None:
    public = subprocess.check_output(["ssh-keygen", "-y", "-f", str(reads)], text=True).strip()
    result = check(git_host=api, deploy_key=f"{public} appsmith", git_ssh_key_file=None, write=write)
    entry = one(result)
    assert entry["deploy_key"] == {"title": "reads", "read_only": True} and entry["key_accepted"] is None
    assert result["failed"] is not fine and (fine or "may only read" in result["msg"])
    assert "git_host" in entry["passed"] or not fine


def test_a_deploy_key_that_is_not_registered(check: Run, api: dict[str, Any], tmp_path: Path) -> None:
    result = check(git_host=api, deploy_key=new_key(tmp_path / "other"), git_ssh_key_file=None)
    assert one(result)["failed_check"] == "git_host" and "does not have the deploy key" in result["msg"]


def test_credentials_that_the_git_host_refuses(check: Run, api: dict[str, Any]) -> None:
    result = check(git_host={**api, "token": "made-up-and-wrong"}, git_ssh_key_file=None)
    assert result["error"]["title"] == "AuthenticationFailed" and "made-up-and-wrong" not in json.dumps(result)


# -- the instance ------------------------------------------------------------------------------------------------------
def application(name: str, remote: str, private: bool) -> dict[str, Any]:
    git = {"remoteUrl": remote, "isRepoPrivate": private, "branchName": "master"}
    return {"id": name, "name": name, "gitApplicationMetadata": git}


@pytest.mark.parametrize(("limit", "warned"), [(None, True), (4, False), (0, False)])
def test_private_repositories_are_counted(
    host: GitHost,
    reads: Path,
    tmp_path: Path,
    run_module: Run,
    monkeypatch: pytest.MonkeyPatch,
    limit: int | None,
    warned: bool,
) -> None:
    appsmith, said = "http://appsmith.example.com", list[str]()
    monkeypatch.setattr(AppsmithModule, "warn", lambda _module, text: said.append(text))
    remotes = [host.ssh_url(name) for name in ("acme/orders", "acme/empty")]
    listed = [
        application("empty", remotes[1], True),
        application("desk", "git@git.example.com:acme/desk.git", True),
        application("old", "git@git.example.com:acme/old.git", True),
        application("open", "git@git.example.com:acme/open.git", False),
        {"id": "x", "name": "without a repository"},
    ]
    with responses.RequestsMock() as mock:
        for path, data in (("workspaces/home", [{"id": "w1", "name": "Operations"}]), ("applications/home", listed)):
            body = {"responseMeta": {"status": 200, "success": True}, "data": data}
            mock.add("GET", f"{appsmith}/api/v1/{path}", json=body)
        mock.add("GET", "https://127.0.0.1/acme/orders", status=302, headers={"Location": "/login"})
        params = {
            "appsmith_url": appsmith,
            "appsmith_session": "made-up-session",
            "workspace": "Operations",
            "content": "any",
            "repositories": remotes,
            "git_ssh_key_file": str(reads),
            "git_known_hosts_file": str(tmp_path / "known_hosts"),
            "git_accept_new_host_key": True,
            **({} if limit is None else {"private_limit": limit}),
        }
        result = run_module("git_check", params)
    wanted = {"used": 3, "new": 1, "limit": 3 if limit is None else limit, "names": ["desk", "empty", "old"]}
    assert result["private_repositories"] == wanted and not result["failed"], result
    assert [entry.get("private") for entry in result["results"]] == [True, None]
    assert ("3 private repositories" in " ".join(said)) is warned


def test_an_instance_is_needed_to_count_only(check: Run) -> None:
    assert not check(appsmith_url=None, appsmith_session=None, sign_in=False)["failed"]
    result = check(appsmith_url=None, workspace="Operations")
    assert result["failed"] and "appsmith_url" in result["msg"]


@pytest.mark.parametrize(("status", "private"), [(200, False), (301, True), (404, True), (None, True)])
def test_a_repository_is_public_if_its_page_is(status: int | None, private: bool) -> None:
    with responses.RequestsMock() as mock:
        page = "https://git.example.com/acme/orders"
        if status:
            mock.add("GET", page, status=status)
        else:
            mock.add("GET", page, body=responses.ConnectionError("no way"))
        assert counts_as_private(parse("ssh://git@git.example.com:2222/acme/orders.git")) is private
