import { describe, expect, it } from 'vitest';
import { namespaceSettingsSchema } from '../../../../../pipeline/domain/settings.ts';
import type { Problem } from '../../../../../pipeline/kernel/problem.ts';
import { createRunner } from '../../../../../pipeline/kernel/runner/runner.ts';
import { statefulEffect } from '../../../../../pipeline/kernel/runner/stateful.ts';
import { createIntake, isOurFault } from '../../../../../pipeline/stages/ingest/intake.ts';
import { prepareInteraction } from '../../../../../pipeline/stages/ingest/prepare-event.ts';
import { jsonSubmissions, type Submission } from '../../../../../pipeline/stages/ingest/submissions.ts';
import { createMemoryIngestStore } from '../../../../../pipeline/stores/memory/ingest-store.ts';
import type { MemoryTx } from '../../../../../pipeline/stores/memory/transactions.ts';
import { topics } from '../../../../../schemas/topics.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createTestCodec } from '../../../../support/ingest-harness.ts';
import { createHarness, hastyClock } from '../../../../support/runner-harness.ts';

const now = Date.UTC(2026, 0, 15);
const settings = namespaceSettingsSchema.parse({});
const full: Problem = { status: 503, code: 'outbox_full', detail: 'the outbox is full' };

async function start() {
  const harness = await createHarness();
  const store = createMemoryIngestStore();
  const state: { isLoaded: boolean; refusal: Problem | undefined } = { isLoaded: true, refusal: undefined };
  const interaction = await createTestCodec().writer(topics.interactionRecorded);
  const stage = createIntake<MemoryTx>({
    topic: { name: 'in' },
    events: store.events,
    savepoint: harness.transactions.savepoint,
    prepare: prepareInteraction({ interaction }),
    settings: { get: () => settings, isLoaded: () => state.isLoaded },
    admission: { refusal: () => state.refusal },
    clock: { now: () => now },
  });
  const outcomes: string[] = [];
  const effect = statefulEffect<Submission, MemoryTx>({
    stage,
    transactions: harness.transactions,
    progress: harness.progress,
    deadLetters: harness.appender,
    clock: hastyClock,
    eventIdOf: () => undefined,
    afterCommit: ({ verdicts }) => {
      outcomes.push(...verdicts.map(({ outcome }) => ('reason' in outcome ? outcome.reason : outcome.kind)));
    },
  });
  const { effect: _, readerOf: __, receivedAtOf: ___, ...options } = harness.options(effect as never);
  const runner = createRunner<Submission>({
    ...options,
    stage,
    part: 'in',
    effect,
    readerOf: () => jsonSubmissions,
    countsTowardsLimit: isOurFault,
  });
  const running = await runner.start(harness.fail);
  return { ...harness, store, state, outcomes, runner, running };
}

const event = (event_id: string, fields: Record<string, unknown> = {}) =>
  JSON.stringify({ event_id, user_id: 'u', item_id: 'i', type: 'view', ...fields });

describe('the door for topics', () => {
  it('appends what is new, skips what is not, sets aside what is wrong, in one go', async () => {
    const { produce, store, outcomes, letters, running } = await start();
    await produce([event('a'), event('a'), event('b', { type: 'hover' }), 'no JSON', event('c')]);
    await eventually(() => expect(outcomes).toHaveLength(5));
    await running.stop();
    expect(outcomes).toEqual(['done', 'duplicate', 'invalid', 'undecodable', 'done']);
    expect(store.rows.map(({ topic, eventId }) => [topic, eventId])).toEqual([
      [topics.interactionRecorded.name, 'a'],
      [topics.interactionRecorded.name, 'c'],
    ]);
    expect(letters.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^unknown_type: \$\.type must be one of .*8$/),
      'malformed_json: the body is not JSON in UTF-8',
    ]);
  });

  it('names every fault of a record', async () => {
    const { produce, letters, running } = await start();
    await produce([event('a', { user_id: 7, item_id: 'x'.repeat(200) })]);
    await eventually(() => expect(letters).toHaveLength(1));
    await running.stop();
    expect(letters[0]?.message).toBe(
      'wrong_type: $.user_id must be a string; too_long: $.item_id must have at most 128 characters (limit 128)',
    );
  });

  it.each([
    ['settings were not read yet', { isLoaded: false }, /settings/],
    ['the outbox has no room', { refusal: full }, /the outbox is full/],
  ])('waits while %s, and sets nothing aside', async (_, change, reason) => {
    const { produce, store, state, letters, running } = await start();
    Object.assign(state, change);
    await produce([event('a'), 'no JSON']);
    await eventually(() => expect(running.status().partitions[0]?.waitingFor).toMatch(reason));
    expect([store.rows, letters]).toEqual([[], []]);
    Object.assign(state, { isLoaded: true, refusal: undefined });
    await eventually(() => expect(letters).toHaveLength(1));
    expect(store.rows).toHaveLength(1);
    await running.stop();
  });

  it('has a consumer group for its topic, so that two doors do not hold each other up', async () => {
    const { runner, running } = await start();
    await running.stop();
    expect(runner.name).toBe('intake.in');
  });

  it('goes on after any number of records that clients got wrong', async () => {
    const { produce, store, running } = await start();
    await produce([...Array.from({ length: 500 }, () => 'no JSON'), event('a')]);
    await eventually(() => expect(store.rows).toHaveLength(1));
    expect(running.status().state).toBe('running');
    await running.stop();
  });
});
