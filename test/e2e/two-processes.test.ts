import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClickLog } from '../../ops/demo/click-log.ts';
import { namespace } from '../../ops/demo/replay.ts';
import { countedEvents, verify } from '../../ops/demo/verify.ts';
import { stateVersion } from '../../ops/process/process.ts';
import type { RunnerStatus } from '../../pipeline/kernel/runner/options.ts';
import type { Resources } from '../../pipeline/main/resources.ts';
import { eventually } from '../support/eventually.ts';
import { type FreshetRun, startRun } from '../support/freshet-child.ts';
import { openShopper } from '../support/shopper.ts';
import { startSteadyReplay } from '../support/steady-replay.ts';
import { createInstalledWorkspace, openTestResources } from '../support/whole-process.ts';
import type { Workspace } from '../support/workspace.ts';

const withinMs = 30_000;
let workspace: Workspace;
let resources: Resources;

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'e2e-two' });
  resources = await openTestResources(workspace);
});
afterAll(async () => {
  await resources?.close();
  await workspace?.close();
});

/** Partitions that each process holds of a stage. */
async function held(stage: string, runs: readonly FreshetRun[]): Promise<number[]> {
  const all = runs.map(async ({ url }) => {
    const health = (await (await fetch(`${url}/healthz`)).json()) as { subsystems: { stages: RunnerStatus[] } };
    return health.subsystems.stages.find((one) => one.stage === stage)?.partitions.length ?? 0;
  });
  return Promise.all(all);
}

/** Waits until these processes, and no other, have all the work between them. */
async function untilShared(...runs: readonly FreshetRun[]): Promise<void> {
  for (const stage of ['enrichment', 'aggregation', 'candidates']) {
    await eventually(async () => expect(await held(stage, runs), stage).toEqual([4, 4]), { withinMs, everyMs: 100 });
  }
  await eventually(
    async () => {
      const text = 'SELECT count(DISTINCT owner)::int AS owners FROM relay_lease WHERE expires_at > now()';
      expect(await resources.database.query({ text })).toEqual([{ owners: runs.length }]);
    },
    { withinMs, everyMs: 100 },
  );
}

describe('two processes with every role that share the work', () => {
  it('count every event once, though one is killed and another takes its place', async () => {
    await using one = await startRun(workspace.env);
    await using two = await startRun(workspace.env);
    await untilShared(one, two);
    const settings = { namespace, kind: 'settings', id: 'default', revision: 1, body: { max_event_age_ms: 4e9 } };
    await openShopper(one.url).post('/v1/config:upsert', { documents: [settings] });
    const stored = { text: 'SELECT FROM namespace_config WHERE namespace = $1', values: [namespace] };
    await eventually(async () => expect(await resources.database.query(stored)).toHaveLength(1));

    const urls = [one.url, two.url];
    let turn = 0;
    const log = readClickLog(40_000);
    await using replay = startSteadyReplay({
      url: () => urls[turn++ % urls.length] as string,
      perSecond: 400,
      clicks: log.train,
      shiftMs: Date.now() - log.endsAt,
    });
    const untilCounted = async (count: number) => {
      const counted = async () =>
        expect(await countedEvents(resources.database, stateVersion)).toBeGreaterThanOrEqual(count);
      await eventually(counted, { withinMs, everyMs: 100 });
    };
    await untilCounted(1_000);
    one.send('SIGKILL');
    await one.ended(withinMs);
    await using three = await startRun(workspace.env);
    urls[0] = three.url;
    await untilShared(two, three);
    await untilCounted(replay.accepted.length);
    await replay.stop();
    await untilCounted(replay.accepted.length);

    expect(replay.rejected).toEqual([]);
    const stages = await verify(replay.accepted, resources.database, resources, stateVersion);
    expect(stages.map(({ stage, lost }) => ({ stage, lost })).filter(({ lost }) => lost > 0)).toEqual([]);
    const exact = stages.filter(({ stage }) => ['outbox', 'applied', 'counted'].includes(stage));
    expect(exact.map(({ repeated }) => repeated)).toEqual([0, 0, 0]);
    expect(await resources.database.query({ text: 'SELECT * FROM dead_letter' })).toEqual([]);
    for (const run of [two, three]) {
      run.send('SIGTERM');
      expect(await run.ended(withinMs)).toEqual({ code: 0, signal: null });
    }
  });
});
