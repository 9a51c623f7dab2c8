# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a start tells: progress, the reason why it came to nothing, and no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.stagecraft.appsmith.plugins.filter.start_log import FilterModule

start_log = FilterModule().filters()["start_log"]

# In the form of the real programs: entrypoint.sh and supervisor of v1.91, Mongock 5.1, mongodb-fixer of 2026.
A_START = r"""
2026-11-20T08:46:42.100Z Running as: uid=0(root) gid=0(root) groups=0(root)
2026-11-20T08:46:42.343Z Configuring database connection URL
2026-11-20T08:46:42.350Z Detected local DB
2026-11-20T08:46:42.352Z Initializing MongoDB
2026-11-20T08:46:51.000Z init_postgres succeeded.
2026-11-20 08:46:52,000 INFO spawned: 'backend' with pid 210
backend stdout | 2026-11-20T08:46:53.001Z Waiting for RTS to start ...
backend stdout | 2026-11-20T08:46:55.001Z RTS started.
mongodb-fixer: 2026-11-20T08:46:56.000Z MongoDB is RUNNING
mongodb-fixer: 2026-11-20T08:46:57.000Z MongoDB featureCompatibilityVersion floor of 6.0 confirmed
mongodb-fixer: 2026-11-20T08:46:57.100Z Done
backend stdout | [2026-11-20 08:47:01,001] [main] requestId= userEmail= traceId= spanId= - Application started with build version v1.91, and commitSha e6ffbae9f2
backend stdout | [2026-11-20 08:47:02,001] [main] requestId= userEmail= traceId= spanId= - Mongock trying to acquire the lock
backend stdout | [2026-11-20 08:47:02,050] [main] requestId= userEmail= traceId= spanId= - Mongock starting the data migration sequence id[2026-11-20T08:47:02.050-42]...
backend stdout | [2026-11-20 08:47:02,060] [main] requestId= - PASSED OVER - {"id"="initial-plugins", "type"="execution", "author"="", "class"="DatabaseChangelog1", "method"="initialPlugins"}
backend stdout | [2026-11-20 08:47:03,060] [main] requestId= - APPLIED - {"id"="policies_before", "type"="before-execution", "author"="mongock", "class"="Migration059PolicySetToPolicyMap", "method"="before"}
backend stdout | [2026-11-20 08:47:03,061] [main] requestId= - Migrating policies to policyMap in newAction
backend stdout | [2026-11-20 08:47:09,060] [main] requestId= - APPLIED - {"id"="policies", "type"="execution", "author"="default_author", "class"="Migration059PolicySetToPolicyMap", "method"="execute"}
backend stdout | [2026-11-20 08:47:09,061] [main] requestId= - APPLIED - ChangeEntry{, "id"="old-form", "author"="", "class"="DatabaseChangelog2", "method"="oldForm"}
backend stdout | [2026-11-20 08:47:10,060] [main] requestId= - Mongock has finished
backend stdout | [2026-11-20 08:47:30,060] [main] requestId= - Started ServerApplication in 29.061 seconds (process running for 30.2)
"""  # noqa: E501


def test_progress_of_a_start() -> None:
    told = start_log(A_START)
    assert told == {
        "progress": [
            "Initializing MongoDB",
            "init_postgres succeeded.",
            "Waiting for RTS to start ...",
            "RTS started.",
            "mongodb-fixer: MongoDB is RUNNING",
            "mongodb-fixer: MongoDB featureCompatibilityVersion floor of 6.0 confirmed",
            "mongodb-fixer: Done",
            "backend v1.91 begins",
            "migrations wait for their lock",
            "migrations begin",
            "Migrating policies to policyMap in newAction",
            "migration applied: Migration059PolicySetToPolicyMap policies",
            "migration applied: DatabaseChangelog2 old-form",
            "migrations are done",
            "backend serves after 29.061 s",
        ],
        "fatal": "",
        "next_step": "",
    }
    assert start_log(A_START.splitlines()) == told


@pytest.mark.parametrize("nothing", ["", None, [], "healthy\n"])
def test_nothing_to_tell(nothing: Any) -> None:
    assert start_log(nothing) == {"progress": [], "fatal": "", "next_step": ""}


