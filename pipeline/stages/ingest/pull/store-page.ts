import type { IntakeRules } from '../../../domain/intake/identity.ts';
import { changedAt } from '../../../domain/intake/pulled-item.ts';
import type { Admission } from '../../../kernel/admission.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Logger } from '../../../kernel/logger.ts';
import type { SettingsSource } from '../../../stores/settings.ts';
import { type DocumentResult, type StoreDocumentsDeps, storeDocuments } from '../accept-documents.ts';
import type { DocumentKind } from '../prepare-document.ts';
import { membersOf } from '../read-batch.ts';

export interface StorePageDeps extends Pick<StoreDocumentsDeps, 'commits' | 'metrics'> {
  /** Loaded. */
  readonly settings: Pick<SettingsSource, 'get'>;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StoredPage {
  /** How many were accepted, unchanged, stale or rejected. */
  readonly counts: Readonly<Record<DocumentResult['status'], number>>;
  /** The latest change among them, milliseconds since the epoch; null where none says. */
  readonly changedAt: number | null;
}

/** Door of these items in metrics. */
export const pullDoor = 'catalog-pull';
/** Rejected items that a page's log line names. */
const namedInLog = 20;

/**
 * Stores a page as the HTTP door stores a batch: what is not valid is counted, named in the log, and holds up nothing.
 * Answers why nothing is stored where that is so: then the page is to be stored again.
 */
export async function storePage(
  deps: StorePageDeps,
  kind: DocumentKind,
  items: readonly unknown[],
  namespace: string,
): Promise<StoredPage | { readonly waitFor: string }> {
  const { settings, admission, clock, log } = deps;
  const full = admission.refusal();
  if (full) return { waitFor: full.detail };
  const rules: IntakeRules = { receivedAt: clock.now(), settingsOf: settings.get, trace: null };
  const stored = await storeDocuments({ ...deps, door: pullDoor }, kind, membersOf(items, '$.items'), rules);
  if ('problem' in stored) return { waitFor: stored.problem.detail };
  const counts = { accepted: 0, unchanged: 0, stale: 0, rejected: 0 };
  for (const { status } of stored.results) counts[status] += 1;
  logRejected(log, stored.results);
  const latest = rules.receivedAt + settings.get(namespace).max_event_future_ms;
  const changes = items.map((item) => changedAt(item, latest)).filter((at) => at !== null);
  return { counts, changedAt: changes.length > 0 ? Math.max(...changes) : null };
}

function logRejected(log: Logger, results: readonly DocumentResult[]): void {
  const rejected = results.flatMap(({ item_id: itemId, error }) => (error ? [{ itemId, ...error }] : []));
  if (rejected.length === 0) return;
  const items = rejected.slice(0, namedInLog).map(({ itemId, code, path }) => ({ itemId, code, path }));
  log.warn(
    { rejected: rejected.length, items },
    'items of the catalogue service are not valid, and pulled again when they change',
  );
}
