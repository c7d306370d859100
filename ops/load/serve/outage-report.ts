import type { BenchReport } from '../harness/bench-report.ts';
import type { Machine } from '../harness/machine.ts';
import type { Outage, OutageOptions } from './outage.ts';

const faults = { kill: 'killed (SIGKILL)', freeze: 'frozen (SIGSTOP)' } as const;
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Phases side by side. */
export function outageReport(
  { phases, recoveredMs, answersCompared }: Outage,
  options: Omit<OutageOptions, 'say'>,
  head: { readonly command: string; readonly startedAt: string; readonly machine: Machine },
): BenchReport {
  const { rate, seconds, fault } = options;
  return {
    ...head,
    config: options as unknown as Readonly<Record<string, unknown>>,
    runs: phases,
    summary: { ...Object.fromEntries(phases.map((phase) => [phase.name, phase])), recoveredMs },
    tables: [
      {
        title: `Lists while Redis is ${faults[fault]} for ${seconds} s`,
        header: ['Redis', 'requests', 'refused', 'p50 ms', 'p99 ms', 'max ms', 'answered from'],
        rows: phases.map(({ name, requests, errors, latency, levels }) => [
          { before: 'there', during: 'away', after: 'back' }[name],
          requests,
          percent(errors),
          latency.p50,
          latency.p99,
          latency.max,
          Object.entries(levels)
            .map(([level, share]) => `${level} ${percent(share)}`)
            .join(', '),
        ]),
      },
    ],
    notes: [
      `${rate} requests/s at fixed times, latency from when one was due; a Redis of this bench's own, started again with what it had saved. Lists were from Redis again ${recoveredMs} ms after it answered.`,
      `${answersCompared} answers were looked at: before the outage, and after the last one without Redis, each is that of the reference; between, none shows an item that is unavailable or archived, or one that a known user has seen, bought, dismissed or put into the cart.`,
    ],
  };
}
