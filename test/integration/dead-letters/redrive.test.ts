import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleOf } from '../../../ops/schemas/samples.ts';
import type { Producer } from '../../../pipeline/broker/producer.ts';
import { printAddress } from '../../../pipeline/domain/dead-letter-address.ts';
import { partitionOf } from '../../../pipeline/domain/murmur2.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import type { DeadLetterEntry } from '../../../pipeline/stores/dead-letter.ts';
import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import type { TopicDef } from '../../../schemas/topic.ts';
import { jsonTopics, topics } from '../../../schemas/topics.ts';
import { openServers, type Servers } from '../runner/servers.ts';
import { by, gently, letterOf, openRig } from './rig.ts';

const { interactionRecorded: recorded, interactionEnriched: enriched, itemChanged } = topics;
const day = 86_400_000;
const submit = {
  FRESHET_SUBMIT_TOPICS: [
    { name: 'engagement-events', format: 'json' },
    { name: 'shop-events', format: 'json' },
  ],
} as const;
const shopEvents = { ...jsonTopics.engagementEvents, name: 'shop-events' } as unknown as TopicDef;
const everything = { filter: {} };

let servers: Servers;
let rig: ReturnType<typeof openRig>;
let bytes: (eventId: string, receivedAt?: number) => Buffer;

beforeAll(async () => {
  const sources = [recorded, enriched, itemChanged, jsonTopics.engagementEvents as unknown as TopicDef, shopEvents];
  servers = await openServers('redrive', sources as TopicDef[]);
  rig = openRig(servers, submit);
  const writer = await servers.codec.writer(recorded);
  const sample = sampleOf(recorded.schema.json, 'most') as InteractionRecorded;
  bytes = (eventId, receivedAt = Date.now() - day) => writer.write({ ...sample, eventId, receivedAt });
});
beforeEach(() => rig.clear());
afterAll(() => servers?.close());

let fresh = 0n;
const newOffset = () => {
  fresh += 1n;
  return fresh;
};
const letter = (given: Partial<DeadLetterEntry> = {}) =>
  letterOf(recorded, { offset: newOffset(), value: bytes('e'), ...given });
/** What arrived for these letters. */
async function arrivedFor(letters: readonly DeadLetterEntry[], topic = recorded.name) {
  const wanted = new Set(letters.map(printAddress));
  return (await rig.read(topic)).filter(({ redrive }) => redrive !== undefined && wanted.has(printAddress(redrive)));
}
const named = (letters: readonly DeadLetterEntry[]) => ({ selection: { keys: letters }, ...gently });

