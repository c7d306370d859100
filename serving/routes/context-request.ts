import {
  anyCaller,
  type Caller,
  homeOf,
  maySpeakFor,
  mayUseNamespace,
  namespaceForbidden,
  userForbidden,
} from '../../pipeline/domain/caller.ts';
import {
  type Fields,
  isObject,
  type Parsed,
  readBoolean,
  readNumber,
  readObject,
  readText,
  readTexts,
  refuseUnknown,
  requireText,
} from '../../pipeline/domain/intake/fields.ts';
import { idRule, namespaceRule } from '../../pipeline/domain/intake/text.ts';
import { noConstraints } from '../recommend/constraints.ts';
import { cursorLength } from '../recommend/cursor.ts';
import type { Query } from '../recommend/query.ts';
import { readConstraints } from './constraint-fields.ts';
import { limits, surfaceRule } from './query-fields.ts';

/** Context items a request may name; each costs a value of the first wait. */
export const contextItemLimit = 20;
export const excludeItemLimit = 500;

const known = new Set([
  'user_id',
  'namespace',
  'surface',
  'limit',
  'explain',
  'log_impression',
  'context_items',
  'constraints',
  'cursor',
]);

/** A query whose cursor is not opened yet. */
export interface ContextRequest {
  readonly query: Query;
  readonly cursor: string | undefined;
}

/** The body of `POST /v1/recommendations`. */
export function parseContextRequest(
  body: unknown,
  requestId: string,
  caller: Caller = anyCaller,
): Parsed<ContextRequest> {
  if (!isObject(body))
    return { ok: false, problems: [{ code: 'wrong_type', path: '$', message: 'must be an object' }] };
  const fields: Fields = { source: body, path: '$', problems: [] };
  refuseUnknown(fields, known);
  const constraints = readObject(fields, 'constraints');
  const query: Query = {
    requestId,
    userId: requireText(fields, 'user_id', idRule),
    namespace: readText(fields, 'namespace', namespaceRule) ?? homeOf(caller),
    surface: readText(fields, 'surface', surfaceRule) ?? '',
    limit: readNumber(fields, 'limit', { min: 1, max: limits.maxLimit, integer: true }) ?? limits.defaultLimit,
    explain: readBoolean(fields, 'explain') ?? false,
    logImpression: readBoolean(fields, 'log_impression') ?? false,
    contextItems: readTexts(fields, 'context_items', contextItemLimit, idRule) ?? [],
    constraints: constraints ? readConstraints(constraints) : noConstraints,
    page: undefined,
    trial: undefined,
    excludeItems: (constraints && readTexts(constraints, 'exclude_items', excludeItemLimit, idRule)) ?? [],
  };
  refuseForbidden(fields, query, caller);
  const cursor = readText(fields, 'cursor', { max: cursorLength }) ?? undefined;
  return fields.problems.length > 0 ? { ok: false, problems: fields.problems } : { ok: true, value: { query, cursor } };
}

/** What is not allowed is told before what is not right. */
function refuseForbidden({ problems }: Fields, { namespace, userId }: Query, caller: Caller): void {
  if (!maySpeakFor(caller, userId)) problems.unshift({ ...userForbidden, path: '$.user_id' });
  if (!mayUseNamespace(caller, namespace)) problems.unshift({ ...namespaceForbidden, path: '$.namespace' });
}
