# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a real server takes for a call, and how many it can do at once.

A number such as "observed 5" is a line of the notes on real servers (docs/benchmarks.md has those that count);
"recorded" is the median of the v1.91 recordings of tests/contract. Observed 5 and the recordings were taken while the
machine did other things as well; observed 32, the one comparison of whole courses, on the idle machine. IDLE is what
makes the calls of its fastest course (sign-in, listing, 16 fetches by four with the end of the last one, two discards)
add up to its 2.2 s:

    IDLE * (0.235 + 0.087 + 0.078 + 16 * 0.11 + 0.24) + 2 * 0.3 = 2.2

With it the course with two pulls should take the 3.4 s of observed 32 as well, and the loop of ansible.builtin.uri
about its 23 s: `make bench` runs all three, as a check of the stand-in.
"""

from __future__ import annotations

from dataclasses import dataclass

IDLE = 0.67

# The part of a call's time for which it needs the server alone. Four fetches at once took 0.11 s each where one took
# 0.35 s, four looks at the status 0.19 s each where one took 0.63 s (observed 5): 0.31 and 0.30. The rest of a call is
# waiting (for the Git host, for the database), which others can do at the same time: three calls side by side run at
# full speed, the fourth waits a little, and more gain nothing.
SHARED = 0.31


@dataclass(frozen=True)
class Cost:
    """Seconds of one call alone on the idle machine."""

    alone: float
    source: str

    @property
    def shared(self) -> float:
        return self.alone * SHARED


def _busy(seconds: float, source: str) -> Cost:
    return Cost(seconds * IDLE, f"{seconds:g} s x {IDLE:g} ({source})")


def _idle(seconds: float, source: str) -> Cost:
    return Cost(seconds, f"{seconds:g} s ({source})")


COSTS: dict[str, Cost] = {
    "fetch": _busy(0.35, "observed 5; 0.11 s with four at once"),
    "status": _busy(0.63, "observed 5; 0.19 s with four at once"),
    # Not measured: what is left of it without the fetch that it makes.
    "status_local": _busy(0.63 - 0.35, "observed 5: status without its fetch"),
    "metadata": _busy(0.04, "observed 5"),
    "discard": _idle(0.3, "observed 29 and 32"),
    "pull": _idle(0.9, "observed 29 and 32; 2.0 s and more on the busy machine"),
    "login": _busy(0.235, "recorded, accepted ones"),
    "basic": _busy(0.235, "observed 25: as much as a login"),
    "logout": _busy(0.01, "recorded"),
    "me": _busy(0.042, "recorded"),
    "probe": _busy(0.016, "recorded: the fastest GET /users/me, for it is refused at once"),
    "info": _busy(0.005, "assumed: a file of the web server in front"),
    "workspaces": _busy(0.087, "recorded"),
    "applications": _busy(0.078, "recorded"),
    "pages": _busy(0.076, "recorded"),
    "export": _busy(0.117, "recorded"),
    "application_datasources": _busy(0.091, "recorded"),
    "datasources": _busy(0.051, "recorded"),
    "plugins": _busy(0.041, "recorded"),
    "refs": _busy(0.083, "recorded"),
    "protected": _busy(0.023, "recorded"),
    "commit": _busy(0.613, "recorded"),
    "page_view": _busy(0.216, "recorded: what a browser asks for that opens a page"),
    "profile": _busy(0.042, "assumed: as GET /users/me"),
    "health": _busy(0.035, "recorded"),
    "tenant": _busy(0.084, "recorded"),
}
