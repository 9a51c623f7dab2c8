# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module inventory_export: every call it makes, and what the file says."""

from __future__ import annotations

import stat

import pytest
import yaml

HOME = "appsmith.example.com"
WORKSPACE = {"id": "w1", "name": "Operations", "userPermissions": ["manage:workspaces", "read:workspaces"]}
OTHER = {"id": "w2", "name": "Año nuevo", "userPermissions": ["manage:workspaces"]}
PLUGINS = [
    {"id": "p1", "packageName": "postgres-plugin", "type": "DB"},
    {"id": "p2", "packageName": "restapi-plugin", "type": "API"},
    {"id": "p3", "packageName": "google-sheets-plugin", "type": "SAAS"},
]
POSTGRES = {
    "authentication": {"authenticationType": "dbAuth", "username": "orders", "databaseName": "orders"},
    "connection": {"mode": "READ_WRITE", "ssl": {"authType": "DEFAULT"}},
    "endpoints": [{"host": "db.example.com", "port": 5432}],
}
ADA = {"username": "admin@example.com", "roles": [{"name": "Administrator - Operations"}]}
VERA = {"username": "vera@example.com", "roles": [{"name": "App Viewer - Operations"}]}
AUDITOR = {"username": "audit@example.com", "roles": [{"name": "Auditor"}]}
MASTER = {"refName": "master", "default": True}
STAGING = {"refName": "staging", "default": False}
REMOTE = {"refName": "origin/feature", "default": False}


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_constructor("!unsafe", lambda loader, node: f"unsafe:{loader.construct_scalar(node)}")


def read(text: str):
    return yaml.load(text, Loader=_Loader)


def application(name: str, url: str | None = None):
    git = {"remoteUrl": url, "branchName": "master", "defaultBranchName": "master"} if url else None
    return {"id": f"id-{name}", "name": name, "gitApplicationMetadata": git}


def datasource(name: str, plugin: str, configuration=None, **more):
    storage = {"isConfigured": configuration is not None, "datasourceConfiguration": configuration, **more}
    return {"id": name, "name": name, "pluginId": plugin, "datasourceStorages": {"unused_env": storage}}


class Instance:
    """The calls, in order."""

    def __init__(self, api, release: str = "v1.91") -> None:
        self.api = api
        self.release = release

    def begin(self, *workspaces) -> None:
        self.api.expect("GET", "/info", root=True, text=f'{{"version": "{self.release}"}}')
        self.api.expect("GET", "/users/me", data={"email": "admin@example.com", "name": "Ada Admin"})
        self.api.expect("GET", "/workspaces/home", data=list(workspaces))

    def workspace(
        self, workspace, *, applications=(), branches=(), protected=(), members=(ADA,), datasources=()
    ) -> None:
        params = {"workspaceId": workspace["id"]}
        self.api.expect("GET", "/applications/home", params=params, data=list(applications))
        for one, found in branches:
            path = f"/git/applications/id-{one}/refs"
            if isinstance(found, tuple):
                self.api.expect("GET", path, params={"refType": "branch"}, error=found)
            else:
                self.api.expect("GET", path, params={"refType": "branch"}, data=found)
        rules = dict(protected)
        for one, _found in branches:
            path = f"/git/applications/id-{one}/protected-branches"
            if isinstance(rules.get(one), tuple):
                self.api.expect("GET", path, error=rules[one])
            else:
                self.api.expect("GET", path, data=rules.get(one, []))
        self.api.expect("GET", f"/workspaces/{workspace['id']}/members", data=list(members))
        self.api.expect("GET", "/datasources", params=params, data=list(datasources))
        if datasources:
            self.api.expect("GET", "/plugins", params=params, data=PLUGINS)

    def author(self, name="Release Manager", email="release@example.com") -> None:
        data = {"authorName": name, "authorEmail": email}
        self.api.expect("GET", "/git/artifacts/profile/default", data=data)

    def settings(self, organization=None, environment=None) -> None:
        self.api.expect("GET", "/tenants/current", data={"organizationConfiguration": organization or {}})
        self.api.expect("GET", "/admin/env", data=environment or {})

    def small(self) -> None:
        self.begin(WORKSPACE)
        self.workspace(WORKSPACE)
        self.settings()


