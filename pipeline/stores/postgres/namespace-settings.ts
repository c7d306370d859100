import { defaultSettings, type NamespaceSettings, namespaceSettingsSchema } from '../../domain/settings.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { createPolling } from '../../kernel/polling.ts';
import type { SettingsSource } from '../settings.ts';
import type { Queryable } from './database.ts';

export interface NamespaceSettingsOptions {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly log: Logger;
}

const refreshMs = 1_000;

interface Row {
  readonly namespace: string;
  readonly revision: bigint;
  readonly body: unknown;
}

/** The table, read whole each second: it has one small row a namespace that changed something. */
export function createNamespaceSettings(options: NamespaceSettingsOptions): {
  readonly source: SettingsSource;
  readonly component: Component;
} {
  const { db, clock, log } = options;
  let settings: ReadonlyMap<string, NamespaceSettings> | undefined;

  const read = ({ namespace, revision, body }: Row): [string, NamespaceSettings] => {
    const parsed = namespaceSettingsSchema.safeParse(body);
    if (parsed.success) return [namespace, parsed.data];
    log.warn({ namespace, revision: Number(revision) }, 'settings cannot be read, those before them stay');
    return [namespace, settings?.get(namespace) ?? defaultSettings];
  };
  const refresh = async () => {
    try {
      const rows = await db.query<Row>({
        name: 'namespace-settings',
        text: 'SELECT namespace, revision, body FROM namespace_config WHERE NOT deleted',
      });
      settings = new Map(rows.map(read));
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'settings not refreshed, trying again');
    }
  };
  return {
    source: {
      get: (namespace) => settings?.get(namespace) ?? defaultSettings,
      isLoaded: () => settings !== undefined,
    },
    component: createPolling({
      name: 'namespace-settings',
      everyMs: refreshMs,
      clock,
      refresh,
      unready: () => (settings === undefined ? 'settings were not read yet' : undefined),
    }),
  };
}
