# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/backup.md, "By hand": its commands, as they stand, bring a backup back."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_archive import write_archive
from ansible_collections.stagecraft.appsmith.plugins.module_utils._backup_volume import HOT_PARTS, pack
from ansible_collections.stagecraft.appsmith.plugins.module_utils._store import DirectoryStore
from backup_world import KEYS, NAME, PASSPHRASE, hurry, make_backup, make_volume, state_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "backup.md"
BLOCKS = {
    re.split(r"[.?:]", block)[0].removeprefix("# "): block
    for block in re.findall(r"^```sh\n(# .*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
}


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def run(folder: Path, *blocks: str) -> str:
    """The blocks, after the one that says which backup and where to."""
    phrase = folder / "phrase"
    phrase.write_text(PASSPHRASE)
    said = {"name": NAME, "phrase": str(phrase), "stacks": str(folder / "new")}
    which = re.sub(
        r"^(\w+)=.*$", lambda line: f"{line[1]}='{said[line[1]]}'", BLOCKS["Which backup, and where to"], flags=re.M
    )
    script = "set -eu -o pipefail\n" + which + "".join(BLOCKS[one] for one in blocks)
    done = subprocess.run(["bash", "-c", script], cwd=folder / "store", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_cold_one(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "stacks")
    _store, manifest = make_backup(tmp_path / "store", volume)
    said = run(tmp_path, "Is it whole", "What is in it", "The encryption keys", "Cold")
    assert f"{manifest.sha256}  {manifest.archive}" in said and f'"sha256": "{manifest.sha256}"' in said
    assert "volume/configuration/docker.env" in said
    assert f"APPSMITH_ENCRYPTION_PASSWORD={KEYS[0]}\nAPPSMITH_ENCRYPTION_SALT={KEYS[1]}\n" in said
    left_out = ("data/backup", "data/restore", "logs", ".stagecraft")
    before = {name: one for name, one in state_of(volume).items() if not name.startswith(left_out)}
    assert state_of(tmp_path / "new") == before


def test_a_hot_one(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "stacks")
    theirs = tmp_path / "appsmith-backup-1.tar.gz"
    theirs.write_bytes(b"what appsmithctl wrote")

    def write(packer) -> None:
        with theirs.open("rb") as file:
            packer.add_file(f"appsmithctl/{theirs.name}", file)
        pack(packer, volume, HOT_PARTS, secrets=True)

    store = DirectoryStore(tmp_path / "store")
    write_archive(store, f"{NAME}.tar.gz.gpg", {"name": NAME}, write, PASSPHRASE)
    (tmp_path / "store" / f"{NAME}.json").write_text(json.dumps({}))
    run(tmp_path, "Hot")
    after = state_of(tmp_path / "new")
    assert after[f"data/backup/{theirs.name}"][1] == b"what appsmithctl wrote"
    before = {name: one for name, one in state_of(volume).items() if name.startswith(("configuration/", "ca-certs/"))}
    assert {name: after[name] for name in before} == before and "data/mongodb" not in after
