import type { z } from 'zod';

export const tags = {
  Events: 'What users did and saw. Durable before the answer: `accepted` means committed.',
  Catalogue: 'Items, users and settings, by versioned upserts.',
  Lists: 'What users are shown next.',
  Operation: 'How the installation does.',
  'Dead letters': 'What stages set aside, for operators.',
} as const;

/** Who may call: anybody, who has a key with that scope (or, for lists and events, a user's token), or operators. */
export type Access = 'open' | 'ingest' | 'read' | 'admin' | 'operators';

type Fields = Readonly<Record<string, z.ZodType>>;

/** One request that can be sent as it is, and what it is answered; a test sends each of them to a real process. */
export interface Example {
  readonly summary: string;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly answer: { readonly status: number; readonly body?: unknown };
}

export interface Answer {
  readonly description: string;
  /** Absent where the answer is empty or is no JSON. */
  readonly schema?: z.ZodType;
  /** `application/json` unless told otherwise. */
  readonly mediaType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation of one path, and whatever is to be said of it. */
export interface Operation {
  /** Unique; clients name their functions after it. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  /** Other paths of the same operation; each is listed as a path of its own. */
  readonly aliases?: readonly string[];
  readonly tag: keyof typeof tags;
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Fields;
  /** Optional ones have a schema that takes `undefined`. */
  readonly query?: Fields;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of problems with the codes they may have, beside those that every operation has. */
  readonly problems?: Readonly<Record<number, readonly string[]>>;
  readonly examples?: readonly Example[];
}

/** What an alias says of itself. */
export const aliasOf = (operation: Operation): string =>
  `An alias of \`${operation.method.toUpperCase()} ${operation.path}\`.`;

/** A whole operation under a path and parameters of its own that is another name for `operation`. */
export const alias = (operation: Operation, over: Partial<Operation> & Pick<Operation, 'id' | 'path'>): Operation => ({
  ...operation,
  aliases: [],
  description: [aliasOf(operation), over.description ?? operation.description].filter(Boolean).join(' '),
  ...omitDescription(over),
});

const omitDescription = ({ description: _, ...rest }: Partial<Operation>) => rest;
