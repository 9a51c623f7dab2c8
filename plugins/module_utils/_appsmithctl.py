# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run appsmithctl inside an instance: plainly, or through a pseudo terminal where it only talks to people."""

from __future__ import annotations

import re
import subprocess
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    InvalidInput,
    ProofFailed,
)

try:
    import pexpect
except ImportError:
    pexpect = None

RESTORED = "Appsmith instance successfully restored."
# "Starting [ 'backend', 'rts' ]", "backend: started", "Started ...": real v1.91, after whatever happened.
_SERVICES = re.compile(r"(?i)(starting|started|stopping|stopped)\b|\w+: (started|stopped)$")
_VERSION = re.compile(r"\bv?(\d+(?:\.\d+)+(?:-[A-Z]+)?)\b")
_LISTED = re.compile(r"^\s*(\d+)\s*\|\s*(\S+)", re.MULTILINE)
# What terminals are told beside text: colours and cursor moves, titles, character sets, bell.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()*+][0-9A-Za-z]|\x1b[=>78A-Z\\^_]"
    r"|[\x00\x07\x08\r]"
)
# The end of each question as the releases ask it, blanks and line ends taken as one blank. Which ones are asked, and
# when, depends on the release: the one for the encryption keys comes only after the database was replaced.
_RESTORE_PROMPTS = (
    ("index", r"enter the backup file index:"),
    ("version", r'Or Type "c" to cancel the restore process\.'),
    ("keys", r'Or Type "n"/"No" to provide encryption key[^"]*\.'),
    ("encryption_password", r"Enter the APPSMITH_ENCRYPTION_PASSWORD:"),
    ("encryption_salt", r"Enter the APPSMITH_ENCRYPTION_SALT:"),
)
_SECRET = ("encryption_password", "encryption_salt")
# Answers with which appsmithctl gives up by itself. Ctrl-C is none: at hidden questions it is a letter like others,
# at the rest it ends appsmithctl before it has started the back end again.
_GIVE_UP = {"index": "none", "version": "c"}
_GIVE_UP_WITHIN = 120
# A question is what was said last, with nothing after it for as many seconds.
_QUIET = 0.2
_LONGEST_QUESTION = 1000


@dataclass
class Outcome:
    """What a run of appsmithctl said; `asked` lists the prompts that were answered."""

    code: int
    text: str
    asked: list[str] = field(default_factory=list)

    def tail(self, lines: int = 4) -> str:
        """The last that was said of the work; that the services are started again comes after it, and is no cause."""
        said = [line.strip() for line in self.text.splitlines() if line.strip()]
        of_work = [line for line in said if not _SERVICES.match(line)]
        return " / ".join((of_work or said)[-lines:]) or "nothing"


class _Unanswerable(Exception):
    """A prompt that there is no answer for."""


