#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_settings
short_description: Sign-up, sign-in, mail and other settings of an instance
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Brings settings of an instance to what is wanted, each in the place where the release keeps it (the organization's
    configuration or the file C(docker.env)). Settings that aren't named are left alone.
  - The account must be an administrator of the instance.
  - The instance is restarted only if a setting that changed takes effect no other way.
  - A variable that the container itself is given (by Docker Compose or Kubernetes) stands against C(docker.env), and
    Appsmith shows the file. Set such a variable there, not here.
extends_documentation_fragment:
  - stagecraft.appsmith._connection
  - stagecraft.appsmith._attributes
  - stagecraft.appsmith._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  instance_name:
    description:
      - Name of the instance, as its pages show it.
    type: str
  signup:
    description:
      - Whether people who were not invited may sign up.
    type: bool
  signup_allowed_domains:
    description:
      - Domains of e-mail addresses that may sign up; an empty list for all.
    type: list
    elements: str
  form_login:
    description:
      - Whether people may sign in by e-mail address and password.
    type: bool
  strong_password_policy:
    description:
      - Whether passwords need upper case, lower case, a digit and a symbol.
    type: bool
  email_verification:
    description:
      - Whether an address must be verified before its account can be used. Needs O(mail).
    type: bool
  admin_emails:
    description:
      - The administrators of the instance, all of them, the calling account included.
    type: list
    elements: str
  telemetry:
    description:
      - Whether anonymous usage data is sent to the vendor.
    type: bool
  custom_domain:
    description:
      - Domain that the instance is served at with a certificate of its own; empty for none.
    type: str
  atomic_push:
    description:
      - Whether Git pushes of applications are atomic.
    type: bool
  mail:
    description:
      - How mail is sent. What isn't named is left alone.
    type: dict
    suboptions:
      enabled:
        description:
          - Whether mail is sent. Appsmith switches it on by itself when O(mail.host) is written.
        type: bool
      host:
        description:
          - SMTP server.
        type: str
      port:
        description:
          - Its port.
        type: int
      from:
        description:
          - Address that mail comes from.
        type: str
      reply_to:
        description:
          - Address that answers go to.
        type: str
      username:
        description:
          - User name at the SMTP server.
        type: str
      password:
        description:
          - Its password.
        type: str
      starttls:
        description:
          - Whether the connection is encrypted by STARTTLS.
        type: bool
  environment:
    description:
      - Further variables of C(docker.env), by their full names (C(APPSMITH_...)). Appsmith takes only those that its
        admin settings have, and refuses the whole call for one other.
    type: dict
  update_secrets:
    description:
      - From v2.4 on Appsmith doesn't show passwords any more. V(auto) writes such a one when it is not set yet or when
        another variable changes, V(always) in every run.
    type: str
    choices:
      - auto
      - always
    default: auto
  restart:
    description:
      - Whether the instance is restarted when a changed setting needs it.
    type: bool
    default: true
  restart_timeout:
    description:
      - Seconds in which it has to be ready again.
    type: int
    default: 300
seealso:
  - module: stagecraft.appsmith.instance_info
"""

EXAMPLES = r"""
- name: Only invited people may sign in to production
  stagecraft.appsmith.instance_settings:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    instance_name: Operations
    signup: false
    strong_password_policy: true
    telemetry: false

- name: Send mail
  stagecraft.appsmith.instance_settings:
    appsmith_url: https://appsmith.example.com
    appsmith_session: "{{ appsmith_login.session }}"
    mail:
      host: smtp.example.com
      port: 587
      from: appsmith@example.com
      username: appsmith
      password: "{{ vault_smtp_password }}"
      starttls: true
"""

RETURN = r"""
settings:
  description: The settings that were named as they are afterwards, by Appsmith's names; secrets are hidden.
  returned: success
  type: dict
  sample:
    isSignupDisabled: true
    APPSMITH_DISABLE_TELEMETRY: "true"
written:
  description: Names of what was written, or in check mode would be.
  returned: success
  type: list
  elements: str