CHECKPOINT = """
backend stdout | ****************************************************
backend stdout | APPSMITH BACKEND START ABORTED \u2014 CHECKPOINT MISSED
backend stdout | ****************************************************
backend stdout | You are running v2.7.1. A mandatory checkpoint was missed.
backend stdout | Install v2.5.1 (Workflow Engine Transition) before going further.
backend stdout | Then, in order:
backend stdout |   1. v2.6.0
backend stdout | To skip: APPSMITH_CHECKPOINT_OVERRIDE="v2.5.1"
"""
PROBE = """
2026-11-20T08:46:42.352Z == ERROR: Embedded MongoDB 7.0 failed to start on the existing data. The most common cause is that the data is at featureCompatibilityVersion below the required 6.0 minimum.
2026-11-20T08:46:42.352Z == mongod log: {"msg":"Wrong mongod version"}
"""  # noqa: E501
WRONG_MONGOD = r"""
{"t":{"$date":"2023-10-09T07:13:18.343+00:00"},"s":"F","c":"CONTROL","id":20573,"ctx":"initandlisten","msg":"Wrong mongod version","attr":{"error":"UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document (ERROR: Location4926900: Invalid featureCompatibilityVersion document in admin.system.version: { _id: \"featureCompatibilityVersion\", version: \"4.4\" }. See https://docs.mongodb.com"}}
"""  # noqa: E501
FAILED_MIGRATION = """
[2024-04-11 06:07:11,542]  - FAILED OVER - {"id"="migrate-v2", "type"="execution", "author"="default_author", "class"="Migration020TransferToDatasourceStorage", "method"="executeMigration"}
[2024-04-11 06:07:11,601]  - Error in mongock process. ABORTED MIGRATION
"""  # noqa: E501
CIPHER = (
    FAILED_MIGRATION + "io.mongock.api.exception.MongockException: Error in method[Migration020.execute] : "
    "Unable to invoke Cipher due to bad padding\n"
)
SCHEMA = """
################################################
Error while trying to start up Appsmith instance:
Looks like you skipped some required update(s), please go back to the mandatory upgrade path [v1.9.2], or refer to 'https://docs.appsmith.com/' for more info
################################################
"""  # noqa: E501
EXTERNAL_AVX = (
    "2026-11-20T08:46:42Z == AVX instruction not found in your CPU. Appsmith's embedded MongoDB may not start.\n"
)


@pytest.mark.parametrize(
    ("text", "fatal", "next_step"),
    [
        (CHECKPOINT, "checkpoint v2.5.1 was missed", "Later ones are v2.6.0."),
        ("BACKEND START ABORTED", "the release that the log names", "Admin central"),
        (
            "APPSMITH BACKEND START ABORTED \u2014 CHECKPOINT MISSED: v1.91 must run v1.96 and then v1.98 before v2",
            "checkpoint v1.96 was missed",
            "Later ones are v1.98.",
        ),
        (
            "- Schema mismatch error AE-APP-5022: the database is of release v1.91, this server is v1.60: a downgrade",
            "of a newer release than this one",
            "Put back the backup of this release",
        ),
        (SCHEMA, "can't be skipped was skipped: v1.9.2", "upgrade_path"),
        ("Could not find mandatory instance schema version config.", "v1.9.2", "upgrade to v1.9.2 first"),
        (
            "Appsmith Community Edition cannot start: the database was used by Enterprise Edition",
            "used by the Enterprise Edition",
            "Enterprise Edition's image",
        ),
        ("This database was previously operated by Appsmith EE.", "used by the Enterprise", "restore a backup"),
        (PROBE, "does not start on the data that is there", "fcv-probe.log"),
        (WRONG_MONGOD, "too old a format for this release (feature compatibility 4.4)", "start v1.69 first"),
        (
            "Unable to load environment configuration: line 7 (APPSMITH_MAIL_FROM): quote values containing spaces.",
            "docker.env was refused: line 7 (APPSMITH_MAIL_FROM): quote values containing spaces.",
            "single quotes",
        ),
        (
            "Unable to load environment configuration; check file syntax and permissions.",
            "docker.env was refused: check file syntax and permissions.",
            "literal values",
        ),
        ("\x1b[0;31m*      MongoDB Replica Set is not enabled      *\x1b[0m", "no replica set", "readWrite"),
        ("WiredTiger error: No space left on device", "disk is full", "Make room"),
        ("java.lang.OutOfMemoryError: Java heap space", "out of memory", "more memory"),
        ("WARN exited: backend (terminated by SIGKILL; not expected)", "out of memory", "more memory"),
        ("WARN exited: mongodb (terminated by SIGILL; not expected)", "lacks AVX", "external MongoDB"),
        (f"2026-11-20T08:46:42.350Z Detected local DB\n{EXTERNAL_AVX}", "lacks AVX", "external MongoDB"),
        ("listen tcp :80: bind: address already in use", "port that the instance needs is taken", "ss -ltnp"),
        ("Bind for 0.0.0.0:8080 failed: port is already allocated", "is taken", "another port"),
        (FAILED_MIGRATION, "The migration Migration020TransferToDatasourceStorage failed.", "logs/backend"),
        (CIPHER, "encryption keys are others", "APPSMITH_ENCRYPTION_PASSWORD"),
        ("INFO gave up: backend entered FATAL state, too many start retries", "program backend ended", "logs/backend"),
    ],
)
def test_reasons(text: str, fatal: str, next_step: str) -> None:
    told = start_log(text)
    assert fatal in told["fatal"] and next_step in told["next_step"]


