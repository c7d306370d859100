import type { BrokerAdmin, TopicSpec, TopicState } from '../../pipeline/broker/admin.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { allTopics, deadLetterRoom } from '../../schemas/topics.ts';
import { describeChange, planTopics, type TopicChange } from './plan.ts';
import { topicSpec } from './topic-config.ts';

export interface TopicsOptions {
  readonly admin: BrokerAdmin;
  readonly topics?: readonly CatalogueTopic[];
}

export interface ApplyTopicsOptions extends TopicsOptions {
  readonly log: Logger;
  readonly dryRun?: boolean;
}

/**
 * Compares the topics with the cluster and changes nothing. Of a foreign topic it only matters whether it is there; one
 * that was retired may be gone.
 */
export async function compareTopics({ admin, topics = allTopics }: TopicsOptions): Promise<TopicChange[]> {
  const states = await admin.describe(topics.map(({ name }) => name));
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  const changes = planTopics(fittingSpecs(topics, states), states);
  return changes.filter(({ kind, spec: { name } }) =>
    kind === 'create' ? !byName.get(name)?.retired : !byName.get(name)?.isForeign,
  );
}

/** A foreign topic may allow larger records than ours do: then its dead-letter topics do too. */
function fittingSpecs(topics: readonly CatalogueTopic[], states: readonly TopicState[]): TopicSpec[] {
  const foreign = topics.filter(({ isForeign }) => isForeign).map(({ name }) => name);
  const largest = new Map(states.map(({ name, config }) => [name, Number(config['max.message.bytes'])]));
  return topics.map((topic) => {
    const source = foreign.find((name) => topic.name.startsWith(`${name}.`) && topic.name.endsWith('.dlq'));
    const allowed = largest.get(source ?? '');
    if (allowed === undefined) return topicSpec(topic);
    return topicSpec({ ...topic, maxMessageBytes: Math.max(topic.maxMessageBytes, allowed + deadLetterRoom) });
  });
}

/**
 * Creates missing topics and sets what differs; a second run finds nothing to do. Partition counts are never
 * touched: where one differs it throws `topics_refused` before anything is changed. Returns what it did (or would do).
 */
export async function applyTopics(options: ApplyTopicsOptions): Promise<TopicChange[]> {
  const { admin, log, dryRun = false } = options;
  const changes = await compareTopics(options);
  const refused = changes.filter(({ kind }) => kind === 'refuse');
  if (refused.length > 0 && !dryRun) throw new FreshetError('topics_refused', refused.map(describeChange).join('\n'));
  if (dryRun) return changes;
  const created = changes.filter(({ kind }) => kind === 'create').map(({ spec }) => spec);
  if (created.length > 0) await admin.create(created);
  for (const change of changes) if (change.kind === 'configure') await admin.configure(change.spec);
  log.info({ created: created.length, configured: changes.length - created.length }, 'topics applied');
  return changes;
}
