#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: git_check
short_description: Find out why a repository can't be worked with
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - Looks at repositories step by step, and names the first thing that is wrong with what to do about it. Appsmith has
    one error for nearly all of it, or does not answer at all.
  - The steps are the form of the address, the host's name, its SSH server, the host key, what the Git host's API tells
    (with O(git_host)), and what a key gets to see (with O(sign_in)).
  - Nothing is written, neither to a repository nor to an instance.
  - It looks from where the task runs. An instance may have other name servers and firewalls.
  - The private part of an instance's deploy key never leaves it. So O(git_ssh_key_file) is a key of one's own, and the
    deploy key is looked up at O(git_host).
  - With O(workspace) also counts the private repositories that the instance has there already.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
  - stagecraft.appsmith._git.host
  - stagecraft.appsmith._repository
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - Changes nothing.
options:
  appsmith_url:
    description:
      - Address of the instance. Needed with O(workspace) only.
      - If not set, the environment variable E(APPSMITH_URL) is used.
    type: str
    required: false
  repositories:
    description: SSH addresses of the repositories, as they are given to Appsmith.
    type: list
    elements: str
    required: true
    aliases: [repository]
  content:
    description:
      - What the repositories are to hold. V(application) is what M(stagecraft.appsmith.git_import) needs, V(empty) what
        M(stagecraft.appsmith.git_connection) needs (a README and the like may be there). V(any) looks at branches only.
    type: str
    choices: [application, empty, any]
    default: application
  branch:
    description: A branch that is to be there. Default is the repository's default branch.
    type: str
  write:
    description:
      - Whether the key, and O(deploy_key), must be able to write. It is tried by a push that is not carried out. The
        rules of single branches are not asked.
    type: bool
    default: false
  sign_in:
    description:
      - Whether to sign in with O(git_ssh_key_file), or the keys that SSH of the user takes.
      - Default is to do so, unless there is a O(git_host) and no O(git_ssh_key_file).
    type: bool
  host_keys:
    description:
      - Host keys of the Git host, each as C(SHA256:...) or as C(ssh-ed25519 AAAA...). It must show one of them.
      - With this nothing else is trusted, whatever O(git_known_hosts_file) says.
    type: list
    elements: str
  deploy_key:
    description: Public key of an instance, which the repositories must have at O(git_host).
    type: str
  connect_timeout:
    description: Seconds to wait for the Git host's SSH server.
    type: int
    default: 10
  width:
    description: How many repositories are looked at side by side.
    type: int
    default: 4
  workspace:
    description: Workspace of the instance whose private repositories are counted.
    type: str
  private_limit:
    description:
      - How many private repositories a workspace may have, for a warning with O(workspace). The free edition's limit is
        three; V(0) is for editions without one.
    type: int
    default: 3
seealso:
  - module: stagecraft.appsmith.git_imports
  - module: stagecraft.appsmith.git_connection
"""

EXAMPLES = r"""
- name: See whether production's repositories can be imported
  stagecraft.appsmith.git_check:
    repositories:
      - ssh://git@git.example.com:2222/acme/orders.git
      - ssh://git@git.example.com:2222/acme/support-desk.git
    git_ssh_key_file: ~/.ssh/read_repositories
    host_keys: ["SHA256:uNiVztksCsDhcc0u9e8BrBlOv9UHJ4zTVnd4cp2jYYs"]
  delegate_to: localhost

- name: See whether a new repository takes what staging pushes
  stagecraft.appsmith.git_check:
    repository: git@github.com:acme/orders.git
    content: empty
    write: true
    deploy_key: "{{ key.public_key }}"
    git_host:
      type: github
      token: "{{ vault_git_token }}"
"""

RETURN = r"""
results:
  description: An entry for each repository.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Path of the repository at its host.
      type: str
    repository:
      description: The address as given.
      type: str
    passed:
      description: The steps without a complaint (C(address), C(name), C(ssh), C(host_key), C(git_host), C(repository)).
      type: list
      elements: str
    failed_check:
      description: The step that failed; none if all is well.
      type: str
    host:
      description: Name of the host.
      type: str
    port:
      description: Port of its SSH server.
      type: int
    addresses:
      description: Addresses of the host.
      type: list
      elements: str
    banner:
      description: How the SSH server greets.
      type: str
    host_keys:
      description: The host keys that it shows, each with C(type) and C(fingerprint), as O(host_keys) takes them.
      type: list
      elements: dict
    host_key:
      description: >-
        V(pinned) (one of O(host_keys)), V(known) (in the known hosts), V(accepted) (known, or trusted as a new one), or
        V(unchecked).
      type: str
    key_accepted:
      description: Whether the host let the key in; none where it was not tried.
      type: bool
    readable:
      description: Whether the key may read the repository; none where it was not tried.
      type: bool
    writable:
      description: Whether the key may write to it; none where it was not tried.
      type: bool
    empty:
      description: Whether it is empty, for O(content=empty) as Appsmith sees it.
      type: bool
    default_branch:
      description: The default branch, which Appsmith imports.
      type: str
    branches:
      description: All branches.
      type: list
      elements: str
    application:
      description: Whether the branch holds an Appsmith application; none where it was not looked for.
      type: bool
    archived:
      description: Whether the repository is archived, as O(git_host) says.
      type: bool
    deploy_key:
      description: C(title) and C(read_only) of O(deploy_key) at O(git_host).
      type: dict
    private:
      description: >-
        Whether Appsmith takes it for private, since its web page is not readable by everybody. With O(workspace), for
        repositories that are not there yet.
      type: bool
    changed:
      description: Always V(false).
      type: bool
    failed:
      description: Whether something is wrong.
      returned: failure
      type: bool
    msg:
      description: What is wrong, and what to do.
      returned: failure
      type: str
    error:
      description: The error's parts (C(title), C(code), C(http_status), C(message), C(next_step), C(details)).
      returned: failure
      type: dict
