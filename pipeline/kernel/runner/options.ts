import type { BrokerAdmin } from '../../broker/admin.ts';
import type { RecordReader } from '../../broker/codec.ts';
import type { ConsumerFactory } from '../../broker/consumer.ts';
import type { Clock } from '../clock.ts';
import type { Component, Running } from '../component.ts';
import type { DlqLimitOptions } from '../dlq-limit.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { Outcome } from '../outcome.ts';
import type { TopicRef } from '../stage.ts';
import type { Effect } from './effect.ts';
import type { Pace } from './pace.ts';
import type { RunnerProgress } from './ports.ts';
import type { SliceLimits } from './slices.ts';

export interface RunnerOptions<In> {
  readonly stage: { readonly name: string; readonly consumes: readonly TopicRef[]; readonly stateVersion: number };
  /** Sets runners of one stage apart that read different topics: part of the group's name. */
  readonly part?: string;
  /** `statelessEffect` or `statefulEffect` of the same stage. */
  readonly effect: Effect<In>;
  readonly consumers: ConsumerFactory;
  /** Ends of the log, for partitions that have no stored offset yet. */
  readonly offsets: Pick<BrokerAdmin, 'offsets'>;
  readonly progress: Pick<RunnerProgress<never>, 'claim' | 'moved'>;
  readerOf(topic: string): RecordReader<In>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Names this process in the stored offsets. */
  readonly owner: string;
  /** Where a partition starts that has no stored offset. */
  readonly autoOffsetReset: 'earliest' | 'latest';
  readonly limits: SliceLimits;
  readonly dlqLimit: DlqLimitOptions;
  /** Which dead letters count towards that limit; all, where it is not given. */
  countsTowardsLimit?(outcome: Outcome<unknown>): boolean;
  /** One attempt at a slice that takes longer is taken for stuck, and ends the process. Default 120 s. */
  readonly stuckAfterMs?: number;
  readonly maxWaitMs?: number;
  /** As in `ConsumerOptions`. */
  readonly batchMs?: number;
  /** Asked before each batch. */
  readonly pace?: Pace;
  receivedAtOf?(value: In): number | undefined;
}

export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to handle, decimal. */
  readonly next: string;
  /** Records behind the end of the log as last seen. */
  readonly lag: number;
  /** Age of the next record to handle; 0 where there is none. */
  readonly lagSeconds: number;
  /** How long the next record has been waiting here with nothing handled before it; 0 where there is none. */
  readonly stalledSeconds: number;
  readonly paused?: string;
  readonly waitingFor?: string;
}

/** Records since the start of this process. */
export interface RunnerCounts {
  readonly processed: number;
  /** By reason, as are dead letters. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLettered: Readonly<Record<string, number>>;
}

/** Batches since the start of this process. */
export interface RunnerBatches {
  readonly count: number;
  readonly records: number;
  /** The newest one. */
  readonly lastRecords: number;
  readonly lastMs: number;
}

export interface RunnerStatus {
  readonly stage: string;
  /** Unique in its process. */
  readonly name: string;
  readonly stateVersion: number;
  /** What it consumes, whether partitions are assigned or not. */
  readonly topics: readonly string[];
  readonly state: 'joining' | 'running' | 'halted' | 'stopped';
  readonly partitions: readonly PartitionStatus[];
  readonly counts: RunnerCounts;
  readonly batches: RunnerBatches;
  readonly lastError?: string;
  /** Milliseconds since the epoch. */
  readonly lastErrorAt?: number;
}

export interface RunningRunner extends Running {
  unready(): string | undefined;
  status(): RunnerStatus;
}

export interface Runner extends Component {
  start(fail: (error: unknown) => void): Promise<RunningRunner>;
}
