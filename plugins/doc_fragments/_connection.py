# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that connects to an instance; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  appsmith_url:
    description:
      - Address of the instance, such as V(https://appsmith.example.com), without a path.
      - If not set, the environment variable E(APPSMITH_URL) is used.
    type: str
    required: true
  appsmith_username:
    description:
      - E-mail address of the user who signs in.
      - Not needed when O(appsmith_session) is given.
      - If not set, the environment variable E(APPSMITH_USERNAME) is used.
    type: str
  appsmith_password:
    description:
      - Password of O(appsmith_username).
      - It is checked in a way that the instance doesn't count before it is used, so that a wrong password costs none of
        the five attempts after which Appsmith suspends an account for a day.
      - If not set, the environment variable E(APPSMITH_PASSWORD) is used.
    type: str
  appsmith_session:
    description:
      - A session as M(stagecraft.appsmith.login) returns it. It spares each task its own sign-in and wins over
        O(appsmith_username) and O(appsmith_password).
      - If not set, the environment variable E(APPSMITH_SESSION) is used.
    type: str
  appsmith_validate_certs:
    description:
      - Whether the instance's TLS certificate is verified.
      - If not set, the environment variable E(APPSMITH_VALIDATE_CERTS) is used.
    type: bool
    default: true
  appsmith_ca_path:
    description:
      - A file, or folder, with the certificates of the authorities that are trusted, instead of those that Python's
        C(requests) brings.
      - If not set, the environment variable E(APPSMITH_CA_PATH) is used.
    type: path
  appsmith_connect_timeout:
    description:
      - Seconds to wait for a connection.
      - If not set, the environment variable E(APPSMITH_CONNECT_TIMEOUT) is used.
    type: int
    default: 10
  appsmith_timeout:
    description:
      - Seconds to wait for an answer once a request was sent. Appsmith goes on with a request that a client gave up, so
        this should rather be long.
      - If not set, the environment variable E(APPSMITH_TIMEOUT) is used.
    type: int
    default: 180
  appsmith_version:
    description:
      - The instance's release, such as V(v1.91). Only used when the instance doesn't tell it itself, as builds other
        than the official image don't.
      - If not set, the environment variable E(APPSMITH_VERSION) is used.
    type: str
requirements:
  - Python library C(requests) 2.31 or newer
notes:
  - All connection options can be set at once by C(module_defaults) for the action group
    C(group/stagecraft.appsmith.appsmith).
"""
