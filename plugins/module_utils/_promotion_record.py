# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion leaves behind: a line in the ledger, a tag in the repository; private to the collection.

A tag is C(promotion/INSTANCE/BRANCH/TIME) on the commit that was deployed, and its message says the rest, so that the
way back is found wherever the repository is at hand. The ledger also has what was refused and what failed.
"""

from __future__ import annotations

import getpass
import re
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    AppsmithError,
    GitKeyRefused,
    GitUpstreamAhead,
    InvalidInput,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author, named
from ansible_collections.stagecraft.appsmith.plugins.module_utils._ledger import Ledger

if TYPE_CHECKING:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access

PREFIX = "promotion/"
# States of an application that are worth a line; one that was not touched isn't.
RECORDED = ("deployed", "refused", "failed")
DEPLOYED = "deployed"
WIDTH = 4
# Promotions of one branch in one second that get a name.
SAME_SECOND = 3

# Lines of a tag's message and the members of an entry that they hold.
_MESSAGE = {
    "Kind": "kind",
    "Application": "application",
    "Workspace": "workspace",
    "Instance": "instance",
    "Release": "version",
    "Branch": "branch",
    "By": "by",
    "Began": "began",
    "Ended": "ended",
    "From": "commit_before",
    "To": "commit_after",
    "Content-Of": "reverted_to",
    "Outcome": "state",
    "Failed": "failed",
    "Tests": "tests",
    "Run": "run",
}
_TESTS = re.compile(r"(\d+) passed, (\d+) failed")


class RecordFailed(AppsmithError):
    """What was done is done, only its record is not whole."""

    default_next_step = "Nothing has to be promoted again. Give a key that may write, or set tag to auto."


def instance_name(url: str) -> str:
    """An instance as a part of a tag's name: the host, and the port where it says one."""
    parts = urlsplit(url)
    port = None if parts.port == {"http": 80, "https": 443}.get(parts.scheme) else parts.port
    name = (parts.hostname or url).lower() + (f"-{port}" if port else "")
    return _ref_part(name) or "instance"


def _ref_part(text: str) -> str:
    """Git allows less in a name than addresses do."""
    text = re.sub(r"[^A-Za-z0-9._-]+|\.{2,}", "-", text).strip(".-")
    return f"{text}-" if text.endswith(".lock") else text


def tag_name(instance: str, branch: str, time: str) -> str:
    return f"{tag_prefix(instance, branch)}{re.sub(r'[-:]', '', _time(time))}"


def tag_prefix(instance: str, branch: str) -> str:
    """What the tags of a branch on an instance begin with."""
    return f"{PREFIX}{instance_name(instance)}/{branch}/"


def _time(value: str | datetime | None) -> str:
    """A time as C(2026-11-22T11:15:00Z); what has no zone is UTC."""
    if not value:
        value = datetime.now(UTC)
    elif isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise InvalidInput(f"'{value}' is no time such as 2026-11-22T11:15:00Z") from error
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def current_user() -> str:
    """Who runs this, where nobody said."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def check_record(*, ledger_directory: str | None, tag: str, access: Access | None) -> None:
    """Refuse before the work what can leave no record after it."""
    if ledger_directory:
        Ledger(ledger_directory).check()
    if tag == "always" and access is None:
        raise InvalidInput(
            "tag is always, but the controller has no access to the repositories",
            next_step="Give git_ssh_key_file with a key that may write, or set tag to auto.",
        )


def record(
    results: Iterable[dict[str, Any]],
    *,
    instance: str,
    version: str,
    who: str | None,
    began: str | datetime | None,
    ended: str | datetime | None = None,
    waves: Any = None,
    tests: Any = None,
    outcome: Any = None,
    ledger_directory: str | None = None,
    tag: str = "auto",
    access: Access | None = None,
    kind: str = "promotion",
    run: str | None = None,
    width: int = WIDTH,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Write down what was deployed, refused or failed; returns the entries and warnings.

    O(results) are those of the module, O(tests) the smoke tests' (C(name), C(application), C(failed)), O(waves) how
    many or a list, O(outcome) the run's in a word or as a summary. Calling it for one part of a run after the other is
    fine with the same O(run). Raises C(RecordFailed) for O(tag=always) alone, after all that can be written is.
    """
    entries = [
        {
            "run": run or uuid.uuid4().hex[:12],
            "kind": kind,
            "began": _time(began),
            "ended": _time(ended),
            "by": (who or "").strip() or current_user(),
            "instance": instance.rstrip("/"),
            "version": str(version),
            "outcome": outcome,
            "waves": len(waves) if isinstance(waves, (list, tuple)) else waves,
            **_of_result(result, tests),
        }
        for result in results
        if result.get("state") in RECORDED
    ]
    if not entries:
        return [], []
    run = entries[0]["run"]
    entries = [{**entry, "run": run, "tag": None} for entry in entries]
    refused: dict[str, AppsmithError] = {}
    if tag != "never" and access is not None:
        refused = _tag_all(entries, access, width)
    warnings = []
    if ledger_directory:
        try:
            Ledger(ledger_directory).append(entries)
        except AppsmithError as error:
            warnings.append(f"{error.message}; this run left no line in it")
    if refused and tag == "always":
        raise RecordFailed(
            f"Deployed, but not tagged: {named(list(refused))}. {next(iter(refused.values())).message}",
            details=[{"repository": address, **error.as_dict()} for address, error in refused.items()],
        )
    return entries, warnings + _in_words(refused)