def test_a_whole_instance(api, run_module):
    instance = Instance(api)
    instance.begin(WORKSPACE)
    instance.workspace(
        WORKSPACE,
        applications=[
            application("orders", "git@git.example.com:acme/orders.git"),
            application("desk", "ssh://git@git.example.com:2222/acme/desk.git"),
            application("sketch"),
        ],
        branches=[("desk", [MASTER, STAGING]), ("orders", [MASTER, STAGING, REMOTE])],
        members=[VERA, ADA, AUDITOR],
        datasources=[
            datasource("orders_db", "p1", POSTGRES),
            datasource("sheet", "p3", {"authentication": {"authenticationType": "oAuth2", "scopeString": "drive"}}),
            datasource("later", "p2"),
            datasource("sample", "p1", POSTGRES) | {"isMock": True},
            datasource("strange", "p9", POSTGRES),
        ],
    )
    instance.author()
    instance.settings(
        {"instanceName": "Ops", "isSignupDisabled": True, "isFormLoginEnabled": True, "isAtomicPushAllowed": False},
        {
            "APPSMITH_ADMIN_EMAILS": "admin@example.com, other@example.com",
            "APPSMITH_DISABLE_TELEMETRY": "true",
            "APPSMITH_MAIL_HOST": "smtp.example.com",
            "APPSMITH_MAIL_PORT": "587",
            "APPSMITH_MAIL_USERNAME": "ops",
            "APPSMITH_MAIL_SMTP_AUTH": "true",
            "APPSMITH_MAIL_PASSWORD": "smtp-secret",
            "APPSMITH_OAUTH2_GOOGLE_CLIENT_ID": "google",
            "APPSMITH_OAUTH2_GOOGLE_CLIENT_SECRET": "google-secret",
            "APPSMITH_DB_URL": "mongodb://root:db-secret@localhost/appsmith",
            "APPSMITH_ALLOWED_FRAME_ANCESTORS": "'self'",
        },
    )
    result = run_module("inventory_export", {"group": "production"})
    assert not result["failed"] and not result["changed"] and "path" not in result
    assert result["inventory"] == {
        "appsmith": {
            "children": {
                "production": {
                    "vars": {
                        "appsmith_url": f"http://{HOME}",
                        "appsmith_version": "v1.91",
                        "appsmith_username": "admin@example.com",
                        "appsmith_password": "{{ vault_appsmith_example_com_appsmith_password }}",
                        "appsmith_admin_name": "Ada Admin",
                        "appsmith_git_author": {"name": "Release Manager", "email": "release@example.com"},
                        "appsmith_settings": {
                            "instance_name": "Ops",
                            "atomic_push": False,
                            "signup": False,
                            "form_login": True,
                            "admin_emails": ["admin@example.com", "other@example.com"],
                            "telemetry": False,
                            "mail": {
                                "host": "smtp.example.com",
                                "port": 587,
                                "username": "ops",
                                "password": "{{ vault_appsmith_example_com_mail_password }}",
                            },
                            "environment": {
                                "APPSMITH_OAUTH2_GOOGLE_CLIENT_ID": "google",
                                "APPSMITH_OAUTH2_GOOGLE_CLIENT_SECRET": (
                                    "{{ vault_appsmith_example_com_appsmith_oauth2_google_client_secret }}"
                                ),
                                "APPSMITH_ALLOWED_FRAME_ANCESTORS": "'self'",
                            },
                        },
                    },
                    "hosts": {
                        HOME: {
                            "appsmith_workspace": "Operations",
                            "appsmith_branch": "staging",
                            "appsmith_applications": [
                                {"name": "desk", "remote_url": "ssh://git@git.example.com:2222/acme/desk.git"},
                                {"name": "orders", "remote_url": "git@git.example.com:acme/orders.git"},
                            ],
                            "appsmith_members": [
                                {"email": "admin@example.com", "role": "administrator"},
                                {"email": "vera@example.com", "role": "viewer"},
                            ],
                            "appsmith_datasources": [
                                {
                                    "name": "orders_db",
                                    "plugin": "postgres",
                                    "host": "db.example.com",
                                    "port": 5432,
                                    "database": "orders",
                                    "username": "orders",
                                    "password": "{{ vault_appsmith_example_com_orders_db_password }}",
                                },
                                {
                                    "name": "sheet",
                                    "plugin": "google-sheets",
                                    "configuration": {
                                        "authentication": {"authenticationType": "oAuth2", "scopeString": "drive"}
                                    },
                                },
                            ],
                        }
                    },
                }
            }
        }
    }
    assert read(result["text"]) == result["inventory"]
    assert [one["name"].removeprefix("vault_appsmith_example_com_") for one in result["vault_variables"]] == [
        "orders_db_password",
        "appsmith_password",
        "mail_password",
        "appsmith_oauth2_google_client_secret",
    ]
    notes = "\n".join(result["notes"])
    for said in (
        "'sketch' is not connected to Git",
        "audit@example.com has a role of your own making",
        "later (restapi-plugin) has no configuration yet",
        "sample (postgres-plugin) is Appsmith's sample data",
        "strange (p9) is not exported",
        "sheet (google-sheets-plugin) is not authorised in a browser",
        "the container is started with it: APPSMITH_DB_URL",
    ):
        assert said in notes, said
    # Every note stands in the file, if wrapped, and no secret does.
    plain = " ".join(result["text"].replace("#", " ").split())
    for note in result["notes"]:
        assert " ".join(note.partition(": ")[2].split()) in plain, note
    assert "-secret" not in result["text"] and "db-secret" not in str(result)


