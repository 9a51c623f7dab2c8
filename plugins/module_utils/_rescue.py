# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's uncommitted changes, saved before a deployment throws them away; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author


def rescue(
    git: Git, target: Target, branch: str, message: str, author: Author | None = None, *, directory: str | None = None
) -> dict[str, Any]:
    """Save them to a new branch of the repository, else to a file in the directory, and prove it."""
    raise NotImplementedError
