# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan reads of a repository, against a real Gitea: by SSH, with a read-only deploy key, filtered."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import read_facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access, RepositoryUnreadable
from gitea_server import ADMIN, PASSWORD, Gitea

BUNDLE = Path(__file__).resolve().parents[1] / "fixtures" / "apps" / "v1.60" / "support-desk.bundle"


@dataclass(frozen=True)
class Traced(Access):
    trace: str = ""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "GIT_TRACE_PACKET": self.trace, "GIT_TRACE": self.trace}


def make_key(folder: Path, name: str) -> tuple[Path, str]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    path = folder / name
    key.write_private_key(str(path))
    path.chmod(0o600)
    return path, key.export_public_key().decode().strip()


@pytest.fixture
def access(gitea: Gitea, repository: str, tmp_path: Path) -> Traced:
    """The repository holds what a real server wrote, and a key that may read it."""
    clone = tmp_path / "clone"
    address = f"{gitea.url.replace('//', f'//{ADMIN}:{PASSWORD}@')}/{repository}.git"
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    for command in (
        ["git", "clone", "--quiet", "--mirror", str(BUNDLE), str(clone)],
        ["git", "-C", str(clone), "push", "--quiet", "--force", address, "refs/heads/*:refs/heads/*"],
    ):
        subprocess.run(command, check=True, env=environment, capture_output=True)
    path, public = make_key(tmp_path, "reader")
    gitea.api("POST", f"/repos/{repository}/keys", {"title": "reader", "key": public, "read_only": True}, status=201)
    return Traced(str(path), str(tmp_path / "known_hosts"), True, trace=str(tmp_path / "trace"))


def test_a_filtered_read_takes_two_requests(gitea: Gitea, repository: str, access: Traced) -> None:
    facts = read_facts(gitea.ssh_url(repository), "migrated-by-v1.91", access, behind=2, scan_secrets=False)
    assert facts.changes is not None and facts.changes.migration
    assert not any(facts.changes.counts().values())
    assert len(facts.datasources) == 11 and facts.schema == (12, 2)
    trace = Path(access.trace).read_text(encoding="utf-8", errors="replace")
    assert "version 2" in trace and "filter blob:none" in trace
    assert sum("run_command:" in line and "git-upload-pack" in line for line in trace.splitlines()) == 2


def test_why_it_can_not_be_read(gitea: Gitea, repository: str, access: Traced, tmp_path: Path) -> None:
    def refusal(name: str, branch: str, by: Access) -> str:
        with pytest.raises(RepositoryUnreadable) as caught:
            read_facts(gitea.ssh_url(name), branch, by, behind=0, scan_secrets=False)
        assert "correct access rights" not in str(caught.value)
        return str(caught.value)

    gitea.make_repository("acme/closed")
    assert "Check the branch's name" in refusal(repository, "nope", access)
    assert "git_ssh_key_file" in refusal("acme/closed", "master", access)
    assert "git_ssh_key_file" in refusal("acme/none", "master", access)
    stranger, _public = make_key(tmp_path, "stranger")
    known_hosts = str(tmp_path / "known_hosts")
    assert "Permission denied (publickey)" in refusal(repository, "master", Access(str(stranger), known_hosts, True))
