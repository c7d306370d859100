import type { Waiting } from './buffer.ts';
import type { FreshetRequestError } from './errors.ts';
import type { EventResult, FieldProblem, LogResults } from './generated/api.ts';

/** What became of one event that was sent. */
export interface Outcome {
  readonly waiting: Waiting;
  /** Undefined where it was taken, or had been before. */
  readonly error: FieldProblem | undefined;
}

const lists = { event: 'events', impression: 'impressions' } as const;
const kinds = ['impression', 'event'] as const;

const ofKind = (batch: readonly Waiting[], kind: keyof typeof lists) =>
  batch.filter(({ tracked }) => tracked.kind === kind);

/** The body of `POST /log/batch`, of texts that are JSON already. */
export function bodyOf(batch: readonly Waiting[]): string {
  const members = kinds.flatMap((kind) => {
    const own = ofKind(batch, kind);
    return own.length === 0 ? [] : [`"${lists[kind]}":[${own.map(({ json }) => json).join(',')}]`];
  });
  return `{${members.join(',')}}`;
}

type ErrorAt = (list: 'events' | 'impressions', index: number) => FieldProblem | undefined;

const each = (batch: readonly Waiting[], errorAt: ErrorAt): readonly Outcome[] =>
  kinds.flatMap((kind) =>
    ofKind(batch, kind).map((waiting, index) => ({ waiting, error: errorAt(lists[kind], index) })),
  );

/** Results stand in the order of what was sent; one that is missing counts as taken, since the request was. */
export function outcomesOf(batch: readonly Waiting[], results: LogResults): readonly Outcome[] {
  return each(batch, (list, index) => errorIn(results[list]?.[index]));
}

function errorIn(result: EventResult | undefined): FieldProblem | undefined {
  if (result?.status !== 'rejected') return undefined;
  return result.error ?? { code: 'rejected', path: '$', message: 'was refused' };
}

/** Of a request that was refused as a whole: each event's own fault where it is listed, else that of the request. */
export function refusalsOf(batch: readonly Waiting[], refusal: FreshetRequestError): readonly Outcome[] {
  const whole = { code: refusal.code, path: refusal.problem?.path ?? '$', message: refusal.message };
  return each(batch, (list, index) => {
    const path = `$.${list}[${index}]`;
    return refusal.errors.find((one) => one.path === path || one.path.startsWith(`${path}.`)) ?? whole;
  });
}
