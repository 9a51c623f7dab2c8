# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests as data: what an instance and its published applications have to do; private to the collection.

What is asked is what a viewer's browser asks for. Calls of a test of an application: C(GET /pages) and, with a query,
C(GET /actions/view), both once for all tests of the application (and account); C(GET /pages/ID/view) for each page;
C(POST /actions/execute) for the query.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AccountSuspended,
    AppsmithError,
    AuthenticationFailed,
    InvalidInput,
    NotFound,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import quiet_sign_out, sign_in
from ansible_collections.stagecraft.appsmith.plugins.module_utils._smoke_calls import (
    Published,
    SmokeTestFailed,
    prove_datasources,
    run_query,
    short,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version, look

try:
    import jmespath
except ImportError:
    # The module says so in the field's words, and only when a test has an expectation.
    HAS_JMESPATH = False
else:
    HAS_JMESPATH = True

Test = dict[str, Any]

_OF_APPLICATIONS = ("pages", "query", "datasources", "anonymous")


def check(test: Test) -> None:
    """What can be known to be wrong with a test before it is run."""
    name = label(test)
    if not test.get("query") and (test.get("expect") or test.get("equals") is not None or test.get("page")):
        raise InvalidInput(
            f"Smoke test '{name}' has expect, equals or page, but no query",
            next_step="Name the query whose answer is meant.",
        )
    lonely = [option for option in _OF_APPLICATIONS if test.get(option)]
    if lonely and not test.get("application"):
        raise InvalidInput(f"Smoke test '{name}' has {', '.join(lonely)}, but no application")
    if bool(test.get("username")) != bool(test.get("password")) or (test.get("username") and test.get("anonymous")):
        raise InvalidInput(f"Smoke test '{name}': username and password belong together, and not to an anonymous test")
    if not any(test.get(option) for option in ("application", "username", "health", "version")):
        raise InvalidInput(
            f"Smoke test '{name}' tests nothing",
            next_step="Give an application, username and password, health, or version.",
        )
    if test.get("version"):
        Version.parse(test["version"])
    if test.get("expect"):
        _check_expression(name, test["expect"])


def _check_expression(name: str, expression: str) -> None:
    if not HAS_JMESPATH:
        raise InvalidInput(f"Smoke test '{name}': expect needs the Python library jmespath on the host that runs it")
    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise InvalidInput(
            f"Smoke test '{name}': expect is no JMESPath expression ({str(error).splitlines()[0]})",
            next_step="Correct it; nothing was run.",
        ) from error


def label(test: Test) -> str:
    if test.get("name"):
        return str(test["name"])
    if test.get("application"):
        return f"{test['application']}: {test['query']}" if test.get("query") else str(test["application"])
    parts = ["health"] if test.get("health") else []
    parts += [f"version {test['version']}"] if test.get("version") else []
    parts += [f"sign-in of {test['username']}"] if test.get("username") else []
    return ", ".join(parts) or "unnamed"


def run_tests(
    client: Client,
    git: Git | Callable[[], Git],
    targets: Iterable[Target],
    tests: Iterable[Test],
    *,
    branch: str | None = None,
    width: int = 4,
) -> list[dict[str, Any]]:
    """Run all tests, several applications side by side, and say in their order what became of each: C(name),
    C(application), C(passed), C(failed), C(msg) and more. A failing test raises nothing.

    C(targets): the applications that tests may name, at the branch that is meant, unless C(branch) says another (only
    then C(git) is needed)."""
    run = _Run(client, git, list(targets), branch)
    found: list[dict[str, Any]] = []
    groups: dict[Any, list[tuple[int, Test]]] = {}
    for number, test in enumerate(tests):
        found.append({})
        account = (test.get("username"), test.get("password"), bool(test.get("anonymous")))
        groups.setdefault((test.get("application"), account), []).append((number, test))

    # What several applications don't use is for the pages of one.
    run.spare = max(1, width // max(1, len(groups)))

    def work(group: list[tuple[int, Test]]) -> None:
        for number, entry in run.group(group, alone=width == 1 or len(groups) == 1):
            found[number] = entry

    try:
        with ThreadPoolExecutor(max_workers=max(1, width)) as pool:
            list(pool.map(work, groups.values()))
    finally:
        run.end()
    return found


def failure(results: list[dict[str, Any]]) -> SmokeTestFailed | None:
    """One error for the tests that failed, if any did."""
    failed = [entry for entry in results if entry["failed"]]
    if not failed:
        return None
    if len(results) == 1:
        error = failed[0]["error"]
        return SmokeTestFailed(
            error["message"], **{key: error[key] for key in ("code", "http_status", "next_step", "details")}
        )
    return SmokeTestFailed(
        f"{len(failed)} of {len(results)} failed: " + " | ".join(f"{one['name']}: {one['msg']}" for one in failed),
        details=[{"name": entry["name"], **entry["error"]} for entry in failed],
    )


class _Run:
    def __init__(self, client: Client, git: Git | Callable[[], Git], targets: list[Target], branch: str | None) -> None:
        self.client, self.git, self.targets, self.branch = client, git, targets, branch
        self.spare = 1
        self._lock = threading.Lock()
        # By user name and password: a refused one is never tried a second time.
        self._accounts: dict[tuple[str, str], Client | AppsmithError] = {}

    def group(self, tests: list[tuple[int, Test]], *, alone: bool) -> list[tuple[int, dict[str, Any]]]:
        """The tests of one application and account, one after another."""
        client = self.client if alone else self.client.clone()
        viewer: _Viewer | None = None
        entries = []
        try:
            for number, test in tests:
                began = time.monotonic()
                entry: dict[str, Any] = {"name": label(test), "application": test.get("application")}
                try:
                    self._instance(client, test, entry)
                    if viewer is None:
                        viewer = self._viewer(client, test)
                    viewer.test(test, entry)
                    entry |= {"passed": True, "failed": False, "msg": "", "error": None}
                except AppsmithError as error:
                    entry |= {"passed": False, "failed": True, "msg": str(error), "error": error.as_dict()}
                entry["seconds"] = round(time.monotonic() - began, 2)
                entries.append((number, entry))
        finally:
            if viewer is not None and viewer.client is not client:
                viewer.client.close()
            if not alone:
                client.close()
        return entries

    @staticmethod
    def _instance(client: Client, test: Test, entry: dict[str, Any]) -> None:
        if test.get("health"):
            client.get("/health")
            entry["health"] = True
        if test.get("version"):
            release = look(client)
            entry["version"] = str(release) if release else None
            if release and release != Version.parse(test["version"]):
                raise SmokeTestFailed(f"The instance runs {release}, expected {test['version']}")

    def _viewer(self, client: Client, test: Test) -> _Viewer:
        name = test.get("application")
        own = self._account(client, test)
        target = self._at_branch(self._target(name)) if name else None
        who = test.get("username") or ("anybody" if test.get("anonymous") else None)
        return _Viewer(client, own, target, who, self.spare)

    def _at_branch(self, target: Target) -> Target:
        if not (self.branch and target.branch and self.branch != target.branch):
            return target
        with self._lock:
            if not isinstance(self.git, Git):
                self.git = self.git()
            return at_branch(self.git, target, self.branch)

    def _target(self, name: str) -> Target:
        """By name, or by workspace/name."""
        found = [one for one in self.targets if name in (one.name, f"{one.workspace}/{one.name}")]
        if len(found) > 1:
            raise InvalidInput(f"{len(found)} applications are named '{name}'", next_step="Say which: workspace/name.")
        if not found:
            names = ", ".join(sorted({f"'{one.name}'" for one in self.targets})) or "none"
            raise NotFound(f"There is no application '{name}' (there are: {names})", next_step="Check the name.")
        return found[0]

    def _account(self, client: Client, test: Test) -> Client:
        if test.get("anonymous"):
            own = client.clone()
            own.session = None
            return own
        if not test.get("username"):
            return client
        key = (test["username"], test["password"])
        with self._lock:
            if key not in self._accounts:
                own = client.clone()
                own.session = None
                try:
                    sign_in(own, *key)
                    self._accounts[key] = own
                except AppsmithError as error:
                    own.close()
                    if isinstance(error, AuthenticationFailed) and not isinstance(error, AccountSuspended):
                        error.next_step = "Correct the test's username and password; they were tried once."
                    self._accounts[key] = error
            known = self._accounts[key]
        if isinstance(known, AppsmithError):
            raise known
        return known.clone()

    def end(self) -> None:
        for own in self._accounts.values():
            if isinstance(own, Client):
                quiet_sign_out(own)
                own.close()


class _Viewer:
    """An application as an account sees it."""

    def __init__(self, admin: Client, client: Client, target: Target | None, who: str | None, width: int) -> None:
        self.admin, self.client, self.target, self.who, self.width = admin, client, target, who, width

    @cached_property
    def published(self) -> Published:
        if self.target is None:
            raise AssertionError("only tests of an application look at what is published")
        return Published(self.client, self.target, self.who, width=self.width)

    def test(self, test: Test, entry: dict[str, Any]) -> None:
        if self.who and not test.get("anonymous"):
            entry["username"] = self.who
        if self.target is None:
            return
        wanted = test.get("pages") or []
        entry["pages"] = self.published.names(wanted)
        # Without a word on what is meant, all that users can open.
        everything = not (test.get("query") or test.get("datasources"))
        entry["loaded"] = self.published.load(wanted or (entry["pages"] if everything else []))
        if test.get("query"):
            action = self.published.query(test["query"], test.get("page"))
            entry["found"] = compare(test, run_query(self.client, action))
        if test.get("datasources"):
            entry["datasources"] = prove_datasources(self.admin, self.target, test["datasources"])


def compare(test: Test, body: Any) -> Any:
    """What the test looks at in the answer; raises when it is not what was expected."""
    expression, wanted = test.get("expect"), test.get("equals")
    try:
        found = jmespath.search(expression, body) if expression else body
    except jmespath.exceptions.JMESPathError as error:
        raise SmokeTestFailed(
            f"{expression} does not fit the answer ({str(error).splitlines()[0]}): {short(body)}",
            next_step="Check the data that the application sees, or the test.",
        ) from error
    if wanted is not None:
        # Ansible may have made a string of a number.
        if found != wanted and (isinstance(found, (dict, list)) or str(found) != str(wanted)):
            raise SmokeTestFailed(
                f"{expression or 'The answer'} is {short(found)}, expected {short(wanted)}",
                next_step="Check the data that the application sees, or the test.",
            )
    elif expression and (found is None or found is False or found in ("", [], {})):
        raise SmokeTestFailed(
            f"{expression} finds nothing in the answer ({short(body)})",
            next_step="Check the data that the application sees, or the test.",
        )
    return found
