import type { Context } from 'hono';
import {
  anyCaller,
  type Caller,
  homeOf,
  maySpeakFor,
  mayUseNamespace,
  namespaceForbidden,
  userForbidden,
} from '../../pipeline/domain/caller.ts';
import type { FieldProblem } from '../../pipeline/domain/intake/fields.ts';
import { idRule, namespaceRule, type TextRule, textFault } from '../../pipeline/domain/intake/text.ts';
import { listLimit } from '../../pipeline/domain/packed-list.ts';
import type { IdentityEnv } from '../middleware/identity.ts';

export const limits = { defaultLimit: 20, maxLimit: 100 } as const;
interface WholeRule {
  readonly least: number;
  readonly most: number;
  /** Where the client names none. */
  readonly otherwise: number;
}

export const surfaceRule: TextRule = { max: 64 };
/** Parameters that name a user: a user's token may name its own alone. */
const userNames: ReadonlySet<string> = new Set(['user_id', 'userId']);

/**
 * Reads path and query of one request by hand, as this is the hot route. Faults collect in `problems`,
 * with paths such as `query.limit`; a field at fault reads as its default. A namespace or a user that the caller may
 * not use is the first fault.
 */
export class QueryFields {
  readonly problems: FieldProblem[] = [];
  readonly #c: Context<IdentityEnv>;
  readonly #caller: Caller;

  constructor(c: Context<IdentityEnv>) {
    this.#c = c;
    this.#caller = c.get('caller') ?? anyCaller;
  }

  /** Segment of the path, percent-decoded, so that ids may hold a slash written as `%2F`. */
  pathId(name: string, segment: number): string {
    const path = `path.${name}`;
    const raw = pathSegment(this.#c.req.url, segment);
    if (!raw.includes('%')) return this.#id(name, raw, path);
    try {
      return this.#id(name, decodeURIComponent(raw), path);
    } catch {
      this.problems.push({ code: 'malformed_text', path, message: 'must be percent-encoded UTF-8' });
      return '';
    }
  }

  /** The first of several names that the client uses; the first name is the documented one. */
  queryId(...names: readonly [string, ...string[]]): string {
    const name = names.find((one) => this.#c.req.query(one) !== undefined);
    if (name !== undefined) return this.#id(name, this.#c.req.query(name) ?? '', `query.${name}`);
    this.problems.push({ code: 'required', path: `query.${names[0]}`, message: 'is required' });
    return '';
  }

  /** The caller's own where the client names none. */
  namespace(): string {
    const value = this.#c.req.query('namespace');
    const path = 'query.namespace';
    const namespace = value === undefined ? homeOf(this.#caller) : this.#text(value, path, namespaceRule);
    if (!mayUseNamespace(this.#caller, namespace)) this.problems.unshift({ ...namespaceForbidden, path });
    return namespace;
  }

  /** Empty where the client names none. */
  surface(): string {
    const value = this.#c.req.query('surface');
    return value === undefined ? '' : this.#text(value, 'query.surface', surfaceRule);
  }

  limit(): number {
    return this.whole('limit', { least: 1, most: limits.maxLimit, otherwise: limits.defaultLimit });
  }

  whole(name: string, { least, most, otherwise }: WholeRule): number {
    const value = this.#c.req.query(name);
    if (value === undefined) return otherwise;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    const message = `must be a whole number from ${least} to ${most}`;
    this.problems.push({ code: 'out_of_range', path: `query.${name}`, message, limit: most });
    return otherwise;
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

  #id(name: string, value: string, path: string): string {
    if (userNames.has(name) && !maySpeakFor(this.#caller, value)) this.problems.unshift({ ...userForbidden, path });
    return this.#text(value, path, idRule);
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