describe('redrive', () => {
  it('sends key, value and headers as they were to where they were, and says of what it is a redrive', async () => {
    const key = Buffer.from([0, 200, 255]);
    const elsewhere = (partitionOf(key, recorded.partitions) + 1) % recorded.partitions;
    const headers = [{ name: 'origin', value: Buffer.from([1, 255]) }];
    const keyed = letter({ key, partition: elsewhere, headers, redriveCount: 1 });
    const keyless = letter({ key: null, partition: 5 });
    const empty = letter({ key: Buffer.alloc(0), partition: 6 });
    const tombstone = letter({ value: null, partition: 2 });
    await rig.index.put([keyed, keyless, empty, tombstone]);
    const result = await rig.verbs().redrive({ selection: everything, ...gently }, by);
    expect(result).toMatchObject({ settled: 4, refused: 0, busy: 0, endedBy: null, failure: null });
    const arrived = await arrivedFor([keyed, keyless, empty, tombstone]);
    expect(arrived.find(({ redrive }) => redrive?.offset === keyed.offset)).toMatchObject({
      key,
      value: keyed.value,
      headers: { origin: Buffer.from([1, 255]) },
      partition: elsewhere,
      redrive: {
        stateVersion: 0,
        stage: 'enrichment',
        topic: recorded.name,
        count: 2,
        firstFailedAt: keyed.firstFailedAt,
      },
    });
    expect(arrived.find(({ redrive }) => redrive?.offset === keyless.offset)).toMatchObject({
      key: null,
      partition: 5,
    });
    expect(arrived.find(({ redrive }) => redrive?.offset === empty.offset)).toMatchObject({
      key: Buffer.alloc(0),
      partition: 6,
    });
    expect(arrived.find(({ redrive }) => redrive?.offset === tombstone.offset)).toMatchObject({ value: null });
    expect(await rig.statuses()).toEqual({ redriven: 4 });
  });

  it('changes nothing when it is done again, and the audit shows both', async () => {
    const letters = [letter(), letter()];
    await rig.index.put(letters);
    await rig.verbs().redrive({ selection: { filter: { reason: 'unhandled' } }, limit: 10, ...gently }, by);
    const again = await rig.verbs().redrive({ selection: everything, ...gently }, { operator: 'bob', reason: 'again' });
    expect(again).toMatchObject({ settled: 0, refused: 0 });
    expect(await arrivedFor(letters)).toHaveLength(2);
    expect(await rig.audit()).toMatchObject([
      {
        operator: 'ann',
        verb: 'dlq redrive',
        reason: 'the fix is out',
        details: {
          state: 'done',
          settled: 2,
          filter: { reason: 'unhandled' },
          limit: 10,
          first: letters.map(printAddress),
        },
      },
      { operator: 'bob', verb: 'dlq redrive', details: { state: 'done', settled: 0, filter: {} } },
    ]);
    const view = await rig.verbs().show(letters[0] as DeadLetterEntry);
    expect(view?.history).toMatchObject([{ operator: 'ann', reason: 'the fix is out' }]);
  });

  const unknownId = Buffer.alloc(12);
  unknownId.writeInt32BE(2_000_000_000, 1);
  const long = Date.now() - 70 * day;
  const refused: [string, () => DeadLetterEntry][] = [
    ['undecodable', () => letter({ value: Buffer.from('garbage') })],
    ['schema_unknown', () => letter({ value: unknownId })],
    ['too_old', () => letter({ value: bytes('old', long) })],
    ['too_old', () => letter({ value: null, recordedAt: long })],
    ['redriven_too_often', () => letter({ redriveCount: 3 })],
    ['topic_unknown', () => letter({ topic: 'was.once.v1' })],
    ['version_not_running', () => letterOf(enriched, { stage: 'aggregation', stateVersion: 99, offset: newOffset() })],
    ['compacted_topic', () => letterOf(itemChanged, { stage: 'catalog-items', offset: newOffset() })],
  ];

  it.each(refused)('refuses what is %s, and it stays open; a dry run says the same', async (code, make) => {
    const poor = make();
    await rig.index.put([poor, letter()]);
    const rehearsed = await rig.verbs().rehearse({ selection: everything, ...gently });
    expect(await rig.audit()).toEqual([]);
    expect(await rig.statuses()).toEqual({ open: 2 });
    const result = await rig.verbs().redrive({ selection: everything, ...gently }, by);
    for (const one of [rehearsed, result]) {
      expect(one).toMatchObject({ settled: 1, refused: 1 });
      expect(one.groups.find((group) => group.refused !== null)).toMatchObject({
        refused: code,
        count: 1,
        example: printAddress(poor),
        message: expect.stringMatching(/\w/),
      });
    }
    expect(await rig.statuses()).toEqual({ open: 1, redriven: 1 });
    expect(await rig.audit()).toMatchObject([{ details: { settled: 1, refused: { [code]: 1 } } }]);
  });

  it('sends what was redriven too often, or is of a compacted topic, by force alone', async () => {
    const often = letter({ redriveCount: 7 });
    const item = letterOf(itemChanged, { stage: 'catalog-items', offset: newOffset() });
    await rig.index.put([often, item]);
    const result = await rig.verbs().redrive({ selection: everything, maxRedrives: 3, force: true }, by);
    expect(result).toMatchObject({ settled: 2, refused: 0 });
    expect(await arrivedFor([often])).toMatchObject([{ redrive: { count: 8 } }]);
  });

  it('goes to another topic that can read it, but not for one version of state', async () => {
    const value = Buffer.from('{"event_id":"e1"}');
    const submitted = letterOf(jsonTopics.engagementEvents, { stage: 'intake', offset: newOffset(), value });
    const versioned = letterOf(enriched, { stage: 'aggregation', stateVersion: 1, offset: newOffset() });
    await rig.index.put([submitted, versioned]);
    const result = await rig.verbs().redrive({ selection: everything, to: 'shop-events', ...gently }, by);
    expect(result.groups).toMatchObject([
      { stage: 'intake', refused: null },
      { stage: 'aggregation', refused: 'meant_for_its_version' },
    ]);
    const arrived = await arrivedFor([submitted], 'shop-events');
    expect(arrived).toMatchObject([{ value, redrive: { topic: 'engagement-events' } }]);
    const nowhere = rig.verbs().redrive({ selection: everything, to: 'no.such.topic', ...gently }, by);
    await expect(nowhere).rejects.toMatchObject({ code: 'topic_unknown' });
    const avro = await rig.verbs().rehearse({ selection: { filter: {} }, to: recorded.name, ...gently });
    expect(avro.settled).toBe(0);
  });

  it('takes those that are named, and says which are not there or not open', async () => {
    const [one, two, gone] = [letter(), letter(), letter()];
    await rig.index.put([one, two]);
    await rig.verbs().discard({ selection: { keys: [two] } }, by);
    const result = await rig.verbs().redrive(named([one, two, gone]), by);
    expect(result).toMatchObject({
      settled: 1,
      notOpen: [printAddress(two)],
      absent: [printAddress(gone)],
      busy: 0,
    });
  });

  it('sends no more than the limit, in the order of partitions and offsets', async () => {
    const letters = Array.from({ length: 30 }, () => letter());
    await rig.index.put(letters.toReversed());
    const result = await rig.verbs().redrive({ selection: everything, limit: 10, ...gently }, by);
    expect(result).toMatchObject({ settled: 10, endedBy: 'limit' });
    const arrived = await arrivedFor(letters);
    expect(arrived.map(({ redrive }) => redrive?.offset)).toEqual(letters.slice(0, 10).map(({ offset }) => offset));
    expect(await rig.statuses()).toEqual({ open: 20, redriven: 10 });
  });

  it('keeps to its rate, and stops between two batches when it is told to', async () => {
    const letters = Array.from({ length: 60 }, () => letter());
    await rig.index.put(letters);
    const stopping = new AbortController();
    const slept: number[] = [];
    const clock = {
      ...systemClock,
      monotonic: () => 1_000,
      async sleep(ms: number) {
        slept.push(Math.round(ms));
        if (slept.length === 3) stopping.abort();
      },
    };
    const request = { selection: everything, ratePerSecond: 40, signal: stopping.signal, ...gently };
    const result = await rig.verbs(servers.producer, clock).redrive(request, by);
    expect(result).toMatchObject({ settled: 30, endedBy: 'signal' });
    expect(slept).toEqual([250, 500, 750]); // since a clock that stands still is never caught up with
    expect(await rig.audit()).toMatchObject([{ details: { state: 'stopped', settled: 30 } }]);
    expect(await rig.statuses()).toEqual({ open: 30, redriven: 30 });
  });

  it('sends no letter twice when two of them run at once', async () => {
    const letters = Array.from({ length: 2_400 }, (_, n) => letter({ partition: n % 8 }));
    await rig.index.put(letters);
    const run = () => rig.verbs().redrive({ selection: everything, ...gently }, by);
    const results = await Promise.all([run(), run()]);
    const last = await run();
    expect([...results, last].reduce((sum, { settled }) => sum + settled, 0)).toBe(2_400);
    const arrived = await arrivedFor(letters);
    expect(arrived).toHaveLength(2_400);
    expect(new Set(arrived.map(({ redrive }) => redrive?.offset)).size).toBe(2_400);
    expect(await rig.statuses()).toEqual({ redriven: 2_400 });
  });

  it('leaves letters open when it ends between sending and marking, and sends them again under the same count', async () => {
    const one = letter();
    await rig.index.put([one]);
    const dying: Pick<Producer, 'send'> = {
      async send(batch) {
        await servers.producer.send(batch);
        throw new TransientError('kafka_unavailable', 'the answer was lost');
      },
    };
    const result = await rig.verbs(dying).redrive({ selection: everything, ...gently }, by);
    expect(result).toMatchObject({ settled: 0, endedBy: 'failure', failure: { code: 'kafka_unavailable' } });
    expect(await rig.statuses()).toEqual({ open: 1 });
    expect(await rig.verbs().redrive({ selection: everything, ...gently }, by)).toMatchObject({ settled: 1 });
    expect((await arrivedFor([one])).map(({ redrive }) => redrive?.count)).toEqual([1, 1]);
    expect(await rig.audit()).toMatchObject([
      { details: { state: 'failed', settled: 0 } },
      { details: { state: 'done', settled: 1 } },
    ]);
  });

  it('tells what was done when the broker goes away half way', async () => {
    await rig.index.put(Array.from({ length: 1_200 }, () => letter()));
    let calls = 0;
    const leaving: Pick<Producer, 'send'> = {
      async send(batch) {
        calls += 1;
        if (calls === 3) throw new TransientError('kafka_unavailable', 'away');
        await servers.producer.send(batch);
      },
    };
    const result = await rig.verbs(leaving).redrive({ selection: everything, ...gently }, by);
    expect(result).toMatchObject({ settled: 1_000, endedBy: 'failure' });
    expect(await rig.statuses()).toEqual({ open: 200, redriven: 1_000 });
    expect(await rig.audit()).toMatchObject([{ details: { state: 'failed', settled: 1_000 } }]);
  });

  it('does not hide a failure that comes in before it has marked', async () => {
    const one = letter();
    await rig.index.put([one]);
    const putting: Promise<void>[] = [];
    const failingAtOnce: Pick<Producer, 'send'> = {
      async send(batch) {
        await servers.producer.send(batch);
        // The clock of the stage's machine may be behind.
        putting.push(rig.index.put([{ ...one, redriveCount: 1, lastFailedAt: one.lastFailedAt - 5_000 }]));
      },
    };
    await rig.verbs(failingAtOnce).redrive({ selection: everything, ...gently }, by);
    await Promise.all(putting);
    const view = await rig.verbs().show(one);
    expect(view?.letter).toMatchObject({ status: 'open', redriveCount: 1 });
    expect(view?.history).toHaveLength(1);
  });

  it('leaves for another time what is indexed after it began', async () => {
    await rig.index.put(Array.from({ length: 500 }, () => letter()));
    const growing: Pick<Producer, 'send'> = {
      async send(batch) {
        await servers.producer.send(batch);
        await rig.index.put(Array.from({ length: 500 }, () => letter()));
      },
    };
    const result = await rig.verbs(growing).redrive({ selection: everything, ...gently }, by);
    expect(result).toMatchObject({ settled: 500, endedBy: null });
    expect(await rig.statuses()).toEqual({ open: 500, redriven: 500 });
  });

  it('sends the others where the broker refuses one record', async () => {
    const huge = letterOf(jsonTopics.engagementEvents, {
      stage: 'intake',
      offset: newOffset(),
      value: Buffer.from(JSON.stringify('x'.repeat(1_048_570))),
    });
    const fine = letterOf(jsonTopics.engagementEvents, {
      stage: 'intake',
      offset: newOffset(),
      value: Buffer.from('{}'),
    });
    await rig.index.put([huge, fine]);
    const result = await rig.verbs().redrive({ selection: everything, ...gently }, by);
    expect(result.groups.map(({ refused: code, count }) => [code, count])).toEqual([
      [null, 1],
      ['record_too_large', 1],
    ]);
    expect(await rig.statuses()).toEqual({ open: 1, redriven: 1 });
  });
});

