import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Baseline, ShownGroup } from '../../../pipeline/stores/analytics.ts';
import type { Exposure } from '../../../pipeline/stores/feature.ts';
import { analyticsStatement, createAnalytics } from '../../../pipeline/stores/postgres/analytics.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createExposureLog } from '../../../pipeline/stores/postgres/feature-activity.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let database: Database;
let namespaces = 0;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'analytics' });
  database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await database?.close();
  await workspace?.close();
});

const hour = 3_600_000;
const from = 1_800_000_000_000;
const to = from + 72 * hour;
const defaultWindowMs = 24 * hour;

const newNamespace = () => `ns-${++namespaces}`;
const exposure = (over: Partial<Exposure>): Exposure => ({
  namespace: `ns-${namespaces}`,
  userId: 'u1',
  itemId: 'a',
  eventId: 'e1',
  kind: 'shown',
  requestId: null,
  position: 1,
  sources: null,
  variant: null,
  surface: null,
  watchSeconds: null,
  occurredAt: from,
  ...over,
});
const shown = (over: Partial<Exposure> = {}) => exposure({ eventId: 's1', ...over });
const acted = (over: Partial<Exposure> = {}) => exposure({ eventId: 'a1', kind: 'acted', position: null, ...over });
const add = (exposures: readonly Exposure[], version = 1) => createExposureLog().add(database, version, exposures);
const read = async (namespace = `ns-${namespaces}`): Promise<Baseline> => {
  const baseline = await createAnalytics(database).baseline(namespace, { from, to });
  if (baseline === 'too_slow') throw new Error('too slow');
  return baseline;
};
const addItem = (itemId: string, fields = 'true, false, NULL') =>
  database.query({
    text: `INSERT INTO item (namespace, item_id, number, revision, available, hidden, archived_at, body)
           SELECT $1, $2, count(*) + 1, 1, ${fields}, '{}' FROM item WHERE namespace = $1`,
    values: [`ns-${namespaces}`, itemId],
  });
const setWindow = (attribution_window_ms: number) =>
  database.query({
    text: 'INSERT INTO namespace_config (namespace, revision, body) VALUES ($1, 1, $2)',
    values: [`ns-${namespaces}`, JSON.stringify({ attribution_window_ms })],
  });

/** The same by loops over everything, as the port says it. */
function reference(all: readonly Exposure[], windowMs: number): Omit<Baseline, 'stateVersion' | 'catalog'> {
  const latest = (candidates: readonly Exposure[]) =>
    candidates.toSorted((a, b) => b.occurredAt - a.occurredAt || (a.eventId < b.eventId ? 1 : -1))[0];
  const counts = (one: Exposure) =>
    one.kind === 'shown' &&
    one.position !== null &&
    one.position <= 20 &&
    one.occurredAt >= from &&
    one.occurredAt < to;
  const matches = new Map<Exposure, number>();
  for (const act of all) {
    if (act.kind !== 'acted' || act.occurredAt < from - windowMs) continue;
    const same = all.filter((one) => one.kind === 'shown' && one.userId === act.userId && one.itemId === act.itemId);
    const found =
      latest(same.filter((one) => act.requestId !== null && one.requestId === act.requestId)) ??
      latest(same.filter((one) => one.occurredAt <= act.occurredAt && one.occurredAt >= act.occurredAt - windowMs));
    if (found && counts(found)) matches.set(found, (matches.get(found) ?? 0) + 1);
  }
  const groups = (namesOf: (one: Exposure) => readonly (string | null)[]) => {
    const byName = new Map<string | null, ShownGroup>();
    for (const one of all.filter(counts)) {
      for (const name of new Set(namesOf(one))) {
        const group = byName.get(name) ?? { name, impressions: 0, matchedImpressions: 0, matchedActs: 0 };
        byName.set(name, {
          name,
          impressions: group.impressions + 1,
          matchedImpressions: group.matchedImpressions + (matches.has(one) ? 1 : 0),
          matchedActs: group.matchedActs + (matches.get(one) ?? 0),
        });
      }
    }
    return sorted([...byName.values()]);
  };
  const watches = all.filter(
    (one) => one.kind === 'acted' && one.watchSeconds !== null && one.occurredAt >= from && one.occurredAt < to,
  );
  return {
    attributionWindowMs: windowMs,
    shown: {
      impressions: all.filter(counts).length,
      matchedImpressions: matches.size,
      matchedActs: [...matches.values()].reduce((sum, one) => sum + one, 0),
    },
    bySource: groups(({ sources }) => (sources === null || sources.length === 0 ? [null] : sources)),
    byVariant: groups(({ variant }) => [variant]),
    bySurface: groups(({ surface }) => [surface]),
    watches: { count: watches.length, seconds: watches.reduce((sum, one) => sum + (one.watchSeconds ?? 0), 0) },
  };
}