private_repositories:
  description: >-
    C(used) (private repositories of the workspace), C(new) (those of O(repositories) that would be added), C(limit),
    and C(names) of the applications that count.
  returned: with O(workspace)
  type: dict
"""

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._argspec import CONNECTION
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_check import (
    ANY,
    APPLICATION,
    EMPTY,
    Check,
    Wanted,
    counts_as_private,
    fingerprint,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_host import GIT_HOST_OPTIONS, GitHost
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._remote_url import same_repository
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_module import (
    ACCESS,
    WIDTH,
    access_of,
    refuse_twice,
    side_by_side,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import HAS_GITPYTHON


class GitCheck(AppsmithModule):
    argument_spec = {
        "appsmith_url": {**CONNECTION["appsmith_url"], "required": False},
        **ACCESS,
        **WIDTH,
        "git_host": GIT_HOST_OPTIONS,
        "repositories": {"type": "list", "elements": "str", "required": True, "aliases": ["repository"]},
        "content": {"type": "str", "choices": [APPLICATION, EMPTY, ANY], "default": APPLICATION},
        "branch": {"type": "str"},
        "write": {"type": "bool", "default": False},
        "sign_in": {"type": "bool"},
        "host_keys": {"type": "list", "elements": "str", "no_log": False},
        "deploy_key": {"type": "str", "no_log": False},
        "connect_timeout": {"type": "int", "default": 10},
        "workspace": {"type": "str"},
        "private_limit": {"type": "int", "default": 3},
    }
    required_by = {"workspace": ["appsmith_url"], "deploy_key": ["git_host"]}

    def run(self) -> None:
        params = self.params
        self.result["results"] = []
        refuse_twice(params["repositories"])
        host = GitHost.of(self)
        sign_in = params["sign_in"]
        if sign_in is None:
            sign_in = host is None or bool(params["git_ssh_key_file"])
        if sign_in:
            self.require(HAS_GITPYTHON, "GitPython")
        if not 1 <= params["connect_timeout"] <= 600:
            raise InvalidInput("connect_timeout must be 1 to 600")
        wanted = Wanted(
            content=params["content"],
            branch=params["branch"],
            write=params["write"],
            sign_in=sign_in,
            host_keys=tuple(fingerprint(text) for text in params["host_keys"] or ()),
            deploy_key=params["deploy_key"],
            timeout=params["connect_timeout"],
        )
        access = access_of(params)
        checks = [Check(given, wanted, access, host) for given in params["repositories"]]
        for done in side_by_side(checks, Check.run, params["width"]).values():
            done.result()
        if params["workspace"]:
            self.count(checks, params["workspace"])
        self.report(checks)

    def count(self, checks: list[Check], name: str) -> None:
        """What the free edition limits; the server asks the vendor for the number, so this one can only warn."""
        workspace = _workspaces.select(_workspaces.list_workspaces(self.client), name)
        listed = _applications.list_applications(self.client, workspace["id"]) if workspace else []
        connected = {str(item.get("name")): _applications.git_data(item) for item in listed}
        names = sorted(name for name, git in connected.items() if git.get("isRepoPrivate"))
        new = 0
        for check in checks:
            there = any(same_repository(git.get("remoteUrl"), check.entry["repository"]) for git in connected.values())
            if check.repository and not there:
                check.entry["private"] = counts_as_private(check.repository)
                new += check.entry["private"]
        limit = self.params["private_limit"]
        self.result["private_repositories"] = {"used": len(names), "new": new, "limit": limit, "names": names}
        if limit and new and len(names) + new > limit:
            self.warn(
                f"'{name}' has {len(names)} private repositories and would get {new} more; the free edition takes "
                f"{limit} in a workspace. Use another workspace or public ones, or set private_limit for your edition."
            )

    def report(self, checks: list[Check]) -> None:
        def outcome(check: Check) -> dict[str, Any]:
            if check.error is not None:
                raise check.error
            return check.entry

        try:
            self.each(checks, outcome, label=lambda check: check.label)
        finally:
            # One that failed says as much about itself as the others.
            entries = self.result["results"]
            entries[:] = [{**check.entry, **entry} for check, entry in zip(checks, entries, strict=True)]


def main() -> None:
    GitCheck.main()


if __name__ == "__main__":
    main()
