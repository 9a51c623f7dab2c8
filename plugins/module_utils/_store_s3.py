# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3-compatible store for backups; private to the collection."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, cast

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput, NotFound
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import (
    ABANDONED_SECONDS,
    Entry,
    Store,
    StoreFailed,
    plain,
)

try:
    import boto3
    import botocore.session
    from boto3.exceptions import Boto3Error
    from botocore import exceptions as refused
    from botocore.config import Config

    HAS_BOTO3 = True
except ImportError:
    HAS_BOTO3 = False

# However large the backup is, three parts of it are in memory at once.
PART_BYTES = 64 << 20
PARTS_AT_ONCE = 3
# S3 takes no more: 625 GiB.
MOST_PARTS = 10_000
RETRIES = 4
CONNECT_SECONDS, READ_SECONDS = 10, 60

_KEYS = "Check s3.access_key and s3.secret_key."
_STEPS = {
    "NoSuchBucket": "Make the bucket, or check s3.bucket and s3.endpoint_url.",
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    # The Versity gateway's own word for it.
    "XAdminUserNotFound": _KEYS,
    "AccessDenied": "Give the key the right to list, read, write and delete below s3.prefix, or check the key.",
    "403": "Give the key the right to list, read, write and delete below s3.prefix, or check the key.",
    "AuthorizationHeaderMalformed": "Check s3.region: the bucket is in another one.",
    "PermanentRedirect": "Check s3.region and s3.endpoint_url: the bucket is in another place.",
    "RequestTimeTooSkewed": "Put this host's clock right.",
    "InvalidBucketName": "Check s3.bucket.",
    "NoSuchKey": "See what there is with stagecraft.appsmith.backup_info.",
    "404": "Check s3.bucket and s3.endpoint_url.",
}
_NO_STORE = "Check s3.endpoint_url: nothing that speaks S3 answers there."


