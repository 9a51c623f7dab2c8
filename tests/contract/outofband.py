# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder did beside the recorded calls: repositories, deploy keys, and the state a recording began with.

`prepare(world)` once, before the first step (for the upgrade: on the old release); `before(index, step, world)` may
change step["request"]; `after(index, step, answer, world)` takes note of keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from appsmith_sandbox.githost import Repositories

APPS = Path(__file__).resolve().parent.parent / "fixtures" / "apps"
ADMIN = ("admin@example.com", "Sup3rSecret!")
# Before these steps the newest key of their instance was registered, with the right to write, at the repository that
# the step names. git.import_denied and git.connect_denied are what happens without.
_REGISTERED = {"git.connect", "git.import", "git.import_same_again", "git.import_empty_repo", "git.import_old_route"}


def prepare(world: Any) -> None:
    repositories = Repositories(world.git_host_root)
    world.newest_key = {}
    for step in world.steps:
        name = _repository(step["request"])
        if name and "missing" not in name and "/x" not in name and not repositories.exists(name):
            bundle = {"acme/orders": "orders", "acme/support-desk": "support-desk"}.get(name)
            if bundle:
                repositories.import_bundle(name, APPS / "v1.91" / f"{bundle}.bundle")
            else:
                repositories.create(name)
    if world.recording.startswith("upgrade"):
        _two_applications_of_v1_60(world, repositories)
    elif world.recording not in ("v1.60", "v1.91"):
        # Their users had saved a default profile before.
        for name, running in world.instances.items():
            author = {"authorName": "Dana Dev", "authorEmail": "dana@example.com"}
            if name == "production":
                author = {"authorName": "Release Bot", "authorEmail": "bot@example.com"}
            for _time in range(2):
                _call(running.url, "POST", "git/profile/default", author)
        _earlier_profiles(world)


def before(index: int, step: dict[str, Any], world: Any) -> None:
    name = step["step"]
    repository = _repository(step["request"])
    if name == "git.connect_unreachable":
        body = step["request"]["json"]
        body["remoteUrl"] = body["remoteUrl"].replace(f":{world.git_host['ssh_port']}/", f":{world.closed_port}/")
    elif name == "git.connect_missing_repo":
        # The key was known to the host by then, or the answer would be that it is refused.
        denied = next(one for one in world.steps if one["step"] == "git.connect_denied")
        _register(world, step["instance"], _repository(denied["request"]))
    elif name in _REGISTERED and repository:
        _register(world, step["instance"], repository)


def after(index: int, step: dict[str, Any], answer: Any, world: Any) -> None:
    if step["step"] in ("git.keypair", "git.keypair_rsa", "git.import_keys") and isinstance(answer.body, dict):
        world.newest_key[step["instance"]] = answer.body.get("data", {}).get("publicKey")
    elif step["step"] == "git.profile_save_default" and isinstance(answer.body, dict):
        # An import that failed after its clone has left a profile for an application that nobody ever saw.
        recorded = [key for key in step["response"]["body"]["data"] if key != "default" and key not in world.ids]
        unknown = [key for key in answer.body.get("data", {}) if key != "default" and key not in world.ids.values()]
        if len(recorded) == len(unknown) == 1:
            world.ids[recorded[0]] = unknown[0]


def _repository(request: dict[str, Any]) -> str:
    """OWNER/NAME of the remoteUrl in a request; "" when there is none by SSH."""
    url = (request.get("json") or {}).get("remoteUrl") or ""
    return "/".join(url.split("/")[-2:]).removesuffix(".git") if url.startswith("ssh://") else ""


def _register(world: Any, instance: str, repository: str) -> None:
    key = world.newest_key[instance]
    url = f"{world.git_host['url']}/api/v1/repos/{repository}/keys"
    headers = {"Authorization": f"token {world.git_host['token']}"}
    body = {"title": f"{instance} {key[-24:]}", "key": key, "read_only": False}
    answer = requests.post(url, json=body, headers=headers, timeout=10)
    # The key of the missing repository's step is there already when the step after it connects.
    if answer.status_code not in (201, 422):
        raise RuntimeError(f"{repository}: {answer.status_code} {answer.text}")


def _call(url: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"X-Requested-By": "Appsmith", "Origin": url}
    answer = requests.request(method, f"{url}/api/v1/{path}", json=body, headers=headers, auth=ADMIN, timeout=60)
    if not answer.ok:
        raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json().get("data")


def _earlier_profiles(world: Any) -> None:
    """Applications of earlier days that the recorded users had author profiles for: each gets a stand-in."""
    for step in world.steps:
        if step["step"] != "git.profile_save_default":
            continue
        url = world.instances[step["instance"]].url
        workspace = _call(url, "GET", "workspaces/home")[0]["id"]
        for recorded_id, profile in step["response"]["body"]["data"].items():
            if recorded_id != "default" and (world.recording == "v1.91-more" or profile["authorName"] == "x"):
                app = _call(url, "POST", "applications", {"workspaceId": workspace, "name": "Earlier"})
                _call(url, "PUT", f"git/profile/app/{app['id']}", profile)
                world.ids[recorded_id] = app["id"]


def _two_applications_of_v1_60(world: Any, repositories: Repositories) -> None:
    """Orders and Support desk, each on master and staging, as v1.60 left them to v1.91."""
    url = world.instances["staging"].url
    workspace = _call(url, "POST", "workspaces", {"name": "Operations"})["id"]
    for bundle, name in (("orders", "Orders"), ("support-desk", "Support desk")):
        repository = f"acme/{bundle}60"
        repositories.import_bundle(repository, APPS / "v1.60" / f"{bundle}.bundle", ["master", "staging"])
        world.newest_key["staging"] = _call(url, "GET", "git/import/keys")["publicKey"]
        _register(world, "staging", repository)
        body = {
            "remoteUrl": f"ssh://git@127.0.0.1:{world.git_host['ssh_port']}/{repository}.git",
            "gitProfile": {"authorName": "Dana Dev", "authorEmail": "dana@example.com", "useGlobalProfile": False},
        }
        app = _call(url, "POST", f"git/import/{workspace}", body)["application"]
        _call(url, "PUT", f"applications/{app['id']}", {"name": name})
        branch = _call(url, "GET", f"git/checkout-branch/app/{app['id']}?branchName=origin/staging")
        for app_id in (branch["id"], app["id"]):
            _call(url, "PUT", f"git/discard/app/{app_id}")
            _call(url, "POST", f"applications/publish/{app_id}")
