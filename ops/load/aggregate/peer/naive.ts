import type pg from 'pg';
import { interactionTypes } from '../../../../pipeline/domain/interaction-type.ts';
import { eventKeyId } from '../../../../pipeline/domain/keys.ts';
import type { InteractionEnriched } from '../../../../schemas/generated/interaction-enriched.v1.ts';

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly next: number;
}

interface Body {
  recent: unknown[];
  tags: Record<string, number>;
}

/** Read, modify, write, announce, mark: everything an event needs, and nothing shared between events. */
export async function applyNaively(pool: pg.Pool, event: InteractionEnriched, place: Place): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const applied = await client.query({
      name: 'applied',
      text: 'INSERT INTO applied_event_0 (state_version, id) VALUES (1, $1) ON CONFLICT DO NOTHING',
      values: [eventKeyId(event.namespace, event.eventId)],
    });
    if (applied.rowCount === 1) await applyFirst(client, event, place);
    await client.query({
      name: 'offset',
      text: `INSERT INTO consumer_offset (state_version, stage, topic, partition, next_offset)
             VALUES (1, 'aggregation', $1, $2, $3)
             ON CONFLICT (state_version, stage, topic, partition) DO UPDATE SET next_offset = excluded.next_offset`,
      values: [place.topic, place.partition, place.next],
    });
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

async function applyFirst(client: pg.PoolClient, event: InteractionEnriched, { partition }: Place): Promise<void> {
  const { namespace, userId, itemId, type, occurredAt, consent, context } = event;
  const isShown = type === 'view' && context?.widget != null && context.surface !== 'pdp';
  if (itemId !== null && !isShown) {
    await client.query({
      name: 'activity',
      text: `INSERT INTO item_activity AS a VALUES (1, $1, $2, $3, $4, $5, $6, 1)
             ON CONFLICT (state_version, namespace, hour, segment, item_id, type, source_partition)
             DO UPDATE SET count = a.count + 1`,
      values: [
        namespace,
        Math.floor(occurredAt / 3_600_000),
        event.segment,
        itemId,
        interactionTypes.indexOf(type),
        partition,
      ],
    });
  }
  if (consent !== 'full' || isShown) return;
  const { rows } = await client.query<{ body: Body }>({
    name: 'load',
    text: `SELECT body FROM user_profile WHERE state_version = 1 AND namespace = $1 AND user_id = $2 FOR UPDATE`,
    values: [namespace, userId],
  });
  const { recent, tags } = rows[0]?.body ?? { recent: [], tags: {} };
  for (const tag of event.tags) tags[tag] = (tags[tag] ?? 0) + 1;
  const body: Body = { recent: [{ itemId, type, occurredAt }, ...recent].slice(0, 200), tags };
  const text = JSON.stringify(body);
  await client.query({
    name: 'save',
    text: `INSERT INTO user_profile (state_version, namespace, user_id, revision, body) VALUES (1, $1, $2, 1, $3)
           ON CONFLICT (state_version, namespace, user_id)
           DO UPDATE SET body = excluded.body, revision = user_profile.revision + 1`,
    values: [namespace, userId, text],
  });
  await client.query({
    name: 'announce',
    text: 'INSERT INTO outbox (shard, topic, key, event_id, payload, occurred_at) VALUES ($1, $2, $3, $4, $5, now())',
    values: [
      partition,
      'recommendation.profile.updated.v1',
      Buffer.from(`1|${namespace}|${userId}`),
      event.eventId,
      text,
    ],
  });
}
