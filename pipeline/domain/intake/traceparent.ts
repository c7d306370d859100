import { type Fields, report } from './fields.ts';

/** W3C Trace Context, version to flags. */
export const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** W3C Trace Context: version, trace id, parent id, flags. */
export const isTraceparent = (value: unknown): value is string => typeof value === 'string' && traceparent.test(value);

/** The event's own trace, else that of the request that brought it. */
export function readTrace(fields: Fields, ofRequest: string | null): string | null {
  const value = fields.source.trace;
  if (value === undefined || value === null) return ofRequest;
  return isTraceparent(value)
    ? value
    : report(fields, 'trace', { code: 'invalid_format', message: 'must be a W3C traceparent' });
}
