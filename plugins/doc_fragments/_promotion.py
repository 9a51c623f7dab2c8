# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a promotion and its plan; private to the collection. Those of its gates are in _promotion_gates.py.

The suboptions of smoke_tests are those of the module smoke_test, written out since ansible-test reads literals only;
tests/unit/plugins/test_promotion_docs.py compares the two.
"""

from __future__ import annotations


class ModuleDocFragment:
    # Which applications, how they are looked at, and in which order they are deployed.
    DOCUMENTATION = r"""
options:
  workspaces:
    description: Names of the workspaces. Default is every workspace that the account sees.
    type: list
    elements: str
    aliases: [workspace]
  applications:
    description:
      - Names of the applications. Default is all that are connected to a repository.
      - Without O(workspaces) each name must be in one workspace only.
    type: list
    elements: str
    aliases: [application]
  repositories:
    description: Addresses of repositories, in any spelling, whose applications are meant; beside O(applications).
    type: list
    elements: str
  branch:
    description:
      - The branch that this instance shows. Default is each application's first branch on it.
    type: str
  strategy:
    description:
      - V(discard) fetches and discards, which is fast, wants a read-only key, and works with a migration's traces.
      - V(pull) merges, for an instance on which people work. It wants a key with write access, a saved author and an
        unprotected branch.
    type: str
    choices: [discard, pull]
    default: discard
  verify:
    description:
      - How closely to look at applications to which there is nothing new.
      - V(status) finds what an interrupted promotion left half done. V(content) compares the published view with the
        edit view as well. V(fetch) believes that nothing new means nothing to do.
      - V(auto) does as V(fetch) where the notes in O(ledger_directory) say that this application was proven at most
        O(proof_max_age) hours ago and was not deployed since, and as V(status) otherwise.
    type: str
    choices: [auto, fetch, status, content]
    default: auto
  proof_max_age:
    description: For how many hours a proof is believed with O(verify=auto).
    type: int
    default: 168
  ledger_directory:
    description:
      - Folder on the controller for the ledger of promotions (C(promotions.jsonl)) and for the notes on what was proven
        (a file for each instance). It is made if it isn't there, and what is in it can be read by its owner only.
      - Runs that share it deploy on an instance one after the other, such as hosts of a play that are workspaces of one
        instance. One waits up to an hour for another, and then looks again at what it is to deploy.
      - Without it there is no ledger and no such lock, and V(auto) of O(verify) looks at every application.
    type: path
  assume_behind:
    description:
      - Names or repository addresses of applications to which earlier tasks of the play bring commits. Only used in
        check mode, in which those tasks didn't, so that it predicts their deployment all the same.
    type: list
    elements: str
  waves:
    description:
      - In which order applications are deployed. After each wave it is proven, the smoke tests are run, and a failure
        stops the rest.
      - Only those that are due count. What no wave takes goes with the last one.
      - Default is a canary wave of a tenth when more than ten are due. An empty list means no waves.
    type: list
    elements: dict
    suboptions:
      name:
        description: What it is called. Default is its number.
        type: str
      applications:
        description:
          - Names of applications, or V(workspace/name) where a name is in several workspaces. They must be selected.
        type: list
        elements: str
      percent:
        description:
          - How many it takes of those that no wave names, in the order of their names, as a share of all that are due,
            rounded up.
        type: int
  width:
    description: How many applications are fetched and looked at side by side, 1 to 32.
    type: int
    default: 4
  deploy_width:
    description:
      - How many are deployed side by side. Appsmith rolls back what is deployed beside another deployment, and such an
        application is repeated alone, so more than one is hardly ever faster.
    type: int
    default: 1
  read_repositories:
    description:
      - Whether the controller reads the repositories by SSH. Then the plan has the commits and what they change, the
        format is checked, and what is published is compared with the commit. Needs C(git), C(ssh) and the Python
        library C(GitPython).
      - Default is to do so when O(git_ssh_key_file) is given. A repository that can't be read is a warning then, and
        its plan has counts only; with V(true) it is an error.
    type: bool
  git_ssh_key_file:
    description:
      - Private SSH key that may read the repositories. With one that may write, deployed commits are tagged
        as well.
    type: path
  git_known_hosts_file:
    description: File with the known keys of the Git host. Default is the user's own.
    type: path
  git_accept_new_host_key:
    description: Whether to trust a Git host whose key isn't known yet.
    type: bool
    default: false
"""

    # What the modules that deploy have beside them.
    DEPLOYING = r"""
options:
  stop_on_error:
    description:
      - Whether the first application that fails ends the work on the others. Each is proven then before the next one is
        touched, and nothing is deployed where a look or a gate fails.
    type: bool
    default: false
  test_unchanged:
    description: Whether O(smoke_tests) are run also for applications that nothing was deployed to.
    type: bool
    default: false
  tag:
    description:
      - Whether the deployed commit gets an annotated tag in the repository, which says what was promoted, when and by
        whom. V(auto) tries where the controller has access to the repositories, and a refusal is a warning. V(always)
        makes it an error.
    type: str
    choices: [auto, always, never]
    default: auto
  promoted_by:
    description: Who promotes, for the records. Default is the account on the instance.
    type: str
  smoke_tests:
    description:
      - Tests that are run after each wave, those of the applications that were deployed so far and those of no
        application. A failure stops the other waves and fails the task.
      - With O(ledger_directory) failed tests are run again by the next run, before anything is deployed.
      - They are those of M(stagecraft.appsmith.smoke_test).
    type: list
    elements: dict
    suboptions:
      name:
        description: What to call it in the result. Defaults to the application and the query, or to what is tested.
        type: str
      application:
        description:
          - Name of the application; V(workspace/name) where several are named so.
          - Without it the test is one of the instance (O(smoke_tests[].health), O(smoke_tests[].version), or a
            sign-in).
        type: str
      pages:
        description:
          - Names of published pages that must load.
          - Default is all that are published, unless O(smoke_tests[].query) or O(smoke_tests[].datasources) say what is
            meant. At least one has to be published in any case.
          - Loads means that the server answers with the page's layout. Nothing is drawn, and no query of it is run.
        type: list
        elements: str
        default: []
      query:
        description:
          - Name of a published query to run. It must succeed.
          - It is run in check mode as well, so use one that only reads.
        type: str
      page:
        description: Name of the query's page, where several pages have a query of that name.
        type: str
      expect:
        description:
          - JMESPath expression on the query's answer, such as V([0].current_user).
          - Without O(smoke_tests[].equals) it has to find something.
        type: str
      equals:
        description: What O(smoke_tests[].expect), or without it the whole answer, has to be.
        type: raw
      datasources:
        description:
          - Names of datasources of the workspace that must work; V(*) means all that the application uses.
          - The plugin's own test is asked where it calls the other side (databases, SMTP, S3). Tests of REST, GraphQL
            and other APIs say yes without a call; such a datasource has to be configured, and the result says that it
            is not proven. Run a query for proof.
        type: list
        elements: str
        default: []
      username:
        description:
          - Sign in with this account, and look at the application as this account does, with what it may see.
          - Use an account of a viewer, with O(smoke_tests[].password). A refused password is tried once and does not
            count towards the suspension of the account.
        type: str
      password:
        description: Password of O(smoke_tests[].username).
        type: str
      anonymous:
        description: Look at the application as somebody who has not signed in, for public applications.
        type: bool
        default: false
      health:
        description: Whether the instance must say that it is healthy.
        type: bool
        default: false
      version:
        description: Release that the instance must run, such as V(v1.91). One that does not tell its release passes.
        type: str
"""
