# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that somebody typed into queries, headers and bodies; private to the collection.

The detectors are those of detect-secrets. How they are put to Appsmith's files is ours: see
docs/decisions/0006-secret-scanner.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib.util
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._secret_texts import Piece, pieces

# Only looked for here: to load it takes longer than many a promotion (0.3 s).
HAS_SCANNER = importlib.util.find_spec("detect_secrets") is not None

Found = tuple[str, str]

# Detectors of a form that nothing else has. Left out: entropy and addresses (an application is full of ids and base64),
# and forms so loose that an id fits (Artifactory, Cloudant, IBM, SoftLayer, Mailchimp, Telegram).
_FORMS = (
    ("aws", "AWSKeyDetector"),
    ("azure_storage_key", "AzureStorageKeyDetector"),
    ("basic_auth", "BasicAuthDetector"),
    ("discord", "DiscordBotTokenDetector"),
    ("github_token", "GitHubTokenDetector"),
    ("gitlab_token", "GitLabTokenDetector"),
    ("jwt", "JwtTokenDetector"),
    ("npm", "NpmDetector"),
    ("openai", "OpenAIDetector"),
    ("private_key", "PrivateKeyDetector"),
    ("pypi_token", "PypiTokenDetector"),
    ("sendgrid", "SendGridDetector"),
    ("slack", "SlackDetector"),
    ("square_oauth", "SquareOAuthDetector"),
    ("stripe", "StripeDetector"),
    ("twilio", "TwilioKeyDetector"),
)
_KEYWORD, _HEADER, _PASSWORD = "Secret Keyword", "Authorization Header", "Password in a Connection String"

# A member, header or parameter of such a name holds a secret, if it holds anything typed in.
_SECRET_NAME = re.compile(
    r"(^|[^a-z])(api|auth|access|account|client|private|secret|service|encryption|signing)[-_ ]?key"
    r"|passw(or)?d|(^|[^a-z])(pwd|pass|pin)$|secret|(^|[^a-z])(auth|access|api|bearer|refresh|session|bot)?[-_ ]?token$"
    r"|credential|contrase(n|ñ)a|passphrase",
    re.I,
)
_AUTHORIZATION = re.compile(r"^(proxy-)?authorization$", re.I)
_SCHEME = re.compile(r"^(basic|bearer|token|apikey|api-key|digest|key|negotiate)[ =:]+", re.I)
# ... and in a text: Authorization: Bearer abc, as of a pasted curl command.
_TYPED_HEADER = re.compile(r"authorization[\"']?\s*[:=,]\s*[\"'`]?\s*((?:basic|bearer|token)\s+[^\s\"'`,}]+)", re.I)
# Server=db;Password=abc; and password=abc of a driver's string or of an address; also SQL's IDENTIFIED BY 'abc'.
_CONNECTION = re.compile(r"(?:^|[;?&\s\"'])(?:password|pwd)=([^;&\s\"'`(]{4,})(?=[;&\"'`]|$)", re.I)
_IDENTIFIED = re.compile(r"\b(?:identified\s+by|with\s+(?:encrypted\s+)?password)\s+'([^']{4,})'", re.I)

_BINDING = re.compile(r"\{\{.*?\}\}", re.S)
# What people write where a secret is to be.
_PLACEHOLDER = re.compile(
    r"^(<.*>|\[.*\]|\*+|x+|\.+|-+|_+|your[-_ ].*|my[-_ ]?(password|secret|token|key)|change[-_ ]?me|example.*"
    r"|placeholder|dummy|test|none|null|undefined|true|false|password|passwd|pwd|secret|token|enter .*|required"
    r"|optional|hidden)$",
    re.I,
)
_LEAST = 6


@dataclass(frozen=True, order=True)
class Finding:
    """Where something looks like a secret. The secret itself is not kept; C(fingerprint) tells it again."""

    path: str
    line: int
    kind: str
    fingerprint: str

    def as_result(self) -> dict[str, Any]:
        return {"path": self.path, "line": self.line, "kind": self.kind, "fingerprint": self.fingerprint}


def scan(texts: Iterable[tuple[str, str]]) -> list[Finding]:
    """What looks like a secret in the texts of (path in the repository, content)."""
    findings: list[Finding] = []
    # A query's text stands in two files, its own and its metadata.
    seen: set[tuple[str, str]] = set()
    for path, text in sorted(texts, key=lambda one: (not one[0].endswith((".txt", ".js")), one[0])):
        for piece in pieces(path, text):
            for kind, secret in _look(piece):
                place = (path.rsplit("/", 1)[0], secret)
                if place not in seen:
                    seen.add(place)
                    findings.append(Finding(path, piece.line, kind, fingerprint(path, kind, secret)))
    return sorted(findings)


