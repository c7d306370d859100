import { createRandom } from './random.ts';

export interface RoundPlan<Fault extends string> {
  readonly number: number;
  readonly fault: Fault;
  /** Processes that run when it begins. */
  readonly members: number;
  /** What the round's own choices are drawn from. */
  readonly seed: number;
}

export interface Deal<Fault extends string> {
  readonly seed: number;
  readonly rounds: number;
  readonly among: readonly Fault[];
  /** Fewest processes that a fault needs. */
  leastMembers(fault: Fault): number;
  readonly mostMembers: number;
}

/** Faults are dealt like cards, so that each comes up as often as any other. */
export function dealRounds<Fault extends string>(deal: Deal<Fault>): RoundPlan<Fault>[] {
  const random = createRandom(deal.seed);
  const rounds: RoundPlan<Fault>[] = [];
  let deck: Fault[] = [];
  for (let number = 1; number <= deal.rounds; number += 1) {
    if (deck.length === 0) deck = random.shuffled(deal.among);
    const fault = deck.pop() as Fault;
    const members = random.between(deal.leastMembers(fault), deal.mostMembers);
    rounds.push({ number, fault, members, seed: random.between(1, 2 ** 31) });
  }
  return rounds;
}
