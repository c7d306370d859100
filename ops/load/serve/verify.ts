import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { DataSet } from './data-set.ts';
import type { LoadResult, Sample } from './load-plan.ts';
import type { Surface } from './population.ts';
import { type Asked, expectedAnswer, heldBack } from './reference.ts';

interface Answer {
  readonly items: readonly { readonly item_id: string }[];
  readonly fallback_level: string;
  readonly reflects?: { readonly event_id: string } | null;
}

/** The first difference in words; undefined where the answer is right. */
export function differenceOf(data: DataSet, { user, text }: Sample, asked: Asked): string | undefined {
  const of = data.users[user];
  if (!of) return `there is no user ${user}`;
  const expected = expectedAnswer(data, of, asked);
  const answer = JSON.parse(text) as Answer;
  const given = answer.items.map(({ item_id: id }) => id);
  const place = expected.itemIds.findIndex((id, i) => given[i] !== id);
  const from = answer.fallback_level;
  if (place !== -1)
    return `${of.userId}: at place ${place + 1} ${given[place]} (${from}) instead of ${expected.itemIds[place]} (${expected.level})`;
  if (given.length !== expected.itemIds.length)
    return `${of.userId}: ${given.length} items, not ${expected.itemIds.length}`;
  if (answer.fallback_level !== expected.level) return `${of.userId}: ${answer.fallback_level}, not ${expected.level}`;
  const reflects = answer.reflects?.event_id ?? null;
  return reflects === expected.reflects ? undefined : `${of.userId}: reflects ${reflects}, not ${expected.reflects}`;
}

/** How many answers were compared; FreshetError `bench_failed` on any refusal or wrong answer. */
export function verifyAnswers(data: DataSet, { statuses, samples }: LoadResult, surface: Surface): number {
  const refused = statuses.filter((status) => status !== 200);
  if (refused.length > 0) {
    throw new FreshetError('bench_failed', `${refused.length} requests were not answered with 200 but ${refused[0]}`);
  }
  if (samples.length === 0) throw new FreshetError('bench_failed', 'no answer was kept to be compared');
  const asked = { surface, now: Date.now() };
  const wrong = samples.map((sample) => differenceOf(data, sample, asked)).filter((one) => one !== undefined);
  if (wrong.length === 0) return samples.length;
  const words = `${wrong.length} of ${samples.length} answers differ from the reference`;
  throw new FreshetError('bench_failed', `${words}; the first: ${wrong[0]}`);
}

/** Rungs that know the user, so that everything of theirs is held back. */
const knowing: readonly string[] = ['personal', 'session', 'last_known_good'];

/**
 * What may be asked of an answer whatever is away: nothing of it is gone from the catalogue, and nothing is held back
 * from a user who is known. The first item shown that must not be; undefined where there is none.
 */
export function leakOf(data: DataSet, { user, text }: Sample, now: number): string | undefined {
  const { items = [], fallback_level: level } = JSON.parse(text) as Partial<Answer>;
  const stranger = { userId: '', known: undefined, recent: [] };
  const of = level !== undefined && knowing.includes(level) ? data.users[user] : stranger;
  const isHeldBack = heldBack(data, of ?? stranger, now);
  const shown = items.find(({ item_id: id }) => isHeldBack(Number(id.slice(id.indexOf('-') + 1))));
  return shown && `${data.users[user]?.userId}: ${shown.item_id} is shown on the rung ${level}`;
}
