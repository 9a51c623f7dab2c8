# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in Ansible's own process where that is the same, which spares its start; private to the collection.

A module that is run as usual is packed with all that it imports, for every task, and compiled anew. See
docs/decisions/0009-in-process.md for what that costs, and for when a module is run as usual all the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as UsualAction
from ansible.utils.display import Display
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

display = Display()
# A task's variable; false makes every module run as usual.
SWITCH = "appsmith_in_process"
# How Ansible writes what goes to a module and what comes back.
_PROFILE = "legacy"


class Concluded(BaseException):
    """The module has said its result. Not an Exception: nothing in a module may take it for an error."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("the module has ended")
        self.result = result


class Here:
    """What our modules use of AnsibleModule, without its process."""

    def __init__(
        self, params: dict[str, Any], no_log_values: set[str], *, check_mode: bool, diff: bool, invocation: bool
    ) -> None:
        self.params = params
        self.no_log_values = no_log_values
        self.check_mode = check_mode
        self._diff = diff
        self._invocation = invocation
        self._warnings: list[str] = []

    def warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)

    def exit_json(self, **result: Any) -> NoReturn:
        raise Concluded(self._hidden(result))

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        raise Concluded(self._hidden({**result, "failed": True, "msg": str(msg)}))

    @property
    def warnings(self) -> list[str]:
        found: list[str] = remove_values(self._warnings, self.no_log_values)
        return found

    def _hidden(self, result: dict[str, Any]) -> dict[str, Any]:
        """Without secrets, and as it comes out of a module's process."""
        if self._invocation:
            result["invocation"] = {"module_args": self.params}
        kept = {key: value for key, value in result.items() if value is None or isinstance(value, bool)}
        result = {**remove_values(result, self.no_log_values), **kept}
        text = json.dumps(result, cls=get_module_encoder(_PROFILE, Direction.MODULE_TO_CONTROLLER))
        found: dict[str, Any] = json.loads(text, cls=get_module_decoder(_PROFILE, Direction.MODULE_TO_CONTROLLER))
        return found


class InProcessAction(UsualAction):  # type: ignore[misc]
    """An action of a module's name. Where there is any doubt it does what Ansible does without it."""

    module: ClassVar[type[AppsmithModule]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        reason = self.refusal(task_vars or {})
        if reason is not None:
            display.debug(f"{self._task.action} is run as a module: {reason}")
            usual: dict[str, Any] = super().run(tmp, task_vars)
            return usual
        return self.run_here(task_vars or {})

    def refusal(self, task_vars: Mapping[str, Any]) -> str | None:
        """Why the module must have a process of its own; None = it need not."""
        if not boolean(self._templar.template(task_vars.get(SWITCH, True)), strict=False):
            return f"{SWITCH} is false"
        if self._connection.transport != "local":
            return "the connection is not local"
        if getattr(self._connection, "become", None) or self._task.become:
            return "it runs as another user"
        if self._task.async_val:
            return "it runs on its own (async)"
        if self._task.timeout:
            # Only a process of its own can be left behind.
            return "it has a time limit"
        if any(self._task.environment or ()):
            return "it has an environment"
        if sys.platform == "darwin":
            # The system's libraries, which look up proxies, don't bear a fork.
            return "macOS"
        if self._interpreter(task_vars) != sys.executable:
            return "it has another Python"
        if not _client.HAS_REQUESTS:
            return "there is no requests library"
        return None

    def _interpreter(self, task_vars: Mapping[str, Any]) -> str | None:
        """The Python that Ansible would run the module with, if that is said and not to be found out."""
        host = task_vars
        if self._task.delegate_to:
            host = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to) or {}
        given = host.get("ansible_python_interpreter")
        return str(self._templar.template(given)) if given else None

    def run_here(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        # As text and back: values are plain ones then, as a module gets them.
        encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
        arguments = json.loads(json.dumps(dict(self._task.args), cls=encoder))
        checked = ArgumentSpecValidator(
            self.module.spec(),
            mutually_exclusive=self.module.mutually_exclusive,
            required_together=self.module.required_together,
            required_one_of=self.module.required_one_of,
            required_if=self.module.required_if,
            required_by=self.module.required_by,
        ).validate(arguments)
        here = Here(
            checked.validated_parameters,
            set(checked._no_log_values),
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            invocation=_with_invocation(task_vars),
        )
        for both in checked._warnings:
            here.warn(f"Both option {both['option']} and its alias {both['alias']} are set.")
        try:
            if checked.error_messages:
                here.fail_json(self._complaint(checked))
            self.module(here).conclude()
        except Concluded as end:
            for text in here.warnings:
                display.warning(text)
            return end.result
        raise AnsibleError(f"{self._task.action} ended without a result")

    def _complaint(self, checked: Any) -> str:
        """The first error, in AnsibleModule's words."""
        text = str(checked.errors.msg)
        if type(checked.errors[0]).__name__ == "UnsupportedError":
            return f"Unsupported parameters for ({self._task.action}) module: {text}"
        return text


def _with_invocation(task_vars: Mapping[str, Any]) -> bool:
    """Whether results hold the module's arguments; ansible-core 2.19 always has them."""
    try:
        return bool(C.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except AnsibleError:
        return True
