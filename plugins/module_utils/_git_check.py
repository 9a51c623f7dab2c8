# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a repository can be worked with, step by step from its address on; private to the collection.

Appsmith has one error for nearly all of it. Each step here has its own, and nothing is written anywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    ConnectionFailed,
    GitError,
    GitKeyRefused,
    GitRepositoryNotEmpty,
    InvalidInput,
    NotFound,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GitHost, key_material
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import RemoteUrl, parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_refusals import cannot_read
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import (
    ABSENT,
    DEFAULT_AUTHOR,
    Clone,
    open_clone,
)

try:
    import requests

    HAS_REQUESTS = True
except ImportError:
    HAS_REQUESTS = False

ANY, EMPTY, APPLICATION = "any", "empty", "application"
# What a repository that Appsmith takes for empty may have in its root (contract 4.5).
_STILL_EMPTY = re.compile(r".*\.(md|MD|yml|yaml)|\.git|\.gitignore|\.github|LICENSE")
# Appsmith's own patience with the page that tells whether a repository is public.
PAGE_SECONDS = 2


@dataclass(frozen=True)
class Wanted:
    """What is asked of the repositories."""

    content: str = ANY
    branch: str | None = None
    write: bool = False
    sign_in: bool = True
    # Fingerprints, as C(fingerprint()) writes them; empty: the known hosts of SSH decide.
    host_keys: tuple[str, ...] = ()
    deploy_key: str | None = None
    timeout: int = 10


