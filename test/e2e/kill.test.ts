import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClickLog } from '../../ops/demo/click-log.ts';
import { createDemoArea, type DemoArea } from '../support/demo-area.ts';
import { eventually } from '../support/eventually.ts';
import type { FreshetChild } from '../support/freshet-child.ts';

/** Long enough for a replay of seconds, short enough for a test. */
const limit = 10_000;
const minute = 60_000;
let area: DemoArea;

beforeAll(async () => {
  area = await createDemoArea();
});
afterAll(() => area?.close());

/** Repeats `assertion` while the demo runs, often: what it waits for is soon over. */
async function during(demo: FreshetChild, assertion: () => void | Promise<void>): Promise<void> {
  const whileRunning = () => {
    if (demo.exit()) throw new Error(`it has ended:\n${demo.lines.slice(-20).join('\n')}`);
    return assertion();
  };
  await eventually(whileRunning, { withinMs: 2 * minute, everyMs: 5 });
}

/** A new demo has noted that clicks were answered, and more are to come. */
async function inTheMiddleOfTheReplay(demo: FreshetChild, former: string | undefined): Promise<void> {
  await during(demo, () => {
    const state = area.state();
    expect(state?.runId).not.toBe(former);
    expect(state?.answered).toBeGreaterThan(0);
  });
  expect(area.state()?.answered).toBeLessThan(limit);
}

/** Clicks of the test day were accepted beyond those of the replay. */
async function whileListsAreAskedFor(demo: FreshetChild): Promise<void> {
  await during(demo, async () => {
    const url = /all roles run at (\S+)/.exec(demo.lines.join('\n'))?.[1];
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const accepted =
      /^freshet_ingest_events_total\{door="http",kind="interaction",result="accepted",code=""\} (\d+)/m.exec(metrics);
    expect(Number(accepted?.[1])).toBeGreaterThan(limit);
  });
}

/** Every promise about events; how fast lists were and how good is judged where nothing else runs. */
function expectExactCounts(clicks: number): void {
  const { train, testSessions } = readClickLog(clicks);
  const accepted = train.length + testSessions.flat().length;
  const report = area.report();
  expect(report).toMatchObject({ rejected: 0, lost: 0, countedTwice: 0, misses: 0, accepted });
  expect([report?.outbox, report?.published, report?.counted]).toEqual([accepted, accepted, accepted]);
  expect(report?.broken.filter((words) => !words.startsWith('freshness'))).toEqual([]);
}

describe('a demo that is killed', () => {
  it.each([
    ['in the middle of its replay', inTheMiddleOfTheReplay],
    ['while lists are asked for', whileListsAreAskedFor],
  ])('%s goes on with --resume, and every event is counted once', async (_, untilThen) => {
    const former = area.state()?.runId;
    await using killed = area.start('--limit', String(limit));
    await untilThen(killed, former);
    killed.send('SIGKILL');
    expect(await killed.ended(minute)).toEqual({ code: null, signal: 'SIGKILL' });
    const left = area.state();

    await using resumed = area.start('--resume');
    const { code } = await resumed.ended(3 * minute);
    expect(area.report(), resumed.lines.join('\n')).toBeDefined();
    const broken = area.report()?.broken ?? [];
    expect(code).toBe(broken.length > 0 ? 1 : 0);
    expect(area.state()?.runId).toBe(left?.runId);
    expectExactCounts(limit);
  });
});

describe('a demo that is interrupted in the middle of its replay', () => {
  it('stops everything by itself, and the next one works', async () => {
    const former = area.state()?.runId;
    await using interrupted = area.start('--limit', String(limit));
    await inTheMiddleOfTheReplay(interrupted, former);
    interrupted.send('SIGINT');
    expect(await interrupted.ended(30_000)).toEqual({ code: 130, signal: null });
    const left = area.state();
    expect(area.report()).toBeUndefined();

    await using next = area.start('--limit', '1000');
    await next.ended(2 * minute);
    expect(area.state()?.runId).not.toBe(left?.runId);
    expect(area.report(), next.lines.join('\n')).toBeDefined();
    expectExactCounts(1_000);
  });
});
