#!/usr/bin/python
# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: free_port_info
short_description: Find a port of a host that nobody listens on
version_added: 1.0.0
author: stagecraft.appsmith contributors (@stagecraft)
description:
  - Finds a port of the host's loopback address for a program that is started next.
  - Several that look at once begin at different ports, each at one that depends on its O(name), so that they hardly
    ever find the same one.
extends_documentation_fragment:
  - stagecraft.appsmith._attributes.info
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  name:
    description:
      - What the port is for. The same name finds the same port while that is free.
    type: str
    required: true
  first:
    description:
      - Lowest port. The default range lies below the ports that systems give to outgoing connections.
    type: int
    default: 20000
  last:
    description:
      - Highest port.
    type: int
    default: 29999
"""

EXAMPLES = r"""
- name: Find a port for a throw-away instance
  stagecraft.appsmith.free_port_info:
    name: appsmith-staging-drill
  register: found
"""

RETURN = r"""
port:
  description: The port.
  returned: success
  type: int
  sample: 24711
"""

import hashlib
from typing import Any, ClassVar

from ansible_collections.stagecraft.appsmith.plugins.module_utils._docker_host import Port, port_is_free
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._module import AppsmithModule


class FreePortInfo(AppsmithModule):
    needs_connection = False
    argument_spec: ClassVar[dict[str, Any]] = {
        "name": {"type": "str", "required": True},
        "first": {"type": "int", "default": 20000},
        "last": {"type": "int", "default": 29999},
    }

    def run(self) -> None:
        first, last = self.params["first"], self.params["last"]
        if not 0 < first <= last < 65536:
            raise InvalidInput(f"{first} to {last} is no range of ports")
        count = last - first + 1
        begin = int.from_bytes(hashlib.sha256(self.params["name"].encode()).digest()[:8]) % count
        for step in range(count):
            port = first + (begin + step) % count
            # Also free on all addresses, or a program that listens on those would be in the way.
            if port_is_free(Port("127.0.0.1", port)) and port_is_free(Port("", port)):
                self.result["port"] = port
                return
        raise AppsmithError(f"No port from {first} to {last} is free", next_step="Give another range.")


def main() -> None:
    FreePortInfo.main()


if __name__ == "__main__":
    main()
