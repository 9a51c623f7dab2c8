# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing to a repository from the controller: commits, tags and merges; private to the collection.

No history is rewritten. A push says which commit it expects at the remote, so that somebody's push in between is never
lost, and is proven by a look at the remote. Nothing is pushed twice.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitError,
    InvalidInput,
    NotFound,
    ProofFailed,
    after_writing,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import HAS_GITPYTHON, Access, Commit
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_fetch import gitpython
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_refusals import cannot_read, push_failed

__all__ = ["HAS_GITPYTHON", "Clone", "Written", "may_write", "open_clone", "revert_to", "tag"]

DEFAULT_AUTHOR = Author("stagecraft.appsmith", "stagecraft.appsmith@localhost")
# The trailer of a commit that goes back, with the commit whose content it has.
CONTENT_OF = "Content-Of"
# Commits that a result lists.
LISTED = 100
TIMEOUT = 300
ABSENT = ""
UNCHANGED, REVERTED = "unchanged", "reverted"
# Objects that one command names.
AT_ONCE = 1000
# What a fetch may leave out: the contents of files, or folders as well.
CONTENTS, TREES = "blob:none", "tree:0"
_HEX = re.compile(r"[0-9a-f]{7,64}")


@dataclass
class Files:
    """Paths that differ between two commits."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def as_result(self) -> dict[str, list[str]]:
        return {"added": self.added, "changed": self.changed, "removed": self.removed}


@dataclass
class Written:
    """What became of a branch. In check mode O(after) is what would be pushed, but for a commit's time."""

    changed: bool
    branch: str
    before: str
    after: str
    result: str
    commits: list[Commit] = field(default_factory=list)
    files: Files = field(default_factory=Files)
    warnings: list[str] = field(default_factory=list)
    # Commits of ways back that were undone with it.
    undone: list[str] = field(default_factory=list)


