import { expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';

it('returns what the assertion returns once it stops throwing', async () => {
  let attempts = 0;
  const value = await eventually(
    () => {
      attempts += 1;
      if (attempts < 3) throw new Error('not yet');
      return 'there';
    },
    { everyMs: 1 },
  );
  expect([value, attempts]).toEqual(['there', 3]);
});

it('gives up with the last failure as message and cause', async () => {
  const failure = new Error('the list is empty');
  const error = await eventually(() => Promise.reject(failure), { withinMs: 5, everyMs: 1 }).catch((one: Error) => one);
  expect(error).toMatchObject({ message: expect.stringContaining('the list is empty'), cause: failure });
});
