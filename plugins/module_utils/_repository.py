# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository itself, where the controller may read it; private to the collection."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import View
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import parse

try:
    import git
except ImportError:
    # The module says so in the field's words. GitPython raises the same when there is no git program.
    HAS_GITPYTHON = False
else:
    HAS_GITPYTHON = True

# Commits that are read beyond those an instance is behind by.
MORE_COMMITS = 20
GIT_TIMEOUT = 120


@dataclass(frozen=True)
class Commit:
    id: str
    author: str
    date: str
    subject: str

    def as_result(self) -> dict[str, Any]:
        return {"id": self.id, "author": self.author, "date": self.date, "subject": self.subject}


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


class Repository:
    """A branch as it is at the remote, in a bare repository of our own."""

    def __init__(self, repo: Any, tip: str) -> None:
        self._repo = repo
        self.tip = tip

    def _text(self, path: str, commit: str | None = None) -> str | None:
        try:
            return str(self._repo.git.cat_file("blob", f"{commit or self.tip}:{path}", strip_newline_in_stdout=False))
        except git.exc.GitCommandError:
            return None

    def _json(self, path: str) -> dict[str, Any]:
        try:
            data = json.loads(self._text(path) or "{}")
        except ValueError as error:
            raise GitError(f"{path} at {self.tip[:10]} is no JSON", next_step="Repair it in the repository.") from error
        return data if isinstance(data, dict) else {}

    def schema_numbers(self) -> tuple[int, int]:
        """(server, client) schema of the tip's metadata.json: what a release must at least know to deploy it."""
        data = self._json("metadata.json")
        if "serverSchemaVersion" not in data and "clientSchemaVersion" not in data:
            raise GitError(
                f"The repository holds no Appsmith application at {self.tip[:10]}: no schema numbers in metadata.json",
                next_step="Check the repository's address and branch.",
            )
        return int(data.get("serverSchemaVersion") or 0), int(data.get("clientSchemaVersion") or 0)

    def commits(self, count: int) -> list[Commit]:
        """The newest commits."""
        return [
            Commit(found.hexsha, str(found.author.name), found.authored_datetime.isoformat(), str(found.summary))
            for found in self._repo.iter_commits(self.tip, max_count=count)
        ]

    def commit_before(self, behind: int) -> str | None:
        """The commit of an instance that is so many commits behind, if the history tells it."""
        if behind == 0:
            return self.tip
        for found in self._repo.iter_commits(self.tip, first_parent=True, max_count=behind + 1):
            if int(self._repo.git.rev_list("--count", f"{found.hexsha}..{self.tip}")) == behind:
                return str(found.hexsha)
        return None

    def content(self) -> tuple[set[str], dict[str, str | None], dict[str, str]]:
        """Pages, queries with the text of their body file (JS functions left out), and JS objects with their code."""
        pages: set[str] = set()
        queries: dict[str, str | None] = {}
        js_objects: dict[str, str] = {}
        listed = self._repo.git.ls_tree("-r", "-z", "--name-only", self.tip, "pages/").split("\0")
        paths = {path for path in listed if path}
        for path in paths:
            parts = path.split("/")
            if len(parts) == 3 and parts[2] == f"{parts[1]}.json":
                pages.add(parts[1])
            elif len(parts) == 5 and parts[2] == "queries" and parts[4] == "metadata.json":
                data = self._json(path)
                if data.get("pluginType") != "JS":
                    name = (data.get("unpublishedAction") or {}).get("name") or parts[3]
                    body = "/".join([*parts[:4], f"{parts[3]}.txt"])
                    queries[f"{parts[1]}/{name}"] = self._text(body) if body in paths else None
            elif len(parts) == 5 and parts[2] == "jsobjects" and parts[4].endswith(".js"):
                js_objects[f"{parts[1]}/{parts[3]}"] = self._text(path) or ""
        return pages, queries, js_objects

    def differences(self, view: View) -> list[str]:
        """What of the tip's content a view doesn't show, or shows beyond it."""
        pages, queries, js_objects = self.content()
        found = [f"page {name}" for name in sorted(pages ^ set(view.pages))]
        shown = {name for name in view.queries if name in queries or "." not in name.rsplit("/", 1)[-1]}
        found += [f"query {name}" for name in sorted(set(queries) ^ shown)]
        for name, body in sorted(queries.items()):
            if body is not None and name in view.bodies and body.rstrip() != view.bodies[name].rstrip():
                found.append(f"query {name}")
        found += [f"JS object {name}" for name in sorted(set(js_objects) ^ set(view.js_objects))]
        return found


@contextmanager
def open_branch(remote_url: str, branch: str, access: Access, *, behind: int = 0) -> Iterator[Repository]:
    """Fetch what is needed of a branch into a folder that goes away afterwards."""
    if "file" not in access.protocols:
        parse(remote_url)
    with tempfile.TemporaryDirectory(prefix="stagecraft-appsmith-") as folder:
        repo = git.Repo.init(folder, bare=True)
        try:
            repo.git.update_environment(**access.environment())
            repo.git.fetch(
                "--no-tags",
                "--quiet",
                f"--depth={behind + MORE_COMMITS}",
                "--",
                remote_url,
                f"+refs/heads/{branch}:refs/heads/{branch}",
                kill_after_timeout=GIT_TIMEOUT,
            )
            yield Repository(repo, str(repo.commit(f"refs/heads/{branch}").hexsha))
        except git.exc.GitCommandError as error:
            lines = [line for line in str(error.stderr).splitlines() if line.strip(" '")]
            raise GitError(
                f"The controller can't read {remote_url} at {branch}: "
                f"{(lines[-1] if lines else 'git failed').strip(' ').removeprefix('stderr: ')}",
                next_step="Check git_ssh_key_file, and that the Git host's key is known (or git_accept_new_host_key).",
            ) from error
        finally:
            repo.close()
