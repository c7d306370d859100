import { eventKeyId } from '../../pipeline/domain/keys.ts';
import type { Database } from '../../pipeline/stores/postgres/database.ts';
import { topics } from '../../schemas/topics.ts';
import type { Click } from './click-log.ts';
import { namespace } from './replay.ts';
import { type TopicPorts, topicIds } from './topic-ids.ts';

/** How often each id stands somewhere. */
type Counts = ReadonlyMap<string, number>;

/** One place that every accepted event must have reached. */
export interface StageCheck {
  readonly stage: string;
  /** Distinct ids there. */
  readonly events: number;
  /** Accepted ids that are not there. */
  readonly lost: number;
  /** Entries beyond the first of an id: harmless in a topic, where consumers skip them; wrong in state. */
  readonly repeated: number;
}

function tally(ids: Iterable<string>): Counts {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function compare(stage: string, expected: Counts, found: Counts): StageCheck {
  let lost = 0;
  let repeated = 0;
  for (const [id, count] of expected) lost += Math.max(0, count - (found.get(id) ?? 0));
  for (const [id, count] of found) repeated += Math.max(0, count - (expected.get(id) ?? 0));
  return { stage, events: found.size, lost, repeated };
}

async function idsOf(database: Database, text: string, values: unknown[]): Promise<Counts> {
  const rows = await database.query<{ id: string; count: bigint }>({ text, values });
  return new Map(rows.map((row) => [row.id, Number(row.count)]));
}

const outboxSql = 'SELECT event_id AS id, count(*) AS count FROM outbox WHERE topic = $1 GROUP BY 1';
const appliedSql = `SELECT id::text AS id, count(*) AS count FROM (
  SELECT id FROM applied_event_0 WHERE state_version = $1 UNION ALL
  SELECT id FROM applied_event_1 WHERE state_version = $1 UNION ALL
  SELECT id FROM applied_event_2 WHERE state_version = $1) AS applied GROUP BY 1`;
const activitySql = `SELECT item_id AS id, sum(count)::bigint AS count FROM item_activity
  WHERE state_version = $1 AND namespace = $2 GROUP BY 1`;

/**
 * Compares what was accepted with every stage, event by event: outbox and topics by event id, applied events by
 * the key made of it, and the counts in feature state with a count of the log itself, item by item.
 */
export async function verify(
  accepted: readonly Click[],
  database: Database,
  ports: TopicPorts,
  stateVersion: number,
): Promise<StageCheck[]> {
  const ids = tally(accepted.map((click) => click.eventId));
  const keys = tally(accepted.map((click) => eventKeyId(namespace, click.eventId)));
  const items = tally(accepted.map((click) => click.itemId));
  const { interactionRecorded, interactionEnriched } = topics;
  return [
    compare('outbox', ids, await idsOf(database, outboxSql, [interactionRecorded.name])),
    compare('published', ids, await topicIds(interactionRecorded, ports)),
    compare('enriched', ids, await topicIds(interactionEnriched, ports)),
    compare('applied', keys, await idsOf(database, appliedSql, [stateVersion])),
    compare('counted', items, await idsOf(database, activitySql, [stateVersion, namespace])),
  ];
}

/** Events that feature state has counted so far. */
export async function countedEvents(database: Database, stateVersion: number): Promise<number> {
  const [row] = await database.query<{ count: bigint }>({
    text: 'SELECT coalesce(sum(count), 0)::bigint AS count FROM item_activity WHERE state_version = $1 AND namespace = $2',
    values: [stateVersion, namespace],
  });
  return Number(row?.count ?? 0n);
}
