#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_info
short_description: Look at an Appsmith instance, or wait until it is ready
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Tells whether the instance is ready, its release, and what it says to anybody. Needs no credentials.
  - An instance that can't be reached or is starting is not an error, unless O(wait) is set. See RV(instance.ready) and
    RV(instance.problem).
  - The container's own health check says C(healthy) while Appsmith still shows its loading page. Ready means here
    that the health call and the API both answer as Appsmith does.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  wait:
    description:
      - Wait until the instance is ready, and runs O(expect_version) if that is set. Fail when O(wait_timeout) is over.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait. A first start, or one after an upgrade, can take minutes.
    type: int
    default: 600
  wait_interval:
    description:
      - Seconds between two looks.
    type: int
    default: 3
  expect_version:
    description:
      - The release that the instance must run, such as V(v1.91). Another one is an error.
      - With O(wait) it is an error only when O(wait_timeout) is over, since after an upgrade the old release may still
        answer for a moment.
      - Any release will do when not given.
    type: str
"""

EXAMPLES = r"""
- name: Look at the instance
  stagecraft.appsmith.instance_info:
    appsmith_url: https://staging.example.com
  register: staging

- name: Say what was found
  ansible.builtin.debug:
    msg: "{{ staging.instance.version if staging.instance.ready else staging.instance.problem }}"

- name: Wait until the upgraded instance is ready
  stagecraft.appsmith.instance_info:
    appsmith_url: https://staging.example.com
    wait: true
    wait_timeout: 900
    expect_version: v1.91
"""

RETURN = r"""
instance:
  description: The instance. What is not known, since it is not ready, is null.
  returned: always
  type: dict
  contains:
    url:
      description: Its address.
      type: str
    ready:
      description: Whether it can be worked with.
      type: bool
    problem:
      description: Why it isn't ready.
      type: str
    version:
      description: Its release; null when nobody knows.
      type: str
    version_source:
      description: V(instance) when the instance told it, V(option) when it was taken from O(appsmith_version).
      type: str
    empty:
      description: Whether it has no users yet.
      type: bool
    instance_id:
      description: Its identity.
      type: str
    name:
      description: Its name.
      type: str
    plan:
      description: The vendor's plan, C(FREE) for the Community Edition.
      type: str
    form_login:
      description: Whether users can sign in by password.
      type: bool
    signup:
      description: Whether anybody may sign up.
      type: bool
  sample:
    url: https://staging.example.com
    ready: true
    problem: null
    version: v1.91
    version_source: instance
    empty: false
    instance_id: 6b0285a7aa785c57005b53b9
    name: Appsmith
    plan: FREE
    form_login: true
    signup: true
waited:
  description: Seconds that were waited.
  returned: success
  type: int
  sample: 42
"""

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    IncompatibleVersion,
    InvalidInput,
    NotReady,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._instance import UNKNOWN, facts, is_passing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version

# Seconds for one look; a server that takes longer for these calls isn't ready.
LOOK_TIMEOUT = 20


class InstanceInfo(AppsmithModule):
    needs_session = False
    argument_spec = {
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 600},
        "wait_interval": {"type": "int", "default": 3},
        "expect_version": {"type": "str"},
    }

    def run(self) -> None:
        self.problem: AppsmithError | None = None
        expected = self.params["expect_version"]
        self.wanted = Version.parse(expected) if expected else None
        wait = self.params["wait"]
        start = _wait.now()
        timeout = self.params["wait_timeout"] if wait else 0
        found = _wait.poll(self.look, timeout=timeout, interval=self.params["wait_interval"])
        self.result["waited"] = round(_wait.now() - start)
        if wait and found is None:
            raise self.gave_up()

    def new_client(self) -> Client:
        """Asks once and soon gives up: this module does the waiting itself."""
        client = super().new_client()
        client.retries = 0
        client.timeout = min(client.timeout, LOOK_TIMEOUT)
        return client

    def look(self) -> bool | None:
        """True when the instance is as wanted; else the reason is in self.problem."""
        self.problem = None
        self.result["instance"] = {**UNKNOWN, "url": self.params["appsmith_url"]}
        try:
            self.result["instance"] = facts(self.client, self.params["appsmith_version"])
            self.check_version(self.result["instance"])
        except AppsmithError as error:
            self.problem = error
            self.result["instance"]["problem"] = error.message
            if not is_passing(error, waiting=self.params["wait"]):
                raise
            return None
        return True

    def check_version(self, state: dict[str, Any]) -> None:
        wanted = self.wanted
        if wanted is None:
            return
        if state["version"] is None:
            # Ready and silent: no waiting will make it speak.
            raise InvalidInput(
                f"{self.client.url} does not say which release it is, so that it can't be compared with {wanted}",
                next_step="Give what it runs by appsmith_version.",
            )
        if Version.parse(state["version"]) != wanted:
            raise IncompatibleVersion(
                f"{self.client.url} runs {state['version']}, not {wanted}",
                next_step="Look at how the instance was started, and at its log.",
            )
        if state["version_source"] == "option":
            self.warn(f"{self.client.url} does not tell its release; appsmith_version ({wanted}) was believed")

    def gave_up(self) -> AppsmithError:
        if isinstance(self.problem, IncompatibleVersion):
            return self.problem
        reason = self.problem.message if self.problem else ""
        return NotReady(
            f"{self.params['appsmith_url']} was not ready after {self.params['wait_timeout']} seconds: {reason}",
            next_step="Check appsmith_url, look into the instance's log, or raise wait_timeout.",
        )


def main() -> None:
    InstanceInfo.main()


if __name__ == "__main__":
    main()
