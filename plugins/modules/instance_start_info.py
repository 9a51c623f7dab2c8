#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_start_info
short_description: Watch an Appsmith instance that starts
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Reads the log of a start and the state of the container, on the host of the instance, and tells how far the start is
    or why it came to nothing. A first start of a release migrates the database, which can take long and is seen
    nowhere else.
  - Whether the instance is ready is what M(stagecraft.appsmith.instance_info) says; this module is done early when the
    API answers the host.
  - Passwords in addresses are masked.
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  container:
    description:
      - Name of the instance's Docker container.
    type: str
  command:
    description:
      - Without a container, a command that ends with 3 when the instance is stopped.
    type: list
    elements: str
  log_command:
    description:
      - Without a container, a command that prints the log of the start.
    type: list
    elements: str
  log_paths:
    description:
      - Files with logs, as shell patterns.
    type: list
    elements: str
    default: []
  positions:
    description:
      - RV(positions) of a call before the start. What the files held then is left out.
    type: dict
    default: {}
  since:
    description:
      - Lines with an earlier time are left out, RV(now) of a call before the start.
    type: str
    default: ""
  restarts:
    description:
      - RV(restarts_before) of the first call after the start. Three restarts more are a problem.
      - What there is at first when not given.
    type: int
  lines:
    description:
      - So many lines of each log are read.
    type: int
    default: 200
  wait:
    description:
      - Seconds to watch. It ends earlier with a problem, or when O(urls) answers.
    type: int
    default: 0
  urls:
    description:
      - Addresses of the instance, as its host may reach it.
    type: list
    elements: str
    default: []
seealso:
  - module: stagecraft.appsmith.instance_info
  - plugin: stagecraft.appsmith.start_log
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Note where the logs end
  stagecraft.appsmith.instance_start_info:
    log_paths: [/srv/appsmith/stacks/logs/backend/*.log]
  register: before

- name: Watch the start for half a minute
  stagecraft.appsmith.instance_start_info:
    container: appsmith
    log_paths: [/srv/appsmith/stacks/logs/backend/*.log]
    positions: "{{ before.positions }}"
    since: "{{ before.now }}"
    wait: 30
    urls: [http://127.0.0.1]
  register: start
  failed_when: start.problem != ''
"""

RETURN = r"""
running:
  description: Whether the instance runs.
  returned: success
  type: bool
restarting:
  description: Whether the container ended and waits to be started again.
  returned: success
  type: bool
restarts:
  description: How often Docker started the container again by itself.
  returned: success
  type: int
restarts_before:
  description: How often it had done so before the watch began.
  returned: success
  type: int
answers:
  description: Whether the API answered the host at O(urls).
  returned: success
  type: bool
progress:
  description: Lines of the log that show how far the start is.
  returned: success
  type: list
  elements: str
problem:
  description: Why the start came to nothing; empty while it goes on.
  returned: success
  type: str
next_step:
  description: What to do about RV(problem).
  returned: success
  type: str
text:
  description: The last lines of the log.
  returned: success
  type: str
positions:
  description: Bytes of each file of O(log_paths).
  returned: success
  type: dict
now:
  description: The time on the host, UTC.
  returned: success
  type: str
  sample: "2026-11-22T08:15:00Z"
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _instance_start, _wait
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule

# Seconds between two looks.
INTERVAL = 1.0


class InstanceStartInfo(AppsmithModule):
    needs_connection = False
    argument_spec: ClassVar[dict[str, Any]] = {
        "container": {"type": "str"},
        "command": {"type": "list", "elements": "str"},
        "log_command": {"type": "list", "elements": "str"},
        "log_paths": {"type": "list", "elements": "str", "default": []},
        "positions": {"type": "dict", "default": {}},
        "since": {"type": "str", "default": ""},
        "restarts": {"type": "int"},
        "lines": {"type": "int", "default": 200},
        "wait": {"type": "int", "default": 0},
        "urls": {"type": "list", "elements": "str", "default": []},
    }

    def run(self) -> None:
        if self.params["lines"] < 1:
            raise InvalidInput("lines must be 1 or more")
        # A service manager may say "stopped" for a moment between two of its states: only what stays so counts.
        self._suspected = ""
        self._before: int | None = self.params["restarts"]
        _wait.poll(self.look, timeout=self.params["wait"], interval=INTERVAL)
        self.result["positions"] = _instance_start.sizes(self.params["log_paths"])
        self.result["now"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def look(self) -> bool | None:
        """True when there is no more to wait for."""
        params = self.params
        state = _instance_start.state_of(self._run, params["container"], params["command"])
        if self._before is None:
            self._before = state.restarts
        said = _instance_start.log_of(
            self._run,
            params["container"],
            params["log_command"],
            params["log_paths"],
            positions=params["positions"],
            # Of one that ends again and again the cause stands before its last start, which has said nothing yet.
            started=state.started if state.restarts == self._before else params["since"],
            lines=params["lines"],
        )
        found = _instance_start.judge(state, self._before, said, params["since"])
        self.result.update(
            running=state.running,
            restarting=state.restarting,
            restarts=state.restarts,
            restarts_before=self._before,
            answers=not found["problem"] and any(map(_instance_start.answers, params["urls"])),
            text="\n".join(said[-params["lines"] :]),
            **found,
        )
        if self.result["answers"]:
            return True
        again, self._suspected = found["problem"] == self._suspected != "", found["problem"]
        return True if again else None

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        code, out, errors = self.ansible.run_command(command)
        return code, out, errors


def main() -> None:
    InstanceStartInfo.main()


if __name__ == "__main__":
    main()
