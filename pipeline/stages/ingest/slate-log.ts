import { hash } from 'node:crypto';
import type { IntakeRules } from '../../domain/intake/identity.ts';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { SettingsSource } from '../../stores/settings.ts';
import { type AcceptEventsDeps, acceptEvents } from './accept-events.ts';
import type { Door } from './door.ts';
import { type EventWriters, prepareImpression } from './prepare-event.ts';

/** A list as it was answered. */
export interface ServedSlate {
  readonly requestId: string;
  readonly namespace: string;
  readonly userId: string;
  /** Empty where the client named none. */
  readonly surface: string;
  readonly stateVersion: number;
  readonly items: readonly {
    readonly item_id: string;
    readonly position: number;
    readonly sources: readonly string[];
  }[];
}

export interface SlateLogDeps extends Omit<AcceptEventsDeps, 'metrics'> {
  readonly door: Pick<Door, 'admit'>;
  /** Called once ingest is ready. */
  readonly writers: () => EventWriters;
  /** Why nothing can be taken yet; undefined when ready. */
  readonly unready: () => string | undefined;
  readonly settings: SettingsSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'ingestResults' | 'servingImpressions'>;
  /** Slates under way at a time. */
  readonly limit?: number;
}

/** About a second of lists at the rate of a saturated process; a commit takes some milliseconds. */
const slatesUnderWay = 5_000;

/** What became of a slate; `refused` by admission control or a rate limit, `dropped` for too many under way. */
type Result = 'accepted' | 'duplicate' | 'rejected' | 'refused' | 'dropped' | 'failed' | 'empty';

/**
 * A request that is repeated under its id counts once. Pages of a list go under one id and count each, and so do the
 * surfaces of a client that asks for all of them under the id of its own request.
 */
export function slateEventId(slate: Pick<ServedSlate, 'requestId' | 'userId' | 'surface' | 'items'>): string {
  const { requestId, userId, surface, items } = slate;
  const page = items[0]?.position ?? 0;
  return `slate:${hash('sha256', [requestId, userId, surface, page].join('\u001f')).slice(0, 32)}`;
}

function impressionOf(slate: ServedSlate): Record<string, unknown> {
  const { requestId, namespace, userId, surface, stateVersion, items } = slate;
  return {
    event_id: slateEventId(slate),
    namespace,
    user_id: userId,
    request_id: requestId,
    ...(surface === '' ? {} : { surface }),
    state_version: stateVersion,
    items: items.map(({ item_id, position, sources }) => ({ item_id, position, sources })),
  };
}

/**
 * Takes what this process answered as impressions, by the same validation, limits and commit as any other door. The
 * function returns at once and never throws; every slate is counted by what became of it.
 */
export function createSlateLog(deps: SlateLogDeps): (slate: ServedSlate) => void {
  const { door, unready, writers, settings, clock, log, metrics, limit = slatesUnderWay } = deps;
  let underWay = 0;

  async function accept(slate: ServedSlate): Promise<Result> {
    const event = {
      input: impressionOf(slate),
      path: '$',
      kind: 'impression',
      prepare: prepareImpression(writers()),
    } as const;
    const rules: IntakeRules = { receivedAt: clock.now(), settingsOf: settings.get, trace: null };
    const accepted = await acceptEvents({ ...deps, doorName: 'serving' }, [event], false, rules);
    if (!('problem' in accepted)) return accepted.results[0]?.status ?? 'failed';
    const { status, code, path } = accepted.problem;
    if (status === 429 || status === 503) return 'refused';
    log.warn({ code, path, requestId: slate.requestId }, 'a served list could not be logged as an impression');
    return status === 422 ? 'rejected' : 'failed';
  }
  async function run(slate: ServedSlate): Promise<Result> {
    if (slate.items.length === 0) return 'empty';
    if (underWay >= limit) return 'dropped';
    if (unready() !== undefined) return 'refused';
    const guest = door.admit('0');
    if ('problem' in guest) return 'refused';
    underWay += 1;
    try {
      return await accept(slate);
    } finally {
      underWay -= 1;
      guest.leave();
    }
  }
  return function logSlate(slate) {
    run(slate)
      .catch((error: unknown): Result => {
        log.error({ error: messageOf(error), requestId: slate.requestId }, 'a served list could not be logged');
        return 'failed';
      })
      .then((result) => metrics.servingImpressions.inc({ result }))
      .catch(() => undefined); // a counter does not throw
  };
}
