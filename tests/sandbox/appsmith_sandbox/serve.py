# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the process of an instance: Appsmith behind a web server, until a signal ends it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from .app import Application, Instance
from .process import (
    CONTAINER_ENDED,
    backend_path,
    backend_state,
    facts_path,
    last_path,
    serve_command,
    set_backend,
    store_path,
    take_lock,
    write_json,
)
from .releases import Release
from .secrets import make_env
from .starts import Backend, container_fault, environment_of
from .store import Store


class Served(Application):
    """The application, with a backend that can be stopped and started beside it."""

    def __init__(self, instance: Instance, startup_seconds: float) -> None:
        super().__init__(instance)
        self.backend = Backend(instance, startup_seconds)
        self._seen: tuple[int, int] | None = None
        self._starts = backend_state(instance.root)["starts"]
        self.backend.start()

    def backend_answers(self) -> bool:
        """Look whether somebody stopped or started the backend; a stat per request is all that it costs."""
        try:
            found = backend_path(self.instance.root).stat()
        except OSError:
            return self.backend.up
        mark = (found.st_mtime_ns, found.st_ino)
        if mark != self._seen:
            self._seen = mark
            state = backend_state(self.instance.root)
            if not state["running"]:
                self.backend.halt()
            elif state["starts"] != self._starts:
                self._starts = state["starts"]
                self.backend.start()
        return self.backend.up


def serve(
    root: Path, port: int, wanted: Release, *, name: str, startup_seconds: float = 0.0, time_scale: float = 1.0
) -> int:
    """Run an instance in the foreground until a signal ends it, also when its backend does not come up."""
    import uvicorn

    root = root.resolve()
    # `status` holds the lock for an instant when it looks.
    lock = take_lock(root, patience=0.5)
    if lock is None:
        print(f"{root}: an instance runs here already", file=sys.stderr)
        return 1
    # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        # In a container other hosts have to reach it.
        listener.bind((os.environ.get("SANDBOX_ADDRESS", "127.0.0.1"), port))
    except OSError as error:
        print(f"port {port}: {error.strerror}", file=sys.stderr)
        return 1
    listener.listen(128)
    port = listener.getsockname()[1]
    facts_path(root).unlink(missing_ok=True)
    for folder in ("configuration", "data/backup", "data/restore", "git-storage", "logs/appsmithctl", "ssl"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    make_env(root)
    write_json(last_path(root), {"version": wanted.name})
    if container_fault(root, wanted):
        return CONTAINER_ENDED
    set_backend(root, True)
    store = Store(store_path(root))
    instance = Instance(
        root=root,
        store=store,
        release=wanted,
        name=name,
        time_scale=time_scale,
        environment=environment_of(root),
        own_process=True,
    )
    application = Served(instance, startup_seconds)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    again = False

    def restart(_number: int, _frame: Any) -> None:
        nonlocal again
        again = True
        server.should_exit = True

    signal.signal(signal.SIGHUP, restart)
    facts = {"pid": os.getpid(), "port": port, "version": wanted.name, "name": name, "checked": wanted.checked}
    write_json(facts_path(root), facts)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        if not again:
            facts_path(root).unlink(missing_ok=True)
        application.backend.halt()
        store.close()
    if again:
        # POST /admin/restart: the same command anew; the lock goes with the old one at exec.
        lock.close()
        listener.close()
        arguments = serve_command(root, port, wanted, name, startup_seconds, time_scale)
        os.execv(sys.executable, arguments)
    return 0
