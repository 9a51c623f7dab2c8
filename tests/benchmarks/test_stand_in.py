# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of the benchmark is to a promotion what the sandbox is, and its delays are those that were measured."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import selectors
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "sandbox"))

import shapes
from ansible_collections.stagecraft.appsmith.plugins.modules.promotion import PromotionModule
from appsmith_sandbox.githost import GitHost
from delays import COSTS, IDLE
from git_world import APPS, Checkout, Server, server
from standin import Desk, Instance

APPLICATIONS = 3
STORAGE = {
    "environmentId": "unused_env",
    "isConfigured": True,
    "datasourceConfiguration": {"endpoints": [{"host": "db.example.com", "port": 5432}]},
}


def test_the_shapes_are_those_of_the_sandbox() -> None:
    """When this fails: python benchmarks/shapes.py, and look at what became different."""
    assert json.loads(json.dumps(shapes.take())) == shapes.load()


# -- what a promotion sees --------------------------------------------------------------------------------------------
def promote(url: str, ledger: Path) -> dict[str, Any]:
    wanted = {
        "appsmith_url": url,
        "appsmith_username": shapes.EMAIL,
        "appsmith_password": shapes.PASSWORD,
        "workspaces": ["Operations"],
        "ledger_directory": str(ledger),
    }
    output = io.StringIO()
    with patch_module_args(wanted), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        PromotionModule.main()
    said: dict[str, Any] = json.loads(output.getvalue())
    assert not said.get("failed"), said
    return said


def plain(said: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    """The entries without what is another on each server: ids, addresses, names, times."""
    kept = []
    for entry in said["applications"]:
        text = json.dumps({key: value for key, value in entry.items() if key not in ("seconds", "repository")})
        for name, other in sorted(names.items(), reverse=True):
            text = text.replace(f'"{name}"', f'"{other}"').replace(f"'{name}'", f"'{other}'")
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "TIME", re.sub(r"[0-9a-f]{24}", "ID", text))
        kept.append(json.loads(text))
    return kept


def counted(requests: list[str]) -> Counter[str]:
    return Counter(re.sub(r"[0-9a-f]{24}", "ID", request) for request in requests)


@contextmanager
def opened(applications: int, scale: float = 0.001) -> Iterator[tuple[str, Instance]]:
    """A stand-in instance in a thread of its own."""
    desk = Desk()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        url = asyncio.run_coroutine_threadsafe(desk.open(applications, scale), loop).result(60)
        yield url, desk.instances[url]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def half_done(prod: Server, application: str) -> None:
    prod.git("GET", application, "fetch/remote")
    prod.instance.git["deploying"] = object()
    assert prod.git_error("PUT", application, "discard")[1] == "AE-GIT-4044"
    prod.instance.git["deploying"] = None


def test_a_promotion_sees_on_it_what_it_sees_on_the_sandbox(tmp_path: Path) -> None:
    """Nothing proven yet, with one application behind and one half done; then one behind; then none."""
    with GitHost(tmp_path / "host") as host, server(tmp_path / "prod") as prod, opened(APPLICATIONS) as (url, mine):
        people, apps = [], []
        for number in range(APPLICATIONS):
            name = f"acme/application-{number:04}"
            host.repositories.import_bundle(name, APPS / "v1.91" / "orders.bundle")
            people.append(Checkout(host, name, tmp_path / f"person{number}"))
            apps.append(prod.import_app(host, name))
        for datasource in prod.data("GET", f"datasources?workspaceId={prod.workspace}"):
            prod.data("PUT", "datasources/datasource-storages", {**STORAGE, "datasourceId": datasource["id"]})
        for app in apps:
            prod.git("PUT", app["id"], "discard")
        names = {app["name"]: f"application-{number:04}" for number, app in enumerate(apps)}
        log = tmp_path / "prod" / "logs" / "requests.jsonl"

        def both(text: str) -> list[dict[str, Any]]:
            before = len(log.read_text().splitlines())
            theirs = promote(prod.url, tmp_path / "ledger-sandbox")
            requests = [json.loads(line) for line in log.read_text().splitlines()[before:]]
            ours = promote(url, tmp_path / "ledger-stand-in")
            assert plain(ours, {}) == plain(theirs, names), text
            asked = [f"{one['method']} {one['path']}{'?' if one['query'] else ''}{one['query']}" for one in requests]
            assert counted(mine.log) == counted(asked), text
            assert mine.report()["not_deployed"] == [] and mine.report()["unknown"] == []
            return plain(ours, {})

        people[0].change_query("master", "Dashboard", "list_orders", "SELECT 1")
        people[1].change_query("master", "Dashboard", "list_orders", "SELECT 1")
        half_done(prod, apps[1]["id"])
        mine.prepare(1, 1, 0)
        assert [entry["state"] for entry in both("first")] == ["deployed", "deployed", "current"]
        people[0].change_query("master", "Dashboard", "list_orders", "SELECT 2")
        mine.prepare(1, 0, 0)
        assert [entry["state"] for entry in both("second")] == ["deployed", "current", "current"]
        mine.prepare(0, 0, 0)
        assert [entry["state"] for entry in both("third")] == ["current"] * 3


