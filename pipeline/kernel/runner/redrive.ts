import type { RawRecord } from '../../broker/consumer.ts';
import type { OffsetKey } from './ports.ts';

/** Kafka header that a redriven record carries: the key of its dead letter and its history, as JSON. */
export const redriveHeader = 'freshet-redrive';

export interface Redrive extends OffsetKey {
  readonly offset: bigint;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly firstFailedAt: number;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The header's value. */
export function redriveHeaderOf(redrive: Redrive): Buffer {
  return Buffer.from(JSON.stringify({ ...redrive, offset: redrive.offset.toString() }));
}

/** What a redriven record says of itself; undefined for all others and where the header is not ours. */
export function redriveOf({ headers }: RawRecord): Redrive | undefined {
  const header = headers[redriveHeader];
  if (header === undefined) return undefined;
  let parsed: Partial<Record<keyof Redrive, unknown>> | null;
  try {
    parsed = JSON.parse(header.toString());
  } catch {
    return undefined;
  }
  if (parsed === null || typeof parsed !== 'object') return undefined;
  const { stateVersion, stage, topic, partition, offset, count, firstFailedAt } = parsed;
  if (typeof stage !== 'string' || typeof topic !== 'string') return undefined;
  if (typeof offset !== 'string' || !/^\d{1,19}$/.test(offset)) return undefined;
  if (!isCount(stateVersion) || !isCount(partition) || !isCount(count) || !isCount(firstFailedAt)) return undefined;
  return { stateVersion, stage, topic, partition, offset: BigInt(offset), count, firstFailedAt };
}

/** A redriven record of a versioned stage is meant for that stage and version alone. */
export function isMeantForAnother(redrive: Redrive, stage: string, stateVersion: number): boolean {
  return redrive.stateVersion !== 0 && (redrive.stage !== stage || redrive.stateVersion !== stateVersion);
}
