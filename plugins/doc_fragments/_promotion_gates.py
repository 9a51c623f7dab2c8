# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a promotion's gates; private to the collection.

The suboptions of datasources are those of doc_fragments/_datasource.py, written out since ansible-test reads literals
only; tests/unit/plugins/test_promotion_gates.py compares the two.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  drift:
    description:
      - What to do with a person's uncommitted changes on an application that is to be deployed. What only an upgrade's
        migration changed is told apart and never counts.
      - V(fail) refuses the application and names the files.
      - V(discard) throws the changes away, with O(strategy=discard), also where nothing is to be deployed.
      - V(rescue) saves them first, to a new branch in the repository, and then does as V(discard). That wants a deploy
        key that may write. Where the key may not, the application's export is saved to a file in O(rescue_directory).
        Where neither can be done the application is refused and nothing is lost.
    type: str
    choices: [fail, discard, rescue]
    default: fail
  rescue_branch:
    description:
      - Name of the branch for O(drift=rescue). It must be new.
      - Default is V(rescue/), the application's branch and the time in UTC, such as
        V(rescue/master-20261122T111500Z).
    type: str
  rescue_directory:
    description:
      - Folder on the controller for the files of O(drift=rescue). It is made if it isn't there. A file can be read by
        its owner only, and holds no configuration of datasources.
      - Default is C(rescued) below O(ledger_directory), if that is given.
    type: path
  git_author_name:
    description:
      - Author of the commit of O(drift=rescue). Default is the Git profile that is saved on the instance. Releases
        before v1.61 always take that one.
    type: str
  git_author_email:
    description: E-mail address of O(git_author_name). Give both or none.
    type: str
  skew:
    description:
      - What to do when the repository is of a newer format than this instance's release knows, which would break the
        application. V(fail) refuses it before anything is touched, and names the first release that opens the way.
      - It is known where the controller may read the repository, or by O(source_version).
    type: str
    choices: [fail, warn]
    default: fail
  source_version:
    description: The release of the instance that the commits come from, such as V(v1.91).
    type: str
  unconfigured:
    description:
      - What to do when an application uses datasources that have no configuration on this instance and none by
        O(datasources), those that come with the deployment included.
      - The latter are known where the controller may read the repository.
    type: str
    choices: [fail, warn]
    default: fail
  clash:
    description:
      - What to do when the name of a datasource is taken in the target's workspace by one of another plugin. The
        deployment would give the application a second, unconfigured datasource. It is known beforehand where the
        controller may read the repository.
      - One of the same name and plugin with another C(gitSyncId), as one that was made by hand, is used by the
        application all the same. It leaves uncommitted changes after every deployment, with which no pull works. So it
        is a warning, and with O(strategy=pull) it is what this option says.
    type: str
    choices: [fail, warn]
    default: fail
  manual:
    description:
      - What to do about datasources that a person must finish in a browser (Google Sheets and other SaaS, OAuth2 by
        authorization code) and kinds that this collection doesn't know how to configure (plugins of the vendor's cloud
        service). They are listed by application and page in any case.
      - Whether OAuth2 is used stands in no repository. It is known where the target has the datasource already, or
        from O(datasources).
      - V(warn) deploys and says where to finish them. V(fail) refuses until they are finished.
    type: str
    choices: [fail, warn]
    default: warn
  secrets:
    description:
      - What to do when the content to be promoted holds what looks like a key or password, typed into a query, a
        header, a body or a connection string.
      - The texts that the promotion changes are scanned, with the Python library C(detect-secrets), where the
        controller may read the repository. The secret itself is in no result, only its place, kind and fingerprint.
    type: str
    choices: [fail, warn, ignore]
    default: warn
  secrets_allowed:
    description:
      - Fingerprints of findings that are known and no secrets, as a warning of O(secrets) tells them.
    type: list
    elements: str
  freeze:
    description:
      - What to do when something is due in one of the O(freeze_windows). V(fail) deploys nothing. V(warn) is the
        override.
      - It is asked before the work and again before each wave.
    type: str
    choices: [fail, warn]
    default: fail
  freeze_windows:
    description:
      - Times in which nothing is deployed. Each is either from O(freeze_windows[].start) to O(freeze_windows[].end), or
        comes every week on O(freeze_windows[].weekdays). None by default.
    type: list
    elements: dict
    suboptions:
      name:
        description: What it is called in messages.
        type: str
        required: true
      start:
        description:
          - A day such as V(2026-12-20) or a time such as V(2026-12-20T18:00), in O(freeze_windows[].timezone) unless it
            says its own.
        type: str
      end:
        description: The same. A day alone is frozen to its end.
        type: str
      weekdays:
        description: The days on which it begins, every week.
        type: list
        elements: str
        choices: [mon, tue, wed, thu, fri, sat, sun]
      from:
        description: Time of day at which it begins on each of O(freeze_windows[].weekdays). Defaults to V(00:00).
        type: str
      to:
        description:
          - Time of day at which it ends. Defaults to V(24:00). One that isn't after O(freeze_windows[].from) is on the
            next day. Put times in quotes, YAML takes V(16:00) for a number.
        type: str
      timezone:
        description: Name of the time zone, such as V(Europe/Berlin).
        type: str
        default: UTC
  branches:
    description: What to do with an application at a branch that O(allowed_branches) doesn't allow.
    type: str
    choices: [fail, warn]
    default: fail
  allowed_branches:
    description:
      - Patterns of the branches that this instance deploys, such as V(master) or V(release/*). Every branch by default.
    type: list
    elements: str
  datasources:
    description:
      - Datasources with their credentials, for those that an application uses and that have no configuration here.
        Such a one is configured before the deployment; one that comes with the deployment is configured after it.
        Others are left alone, and one that is configured is never changed.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the datasource in the workspace.
        type: str
        required: true
      plugin:
        description:
          - Package name of its plugin, such as V(postgres-plugin). C(-plugin) may be left out.
          - If the workspace has a datasource of that name with another plugin, that is an error.
        type: str
        required: true
      configuration:
        description:
          - Appsmith's own C(datasourceConfiguration), for what the other options don't cover, and for plugins that
            have none.
          - It is laid over what the other options make. Members that are not given keep their value on the server.
          - C(authentication) that is left out keeps the stored one; V(null) takes it away.
        type: dict
      host:
        description: Databases and SMTP. Host name or address of the server.
        type: str
      port:
        description: Port of the server. Defaults to the usual one, such as V(5432) for PostgreSQL.
        type: int
      database:
        description: Databases. Name of the database; with Redis its number, V(0) by default.
        type: str
      username:
        description: Databases, SMTP, and APIs that are signed in to by V(basic). User name.
        type: str
      password:
        description: Password of O(datasources[].username).
        type: str
      ssl_mode:
        description:
          - SQL databases and MongoDB. How TLS is used, in the words of the plugin. Defaults to V(DEFAULT), with SQL
            Server to V(NO_VERIFY).
          - PostgreSQL has V(DEFAULT), V(ALLOW), V(PREFER), V(REQUIRE), V(DISABLE), V(VERIFY_CA) and V(VERIFY_FULL).
          - MySQL has V(DEFAULT), V(PREFERRED), V(REQUIRED) and V(DISABLED); SQL Server V(NO_VERIFY) and V(DISABLE).
          - MongoDB has V(DEFAULT), V(ENABLED) and V(DISABLED).
        type: str
      read_only:
        description: Databases but Redis. Whether Appsmith marks the connection as read-only. Defaults to V(false).
        type: bool
      replica_set:
        description:
          - MongoDB. Whether O(datasources[].host) is the name of a replica set, whose SRV record has its members.
          - It takes no port then. Defaults to V(false).
        type: bool
      auth_mechanism:
        description: MongoDB. How the password is checked. Defaults to V(SCRAM_SHA_1).
        type: str
        choices: [SCRAM_SHA_1, SCRAM_SHA_256, MONGODB_CR]
      auth_database:
        description:
          - MongoDB. The database that O(datasources[].username) is stored in, if it isn't O(datasources[].database).
        type: str
      url:
        description: REST and GraphQL. Address of the API.
        type: str
      headers:
        description: REST and GraphQL. Headers of every request. They are no secret to Appsmith, anybody who edits
          sees them.
        type: dict
      query_parameters:
        description: REST and GraphQL. Query parameters of every request.
        type: dict
      authentication:
        description:
          - REST and GraphQL. How to sign in to the API. If left out, what is stored stays.
          - V(oauth2_authorization_code) needs a person's consent in a browser, which is reported.
        type: str
        choices: [none, basic, bearer, api_key, oauth2_client_credentials, oauth2_authorization_code]
      bearer_token:
        description: Token for O(datasources[].authentication=bearer).
        type: str
      api_key:
        description: Key for O(datasources[].authentication=api_key).
        type: str
      api_key_name:
        description: Name of the header or parameter that carries O(datasources[].api_key).
        type: str
      api_key_in:
        description: Where O(datasources[].api_key) goes. Defaults to V(header).
        type: str
        choices: [header, query]
      api_key_prefix:
        description: Word before O(datasources[].api_key) in the header, such as V(Token). None by default.
        type: str
      client_id:
        description: Identifier of the OAuth2 client.
        type: str
      client_secret:
        description: Secret of O(datasources[].client_id).
        type: str
      client_authentication:
        description: How O(datasources[].client_id) and its secret are sent for a token. Defaults to V(body).
        type: str
        choices: [body, header]
      token_url:
        description: Address that OAuth2 tokens come from.
        type: str
      authorization_url:
        description: Address where a person consents, for O(datasources[].authentication=oauth2_authorization_code).
        type: str
      scopes:
        description: OAuth2 scopes.
        type: list
        elements: str
      audience:
        description: OAuth2 audience.
        type: str
      provider:
        description: S3. Whose service it is. Defaults to V(amazon-s3).
        type: str
        choices:
          - amazon-s3
          - upcloud
          - digital-ocean-spaces
          - wasabi
          - dream-objects
          - minio
          - google-cloud-storage
          - other
      access_key:
        description: S3. Access key.
        type: str
      secret_key:
        description: S3. Secret of O(datasources[].access_key).
        type: str
      region:
        description: S3. Region, where the provider needs it.
        type: str
      endpoint:
        description: S3. Address of the service, for all providers but V(amazon-s3).
        type: str
      bucket:
        description: S3. Default bucket, for V(google-cloud-storage).
        type: str
      proof_query:
        description:
          - A query that proves it. Used by M(stagecraft.appsmith.datasources) only, and here so that one list serves
            both; a promotion has smoke tests of its own.
        type: dict
        suboptions:
          application:
            description: Name of the application.
            type: str
            required: true
          query:
            description: Name of the query.
            type: str
            required: true
          page:
            description: Page of the query.
            type: str
          branch:
            description: Branch whose published content is meant.
            type: str
          expect:
            description: JMESPath expression over the answer.
            type: str
          equals:
            description: What O(datasources[].proof_query.expect) must find.
            type: raw
"""
