# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasources of a workspace: look, write, prove. Their secrets can be written and never read; private."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import (
    Json,
    differences,
    expected,
    hide,
    secret_values,
    shown,
    to_send,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import (
    build_configuration,
    kind_of,
    needs_browser,
    plugin_name,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import (
    ENVIRONMENT,
    Plan,
    Prover,
    authorised,
    need_all,
    storage_of,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AlreadyExists,
    AppsmithError,
    InvalidInput,
    NotFound,
    ProofFailed,
    after_writing,
)


class Datasources:
    """Those of one workspace, listed once."""

    def __init__(self, client: Client, workspace_id: str) -> None:
        self.client = client
        self.workspace_id = workspace_id

    @cached_property
    def plugins(self) -> dict[str, Json]:
        """By package name; the ids differ from instance to instance."""
        found = self.client.get("/plugins", params={"workspaceId": self.workspace_id}) or []
        return {plugin["packageName"]: plugin for plugin in found if plugin.get("packageName")}

    @cached_property
    def all(self) -> list[Json]:
        return self.client.get("/datasources", params={"workspaceId": self.workspace_id}) or []

    def package_of(self, datasource: Json) -> str:
        """Package name of a datasource's plugin."""
        wanted = datasource.get("pluginId")
        return next((name for name, plugin in self.plugins.items() if plugin["id"] == wanted), str(wanted))

    def find(self, name: str, plugin: str) -> Json | None:
        """By name and plugin; a datasource of that name with another plugin is an error."""
        package = plugin_name(plugin)
        found = next((datasource for datasource in self.all if datasource["name"] == name), None)
        if found is not None and self.package_of(found) != package:
            raise AlreadyExists(
                f"There is a datasource '{name}' already, of {self.package_of(found)}, not of {package}",
                next_step="Rename or delete that one, or correct the plugin.",
                details={"id": found["id"]},
            )
        return found

    def unconfigured(self) -> list[str]:
        return [datasource["name"] for datasource in self.all if not storage_of(datasource).get("isConfigured")]

    # -- one datasource as it is wanted -----------------------------------------------------------------------------
    def plan(self, item: Json, update_secrets: str, test: bool, prover: Prover | None = None) -> Plan:
        """Look, and decide. Asks the plugin's test, or the query, about the stored secret where that decides."""
        wanted = build_configuration(item)
        package = plugin_name(item["plugin"])
        plugin = self.plugins.get(package)
        if plugin is None:
            raise NotFound(
                f"Datasource '{item['name']}': the instance has no plugin {package}",
                next_step=f"It has {', '.join(sorted(self.plugins)) or 'none'}.",
            )
        plan = Plan(item["name"], kind_of(package), plugin, wanted, self.find(item["name"], package))
        if not plan.configured:
            need_all(item, plan)
        if plan.found is None:
            plan.reasons.append("missing")
            return plan
        # A configuration without authentication makes the server drop the stored one.
        stored = plan.current.get("authentication")
        if "authentication" not in wanted and stored:
            plan.wanted = {**wanted, "authentication": stored}
        if not plan.configured:
            plan.reasons.append("unconfigured")
            return plan
        plan.reasons += [f"differs: {path}" for path in differences(plan.wanted, plan.current)]
        secrets = bool(secret_values(plan.wanted))
        plan.send_secrets = update_secrets != "on_create"
        if secrets and update_secrets == "always":
            plan.reasons.append("secrets")
        undecided = secrets and update_secrets == "auto" and not plan.reasons
        if undecided and test and plan.test_proves and self.test(plan, plan.current, stored=True):
            plan.reasons.append("stored secret refused")
        elif undecided and prover and plan.found:
            try:
                plan.answered = prover(item, plan.found["id"])
            except InvalidInput:
                raise
            except AppsmithError:
                plan.reasons.append("query failed with the stored secret")
        return plan

    def ensure(
        self, item: Json, *, update_secrets: str, test: bool, check_mode: bool, prover: Prover | None = None
    ) -> Json:
        """Make one datasource as described and say what was proven of it; by its query only if C(prover) runs it."""
        prover = prover if test and item.get("proof_query") else None
        plan = self.plan(item, update_secrets, test, prover)
        tested = test and plan.test_proves
        # With `auto` the stored secret was just tried, and no reason means that it works.
        proven = tested and not plan.reasons and update_secrets == "auto" and bool(secret_values(plan.wanted))
        saved: Json | None = plan.found
        if plan.reasons and tested:
            self._demand(plan, plan.payload, stored=not plan.stands_alone)
            proven = check_mode
        written = bool(plan.reasons) and not check_mode
        if written:
            saved = self._save(plan)
        with after_writing(written):
            if written:
                self._look_at(plan, saved or {})
                self._first_token(plan, saved or {})
            if tested and not proven:
                stored = storage_of(saved or {}).get("datasourceConfiguration") or {}
                self._demand(plan, stored, stored=True, saved=saved)
                proven = True
            if prover and saved and not plan.answered and (written or not plan.reasons):
                plan.answered = self._ask(prover, item, saved)
        return self._report(plan, saved, proven=proven, tested=tested)

    @staticmethod
    def _ask(prover: Prover, item: Json, saved: Json) -> str:
        try:
            return prover(item, saved["id"])
        except InvalidInput:
            raise
        except AppsmithError as error:
            raise ProofFailed(
                f"Datasource '{item['name']}' is saved, but its query doesn't prove it: {error.message}",
                code=error.code,
                http_status=error.http_status,
                next_step=error.next_step,
            ) from error

    def _save(self, plan: Plan) -> Json:
        try:
            saved: Json = self._send(plan) or {}
        except AppsmithError as error:
            if error.http_status == 400 and plan.configured and not secret_values(plan.payload):
                error.next_step = (
                    "Give the secrets as well: from v2.5.0 a changed connection takes none that is stored"
                    " (and update_secrets must not be on_create)."
                )
            raise
        return saved

    @staticmethod
    def _look_at(plan: Plan, saved: Json) -> None:
        """Believe only what the answer shows."""
        storage = storage_of(saved)
        if not storage.get("isConfigured"):
            raise ProofFailed(
                f"Datasource '{plan.name}' was sent, yet the server does not show it as configured",
                next_step="Look at it in the instance, and run again.",
            )
        # What a person has still to consent to may well be invalid until then; it is reported as such.
        if storage.get("invalids") and not plan.needs_browser:
            raise ProofFailed(
                f"Datasource '{plan.name}' was saved, but the plugin finds it invalid: "
                + hide("; ".join(storage["invalids"]), plan.wanted),
                next_step="Correct its configuration.",
            )

    def _first_token(self, plan: Plan, saved: Json) -> None:
        """Until OAuth2's client credentials were used once, every query fails (PE-ATH-5000); running one doesn't use
        them, asking for the structure does (seen on a real v1.91)."""
        authentication = plan.wanted.get("authentication") or {}
        if authentication.get("grantType") != "client_credentials":
            return
        answer = self.client.get(f"/datasources/{saved['id']}/structure", writes=True) or {}
        error = answer.get("error") if isinstance(answer, dict) else None
        if error:
            raise ProofFailed(
                f"Datasource '{plan.name}' was saved, but the server got no OAuth2 token: "
                + hide(str(error.get("message") if isinstance(error, dict) else error), plan.wanted),
                next_step="Check token_url, client_id and client_secret.",
            )

    def _send(self, plan: Plan) -> Any:
        storage = {
            "environmentId": ENVIRONMENT,
            "isConfigured": True,
            "datasourceConfiguration": to_send(plan.payload),
        }
        plugin = {"pluginId": plan.plugin["id"], "workspaceId": self.workspace_id}
        if plan.found is None:
            body = {"name": plan.name, **plugin, "datasourceStorages": {ENVIRONMENT: storage}}
            return self.client.post("/datasources", json=body)
        ids = {"id": plan.storage["id"], "datasourceId": plan.found["id"]}
        return self.client.put("/datasources/datasource-storages", json={**ids, **plugin, **storage})

    # -- the plugin's test ------------------------------------------------------------------------------------------
    def test(self, plan: Plan, configuration: Json, *, stored: bool, saved: Json | None = None) -> list[str]:
        """What the plugin's test objects to; nothing = it works. C(stored): with the secrets that the server has."""
        body: Json = {
            "environmentId": ENVIRONMENT,
            "pluginId": plan.plugin["id"],
            "workspaceId": self.workspace_id,
            "datasourceConfiguration": to_send(configuration),
        }
        known = saved or plan.found
        if stored and known is not None:
            # The server fetches its secrets only with both ids and some authentication in the request.
            body |= {"id": storage_of(known)["id"], "datasourceId": known["id"], "isConfigured": True}
        answer = self.client.post("/datasources/test", json=body, writes=False)
        if isinstance(answer, dict) and answer.get("success") is True:
            return []
        invalids = (answer or {}).get("invalids") or ["the test gave no answer"]
        return [hide(text, plan.wanted) for text in invalids]

    def _demand(self, plan: Plan, configuration: Json, *, stored: bool, saved: Json | None = None) -> None:
        objections = self.test(plan, configuration, stored=stored, saved=saved)
        if not objections:
            return
        nothing = "nothing was written for it" if saved is None else "as it is stored"
        raise ProofFailed(
            f"Datasource '{plan.name}' does not work ({nothing}): {'; '.join(objections)}",
            next_step="Correct its address or credentials; with test: false it is saved without this proof.",
        )

    # -- the result -------------------------------------------------------------------------------------------------
    def _report(self, plan: Plan, saved: Json | None, *, proven: bool, tested: bool) -> Json:
        storage = storage_of(saved or {})
        configuration = storage.get("datasourceConfiguration") or plan.wanted
        browser = needs_browser(plan.kind.plugin, plan.plugin.get("type"), configuration) and not authorised(storage)
        if browser:
            proof = "needs a person's consent in a browser"
        elif plan.answered:
            proven, proof = True, plan.answered
        elif proven:
            proof = "tested" if saved is not None or not plan.reasons else "tested before saving"
        elif not plan.kind.test_proves:
            proof = "saved, not proven (the plugin's test calls nothing)"
        else:
            proof = "saved, not proven" if not tested else "not proven"
        return {
            "name": plan.name,
            "plugin": plan.kind.plugin,
            "id": (saved or {}).get("id"),
            "changed": bool(plan.reasons),
            "action": ("created" if plan.found is None else "updated") if plan.reasons else "unchanged",
            "reasons": plan.reasons,
            "secrets_written": bool(plan.reasons and secret_values(plan.payload)),
            "proven": proven,
            "proof": proof,
            "needs_browser": browser,
            "diff": self._diff(plan),
        }

    @staticmethod
    def _diff(plan: Plan) -> tuple[Json, Json]:
        before: Json = {}
        if plan.found is not None:
            before = {"configured": plan.configured, "configuration": shown(plan.current)}
        if not plan.reasons:
            return before, before
        after: Json = {"configured": True, "configuration": shown(expected(plan.wanted, plan.current))}
        if secret_values(plan.payload):
            after["unseen"] = "written"
        return before, after

    def describe(self, datasource: Json) -> Json:
        """What an info module shows of a datasource."""
        storage = storage_of(datasource)
        package = self.package_of(datasource)
        configuration = storage.get("datasourceConfiguration") or {}
        plugin_type = self.plugins.get(package, {}).get("type")
        return {
            "name": datasource["name"],
            "id": datasource["id"],
            "plugin": package,
            "configured": bool(storage.get("isConfigured")),
            "needs_browser": needs_browser(package, plugin_type, configuration) and not authorised(storage),
            "invalids": storage.get("invalids") or [],
            "configuration": shown(configuration),
        }

    # -- taking one away --------------------------------------------------------------------------------------------
    def remove(self, name: str, plugin: str, check_mode: bool) -> Json:
        found = self.find(name, plugin)
        result = {"name": name, "plugin": plugin_name(plugin), "changed": found is not None}
        if found is None:
            return {**result, "id": None, "action": "unchanged", "diff": ({}, {})}
        if not check_mode:
            self.client.delete(f"/datasources/{found['id']}")
            self.__dict__.pop("all", None)
            if any(datasource["id"] == found["id"] for datasource in self.all):
                raise ProofFailed(f"Datasource '{name}' is still there", next_step="Look at it in the instance.")
        before = {
            "configured": bool(storage_of(found).get("isConfigured")),
            "configuration": shown(storage_of(found).get("datasourceConfiguration") or {}),
        }
        return {**result, "id": found["id"], "action": "removed", "diff": (before, {})}


def used_by_application(client: Client, workspace_id: str, application_id: str) -> list[Json]:
    """All datasources of an application's queries, configured or not (the reconnect list)."""
    path = f"/applications/import/{workspace_id}/datasources"
    return client.get(path, params={"defaultApplicationId": application_id}) or []


def unconfigured_of_application(client: Client, workspace_id: str, application_id: str) -> list[str]:
    used = used_by_application(client, workspace_id, application_id)
    return sorted(one["name"] for one in used if not storage_of(one).get("isConfigured"))


def configuration_secrets(items: list[Json]) -> list[str]:
    """Secrets in the raw configurations, for Ansible to hide: it knows of those in options only."""
    return [secret for item in items for secret in secret_values(item.get("configuration") or {}) if len(secret) > 2]