class Clone:
    """The whole history of some branches in a folder of our own; files' contents come when they are needed."""

    def __init__(self, repo: Any, remote_url: str) -> None:
        self.repo = repo
        self.remote_url = remote_url

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
        """A git command: its status, output and errors."""
        status, out, err = self.repo.git.execute(
            ["git", *arguments],
            env=env,
            with_extended_output=True,
            with_exceptions=False,
            kill_after_timeout=TIMEOUT,
        )
        return int(status), str(out), str(err)

    def read(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        status, out, err = self.run(*arguments, env=env)
        if status:
            raise cannot_read(self.remote_url, err)
        return out

    # -- looking ------------------------------------------------------------------------------------------------------
    def fetch(self, *refs: str, depth: int | None = None, without: str = CONTENTS) -> None:
        """Bring in branches and tags by full names, or commits; C(*) stands for any part."""
        depths = [f"--depth={depth}"] if depth else []
        names = [f"+{ref}:{ref}" if ref.startswith("refs/") else ref for ref in refs]
        status, _out, err = self.run("fetch", "--quiet", "--no-tags", f"--filter={without}", *depths, "origin", *names)
        missing = re.search(r"couldn't find remote ref (\S+)", err)
        if status and missing:
            name = missing[1].removeprefix("refs/heads/").removeprefix("refs/tags/")
            raise NotFound(f"{self.remote_url} has no branch or tag {name}", next_step="Check its name.")
        if status:
            raise cannot_read(self.remote_url, err)

    def tip(self, branch: str) -> str:
        return self.read("rev-parse", "--verify", f"refs/heads/{branch}^{{commit}}").strip()

    def tree(self, commit: str) -> str:
        return self.read("rev-parse", "--verify", f"{commit}^{{tree}}").strip()

    def is_ancestor(self, first: str, second: str) -> bool:
        return self.run("merge-base", "--is-ancestor", first, second)[0] == 0

    def find(self, text: str, branch: str) -> str:
        """The commit of a branch's history that a tag or the (shortened) hash of a commit names."""
        tip, tag = self.tip(branch), f"refs/tags/{text.removeprefix('refs/tags/')}"
        if not re.fullmatch(r"[^\s~^:?*\[\\]+", text) or text.startswith("-"):
            raise InvalidInput(f"'{text}' is neither a tag nor a commit")
        found = ""
        if _HEX.fullmatch(text.lower()):
            status, out, _err = self.run("rev-parse", "--verify", "--quiet", f"{text.lower()}^{{commit}}")
            found = "" if status else out.strip()
        if not found:
            try:
                self.fetch(tag)
            except NotFound as error:
                raise NotFound(
                    f"{self.remote_url} has no tag {text}, and no such commit on {branch}",
                    next_step="stagecraft.appsmith.promotion_history_info lists what was promoted.",
                ) from error
            found = self.read("rev-parse", "--verify", f"{tag}^{{commit}}").strip()
        if not self.is_ancestor(found, tip):
            raise NotFound(
                f"{self.remote_url}: {text} is not in the history of {branch}",
                next_step="Only what the branch has had before can be gone back to.",
            )
        return found

    def text(self, commit: str, path: str) -> str | None:
        """A file's content; None where there is none."""
        listed = self.read("ls-tree", commit, "--", path)
        return self.read("cat-file", "blob", f"{commit}:{path}") if " blob " in listed else None

    def commits(self, first: str, last: str) -> list[Commit]:
        """What O(last) has and O(first) hasn't, newest first."""
        found = self.repo.iter_commits(f"{first}..{last}", max_count=LISTED)
        return [
            Commit(one.hexsha, str(one.author.name), one.authored_datetime.isoformat(), str(one.summary))
            for one in found
        ]

    def files(self, first: str, last: str) -> Files:
        parts = self.read("diff-tree", "-r", "-z", "--no-renames", "--name-status", first, last).split("\0")
        found = Files()
        kinds = {"A": found.added, "D": found.removed}
        for kind, path in zip(parts[::2], parts[1::2], strict=False):
            kinds.get(kind, found.changed).append(path)
        return found

    def at_remote(self, ref: str) -> str:
        """What a full name stands for at the remote now; empty where it has none."""
        out = self.read("ls-remote", "--quiet", "origin", ref)
        return next((line.split("\t")[0] for line in out.splitlines() if line.endswith(f"\t{ref}")), ABSENT)

    # -- writing ------------------------------------------------------------------------------------------------------
    def commit(self, tree: str, parents: list[str], message: str, author: Author) -> str:
        """A commit in our own folder alone."""
        options = [part for parent in parents for part in ("-p", parent)]
        return self.read("commit-tree", tree, *options, "-m", message, env=identity(author)).strip()

    def push(self, new: str, ref: str, expected: str, *, dry_run: bool = False) -> list[str]:
        """Bring a commit or tag to the remote, if O(ref) is O(expected) there, and prove it; returns warnings.

        The lease is what makes the expectation sure; a commit that is pushed always follows the one it replaces.
        """
        dry = ["--dry-run"] if dry_run else []
        status, out, err = self.run(
            "push", "--porcelain", "--no-thin", *dry, f"--force-with-lease={ref}:{expected}", "origin", f"{new}:{ref}"
        )
        error, certain = push_failed(self.remote_url, ref, f"{err}\n{_rejected(out)}") if status else (None, True)
        if error and (certain or dry_run):
            raise error
        if dry_run:
            return []
        # Without a clear answer the push may have come through all the same.
        with after_writing():
            shown = self.at_remote(ref)
            if shown not in (new, expected, ABSENT):
                self.fetch(ref)
                # Somebody may have gone on from there.
                shown = new if self.is_ancestor(new, shown) else shown
        if shown == new:
            return [f"{error.message}; it was pushed all the same"] if error else []
        failure = error or ProofFailed(
            f"{self.remote_url}: the Git host took the push to {ref}, but doesn't show it",
            next_step="See the repository's history, then run again.",
        )
        # Neither the old nor the new one: nobody knows whether this one was there for a while.
        failure.changed = shown != expected
        raise failure

    def going_back(self, branch: str, commit: str, message: str, author: Author) -> Written:
        """One new commit on top of a branch, with the content of an earlier one, in our own folder alone."""
        before = self.tip(branch)
        tree = self.tree(commit)
        if self.tree(before) == tree:
            return Written(False, branch, before, before, UNCHANGED)
        text = f"{message.strip()}\n\n{CONTENT_OF}: {commit}"
        after = self.commit(tree, [before], text, author)
        return Written(True, branch, before, after, REVERTED, self.commits(commit, before), self.files(before, after))

    def bring(self, written: Written, *, dry_run: bool = False) -> None:
        """Push what was made of a branch, and prove it."""
        if written.changed:
            ref = f"refs/heads/{written.branch}"
            written.warnings += self.push(written.after, ref, written.before, dry_run=dry_run)

    def have(self, *commits: str) -> None:
        """All files of these commits at hand, with one request for those that are missing."""
        listed = self.read("rev-list", "--objects", "--no-walk", "--missing=print", *commits)
        missing = [line[1:] for line in listed.splitlines() if line.startswith("?")]
        for start in range(0, len(missing), AT_ONCE):
            self.fetch(*missing[start : start + AT_ONCE])


def identity(author: Author) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
    }


