import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import { allTopics } from '../../schemas/topics.ts';
import { compareTopics, type TopicsOptions } from './apply.ts';
import type { TopicChange } from './plan.ts';

/** One thing wrong with a topic and what to do about it. */
export interface TopicFinding {
  readonly topic: string;
  readonly problem: string;
  readonly remedy: string;
}

export interface Diagnosis {
  readonly findings: readonly TopicFinding[];
  readonly topics: number;
  /** Records between first and last offset, over all topics that answer. */
  readonly records: bigint;
  /** Topics that were retired and are still there, with the records that they hold. */
  readonly retired: readonly { readonly topic: string; readonly records: bigint }[];
}

/** Compares the catalogue with the cluster and asks every partition for its offsets. */
export async function diagnoseTopics({ admin, topics = allTopics }: TopicsOptions): Promise<Diagnosis> {
  const changes = await compareTopics({ admin, topics });
  const findings = changes.flatMap(findingsOf);
  const missing = new Set(changes.filter(({ kind }) => kind === 'create').map(({ spec }) => spec.name));
  const retired: { topic: string; records: bigint }[] = [];
  let [there, records] = [0, 0n];
  const gone = await goneTopics(admin, topics);
  for (const { name, retired: isRetired } of topics) {
    if (missing.has(name) || gone.has(name)) continue;
    there += 1;
    const answer = await readable(admin, name);
    if ('problem' in answer) findings.push(answer);
    else records += answer.records;
    if (isRetired && !('problem' in answer)) retired.push({ topic: name, records: answer.records });
  }
  return { findings, topics: there, records, retired };
}

/** Retired topics that the cluster does not have any more. */
async function goneTopics(admin: TopicsOptions['admin'], topics: NonNullable<TopicsOptions['topics']>) {
  const names = topics.filter(({ retired }) => retired).map(({ name }) => name);
  const states = names.length > 0 ? await admin.describe(names) : [];
  return new Set(names.filter((name) => !states.some((state) => state.name === name)));
}

function findingsOf(change: TopicChange): TopicFinding[] {
  const topic = change.spec.name;
  const apply = 'freshet topics apply';
  if (change.kind === 'create') return [{ topic, problem: 'is not there', remedy: apply }];
  if (change.kind === 'configure') {
    return change.configs.map(({ name, is, wanted }) => {
      return { topic, problem: `${name} is ${is ?? 'unset'}, the catalogue says ${wanted}`, remedy: apply };
    });
  }
  const problem = `has ${change.partitions} partitions, the catalogue says ${change.spec.partitions}`;
  return [{ topic, problem, remedy: 'add its next version to the catalogue; counts never change' }];
}

async function readable(admin: BrokerAdmin, topic: string): Promise<TopicFinding | { records: bigint }> {
  try {
    const partitions = await admin.offsets(topic);
    return { records: partitions.reduce((sum, { low, high }) => sum + high - low, 0n) };
  } catch (error) {
    return {
      topic,
      problem: `does not answer: ${messageOf(error, 200)}`,
      remedy: 'look at the brokers that lead its partitions',
    };
  }
}
