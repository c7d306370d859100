import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CuttableLink, createCuttableLink } from '../../support/cuttable-link.ts';
import { startRun } from '../../support/freshet-child.ts';
import { createInstalledWorkspace } from '../../support/whole-process.ts';
import type { Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let link: CuttableLink;
let postgres: string;

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'hanging-server' });
  const direct = new URL(workspace.config.FRESHET_POSTGRES_URL);
  link = await createCuttableLink({ host: direct.hostname, port: Number(direct.port) });
  direct.host = `127.0.0.1:${link.port}`;
  postgres = direct.href;
});

afterAll(async () => {
  await link?.close();
  await workspace?.close();
});

it('a process ends by itself, and says that it was late, while Postgres hangs', async () => {
  await using run = await startRun({ ...workspace.env, FRESHET_POSTGRES_URL: postgres }, ['--stop-within', '3000']);
  link.freeze();
  run.send('SIGTERM');
  expect(await run.ended(10_000)).toEqual({ code: 1, signal: null });
  expect(run.lines.some((line) => line.includes('not stopped in time'))).toBe(true);
});
