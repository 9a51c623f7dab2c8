# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Git host as a list of calls that are to come, in this order; answers are made of the recorded shapes."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import responses

ANSWERS = Path(__file__).parent / "forge_answers"
TOKEN = "made-up-token-0123456789"
HEAD, BASE, TREE, OTHER = "a" * 40, "b" * 40, "c" * 40, "d" * 40


class Host:
    """C(host.expect("GET", "/repos/acme/orders", answer)): path below C(api), query and body exactly as given."""

    def __init__(self, api: str, kind: str) -> None:
        self.api = api
        text = (ANSWERS / f"{kind}.json").read_text()
        for name, sha in (("HEAD", HEAD), ("BASE", BASE), ("TREE", TREE)):
            text = re.sub(rf'"{name}"', f'"{sha}"', text)
        self._answers: dict[str, Any] = json.loads(text)
        self._steps: list[tuple[str, str, dict[str, str], Any, int, Any, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.problems: list[str] = []

    @classmethod
    @contextlib.contextmanager
    def mocked(cls, api: str, kind: str) -> Iterator[Host]:
        host = cls(api, kind)
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                mock.add_callback(method, re.compile(".*"), callback=host, content_type=None)
            yield host
        assert not host.problems, "\n".join(host.problems)
        assert not host._steps, f"calls that were not made: {[step[:3] for step in host._steps]}"

    def of(self, name: str, /, **changes: Any) -> Any:
        """A recorded answer, with some members of its own."""
        found = copy.deepcopy(self._answers[name])
        if isinstance(found, dict):
            found.update(changes)
        return found

    def expect(
        self,
        method: str,
        path: str,
        answer: Any = None,
        *,
        status: int = 200,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **params: str,
    ) -> None:
        """An exception as the answer is raised, as a connection that breaks would."""
        wanted = {key.rstrip("_"): value for key, value in params.items()}
        self._steps.append((method, path, wanted, body, status, answer, headers or {}))

    def __call__(self, request: Any) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url)
        seen = (request.method, request.url, request.body)
        if not self._steps:
            self.problems.append(f"{seen}: nothing more was expected")
            raise AssertionError(self.problems[-1])
        method, path, params, body, status, answer, headers = self._steps.pop(0)
        sent = json.loads(request.body) if request.body else None
        url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        same = (request.method, url, dict(parse_qsl(parts.query)), sent) == (method, self.api + path, params, body)
        if not same:
            self.problems.append(f"{seen} instead of {(method, self.api + path, params, body)}")
            raise AssertionError(self.problems[-1])
        self.headers.append(dict(request.headers))
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else "" if answer is None else json.dumps(answer)
        return status, {"Content-Type": "application/json", **headers}, text
