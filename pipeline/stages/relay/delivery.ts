import type { Clock } from '../../kernel/clock.ts';
import { FreshetError, messageOf, TransientError } from '../../kernel/errors.ts';
import type { PageRow } from '../../stores/relay.ts';
import { Abandoned } from './abandoned.ts';
import type { Sender } from './sender.ts';
import { type SetAside, type SetAsideOptions, setAsideAgain, setAsidePage } from './set-aside.ts';
import type { Page, ShardState } from './shard-state.ts';
import type { UnknownTopics } from './unknown-topics.ts';

export interface DeliveryOptions extends SetAsideOptions {
  readonly sender: Pick<Sender, 'send'>;
  readonly unknownTopics: UnknownTopics;
  readonly clock: Clock;
  readonly random: () => number;
  /** False while the lease may have run out: nothing may be sent then. */
  mayPublish(): boolean;
  /** False once the shard was lost or is being handed over. */
  isHeld(state: ShardState): boolean;
  /** Aborted at stop and when the session broke. */
  readonly signal: AbortSignal;
}

const minWaitMs = 20;
const maxWaitMs = 2_000;

export interface Delivery {
  /** Tries several shards' pages in one request; false where each must go its own way. */
  together(pages: readonly Page[]): Promise<boolean>;
  /** Resolves when each of the rows is acknowledged or parked; throws Abandoned. */
  alone(page: Page): Promise<void>;
  /** Publishes rows that were held; those refused now keep what is behind them. Throws Abandoned. */
  release(state: ShardState, rows: readonly PageRow[]): Promise<void>;
}

async function withoutHeld(rows: readonly PageRow[], aside: SetAside): Promise<readonly PageRow[]> {
  const held = rows.filter((row) => aside.isHeld(row));
  if (held.length === 0) return rows;
  await aside.hold(held);
  return rows.filter((row) => !aside.isHeld(row));
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { sender, heldKeys, unknownTopics, clock, random, log, signal } = options;

  const backOff = async (attempt: number) => {
    const ceiling = Math.min(maxWaitMs, minWaitMs * 2 ** Math.min(attempt, 10));
    await clock.sleep(ceiling / 2 + (random() * ceiling) / 2, signal);
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

  /** Waits for ever where waiting helps, halves where a record is at fault, sets aside what is at fault alone. */
  const deliverRows = async (state: ShardState, all: readonly PageRow[], aside: SetAside): Promise<void> => {
    const rows = await withoutHeld(all, aside);
    const [first] = rows;
    for (let failures = 0; first; failures += 1) {
      const error = await attempt(state, rows);
      if (!error) return;
      if (rows.length > 1 && !(error instanceof TransientError)) {
        const middle = rows.length >> 1;
        await deliverRows(state, rows.slice(0, middle), aside);
        return deliverRows(state, rows.slice(middle), aside);
      }
      if (!mustWait(error, first)) return aside.park(first, error);
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
      if (pages.some(({ state, rows }) => rows.some((row) => heldKeys.isHeld(state, row)))) return false;
      try {
        await sender.send(pages);
        return true;
      } catch (error) {
        if (!(error instanceof FreshetError)) throw error;
        log.debug({ error: messageOf(error), pages: pages.length }, 'joint request failed, sending shard by shard');
        return false;
      }
    },
    alone: ({ state, rows }) => deliverRows(state, rows, setAsidePage(options, state)),
    async release(state, rows) {
      const aside = setAsideAgain(options, state, rows);
      await deliverRows(state, rows, aside);
      await aside.finish();
    },
  };
}
