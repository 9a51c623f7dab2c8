# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion as text: what it says, and that what people typed stays text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.stagecraft.appsmith.plugins.filter.promotion_report import FilterModule
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_report import report
from ansible_collections.stagecraft.appsmith.plugins.module_utils._report_text import cells, fit, markdown, wrap
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_changes import Changes, Part

BEFORE, AFTER = "e52406c526cda43af372e58f1eefb0c8ebe4b86b", "0329e4ec4fbdc238c581f02b32f61b1552589836"
EVIL = (
    "Fix | `x` <img src=x> @acme/team #12 !3 [a](https://evil.example.com) *b* www.evil.example.com\n\x1b[2J\u202eend"
)


def entry(name: str, state: str = "current", **more: Any) -> dict[str, Any]:
    plain = {"name": name, "workspace": "Operations", "branch": "master", "state": state, "behind": 0, "warnings": []}
    return {**plain, "changed": False, "failed": False, "msg": "", "seconds": 1.2, **more}


def behind(name: str = "orders", **more: Any) -> dict[str, Any]:
    changes = Changes(
        pages=Part(changed=["Dashboard"]),
        queries=Part(added=["Dashboard/count_open"], removed=["Order/old"]),
        theme=True,
        migration=True,
    )
    commit = {"id": AFTER, "author": "Dana Dev", "date": "2026-11-22T07:30:49+00:00", "subject": "Count open items"}
    known = {"behind": 1, "changed": True, "commit_before": BEFORE, "commit_after": AFTER, "commits": [commit]}
    known |= {"repository": "ssh://git@git.example.com/acme/orders.git", "changes": changes.as_result()}
    return entry(name, "behind", **{**known, **more})


REFUSED = entry(
    "support-desk",
    "refused",
    behind=2,
    failed=True,
    gate="drift",
    msg="'support-desk' has uncommitted changes on the target: theme.json. Commit them.",
    uncommitted=["theme.json"],
    commit_after=AFTER,
    changes=None,
)


def test_the_table_of_a_plan() -> None:
    result = {"applications": [entry("crm"), behind(), REFUSED, entry("hr")], "changed": True, "invocation": {}}
    assert report(result, width=80).splitlines() == [
        "4 applications: 1 refused, 1 behind, 2 current",
        "",
        "STATE    APPLICATION              BRANCH  COMMITS  CHANGES",
        "refused  Operations/support-desk  master  2        not known",
        "behind   Operations/orders        master  1        pages ~1, queries +1 -1, the…",
        "",
        "2 current: Operations/crm, Operations/hr",
        "",
        "Operations/support-desk",
        "  commits         ? -> 0329e4ec4f",
        "  changes         not known: the history doesn't tell what was deployed before",
        "  refused by gate drift",
        "                  'support-desk' has uncommitted changes on the target:",
        "                  theme.json. Commit them.",
        "  uncommitted     theme.json",
        "",
        "Operations/orders",
        "  repository      ssh://git@git.example.com/acme/orders.git",
        "  commits         e52406c526 -> 0329e4ec4f",
        "    0329e4ec4f 2026-11-22 Dana Dev: Count open items",
        "  pages           ~ Dashboard",
        "  queries         + Dashboard/count_open",
        "  queries         - Order/old",
        "  theme           changed",
        "  format          rewritten by a newer release",
    ]


def test_the_markdown_of_a_plan() -> None:
    assert report([behind(), entry("crm")], "markdown").splitlines() == [
        "### Promotion of 2 applications: 1 behind, 1 current",
        "",
        "| State | Application | Branch | Commits | Changes |",
        "| --- | --- | --- | ---: | --- |",
        r"| behind | Operations/orders | master | 1 | pages \~1, queries +1 -1, theme, format |",
        "",
        "1 current: Operations/crm",
        "",
        "<details><summary>Operations/orders: behind</summary>",
        "",
        "e52406c526 to 0329e4ec4f",
        "",
        "- Count open items (0329e4ec4f, Dana Dev, 2026-11-22)",
        "- pages changed: Dashboard",
        r"- queries added: Dashboard/count\_open",
        "- queries removed: Order/old",
        "- theme changed",
        "- format rewritten by a newer release",
        "",
        "</details>",
    ]


