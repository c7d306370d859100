import type { Context } from 'hono';
import type { FieldProblem } from '../../pipeline/domain/intake/fields.ts';
import {
  defaultNamespace,
  idRule,
  namespaceRule,
  type TextRule,
  textFault,
} from '../../pipeline/domain/intake/text.ts';
import { listLimit } from '../../pipeline/domain/packed-list.ts';

export const limits = { defaultLimit: 20, maxLimit: 100 } as const;
export const surfaceRule: TextRule = { max: 64 };

/**
 * Reads path and query of one request by hand, as this is the hot route. Faults collect in `problems`,
 * with paths such as `query.limit`; a field at fault reads as its default.
 */
export class QueryFields {
  readonly problems: FieldProblem[] = [];
  readonly #c: Context;

  constructor(c: Context) {
    this.#c = c;
  }

  /** Segment of the path, percent-decoded, so that ids may hold a slash written as `%2F`. */
  pathId(name: string, segment: number): string {
    const path = `path.${name}`;
    const raw = pathSegment(this.#c.req.url, segment);
    if (!raw.includes('%')) return this.#text(raw, path, idRule);
    try {
      return this.#text(decodeURIComponent(raw), path, idRule);
    } catch {
      this.problems.push({ code: 'malformed_text', path, message: 'must be percent-encoded UTF-8' });
      return '';
    }
  }

  /** The first of several names that the client uses; the first name is the documented one. */
  queryId(...names: readonly [string, ...string[]]): string {
    const name = names.find((one) => this.#c.req.query(one) !== undefined);
    if (name !== undefined) return this.#text(this.#c.req.query(name) ?? '', `query.${name}`, idRule);
    this.problems.push({ code: 'required', path: `query.${names[0]}`, message: 'is required' });
    return '';
  }

  namespace(): string {
    const value = this.#c.req.query('namespace');
    return value === undefined ? defaultNamespace : this.#text(value, 'query.namespace', namespaceRule);
  }

  /** Empty where the client names none. */
  surface(): string {
    const value = this.#c.req.query('surface');
    return value === undefined ? '' : this.#text(value, 'query.surface', surfaceRule);
  }

  limit(): number {
    const value = this.#c.req.query('limit');
    if (value === undefined) return limits.defaultLimit;
    const limit = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (limit >= 1 && limit <= limits.maxLimit) return limit;
    const message = `must be a whole number from 1 to ${limits.maxLimit}`;
    this.problems.push({ code: 'out_of_range', path: 'query.limit', message, limit: limits.maxLimit });
    return limits.defaultLimit;
  }

  /** Counted from 1. Lists reach so far: `page` times `limit` beyond `listLimit` is refused. */
  page(limit: number): number {
    const value = this.#c.req.query('page');
    if (value === undefined) return 1;
    const page = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (page > 1 && this.cursor() !== undefined) {
      const message = 'and cursor are two ways to a later page: send one of them';
      this.problems.push({ code: 'conflicting_fields', path: 'query.page', message });
      return 1;
    }
    if (page >= 1 && page * limit <= listLimit) return page;
    const message =
      page >= 1 ? `times limit must be at most ${listLimit}` : `must be a whole number from 1 to ${listLimit}`;
    this.problems.push({ code: 'out_of_range', path: 'query.page', message, limit: listLimit });
    return 1;
  }

  /** Undefined where the client sends none; opened by the route, which knows whose it has to be. */
  cursor(): string | undefined {
    return this.#c.req.query('cursor');
  }

  flag(name: string): boolean {
    const value = this.#c.req.query(name);
    if (value === undefined || value === 'false') return false;
    if (value !== 'true') {
      this.problems.push({ code: 'wrong_type', path: `query.${name}`, message: 'must be true or false' });
    }
    return true;
  }

  #text(value: string, path: string, rule: TextRule): string {
    const fault = textFault(value, rule);
    if (fault !== undefined) this.problems.push({ ...fault, path });
    return value;
  }
}

/** Segments count from 0 behind the host; the router's own parameters hide malformed escapes. */
function pathSegment(url: string, segment: number): string {
  let from = url.indexOf('/', url.indexOf('://') + 3) + 1;
  for (let i = 0; i < segment; i += 1) from = url.indexOf('/', from) + 1;
  const end = url.slice(from).search(/[/?#]/);
  return end === -1 ? url.slice(from) : url.slice(from, from + end);
}
