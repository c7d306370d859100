import { expect, it } from 'vitest';
import { faultNames, planRelayRounds } from '../../../../ops/chaos/faults.ts';

it('deals the same faults for the same seed, and others for another', () => {
  expect(planRelayRounds(7, 40)).toEqual(planRelayRounds(7, 40));
  expect(planRelayRounds(8, 40)).not.toEqual(planRelayRounds(7, 40));
});

it('deals every fault as often as any other', () => {
  const rounds = planRelayRounds(7, faultNames.length * 3);
  for (const name of faultNames) expect(rounds.filter(({ fault }) => fault === name)).toHaveLength(3);
});

it('has somebody to take over where a relay is killed or stopped', () => {
  const alone = planRelayRounds(7, 200).filter(({ members }) => members === 1);
  expect(alone.length).toBeGreaterThan(0);
  expect(alone.filter(({ fault }) => /^relay (killed|stopped past)/.test(fault))).toEqual([]);
});
