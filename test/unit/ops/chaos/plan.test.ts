import { expect, it } from 'vitest';
import { faultNames } from '../../../../ops/chaos/faults.ts';
import { planRounds } from '../../../../ops/chaos/plan.ts';

it('deals the same faults for the same seed, and others for another', () => {
  expect(planRounds(7, 40)).toEqual(planRounds(7, 40));
  expect(planRounds(8, 40)).not.toEqual(planRounds(7, 40));
});

it('deals every fault as often as any other', () => {
  const rounds = planRounds(7, faultNames.length * 3);
  for (const name of faultNames) expect(rounds.filter(({ fault }) => fault === name)).toHaveLength(3);
});

it('has somebody to take over where a relay is killed or stopped', () => {
  const alone = planRounds(7, 200).filter(({ relays }) => relays === 1);
  expect(alone.length).toBeGreaterThan(0);
  expect(alone.filter(({ fault }) => /^relay (killed|stopped past)/.test(fault))).toEqual([]);
});
