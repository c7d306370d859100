import { FreshetError } from '../../../kernel/errors.ts';

export interface Refusal {
  /** JSON path in the list of events. */
  readonly path: string;
  readonly code: string;
  readonly wrong: string;
  readonly remedy: string;
}

/** The error of an event that cannot be appended; the SQL functions refuse in the same words. */
export function refusal({ path, code, wrong, remedy }: Refusal): FreshetError {
  return new FreshetError(code, `${path} ${wrong}. ${remedy}`, { fields: { path } });
}

interface DatabaseError {
  readonly code?: unknown;
  readonly message?: string;
  readonly hint?: string;
  readonly constraint?: string;
}

/** What Postgres said, also where a query builder wraps it. */
function saidBy(error: unknown): DatabaseError {
  const wrapped = (error as { cause?: unknown } | null)?.cause;
  return ((wrapped as DatabaseError | null)?.code === undefined ? error : wrapped) as DatabaseError;
}

const grants =
  'GRANT USAGE ON SCHEMA freshet and GRANT EXECUTE ON FUNCTION freshet.append_events(jsonb, boolean, text) to its role';

/** Refusals and a missing installation in words of ours; every other error as it came. */
export function appendError(error: unknown): unknown {
  const { code, message, hint, constraint } = saidBy(error) ?? {};
  if (code === '22023' && constraint) return new FreshetError(constraint, `${message}. ${hint}`, { cause: error });
  if (code === '42883' || code === '3F000') {
    const remedy = 'run npx freshet migrate up --only outbox --url with its URL';
    return new FreshetError('outbox_missing', `this database has no outbox for services: ${remedy}`, { cause: error });
  }
  if (code === '42501')
    return new FreshetError('outbox_forbidden', `the service may not append: ${grants}`, { cause: error });
  return error;
}
