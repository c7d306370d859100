import type { Clock } from '../../kernel/clock.ts';
import { FreshetError, messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { OutboxSession, PageRow } from '../../stores/relay.ts';
import type { Sender } from './sender.ts';
import type { Page, ShardState } from './shard-state.ts';
import type { UnknownTopics } from './unknown-topics.ts';

export interface DeliveryOptions {
  readonly sender: Pick<Sender, 'send'>;
  readonly session: Pick<OutboxSession, 'park'>;
  readonly unknownTopics: UnknownTopics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relayParked'>;
  /** False while the lease may have run out: nothing may be sent then. */
  mayPublish(): boolean;
  /** False once the shard was lost or is being handed over. */
  isHeld(state: ShardState): boolean;
  /** Aborted at stop and when the session broke. */
  readonly signal: AbortSignal;
}

/** Thrown where a page is left unacknowledged on purpose; its rows are read again by whoever holds the shard. */
export class Abandoned extends FreshetError {}

const minWaitMs = 20;
const maxWaitMs = 2_000;

export interface Delivery {
  /** Tries several shards' pages in one request; false where each must go its own way. */
  together(pages: readonly Page[]): Promise<boolean>;
  /** Resolves when each of the rows is acknowledged or parked; throws Abandoned. */
  alone(page: Page): Promise<void>;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { sender, session, unknownTopics, clock, random, log, metrics, signal } = options;

  const backOff = async (attempt: number) => {
    const ceiling = Math.min(maxWaitMs, minWaitMs * 2 ** Math.min(attempt, 10));
    await clock.sleep(ceiling / 2 + (random() * ceiling) / 2, signal);
  };

  const park = async (state: ShardState, row: PageRow, error: FreshetError) => {
    const { shard, epoch } = state;
    const held = await session.park({ shard, epoch, seq: row.seq, reason: error.code, message: messageOf(error) });
    if (!held) throw new Abandoned('lease_lost', 'the lease was lost before a record could be parked');
    metrics.relayParked.inc({ reason: error.code });
    log.error({ shard, seq: row.seq.toString(), topic: row.topic, reason: error.code }, 'record parked');
  };

  /** Undefined where all were acknowledged, else why not. */
  const attempt = async (state: ShardState, rows: readonly PageRow[]): Promise<FreshetError | undefined> => {
    if (signal.aborted || !options.isHeld(state)) throw new Abandoned('page_abandoned', 'shard no longer held');
    if (!options.mayPublish()) return new TransientError('lease_late', 'the lease could not be renewed in time');
    try {
      await sender.send([{ state, rows }]);
      unknownTopics.forget(rows);
      return undefined;
    } catch (error) {
      if (error instanceof FreshetError) return error;
      throw error;
    }
  };

  const mustWait = (error: FreshetError, first: PageRow) =>
    error instanceof TransientError || (error.code === 'topic_unknown' && !unknownTopics.isConfirmed(first.topic));

  /** Waits for ever where waiting helps, halves where a record is at fault, parks what is at fault alone. */
  const deliverRows = async (state: ShardState, rows: readonly PageRow[]): Promise<void> => {
    const [first, ...others] = rows;
    for (let failures = 0; first; failures += 1) {
      const error = await attempt(state, rows);
      if (!error) return;
      if (others.length > 0 && !(error instanceof TransientError)) {
        const middle = rows.length >> 1;
        await deliverRows(state, rows.slice(0, middle));
        return deliverRows(state, rows.slice(middle));
      }
      if (!mustWait(error, first)) return park(state, first, error);
      if (failures % 10 === 0)
        log.warn(
          { shard: state.shard, topic: first.topic, failures, error: messageOf(error) },
          'not published, waiting',
        );
      await backOff(failures);
    }
  };

  return {
    async together(pages) {
      // A shard may have been handed over since its page was read: whoever has it now may be publishing already.
      if (!options.mayPublish() || !pages.every(({ state }) => options.isHeld(state))) return false;
      try {
        await sender.send(pages);
        return true;
      } catch (error) {
        if (!(error instanceof FreshetError)) throw error;
        log.debug({ error: messageOf(error), pages: pages.length }, 'joint request failed, sending shard by shard');
        return false;
      }
    },
    alone: ({ state, rows }) => deliverRows(state, rows),
  };
}
