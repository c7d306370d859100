import { expect, it } from 'vitest';
import { createExposure } from '../../../../../pipeline/stages/aggregation/exposure.ts';
import { createMemoryFeatures } from '../../../../../pipeline/stores/memory/feature-store.ts';
import type { ImpressionRecorded } from '../../../../../schemas/generated/impression-recorded.v1.ts';

const impression = (fields: Partial<ImpressionRecorded> = {}): ImpressionRecorded => ({
  eventId: 'e1',
  namespace: 'default',
  userId: 'u1',
  anonymous: false,
  sessionId: null,
  requestId: 'r1',
  surface: 'home',
  occurredAt: 5,
  receivedAt: 6,
  consent: 'full',
  items: [
    { itemId: 'a', position: 1, sources: ['popular', 'similar'] },
    { itemId: 'b', position: 2, sources: [] },
  ],
  variant: 'blue',
  propensity: null,
  stateVersion: 1,
  trace: null,
  ...fields,
});

function rig() {
  const stores = createMemoryFeatures();
  const stage = createExposure<unknown>({ ...stores, stateVersion: 1 });
  const apply = (...values: ImpressionRecorded[]) =>
    stage.apply(
      undefined,
      values.map((value, i) => ({
        topic: 't',
        partition: 0,
        offset: BigInt(i),
        key: Buffer.from('k'),
        value,
        timestampMs: 0,
      })),
    );
  return { ...stores, apply };
}

it('keeps a row for each item shown', async () => {
  const { apply, data } = rig();
  expect(await apply(impression())).toEqual([{ kind: 'done' }]);
  expect([...data.exposures.values()]).toMatchObject([
    {
      itemId: 'a',
      kind: 'shown',
      position: 1,
      sources: ['popular', 'similar'],
      variant: 'blue',
      requestId: 'r1',
      occurredAt: 5,
    },
    { itemId: 'b', kind: 'shown', position: 2, sources: [] },
  ]);
});

it('applies a repeated impression once', async () => {
  const { apply, data } = rig();
  expect(await apply(impression(), impression())).toEqual([{ kind: 'done' }, { kind: 'skip', reason: 'duplicate' }]);
  expect(data.exposures.size).toBe(2);
});

it('leaves no row without full consent, and counts the impression as applied', async () => {
  const { apply, data } = rig();
  expect(await apply(impression({ consent: 'functional' }))).toEqual([{ kind: 'skip', reason: 'no_consent' }]);
  expect(data.exposures.size).toBe(0);
  expect(data.applied.size).toBe(1);
});
