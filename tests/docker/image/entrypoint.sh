#!/bin/sh
# The official one makes docker.env and then becomes supervisord, which starts the programs, and again if they end.
# The container lives on when the backend does not come up, as there.
release=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' /opt/appsmith/info.json)
ended=
trap 'ended=1' TERM INT
while [ -z "$ended" ]; do
  sandbox instance serve --root /appsmith-stacks --port "${PORT:-80}" --version "$release" \
    --startup-seconds "${SANDBOX_STARTUP_SECONDS:-1}" &
  wait $!
  # A signal ends the first wait; the backend gets the time that it needs.
  wait $!
  [ -n "$ended" ] || sleep 1
done
