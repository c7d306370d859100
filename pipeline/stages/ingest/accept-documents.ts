import type { FieldProblem } from '../../domain/intake/fields.ts';
import type { IntakeRules } from '../../domain/intake/identity.ts';
import { idRule, textFault } from '../../domain/intake/text.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { DocumentEntry } from '../../stores/ingest.ts';
import type { Accepted } from './accept-events.ts';
import type { GroupCommit, StoredResult } from './group-commit.ts';
import type { DocumentKind, PreparedDocument } from './prepare-document.ts';
import { notValid, submitProblem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Member } from './read-batch.ts';

export interface AcceptDocumentsDeps {
  readonly commits: Pick<GroupCommit, 'submit'>;
  readonly rates: Pick<RateLimits, 'take'>;
  readonly metrics: Pick<Metrics, 'ingestResults'>;
}

/** One row's answer; the id stands under the kind's own name. */
export type DocumentResult = Readonly<Record<string, unknown>> & {
  readonly status: 'accepted' | 'unchanged' | 'stale' | 'rejected';
  readonly error?: FieldProblem;
};

function idOf(kind: DocumentKind, input: unknown): string | null {
  const id = (input as Readonly<Record<string, unknown>> | null)?.[kind.idField];
  return textFault(id, idRule) === undefined ? (id as string) : null;
}

function errorOf(path: string, stored: StoredResult | undefined): FieldProblem {
  if (stored !== 'conflict') return { code: 'not_storable', path, message: 'holds a value that cannot be stored' };
  return {
    code: 'revision_conflict',
    path: `${path}.revision`,
    message: 'this revision is stored with other content: write a greater one',
  };
}

function statusOf(stored: StoredResult | undefined): DocumentResult['status'] {
  return stored === 'accepted' || stored === 'unchanged' || stored === 'stale' ? stored : 'rejected';
}

/** What became of a stored or refused document; the revision says what the answer is about. */
export function documentResult(
  kind: DocumentKind,
  { path, id }: { readonly path: string; readonly id: string | null },
  prepared: { readonly entry: DocumentEntry } | { readonly problems: readonly FieldProblem[] },
  stored: StoredResult | undefined,
): DocumentResult {
  if ('problems' in prepared) {
    return { [kind.idField]: id, status: 'rejected', error: prepared.problems[0] as FieldProblem };
  }
  const { revision } = prepared.entry;
  const status = statusOf(stored);
  const result = { [kind.idField]: id, status, revision };
  return status === 'rejected' ? { ...result, error: errorOf(path, stored) } : result;
}

export interface StoreDocumentsDeps {
  readonly commits: Pick<GroupCommit, 'submit'>;
  readonly metrics: Pick<Metrics, 'ingestResults'>;
  /** Label of the metrics: `http`, or what else they came in by. */
  readonly door: string;
}

/**
 * Validates and stores documents that came together, in order, each for itself: of two writes of one document the second
 * is judged against the first. A problem where nothing is known to be stored.
 */
export async function storeDocuments(
  { commits, metrics, door }: StoreDocumentsDeps,
  kind: DocumentKind,
  members: readonly Member[],
  rules: IntakeRules,
): Promise<Accepted<DocumentResult>> {
  const prepared = members.map((member) => kind.prepare(member, rules));
  const entries = prepared.flatMap((one) => (one.ok ? [one.entry] : []));
  const answer = await commits.submit(entries.map((entry) => ({ entries: [entry] })));
  if (answer.kind !== 'stored') return { problem: submitProblem(answer.kind) };
  const stored = answer.results.values();
  const results = members.map(({ input, path }, index) => {
    const one = prepared[index] as PreparedDocument;
    const outcome = one.ok ? stored.next().value : undefined;
    const result = documentResult(kind, { path, id: idOf(kind, input) }, one, outcome);
    metrics.ingestResults.inc({ door, kind: kind.name, result: result.status, code: result.error?.code ?? '' });
    return result;
  });
  return { results };
}

/** Documents of one request. */
export async function acceptDocuments(
  { commits, rates, metrics }: AcceptDocumentsDeps,
  kind: DocumentKind,
  members: readonly Member[],
  rules: IntakeRules,
): Promise<Accepted<DocumentResult>> {
  // Settings pass: they are how a limit is raised.
  const limited =
    kind.name === 'config'
      ? undefined
      : rates.take(
          members.map(({ input }) => input),
          rules.caller,
        );
  if (limited) return { problem: limited };
  const stored = await storeDocuments({ commits, metrics, door: 'http' }, kind, members, rules);
  if ('problem' in stored) return stored;
  const { results } = stored;
  const errors = results.flatMap(({ error }) => (error ? [error] : []));
  return errors.length === results.length ? { problem: notValid(errors) } : { results };
}
