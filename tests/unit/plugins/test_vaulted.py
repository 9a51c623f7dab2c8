# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter vaulted: with the playbook's vault password, or not at all."""

from __future__ import annotations

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible_collections.stagecraft.appsmith.plugins.filter.vaulted import FilterModule

vaulted = FilterModule().filters()["vaulted"]


def _secrets(monkeypatch: pytest.MonkeyPatch, *ids: str) -> list[tuple[str, VaultSecret]]:
    secrets = [(one, VaultSecret(f"password of {one}".encode())) for one in ids]
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(secrets))
    return secrets


def test_without_a_vault_password_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VaultSecretsContext, "_current", None)
    assert vaulted("a: secret\n") == "a: secret\n"
    _secrets(monkeypatch)
    assert vaulted("a: secret\n") == "a: secret\n"


def test_with_one_it_is_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = _secrets(monkeypatch, "default")
    text = vaulted("a: secret\n")
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256\n") and "secret" not in text
    assert VaultLib(secrets).decrypt(text) == b"a: secret\n"


def test_the_vault_id_stands_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = _secrets(monkeypatch, "production", "staging")
    text = vaulted("a: secret\n")
    assert text.startswith("$ANSIBLE_VAULT;1.2;AES256;production\n")
    assert VaultLib(secrets[:1]).decrypt(text) == b"a: secret\n"
