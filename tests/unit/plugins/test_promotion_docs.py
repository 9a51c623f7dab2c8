# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written out twice, since ansible-test reads literals only, is the same twice."""

from __future__ import annotations

import json
from typing import Any

import yaml
from ansible_collections.stagecraft.appsmith.plugins.doc_fragments._promotion import ModuleDocFragment
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_item import Item
from ansible_collections.stagecraft.appsmith.plugins.module_utils._promotion_module import DEPLOYING, PROMOTION
from ansible_collections.stagecraft.appsmith.plugins.modules import promotion, promotion_info, smoke_test
from test_promotion_engine import target


def test_the_plan_is_documented_as_the_promotion_is() -> None:
    done, plan = yaml.safe_load(promotion.RETURN), yaml.safe_load(promotion_info.RETURN)
    assert {name: done[name] for name in plan} == plan and set(done) - set(plan) == {"tests", "records"}


def test_what_is_returned_of_an_application_is_documented() -> None:
    documented = yaml.safe_load(promotion.RETURN)["applications"]["contains"]
    assert list(documented) == list(Item(target()).as_result())


def test_smoke_tests_are_documented_as_those_of_the_module() -> None:
    def of(text: str, name: str) -> Any:
        suboptions = yaml.safe_load(text)["options"][name]["suboptions"]
        words = json.dumps(suboptions).replace(f"{name}[].", "tests[].")
        return json.loads(words)

    assert of(ModuleDocFragment.DEPLOYING, "smoke_tests") == of(smoke_test.DOCUMENTATION, "tests")


def test_no_option_is_in_both_parts() -> None:
    assert not set(PROMOTION) & set(DEPLOYING)
