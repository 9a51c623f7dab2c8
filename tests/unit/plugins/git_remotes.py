# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Git host in a folder, for tests of what the controller writes to repositories; real Git, no SSH."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access

FILE = Access(protocols="file")
APPLICATION = {
    "metadata.json": json.dumps({"serverSchemaVersion": 11, "clientSchemaVersion": 2, "fileFormatVersion": 5}),
    "pages/Order/Order.json": '{\n  "a": 1\n}\n',
    "pages/Order/queries/get_order/metadata.json": json.dumps(
        {"pluginType": "DB", "unpublishedAction": {"name": "get_order"}}
    ),
    "pages/Order/queries/get_order/get_order.txt": "select 1",
}
# What the hosts say on standard error, and how they end a push.
READ_ONLY = "Gitea: Deploy Key: 1:staging is not authorized to write to acme/orders."
PROTECTED = "Gitea: Not allowed to push to protected branch master"


@functools.cache
def _template() -> Path:
    """A repository with a first commit, made once: each command of git costs more than a copy."""
    folder = Path(tempfile.mkdtemp(prefix="remotes-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    work = git.Repo.init(folder / "work", initial_branch="master")
    with work.config_writer() as config:
        config.set_value("user", "name", "Dana Dev").set_value("user", "email", "dana@example.com")
        config.set_value("commit", "gpgsign", "false")
    for name, text in APPLICATION.items():
        path = folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    work.index.add(list(APPLICATION))
    work.index.commit("first")
    git.Repo.init(folder / "bare", bare=True, initial_branch="master").close()
    work.git.push(str(folder / "bare"), "master")
    work.close()
    for repository in (folder / "bare", folder / "work" / ".git"):
        shutil.rmtree(repository / "hooks", ignore_errors=True)
    return folder


class Remote:
    """A bare repository and a working copy of a person's beside it."""

    def __init__(self, folder: Path, *, filters: bool = True, name: str = "orders") -> None:
        bare, work = folder / f"{name}.git", folder / f"{name}-work"
        shutil.copytree(_template() / "bare", bare)
        shutil.copytree(_template() / "work", work)
        # A person's commits are at the host as soon as a branch there says so.
        shutil.rmtree(work / ".git" / "objects")
        (work / ".git" / "objects").symlink_to(bare / "objects")
        self.bare, self.work = git.Repo(bare), git.Repo(work)
        with self.bare.config_writer() as config:
            config.set_value("uploadpack", "allowFilter", str(filters).lower())
            config.set_value("uploadpack", "allowAnySHA1InWant", str(filters).lower())
        self.work.create_remote("origin", str(bare))
        self.first = self.tip()

    @property
    def url(self) -> str:
        return f"file://{self.bare.git_dir}"

    def commit(self, files: dict[str, str | None], message: str, branch: str = "master", *, push: bool = True) -> str:
        """A person's commit at the tip of a branch; C(None) removes a file."""
        if branch not in [head.name for head in self.work.heads] and self.work.heads:
            self.work.git.branch(branch)
        if self.work.heads:
            self.work.git.checkout(branch)
        for name, text in files.items():
            path = Path(str(self.work.working_tree_dir)) / name
            if text is None:
                path.unlink()
                self.work.index.remove([name])
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self.work.index.add([name])
        made = str(self.work.index.commit(message).hexsha)
        if push:
            self.push(branch)
        return made

    def push(self, branch: str = "master") -> None:
        self.bare.git.update_ref(f"refs/heads/{branch}", self.work.commit(branch).hexsha)

    def tip(self, branch: str = "master") -> str:
        return str(self.bare.commit(f"refs/heads/{branch}").hexsha)

    def tree(self, name: str = "master") -> str:
        return str(self.bare.git.rev_parse(f"{name}^{{tree}}"))

    def tags(self) -> list[str]:
        return sorted(tag.name for tag in self.bare.tags)

    def hook(self, script: str, name: str = "pre-receive") -> None:
        """Have the host do something at a push."""
        path = Path(str(self.bare.git_dir)) / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def refuse(self, text: str) -> None:
        self.hook(f"echo '{text}' >&2\nexit 1")

    def pushed_meanwhile(self, commit: str, branch: str = "master") -> None:
        """Somebody else's push comes between this one's look and its end."""
        self.hook(f'git update-ref "refs/heads/{branch}" {commit}', "update")


class ScriptAccess(Access):
    """SSH by a script, in the place of the file with known hosts."""

    def environment(self) -> dict[str, str]:
        script = str(self.known_hosts_file)
        return {**super().environment(), "GIT_SSH_COMMAND": script, "GIT_SSH_VARIANT": "simple"}


def by_script(folder: Path, refused: str = "nothing") -> ScriptAccess:
    """A way to the repositories below a folder (or anywhere, by their whole path)."""
    script = folder / f"ssh-{refused}"
    # Git calls it as: ssh HOST "git-receive-pack 'PATH'".
    script.write_text(
        "#!/bin/sh\nfor last; do :; done\ncase $last in\n"
        f'{refused}*) echo "{READ_ONLY}" >&2; exit 1;;\nesac\ncd "{folder}"\nexec sh -c "$last"\n'
    )
    script.chmod(0o755)
    return ScriptAccess(protocols="ssh:file", known_hosts_file=str(script))


def read_only(folder: Path) -> ScriptAccess:
    """A way on which nothing may be pushed, as with a deploy key that may only read."""
    return by_script(folder, "git-receive-pack")


def by_ssh(remote: Remote) -> str:
    return f"ssh://git.example.com{remote.bare.git_dir}"


def entry(**more: Any) -> dict[str, Any]:
    """A result of the promotion of one application."""
    return {
        "name": "orders",
        "id": "1",
        "workspace": "Operations",
        "repository": "ssh://git@git.example.com:2222/acme/orders.git",
        "branch": "master",
        "state": "deployed",
        "changed": True,
        "behind": 1,
        "commit_before": "b" * 40,
        "commit_after": "a" * 40,
        "warnings": [],
        **more,
    }
