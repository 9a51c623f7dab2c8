# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the Git modules share; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    # The time limit for locks.
    DOCUMENTATION = r"""
options:
  appsmith_git_lock_timeout:
    description:
      - Seconds to wait while another Git operation holds an application's lock.
      - Releases before v1.61 leave the lock behind after a refused pull; it ends after about 120 seconds.
    type: int
    default: 150
"""

    # The applications a module works on.
    APPLICATIONS = r"""
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  applications:
    description:
      - Names of the applications.
      - If not given, all applications of the workspace that are connected to a repository.
    type: list
    elements: str
    aliases: [application]
"""

    # The branch a module works on.
    BRANCH = r"""
options:
  branch:
    description:
      - The branch whose document on the instance is meant; it must be there (M(stagecraft.appsmith.git_branch)).
      - Default is the application's first branch on this instance.
    type: str
"""

    # The author of commits.
    AUTHOR = r"""
options:
  author:
    description:
      - Who is to be the author of the commits that Appsmith makes.
      - Without it the profile saved for the user is used (M(stagecraft.appsmith.git_profile)).
    type: dict
    suboptions:
      name:
        description: Name.
        type: str
        required: true
      email:
        description: E-mail address.
        type: str
        required: true
"""

    # The Git host, for its deploy keys.
    HOST = r"""
options:
  git_host:
    description:
      - The Git host's own API, at which the instance's deploy keys are registered.
      - Without it somebody else has to register the key.
    type: dict
    suboptions:
      type:
        description: Kind of Git host. V(gitea) is Forgejo as well.
        type: str
        choices: [gitea, github, gitlab]
        default: gitea
      url:
        description:
          - Address, such as V(https://git.example.com), also of GitHub Enterprise and of a GitLab of one's own.
          - Default is V(https://github.com) or V(https://gitlab.com). Needed for V(gitea).
        type: str
      username:
        description: User, who must be administrator of the repositories. For V(gitea) only.
        type: str
      password:
        description: Password of the user.
        type: str
      token:
        description:
          - Access token of an administrator of the repositories, instead of user and password.
          - It needs the right to read and write administration (GitHub, fine-grained; the scope C(repo) otherwise), the
            scope C(api) of a Maintainer (GitLab), or C(write:repository) (Gitea).
        type: str
      validate_certs:
        description: Whether the TLS certificate is verified.
        type: bool
        default: true
      ca_path:
        description: File with the certificates of the authorities that are trusted.
        type: path
      timeout:
        description: Seconds to wait for an answer.
        type: int
        default: 30
"""

    # How repositories are imported.
    IMPORT = r"""
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  generate_key:
    description:
      - Whether the user's key for imports is made anew. Default is to do so when O(git_host) is given.
      - Without O(git_host) the key that M(stagecraft.appsmith.git_deploy_key) made last is used.
    type: bool
  key_type:
    description: Kind of a new key. Default is V(ECDSA), and V(RSA) for hosts that take nothing else.
    type: str
    choices: [ECDSA, RSA]
  key_write:
    description:
      - Whether the key is registered with write access at O(git_host). An instance that is only deployed to by discard
        needs none; one on which people commit does.
      - The right of the key of an application that is there already is put right as well. Without this option a new
        key may only read, and one that is registered keeps its right.
    type: bool
  key_timeout:
    description:
      - Seconds to wait for somebody who registers the key. As long as it is refused, the import is tried again, which
        leaves nothing behind. For each repository.
      - Make the key before by M(stagecraft.appsmith.git_deploy_key) with C(for_import), and show it to them.
    type: int
    default: 0
  elsewhere:
    description:
      - What to do when the repository is imported in another workspace of the instance already. V(report) goes on and
        returns these workspaces; V(fail) is an error. In the same workspace a repository is never imported twice.
    type: str
    choices: [report, fail]
    default: report
  import_timeout:
    description:
      - Seconds until an import without an answer is given up. The last ones of them are spent on a look for what it
        did. Half an application is removed then, and so is the key that was registered at O(git_host).
    type: int
    default: 180
"""
