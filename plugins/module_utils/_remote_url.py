# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git remote addresses as Appsmith takes them; private to the collection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import GitInvalidUrl

# The server's own two patterns (contract 4.2, releases from v1.22 on), tried in this order on the whole text.
_WITH_SCHEME = re.compile(r"ssh://([a-z_][\w-]+@)?(?P<host>[\w\-.]+)(:(?P<port>\d*))?/+(?P<path>.+?)(\.git)?")
_SCP_LIKE = re.compile(r"[a-z_][\w-]+@(?P<host>[\w\-.]+):/*(?P<path>.+?)(\.git)?")

# Other doors of public hosts, for networks that let only port 443 through.
_DOORS = {
    ("ssh.github.com", 443): ("github.com", 22),
    ("altssh.gitlab.com", 443): ("gitlab.com", 22),
    ("altssh.bitbucket.org", 443): ("bitbucket.org", 22),
}
# Hosts that take RSA keys only.
_RSA_ONLY = re.compile(r"(.+\.)?(dev\.azure\.com|visualstudio\.com)|git-codecommit\..+\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True)
class RemoteUrl:
    """A remote address in its parts."""

    text: str
    host: str
    port: int
    path: str

    @property
    def name(self) -> str:
        """The repository's name: what Appsmith names an imported application after."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def owner(self) -> str:
        return self.path.rsplit("/", 1)[0] if "/" in self.path else ""

    @property
    def identity(self) -> tuple[str, int, str]:
        """Equal for all spellings of one repository. Git hosts do not tell names apart by case."""
        host = self.host.lower().rstrip(".")
        return (*_DOORS.get((host, self.port), (host, self.port)), self.path.casefold())

    @property
    def key_type(self) -> str:
        """The kind of deploy key that its host takes."""
        return "RSA" if _RSA_ONLY.fullmatch(self.host.lower()) else "ECDSA"

    @property
    def page(self) -> str:
        """Where Appsmith looks whether the repository is public; a port is dropped."""
        return f"https://{self.host}/{self.path}"


def parse(text: str) -> RemoteUrl:
    """The parts of an address; raises C(GitInvalidUrl) for what the server would refuse."""
    text = (text or "").strip()
    # Before the pattern is tried: a user part with a password would otherwise be shown in the error.
    shown = re.sub(r"(?<=//)[^/@]*:[^/@]*@", "***@", text)
    found = _WITH_SCHEME.fullmatch(text) or _SCP_LIKE.fullmatch(text)
    path = found["path"].strip("/") if found else ""
    path = path.removesuffix(".git")
    port = int(found.groupdict().get("port") or 22) if found else 22
    if not found or not path or path.isspace() or not 0 < port < 65536:
        why = (
            "only SSH addresses are taken" if "://" in text and not text.startswith("ssh://") else "not an SSH address"
        )
        raise GitInvalidUrl(
            f"'{shown}' is no repository address for Appsmith: {why}",
            next_step="Give git@git.example.com:owner/repository.git or ssh://git@git.example.com:2222/owner/repository.git.",
        )
    return RemoteUrl(text, found["host"], port, path)


def same_repository(first: str | None, second: str | None) -> bool:
    """True when both address one repository, in whatever spelling."""
    if not first or not second:
        return False
    if first.strip() == second.strip():
        return True
    try:
        return parse(first).identity == parse(second).identity
    except GitInvalidUrl:
        return False
