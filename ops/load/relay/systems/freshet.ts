import { join } from 'node:path';
import { checkoutRoot } from '../../../stack/paths.ts';
import { stackEnvironment } from '../../../stack/stack.ts';
import { startRelayProcess } from '../relay-process.ts';
import type { RelaySystem } from './system.ts';

/** Our relay with its defaults, started as an operator starts it. */
export const createFreshet = ({ nodeOptions }: { readonly nodeOptions: readonly string[] }): RelaySystem => ({
  name: 'freshet',
  signalled: true,
  warmUpEvents: 50_000,
  prepare: async () => {}, // the migrations have made its tables
  appendSql: `INSERT INTO freshet.outbox (shard, topic, key, event_id, payload, occurred_at)
              SELECT shard, $1, key, event_id, payload, occurred_at
                FROM bench_event WHERE i >= $2 AND i < $3 ORDER BY i`,
  async reset({ client }) {
    await client.query('TRUNCATE freshet.outbox');
  },
  release: async () => {},
  start: ({ urls, prefix }) =>
    startRelayProcess({
      command: process.execPath,
      args: [...nodeOptions, join(checkoutRoot(), 'ops', 'cli', 'freshet.js'), 'run', '--roles', 'relay'],
      env: {
        ...stackEnvironment(urls),
        FRESHET_KAFKA_TOPIC_PREFIX: prefix,
        FRESHET_WORKER_METRICS_PORT: '0',
      },
    }),
});
