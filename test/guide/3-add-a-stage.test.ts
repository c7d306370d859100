import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { FreshetRun } from '../support/freshet-child.ts';
import { createRelease, type Release } from '../support/release.ts';
import { openShopper } from '../support/shopper.ts';
import { createWorkspace, type Workspace } from '../support/workspace.ts';
import { addReviewEvent, addReviewStage, install, publishReviews } from './reviews.ts';

/*
 * Chapter 3. Add a stage.
 *
 * A stage is a function from a batch of deliveries to one outcome each: `emit`, `done`, `skip` or `deadLetter`. Offsets,
 * batches, repeats, dead letters, back-pressure, metrics and shutdown are the runner's. This one makes a like of each good
 * review and hands it in by the topic that other services use (`reviews.ts` beside this chapter has all of its code).
 */

let work: Release;
let workspace: Workspace;
let run: FreshetRun;

beforeAll(async () => {
  work = createRelease();
  await addReviewEvent(work);
  addReviewStage(work);
  workspace = await createWorkspace({ name: 'guide-stage' });
  await install(work, workspace);
  run = await work.run(workspace.env);
});
afterAll(async () => {
  await run?.[Symbol.asyncDispose]();
  work?.remove();
  await workspace?.close();
});

const reported = async () => {
  const report = (await (await fetch(`${run.url}/stream/worker`)).json()) as { stages: Record<string, unknown>[] };
  return report.stages.find(({ stage }) => stage === 'reviews');
};

describe('a stage', () => {
  it('is a role like any other, and operators see it', async () => {
    await eventually(async () => expect(await reported()).toMatchObject({ state: 'running' }), { withinMs: 30_000 });
  });

  it('turns what one service publishes into what a shopper sees next', async () => {
    const shopper = openShopper(run.url);
    await shopper.post('/v1/items:upsert', {
      items: ['lamp', 'desk', 'vase'].map((id) => ({ namespace: 'shop', item_id: id, revision: 1, available: true })),
    });
    const reviews = [
      { event_id: 'r-1', user_id: 'ann', item_id: 'lamp', stars: 5 },
      { event_id: 'r-2', user_id: 'ann', item_id: 'desk', stars: 2 },
    ];
    await publishReviews(workspace, reviews);
    await publishReviews(workspace, reviews); // sent again: the event's id makes it count once
    await eventually(
      async () => {
        const list = await shopper.list('ann');
        expect(list.reflects).toMatchObject({ event_id: 'r-1' });
      },
      { withinMs: 30_000 },
    );
    const stage = await eventually(async () => {
      const now = await reported();
      expect(now?.records).toMatchObject({ processed: 2, skipped: { not_liked: 2 } });
      return now;
    });
    expect(stage?.last_error).toBeNull();
  });

  it('sets aside what it cannot handle, with a reason that an operator can act on', async () => {
    await publishReviews(workspace, [{ event_id: 'r-3', user_id: 'ben', item_id: 'lamp', stars: 7 }]);
    await eventually(
      async () => {
        const { output } = await work.freshet(['dlq', 'list', '--stage', 'reviews'], workspace.env);
        expect(output).toContain('stars is outside of 1 to 5');
      },
      { withinMs: 30_000, everyMs: 500 },
    );
  });
});
