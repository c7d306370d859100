import { namespaceSettingsSchema } from '../../pipeline/domain/settings.ts';
import type { SettingsReader } from '../../pipeline/stores/serving.ts';
import type { SettingsView } from '../settings-view.ts';
import { type FeedEnvironment, type FeedFollower, followFeed } from './follow-feed.ts';

/** Keeps the settings view current; a body that does not validate leaves the settings before it in force. */
export function settingsFeed(reader: SettingsReader, view: SettingsView, environment: FeedEnvironment): FeedFollower {
  const { log, metrics } = environment;
  const refuse = (namespace: string, problem: string) => {
    log.error({ namespace, problem }, 'namespace settings not understood, the former ones stay');
    metrics.servingUndecodable.inc({ kind: 'settings' });
  };
  const read = async (namespace: string) => {
    const stored = await reader.settings(namespace);
    if (stored === undefined) return view.set(namespace, undefined);
    if (stored === 'unreadable') return refuse(namespace, 'not { revision, body }');
    const parsed = namespaceSettingsSchema.safeParse(stored.body);
    if (!parsed.success) return refuse(namespace, parsed.error.message);
    view.set(namespace, { revision: stored.revision, settings: parsed.data });
  };
  const load = async () => {
    for (const namespace of await reader.namespaces()) await read(namespace);
  };
  return followFeed(
    {
      name: 'settings',
      feed: async () => reader.feed,
      load,
      async apply(changes) {
        for (const namespace of new Set(changes.map((change) => change.namespace))) await read(namespace);
      },
    },
    environment,
  );
}
