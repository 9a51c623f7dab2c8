# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

from ansible import constants as C
from ansible.errors import AnsibleFilterError
from ansible.parsing.vault import AnsibleVaultError, VaultLib, VaultSecretsContext, match_encrypt_secret

DOCUMENTATION = r"""
name: vaulted
short_description: Text of a file, encrypted with the vault password that the playbook was given
version_added: 1.0.0
author:
  - stagecraft.appsmith contributors (@stagecraft)
description:
  - For files that a playbook writes on the controller and reads again by itself later on, such as keys that it made.
  - Without a vault password the text stays as it is. Where there are several, the one named by
    C(vault_encrypt_identity) in Ansible's configuration is taken, else the first.
  - The outcome differs each time, as with C(ansible-vault encrypt); write it only where there is no file yet.
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Keep what was made
  ansible.builtin.copy:
    content: "{{ appsmith_made | to_nice_yaml | stagecraft.appsmith.vaulted }}"
    dest: keys.yml
    mode: "0600"
    force: false
    # Without this the module copy would take the encryption off again.
    decrypt: false
  delegate_to: localhost
  no_log: true
"""

RETURN = r"""
_value:
  description: What to write into the file.
  type: str
"""


def vaulted(text: str) -> str:
    context = VaultSecretsContext.current(optional=True)
    if context is None or not context.secrets:
        return text
    try:
        identity, secret = match_encrypt_secret(context.secrets, encrypt_vault_id=C.DEFAULT_VAULT_ENCRYPT_IDENTITY)
        label = None if identity == C.DEFAULT_VAULT_IDENTITY else identity
        encrypted: bytes = VaultLib(context.secrets).encrypt(str(text), secret, label)
    except AnsibleVaultError as error:
        raise AnsibleFilterError(f"vaulted: {error}") from error
    return encrypted.decode()


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"vaulted": vaulted}
