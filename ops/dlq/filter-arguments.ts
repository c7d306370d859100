import { addressShape, parseAddress } from '../../pipeline/domain/dead-letter-address.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { DeadLetterFilter, DeadLetterKey, DeadLetterStatus } from '../../pipeline/stores/dead-letter.ts';
import { instantOf } from '../outbox/arguments.ts';

export interface FilterOptions {
  readonly stage?: string;
  readonly stateVersion?: number;
  readonly reason?: string;
  readonly topic?: string;
  readonly since?: string;
  readonly until?: string;
  readonly key?: string;
  readonly eventId?: string;
  readonly text?: string;
}

/** Throws FreshetError `argument_invalid`. */
export function filterOf(options: FilterOptions, now: number): DeadLetterFilter {
  const { stage, stateVersion, reason, topic, since, until, key, eventId, text } = options;
  const filter: DeadLetterFilter = {
    ...(stage === undefined ? {} : { stage }),
    ...(stateVersion === undefined ? {} : { stateVersion }),
    ...(reason === undefined ? {} : { reason }),
    ...(topic === undefined ? {} : { topic }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(text === undefined ? {} : { text }),
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
    ...(since === undefined ? {} : { from: instantOf('--since', since, now) }),
    ...(until === undefined ? {} : { to: instantOf('--until', until, now) }),
  };
  return filter;
}

const statuses = ['open', 'redriven', 'discarded'] as const;

/** Undefined for `all`. */
export function statusOf(text: string): DeadLetterStatus | undefined {
  if (text === 'all') return undefined;
  const status = statuses.find((one) => one === text);
  if (status !== undefined) return status;
  throw new FreshetError(
    'argument_invalid',
    `--status: ${JSON.stringify(text)} is none of ${statuses.join(', ')}, all`,
  );
}

export function addressOf(text: string): DeadLetterKey {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new FreshetError(
    'argument_invalid',
    `${JSON.stringify(text)} is not the address of a dead letter: ${addressShape}, as \`freshet dlq list\` shows it`,
  );
}
