import { eventKeyId } from '../../domain/keys.ts';
import { type Outcome, skip } from '../../kernel/outcome.ts';
import type { Delivery } from '../../kernel/stage.ts';
import type { AppliedEvents } from '../../stores/feature.ts';

interface Identified {
  readonly namespace: string;
  readonly eventId: string;
}

/** A delivery that is to be applied, and where its outcome goes. */
export interface Applicable<V> {
  readonly at: number;
  readonly value: V;
  readonly partition: number;
}

export interface Claimed<V> {
  /** First deliveries of events never applied, in offset order. */
  readonly fresh: readonly Applicable<V>[];
  /** One a delivery; those of `fresh` are `done`, to be overwritten where the stage knows better. */
  readonly outcomes: Outcome[];
}

export interface ClaimOptions<V, Tx> {
  readonly applied: AppliedEvents<Tx>;
  readonly stateVersion: number;
  /** An outcome that ends the delivery before its event is claimed. */
  readonly refuse: (value: V) => Outcome | undefined;
}

/** Everything upstream is at least once: sorts out what a batch brings for the first time. */
export async function claimBatch<V extends Identified, Tx>(
  tx: Tx,
  batch: readonly Delivery<V>[],
  { applied, stateVersion, refuse }: ClaimOptions<V, Tx>,
): Promise<Claimed<V>> {
  const outcomes: Outcome[] = [];
  const firsts = new Map<string, Applicable<V>>();
  for (const [at, { value, partition }] of batch.entries()) {
    const refused = value === null ? skip('tombstone') : refuse(value);
    outcomes.push(refused ?? skip('duplicate'));
    if (value === null || refused) continue;
    const id = eventKeyId(value.namespace, value.eventId);
    if (!firsts.has(id)) firsts.set(id, { at, value, partition });
  }
  const claimed = await applied.claim(tx, stateVersion, [...firsts.keys()]);
  const fresh = [...firsts].flatMap(([id, one]) => (claimed.has(id) ? [one] : []));
  for (const { at } of fresh) outcomes[at] = { kind: 'done' };
  return { fresh, outcomes };
}
