import { describe, expect, it } from 'vitest';
import type { LetterFacts, StageFacts, TraceFacts, VersionFacts } from '../../../../ops/trace/facts.ts';
import { verdictOf } from '../../../../ops/trace/verdict.ts';
import { topics } from '../../../../schemas/topics.ts';

const recorded = topics.interactionRecorded.name;
const record = { topic: recorded, partition: 3, offset: 10n, timestampMs: 2_000 };
const found = (...records: (typeof record)[]) => ({
  topic: recorded,
  records,
  searchedRecords: 1n,
  since: 0,
  isComplete: true,
});

const nothing: TraceFacts = {
  eventId: 'e-1',
  namespace: 'default',
  key: { isTaken: false, window: null, currentSince: 0 },
  outbox: { rows: [], searched: [{ outbox: 'main', rows: 9n, backTo: 0, isComplete: true }] },
  doors: [],
  recorded: [],
  enriched: undefined,
  event: undefined,
  stages: [],
  letters: [],
  versions: [],
  problems: [],
};
const taken = { ...nothing, key: { isTaken: true, window: 0, currentSince: 0 }, recorded: [found(record)] };
const stage = (given: Partial<StageFacts>): StageFacts => ({
  ...record,
  stage: 'enrichment',
  stateVersion: 0,
  next: 7n,
  isPast: false,
  running: { state: 'running', paused: null, waitingFor: null },
  ...given,
});
const letter = (given: Partial<LetterFacts>): LetterFacts => ({
  ...record,
  stage: 'enrichment',
  stateVersion: 0,
  reason: 'unhandled',
  message: 'boom',
  status: 'open',
  redriveCount: 0,
  hasEventId: true,
  lastFailedAt: 0,
  ...given,
});
const version = (given: Partial<VersionFacts>): VersionFacts => ({
  version: 1,
  isActive: true,
  applied: 1,
  profile: undefined,
  sessionId: null,
  activity: null,
  exposures: [],
  profileRecord: undefined,
  list: { computedAt: 3_000, reflects: { eventId: 'e-1', receivedAt: 1_000 }, relation: 'this event' },
  ...given,
});
const click = {
  kind: 'interaction',
  userId: 'u',
  receivedAt: 1_000,
  occurredAt: 0,
  itemId: 'i',
  type: 'click',
  consent: 'full',
} as const;

describe('the verdict on an event', () => {
  it('that nobody has seen says so, and doubts itself where not all was searched', () => {
    expect(verdictOf(nothing)).toMatchObject({
      state: 'not found',
      text: expect.not.stringContaining('Not everything'),
    });
    const partly = { ...nothing, problems: ['outbox main: away'] };
    expect(verdictOf(partly)).toMatchObject({ state: 'not found', text: expect.stringContaining('Not everything') });
  });

  it('that waits names stage, place, how many are before it, and why', () => {
    const waits = (running: StageFacts['running']) => verdictOf({ ...taken, stages: [stage({ running })] }).text;
    const place = `waits in ${recorded}/3 at offset 10 for enrichment, 3 records before it: `;
    expect(waits(undefined)).toBe(`${place}no process runs that stage; start one with its role`);
    expect(waits({ state: 'running', paused: null, waitingFor: 'Kafka is away' })).toBe(
      `${place}the partition waits: Kafka is away`,
    );
    expect(waits({ state: 'halted', paused: 'dlq_limit', waitingFor: null })).toBe(
      `${place}the partition is paused (dlq_limit); mend the cause, then \`npx freshet resume --stage enrichment --because TEXT\``,
    );
  });

  it('that is an open dead letter says how to bring it back, by its place where it has no id', () => {
    expect(verdictOf({ ...taken, letters: [letter({})] })).toMatchObject({
      state: 'set aside',
      text: expect.stringContaining('npx freshet dlq redrive --event-id e-1 --because TEXT'),
    });
    expect(verdictOf({ ...taken, letters: [letter({ hasEventId: false })] }).text).toContain(
      '--stage enrichment --reason unhandled',
    );
  });

  it('that was redriven waits for its return, and that was discarded is done', () => {
    const past = { ...taken, stages: [stage({ isPast: true, next: 11n })] };
    expect(verdictOf({ ...past, letters: [letter({ status: 'redriven' })] })).toMatchObject({
      state: 'on its way',
      text: expect.stringContaining('was redriven'),
    });
    expect(verdictOf({ ...past, letters: [letter({ status: 'discarded' })] })).toMatchObject({ state: 'done' });
  });

  it('that was published twice is counted once, and says so', () => {
    const twice = {
      ...taken,
      recorded: [found(record, { ...record, offset: 12n })],
      event: click,
      versions: [version({})],
    };
    const { state, text } = verdictOf(twice);
    expect(state).toBe('done');
    expect(text).toContain(
      'counted once in state version 1; published 2 times, the rest are duplicates; list reflects it',
    );
  });

  it('that one version has not applied yet is on its way there', () => {
    const later = version({ version: 2, isActive: false, applied: 0, list: undefined });
    const stages = [stage({ stage: 'aggregation', stateVersion: 2, running: undefined })];
    const verdict = verdictOf({ ...taken, event: click, versions: [version({}), later], stages });
    expect(verdict.state).toBe('on its way');
    expect(verdict.text).toMatch(/^counted once in state version 1; waits in .* for aggregation of state version 2/);
  });

  it('that counts but is in no list says what its list waits for', () => {
    const late = { ...taken, event: click, versions: [version({ list: undefined })] };
    expect(verdictOf(late).text).toContain('its profile is not published yet');
    const candidates = stage({ stage: 'candidates', stateVersion: 1, running: undefined });
    expect(verdictOf({ ...late, stages: [candidates] }).text).toMatch(/not in a list yet: waits in .* for candidates/);
  });

  it('whose records lie outside of what was searched is not called lost', () => {
    const old = { ...taken, recorded: [found()] };
    expect(verdictOf(old)).toMatchObject({ state: 'on its way', text: expect.stringContaining('an earlier --since') });
    expect(verdictOf({ ...old, versions: [version({})] }).state).toBe('done');
  });
});