restart_needed:
  description: Names of those that take effect only after a restart.
  returned: success
  type: list
  elements: str
restarted:
  description: Whether the instance was restarted, or in check mode would be.
  returned: success
  type: bool
not_proven:
  description: Secrets that were written and that the server doesn't show.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _settings
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, after_writing
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import whoami
from ansible_collections.stagecraft.appsmith.plugins.module_utils._settings import Settings, Wanted

SWITCHES = ("signup", "form_login", "strong_password_policy", "email_verification", "telemetry", "atomic_push")


class InstanceSettings(AppsmithModule):
    argument_spec = {
        "instance_name": {"type": "str"},
        "signup_allowed_domains": {"type": "list", "elements": "str"},
        "admin_emails": {"type": "list", "elements": "str"},
        "custom_domain": {"type": "str"},
        # "password_policy" is no password.
        **{name: {"type": "bool", "no_log": False} for name in SWITCHES},
        "mail": {
            "type": "dict",
            "options": {
                "enabled": {"type": "bool"},
                "host": {"type": "str"},
                "port": {"type": "int"},
                "from": {"type": "str"},
                "reply_to": {"type": "str"},
                "username": {"type": "str"},
                "password": {"type": "str", "no_log": True},
                "starttls": {"type": "bool"},
            },
        },
        "environment": {"type": "dict"},
        "update_secrets": {"type": "str", "choices": ["auto", "always"], "default": "auto", "no_log": False},
        "restart": {"type": "bool", "default": True},
        "restart_timeout": {"type": "int", "default": 300},
    }

    def run(self) -> None:
        self.hide_secrets()
        wanted = Wanted.of(self.params, self.version)
        if not wanted:
            raise InvalidInput("No setting is named", next_step="Name at least one.")
        self.refuse_to_lock_out()
        before = Settings.look(self.client, environment=bool(wanted.environment))
        always = self.params["update_secrets"] == "always"
        change = before.different(wanted, secrets=always)
        if change.environment and not always:
            change = before.different(wanted, secrets=True)
        needing = _settings.needs_restart(change)
        self.result.update(
            settings=before.shown(wanted),
            written=sorted([*change.organization, *change.environment]),
            restart_needed=needing,
            restarted=bool(needing) and self.params["restart"],
            not_proven=[],
        )
        if not change:
            return
        shown = {name: _settings.hidden(name, text) for name, text in change.environment.items()}
        self.diff(before.shown(change), {**change.organization, **shown})
        if self.check_mode:
            self.changed()
            return
        self.write(wanted, change, needing)

    def write(self, wanted: Wanted, change: Wanted, needing: list[str]) -> None:
        self.result["restarted"] = False
        warnings, masked = _settings.apply(self.client, change)
        self.changed()
        for text in warnings:
            self.warn(text)
        if needing and self.params["restart"]:
            with after_writing():
                _settings.restart(self.client, self.params["restart_timeout"])
            self.result["restarted"] = True
        elif needing:
            self.warn(f"These take effect after a restart of the instance: {', '.join(needing)}")
        after = Settings.look(self.client, environment=bool(wanted.environment))
        self.result.update(settings=after.shown(wanted), not_proven=masked)

    def hide_secrets(self) -> None:
        """Ansible shows a module's parameters at -vvv."""
        for name, value in (self.params["environment"] or {}).items():
            if value and _settings.is_secret(str(name)):
                self.ansible.no_log_values.add(str(value))

    def refuse_to_lock_out(self) -> None:
        """Appsmith takes the role from whoever isn't listed, the caller included."""
        emails = self.params["admin_emails"]
        if emails is None:
            return
        caller = str(whoami(self.client).get("email") or "").lower()
        if caller not in [email.strip().lower() for email in emails]:
            raise InvalidInput(
                f"admin_emails lacks {caller}, the account that this is done with",
                next_step="Add it; nothing was changed.",
            )


def main() -> None:
    InstanceSettings.main()


if __name__ == "__main__":
    main()
