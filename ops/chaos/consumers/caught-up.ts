import { setTimeout as delay } from 'node:timers/promises';
import type { PartitionRange } from '../../../pipeline/broker/admin.ts';
import type { Resources } from '../../../pipeline/main/resources.ts';
import { outboxDepth } from '../../../pipeline/stores/postgres/outbox-depth.ts';
import { jsonTopics, topics } from '../../../schemas/topics.ts';
import { stateVersion } from './area.ts';
import type { Tap } from './tap.ts';

interface Reader {
  readonly stage: string;
  readonly version: number;
  readonly topic: string;
}

const dlqTopics = [
  `${jsonTopics.engagementEvents.name}.intake.dlq`,
  `${topics.interactionRecorded.name}.enrichment.dlq`,
  `${topics.interactionEnriched.name}.aggregation.dlq`,
  `${topics.impressionRecorded.name}.exposure.dlq`,
];

/** Who has to have read what, upstream first. */
const readers: readonly Reader[] = [
  { stage: 'intake', version: 0, topic: jsonTopics.engagementEvents.name },
  { stage: 'enrichment', version: 0, topic: topics.interactionRecorded.name },
  { stage: 'aggregation', version: stateVersion, topic: topics.interactionEnriched.name },
  { stage: 'exposure', version: stateVersion, topic: topics.impressionRecorded.name },
  { stage: 'candidates', version: stateVersion, topic: topics.profileUpdated.name },
  ...dlqTopics.map((topic) => ({ stage: 'dlq-index', version: 0, topic })),
];

/** What the run reads of it all. */
export const tappedTopics: readonly string[] = [
  ...new Set([...readers.map(({ topic }) => topic), topics.sessionUpdated.name]),
];

export interface CaughtUpOptions {
  readonly resources: Resources;
  readonly tap: Tap;
  readonly withinMs: number;
  /** Stages that do not run. */
  readonly except?: readonly string[];
}

/** Undefined once every stage is past the ends of its topics and the outbox is empty, all at one time; else what lags. */
async function lagging({ resources, tap, except = [] }: CaughtUpOptions): Promise<string | undefined> {
  const { database, admin } = resources;
  const ends = async () =>
    new Map(await Promise.all(readers.map(async ({ topic }) => [topic, await admin.offsets(topic)] as const)));
  const before = await ends();
  const { records, exact } = await outboxDepth(database);
  if (records > 0 || !exact) return `${records} records in the outbox`;
  const stored = await database.query<{ key: string; next: bigint }>({
    text: `SELECT stage || ' ' || state_version || ' ' || topic || '/' || partition AS key, next_offset AS next
             FROM consumer_offset`,
  });
  const next = new Map(stored.map((row) => [row.key, row.next]));
  for (const { stage, version, topic } of readers.filter((one) => !except.includes(one.stage))) {
    const behind = (before.get(topic) ?? []).filter(
      ({ partition, high }: PartitionRange) => (next.get(`${stage} ${version} ${topic}/${partition}`) ?? 0n) < high,
    );
    if (behind.length > 0) {
      const [{ partition, high }] = behind as [PartitionRange];
      return `${stage} is at ${next.get(`${stage} ${version} ${topic}/${partition}`) ?? 'no offset'} of ${topic}/${partition}, which ends at ${high}; ${behind.length} partitions`;
    }
  }
  if ((await outboxDepth(database)).records > 0) return 'the outbox was filled meanwhile';
  const after = await ends();
  const grown = [...after].some(([topic, ranges]) =>
    ranges.some(({ high }, at) => high !== before.get(topic)?.[at]?.high),
  );
  if (grown) return 'a topic has grown meanwhile';
  return (await tap.isAtEnd()) ? undefined : 'the run itself still reads';
}

/** Waits for that, nobody sending; answers what still lags when the time is over. */
export async function caughtUp(options: CaughtUpOptions): Promise<string | undefined> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    const what = await lagging(options).catch((error: unknown) => String(error));
    if (what === undefined || performance.now() > deadline) return what;
    await delay(100);
  }
}
