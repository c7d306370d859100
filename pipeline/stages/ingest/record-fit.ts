import type { FieldProblem } from '../../domain/intake/fields.ts';
import { FreshetError } from '../../kernel/errors.ts';

export interface Refused {
  readonly ok: false;
  readonly problems: readonly FieldProblem[];
}

/** What passed the door and does not fit its record schema is ours to mend, and costs nobody else's row. */
export function unlessInvalid<T>(path: string, encode: () => T): T | Refused {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof FreshetError && error.code === 'record_invalid')) throw error;
    return { ok: false, problems: [{ code: error.code, path, message: 'does not fit its record schema' }] };
  }
}
