#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests published applications."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smoke_test
short_description: Test published Appsmith applications
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Looks whether the pages of an application are published, and runs queries of it in view mode, as the published
    application does, with the credentials that this instance has.
  - A query that answers with its database user is the cheapest proof that an instance uses its own credentials.
  - All tests are run. The module fails at the end if any failed.
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  branch:
    description: The branch that the instance works on. Defaults to the one that Appsmith lists the application with.
    type: str
  tests:
    description: The tests.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What to call it in the result. Defaults to the application and the query.
        type: str
      application:
        description: Name of the application.
        type: str
        required: true
      pages:
        description: Names of pages that must be published. At least one always has to be.
        type: list
        elements: str
        default: []
      query:
        description:
          - Name of a query to run. It must succeed.
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
      description: Name of the application; only there if the test passed.
      type: str
    pages:
      description: Names of the published pages; only there if the test passed.
      type: list
      elements: str
    found:
      description: What the expression found, or the whole answer; only there if a query was run and the test passed.
      type: raw
    passed:
      description: Only there if the test passed.
      type: bool
    failed:
      description: Only there if the test failed, with C(msg) and C(error).
      type: bool
passed:
  description: How many tests passed.
  returned: always
  type: int
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _smoke, _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class SmokeTest(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        "workspace": {"type": "str", "required": True},
        "branch": {"type": "str"},
        "tests": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str"},
                "application": {"type": "str", "required": True},
                "pages": {"type": "list", "elements": "str", "default": []},
                "query": {"type": "str"},
                "page": {"type": "str"},
                "expect": {"type": "str"},
                "equals": {"type": "raw"},
            },
        },
    }

    def run(self) -> None:
        tests = self.params["tests"]
        self.result.update(results=[], passed=0)
        if any(test["expect"] for test in tests):
            self.require(_smoke.HAS_JMESPATH, "jmespath")
        for test in tests:
            _smoke.check(test)
        workspace = _workspaces.get(self.client, self.params["workspace"])
        self._listed = _applications.list_applications(self.client, workspace["id"])
        self._targets: dict[str, Target] = {}
        try:
            self.each(tests, self._test, label=_smoke.label)
        finally:
            self.result["passed"] = sum(1 for entry in self.result["results"] if not entry.get("failed"))

    def _target(self, name: str) -> Target:
        """The application at the branch that is meant, looked up once."""
        if name not in self._targets:
            target = Target.read(_applications.pick(self._listed, name), self.params["workspace"])
            branch = self.params["branch"]
            if branch and target.branch and branch != target.branch:
                target = at_branch(Git.of(self.client, self.version, warn=self.warn), target, branch)
            self._targets[name] = target
        return self._targets[name]

    def _test(self, test: dict[str, Any]) -> dict[str, Any]:
        target = self._target(test["application"])
        pages = _smoke.published_pages(self.client, target, test["pages"])
        entry: dict[str, Any] = {"application": target.name, "pages": pages, "passed": True}
        if test["query"]:
            action = _smoke.find_query(self.client, target, test["query"], test["page"])
            entry["found"] = _smoke.compare(test, _smoke.run_query(self.client, action))
        return entry


def main() -> None:
    SmokeTest.main()


if __name__ == "__main__":
    main()
