import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelease, type Release } from '../support/release.ts';
import { createWorkspace, type Workspace } from '../support/workspace.ts';
import { addReviewEvent, install, publishReviews, reviewTopic } from './reviews.ts';

/*
 * Chapter 2. Add an event type.
 *
 * An event is a record schema and a topic. The catalogue, `schemas/topics.ts`, says for each topic what its key is, how
 * many partitions it has for ever, how long it keeps records and why, who writes it and who reads it. Dead-letter topics,
 * subjects and the diagram in the README follow from it.
 */

let work: Release;
let workspace: Workspace;

beforeAll(async () => {
  work = createRelease();
  workspace = await createWorkspace({ name: 'guide-event' });
});
afterAll(async () => {
  work?.remove();
  await workspace?.close();
});

describe('an event type', () => {
  it('is one command: schema, types, catalogue entry', async () => {
    const output = await addReviewEvent(work);
    expect(output.split('\n').slice(0, 3)).toEqual([
      'schemas/events/review-written.v1.avsc',
      'schemas/generated/review-written.v1.ts',
      'schemas/topics.ts',
    ]);
    expect(work.read('schemas/topics.ts')).toContain(`  reviewWritten: {
    name: '${reviewTopic}',
    schema: reviewWrittenSchema,
    key: 'ns|user',
    partitions: 8,
    cleanup: 'delete',
    retentionMs: 30 * day,
    retentionReason: 'A month to mend the stage and read it again.',
    producers: ['review-service'],
    consumers: ['reviews'],
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<ReviewWritten>,`);
    expect(await work.freshet(['schemas', 'check'])).toMatchObject({ code: 0 });
  });

  it('is planned against registry and cluster, applied, and there is nothing left to do', async () => {
    const { env } = workspace;
    const topics = await work.freshet(['topics', 'plan'], env);
    expect(topics.output).toContain(`create     ${reviewTopic} (8 partitions)`);
    expect(topics.output).toContain(`create     ${reviewTopic}.reviews.dlq (8 partitions)`);
    await install(work, workspace);
    expect((await work.freshet(['schemas', 'plan'], env)).output).toContain('the registry has every recorded version');
    expect((await work.freshet(['topics', 'plan'], env)).output).toContain('the cluster agrees with the catalogue');
  });

  it('can be written by whoever knows broker and registry', async () => {
    await publishReviews(workspace, [{ event_id: 'r-1', user_id: 'ann', item_id: 'lamp', stars: 5 }]);
    const doctor = await work.freshet(['topics', 'doctor'], workspace.env);
    expect(doctor.output).toMatch(/ topics as the catalogue says, 1 records$/);
    expect(doctor.code).toBe(0);
  });

  it('keeps its partitions and its key for ever: what would move keys is refused', async () => {
    work.edit(
      'schemas/topics.ts',
      `name: '${reviewTopic}',
    schema: reviewWrittenSchema,
    key: 'ns|user',
    partitions: 8,`,
      `name: '${reviewTopic}',
    schema: reviewWrittenSchema,
    key: 'ns|user',
    partitions: 16,`,
    );
    const { output, code } = await work.freshet(['schemas', 'check']);
    expect(output).toContain(`schemas/topics.ts: ${reviewTopic}.partitions: topic-changed: was 8, is 16`);
    expect(output).toContain('Put 8 back; add the next version of the topic (engagement.review.written.v2) beside it');
    expect(code).toBe(1);
  });

  it('is started anew as the next version of its topic where a change cannot be compatible', async () => {
    work.edit('schemas/topics.ts', 'partitions: 16,', 'partitions: 8,');
    const { code, output } = await work.freshet([
      ...['schemas', 'new', 'engagement.review.written.v2', '--doc', 'A shopper has written a review.'],
      ...['--producers', 'review-service', '--consumers', 'reviews', '--partitions', '16'],
    ]);
    expect(code, output).toBe(0);
    expect(work.read('schemas/topics.ts')).toContain('  reviewWrittenV2: {');
    expect(work.read('schemas/events/review-written.v2.avsc')).toContain('"stars"');
    expect(await work.freshet(['schemas', 'record'])).toMatchObject({ code: 0 });
  });
});