class AppsmithCtl:
    """`exec_prefix` runs a command inside the instance, `terminal_prefix` does so with a terminal (docker exec -it)."""

    def __init__(
        self,
        exec_prefix: t.Sequence[str],
        terminal_prefix: t.Sequence[str] | None = None,
        *,
        timeout: int = 3600,
    ) -> None:
        self.prefix = list(exec_prefix)
        self.terminal_prefix = list(terminal_prefix or exec_prefix)
        self.timeout = timeout

    def call(self, *arguments: str, timeout: int | None = None) -> Outcome:
        return self._run("appsmithctl", *arguments, timeout=timeout)

    def services(self, verb: str) -> None:
        """C(stop) or C(start) what writes to the database; the databases themselves go on."""
        outcome = self._run("supervisorctl", verb, "backend", "rts", timeout=min(self.timeout, 300))
        # It ends with an error also where there was nothing to do.
        told = outcome.text.lower()
        if outcome.code != 0 and "not running" not in told and "already started" not in told:
            raise AppsmithError(
                f"supervisorctl {verb} backend rts failed (exit {outcome.code}, it said: {outcome.tail()})",
                next_step="Look at the instance's log; its database was not touched.",
            )

    def drop_database(self) -> None:
        """Empty the instance's database, wherever it is: a restore replaces only what the dump holds."""
        outcome = self.call("mongo-eval", "db.dropDatabase()", timeout=min(self.timeout, 600))
        if outcome.code != 0 or not re.search(r"""["']?ok["']?\s*:\s*1\b""", outcome.text):
            error = AppsmithError(
                f"The database could not be emptied (exit {outcome.code}, appsmithctl mongo-eval said: "
                f"{outcome.tail()})",
                next_step="Let its user drop it (role dbOwner), then run again.",
            )
            error.changed = True
            raise error

    def _run(self, *arguments: str, timeout: int | None = None) -> Outcome:
        command = [*self.prefix, *arguments]
        try:
            # Ansible's run_command() knows no time limit.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout or self.timeout,
                check=False,
            )
        except OSError as error:
            raise InvalidInput(
                f"{command[0]} can't be started: {error.strerror or error}",
                next_step="Check `exec`: it must run a command inside the instance, from this host.",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise _too_long(arguments[1], timeout or self.timeout) from error
        return Outcome(done.returncode, _clean(done.stdout))

    def version(self) -> str:
        """The release that runs, as appsmithctl names it."""
        outcome = self.call("version", timeout=min(self.timeout, 120))
        found = _VERSION.findall(outcome.text)
        if outcome.code != 0 or not found:
            raise AppsmithError(
                f"appsmithctl version told no version (exit {outcome.code}, it said: {outcome.tail()})",
                next_step="Check `exec`, and that the instance runs.",
            )
        return f"v{found[-1]}"

    def backup(self) -> Outcome:
        return self.call("backup", "--non-interactive")

    def restore_unattended(self, archive: str, *, force: bool = False) -> Outcome:
        """For releases that know it; takes the encryption keys that the instance has."""
        return self.call("restore", f"--backup-file={archive}", "--non-interactive", *(["--force"] if force else []))

    def restore_in_terminal(
        self,
        archive: str,
        *,
        name_archive: bool,
        other_version: bool = False,
        own_keys: tuple[str, str] | None = None,
    ) -> Outcome:
        """Answer what is asked; `name_archive` spares the question for it.

        The keys: Enter keeps those that appsmithctl runs with. Where it runs with none it asks at once; `own_keys` are
        the answer. It asks when the database was replaced already, so there must be an answer.
        """

        def answer(name: str, seen: str) -> str:
            if name == "index":
                listed: dict[str, str] = {file: index for index, file in _LISTED.findall(seen)}
                if archive not in listed:
                    raise _Unanswerable(f"it does not list {archive}")
                return listed[archive]
            if name == "version":
                if not other_version:
                    raise _Unanswerable("the archive is of another version")
                return ""
            if name == "keys":
                return ""
            if name in ("encryption_password", "encryption_salt") and own_keys:
                return own_keys[0 if name == "encryption_password" else 1]
            raise _Unanswerable(f"it asks for the {name.replace('_', ' ')}, which was not given")

        arguments = ("restore", f"--backup-file={archive}") if name_archive else ("restore",)
        return self._converse(arguments, _RESTORE_PROMPTS, answer)

    @staticmethod
    def need_terminal() -> None:
        if pexpect is None:
            raise InvalidInput(
                "The Python library pexpect is not on this host",
                next_step="Install pexpect for the Python that Ansible uses on the instance's host.",
            )

    def _converse(
        self,
        arguments: tuple[str, ...],
        prompts: tuple[tuple[str, str], ...],
        answer: t.Callable[[str, str], str],
    ) -> Outcome:
        self.need_terminal()
        command = [*self.terminal_prefix, "appsmithctl", *arguments]
        asked: list[str] = []
        secrets: list[str] = []
        reason: _Unanswerable | None = None
        seen = ""
        try:
            # Wide, so that no line of the list of archives is broken.
            child = pexpect.spawn(
                command[0], command[1:], encoding="utf-8", codec_errors="replace", echo=False, dimensions=(50, 400)
            )
        except pexpect.ExceptionPexpect as error:
            raise InvalidInput(
                f"{command[0]} can't be started: {_one_line(str(error))}",
                next_step="Check `exec`: it must run a command inside the instance, from this host.",
            ) from error
        try:
            deadline = time.monotonic() + self.timeout
            while (heard := _listen(child, prompts, deadline)).question is not None:
                seen += heard.text
                name = heard.question
                try:
                    if name in asked and reason is None:
                        raise _Unanswerable(f"it asks for the {name.replace('_', ' ')} again")
                    reply = answer(name, seen) if reason is None else _GIVE_UP[name]
                except _Unanswerable as why:
                    reason = why
                    if name not in _GIVE_UP:
                        break
                    deadline = min(deadline, time.monotonic() + _GIVE_UP_WITHIN)
                    reply = _GIVE_UP[name]
                asked.append(name)
                if name in _SECRET and reply:
                    secrets.append(reply)
                child.sendline(reply)
            else:
                seen += heard.text
        except pexpect.TIMEOUT as error:
            seen += error.value
            if reason is None:
                raise _too_long(arguments[0], self.timeout, _tail(seen, secrets)) from error
        finally:
            child.close(force=True)
        if reason is not None:
            broken_off = ProofFailed(
                f"appsmithctl {arguments[0]} was broken off: {reason} (at last: {_tail(seen, secrets)})",
                next_step="Correct that and run again."
                if name in _GIVE_UP
                else "The database was replaced already and the back end is stopped: restore again.",
                details={"answered": asked},
            )
            broken_off.changed = name not in _GIVE_UP
            raise broken_off from reason
        code = child.exitstatus if child.exitstatus is not None else 128 + (child.signalstatus or 0)
        return Outcome(code, _hide(seen, secrets), asked)


@dataclass
class _Heard:
    """What was said up to a question, or to the end (no question)."""

    text: str
    question: str | None = None


def _listen(child: t.Any, prompts: tuple[tuple[str, str], ...], deadline: float) -> _Heard:
    """Read until a question is asked and nothing follows it, or to the end.

    Only what is said from now on counts, so no echo of an answer, nor a question drawn anew before the answer came, is
    taken for the next question.
    """
    raw = ""
    while True:
        try:
            raw += child.read_nonblocking(1 << 16, timeout=min(_QUIET, max(0.0, deadline - time.monotonic())))
            if time.monotonic() < deadline:
                continue
        except pexpect.EOF:
            child.wait()
            return _Heard(_clean(raw))
        except pexpect.TIMEOUT:
            pass
        said = _one_line(_clean(raw[-4 * _LONGEST_QUESTION :]))[-_LONGEST_QUESTION:]
        question = next((name for name, end in prompts if re.search(f"{end}$", said)), None)
        if question is not None:
            return _Heard(_clean(raw), question)
        if time.monotonic() >= deadline:
            raise pexpect.TIMEOUT(_clean(raw))


def _too_long(command: str, seconds: int, said: str | None = None) -> AppsmithError:
    error = AppsmithError(
        f"appsmithctl {command} was not done within {seconds} s" + (f" (at last: {said})" if said else ""),
        next_step="Raise timeout, and look at /appsmith-stacks/logs inside the instance.",
    )
    # It may have done most of it.
    error.changed = command != "version"
    return error


def _clean(text: str | bytes | None) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return _ESCAPES.sub("", text or "")


def _hide(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "********")
    return text


def _tail(text: str, secrets: list[str]) -> str:
    return Outcome(0, _hide(text, secrets)).tail(2)


def _one_line(text: str) -> str:
    return " ".join(text.split())
