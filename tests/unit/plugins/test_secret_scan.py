# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in an application's content: found where somebody typed them, and nowhere else."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _secret_scan
from ansible_collections.stagecraft.appsmith.plugins.module_utils._secret_scan import Finding, scan
from ansible_collections.stagecraft.appsmith.plugins.module_utils._secret_texts import pieces

BUNDLES = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "apps").rglob("*.bundle"))
# Put together, so that no scanner takes this file for what it tests.
AWS_ID = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
GITHUB = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
STRIPE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
SLACK = "xoxb-" + "263594206564-FGqddMF8t08v8N7Oq4i57vs1"
SENDGRID = "SG." + "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr"
KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (
        b'{"alg":"HS256","typ":"JWT"}',
        b'{"sub":"1234567890","name":"A"}',
        b"0123456789abcdef0123456789abcdef",
    )
)
BASIC = base64.b64encode(b"reporting:Tr0ub4dor3").decode()
QUERY = "pages/Order/queries/get_order"


def query(**configuration: Any) -> str:
    """The metadata of a query, as v1.91 writes it."""
    action = {
        "gitSyncId": "6b0289f3c84d146fb24915be_207489fd-04b6-4aee-b85b-993e16cb7a34",
        "id": "Order_get_order",
        "pluginId": "restapi-plugin",
        "unpublishedAction": {"actionConfiguration": configuration, "name": "get_order", "pageId": "Order"},
    }
    return json.dumps(action, indent=2, sort_keys=True)


def header(name: str, value: str) -> tuple[str, str]:
    return f"{QUERY}/metadata.json", query(headers=[{"key": name, "value": value}])


def body(text: str) -> tuple[str, str]:
    return f"{QUERY}/get_order.txt", text


