import { FreshetError } from '../../../kernel/errors.ts';
import type { OutboxEvent } from './event.ts';
import { appendError } from './refusal.ts';
import { submittedEvents } from './submitted-events.ts';

/** What runs a statement in the caller's transaction: a client of `pg`, or anything that looks like one. */
export interface AppendClient {
  query(text: string, values: unknown[]): PromiseLike<unknown>;
}

export interface AppendOptions {
  /** False leaves the wake-up of the relay to its polling, and the transaction free for PREPARE TRANSACTION. */
  readonly notify?: boolean;
  /** One of the topics in `freshet.outbox_submit`; its first one by default. */
  readonly topic?: string;
}

function refuseUnusable(client: AppendClient): void {
  const given = client as Partial<Record<'query' | 'totalCount' | 'idleCount', unknown>> | null | undefined;
  if (typeof given?.query !== 'function') {
    const remedy = 'pass the client that ran BEGIN, or throughDrizzle(tx, sql) for a transaction of drizzle';
    throw new FreshetError('client_invalid', `client has no function query(text, values): ${remedy}`);
  }
  if (typeof given.totalCount === 'number' && typeof given.idleCount === 'number') {
    const why = 'each of its queries may be a transaction of its own';
    throw new FreshetError('client_invalid', `client is a pool, and ${why}: pass the client that ran BEGIN`);
  }
}

/**
 * Appends events to the outbox, in order, by one statement inside the caller's transaction: they are published if and
 * only if it commits. Throws FreshetError that names field, limit and remedy; what is wrong with an event is found
 * before anything is sent, so that the transaction stays usable.
 */
export async function append(
  client: AppendClient,
  events: readonly OutboxEvent[],
  options: AppendOptions = {},
): Promise<void> {
  refuseUnusable(client);
  const list = submittedEvents(events);
  if (events.length === 0) return;
  const { notify = true, topic = null } = options;
  try {
    await client.query('SELECT freshet.append_events($1::jsonb, $2::boolean, $3::text)', [list, notify, topic]);
  } catch (error) {
    throw appendError(error);
  }
}
