# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a promotion and its plan; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  workspaces:
    description: Names of the workspaces.
    type: list
    elements: str
    required: true
    aliases: [workspace]
  applications:
    description: Names of the applications. Default is all that are connected to a repository.
    type: list
    elements: str
    aliases: [application]
  repositories:
    description: Addresses of repositories, in any spelling, whose applications are meant; beside O(applications).
    type: list
    elements: str
  branch:
    description:
      - The branch that this instance shows. Default is each application's first branch on it.
    type: str
  strategy:
    description:
      - V(discard) fetches and discards, which is fast, wants a read-only key, and works with a migration's traces.
      - V(pull) merges, for an instance on which people work. It wants a key with write access, a saved author and an
        unprotected branch.
    type: str
    choices: [discard, pull]
    default: discard
  drift:
    description:
      - What to do with a person's uncommitted changes on an application that is to be deployed. V(fail) refuses it,
        V(discard) throws them away (with O(strategy=discard)), also where nothing is to be deployed.
    type: str
    choices: [fail, discard]
    default: fail
  skew:
    description:
      - What to do when the repository is of a newer format than this instance's release knows, which would break the
        application.
      - It is known where the controller may read the repository, or by O(source_version).
    type: str
    choices: [fail, warn]
    default: fail
  source_version:
    description: The release of the instance that the commits come from, such as V(v1.91).
    type: str
  unconfigured:
    description: What to do when an application uses datasources that have no configuration on this instance.
    type: str
    choices: [fail, warn]
    default: fail
  verify:
    description:
      - How closely to look at applications to which there is nothing new. V(fetch) doesn't; V(status) finds what an
        interrupted promotion left half done; V(content) compares the published view with the edit view as well.
    type: str
    choices: [fetch, status, content]
    default: status
  assume_behind:
    description:
      - Names of applications to which earlier tasks of the play bring commits. Only used in check mode, in which
        those tasks didn't, so that it predicts their deployment all the same.
    type: list
    elements: str
  width:
    description: How many applications are fetched and looked at side by side. They are deployed one after the other.
    type: int
    default: 4
  read_repositories:
    description:
      - Whether the controller reads the repositories by SSH. Then the plan has the commits, the format is checked,
        and what is published is compared with the commit. Needs C(git), C(ssh) and the Python library C(GitPython).
      - Default is to do so when O(git_ssh_key_file) is given.
    type: bool
  git_ssh_key_file:
    description: Private SSH key that may read the repositories.
    type: path
  git_known_hosts_file:
    description: File with the known keys of the Git host. Default is the user's own.
    type: path
  git_accept_new_host_key:
    description: Whether to trust a Git host whose key isn't known yet.
    type: bool
    default: false
"""
