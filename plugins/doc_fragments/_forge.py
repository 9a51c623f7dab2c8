# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that work on pull requests at a Git host; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  forge:
    description:
      - Kind of Git host. V(gitea) is Forgejo as well.
    type: str
    choices: [github, gitlab, gitea]
    required: true
  forge_url:
    description:
      - Address that a browser opens, such as V(https://git.example.com), also for GitHub Enterprise and for a GitLab of
        one's own. The API is found below it.
      - Default is V(https://github.com) or V(https://gitlab.com). Needed for V(gitea).
    type: str
  forge_token:
    description:
      - Access token. It needs the right to read and write the contents and the pull requests of the repositories
        (GitHub, fine-grained), the scope C(api) (GitLab), or C(write:repository) (Gitea).
      - To look at checks GitHub wants the right to read checks and commit statuses, too.
    type: str
    required: true
  forge_validate_certs:
    description: Whether the TLS certificate is verified.
    type: bool
    default: true
  forge_ca_path:
    description: File with the certificates of the authorities that are trusted.
    type: path
  forge_timeout:
    description: Seconds to wait for one answer of the Git host.
    type: int
    default: 30
  repositories:
    description:
      - The repositories, each as C(owner/name) (at GitLab with all groups) or by any of its addresses.
      - They are worked on side by side, and one that fails does not stop the others.
    type: list
    elements: str
    required: true
    aliases: [repository]
  source:
    description: The branch with the new commits.
    type: str
    required: true
  target:
    description: The branch that they are for.
    type: str
    required: true
requirements:
  - Python library C(requests) 2.31 or newer
notes:
  - Runs where the task runs and talks to the Git host only, so C(delegate_to=localhost) and C(run_once) are usual.
  - Tried against a real Gitea 1.26. For GitHub and GitLab it is tested against the answers that their documentation
    shows.
"""