@pytest.mark.parametrize(
    "text",
    [
        # It says so for an external database, which needs no AVX here.
        f"2026-11-20T08:46:43Z Checking Replica Set of external MongoDB\n{EXTERNAL_AVX}",
        "INFO gave up: postgres entered FATAL state, too many start retries too quickly",
        "init_postgres failed with exit status 1.",
        "java.lang.OutOfMemoryError: Java heap space\nStarted ServerApplication in 29.0 seconds",
        # Another program's log comes after the backend's.
        "[2026-11-20 08:47:30,060] [main] - Started ServerApplication in 29.0 seconds\n"
        '{"t":{"$date":"2026-11-20T08:46:30.343+00:00"},"s":"E","msg":"Address already in use"}\n',
    ],
)
def test_what_is_no_reason(text: str) -> None:
    assert start_log(text)["fatal"] == ""


def test_what_explains_most_counts() -> None:
    text = "INFO gave up: mongodb entered FATAL state\nWiredTiger: No space left on device\n"
    assert start_log(text)["fatal"] == "The disk is full."


def test_a_start_before_does_not_count() -> None:
    text = (
        "[2026-11-19 10:00:00,000] [main] - Application started with build version v2.6.0, and commitSha x\n"
        "[2026-11-19 10:00:01,000] [main] - APPSMITH BACKEND START ABORTED\n"
        "Install v2.5.1\n"
        "[2026-11-20 10:00:00,000] [main] - Application started with build version v2.5.1, and commitSha x\n"
    )
    assert "v2.5.1" in start_log(text)["fatal"]
    for since in ("2026-11-20T09:59:59Z", "2026-11-20 10:59:59+01:00", "2026-11-20T09:59:59.5"):
        assert start_log(text, since=since) == {"progress": ["backend v2.5.1 begins"], "fatal": "", "next_step": ""}
    with pytest.raises(AnsibleFilterError, match="since is no time"):
        start_log(text, since="yesterday")


def test_the_same_line_in_two_logs_is_progress_once() -> None:
    line = "[2026-11-20 08:47:10,060] [main] requestId= - Mongock has finished"
    assert start_log(f"backend stdout | {line}\n{line}\n")["progress"] == ["migrations are done"]


def test_a_time_within_a_line_is_not_the_lines_own() -> None:
    info = (
        '{   "commitSha": "7c3c28d7d7f28366c6fd24e7417e1717798dba3a", "imageBuiltAt": "2024-11-08T10:19:25+00:00" }\n'
    )
    text = f"2026-11-20T10:00:00Z Running as: uid=0\n{info}No space left on device\n"
    assert start_log(text, since="2026-11-20T09:00:00Z")["fatal"] == "The disk is full."


def test_no_secret_and_no_control_character() -> None:
    text = (
        "mongodb-fixer: 2026-11-20T08:46:56.000Z MongoDB mongodb://appsmith:hunter2@db/appsmith failed\x1b[31m\x07\n"
        'mongodb-fixer: MongoDB APPSMITH_MONGODB_PASSWORD=hunter2 pwd: \'hunter2\' "secret": "hunter2"\n'
        "Unable to load environment configuration: line 3: redis://:hunter2@localhost is no name.\n"
    )
    told = start_log(text)
    assert told["progress"][0] == "mongodb-fixer: MongoDB mongodb://***@db/appsmith failed"
    assert "hunter2" not in json.dumps(told) and len(told["progress"]) == 2 and told["fatal"]


def test_lines_stay_short() -> None:
    told = start_log(f"mongodb-fixer: MongoDB {'x' * 5000}")
    assert len(told["progress"][0]) == 200
