# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small copy of a branch: few commits, and of the files only those that are asked for; private to the collection."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitError, InvalidInput

# Imported when it is needed: a promotion that reads no repository does without its tenth of a second.
HAS_GITPYTHON = find_spec("git") is not None

GIT_TIMEOUT = 120
# Commits beyond those that are asked for, where a short history leaves a question open and no filter is to be had.
DEEPER = 1000

# What git says at the end of every failed connection, whatever the cause, and what is no cause at all.
_NO_CAUSE = (
    "fatal: could not read from remote repository",
    "please make sure you have the correct access rights",
    "and the repository exists",
    "warning:",
    "fatal: the remote end hung up unexpectedly",
)
_NEXT_STEPS = (
    ("host key verification failed", "Add the Git host's key to git_known_hosts_file, or set git_accept_new_host_key."),
    ("permission denied", "Check git_ssh_key_file: the Git host must know the key for this repository."),
    ("not authorized", "Check git_ssh_key_file: the Git host must know the key for this repository."),
    ("couldn't find remote ref", "Check the branch's name in the repository."),
    ("not found", "Check the repository's address, and that the key of git_ssh_key_file may read it."),
    ("find repository", "Check the repository's address, and that the key of git_ssh_key_file may read it."),
    ("resolve hostname", "Check the repository's address; the controller must reach the Git host."),
    ("connect to host", "Check the repository's address; the controller must reach the Git host."),
    ("did not complete in", "Check that the controller reaches the Git host, then run again."),
)
_OTHER_STEP = "Check git_ssh_key_file, and that the Git host's key is known (or git_accept_new_host_key)."


@dataclass(frozen=True)
class Access:
    """How the controller reads repositories."""

    key_file: str | None = None
    known_hosts_file: str | None = None
    accept_new_host_key: bool = False
    # Tests read from a folder.
    protocols: str = "ssh"

    def environment(self) -> dict[str, str]:
        ssh = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"]
        if self.key_file:
            if not os.access(self.key_file, os.R_OK):
                raise InvalidInput(f"The key file {self.key_file} can't be read", next_step="Check git_ssh_key_file.")
            ssh += ["-i", self.key_file, "-o", "IdentitiesOnly=yes"]
        if self.known_hosts_file:
            ssh += ["-o", f"UserKnownHostsFile={self.known_hosts_file}"]
        ssh += ["-o", f"StrictHostKeyChecking={'accept-new' if self.accept_new_host_key else 'yes'}"]
        return {
            "GIT_SSH_COMMAND": shlex.join(ssh),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self.protocols,
            # Nobody's own settings change what is read.
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
        }


def gitpython() -> Any:
    try:
        import git
    except ImportError as error:
        # It says so itself when there is no git program.
        raise RepositoryUnreadable(
            f"GitPython can't be used: {plain(error)}", next_step="Install git and GitPython on the controller."
        ) from error
    return git


def plain(text: Any) -> str:
    """Text of a repository or a remote as one printable line: no control characters, no broken encoding."""
    whole = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in whole).strip()


class RepositoryUnreadable(GitError):
    """The controller can't read a repository; the instance may, by its own key."""


def failure(error: Any, what: str) -> RepositoryUnreadable:
    """What git said, without what it says every time."""
    lines = [plain(line) for line in str(getattr(error, "stderr", None) or error).splitlines()]
    lines = [line.removeprefix("stderr: ").strip("' ") for line in lines]
    told = [line for line in lines if line.lower().rstrip(":") not in ("", "error", "remote")]
    causes = [line for line in told if not line.lower().startswith(_NO_CAUSE)] or ["git failed"]
    cause = "; ".join(dict.fromkeys(causes[:3]))
    step = next((step for words, step in _NEXT_STEPS if words in cause.lower()), _OTHER_STEP)
    return RepositoryUnreadable(f"{what}: {cause}", next_step=step)


