import cliProgress from 'cli-progress';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';

/** The demo's live line on stderr; without a terminal one line every five seconds. */
export interface Display {
  /** Begins a phase of `total` steps. */
  phase(name: string, total: number): void;
  /** Sets the steps done. */
  progress(done: number): void;
  freshness(ms: number): void;
  /** A line that stays. */
  say(line: string): void;
  stop(): void;
}

const stages = ['enrichment', 'aggregation', 'candidates'] as const;

/** Records not yet handled, summed over partitions, by stage. */
async function lagOf(metrics: Metrics): Promise<string> {
  const { values } = await metrics.stageLag.get();
  return stages
    .map((stage) => {
      const lag = values.filter((one) => one.labels.stage === stage).reduce((sum, one) => sum + one.value, 0);
      return `${stage} ${lag}`;
    })
    .join(' · ');
}

export interface DisplayOptions {
  readonly metrics: Metrics;
  /** Outbox records not yet published. */
  readonly outboxDepth: () => Promise<number>;
  readonly now: () => number;
}

export function createDisplay({ metrics, outboxDepth, now }: DisplayOptions): Display {
  const bar = new cliProgress.SingleBar({
    format: '{phase} {bar} {value}/{total} · {rate}/s · outbox {outbox} · lag {lag} · list after {fresh}',
    barsize: 18,
    hideCursor: true,
    clearOnComplete: false,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
    stream: process.stderr,
  });
  let done = 0;
  let startedAt = now();
  let fresh = '–';
  let running = false;
  let reading = false;
  const refresh = async () => {
    if (reading || !running) return;
    reading = true;
    try {
      const seconds = Math.max(0.001, (now() - startedAt) / 1_000);
      const [outbox, lag] = await Promise.all([outboxDepth(), lagOf(metrics)]);
      if (running) bar.update(done, { rate: Math.round(done / seconds), outbox, lag, fresh });
    } catch {
      // A server that is away for a while: the line keeps its last figures, the counts at the end decide.
      if (running) bar.update(done, { outbox: '?' });
    } finally {
      reading = false;
    }
  };
  const timer = setInterval(() => void refresh(), 1_000);
  const end = () => {
    if (running) bar.stop();
    running = false;
  };
  return {
    phase(name, total) {
      end();
      done = 0;
      startedAt = now();
      running = true;
      bar.start(total, 0, { phase: name.padEnd(9), rate: 0, outbox: 0, lag: '–', fresh });
    },
    progress(value) {
      done = value;
    },
    freshness(ms) {
      fresh = `${Math.round(ms)} ms`;
    },
    say(line) {
      end();
      process.stderr.write(`${line}\n`);
    },
    stop() {
      clearInterval(timer);
      if (running) bar.update(done);
      end();
    },
  };
}
