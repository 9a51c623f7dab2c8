# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP door: what is sent, what is repeated, what an answer means."""

from __future__ import annotations

import http.server
import ssl
import threading

import pytest
import requests
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _errors as errors
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client, clean_url

URL = "http://appsmith.example.com"


@pytest.fixture
def client(api) -> Client:
    return Client(URL)


@pytest.mark.parametrize("url", ["https://a.example.com", "https://a.example.com/", " http://127.0.0.1:8080/ "])
def test_addresses_that_are_taken(url):
    assert clean_url(url) == url.strip().rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "appsmith",
        "a.example.com:80",
        "ftp://a.example.com",
        "http://",
        "http://a:b",
        "http://a/?x=1",
        "http://[::1",
    ],
)
def test_addresses_that_are_none(url):
    with pytest.raises(errors.InvalidInput) as error:
        clean_url(url)
    assert "appsmith_url" in str(error.value)


def test_an_address_with_a_password_is_refused_without_showing_it():
    with pytest.raises(errors.InvalidInput) as error:
        clean_url("http://admin:hidden@a.example.com")
    assert "hidden" not in str(error.value)


def test_the_origin_has_no_path(api):
    call = api.expect("GET", "/appsmith/api/v1/users/me", root=True, data={})
    Client(f"{URL}/appsmith/").get("/users/me")
    assert call.headers == {}


def test_every_method_and_its_body(api, client):
    api.expect("GET", "/a", params={"x": "1"}, data=[1])
    api.expect("POST", "/a", json={"b": 1}, status=201, data={"id": "1"})
    api.expect("POST", "/a", form={"b": "1"}, data=True)
    api.expect("POST", "/a", multipart='name="part"', data={})
    api.expect("PUT", "/a", json={"b": 2}, data={"id": "1"})
    api.expect("PATCH", "/a", data=True)
    api.expect("DELETE", "/a", params={"ref": "x"}, data={"id": "1"})
    assert client.get("/a", params={"x": 1}) == [1]
    assert client.post("/a", {"b": 1}) == {"id": "1"}
    assert client.post("/a", form={"b": "1"}) is True
    assert client.post("/a", files={"part": ("", "{}")}) == {}
    assert client.put("/a", {"b": 2}) == {"id": "1"}
    assert client.patch("/a") is True
    assert client.delete("/a", params={"ref": "x"}) == {"id": "1"}


def test_http_200_with_meta_201_is_a_success(api, client):
    api.expect("GET", "/keys", text='{"responseMeta": {"status": 201, "success": true}, "data": {"key": "x"}}')
    assert client.get("/keys") == {"key": "x"}


def test_http_200_without_success_is_none(api, client):
    api.expect("POST", "/x", error=(200, "AE-APP-4023", "Invalid credentials"))
    with pytest.raises(errors.AuthenticationFailed):
        client.post("/x")


def test_an_empty_answer_is_no_data(api, client):
    api.expect("GET", "/workspaces/0", text="")
    assert client.get("/workspaces/0") is None


