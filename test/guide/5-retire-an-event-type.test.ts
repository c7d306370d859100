import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelease, type Release } from '../support/release.ts';
import { addReviewEvent, reviewTopic } from './reviews.ts';

/*
 * Chapter 5. Retire an event type.
 *
 * A topic ends in two steps. First nobody writes it any more; its consumers read it to its end, and its records are there
 * for as long as it keeps them. Then its entry, its schema and its types go, while the versions that it had stay in
 * `schemas/history`: whoever has kept a record can still read it.
 */

let work: Release;
beforeAll(async () => {
  work = createRelease();
  await addReviewEvent(work);
  await work.commit('reviews');
});
afterAll(() => work?.remove());

const entry = () => {
  const source = work.read('schemas/topics.ts');
  const from = source.indexOf('  reviewWritten: {');
  const end = 'satisfies TopicDef<ReviewWritten>,\n';
  return source.slice(from, source.indexOf(end, from) + end.length);
};

describe('an event type', () => {
  it('cannot just be deleted', async () => {
    const before = work.read('schemas/topics.ts');
    work.edit('schemas/topics.ts', entry(), '');
    const { output, code } = await work.freshet(['schemas', 'check']);
    expect(output).toContain(`schemas/topics.ts: ${reviewTopic}: topic-gone: is gone from the catalogue`);
    expect(output).toContain(`\`freshet schemas retire ${reviewTopic}\` ends it`);
    expect(code).toBe(1);
    work.write('schemas/topics.ts', before);
  });

  it('is retired first: no producers, and the reason is there to be read', async () => {
    const retired = await work.freshet(['schemas', 'retire', reviewTopic, '--because', 'reviews are rated elsewhere']);
    expect(retired.code, retired.output).toBe(0);
    expect(entry()).toMatch(/producers: \[\],/);
    expect(entry()).toMatch(/retired: \{ since: '\d{4}-\d{2}-\d{2}', reason: 'reviews are rated elsewhere' \},/);
    expect(await work.freshet(['schemas', 'record'])).toMatchObject({ code: 0 });
    expect(await work.freshet(['schemas', 'check'])).toMatchObject({ code: 0 });
  });

  it('may go when its topic is read to its end, and its versions stay', async () => {
    const module = 'review-written.v1';
    work.edit('schemas/topics.ts', entry(), '');
    work.edit(
      'schemas/topics.ts',
      work.read('schemas/topics.ts').match(/^import .*review-written.*\n/m)?.[0] ?? '',
      '',
    );
    work.erase(`schemas/events/${module}.avsc`);
    const generated = await work.freshet(['schemas', 'generate']);
    expect(generated.output).toContain(`schemas/generated/${module}.ts`);
    const { output, code } = await work.freshet(['schemas', 'check']);
    expect(code, output).toBe(0);
    expect(work.read(`schemas/history/${reviewTopic}-value/1.avsc`)).toContain('"stars"');

    const told = await work.freshet(['schemas', 'diff', '--against', 'HEAD', '--format', 'markdown']);
    expect(told.output).toContain(`### \`schemas/events/${module}.avsc\`: no longer there`);
    expect(told.output).toContain(`- ${reviewTopic}: gone from the catalogue`);
  });
});
