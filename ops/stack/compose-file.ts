import { roles } from '../process/roles.ts';
import { containerSpecs, kafkaInside } from './images.ts';
import { type ServerName, serverNames } from './server-name.ts';
import { postgresUser } from './settings.ts';

type Value = string | number | readonly string[] | { readonly [key: string]: Value };

const variable = (name: string, fallback: string): string => `\${${name}:-${fallback}}`;

/** Variables that choose the published ports; the driver sets them, by hand the defaults are the usual ones. */
const portVariables: Readonly<Record<ServerName, string>> = {
  postgres: variable('POSTGRES_PORT', '5432'),
  kafka: variable('KAFKA_PORT', '9092'),
  registry: variable('REGISTRY_PORT', '8081'),
  redis: variable('REDIS_PORT', '6379'),
};

/** What the application's image is made from, unless BASE_IMAGE names another. */
export const baseImage = 'node:24-bookworm-slim';

const workerPort = 9_108;
const httpPort = 8_080;

function healthcheck(command: readonly string[]): Value {
  return { test: ['CMD', ...command], interval: '2s', timeout: '10s', retries: 60 };
}

function serverService(name: ServerName): Value {
  const spec = containerSpecs({ kafkaOutside: `127.0.0.1:${portVariables.kafka}` })[name];
  const mounts = Object.entries(spec.files).map(([file, target]) => `./ops/stack/${file}:${target}:ro`);
  const volumes = [...(spec.volume ? [`${name}:${spec.volume}`] : []), ...mounts];
  return {
    image: spec.image,
    ...(spec.command.length > 0 ? { command: spec.command } : {}),
    environment: spec.environment,
    ports: [`127.0.0.1:${portVariables[name]}:${spec.port}`],
    ...(volumes.length > 0 ? { volumes } : {}),
    healthcheck: healthcheck(spec.healthCommand),
    ...(spec.needs.length > 0 ? { depends_on: after(spec.needs, 'service_healthy') } : {}),
  };
}

function after(names: readonly string[], condition: string): Value {
  return Object.fromEntries(names.map((name) => [name, { condition }]));
}

/** What every process of ours is told; addresses are those inside the containers' network. */
const applicationEnvironment = {
  FRESHET_POSTGRES_URL: `postgres://${postgresUser}@postgres:5432/${postgresUser}`,
  FRESHET_KAFKA_BROKERS: kafkaInside,
  FRESHET_REGISTRY_URL: 'http://registry:8080/apis/ccompat/v7',
  FRESHET_REDIS_URL: 'redis://redis:6379/0',
  FRESHET_HTTP_HOST: '0.0.0.0',
  // Every address of the container, whose port is published on this machine alone.
  FRESHET_HTTP_AUTH: 'open',
  FRESHET_WORKER_METRICS_HOST: '0.0.0.0',
};

const application = { image: variable('FRESHET_IMAGE', 'freshet'), environment: applicationEnvironment };

/** Runs once: tables, schemas and topics are there before any role starts. It alone builds the image of all. */
const prepare = {
  ...application,
  build: {
    context: '.',
    dockerfile: 'ops/stack/Dockerfile',
    args: { BASE_IMAGE: variable('BASE_IMAGE', baseImage) },
  },
  entrypoint: [
    'sh',
    '-ec',
    ['migrate up', 'schemas apply', 'topics apply'].map((verb) => `node ops/cli/freshet.js ${verb}`).join('; '),
  ],
  depends_on: after(serverNames, 'service_healthy'),
};

function ready(port: number): Value {
  const script = `fetch('http://127.0.0.1:${port}/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return healthcheck(['node', '-e', script]);
}

function roleService(role: string): Value {
  const port = role === 'http' ? httpPort : workerPort;
  return {
    ...application,
    pull_policy: 'never',
    command: ['run', '--roles', role === 'http' ? 'http,admin' : role],
    depends_on: after(['prepare'], 'service_completed_successfully'),
    ...(role === 'http' ? { ports: [`127.0.0.1:\${HTTP_PORT:-${httpPort}}:${httpPort}`] } : {}),
    healthcheck: ready(port),
    restart: 'on-failure',
    stop_grace_period: '30s',
  };
}

/** YAML of plain values: every string is quoted, lists stand on one line. */
function yaml(value: { readonly [key: string]: Value }, indent = ''): string {
  return Object.entries(value)
    .map(([key, one]) => {
      if (typeof one === 'string' || typeof one === 'number') return `${indent}${key}: ${JSON.stringify(one)}\n`;
      if (Array.isArray(one)) return `${indent}${key}: [${one.map((item) => JSON.stringify(item)).join(', ')}]\n`;
      const nested = one as { readonly [key: string]: Value };
      return Object.keys(nested).length === 0
        ? `${indent}${key}: {}\n`
        : `${indent}${key}:\n${yaml(nested, `${indent}  `)}`;
    })
    .join('');
}

/** The text of docker-compose.yml: the four servers, and one service a role from one image. */
export function composeFile(): string {
  // The pull has nothing to do until somebody names a service.
  const elsewhere: readonly string[] = ['ingest', 'serving', 'admin', 'catalog-pull'];
  const workers = roles.filter((role) => !elsewhere.includes(role));
  const services = {
    ...Object.fromEntries(serverNames.map((name) => [name, serverService(name)])),
    prepare,
    ...Object.fromEntries(['http', ...workers].map((role) => [role, roleService(role)])),
  };
  const head =
    '# Generated by `freshet stack compose` from ops/stack/images.ts and settings.ts.\n' +
    '# FRESHET_HTTP_AUTH is open, for port 8080 is published on 127.0.0.1 alone: where you publish it to others, make it\n' +
    '# required and keys for clients (`npx freshet keys create`).\n';
  return head + yaml({ services, volumes: { postgres: {}, kafka: {} } });
}
