import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase } from '../../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../../pipeline/stores/postgres/outbox-append.ts';
import type { Workspace } from '../../../support/workspace.ts';

const freshet = fileURLToPath(new URL('../../../../ops/cli/freshet.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `freshet outbox …` as an operator runs it, on a test's servers. */
export function outboxCommand(workspace: Workspace, ...args: string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [freshet, 'outbox', ...args], { env: { ...process.env, ...workspace.env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export interface TestRow {
  readonly id: string;
  readonly topic: string;
  readonly key?: string;
  readonly payload?: Buffer | null;
}

export function openOutbox(workspace: Workspace) {
  const database: Database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  return {
    database,
    sql: <Row extends object = Record<string, unknown>>(text: string, values: unknown[] = []) =>
      database.query<Row>({ text, values }),
    append: (...rows: TestRow[]) =>
      database.transaction((tx) =>
        appendOutbox(
          tx,
          rows.map(({ id, topic, key = `k-${id}`, payload = Buffer.from(`value of ${id}`) }) => {
            return { topic, key: Buffer.from(key), eventId: id, payload, occurredAt: 1_700_000_000_000 };
          }),
        ),
      ),
  };
}