const sorted = (groups: readonly ShownGroup[]) => groups.toSorted((a, b) => `${a.name}`.localeCompare(`${b.name}`));

/** Few instants, so that the ends of windows and of the time asked for are met often. */
const time = fc.constantFrom(-30, -24, -5, -1, 0, 1, 5, 6, 24, 29, 71, 72, 73).map((hours) => from + hours * hour);
const common = {
  userId: fc.constantFrom('u1', 'u2'),
  itemId: fc.constantFrom('a', 'b', 'c'),
  requestId: fc.constantFrom(null, 'r1', 'r2', 'r3'),
  variant: fc.constantFrom(null, 'x', 'y'),
  surface: fc.constantFrom(null, 'home', 'pdp'),
  occurredAt: time,
};
const someShown = fc.record({
  ...common,
  kind: fc.constant('shown' as const),
  position: fc.constantFrom(null, 1, 20, 21),
  sources: fc.constantFrom(null, [], ['popular'], ['popular', 'similar'], ['similar', 'similar']),
});
const someActed = fc.record({
  ...common,
  kind: fc.constant('acted' as const),
  position: fc.constantFrom(null, 3),
  watchSeconds: fc.constantFrom(null, null, 0, 12.5, 40),
});

describe('the baseline', () => {
  it('equals a reference for impressions and acts in any order, of any request, user and time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(someShown, someActed), { maxLength: 40 }),
        fc.constantFrom(hour, 5 * hour, defaultWindowMs),
        fc.integer({ min: 1, max: 9 }),
        async (drafts, windowMs, batch) => {
          newNamespace();
          await setWindow(windowMs);
          const all = drafts.map((draft, at) => exposure({ ...draft, eventId: `e${at}` }));
          for (let at = 0; at < all.length; at += batch) await add(all.slice(at, at + batch));
          const { stateVersion, catalog, ...found } = await read();
          const { bySource, byVariant, bySurface, ...rest } = found;
          expect({ stateVersion, catalog }).toEqual({ stateVersion: 1, catalog: { items: 0, shown: 0 } });
          expect({
            ...rest,
            bySource: sorted(bySource),
            byVariant: sorted(byVariant),
            bySurface: sorted(bySurface),
          }).toEqual(reference(all, windowMs));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives an act to the impression of its own request, though a later one was nearer', async () => {
    newNamespace();
    await add([
      shown({ eventId: 'first', requestId: 'r1', variant: 'x' }),
      shown({ eventId: 'second', requestId: 'r2', variant: 'y', occurredAt: from + hour }),
      acted({ requestId: 'r1', occurredAt: from + 60 * hour }),
      acted({ eventId: 'a2', requestId: 'unknown', occurredAt: from + 2 * hour }),
      acted({ eventId: 'a3', requestId: null, occurredAt: from + 2 * hour }),
    ]);
    const { shown: all, byVariant } = await read();
    expect(all).toEqual({ impressions: 2, matchedImpressions: 2, matchedActs: 3 });
    expect(byVariant).toEqual([
      { name: 'y', impressions: 1, matchedImpressions: 1, matchedActs: 2 },
      { name: 'x', impressions: 1, matchedImpressions: 1, matchedActs: 1 },
    ]);
  });

  it('takes the window of the namespace, and the last instant of it', async () => {
    for (const [windowMs, matched] of [
      [2 * hour, 1],
      [2 * hour - 1, 0],
    ] as const) {
      newNamespace();
      await setWindow(windowMs);
      await add([shown(), acted({ occurredAt: from + 2 * hour })]);
      expect((await read()).shown.matchedImpressions).toBe(matched);
    }
  });

  it('counts from the first instant on and before the last', async () => {
    newNamespace();
    await add([
      shown({ eventId: 'too early', occurredAt: from - 1 }),
      shown({ eventId: 'first' }),
      shown({ eventId: 'last', occurredAt: to - 1 }),
      shown({ eventId: 'too late', occurredAt: to }),
    ]);
    expect((await read()).shown.impressions).toBe(2);
  });

  it('compares what was shown with the items that lists may show now', async () => {
    newNamespace();
    for (const itemId of ['a', 'b', 'c', 'd']) await addItem(itemId);
    await addItem('away', 'false, false, NULL');
    await addItem('hidden', 'true, true, NULL');
    await addItem('archived', `true, false, '2020-01-01'`);
    await addItem('to be archived', `true, false, '2100-01-01'`);
    const items = ['a', 'a', 'b', 'away', 'hidden', 'archived', 'unknown'];
    await add(items.map((itemId, at) => shown({ itemId, eventId: `s${at}` })));
    await add([shown({ itemId: 'c', eventId: 'below', position: 21 })]);
    expect((await read()).catalog).toEqual({ items: 5, shown: 2 });
  });

  it('keeps namespaces and state versions apart', async () => {
    newNamespace();
    await add([shown(), acted({ namespace: 'elsewhere' })]);
    await add([acted(), shown({ eventId: 's2' })], 2);
    expect((await read()).shown).toEqual({ impressions: 1, matchedImpressions: 0, matchedActs: 0 });
    expect((await read('nowhere')).shown).toEqual({ impressions: 0, matchedImpressions: 0, matchedActs: 0 });
  });

  it('tells the largest groups of a breakdown and no more than fifty', async () => {
    newNamespace();
    await add(Array.from({ length: 60 }, (_, at) => shown({ eventId: `s${at}`, variant: `v${at}` })));
    await add([shown({ eventId: 'more', variant: 'v59' })]);
    const { byVariant } = await read();
    expect(byVariant).toHaveLength(50);
    expect(byVariant[0]).toMatchObject({ name: 'v59', impressions: 2 });
  });

  it('reads 400,000 rows by its indexes, in time', async () => {
    newNamespace();
    const namespace = `ns-${namespaces}`;
    await database.query({
      text: `INSERT INTO exposure (state_version, namespace, user_id, item_id, event_id, kind, request_id, position, sources,
                                   variant, surface, occurred_at)
             SELECT v, ns, 'u' || n % 5000, 'i' || n * 7 % 3001, 'e' || n, CASE WHEN n % 20 = 0 THEN 'acted' ELSE 'shown' END,
                    'r' || n / 20, n % 20 + 1, ARRAY['popular'], NULL, 'home', to_timestamp($2 / 1000.0) + make_interval(secs => n)
               FROM generate_series(1, 200000) n, (VALUES (1, $1), (2, 'other')) o (v, ns)`,
      values: [namespace, from],
    });
    await database.query({ text: 'ANALYZE exposure' });
    const values = [1, namespace, from, to, defaultWindowMs];
    const plan = await database.query<{ 'QUERY PLAN': string }>({ text: `EXPLAIN ${analyticsStatement}`, values });
    const lines = plan.map((row) => row['QUERY PLAN']);
    expect(lines.filter((line) => /Seq Scan on exposure/.test(line))).toEqual([]);
    expect(lines.filter((line) => /exposure_by_time/.test(line)).length).toBeGreaterThanOrEqual(3);
    expect(lines.some((line) => /exposure_pkey on exposure s/.test(line))).toBe(true);
    expect((await read(namespace)).shown.impressions).toBe(190_000);
  });
});