def test_the_same_member_twice_is_no_error(api, client):
    api.expect("GET", "/x", text='{"responseMeta": {"status": 200, "success": true}, "data": {"a": 1, "a": 2}}')
    assert client.get("/x") == {"a": 2}


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        ({"status": 401, "text": ""}, errors.AuthenticationFailed, "the session has ended"),
        ({"status": 401, "text": "<html>proxy"}, errors.NotAppsmith, "not as Appsmith does (HTTP 401)"),
        ({"text": "<html>Apache"}, errors.NotAppsmith, "not as Appsmith does (HTTP 200)"),
        ({"text": "<title>Appsmith is starting</title>"}, errors.NotReady, "not ready"),
        ({"text": '{"status": "ok"}'}, errors.NotAppsmith, "not as Appsmith does"),
        ({"status": 404, "text": "not here"}, errors.NotAppsmith, "HTTP 404"),
        ({"status": 504, "text": "504 Gateway Timeout"}, errors.RequestTimeout, "gave up waiting"),
        ({"status": 403, "text": "Invalid CSRF Token"}, errors.AppsmithError, "CSRF"),
        (
            {"status": 301, "location": "https://appsmith.example.com/api/v1/x"},
            errors.NotAppsmith,
            "redirects to https://appsmith.example.com/api/v1/x",
        ),
        (
            {
                "status": 404,
                "text": '{"responseMeta": {"status": 404, "success": false, "message": "No static resource"}}',
            },
            errors.IncompatibleVersion,
            "does not know /x",
        ),
    ],
)
def test_what_an_answer_means(api, client, answer, error, text):
    api.expect("GET", "/x", **answer)
    with pytest.raises(error) as raised:
        client.get("/x")
    assert raised.value.__class__ is error
    assert text in str(raised.value)
    assert raised.value.http_status == answer.get("status", 200) or error is errors.NotReady


def test_reads_are_repeated_while_it_starts(api, client, sleeps):
    api.expect("GET", "/x", status=502, text="502 Bad Gateway")
    api.expect("GET", "/x", status=503, text="503 Service Unavailable")
    api.expect("GET", "/x", data=1)
    assert client.get("/x") == 1
    assert sleeps == [1.0, 2.0]


def test_repeating_ends(api, client, sleeps):
    for _attempt in range(5):
        api.expect("GET", "/x", status=502, text="502 Bad Gateway")
    with pytest.raises(errors.NotReady):
        client.get("/x")
    assert sleeps == [1.0, 2.0, 4.0, 8.0]


def test_a_write_is_not_repeated_while_it_starts(api, client, sleeps):
    api.expect("POST", "/x", status=502, text="502 Bad Gateway")
    with pytest.raises(errors.NotReady):
        client.post("/x")
    api.expect("GET", "/git/pull", status=502, text="502 Bad Gateway")
    with pytest.raises(errors.NotReady):
        client.get("/git/pull", writes=True)
    assert sleeps == []


def test_an_envelope_with_503_is_an_answer(api, client, sleeps):
    api.expect("GET", "/x", error=(503, "AE-GIT-5013", "Provided file is incompatible, please upgrade your instance"))
    with pytest.raises(errors.IncompatibleVersion):
        client.get("/x")
    assert sleeps == []


def test_too_many_requests_are_repeated_even_if_they_write(api, client, sleeps):
    api.expect("POST", "/x", status=429, text="429 Too Many Requests", answer_headers={"Retry-After": "7"})
    api.expect("POST", "/x", status=429, text="429 Too Many Requests", answer_headers={"Retry-After": "3600"})
    api.expect("POST", "/x", status=201, data=1)
    assert client.post("/x") == 1
    assert sleeps == [7.0, 30.0]


def test_a_refused_connection_at_first_is_a_wrong_address(api, client, sleeps):
    api.expect("GET", "/x", raises=api.refused())
    with pytest.raises(
        errors.ConnectionFailed, match=r"No connection to http://appsmith.example.com: Connection refused"
    ):
        client.get("/x")
    assert sleeps == []


def test_a_refused_connection_later_is_a_restart(api, client, sleeps):
    api.expect("GET", "/x", data=1)
    api.expect("POST", "/x", raises=api.refused())
    api.expect("POST", "/x", data=2)
    client.get("/x")
    assert client.post("/x") == 2
    assert sleeps == [1.0]


def test_a_write_that_got_no_answer_is_not_repeated(api, client, sleeps):
    for problem in (requests.exceptions.ReadTimeout(), requests.exceptions.ConnectionError("Connection aborted")):
        api.expect("POST", "/x", raises=problem)
        with pytest.raises(errors.RequestTimeout, match="may still be at work") as error:
            client.post("/x")
        assert "\n" not in str(error.value)
        assert "may still be at work" in str(error.value)
    assert sleeps == []