class Check:
    """One repository; C(entry) is what was found out until C(error) came, if one did."""

    def __init__(self, given: str, wanted: Wanted, access: Access, host: GitHost | None) -> None:
        self.label = given
        self.wanted, self.access, self.host = wanted, access, host
        self.repository: RemoteUrl | None = None
        self.error: AppsmithError | None = None
        self._lines: list[str] = []
        self.entry: dict[str, Any] = {
            "repository": given,
            "passed": [],
            "failed_check": None,
            "host": None,
            "port": None,
            "addresses": [],
            "banner": None,
            "host_keys": [],
            "host_key": "unchecked",
            "key_accepted": None,
            "readable": None,
            "writable": None,
            "empty": None,
            "default_branch": None,
            "branches": None,
            "application": None,
            "archived": None,
            "deploy_key": None,
        }

    def run(self) -> None:
        steps: list[tuple[str, Callable[[], None]]] = [
            ("address", self._address),
            ("name", self._name),
            ("ssh", self._ssh),
            ("host_key", self._host_key),
        ]
        steps += [("git_host", self._git_host)] if self.host else []
        steps += [("repository", self._repository)] if self.wanted.sign_in else []
        for name, step in steps:
            try:
                step()
            except AppsmithError as error:
                self.entry["failed_check"], self.error = name, error
                return
            self.entry["passed"].append(name)

    # -- steps ------------------------------------------------------------------------------------------------------
    def _address(self) -> None:
        self.repository = parse(self.entry["repository"])
        self.label = self.repository.path
        self.entry |= {"host": self.repository.host, "port": self.repository.port}

    @property
    def _parsed(self) -> RemoteUrl:
        if self.repository is None:
            raise AssertionError("the address is read first")
        return self.repository

    def _name(self) -> None:
        host = self._parsed.host
        try:
            found = socket.getaddrinfo(host, self._parsed.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "no host can be called so"
            raise ConnectionFailed(
                f"The name {host} has no address here: {why}",
                next_step="Check the repository's address, and the name server of this host. The instance has its own.",
            ) from error
        self.entry["addresses"] = list(dict.fromkeys(str(one[4][0]) for one in found))

    def _ssh(self) -> None:
        self.entry["banner"] = banner(self._parsed.host, self._parsed.port, self.wanted.timeout)

    def _host_key(self) -> None:
        self._lines = scan_host_keys(self._parsed.host, self._parsed.port, self.wanted.timeout)
        shown = {fingerprint(line.split(None, 1)[1]): line for line in self._lines}
        self.entry["host_keys"] = [{"type": line.split()[1], "fingerprint": one} for one, line in shown.items()]
        if not self.wanted.host_keys:
            return
        self._lines = [line for one, line in shown.items() if one in self.wanted.host_keys]
        if not self._lines:
            raise GitError(
                f"{self._parsed.host} shows another host key than those that were given: {', '.join(shown) or 'none'}",
                next_step="Ask whoever runs the Git host whether it has a new key. If not, somebody is in between.",
            )
        self.entry["host_key"] = "pinned"

    def _git_host(self) -> None:
        """What the host's API tells, without any key."""
        if self.host is None:
            raise AssertionError("asked only where there is a host's API")
        about = self.host.about(self._parsed)
        self.entry |= {"default_branch": about.default_branch, "empty": about.empty, "archived": about.archived}
        if about.archived and self.wanted.write:
            raise GitKeyRefused(
                f"{self._parsed.path} is archived: nobody may write to it", next_step="Take it from the archive."
            )
        self._expect_content()
        keys = self.host.keys(self._parsed)
        if not self.wanted.deploy_key:
            return
        material = key_material(self.wanted.deploy_key)
        same = next((key for key in keys if key_material(key.key) == material), None)
        if same is None:
            raise GitKeyRefused(
                f"{self._parsed.path} does not have the deploy key",
                next_step="Register it (stagecraft.appsmith.git_deploy_key with git_host, or by hand).",
            )
        self.entry["deploy_key"] = {"title": same.title, "read_only": same.read_only}
        if same.read_only and self.wanted.write:
            raise GitKeyRefused(
                f"{self._parsed.path} has the deploy key '{same.title}', which may only read",
                next_step="Give it the right to write (stagecraft.appsmith.git_deploy_key with read_only: false).",
            )

    def _repository(self) -> None:
        """What the given key gets to see."""
        with self._trust() as access, open_clone(self._parsed.text, access) as clone:
            status, out, err = clone.run("ls-remote", "--symref", "origin")
            if status:
                raise self._refusal(err)
            self.entry |= {"key_accepted": True, "readable": True}
            if self.entry["host_key"] == "unchecked":
                self.entry["host_key"] = "accepted" if access.accept_new_host_key else "known"
            branches = sorted(re.findall(r"^\w+\trefs/heads/(.+)$", out, re.M))
            default = re.search(r"^ref: refs/heads/(.+)\tHEAD$", out, re.M)
            self.entry |= {"branches": branches, "empty": not branches}
            self.entry["default_branch"] = default[1] if default else self.entry["default_branch"]
            self._expect_content()
            self._expect_branch(clone, branches)
            if self.wanted.write:
                self._expect_write(clone)

    # -- parts of them ----------------------------------------------------------------------------------------------
    @contextmanager
    def _trust(self) -> Iterator[Access]:
        """The pinned host keys, and no others, for what follows."""
        if self.entry["host_key"] != "pinned":
            yield self.access
            return
        with tempfile.NamedTemporaryFile("w", prefix="stagecraft-appsmith-", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in self._lines))
            file.flush()
            yield replace(self.access, known_hosts_file=file.name, accept_new_host_key=False)

    def _refusal(self, text: str) -> AppsmithError:
        lower = text.lower()
        error = cannot_read(self._parsed.text, text)
        if "host identification has changed" in lower:
            error.message = f"{self._parsed.host} shows another host key than the known one"
            error.next_step = (
                "Ask whoever runs the Git host whether it has a new key, then put git_known_hosts_file right. If not, "
                "somebody is in between."
            )
        elif "host key verification failed" not in lower:
            # A host that tells about a repository, or hides it, has let the key in.
            self.entry["key_accepted"] = "permission denied (" not in lower and "authentication fail" not in lower
            self.entry["readable"] = False
        return error

    def _expect_content(self) -> None:
        if self.wanted.content == APPLICATION and self.entry["empty"]:
            raise GitError(
                f"{self._parsed.path} is empty: there is nothing to import",
                next_step="Push an application to it first (git_connection makes the first commit).",
            )

    def _expect_branch(self, clone: Clone, branches: list[str]) -> None:
        branch = self.wanted.branch or self.entry["default_branch"]
        if self.wanted.branch and branches and branch not in branches:
            raise NotFound(
                f"{self._parsed.path} has no branch {branch}, but {', '.join(branches)}",
                next_step="Check the branch's name, or make it (stagecraft.appsmith.git_branch).",
            )
        if branch not in branches:
            if branches and self.wanted.content == APPLICATION:
                raise GitError(
                    f"{self._parsed.path} has no default branch: its HEAD names one that is not there",
                    next_step="Set the default branch in the Git host's settings. Appsmith imports that one.",
                )
            return
        if self.wanted.content == ANY:
            return
        ref = f"refs/heads/{branch}"
        clone.fetch(ref, depth=1)
        names = clone.read("ls-tree", "--name-only", "-z", ref).strip("\0").split("\0")
        if self.wanted.content == EMPTY:
            more = [name for name in names if name and not _STILL_EMPTY.fullmatch(name)]
            self.entry["empty"] = not more
            if more:
                raise GitRepositoryNotEmpty(
                    f"{self._parsed.path} is not empty, it has {', '.join(more[:5])}",
                    next_step="Connect to a new repository, or import what is in this one (git_import).",
                )
            return
        self.entry["application"] = "application.json" in names and _has_schema(clone.text(ref, "metadata.json"))
        if not self.entry["application"]:
            raise GitError(
                f"{self._parsed.path} holds no Appsmith application in the root of {branch}",
                next_step="Check the repository's address and branch. Appsmith would not answer such an import at all.",
            )

    def _expect_write(self, clone: Clone) -> None:
        """A push that is not carried out: hosts say no to it as to a real one. Rules of branches are not asked."""
        tree = clone.read("hash-object", "-t", "tree", "-w", os.devnull).strip()
        commit = clone.commit(tree, [], "nothing", DEFAULT_AUTHOR)
        try:
            clone.push(commit, "refs/heads/stagecraft-check", ABSENT, dry_run=True)
        except GitKeyRefused:
            self.entry["writable"] = False
            raise
        self.entry["writable"] = True