def test_two_workspaces_are_two_hosts(api, run_module):
    instance = Instance(api)
    twin = {**WORKSPACE, "id": "w3", "name": "Twin"}
    instance.begin(WORKSPACE, OTHER, twin, {**twin, "id": "w4"})
    instance.workspace(WORKSPACE)
    instance.workspace(OTHER)
    instance.settings()
    result = run_module("inventory_export", {"name": "live"})
    child = result["inventory"]["appsmith"]["children"]["live_instance"]
    assert {name: host["appsmith_workspace"] for name, host in child["hosts"].items()} == {
        "live-operations": "Operations",
        "live-ano-nuevo": "Año nuevo",
    }
    assert "appsmith_git_author" not in child["vars"]
    assert any("Several workspaces are named 'Twin'" in note for note in result["notes"])
    assert read(result["text"]) == result["inventory"]


def test_chosen_workspaces(api, run_module):
    instance = Instance(api)
    instance.begin(WORKSPACE, OTHER)
    instance.workspace(OTHER)
    instance.settings()
    hosts = run_module("inventory_export", {"workspaces": ["Año nuevo"]})["inventory"]["appsmith"]["children"]
    assert [list(child["hosts"]) for child in hosts.values()] == [[HOME]]


def test_a_workspace_that_is_not_there(api, run_module):
    Instance(api).begin(WORKSPACE)
    # The list is read once more, for the error.
    api.expect("GET", "/workspaces/home", data=[WORKSPACE])
    result = run_module("inventory_export", {"workspaces": ["Nowhere"]})
    assert result["failed"] and "'Operations'" in result["msg"]


@pytest.mark.parametrize(
    ("branches", "option", "branch", "note"),
    [
        ([[MASTER], [MASTER]], None, "master", None),
        ([[MASTER, STAGING], [MASTER]], None, "master", None),
        ([[MASTER, STAGING, {"refName": "qa"}], [MASTER, STAGING, {"refName": "qa"}]], None, "master", "guess"),
        ([[MASTER], [{"refName": "main", "default": True}]], None, None, "one at master, two at main"),
        ([[MASTER, STAGING], [MASTER]], "staging", "staging", "'two' is not at staging"),
        ([(400, "AE-GIT-4015", "broken"), [MASTER]], None, "master", "branches could not be read: broken"),
    ],
)
def test_the_branch(api, run_module, branches, option, branch, note):
    instance = Instance(api)
    instance.begin(WORKSPACE)
    instance.workspace(
        WORKSPACE,
        applications=[application(name, f"git@git.example.com:acme/{name}.git") for name in ("one", "two")],
        branches=list(zip(("one", "two"), branches, strict=True)),
    )
    instance.author()
    instance.settings()
    result = run_module("inventory_export", {"branch": option, "group": "live"})
    host = result["inventory"]["appsmith"]["children"]["live"]["hosts"][HOME]
    assert host.get("appsmith_branch") == branch
    found = [text for text in result["notes"] if note and note in text]
    assert bool(found) == bool(note), result["notes"]


@pytest.mark.parametrize(
    ("protected", "wanted", "note"),
    [
        ({"one": ["master"], "two": ["master"]}, True, None),
        ({"one": [], "two": []}, None, None),
        ({"one": ["master"], "two": []}, None, "'one' has master protected"),
        ({"one": ["main"], "two": ["main"]}, None, "'two' has main protected"),
        ({"one": ["master"], "two": (403, "AE-ACL-4003", "No")}, None, "'two': whether it is protected"),
    ],
)
def test_protected_branches(api, run_module, protected, wanted, note):
    instance = Instance(api)
    instance.begin(WORKSPACE)
    instance.workspace(
        WORKSPACE,
        applications=[application(name, f"git@git.example.com:acme/{name}.git") for name in ("one", "two")],
        branches=[("one", [MASTER]), ("two", [MASTER])],
        protected=protected.items(),
    )
    instance.author()
    instance.settings()
    result = run_module("inventory_export", {"group": "live"})
    host = result["inventory"]["appsmith"]["children"]["live"]["hosts"][HOME]
    assert host.get("appsmith_protected") is wanted
    assert note is None or any(note in text for text in result["notes"])


