# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page whose published layout has another format than the edit view's, since somebody opened it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Status
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_view import read_views
from ansible_collections.stagecraft.appsmith.plugins.module_utils._migration import CHANGES, MIGRATION, judge

TITLE = {"widgetName": "Title", "type": "TEXT_WIDGET", "version": 1, "text": "Open orders", "topRow": 1}
TABLE = {
    "widgetName": "Orders",
    "type": "TABLE_WIDGET_V2",
    "version": 1,
    "tableData": "{{list_orders.data}}",
    "primaryColumns": {"id": {"computedValue": "{{Orders.processedTableData.map((currentRow) => (currentRow.id))}}"}},
}
LAYOUT = {"widgetName": "MainContainer", "type": "CANVAS_WIDGET", "version": 91, "children": [TITLE, TABLE]}


def opened(layout: dict[str, Any]) -> dict[str, Any]:
    """What Appsmith keeps for whoever opens it: the newest format."""
    made = copy.deepcopy(layout)
    made["version"] = 94
    table = made["children"][1]
    table["primaryColumns"]["id"]["computedValue"] = "{{(() => { rewritten })()}}"
    table["isAddRowInProgress"] = False
    return made


def changed(layout: dict[str, Any], **properties: Any) -> dict[str, Any]:
    made = copy.deepcopy(layout)
    made["children"][0].update(properties)
    return made


def views_of(edit: Any, published: Any) -> Any:
    pages = {
        f"{view}Page": {"name": "Dashboard", "slug": "dashboard", "layouts": [{"dsl": layout}] if layout else []}
        for view, layout in (("unpublished", edit), ("published", published))
    }
    return read_views({"pageList": [pages]})


@pytest.mark.parametrize(("edit", "published"), [(LAYOUT, opened(LAYOUT)), (opened(LAYOUT), LAYOUT)])
def test_a_page_that_somebody_opened_is_the_same_page(edit: Any, published: Any) -> None:
    assert views_of(edit, published).unpublished == []


@pytest.mark.parametrize(
    ("edit", "published"),
    [
        (changed(LAYOUT, text="All orders"), opened(LAYOUT)),
        (changed(LAYOUT, topRow=7), opened(LAYOUT)),
        (changed(LAYOUT, widgetName="Heading"), opened(LAYOUT)),
        ({**LAYOUT, "children": [TITLE]}, opened(LAYOUT)),
        (changed(LAYOUT, tooltip="new"), LAYOUT),
        (None, LAYOUT),
    ],
)
def test_what_a_person_changed_is_seen_all_the_same(edit: Any, published: Any) -> None:
    assert views_of(edit, published).unpublished == ["page Dashboard"]


def test_users_who_open_pages_after_an_upgrade_make_no_drift() -> None:
    status = Status(False, 0, 0, ("metadata.json", "pages/Dashboard/queries/list_orders/metadata.json"), (), (), ())
    assert judge(status, views_of(LAYOUT, opened(LAYOUT))) == MIGRATION


def test_a_page_in_a_format_of_long_ago_that_a_test_opened_is_no_persons_work() -> None:
    # The rows of such a layout are scaled, so the views differ in plain properties; the page's file does not.
    views = views_of({**changed(LAYOUT, topRow=7), "version": 4}, opened(changed(LAYOUT, topRow=28)))
    files = ("metadata.json", "pages/Dashboard/queries/list_orders/metadata.json")
    assert views.unpublished == ["page Dashboard"]
    assert judge(Status(False, 0, 0, files, (), (), ()), views) == MIGRATION
    changed_by_a_person = (*files, "pages/Dashboard/Dashboard.json")
    assert judge(Status(False, 0, 0, changed_by_a_person, (), (), ()), views) == CHANGES
