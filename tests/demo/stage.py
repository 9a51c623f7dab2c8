# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo and the integration tests play on: PostgreSQL, a Git host, sandbox instances, and their inventory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
SANDBOX = CHECKOUT / "tests" / "sandbox"
COLLECTIONS = CHECKOUT / ".cache" / "collections"
BUNDLES = CHECKOUT / "tests" / "fixtures" / "apps" / "v1.60"
APPLICATIONS = ("orders", "support-desk")
OWNER = "acme"
ADMIN = {"username": "admin@example.com", "password": "not-a-secret-42"}
SIDES = {"staging": "staging", "production": "master"}

MEMBERS = {
    "staging": [
        {"email": "dora@example.com", "role": "developer"},
        {"email": "quentin@example.com", "role": "developer"},
    ],
    "production": [{"email": "vera@example.com", "role": "viewer"}],
}

# The first row tells who reads: the proof that a query runs with the credentials of its environment.
DATABASE = """
CREATE ROLE orders_{side} LOGIN PASSWORD 'db-{side}';
CREATE DATABASE orders_{side} OWNER orders_{side};
\\connect orders_{side}
CREATE TABLE order_book (id int PRIMARY KEY, customer text, total numeric, status text);
INSERT INTO order_book VALUES (1, 'Ada ({side})', 42, 'open'), (2, 'Grace ({side})', 7, 'shipped');
CREATE VIEW orders AS
  SELECT 0 AS id, session_user::text AS customer, 0 AS total, 'who reads this' AS status
  UNION ALL SELECT id, customer, total, status FROM order_book;
GRANT SELECT ON orders TO orders_{side};
"""