def test_the_older_git_api_and_settings(api, run_module):
    """v1.60 has sign-up among the variables, and what isn't set there is not said."""
    instance = Instance(api, "v1.60")
    instance.begin(WORKSPACE)
    params = {"workspaceId": "w1"}
    url = "git@git.example.com:acme/orders.git"
    api.expect("GET", "/applications/home", params=params, data=[application("orders", url)])
    api.expect("GET", "/git/branch/app/id-orders", data=[{"branchName": "master", "default": True}])
    api.expect("GET", "/git/branch/app/id-orders/protected", data=["master"])
    api.expect("GET", "/workspaces/w1/members", data=[ADA])
    api.expect("GET", "/datasources", params=params, data=[])
    api.expect("GET", "/git/profile/default", data={})
    api.expect("GET", "/tenants/current", data={"tenantConfiguration": {"isSignupDisabled": False}})
    api.expect("GET", "/admin/env", data={"APPSMITH_SIGNUP_DISABLED": "true", "APPSMITH_DISABLE_TELEMETRY": "odd"})
    result = run_module("inventory_export", {"group": "live"})
    variables = result["inventory"]["appsmith"]["children"]["live"]["vars"]
    # What can't be read as a switch goes as it is.
    settings = {"signup": False, "environment": {"APPSMITH_DISABLE_TELEMETRY": "odd"}}
    assert variables["appsmith_settings"] == settings
    assert result["inventory"]["appsmith"]["children"]["live"]["hosts"][HOME]["appsmith_protected"] is True
    assert "appsmith_git_author" not in variables
    assert any("Name and email that commits are made with are not known" in note for note in result["notes"])


def test_a_masked_secret_is_a_variable(api, run_module):
    instance = Instance(api, "v2.4")
    instance.begin(WORKSPACE)
    instance.workspace(WORKSPACE)
    instance.settings({}, {"APPSMITH_MAIL_HOST": "smtp.example.com", "APPSMITH_MAIL_PASSWORD": "********"})
    result = run_module("inventory_export", {"group": "live"})
    mail = result["inventory"]["appsmith"]["children"]["live"]["vars"]["appsmith_settings"]["mail"]
    assert mail == {"host": "smtp.example.com", "password": "{{ vault_appsmith_example_com_mail_password }}"}


def test_an_account_with_few_rights(api, run_module):
    instance = Instance(api)
    instance.begin({**WORKSPACE, "userPermissions": ["read:workspaces"]})
    forbidden = (403, "AE-ACL-4003", "Unauthorized access")
    api.expect("GET", "/applications/home", params={"workspaceId": "w1"}, data=[])
    api.expect("GET", "/workspaces/w1/members", error=forbidden)
    api.expect("GET", "/datasources", params={"workspaceId": "w1"}, data=[])
    api.expect("GET", "/tenants/current", data={"organizationConfiguration": {"instanceName": "Ops"}})
    api.expect("GET", "/admin/env", error=forbidden)
    result = run_module("inventory_export", {"group": "live"})
    child = result["inventory"]["appsmith"]["children"]["live"]
    assert child["hosts"] == {HOME: {"appsmith_workspace": "Operations"}}
    assert "appsmith_settings" not in child["vars"]
    notes = " ".join(result["notes"])
    assert "no Administrator of this workspace" in notes and "may not see who the members are" in notes
    assert "no administrator of the instance" in notes


def test_settings_without_the_caller(api, run_module):
    instance = Instance(api)
    instance.begin(WORKSPACE)
    instance.workspace(WORKSPACE)
    instance.settings({"instanceName": "Ops"}, {"APPSMITH_ADMIN_EMAILS": "other@example.com"})
    result = run_module("inventory_export", {"group": "live"})
    settings = result["inventory"]["appsmith"]["children"]["live"]["vars"]["appsmith_settings"]
    assert settings == {"instance_name": "Ops"}
    assert any("administrators' addresses are left out" in note for note in result["notes"])


