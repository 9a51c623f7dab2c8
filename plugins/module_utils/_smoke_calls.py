# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a smoke test asks of an application: its published pages and queries, and its datasources; private."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _git_view
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import kind_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import Plan, authorised, storage_of
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import Datasources, used_by_application
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Target

# Of an answer that was not the expected one, as much is shown.
_SHOWN = 200


class SmokeTestFailed(AppsmithError):
    """The instance or the application does not do what a test expects."""


def short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


class Published:
    """The published view of an application, as one account sees it; each list is asked for once."""

    def __init__(self, client: Client, target: Target, who: str | None = None, *, width: int = 1) -> None:
        self.client, self.target = client, target
        # Pages that are loaded side by side.
        self.width = width
        self.who = f" that {who} may see" if who else ""

    @cached_property
    def pages(self) -> list[dict[str, Any]]:
        return _git_view.pages(self.client, self.target.id, "PUBLISHED")

    @cached_property
    def queries(self) -> list[dict[str, Any]]:
        """The published ones, without the functions of JS objects."""
        return self.client.get("/actions/view", params={"applicationId": self.target.id}) or []

    def names(self, wanted: list[str]) -> list[str]:
        """Names of the published pages; all that are wanted must be there, and one at least."""
        names = [str(page["name"]) for page in self.pages]
        if not names:
            step = "Publish it, or give them the right to view it." if self.who else "Publish it."
            raise SmokeTestFailed(f"The application has no published page{self.who}", next_step=step)
        missing = [name for name in wanted if name not in names]
        if missing:
            raise SmokeTestFailed(
                f"Page {', '.join(missing)} is not published (published: {', '.join(names)})",
                next_step="Publish the application, or correct the test.",
            )
        return names

    def load(self, names: list[str]) -> list[str]:
        """Load pages as a browser does that opens them, several at once; of those that fail the first is named."""
        ids = {str(page["name"]): str(page["id"]) for page in self.pages}
        width = min(self.width, len(names))
        if width < 2:
            for name in names:
                self._load(self.client, name, ids[name])
            return names
        failed: dict[int, AppsmithError] = {}

        def some(first: int) -> None:
            own = self.client.clone()
            try:
                for number in range(first, len(names), width):
                    try:
                        self._load(own, names[number], ids[names[number]])
                    except AppsmithError as error:
                        failed[number] = error
                        return
            finally:
                own.close()

        with ThreadPoolExecutor(max_workers=width) as pool:
            list(pool.map(some, range(width)))
        if failed:
            raise failed[min(failed)]
        return names

    @staticmethod
    def _load(client: Client, name: str, page_id: str) -> None:
        try:
            # Appsmith brings an old layout to the newest format for whoever opens the page, and keeps it: the
            # service that does it is part of what has to work.
            page = client.get(f"/pages/{page_id}/view", params={"migrateDsl": "true"}) or {}
        except AppsmithError as error:
            raise SmokeTestFailed(
                f"Page {name} is listed, but does not load: {error.message}",
                code=error.code,
                http_status=error.http_status,
                next_step=error.next_step,
            ) from error
        layouts = page.get("layouts") or []
        if not layouts or not all(isinstance(one.get("dsl"), dict) for one in layouts):
            raise SmokeTestFailed(
                f"Page {name} loads without a layout: its users see nothing", next_step="Deploy the application."
            )

    def query(self, name: str, page: str | None) -> str:
        """Id of a published query; the page settles which of several is meant."""
        pages = {one[key]: str(one["name"]) for one in self.pages for key in ("id", "baseId") if one.get(key)}
        named = [query for query in self.queries if query.get("name") == name]
        found = [query for query in named if page is None or pages.get(query.get("pageId")) == page]
        if not found:
            where = f" on page '{page}'" if page else ""
            known = ", ".join(sorted({str(query.get("name")) for query in self.queries})) or "none"
            raise NotFound(
                f"There is no published query '{name}'{where} (there are: {known})",
                next_step="Correct the test; functions of JS objects run in browsers only.",
            )
        if len(found) > 1:
            where = ", ".join(sorted(str(pages.get(query.get("pageId"))) for query in found))
            raise InvalidInput(f"{len(found)} queries are named '{name}', on {where}", next_step="Say which by page.")
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
        f"The query failed: {short(reason or answer.get('statusCode') or 'no reason was given')}",
        next_step="Check the datasource's credentials (stagecraft.appsmith.datasources), then the query.",
    )


def prove_datasources(client: Client, target: Target, names: list[str]) -> list[dict[str, Any]]:
    """Have the plugins test datasources as they are stored, where their test means something (contract 5.2: REST and
    other APIs say yes without a call). C(*): all that the application uses."""
    known = Datasources(client, target.workspace_id)
    if "*" in names:
        chosen = used_by_application(client, target.workspace_id, target.id)
    else:
        chosen = [one for one in known.all if one["name"] in names]
        missing = [name for name in names if all(one["name"] != name for one in chosen)]
        if missing:
            there = ", ".join(sorted(one["name"] for one in known.all)) or "none"
            raise NotFound(f"There is no datasource {', '.join(missing)} (there are: {there})")
    results = [_prove(known, one) for one in chosen]
    broken = [one for one in results if one["problem"]]
    if broken:
        raise SmokeTestFailed(
            "; ".join(f"Datasource '{one['name']}' {one['problem']}" for one in broken),
            next_step="Correct it (stagecraft.appsmith.datasources).",
            details=results,
        )
    return results


def _prove(known: Datasources, datasource: dict[str, Any]) -> dict[str, Any]:
    storage, package = storage_of(datasource), known.package_of(datasource)
    plan = Plan(
        datasource["name"],
        kind_of(package),
        known.plugins.get(package) or {"id": datasource.get("pluginId")},
        storage.get("datasourceConfiguration") or {},
        datasource,
    )
    problem, proven, proof = "", False, "saved, not proven (the plugin's test calls nothing)"
    if not storage.get("isConfigured"):
        problem = proof = "has no configuration"
    elif plan.needs_browser:
        proof = "saved, not proven (a person consents in a browser)"
        if not authorised(storage):
            problem = "waits for a person's consent in a browser"
    elif plan.kind.test_proves:
        objections = known.test(plan, plan.current, stored=True)
        problem = f"does not work: {'; '.join(objections)}" if objections else ""
        proven, proof = not objections, "refused by the plugin's test" if objections else "tested"
    return {"name": plan.name, "plugin": package, "proven": proven, "proof": proof, "problem": problem}
