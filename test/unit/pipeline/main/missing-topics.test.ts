import { expect, it } from 'vitest';
import { mustHaveTopics } from '../../../../pipeline/main/missing-topics.ts';

const admin = {
  describe: async (names: readonly string[]) =>
    names.filter((name) => name !== 'new').map((name) => ({ name, partitions: 8, config: {} })),
};

it('a stage whose topic is missing waits, and says which one and how it comes about', async () => {
  await mustHaveTopics(admin, [{ name: 'old' }]);
  await expect(mustHaveTopics(admin, [{ name: 'old' }, { name: 'new' }])).rejects.toMatchObject({
    code: 'topics_missing',
    message: 'the cluster has no topic new: run `npx freshet topics apply`',
  });
});
