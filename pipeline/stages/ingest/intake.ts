import type { FieldProblem } from '../../domain/intake/fields.ts';
import { eventIdOf, type IntakeRules } from '../../domain/intake/identity.ts';
import { defaultNamespace } from '../../domain/intake/text.ts';
import { eventKeyId } from '../../domain/keys.ts';
import type { Admission } from '../../kernel/admission.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FreshetError, TransientError } from '../../kernel/errors.ts';
import { deadLetter, done, type Outcome, skip } from '../../kernel/outcome.ts';
import type { StatefulStage, TopicRef } from '../../kernel/stage.ts';
import type { EventAppender, EventEntry, EventResult } from '../../stores/ingest.ts';
import type { SettingsSource } from '../../stores/settings.ts';
import type { PrepareEvent } from './prepare-event.ts';
import type { Submission } from './submissions.ts';

export interface IntakeDeps<Tx> {
  readonly topic: TopicRef;
  readonly events: EventAppender<Tx>;
  /** `Transactions.savepoint`. */
  readonly savepoint: <T>(tx: Tx, work: () => Promise<T>) => Promise<T>;
  /** HTTP's own: `prepareInteraction`. */
  readonly prepare: PrepareEvent;
  readonly settings: SettingsSource;
  readonly admission: Admission;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The door for topics: takes in what services hand in, by the rules of the HTTP door and with its code, and appends
 * it to the outbox in the transaction that moves the offset. What came before, through whichever door, is skipped.
 * `received_at` is the clock of the process that takes a record in, as it is over HTTP.
 */
export function createIntake<Tx>(deps: IntakeDeps<Tx>): StatefulStage<Submission, Tx> {
  const { topic, events, prepare, clock } = deps;
  return {
    kind: 'stateful',
    name: 'intake',
    consumes: [topic],
    stateVersion: 0,
    async apply(tx, batch) {
      const rules = rulesOf(deps, clock.now());
      const judged = batch.map(({ value }) => (value === null ? noValue : judge(prepare, value, rules)));
      const known = await events.known(tx, fieldOf(judged, 'agedKey'));
      const entries = fieldOf(judged, 'entry');
      const stored = await append(deps, tx, entries);
      const results = new Map(entries.map((entry, at) => [entry, stored[at] as Stored]));
      return judged.map(({ entry, agedKey, outcome }) => {
        if (entry !== undefined) return outcomes[results.get(entry) as Stored];
        return agedKey !== undefined && known.has(agedKey) ? skip('duplicate') : outcome;
      });
    },
  };
}

/**
 * What clients get wrong is a door's daily business and must stop nobody else's records; only what our own code did
 * not foresee counts towards the limit that pauses a partition.
 */
export const isOurFault = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === 'dead-letter' && outcome.reason === 'unhandled';

/** Nothing is judged before it is known what applies, nor while the outbox has no room: the partition waits. */
function rulesOf({ settings, admission }: Pick<IntakeDeps<never>, 'settings' | 'admission'>, now: number): IntakeRules {
  const full = admission.refusal();
  if (full) throw new TransientError(full.code, full.detail);
  if (!settings.isLoaded()) throw new TransientError('settings_unread', 'namespace settings were not read yet');
  return { receivedAt: now, settingsOf: settings.get, trace: null };
}

/** A record before the store was asked. */
interface Judged {
  /** Fit to be stored; what becomes of it, the store says. */
  readonly entry?: EventEntry;
  /** Key of an event that nothing but its age speaks against: in time when it first came, another copy is a duplicate. */
  readonly agedKey?: string;
  readonly outcome: Outcome;
}

function judge(prepare: PrepareEvent, { input, trace }: Submission, rules: IntakeRules): Judged {
  const prepared = prepare({ input, path: '$' }, trace === null ? rules : { ...rules, trace });
  if (prepared.ok) return { entry: prepared.entry, outcome: done };
  const outcome = refused(prepared.problems);
  const eventId = eventIdOf(input);
  if (eventId === null || prepared.problems.some(({ code }) => code !== 'too_old')) return { outcome };
  const { namespace } = input as { readonly namespace?: string | null };
  return { outcome, agedKey: eventKeyId(namespace ?? defaultNamespace, eventId) };
}

const fieldOf = <K extends 'entry' | 'agedKey'>(judged: readonly Judged[], field: K): NonNullable<Judged[K]>[] =>
  judged.flatMap(({ [field]: value }) => (value === undefined ? [] : [value as NonNullable<Judged[K]>]));

type Stored = EventResult | 'not_storable';

/** A value that no check foresaw and no column takes is the record's own fault once it is alone. */
async function append<Tx>(
  { events, savepoint }: Pick<IntakeDeps<Tx>, 'events' | 'savepoint'>,
  tx: Tx,
  entries: readonly EventEntry[],
): Promise<readonly Stored[]> {
  if (entries.length !== 1) return events.append(tx, entries);
  try {
    return await savepoint(tx, () => events.append(tx, entries));
  } catch (error) {
    if (error instanceof FreshetError && error.code.startsWith('sql_22')) return ['not_storable'];
    throw error;
  }
}

/** What is wrong in the words of HTTP's answers: code, path, message and limit of each fault, never a value. */
function refused(problems: readonly FieldProblem[]): Outcome {
  const words = problems.map(({ code, path, message, limit }) => {
    const bound = limit === undefined ? '' : ` (limit ${limit})`;
    return `${code}: ${path} ${message}${bound}`;
  });
  return deadLetter('invalid', words.join('; '), problems[0]?.code);
}

const noValue: Judged = {
  outcome: refused([{ code: 'required', path: '$', message: 'is required: a record without a value is no event' }]),
};

const outcomes: Readonly<Record<Stored, Outcome>> = {
  accepted: done,
  duplicate: skip('duplicate'),
  not_storable: refused([{ code: 'not_storable', path: '$', message: 'holds a value that cannot be stored' }]),
};
