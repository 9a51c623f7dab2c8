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
from dataclasses import asdict
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

    inside = groups.add_parser("exec", help="run appsmithctl, supervisorctl, mongodump ... inside an instance")
    inside.add_argument("--root", type=Path, required=True)
    inside.add_argument("command", nargs=argparse.REMAINDER)

    postgres = groups.add_parser("postgres", help="a PostgreSQL server").add_subparsers(dest="verb", required=True)
    for verb in ("start", "stop", "status", "remove"):
        one = postgres.add_parser(verb)
        one.add_argument("--root", type=Path, required=True)
        if verb == "start":
            one.add_argument("--port", type=int, default=0)
            one.add_argument("--init", type=Path, help="SQL file, run once")

    fault = groups.add_parser("fault", help="make an instance fail; see faults.py").add_subparsers(
        dest="verb", required=True
    )
    for verb, text in (
        ("add", "print the number of the new rule"),
        ("list", "JSON, one rule a line, with its hits"),
        ("remove", "one or all; what it holds up goes on"),
        ("wait", "until it has been met (exit 3: it was not)"),
    ):
        one = fault.add_parser(verb, help=text)
        one.add_argument("--root", type=Path, required=True, help="the instance's /appsmith-stacks")
        if verb == "add":
            one.add_argument("kind")
            one.add_argument("--application", help="name or id; default: any")
            one.add_argument("--call", default="deploy", help="deploy (discard or pull), fetch, status, commit ...")
            one.add_argument("--times", type=int, default=1, help="0: until removed")
            one.add_argument("--skip", type=int, default=0, help="so many calls go well before it")
            one.add_argument("--seconds", type=float, help="late, locked, starts: real seconds")
            one.add_argument("--status", type=int, default=502, help="gateway: 502, 503 or 504")
            one.add_argument("--release", help="of a start: only of that release")
            one.add_argument("--not-done", action="store_true", help="no-answer, reset, gateway: before the work")
        elif verb == "wait":
            one.add_argument("--number", type=int, required=True)
            one.add_argument("--hits", type=int, default=1)
            one.add_argument("--seconds", type=float, default=60.0)
        elif verb == "remove":
            one.add_argument("--number", type=int)

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


def _fault(args: argparse.Namespace) -> int:
    from . import faults

    root = args.root.resolve()
    if args.verb == "list":
        for rule in faults.listed(root):
            print(json.dumps(asdict(rule)))
    elif args.verb == "remove":
        faults.remove(root, args.number)
    elif args.verb == "wait":
        try:
            faults.wait(root, args.number, args.hits, args.seconds)
        except TimeoutError as error:
            print(error, file=sys.stderr)
            return 3
    else:
        names = ("application", "call", "times", "skip", "seconds", "status", "release")
        options = {name: getattr(args, name) for name in names}
        try:
            print(faults.add(root, args.kind, done=not args.not_done, **options))
        except faults.BadFault as error:
            print(error, file=sys.stderr)
            return 2
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
    if args.group == "fault":
        return _fault(args)
    from . import githost

    parser = argparse.ArgumentParser(prog="appsmith_sandbox git-host", description=githost.__doc__)
    githost.add_arguments(parser.add_subparsers(required=True))
    return githost.main(parser.parse_args(args.rest))
