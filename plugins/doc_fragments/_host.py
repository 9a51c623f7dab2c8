# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that run on an instance's host; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  exec:
    description:
      - The command, as a list, that runs another command inside the instance, such as V([docker, exec, appsmith]) or
        V([kubectl, exec, appsmith-0, --]).
    type: list
    elements: str
    required: true
  exec_terminal:
    description:
      - The same with a terminal, as a list such as V([docker, exec, -it, appsmith]). C(appsmithctl) takes passwords and
        answers from a terminal only. This module makes the terminal; the command only has to pass it on.
      - Defaults to O(exec), which is right where that passes its own terminal on.
    type: list
    elements: str
  directory:
    description: Where the instance's C(/appsmith-stacks) is on this host.
    type: path
    required: true
  timeout:
    description: Seconds that C(appsmithctl) may take in all.
    type: int
    default: 3600
  encryption_password:
    description:
      - The instance's E(APPSMITH_ENCRYPTION_PASSWORD).
      - Needed where the container's environment gives it; else it is read from C(docker.env). It is never returned.
    type: str
  encryption_salt:
    description:
      - The instance's E(APPSMITH_ENCRYPTION_SALT).
      - Needed where the container's environment gives it; else it is read from C(docker.env). It is never returned.
    type: str
notes:
  - Runs on the host of the instance, and does not connect to it by HTTP.
  - If only root may read the instance's folder, use C(become).
"""