class Copy:
    """Our own bare copy of a branch.

    A filter leaves all file contents out; C(need()) then brings those that matter in one more request. A server that
    knows no filter ignores it, one that forbids it is asked again without.
    """

    def __init__(self, folder: str, remote_url: str, branch: str, access: Access, depth: int) -> None:
        self._folder, self._url, self._branch, self._depth = Path(folder), remote_url, branch, depth
        self._access = access
        self._missing: set[str] = set()
        self._looked: set[str] = set()
        self.filtered = True
        self.repo = self._fetch_branch()
        self.tip = str(self.repo.git.rev_parse("--verify", f"refs/heads/{branch}^{{commit}}"))

    @classmethod
    def of(cls, repo: Any, remote_url: str, branch: str, tip: str) -> Copy:
        """A repository that is here already, with all its objects."""
        copy = cls.__new__(cls)
        copy._folder, copy._url, copy._branch, copy._depth = Path(repo.git_dir), remote_url, branch, 0
        copy._access, copy._missing, copy._looked = Access(), set(), set()
        copy.filtered, copy.repo, copy.tip = False, repo, tip
        return copy

    @property
    def branch(self) -> str:
        return self._branch

    def close(self) -> None:
        self.repo.close()

    def _fetch_branch(self) -> Any:
        repo = self._empty("filtered")
        try:
            self._fetch(repo, "--filter=blob:none", f"--depth={self._depth}", refspec=self._refspec)
            return repo
        except gitpython().exc.GitCommandError as error:
            if "filter" not in str(error.stderr).lower():
                raise
        repo.close()
        return self._fetch_plainly()

    def _fetch_plainly(self) -> Any:
        self.filtered = False
        repo = self._empty("plain")
        self._fetch(repo, f"--depth={self._depth}", refspec=self._refspec)
        return repo

    @property
    def _refspec(self) -> str:
        return f"+refs/heads/{self._branch}:refs/heads/{self._branch}"

    def _empty(self, name: str) -> Any:
        """A bare repository with one remote: a filter needs one with a name. Two programs less than by git itself."""
        if not self._url.isprintable():
            raise RepositoryUnreadable(f"{plain(self._url)!r} is no address: it has control characters in it")
        folder = self._folder / name
        for part in ("objects", "refs"):
            (folder / part).mkdir(parents=True)
        address = self._url.replace("\\", "\\\\").replace('"', '\\"')
        config = f'[core]\nrepositoryformatversion = 0\nbare = true\n[remote "origin"]\nurl = "{address}"\n'
        (folder / "config").write_text(config, encoding="utf-8")
        (folder / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        repo = gitpython().Repo(str(folder))
        # A playbook that runs from a Git hook has that repository in its environment.
        repo.git.update_environment(**self._access.environment(), GIT_DIR=str(folder))
        return repo

    @staticmethod
    def _fetch(repo: Any, *options: str, refspec: str | None = None, **more: Any) -> None:
        always = ["--quiet", "--no-tags", "--no-auto-gc", "--recurse-submodules=no"]
        wanted = [refspec] if refspec else []
        repo.git.fetch(*always, *options, "origin", *wanted, kill_after_timeout=GIT_TIMEOUT, **more)

    # -- objects ----------------------------------------------------------------------------------------------------
    def need(self, objects: Iterable[str], *commits: str) -> None:
        """Have these file contents of these commits at hand, with one request for all that are missing."""
        new = {self.tip, *commits} - self._looked
        if self.filtered and new:
            listed = self.repo.git.rev_list("--objects", "--no-walk", "--missing=print", *sorted(new))
            self._missing |= {line[1:] for line in listed.splitlines() if line.startswith("?")}
            self._looked |= new
        wanted = self._missing.intersection(objects)
        if not wanted:
            return
        with tempfile.TemporaryFile() as lines:
            lines.write("".join(f"{found}\n" for found in sorted(wanted)).encode())
            lines.seek(0)
            try:
                # There is nothing to negotiate: what is asked for is not here.
                client = self.repo.git(c="fetch.negotiationAlgorithm=noop")
                client.fetch(
                    *("--quiet", "--no-tags", "--no-auto-gc", "--recurse-submodules=no"),
                    *("--filter=blob:none", "--stdin", "origin"),
                    istream=lines,
                    kill_after_timeout=GIT_TIMEOUT,
                )
                self._missing -= wanted
            except gitpython().exc.GitCommandError:
                # Some servers filter, but give single objects to nobody.
                self._replace()

    def _replace(self) -> None:
        self.repo.close()
        self._missing = set()
        self.repo = self._fetch_plainly()
        try:
            self.repo.git.rev_parse("--verify", "--quiet", f"{self.tip}^{{commit}}")
        except gitpython().exc.GitCommandError as error:
            raise RepositoryUnreadable(
                f"{self._branch} of {self._url} was rewritten while it was read", next_step="Run again."
            ) from error

    def data(self, found: str) -> bytes:
        try:
            return bytes(self.repo.git.get_object_data(found)[3])
        except (ValueError, OSError) as error:
            raise RepositoryUnreadable(
                f"{found[:10]} of {self._url} can't be read: {plain(error)}", next_step="Run again."
            ) from error

    # -- history ----------------------------------------------------------------------------------------------------
    @property
    def boundary(self) -> set[str]:
        """The commits whose parents were left out."""
        try:
            return set((Path(self.repo.git_dir) / "shallow").read_text(encoding="ascii").split())
        except FileNotFoundError:
            return set()

    def deepen(self) -> None:
        """More history: all commits without their files where the server filters, else a good deal of them."""
        more = ["--unshallow", "--filter=tree:0"] if self.filtered else [f"--deepen={DEEPER}"]
        self._fetch(self.repo, *more, refspec=f"refs/heads/{self._branch}")
