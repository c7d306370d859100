import { expect, it } from 'vitest';
import { openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createPostgresProgress } from '../../../pipeline/stores/postgres/progress.ts';
import { createWorkspace } from '../../support/workspace.ts';

it('marking without waiting for the disk leaves the connection as it was: everything after it waits', async () => {
  const workspace = await createWorkspace({ name: 'hurry' });
  const url = workspace.config.FRESHET_POSTGRES_URL;
  const database = openDatabase({ url, maxConnections: 1, onIdleError: () => undefined });
  const progress = createPostgresProgress(database);
  const key = { stateVersion: 0, stage: 'stage', topic: 'topic', partition: 0 };
  const { epoch } = await progress.claim({ ...key, owner: 'a', initial: 0n });
  expect(await progress.advance(undefined, { ...key, epoch, expected: 0n, next: 1n })).toBe(true);
  expect(await progress.advance(undefined, { ...key, epoch, expected: 0n, next: 1n })).toBe(false);
  expect(await database.query({ text: 'SHOW synchronous_commit' })).toEqual([{ synchronous_commit: 'on' }]);
  await database.close();
  await workspace.close();
});
