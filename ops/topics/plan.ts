import type { TopicSpec, TopicState } from '../../pipeline/broker/admin.ts';

export interface ConfigChange {
  readonly name: string;
  /** Undefined where the cluster reports none. */
  readonly is: string | undefined;
  readonly wanted: string;
}

/** One difference between catalogue and cluster. `refuse` is what no command repairs. */
export type TopicChange =
  | { readonly kind: 'create'; readonly spec: TopicSpec }
  | { readonly kind: 'configure'; readonly spec: TopicSpec; readonly configs: readonly ConfigChange[] }
  | { readonly kind: 'refuse'; readonly spec: TopicSpec; readonly partitions: number };

/** What would have to change on the cluster, in the catalogue's order; nothing where it agrees. */
export function planTopics(specs: readonly TopicSpec[], states: readonly TopicState[]): TopicChange[] {
  const byName = new Map(states.map((state) => [state.name, state]));
  return specs.flatMap((spec): TopicChange[] => {
    const state = byName.get(spec.name);
    if (state === undefined) return [{ kind: 'create', spec }];
    const changes: TopicChange[] = [];
    if (state.partitions !== spec.partitions) changes.push({ kind: 'refuse', spec, partitions: state.partitions });
    const configs = configChanges(spec, state);
    if (configs.length > 0) changes.push({ kind: 'configure', spec, configs });
    return changes;
  });
}

function configChanges(spec: TopicSpec, state: TopicState): ConfigChange[] {
  return Object.entries(spec.config)
    .map(([name, wanted]) => ({ name, is: state.config[name], wanted }))
    .filter(({ name, is, wanted }) => !sameValue(name, is, wanted));
}

/** Kafka gives lists back in the order they were set. */
function sameValue(name: string, is: string | undefined, wanted: string): boolean {
  if (is === undefined || name !== 'cleanup.policy') return is === wanted;
  const parts = (text: string) =>
    text
      .split(',')
      .map((part) => part.trim())
      .sort()
      .join();
  return parts(is) === parts(wanted);
}

/** One line for people; refusals say what to do instead. */
export function describeChange(change: TopicChange): string {
  const { name, partitions } = change.spec;
  if (change.kind === 'create') return `create     ${name} (${partitions} partitions)`;
  if (change.kind === 'configure') {
    const configs = change.configs.map((config) => `${config.name} ${config.is ?? 'unset'} → ${config.wanted}`);
    return `configure  ${name}: ${configs.join(', ')}`;
  }
  return (
    `refuse     ${name}: has ${change.partitions} partitions, the catalogue says ${partitions}. A count never changes, ` +
    'for keys would move and lose their order: add the topic under its next version to schemas/topics.ts, ' +
    'or, where it holds nothing worth keeping, delete it from the cluster and run `freshet topics apply`'
  );
}
