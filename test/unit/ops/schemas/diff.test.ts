import { expect, test } from 'vitest';
import { diffSchemas } from '../../../../ops/schemas/diff.ts';
import { diffLines, markdownText } from '../../../../ops/schemas/diff-text.ts';
import { added, event, read, root, write } from './planting.ts';

const lines = async () => diffLines(await diffSchemas({ root }));

test('nothing changed is said only where everything could be compared', async () => {
  expect(await lines()).toEqual(['nothing changed against the newest recorded versions']);
  write(event, `<<<<<<< HEAD\n${read(event)}=======\n>>>>>>> other\n`);
  expect(await lines()).toEqual([expect.stringMatching(`^${event}: not compared: holds conflict markers of git`)]);
});

test('a change is told with its field, its meaning and the order of deploying', async () => {
  added({})();
  expect((await lines()).slice(0, 3)).toEqual([
    `${event}: changed`,
    '  channel: added: nullable string; older records read null',
    '  deploy: consumers first',
  ]);
});

test('text of schemas cannot break a table or become markup', () => {
  expect(markdownText('a|b <img>\nc')).toBe('a\\|b \\<img\\> c');
});
