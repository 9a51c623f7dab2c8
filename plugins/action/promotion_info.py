# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C(promotion_info) in Ansible's own process; the documentation is the module's."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule
from ansible_collections.stagecraft.appsmith.plugins.modules.promotion_info import PromotionInfo
from ansible_collections.stagecraft.appsmith.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    module: ClassVar[type[AppsmithModule]] = PromotionInfo
