# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for pull requests share; private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _forge_http
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge import Forge
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitea import Gitea
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_github import GitHub
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_gitlab import GitLab
from ansible_collections.stagecraft.appsmith.plugins.module_utils._forge_look import Look
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

FORGES: dict[str, type[GitHub | GitLab | Gitea]] = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}


class ForgeModule(AppsmithModule):
    needs_connection = False

    def forge(self) -> Forge:
        self.require(_forge_http.HAS_REQUESTS, "requests")
        return FORGES[self.params["forge"]](
            self.params,
            validate_certs=self.params["forge_validate_certs"],
            ca_path=self.params["forge_ca_path"],
            timeout=self.params["forge_timeout"],
            check_mode=self.check_mode,
        )

    def names(self) -> list[str]:
        names: list[str] = self.params["repositories"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            raise InvalidInput(f"Given twice: {', '.join(twice)}" if twice else "No repository was given")
        if self.params["source"] == self.params["target"]:
            raise InvalidInput(f"source and target are both '{self.params['source']}'")
        return names

    def report(self, works: list[Any]) -> None:
        """What became of each repository as C(results); raises at the end what went wrong."""

        def outcome(work: Look) -> dict[str, Any]:
            if work.error is not None:
                raise work.error
            return work.entry

        try:
            self.each(works, outcome, label=lambda work: work.label)
        finally:
            # One that failed says as much about its request as the others.
            entries = self.result["results"]
            entries[:] = [{**work.entry, **entry} for work, entry in zip(works, entries, strict=True)]
