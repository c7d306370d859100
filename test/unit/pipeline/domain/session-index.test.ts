import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultIndexSettings, SessionIndex } from '../../../../pipeline/domain/session-index.ts';
import { defaultScoring, publishedScoring } from '../../../../pipeline/domain/session-scoring.ts';
import type { InteractionType, SessionItem } from '../../../../schemas/generated/session-updated.v1.ts';
import { type ReferenceSession, referenceAnswers } from '../../../support/session-reference.ts';

const day = 86_400_000;
const session = (lastOccurredAt: number, ...itemIds: string[]) => ({
  lastOccurredAt,
  items: itemIds.map((itemId): SessionItem => ({ itemId, type: 'click', occurredAt: lastOccurredAt })),
});
const ids = (answers: readonly { readonly itemId: string }[]) => answers.map(({ itemId }) => itemId);

type Step =
  | { readonly kind: 'upsert'; readonly key: string; readonly lastAt: number; readonly items: readonly string[] }
  | { readonly kind: 'remove'; readonly key: string };

const key = fc.integer({ min: 0, max: 11 }).map((n) => `s${n}`);
const item = fc.integer({ min: 0, max: 7 }).map((n) => `i${n}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('upsert' as const),
      key,
      lastAt: fc.integer({ min: 1, max: 20 }),
      items: fc.array(item, { minLength: 1, maxLength: 7 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), key }) },
);
const question = fc.record({
  items: fc.array(fc.oneof(item, fc.constant('unknown')), { minLength: 1, maxLength: 12 }),
  recentSessions: fc.integer({ min: 1, max: 8 }),
  neighbours: fc.integer({ min: 1, max: 8 }),
  lastItems: fc.integer({ min: 1, max: 10 }),
  scoring: fc.constantFrom(publishedScoring, { ...defaultScoring, halfLifeMs: 7 }),
  limit: fc.integer({ min: 1, max: 8 }),
  excludeItem: fc.option(item, { nil: undefined }),
  excludeSession: fc.option(key, { nil: undefined }),
});

describe('SessionIndex', () => {
  it('answers as session kNN over all sessions does, whatever came, changed and went before', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(question, { minLength: 1, maxLength: 4 }),
        (steps, questions) => {
          const index = new SessionIndex({ ...defaultIndexSettings, recentSessions: 8, maxSessionItems: 5 });
          const model = new Map<string, ReferenceSession>();
          for (const one of steps) {
            model.delete(one.key);
            if (one.kind === 'remove') index.remove(one.key);
            else {
              index.upsert(one.key, session(one.lastAt, ...one.items));
              const items = [...new Set(one.items)];
              if (items.length <= 5) model.set(one.key, { key: one.key, lastAt: one.lastAt, items });
            }
          }
          expect(index.sessionCount).toBe(model.size);
          for (const asked of questions) {
            // The index remembers the newest time it has seen; the model knows only what is left.
            const newest = Math.max(0, ...steps.map((one) => (one.kind === 'upsert' ? one.lastAt : 0)));
            const scale =
              model.size === 0
                ? 1
                : 2 **
                  ((Math.max(...[...model.values()].map((one) => one.lastAt)) - newest) / asked.scoring.halfLifeMs);
            const expected = referenceAnswers([...model.values()], asked);
            const answers = index.query(asked);
            expect(answers.map(({ score }) => score)).toEqual(
              expected.map(({ score }) => expect.closeTo(score * scale, 9)),
            );
            if (hasTies(expected)) continue;
            expect(answers.map(({ itemId }) => itemId)).toEqual(expected.map(({ itemId }) => itemId));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives the same answers in whatever order the sessions came', () => {
    const sessions = fc.uniqueArray(
      fc.record({ key, lastAt: fc.integer({ min: 1, max: 5 }), items: fc.array(item, { minLength: 1, maxLength: 5 }) }),
      { selector: (one) => one.key },
    );
    fc.assert(
      fc.property(
        sessions.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        question,
        ([list, shuffled], asked) => {
          const [one, other] = [list, shuffled].map((order) => {
            const index = new SessionIndex();
            for (const { key, lastAt, items } of order) index.upsert(key, session(lastAt, ...items));
            return index.query(asked);
          });
          expect(one).toEqual(other);
        },
      ),
    );
  });

  it('names the item that a recommendation follows from', () => {
    const index = new SessionIndex();
    index.upsert('a', session(10, 'shoe', 'lace'));
    index.upsert('b', session(11, 'lamp', 'bulb'));
    const answers = index.query({ items: ['shoe', 'lamp'], limit: 10, excludeItem: 'lamp' });
    expect(Object.fromEntries(answers.map(({ itemId, because }) => [itemId, because]))).toEqual({
      bulb: 'lamp',
      lace: 'shoe',
      shoe: 'shoe',
    });
  });

  it('never takes a session for its own neighbour', () => {
    const index = new SessionIndex();
    index.upsert('mine', session(10, 'a', 'b'));
    expect(index.query({ items: ['a'], limit: 5, excludeSession: 'mine' })).toEqual([]);
  });

  it('leaves out sessions with too many items, and takes them out when they grow', () => {
    const index = new SessionIndex({ ...defaultIndexSettings, maxSessionItems: 2 });
    index.upsert('a', session(10, 'a', 'b', 'b'));
    expect(index.sessionCount).toBe(1);
    index.upsert('a', session(11, 'a', 'b', 'c'));
    expect(index.sessionCount).toBe(0);
  });

  it('drops sessions that are 30 days older than the newest seen', () => {
    const index = new SessionIndex();
    index.upsert('old', session(day, 'a', 'b'));
    index.upsert('young', session(2 * day, 'a', 'c'));
    index.upsert('new', session(31 * day + 7_200_000, 'd'));
    expect(ids(index.query({ items: ['a'], limit: 5, excludeItem: 'a' }))).toEqual(['c']);
    index.upsert('late', session(day, 'a', 'b'));
    expect(index.sessionCount).toBe(2);
  });

  it('does not learn from what was dismissed', () => {
    const index = new SessionIndex();
    const items = (['click', 'dismiss'] as InteractionType[]).map((type, at) => ({
      itemId: `i${at}`,
      type,
      occurredAt: at,
    }));
    index.upsert('a', { lastOccurredAt: 1, items });
    expect(ids(index.query({ items: ['i0'], limit: 5 }))).toEqual(['i0']);
  });

  it('tells which items changed, before and after', () => {
    const changed: string[] = [];
    const index = new SessionIndex(defaultIndexSettings, (itemId) => changed.push(itemId));
    index.upsert('a', session(1, 'x'));
    changed.length = 0;
    index.upsert('a', session(2, 'y'));
    index.remove('a');
    expect(changed).toEqual(['x', 'y', 'y']);
    expect([...index.itemIds()]).toEqual([]);
  });
});

const hasTies = (answers: readonly { readonly score: number }[]): boolean =>
  answers.some(({ score }, i) => i > 0 && Math.abs((answers[i - 1]?.score ?? 0) - score) < 1e-12);
