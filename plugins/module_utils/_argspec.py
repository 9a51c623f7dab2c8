# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that connects; private to the collection. Documented in doc_fragments/_connection.py."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback


def _option(name: str, **more: Any) -> dict[str, Any]:
    return {"fallback": (env_fallback, [name.upper()]), **more}


CONNECTION: dict[str, dict[str, Any]] = {
    "appsmith_url": _option("appsmith_url", type="str", required=True),
    "appsmith_username": _option("appsmith_username", type="str"),
    "appsmith_password": _option("appsmith_password", type="str", no_log=True),
    "appsmith_session": _option("appsmith_session", type="str", no_log=True),
    "appsmith_validate_certs": _option("appsmith_validate_certs", type="bool", default=True),
    "appsmith_ca_path": _option("appsmith_ca_path", type="path"),
    "appsmith_connect_timeout": _option("appsmith_connect_timeout", type="int", default=10),
    "appsmith_timeout": _option("appsmith_timeout", type="int", default=180),
    "appsmith_version": _option("appsmith_version", type="str"),
}
