import type { SessionItem } from '../../../schemas/generated/session-updated.v1.ts';
import type { Component } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import { PopularNamespace, type PopularNamespaceOptions } from './popular-namespace.ts';
import type { SessionListener } from './session-indexes.ts';
import { createTicker } from './ticker.ts';

export interface PopularListsOptions extends PopularNamespaceOptions {
  ownsPartition(partition: number): boolean;
  readonly log: Logger;
}

export interface PopularLists extends SessionListener {
  readonly component: Component;
  /** Writes every list again: the store has lost them. */
  forgetWritten(): void;
  /** One round; the component's tick. */
  refresh(): Promise<void>;
}

const everyMs = 2_000;
const hourMs = 3_600_000;

/** Popular lists of every segment, made by the holder of partition 0 of the profile topic. */
export function createPopularLists(options: PopularListsOptions): PopularLists {
  const { version, activity, settings, clock, log, ownsPartition } = options;
  const namespaces = new Map<string, PopularNamespace>();
  const namespaceOf = (name: string): PopularNamespace => {
    const known = namespaces.get(name) ?? new PopularNamespace(name, options);
    namespaces.set(name, known);
    return known;
  };
  const refresh = async () => {
    if (!ownsPartition(0)) namespaces.clear();
    else if (settings.isLoaded()) {
      for (const name of await activity.namespaces(version)) await namespaceOf(name).refresh();
    }
  };
  return {
    refresh,
    component: createTicker({ name: `candidates.v${version}.popular`, everyMs, clock, log, tick: refresh }),
    forgetWritten() {
      for (const namespace of namespaces.values()) namespace.forgetWritten();
    },
    onItemChanged: () => undefined,
    onSession(name, items: readonly SessionItem[]) {
      if (!ownsPartition(0)) return;
      const namespace = namespaceOf(name);
      for (const { occurredAt } of items) namespace.touch(Math.floor(occurredAt / hourMs));
    },
  };
}
