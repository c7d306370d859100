import type { AvroSchema } from './generated/avro.ts';

/** How a topic's log is bounded: by age, by newest record a key, or both. */
export type Cleanup = 'delete' | 'compact' | 'compact,delete';

/** How far versions of a record schema must fit each other, in a schema registry's words. */
export const compatibilityLevels = [
  'FULL_TRANSITIVE',
  'FULL',
  'BACKWARD_TRANSITIVE',
  'BACKWARD',
  'FORWARD_TRANSITIVE',
  'FORWARD',
  'NONE',
] as const;
export type CompatibilityLevel = (typeof compatibilityLevels)[number];

/**
 * One topic of the catalogue, whatever its values are. Names and partition counts never change: a change is a
 * new `v<n>`. Partition counts are 1, 2, 4, 8, 16 or a multiple of 16, so that an outbox shard (murmur2 mod 16)
 * maps to one partition or to a fixed set.
 */
export interface CatalogueTopic {
  readonly name: string;
  /** What the record key is made of, for people and for the topology diagram. */
  readonly key: string;
  readonly partitions: number;
  readonly cleanup: Cleanup;
  /** Milliseconds; -1 keeps for ever (compacted topics). */
  readonly retentionMs: number;
  readonly retentionReason: string;
  /** Stage or door names; `client` stands for the outside. */
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  /** Largest record batch in bytes; dead-letter topics take their source's plus 64 KiB. */
  readonly maxMessageBytes: number;
  /** Named by the configuration alone: made where it is missing, else left as whoever it belongs to has it. */
  readonly isForeign?: true;
  /**
   * Where a record of a key was set aside by the relay, later ones of the key wait behind it until it is redriven or
   * discarded. Without it they go on, and a record that is redriven comes after them.
   */
  readonly strictOrder?: true;
  /**
   * Nobody writes to it any more; consumers stay until they have read it to its end. Once it is gone from the
   * cluster its entry may go, while the versions of its records stay in `schemas/history`.
   */
  readonly retired?: { readonly since: string; readonly reason: string };
}

/** A topic whose values are Avro, framed with the id of a registered schema. */
export interface TopicDef<V = unknown> extends CatalogueTopic {
  readonly schema: AvroSchema<V>;
  /** Name of the topic whose records are passed on whole: each field of theirs is declared here too. */
  readonly carries?: string;
  /** FULL_TRANSITIVE where it is left out. */
  readonly compatibility?: { readonly level: CompatibilityLevel; readonly reason: string };
}

/** Registry subject of a topic's values (TopicNameStrategy). */
export function subjectOf(topic: CatalogueTopic): string {
  return `${topic.name}-value`;
}
