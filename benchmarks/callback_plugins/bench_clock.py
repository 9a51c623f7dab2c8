# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes when a playbook's first play began, its tasks, and its end: a file of JSON named by BENCH_CLOCK."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: bench_clock
type: aggregate
short_description: Notes when the parts of a playbook began
description:
  - For the benchmark. Writes the times to the file that the environment variable E(BENCH_CLOCK) names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_clock"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._first: float | None = None
        self._tasks: list[dict[str, Any]] = []

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._first = self._first or time.time()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._tasks.append({"name": task.get_name(), "action": task.action, "began": time.time()})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        ended = time.time()
        for task, following in zip(self._tasks, [*self._tasks[1:], {"began": ended}], strict=False):
            task["seconds"] = following["began"] - task["began"]
        with open(os.environ["BENCH_CLOCK"], "w", encoding="utf-8") as file:
            json.dump({"began": self._first, "ended": ended, "tasks": self._tasks}, file)
