# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An exported inventory as a file with comments, which knows whether somebody has edited it; private."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import textwrap
from contextlib import suppress
from typing import Any

from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import InvalidInput, ProofFailed
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory import Block, Inventory
from ansible_collections.stagecraft.appsmith.plugins.module_utils._inventory_vault import Template

_WIDTH = 118
_MARK = "# Checksum of all below: sha256:"
_JINJA = re.compile(r"\{\{|\{%|\{#")


try:
    import yaml
except ImportError:
    # The module says so in the field's words.
    HAS_YAML = False
else:
    HAS_YAML = True

    class _Dumper(yaml.SafeDumper):
        """Texts that look like templates are marked as none, so that Ansible takes them as they are."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            # Lists are indented, as ansible-lint wants them.
            super().increase_indent(flow, False)

    def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        if _JINJA.search(text):
            return dumper.represent_scalar("!unsafe", text, style="'")
        return dumper.represent_str(text)

    def _represent_template(dumper: yaml.SafeDumper, text: Template) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')

    _Dumper.add_representer(str, _represent_text)
    _Dumper.add_representer(Template, _represent_template)


def _yaml(value: Any, depth: int) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100000)
    return textwrap.indent(text, "  " * depth)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _comment(text: str, depth: int) -> str:
    """In one paragraph, whatever a name on the instance has in it."""
    lead = "  " * depth + "# "
    lines = textwrap.wrap(_one_line(text), _WIDTH, initial_indent=lead, subsequent_indent=lead, break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def _block(block: Block, depth: int) -> str:
    said = []
    order = [*block.variables, *(name for name in block.notes if name not in block.variables)]
    for name in order:
        said += [_comment(text, depth) for text in block.notes.get(name, ())]
        if name in block.variables:
            said.append(_yaml({name: block.variables[name]}, depth))
    return "".join(said)


def render(inventory: Inventory) -> str:
    """The whole file."""
    head = [
        _comment(f"The inventory of {inventory.url}, read from it by stagecraft.appsmith.inventory_export.", 0),
        _comment("Secrets are not in it. Put them into a file of ansible-vault, under these names:", 0),
    ]
    for variable in inventory.vault.variables:
        seen = "; Appsmith shows it" if variable.readable else ""
        # Never wrapped, so that they can be copied.
        head.append(f"#   {variable.name}:  # {_one_line(variable.what + seen)}\n")
    body = "".join(
        [
            *head,
            "appsmith:\n  children:\n",
            f"    {inventory.group.name}:\n      vars:\n",
            _block(inventory.group, 4),
            "      hosts:\n" if inventory.hosts else "      hosts: {}\n",
            *(f"        {host.name}:\n{_block(host, 5)}" for host in inventory.hosts),
        ]
    )
    return f"---\n{_MARK}{_checksum(body)}\n{body}"


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_untouched(text: str) -> bool:
    """Whether a file is as an export left it."""
    start, mark, rest = text.partition(_MARK)
    checksum, _newline, body = rest.partition("\n")
    return start == "---\n" and bool(mark) and checksum.strip() == _checksum(body)


def look(path: str) -> str | None:
    """The file as it is; none if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"{path} can't be read: {error}", next_step="Give another path.") from error


def check_place(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise InvalidInput(f"There is no folder {folder}", next_step="Make it, or give another path.")


def write(path: str, text: str) -> None:
    """Whole or not at all, for its owner only."""
    path = os.path.realpath(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=".inventory-", dir=os.path.dirname(path))
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            # mkstemp makes it 0600.
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise InvalidInput(f"{path} can't be written: {error}", next_step="Give another path.") from error
    if look(path) != text:
        raise ProofFailed(f"{path} was written, but holds something else now", next_step="Run again.")
