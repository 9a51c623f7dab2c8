# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugins: the list that the base image has (plugins.json, as v1.60 and v1.91 answered it); ids differ per instance."""

from __future__ import annotations

import json
from pathlib import Path

from starlette.responses import Response

from . import workspaces
from .app import Context, Route
from .store import Document, Store


def seed(store: Store) -> None:
    for plugin in json.loads(Path(__file__).with_name("plugins.json").read_text(encoding="utf-8")):
        store.insert("plugins", plugin)


def by_id(store: Store, plugin_id: str | None) -> Document | None:
    return store.get("plugins", plugin_id)


def by_reference(store: Store, reference: str) -> Document | None:
    """By what exports and Git files say: the plugin's name where it has one, else the package name."""
    return store.one("plugins", pluginName=reference) or store.one("plugins", packageName=reference)


def reference(plugin: Document) -> str:
    return str(plugin.get("pluginName") or plugin["packageName"])


def answer(plugin: Document) -> Document:
    return {"id": plugin["id"], "userPermissions": [], **{key: plugin[key] for key in plugin if key != "id"}}


async def list_plugins(ctx: Context) -> Response:
    workspace_id = ctx.need_query("workspaceId")
    if workspaces.role_of(ctx, workspace_id) is None:
        return ctx.ok([])
    return ctx.ok([answer(plugin) for plugin in ctx.store.find("plugins")])


ROUTES = [Route("GET", "/api/v1/plugins", list_plugins)]