TYPED_IN: dict[str, tuple[str, tuple[str, str]]] = {
    "AWS key id in a body": ("AWS Access Key", body(f'{{"accessKeyId": "{AWS_ID}"}}')),
    "AWS secret in code": ("AWS Access Key", body(f'const aws_secret_access_key = "{AWS_SECRET}";')),
    "AWS key id in a header": ("AWS Access Key", header("X-Key-Id", AWS_ID)),
    "GitHub token": ("GitHub Token", header("X-Anything", GITHUB)),
    "Stripe key": ("Stripe Access Key", body(f"const stripe = Stripe('{STRIPE}')")),
    "Slack token": ("Slack Token", body(f'{{"bot": "{SLACK}"}}')),
    "SendGrid key in code": ("SendGrid API Key", ("pages/Order/jsobjects/Mail/Mail.js", f'call("{SENDGRID}")')),
    "private key": ("Private Key", body(f"{KEY}\nMIIEowIBAAKCAQEA\n")),
    "private key in a member": ("Private Key", (f"{QUERY}/metadata.json", query(body=f"{KEY}\nMIIE\n"))),
    "JWT": ("JSON Web Token", header("X-Session", JWT)),
    "bearer token": ("Authorization Header", header("Authorization", "Bearer 8f14e45fceea167a5a36dedd4bea2543")),
    "bearer token, short": ("Authorization Header", header("authorization", "Bearer s3cr3t-t0ken")),
    "basic credentials": ("Authorization Header", header("Authorization", f"Basic {BASIC}")),
    "token without a scheme": ("Authorization Header", header("Authorization", "8f14e45fceea167a5a36dedd4bea2543")),
    "pasted curl": ("Authorization Header", body(f"curl -H 'Authorization: Bearer {'abcdef012345' * 2}' https://x")),
    "fetch in code": (
        "Authorization Header",
        ("pages/Order/jsobjects/Api/Api.js", 'fetch(u, {headers: {"Authorization": "Bearer 8f14e45fceea167a"}})'),
    ),
    "API key header": ("Secret Keyword", header("X-API-Key", "3f2b9d0c-live-77aa")),
    "API key parameter": (
        "Secret Keyword",
        (f"{QUERY}/metadata.json", query(queryParameters=[{"key": "api_key", "value": "q8Zt21LmPwx0"}])),
    ),
    "token parameter": (
        "Secret Keyword",
        (f"{QUERY}/metadata.json", query(queryParameters=[{"key": "access_token", "value": "q8Zt21LmPwx0"}])),
    ),
    "password member of a form": (
        "Secret Keyword",
        (f"{QUERY}/metadata.json", query(bodyFormData=[{"key": "password", "value": "hunter2-hunter2"}])),
    ),
    "password in a JSON body": ("Secret Keyword", body('{"username": "svc", "password": "Correct-Horse-1"}')),
    "password in code": (
        "Secret Keyword",
        ("pages/Order/jsobjects/Db/Db.js", "export default {\n  client_secret: 'q8Zt21LmPwx0',\n}"),
    ),
    "password in an address": ("Basic Auth Credentials", body("postgres://svc:Correct-Horse-1@db.example.com/orders")),
    "connection string": (
        "Password in a Connection String",
        body("SELECT dblink('Server=db.example.com;User Id=svc;Password=Correct-Horse-1;')"),
    ),
    "SQL": ("Password in a Connection String", body("ALTER USER svc IDENTIFIED BY 'Correct-Horse-1'")),
    "embedded datasource": (
        "Basic Auth Credentials",
        (
            f"{QUERY}/metadata.json",
            json.dumps({"datasource": {"datasourceConfiguration": {"url": "https://svc:Tr0ub4dor3@api.example.com"}}}),
        ),
    ),
}
NO_SECRETS: dict[str, tuple[str, str]] = {
    "bound header": header("Authorization", "Bearer {{appsmith.store.token}}"),
    "bound key": header("X-API-Key", "{{ secrets.get('api') }}"),
    "bound body": body('{"username": "{{inp_user.text}}", "password": "{{inp_password.text}}"}'),
    "parameter": body("SELECT * FROM users WHERE password = '{{inp_password.text}}'"),
    "placeholder": header("Authorization", "Bearer <your token>"),
    "stars": header("X-API-Key", "********"),
    "empty": header("Authorization", ""),
    "reference in code": (
        "pages/Order/jsobjects/Db/Db.js",
        "export default {\n  password: inp_pass.text,\n  token: appsmith.store.token,\n  secret: `${this.secret}`\n}",
    ),
    "call in code": ("pages/Order/jsobjects/Db/Db.js", "const password = this.passwordOf(user);\nlet pwd=makeOne(8);"),
    "columns": body("SELECT id, password_hash, token FROM users WHERE api_key = :key"),
    "basic without a password": header("Authorization", f"Basic {base64.b64encode(b'svc:').decode()}"),
    "label of a widget": (
        "pages/Login/widgets/Password.json",
        json.dumps({"label": "Password", "placeholderText": "Enter your password", "inputType": "PASSWORD"}),
    ),
    "hint": (
        "pages/Login/widgets/Hint.json",
        json.dumps({"text": "Password: at least eight letters, a digit and a sign"}),
    ),
    "ids": ("pages/Order/Order.json", json.dumps({"widgetId": "0", "gitSyncId": "6b0289f3c84d146fb24915be_207489fd"})),
    "picture": (
        "pages/Order/widgets/Logo.json",
        json.dumps({"image": "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 8).decode()}),
    ),
    "uuid": body("SELECT * FROM orders WHERE id = '3f2b9d0c-77aa-4c11-9d7e-0a1b2c3d4e5f'"),
    "digest": body("SELECT '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'"),
    "library": ("jslibs/moment.json", json.dumps({"defs": f'{{"password": "{STRIPE}"}}'})),
    "broken JSON": (f"{QUERY}/metadata.json", '{"a": ["b", {"c": "d"'),
}


@pytest.mark.parametrize("name", TYPED_IN)
def test_a_secret_that_was_typed_in_is_found(name: str) -> None:
    kind, text = TYPED_IN[name]
    found = scan([text])
    assert [one.kind for one in found] == [kind], found
    assert found[0].path == text[0]


@pytest.mark.parametrize("name", NO_SECRETS)
def test_what_is_none_is_left_alone(name: str) -> None:
    assert scan([NO_SECRETS[name]]) == []


def bundled(bundle: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """The texts of every commit."""

    def git(*arguments: str) -> str:
        command = ["git", "--git-dir", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    subprocess.run(["git", "clone", "--quiet", "--bare", str(bundle), str(folder)], check=True, capture_output=True)
    for commit in git("rev-list", "--all").split():
        for path in git("ls-tree", "-r", "--name-only", commit).splitlines():
            yield path, git("cat-file", "blob", f"{commit}:{path}")


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_applications_that_real_servers_wrote_are_quiet(bundle: Path, tmp_path: Path) -> None:
    texts = list(bundled(bundle, tmp_path / "bare"))
    assert len(texts) > 20 and scan(texts) == []


def test_the_place_is_told_and_never_the_secret() -> None:
    path, text = header("Authorization", "Bearer 8f14e45fceea167a5a36dedd4bea2543")
    (found,) = scan([(path, text)])
    assert "8f14e45" in text.splitlines()[found.line - 1]
    assert "8f14e45" not in str(found.as_result()) + repr(found)
    assert set(found.as_result()) == {"path", "line", "kind", "fingerprint"}


def test_the_line_of_a_text_file_is_its_own() -> None:
    (found,) = scan([body(f"SELECT 1;\n\n-- {AWS_ID}\n")])
    assert found.line == 3


def test_a_fingerprint_stays_until_the_secret_the_place_or_the_kind_changes() -> None:
    def of(*text: str) -> str:
        (found,) = scan([body(*text)])
        return found.fingerprint

    first = of(f"SELECT '{AWS_ID}'")
    assert first == of(f"\n\nSELECT 1, '{AWS_ID}'")
    assert first != of(f"SELECT '{AWS_ID[:-1]}X'")
    assert first != scan([("pages/B/queries/q/q.txt", AWS_ID)])[0].fingerprint
    # So short a part of a digest confirms no guess.
    assert len(first.split("-")[1]) == 4


def test_a_query_that_stands_in_two_files_is_told_once() -> None:
    text = "postgres://svc:Correct-Horse-1@db.example.com/orders"
    found = scan([(f"{QUERY}/metadata.json", query(body=text)), body(text)])
    assert [one.path for one in found] == [f"{QUERY}/get_order.txt"]


def test_several_threads_may_scan() -> None:
    texts = [text for _kind, text in TYPED_IN.values()]
    with ThreadPoolExecutor(4) as pool:
        counts = [len(found) for found in pool.map(lambda _n: scan(texts), range(8))]
    assert set(counts) == {len(scan(texts))}


def test_the_library_is_there() -> None:
    assert _secret_scan.HAS_SCANNER


def test_names_of_headers_and_parameters_go_with_their_values() -> None:
    found = [(piece.name, piece.text) for piece in pieces(*header("X-API-Key", "abc"))]
    assert ("X-API-Key", "abc") in found and ("name", "get_order") in found
    assert all(name != "gitSyncId" for name, _text in found)


def test_findings_are_sorted_by_place() -> None:
    assert sorted([Finding("b", 1, "k", "f"), Finding("a", 2, "k", "f")])[0].path == "a"
