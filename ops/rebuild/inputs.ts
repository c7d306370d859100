import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type { StateSource } from '../../pipeline/stores/state-version.ts';
import { topics } from '../../schemas/topics.ts';
import type { StartOffset } from './versions.ts';

/** What one stage of a version reads. */
export interface StageInput {
  readonly stage: 'aggregation' | 'exposure' | 'candidates';
  readonly topic: string;
}

/** The two stages that make state, and the one that makes lists of it. */
export function inputsOf(source: StateSource): readonly StageInput[] {
  const interactions = source === 'enriched' ? topics.interactionEnriched : topics.interactionRecorded;
  return [
    { stage: 'aggregation', topic: interactions.name },
    { stage: 'exposure', topic: topics.impressionRecorded.name },
    { stage: 'candidates', topic: topics.profileUpdated.name },
  ];
}

/**
 * Where a new version begins: with the whole input, or with what comes from now on. Its candidates begin at the end of
 * their topic either way: nothing of the version can be there yet.
 */
export async function startOffsetsOf(
  admin: Pick<BrokerAdmin, 'offsets'>,
  source: StateSource,
  from: 'earliest' | 'latest',
): Promise<StartOffset[]> {
  const all = inputsOf(source).map(async ({ stage, topic }) => {
    const ranges = await admin.offsets(topic);
    const atEnd = from === 'latest' || stage === 'candidates';
    return ranges.map(({ partition, low, high }) => ({
      stage,
      topic,
      partition,
      offset: (atEnd ? high : low).toString(),
    }));
  });
  return (await Promise.all(all)).flat();
}