def fingerprint(path: str, kind: str, secret: str) -> str:
    """Tells a finding again, and hardly anything of the secret: two bytes of a digest are no way to guess it by."""
    place, whole = "\0".join((path, kind)), "\0".join((path, kind, secret))
    return "-".join((hashlib.sha256(place.encode()).hexdigest()[:8], hashlib.sha256(whole.encode()).hexdigest()[:4]))


def _look(piece: Piece) -> Iterator[Found]:
    """Each secret once, by the detector that says most of it."""
    said: list[str] = []
    for kind, secret in _candidates(piece):
        # What has a form of its own is one, however it reads.
        plain = kind in (_KEYWORD, _HEADER, _PASSWORD)
        if _typed_in(secret, plain=plain) and not any(secret in other or other in secret for other in said):
            said.append(secret)
            yield kind, secret


def _candidates(piece: Piece) -> Iterator[Found]:
    for kind, analyze in _detectors():
        for secret in analyze(piece.text):
            yield kind, secret
    value = piece.text.strip()
    if _AUTHORIZATION.match(piece.name):
        found = _credentials(value)
        if found:
            yield _HEADER, found
    elif piece.whole and _SECRET_NAME.search(piece.name):
        yield _KEYWORD, _SCHEME.sub("", value)
    for found_header in _TYPED_HEADER.findall(piece.text):
        found = _credentials(found_header)
        if found:
            yield _HEADER, found
    for pattern in (_CONNECTION, _IDENTIFIED):
        for secret in pattern.findall(piece.text):
            yield _PASSWORD, secret
    if piece.code:
        for secret in _keywords()(piece.text):
            yield _KEYWORD, secret


def _credentials(value: str) -> str | None:
    """What follows the scheme of an Authorization header; of Basic only what has a password in it."""
    token = _SCHEME.sub("", value).strip()
    if not value.lower().startswith("basic"):
        return token or None
    try:
        _user, _colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return token or None
    return token if password else None


def _typed_in(secret: str, *, plain: bool) -> bool:
    """Whether it is a value at all: no binding, no name of a variable, no placeholder, no phrase of an interface."""
    text = _BINDING.sub("", secret).strip().strip("\"'`")
    if len(text) < _LEAST or "{{" in text or "}}" in text or "${" in text or text.startswith("$"):
        return False
    if _PLACEHOLDER.match(text) or len(set(text)) < 4 or not any(letter.isalnum() for letter in text):
        return False
    if not plain:
        return True
    # A sentence (a label, a hint) or a reference (appsmith.store.token, inp_password.text).
    return text.count(" ") < 2 and not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(\(\))?", text)


# -- the library ------------------------------------------------------------------------------------------------------
_LOADING = threading.Lock()


def _detectors() -> list[tuple[str, Callable[[str], Iterable[str]]]]:
    with _LOADING:
        return _load()[0]


def _keywords() -> Callable[[str], Iterable[str]]:
    with _LOADING:
        return _load()[1]


def _whole(detector: Any) -> Callable[[str], Iterator[str]]:
    """What a detector finds, whole: of a pattern with a group in it the library gives the group only."""

    def analyze(text: str) -> Iterator[str]:
        if any(True for _found in detector.analyze_string(text)):
            for pattern in detector.denylist:
                for found in pattern.finditer(text):
                    groups = [group for group in found.groups() if group and len(group) >= _LEAST]
                    yield groups[-1] if groups else found.group()

    return analyze


@cache
def _load() -> tuple[list[tuple[str, Callable[[str], Iterable[str]]]], Callable[[str], Iterable[str]]]:
    """The detectors themselves: the library's own scan has settings for the whole process, and threads scan here."""
    forms: list[tuple[str, Callable[[str], Iterable[str]]]] = []
    for module, name in _FORMS:
        detector = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)()
        forms.append((str(detector.secret_type), _whole(detector)))
    keyword = importlib.import_module("detect_secrets.plugins.keyword")
    words, patterns = keyword.KeywordDetector(), keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP

    def keywords(text: str) -> Iterable[str]:
        return [str(secret) for secret in words.analyze_string(text, denylist_regex_to_group=patterns)]

    return forms, keywords
