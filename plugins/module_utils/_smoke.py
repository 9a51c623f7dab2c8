# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try an application as its users have it: its published pages, and queries that say whose data they see; private."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target

try:
    import jmespath
except ImportError:
    # The module says so in the field's words, and only when a test has an expectation.
    HAS_JMESPATH = False
else:
    HAS_JMESPATH = True

# Of an answer that was not the expected one, as much is shown.
_SHOWN = 200

Test = dict[str, Any]


class SmokeTestFailed(AppsmithError):
    """The application does not do what a test expects."""


def check(test: Test) -> None:
    """What can be known to be wrong with a test before it is run."""
    if not test.get("query") and (test.get("expect") or test.get("equals") is not None or test.get("page")):
        raise InvalidInput(
            f"Smoke test '{label(test)}' has expect, equals or page, but no query",
            next_step="Name the query whose answer is meant.",
        )
    if test.get("expect") and HAS_JMESPATH:
        try:
            jmespath.compile(test["expect"])
        except jmespath.exceptions.JMESPathError as error:
            raise InvalidInput(
                f"Smoke test '{label(test)}': expect is no JMESPath expression ({str(error).splitlines()[0]})",
                next_step="Correct it; nothing was run.",
            ) from error


def label(test: Test) -> str:
    if test.get("name"):
        return str(test["name"])
    return f"{test['application']}: {test['query']}" if test.get("query") else test["application"]


def published_pages(client: Client, application: Target, wanted: list[str]) -> list[str]:
    """Names of the published pages; all that are wanted must be there, and one at least."""
    shown = _applications.pages(client, application.id, "PUBLISHED").get("pages") or []
    names = [page["name"] for page in shown]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise SmokeTestFailed(
            f"Page {', '.join(missing)} is not published (published: {', '.join(names) or 'none'})",
            next_step="Publish the application, or correct the test.",
        )
    if not names:
        raise SmokeTestFailed("The application has no published page", next_step="Publish it.")
    return names


def find_query(client: Client, application: Target, name: str, page: str | None) -> str:
    """Id of a query; the page settles which of several is meant."""
    actions = client.get("/actions", params={"applicationId": application.id}) or []
    pages = {one["id"]: one["name"] for one in _applications.pages(client, application.id).get("pages") or []}
    named = [action for action in actions if action.get("name") == name]
    found = [action for action in named if page is None or pages.get(action.get("pageId")) == page]
    if not found:
        where = f" on page '{page}'" if page else ""
        known = ", ".join(sorted({str(action.get("name")) for action in actions})) or "none"
        raise NotFound(f"There is no query '{name}'{where} (there are: {known})", next_step="Correct the test.")
    if len(found) > 1:
        where = ", ".join(sorted(str(pages.get(action.get("pageId"))) for action in found))
        raise InvalidInput(f"{len(found)} queries are named '{name}', on {where}", next_step="Say which by page.")
    if found[0].get("pluginType") == "JS":
        raise InvalidInput(
            f"'{name}' is a function of a JS object, which runs in browsers only", next_step="Test a query instead."
        )
    return str(found[0]["id"])


def run_query(client: Client, action_id: str) -> Any:
    """The body of a query's answer, run in view mode as the published application runs it."""
    request = json.dumps({"actionId": action_id, "viewMode": True})
    answer = client.post("/actions/execute", files={"executeActionDTO": (None, request)}, writes=False) or {}
    if answer.get("isExecutionSuccess") is True:
        return answer.get("body")
    details = answer.get("pluginErrorDetails") or {}
    reason = details.get("downstreamErrorMessage") or details.get("appsmithErrorMessage") or answer.get("body")
    raise SmokeTestFailed(
        f"The query failed: {_short(reason or answer.get('statusCode') or 'no reason was given')}",
        next_step="Check the datasource's credentials (stagecraft.appsmith.datasources), then the query.",
    )


def compare(test: Test, body: Any) -> Any:
    """What the test looks at in the answer; raises when it is not what was expected."""
    expression, wanted = test.get("expect"), test.get("equals")
    found = jmespath.search(expression, body) if expression else body
    if wanted is not None:
        # Ansible may have made a string of a number.
        if found != wanted and (isinstance(found, (dict, list)) or str(found) != str(wanted)):
            raise SmokeTestFailed(
                f"{expression or 'The answer'} is {_short(found)}, expected {_short(wanted)}",
                next_step="Check the data that the application sees, or the test.",
            )
    elif expression and (found is None or found is False or found in ("", [], {})):
        raise SmokeTestFailed(
            f"{expression} finds nothing in the answer ({_short(body)})",
            next_step="Check the data that the application sees, or the test.",
        )
    return found


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
