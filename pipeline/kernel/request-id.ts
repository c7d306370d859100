/** What names one request in answers and logs. */
export interface RequestIdentity {
  readonly requestId: string;
  /** Names the whole of what a client is doing; the request's own id where the client sends none. */
  readonly correlationId: string;
}

// Safe in headers, logs and URLs; long enough for a UUID, a traceparent or an AWS trace id.
const wellFormed = /^[A-Za-z0-9._:/+=-]{1,128}$/;

const accepted = (value: string | null | undefined): string | undefined =>
  value != null && wellFormed.test(value) ? value : undefined;

/** Takes `X-Request-ID` and `X-Correlation-ID` where they are well formed, else makes the id with `makeId`. */
export function requestIdentity(
  header: (name: string) => string | null | undefined,
  makeId: () => string,
): RequestIdentity {
  const requestId = accepted(header('x-request-id')) ?? makeId();
  return { requestId, correlationId: accepted(header('x-correlation-id')) ?? requestId };
}

/** The headers that every response carries. */
export const identityHeaders = ({ requestId, correlationId }: RequestIdentity): Readonly<Record<string, string>> => ({
  'X-Request-ID': requestId,
  'X-Correlation-ID': correlationId,
});
