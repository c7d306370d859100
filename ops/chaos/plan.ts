import { type FaultName, faultNames } from './faults.ts';
import { createRandom } from './random.ts';

export interface RoundPlan {
  readonly number: number;
  readonly fault: FaultName;
  readonly relays: number;
  /** What the round's own choices are drawn from. */
  readonly seed: number;
}

const mostRelays = 3;

/** Faults are dealt like cards, so that each comes up as often as any other. */
export function planRounds(seed: number, count: number, among: readonly FaultName[] = faultNames): RoundPlan[] {
  const random = createRandom(seed);
  const rounds: RoundPlan[] = [];
  let deck: FaultName[] = [];
  for (let number = 1; number <= count; number += 1) {
    if (deck.length === 0) deck = random.shuffled(among);
    const fault = deck.pop() as FaultName;
    // Two at least where others are to take over.
    const least = fault === 'relay stopped past its lease' || fault === 'relay killed' ? 2 : 1;
    rounds.push({ number, fault, relays: random.between(least, mostRelays), seed: random.between(1, 2 ** 31) });
  }
  return rounds;
}
