import { ruleSchema, rulesLimit, type StatedRule } from '../../pipeline/domain/rule.ts';
import { namespaceSettingsSchema } from '../../pipeline/domain/settings.ts';
import type { ConfigReader, StoredRule } from '../../pipeline/stores/serving.ts';
import type { RulesView } from '../rules-view.ts';
import type { SettingsView } from '../settings-view.ts';
import { type FeedEnvironment, type FeedFollower, followFeed } from './follow-feed.ts';

export interface ConfigViews {
  readonly settings: SettingsView;
  readonly rules: RulesView;
}

/** Keeps settings and rules current; what does not validate leaves what was before it in force. */
export function configFeed(reader: ConfigReader, views: ConfigViews, environment: FeedEnvironment): FeedFollower {
  const { log, metrics } = environment;
  const refuse = (kind: 'settings' | 'rules', namespace: string, problem: string) => {
    log.error({ namespace, problem }, `${kind} of a namespace not understood, the former ones stay`);
    metrics.servingUndecodable.inc({ kind });
  };
  const readSettings = async (namespace: string) => {
    const stored = await reader.settings(namespace);
    if (stored === undefined) return views.settings.set(namespace, undefined);
    if (stored === 'unreadable') return refuse('settings', namespace, 'not { revision, body }');
    const parsed = namespaceSettingsSchema.safeParse(stored.body);
    if (!parsed.success) return refuse('settings', namespace, parsed.error.message);
    views.settings.set(namespace, { revision: stored.revision, settings: parsed.data });
  };
  const readRules = async (namespace: string) => {
    const stored = await reader.rules(namespace);
    if (stored === 'unreadable') return refuse('rules', namespace, 'not [{ id, revision, body }]');
    if (stored.length > rulesLimit) {
      const beyond = stored.length - rulesLimit;
      log.error({ namespace, beyond, limit: rulesLimit }, 'more rules than are followed, the last ones by id are not');
    }
    const before = new Map(views.rules.stated(namespace).map((rule) => [rule.id, rule]));
    const rules = stored.slice(0, rulesLimit).map((one) => {
      const rule = parseRule(one);
      if (typeof rule !== 'string') return rule;
      refuse('rules', namespace, rule);
      return before.get(one.id);
    });
    views.rules.set(
      namespace,
      rules.filter((rule) => rule !== undefined),
    );
  };
  const read = async (namespaces: Iterable<string>) => {
    for (const namespace of new Set(namespaces)) {
      await readSettings(namespace);
      await readRules(namespace);
    }
  };
  return followFeed(
    {
      name: 'config',
      feed: async () => reader.feed,
      load: async () => read(await reader.namespaces()),
      apply: (changes) => read(changes.map(({ namespace }) => namespace)),
    },
    environment,
  );
}

/** A problem in words where it is no rule. */
function parseRule({ id, revision, body }: StoredRule): StatedRule | string {
  const parsed = ruleSchema.safeParse(body);
  return parsed.success ? { ...parsed.data, id, revision } : `${id}: ${parsed.error.message}`;
}
