/** JSON-safe details of an error; never payloads, never user ids. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | null>>;

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly fields?: ErrorFields;
}

/** A fault with a stable code that callers may branch on. */
export class FreshetError extends Error {
  readonly code: string;
  readonly fields: ErrorFields;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/**
 * Something outside is away for now: whoever meets it waits and repeats in place, for ever,
 * and spends no attempt. Ports translate every error that they do not recognise into this.
 */
export class TransientError extends FreshetError {}

/** The message of anything thrown, shortened to `limit` characters. */
export function messageOf(error: unknown, limit = 500): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}
