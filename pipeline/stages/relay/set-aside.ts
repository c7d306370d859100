import { type FreshetError, messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { heldBehind, OutboxSession, PageRow } from '../../stores/relay.ts';
import { Abandoned } from './abandoned.ts';
import type { HeldKeys } from './held-keys.ts';
import type { ShardState } from './shard-state.ts';

/** What becomes of rows that are not sent; each throws Abandoned where the lease was lost. */
export interface SetAside {
  isHeld(row: PageRow): boolean;
  hold(rows: readonly PageRow[]): Promise<void>;
  park(row: PageRow, error: FreshetError): Promise<void>;
}

export interface SetAsideOptions {
  readonly session: Pick<OutboxSession, 'park' | 'hold' | 'unpark'>;
  readonly heldKeys: HeldKeys;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relayParked'>;
}

const held: typeof heldBehind = 'held_behind';

function mustHold(isHeld: boolean): void {
  if (!isHeld) throw new Abandoned('lease_lost', 'the lease was lost before a record could be set aside');
}

const seqsOf = (rows: readonly PageRow[]) => rows.map(({ seq }) => seq);

async function park(options: SetAsideOptions, state: ShardState, row: PageRow, error: FreshetError): Promise<void> {
  const { session, heldKeys, metrics, log } = options;
  const { shard, epoch } = state;
  mustHold(await session.park({ shard, epoch, seq: row.seq, reason: error.code, message: messageOf(error) }));
  heldKeys.add(state, row);
  metrics.relayParked.inc({ reason: error.code });
  log.error({ shard, seq: row.seq.toString(), topic: row.topic, reason: error.code }, 'record parked');
}

/** For rows of the outbox. */
export function setAsidePage(options: SetAsideOptions, state: ShardState): SetAside {
  const { session, heldKeys, metrics } = options;
  const { shard, epoch } = state;
  return {
    isHeld: (row) => heldKeys.isHeld(state, row),
    park: (row, error) => park(options, state, row, error),
    async hold(rows) {
      mustHold(await session.hold({ shard, epoch, seqs: seqsOf(rows) }));
      metrics.relayParked.inc({ reason: held }, rows.length);
    },
  };
}

export interface Release extends SetAside {
  /** Drops those that were neither refused again nor held behind such a one. */
  finish(): Promise<void>;
}

/** For rows that were set aside before and may go now: those refused again keep what is behind them. */
export function setAsideAgain(options: SetAsideOptions, state: ShardState, rows: readonly PageRow[]): Release {
  const { shard, epoch } = state;
  const stay = new Set<PageRow>();
  const refused: PageRow[] = [];
  return {
    isHeld: (row) => refused.some(({ topic, key }) => topic === row.topic && key.equals(row.key)),
    async hold(behind) {
      for (const row of behind) stay.add(row);
    },
    async park(row, error) {
      await park(options, state, row, error);
      refused.push(row);
      stay.add(row);
    },
    async finish() {
      const seqs = seqsOf(rows.filter((row) => !stay.has(row)));
      mustHold(await options.session.unpark({ shard, epoch, seqs }));
    },
  };
}
