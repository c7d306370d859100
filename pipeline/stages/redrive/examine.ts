import type { ReadResult, RecordReader } from '../../broker/codec.ts';
import type { ProducerRecord } from '../../broker/producer.ts';
import { redriveHeader, redriveHeaderOf } from '../../kernel/runner/redrive.ts';
import type { StoredDeadLetter } from '../../stores/dead-letter.ts';

/** A topic that letters may go to. */
export interface RedriveTopic {
  readonly name: string;
  /** Only the newest record of a key is kept. */
  readonly isCompacted: boolean;
  /** Today's reader of its stage. */
  readonly reader: RecordReader<unknown>;
  /** Values as they were written, for people. */
  written(bytes: Buffer, headers: Readonly<Record<string, Buffer>>): Promise<Written>;
}

export type Written =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly schema: string | null;
      readonly writerSchemaId: number | null;
    }
  | { readonly ok: false; readonly reason: string; readonly message: string };

export type RefusalCode =
  | 'version_not_running'
  | 'topic_unknown'
  | 'meant_for_its_version'
  | 'redriven_too_often'
  | 'compacted_topic'
  | 'too_old'
  | 'undecodable'
  | 'schema_unknown'
  | 'schema_incompatible'
  | 'record_too_large'
  | 'record_invalid';

/** Why a letter is not sent; it stays open. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

export interface ExamineRules {
  topicOf(name: string): RedriveTopic | undefined;
  /** Versions of state that are worked on. */
  readonly runningVersions: ReadonlySet<number>;
  readonly now: number;
  /** Another topic than the letter's own. */
  readonly to?: string;
  /** Redrives after which a letter is refused. */
  readonly maxRedrives: number;
  /** Sends letters that were redriven too often, or whose topic is compacted. */
  readonly force: boolean;
}

export type Examined =
  | { readonly letter: StoredDeadLetter; readonly topic: string; readonly record: ProducerRecord }
  | { readonly letter: StoredDeadLetter; readonly topic: string; readonly refused: Refusal };

const day = 86_400_000;
/** An applied event is known for 60 days (`applied_event`); the last of them is for the way through the topics. */
const redrivableForMs = 59 * day;

/**
 * Whether a letter can be sent without harm: somebody reads it, it decodes today, and it cannot count twice.
 * Rejects with TransientError where the registry is away.
 */
export async function examine(letter: StoredDeadLetter, rules: ExamineRules): Promise<Examined> {
  const topic = rules.to ?? letter.topic;
  const target = rules.topicOf(topic);
  const refused = (refusal: Refusal): Examined => ({ letter, topic, refused: refusal });
  if (target === undefined) return refused({ code: 'topic_unknown', message: `there is no topic ${topic} today` });
  const beforehand = refusalOf(letter, target, rules);
  if (beforehand !== undefined) return refused(beforehand);
  const reading = await readToday(letter, target);
  if (!reading.ok) return refused({ code: reading.reason, message: reading.message });
  const age = rules.now - receivedAt(letter, reading.value);
  if (age > redrivableForMs) return refused({ code: 'too_old', message: tooOld(age) });
  return { letter, topic, record: recordOf(letter, topic) };
}

function refusalOf(letter: StoredDeadLetter, target: RedriveTopic, rules: ExamineRules): Refusal | undefined {
  const { stateVersion, stage, redriveCount } = letter;
  const { force, maxRedrives, runningVersions } = rules;
  if (stateVersion !== 0 && !runningVersions.has(stateVersion)) {
    return { code: 'version_not_running', message: `version ${stateVersion} of state is not worked on any more` };
  }
  if (stateVersion !== 0 && target.name !== letter.topic) {
    const message = `what is redriven for version ${stateVersion} of ${stage} is skipped by all others, so it cannot go to another topic`;
    return { code: 'meant_for_its_version', message };
  }
  if (redriveCount >= maxRedrives && !force) {
    const message = `it failed after ${redriveCount} redrives; find out why, then use force`;
    return { code: 'redriven_too_often', message };
  }
  if (target.isCompacted && !force) {
    const message = `${target.name} keeps a key's last record, so an older one would replace a newer one; send the row again through its door, or use force where there is no newer one`;
    return { code: 'compacted_topic', message };
  }
  return undefined;
}

/** As the runner decodes: a record without a value goes to the stage as it is. */
export async function readToday(letter: StoredDeadLetter, { reader }: RedriveTopic): Promise<ReadResult<unknown>> {
  if (letter.value === null) return { ok: true, value: null };
  return reader.read(letter.value, headersOf(letter));
}

/** When ingest received the event, else when the record was written, else when it first failed. */
function receivedAt({ recordedAt, firstFailedAt }: StoredDeadLetter, value: unknown): number {
  const own = (value as { readonly receivedAt?: unknown } | null)?.receivedAt;
  if (typeof own === 'number') return own;
  return Math.min(recordedAt ?? firstFailedAt, firstFailedAt);
}

const tooOld = (age: number): string =>
  `it was received ${Math.floor(age / day)} days ago; whether it counted already is known for ${redrivableForMs / day} days only`;

export const headersOf = ({ headers }: StoredDeadLetter): Record<string, Buffer> =>
  Object.fromEntries(headers.map(({ name, value }) => [name, value]));

/** The original record, with the header that says what it is a redrive of. */
function recordOf(letter: StoredDeadLetter, to: string): ProducerRecord {
  const { stateVersion, stage, topic, partition, offset, redriveCount, firstFailedAt } = letter;
  const redrive = { stateVersion, stage, topic, partition, offset, count: redriveCount + 1, firstFailedAt };
  return {
    key: letter.key,
    value: letter.value,
    headers: { ...headersOf(letter), [redriveHeader]: redriveHeaderOf(redrive) },
    // Where it was: clients need not have chosen it by the key.
    ...(to === topic || letter.key === null ? { partition } : {}),
  };
}
