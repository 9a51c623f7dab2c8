# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ansible_collections.stagecraft.appsmith and the sandbox as appsmith_sandbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COLLECTIONS = CHECKOUT / ".cache" / "collections"


def _link_collection() -> None:
    """Ansible wants the path ansible_collections/NAMESPACE/NAME; a link spares a copy that could be stale."""
    link = COLLECTIONS / "ansible_collections" / "stagecraft" / "appsmith"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or os.readlink(link) != str(CHECKOUT):
        temporary = link.with_name(f".appsmith.{os.getpid()}")
        temporary.symlink_to(CHECKOUT, target_is_directory=True)
        os.replace(temporary, link)


_link_collection()
for folder in (COLLECTIONS, CHECKOUT / "tests" / "sandbox"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