describe('discard', () => {
  it('closes open letters alone, says why, and no redrive sends them any more', async () => {
    const letters = [letter({ reason: 'invalid' }), letter({ reason: 'invalid' }), letter()];
    await rig.index.put(letters);
    const invalid = { selection: { filter: { reason: 'invalid' } } };
    expect(await rig.verbs().discard({ ...invalid, limit: 1 }, by)).toMatchObject({ settled: 1, endedBy: 'limit' });
    expect(await rig.verbs().discard(invalid, by)).toMatchObject({ settled: 1 });
    expect(await rig.verbs().redrive({ selection: everything, ...gently }, by)).toMatchObject({ settled: 1 });
    expect(await rig.statuses()).toEqual({ discarded: 2, redriven: 1 });
    expect((await rig.audit()).map(({ verb }) => verb)).toEqual(['dlq discard', 'dlq discard', 'dlq redrive']);
  });

  it('lasts while the same letter is read anew, until the event fails later', async () => {
    const one = letter();
    await rig.index.put([one]);
    await rig.verbs().discard({ selection: everything }, by);
    await rig.index.put([{ ...one, lastFailedAt: one.lastFailedAt + 1 }]); // the same failure, published twice
    expect(await rig.statuses()).toEqual({ discarded: 1 });
    await rig.index.put([{ ...one, lastFailedAt: Date.now() + 1_000 }]);
    expect(await rig.statuses()).toEqual({ open: 1 });
  });
});
