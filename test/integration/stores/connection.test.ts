import { afterAll, beforeAll, expect, it } from 'vitest';
import { openConnection } from '../../../pipeline/stores/postgres/connection.ts';
import { type CuttableLink, createCuttableLink } from '../../support/cuttable-link.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let link: CuttableLink;
let url: string;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'connection' });
  const direct = new URL(workspace.config.FRESHET_POSTGRES_URL);
  link = await createCuttableLink({ host: direct.hostname, port: Number(direct.port) });
  direct.host = `127.0.0.1:${link.port}`;
  url = direct.href;
});

afterAll(async () => {
  await link?.close();
  await workspace?.close();
});

it('a connection to a server that hangs can be closed', async () => {
  const connection = await openConnection({ url, name: 'hanging', onBroken: () => undefined });
  await connection.query({ text: 'SELECT 1' });
  link.freeze();
  await expect(connection.close()).resolves.toBeUndefined();
  link.mend();
});
