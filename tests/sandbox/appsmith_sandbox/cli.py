# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m appsmith_sandbox ...`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="appsmith_sandbox", description="A stand-in for Appsmith, for tests.")
    groups = parser.add_subparsers(dest="group", required=True)

    instance = groups.add_parser("instance", help="an Appsmith instance").add_subparsers(dest="verb", required=True)
    for verb, text in (("start", "run it in the background"), ("serve", "run it in the foreground")):
        start = instance.add_parser(verb, help=text)
        start.add_argument("--root", type=Path, required=True, help="its /appsmith-stacks")
        start.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
        start.add_argument("--version", required=True, help="release, like v1.91")
        start.add_argument("--name", default="appsmith")
        start.add_argument("--startup-seconds", type=float, default=0.0, help="loading page and 502 for so long")
        start.add_argument("--time-scale", type=float, help="factor for the waits of the real server (default 1)")
    for verb, text in (("stop", "end it"), ("status", "say whether it runs (exit 3: it does not)")):
        instance.add_parser(verb, help=text).add_argument("--root", type=Path, required=True)

    inside = groups.add_parser("exec", help="run appsmithctl or supervisorctl inside an instance")
    inside.add_argument("--root", type=Path, required=True)
    inside.add_argument("command", nargs=argparse.REMAINDER)

    postgres = groups.add_parser("postgres", help="a PostgreSQL server").add_subparsers(dest="verb", required=True)
    for verb in ("start", "stop", "status", "remove"):
        one = postgres.add_parser(verb)
        one.add_argument("--root", type=Path, required=True)
        if verb == "start":
            one.add_argument("--port", type=int, default=0)
            one.add_argument("--init", type=Path, help="SQL file, run once")

    git_host = groups.add_parser("git-host", help="an SSH Git server that checks deploy keys")
    git_host.add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def _instance(args: argparse.Namespace) -> int:
    from . import process
    from .releases import UnknownRelease, release

    if args.verb in ("stop", "status"):
        if args.verb == "stop":
            process.stop(args.root)
            return 0
        said = process.status(args.root)
        print(json.dumps(said))
        return 0 if said["running"] else 3
    try:
        wanted = release(args.version)
    except UnknownRelease as error:
        print(error, file=sys.stderr)
        return 2
    scale = args.time_scale if args.time_scale is not None else float(os.environ.get(process.SCALE_VARIABLE, "1"))
    options = {"name": args.name, "startup_seconds": args.startup_seconds, "time_scale": scale}
    if args.verb == "serve":
        from .serve import serve

        return serve(args.root, args.port, wanted, **options)
    try:
        print(json.dumps(process.start(args.root, args.port, args.version, **options)))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _postgres(args: argparse.Namespace) -> int:
    import psycopg

    from . import postgres

    try:
        if args.verb == "start":
            print(json.dumps(postgres.start(args.root, args.port, args.init)))
        elif args.verb == "status":
            facts = postgres.status(args.root)
            print(json.dumps({"running": facts is not None, **(facts or {})}))
            return 0 if facts else 3
        elif args.verb == "stop":
            postgres.stop(args.root)
        else:
            postgres.remove(args.root)
    except (RuntimeError, OSError, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    if args.group == "instance":
        return _instance(args)
    if args.group == "exec":
        from .appsmithctl import execute

        return execute(args.root, [one for number, one in enumerate(args.command) if number or one != "--"])
    if args.group == "postgres":
        return _postgres(args)
    from . import githost

    parser = argparse.ArgumentParser(prog="appsmith_sandbox git-host", description=githost.__doc__)
    githost.add_arguments(parser.add_subparsers(required=True))
    return githost.main(parser.parse_args(args.rest))
