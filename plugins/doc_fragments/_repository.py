# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that write to repositories from the controller; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    # How a repository is reached.
    DOCUMENTATION = r"""
options:
  git_ssh_key_file:
    description:
      - Private SSH key for the repositories. Default is what SSH of the user takes.
    type: path
  git_known_hosts_file:
    description: File with the known keys of the Git host. Default is the user's own.
    type: path
  git_accept_new_host_key:
    description: Whether to trust a Git host whose key isn't known yet.
    type: bool
    default: false
requirements:
  - C(git), C(ssh) and the Python library C(GitPython) where the module runs
"""

    # Who commits.
    AUTHOR = r"""
options:
  author_name:
    description: Name of the author of a commit that this module makes.
    type: str
    default: stagecraft.appsmith
  author_email:
    description: E-mail address of that author. Some Git hosts only take addresses that they know.
    type: str
    default: stagecraft.appsmith@localhost
"""
