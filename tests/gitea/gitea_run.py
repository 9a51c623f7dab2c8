# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as Ansible runs them, in this process."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.stagecraft.appsmith.plugins.modules"


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
