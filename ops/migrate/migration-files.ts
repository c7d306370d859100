import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Migration {
  readonly number: number;
  /** File name without the number and `.sql`. */
  readonly name: string;
  readonly file: string;
  readonly sql: string;
  /** sha256 of the file in hex. */
  readonly checksum: string;
  /** Belongs to the outbox set too, by its name: `NNNN_outbox….sql`. It may touch nothing but that set's objects. */
  readonly isOutbox: boolean;
}

/** The repository this file belongs to. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const checksumsFile = (root: string) => join(root, 'migrations', 'checksums.json');

/** The migrations in order, and what is wrong with their names and numbers. */
export async function readMigrations(
  root: string,
): Promise<{ readonly migrations: readonly Migration[]; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const migrations: Migration[] = [];
  const directory = join(root, 'migrations');
  for (const file of (await readdir(directory)).sort()) {
    if (file === 'checksums.json') continue;
    const match = fileName.exec(file);
    if (!match) {
      problems.push(`${file}: is not named NNNN_name.sql`);
      continue;
    }
    const sql = await readFile(join(directory, file), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    const name = match[2] as string;
    migrations.push({ number: Number(match[1]), name, file, sql, checksum, isOutbox: /^outbox(_|$)/.test(name) });
  }
  migrations.forEach((migration, index) => {
    if (migration.number !== index + 1)
      problems.push(`${migration.file}: expected number ${index + 1}, no gap, no double`);
  });
  return { migrations, problems };
}

/** Checksums as they were recorded when each migration landed, by file name; empty where there is no file. */
export async function readChecksums(root: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(checksumsFile(root), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return JSON.parse(text) as Record<string, string>;
}

export async function writeChecksums(root: string, migrations: readonly Migration[]): Promise<void> {
  const recorded = Object.fromEntries(migrations.map(({ file, checksum }) => [file, checksum]));
  await writeFile(checksumsFile(root), `${JSON.stringify(recorded, null, 2)}\n`);
}

/** Where the files differ from the recorded checksums: edited, removed, renamed or never recorded. */
export function compareChecksums(
  migrations: readonly Migration[],
  recorded: Readonly<Record<string, string>>,
): readonly string[] {
  const present = new Set(migrations.map(({ file }) => file));
  const removed = Object.keys(recorded).filter((file) => !present.has(file));
  return [
    ...migrations.flatMap(({ file, checksum }) => {
      if (recorded[file] === undefined) return [`${file}: is not in checksums.json; run freshet migrate record`];
      if (recorded[file] !== checksum) return [`${file}: was edited after it landed; write a new migration instead`];
      return [];
    }),
    ...removed.map((file) => `${file}: has landed but the file is gone`),
  ];
}
