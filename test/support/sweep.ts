import { deleteTopics, withAdmin } from '../../ops/stack/areas.ts';
import { identityOf } from '../../ops/stack/process-identity.ts';
import type { StackUrls } from '../../ops/stack/stack.ts';
import { dropTestDatabase } from './test-database.ts';

const database = /^freshet_test_p(\d+)_/;
const topicOrGroup = /^t\.p(\d+)\./;

const isDead = (name: string, pattern: RegExp): boolean => {
  const pid = pattern.exec(name)?.[1];
  return pid !== undefined && identityOf(Number(pid)) === undefined;
};

/**
 * Removes databases, topics and groups of runs that were killed before they could. Only on this checkout's own
 * servers: elsewhere the process numbers in the names may be those of another machine.
 */
export async function sweepDeadRuns(urls: StackUrls): Promise<void> {
  if (urls.driver !== 'embedded') return;
  const names = await withAdmin(urls.postgresUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      "SELECT datname FROM pg_database WHERE datname LIKE 'freshet_test_%'",
    );
    return rows.map((row) => row.datname);
  });
  for (const name of names) if (isDead(name, database)) await dropTestDatabase(urls.postgresUrl, name);
  await deleteTopics(urls.kafkaBrokers, (name) => isDead(name, topicOrGroup));
}