def test_a_slow_read_is_not_repeated_but_a_broken_one_is(api, client, sleeps):
    api.expect("GET", "/x", raises=requests.exceptions.ReadTimeout())
    with pytest.raises(errors.RequestTimeout, match="within 5 seconds"):
        client.get("/x", timeout=5)
    api.expect("GET", "/x", raises=requests.exceptions.ConnectionError("Connection aborted"))
    api.expect("GET", "/x", data=1)
    assert client.get("/x") == 1
    assert sleeps == [1.0]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_check_mode_sends_no_write(api, method):
    client = Client(URL, check_mode=True)
    with pytest.raises(errors.CheckModeWrite):
        getattr(client, method)("/x")
    with pytest.raises(errors.CheckModeWrite):
        client.get("/git/pull", writes=True)


def test_check_mode_sends_what_only_reads(api):
    api.expect("POST", "/git/merge/status", json={"a": 1}, data={})
    assert Client(URL, check_mode=True).post("/git/merge/status", {"a": 1}, writes=False) == {}


def test_a_clone_has_the_session_and_nothing_else_in_common(api):
    client = Client(URL, session={"SESSION": "one"}, check_mode=True)
    twin = client.clone()
    assert twin.session == "one" and twin.check_mode
    client.session = None
    assert twin.session == "one"


def test_credentials_of_netrc_are_not_sent(api, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine appsmith.example.com login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    api.expect("GET", "/x", data=1)
    assert Client(URL).get("/x") == 1


def test_a_ca_file_that_is_not_there(tmp_path):
    client = Client("https://127.0.0.1:9", ca_path=str(tmp_path / "none.pem"))
    with pytest.raises(errors.InvalidInput, match=r"none\.pem"):
        client.get("/x")


def test_nobody_listens():
    """Without any mock: requests' and urllib3's real exceptions must be understood."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        port = server.server_address[1]
    with pytest.raises(errors.ConnectionFailed) as error:
        Client(f"http://127.0.0.1:{port}").get("/x")
    assert str(error.value) == (
        f"No connection to http://127.0.0.1:{port}: Connection refused. "
        "Check appsmith_url, and that the instance runs and can be reached from here."
    )


def test_no_such_host():
    with pytest.raises(errors.ConnectionFailed) as error:
        Client("http://appsmith.invalid").get("/x")
    assert str(error.value).startswith("No connection to http://appsmith.invalid: ")
    assert "object at 0x" not in str(error.value)


class Silent(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.close_connection = True

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def silent():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_tls_with_a_server_that_speaks_none(silent):
    url = silent.replace("http:", "https:")
    with pytest.raises(errors.ConnectionFailed, match="does not speak TLS as it should: ") as error:
        Client(url).get("/x")
    assert "object at 0x" not in str(error.value) and "_ssl.c" not in str(error.value)


def test_a_connection_that_breaks_after_sending(silent, sleeps):
    with pytest.raises(errors.RequestTimeout, match="The connection broke before an answer"):
        Client(silent).post("/x")
    assert sleeps == []


def test_a_certificate_that_nobody_signed(tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    import datetime

    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    class Health(Silent):
        def do_GET(self) -> None:
            body = b'{"responseMeta": {"status": 200, "success": true}, "data": "up"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://localhost:{server.server_address[1]}"
    try:
        with pytest.raises(errors.ConnectionFailed, match="certificate of") as error:
            Client(url).get("/health")
        assert str(error.value) == (
            f"The certificate of {url} was refused: certificate verify failed: self-signed certificate. "
            "Give its authority by appsmith_ca_path, or set appsmith_validate_certs to false."
        )
        assert Client(url, ca_path=str(tmp_path / "cert.pem")).get("/health") == "up"
        assert Client(url, validate_certs=False).get("/health") == "up"
    finally:
        server.shutdown()
        server.server_close()
