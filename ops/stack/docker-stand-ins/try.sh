#!/usr/bin/env bash
# Tries both uses of Docker on images that build.ts makes, from a clone of what is committed: the stack driver with
# a short demo, the whole application, the tests' containers. Uses the engine that answers; where none does, it
# starts one of its own (as root) and ends it afterwards. Keeps nothing.
set -euo pipefail

checkout=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
work=$(mktemp -d /var/tmp/freshet-docker-XXXXXX)
clone=$work/freshet
engine=
project=freshet-try

cleanup() {
  set +e
  if [ -d "$clone/node_modules" ]; then
    (cd "$clone" && docker compose -p "$project" down --volumes --timeout 10 && node ops/cli/freshet.js stack down --purge)
  fi
  if [ -n "$engine" ]; then
    kill "$engine"
    wait "$engine"
  fi
  rm -rf "$work"
}
trap cleanup EXIT

say() { printf '\n── %s\n' "$*"; }

start_engine() {
  say 'starting an engine'
  export DOCKER_HOST=unix://$work/docker.sock
  dockerd --storage-driver=vfs --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
    -H "$DOCKER_HOST" >"$work/dockerd.log" 2>&1 &
  engine=$!
  for _ in $(seq 100); do
    ! docker version >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  tail -n 20 "$work/dockerd.log" >&2
  return 1
}

# `go install` refuses the module for its replace directives.
build_compose() {
  say 'building docker compose from its Go module'
  export DOCKER_CONFIG=$work/config
  mkdir -p "$DOCKER_CONFIG/cli-plugins" "$work/compose"
  (cd "$work/compose" && go mod init compose && go get github.com/docker/compose/v2/cmd@v2.40.3 &&
    go build -o "$DOCKER_CONFIG/cli-plugins/docker-compose" github.com/docker/compose/v2/cmd) >"$work/go.log" 2>&1 ||
    { tail -n 20 "$work/go.log" >&2 && return 1; }
}

docker version >/dev/null 2>&1 || start_engine
docker compose version >/dev/null 2>&1 || build_compose

say 'cloning and installing'
git clone -q "$checkout" "$clone"
cd "$clone"
npm ci --silent
export PATH=$clone/node_modules/.bin:$PATH

say 'stand-ins'
node ops/stack/docker-stand-ins/build.ts

say 'the stack driver'
export FRESHET_STACK=docker
node ops/cli/freshet.js stack up
node ops/cli/freshet.js stack status
FRESHET_HTTP_PORT=0 node ops/cli/freshet.js demo --once --limit 2000
node ops/cli/freshet.js stack down
node ops/cli/freshet.js stack up
node ops/cli/freshet.js stack down --purge

say 'the whole application'
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
POSTGRES_PORT=$(free_port) KAFKA_PORT=$(free_port) REGISTRY_PORT=$(free_port) REDIS_PORT=$(free_port) HTTP_PORT=$(free_port)
export POSTGRES_PORT KAFKA_PORT REGISTRY_PORT REDIS_PORT HTTP_PORT
docker compose -p "$project" up --detach --wait
node ops/stack/docker-stand-ins/ask.ts "http://127.0.0.1:$HTTP_PORT"
docker compose -p "$project" down --volumes

say "the tests' containers"
# Its reaper is one more image from a registry.
TESTCONTAINERS_RYUK_DISABLED=true npm test --silent -- --project contract --project integration \
  test/contract/broker.test.ts test/contract/schema-registry.test.ts test/integration/ingest test/integration/relay

left=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project")$(docker volume ls --quiet)
[ -z "$engine" ] || [ -z "$left" ] || { echo "left behind: $left" >&2 && exit 1; }
say 'all of it works'