def ansible_environment(folder: Path) -> dict[str, str]:
    """The environment of ansible-playbook: this collection, no colours, nothing of the user's own settings."""
    settings = folder / "ansible.cfg"
    settings.write_text("[defaults]\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "APPSMITH_"))}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }


def link_collection() -> None:
    link = COLLECTIONS / "ansible_collections" / "stagecraft" / "appsmith"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(CHECKOUT, target_is_directory=True)


@dataclass
class Stage:
    """Everything lives in one folder and on free ports of 127.0.0.1."""

    root: Path
    time_scale: float = 1.0
    startup_seconds: float = 0.0
    git: dict[str, Any] = field(default_factory=dict)
    database_port: int = 0
    services_port: int = 0

    # -- what runs ----------------------------------------------------------------------------------------------------
    def sandbox(self, *arguments: str | Path) -> str:
        command = [sys.executable, "-m", "appsmith_sandbox", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(SANDBOX)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[2:])}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def start(self) -> None:
        """Database and Git host; the instances are started by the playbooks."""
        self.root.mkdir(parents=True, exist_ok=True)
        init = self.root / "databases.sql"
        init.write_text("".join(DATABASE.format(side=side) for side in SIDES))
        database = threading.Thread(target=self._start_database, args=(init,))
        database.start()
        self.git = json.loads(self.sandbox("git-host", "start", "--root", self.root / "git"))
        for application in APPLICATIONS:
            self.import_repository(f"{OWNER}/{application}", BUNDLES / f"{application}.bundle")
        database.join()
        if not self.database_port:
            raise RuntimeError("PostgreSQL did not start")
        self._start_services()

    def _start_database(self, init: Path) -> None:
        self.database_port = json.loads(
            self.sandbox("postgres", "start", "--root", self.root / "postgres", "--init", init)
        )["port"]

    def _start_services(self) -> None:
        """One listener stands for the other services that support-desk names (MySQL, Redis, an API ...)."""
        folder = self.root / "services"
        folder.mkdir(exist_ok=True)
        log = folder / "log"
        with log.open("w") as output:
            services = subprocess.Popen(
                [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        (folder / "pid").write_text(str(services.pid))
        assert services.stdout is not None
        # Serving HTTP on 127.0.0.1 port 12345 (...)
        self.services_port = int(services.stdout.readline().split(" port ")[1].split()[0])

    def stop(self) -> None:
        """End all of it, also what another process has started here."""
        for instance in sorted((self.root / "instances").glob("*")):
            self.sandbox("instance", "stop", "--root", instance)
        self.sandbox("git-host", "stop", "--root", self.root / "git")
        self.sandbox("postgres", "remove", "--root", self.root / "postgres")
        pid = self.root / "services" / "pid"
        if pid.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)
            pid.unlink()

    # -- Git ----------------------------------------------------------------------------------------------------------
    def import_repository(self, name: str, bundle: Path) -> None:
        # v1.60's bundles carry what v1.91 made of them as a third branch; here it has not happened yet.
        self.sandbox("git-host", "import", "--root", self.root / "git", name, bundle, "--branches", "master,staging")

    def remote_url(self, application: str, owner: str = OWNER) -> str:
        return f"ssh://git@127.0.0.1:{self.git['ssh_port']}/{owner}/{application}.git"

    # -- instances ----------------------------------------------------------------------------------------------------
    def instance_root(self, name: str) -> Path:
        return self.root / "instances" / name

    def requests(self, name: str) -> list[dict[str, Any]]:
        """The request log of an instance."""
        path = self.instance_root(name) / "logs" / "requests.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # -- inventory ----------------------------------------------------------------------------------------------------
    def datasources(self, side: str) -> list[dict[str, Any]]:
        listener = {"host": "127.0.0.1", "port": self.services_port}
        api = f"http://127.0.0.1:{self.services_port}/{side}"
        return [
            {
                "name": "orders_db",
                "plugin": "postgres",
                "host": "127.0.0.1",
                "port": self.database_port,
                "database": f"orders_{side}",
                "username": f"orders_{side}",
                "password": f"db-{side}",
            },
            {"name": "legacy_mysql", "plugin": "mysql", **listener, "database": "legacy", "username": "desk",
             "password": f"mysql-{side}"},
            {"name": "events_mongo", "plugin": "mongo", **listener, "database": "events", "username": "desk",
             "password": f"mongo-{side}"},
            {"name": "cache_redis", "plugin": "redis", **listener, "password": f"redis-{side}"},
            {"name": "mail", "plugin": "smtp", **listener, "username": "desk", "password": f"smtp-{side}"},
            {"name": "public_api", "plugin": "restapi", "url": api, "authentication": "none"},
            {"name": "billing_api", "plugin": "restapi", "url": api, "authentication": "basic", "username": "svc",
             "password": f"billing-{side}"},
            {"name": "crm_api", "plugin": "restapi", "url": api, "authentication": "bearer",
             "bearer_token": f"crm-{side}"},
            {"name": "catalog_graphql", "plugin": "graphql", "url": api, "authentication": "api_key",
             "api_key_name": "X-Key", "api_key": f"catalog-{side}"},
            {"name": "partner_oauth", "plugin": "restapi", "url": api, "authentication": "oauth2_client_credentials",
             "token_url": f"{api}/token", "client_id": "desk", "client_secret": f"partner-{side}", "scopes": ["read"]},
            {"name": "files_s3", "plugin": "amazons3", "provider": "minio", "endpoint": api,
             "access_key": "AKIAEXAMPLE", "secret_key": f"s3-{side}"},
            # What a browser has to finish; everything else about it can be written.
            {"name": "planning_sheet", "plugin": "google-sheets", "configuration": {
                "authentication": {"authenticationType": "oAuth2",
                                   "scopeString": "https://www.googleapis.com/auth/spreadsheets"},
                "properties": []}},
        ]  # fmt: skip

    @staticmethod
    def smoke_tests(side: str) -> list[dict[str, Any]]:
        return [
            {"application": "orders", "pages": ["Dashboard", "Order"], "page": "Dashboard", "query": "list_orders",
             "expect": "[0].customer", "equals": f"orders_{side}"},
            {"application": "support-desk", "pages": ["Tickets", "Customer", "Planning"]},
        ]  # fmt: skip

    def host(self, side: str, port: int, *, instance: str = "", workspace: str = "Operations") -> dict[str, Any]:
        """The variables of one inventory host: an instance's workspace."""
        program = [sys.executable, "-m", "appsmith_sandbox"]
        root = str(self.instance_root(instance or side))
        return {
            "appsmith_url": f"http://127.0.0.1:{port}",
            "appsmith_workspace": workspace,
            "appsmith_branch": SIDES[side],
            # Only staging pushes; production gets by with keys that read.
            "appsmith_git_key_write": side == "staging",
            "appsmith_datasources": self.datasources(side),
            # As Appsmith's guide sets it up: who builds and tests comes to staging, who uses it to production.
            "appsmith_members": MEMBERS[side],
            "appsmith_settings": {"signup": False, "telemetry": False},
            "appsmith_smoke_tests": self.smoke_tests(side),
            "appsmith_instance_start": [
                *program, "instance", "start", "--root", root, "--port", str(port), "--name", instance or side,
                "--startup-seconds", str(self.startup_seconds), "--time-scale", str(self.time_scale),
                "--version", "{{ instance_version }}",
            ],
            "appsmith_instance_stop": [*program, "instance", "stop", "--root", root],
            "appsmith_instance_status": [*program, "instance", "status", "--root", root],
            "appsmith_instance_exec": [*program, "exec", "--root", root, "--"],
            "appsmith_instance_directory": root,
            # A drill's throw-away instance beside it.
            "appsmith_drill": {
                "start": [
                    *program, "instance", "start", "--root", f"{root}-drill", "--port", "{{ drill_port }}", "--name",
                    f"{instance or side}-drill", "--time-scale", str(self.time_scale),
                    "--version", "{{ instance_version }}",
                ],
                "stop": [*program, "instance", "stop", "--root", f"{root}-drill"],
                "status": [*program, "instance", "status", "--root", f"{root}-drill"],
                "exec": [*program, "exec", "--root", f"{root}-drill", "--"],
                "directory": f"{root}-drill",
                "url": "http://127.0.0.1:{{ drill_port }}",
            },
        }  # fmt: skip

    def inventory(self, hosts: dict[str, dict[str, dict[str, Any]]], **changed: Any) -> dict[str, Any]:
        """hosts: group to host to variables."""
        variables: dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "appsmith_username": ADMIN["username"],
            "appsmith_password": ADMIN["password"],
            "appsmith_admin_name": "Ada Admin",
            "appsmith_version": "v1.60",
            "appsmith_production_branch": SIDES["production"],
            "appsmith_applications": [
                {"name": application, "remote_url": self.remote_url(application)} for application in APPLICATIONS
            ],
            "appsmith_git_author": {"name": "Release Manager", "email": "release@example.com"},
            "appsmith_git_host": {
                "type": "gitea",
                "url": self.git["url"],
                "username": self.git["username"],
                "password": self.git["password"],
            },
            "appsmith_instance_driver": "command",
            # Without the addresses a restart takes the administrator's role away.
            "appsmith_instance_environment": {"PYTHONPATH": str(SANDBOX), "APPSMITH_ADMIN_EMAILS": ADMIN["username"]},
            "appsmith_backup_directory": str(self.root / "backups"),
            "appsmith_backup_passphrase": "made-up backup phrase",
            # Not in the home of whoever runs this.
            "appsmith_ledger_directory": str(self.root / "ledger"),
            **changed,
        }
        groups = {group: {"hosts": members} for group, members in hosts.items()}
        return {"all": {"children": {"appsmith": {"vars": variables, "children": groups}}}}

    def write_inventory(self, path: Path, inventory: dict[str, Any]) -> Path:
        path.write_text(yaml.safe_dump(inventory, sort_keys=False, width=120))
        return path


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
