import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { DeadLetterIndex, OpenLetters } from '../../stores/dead-letter.ts';

const everyMs = 15_000;
/** Looking takes a twentieth of the time at most, however many letters there are. */
const restShare = 19;

export interface DlqSamplerOptions {
  readonly index: Pick<DeadLetterIndex, 'open'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'dlqOpen' | 'dlqOldestSeconds'>;
}

/** Counts what is open, for the metrics. Every process of the role tells the same: take the greatest, not the sum. */
export function createDlqSampler({ index, clock, log, metrics }: DlqSamplerOptions): Component {
  const sample = async () => {
    try {
      show(metrics, await index.open(), clock.now());
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'open dead letters could not be counted');
    }
  };
  return {
    name: 'dlq-sampler',
    async start() {
      const stopping = new AbortController();
      const { signal } = stopping;
      const run = async () => {
        while (!signal.aborted) {
          const startedMs = clock.monotonic();
          await sample();
          await clock.sleep(Math.max(everyMs, (clock.monotonic() - startedMs) * restShare), signal);
        }
      };
      const running = run();
      return {
        async stop() {
          stopping.abort();
          await running;
        },
      };
    },
  };
}

function show({ dlqOpen, dlqOldestSeconds }: DlqSamplerOptions['metrics'], open: readonly OpenLetters[], now: number) {
  dlqOpen.reset();
  dlqOldestSeconds.reset();
  const oldest = new Map<string, number>();
  for (const { stage, reason, count, oldestFailedAt } of open) {
    dlqOpen.set({ stage, reason }, count);
    oldest.set(stage, Math.min(oldest.get(stage) ?? oldestFailedAt, oldestFailedAt));
  }
  for (const [stage, at] of oldest) dlqOldestSeconds.set({ stage }, Math.max(0, now - at) / 1_000);
}
