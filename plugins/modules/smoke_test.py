#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests published applications."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smoke_test
short_description: Test an Appsmith instance and its published applications
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Does what the users of an instance do, and looks whether it works. It loads pages of published applications by the
    call that a browser makes, runs queries in view mode with the credentials that this instance has, has datasources
    tested by their plugins, and signs in with given accounts.
  - A query that answers with its database user is the cheapest proof that an instance uses its own credentials.
  - All tests are run, several applications side by side. The module fails at the end if any failed.
  - It changes nothing that anybody made. Appsmith itself keeps a page's layout in its newest format when somebody opens
    a page that an older release wrote, and so it does here.
options:
  workspace:
    description: Name of the workspace. Needed by tests of applications.
    type: str
  branch:
    description: The branch that the instance works on. Defaults to the one that Appsmith lists the application with.
    type: str
  width:
    description: How many applications are tested side by side.
    type: int
    default: 4
  tests:
    description: The tests.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What to call it in the result. Defaults to the application and the query, or to what is tested.
        type: str
      application:
        description:
          - Name of the application; V(workspace/name) where several are named so.
          - Without it the test is one of the instance (O(tests[].health), O(tests[].version), or a sign-in).
        type: str
      pages:
        description:
          - Names of published pages that must load.
          - Default is all that are published, unless O(tests[].query) or O(tests[].datasources) say what is meant. At
            least one has to be published in any case.
          - Loads means that the server answers with the page's layout. Nothing is drawn, and no query of it is run.
        type: list
        elements: str
        default: []
      query:
        description:
          - Name of a published query to run. It must succeed.
          - It is run in check mode as well, so use one that only reads.
        type: str
      page:
        description: Name of the query's page, where several pages have a query of that name.
        type: str
      expect:
        description:
          - JMESPath expression on the query's answer, such as V([0].current_user).
          - Without O(tests[].equals) it has to find something.
        type: str
      equals:
        description: What O(tests[].expect), or without it the whole answer, has to be.
        type: raw
      datasources:
        description:
          - Names of datasources of the workspace that must work; V(*) means all that the application uses.
          - The plugin's own test is asked where it calls the other side (databases, SMTP, S3). Tests of REST, GraphQL
            and other APIs say yes without a call; such a datasource has to be configured, and the result says that it
            is not proven. Run a query for proof.
        type: list
        elements: str
        default: []
      username:
        description:
          - Sign in with this account, and look at the application as this account does, with what it may see.
          - Use an account of a viewer, with O(tests[].password). A refused password is tried once and does not count
            towards the suspension of the account.
        type: str
      password:
        description: Password of O(tests[].username).
        type: str
      anonymous:
        description: Look at the application as somebody who has not signed in, for public applications.
        type: bool
        default: false
      health:
        description: Whether the instance must say that it is healthy.
        type: bool
        default: false
      version:
        description: Release that the instance must run, such as V(v1.91). One that does not tell its release passes.
        type: str
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes.info
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
requirements:
  - Python library C(jmespath), for O(tests[].expect)
"""

EXAMPLES = r"""
- name: Production shows its pages, and works with its own database user
  stagecraft.appsmith.smoke_test:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    tests:
      - application: orders
        pages: [Orders, Customers]
      - application: orders
        query: who_am_i
        expect: "[0].current_user"
        equals: orders_production

- name: The instance is well, and a viewer can sign in and open every page
  stagecraft.appsmith.smoke_test:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    tests:
      - health: true
        version: v1.91
      - application: orders
        username: viewer@example.com
        password: "{{ vault_viewer_password }}"
      - application: orders
        datasources: ["*"]
"""

RETURN = r"""
results:
  description: The tests, in order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the test.
      type: str
    application:
      description: Name of the application as given; none for a test of the instance.
      type: str
    passed:
      description: Whether all of it is as expected.
      type: bool
    failed:
      description: The opposite of RV(results[].passed).
      type: bool
    msg:
      description: Why it failed; empty if it passed.
      type: str
    error:
      description: The parts of the error; none if it passed.
      type: dict
    seconds:
      description: How long it took.
      type: float
    username:
      description: The account that looked; only there if one was given and could sign in.
      type: str
    pages:
      description: Names of the published pages; only there for a test of an application.
      type: list
      elements: str
    loaded:
      description: Names of the pages that were loaded; only there for a test of an application.
      type: list
      elements: str
    found:
      description: What the expression found, or the whole answer; only there if a query was run and passed.
      type: raw
    datasources:
      description: The datasources that were looked at; only there if O(tests[].datasources) was given and they passed.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the datasource.
          type: str
        plugin:
          description: Package name of its plugin.
          type: str
        proven:
          description: Whether the plugin's test reached the other side.
          type: bool
        proof:
          description: What was done, in words.
          type: str
        problem:
          description: What is wrong with it; empty, since it passed.
          type: str
    health:
      description: Only there, and true, if the instance said that it is healthy.
      type: bool
    version:
      description: The release that runs, if the instance tells. Only there if O(tests[].version) was given.
      type: str
passed:
  description: How many tests passed.
  returned: always
  type: int
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _smoke, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._smoke_options import TEST_OPTIONS


class SmokeTest(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "workspace": {"type": "str"},
        "branch": {"type": "str"},
        "width": {"type": "int", "default": 4},
        "tests": {"type": "list", "elements": "dict", "required": True, "options": TEST_OPTIONS},
    }

    def run(self) -> None:
        tests = self.params["tests"]
        self.result.update(results=[], passed=0)
        if any(test["expect"] for test in tests):
            self.require(_smoke.HAS_JMESPATH, "jmespath")
        for test in tests:
            _smoke.check(test)
        if not 1 <= self.params["width"] <= 32:
            raise InvalidInput("width must be 1 to 32")
        if not self.params["workspace"] and any(test["application"] for test in tests):
            raise InvalidInput("Tests of applications need their workspace", next_step="Give workspace.")
        results = _smoke.run_tests(
            self.client,
            lambda: Git.of(self.client, self.version, warn=self.warn),
            self._targets(tests),
            tests,
            branch=self.params["branch"],
            width=self.params["width"],
        )
        self.result.update(results=results, passed=sum(entry["passed"] for entry in results))
        failure = _smoke.failure(results)
        if failure:
            raise failure

    def _targets(self, tests: list[_smoke.Test]) -> list[Target]:
        """The applications of the workspace, if any is to be tested."""
        name = self.params["workspace"]
        if not any(test["application"] for test in tests):
            return []
        workspace = _workspaces.get(self.client, name)
        listed = _applications.list_applications(self.client, workspace["id"])
        return [Target.read(application, name) for application in listed]


def main() -> None:
    SmokeTest.main()


if __name__ == "__main__":
    main()
