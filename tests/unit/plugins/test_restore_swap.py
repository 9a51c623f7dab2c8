# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The swap of a restore, killed at every step there is: what was there is never lost, and the next run goes on."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _restore_swap
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError
from ansible_collections.stagecraft.appsmith.plugins.module_utils._host_lock import host_lock
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_disk import (
    CONFIRMING,
    DATABASE,
    PLACED,
    RESTORED,
    Disk,
    Journal,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._restore_swap import Swap, parts

Tree = dict[str, Any]
HOT = ("configuration", "data/mongodb", "git-storage", "ssl")


class Killed(BaseException):
    """Stands for SIGKILL: no code may catch it, and none here cleans up after it (no finally writes)."""


class MortalDisk(Disk):
    """Dies before the step C(at), or after it, or half way through where a step has a half."""

    def __init__(self, at: int = -1, when: str = "before") -> None:
        self.at, self.when, self.steps = at, when, 0

    def _step(self, work: Callable[[], None], half: Callable[[], None] | None = None) -> None:
        number, self.steps = self.steps, self.steps + 1
        if number != self.at:
            return work()
        if self.when == "half" and half:
            half()
        elif self.when == "after":
            work()
        raise Killed

    def rename(self, source: Path, target: Path) -> None:
        assert not os.path.lexists(target), f"{target} would be written over"
        self._step(lambda: super(MortalDisk, self).rename(source, target))

    def mkdir(self, path: Path, like: Path | None = None) -> None:
        self._step(lambda: super(MortalDisk, self).mkdir(path, like), lambda: path.mkdir(mode=0o700))

    def write(self, path: Path, text: str) -> None:
        # As the real one, which waits for the disk as well.
        part = path.with_name(f".{path.name}.new")

        def whole() -> None:
            part.write_text(text)
            part.replace(path)

        self._step(whole, lambda: part.write_text(text[:9]) and None)

    def unlink(self, path: Path) -> None:
        self._step(lambda: path.unlink(missing_ok=True))

    def remove(self, path: Path) -> None:
        if not os.path.lexists(path):
            return
        self._step(lambda: super(MortalDisk, self).remove(path), lambda: halve(path))

    def remove_empty(self, path: Path) -> None:
        self._step(lambda: super(MortalDisk, self).remove_empty(path))

    def flush(self) -> None:
        return


def halve(path: Path) -> None:
    """A removal that was killed on its way."""
    members = sorted(path.rglob("*"), reverse=True) if path.is_dir() else [path]
    for member in members[: len(members) // 2 + 1]:
        if member.is_dir() and not member.is_symlink():
            shutil.rmtree(member)
        else:
            member.unlink(missing_ok=True)


def tree(root: Path, *, without: tuple[str, ...] = (".stagecraft-restore",)) -> Tree:
    """Everything that there is: kind, mode, content."""
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if Path(name).parts[0] in without:
            continue
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder", mode)
        else:
            found[name] = (mode, path.read_text())
    return found


def fill(root: Path, text: str, more: tuple[str, ...] = ()) -> None:
    files = ("configuration/docker.env", "data/mongodb/db", "git-storage/app/HEAD", "data/redis/dump", *more)
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text} {name}")


def volume(root: Path) -> Path:
    fill(root, "old", ("ssl/key", "data/backup/a", "data/restore/b", "logs/backend/log", "only-old/x"))
    (root / "data").chmod(0o751)
    (root / "latest").symlink_to("/nowhere/to/be/found")
    return root


def entry(**more: Any) -> Journal:
    return Journal(**{"state": "", "backup": "appsmith-x", "sha256": "0", "version": "v1.60", "method": "cold", **more})


def place(swap: Swap, scope: tuple[str, ...] = (), **more: Any) -> None:
    journal = entry(**more)
    fill(swap.begin(journal), "new", ("data/postgres/main", "only-new/y"))
    swap.place(journal, scope)


def new_tree(root: Path) -> Tree:
    """What a whole swap makes, done undisturbed."""
    other = root.with_name("undisturbed")
    volume(other)
    place(Swap(other, MortalDisk()))
    return tree(other)


Work = Callable[[Swap], None]


def undone(swap: Swap) -> None:
    journal = swap.recover()
    if journal is not None:
        swap.undo(journal)


def confirmed(keep: bool) -> Work:
    def work(swap: Swap) -> None:
        journal = swap.recover()
        assert journal is not None
        swap.confirm(journal, keep=keep)

    return work


def killed_at_every_step(prepare: Callable[[Path], None], work: Work, folder: Path) -> Any:
    """Yields the folder as each kill leaves it."""
    for when in ("before", "after", "half"):
        at = 0
        while True:
            root = folder / f"{when}-{at}"
            root.mkdir(parents=True)
            prepare(root)
            disk = MortalDisk(at, when)
            try:
                work(Swap(root, disk))
            except Killed:
                yield root, f"{when} step {at}"
                at += 1
                continue
            assert at > 3, "nothing was killed"
            break


# --- undisturbed ---------------------------------------------------------------------------------------------------


def test_placed_undone_and_confirmed(tmp_path: Path) -> None:
    root = volume(tmp_path / "stacks")
    old = tree(root)
    swap = Swap(root)
    place(swap)
    now = tree(root)
    assert now["configuration/docker.env"][1].startswith("new") and now["data/postgres/main"]
    assert not {"only-old", "only-old/x", "ssl", "ssl/key", "latest"} & set(now)
    kept = ("data", "data/backup/a", "data/restore/b", "logs/backend/log")
    assert {name: now[name] for name in kept} == {name: old[name] for name in kept}
    assert swap.recover().state == PLACED  # type: ignore[union-attr]
    undone(swap)
    assert tree(root, without=()) == old
    place(swap)
    confirmed(keep=False)(swap)
    assert tree(root, without=()) == now and swap.left_over() == []


def test_what_was_there_is_kept_until_the_next_confirmation(tmp_path: Path) -> None:
    root = volume(tmp_path / "stacks")
    swap = Swap(root)
    for text in ("old", "second"):
        (root / "configuration" / "docker.env").write_text(text)
        place(swap)
        confirmed(keep=True)(swap)
        assert swap.left_over() == [str(swap.kept)] and swap.recover() is None
        assert (swap.kept / "configuration" / "docker.env").read_text() == text


def test_only_what_is_meant_is_moved(tmp_path: Path) -> None:
    """The hot way leaves what the archive doesn't hold, such as PostgreSQL's data."""
    root = volume(tmp_path / "stacks")
    old = tree(root)
    place(Swap(root), HOT)
    now = tree(root)
    assert now["data/redis/dump"] == old["data/redis/dump"] and now["data/mongodb/db"] != old["data/mongodb/db"]
    assert "ssl" not in now and "only-new" not in now
    undone(Swap(root))
    assert tree(root, without=()) == old


def test_into_an_empty_folder_and_back(tmp_path: Path) -> None:
    root = tmp_path / "stacks"
    root.mkdir()
    place(Swap(root))
    assert tree(root)["data/mongodb/db"][1].startswith("new")
    undone(Swap(root))
    assert tree(root, without=()) == {}


def test_the_instance_made_something_of_its_own_meanwhile(tmp_path: Path) -> None:
    root = volume(tmp_path / "stacks")
    old = tree(root)
    swap = Swap(root)
    place(swap)
    fill(root, "made", ("data/mongodb/more", "another/z", "data/another/z"))
    swap.undo(swap.recover(), keep=True)  # type: ignore[arg-type]
    assert tree(root) == old
    (after,) = swap.left_over()
    assert (Path(after) / "data/mongodb/more").read_text() == "made data/mongodb/more"


def test_what_the_vendor_left_beside_goes_with_the_restore(tmp_path: Path) -> None:
    root = volume(tmp_path / "stacks")
    old = tree(root)
    place(Swap(root), HOT, extra=["data/backup/vendor.tar.gz", "git-storage-vendor"])
    (root / "data/backup/vendor.tar.gz").write_text("x")
    (root / "git-storage-vendor").mkdir()
    undone(Swap(root))
    assert tree(root, without=()) == old


# --- killed --------------------------------------------------------------------------------------------------------


def test_killed_while_placing(tmp_path: Path) -> None:
    old = tree(volume(tmp_path / "old"))
    new = new_tree(tmp_path / "new")
    for root, where in killed_at_every_step(volume, place, tmp_path / "killed"):
        journal = Swap(root).journal()
        swap = Swap(root)
        left = swap.recover()
        if left is not None:
            assert left.state == PLACED and tree(root) == new, where
        else:
            assert tree(root) == old, f"{where}: {journal}"
        undone(swap)
        assert tree(root) == old, where
        place(swap)
        assert tree(root) == new, where


def test_killed_while_undoing_and_again_while_that_is_finished(tmp_path: Path) -> None:
    old = tree(volume(tmp_path / "old"))

    def prepare(root: Path) -> None:
        place(Swap(volume(root), MortalDisk()))

    def half_undone(root: Path) -> None:
        prepare(root)
        with pytest.raises(Killed):
            undone(Swap(root, MortalDisk(6, "after")))

    for beginning in (prepare, half_undone):
        for root, where in killed_at_every_step(beginning, undone, tmp_path / beginning.__name__):
            undone(Swap(root))
            assert tree(root, without=()) == old, where


def test_killed_while_placing_then_while_undoing(tmp_path: Path) -> None:
    """Every second kill after some of the first ones."""
    old = tree(volume(tmp_path / "old"))
    for first in (3, 6, 9, 12):

        def prepare(root: Path, first: int = first) -> None:
            with pytest.raises(Killed):
                place(Swap(volume(root), MortalDisk(first, "after")))

        for root, where in killed_at_every_step(prepare, undone, tmp_path / str(first)):
            undone(Swap(root))
            assert tree(root, without=()) == old, f"{first}, {where}"


@pytest.mark.parametrize("keep", [True, False])
def test_killed_while_confirming(tmp_path: Path, keep: bool) -> None:
    new = new_tree(tmp_path / "new")
    before = {name: what for name, what in tree(volume(tmp_path / "old")).items() if not name.startswith("logs")}

    def prepare(root: Path) -> None:
        place(Swap(volume(root), MortalDisk()))

    for root, where in killed_at_every_step(prepare, confirmed(keep), tmp_path / "killed"):
        swap = Swap(root)
        left = swap.recover()
        assert tree(root) == new, where
        if left is not None:
            assert left.state == PLACED and tree(swap.before).items() >= {"ssl/key": before["ssl/key"]}.items(), where
            swap.confirm(left, keep=keep)
        assert tree(root) == new and swap.journal() is None, where
        assert swap.kept.exists() == keep and not swap.before.exists(), where
        if keep:
            assert {name for name in before if "/backup" not in name and "/restore" not in name} - {"data"} == set(
                tree(swap.kept)
            ) - {"data"}, where


def test_somebody_started_the_instance_on_what_a_kill_had_left(tmp_path: Path) -> None:
    """A container makes what it misses; the old content comes back all the same, and the made one is kept apart."""
    old = tree(volume(tmp_path / "old"))
    for root, where in killed_at_every_step(volume, place, tmp_path / "killed"):
        made = [name for name in ("configuration/docker.env", "data/mongodb/db") if not (root / name).exists()]
        for name in made:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("made by a start")
        undone(Swap(root))
        assert tree(root) == old, where


def test_an_external_database_waits_to_be_put_back(tmp_path: Path) -> None:
    old = tree(volume(tmp_path / "old"))

    def prepare(root: Path) -> None:
        place(Swap(volume(root), MortalDisk()), emptied=True, database="external")
        Swap(root).safety.mkdir()

    for root, where in killed_at_every_step(prepare, undone, tmp_path / "killed"):
        swap = Swap(root)
        journal = swap.recover()
        if journal is not None and journal.state != DATABASE:
            journal = swap.undo(journal)
        assert journal is not None and journal.state == DATABASE and swap.safety.exists(), where
        assert tree(root) == old, where
        swap.close(journal)
        assert tree(root, without=()) == old, where


# --- refused -------------------------------------------------------------------------------------------------------


def test_what_cannot_be_renamed_is_put_back_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = volume(tmp_path / "stacks")
    old = tree(root)
    rename = os.rename

    def busy(source: Any, target: Any) -> None:
        if str(source).endswith("stacks/git-storage"):
            raise OSError(16, "Device or resource busy")
        rename(source, target)

    monkeypatch.setattr("os.rename", busy)
    with pytest.raises(AppsmithError, match=r"busy.*All is where it was"):
        place(Swap(root))
    assert tree(root, without=()) == old


def test_mounts_are_seen_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = volume(tmp_path / "a stack")
    mounts = tmp_path / "mountinfo"
    place_of = str(root.resolve()).replace(" ", "\\040")
    mounts.write_text(
        f"36 35 0:33 / {place_of} rw - ext4 /dev/x rw\n37 36 0:34 / {place_of}/logs rw - ext4 /dev/y rw\n"
    )
    monkeypatch.setattr(_restore_swap, "_MOUNTS", mounts)
    Swap(root).refuse_immovable()
    mounts.write_text(f"37 36 0:34 / {place_of}/data/mongodb rw - ext4 /dev/y rw\n")
    with pytest.raises(AppsmithError, match=r"data/mongodb in .* can't be set aside"):
        Swap(root).refuse_immovable()
    Swap(root).refuse_immovable(["configuration"])
    shutil.move(root / "data", tmp_path / "data")
    (root / "data").symlink_to(tmp_path / "data")
    with pytest.raises(AppsmithError, match=r"data in .* can't be set aside"):
        Swap(root).refuse_immovable(["configuration"])


def test_a_journal_that_is_gone_or_unreadable_stops_all(tmp_path: Path) -> None:
    swap = Swap(volume(tmp_path / "stacks"))
    place(swap)
    text = swap.path.read_text()
    swap.path.unlink()
    with pytest.raises(AppsmithError, match="its journal is gone"):
        place(swap)
    for broken in ("", "{}", "[]", text.replace(PLACED, "unheard of")):
        swap.path.write_text(broken)
        with pytest.raises(AppsmithError, match="can't be read"):
            swap.journal()
    swap.path.write_text(text.replace(PLACED, CONFIRMING))
    with pytest.raises(AppsmithError, match="confirmed already"):
        swap.undo(swap.journal())  # type: ignore[arg-type]


def test_undone_keeps_what_was_restored_only_when_asked(tmp_path: Path) -> None:
    swap = Swap(volume(tmp_path / "stacks"))
    place(swap)
    journal = swap.journal()
    assert journal is not None
    journal.state = RESTORED
    swap.save(journal)
    swap.undo(journal, keep=True)
    assert [Path(path).name for path in swap.left_over()] == ["after-1"]
    place(swap)
    undone(swap)
    assert [Path(path).name for path in swap.left_over()] == ["after-1"]


def test_parts_stay_out_of_what_is_kept(tmp_path: Path) -> None:
    root = volume(tmp_path / "stacks")
    (root / "lost+found").mkdir()
    (root / ".stagecraft.lock").write_text("")
    assert parts(root) == [*("configuration", "data/mongodb", "data/redis", "git-storage", "latest", "only-old", "ssl")]


def test_one_at_a_time(tmp_path: Path) -> None:
    with host_lock(tmp_path), pytest.raises(AppsmithError, match="is at work"), host_lock(tmp_path, patience=0):
        pass
    with host_lock(tmp_path, patience=0):
        pass
    with pytest.raises(AppsmithError, match="can't be opened"), host_lock(tmp_path / "none"):
        pass
