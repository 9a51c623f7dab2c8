# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API behind each kind of authentication: C(/none), C(/basic), C(/bearer), C(/key) (header), C(/query) (parameter),
C(/oauth2) with C(/token) for client credentials, and C(/graphql) behind a key. What is right is said with C(who)."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class HttpService:
    def __init__(self) -> None:
        self.user, self.password = "appsmith", "basic-made-up"
        self.bearer, self.key = "bearer-made-up", "key-made-up"
        self.client_id, self.client_secret = "client", "client-made-up"
        # Client credentials in the body of the request for a token, or in its Authorization header.
        self.client_in = "body"
        self.tokens: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _who(self, path: str, headers: Any, query: dict[str, list[str]]) -> str | None:
        sent = headers.get("Authorization") or ""
        wanted = {
            "/basic": f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}",
            "/bearer": f"Bearer {self.bearer}",
        }
        if path == "/none":
            return "anybody"
        if path in wanted:
            return path[1:] if sent == wanted[path] else None
        if path in ("/key", "/graphql"):
            return path[1:] if headers.get("X-Key") == self.key else None
        if path == "/query":
            return "query" if query.get("key") == [self.key] else None
        if path == "/oauth2":
            return "oauth2" if sent in {f"Bearer {token}" for token in self.tokens} else None
        return None

    def _token(self, headers: Any, form: dict[str, list[str]]) -> str | None:
        basic = f"Basic {base64.b64encode(f'{self.client_id}:{self.client_secret}'.encode()).decode()}"
        by_body = form.get("client_id") == [self.client_id] and form.get("client_secret") == [self.client_secret]
        right = by_body if self.client_in == "body" else headers.get("Authorization") == basic
        if not right or form.get("grant_type") != ["client_credentials"]:
            return None
        self.tokens.append(secrets.token_hex(8))
        return self.tokens[-1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self, status: int, body: Any) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def _say(self) -> None:
                address = urlsplit(self.path)
                who = service._who(address.path, self.headers, parse_qs(address.query))
                body = {"who": who} if address.path != "/graphql" else {"data": {"who": who}}
                self._answer(200 if who else 401, body if who else {"error": "who are you?"})

            def do_GET(self) -> None:
                self._say()

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if urlsplit(self.path).path != "/token":
                    return self._say()
                token = service._token(self.headers, parse_qs(text))
                given = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
                return self._answer(200 if token else 401, given if token else {"error": "invalid_client"})

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler
