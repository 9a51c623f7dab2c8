# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Git host for the sandbox: SSH with deploy keys that are checked for real, and Gitea's REST API for them.

SSH: a key that is registered nowhere is refused while signing in; a key of another repository signs in and is refused
afterwards; a read-only key may not push; a missing repository is said to be missing. DIR/admin_key may do everything.
HTTP: repositories, deploy keys, branches, pull requests with statuses and reviews (githost_pulls.py), with Basic or
token authentication, and nothing else of Gitea.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import githost_pulls

USERNAME, PASSWORD, TOKEN = "gitadmin", "gitadmin-password", "0123456789abcdef0123456789abcdef01234567"
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# The host's own answer to a push to a protected branch; the administrator's key may.
_UPDATE_HOOK = """#!/bin/sh
test -n "$GIT_HOST_ADMIN" && exit 0
if grep -qxF -- "$1" "$GIT_DIR/protected_refs" 2>/dev/null; then
  echo "Not allowed to push to protected branch ${1#refs/heads/}" >&2
  exit 1
fi
"""


class Repositories:
    """Bare repositories below DIR/repositories, and the deploy keys in DIR/keys.json."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).resolve()
        self.folder = self.root / "repositories"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._keys_file = self.root / "keys.json"

    def path(self, name: str) -> Path:
        owner, _slash, repository = name.partition("/")
        repository = repository.removesuffix(".git")
        if not _PART.fullmatch(owner) or not _PART.fullmatch(repository):
            raise ValueError(f"{name}: not OWNER/NAME")
        return self.folder / owner / f"{repository}.git"

    def exists(self, name: str) -> bool:
        try:
            return (self.path(name) / "HEAD").exists()
        except ValueError:
            return False

    def create(self, name: str, branch: str = "master") -> Path:
        path = self.path(name)
        if path.exists():
            raise FileExistsError(f"{name} exists already")
        _git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(path))
        hook = path / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_UPDATE_HOOK, encoding="utf-8")
        hook.chmod(0o755)
        return path

    def import_bundle(self, name: str, bundle: str | Path, branches: list[str] | None = None) -> Path:
        """A new repository with the branches of a bundle (all of them, or the named ones)."""
        bundle = Path(bundle).resolve()
        head = "master"
        for line in _git("ls-remote", "--symref", str(bundle), "HEAD").splitlines():
            if line.startswith("ref: refs/heads/"):
                head = line.split()[1].removeprefix("refs/heads/")
        path = self.create(name, head)
        specs = [f"refs/heads/{branch}:refs/heads/{branch}" for branch in branches or ["*"]]
        _git("-C", str(path), "fetch", "--quiet", str(bundle), *specs)
        return path

    def protect(self, name: str, branch: str, protected: bool = True) -> None:
        file = self.path(name) / "protected_refs"
        refs = set(file.read_text(encoding="utf-8").splitlines()) if file.exists() else set()
        refs = refs | {f"refs/heads/{branch}"} if protected else refs - {f"refs/heads/{branch}"}
        file.write_text("".join(f"{ref}\n" for ref in sorted(refs)), encoding="utf-8")

    def delete(self, name: str) -> None:
        shutil.rmtree(self.path(name))
        self._write([key for key in self.deploy_keys() if key["repository"] != name])

    def deploy_keys(self, name: str | None = None) -> list[dict[str, Any]]:
        if not self._keys_file.exists():
            return []
        keys: list[dict[str, Any]] = json.loads(self._keys_file.read_text(encoding="utf-8"))
        return [key for key in keys if name is None or key["repository"] == name]

    def add_key(self, name: str, title: str, key: str, read_only: bool) -> dict[str, Any]:
        """ValueError with Gitea's words when the key or the title is there already."""
        fingerprint = asyncssh.import_public_key(key).get_fingerprint()
        for other in self.deploy_keys(name):
            if other["fingerprint"] == fingerprint:
                raise ValueError("This key has already been added to this repository")
            if other["title"] == title:
                raise ValueError("A key with the same name already exists")
        keys = self.deploy_keys()
        added = {
            "id": max((other["id"] for other in keys), default=0) + 1,
            "repository": name,
            "title": title,
            "key": key.strip(),
            "fingerprint": fingerprint,
            "read_only": read_only,
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._write([*keys, added])
        return added

    def delete_key(self, name: str, key_id: int) -> bool:
        keys = self.deploy_keys()
        left = [key for key in keys if not (key["repository"] == name and key["id"] == key_id)]
        self._write(left)
        return len(left) < len(keys)

    def _write(self, keys: list[dict[str, Any]]) -> None:
        temporary = self._keys_file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(keys, indent=1), encoding="utf-8")
        temporary.replace(self._keys_file)


