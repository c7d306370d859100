import { commerceFields } from './commerce.ts';
import { contextFields } from './context.ts';
import { type Fields, has, readObject, report } from './fields.ts';

/** An event's descriptive parts, whichever way it wrote them. */
export interface Parts {
  readonly context: Fields | null;
  readonly commerce: Fields | null;
  readonly properties: Fields | null;
}

/** Numbers and booleans of `meta` become text where the field they land in is text. */
function asText(name: string, value: unknown): unknown {
  if (name === 'rank' || name === 'recommended') return value;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) ? String(value) : value;
}

function merged(fields: Fields, name: string, own: Fields | null, extra: readonly [string, unknown][]): Fields | null {
  if (extra.length === 0) return own;
  const source: Record<string, unknown> = Object.create(null);
  Object.assign(source, own?.source);
  const cameFrom = new Map<string, string>();
  for (const [key, value] of extra) {
    if (own !== null && has(own, key))
      report(own, key, { code: 'conflicting_fields', message: 'is given here and in meta' });
    source[key] = value;
    cameFrom.set(key, `${fields.path}.meta`);
  }
  return { source, path: own?.path ?? `${fields.path}.${name}`, problems: fields.problems, cameFrom };
}

/** Reads context, commerce and properties; `meta`, their alias, is split among them by name. */
export function readParts(fields: Fields): Parts {
  const context = readObject(fields, 'context');
  const commerce = readObject(fields, 'commerce');
  const properties = readObject(fields, 'properties');
  const meta = readObject(fields, 'meta');
  if (meta === null) return { context, commerce, properties };
  const entries = Object.entries(meta.source).map(([name, value]): [string, unknown] => [name, asText(name, value)]);
  const isContext = ([name]: readonly [string, unknown]) => contextFields.has(name);
  const isCommerce = ([name]: readonly [string, unknown]) => commerceFields.has(name);
  return {
    context: merged(fields, 'context', context, entries.filter(isContext)),
    commerce: merged(fields, 'commerce', commerce, entries.filter(isCommerce)),
    properties: merged(
      fields,
      'properties',
      properties,
      entries.filter((entry) => !isContext(entry) && !isCommerce(entry)),
    ),
  };
}
