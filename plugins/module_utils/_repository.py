# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository itself, where the controller may read it; private to the collection."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import (
    Changes,
    Comparison,
    FileChange,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import (
    METADATA,
    Content,
    DatasourceUse,
    is_content,
    is_managed,
    read_content,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_content import parse as parse_json
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_fetch import (
    HAS_GITPYTHON,
    Access,
    Copy,
    RepositoryUnreadable,
    failure,
    gitpython,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_history import (
    LOG_FORMAT,
    Commit,
    History,
)

__all__ = ["HAS_GITPYTHON", "Access", "Commit", "Repository", "RepositoryUnreadable", "open_branch"]

# Commits that are read beyond those an instance is behind by.
MORE_COMMITS = 50
_NOTHING = "0" * 40
# Files that hold text which a person typed.
_TEXTS = (".json", ".txt", ".js")


class Repository:
    """A branch as it is at the remote. With the first file that is read comes, in one request, what a plan needs."""

    def __init__(self, copy: Copy, behind: int = 0) -> None:
        self._copy = copy
        self._behind = behind
        self._prepared = False
        self._files: dict[str, dict[str, str]] = {}
        self._changed: dict[str, list[FileChange]] = {}
        self.tip = copy.tip

    # -- files ------------------------------------------------------------------------------------------------------
    def files(self, commit: str) -> dict[str, str]:
        """Id of the content of each file of a commit, by path."""
        if commit not in self._files:
            listed = self._git("ls_tree", "-r", "-z", commit).split("\0")
            entries = [entry.split("\t", 1) for entry in listed if entry]
            # Links and submodules are nothing of Appsmith's.
            self._files[commit] = {_name(path): about.split()[2] for about, path in entries if about.startswith("100")}
        return self._files[commit]

    def _git(self, command: str, *arguments: str) -> str:
        return str(getattr(self._copy.repo.git, command)(*arguments))

    def _prepare(self) -> None:
        """All that is usually asked for, at once."""
        if self._prepared:
            return
        self._prepared = True
        wanted = {found for path, found in self.files(self.tip).items() if is_content(path)}
        before = self.commit_before(self._behind)
        others = [before] if before else []
        for file in self._differing(before) if before else ():
            wanted.update(found for found in (file.old, file.new) if found)
        self._copy.need(wanted, *others)

    def _content_text(self, found: str) -> str:
        self._prepare()
        return self._copy.data(found).decode("utf-8", "replace")

    def _text(self, path: str) -> str | None:
        found = self.files(self.tip).get(path)
        return None if found is None else self._content_text(found)

    def schema_numbers(self) -> tuple[int, int]:
        """(server, client) schema of the tip's metadata.json: what a release must at least know to deploy it."""
        data = parse_json(METADATA, self._text(METADATA), self.tip[:10])
        if "serverSchemaVersion" not in data and "clientSchemaVersion" not in data:
            raise GitError(
                f"The repository holds no Appsmith application at {self.tip[:10]}: no schema numbers in metadata.json",
                next_step="Check the repository's address and branch.",
            )
        return int(data.get("serverSchemaVersion") or 0), int(data.get("clientSchemaVersion") or 0)

    @cached_property
    def _content(self) -> Content:
        return read_content(self.files(self.tip), self._text, self.tip[:10])

    def content(self) -> Content:
        """Pages, queries, JS objects and datasources of the tip."""
        return self._content

    def datasources(self) -> list[DatasourceUse]:
        return list(self._content.datasources)

    def differences(self, view: View) -> list[str]:
        """What of the tip's content a view doesn't show, or shows beyond it."""
        return self._content.differences(view)

    # -- history ----------------------------------------------------------------------------------------------------
    def _read_history(self) -> History:
        log = self._git("log", "-z", "--topo-order", f"--format={LOG_FORMAT}", self.tip, "--")
        return History(log, self._copy.boundary, self._copy.branch)

    @cached_property
    def _history(self) -> History:
        return self._read_history()

    def commits(self, count: int) -> list[Commit]:
        """The newest commits."""
        return self._history.commits[:count]

    def commit_before(self, behind: int) -> str | None:
        """The commit of an instance that is so many commits behind, if the history tells it."""
        found, certain = self._history.before(behind)
        if certain:
            return found
        try:
            self._copy.deepen()
        except gitpython().exc.GitCommandError:
            # What can't be told for certain is not told.
            return None
        self._history = self._read_history()
        return self._history.before(behind)[0]

    # -- changes ----------------------------------------------------------------------------------------------------
    def _differing(self, before: str) -> list[FileChange]:
        """Appsmith's files that are not the same in an earlier commit."""
        if before in self._changed:
            return self._changed[before]
        fields = self._git("diff_tree", "-r", "-z", "--no-renames", before, self.tip, "--").split("\0")
        found = []
        for about, path in zip(fields[0::2], fields[1::2], strict=False):
            _old_mode, _new_mode, old, new, _way = about.removeprefix(":").split()
            if is_managed(_name(path)):
                found.append(FileChange(_name(path), _some(old), _some(new)))
        self._changed[before] = found
        return found

    def _have(self, files: list[FileChange], before: str) -> None:
        self._prepare()
        self._copy.need({found for file in files for found in (file.old, file.new) if found}, before)

    def changes(self, before: str) -> Changes:
        """What a promotion from an earlier commit to the tip changes."""
        files = self._differing(before)
        self._have(files, before)
        return Comparison(files, self._content_text).changes

    def texts(self, before: str | None) -> Iterator[tuple[str, str]]:
        """Path and text of what is new since an earlier commit, or of all that people type where none is known."""
        if before:
            new = {file.path: file.new for file in self._differing(before) if file.new}
        else:
            new = dict(self.files(self.tip))
        wanted = {path: found for path, found in sorted(new.items()) if is_managed(path) and path.endswith(_TEXTS)}
        self._prepare()
        self._copy.need(wanted.values(), *([before] if before else []))
        for path, found in wanted.items():
            yield path, self._content_text(found)


def _name(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _some(found: str) -> str | None:
    return None if found.startswith(_NOTHING) else found


@contextmanager
def open_branch(remote_url: str, branch: str, access: Access, *, behind: int = 0) -> Iterator[Repository]:
    """Fetch what is needed of a branch into a folder that goes away afterwards."""
    if "file" not in access.protocols:
        parse(remote_url)
    with tempfile.TemporaryDirectory(prefix="stagecraft-appsmith-") as folder:
        copy: Copy | None = None
        try:
            copy = Copy(folder, remote_url, branch, access, behind + MORE_COMMITS)
            yield Repository(copy, behind)
        except gitpython().exc.GitCommandError as error:
            raise failure(error, f"The controller can't read {remote_url} at {branch}") from error
        finally:
            if copy:
                copy.close()
