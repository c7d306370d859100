import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleOf } from '../../../ops/schemas/samples.ts';
import { openDeadLetterEncoder } from '../../../pipeline/broker/registry/dead-letters.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { deadLetter, done } from '../../../pipeline/kernel/outcome.ts';
import { outboxDeadLetters, producedDeadLetters } from '../../../pipeline/kernel/runner/dead-letter-sinks.ts';
import { createRunner } from '../../../pipeline/kernel/runner/runner.ts';
import { statefulEffect } from '../../../pipeline/kernel/runner/stateful.ts';
import { statelessEffect } from '../../../pipeline/kernel/runner/stateless.ts';
import { createDlqIndex, indexedDeadLetters } from '../../../pipeline/stages/dlq-index/dlq-index.ts';
import type { Tx } from '../../../pipeline/stores/postgres/database.ts';
import {
  createPostgresDeadLetterIndex,
  createPostgresDeadLetters,
} from '../../../pipeline/stores/postgres/dead-letters.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import type { DeadLetter } from '../../../schemas/generated/dead-letter.v1.ts';
import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { deadLetterTopic, topics } from '../../../schemas/topics.ts';
import { eventually } from '../../support/eventually.ts';
import { openServers, type Servers } from './servers.ts';

const source = topics.interactionRecorded;
const letters = deadLetterTopic(source, 'enrichment');
const eventIdOf = (value: InteractionRecorded) => value.eventId;

describe('a dead letter on real servers', () => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await openServers('letters', [source, letters]);
  });
  afterAll(() => servers.close());

  const interaction = (eventId: string): InteractionRecorded => ({
    ...(sampleOf(source.schema.json, 'most') as InteractionRecorded),
    eventId,
  });
  const encoder = () =>
    openDeadLetterEncoder({ codec: servers.codec, stage: 'enrichment', sources: [source], appVersion: '9.9.9' });
  const indexRunner = () => {
    const index = createPostgresDeadLetterIndex(servers.database);
    const stage = createDlqIndex({ index, topics: [letters] });
    return createRunner<DeadLetter>({
      ...servers.common,
      stage,
      owner: 'index',
      readerOf: () => servers.codec.reader(letters),
      effect: statelessEffect<DeadLetter, never>({
        stage,
        progress: servers.progress,
        deadLetters: indexedDeadLetters({ index }, '9.9.9'),
        clock: systemClock,
        eventIdOf: () => undefined,
      }),
    });
  };

  it('goes from a stateless stage over its topic into the index, and one that is none is indexed as it is', async () => {
    const { producer, codec, common, progress, database } = servers;
    const writer = await codec.writer(source);
    const bytes = ['good', 'refused'].map((id) => writer.write(interaction(id)));
    const records = [...bytes, Buffer.from('garbage')].map((value) => ({
      key: Buffer.from('default|u1'),
      value,
      headers: { origin: Buffer.from([1, 2, 255]) },
    }));
    await producer.send([{ topic: source.name, records }]);
    const stage = {
      kind: 'stateless',
      name: 'enrichment',
      consumes: [source],
      stateVersion: 0,
      handle: async (batch: readonly { readonly value: InteractionRecorded | null }[]) =>
        batch.map(({ value }) => (value?.eventId === 'refused' ? deadLetter('invalid', 'not this one') : done)),
    } as const;
    const deadLetters = producedDeadLetters(producer, await encoder());
    const effect = statelessEffect<InteractionRecorded, never>({
      stage,
      progress,
      deadLetters,
      clock: systemClock,
      eventIdOf,
    });
    const readerOf = () => codec.reader(source);
    const running = await createRunner({ ...common, stage, effect, readerOf, owner: 'stage' }).start((error) => {
      throw error;
    });
    await producer.send([{ topic: letters.name, records: [{ key: Buffer.alloc(0), value: Buffer.from('broken') }] }]);
    const indexing = await indexRunner().start((error) => {
      throw error;
    });
    const stored = await eventually(async () => {
      const found = await createPostgresDeadLetters(database).list({}, { limit: 10 });
      expect(found).toHaveLength(3);
      return found;
    });
    await running.stop();
    await indexing.stop();
    const common3 = { topic: source.name, stage: 'enrichment', key: Buffer.from('default|u1'), appVersion: '9.9.9' };
    const headers = [{ name: 'origin', value: Buffer.from([1, 2, 255]) }];
    const byReason = (reason: string, of: string) => stored.find((each) => each.reason === reason && each.stage === of);
    expect(byReason('invalid', 'enrichment')).toMatchObject({
      ...common3,
      headers,
      offset: 1n,
      eventId: 'refused',
      value: bytes[1],
      message: 'not this one',
    });
    expect(byReason('undecodable', 'enrichment')).toMatchObject({
      ...common3,
      offset: 2n,
      value: Buffer.from('garbage'),
    });
    expect(byReason('undecodable', 'dlq-index')).toMatchObject({ topic: letters.name, value: Buffer.from('broken') });
  });

  it('of a stateful stage is a row of the outbox if and only if its transaction commits', async () => {
    const { producer, codec, common, progress, database } = servers;
    await database.query({ text: `INSERT INTO state_version (version, settings) VALUES (5, '{}')` });
    const writer = await codec.writer(source);
    const stage = {
      kind: 'stateful',
      name: 'enrichment',
      consumes: [source],
      stateVersion: 5,
      apply: async (tx: Tx, batch: readonly { readonly value: InteractionRecorded | null }[]) => {
        for (const { value } of batch) {
          if (value?.eventId === 'poison') await tx.query({ text: `SELECT 'no number'::int` });
        }
        return batch.map(() => done);
      },
    } as const;
    let commits = 0;
    const effect = statefulEffect<InteractionRecorded, Tx>({
      stage,
      transactions: database,
      progress,
      deadLetters: outboxDeadLetters(appendOutbox, await encoder()),
      clock: systemClock,
      eventIdOf,
      afterCommit: () => {
        commits += 1;
      },
    });
    const ids = ['a', 'poison', 'b'];
    const records = ids.map((id) => ({ key: Buffer.from('default|u2'), value: writer.write(interaction(id)) }));
    await producer.send([{ topic: source.name, records }]);
    const readerOf = () => codec.reader(source);
    const running = await createRunner({ ...common, stage, effect, readerOf, owner: 'stage' }).start((error) => {
      throw error;
    });
    const rows = await eventually(async () => {
      const found = await database.query<{ topic: string; key: Buffer; event_id: string; payload: Buffer }>({
        text: `SELECT topic, key, event_id, payload FROM outbox WHERE event_id = 'poison'`,
      });
      expect(found).toHaveLength(1);
      return found;
    });
    await eventually(async () => {
      const ends = await servers.admin.offsets(source.name);
      const rest = (await progress.list('enrichment')).filter(({ stateVersion }) => stateVersion === 5);
      expect(rest.map(({ nextOffset }) => nextOffset)).toEqual(ends.map(({ high }) => high));
    });
    await running.stop();
    expect(commits).toBeGreaterThan(0);
    expect(rows[0]).toMatchObject({ topic: letters.name, key: Buffer.from('default|u2') });
    const read = await codec.reader(letters).read(rows[0]?.payload as Buffer);
    expect(read).toMatchObject({
      ok: true,
      value: { reason: 'unhandled', eventId: 'poison', stateVersion: 5, attempt: 2 },
    });
  });
});
