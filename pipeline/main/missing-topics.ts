import type { BrokerAdmin } from '../broker/admin.ts';
import { TransientError } from '../kernel/errors.ts';

/**
 * Throws TransientError `topics_missing` that names them: a consumer of several topics reads none of them while one is
 * missing, and the broker does not say which.
 */
export async function mustHaveTopics(
  admin: Pick<BrokerAdmin, 'describe'>,
  topics: readonly { readonly name: string }[],
): Promise<void> {
  const names = topics.map(({ name }) => name);
  const present = new Set((await admin.describe(names)).map(({ name }) => name));
  const missing = names.filter((name) => !present.has(name));
  if (missing.length === 0) return;
  throw new TransientError(
    'topics_missing',
    `the cluster has no topic ${missing.join(', ')}: run \`npx freshet topics apply\``,
  );
}
