import { describe, expect, it } from 'vitest';
import { createEnrichment } from '../../../../../pipeline/stages/enrichment/enrichment.ts';
import type { CatalogReader } from '../../../../../pipeline/stores/catalog.ts';
import type { InteractionRecorded } from '../../../../../schemas/generated/interaction-recorded.v1.ts';
import { context, interaction } from '../aggregation/events.ts';

function fakeCatalog() {
  const asked: string[][] = [];
  const catalog: CatalogReader = {
    async findItems(refs) {
      asked.push(refs.map(({ namespace, itemId }) => `${namespace}|${itemId}`));
      return new Map([['default|known', { tags: ['brand:x'] }]]);
    },
    async findUsers(refs) {
      asked.push(refs.map(({ namespace, userId }) => `${namespace}|${userId}`));
      return new Map([['default|u1', { traits: { locale: 'de-DE' } }]]);
    },
  };
  return { asked, catalog };
}

function recorded(fields: Parameters<typeof interaction>[0]): InteractionRecorded {
  const { itemKnown: _, tags: __, locale: ___, segment: ____, ...rest } = interaction(fields);
  return rest;
}

const delivery = (value: InteractionRecorded | null, key: Buffer | null = Buffer.from('default|u1')) => ({
  topic: 't',
  partition: 0,
  offset: 0n,
  key,
  value,
  timestampMs: 0,
});

function rig(unknownItems: 'accept' | 'dead_letter' = 'accept') {
  const { asked, catalog } = fakeCatalog();
  const stage = createEnrichment({ catalog, unknownItems });
  return {
    asked,
    handle: (...values: InteractionRecorded[]) => stage.handle(values.map((value) => delivery(value))),
    stage,
  };
}

describe('enrichment', () => {
  it('joins item, user and segment, and keeps key, id and time', async () => {
    const value = recorded({ eventId: 'a', itemId: 'known', context: context({ surface: 'home' }) });
    const [outcome] = await rig().handle(value);
    expect(outcome).toEqual({
      kind: 'emit',
      records: [
        {
          key: Buffer.from('default|u1'),
          eventId: 'a',
          occurredAt: value.occurredAt,
          value: { ...value, itemKnown: true, tags: ['brand:x'], locale: 'de-DE', segment: 'home|de-DE' },
        },
      ],
    });
  });

  it('passes an unknown item on as unknown', async () => {
    const [outcome] = await rig().handle(recorded({ eventId: 'a', itemId: 'new', userId: 'stranger' }));
    expect(outcome).toMatchObject({ records: [{ value: { itemKnown: false, tags: [], locale: null, segment: '|' } }] });
  });

  it('sets an unknown item aside where it is told to, but nothing without an item', async () => {
    const outcomes = await rig('dead_letter').handle(
      recorded({ eventId: 'a', itemId: 'new' }),
      recorded({ eventId: 'b', itemId: 'known' }),
      recorded({ eventId: 'c', itemId: null, type: 'custom' }),
    );
    expect(outcomes).toMatchObject([
      { kind: 'dead-letter', reason: 'unknown_item' },
      { kind: 'emit' },
      { kind: 'emit', records: [{ value: { itemKnown: false } }] },
    ]);
  });

  it('looks each item and user up once a batch', async () => {
    const { asked, handle } = rig();
    await handle(
      recorded({ eventId: 'a' }),
      recorded({ eventId: 'b' }),
      recorded({ eventId: 'c', namespace: 'other' }),
    );
    expect(asked).toEqual([
      ['default|i1', 'other|i1'],
      ['default|u1', 'other|u1'],
    ]);
  });

  it('gives a record without a key the key of its user', async () => {
    const [outcome] = await rig().stage.handle([delivery(recorded({ eventId: 'a' }), null)]);
    expect(outcome).toMatchObject({ records: [{ key: Buffer.from('default|u1') }] });
  });

  it('skips a tombstone', async () => {
    expect(await rig().stage.handle([delivery(null)])).toEqual([{ kind: 'skip', reason: 'tombstone' }]);
  });
});
