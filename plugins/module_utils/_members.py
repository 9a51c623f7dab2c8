# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a workspace and their roles; private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    InvalidInput,
    PermissionDenied,
    ProofFailed,
    after_writing,
)

ADMINISTRATOR = "administrator"
DEVELOPER = "developer"
VIEWER = "viewer"
# What the server calls them; the workspace's name follows, so only the beginning counts.
PREFIXES = {ADMINISTRATOR: "Administrator - ", DEVELOPER: "Developer - ", VIEWER: "App Viewer - "}
ROLES = tuple(PREFIXES)

# The server refuses one bad address for the whole invitation, without saying which it was.
_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")


def role_of(name: str) -> str | None:
    """C(administrator), C(developer) or C(viewer); none for a role of one's own (a paid edition has them)."""
    return next((role for role, prefix in PREFIXES.items() if name.startswith(prefix)), None)


@dataclass(frozen=True)
class Member:
    email: str
    role: str | None
    name: str = ""
    id: str | None = None
    # Only an invitation's answer tells it; the list of members does not.
    signed_up: bool | None = None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Member:
        found = [role_of(str(role.get("name") or "")) for role in data.get("roles") or ()]
        role = next((role for role in ROLES if role in found), None)
        return cls(str(data.get("username") or "").lower(), role, str(data.get("name") or ""), data.get("userId"))

    def as_result(self) -> dict[str, Any]:
        return {"email": self.email, "name": self.name, "role": self.role, "id": self.id, "signed_up": self.signed_up}


def list_members(client: Client, workspace_id: str) -> dict[str, Member]:
    """By address."""
    found = [Member.read(item) for item in client.get(f"/workspaces/{workspace_id}/members") or []]
    return {member.email: member for member in found}


def role_ids(client: Client, workspace_id: str) -> dict[str, str]:
    """The roles that the caller may hand out, by C(administrator), C(developer), C(viewer)."""
    found = {}
    for role in client.get(f"/workspaces/{workspace_id}/permissionGroups") or []:
        kind = role_of(str(role.get("name") or ""))
        if kind:
            found[kind] = str(role["id"])
    return found


def wanted_members(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Address to role, checked; the server lowers the case of addresses."""
    wanted: dict[str, str] = {}
    for entry in entries:
        email = str(entry["email"]).strip().lower()
        if not _ADDRESS.fullmatch(email):
            raise InvalidInput(f"'{entry['email']}' is no e-mail address", next_step="Correct it; nothing was changed.")
        if wanted.setdefault(email, entry["role"]) != entry["role"]:
            raise InvalidInput(
                f"{email} stands twice in the list, as {wanted[email]} and as {entry['role']}",
                next_step="Give every member one role; nothing was changed.",
            )
    return wanted


@dataclass
class Plan:
    """What is to be done to a workspace's members."""

    invite: dict[str, list[str]] = field(default_factory=dict)
    change: dict[str, str] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.invite or self.change or self.remove)

    def after(self, present: dict[str, Member]) -> dict[str, str | None]:
        """Address to role, as it will be."""
        left = {email: member.role for email, member in present.items() if email not in self.remove}
        return {**left, **self.change, **{email: role for role, emails in self.invite.items() for email in emails}}


def plan(present: dict[str, Member], wanted: dict[str, str], state: str, caller: str) -> Plan:
    """C(state): C(present) adds and changes, C(exact) also removes those that are not listed, C(absent) removes.

    The account that does it keeps its role: without it nothing could be put right again.
    """
    result = Plan()
    if state == "absent":
        gone = [email for email in wanted if email in present]
    else:
        for email, role in wanted.items():
            if email not in present:
                result.invite.setdefault(role, []).append(email)
            elif present[email].role != role:
                result.change[email] = role
        gone = [email for email in present if email not in wanted] if state == "exact" else []
    result.remove = sorted(gone)
    own = present.get(caller)
    if own and own.role == ADMINISTRATOR and (caller in result.remove or caller in result.change):
        result.warnings.append(f"{caller} is the account that this is done with; it stays Administrator")
        result.remove = [email for email in result.remove if email != caller]
        result.change.pop(caller, None)
    before = any(member.role == ADMINISTRATOR for member in present.values())
    if before and result and ADMINISTRATOR not in result.after(present).values():
        raise InvalidInput(
            "Nobody would be left as Administrator of the workspace",
            next_step="Name at least one member with the role administrator; nothing was changed.",
        )
    return result


def apply(client: Client, workspace_id: str, planned: Plan) -> list[Member]:
    """Do it, and prove it by the list; returns the members, with what the invitations told of them."""
    roles = role_ids(client, workspace_id)
    needed = {*planned.invite, *planned.change.values()}
    missing = [role for role in ROLES if role in needed and role not in roles]
    if missing:
        raise PermissionDenied(
            f"This user may not hand out the role {', '.join(missing)} in the workspace",
            next_step="Use an account that is an Administrator of the workspace; nothing was changed.",
        )
    signed_up: dict[str, bool] = {}
    written = False
    # Administrators first, so that the last one before can go.
    for role in (role for role in ROLES if role in planned.invite):
        with after_writing(written):
            body = {"usernames": planned.invite[role], "permissionGroupId": roles[role]}
            for user in client.post("/users/invite", body) or []:
                signed_up[str(user.get("email") or "").lower()] = bool(user.get("isEnabled"))
        written = True
    path = f"/workspaces/{workspace_id}/permissionGroup"
    for email, role in sorted(planned.change.items(), key=lambda item: ROLES.index(item[1])):
        with after_writing(written):
            client.put(path, {"username": email, "newPermissionGroupId": roles[role]})
        written = True
    for email in planned.remove:
        with after_writing(written):
            # Without a role the server takes the member out.
            client.put(path, {"username": email})
        written = True
    with after_writing():
        return _proven(client, workspace_id, planned, signed_up)


def _proven(client: Client, workspace_id: str, planned: Plan, signed_up: dict[str, bool]) -> list[Member]:
    found = list_members(client, workspace_id)
    expected = {**planned.change, **{email: role for role, emails in planned.invite.items() for email in emails}}
    wrong = [email for email, role in expected.items() if email not in found or found[email].role != role]
    wrong += [email for email in planned.remove if email in found]
    if wrong:
        raise ProofFailed(
            f"The members were written, but afterwards these are not as they should be: {', '.join(sorted(wrong))}",
            next_step="Look at the workspace's members, then run again.",
        )
    return [
        Member(one.email, one.role, one.name, one.id, signed_up.get(one.email, one.signed_up)) for one in found.values()
    ]
