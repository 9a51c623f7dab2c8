#!/bin/sh
# The official one makes docker.env and then becomes supervisord, which starts the programs, and again if they end.
# The container lives on when the backend does not come up, as there; it ends when the entrypoint itself fails.
release=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' /opt/appsmith/info.json)
database=/appsmith-stacks/data/mongodb
ended=
mongod=
trap 'ended=1' TERM INT

end() {
  if [ -n "$mongod" ]; then
    kill -TERM "$mongod" 2>/dev/null
    # A signal ends a wait; mongod gets the time that it needs to leave its files in order.
    while kill -0 "$mongod" 2>/dev/null; do wait "$mongod"; done
  fi
  exit "$1"
}

case "$SANDBOX_MONGODB" in
mongodb://localhost*)
  mkdir -p "$database" /appsmith-stacks/logs/mongodb
  # Alone in its set: nobody has to be waited for when it ends. The journal is not made in advance.
  mongod --port 27017 --dbpath "$database" --logpath /appsmith-stacks/logs/mongodb/db.log --logappend --replSet mr1 \
    --bind_ip localhost --wiredTigerCacheSizeGB 0.25 --oplogSize 64 \
    --wiredTigerEngineConfigString "log=(file_max=16MB,prealloc=false)" \
    --setParameter shutdownTimeoutMillisForSignaledShutdown=100 >/dev/null &
  mongod=$!
  ;;
esac
if [ -n "$SANDBOX_MONGODB" ]; then
  PYTHONPATH=/opt/appsmith/sandbox:/opt/appsmith/python \
    python3 -m appsmith_sandbox.mongostore "$SANDBOX_MONGODB" 60 || end 1
fi

while [ -z "$ended" ]; do
  sandbox instance serve --root /appsmith-stacks --port "${PORT:-80}" --version "$release" \
    --startup-seconds "${SANDBOX_STARTUP_SECONDS:-1}" &
  serve=$!
  wait $serve
  code=$?
  # A signal ends a wait; the backend gets the time that it needs.
  while kill -0 "$serve" 2>/dev/null; do
    wait $serve
    code=$?
  done
  [ "$code" != 70 ] || end 1
  [ -n "$ended" ] || sleep 1
done
end 0
