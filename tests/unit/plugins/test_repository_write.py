# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller writes to repositories: commits that go back, tags, and every way a push can be refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _repository_write
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import (
    GitActionFailed,
    GitConflict,
    GitError,
    GitInvalidUrl,
    GitKeyRefused,
    GitProtectedBranch,
    GitRemoteNotFound,
    GitTimeout,
    GitUpstreamAhead,
    InvalidInput,
    NotFound,
    ProofFailed,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._git_api import Author
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository import Access
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_merge import merge
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_refusals import (
    cannot_read,
    push_failed,
    reason,
)
from ansible_collections.stagecraft.appsmith.plugins.module_utils._repository_write import (
    Clone,
    may_write,
    open_clone,
    revert_to,
    tag,
)
from git_remotes import FILE, PROTECTED, READ_ONLY, Remote, by_ssh, read_only

DANA = Author("Release Manager", "release@example.com")
PAGE = "pages/Order/Order.json"


@pytest.fixture(params=[True, False], ids=["filters", "no-filters"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    return Remote(tmp_path, filters=request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def back(remote: Remote, to: str, **more: Any) -> Any:
    return revert_to(remote.url, "master", to, "Go back", DANA, more.pop("access", FILE), **more)


# -- one commit that goes back ---------------------------------------------------------------------------------------
def test_a_branch_goes_back_by_one_new_commit(remote: Remote) -> None:
    second = remote.commit({PAGE: "{}", "pages/New/New.json": "{}"}, "second")
    third = remote.commit({"pages/Order/queries/get_order/get_order.txt": None}, "third")
    written = back(remote, remote.first[:12])
    assert written.changed and (written.before, written.after) == (third, remote.tip())
    assert remote.tree() == remote.tree(remote.first)
    made = remote.bare.commit("master")
    assert [parent.hexsha for parent in made.parents] == [third]
    assert made.message == f"Go back\n\nContent-Of: {remote.first}\n"
    assert (made.author.name, made.committer.email) == (DANA.name, DANA.email)
    assert [commit.id for commit in written.commits] == [third, second]
    assert written.files.as_result() == {
        "added": ["pages/Order/queries/get_order/get_order.txt"],
        "changed": [PAGE],
        "removed": ["pages/New/New.json"],
    }
    remote.bare.git.fsck("--strict", "--connectivity-only")


def test_what_has_that_content_already_is_left_alone(remote: Remote) -> None:
    remote.commit({PAGE: "{}"}, "second")
    back(remote, remote.first)
    tip = remote.tip()
    written = back(remote, remote.first)
    assert not written.changed and written.after == tip == remote.tip()


def test_going_back_and_forth_keeps_the_history(remote: Remote) -> None:
    second = remote.commit({PAGE: "{}"}, "second")
    back(remote, remote.first)
    written = back(remote, second)
    assert written.changed and remote.tree() == remote.tree(second)
    assert len(list(remote.bare.iter_commits("master"))) == 4


def test_check_mode_pushes_nothing(remote: Remote) -> None:
    second = remote.commit({PAGE: "{}"}, "second")
    written = back(remote, remote.first, check_mode=True)
    assert written.changed and written.files.changed == [PAGE] and remote.tip() == second


def test_a_tag_says_where_to(remote: Remote) -> None:
    remote.bare.create_tag("release/1", ref=remote.first, message="first")
    remote.commit({PAGE: "{}"}, "second")
    assert back(remote, "release/1").changed and remote.tree() == remote.tree(remote.first)


def test_a_commit_that_came_by_a_merge_is_in_the_history(remote: Remote) -> None:
    staging = remote.commit({PAGE: "{}"}, "on staging", "staging")
    remote.commit({"other": "1"}, "on master")
    remote.work.git.merge("staging", "--no-ff", "-m", "merge")
    remote.push()
    assert back(remote, staging).changed and remote.tree() == remote.tree(staging)


@pytest.mark.parametrize("to", ["v9", "deadbee", "0123456789abcdef0123456789abcdef01234567"])
def test_what_is_not_there_is_told(remote: Remote, to: str) -> None:
    with pytest.raises(NotFound, match="has no tag"):
        back(remote, to)


@pytest.mark.parametrize("to", ["master~1", "-x", "a b", "x^{}", "a:b"])
def test_other_words_of_git_are_not_taken(plain: Remote, to: str) -> None:
    with pytest.raises(InvalidInput, match="neither a tag nor a commit"):
        back(plain, to)


def test_a_commit_of_another_branch_is_refused(remote: Remote) -> None:
    other = remote.commit({PAGE: "{}"}, "elsewhere", "staging")
    with pytest.raises(NotFound):
        back(remote, other)
    remote.bare.create_tag("elsewhere", ref=other)
    with pytest.raises(NotFound, match="not in the history of master"):
        back(remote, "elsewhere")


def test_a_branch_that_is_not_there_is_told(remote: Remote) -> None:
    with pytest.raises(NotFound, match="no branch or tag nope"):
        revert_to(remote.url, "nope", remote.first, "x", DANA, FILE)


def test_only_ssh_is_spoken_unless_told_otherwise(plain: Remote) -> None:
    with pytest.raises(GitInvalidUrl):
        back(plain, plain.first, access=Access())


def test_a_repository_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(GitRemoteNotFound, match="can't read"):
        revert_to(f"file://{tmp_path}/none.git", "master", "abcdef0", "x", DANA, FILE)


# -- refused pushes ---------------------------------------------------------------------------------------------------
def test_somebody_elses_push_in_between_is_kept(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    remote.commit({PAGE: "{}"}, "second")
    made = Clone.commit

    def commit(self: Clone, *arguments: Any) -> str:
        remote.commit({"theirs": "1"}, "theirs")
        return made(self, *arguments)

    monkeypatch.setattr(Clone, "commit", commit)
    with pytest.raises(GitUpstreamAhead, match="somebody else in the meantime"):
        back(remote, remote.first)
    assert remote.bare.commit("master").message == "theirs"


def test_a_push_that_wins_the_race_at_the_host_is_kept(plain: Remote) -> None:
    plain.commit({PAGE: "{}"}, "second")
    theirs = plain.commit({"theirs": "1"}, "theirs", "later")
    plain.pushed_meanwhile(theirs)
    with pytest.raises(GitUpstreamAhead, match="nothing was pushed"):
        back(plain, plain.first)
    assert plain.tip() == theirs


def test_a_branch_that_was_taken_back_in_between_is_not_brought_forth_again(
    plain: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push without a lease would be a fast-forward."""
    plain.commit({PAGE: "{}"}, "second")
    made = Clone.commit

    def commit(self: Clone, *arguments: Any) -> str:
        plain.bare.git.update_ref("refs/heads/master", plain.first)
        return made(self, *arguments)

    monkeypatch.setattr(Clone, "commit", commit)
    with pytest.raises(GitUpstreamAhead):
        back(plain, plain.first)
    assert plain.tip() == plain.first


def test_a_protected_branch_is_told(plain: Remote) -> None:
    second = plain.commit({PAGE: "{}"}, "second")
    plain.refuse(PROTECTED)
    with pytest.raises(GitProtectedBranch, match="Not allowed to push to protected branch master") as caught:
        back(plain, plain.first)
    assert "pull request" in str(caught.value) and not caught.value.changed and plain.tip() == second


def test_a_hook_of_the_host_is_told(plain: Remote) -> None:
    plain.commit({PAGE: "{}"}, "second")
    plain.refuse("Ticket number missing in the message")
    with pytest.raises(GitActionFailed, match="Ticket number missing"):
        back(plain, plain.first)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_key_that_may_only_read_is_told(plain: Remote, tmp_path: Path, check_mode: bool) -> None:
    second = plain.commit({PAGE: "{}"}, "second")
    access = read_only(tmp_path)
    with pytest.raises(GitKeyRefused, match="may read, but not write") as caught:
        revert_to(by_ssh(plain), "master", plain.first, "x", DANA, access, check_mode=check_mode)
    assert READ_ONLY in str(caught.value) and plain.tip() == second
    with pytest.raises(GitKeyRefused):
        may_write(by_ssh(plain), access)


def test_a_key_that_may_write_is_known_without_a_trace(remote: Remote) -> None:
    may_write(remote.url, FILE)
    assert remote.tags() == [] and remote.tip() == remote.first


# -- unclear answers --------------------------------------------------------------------------------------------------
def answer_to_push(monkeypatch: pytest.MonkeyPatch, text: str, *, do_it: bool, status: int = 128) -> None:
    made = Clone.run

    def run(self: Clone, *arguments: str, **more: Any) -> tuple[int, str, str]:
        if arguments[0] != "push":
            return made(self, *arguments, **more)
        if do_it:
            assert made(self, *arguments, **more)[0] == 0
        return status, "", text

    monkeypatch.setattr(Clone, "run", run)


def test_a_lost_answer_to_a_push_that_came_through_is_a_success(plain: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.commit({PAGE: "{}"}, "second")
    answer_to_push(monkeypatch, "Timeout: the command did not complete in 300 secs.", do_it=True)
    written = back(plain, plain.first)
    assert written.changed and "pushed all the same" in written.warnings[0]
    assert remote_content(plain) == plain.tree(plain.first)


def test_a_lost_answer_to_a_push_that_did_not_is_its_error(plain: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.commit({PAGE: "{}"}, "second")
    answer_to_push(monkeypatch, "Timeout: the command did not complete in 300 secs.", do_it=False)
    with pytest.raises(GitTimeout) as caught:
        back(plain, plain.first)
    assert not caught.value.changed


def test_a_push_that_is_not_to_be_seen_is_no_success(plain: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.commit({PAGE: "{}"}, "second")
    answer_to_push(monkeypatch, "", do_it=False, status=0)
    with pytest.raises(ProofFailed, match="doesn't show it"):
        back(plain, plain.first)


def test_a_commit_on_top_of_the_pushed_one_is_no_failure(plain: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.commit({PAGE: "{}"}, "second")
    made = Clone.at_remote

    def at_remote(self: Clone, ref: str) -> str:
        plain.work.git.pull("origin", "master")
        plain.commit({"later": "1"}, "later")
        return made(self, ref)

    monkeypatch.setattr(Clone, "at_remote", at_remote)
    assert back(plain, plain.first).changed


def remote_content(remote: Remote) -> str:
    return remote.tree()


# -- tags -------------------------------------------------------------------------------------------------------------
def test_a_tag_is_annotated_and_proven(remote: Remote) -> None:
    remote.commit({PAGE: "{}"}, "second")
    for commit, name in ((remote.tip(), "promotion/a/master/2"), (remote.first, "promotion/a/master/1")):
        assert tag(remote.url, "master", name, commit, "subject\n\nA: # b\n", DANA, FILE)
        made = remote.bare.tag(name)
        assert made.commit.hexsha == commit and made.tag is not None
        assert made.tag.message.rstrip("\n") == "subject\n\nA: # b"
        assert (made.tag.tagger.name, made.tag.tagger.email) == (DANA.name, DANA.email)


def test_a_tag_that_is_there_is_left_alone(remote: Remote) -> None:
    other = remote.commit({PAGE: "{}"}, "second")
    tag(remote.url, "master", "promotion/a/master/1", remote.first, "one", DANA, FILE)
    assert not tag(remote.url, "master", "promotion/a/master/1", remote.first, "two", DANA, FILE)
    assert remote.bare.tag("promotion/a/master/1").tag.message.rstrip("\n") == "one"
    with pytest.raises(GitUpstreamAhead):
        tag(remote.url, "master", "promotion/a/master/1", other, "three", DANA, FILE)
    assert remote.bare.tag("promotion/a/master/1").commit.hexsha == remote.first


def test_a_host_that_gives_no_commit_by_its_hash_gives_the_branch(
    plain: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Clone.fetch

    def no_hashes(self: Clone, *refs: str, **more: Any) -> None:
        if not refs[0].startswith("refs/"):
            raise GitError("Server does not allow request for unadvertised object")
        fetch(self, *refs, **more)

    monkeypatch.setattr(Clone, "fetch", no_hashes)
    plain.commit({PAGE: "{}"}, "second")
    assert tag(plain.url, "master", "promotion/a/master/1", plain.first, "one", DANA, FILE)


def test_nobodys_own_git_settings_count(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signing key, hooks or a template of the person who runs it would change what is pushed."""
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    for name in ("pre-push", "reference-transaction"):
        (home / "hooks" / name).write_text("#!/bin/sh\nexit 1\n")
        (home / "hooks" / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {home}/hooks\n[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = true\n"
        f"[init]\n\ttemplateDir = {home}\n[user]\n\tname = Other\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(home))
    assert tag(remote.url, "master", "promotion/a/master/1", remote.first, "one", DANA, FILE)


def test_another_repository_in_the_environment_is_left_alone(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A playbook that runs from a Git hook has that repository in its environment."""
    second = remote.commit({PAGE: "{}"}, "second")
    remote.commit({"other": "1"}, "on staging", "staging")
    remote.commit({"another": "1"}, "third")
    remote.work.git.branch("conflicting", remote.first)
    remote.commit({"other": "2"}, "conflicting", "conflicting")
    other = tmp_path / "other.git"
    monkeypatch.setenv("GIT_DIR", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert back(remote, second).changed
    assert merge(remote.url, "staging", "master", DANA, FILE).result == "merge"
    with pytest.raises(GitConflict):
        merge(remote.url, "staging", "conflicting", DANA, FILE)
    assert tag(remote.url, "master", "promotion/a/master/1", remote.first, "one", DANA, FILE)
    may_write(remote.url, FILE)
    assert not other.exists()


def test_nothing_is_left_in_the_temporary_folder(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(_repository_write.tempfile, "tempdir", str(folder))
    with open_clone(remote.url, FILE, "refs/heads/master") as clone:
        assert clone.text(clone.tip("master"), PAGE) == '{\n  "a": 1\n}'
        assert clone.text(clone.tip("master"), "nope") is None
        assert list(folder.iterdir())
    assert not list(folder.iterdir())


# -- the hosts' words -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Gitea: Deploy Key: 3:x is not authorized to write to acme/a.\nfatal: Could not read from", GitKeyRefused),
        ("ERROR: The key you are authenticating with has been marked as read only.", GitKeyRefused),
        ("ERROR: Permission to acme/a.git denied to deploy key", GitKeyRefused),
        ("remote: ERROR: This deploy key does not have write access to this project.", GitKeyRefused),
        ("remote: GitLab: You are not allowed to push code to this project.", GitKeyRefused),
        ("remote: error: GH006: Protected branch update failed for refs/heads/master.", GitProtectedBranch),
        ("remote: error: GH013: Repository rule violations found for refs/heads/master.", GitProtectedBranch),
        ("GitLab: You are not allowed to push code to protected branches on this project.", GitProtectedBranch),
        ("Gitea: Not allowed to push to protected branch master\n (pre-receive hook declined)", GitProtectedBranch),
        ("! [rejected] (fetch first)", GitUpstreamAhead),
        ("! [remote rejected] (cannot lock ref 'refs/heads/master': is at)", GitUpstreamAhead),
        ("remote: no ticket\n! [remote rejected] (pre-receive hook declined)", GitActionFailed),
        ("git@git.example.com: Permission denied (publickey).", GitKeyRefused),
        ("ERROR: Repository not found.", GitRemoteNotFound),
        ("ssh: connect to host git.example.com port 22: Connection timed out", GitTimeout),
        ("Host key verification failed.", GitError),
        ("something new", GitError),
    ],
)
def test_the_words_of_the_hosts(text: str, kind: type[GitError]) -> None:
    error, certain = push_failed("ssh://git.example.com/acme/a.git", "refs/heads/master", text)
    assert error.__class__ is kind and error.next_step
    assert certain == (kind not in (GitTimeout, GitError))


def test_a_name_in_the_address_decides_nothing() -> None:
    text = "Gitea: Deploy Key: 3:x is not authorized to write to acme/protected-orders."
    assert isinstance(push_failed("x", "refs/heads/master", text)[0], GitKeyRefused)
    assert isinstance(cannot_read("x", "Permission denied (publickey)"), GitKeyRefused)


def test_a_reason_is_one_line_that_no_terminal_obeys() -> None:
    text = (
        "remote: \x1b[31mno\x1b[0m ticket\x07\nremote: \n\nfatal: Could not read from remote repository.\n"
        "Please make sure you have the correct access rights\nand the repository exists.\n"
    )
    assert reason(text) == "no ticket"
    assert reason("") == "git said nothing"
