# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git itself: a clone on disk, worked on by the git binary with as few processes as it takes.

The clone is an ordinary one below git-storage. What is compared, read and committed goes by Git's objects, not by the
work tree, which only follows (`show`), so that a look costs a few milliseconds.
"""

from __future__ import annotations

import hashlib
import io
import os
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .repo_format import Files, is_managed

STEP_SECONDS = 60


class GitFailed(Exception):
    """git said no; the text is its own."""


class KeyRefused(GitFailed):
    """The remote does not let this key in (or nobody is there): the real server cannot tell either."""


class RemoteMissing(GitFailed):
    """The remote has no such repository, or none that this key, though known to it, may read."""


class RemoteTimeout(GitFailed):
    """The remote did not answer in time."""


class RemoteAhead(GitFailed):
    """A push that is no fast-forward."""


class PushDeclined(GitFailed):
    """The remote's own rules refuse the push."""


@dataclass(frozen=True)
class Author:
    name: str
    email: str

    def line(self) -> str:
        clean = str.maketrans("", "", "<>\n\r\0")
        return f"{self.name.translate(clean)} <{self.email.translate(clean)}>"


@dataclass(frozen=True)
class Merge:
    """FAST_FORWARD, MERGED, ALREADY_UP_TO_DATE or CONFLICTING, and what the branch would be (is, after `merge`)."""

    status: str
    commit: str | None = None
    conflicting: tuple[str, ...] = ()


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Clone:
    def __init__(self, path: Path, private_key: str | None = None) -> None:
        self.path = path
        self._private_key = private_key

    @classmethod
    def make(cls, remote_url: str, path: Path, private_key: str) -> Clone:
        path.parent.mkdir(parents=True, exist_ok=True)
        clone = cls(path, private_key)
        try:
            clone._remote(["clone", "--quiet", remote_url, str(path)], within=path.parent)
        except GitFailed:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return clone

    # Running git ----------------------------------------------------------------------------------------------------

    def _run(
        self,
        arguments: Iterable[str],
        variables: Mapping[str, str] | None = None,
        *,
        data: bytes | None = None,
        within: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {
            **os.environ,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            **(variables or {}),
        }
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            environment.pop(name, None)
        command = ["git", "-c", "safe.directory=*", "-c", "gc.auto=0", "-c", "init.defaultBranch=master", *arguments]
        try:
            return subprocess.run(
                command,
                cwd=within or self.path,
                env=environment,
                input=data,
                capture_output=True,
                timeout=STEP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RemoteTimeout("the remote did not answer in time") from error

    def git(self, *arguments: str, data: bytes | None = None, variables: Mapping[str, str] | None = None) -> bytes:
        done = self._run(arguments, variables, data=data)
        if done.returncode:
            raise GitFailed(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def _remote(self, arguments: list[str], within: Path | None = None) -> bytes:
        """A command that talks to the remote, with the deploy key; host keys are not looked at, as by the real one."""
        with tempfile.TemporaryDirectory(prefix="sandbox-key-") as folder:
            key = Path(folder) / "key"
            key.touch(mode=0o600)
            key.write_text(self._private_key or "", encoding="utf-8")
            options = {
                "IdentitiesOnly": "yes",
                "IdentityAgent": "none",
                "StrictHostKeyChecking": "no",
                "UserKnownHostsFile": os.devnull,
                "BatchMode": "yes",
                "LogLevel": "ERROR",
                "ConnectTimeout": "10",
            }
            ssh = ["ssh", "-F", os.devnull, "-i", str(key)]
            for name, value in options.items():
                ssh += ["-o", f"{name}={value}"]
            variables = {"GIT_SSH_COMMAND": shlex.join(ssh), "GIT_SSH_VARIANT": "ssh"}
            done = self._run(arguments, variables, within=within)
        if done.returncode:
            output = (done.stdout + done.stderr).decode("utf-8", "replace")
            raise _remote_error(output)(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    # Reading --------------------------------------------------------------------------------------------------------

    def refs(self) -> dict[str, str]:
        """refs/heads/* and refs/remotes/origin/* with their commits."""
        listed = self.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/remotes/origin")
        pairs = (line.split(" ", 1) for line in listed.decode().splitlines())
        return {name: commit for commit, name in pairs if name != "refs/remotes/origin/HEAD"}

    def head(self) -> str:
        """The branch that the work tree shows."""
        return (self.path / ".git" / "HEAD").read_text(encoding="utf-8").strip().removeprefix("ref: refs/heads/")

    def tip(self, ref: str) -> str:
        return self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()

    def managed(self, ref: str) -> dict[str, str]:
        """Path -> blob id of the files that the server cares for."""
        listed = self.git("ls-tree", "-r", "-z", ref).decode("utf-8", "surrogateescape").rstrip("\0")
        entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry)
        return {path: meta.split()[2] for meta, path in entries if is_managed(path)}

    def root_names(self, ref: str) -> list[str]:
        return self.git("ls-tree", "--name-only", ref).decode().splitlines()

    def files(self, ref: str) -> Files:
        """Content of the managed files of a commit."""
        archive = self.git("archive", "--format=tar", ref)
        files: Files = {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None and is_managed(member.name):
                    files[member.name] = content.read()
        return files

    def counts(self, ref: str, other: str) -> tuple[int, int]:
        """(ahead, behind) of ref against other."""
        ahead, behind = self.git("rev-list", "--left-right", "--count", f"{ref}...{other}").split()
        return int(ahead), int(behind)

    def differing(self, ref: str, other: str) -> list[str]:
        names = self.git("diff", "--name-only", "-z", ref, other).decode("utf-8", "surrogateescape")
        return [name for name in names.split("\0") if name]

    # Changing -------------------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        self._remote(["fetch", "--quiet", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*"])

    def push(self, branch: str) -> str:
        """OK or UP_TO_DATE."""
        ref = f"refs/heads/{branch}"
        said = self._remote(["push", "--porcelain", "origin", f"{ref}:{ref}"]).decode()
        return "UP_TO_DATE" if any(line.startswith("=") for line in said.splitlines()) else "OK"

    def commit(self, branch: str, files: Files, removed: Iterable[str], author: Author, message: str) -> None:
        """One commit on the branch (or its first one): these files changed, those removed."""
        who = f"{author.line()} now"
        text = message.encode()
        ref = f"refs/heads/{branch}"
        lines = [f"commit {ref}\nauthor {who}\ncommitter {who}\ndata {len(text)}\n".encode(), text, b"\n"]
        if ref in self.refs():
            lines.append(f"from {ref}^0\n".encode())
        for path, content in files.items():
            lines += [b"M 100644 inline " + _path(path), b"\ndata %d\n" % len(content), content, b"\n"]
        lines += [b"D " + _path(path) + b"\n" for path in removed]
        self.git("fast-import", "--quiet", "--date-format=now", data=b"".join(lines))

    def merged(self, branch: str, other: str) -> Merge:
        """What merging other (a ref) into the branch would give; nothing changes."""
        own = f"refs/heads/{branch}"
        ahead, behind = self.counts(own, other)
        if not behind:
            return Merge("ALREADY_UP_TO_DATE", self.tip(own))
        if not ahead:
            return Merge("FAST_FORWARD", self.tip(other))
        # In the work tree, as the real one: `git merge-tree` would not need it, but is too new for some systems.
        self.show(branch)
        try:
            done = self._run(["merge", "--quiet", "--no-commit", "--no-ff", other], _person(Author("x", "x@localhost")))
            unmerged = self.git("diff", "--name-only", "--diff-filter=U", "-z").decode("utf-8", "surrogateescape")
            if unmerged:
                return Merge("CONFLICTING", None, tuple(sorted(unmerged.strip("\0").split("\0"))))
            if done.returncode:
                raise GitFailed(done.stderr.decode("utf-8", "replace").strip())
            return Merge("MERGED", self.git("write-tree").decode().strip())
        finally:
            self.git("reset", "--quiet", "--hard")

    def merge(self, branch: str, other: str, author: Author, message: str) -> Merge:
        """The same, done (unless it conflicts)."""
        merge = self.merged(branch, other)
        commit = merge.commit
        if merge.status == "MERGED":
            parents = ["-p", self.tip(f"refs/heads/{branch}"), "-p", self.tip(other)]
            made = self.git("commit-tree", str(commit), *parents, "-m", message, variables=_person(author))
            commit = made.decode().strip()
        if merge.status in ("MERGED", "FAST_FORWARD"):
            self.set_branch(branch, str(commit))
        return Merge(merge.status, commit, merge.conflicting)

    def set_branch(self, branch: str, commit: str) -> None:
        self.git("update-ref", f"refs/heads/{branch}", commit)

    def rebase(self, branch: str) -> bool:
        """The branch on top of what was last fetched; False (and nothing changed) when that conflicts."""
        remote = f"refs/remotes/origin/{branch}"
        ahead, behind = self.counts(f"refs/heads/{branch}", remote)
        if not behind:
            return True
        if not ahead:
            self.set_branch(branch, self.tip(remote))
            return True
        self.show(branch)
        if self._run(["rebase", "--quiet", remote], _person(Author("Appsmith", "appsmith@localhost"))).returncode:
            self._run(["rebase", "--abort"])
            return False
        return True

    def show(self, branch: str) -> None:
        """Put the branch into the work tree, whatever is there."""
        if self.head() != branch:
            self.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        self.git("reset", "--quiet", "--hard")

    def switch(self, branch: str) -> None:
        if self.head() != branch:
            self.show(branch)

    def delete_branch(self, branch: str) -> None:
        self.git("update-ref", "-d", f"refs/heads/{branch}")

    def remote_head(self) -> str | None:
        """Name of the remote's default branch as of the clone; None for an empty remote."""
        try:
            name = self.git("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD").decode().strip()
        except GitFailed:
            remote = sorted(ref for ref in self.refs() if ref.startswith("refs/remotes/origin/"))
            return remote[0].removeprefix("refs/remotes/origin/") if remote else None
        return name.removeprefix("refs/remotes/origin/")


def _person(author: Author) -> dict[str, str]:
    roles = ("AUTHOR", "COMMITTER")
    return {
        f"GIT_{role}_{part}": value
        for role in roles
        for part, value in (("NAME", author.name), ("EMAIL", author.email))
    }


def _path(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    if b"\n" in raw or raw.startswith(b'"'):
        return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
    return raw


def _remote_error(output: str) -> type[GitFailed]:
    if "[remote rejected]" in output:
        return PushDeclined
    if "[rejected]" in output:
        return RemoteAhead
    texts = ("Repository not found", "not authorized to read", "does not appear to be a git repository")
    if any(text in output for text in texts):
        return RemoteMissing
    return KeyRefused
