import { isForbidden } from '../../domain/caller.ts';
import type { FieldProblem } from '../../domain/intake/fields.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { SubmitAnswer } from './group-commit.ts';

/** Faults shown in one answer; a hostile body could have a hundred thousand. */
const shownFaults = 100;

/** Nothing was stored because of these faults; the first one speaks for all. */
export function notValid(faults: readonly FieldProblem[]): Problem {
  const [first] = faults;
  const detail = `nothing was stored: ${first?.path ?? '$'} ${first?.message ?? 'is not valid'}`;
  return {
    status: faults.length > 0 && faults.every(isForbidden) ? 403 : 422,
    code: first?.code ?? 'not_valid',
    detail: faults.length > 1 ? `${detail} (and ${faults.length - 1} more)` : detail,
    ...(first && { path: first.path }),
    ...(first?.limit !== undefined && { limit: first.limit }),
    errors: faults.slice(0, shownFaults),
  };
}

/** Nothing is claimed to be stored; ids make it safe to repeat. */
export function submitProblem(kind: Exclude<SubmitAnswer['kind'], 'stored'>): Problem {
  const retryAfterSeconds = 1;
  switch (kind) {
    case 'overloaded':
      return {
        status: 503,
        code: 'overloaded',
        detail: 'too much is waiting to be stored; nothing was stored, repeat later',
        retryAfterSeconds,
      };
    case 'unavailable':
      return { status: 503, code: 'unavailable', detail: 'the database is away; repeat later', retryAfterSeconds };
    case 'failed':
      return { status: 500, code: 'internal', detail: 'this is a fault of the server; it was logged' };
  }
}
