import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../pipeline/kernel/config.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import { accessRole } from '../../../../serving/main/access.ts';
import { stillClock } from '../../../support/serving-harness.ts';

const servers = {
  FRESHET_POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none',
  FRESHET_KAFKA_BROKERS: '127.0.0.1:1',
  FRESHET_REGISTRY_URL: 'http://127.0.0.1:1',
  FRESHET_REDIS_URL: 'redis://127.0.0.1:1/0',
};
const issuer = {
  FRESHET_JWT_ISSUER: 'https://login.example/',
  FRESHET_JWT_AUDIENCE: 'freshet',
  FRESHET_JWT_JWKS_URL: 'https://login.example/jwks',
};

/** Names of what would be started, and what was logged as a warning. */
function roleOf(env: Readonly<Record<string, string>>) {
  const warnings: string[] = [];
  const role = accessRole({
    config: parseConfig({ ...servers, ...env }),
    log: createLogger('warn', { write: (line) => void warnings.push(line) }),
    metrics: createMetrics(),
    clock: stillClock,
    random: () => 0,
    makeId: () => 'made',
  });
  return { components: role?.components.map(({ name }) => name), warnings };
}

describe('who may come in', () => {
  it('is anybody on this machine alone, without a word', () => {
    expect(roleOf({})).toEqual({ components: undefined, warnings: [] });
  });

  it('is whoever has a key on any other address', () => {
    const { components, warnings } = roleOf({ FRESHET_HTTP_HOST: '0.0.0.0' });
    expect([components, warnings]).toEqual([['api-key-connection', 'api-keys'], []]);
  });

  it('is anybody on any other address where that is asked for, with a warning', () => {
    const { components, warnings } = roleOf({ FRESHET_HTTP_HOST: '0.0.0.0', FRESHET_HTTP_AUTH: 'open' });
    expect(components).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('anybody who reaches this address may read and write all')]);
  });

  it('is whoever has a key or a token where an issuer is named', () => {
    expect(roleOf(issuer).components).toEqual(['api-key-connection', 'api-keys', 'issuer-keys']);
    expect(() => roleOf({ ...issuer, FRESHET_HTTP_AUTH: 'open' })).toThrow('FRESHET_HTTP_AUTH: is open');
  });
});
