#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages several datasources of a workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: datasources
short_description: Manage the datasources of an Appsmith workspace
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Gives all datasources of an environment their configuration and credentials, and proves that they work.
  - Datasources that came with an import from Git have no configuration at all. They are found by name and plugin, and
    are configured.
  - Does the same as M(stagecraft.appsmith.datasource) for each, with one sign-in and one look at the workspace.
extends_documentation_fragment:
  - stagecraft.appsmith._datasource.list
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(update_secrets=always) every run writes.
seealso:
  - module: stagecraft.appsmith.datasource
  - module: stagecraft.appsmith.datasource_info
"""

EXAMPLES = r"""
- name: Credentials of production
  stagecraft.appsmith.datasources:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    datasources:
      - name: orders_db
        plugin: postgres-plugin
        host: db.example.com
        database: orders
        username: appsmith
        password: "{{ vault_orders_db_password }}"
      - name: status_api
        plugin: restapi-plugin
        url: https://status.example.com
      - name: mail
        plugin: smtp-plugin
        host: mail.example.com
        port: 587
        username: appsmith
        password: "{{ vault_mail_password }}"
"""

RETURN = r"""
results:
  description: The datasources, in order, and what was done with each.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the datasource.
      type: str
    plugin:
      description: Package name of its plugin.
      type: str
    id:
      description: Id of the datasource; V(null) if check mode would create it.
      type: str
    changed:
      description: Whether it was (in check mode, would be) written; also true if it failed after that.
      type: bool
    action:
      description: V(created), V(updated), V(removed) or V(unchanged).
      type: str
    reasons:
      description: Why it was written, such as V(missing), V(unconfigured), or what differs.
      type: list
      elements: str
    secrets_written:
      description: Whether secrets were sent.
      type: bool
    proven:
      description: Whether the plugin connected, or a query answered, with what is stored.
      type: bool
    proof:
      description: How it was proven, or why it was not.
      type: str
      sample: tested
    needs_browser:
      description: Whether a person has to open it in Appsmith and consent, before it works.
      type: bool
    finish_at:
      description: Address where a person finishes it; only there if C(needs_browser).
      type: str
    failed:
      description: Whether it failed; only there if it did, with C(msg) and C(error).
      type: bool
not_proven:
  description: Names of those that were saved, but that nothing proves to work.
  returned: always
  type: list
  elements: str
need_browser:
  description: Names of those that a person must open in Appsmith and authorise.
  returned: always
  type: list
  elements: str
by_hand:
  description: The same, with the plugin and the address where a person finishes each.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the datasource.
      type: str
    plugin:
      description: Package name of its plugin.
      type: str
    finish_at:
      description: Address in Appsmith's editor.
      type: str
unconfigured:
  description:
    - Names of other datasources of the workspace that have no configuration yet. Queries that use them don't work.
  returned: always
  type: list
  elements: str
"""

from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _workspaces
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_by_hand import Editor
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_kinds import build_configuration
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_plan import (
    DATASOURCE_OPTIONS,
    ENSURE_OPTIONS,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_proof import (
    HAS_JMESPATH,
    QueryProof,
    check,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasources import Datasources, configuration_secrets
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class DatasourcesModule(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **ENSURE_OPTIONS,
        "datasources": {"type": "list", "elements": "dict", "required": True, "options": DATASOURCE_OPTIONS},
    }

    def run(self) -> None:
        items = self.params["datasources"]
        self.ansible.no_log_values.update(configuration_secrets(items))
        self.result.update(results=[], not_proven=[], need_browser=[], by_hand=[], unconfigured=[])
        self._check(items)
        workspace = _workspaces.get(self.client, self.params["workspace"])
        datasources = Datasources(self.client, workspace["id"])
        proof = QueryProof(self.client, workspace["id"], lambda: Git.of(self.client, self.version, warn=self.warn))
        try:
            self.each(items, lambda item: self._ensure(datasources, proof, item), label=lambda item: item["name"])
        finally:
            self._summarise(datasources, {item["name"] for item in items})

    def _check(self, items: list[dict[str, Any]]) -> None:
        """Everything that can be known to be wrong, before anything is sent."""
        if any((item["proof_query"] or {}).get("expect") for item in items):
            self.require(HAS_JMESPATH, "jmespath")
        problems = []
        names = [item["name"] for item in items]
        problems += [f"'{name}' is given twice" for name in sorted({name for name in names if names.count(name) > 1})]
        for item in items:
            try:
                build_configuration(item)
            except InvalidInput as error:
                problems.append(error.message)
            problems += check(item)
        if problems:
            raise InvalidInput("; ".join(problems), next_step="Correct the datasources; nothing was sent.")

    def _ensure(self, datasources: Datasources, proof: QueryProof, item: dict[str, Any]) -> dict[str, Any]:
        result = datasources.ensure(
            item,
            update_secrets=self.params["update_secrets"],
            test=self.params["test"],
            check_mode=self.check_mode,
            prover=proof.run,
        )
        before, after = result.pop("diff")
        if before != after:
            self.diff(before, after, header=result["name"])
        return result

    def _summarise(self, datasources: Datasources, wanted: set[str]) -> None:
        done = [entry for entry in self.result["results"] if not entry.get("failed")]
        self.result.update(
            not_proven=[entry["name"] for entry in done if not entry["proven"]],
            need_browser=[entry["name"] for entry in done if entry["needs_browser"]],
        )
        try:
            self._by_hand(Editor(self.client, datasources.workspace_id), [one for one in done if one["needs_browser"]])
        except AppsmithError as error:
            self.warn(f"Where a person finishes datasources could not be read: {error}")
        if self.result["need_browser"]:
            places = {one["name"]: one["finish_at"] for one in self.result["by_hand"]}
            names = ", ".join(
                f"{name} ({places[name]})" if name in places else name for name in self.result["need_browser"]
            )
            self.warn(f"A person must open these datasources in Appsmith and authorise them: {names}")
        try:
            self.result["unconfigured"] = [name for name in datasources.unconfigured() if name not in wanted]
        except AppsmithError as error:
            self.warn(f"Which other datasources are unconfigured could not be read: {error}")

    def _by_hand(self, editor: Editor, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            # One that only a real run makes has no address yet.
            if entry["id"]:
                entry["finish_at"] = editor.address(entry["id"])
                self.result["by_hand"].append({key: entry[key] for key in ("name", "plugin", "finish_at")})


def main() -> None:
    DatasourcesModule.main()


if __name__ == "__main__":
    main()