# SSH ----------------------------------------------------------------------------------------------------------------


def _acknowledge_at_once(conn: asyncssh.SSHServerConnection) -> None:
    """Git's ssh has Nagle's algorithm on, so that each delayed acknowledgement costs it 40 ms: 0.1 s a command. The
    kernel goes back to delaying them by itself; hence after everything that comes in."""
    peer = conn.get_extra_info("socket")
    if peer is None or not hasattr(socket, "TCP_QUICKACK"):
        return
    receive = conn.data_received

    def data_received(data: bytes, datatype: int | None = None) -> None:
        receive(data, datatype)
        with contextlib.suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    conn.data_received = data_received  # type: ignore[method-assign]


class _SSHServer(asyncssh.SSHServer):
    def __init__(self, repositories: Repositories, admin: asyncssh.SSHKey) -> None:
        self._repositories = repositories
        self._admin = admin.get_fingerprint()
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        _acknowledge_at_once(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        fingerprint = key.get_fingerprint()
        known = fingerprint == self._admin or any(
            k["fingerprint"] == fingerprint for k in self._repositories.deploy_keys()
        )
        if known and self._connection is not None:
            self._connection.set_extra_info(key_fingerprint=fingerprint, is_admin=fingerprint == self._admin)
        return known


async def _serve_command(repositories: Repositories, process: asyncssh.SSHServerProcess[bytes]) -> None:
    refused, path = _authorize(repositories, process)
    if refused:
        process.stderr.write(f"{refused}\n".encode())
        process.exit(1)
        return
    service = shlex.split(process.command or "")[0].removeprefix("git-")
    environment = {**os.environ, **_NO_GIT_CONFIG}
    if process.env.get("GIT_PROTOCOL") == "version=2":
        environment["GIT_PROTOCOL"] = "version=2"
    if process.get_extra_info("is_admin"):
        environment["GIT_HOST_ADMIN"] = "1"
    child = await asyncio.create_subprocess_exec(
        "git",
        # As the large Git hosts do.
        *("-c", "uploadpack.allowFilter=true", "-c", "uploadpack.allowAnySHA1InWant=true"),
        service,
        str(path),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdin and child.stdout and child.stderr
    feed = asyncio.create_task(_feed(process.stdin, child.stdin))
    try:
        await asyncio.gather(_drain(child.stdout, process.stdout), _drain(child.stderr, process.stderr))
        process.exit(await child.wait())
    finally:
        feed.cancel()
        if child.returncode is None:
            child.kill()


def _authorize(repositories: Repositories, process: asyncssh.SSHServerProcess[bytes]) -> tuple[str, Path | None]:
    """(refusal, path): the words are Gitea's."""
    try:
        service, name = shlex.split(process.command or "")
    except ValueError:
        return "Only git-upload-pack and git-receive-pack are served here", None
    if service not in ("git-upload-pack", "git-receive-pack"):
        return "Only git-upload-pack and git-receive-pack are served here", None
    name = name.strip("/").removesuffix(".git")
    if not repositories.exists(name):
        return f"Gitea: Cannot find repository: {name}\nERROR: Repository not found.", None
    if process.get_extra_info("is_admin"):
        return "", repositories.path(name)
    fingerprint = process.get_extra_info("key_fingerprint")
    key = next((k for k in repositories.deploy_keys(name) if k["fingerprint"] == fingerprint), None)
    if key is None:
        return f"Gitea: Deploy Key is not authorized to read {name}.", None
    if service == "git-receive-pack" and key["read_only"]:
        return f"Gitea: Deploy Key: {key['id']}:{key['title']} is not authorized to write to {name}.", None
    return "", repositories.path(name)


async def _feed(source: asyncssh.SSHReader[bytes], target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncssh.Error):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    with contextlib.suppress(ConnectionError):
        target.close()


async def _drain(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
    while data := await source.read(65536):
        with contextlib.suppress(ConnectionError, asyncssh.Error):
            target.write(data)
            await target.drain()


# HTTP ---------------------------------------------------------------------------------------------------------------


def http_app(repositories: Repositories, ssh_port: int, credentials: tuple[str, str, str]) -> Starlette:
    username, password, token = credentials
    reviewer = f"{githost_pulls.REVIEWER}:{githost_pulls.REVIEWER_PASSWORD}"
    accepted = {
        "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode(): username,
        "Basic " + base64.b64encode(f"{username}:{token}".encode()).decode(): username,
        f"token {token}": username,
        f"Bearer {token}": username,
        "Basic " + base64.b64encode(reviewer.encode()).decode(): githost_pulls.REVIEWER,
    }

    def who(request: Request) -> str:
        return accepted[request.headers["authorization"]]

    def refused(status: int, message: str) -> JSONResponse:
        return JSONResponse({"message": message, "url": "/api/swagger"}, status)

    def guarded(handler: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            given = request.headers.get("authorization")
            if given is None and "owner" in request.path_params:
                # Who says nothing of themselves is not told that a private repository is there.
                return refused(404, "not found")
            if given not in accepted:
                return refused(401, "invalid username, password or token" if given else "token is required")
            if "owner" in request.path_params and not repositories.exists(_name(request)):
                return refused(404, "not found")
            answer: Response = await handler(request)
            return answer

        return endpoint

    def repository_view(request: Request, name: str) -> dict[str, Any]:
        owner, _slash, short = name.partition("/")
        path = repositories.path(name)
        branches = _git("-C", str(path), "for-each-ref", "--count=1", "refs/heads")
        return {
            "id": path.stat().st_ino,
            "owner": {"login": owner, "username": owner},
            "name": short,
            "full_name": name,
            "private": True,
            "empty": not branches,
            "default_branch": _git("-C", str(path), "symbolic-ref", "--short", "HEAD").strip(),
            "ssh_url": f"ssh://git@{request.url.hostname}:{ssh_port}/{name}.git",
            "html_url": str(request.base_url) + name,
        }

    def key_view(request: Request, key: dict[str, Any]) -> dict[str, Any]:
        view = {field: key[field] for field in ("id", "title", "key", "fingerprint", "read_only", "created_at")}
        url = f"{request.base_url}api/v1/repos/{key['repository']}/keys/{key['id']}"
        return {**view, "key_id": key["id"], "url": url}

    async def version(request: Request) -> Response:
        return JSONResponse({"version": "1.26.0"})

    async def user(request: Request) -> Response:
        return JSONResponse({"id": 1, "login": username, "username": username, "is_admin": True})

    async def create_repository(request: Request) -> Response:
        body = await _json(request)
        name = f"{request.path_params.get('org', username)}/{body.get('name', '')}"
        try:
            repositories.create(name, body.get("default_branch") or "master")
        except FileExistsError:
            return refused(409, "The repository with the same name already exists.")
        except ValueError:
            return refused(422, "[Name]: Required")
        return JSONResponse(repository_view(request, name), 201)

    async def read_repository(request: Request) -> Response:
        return JSONResponse(repository_view(request, _name(request)))

    async def delete_repository(request: Request) -> Response:
        repositories.delete(_name(request))
        return Response(status_code=204)

    async def list_keys(request: Request) -> Response:
        keys = repositories.deploy_keys(_name(request))
        page, limit = (int(request.query_params.get(field) or value) for field, value in (("page", 1), ("limit", 30)))
        fingerprint = request.query_params.get("fingerprint")
        keys = [key for key in keys if fingerprint in (None, key["fingerprint"])]
        shown = keys[(page - 1) * limit : page * limit]
        return JSONResponse([key_view(request, key) for key in shown], headers={"X-Total-Count": str(len(keys))})

    async def add_key(request: Request) -> Response:
        body = await _json(request)
        title, key = body.get("title"), body.get("key")
        if not title or not key:
            return refused(422, "[Title]: Required" if not title else "[Key]: Required")
        try:
            added = repositories.add_key(_name(request), title, key, bool(body.get("read_only", False)))
        except asyncssh.KeyImportError as error:
            return refused(422, f"Invalid key content: {error}")
        except ValueError as error:
            return refused(422, str(error))
        return JSONResponse(key_view(request, added), 201)

    async def one_key(request: Request) -> Response:
        key_id = request.path_params["key"]
        if request.method == "DELETE":
            repositories.delete_key(_name(request), key_id)
            return Response(status_code=204)
        found = [key for key in repositories.deploy_keys(_name(request)) if key["id"] == key_id]
        return JSONResponse(key_view(request, found[0])) if found else refused(404, "not found")

    repo = "/api/v1/repos/{owner}/{repo}"
    return Starlette(
        routes=[
            Route("/api/v1/version", version),
            Route("/api/v1/user", guarded(user)),
            Route("/api/v1/user/repos", guarded(create_repository), methods=["POST"]),
            Route("/api/v1/orgs/{org}/repos", guarded(create_repository), methods=["POST"]),
            Route(repo, guarded(read_repository), methods=["GET"]),
            Route(repo, guarded(delete_repository), methods=["DELETE"]),
            Route(f"{repo}/keys", guarded(list_keys), methods=["GET"]),
            Route(f"{repo}/keys", guarded(add_key), methods=["POST"]),
            Route(repo + "/keys/{key:int}", guarded(one_key), methods=["GET", "DELETE"]),
            *githost_pulls.routes(repositories, guarded, who),
        ]
    )


def _name(request: Request) -> str:
    return f"{request.path_params['owner']}/{request.path_params['repo']}"


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


# The process --------------------------------------------------------------------------------------------------------

_NO_GIT_CONFIG = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


class GitHost:
    """Both servers in one event loop; `with GitHost(...)` runs them in a thread (for tests)."""

    def __init__(
        self,
        root: str | Path,
        ssh_port: int = 0,
        http_port: int = 0,
        credentials: tuple[str, str, str] = (USERNAME, PASSWORD, TOKEN),
    ) -> None:
        self.repositories = Repositories(root)
        self.root = self.repositories.root
        self.ssh_port, self.http_port = ssh_port or free_port(), http_port or free_port()
        self.credentials = credentials
        self.admin_key = self.root / "admin_key"
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def ssh_url(self, name: str) -> str:
        return f"ssh://git@127.0.0.1:{self.ssh_port}/{name}.git"

    def facts(self) -> dict[str, Any]:
        username, password, token = self.credentials
        return {
            "url": self.http_url,
            "ssh_port": self.ssh_port,
            "http_port": self.http_port,
            "username": username,
            "password": password,
            "token": token,
            "admin_key": str(self.admin_key),
        }

    async def serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        host_key, admin = _key(self.root / "host_key"), _key(self.admin_key)
        ssh = await asyncssh.create_server(
            lambda: _SSHServer(self.repositories, admin),
            "127.0.0.1",
            self.ssh_port,
            server_host_keys=[host_key],
            process_factory=lambda process: _serve_command(self.repositories, process),
            encoding=None,
            compression_algs=None,
            login_timeout=30,
        )
        app = http_app(self.repositories, self.ssh_port, self.credentials)
        config = uvicorn.Config(app, "127.0.0.1", self.http_port, log_level="warning", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        http = asyncio.create_task(server.serve())
        while not server.started:
            if http.done():
                http.result()
                raise OSError(f"port {self.http_port} cannot be opened")
            await asyncio.sleep(0.01)
        self._ready.set()
        await self._stop.wait()
        server.should_exit = True
        ssh.close()
        await http

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        try:
            asyncio.run(self.serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    def __enter__(self) -> GitHost:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(30)
        if self._failure is not None:
            raise RuntimeError(f"the Git host does not start: {self._failure}") from self._failure
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _key(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment="sandbox")
        path.touch(mode=0o600)
        key.write_private_key(str(path))
        key.write_public_key(f"{path}.pub")
    return asyncssh.read_private_key(str(path))


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], env={**os.environ, **_NO_GIT_CONFIG}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


# Command line -------------------------------------------------------------------------------------------------------


def add_arguments(subparsers: Any) -> None:
    """The verbs of `git-host`; cli.py hands its own sub-parsers in, `main` runs what was chosen."""
    verbs: dict[str, argparse.ArgumentParser] = {}
    for verb, text in (
        ("start", "run it in the background"),
        ("stop", "end it"),
        ("status", "say on which ports it runs (exit 3: it does not)"),
        ("serve", "run it in the foreground"),
        ("create", "make an empty repository"),
        ("import", "make a repository of a bundle"),
        ("protect", "refuse pushes to a branch"),
    ):
        verbs[verb] = subparsers.add_parser(verb, help=text)
        verbs[verb].add_argument("--root", type=Path, required=True, help="where it keeps everything")
        verbs[verb].set_defaults(git_host_verb=verb)
    for verb in ("start", "serve"):
        verbs[verb].add_argument("--ssh-port", type=int, default=0)
        verbs[verb].add_argument("--http-port", type=int, default=0)
        verbs[verb].add_argument("--username", default=USERNAME)
        verbs[verb].add_argument("--password", default=PASSWORD)
        verbs[verb].add_argument("--token", default=TOKEN)
    for verb in ("create", "import", "protect"):
        verbs[verb].add_argument("repository", metavar="OWNER/NAME")
    verbs["create"].add_argument("--branch", default="master", help="its default branch")
    verbs["import"].add_argument("bundle", type=Path)
    verbs["import"].add_argument("--branches", type=lambda text: text.split(","), help="only these, comma separated")
    verbs["protect"].add_argument("branch")
    verbs["protect"].add_argument("--off", action="store_true", help="allow them again")


def main(args: argparse.Namespace) -> int:
    verb = args.git_host_verb
    try:
        if verb == "start":
            return _start(args)
        if verb == "serve":
            return _serve(args)
        if verb == "stop":
            return _stop(args.root)
        if verb == "status":
            facts = _running(args.root)
            print(json.dumps({"running": facts is not None, **(facts or {})}))
            return 0 if facts else 3
        repositories = Repositories(args.root)
        if verb == "create":
            repositories.create(args.repository, args.branch)
        elif verb == "import":
            repositories.import_bundle(args.repository, args.bundle, args.branches)
        else:
            repositories.protect(args.repository, args.branch, not args.off)
    except (OSError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _running(root: Path) -> dict[str, Any] | None:
    """What the running host wrote about itself; a file left by a killed one counts for nothing."""
    try:
        facts: dict[str, Any] = json.loads((root / "git-host.json").read_text(encoding="utf-8"))
        os.kill(facts["pid"], 0)
        command = Path(f"/proc/{facts['pid']}/cmdline")
        if command.exists() and b"githost" not in command.read_bytes():
            return None
    except (OSError, ValueError, KeyError):
        return None
    return facts


def _start(args: argparse.Namespace) -> int:
    facts = _running(args.root)
    if facts is None:
        args.root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "appsmith_sandbox.githost", "serve", "--root", str(args.root.resolve())]
        for option in ("ssh_port", "http_port", "username", "password", "token"):
            command += [f"--{option.replace('_', '-')}", str(getattr(args, option))]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        log_file = args.root / "git-host.log"
        with log_file.open("ab") as log:
            child = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 30
        while (facts := _running(args.root)) is None:
            if child.poll() is not None or time.monotonic() > deadline:
                last = log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
                print(f"the Git host does not start: {' '.join(last)}", file=sys.stderr)
                return 1
            time.sleep(0.05)
    print(json.dumps(facts))
    return 0


def _serve(args: argparse.Namespace) -> int:
    host = GitHost(args.root, args.ssh_port, args.http_port, (args.username, args.password, args.token))
    facts_file = host.root / "git-host.json"

    async def run() -> None:
        serving = asyncio.create_task(host.serve())

        def stop() -> None:
            if host._stop:
                host._stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        while not host._ready.is_set() and not serving.done():
            await asyncio.sleep(0.01)
        if not serving.done():
            temporary = facts_file.with_suffix(".new")
            temporary.write_text(json.dumps({"pid": os.getpid(), **host.facts()}), encoding="utf-8")
            temporary.replace(facts_file)
        await serving

    try:
        asyncio.run(run())
    finally:
        facts_file.unlink(missing_ok=True)
    return 0


def _stop(root: Path) -> int:
    facts = _running(root)
    if facts is None:
        return 0
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if _running(root) is None:
            return 0
        time.sleep(0.05)
    os.kill(facts["pid"], signal.SIGKILL)
    return 0


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="appsmith_sandbox.githost", description=__doc__)
    add_arguments(_parser.add_subparsers(required=True))
    sys.exit(main(_parser.parse_args()))
