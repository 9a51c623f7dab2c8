# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A datasource proven by a query that an application has; private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _applications, _smoke
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._datasource_config import Json
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_branches import at_branch
from ansible_collections.stagecraft.appsmith.plugins.module_utils._smoke_calls import Published, run_query

HAS_JMESPATH = _smoke.HAS_JMESPATH


def check(item: Json) -> list[str]:
    """What can be known to be wrong before the query is run."""
    wanted = item.get("proof_query")
    if not wanted:
        return []
    try:
        _smoke.check({"name": f"proof_query of {item['name']}", **wanted})
    except InvalidInput as error:
        return [error.message]
    return []


class QueryProof:
    """Runs named queries of a workspace's published applications, as those who use them do (observed 19)."""

    def __init__(self, client: Client, workspace_id: str, git: Callable[[], Git]) -> None:
        self.client, self.workspace_id, self.git = client, workspace_id, git
        self._published: dict[tuple[str, str | None], Published] = {}

    @cached_property
    def _applications(self) -> list[Json]:
        return _applications.list_applications(self.client, self.workspace_id)

    def run(self, item: Json, datasource_id: str) -> str:
        """How it was proven, in words; raises when the query doesn't answer what is expected, or uses another one."""
        wanted = item["proof_query"]
        published = self._view(wanted)
        action = published.query(wanted["query"], wanted.get("page"))
        used = self._datasource_of(published.target, action)
        if used != datasource_id:
            raise InvalidInput(
                f"Query '{wanted['query']}' of '{wanted['application']}' doesn't use datasource '{item['name']}'",
                next_step="Name one that does: it would prove nothing otherwise.",
            )
        _smoke.compare(wanted, run_query(self.client, action))
        return f"query '{wanted['query']}' of '{wanted['application']}' answered"

    def _view(self, wanted: Json) -> Published:
        key = (wanted["application"], wanted.get("branch"))
        if key not in self._published:
            target = Target.read(_applications.pick(self._applications, wanted["application"]))
            if wanted.get("branch"):
                target = at_branch(self.git(), target, wanted["branch"])
            self._published[key] = Published(self.client, target)
        return self._published[key]

    def _datasource_of(self, target: Target, action_id: str) -> Any:
        """The published list doesn't say which datasource a query uses; the editor's does."""
        listed = self.client.get("/actions", params={"applicationId": target.id}) or []
        found: Json = next((one for one in listed if one.get("id") == action_id), {})
        return (found.get("datasource") or {}).get("id")
