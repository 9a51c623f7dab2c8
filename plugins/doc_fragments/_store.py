# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name the place for backups; private to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  store_directory:
    description:
      - Folder on this host with the backups of one instance. It is made (mode 0700) when it is first written to.
      - Either this or O(s3) is required.
    type: path
  s3:
    description:
      - Bucket of an S3-compatible store with the backups of one instance. Reached from this host.
      - Profiles and settings of the user, and the environment, are not looked at.
    type: dict
    suboptions:
      bucket:
        description: Name of the bucket, which must be there.
        type: str
        required: true
      prefix:
        description: Where in the bucket, such as V(appsmith/production). One prefix per instance.
        type: str
        default: ""
      endpoint_url:
        description: Address of the store, such as V(https://s3.example.com). Amazon's own when not given.
        type: str
      region:
        description: Region of the bucket. Most other stores take any.
        type: str
        default: us-east-1
      access_key:
        description: Name of the key.
        type: str
        required: true
      secret_key:
        description: Secret of the key.
        type: str
        required: true
      ca_path:
        description: File with the CA certificates that the store's certificate is checked with.
        type: path
      validate_certs:
        description: Whether the store's certificate is checked.
        type: bool
        default: true
      path_style:
        description: Whether the bucket stands in the path of the address (V(true)) or before its host name (V(false)).
        type: bool
        default: true
"""