def _rejected(porcelain: str) -> str:
    """The lines of what was refused; the others name refs, which may hold any word."""
    return "\n".join(line.split("\t")[-1] for line in porcelain.splitlines() if line.startswith("!"))


@contextmanager
def open_clone(remote_url: str, access: Access, *refs: str) -> Iterator[Clone]:
    """A folder with the history of O(refs) (full names), which goes away afterwards."""
    if "file" not in access.protocols:
        parse(remote_url)
    git = gitpython()
    with tempfile.TemporaryDirectory(prefix="stagecraft-appsmith-", ignore_cleanup_errors=True) as folder:
        own = os.path.join(folder, "repository")
        os.mkdir(own)
        environment = {**access.environment(), **of_repository(own)}
        repo: Any = None
        try:
            client = git.Git(own)
            client.update_environment(**environment)
            client.init("--quiet", "--bare")
            repo = git.Repo(own)
            repo.git.update_environment(**environment)
            with repo.config_writer() as config:
                # Contents that a fetch left out are brought in when they are needed; hosts that can't leave out don't.
                remote = 'remote "origin"'
                config.set_value(remote, "url", remote_url)
                config.set_value(remote, "promisor", "true").set_value(remote, "partialclonefilter", CONTENTS)
                config.set_value("core", "repositoryformatversion", "1")
                config.set_value("extensions", "partialClone", "origin")
                config.set_value("gc", "auto", "0").set_value("core", "hooksPath", os.devnull)
            clone = Clone(repo, remote_url)
            if refs:
                clone.fetch(*refs)
            yield clone
        except git.exc.GitCommandError as error:
            raise GitError(f"{remote_url}: git failed: {error.stderr or error}") from error
        finally:
            if repo:
                repo.close()


def of_repository(folder: str, *, tree: str | None = None, name: str = "") -> dict[str, str]:
    """Where git works, whatever is in the environment: a playbook may run from another repository's hook."""
    own = os.path.join(folder, "worktrees", name) if tree else folder
    places = {"GIT_DIR": own, "GIT_OBJECT_DIRECTORY": os.path.join(folder, "objects")}
    return {**places, "GIT_INDEX_FILE": os.path.join(own, "index"), **({"GIT_WORK_TREE": tree} if tree else {})}


def revert_to(
    remote_url: str,
    branch: str,
    commit: str,
    message: str,
    author: Author,
    access: Access,
    *,
    check_mode: bool = False,
) -> Written:
    """Bring a branch back to the content of a commit or tag of its history."""
    with open_clone(remote_url, access, f"refs/heads/{branch}") as clone:
        written = clone.going_back(branch, clone.find(commit, branch), message, author)
        clone.bring(written, dry_run=check_mode)
        return written


def may_write(remote_url: str, access: Access) -> None:
    """Raises C(GitKeyRefused) for a key that may only read. Sends nothing."""
    with open_clone(remote_url, access) as clone:
        tree = clone.read("hash-object", "-t", "tree", "-w", os.devnull).strip()
        commit = clone.commit(tree, [], "nothing", DEFAULT_AUTHOR)
        clone.push(commit, "refs/tags/promotion/probe", ABSENT, dry_run=True)


def tag(remote_url: str, branch: str, name: str, commit: str, message: str, author: Author, access: Access) -> bool:
    """An annotated tag at the remote; false where it was there already, on the same commit."""
    ref = f"refs/tags/{name}"
    with open_clone(remote_url, access) as clone:
        try:
            clone.fetch(commit, depth=1)
        except AppsmithError:
            # A host that gives what a name stands for and nothing else.
            clone.fetch(f"refs/heads/{branch}")
        clone.read("tag", "--annotate", "--cleanup=verbatim", "-m", message, name, commit, env=identity(author))
        made = clone.read("rev-parse", ref).strip()
        try:
            clone.push(made, ref, ABSENT)
        except AppsmithError:
            if clone.at_remote(f"{ref}^{{}}") != commit:
                raise
            return False
        return True