def _of_result(result: dict[str, Any], tests: Any) -> dict[str, Any]:
    """What of an application's result is kept."""
    name, error, changes = result.get("name"), result.get("error") or {}, result.get("changes") or {}
    return {
        "workspace": result.get("workspace"),
        "application": name,
        "id": result.get("id"),
        "repository": result.get("repository"),
        "branch": result.get("branch"),
        "state": result.get("state"),
        "failed": bool(result.get("failed")),
        "commit_before": result.get("commit_before"),
        "commit_after": result.get("commit_after"),
        "reverted_to": result.get("reverted_to"),
        "behind": result.get("behind"),
        "changes": {key: _count(value) for key, value in changes.items()},
        "discarded": list(result.get("discarded") or ()),
        "rescued_to": result.get("rescued_to"),
        "wave": result.get("wave"),
        "gate": result.get("gate"),
        "code": error.get("code"),
        "msg": result.get("msg"),
        "warnings": list(result.get("warnings") or ()),
        "tests": _count_tests(tests, name),
        "seconds": result.get("seconds"),
    }


def _count(value: Any) -> Any:
    if isinstance(value, dict):
        return sum(len(names) for names in value.values() if isinstance(names, (list, tuple)))
    return value


def _count_tests(tests: Any, application: str | None) -> dict[str, Any] | None:
    """The tests of an application and those of none; their answers are nobody's business afterwards."""
    mine = [
        test
        for test in (tests if isinstance(tests, (list, tuple)) else ())
        if isinstance(test, dict) and test.get("application") in (application, None, "")
    ]
    if not mine:
        return None
    failed = [str(test.get("name") or test.get("application") or "test") for test in mine if test.get("failed")]
    return {"passed": len(mine) - len(failed), "failed": len(failed), "failed_names": failed}


# -- tags ------------------------------------------------------------------------------------------------------------
def _tag_all(entries: list[dict[str, Any]], access: Access, width: int) -> dict[str, AppsmithError]:
    """Tag each deployed commit; returns what was refused, by repository. A repository is tried once."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        if entry["state"] == DEPLOYED and entry["commit_after"] and entry["repository"] and entry["branch"]:
            wanted.setdefault(entry["repository"], []).append(entry)
    if not wanted:
        return {}
    with ThreadPoolExecutor(max_workers=max(1, min(width, len(wanted)))) as pool:
        found = pool.map(lambda group: _tag_repository(group, access), wanted.values())
        return {address: error for address, error in zip(wanted, found, strict=True) if error}


def _tag_repository(entries: list[dict[str, Any]], access: Access) -> AppsmithError | None:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils import _repository_write

    address = entries[0]["repository"]
    try:
        # A key that may only read is the usual one, and asking costs less than making the tag first.
        _repository_write.may_write(address, access)
        for entry in entries:
            entry["tag"] = _tag(address, entry, access)
    except AppsmithError as error:
        return error
    return None


def _tag(address: str, entry: dict[str, Any], access: Access) -> str:
    from ansible_collections.stagecraft.appsmith.plugins.module_utils import _repository_write

    name = tag_name(entry["instance"], entry["branch"], entry["ended"])
    for number in range(1, SAME_SECOND + 1):
        numbered = name if number == 1 else f"{name}-{number}"
        try:
            _repository_write.tag(
                address, entry["branch"], numbered, entry["commit_after"], message(entry), author_of(entry), access
            )
            return numbered
        except GitUpstreamAhead:
            # Another commit was deployed in that second, by another run, and tagged.
            if number == SAME_SECOND:
                raise
    raise AssertionError("unreachable")


def author_of(entry: dict[str, Any]) -> Author:
    by = " ".join(re.sub(r"[<>\x00-\x1f\x7f]", " ", str(entry["by"])).split()) or "unknown"
    return Author(by, by if "@" in by and " " not in by else f"stagecraft.appsmith@{instance_name(entry['instance'])}")


def message(entry: dict[str, Any]) -> str:
    """What a tag says: a line for people, then lines that the history is read from."""
    lines = [f"{entry['application']}: {entry['kind']} to {entry['instance']}", ""]
    for key, member in _MESSAGE.items():
        value = entry.get(member)
        if member == "tests" and value:
            value = f"{value['passed']} passed, {value['failed']} failed"
        if value:
            lines.append(f"{key}: {' '.join(str(value).split())}")
    return "\n".join(lines) + "\n"


def read_message(text: str) -> dict[str, Any]:
    """The entry of a tag's message; without the members that a tag doesn't hold."""
    entry: dict[str, Any] = dict.fromkeys(_MESSAGE.values())
    for line in text.splitlines():
        key, colon, value = line.partition(": ")
        if colon and key in _MESSAGE:
            entry[_MESSAGE[key]] = value.strip()
    entry["failed"] = entry["failed"] is not None
    counted = _TESTS.fullmatch(entry["tests"] or "")
    entry["tests"] = {"passed": int(counted[1]), "failed": int(counted[2]), "failed_names": []} if counted else None
    return entry


def _in_words(refused: dict[str, AppsmithError]) -> list[str]:
    """One line for all keys that may only read, which is nothing to worry about, and one for each other cause."""
    read_only = [address for address, error in refused.items() if isinstance(error, GitKeyRefused)]
    texts = [
        f"{address}: the promotion could not be tagged: {error.message}"
        for address, error in refused.items()
        if address not in read_only
    ]
    if read_only:
        texts.append(
            f"Not tagged, since the key may not write (tag: never if that is meant): {named(read_only)}. "
            "The ledger is the record then."
        )
    return texts
