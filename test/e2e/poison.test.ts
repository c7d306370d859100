import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits, stateVersion } from '../../ops/chaos/consumers/area.ts';
import { caughtUp, tappedTopics } from '../../ops/chaos/consumers/caught-up.ts';
import { Drafts } from '../../ops/chaos/consumers/drafts.ts';
import { judge } from '../../ops/chaos/consumers/judge.ts';
import { Ledger } from '../../ops/chaos/consumers/ledger.ts';
import { Load } from '../../ops/chaos/consumers/load.ts';
import { openPoisonWriters, Poisons } from '../../ops/chaos/consumers/poison.ts';
import { openTap, type Tap } from '../../ops/chaos/consumers/tap.ts';
import { Truth } from '../../ops/chaos/consumers/truth.ts';
import { createRandom } from '../../ops/chaos/random.ts';
import { type FreshetProcess, startProcess } from '../../ops/process/process.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { Resources } from '../../pipeline/main/resources.ts';
import { eventually } from '../support/eventually.ts';
import { createInstalledWorkspace, openTestResources, untilReady } from '../support/whole-process.ts';
import type { Workspace } from '../support/workspace.ts';

const mostInARow = 100;
let workspace: Workspace;
let resources: Resources;
let process: FreshetProcess;
let tap: Tap;
let load: Load;
const ledger = new Ledger();
const truth = new Truth();
const fatal: string[] = [];

beforeAll(async () => {
  workspace = await createInstalledWorkspace({
    name: 'e2e-poison',
    env: { FRESHET_CONSUMER_BATCH_RECORDS: '200' },
  });
  resources = await openTestResources(workspace);
  const { database, codec } = resources;
  const text = 'UPDATE state_version SET settings = $2 WHERE version = $1';
  await database.query({ text, values: [stateVersion, JSON.stringify(limits)] });
  process = await startProcess({
    config: workspace.config,
    roles: new Set(['relay', 'aggregation', 'dlq-index']),
    log: createLogger('fatal'),
    onFatal: (component, error) => void fatal.push(`${component}: ${String(error)}`),
  });
  tap = await openTap({ ...resources, topics: tappedTopics, onRecord: (record) => ledger.add(record) });
  const random = createRandom(5);
  const drafts = new Drafts({ random, prefix: 'p.', now: Date.now });
  const poisons = new Poisons(random, drafts, await openPoisonWriters(codec));
  const { signal } = new AbortController();
  load = new Load({ url: () => '', resources, random, drafts, poisons, truth, ledger, batchesPerSecond: 1, signal });
  await untilReady(process);
});
afterAll(async () => {
  await tap?.close();
  await process?.stop();
  await resources?.close();
  await workspace?.close();
});

/** Dead letters of aggregation by partition. */
async function letters(): Promise<number[]> {
  const text = `SELECT count(*)::int AS count FROM dead_letter WHERE stage = 'aggregation' GROUP BY partition ORDER BY partition`;
  return (await resources.database.query<{ count: number }>({ text })).map(({ count }) => count);
}

describe('records that nobody can handle', () => {
  it('1,000 among 10,000, have a dead letter each with the right reason, and the rest counts once', async () => {
    await load.publishPoisoned(10_000, 1_000);
    const except = ['candidates', 'enrichment', 'intake'];
    expect(await caughtUp({ resources, tap, withinMs: 90_000, except })).toBeUndefined();
    expect(ledger.expectedLetters.size).toBe(1_000);
    const reasons = [...ledger.expectedLetters.values()].map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['undecodable', 'schema_unknown', 'invalid', 'unhandled']));
    expect(await judge({ ledger, truth, database: resources.database })).toEqual([]);
    expect(fatal).toEqual([]);
  });

  it('in a row, halt the stage at the limit instead of draining the topic', async () => {
    const before = await letters();
    await load.publishPoisoned(1_000 * 8, 1_000 * 8);
    const aggregation = () => process.pipeline.status().find(({ stage }) => stage === 'aggregation');
    await eventually(() => expect(aggregation()?.state).toBe('halted'), { withinMs: 60_000 });
    await eventually(async () => {
      const paused = (await letters()).filter((count, at) => count - (before[at] ?? 0) === mostInARow);
      expect(paused.length).toBeGreaterThanOrEqual(4);
    });
    expect((await letters()).every((count, at) => count - (before[at] ?? 0) <= mostInARow)).toBe(true);
    expect(process.unready()).toMatch(/halted/);
  });
});
