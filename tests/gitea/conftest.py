# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real Gitea for the session, and the modules as Ansible runs them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from gitea_run import execute
from gitea_server import Gitea


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    with Gitea(tmp_path_factory.mktemp("gitea")) as running:
        for name in ("rosa", "karl", "guest"):
            running.make_user(name)
        yield running


_numbers = itertools.count(1)


@pytest.fixture
def repository(gitea: Gitea) -> str:
    """A fresh one with master and staging, on which rosa and karl may write; staging is one commit ahead."""
    name = f"acme/orders-{next(_numbers)}"
    gitea.make_repository(name, "staging")
    gitea.commit(name, "staging")
    for user in ("rosa", "karl"):
        gitea.api("PUT", f"/repos/{name}/collaborators/{user}", {"permission": "write"}, status=204)
    return name


@pytest.fixture
def pull_request(gitea: Gitea) -> Callable[..., dict[str, Any]]:
    """C(pull_request("acme/orders", state="merged"))."""

    def run(
        *repositories: str, check_mode: bool = False, module: str = "pull_request", **params: Any
    ) -> dict[str, Any]:
        given = {
            "forge": "gitea",
            "forge_url": gitea.url,
            "forge_token": gitea.token,
            "repositories": list(repositories),
            "source": "staging",
            "target": "master",
            **params,
        }
        return execute(module, given, check_mode)

    return run
