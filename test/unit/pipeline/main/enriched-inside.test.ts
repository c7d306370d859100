import { expect, it } from 'vitest';
import { deadLetter, done, emit, type Outcome, skip } from '../../../../pipeline/kernel/outcome.ts';
import type { Delivery, StatefulStage, StatelessStage } from '../../../../pipeline/kernel/stage.ts';
import { enrichedInside } from '../../../../pipeline/main/enriched-inside.ts';
import type { InteractionEnriched } from '../../../../schemas/generated/interaction-enriched.v1.ts';
import type { InteractionRecorded } from '../../../../schemas/generated/interaction-recorded.v1.ts';

it('applies what enrichment emits, and gives each delivery the outcome of whoever had the last word', async () => {
  const applied: string[] = [];
  const aggregation: StatefulStage<InteractionEnriched, string> = {
    kind: 'stateful',
    name: 'aggregation',
    consumes: [],
    stateVersion: 2,
    apply: async (_tx, batch) => {
      applied.push(...batch.map(({ value }) => value?.eventId ?? ''));
      return batch.map(({ value }) => (value?.eventId === 'twice' ? skip('duplicate') : done));
    },
  };
  const enrichment: StatelessStage<InteractionRecorded, InteractionEnriched> = {
    kind: 'stateless',
    name: 'enrichment',
    consumes: [],
    stateVersion: 0,
    handle: async (batch) =>
      batch.map(({ key, value }): Outcome<InteractionEnriched> => {
        if (value === null) return skip('tombstone');
        if (value.eventId === 'unknown') return deadLetter('unknown_item', 'no such item');
        const enriched = { ...value, itemKnown: true } as unknown as InteractionEnriched;
        return emit({ key: key as Buffer, value: enriched, eventId: value.eventId, occurredAt: 0 });
      }),
  };
  const stage = enrichedInside(aggregation, enrichment);
  const batch = ['once', null, 'unknown', 'twice'].map(
    (eventId, at) =>
      ({
        topic: 'recorded',
        partition: 3,
        offset: BigInt(at),
        key: Buffer.from('k'),
        value: eventId === null ? null : { eventId },
        timestampMs: 0,
      }) as Delivery<InteractionRecorded>,
  );
  expect((await stage.apply('tx', batch)).map(({ kind }) => kind)).toEqual(['done', 'skip', 'dead-letter', 'skip']);
  expect(applied).toEqual(['once', 'twice']);
  expect(stage).toMatchObject({
    name: 'aggregation',
    stateVersion: 2,
    consumes: [{ name: expect.stringContaining('recorded') }],
  });
});
