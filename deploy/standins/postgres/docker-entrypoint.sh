#!/bin/bash
# Starts PostgreSQL as the official image does: makes the user and the database of POSTGRES_… once, then serves.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
    install --directory --owner postgres --mode 0700 "$PGDATA"
    chown postgres "$(dirname "$PGDATA")"
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?}"
    user=${POSTGRES_USER:-postgres}
    initdb --pgdata "$PGDATA" --username "$user" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") \
        --auth-local trust --auth-host scram-sha-256 --encoding UTF8 --no-instructions
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --pgdata "$PGDATA" --wait --options "-c listen_addresses= -c unix_socket_directories=/tmp" start
    createdb --host /tmp --username "$user" "${POSTGRES_DB:-$user}"
    pg_ctl --pgdata "$PGDATA" --wait --mode fast stop
fi
exec "$@" -c "listen_addresses=*" -c unix_socket_directories=/tmp
