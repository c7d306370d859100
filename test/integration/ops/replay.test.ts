import { afterAll, beforeAll, expect, it } from 'vitest';
import { replay, resume } from '../../../ops/replay/replay.ts';
import { topics } from '../../../schemas/topics.ts';
import { openTestResources } from '../../support/whole-process.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const actor = { operator: 'somebody', reason: 'a test' };
const topic = topics.itemChanged;
const stage = 'catalog-items';
let workspace: Workspace;
let resources: Awaited<ReturnType<typeof openTestResources>>;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'replay', topics: [topic] });
  resources = await openTestResources(workspace);
  await resources.producer.send([
    {
      topic: topic.name,
      records: Array.from({ length: 40 }, (_, n) => ({ key: Buffer.from(`k${n}`), value: Buffer.from('v') })),
    },
  ]);
  await resources.database.query({
    text: `INSERT INTO consumer_offset (state_version, stage, topic, partition, next_offset, epoch, owner)
           SELECT 0, $1, $2, p, 2, 5, 'worker' FROM generate_series(0, 7) p
           UNION ALL SELECT 1, 'aggregation', 'enriched', 0, 9, 1, 'worker'`,
    values: [stage, topic.name],
  });
});
afterAll(async () => {
  await resources?.close();
  await workspace?.close();
});

const offsets = async () =>
  await resources.database.query<{ next: bigint; owner: string; epoch: bigint }>({
    text: `SELECT next_offset AS next, owner, epoch FROM consumer_offset WHERE stage = $1 ORDER BY partition`,
    values: [stage],
  });

it('moves every partition of a stage to the beginning, to an instant or one to an offset, and says who and why', async () => {
  const from = { kind: 'earliest' } as const;
  const moved = await replay(resources, { stage }, { from, actor });
  expect(moved.map(({ from: before, to }) => [before, to])).toEqual(Array(8).fill([2n, 0n]));
  expect(await offsets()).toEqual(Array(8).fill({ next: 0n, owner: 'operator:somebody', epoch: 6n }));
  await replay(resources, { stage }, { from: { kind: 'instant', at: Date.now() + 60_000 }, actor });
  const ends = (await resources.admin.offsets(topic.name)).map(({ high }) => high);
  expect((await offsets()).map(({ next }) => next)).toEqual(ends);
  await replay(resources, { stage, partition: 3 }, { from: { kind: 'offset', offset: 1n }, actor });
  expect((await offsets())[3]?.next).toBe(1n);
  expect(await resources.database.query({ text: 'SELECT operator, verb, reason FROM operator_audit' })).toEqual(
    Array(3).fill({ operator: 'somebody', verb: 'replay', reason: 'a test' }),
  );
});

it('lets a stage go on from where it stands', async () => {
  const before = await offsets();
  await resume(resources.database, { stage }, actor);
  const after = await offsets();
  expect(after.map(({ next }) => next)).toEqual(before.map(({ next }) => next));
  expect(after.map(({ epoch }) => epoch)).toEqual(before.map(({ epoch }) => epoch + 1n));
});

it.each([
  ['replay_refused', { stage: 'aggregation' }, 0n, /rebuild start/],
  ['replay_refused', { stage: 'enrichment' }, 0n, /--from recorded/],
  ['stage_unknown', { stage: 'catalogue' }, 0n, /stages are .*catalog-items/],
  ['stage_unknown', { stage, partition: 99 }, 0n, /no stored offset/],
  ['offset_out_of_range', { stage, partition: 1 }, 10_000n, /holds 0 to \d+, not 10000/],
])('refuses with %s what cannot be meant', async (code, selection, offset, words) => {
  const before = await offsets();
  const refused = replay(resources, selection, { from: { kind: 'offset', offset }, actor });
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  expect(await offsets()).toEqual(before);
});
