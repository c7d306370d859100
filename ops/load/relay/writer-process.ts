import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { connectionConfig } from '../../../pipeline/stores/postgres/database.ts';
import { createOutboxSignal } from '../../../pipeline/stores/postgres/outbox-signal.ts';
import { monotonicMs } from './monotonic.ts';
import type { WritePlan, Written } from './write-plan.ts';

/** The writers of a bench, in a process of their own: one statement a commit, pipelined over some connections. */
async function write(plan: WritePlan): Promise<Written> {
  const { from, to, rowsPerCommit, connections, eventsPerSecond, forMs = Number.POSITIVE_INFINITY } = plan;
  const config = { ...connectionConfig(plan.url), application_name: 'freshet bench writer' };
  const clients = Array.from({ length: connections }, () => new pg.Client(config));
  await Promise.all(clients.map((client) => client.connect()));
  const signal = plan.signalled ? createOutboxSignal({ url: plan.url, log: createLogger('warn') }) : undefined;
  const commits = Math.ceil((to - from) / rowsPerCommit);
  const committedAt = new Float64Array(commits);
  const startedAt = monotonicMs();
  const dueAt = (j: number) =>
    eventsPerSecond === undefined ? 0 : startedAt + (j * rowsPerCommit * 1_000) / eventsPerSecond;

  const lane = async (client: pg.Client, first: number) => {
    for (let j = first; j < commits; j += connections) {
      const wait = dueAt(j) - monotonicMs();
      if (wait > 0) await delay(Math.ceil(wait));
      if (monotonicMs() - startedAt > forMs) return;
      const at = from + j * rowsPerCommit;
      const values = [plan.topic, at, Math.min(to, at + rowsPerCommit)];
      await client.query({ name: 'write', text: plan.sql, values });
      committedAt[j] = monotonicMs();
      signal?.signal();
    }
  };
  await Promise.all(clients.map(lane));
  const endedAt = monotonicMs();
  await signal?.close();
  await Promise.all(clients.map((client) => client.end()));
  const done = committedAt.indexOf(0);
  const last = done < 0 ? commits : done;
  return {
    to: Math.min(to, from + last * rowsPerCommit),
    committedAt: committedAt.slice(0, last),
    startedAt,
    endedAt,
  };
}

process.once('disconnect', () => process.exit(1)); // the bench is gone
process.once('message', (plan: WritePlan) => {
  write(plan).then(
    (written) => process.send?.(written, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`bench writer: ${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    },
  );
});
