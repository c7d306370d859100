import { expect, expectTypeOf, it } from 'vitest';
import {
  append,
  type EventType,
  type OutboxEvent,
} from '../../../../../pipeline/stores/postgres/outbox-writer/index.ts';
import type { InteractionType } from '../../../../../schemas/generated/interaction-recorded.v1.ts';

const event: OutboxEvent = { event_id: 'e-1', user_id: 'u-1', item_id: 'i-1', type: 'view' };

it('knows every type of event', () => {
  expectTypeOf<EventType>().toEqualTypeOf<InteractionType>();
});

it.each([
  ['nothing', undefined, 'client has no function query'],
  ["drizzle's transaction", { query: {}, execute: async () => [] }, 'throughDrizzle(tx, sql)'],
  ['a pool', { query: async () => [], totalCount: 1, idleCount: 0 }, 'client is a pool'],
])('takes %s for no client of a transaction', async (_, client, words) => {
  await expect(append(client as never, [event])).rejects.toMatchObject({
    code: 'client_invalid',
    message: expect.stringContaining(words),
  });
});

it('hands on errors that are not about events as they came', async () => {
  const lost = Object.assign(new Error('connection lost'), { code: 'ECONNRESET' });
  const failing = { query: () => Promise.reject(lost) };
  await expect(append(failing, [event])).rejects.toBe(lost);
});

it('asks nothing of the database for no events', async () => {
  await append({ query: () => Promise.reject(new Error('asked')) }, []);
});
