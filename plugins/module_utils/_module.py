# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of every module; private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.stagecraft.appsmith.plugins.module_utils import _client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._argspec import CONNECTION
from ansible_collections.stagecraft.appsmith.plugins.module_utils._client import Client
from ansible_collections.stagecraft.appsmith.plugins.module_utils._diff import Diff
from ansible_collections.stagecraft.appsmith.plugins.module_utils._errors import AppsmithError, InvalidInput
from ansible_collections.stagecraft.appsmith.plugins.module_utils._session import quiet_sign_out, sign_in
from ansible_collections.stagecraft.appsmith.plugins.module_utils._version import Version, detect

Item = TypeVar("Item")


class AppsmithModule:
    """Subclass it, say the options, write run(). Errors of the tree become fail_json here and nowhere else.

    C(needs_connection) false: a module without the connection options (it works on the host's files or offline).
    C(needs_session) false: C(self.client) isn't signed in. C(keep_session) true: it isn't signed out at the end.
    """

    argument_spec: ClassVar[dict[str, Any]] = {}
    required_if: ClassVar[Any] = ()
    required_together: ClassVar[Any] = ()
    required_one_of: ClassVar[Any] = ()
    required_by: ClassVar[dict[str, Any]] = {}
    mutually_exclusive: ClassVar[Any] = ()
    needs_connection: ClassVar[bool] = True
    needs_session: ClassVar[bool] = True
    keep_session: bool = False

    def __init__(self, ansible: AnsibleModule) -> None:
        self.ansible = ansible
        self.result: dict[str, Any] = {"changed": False}
        self._diff = Diff()
        self._client: Client | None = None
        self._refusal: AppsmithError | None = None
        self._version: Version | None = None

    def run(self) -> None:
        raise NotImplementedError

    # -- what a module works with -----------------------------------------------------------------------------------
    @property
    def params(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ansible.params
        return found

    @property
    def check_mode(self) -> bool:
        return bool(self.ansible.check_mode)

    @property
    def client(self) -> Client:
        """The client; signs in at its first use, unless a session was given or none is needed."""
        if self._refusal is not None:
            # A refused password is never tried twice, whatever a module does after the first refusal.
            raise self._refusal
        if self._client is None:
            self._client = self.new_client()
            if self.needs_session and not self.params["appsmith_session"]:
                try:
                    self._sign_in(self._client)
                except AppsmithError as error:
                    self._refusal = error
                    raise
        return self._client

    def _sign_in(self, client: Client) -> None:
        sign_in(client, *self.credentials())

    def credentials(self) -> tuple[str, str]:
        """User name and password, of which neither may be missing."""
        if not self.params["appsmith_username"] or not self.params["appsmith_password"]:
            raise InvalidInput(
                "No credentials for the instance",
                next_step="Give appsmith_username and appsmith_password, or appsmith_session from "
                "stagecraft.appsmith.login.",
            )
        return self.params["appsmith_username"], self.params["appsmith_password"]

    def new_client(self) -> Client:
        return Client(
            self.params["appsmith_url"],
            validate_certs=self.params["appsmith_validate_certs"],
            ca_path=self.params["appsmith_ca_path"],
            connect_timeout=self.params["appsmith_connect_timeout"],
            timeout=self.params["appsmith_timeout"],
            session=self.params["appsmith_session"] if self.needs_session else None,
            check_mode=self.check_mode,
        )

    @property
    def version(self) -> Version:
        if self._version is None:
            self._version = detect(self.client, self.params["appsmith_version"])
        return self._version

    # -- what a module reports --------------------------------------------------------------------------------------
    def changed(self, changed: bool = True) -> None:
        """Report a change (or, in check mode, that there would be one); once changed it stays so."""
        self.result["changed"] = bool(self.result["changed"] or changed)

    def diff(self, before: Any, after: Any, header: str = "") -> None:
        """Record before and after (shown with --diff; secrets are hidden)."""
        self._diff.add(before, after, header)

    def warn(self, text: str) -> None:
        self.ansible.warn(text)

    def require(self, present: bool, library: str) -> None:
        """Fail in the field's words when a Python library is missing."""
        if not present:
            self.ansible.fail_json(msg=missing_required_lib(library))

    def each(
        self,
        items: Iterable[Item],
        work: Callable[[Item], dict[str, Any]],
        *,
        label: Callable[[Item], str] = str,
        key: str = "results",
    ) -> list[dict[str, Any]]:
        """Do the work for every item; a failing one doesn't stop the others.

        Each entry of C(result[key]) is what the work returned (with C(name) and C(changed)), or says C(failed), C(msg)
        and C(error). Raises at the end if any failed: the one error itself, or one summary of all.
        """
        entries: list[dict[str, Any]] = self.result.setdefault(key, [])
        failures: list[tuple[str, AppsmithError]] = []
        count = 0
        for item in items:
            count += 1
            try:
                entry = {"name": label(item), "changed": False, **work(item)}
            except AppsmithError as error:
                failures.append((label(item), error))
                entry = {
                    "name": label(item),
                    "changed": error.changed,
                    "failed": True,
                    "msg": str(error),
                    "error": error.as_dict(),
                }
            entries.append(entry)
            self.changed(entry["changed"])
        if failures and count == 1:
            raise failures[0][1]
        if failures:
            raise AppsmithError(
                f"{len(failures)} of {count} failed: " + " | ".join(f"{name}: {error}" for name, error in failures),
                details=[{"name": name, **error.as_dict()} for name, error in failures],
            )
        return entries

    # -- the way from Ansible and back ------------------------------------------------------------------------------
    @classmethod
    def spec(cls) -> dict[str, Any]:
        return {**(CONNECTION if cls.needs_connection else {}), **cls.argument_spec}

    @classmethod
    def main(cls) -> None:
        ansible = AnsibleModule(
            argument_spec=cls.spec(),
            required_if=cls.required_if,
            required_together=cls.required_together,
            required_one_of=cls.required_one_of,
            required_by=cls.required_by,
            mutually_exclusive=cls.mutually_exclusive,
            supports_check_mode=True,
        )
        cls(ansible).conclude()

    def conclude(self) -> None:
        """Run, end the session, and say the result; this never returns."""
        if self.needs_connection:
            self.require(_client.HAS_REQUESTS, "requests")
        failure: AppsmithError | None = None
        try:
            self.run()
        except AppsmithError as error:
            failure = error
            self.changed(error.changed)
        finally:
            self.finish()
        diff = self._diff.as_result()
        if diff is not None and self.ansible._diff:
            self.result["diff"] = diff
        if failure is not None:
            self.ansible.fail_json(**{**self.result, "msg": str(failure), "error": failure.as_dict()})
        self.ansible.exit_json(**self.result)

    def finish(self) -> None:
        """End the session if this module began it: a forgotten one lives for thirty days."""
        if self._client is not None:
            if self._client.session and not self.keep_session and not self.params["appsmith_session"]:
                quiet_sign_out(self._client)
            self._client.close()