def test_json_is_the_same_for_the_same_plan() -> None:
    later = [{**found, "seconds": 9.9} for found in (entry("crm"), behind())]
    first = report({"applications": [behind(), entry("crm")], "invocation": {"module_args": {"x": 1}}}, "json")
    assert first == report({"applications": later, "summary": {}}, "json")
    assert [found["name"] for found in json.loads(first)["applications"]] == ["crm", "orders"]
    assert list(json.loads(first)) == ["applications"]


def test_all_that_is_to_be_known_is_said() -> None:
    noted = behind(
        wave="canary",
        discarded=["pages/Order/Order.json"],
        rescued_to="rescue/20261122",
        unconfigured_datasources=["crm"],
        new_datasources=["mail"],
        configured_datasources=[{"name": "orders_db", "changed": True}],
        datasources_by_hand=[
            {
                "name": "sheet",
                "plugin": "google-sheets-plugin",
                "pages": ["Planning"],
                "done": "authorise it in the editor",
            }
        ],
        secrets=[{"path": "pages/A/queries/q/q.txt", "line": 3, "kind": "Basic Auth", "fingerprint": "ab12"}],
        warnings=["locked for a while"],
    )
    whole = {
        "applications": [noted],
        "waves": [{"name": "canary", "applications": ["orders"]}, {"name": "rest", "applications": ["crm", "hr"]}],
        "tests": [{"name": "orders/list", "failed": True, "msg": "no rows"}, {"name": "orders/load", "failed": False}],
        "records": [{"application": "orders"}],
    }
    said = report(whole)
    for line in (
        "  thrown away     pages/Order/Order.json",
        "  saved to        rescue/20261122",
        "  not configured  crm",
        "  new datasources mail",
        "  configured      orders_db",
        "  by hand         sheet (google-sheets-plugin) on Planning: authorise it in the editor",
        "  secret?         pages/A/queries/q/q.txt:3 Basic Auth (ab12)",
        "  warning         locked for a while",
        "waves           canary (1), rest (2)",
        "tests           1 passed, 1 failed",
        "failed test     orders/list: no rows",
        "records         1 written",
    ):
        assert line in said.splitlines()
    text = report(whole, "markdown")
    assert "- saved to: rescue/20261122" in text and "**failed test**: orders/list: no rows" in text


def test_without_the_repositories_it_says_so_once() -> None:
    unread = [entry(name, "behind", behind=2, changed=True, changes=None, plan="counts") for name in ("a", "b")]
    said = report(unread, width=200)
    assert said.count("Commits of 2 applications are not known: the repositories were not read") == 1
    assert "behind  Operations/a  master  2        not known" in said
    assert "are not known" in report(unread, "markdown")


def test_states_of_a_run_and_unknown_ones() -> None:
    run = [entry("a", "deployed"), entry("b", "held", msg="an earlier wave failed"), entry("c", "new state")]
    said = report(run)
    assert said.startswith("3 applications: 1 held, 1 deployed, 1 new state\n")
    assert "  held            an earlier wave failed" in said
    assert report([]) == "0 applications"
    assert report([entry("a", warnings=["look"])]).splitlines()[-1] == "  warning         look"


def test_long_lists_are_shortened() -> None:
    names = [f"Page/query_{number:03}" for number in range(200)]
    many = behind(commits=[{"id": AFTER, "author": "D", "date": "2026", "subject": str(n)} for n in range(40)])
    many["changes"] = Changes(queries=Part(added=names)).as_result()
    for kind in ("table", "markdown"):
        said = report([many], kind)
        assert "and 188 more" in said and "and 28 more" in said
        assert "query_100" not in said and r"query\_100" not in said
    assert "Page/query_199" in report([many], "json")


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_line_is_wider_than_asked(width: int) -> None:
    applications = [behind("a" * 200), entry("漢字" * 60, "refused", failed=True, msg="x" * 300, branch="b" * 99)]
    # Less than the least would only be a column of letters.
    for asked in (width, 10):
        assert all(cells(line) <= max(asked, 40) for line in report(applications, width=asked).splitlines())


