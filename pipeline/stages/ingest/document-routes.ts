import { homeOf, mayUseNamespace, namespaceForbidden } from '../../domain/caller.ts';
import type { ConfigKind } from '../../domain/intake/config-document.ts';
import { type Fault, idRule, namespaceRule, textFault } from '../../domain/intake/text.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { DocumentReader } from '../../stores/documents.ts';
import { type AcceptDocumentsDeps, acceptDocuments, documentResult } from './accept-documents.ts';
import type { Answer, Call } from './call.ts';
import { type DocumentKind, type DocumentWriters, documentKinds } from './prepare-document.ts';
import { notValid, submitProblem } from './problems.ts';
import { readBatch } from './read-batch.ts';

export interface DocumentRoutesDeps extends AcceptDocumentsDeps {
  readonly reader: DocumentReader;
  /** Called once ingest is ready. */
  readonly writers: () => DocumentWriters;
}

type Address = { readonly namespace: string; readonly id: string } | { readonly problem: Problem };

/** Where a single document is: the path's id and `?namespace=`, else the caller's own. */
function addressOf(call: Call): Address {
  const { caller } = call.rules;
  const namespace = call.query('namespace') ?? homeOf(caller);
  const id = call.param('id');
  const refuse = (path: string, fault: Fault, status = 400): Address => ({
    problem: { status, code: fault.code, detail: `${path} ${fault.message}`, path },
  });
  const ofNamespace = textFault(namespace, namespaceRule);
  if (ofNamespace) return refuse('namespace', ofNamespace);
  if (!mayUseNamespace(caller, namespace)) return refuse('namespace', namespaceForbidden, 403);
  const ofId = textFault(id, idRule);
  return ofId ? refuse('id', ofId) : { namespace, id };
}

/** `?revision=` of a deletion; without one the deletion is as new as its request. */
function revisionOf(call: Call): number | Problem {
  const text = call.query('revision');
  if (text === undefined) return call.rules.receivedAt;
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(revision)) return revision;
  return { status: 400, code: 'invalid_format', detail: 'revision must be a whole number', path: 'revision' };
}

async function upsert(deps: DocumentRoutesDeps, call: Call, kind: DocumentKind, body: unknown): Promise<Answer> {
  const batch = readBatch(body, `${kind.name === 'config' ? 'document' : kind.name}s`, undefined);
  if (!batch.ok) return { problem: batch.problem };
  if (batch.batch.isAtomic) {
    const detail = 'upserts are judged row by row; partial=false is for events';
    return { problem: { status: 400, code: 'not_allowed', detail, path: '$.partial' } };
  }
  const accepted = await acceptDocuments(deps, kind, batch.batch.members, call.rules);
  return 'problem' in accepted ? accepted : { status: 202, document: { results: accepted.results } };
}

async function show(deps: DocumentRoutesDeps, call: Call, kind: 'item' | 'user'): Promise<Answer> {
  const address = addressOf(call);
  if ('problem' in address) return address;
  const document = await deps.reader.find(kind, address.namespace, address.id);
  if (document) return { status: 200, document };
  const detail = `no such ${kind}; what was accepted just now is shown when its record has come back`;
  return { problem: { status: 404, code: `${kind}_unknown`, detail, path: 'id' } };
}

/**
 * A document that nobody has seen can be deleted too: the deletion may overtake the write. `within` names the kind of
 * configuration, whose documents are known by kind and id.
 */
async function remove(deps: DocumentRoutesDeps, call: Call, kind: DocumentKind, within?: ConfigKind): Promise<Answer> {
  const address = addressOf(call);
  if ('problem' in address) return address;
  const limited = deps.rates.take([address]);
  if (limited) return { problem: limited };
  const revision = revisionOf(call);
  if (typeof revision !== 'number') return { problem: revision };
  const entry = kind.prepareDelete(
    address.namespace,
    within ? `${within}|${address.id}` : address.id,
    revision,
    call.rules,
  );
  const answer = await deps.commits.submit([{ entries: [entry] }]);
  if (answer.kind !== 'stored') return { problem: submitProblem(answer.kind) };
  const result = documentResult(kind, { path: '$', id: address.id }, { entry }, answer.results[0]);
  const { status, error } = result;
  deps.metrics.ingestResults.inc({ door: 'http', kind: kind.name, result: status, code: error?.code ?? '' });
  if (!result.error) return { status: 202, document: result };
  const problem = notValid([{ ...result.error, path: 'revision' }]);
  return { problem: { ...problem, status: result.error.code === 'revision_conflict' ? 409 : problem.status } };
}

/** What each document route does with a call. */
export function documentRoutes(deps: DocumentRoutesDeps) {
  const kindOf = (name: DocumentKind['name']): DocumentKind => documentKinds(deps.writers())[name];
  return {
    upsert: (name: DocumentKind['name']) => (call: Call) =>
      call.withBody((body) => upsert(deps, call, kindOf(name), body)),
    show: (name: 'item' | 'user') => (call: Call) => show(deps, call, name),
    remove: (name: 'item' | 'user') => (call: Call) => remove(deps, call, kindOf(name)),
    removeRule: (call: Call) => remove(deps, call, kindOf('config'), 'rule'),
  };
}
