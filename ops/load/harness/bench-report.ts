import { mkdirSync, writeFileSync } from 'node:fs';
import { productVersion } from '../../cli/report.ts';
import type { Machine } from './machine.ts';
import { type Cell, markdownTable } from './markdown-table.ts';

/** A table of the Markdown, one row a system or load. */
export interface BenchTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** What a bench gives back once its output was verified; every run stands in it, not only their median. */
export interface BenchReport {
  /** As typed, with the options that were given: `bench ingest --runs 7`. */
  readonly command: string;
  /** ISO-8601. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runs: readonly unknown[];
  readonly summary: Readonly<Record<string, unknown>>;
  readonly tables: readonly BenchTable[];
  /** How the figures were made and verified, a line each. */
  readonly notes: readonly string[];
}

/** The report as JSON; tables are left to the Markdown. */
export function benchJson({ command, startedAt, machine, config, runs, summary, notes }: BenchReport): string {
  const document = { command, version: productVersion(), startedAt, machine, config, runs, summary, notes };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function benchMarkdown({ command, startedAt, machine, tables, notes }: BenchReport): string {
  const { cpu, cores, memoryMiB, kernel, node, postgres, kafka, loadBefore } = machine;
  const where = `${cores} × ${cpu}, ${memoryMiB} MiB, Linux ${kernel}, Node ${node}, Postgres ${postgres}, Kafka ${kafka}, load ${loadBefore} before`;
  return [
    `# npx freshet ${command}`,
    `Version ${productVersion()}, ${startedAt}. ${where}.`,
    ...tables.flatMap(({ title, header, rows }) => [`## ${title}`, markdownTable(header, rows)]),
    notes.map((note) => `- ${note}`).join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

const baselines = new URL('../baselines/', import.meta.url);

/** Keeps a report as `ops/load/baselines/<name>.{json,md}`, to be compared with later ones. */
export function recordBaseline(name: string, report: BenchReport): void {
  mkdirSync(baselines, { recursive: true });
  writeFileSync(new URL(`${name}.json`, baselines), benchJson(report));
  writeFileSync(new URL(`${name}.md`, baselines), benchMarkdown(report));
}