def test_what_people_typed_does_nothing_in_a_terminal() -> None:
    commit = {"id": AFTER, "author": "\x1b]0;title\x07Dana", "date": "2026-11-22", "subject": EVIL}
    said = report([behind("orders\r\n\x1b[31m", commits=[commit], warnings=[EVIL])])
    assert all(line.isprintable() for line in said.split("\n"))
    assert "\u202e" not in said and "\ud800" not in report([behind("\ud800")])
    report([behind("\ud800")]).encode()


def test_what_people_typed_does_nothing_in_a_comment() -> None:
    commit = {"id": f"{AFTER}`<b>", "author": "@root", "date": "2026-11-22", "subject": EVIL}
    odd = behind(f"{EVIL}|", commits=[commit], warnings=[EVIL], branch="a|b", gate="x`y", failed=True, msg=EVIL)
    odd["changes"]["queries"]["added"] = ["Page/</details>", "Page/a|b\n\n# c"]
    text = report([odd], "markdown")
    own = re.sub(r"</?details>|</?summary>", "", text, count=4)
    assert "<" not in own
    assert not re.search(r"(?<!\\)`", text)
    assert not re.search(r"@\w", text) and not re.search(r"[#!]\d", re.sub(r"&#\d+;", " ", text))
    # In a summary, which is HTML, this is text.
    comment = re.sub(r"<summary>.*</summary>", "", text)
    assert "](" not in comment.replace("\\](", "") and "//evil" in text and "https://evil" not in text
    assert "www.evil" not in text
    row = next(
        line for line in text.splitlines() if line.startswith("| ") and "---" not in line and "State" not in line
    )
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert not any(line.startswith("# ") for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain text (with this), 1.5", "plain text (with this), 1.5"),
        ("a_b*c", r"a\_b\*c"),
        ("@dana", "@&#8203;dana"),
        ("dana@example.com", "dana@&#8203;example.com"),
        ("fixes #7, !8, %9, GH-10", "fixes #&#8203;7, !&#8203;8, %&#8203;9, GH-&#8203;10"),
        ("~bug", r"\~&#8203;bug"),
        ("- item", r"\- item"),
        ("# head", r"\# head"),
        ("1. one", r"1\. one"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("http://x", "http:&#8203;//x"),
    ],
)
def test_escapes(text: str, escaped: str) -> None:
    assert markdown(text) == escaped


def test_a_comment_is_never_too_long() -> None:
    many = [behind(f"application-{number}", warnings=["w" * 900]) for number in range(300)]
    text = report(many, "markdown")
    assert len(text) < 65_000
    assert re.search(r"The details of \d+ more are left out", text) and "And 200 more." in text
    assert text.count("<details>") == text.count("</details>")


def test_lines_and_cuts() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("a " + "b" * 9, 4) == ["a", "bbbb", "bbbb", "b"]
    assert fit("漢字漢字", 5) == "漢字…" and cells("e\u0301") == 1


def test_secrets_by_their_names_are_hidden_in_json() -> None:
    assert "hunter2" not in report([behind(error={"details": {"password": "hunter2"}})], "json")


def test_the_filter() -> None:
    promotion_report = FilterModule().filters()["promotion_report"]
    assert promotion_report({"applications": [entry("a")]}) == "1 application: 1 current"
    assert promotion_report([entry("a")], "markdown").startswith("### Promotion of 1 application")
    assert json.loads(promotion_report([entry("a")], format="json"))["applications"][0]["name"] == "a"
    for wrong in ({"msg": "no result"}, {"applications": {}}, 7, [7]):
        with pytest.raises(AnsibleFilterError):
            promotion_report(wrong)
    with pytest.raises(AnsibleFilterError):
        promotion_report([], "html")
