import { beforeEach, describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../../../pipeline/domain/settings.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import type { Problem } from '../../../../../pipeline/kernel/problem.ts';
import type { Unit } from '../../../../../pipeline/stages/ingest/commit-units.ts';
import type { SubmitAnswer } from '../../../../../pipeline/stages/ingest/group-commit.ts';
import { createSlateLog, type ServedSlate, slateEventId } from '../../../../../pipeline/stages/ingest/slate-log.ts';
import { topics } from '../../../../../schemas/topics.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createTestCodec } from '../../../../support/ingest-harness.ts';
import { stillClock } from '../../../../support/serving-harness.ts';

const codec = createTestCodec();
const interaction = await codec.writer(topics.interactionRecorded);
const impression = await codec.writer(topics.impressionRecorded);
const away: Problem = { status: 503, code: 'shedding', detail: 'full' };

const slate = (over: Partial<ServedSlate> = {}): ServedSlate => ({
  requestId: 'r1',
  namespace: 'shop',
  userId: 'u1',
  surface: 'home',
  stateVersion: 2,
  items: [
    { item_id: 'a', position: 1, sources: ['popular'] },
    { item_id: 'b', position: 2, sources: [] },
  ],
  ...over,
});

function createWorld() {
  const metrics = createMetrics();
  const submitted: Unit[][] = [];
  const world = {
    metrics,
    submitted,
    answer: async (): Promise<SubmitAnswer> => ({ kind: 'stored', results: ['accepted'] }),
    refusal: undefined as Problem | undefined,
    unready: undefined as string | undefined,
    guests: 0,
  };
  const log = createSlateLog({
    commits: {
      submit(units) {
        submitted.push([...units]);
        return world.answer();
      },
    },
    rates: { take: () => undefined, takeOwn: () => undefined },
    recent: { append: () => undefined },
    door: {
      admit() {
        if (world.refusal) return { problem: world.refusal };
        world.guests += 1;
        return {
          leave() {
            world.guests -= 1;
          },
        };
      },
    },
    writers: () => ({ interaction, impression }),
    unready: () => world.unready,
    settings: { get: () => defaultSettings, isLoaded: () => true },
    clock: stillClock,
    log: createLogger('fatal'),
    metrics,
    limit: 2,
  });
  const counted = async () => {
    const { values } = await metrics.servingImpressions.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.result, value]));
  };
  return Object.assign(world, { log, counted });
}

let world: ReturnType<typeof createWorld>;
beforeEach(() => {
  world = createWorld();
});

describe('a served list', () => {
  it('becomes an impression of what was answered', async () => {
    world.log(slate());
    await eventually(async () => expect(await world.counted()).toEqual({ accepted: 1 }));
    const entry = world.submitted[0]?.[0]?.entries[0];
    if (entry?.kind !== 'event') throw new Error('no event was submitted');
    expect(entry.row).toMatchObject({ topic: topics.impressionRecorded.name, eventId: slateEventId(slate()) });
    const read = codec.reader(topics.impressionRecorded).read(entry.row.payload as Buffer);
    expect(await read).toMatchObject({
      ok: true,
      value: {
        eventId: slateEventId(slate()),
        namespace: 'shop',
        userId: 'u1',
        requestId: 'r1',
        surface: 'home',
        stateVersion: 2,
        variant: null,
        occurredAt: stillClock.now(),
        items: [
          { itemId: 'a', position: 1, sources: ['popular'] },
          { itemId: 'b', position: 2, sources: [] },
        ],
      },
    });
    expect(world.guests).toBe(0);
  });

  it('has one event id however often the request is repeated, and another for each page, surface and user', () => {
    const page = { items: [{ item_id: 'c', position: 3, sources: [] }] };
    const others = [slate({ userId: 'u2' }), slate({ requestId: 'r2' }), slate({ surface: 'cart' }), slate(page)];
    const ids = [slate(), ...others].map(slateEventId);
    expect(new Set(ids).size).toBe(5);
    expect(slateEventId(slate())).toBe(ids[0]);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
  });

  it('that is empty is counted and not logged', async () => {
    world.log(slate({ items: [] }));
    await eventually(async () => expect(await world.counted()).toEqual({ empty: 1 }));
    expect(world.submitted).toEqual([]);
  });

  it('is refused where ingest takes nothing in, and the answer hears nothing of it', async () => {
    world.refusal = away;
    world.log(slate());
    world.refusal = undefined;
    world.unready = 'starting';
    world.log(slate());
    await eventually(async () => expect(await world.counted()).toEqual({ refused: 2 }));
  });

  it('is counted as what became of it', async () => {
    const answers: SubmitAnswer[] = [
      { kind: 'stored', results: ['duplicate'] },
      { kind: 'overloaded' },
      { kind: 'failed' },
    ];
    for (const answer of answers) {
      world.answer = async () => answer;
      world.log(slate());
      await eventually(() => expect(world.guests).toBe(0));
    }
    world.answer = async () => {
      throw new Error('broken');
    };
    world.log(slate());
    world.log(slate({ userId: '\u0000' }));
    await eventually(async () =>
      expect(await world.counted()).toEqual({ duplicate: 1, refused: 1, failed: 2, rejected: 1 }),
    );
    expect(world.guests).toBe(0);
  });

  it('is dropped where too many are under way', async () => {
    const held = Promise.withResolvers<SubmitAnswer>();
    world.answer = () => held.promise;
    for (const requestId of ['r1', 'r2', 'r3']) world.log(slate({ requestId }));
    await eventually(async () => expect(await world.counted()).toEqual({ dropped: 1 }));
    held.resolve({ kind: 'stored', results: ['accepted'] });
    await eventually(async () => expect(await world.counted()).toEqual({ dropped: 1, accepted: 2 }));
    expect(world.guests).toBe(0);
  });
});