def _has_schema(text: str | None) -> bool:
    try:
        return "serverSchemaVersion" in json.loads(text or "{}")
    except (ValueError, TypeError):
        return False


# -- SSH -------------------------------------------------------------------------------------------------------------
def banner(host: str, port: int, timeout: int) -> str:
    """How the server there greets; raises for what is no SSH server."""
    where = f"{host} port {port}"
    greeting = b""
    try:
        with socket.create_connection((host, port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            # A server may say other lines before (RFC 4253, 4.2).
            while len(greeting) < 4096 and not re.search(rb"(?m)^SSH-.*\n", greeting):
                part = connection.recv(1024)
                if not part:
                    break
                greeting += part
    except ConnectionRefusedError as error:
        raise ConnectionFailed(
            f"Nothing listens at {where}", next_step="Check the port in the repository's address, and the Git host."
        ) from error
    except OSError as error:
        if isinstance(error, TimeoutError):
            text = f"{where} gave no answer within {timeout} seconds"
            step = "A firewall may be in between; or it is a port of something else than SSH."
        else:
            text, step = f"{where} can't be reached: {error.strerror or error}", "Check the network to the Git host."
        raise ConnectionFailed(text, next_step=step) from error
    found = re.search(rb"(?m)^(SSH-[^\r\n]*)\r?\n", greeting)
    if not found:
        text = greeting[:60].decode("ascii", "ignore")
        said = "".join(char for char in text if char.isprintable()) or ("no text" if greeting else "")
        raise ConnectionFailed(
            f"{where} is no SSH server: it said {said!r}" if said else f"{where} closed the connection without a word",
            next_step="Check the port in the repository's address: it is that of SSH, not that of the web page.",
        )
    return found[1].decode("ascii", "replace")[:255]


def scan_host_keys(host: str, port: int, timeout: int) -> list[str]:
    """Lines for a file of known hosts, as C(ssh-keyscan) makes them."""
    command = ["ssh-keyscan", "-T", str(timeout), "-p", str(port), "--", host]
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command, capture_output=True, text=True, timeout=6 * timeout, check=False
        )
    except FileNotFoundError as error:
        raise GitError("There is no ssh-keyscan here", next_step="Install the OpenSSH client.") from error
    except subprocess.TimeoutExpired as error:
        raise ConnectionFailed(
            f"{host} port {port} did not show its host keys in time", next_step="Try again, or raise connect_timeout."
        ) from error
    lines = [line for line in done.stdout.splitlines() if len(line.split()) == 3 and not line.startswith("#")]
    if not lines:
        raise ConnectionFailed(
            f"{host} port {port} showed no host key: {' '.join(done.stderr.split())[-200:] or 'no answer'}",
            next_step="See the log of the Git host's SSH server: it may refuse many connections at once.",
        )
    return lines


def fingerprint(text: str) -> str:
    """C(SHA256:...) of a public key, or of itself."""
    text = text.strip()
    if re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", text):
        return text.rstrip("=")
    parts = text.split()
    try:
        if len(parts) < 2:
            raise ValueError(text)
        digest = hashlib.sha256(base64.b64decode(parts[1], validate=True)).digest()
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(
            f"'{text[:60]}' is neither a fingerprint nor a public key",
            next_step="Give it as SHA256:... (ssh-keygen -l shows it), or as ssh-ed25519 AAAA...",
        ) from error
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def counts_as_private(repository: RemoteUrl) -> bool:
    """Whether Appsmith takes it for private: its web page is not readable by everybody (contract 4.2)."""
    try:
        answer = requests.get(repository.page, timeout=PAGE_SECONDS, allow_redirects=False, stream=True)
        answer.close()
    except requests.RequestException:
        return True
    return not 200 <= answer.status_code < 300
