import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { benchMarkdown } from '../../../../ops/load/harness/bench-report.ts';
import { cpuSecondsBetween, cpuTimeOf, peakMemoryMiB } from '../../../../ops/load/harness/cpu-time.ts';
import { markdownTable } from '../../../../ops/load/harness/markdown-table.ts';

describe('the CPU time of a process', () => {
  it('grows with its work and holds that of children', () => {
    const before = cpuTimeOf(process.pid);
    const until = process.cpuUsage().user + 60_000;
    while (process.cpuUsage().user < until) Math.sqrt(until);
    expect(cpuSecondsBetween(before, cpuTimeOf(process.pid))).toBeGreaterThanOrEqual(0.04);
    expect(cpuTimeOf(process.ppid).userSeconds).toBeGreaterThanOrEqual(cpuTimeOf(process.pid).userSeconds);
    expect(peakMemoryMiB(process.pid)).toBeGreaterThan(10);
  });

  it('of a process that ended is an error', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(() => cpuTimeOf(child.pid as number)).toThrow('is gone');
  });
});

describe('a report', () => {
  const table = {
    title: 'Batches',
    header: ['run', 'events/s'],
    rows: [['a|b', 12_345.6] as const, ['c', 9.876] as const],
  };

  it('has tables that a terminal shows aligned', () => {
    expect(markdownTable(table.header, table.rows)).toBe(
      ['| run  | events/s |', '| ---- | -------: |', '| a\\|b |   12,346 |', '| c    |     9.88 |'].join('\n'),
    );
  });

  it('names command, machine and how it was verified', () => {
    const machine = {
      cpu: 'x',
      cores: 2,
      memoryMiB: 1,
      kernel: 'k',
      node: 'v24',
      postgres: '18',
      kafka: '4.2.0',
      loadBefore: 0,
    };
    const report = {
      command: 'bench x',
      startedAt: 'now',
      machine,
      config: {},
      runs: [],
      summary: {},
      notes: ['read back'],
    };
    const text = benchMarkdown({ ...report, tables: [table] });
    for (const part of ['npx freshet bench x', '2 × x', 'Kafka 4.2.0', '## Batches', '- read back'])
      expect(text).toContain(part);
  });
});
