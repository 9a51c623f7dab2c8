# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that is taken, and the one that the old generation leaks: waited out with a limit, then reported."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitLocked
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git import LOCK_PAUSE, Git, Target
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version
from git_calls import LOCKED, NEW, OLD, STATUS_LOCKED, GitCalls, application

# The leak lasts about 120 s, and each call on a locked application takes the server 20 s (observed 9).
LEAK = 120


@pytest.fixture(params=[OLD, NEW])
def calls(request: pytest.FixtureRequest, api: Any) -> GitCalls:
    return GitCalls(api, request.param)


def git(calls: GitCalls, **options: Any) -> Git:
    return Git.of(Client(calls.api.url, session="s"), Version.parse(calls.version), **options)


@pytest.mark.parametrize("locked", [LOCKED, STATUS_LOCKED])
def test_a_lock_is_waited_out(calls: GitCalls, sleeps: list[float], locked: Any) -> None:
    tries = int(LEAK / LOCK_PAUSE)
    for _try in range(tries):
        calls.status(error=locked)
    calls.status()
    assert git(calls).look(Target.read(application())).clean
    assert sleeps == [LOCK_PAUSE] * tries


def test_a_lock_that_does_not_end_is_reported_with_its_limit(calls: GitCalls, sleeps: list[float]) -> None:
    for _try in range(4):
        calls.status(error=LOCKED)
    with pytest.raises(GitLocked) as refused:
        git(calls, lock_timeout=10.0).look(Target.read(application()))
    assert sum(sleeps) <= 10
    assert refused.value.code == "AE-GIT-5020"
    assert str(refused.value) == (
        "We were unable to place a lock on the file system to perform status command [AE-GIT-5020]. The lock did not "
        "end within 10 seconds: see whether somebody works on this application, or raise appsmith_git_lock_timeout."
    )


def test_without_patience_it_is_reported_at_once(calls: GitCalls, sleeps: list[float]) -> None:
    calls.discard(error=LOCKED)
    one = git(calls, lock_timeout=0.0)
    with pytest.raises(GitLocked):
        one.patiently(lambda: one.api.discard(Target.read(application()).id))
    assert sleeps == []
