import type { TopicDef } from '../../schemas/topic.ts';

export type ReadResult<V> =
  | { readonly ok: true; readonly value: V; readonly writerSchemaId?: number }
  | {
      readonly ok: false;
      readonly reason: 'undecodable' | 'schema_unknown' | 'schema_incompatible';
      readonly message: string;
      /** Finer than the reason, where there is a list of codes. */
      readonly code?: string;
      readonly writerSchemaId?: number;
    };

/** Decodes values: framed ones with today's reader schema, or those of a format that has no schema. */
export interface RecordReader<V> {
  /**
   * Synchronous once the writer's schema is cached, a promise the first time.
   * Rejects with TransientError when the registry is away. Headers, where given, let a value that names its
   * schema there (header-GUID framing) be refused with a reason that says so.
   */
  read(bytes: Buffer, headers?: Readonly<Record<string, Buffer>>): ReadResult<V> | Promise<ReadResult<V>>;
}

/** Encodes with today's schema and its registry id (Confluent framing: 0, id, body). */
export interface RecordWriter<V> {
  /** Throws FreshetError `record_invalid` naming the field path. */
  write(value: V): Buffer;
}

/** A value as its writer wrote it, for people to look at. */
export type WrittenValue =
  | { readonly ok: true; readonly value: unknown; readonly schema: string; readonly writerSchemaId: number }
  | Exclude<ReadResult<never>, { readonly ok: true }>;

export interface Codec {
  reader<V>(topic: TopicDef<V>): RecordReader<V>;
  /** Looks the id up; FreshetError `schema_not_registered` names the remedy (`freshet schemas apply`). */
  writer<V>(topic: TopicDef<V>): Promise<RecordWriter<V>>;
  /** By the writer's own schema, whatever today's are. Rejects with TransientError when the registry is away. */
  written(bytes: Buffer, headers?: Readonly<Record<string, Buffer>>): Promise<WrittenValue>;
}