class S3Store(Store):
    """Objects of one bucket below one prefix. Credentials and settings are the options', never the environment's."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if not HAS_BOTO3:
            raise InvalidInput(
                "The Python library boto3 is not on this host",
                next_step="Install boto3 for the Python that Ansible uses here: a backup to S3 needs it.",
            )
        self.bucket: str = options["bucket"]
        self.prefix = "/".join(part for part in (options.get("prefix") or "").split("/") if part)
        self.endpoint: str = options.get("endpoint_url") or ""
        self._options = options
        with self._failing():
            self._client = self._connect(options)

    def _connect(self, options: Mapping[str, Any]) -> Any:
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise InvalidInput(
                f"s3.endpoint_url {self.endpoint} is no address", next_step="Begin it with https:// or http://."
            )
        # Profiles and settings of whoever runs this stay out of it.
        nothing = (None, None, os.devnull, None)
        session = botocore.session.Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": nothing,
                "credentials_file": nothing,
                "ca_bundle": (None, None, None, None),
            }
        )
        settings = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"max_attempts": RETRIES, "mode": "standard"},
            "signature_version": "s3v4",
            "s3": {"addressing_style": "path" if options.get("path_style", True) else "virtual"},
            "ignore_configured_endpoint_urls": True,
            # Many stores don't know the newer checksums; what lies there is compared by SHA-256 anyway.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        verify: bool | str = bool(options.get("validate_certs", True))
        if verify and options.get("ca_path"):
            verify = str(options["ca_path"])
            if not os.path.exists(verify):
                raise InvalidInput(f"s3.ca_path {verify} is not there", next_step="Give the path of a file of CAs.")
        return boto3.session.Session(
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
            region_name=options.get("region") or "us-east-1",
            botocore_session=session,
        ).client(
            "s3",
            endpoint_url=self.endpoint or None,
            verify=verify,
            # Older libraries lack the last ones, and need none of them.
            config=Config(**{name: value for name, value in settings.items() if name in Config.OPTION_DEFAULTS}),
        )

    # -- the store ----------------------------------------------------------------------------------------------------
    def check(self, *, write: bool = True) -> None:
        self.entries()
        if write:
            # Says whether this key may write, and makes no object, which a key that may not delete could not undo.
            with self._failing():
                probe = self._object(".probe")
                begun = self._client.create_multipart_upload(**probe)["UploadId"]
                self._client.abort_multipart_upload(**probe, UploadId=begun)

    def put(self, name: str, source: BinaryIO) -> None:
        target = self._object(plain(name))
        first = _part(source)
        if len(first) < PART_BYTES:
            with self._failing():
                self._client.put_object(**target, Body=first)
            return
        with self._failing():
            target["UploadId"] = self._client.create_multipart_upload(**target)["UploadId"]
        try:
            parts = self._send(target, first, source)
            with self._failing():
                # The object appears now, whole.
                self._client.complete_multipart_upload(**target, MultipartUpload={"Parts": parts})
        except BaseException:
            # What was sent costs money until then. The first cause is the one to be told.
            with contextlib.suppress(AppsmithError), self._failing():
                self._client.abort_multipart_upload(**target)
            raise

    def _send(self, target: dict[str, str], part: bytes, source: BinaryIO) -> list[dict[str, Any]]:
        """The source is read here, while parts before are on their way: what it raises is raised here."""
        done: list[dict[str, Any]] = []
        sending: deque[Future[dict[str, Any]]] = deque()

        def send(number: int, part: bytes) -> dict[str, Any]:
            answer = self._client.upload_part(**target, PartNumber=number, Body=part)
            return {"PartNumber": number, "ETag": answer["ETag"]}

        with ThreadPoolExecutor(PARTS_AT_ONCE - 1) as pool, self._failing():
            for number in itertools.count(1):
                if not part:
                    break
                if number > MOST_PARTS:
                    raise StoreFailed(
                        f"The backup has more than {PART_BYTES * MOST_PARTS >> 30} GiB, which is more than can be sent",
                        next_step="Back up to a folder.",
                    )
                sending.append(pool.submit(send, number, part))
                if len(sending) == PARTS_AT_ONCE - 1:
                    done.append(sending.popleft().result())
                part = _part(source)
            done += [one.result() for one in sending]
        return done

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        place = self._object(plain(name))
        with self._failing():
            answer = self._client.get_object(**place)
        raw = _Download(self, place, answer)
        try:
            yield cast(BinaryIO, io.BufferedReader(raw, 1 << 20))
        finally:
            raw.close()

    def entries(self) -> dict[str, Entry]:
        folder = self._key("")
        found = {}
        with self._failing():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=folder, Delimiter="/"
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(folder)
                    if name and not name.startswith("."):
                        found[name] = Entry(item["Size"], item["LastModified"].timestamp())
        return found

    def delete(self, name: str) -> None:
        with self._failing():
            self._client.delete_object(**self._object(plain(name)))

    def sweep(self, *, dry: bool = False) -> list[str]:
        # What a killed run left costs money until it is aborted. One that goes on still is younger.
        folder, found = self._key(""), []
        with self._failing():
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=folder)
            for page in pages:
                for item in page.get("Uploads", ()):
                    name = item["Key"].removeprefix(folder)
                    if "/" in name or time.time() - item["Initiated"].timestamp() < ABANDONED_SECONDS:
                        continue
                    if not dry:
                        self._client.abort_multipart_upload(
                            Bucket=self.bucket, Key=item["Key"], UploadId=item["UploadId"]
                        )
                    found.append(f"{name} (begun {item['Initiated']:%Y-%m-%d %H:%M})")
        return found

    def free_bytes(self) -> int | None:
        return None

    def describe(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    # -- how ----------------------------------------------------------------------------------------------------------
    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self._key(name)}

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except AppsmithError:
            raise
        except refused.ClientError as error:
            raise self._refused(error) from error
        except refused.SSLError as error:
            raise StoreFailed(
                f"The certificate of {self._where()} is not trusted: {error}",
                next_step="Give s3.ca_path, the file of the CA that signed it.",
            ) from error
        except (refused.HTTPClientError, refused.ConnectionError) as error:
            raise StoreFailed(f"{self._where()} can't be reached: {error}", next_step=_NO_STORE) from error
        except (refused.ResponseStreamingError, refused.IncompleteReadError) as error:
            raise StoreFailed(
                f"{self._where()} broke off: {error}", next_step="Look at the network and the store, and run it again."
            ) from error
        except (refused.BotoCoreError, Boto3Error, ValueError) as error:
            raise StoreFailed(f"{self._where()} can't be used: {error}", next_step=_NO_STORE) from error

    def _refused(self, error: Any) -> AppsmithError:
        told = error.response.get("Error", {})
        code, text = str(told.get("Code", "")), str(told.get("Message", ""))
        kind = NotFound if code == "NoSuchKey" else StoreFailed
        return kind(
            f"{self.describe()} at {self._where()}: {error.operation_name} was refused, {code} {text}".rstrip(),
            next_step=_STEPS.get(code, _NO_STORE if not code or code.isdigit() else None),
        )

    def _where(self) -> str:
        return self.endpoint or "Amazon S3"


def _part(source: BinaryIO) -> bytes:
    """A pipe gives less at a time than it is asked for."""
    chunks, missing = [], PART_BYTES
    while missing and (chunk := source.read(missing)):
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


class _Download(io.RawIOBase):
    """An object as a stream; a connection that breaks is taken up where it broke, if the object is still the same."""

    def __init__(self, store: S3Store, place: dict[str, str], answer: dict[str, Any]) -> None:
        self._store, self._place = store, place
        self._body, self._etag, self._size = answer["Body"], answer["ETag"], answer["ContentLength"]
        self._position = self._breaks = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            try:
                with self._store._failing():
                    chunk = self._body.read(len(buffer))
                    if not chunk and self._position < self._size:
                        raise refused.IncompleteReadError(actual_bytes=self._position, expected_bytes=self._size)
                break
            except StoreFailed:
                self._breaks += 1
                if self._breaks > RETRIES:
                    raise
                self._again()
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def _again(self) -> None:
        self._body.close()
        with self._store._failing():
            self._body = self._store._client.get_object(
                **self._place, Range=f"bytes={self._position}-", IfMatch=self._etag
            )["Body"]

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()
