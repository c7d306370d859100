import type { Codec } from '../../../broker/codec.ts';
import type { Admission } from '../../../kernel/admission.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Component } from '../../../kernel/component.ts';
import { settlesWithin } from '../../../kernel/deadline.ts';
import { messageOf, TransientError } from '../../../kernel/errors.ts';
import type { Logger } from '../../../kernel/logger.ts';
import type { Metrics } from '../../../kernel/metrics.ts';
import { untilAvailable } from '../../../kernel/retry.ts';
import type { PullMarks, PullRef } from '../../../stores/catalog-pull.ts';
import type { CatalogSource } from '../../../stores/catalog-source.ts';
import type { IngestStore } from '../../../stores/ingest.ts';
import type { SettingsSource } from '../../../stores/settings.ts';
import { GroupCommit } from '../group-commit.ts';
import { documentKinds } from '../prepare-document.ts';
import { loadWriters } from '../writers.ts';
import { PullProgress, type PullStatus } from './progress.ts';
import { pulledKind } from './pulled-kind.ts';
import { pullRound, type RoundDeps, type RoundResult } from './round.ts';
import { storePage } from './store-page.ts';

export interface CatalogPullOptions {
  readonly ref: PullRef;
  /** Between the end of a round, whoever's it was, and the next one. */
  readonly everyMs: number;
  readonly overlapMs: number;
  /** Unique among processes. */
  readonly owner: string;
  readonly source: CatalogSource;
  readonly marks: PullMarks;
  readonly codec: Pick<Codec, 'writer'>;
  readonly store: IngestStore;
  readonly settings: SettingsSource;
  readonly admission: Admission;
  /** Called after each commit that stored something: wakes the relay. Must not throw. */
  readonly signal: () => void;
  readonly queueEvents: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const standbyMs = 10_000;
const drainWithinMs = 10_000;
/** What waits for a commit is told by the HTTP door; a pull has one page at a time. */
const noGauge = { set: () => undefined };
const failedWaitMs = 1_000;
/** After a fault of ours, which the next attempt is likely to meet again. */
const faultWaitMs = 30_000;
const settingsLookMs = 50;

/**
 * Pulls items from a catalogue service, round after round. A service that is away makes nothing unready: what it would have
 * told is pulled later. One process pulls at a time; stopping lets another go on from the page that comes next.
 */
export function createCatalogPull(options: CatalogPullOptions): { component: Component; status(): PullStatus } {
  const { ref, owner, marks, store, clock, log, metrics, signal: onCommitted, queueEvents: queueLimit } = options;
  const progress = new PullProgress(options);
  const own = { ...metrics, ingestQueueDepth: noGauge };
  const commits = new GroupCommit({ store, clock, log, metrics: own, onCommitted, queueLimit });

  async function run(signal: AbortSignal): Promise<void> {
    const { documents } = await untilAvailable('schema ids', { ...options, signal }, () => loadWriters(options.codec));
    const kind = pulledKind(documentKinds(documents).item, ref.namespace);
    const deps: RoundDeps = {
      ...options,
      store: (items) => storePage({ ...options, commits }, kind, items, ref.namespace),
      onPage: (page) => progress.page(page),
      onWait: (why) => progress.wait(why),
    };
    // Nothing is asked for before it can be judged.
    while (!signal.aborted && !options.settings.isLoaded()) await clock.sleep(settingsLookMs, signal);
    while (!signal.aborted) await clock.sleep(await oneRound(deps, signal), signal);
  }

  /** Answers how long to wait for the next one. */
  async function oneRound(deps: RoundDeps, signal: AbortSignal): Promise<number> {
    try {
      progress.begin();
      const result = await pullRound(deps, signal);
      return settle(result);
    } catch (error) {
      // Whatever a service sent, the other roles of this process are not ended for it.
      const isTransient = error instanceof TransientError;
      progress.wait(messageOf(error), isTransient ? 'warn' : 'error');
      return isTransient ? failedWaitMs : faultWaitMs;
    }
  }

  function settle(result: RoundResult): number {
    if (result === 'stopped') return 0;
    if (result === 'standby') {
      progress.standby();
      return standbyMs;
    }
    if (result !== 'ended') {
      progress.rest();
      return result.restMs;
    }
    progress.end();
    return options.everyMs;
  }

  return {
    status: () => progress.status(),
    component: {
      name: 'catalog-pull',
      async start(fail) {
        const stopping = new AbortController();
        const running = run(stopping.signal).catch((error: unknown) => {
          if (!stopping.signal.aborted) fail(error);
        });
        return {
          async stop() {
            stopping.abort();
            const ended = running.then(() => commits.drain()).then(() => marks.release(ref, owner));
            const goodbye = ended.catch(() => undefined); // away: the lease ends by itself
            if (!(await settlesWithin(clock, drainWithinMs, goodbye)))
              log.warn({}, 'the pull stopped with a page under way');
          },
        };
      },
    },
  };
}
