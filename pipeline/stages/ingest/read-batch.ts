import { isObject } from '../../domain/intake/fields.ts';
import { batchLimit } from '../../domain/intake/request-limits.ts';
import type { Problem } from '../../kernel/problem.ts';

/** One member of a batch and where it stands in the body. */
export interface Member {
  readonly input: unknown;
  /** JSON path, such as `$.events[3]`. */
  readonly path: string;
}

export interface Batch {
  readonly members: readonly Member[];
  /** `partial=false`: any bad member means that nothing is stored. */
  readonly isAtomic: boolean;
}

export type BatchResult =
  | { readonly ok: true; readonly batch: Batch }
  | { readonly ok: false; readonly problem: Problem };

const refuse = (problem: Problem): BatchResult => ({ ok: false, problem });

/** Why these cannot be a batch; undefined where they can. */
export function batchProblem(list: unknown, path: string): Problem | undefined {
  if (!Array.isArray(list)) {
    return { status: 400, code: 'wrong_type', detail: `${path} must be a list`, path };
  }
  if (list.length === 0) return { status: 400, code: 'too_few', detail: `${path} is empty`, path, limit: 1 };
  if (list.length > batchLimit) {
    const detail = `${path} has more than ${batchLimit} members`;
    return { status: 413, code: 'batch_too_large', detail, path, limit: batchLimit };
  }
  return undefined;
}

export const membersOf = (list: readonly unknown[], path: string): Member[] =>
  list.map((input, index) => ({ input, path: `${path}[${index}]` }));

/** `?partial=` and the body's `partial`: either may ask for all or nothing. */
export function readPartial(query: string | undefined, member: unknown): boolean | Problem {
  if (query !== undefined && query !== 'true' && query !== 'false') {
    return {
      status: 400,
      code: 'invalid_format',
      detail: 'the parameter partial must be true or false',
      path: 'partial',
    };
  }
  if (member !== undefined && member !== null && typeof member !== 'boolean') {
    return { status: 400, code: 'wrong_type', detail: 'partial must be true or false', path: '$.partial' };
  }
  return query === 'false' || member === false;
}

/** A list, or an object with the list under `name` and perhaps `partial`. */
export function readBatch(body: unknown, name: string, partial: string | undefined): BatchResult {
  if (!Array.isArray(body) && !(isObject(body) && body[name] !== undefined)) {
    const detail = `the body must be a list, or an object with the list ${name}`;
    return refuse({ status: 400, code: 'malformed_batch', detail, path: '$' });
  }
  const envelope: Readonly<Record<string, unknown>> = isObject(body) ? body : { [name]: body };
  const unknown = Object.keys(envelope).find((key) => key !== name && key !== 'partial');
  if (unknown !== undefined) {
    const detail = `beside ${name} there is only partial`;
    return refuse({ status: 400, code: 'unknown_field', detail, path: '$' });
  }
  const path = isObject(body) ? `$.${name}` : '$';
  const list = envelope[name];
  const problem = batchProblem(list, path);
  if (problem) return refuse(problem);
  const isAtomic = readPartial(partial, envelope.partial);
  if (typeof isAtomic !== 'boolean') return refuse(isAtomic);
  return { ok: true, batch: { members: membersOf(list as unknown[], path), isAtomic } };
}
