import { printAddress } from '../../domain/dead-letter-address.ts';
import type { StoredDeadLetter } from '../../stores/dead-letter.ts';
import type { Refusal } from './examine.ts';

/** Letters of one stage, topic and reason that met the same fate. */
export interface Group {
  readonly stage: string;
  readonly stateVersion: number;
  /** Where they were first. */
  readonly topic: string;
  /** Why they had been set aside. */
  readonly reason: string;
  /** Why they were not touched; null where they were. */
  readonly refused: string | null;
  readonly count: number;
  /** One of them. */
  readonly example: string;
  /** Of that one, where it was refused. */
  readonly message: string | null;
}

/** What became of one letter. */
export interface Fate {
  readonly letter: StoredDeadLetter;
  readonly refused?: Refusal;
}

/** What became of letters; its groups are as few as stages, topics, reasons and refusals are. */
export interface Tally {
  readonly settled: number;
  readonly refused: number;
  readonly groups: readonly Group[];
  /** Addresses of the first ones that were settled. */
  readonly first: readonly string[];
}

export const emptyTally: Tally = { settled: 0, refused: 0, groups: [], first: [] };

/** As many addresses as the audit keeps; each letter knows its own actions besides. */
const mostAddresses = 100;

const idOf = ({ stage, stateVersion, topic, reason, refused }: Omit<Group, 'count' | 'example' | 'message'>): string =>
  JSON.stringify([stage, stateVersion, topic, reason, refused]);

function groupOf({ letter, refused }: Fate): Group {
  const { stage, stateVersion, topic, reason } = letter;
  const example = printAddress(letter);
  const { code = null, message = null } = refused ?? {};
  return { stage, stateVersion, topic, reason, refused: code, count: 1, example, message };
}

/** The tally with these letters too; the given one stays as it was. */
export function withFates(tally: Tally, fates: readonly Fate[]): Tally {
  const groups = new Map(tally.groups.map((group) => [idOf(group), group]));
  for (const group of fates.map(groupOf)) {
    const known = groups.get(idOf(group));
    groups.set(idOf(group), known ? { ...known, count: known.count + 1 } : group);
  }
  const settled = fates.filter(({ refused }) => refused === undefined).map(({ letter }) => letter);
  return {
    settled: tally.settled + settled.length,
    refused: tally.refused + fates.length - settled.length,
    groups: [...groups.values()],
    first: [...tally.first, ...settled.slice(0, mostAddresses - tally.first.length).map(printAddress)],
  };
}

/** How many were refused for what. */
export function refusals({ groups }: Tally): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { refused, count } of groups) if (refused !== null) counts[refused] = (counts[refused] ?? 0) + count;
  return counts;
}
