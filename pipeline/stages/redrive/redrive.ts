import type { Producer } from '../../broker/producer.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FreshetError } from '../../kernel/errors.ts';
import type {
  Actor,
  DeadLetterActions,
  DeadLetterKey,
  DeadLetters,
  StoredDeadLetter,
} from '../../stores/dead-letter.ts';
import { type Examined, type ExamineRules, examine, type RedriveTopic } from './examine.ts';
import { createPace } from './pace.ts';
import { Run, type RunRequest, type RunResult } from './run.ts';
import { batchesOf } from './selection.ts';
import { type Sendable, sendLetters } from './send-letters.ts';
import type { Fate } from './tally.ts';

export interface RedriveDeps {
  readonly letters: Pick<DeadLetters, 'find'> & DeadLetterActions;
  readonly producer: Pick<Producer, 'send'>;
  readonly clock: Clock;
  /** Today's topics, by name. */
  topicOf(name: string): RedriveTopic | undefined;
}

export interface RedriveRequest extends RunRequest {
  readonly ratePerSecond?: number;
  /** Another topic than the letters' own. */
  readonly to?: string;
  /** Redrives after which a letter is refused. */
  readonly maxRedrives: number;
  /** Sends what was redriven too often, or is of a compacted topic, all the same. */
  readonly force: boolean;
}

/** What would be sent and what would be refused; changes nothing. */
export async function rehearse(
  deps: Omit<RedriveDeps, 'producer' | 'letters'> & {
    readonly letters: Pick<RedriveDeps['letters'], 'find' | 'choose' | 'now' | 'runningVersions'>;
  },
  request: RedriveRequest,
): Promise<RunResult> {
  const run = new Run(request);
  const rules = await rulesOf(deps, request);
  for await (const keys of batchesOf(deps.letters, request)) {
    if (run.isOver) break;
    const found = await deps.letters.find(keys);
    const open = found.filter(({ status }) => status === 'open');
    run.missed(keys, open, found);
    for (const letter of open) {
      if (run.isOver) break;
      const examined = await examine(letter, rules);
      run.add(['refused' in examined ? { letter, refused: examined.refused } : { letter }]);
    }
  }
  return run.result();
}

/**
 * Publishes letters again: key, value and headers as they were, acknowledged by all replicas, then marked. A crash in
 * between sends them again under the same count; consumers know their events. What is refused stays open.
 * Rejects only before anything is sent; what fails later is in the result, beside what was done.
 */
export async function redrive(deps: RedriveDeps, request: RedriveRequest, actor: Actor): Promise<RunResult> {
  const { letters, clock } = deps;
  const { to = null, ratePerSecond, maxRedrives, force } = request;
  const run = new Run(request, { to, ratePerSecond: ratePerSecond ?? null, maxRedrives, force });
  const rules = await rulesOf(deps, request);
  const pace = createPace(clock, ratePerSecond);
  const action = await letters.begin(actor, 'dlq redrive', run.detailsWith([]));
  try {
    for await (const keys of batchesOf(letters, request)) {
      if (run.isOver) break;
      const sent = await redriveBatch(deps, { keys, rules, run, action });
      await pace.after(sent, request.signal);
    }
  } catch (error) {
    run.fail(error);
  }
  await letters.note(action, run.finalDetails()).catch((error: unknown) => run.fail(error));
  return run.result();
}

interface Batch {
  readonly keys: readonly DeadLetterKey[];
  readonly rules: ExamineRules;
  readonly run: Run;
  readonly action: bigint;
}

/** Answers how many were sent. They are counted once the transaction has committed: before, nothing has happened. */
async function redriveBatch({ letters, producer }: RedriveDeps, { keys, rules, run, action }: Batch): Promise<number> {
  let had: readonly StoredDeadLetter[] = [];
  let fates: readonly Fate[] = [];
  let settled: readonly StoredDeadLetter[] = [];
  await letters.settle(keys, {
    action,
    status: 'redriven',
    async work(open) {
      had = open;
      const examined: Examined[] = [];
      for (const letter of open) examined.push(await examine(letter, rules));
      const sendable = run.within(examined.filter((one): one is Sendable => 'record' in one));
      const refused = examined.filter((one) => 'refused' in one);
      const refusals = await sendLetters(producer, sendable);
      settled = sendable.map(({ letter }) => letter).filter((letter) => !refusals.has(letter));
      const byBroker = [...refusals].map(([letter, refusal]) => ({ letter, refused: refusal }));
      fates = [...settled.map((letter) => ({ letter })), ...refused, ...byBroker];
      return { settled, details: run.detailsWith(fates) };
    },
  });
  run.add(fates);
  if (had.length < keys.length) run.missed(keys, had, await letters.find(keys));
  return settled.length;
}

/** Throws FreshetError `topic_unknown` where letters are to go to a topic that is none of ours. */
async function rulesOf(
  {
    letters,
    clock,
    topicOf,
  }: Pick<RedriveDeps, 'clock' | 'topicOf'> & {
    readonly letters: Pick<DeadLetterActions, 'runningVersions'>;
  },
  { to, maxRedrives, force }: RedriveRequest,
): Promise<ExamineRules> {
  if (to !== undefined && topicOf(to) === undefined) {
    throw new FreshetError('topic_unknown', `${to} is no topic of this installation`, { fields: { topic: to } });
  }
  const runningVersions = await letters.runningVersions();
  const rules = { topicOf, runningVersions, now: clock.now(), maxRedrives, force };
  return to === undefined ? rules : { ...rules, to };
}
