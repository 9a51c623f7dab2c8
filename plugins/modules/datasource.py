#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages one datasource of a workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: datasource
short_description: Manage a datasource of an Appsmith workspace
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Creates a datasource, gives it its configuration and credentials, proves that it works, or removes it.
  - Every plugin of the image is known with what it needs, by options of its own or by O(configuration).
  - A datasource that came with an import from Git has no configuration at all. It is found by name and plugin, and is
    configured.
  - Use M(stagecraft.appsmith.datasources) for several at once.
options:
  state:
    description: Whether it is to be there. One that queries use can't be removed.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - stagecraft.appsmith._datasource
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
  - module: stagecraft.appsmith.datasources
  - module: stagecraft.appsmith.datasource_info
"""

EXAMPLES = r"""
- name: Credentials of the production database
  stagecraft.appsmith.datasource:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: orders_db
    plugin: postgres-plugin
    host: db.example.com
    database: orders
    username: appsmith
    password: "{{ vault_orders_db_password }}"
    ssl_mode: REQUIRE  # the port is PostgreSQL's usual one when not given

- name: An API with a token
  stagecraft.appsmith.datasource:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: crm_api
    plugin: restapi-plugin
    url: https://crm.example.com
    authentication: bearer
    bearer_token: "{{ vault_crm_token }}"

- name: An API that is proven by a query, since its test calls nothing
  stagecraft.appsmith.datasource:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: partner_api
    plugin: restapi-plugin
    url: https://partner.example.com
    authentication: oauth2_client_credentials
    token_url: https://partner.example.com/token
    client_id: appsmith
    client_secret: "{{ vault_partner_secret }}"
    proof_query:
      application: orders
      query: partner_status
      expect: status
      equals: up

- name: A plugin without options of its own
  stagecraft.appsmith.datasource:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: search
    plugin: elasticsearch-plugin
    configuration:
      endpoints: [{host: "https://search.example.com", port: 9200}]
      authentication:
        authenticationType: dbAuth
        username: appsmith
        password: "{{ vault_search_password }}"

- name: Remove one that no query uses any more
  stagecraft.appsmith.datasource:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    workspace: Operations
    name: old_db
    plugin: postgres-plugin
    state: absent
"""

RETURN = r"""
datasource:
  description: The datasource, and what was done.
  returned: success
  type: dict
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
      description: Whether it was (in check mode, would be) written.
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
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class Datasource(AppsmithModule):
    argument_spec: ClassVar[dict[str, Any]] = {
        **ENSURE_OPTIONS,
        **DATASOURCE_OPTIONS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }

    def run(self) -> None:
        self.ansible.no_log_values.update(configuration_secrets([self.params]))
        present = self.params["state"] == "present"
        if present:
            self._check()
        workspace = _workspaces.get(self.client, self.params["workspace"])
        datasources = Datasources(self.client, workspace["id"])
        if present:
            result = datasources.ensure(
                self.params,
                update_secrets=self.params["update_secrets"],
                test=self.params["test"],
                check_mode=self.check_mode,
                prover=QueryProof(
                    self.client, workspace["id"], lambda: Git.of(self.client, self.version, warn=self.warn)
                ).run,
            )
        else:
            result = datasources.remove(self.params["name"], self.params["plugin"], self.check_mode)
        before, after = result.pop("diff")
        self.diff(before, after, header=result["name"])
        self.changed(result["changed"])
        self.result["datasource"] = result
        if result.get("needs_browser"):
            if result["id"]:
                result["finish_at"] = Editor(self.client, workspace["id"]).address(result["id"])
            place = result.get("finish_at", "Appsmith")
            self.warn(f"Datasource '{result['name']}' needs a person's consent: open {place} and authorise it.")

    def _check(self) -> None:
        build_configuration(self.params)
        if (self.params["proof_query"] or {}).get("expect"):
            self.require(HAS_JMESPATH, "jmespath")
        problems = check(self.params)
        if problems:
            raise InvalidInput("; ".join(problems), next_step="Correct it; nothing was sent.")


def main() -> None:
    Datasource.main()


if __name__ == "__main__":
    main()
