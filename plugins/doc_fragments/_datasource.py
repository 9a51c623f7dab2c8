# Copyright (c) 2026, stagecraft.appsmith contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that describe a datasource, for one and for a list of them; private to the collection.

Written out twice, since ansible-test reads literals only; tests/unit/plugins/test_datasource_kinds.py compares the two.
"""

from __future__ import annotations


class ModuleDocFragment:
    # One datasource.
    DOCUMENTATION = r"""
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  update_secrets:
    description:
      - Secrets can be written to Appsmith and never read, so whether they differ can't be seen.
      - V(auto) writes them when the datasource is new, unconfigured (as after an import from Git), when anything
        visible differs, or when the plugin's test with the stored secret fails. Where the test proves nothing, as with
        REST, a secret alone that changed is not noticed.
      - V(always) writes them in every run, which is a change in every run.
      - V(on_create) writes them only to a datasource that is new or unconfigured. From v2.5.0 on Appsmith refuses a
        changed connection without its secrets.
    type: str
    choices: [auto, always, on_create]
    default: auto
  test:
    description:
      - Asks the plugin to try the configuration before it is saved, and the saved one after that.
      - If the first fails nothing is saved. If the second fails it was saved, and the failed result says C(changed).
      - Only done where the test proves something (databases, S3, SMTP); for the others the result says so.
    type: bool
    default: true
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
      - Appsmith's own C(datasourceConfiguration), for what the other options don't cover, and for plugins that have
        none.
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
    description: Password of O(username).
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
      - MongoDB. Whether O(host) is the name of a replica set, whose SRV record has its members.
      - It takes no port then. Defaults to V(false).
    type: bool
  auth_mechanism:
    description: MongoDB. How the password is checked. Defaults to V(SCRAM_SHA_1).
    type: str
    choices: [SCRAM_SHA_1, SCRAM_SHA_256, MONGODB_CR]
  auth_database:
    description:
      - MongoDB. The database that O(username) is stored in, if it isn't O(database).
    type: str
  url:
    description: REST and GraphQL. Address of the API.
    type: str
  headers:
    description: REST and GraphQL. Headers of every request. They are no secret to Appsmith, anybody who edits sees
      them.
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
    description: Token for O(authentication=bearer).
    type: str
  api_key:
    description: Key for O(authentication=api_key).
    type: str
  api_key_name:
    description: Name of the header or parameter that carries O(api_key).
    type: str
  api_key_in:
    description: Where O(api_key) goes. Defaults to V(header).
    type: str
    choices: [header, query]
  api_key_prefix:
    description: Word before O(api_key) in the header, such as V(Token). None by default.
    type: str
  client_id:
    description: Identifier of the OAuth2 client.
    type: str
  client_secret:
    description: Secret of O(client_id).
    type: str
  client_authentication:
    description: How O(client_id) and its secret are sent for a token. Defaults to V(body).
    type: str
    choices: [body, header]
  token_url:
    description: Address that OAuth2 tokens come from.
    type: str
  authorization_url:
    description: Address where a person consents, for O(authentication=oauth2_authorization_code).
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
    description: S3. Secret of O(access_key).
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
      - A query of a published application that uses the datasource. It is run to prove that it works, where O(test)
        is on, after a change and in every run.
      - It is the only proof for APIs, whose test calls nothing. With O(update_secrets=auto) its failure is what
        tells that a secret changed.
      - Name one that only reads. It is run in check mode as well, unless a change is due.
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
        description: Page of the query, if several have one of that name.
        type: str
      branch:
        description: Branch whose published content is meant. Defaults to the application's default branch.
        type: str
      expect:
        description:
          - JMESPath expression over the answer, such as V([0].current_user). It must find something.
          - Needs the Python library C(jmespath).
        type: str
      equals:
        description: What O(proof_query.expect) must find; without it, the whole answer.
        type: raw
"""

    # A list of them.
    LIST = r"""
options:
  workspace:
    description: Name of the workspace.
    type: str
    required: true
  update_secrets:
    description:
      - Secrets can be written to Appsmith and never read, so whether they differ can't be seen.
      - V(auto) writes them when the datasource is new, unconfigured (as after an import from Git), when anything
        visible differs, or when the plugin's test with the stored secret fails. Where the test proves nothing, as with
        REST, a secret alone that changed is not noticed.
      - V(always) writes them in every run, which is a change in every run.
      - V(on_create) writes them only to a datasource that is new or unconfigured. From v2.5.0 on Appsmith refuses a
        changed connection without its secrets.
    type: str
    choices: [auto, always, on_create]
    default: auto
  test:
    description:
      - Asks the plugin to try the configuration before it is saved, and the saved one after that.
      - If the first fails nothing is saved. If the second fails it was saved, and the failed result says C(changed).
      - Only done where the test proves something (databases, S3, SMTP); for the others the result says so.
    type: bool
    default: true
  datasources:
    description:
      - The datasources as they are to be. Others in the workspace are left alone.
      - All are checked before anything is sent; one that fails does not stop the others.
    type: list
    elements: dict
    required: true
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
          - A query of a published application that uses the datasource. It is run to prove that it works, where O(test)
            is on, after a change and in every run.
          - It is the only proof for APIs, whose test calls nothing. With O(update_secrets=auto) its failure is what
            tells that a secret changed.
          - Name one that only reads. It is run in check mode as well, unless a change is due.
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
            description: Page of the query, if several have one of that name.
            type: str
          branch:
            description: Branch whose published content is meant. Defaults to the application's default branch.
            type: str
          expect:
            description:
              - JMESPath expression over the answer, such as V([0].current_user). It must find something.
              - Needs the Python library C(jmespath).
            type: str
          equals:
            description: What O(datasources[].proof_query.expect) must find; without it, the whole answer.
            type: raw
"""
