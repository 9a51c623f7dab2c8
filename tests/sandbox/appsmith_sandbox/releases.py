# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases that the sandbox can play, and where they differ in what it plays.

Checked against recordings of real servers: v1.60 and v1.91. All others follow from reading (api-contract.md, section 8;
after-v1.91.md, section 3) and are marked `checked=False`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CHECKED = ("v1.60", "v1.91")

# Later releases write three parts (from v2.4.1 on); v1.51 is the first with the X-Appsmith-Version probe.
_NAMES = (
    [f"v1.{minor}" for minor in range(51, 100)]
    + ["v2.0", "v2.1", "v2.2", "v2.3", "v2.4", "v2.4.1", "v2.4.2", "v2.4.3"]
    + ["v2.5.0", "v2.5.1", "v2.6.0", "v2.7.0", "v2.7.1"]
)


class UnknownRelease(ValueError):
    """No such release in the table."""


def number(name: str) -> tuple[int, ...]:
    """v2.4 and v2.4.0 are the same release."""
    try:
        parts = [int(part) for part in name.removeprefix("v").split(".")]
    except ValueError as error:
        raise UnknownRelease(f"{name}: not a release (expected something like v1.91)") from error
    return tuple(parts + [0] * (3 - len(parts)))


@dataclass(frozen=True)
class Release:
    name: str
    number: tuple[int, ...]
    server_schema: int
    client_schema: int

    @property
    def checked(self) -> bool:
        return self.name in CHECKED

    def since(self, name: str) -> bool:
        """This release is `name` or newer."""
        return self.number >= number(name)

    @property
    def csrf_cookie(self) -> bool:
        return self.since("v1.64")

    @property
    def organizations(self) -> bool:
        """Tenants are called organizations."""
        return self.since("v1.63")

    @property
    def sign_up_in_organization(self) -> bool:
        """Sign-up and form login are the organization's; docker.env before."""
        return self.since("v1.66")

    @property
    def run_behaviour(self) -> bool:
        """Actions and their files say runBehaviour instead of executeOnLoad (seen on v1.91, not on v1.60; the first
        release with it is not known: the one that raised the server schema to 12 is taken)."""
        return self.since("v1.73")

    @property
    def unattended_restore(self) -> bool:
        return self.since("v2.4.1")

    @property
    def masks_env(self) -> bool:
        return self.since("v2.4")


def release(name: str) -> Release:
    wanted = number(name)
    for known in _NAMES:
        if number(known) == wanted:
            break
    else:
        raise UnknownRelease(f"{name}: no such release in the sandbox's table ({_NAMES[0]} to {_NAMES[-1]})")
    server = 13 if wanted >= (2, 5, 0) else 12 if wanted >= (1, 73, 0) else 11
    client = 2 if wanted >= (1, 56, 0) else 1
    return Release(known, wanted, server, client)


def start_refusal(
    state: Release | None, wanted: Release, migrating: Release | None = None, checkpoints: Iterable[str] = ()
) -> str | None:
    """Why the server of one release will not start on the state that another has left; None = it will.

    `migrating`: the state is on its way to that release; `checkpoints`: more releases that must have run."""
    if state is None:
        return None
    reached = migrating or state
    if wanted.number < reached.number:
        return (
            f"start refused: Schema mismatch error AE-APP-5022: the database is of release {reached.name}, this server "
            f"is {wanted.name}: a downgrade is not supported"
        )
    missed = [one for one in checkpoints if state.number < number(one) < wanted.number]
    if not missed and wanted.number >= (2, 0, 0) and state.number < (1, 96, 0):
        missed = ["v1.96"]
    if missed:
        return (
            f"APPSMITH BACKEND START ABORTED \u2014 CHECKPOINT MISSED: {state.name} must first run "
            f"{' and then '.join(sorted(missed, key=number))} before {wanted.name}"
        )
    return None
