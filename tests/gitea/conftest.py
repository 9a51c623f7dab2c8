# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real Gitea for the session, and the modules as Ansible runs them."""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

sys.path.insert(0, str(Path(__file__).parent))
from gitea_server import Gitea

MODULES = "ansible_collections.stagecraft.appsmith.plugins.modules"


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


def execute(module: str, params: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """What Ansible would get; nothing of it may hold the token."""
    arguments = {"_ansible_check_mode": check_mode, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp", **params}
    output = io.StringIO()
    with patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit) as stop:
        importlib.import_module(f"{MODULES}.{module}").main()
    result: dict[str, Any] = json.loads(output.getvalue().strip().splitlines()[-1])
    result.pop("invocation", None)
    result.setdefault("failed", stop.value.code != 0)
    assert str(params.get("forge_token") or "no token") not in json.dumps(result)
    return result


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