# -- delays, by a clock that jumps ------------------------------------------------------------------------------------
class Jumping(selectors.DefaultSelector):
    """Nobody waits: the time goes on to when something happens."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


def simulated(work: Callable[[Instance], Coroutine[Any, Any, Any]], applications: int = 16) -> tuple[float, Any]:
    """Seconds that it takes, and its result."""
    clock = Jumping()
    loop = asyncio.SelectorEventLoop(clock)
    loop.time = lambda: clock.now  # type: ignore[method-assign]
    instance = Instance(0, applications, 1.0, Desk().templates)
    instance.sessions.add("s")
    try:
        result = loop.run_until_complete(work(instance))
    finally:
        loop.close()
    return clock.now, result


async def ask(instance: Instance, method: str, app: str, verb: str) -> tuple[int, Any]:
    path = f"/api/v1/git/applications/{app}/{verb}"
    reply = await instance.answer(method, path, {"cookie": "SESSION=s"}, b"")
    return reply.status, json.loads(reply.body)


async def at_width(instance: Instance, width: int, method: str, verb: str) -> list[tuple[int, Any]]:
    waiting, found = list(instance.apps), []

    async def worker() -> None:
        while waiting:
            found.append(await ask(instance, method, waiting.pop(0), verb))

    await asyncio.gather(*(worker() for _number in range(width)))
    return found


@pytest.mark.parametrize(("verb", "alone", "by_four"), [("fetch/remote", 0.35, 0.11), ("status", 0.63, 0.19)])
def test_calls_take_what_was_measured_alone_and_by_four(verb: str, alone: float, by_four: float) -> None:
    one, _answers = simulated(lambda instance: at_width(instance, 1, "GET", verb), 100)
    four, _answers = simulated(lambda instance: at_width(instance, 4, "GET", verb), 100)
    eight, _answers = simulated(lambda instance: at_width(instance, 8, "GET", verb), 100)
    assert one / 100 / IDLE == pytest.approx(alone)
    assert four / 100 / IDLE == pytest.approx(by_four, rel=0.06)
    assert eight == pytest.approx(four)


@pytest.mark.parametrize(("width", "failed"), [(1, 0), (2, 8), (4, 12), (8, 14)])
def test_deployments_at_the_same_time_break_each_other(width: int, failed: int) -> None:
    """The numbers of observed 31: of 16 discards at once."""

    async def work(instance: Instance) -> Any:
        instance.prepare(16, 0, 0)
        await at_width(instance, 4, "GET", "fetch/remote")
        answers = await at_width(instance, width, "PUT", "discard")
        behind = [(await ask(instance, "GET", app, "status"))[1]["data"] for app in instance.apps]
        return answers, behind, instance.report()

    seconds, (answers, behind, report) = simulated(work)
    refused = [body["responseMeta"]["error"]["message"] for status, body in answers if status == 400]
    assert len(refused) == failed == report["conflicts"] == len(report["not_deployed"])
    assert all("WriteConflict" in text or "NoSuchTransaction" in text for text in refused)
    # Nothing behind, and yet not deployed.
    assert [entry["behindCount"] for entry in behind] == [0] * 16
    assert [entry["isClean"] for entry in behind].count(False) == failed
    assert seconds > COSTS["discard"].alone


def test_a_wrong_password_and_no_session_are_refused() -> None:
    async def work(instance: Instance) -> Any:
        wrong = await instance.answer("POST", "/api/v1/login", {}, b"username=x&password=y")
        nobody = await instance.answer("GET", "/api/v1/workspaces/home", {}, b"")
        return wrong, nobody

    _seconds, (wrong, nobody) = simulated(work)
    assert "error=true" in wrong.headers and nobody.status == 401