def test_texts_that_look_like_templates_stay_as_they_are(api, run_module):
    instance = Instance(api)
    instance.begin({**WORKSPACE, "name": "{{ lookup('pipe', 'id') }}\n# {% x"})
    instance.workspace({**WORKSPACE}, members=[])
    instance.settings({"instanceName": "{{ 1 + 1 }}"})
    result = run_module("inventory_export", {"group": "live"})
    child = read(result["text"])["appsmith"]["children"]["live"]
    assert child["hosts"][HOME]["appsmith_workspace"] == "unsafe:{{ lookup('pipe', 'id') }}\n# {% x"
    assert child["vars"]["appsmith_settings"] == {"instance_name": "unsafe:{{ 1 + 1 }}"}


def test_a_comment_can_not_end_early(api, run_module):
    instance = Instance(api)
    instance.begin(WORKSPACE)
    instance.workspace(WORKSPACE, applications=[application("evil\nappsmith_url: http://evil\u2028x: y\r")])
    instance.settings()
    result = run_module("inventory_export", {"group": "live"})
    assert read(result["text"]) == result["inventory"]
    assert result["inventory"]["appsmith"]["children"]["live"]["hosts"][HOME].keys() == {
        "appsmith_workspace",
        "appsmith_members",
    }


# -- the file ----------------------------------------------------------------------------------------------------------
def test_the_file_is_written_for_its_owner_only(api, run_module, tmp_path):
    path = tmp_path / "live.yml"
    Instance(api).small()
    predicted = run_module("inventory_export", {"path": str(path)}, check_mode=True, diff=True)
    assert predicted["changed"] and not path.exists()
    Instance(api).small()
    result = run_module("inventory_export", {"path": str(path)}, diff=True)
    assert result["changed"] and result["path"] == str(path)
    assert path.read_text() == result["text"] == predicted["text"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert result["diff"]["after"] == predicted["diff"]["after"] == result["text"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_second_run_changes_nothing(api, run_module, tmp_path, check_mode):
    path = tmp_path / "live.yml"
    Instance(api).small()
    run_module("inventory_export", {"path": str(path)})
    Instance(api).small()
    assert not run_module("inventory_export", {"path": str(path)}, check_mode=check_mode)["changed"]


def test_an_export_replaces_an_older_one(api, run_module, tmp_path):
    path = tmp_path / "live.yml"
    Instance(api).small()
    run_module("inventory_export", {"path": str(path)})
    instance = Instance(api)
    instance.begin(WORKSPACE)
    instance.workspace(WORKSPACE, members=[ADA, VERA])
    instance.settings()
    result = run_module("inventory_export", {"path": str(path)}, diff=True)
    assert result["changed"] and "backup_file" not in result
    assert "vera@example.com" in path.read_text() and "vera@example.com" not in result["diff"]["before"]


def test_an_edited_file_is_not_replaced(api, run_module, tmp_path):
    path = tmp_path / "live.yml"
    Instance(api).small()
    run_module("inventory_export", {"path": str(path)})
    edited = path.read_text() + "# mine\n"
    path.write_text(edited)
    # Nothing is asked, not even for a sign-in.
    result = run_module("inventory_export", {"path": str(path)})
    assert result["failed"] and "was edited" in result["msg"] and path.read_text() == edited


def test_force_keeps_a_copy(api, run_module, tmp_path):
    path = tmp_path / "live.yml"
    path.write_text("appsmith_password: in-the-clear\n")
    Instance(api).small()
    predicted = run_module("inventory_export", {"path": str(path), "force": True}, check_mode=True, diff=True)
    assert predicted["changed"] and "in-the-clear" not in str(predicted) and len(list(tmp_path.iterdir())) == 1
    Instance(api).small()
    result = run_module("inventory_export", {"path": str(path), "force": True}, diff=True)
    assert result["changed"] and "in-the-clear" not in str(result)
    assert path.read_text() == result["text"]
    with open(result["backup_file"], encoding="utf-8") as copy:
        assert copy.read() == "appsmith_password: in-the-clear\n"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"path": "/nowhere/at/all.yml"}, "There is no folder"),
        ({"path": "/"}, "can't be read"),
        ({"name": "host[1:3]"}, "no name for an inventory"),
        ({"group": "my-group"}, "no name for an inventory"),
        ({"group": "appsmith"}, "another one than appsmith"),
    ],
)
def test_what_can_not_be(api, run_module, params, said):
    result = run_module("inventory_export", params)
    assert result["failed"] and said in result["msg"]
