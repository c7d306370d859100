#!/usr/bin/env bash
# Honours POSTGRES_USER, POSTGRES_DB, POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_ARGS, PGDATA and *.sql of
# /docker-entrypoint-initdb.d. As in the public image, nothing listens on TCP before the database is complete.
set -Eeuo pipefail

sockets=/var/run/postgresql
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" "$sockets"
  chown -R postgres: /var/lib/postgresql "$sockets"
  chmod 700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi

sql() {
  psql -v ON_ERROR_STOP=1 --no-psqlrc -qh "$sockets" -U "$user" -d "$1" "${@:2}"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Words of POSTGRES_INITDB_ARGS are split on purpose.
  # shellcheck disable=SC2086
  initdb -D "$PGDATA" -U "$user" --auth=trust ${POSTGRES_INITDB_ARGS:-}
  printf "listen_addresses = '*'\nunix_socket_directories = '%s'\n" "$sockets" >>"$PGDATA/postgresql.conf"
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:?is the only way in here: set it to trust}" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  [ "$database" = postgres ] || sql postgres -c "CREATE DATABASE \"$database\""
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -e "$file" ] || sql "$database" -f "$file"
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
fi

exec "$@"
