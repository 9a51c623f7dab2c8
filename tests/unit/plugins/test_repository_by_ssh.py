# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories as a controller reads them: by SSH with a deploy key, from the sandbox's Git host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_facts import read_facts
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access, RepositoryUnreadable
from appsmith_sandbox.githost import GitHost

ORDERS = Path(__file__).parents[2] / "fixtures" / "apps" / "v1.91" / "orders.bundle"


@dataclass(frozen=True)
class Traced(Access):
    trace: str = ""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "GIT_TRACE_PACKET": self.trace}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    with GitHost(tmp_path_factory.mktemp("host")) as running:
        running.repositories.import_bundle("acme/orders", ORDERS)
        running.repositories.import_bundle("acme/other", ORDERS)
        yield running


@pytest.fixture
def access(host: GitHost, tmp_path: Path) -> Traced:
    key = asyncssh.generate_private_key("ssh-ed25519")
    path = tmp_path / "key"
    key.write_private_key(str(path))
    path.chmod(0o600)
    host.repositories.add_key("acme/orders", tmp_path.name, key.export_public_key().decode().strip(), True)
    return Traced(str(path), str(tmp_path / "known_hosts"), True, trace=str(tmp_path / "trace"))


def test_a_read_only_key_is_enough(host: GitHost, access: Traced) -> None:
    facts = read_facts(host.ssh_url("acme/orders"), "staging", access, behind=1, scan_secrets=False)
    assert facts.changes is not None and facts.changes.queries.added == ["Dashboard/count_open"]
    assert facts.schema == (12, 2) and len(facts.content.queries) == 4
    packets = Path(access.trace).read_text(encoding="utf-8", errors="replace")
    # Nothing of the pages' widgets came over the wire.
    assert "version 2" in packets and "filter blob:none" in packets


@pytest.mark.parametrize(
    ("repository", "branch", "cause", "step"),
    [
        ("acme/orders", "nope", "couldn't find remote ref refs/heads/nope", "branch's name"),
        ("acme/other", "master", "is not authorized to read acme/other", "must know the key"),
        ("acme/none", "master", "Cannot find repository: acme/none", "repository's address"),
    ],
)
def test_why_it_can_not_be_read(
    host: GitHost, access: Traced, repository: str, branch: str, cause: str, step: str
) -> None:
    with pytest.raises(RepositoryUnreadable) as caught:
        read_facts(host.ssh_url(repository), branch, access, behind=0, scan_secrets=False)
    assert cause in caught.value.message and step in str(caught.value.next_step)
    assert "correct access rights" not in caught.value.message


def test_an_unknown_host_or_key(host: GitHost, access: Traced, tmp_path: Path) -> None:
    stranger = Access(access.key_file, str(tmp_path / "empty"))
    with pytest.raises(RepositoryUnreadable) as caught:
        read_facts(host.ssh_url("acme/orders"), "master", stranger, behind=0, scan_secrets=False)
    assert "Host key verification failed" in str(caught.value) and "git_accept_new_host_key" in str(caught.value)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(tmp_path / "other"))
    (tmp_path / "other").chmod(0o600)
    with pytest.raises(RepositoryUnreadable) as caught:
        unknown = Access(str(tmp_path / "other"), str(tmp_path / "known"), True)
        read_facts(host.ssh_url("acme/orders"), "master", unknown, behind=0, scan_secrets=False)
    assert "Permission denied (publickey)" in str(caught.value)
