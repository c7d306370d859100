import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

/** What every command that measures or reports writes; the rest of the document is added here. */
export interface ReportBody {
  readonly command: string;
  /** ISO-8601. */
  readonly startedAt: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runs: readonly unknown[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** Value of commander's `--json [FILE]`: true means stdout, undefined that it was not asked for. */
export type JsonOption = string | true | undefined;

/** The option, the same for every command: `.option(...jsonOption)`. */
export const jsonOption = ['--json [file]', 'write one JSON document to stdout, or to FILE'] as const;

/** Lines for people; they give way to the document where that goes to stdout. */
export function say(options: { readonly json?: JsonOption }, lines: readonly string[]): void {
  const stream = options.json === true ? process.stderr : process.stdout;
  for (const line of lines) stream.write(`${line}\n`);
}

function machine() {
  const processors = cpus();
  return {
    platform: platform(),
    arch: arch(),
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryMiB: Math.round(totalmem() / 1_048_576),
    node: process.version,
  };
}

/** Version of the product, from package.json. */
export function productVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Writes `{ command, version, machine, startedAt, config, runs, summary }`; nothing where it was not asked for. */
export async function writeReport(target: JsonOption, body: ReportBody): Promise<void> {
  if (target === undefined) return;
  const { command, startedAt, config, runs, summary } = body;
  const document = { command, version: productVersion(), machine: machine(), startedAt, config, runs, summary };
  await writeText(
    target,
    `${JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? Number(value) : value), 2)}\n`,
  );
}

function refuseTarget(target: string, error: Error): never {
  const remedy = 'name a file in a folder that is there and may be written to';
  throw new FreshetError('report_unwritten', `--json: ${target} cannot be written: ${error.message}; ${remedy}`);
}

/** Writes a document to where `--json` says; nothing where it was not asked for. */
export async function writeText(target: JsonOption, text: string): Promise<void> {
  if (target === undefined) return;
  if (target !== true) return writeFile(target, text).catch((error: Error) => refuseTarget(target, error));
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
