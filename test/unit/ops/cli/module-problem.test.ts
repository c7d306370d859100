import { expect, test } from 'vitest';
import { moduleProblem } from '../../../../ops/cli/module-problem.ts';

const thrown = (stack: string, message: string, kind: typeof Error = Error) =>
  Object.assign(new kind(message), { stack });

test.each<[string, Error, RegExp]>([
  [
    'a catalogue that does not parse',
    thrown(
      'file:///home/me/freshet/schemas/topics.ts:186\nconst x = ;\n\nSyntaxError: Expression expected',
      'Expression expected',
      SyntaxError,
    ),
    /^schemas\/topics.ts:186: cannot be loaded.*Expression expected\. Correct it; `npx tsc --noEmit`/,
  ],
  [
    'a generated module that is gone',
    thrown(
      "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/home/me/freshet/schemas/generated/user-changed.v1.ts' imported from /home/me/freshet/schemas/topics.ts\n    at resolve (node:internal)",
      "Cannot find module '/home/me/freshet/schemas/generated/user-changed.v1.ts' imported from /home/me/freshet/schemas/topics.ts",
    ),
    /^schemas\/generated\/user-changed.v1.ts: .*Cannot find module 'schemas\/generated\/user-changed.v1.ts'.*`freshet schemas generate`/,
  ],
  [
    'a record that was renamed',
    thrown(
      "file:///home/me/freshet/schemas/topics.ts:10\nimport { userChangedSchema } from './generated/user-changed.v1.ts';\nSyntaxError: no such export",
      "The requested module './generated/user-changed.v1.ts' does not provide an export named 'userChangedSchema'",
      SyntaxError,
    ),
    /^schemas\/topics.ts:10: .*keeps its name/,
  ],
  [
    'a name that the catalogue does not define',
    thrown(
      'ReferenceError: month is not defined\n    at file:///home/me/freshet/schemas/topics.ts:30:5',
      'month is not defined',
      ReferenceError,
    ),
    /^schemas\/topics.ts:30: .*month is not defined/,
  ],
])('%s is told in one line, without folders of this machine', (...[, error, words]) => {
  expect(moduleProblem(error)).toMatch(words);
  expect(moduleProblem(error)).not.toMatch(/\n|\/home/);
});

test.each([
  new SyntaxError('Unexpected token'),
  thrown('Error: x\n    at readLock (file:///home/me/freshet/ops/schemas/lock.ts:31:34)', 'x'),
  'text',
])('other errors are left as they are', (error) => {
  expect(moduleProblem(error)).toBeUndefined();
});
