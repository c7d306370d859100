import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Resources } from '../../pipeline/main/resources.ts';
import { eventually } from '../support/eventually.ts';
import type { FreshetRun } from '../support/freshet-child.ts';
import { createRelease, type Release } from '../support/release.ts';
import { openTestResources } from '../support/whole-process.ts';
import { createWorkspace, type Workspace } from '../support/workspace.ts';
import { addReviewEvent, addReviewStage, install, publishReviews } from './reviews.ts';

/*
 * Chapter 4. Replay after a change.
 *
 * What a stage should have done with yesterday's records is decided by where its effect goes. A stage whose effect can be
 * repeated (`stateless`) reads its topic again: `freshet replay`. State is never changed under its readers: a version of it
 * is built from the earliest record on beside the live one, compared, and promoted: `freshet rebuild`.
 */

const because = ['--because', 'three stars are good enough'];
const withinMs = 30_000;
let work: Release;
let workspace: Workspace;
let resources: Resources;
let run: FreshetRun;

beforeAll(async () => {
  work = createRelease();
  await addReviewEvent(work);
  addReviewStage(work);
  workspace = await createWorkspace({ name: 'guide-replay' });
  resources = await openTestResources(workspace);
  await install(work, workspace);
  run = await work.run(workspace.env);
  await publishReviews(workspace, [
    { event_id: 'r-1', user_id: 'ann', item_id: 'lamp', stars: 5 },
    { event_id: 'r-2', user_id: 'ann', item_id: 'desk', stars: 3 },
  ]);
  await eventually(async () => expect(await likes()).toEqual({ lamp: 1 }), { withinMs });
});
afterAll(async () => {
  await run?.[Symbol.asyncDispose]();
  await resources?.close();
  work?.remove();
  await workspace?.close();
});

/** Likes by item, as they are counted in a version of state. */
async function likes(version = 1): Promise<Record<string, number>> {
  const rows = await resources.database.query<{ item_id: string; count: number }>({
    text: 'SELECT item_id, sum(count)::int AS count FROM item_activity WHERE state_version = $1 GROUP BY 1',
    values: [version],
  });
  return Object.fromEntries(rows.map(({ item_id: itemId, count }) => [itemId, count]));
}

describe('a stage whose effect can be repeated', () => {
  it('is changed, deployed, and reads its topic again; what counted before counts once', async () => {
    work.edit('pipeline/stages/reviews/reviews.ts', 'const fewestStars = 4;', 'const fewestStars = 3;');
    const next = await work.run(workspace.env);
    run.send('SIGTERM');
    await run.ended(withinMs);
    run = next;
    const { code, output } = await work.freshet(
      ['replay', '--stage', 'reviews', '--from', 'earliest', ...because],
      workspace.env,
    );
    expect(code, output).toBe(0);
    await eventually(async () => expect(await likes()).toEqual({ lamp: 1, desk: 1 }), { withinMs });
  });
});

describe('state', () => {
  it('is built anew beside the live one, compared, promoted, and rolled back', async () => {
    const freshet = async (...args: string[]) => {
      const { code, output } = await work.freshet(args, workspace.env);
      expect(code, output).toBe(0);
      return output;
    };
    await freshet('rebuild', 'start', ...because);
    await freshet('rebuild', 'promote', '--within', '60', ...because); // once it has caught up
    expect(await likes(2)).toEqual(await likes(1));
    expect(await freshet('rebuild', 'compare', '1', '--with', '2')).toContain('equal');
    const versionOf = async () => {
      const list = await fetch(`${run.url}/v1/recommendations/ann?namespace=shop`);
      return ((await list.json()) as { state_version: number }).state_version;
    };
    await eventually(async () => expect(await versionOf()).toBe(2), { withinMs });
    await freshet('rebuild', 'rollback', ...because);
    await eventually(async () => expect(await versionOf()).toBe(1), { withinMs });
  });
});
