# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams between an archive's content and its store: encrypted and hashed on the way, never whole anywhere.

What goes wrong behind a pipe shows on its other side as an end or a broken pipe. So the end of a stream is told only
after everything behind it ended well, and what is raised is the first cause.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from ansible_collections.stagecraft.appsmith.plugins.module_utils import _gpg
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._gpg import running, write_all

CHUNK = 1 << 20


class Ending(io.RawIOBase):
    """Passes on what it reads; C(at_end) is called before the end is told, and may raise."""

    def __init__(self, source: Any, at_end: Callable[[], None] | None = None) -> None:
        self._source = source
        self._at_end = at_end
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        if not data and self._at_end is not None:
            self._at_end()
        buffer[: len(data)] = data
        self.size += len(data)
        self._saw(data)
        return len(data)

    def _saw(self, data: bytes) -> None:
        """For those that look at it."""


class Hashed(Ending):
    """Takes the checksum on the way."""

    def __init__(self, source: Any, at_end: Callable[[], None] | None = None) -> None:
        super().__init__(source, at_end)
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def _saw(self, data: bytes) -> None:
        self._digest.update(data)


class Outgoing(io.BufferedReader):
    """What a store is given: C(read(n)) is short at the end only."""

    def __init__(self, hashed: Hashed) -> None:
        super().__init__(hashed, CHUNK)
        self._hashed = hashed

    @property
    def size(self) -> int:
        return self._hashed.size

    @property
    def sha256(self) -> str:
        return self._hashed.sha256


class _Worker:
    """Does something in a thread, and keeps what it raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def join(self) -> None:
        self._thread.join()

    def raise_cause(self) -> None:
        """What it raised, unless that is but the echo of another's end."""
        self.join()
        if self.error is not None and not isinstance(self.error, BrokenPipeError):
            raise self.error


class _Sink(io.RawIOBase):
    """Writes to a pipe all that it is given; closing it is the pipe's owner's business."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        write_all(self._sink, data)
        return len(data)


@contextlib.contextmanager
def outgoing(write: Callable[[Any], None], passphrase: str | None) -> Iterator[Outgoing]:
    """A stream of what C(write) writes (in a thread) into the sink that it is given; encrypted with a passphrase."""
    with contextlib.ExitStack() as stack:
        finish: Callable[[], None] | None = None
        if passphrase is not None:
            gpg = stack.enter_context(running(_gpg.ENCRYPT, passphrase))
            sink, source, finish = gpg.stdin, gpg.stdout, gpg.finish
        else:
            reader, writer = os.pipe()
            sink, source = os.fdopen(writer, "wb", 0), os.fdopen(reader, "rb", 0)

        def work() -> None:
            try:
                write(_Sink(sink))
            finally:
                _close(sink)

        worker = _Worker(work)
        # The reading side goes first: whoever still writes gets a broken pipe then, and ends.
        stack.callback(worker.join)
        stack.callback(_close, source)

        def at_end() -> None:
            worker.raise_cause()
            if finish is not None:
                finish()
            if worker.error is not None:
                raise AppsmithError("The archive was cut off while it was written") from worker.error

        yield Outgoing(Hashed(source, at_end))


@dataclass
class Incoming:
    """C(plain) is what is read; C(hashed) knows size and checksum of what came in."""

    plain: BinaryIO
    hashed: Hashed
    drain: Callable[[], None]


@contextlib.contextmanager
def incoming(source: BinaryIO, passphrase: str | None) -> Iterator[Incoming]:
    """What C(source) holds, decrypted. Reading it to its end raises GpgFailed if gpg did not end well.

    C(drain) reads what is left, within the block: then size and checksum are those of the whole.
    """
    hashed = Hashed(source)
    if passphrase is None:
        plain = io.BufferedReader(hashed, CHUNK)
        yield Incoming(plain, hashed, lambda: _drain(hashed))
        return
    with running(_gpg.DECRYPT, passphrase) as gpg:
        wanted = threading.Event()
        wanted.set()

        def feed() -> None:
            try:
                while wanted.is_set() and (chunk := hashed.read(CHUNK)):
                    write_all(gpg.stdin, chunk)
            finally:
                _close(gpg.stdin)

        feeder = _Worker(feed)

        def at_end() -> None:
            feeder.raise_cause()
            gpg.finish()

        def drain() -> None:
            # gpg gave up at its first look, or is no longer listened to; the rest counts all the same.
            _close(gpg.stdout)
            feeder.raise_cause()
            _drain(hashed)

        try:
            yield Incoming(io.BufferedReader(Ending(gpg.stdout, at_end), CHUNK), hashed, drain)
        finally:
            wanted.clear()
            _close(gpg.stdout)
            feeder.join()


def _drain(source: Hashed) -> None:
    while source.read(CHUNK):
        pass


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        stream.close()
